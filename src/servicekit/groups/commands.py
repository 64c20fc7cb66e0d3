"""What can be asked about groups: found an organisation, build its tree, set what groups may."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from servicekit.commands import Command, Query
from servicekit.groups.tree import Group, Settings, User
from servicekit.ids import GroupId
from servicekit.moments import Zone

__all__ = [
    "AddGroup",
    "ChangeSettings",
    "FoundOrganisation",
    "Founded",
    "GetSettings",
    "ListGroups",
    "MergeGroup",
    "MoveGroup",
    "RemoveGroup",
    "RenameGroup",
    "Setting",
]


@frozen
class Founded:
    """A new organisation: its root group and its first administrator."""

    root: Group
    admin: User


@frozen(kw_only=True)
class FoundOrganisation(Command[Founded]):
    """Found an organisation with an administrator over all of it. For operators.

    Attributes:
        free: its users are free accounts, of no customer: whoever adds one's address, or gets its domain, takes it over.
            There is one such organisation at most.

    Raises:
        Invalid: ``unknown_zone``, ``not_an_address``, ``nameless``, and what :class:`~servicekit.groups.Settings` refuses.
        Conflict: ``address_taken`` if the administrator's address is a user already; ``second_free``.
    """

    name: str
    zone: Zone
    admin: str
    settings: Settings = Settings()
    free: bool = False


@frozen(kw_only=True)
class AddGroup(Command[Group]):
    """Add a group below ``parent``. Needs ``groups:write`` there.

    Raises:
        Invalid: ``nameless``, and what :class:`~servicekit.groups.Settings` refuses.
        Forbidden: ``locked`` if it would set what a group above locks.
    """

    parent: GroupId
    name: str
    settings: Settings = Settings()


@frozen(kw_only=True)
class RenameGroup(Command[Group]):
    """Give a group another name. Needs ``groups:write`` there.

    What is in the log keeps the name that it had, and so does the limit that a refused message names.

    Raises:
        Invalid: ``nameless``.
    """

    group: GroupId
    name: str


@frozen(kw_only=True)
class MoveGroup(Command[Group]):
    """Put a group, and all below it, under another one of the same organisation.

    Needs ``groups:write`` in the group that it goes to and in the one that it stands under now. It keeps its settings, users,
    administrators and domains, and inherits from the new path. What was sent in it counts in the groups that it stands
    under now, no more in those that it left.

    Raises:
        Invalid: ``second_root`` if ``under`` is None.
        Conflict: ``root_stays``, ``cycle``, ``other_organisation``.
    """

    group: GroupId
    under: GroupId | None


@frozen(kw_only=True)
class MergeGroup(Command[Group]):
    """Make a group part of its parent. Needs ``groups:write`` in the parent. Returns the parent.

    As with :class:`RemoveGroup`, but its subgroups lose nothing: what they inherited from it, they now set themselves.
    Its quota for the group as a whole ends, and so does its lock on permissions.

    Raises:
        Conflict: ``root_stays``.
        Forbidden: ``locked`` if it sets what a group above locks.
    """

    group: GroupId


@frozen(kw_only=True)
class RemoveGroup(Command[Group]):
    """Remove a group. Needs ``groups:write`` in its parent. Returns the parent.

    Its users, subgroups and domains go to the parent. Its settings and the rights that were granted on it end. Its log stays,
    under its id and name, and counts for the groups above as before.

    Raises:
        Conflict: ``root_stays``.
        Forbidden: ``locked`` if it sets what a group above locks.
    """

    group: GroupId


@frozen(kw_only=True)
class ChangeSettings(Command[Group]):
    """Set what ``change`` says, inherit what ``inherit`` names, and leave the rest. Needs ``groups:write`` there.

    A quota counts what the log has, from before the change as well. One change reads the groups of the organisation once.

    Raises:
        Invalid: ``unknown_setting``, ``set_and_inherited``, ``long_signature``, ``unknown_country``, ``not_listable``,
            ``not_an_address``, ``not_a_network``, ``wide_relay``, ``local_relay``, and what
            :class:`~servicekit.groups.Settings`, sender names and country codes refuse.
        Forbidden: ``locked`` if a group above all that the asker administers locks it; ``facts["group"]`` names that group
            where the asker may see it.
    """

    group: GroupId
    change: Settings = Settings()
    inherit: tuple[str, ...] = ()


@frozen(kw_only=True)
class Setting:
    """One setting as it holds in a group.

    Attributes:
        value: what holds.
        source: the group that sets it; None where nobody does (it is the default), or the asker may not see who does.
        source_name: that group's name; empty where there is no source.
        inherited: a group above sets it.
    """

    value: Any
    source: GroupId | None
    source_name: str
    inherited: bool


@frozen
class GetSettings(Query[Mapping[str, Setting]]):
    """Every setting as it holds in a group, by name, and where it comes from. Needs ``groups:read`` there."""

    group: GroupId


@frozen
class ListGroups(Query[tuple[Group, ...]]):
    """A group and all below it that are not removed, parents before their children. Needs ``groups:read`` there."""

    group: GroupId
