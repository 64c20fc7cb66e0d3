"""Statements in SQL, and the sums over log and users that they are made from."""

from __future__ import annotations

from collections.abc import Mapping

from servicekit.adapters.storage.tables import SqlTable
from servicekit.billing import Month, Statement
from servicekit.ids import GroupId
from servicekit.messages import Direction
from servicekit.moments import Window

__all__ = ["StatementTable"]


class StatementTable(SqlTable[Statement]):
    """See :class:`servicekit.ports.tables.Statements`."""

    def hold_books(self) -> None:
        """One lock for all; where there is one writer at a time, nothing has to be held."""
        if self.dialect.alone:
            self.execute(self.dialect.alone, ["the books"])

    def last_number(self) -> int:
        """The end of the index over numbers."""
        (last,) = self.execute("SELECT coalesce(max(number), 0) FROM statements", []).fetchone()
        return int(last)

    def closed(self, organisation: GroupId | None) -> tuple[Month, ...]:
        """From the rows of closings."""
        test, values = ("WHERE organisation = ?", [organisation]) if organisation else ("", [])
        found = self.execute(f"SELECT DISTINCT month FROM closings {test} ORDER BY month", values)  # noqa: S608 - ours
        return tuple(month for (month,) in found.fetchall())

    def from_month(self, organisation: GroupId, month: Month) -> tuple[Statement, ...]:
        """One index range."""
        return self.select("organisation = ? AND month >= ?", [organisation, month], order="number")

    def of_payer(self, payer: GroupId, before: int | None, most: int) -> tuple[Statement, ...]:
        """One index range, from its end."""
        test, values = ("payer = ?", [payer]) if before is None else ("payer = ? AND number < ?", [payer, before])
        return self.select(test, values, order="number DESC", most=most)

    def sent(self, organisation: GroupId, window: Window) -> Mapping[GroupId, int]:
        """One range of the log's index for each group."""
        return self._counts(
            'SELECT messages."group", sum(messages.segments) FROM groups JOIN messages ON messages."group" = groups.id'
            " WHERE groups.organisation = ? AND messages.made_at >= ? AND messages.made_at < ? AND messages.direction = ?"
            ' GROUP BY messages."group"',
            [organisation, window.opens.us, window.closes.us, Direction.OUT.value],
        )

    def members(self, organisation: GroupId) -> Mapping[GroupId, int]:
        """One range of the users' index for each group."""
        return self._counts(
            'SELECT users."group", count(*) FROM groups JOIN users ON users."group" = groups.id'
            ' WHERE groups.organisation = ? AND users.removed = 0 GROUP BY users."group"',
            [organisation],
        )

    def _counts(self, sql: str, values: list[object]) -> Mapping[GroupId, int]:
        return {GroupId(group): int(count) for group, count in self.execute(sql, values).fetchall()}
