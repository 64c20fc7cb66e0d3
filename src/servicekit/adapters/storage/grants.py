"""The table of grants."""

from __future__ import annotations

from collections.abc import Sequence

from servicekit.adapters.storage.tables import SqlTable
from servicekit.ids import GrantId, GroupId
from servicekit.moments import Instant
from servicekit.permissions import Grant

__all__ = ["GrantTable"]


class GrantTable(SqlTable[Grant]):
    """Grants, also page by page."""

    def listed(
        self, groups: Sequence[GroupId], principal: str | None, until: Instant | None, after: GrantId | None, most: int
    ) -> tuple[Grant, ...]:
        """In order of their making."""
        tests, values = [f'"group" IN ({", ".join("?" * len(groups))})'], list[object](groups)
        if principal is not None:
            tests.append("principal = ?")
            values.append(principal)
        if until is not None:
            tests.append("(until IS NULL OR until > ?)")
            values.append(until.us)
        if after is not None:
            tests.append("id > ?")
            values.append(after)
        return self.select(" AND ".join(tests), values, order="id", most=most)
