"""The tables, in SQL that SQLite and PostgreSQL both run. What differs is in a dialect's hands.

Nothing here begins or ends a transaction; whoever made the :class:`SqlTransaction` does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, Generic, Protocol, TypeVar

from servicekit.adapters.storage.dialect import Dialect
from servicekit.adapters.storage.rows import Rows
from servicekit.errors import NotFound, StorageError
from servicekit.ids import GroupId
from servicekit.messages import GUARD_SPAN
from servicekit.moments import Instant
from servicekit.permissions import Visible, sql_where
from servicekit.portal import Order

__all__ = [
    "Cursor",
    "Execute",
    "HeldTable",
    "OrderTable",
    "Shape",
    "SqlGuards",
    "SqlInbox",
    "SqlTable",
    "padded",
]

E = TypeVar("E")
K = TypeVar("K")
_EVER = Instant(0)  # nothing was kept before there were computers


class Cursor(Protocol):
    """The part of a DB-API cursor (PEP 249) that is used."""

    @property
    def rowcount(self) -> int:
        """Rows changed."""
        ...

    def fetchone(self) -> Any:
        """The next row."""
        ...

    def fetchall(self) -> Any:
        """All rows."""
        ...


Execute = Callable[[str, Sequence[object]], Cursor]
"""Runs one statement with ``?`` for its parameters."""


class Shape(Generic[E]):
    """How things of one class stand in a table of theirs, with the SQL that never changes; ``key`` is the primary key."""

    def __init__(self, name: str, kind: type[E], key: tuple[str, ...] = ("id",)) -> None:
        self.name = name
        self.key = key
        self.rows = Rows(kind)
        quoted = [f'"{column}"' for column in self.rows.columns]
        self.columns = ", ".join(quoted)
        self.insert = f"INSERT INTO {name} ({self.columns}) VALUES ({', '.join('?' * len(quoted))})"  # noqa: S608
        self.one = " AND ".join(f'"{column}" = ?' for column in key)
        self.by_key = f'"{key[0]}" = ?'
        # A key never changes; named here, its index and whatever refers to it would be gone through all the same.
        keys = [self.rows.columns.index(column) for column in key]
        rest = [place for place in range(len(quoted)) if place not in keys] or keys
        self.changed = (*rest, *keys)
        changes = ", ".join(f"{quoted[place]} = ?" for place in rest)
        self.update = f"UPDATE {name} SET {changes} WHERE {self.one}"  # noqa: S608
        self.order = ", ".join(f'"{column}"' for column in key)

    def columns_of(self, name: str) -> str:
        """The columns as those of a table that a join calls ``name``."""
        return ", ".join(f'{name}."{column}"' for column in self.rows.columns)


class SqlTable(Generic[E]):
    """A table of one class of things."""

    def __init__(self, execute: Execute, dialect: Dialect, shape: Shape[E]) -> None:
        self.execute = execute
        self.dialect = dialect
        self.shape = shape
        self.name = shape.name
        self.rows = shape.rows
        self.columns = shape.columns

    def add(self, thing: E) -> None:
        """Insert one row."""
        self.execute(self.shape.insert, self.rows.row(thing))

    def save(self, thing: E) -> None:
        """Update one row by its key."""
        row = self.rows.row(thing)
        values = [row[place] for place in self.shape.changed]
        if self.execute(self.shape.update, values).rowcount != 1:
            keys = values[-len(self.shape.key) :]
            raise StorageError(f"There is no row of {self.name} to change.", table=self.name, key=keys)

    def find(self, key: str) -> E | None:
        """One row by its id."""
        found = self.select(self.shape.by_key, [key])
        return found[0] if found else None

    def get(self, key: str) -> E:
        """One row by its id, or NotFound."""
        found = self.find(key)
        if found is None:
            raise self._absent(key)
        return found

    def hold(self, key: str) -> E:
        """One row by its id, which nobody else changes until the transaction ends; or NotFound."""
        found = self.select(self.shape.by_key, [key], lock=self.dialect.hold)
        if not found:
            raise self._absent(key)
        return found[0]

    def _absent(self, key: str) -> NotFound:
        kind = self.rows.kind.__name__
        return NotFound(f"There is no {kind} {key}, or you may not see it.", kind=kind, id=key)

    def where(self, **equal: object) -> tuple[E, ...]:
        """All rows whose columns equal these; None matches NULL."""
        tests, values = [], []
        for column, value in equal.items():
            if value is None:
                tests.append(f'"{column}" IS NULL')
            else:
                tests.append(f'"{column}" = ?')
                values.append(self.rows.value(column, value))
        return self.select(" AND ".join(tests) or "1 = 1", values, order=self.shape.order)

    def select(
        self, test: str, values: Sequence[object], *, order: str = "", most: int | None = None, lock: str = ""
    ) -> tuple[E, ...]:
        """Rows that pass an SQL test of ours."""
        sql = f"SELECT {self.columns} FROM {self.name} WHERE {test}"  # noqa: S608 - column names and tests are ours
        sql += f" ORDER BY {order}" if order else ""
        sql += f" LIMIT {most:d}" if most is not None else ""
        sql += lock
        return tuple(map(self.rows.thing, self.execute(sql, values).fetchall()))


class HeldTable(SqlTable[E]):
    """A table by ``id`` whose held rows are known until the end of the transaction: nobody else changes them.

    What is held is not read a second time, and only those of its columns are written that differ. The others would cost more
    than the change: an index is written anew where an UPDATE names a column of it, whatever it says.
    """

    def __init__(self, execute: Execute, dialect: Dialect, shape: Shape[E]) -> None:
        super().__init__(execute, dialect, shape)
        self._held = dict[object, E]()

    def hold(self, key: str) -> E:
        """One row by its id, read once; or NotFound."""
        held = self._held.get(key)
        if held is None:
            held = self._held[key] = super().hold(key)
        return held

    def hold_all(self, keys: Collection[str]) -> None:
        """Those of these rows that there are, in the order of their ids, in one statement."""
        ids = padded(sorted(keys))
        test = f"{self.shape.order} IN ({', '.join('?' * len(ids)) or 'NULL'})"
        for thing in self.select(test, ids, order=self.shape.order, lock=self.dialect.hold):
            self._held[self.rows.row(thing)[self.shape.changed[-1]]] = thing

    def save(self, thing: E) -> None:
        """What has changed of what is held; of anything else the whole row."""
        row = self.rows.row(thing)
        key = row[self.shape.changed[-1]]
        held = self._held.get(key)
        if held is None:
            super().save(thing)
            return
        changed = [place for place, was in enumerate(self.rows.row(held)) if row[place] != was]
        if changed:
            changes = ", ".join(f'"{self.rows.columns[place]}" = ?' for place in changed)
            values = [row[place] for place in changed]
            self.execute(f"UPDATE {self.name} SET {changes} WHERE {self.shape.by_key}", [*values, key])  # noqa: S608
            self._held[key] = thing


def padded(values: list[K]) -> list[K]:
    """The values, the last one repeated: lists of few lengths, because a connection keeps each statement that it has seen.

    >>> padded([1, 2, 3, 4])
    [1, 2, 3, 4, 4, 4, 4]
    """
    return values + values[-1:] * ((1 << len(values).bit_length()) - 1 - len(values))


class OrderTable(SqlTable[Order]):
    """Orders, through what somebody may see."""

    def visible(self, visible: Visible, organisation: GroupId, most: int) -> tuple[tuple[Order, ...], int]:
        """The newest visible orders, and the count of all visible ones."""
        seen, given = sql_where(visible)
        test, values = f"organisation = ? AND {seen}", [organisation, *given]
        found = self.select(test, values, order="made_at DESC, id DESC", most=most)
        (count,) = self.execute(f"SELECT count(*) FROM orders WHERE {test}", values).fetchone()  # noqa: S608
        return found, count


class SqlGuards:
    """The loop guard's memory."""

    def __init__(self, execute: Execute) -> None:
        self.execute = execute

    def pass_once(self, identity: str, at: Instant) -> bool:
        """One statement decides and records, so two writers cannot both pass."""
        done = self.execute(
            "INSERT INTO guards (identity, passed_at) VALUES (?, ?) ON CONFLICT (identity) DO UPDATE"
            " SET passed_at = excluded.passed_at WHERE guards.passed_at <= ? RETURNING 1",
            [identity, at.us, (at - GUARD_SPAN).us],
        )
        return done.fetchone() is not None

    def forget(self, identity: str) -> None:
        """Let the next one pass."""
        self.execute("DELETE FROM guards WHERE identity = ?", [identity])

    def purge(self, before: Instant, most: int) -> int:
        """One statement; what passes again meanwhile is looked at once more, and stays."""
        some = f"SELECT identity FROM guards WHERE passed_at <= ? LIMIT {most:d}"  # noqa: S608 - ours
        done: Any = self.execute(f"DELETE FROM guards WHERE passed_at <= ? AND identity IN ({some})", [before.us] * 2)  # noqa: S608
        return int(done.rowcount)


