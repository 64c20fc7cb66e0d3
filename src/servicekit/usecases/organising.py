"""Organisations are founded, and groups added to them."""

from __future__ import annotations

from servicekit.errors import Conflict
from servicekit.groups import AddGroup, Founded, FoundOrganisation, Group, User, said
from servicekit.ids import GrantId, GroupId, UserId
from servicekit.moments import check_zone
from servicekit.permissions import Grant
from servicekit.usecases.settings import check_settings, check_unlocked
from servicekit.usecases.work import Work, address_of, named

__all__ = ["ADMINISTRATION", "add_group", "found_organisation"]

ADMINISTRATION = ("*:*",)
"""What an administrator holds."""


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
        settings=check_settings(command.settings),
        free=command.free,
    )
    if root.free and work.store.groups.where(free=True):
        raise Conflict("There is an organisation of free accounts already.", code="second_free")
    email = address_of(command.admin)
    if work.store.users.where(email=email, removed=False):
        raise Conflict(
            f"{email} is a user already, of this or another organisation.", code="address_taken", email=email
        )
    admin = User(id=work.new(UserId), organisation=group, group=group, email=email)
    work.store.groups.add(root)
    work.store.users.add(admin)
    work.store.grants.add(
        Grant(id=work.new(GrantId), organisation=group, principal=admin.id, scopes=ADMINISTRATION, group=group)
    )
    return Founded(root, admin)


def add_group(work: Work, command: AddGroup) -> Group:
    """A group below another."""
    path = work.allow("groups:write", command.parent)
    parent = path[0]
    check_unlocked(work, path, said(command.settings))
    group = Group(
        id=work.new(GroupId),
        organisation=parent.organisation,
        parent=parent.id,
        name=named(command.name),
        zone=parent.zone,
        settings=check_settings(command.settings),
    )
    work.store.groups.add(group)
    return group
