"""A transaction over a new SQLite database, and the statements that it runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from attrs import field, frozen

import children
from servicekit.adapters.storage.dialect import SQLITE
from servicekit.adapters.storage.transaction import SqlTransaction


@frozen
class Watched:
    """What runs on a connection; ``ran`` are the statements with their values, in their order."""

    connection: sqlite3.Connection
    ran: list[tuple[str, Sequence[object]]] = field(factory=list)

    def execute(self, sql: str, values: Sequence[object]) -> sqlite3.Cursor:
        """Run a statement, and note it."""
        self.ran.append((sql, values))
        return self.connection.execute(sql, values)

    @property
    def store(self) -> SqlTransaction:
        """What it is watched through."""
        return SqlTransaction(self.execute, SQLITE)

    def plan(self, sql: str, values: Sequence[object]) -> list[str]:
        """How SQLite goes about a statement, a line a step."""
        return [row[-1] for row in self.connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]


@contextmanager
def watched(path: Path) -> Iterator[Watched]:
    """The database, made at ``path``."""
    children.migrate(str(path))
    with closing(sqlite3.connect(path)) as connection:
        yield Watched(connection)
