"""Words that are kept no longer, in SQL: blanked row by row, while whatever counts and bills stays.

How far a group is done already is written down, so that a nightly run looks at what has grown old since the last one, and not
at the whole log.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import frozen

from servicekit.adapters.storage.dialect import Dialect
from servicekit.adapters.storage.tables import Execute
from servicekit.ids import GroupId, UserId
from servicekit.messages import ERASED
from servicekit.moments import Instant

__all__ = ["SqlBlanking"]

_UNDER_WAY = "hand_over IN ('planned', 'asked')"


@frozen
class _Words:
    """Where words stand: the table, whose they are, the column, which of them wait, and what is there instead of them."""

    table: str
    owner: str
    column: str
    waiting: str
    blank: str | bytes


_TEXTS = _Words("messages", '"group"', "text", _UNDER_WAY, "")
_LETTERS = _Words("letters", "organisation", "raw", "state = 'queued'", b"")
_AT_ONCE = 500  # parameters of one statement
_USERS = "SELECT id FROM users WHERE organisation = ?"


class SqlBlanking:
    """See :class:`servicekit.ports.tables.Blanking`."""

    def __init__(self, execute: Execute, dialect: Dialect) -> None:
        self.execute = execute
        self.dialect = dialect

    def texts(self, group: GroupId, before: Instant, most: int) -> int:
        """An index range."""
        return self._blank(_TEXTS, group, before, most)

    def letters(self, organisation: GroupId, before: Instant, most: int) -> int:
        """An index range."""
        return self._blank(_LETTERS, organisation, before, most)

    def _blank(self, words: _Words, owner: str, before: Instant, most: int) -> int:
        mark = f"{words.table} {owner}"
        done = self.execute("SELECT until FROM blanked WHERE owner = ?", [mark]).fetchone()
        since = done[0] if done else 0
        if since >= before.us:
            return 0
        old = f"{words.owner} = ? AND made_at >= ? AND made_at < ? AND {words.column} <> ?"
        values: list[object] = [owner, since, before.us, words.blank]
        found = self.execute(
            f"SELECT id FROM {words.table} WHERE {old} AND NOT ({words.waiting}) ORDER BY made_at LIMIT {most:d}",  # noqa: S608
            values,
        ).fetchall()
        count = self._overwrite(words, [key for (key,) in found])
        oldest = self.execute(
            f"SELECT made_at FROM {words.table} WHERE {old} ORDER BY made_at LIMIT 1",  # noqa: S608 - ours
            values,
        ).fetchone()
        self.execute(
            "INSERT INTO blanked (owner, until) VALUES (?, ?) ON CONFLICT (owner) DO UPDATE SET until = excluded.until",
            [mark, before.us if oldest is None else oldest[0]],
        )
        return count

    def _overwrite(self, words: _Words, keys: Sequence[str]) -> int:
        count = 0
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            ours = f"id IN ({', '.join('?' * len(some))}) AND NOT ({words.waiting})"
            sql = f"UPDATE {words.table} SET {words.column} = ? WHERE {ours}"  # noqa: S608 - ours
            count += self.execute(sql, [words.blank, *some]).rowcount
        return count

    def number(self, organisation: GroupId, number: str) -> tuple[int, int]:
        """Three statements; by the index of numbers."""
        theirs = "organisation = ? AND number = ?"
        done = self.execute(
            f"UPDATE messages SET number = ?, sender = CASE WHEN direction = 'in' THEN ? ELSE sender END, text = ''"  # noqa: S608
            f" WHERE {theirs} AND NOT ({_UNDER_WAY})",
            [ERASED, ERASED, organisation, number],
        ).rowcount
        (waiting,) = self.execute(f"SELECT count(*) FROM messages WHERE {theirs}", [organisation, number]).fetchone()  # noqa: S608
        if not waiting:
            self.execute(f'DELETE FROM threads WHERE number = ? AND "user" IN ({_USERS})', [number, organisation])  # noqa: S608
        return done, waiting

    def user(self, organisation: GroupId, user: UserId, email: str) -> tuple[int, int]:
        """By the indexes of users."""
        done = self.execute(
            f"UPDATE messages SET text = '' WHERE \"user\" = ? AND text <> '' AND NOT ({_UNDER_WAY})",  # noqa: S608 - ours
            [user],
        ).rowcount
        waiting: Any = self.execute(
            f'SELECT count(*) FROM messages WHERE "user" = ? AND {_UNDER_WAY}',  # noqa: S608 - ours
            [user],
        ).fetchone()[0]
        self.execute('DELETE FROM threads WHERE "user" = ?', [user])
        self.execute('DELETE FROM notice_choices WHERE "user" = ?', [user])
        self.execute('DELETE FROM sessions WHERE "user" = ?', [user])
        self.execute('DELETE FROM passwords WHERE "user" = ?', [user])
        self.execute("DELETE FROM ignored_mails WHERE sender = ?", [email])
        self.execute(
            "UPDATE letters SET recipient = ?, raw = ? WHERE organisation = ? AND recipient = ? AND state <> 'queued'",
            [ERASED, b"", organisation, email],
        )
        return done, waiting
