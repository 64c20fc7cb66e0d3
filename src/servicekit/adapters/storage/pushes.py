"""Targets of pushes, and the events that wait for them, as SQL that SQLite and PostgreSQL both run."""

from __future__ import annotations

from servicekit.adapters.storage.dialect import Dialect
from servicekit.adapters.storage.tables import Execute, Shape, SqlTable
from servicekit.moments import Instant
from servicekit.push import PushEvent, PushTarget

__all__ = ["PushEventTable", "PushTargetTable"]

# The first of its message: what stands before it has to be sent before it.
_HEAD = """
    target = ? AND lane = ? AND held = 0 AND NOT EXISTS (
        SELECT 1 FROM push_events AS earlier
        WHERE earlier.message = push_events.message AND earlier.target = push_events.target
        AND earlier.number < push_events.number
    )
"""


class PushTargetTable(SqlTable[PushTarget]):
    """Targets, by the group or user whose they are."""

    def __init__(self, execute: Execute, dialect: Dialect, shape: Shape[PushTarget]) -> None:
        super().__init__(execute, dialect, shape)
        self._without = set[str]()

    def add(self, thing: PushTarget) -> None:
        """Insert one row."""
        super().add(thing)
        self._without.discard(thing.organisation)

    def wanted(self, organisation: str) -> bool:
        """One look in a transaction, however many messages it moves."""
        if organisation in self._without:
            return False
        found = bool(self.where(organisation=organisation))
        if not found:
            self._without.add(organisation)
        return found

    def remove(self, owner: str) -> None:
        """One row, and its secret with it."""
        self.execute(f"DELETE FROM {self.name} WHERE {self.shape.by_key}", [owner])  # noqa: S608 - names are ours


class PushEventTable(SqlTable[PushEvent]):
    """Events that were not delivered yet; see :class:`servicekit.ports.tables.PushEvents`."""

    def next_of(self, target: str, lane: int, at: Instant) -> PushEvent | None:
        """The first of a range of the index over target, lane and due time that is the first of its message."""
        found = self.select(f"{_HEAD} AND due_at <= ?", [target, lane, at.us], order="due_at, id", most=1)
        return found[0] if found else None

    def next_due(self, target: str, lane: int) -> Instant | None:
        """The earliest due time of those that can be sent."""
        (found,) = self.execute(
            f"SELECT min(due_at) FROM push_events WHERE {_HEAD}",  # noqa: S608 - the test is ours
            [target, lane],
        ).fetchone()
        return None if found is None else Instant(found)

    def counted(self, target: str) -> tuple[int, int]:
        """How many there are of a target, and how many of them are held."""
        waiting, held = self.execute(
            "SELECT count(*), count(CASE WHEN held = 1 THEN 1 END) FROM push_events WHERE target = ?", [target]
        ).fetchone()
        return int(waiting), int(held)

    def remove(self, event: str) -> None:
        """One row."""
        self.execute("DELETE FROM push_events WHERE id = ?", [event])

    def clear(self, target: str, lane: int | None = None) -> None:
        """All rows of a target, or of one of its lanes but for those that are held."""
        if lane is None:
            self.execute("DELETE FROM push_events WHERE target = ?", [target])
        else:
            self.execute("DELETE FROM push_events WHERE target = ? AND lane = ? AND held = 0", [target, lane])
