"""What can be asked of the room: found an organisation, add groups and users, set what they may."""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen

from servicekit.commands import Command
from servicekit.groups.tree import Group, Settings, User
from servicekit.ids import GroupId, UserId
from servicekit.moments import Zone

__all__ = [
    "AddGroup",
    "AddUsers",
    "Added",
    "ChangeSettings",
    "FoundOrganisation",
    "Founded",
    "ProvideNumbers",
    "UserAdded",
]


@frozen
class Founded:
    """A new organisation: its root group and its first administrator."""

    root: Group
    admin: User


@frozen(kw_only=True)
class FoundOrganisation(Command[Founded]):
    """Found an organisation with an administrator over all of it. For operators.

    Raises:
        Invalid: ``unknown_zone``, ``not_an_address``, ``nameless``, and what :class:`~servicekit.groups.Settings` refuses.
        Conflict: ``address_taken`` if the administrator's address is a user already.
    """

    name: str
    zone: Zone
    admin: str
    settings: Settings = Settings()


@frozen(kw_only=True)
class AddGroup(Command[Group]):
    """Add a group below ``parent``. Needs ``groups:write`` there."""

    parent: GroupId
    name: str
    settings: Settings = Settings()


@frozen(kw_only=True)
class ChangeSettings(Command[Group]):
    """Set what ``change`` says and leave the rest. Needs ``groups:write`` there."""

    group: GroupId
    change: Settings


class Added(StrEnum):
    """What became of one address."""

    ADDED = "added"
    MOVED = "moved"
    ALREADY_THERE = "already there"
    NOT_AN_ADDRESS = "not an address"
    TAKEN = "belongs to another organisation"


@frozen
class UserAdded:
    """A line of the report: the address as it was given, what became of it, and the user."""

    address: str
    outcome: Added
    user: UserId | None


@frozen(kw_only=True)
class AddUsers(Command[tuple[UserAdded, ...]]):
    """Add addresses to a group, or move them into it from another of the same organisation. Needs ``users:write`` there."""

    group: GroupId
    addresses: tuple[str, ...]


@frozen(kw_only=True)
class ProvideNumbers(Command[int]):
    """Put numbers (E.164) into the pool from which users get their own. For operators. Returns how many were new."""

    numbers: tuple[str, ...]
