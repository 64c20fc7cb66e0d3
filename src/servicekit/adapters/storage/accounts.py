"""Sessions, kept answers and paces, as SQL that SQLite and PostgreSQL both run."""

from __future__ import annotations

from servicekit.accounts import KeptAnswer, Pace, Session
from servicekit.adapters.storage.dialect import Dialect
from servicekit.adapters.storage.tables import Execute, SqlTable
from servicekit.moments import Instant

__all__ = ["AnswerTable", "SessionTable", "SqlPaces"]

_MOST_SWEPT = 100


class SessionTable(SqlTable[Session]):
    """Sessions."""

    def forget(self, user: str, ended_before: Instant) -> None:
        """Rows of a user whose time was over by then."""
        self.execute('DELETE FROM sessions WHERE "user" = ? AND ends_at < ?', [user, ended_before.us])


class AnswerTable(SqlTable[KeptAnswer]):
    """What came of requests that are done once."""

    def forget(self, caller: str, made_before: Instant) -> None:
        """Rows of one caller."""
        self.execute("DELETE FROM api_answers WHERE caller = ? AND made_at <= ?", [caller, made_before.us])


class SqlPaces:
    """What is spent under paces; see :class:`servicekit.ports.tables.Paces`."""

    def __init__(self, execute: Execute, dialect: Dialect) -> None:
        self.execute = execute
        self.dialect = dialect

    def until(self, subject: str) -> Instant | None:
        """One row."""
        found = self.execute("SELECT until FROM paces WHERE subject = ?", [subject]).fetchone()
        return None if found is None else Instant(found[0])

    def spend(self, subject: str, pace: Pace, at: Instant) -> bool:
        """One statement decides and records, so two writers cannot both have the last one."""
        pause = _us(pace)
        done = self.execute(
            "INSERT INTO paces (subject, until) VALUES (?, ?) ON CONFLICT (subject) DO UPDATE"
            " SET until = CASE WHEN paces.until > ? THEN paces.until + ? ELSE excluded.until END"
            " WHERE paces.until <= ? RETURNING 1",
            [subject, at.us + pause, at.us, pause, at.us + (pace.burst - 1) * pause],
        )
        return done.fetchone() is not None

    def give_back(self, subject: str, pace: Pace) -> None:
        """One less."""
        self.execute("UPDATE paces SET until = until - ? WHERE subject = ?", [_us(pace), subject])

    def forget(self, subject: str) -> None:
        """As if it had never done it."""
        self.execute("DELETE FROM paces WHERE subject = ?", [subject])

    def sweep(self, at: Instant) -> None:
        """Some rows that say nothing any more, but for those that others hold."""
        self.execute(
            "DELETE FROM paces WHERE subject IN (SELECT subject FROM paces WHERE until <= ? LIMIT"  # noqa: S608
            f" {_MOST_SWEPT}{self.dialect.claim})",
            [at.us],
        )


def _us(pace: Pace) -> int:
    return round(pace.pause.total_seconds() * 1_000_000)
