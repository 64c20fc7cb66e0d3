"""Counts of calls a day, for vendors that allow so many."""

from __future__ import annotations

from servicekit.adapters.storage.tables import Execute
from servicekit.moments import Instant

__all__ = ["SqlTallies"]

_DAY = 86_400 * 1_000_000  # microseconds


class SqlTallies:
    """One row for each thing that is counted, which begins anew with the day."""

    def __init__(self, execute: Execute) -> None:
        self.execute = execute

    def spend(self, what: str, most: int, at: Instant) -> bool:
        """One statement decides and records."""
        if most < 1:
            return False
        done = self.execute(
            'INSERT INTO tallies (what, "day", calls) VALUES (?, ?, 1) ON CONFLICT (what) DO UPDATE SET'
            ' "day" = excluded."day", calls = CASE WHEN tallies."day" < excluded."day" THEN 1 ELSE tallies.calls + 1 END'
            ' WHERE tallies."day" < excluded."day" OR tallies.calls < ? RETURNING 1',
            [what, at.us // _DAY, most],
        )
        return done.fetchone() is not None

    def exhaust(self, what: str, most: int, at: Instant) -> None:
        """Raise the count to the most."""
        self.execute(
            'INSERT INTO tallies (what, "day", calls) VALUES (?, ?, ?) ON CONFLICT (what) DO UPDATE SET'
            ' "day" = excluded."day", calls = excluded.calls WHERE tallies."day" <= excluded."day"',
            [what, at.us // _DAY, most],
        )
