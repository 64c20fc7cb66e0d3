"""Messages and the log in SQL: pages by key, the values to narrow by, and all of it in a stream.

In order of time each group's rows stand in order in an index, so a page needs a few rows of each group, wherever it begins.
SQLite reads ``IN`` that way by itself; what PostgreSQL needs for it is in its dialect. What failed or was refused has an index
of its own, so that the few such rows are found without the many others. Other orders sort what they are narrowed to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from servicekit.adapters.storage.tables import HeldTable
from servicekit.ids import GroupId
from servicekit.messages import (
    MOST_CHOICES,
    Direction,
    LogChoices,
    LogColumn,
    LogGroup,
    LogRow,
    Message,
    SearchLog,
    Status,
    mark_of,
    status_of,
)
from servicekit.ports.tables import LogLine

__all__ = ["MessageTable"]

_EMAIL = "coalesce((SELECT email FROM users WHERE users.id = messages.\"user\"), '')"
_SHOWN = "status || CASE WHEN struck = '' THEN '' ELSE ':' || struck END"
_COLUMNS = {
    LogColumn.MADE_AT: "made_at",
    LogColumn.GROUP: "group_name",
    LogColumn.EMAIL: _EMAIL,
    LogColumn.NUMBER: "number",
    LogColumn.DIRECTION: "direction",
    LogColumn.STATUS: _SHOWN,
    LogColumn.SEGMENTS: "segments",
}
_LINE = f"made_at, group_name, {_EMAIL} AS email, number, direction, {_SHOWN} AS shown, segments, text"
_DOWN = (
    "WITH RECURSIVE down (id) AS (SELECT id FROM groups WHERE id = ?"
    " UNION ALL SELECT groups.id FROM groups JOIN down ON groups.parent = down.id) SELECT id FROM down"
)
_USUAL = (Status.QUEUED, Status.SENT, Status.DELIVERED, Status.INCOMING)
# The very words of the condition of the index of what is amiss: no database would use it without them.
_AMISS = f" AND status NOT IN ({', '.join(repr(one.value) for one in _USUAL)})"
_CHUNK = 2000  # rows that are held at once while a log is streamed


class MessageTable(HeldTable[Message]):
    """Messages and the log; see :class:`servicekit.ports.tables.Messages` for what each promises."""

    def search(self, query: SearchLog, groups: Sequence[GroupId] | None = None) -> tuple[LogRow, ...]:
        """A page, in one statement; the addresses are looked up for those who are on it, not for every row it passes by."""
        sql, values = self._ordered(f"{self.columns}, {_EMAIL}", query, groups, most=query.most)
        thing = self.rows.thing
        return tuple(LogRow(thing(row[:-1]), row[-1]) for row in self.execute(sql, values).fetchall())

    def count(self, query: SearchLog, groups: Sequence[GroupId] | None = None) -> int:
        """One pass."""
        test, values = self._narrowed(query, groups)
        (count,) = self.execute(f"SELECT count(*) FROM messages WHERE {test}", values).fetchone()  # noqa: S608 - ours
        return int(count)

    def lines(self, query: SearchLog, groups: Sequence[GroupId] | None = None) -> Iterator[Sequence[LogLine]]:
        """A cursor, on either side of the connection, that is read in chunks."""
        sql, values = self._ordered(_LINE, query, groups)
        if not self.dialect.cursor:
            cursor: Any = self.execute(sql, values)
            while chunk := cursor.fetchmany(_CHUNK):
                yield chunk
            return
        self.execute(f"{self.dialect.cursor} {sql}", values)
        while chunk := self.execute(f"FETCH FORWARD {_CHUNK:d} FROM servicekit_log", []).fetchall():
            yield chunk
        self.execute("CLOSE servicekit_log", [])

    def choices(self, query: SearchLog, groups: Sequence[GroupId] | None = None) -> LogChoices:
        """A pass for each column."""
        found = {
            column: self._distinct((_COLUMNS[column], *more), query, groups)
            for column, *more in (
                (LogColumn.GROUP, '"group"'),
                (LogColumn.EMAIL,),
                (LogColumn.NUMBER,),
                (LogColumn.DIRECTION,),
                (LogColumn.STATUS,),
            )
        }
        cut_off = tuple(column for column, rows in found.items() if len(rows) > MOST_CHOICES)
        kept = {column: rows[:MOST_CHOICES] for column, rows in found.items()}
        return LogChoices(
            groups=tuple(LogGroup(GroupId(group), name) for name, group in kept[LogColumn.GROUP]),
            emails=tuple(email for (email,) in kept[LogColumn.EMAIL] if email),
            numbers=tuple(number for (number,) in kept[LogColumn.NUMBER]),
            directions=tuple(Direction(direction) for (direction,) in kept[LogColumn.DIRECTION]),
            statuses=tuple(shown for (shown,) in kept[LogColumn.STATUS]),
            cut_off=cut_off,
        )

    def _distinct(
        self, expressions: Sequence[str], query: SearchLog, groups: Sequence[GroupId] | None
    ) -> Sequence[Any]:
        test, values = self._narrowed(query, groups)
        columns = ", ".join(f"({one}){self.dialect.bytewise}" for one in expressions)
        order = ", ".join(str(place) for place in range(1, len(expressions) + 1))
        sql = f"SELECT DISTINCT {columns} FROM messages WHERE {test} ORDER BY {order} LIMIT {MOST_CHOICES + 1:d}"  # noqa: S608
        rows: Sequence[Any] = self.execute(sql, values).fetchall()
        return rows

    def _ordered(
        self, columns: str, query: SearchLog, groups: Sequence[GroupId] | None, most: int | None = None
    ) -> tuple[str, list[object]]:
        """The statement that gives these columns of what the query asks for, in its order."""
        way = "DESC" if query.descending else "ASC"
        expression = _COLUMNS[query.order]
        if query.order not in {LogColumn.MADE_AT, LogColumn.SEGMENTS}:
            expression = f"({expression}){self.dialect.bytewise}"
        order, limit = f"ORDER BY {expression} {way}, id {way}", "" if most is None else f" LIMIT {most:d}"
        mark = mark_of(query)
        after = f" AND ({expression}, id) {'<' if query.descending else '>'} (?, ?)" if mark else ""
        place: list[object] = [mark.value, mark.id] if mark else []
        if self.dialect.each and most is not None and query.order is LogColumn.MADE_AT and not _keyed(query):
            within: list[object] = [query.group if groups is None else list(groups)]
            given = _DOWN if groups is None else self.dialect.unnest
            test, values = self._conditions(query)
            one = f'SELECT * FROM messages WHERE "group" = within.given{test}{after} {order}{limit}'  # noqa: S608 - ours
            page = f"SELECT * FROM {self.dialect.each.format(given, one)} AS each_one {order}{limit}"  # noqa: S608 - ours
            return f"SELECT {columns} FROM ({page}) AS messages {order}", [*within, *values, *place]  # noqa: S608 - ours
        test, values = self._narrowed(query, groups)
        if most is not None:
            # Only these are sorted, and whole rows read for those of the page alone.
            row = self.dialect.row
            test = f"{row} IN (SELECT {row} FROM messages WHERE {test}{after} {order}{limit})"  # noqa: S608 - ours
            return f"SELECT {columns} FROM messages WHERE {test} {order}", [*values, *place]  # noqa: S608 - ours
        return f"SELECT {columns} FROM messages WHERE {test}{after} {order}{limit}", [*values, *place]  # noqa: S608

    def _narrowed(self, query: SearchLog, groups: Sequence[GroupId] | None) -> tuple[str, list[object]]:
        # With a user or a number, whose index has far fewer rows: an expression, so that no database goes by the groups.
        group = "(\"group\" || '')" if _keyed(query) else '"group"'
        test, values = self._conditions(query)
        if groups is None:
            return f"{group} IN ({_DOWN}){test}", [query.group, *values]
        return f"{group} IN ({_marks(groups)}){test}", [*groups, *values]

    def _conditions(self, query: SearchLog) -> tuple[str, list[object]]:
        """What the query narrows by, besides the groups."""
        given: list[tuple[str, object]] = []
        amiss = ""
        if query.since is not None:
            given.append(("made_at >= ?", query.since.us))
        if query.until is not None:
            given.append(("made_at < ?", query.until.us))
        if query.user is not None:
            given.append(('"user" = ?', query.user))
        if query.email is not None:
            given.append(('"user" IN (SELECT id FROM users WHERE email = ?)', query.email.lower()))
        if query.number is not None:
            given.append(("number = ?", query.number))
        if query.direction is not None:
            given.append(("direction = ?", query.direction.value))
        if query.status is not None:
            asked = status_of(query.status)
            given.append(("status = ?", asked.status.value))
            if asked.struck is not None:
                given.append(("struck = ?", asked.struck))
            if asked.status not in _USUAL:
                amiss = _AMISS
        return "".join(f" AND {test}" for test, _ in given) + amiss, [value for _, value in given]


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def _keyed(query: SearchLog) -> bool:
    """Whether it is narrowed by something that has an index of its own."""
    return not (query.user is None and query.email is None and query.number is None)
