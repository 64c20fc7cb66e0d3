"""Users added, moved, listed and removed; administrators; and what a user has left."""

from __future__ import annotations

from attrs import evolve

from servicekit.decisions import require
from servicekit.errors import Conflict, Invalid
from servicekit.groups import (
    Added,
    AddUsers,
    Group,
    Left,
    ListAdmins,
    ListUsers,
    RemoveUsers,
    SetAdmins,
    SmsLeft,
    User,
    UserAdded,
    UserRemoved,
    least,
    limits_of,
)
from servicekit.ids import GrantId, GroupId, UserId
from servicekit.permissions import Grant
from servicekit.usecases.giving import demand_to_give
from servicekit.usecases.numbering import give_back
from servicekit.usecases.organising import ADMINISTRATION
from servicekit.usecases.restructuring import end, place
from servicekit.usecases.work import Work, address_of

__all__ = [
    "add_users",
    "admins_of",
    "keep_an_admin",
    "list_admins",
    "list_users",
    "remove_users",
    "set_admins",
    "sms_left",
]

_MOST_ROWS = 1000


def add_users(work: Work, command: AddUsers) -> tuple[UserAdded, ...]:
    """A line of report for each address, in the order given."""
    work.store.hold_tree(command.group)
    group = work.allow("users:write", command.group)[0]
    return tuple(_add_user(work, group, address) for address in command.addresses)


def _add_user(work: Work, group: Group, address: str) -> UserAdded:
    try:
        email = address_of(address)
    except Invalid:
        return UserAdded(address, Added.NOT_AN_ADDRESS, None)
    known = work.store.users.where(email=email, removed=False)
    if not known:
        return UserAdded(address, Added.ADDED, _new_user(work, group, email))
    user = _free_held(work, known[0])
    if user.group == group.id:
        return UserAdded(address, Added.ALREADY_THERE, user.id)
    if user.organisation == group.organisation:
        there = work.store.path(user.group)  # taking a user out of a group is a change there as well
        decision = work.decision("users:write", there)
        if not decision and not work.knows(there):
            return UserAdded(address, Added.TAKEN, None)
        require(decision)
    elif not _is_free(work, user):
        return UserAdded(address, Added.TAKEN, None)
    place(work, [user], group)
    return UserAdded(address, Added.MOVED, user.id)


def _free_held(work: Work, user: User) -> User:
    """The user; a free account as it is until the transaction ends."""
    if _is_free(work, user):
        work.store.hold_tree(user.organisation)
        return work.store.users.get(user.id)
    return user


def _is_free(work: Work, user: User) -> bool:
    return work.store.groups.get(user.organisation).free


def _new_user(work: Work, group: Group, email: str) -> UserId:
    """Who was removed from the same organisation is the same user again, with what it has used."""
    before = work.store.users.where(email=email, organisation=group.organisation, removed=True)
    if before:
        place(work, [evolve(before[0], removed=False)], group)
        return before[0].id
    user = User(id=work.new(UserId), organisation=group.organisation, group=group.id, email=email)
    work.store.users.add(user)
    return user.id


def remove_users(work: Work, command: RemoveUsers) -> tuple[UserRemoved, ...]:
    """A line of report for each address, in the order given."""
    work.store.hold_tree(command.group)
    root = work.allow("users:write", command.group)[-1]
    below = frozenset(work.store.below(command.group))
    report = tuple(_remove_user(work, below, address) for address in command.addresses)
    if any(line.user for line in report):
        keep_an_admin(work, root.id)
    return report


def _remove_user(work: Work, groups: frozenset[GroupId], address: str) -> UserRemoved:
    try:
        email = address_of(address)
    except Invalid:
        return UserRemoved(address, None)
    known = work.store.users.where(email=email, removed=False)
    if not known or known[0].group not in groups:
        return UserRemoved(address, None)
    (user,) = give_back(work, [work.store.users.hold(known[0].id)])
    work.store.users.save(evolve(user, removed=True))
    end(work, work.store.grants.where(principal=user.id))
    return UserRemoved(address, user.id)


def list_users(work: Work, query: ListUsers) -> tuple[User, ...]:
    """A page of them."""
    work.allow("users:read", query.group)
    if not 1 <= query.most <= _MOST_ROWS:
        raise Invalid(f"A page has 1 to {_MOST_ROWS} rows, not {query.most}.", code="page_size", most=query.most)
    groups = work.store.below(query.group) if query.below else (query.group,)
    return work.store.users.listed(groups, query.containing, query.after, query.most)


def set_admins(work: Work, command: SetAdmins) -> tuple[User, ...]:
    """Grant what is missing, end what is too much."""
    work.store.hold_tree(command.group)
    path = work.allow("admins:write", command.group)
    held = _grants(work, path[0].id)
    present = {grant.principal for grant in held}
    wanted = {user.id: user for user in (_member(work, path, email, present) for email in command.emails)}
    end(work, (grant for grant in held if grant.principal not in wanted))
    for key in sorted(wanted.keys() - present):
        grant = Grant(
            id=work.new(GrantId),
            organisation=path[0].organisation,
            principal=key,
            scopes=ADMINISTRATION,
            group=path[0].id,
            since=work.at,
            given_by=work.by.id,
        )
        demand_to_give(work, grant, path)
        work.store.grants.add(grant)
    keep_an_admin(work, path[-1].id)
    return tuple(sorted(wanted.values(), key=lambda user: user.email))


def _member(work: Work, path: tuple[Group, ...], address: str, present: set[str]) -> User:
    """The organisation's user of that address, whom the asker may see or who is an administrator already."""
    email = address_of(address)
    known = work.store.users.where(email=email, organisation=path[-1].id, removed=False)
    if known and (known[0].id in present or work.knows(work.store.path(known[0].group))):
        return known[0]
    raise Invalid(f"{email} is no user of your groups: add it as a user first.", code="not_a_member", email=email)


def list_admins(work: Work, query: ListAdmins) -> tuple[User, ...]:
    """Those of exactly this group."""
    group = work.allow("admins:read", query.group)[0]
    return admins_of(work, group.id)


def admins_of(work: Work, group: GroupId) -> tuple[User, ...]:
    """The administrators of exactly this group, by address; whether they may be shown is not asked."""
    users = (work.store.users.find(grant.principal) for grant in _grants(work, group))
    return tuple(sorted((user for user in users if user is not None), key=lambda user: user.email))


def _grants(work: Work, group: GroupId) -> tuple[Grant, ...]:
    """Those that make administrators: of everything, without an end."""
    found = work.store.grants.where(group=group, scopes=ADMINISTRATION)
    return tuple(grant for grant in found if grant.until is None and grant.customer is None and grant.holds_at(work.at))


def keep_an_admin(work: Work, root: GroupId) -> None:
    """Refuse what would leave an organisation without an administrator.

    Raises:
        Conflict: ``last_admin``.
    """
    if not _grants(work, root):
        raise Conflict(
            "An organisation keeps an administrator over all of it: name another one first.", code="last_admin"
        )


def sms_left(work: Work, query: SmsLeft) -> Left:
    """The smallest remainder."""
    user, path = work.about_user("users:read", query.user)
    tightest = least(work.store.quotas.usage(limit, work.at) for limit in limits_of(user, path))
    if tightest is None:
        return Left(None, None, None)
    return Left(tightest.left, tightest.limit, tightest.more_at)
