"""Threads in SQL: one row for each user and number, moved forward by every message; pages by key, never by counting."""

from __future__ import annotations

from collections.abc import Sequence

from servicekit.adapters.storage.tables import Shape, SqlTable
from servicekit.ids import GroupId, UserId
from servicekit.messages import Message, Thread, ThreadMark
from servicekit.moments import Instant

__all__ = ["ThreadTable"]

_MESSAGES = Shape("messages", Message)


class ThreadTable(SqlTable[Thread]):
    """Threads; see :class:`servicekit.ports.store.Threads` for what each promises."""

    def touch(self, user: UserId, number: str, at: Instant) -> None:
        """One statement makes it or moves it forward."""
        self.execute(
            'INSERT INTO threads ("user", number, name, last_at) VALUES (?, ?, \'\', ?) ON CONFLICT ("user", number)'
            " DO UPDATE SET last_at = excluded.last_at WHERE threads.last_at < excluded.last_at",
            [user, number, at.us],
        )

    def of(self, user: UserId, number: str) -> Thread | None:
        """By its key."""
        return next(iter(self.where(user=user, number=number)), None)

    def rename(self, user: UserId, number: str, name: str) -> Thread | None:
        """In one statement, so that a message at the same moment is not lost."""
        found = self.execute(
            f'UPDATE threads SET name = ? WHERE "user" = ? AND number = ? RETURNING {self.columns}',  # noqa: S608
            [name, user, number],
        ).fetchone()
        return None if found is None else self.rows.thing(found)

    def listed(
        self, user: UserId, groups: Sequence[GroupId] | None, before: ThreadMark | None, most: int
    ) -> tuple[Thread, ...]:
        """A range of the index by time; with ``groups``, those with a message there."""
        tests, values = ['"user" = ?'], list[object]([user])
        if before is not None:
            tests.append("(last_at, number) < (?, ?)")
            values += [before.last_at.us, before.number]
        if groups is not None:
            tests.append(
                'EXISTS (SELECT 1 FROM messages WHERE messages."user" = threads."user"'  # noqa: S608 - ours
                f' AND messages.number = threads.number AND messages."group" IN ({_marks(groups)}))'
            )
            values += groups
        return self.select(" AND ".join(tests), values, order="last_at DESC, number DESC", most=most)

    def messages(
        self, user: UserId, number: str, groups: Sequence[GroupId] | None, before: Message | None, most: int
    ) -> tuple[Message, ...]:
        """A range of the messages' index."""
        tests, values = ['"user" = ? AND number = ?'], list[object]([user, number])
        if before is not None:
            tests.append("(made_at, id) < (?, ?)")
            values += [before.made_at.us, before.id]
        if groups is not None:
            tests.append(f'"group" IN ({_marks(groups)})')
            values += groups
        table = SqlTable(self.execute, self.dialect, _MESSAGES)
        return table.select(" AND ".join(tests), values, order="made_at DESC, id DESC", most=most)


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
