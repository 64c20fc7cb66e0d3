"""Bookings, classes and absences, and beside them the holds: one row for each provider that one of them takes.

Rules kept here: whatever is added or saved has its holds rewritten in the same breath, so that the two never differ. Who is
taken when is asked of the holds alone: an index range that starts where the window does and ends as far behind it as the
provider's longest hold is long, however many rows there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from servicekit.adapters.storage.dialect import Dialect
from servicekit.adapters.storage.rows import Rows
from servicekit.adapters.storage.tables import Execute, SqlTable
from servicekit.bookings import HOLDING, Absence, Booking, Hold, ScheduledClass, holds_of
from servicekit.ids import BranchId, ClassId, ClientId, ProviderId
from servicekit.moments import Window

__all__ = ["AbsenceTable", "BookingTable", "ClassTable", "SqlHolds"]

H = TypeVar("H", bound=Booking | ScheduledClass | Absence)

_HOLDS = Rows(Hold)
# Ends lie between the window's start and, since no hold is longer than the longest, that much after the window's end.
_OVERLAPPING = (
    "holds.provider = wanted.column1 AND holds.ends > ? AND holds.starts < ? AND holds.ends < ? +"
    " (SELECT max(long.ends - long.starts) FROM holds AS long WHERE long.provider = wanted.column1)"
)
_SPANS = (
    'SELECT starts, ends, "whole" FROM holds WHERE provider = ? AND ends > ? AND starts < ?'
    " AND ends < ? + (SELECT max(ends - starts) FROM holds WHERE provider = ?)"
)
_STANDING = "state IN ('" + "', '".join(sorted(state.value for state in HOLDING)) + "')"


class _HoldingTable(SqlTable[H]):
    """A table of things that hold."""

    def add(self, thing: H) -> None:
        """Insert it and its holds."""
        super().add(thing)
        self._hold(thing)

    def save(self, thing: H) -> None:
        """Update it, and put its holds in place of those before."""
        super().save(thing)
        self.execute("DELETE FROM holds WHERE owner = ?", [thing.id])
        self._hold(thing)

    def _hold(self, thing: H) -> None:
        for hold in holds_of(thing):
            self.execute(
                'INSERT INTO holds (owner, provider, starts, ends, "whole") VALUES (?, ?, ?, ?, ?)',
                [hold.owner, hold.provider, hold.starts.us, hold.ends.us, int(hold.whole)],
            )


class BookingTable(_HoldingTable[Booking]):
    """Bookings."""

    def overlapping(self, provider: ProviderId, window: Window) -> tuple[Booking, ...]:
        """Those that hold the provider in the window."""
        found = self.execute(
            f"SELECT {self.shape.columns_of('bookings')} FROM (VALUES (?)) AS wanted"  # noqa: S608
            f" JOIN holds ON {_OVERLAPPING} JOIN bookings ON bookings.id = holds.owner"
            " ORDER BY bookings.starts, bookings.id",
            [provider, window.opens.us, window.closes.us, window.closes.us],
        ).fetchall()
        return tuple(map(self.rows.thing, found))

    def asked(self, client: ClientId, request_key: str) -> Booking | None:
        """The one that the client asked for under this key."""
        found = self.select("request_key <> '' AND client = ? AND request_key = ?", [client, request_key])
        return found[0] if found else None

    def seats_taken(self, scheduled: ClassId) -> int:
        """How many hold a seat in the class."""
        (count,) = self.execute(
            f"SELECT count(*) FROM bookings WHERE in_class = ? AND {_STANDING}",  # noqa: S608 - our own words
            [scheduled],
        ).fetchone()
        return int(count)


class ClassTable(_HoldingTable[ScheduledClass]):
    """Scheduled classes."""

    def coming(self, branch: BranchId, window: Window) -> tuple[ScheduledClass, ...]:
        """Those of a branch that start in the window and are not cancelled."""
        return self.select(
            "branch = ? AND starts >= ? AND starts < ? AND cancelled = 0",
            [branch, window.opens.us, window.closes.us],
            order="starts, id",
        )


class AbsenceTable(_HoldingTable[Absence]):
    """Absences."""


class SqlHolds:
    """Who is taken when."""

    def __init__(self, execute: Execute, dialect: Dialect) -> None:
        self.execute = execute
        self.dialect = dialect

    def of(self, provider: ProviderId, window: Window) -> tuple[Hold, ...]:
        """One provider's holds that overlap the window."""
        found = self.execute(
            f'SELECT owner, holds.provider, starts, ends, "whole" FROM (VALUES (?)) AS wanted JOIN holds'  # noqa: S608
            f" ON {_OVERLAPPING} ORDER BY starts, owner",
            [provider, window.opens.us, window.closes.us, window.closes.us],
        ).fetchall()
        return tuple(map(_HOLDS.thing, found))

    def spans(self, providers: Sequence[ProviderId], window: Window) -> dict[ProviderId, list[tuple[int, int, int]]]:
        """The same for many, as bare numbers: start, end, and whether the whole is taken.

        A statement for each is faster than one for all: SQLite gives bare rows of one index range quickest.
        """
        opens, closes = window.opens.us, window.closes.us
        return {
            provider: sorted(self.execute(_SPANS, [provider, opens, closes, closes, provider]).fetchall())
            for provider in providers
        }