class SqlInbox:
    """What came in."""

    def __init__(self, execute: Execute, dialect: Dialect) -> None:
        self.execute = execute
        self.dialect = dialect

    def first_time(self, source: str, event: str, at: Instant) -> bool:
        """One statement decides and records."""
        done = self.execute(
            "INSERT INTO inbox (source, event, seen_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING 1",
            [source, event, at.us],
        )
        return done.fetchone() is not None

    def hold(self, source: str, about: str) -> None:
        """Keep everybody else from what is kept about it, until the end."""
        if self.dialect.alone:
            self.execute(self.dialect.alone, [f"inbox of {source} about {about}"])

    def keep(self, source: str, about: str, text: str, at: Instant) -> None:
        """Keep a fact about what is not known yet."""
        self.execute(
            "INSERT INTO inbox_kept (source, about, text, kept_at) VALUES (?, ?, ?, ?)", [source, about, text, at.us]
        )

    def kept(self, source: str, about: str) -> tuple[str, ...]:
        """Take out what was kept."""
        found = self.execute(
            "SELECT text FROM inbox_kept WHERE source = ? AND about = ? ORDER BY kept_at", [source, about]
        ).fetchall()
        if found:
            self.execute("DELETE FROM inbox_kept WHERE source = ? AND about = ?", [source, about])
        return tuple(text for (text,) in found)

    def listed(self, source: str, since: Instant | None, most: int) -> tuple[tuple[Instant, str], ...]:
        """What is kept of a source, oldest first."""
        found = self.execute(
            "SELECT kept_at, text FROM inbox_kept WHERE source = ? AND kept_at >= ? ORDER BY kept_at, about LIMIT ?",
            [source, _EVER.us if since is None else since.us, most],
        ).fetchall()
        return tuple((Instant(at), text) for at, text in found)
