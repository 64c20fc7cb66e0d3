"""The tables of users and of what they may do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from servicekit.accounts import KeptAnswer, Pace, Session
from servicekit.groups import User
from servicekit.ids import (
    GrantId,
    GroupId,
)
from servicekit.moments import Instant
from servicekit.permissions import Grant
from servicekit.ports.tables.base import Table

__all__ = ["Answers", "Grants", "Paces", "Sessions", "Users"]

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


class Sessions(Table[Session], Protocol):
    """Sessions, those that are over included."""

    def forget(self, user: str, ended_before: Instant) -> None:
        """Drop those of a user whose time was over by then."""
        ...


class Paces(Protocol):
    """How much is spent under paces, by subject; :mod:`servicekit.accounts.pacing` has their rules."""

    def until(self, subject: str) -> Instant | None:
        """Up to when the subject has spent."""
        ...

    def spend(self, subject: str, pace: Pace, at: Instant) -> bool:
        """Whether one more is left; if so, it is spent. One step, whoever else tries."""
        ...

    def give_back(self, subject: str, pace: Pace) -> None:
        """One was not spent after all."""
        ...

    def forget(self, subject: str) -> None:
        """The subject has spent nothing."""
        ...

    def sweep(self, at: Instant) -> None:
        """Drop some of what says nothing any more."""
        ...


class Answers(Table[KeptAnswer], Protocol):
    """What came of requests that are done once."""

    def forget(self, caller: str, made_before: Instant) -> None:
        """Drop those of a caller that are as old as this or older."""
        ...
