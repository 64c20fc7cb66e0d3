"""The tables of users and of what they may do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from servicekit.groups import User
from servicekit.ids import (
    GrantId,
    GroupId,
)
from servicekit.moments import Instant
from servicekit.permissions import Grant
from servicekit.ports.tables.base import Table

__all__ = ["Grants", "Users"]

E = TypeVar("E")


class Users(Table[User], Protocol):
    """Users, those removed included."""

    def listed(self, groups: Sequence[GroupId], containing: str, after: str, most: int) -> tuple[User, ...]:
        """Those of ``groups`` who are not removed, by address; with ``containing`` in it, from the one after ``after`` on."""
        ...

    def at_domain(self, domain: str) -> tuple[User, ...]:
        """Those not removed whose address is at the domain or at one below it. Costs one pass over all users."""
        ...


class Grants(Table[Grant], Protocol):
    """Grants, those that have ended too."""

    def listed(
        self, groups: Sequence[GroupId], principal: str | None, until: Instant | None, after: GrantId | None, most: int
    ) -> tuple[Grant, ...]:
        """At most ``most`` of the grants within these groups, by id.

        Args:
            groups: those that a grant's boundary names.
            principal: only this one's.
            until: only those that have not ended by then.
            after: only those after this one.
            most: how many.
        """
        ...
