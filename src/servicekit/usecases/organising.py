"""Organisations, groups, users and numbers."""

from __future__ import annotations

from attrs import evolve

from servicekit.errors import Conflict, Invalid
from servicekit.groups import (
    Added,
    AddGroup,
    AddUsers,
    ChangeSettings,
    Founded,
    FoundOrganisation,
    Group,
    ProvideNumbers,
    Settings,
    User,
    UserAdded,
)
from servicekit.groups.tree import changed
from servicekit.ids import GrantId, GroupId, UserId
from servicekit.moments import check_zone
from servicekit.permissions import Grant
from servicekit.sms import check_limit, check_sender, parse_number
from servicekit.usecases.work import Work, address_of, named

__all__ = ["add_group", "add_users", "change_settings", "found_organisation", "provide_numbers"]

_ANY_NUMBER = "+46701740605"  # in E.164, so that only the country code beside it can be wrong


def found_organisation(work: Work, command: FoundOrganisation) -> Founded:
    """Root group, first administrator, and the grant over all of it."""
    work.operator()
    group = work.new(GroupId)
    root = Group(
        id=group,
        organisation=group,
        parent=None,
        name=named(command.name),
        zone=check_zone(command.zone),
        settings=_checked(command.settings),
    )
    email = address_of(command.admin)
    if work.store.users.where(email=email):
        raise Conflict(
            f"{email} is a user already, of this or another organisation.", code="address_taken", email=email
        )
    admin = User(id=work.new(UserId), organisation=group, group=group, email=email)
    work.store.groups.add(root)
    work.store.users.add(admin)
    work.store.grants.add(
        Grant(id=work.new(GrantId), organisation=group, principal=admin.id, scopes=("*:*",), group=group)
    )
    return Founded(root, admin)


def add_group(work: Work, command: AddGroup) -> Group:
    """A group below another."""
    parent = work.allow("groups:write", command.parent)[0]
    group = Group(
        id=work.new(GroupId),
        organisation=parent.organisation,
        parent=parent.id,
        name=named(command.name),
        zone=parent.zone,
        settings=_checked(command.settings),
    )
    work.store.groups.add(group)
    return group


def change_settings(work: Work, command: ChangeSettings) -> Group:
    """Set what the change says."""
    group = work.allow("groups:write", command.group)[0]
    group = evolve(group, settings=changed(group.settings, _checked(command.change)))
    work.store.groups.save(group)
    return group


def add_users(work: Work, command: AddUsers) -> tuple[UserAdded, ...]:
    """A line of report for each address, in the order given."""
    group = work.allow("users:write", command.group)[0]
    return tuple(_add_user(work, group, address) for address in command.addresses)


def _add_user(work: Work, group: Group, address: str) -> UserAdded:
    try:
        email = address_of(address)
    except Invalid:
        return UserAdded(address, Added.NOT_AN_ADDRESS, None)
    known = work.store.users.where(email=email)
    if not known:
        user = User(id=work.new(UserId), organisation=group.organisation, group=group.id, email=email)
        work.store.users.add(user)
        return UserAdded(address, Added.ADDED, user.id)
    user = known[0]
    if user.organisation != group.organisation:
        return UserAdded(address, Added.TAKEN, None)
    if user.group == group.id:
        return UserAdded(address, Added.ALREADY_THERE, user.id)
    work.allow("users:write", user.group)  # taking a user out of a group is a change there as well
    work.store.users.save(evolve(user, group=group.id))
    return UserAdded(address, Added.MOVED, user.id)


def provide_numbers(work: Work, command: ProvideNumbers) -> int:
    """Fill the pool."""
    work.operator()
    return work.store.numbers.provide([parse_number(number) for number in command.numbers])


def _checked(settings: Settings) -> Settings:
    """Refuse now what would refuse every text later."""
    if settings.sender_name:
        check_sender(settings.sender_name)
    if settings.country_code is not None:
        parse_number(_ANY_NUMBER, settings.country_code)
    if settings.most_segments is not None:
        check_limit("", settings.most_segments)
    return settings
