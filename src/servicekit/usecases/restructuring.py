"""Holding an organisation's tree, and storing a changed one with the counters that it makes wrong forgotten.

Rules kept here: a tree is held before any path of it is read, so that nobody sends under it meanwhile; of several trees,
that of free accounts comes last. Whoever changes a tree or a user's group stores it through here.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import evolve

from servicekit.groups import Group, Tree, User, recounted
from servicekit.ids import GroupId
from servicekit.permissions import Grant
from servicekit.usecases.numbering import given_back_unless, take_back
from servicekit.usecases.work import Work

__all__ = ["end", "hold_free_accounts", "hold_tree", "keep", "place"]

_AT_ONCE = 500  # parameters of one statement


def hold_tree(work: Work, group: GroupId, scope: str) -> Tree:
    """The whole tree that the group is in, which nobody else reads in order to write before this transaction ends.

    Whoever does not hold ``scope`` in the group is refused before its size can tell how long that takes.

    Costs one read of the organisation's groups.

    Raises:
        NotFound: no such group.
    """
    work.store.hold_tree(group)
    return Tree.of(work.store.groups.where(organisation=work.allow(scope, group)[0].organisation))


def hold_free_accounts(work: Work) -> Group | None:
    """The root of the free accounts, its tree held; None if there is none."""
    found = work.store.groups.where(free=True)
    if not found:
        return None
    work.store.hold_tree(found[0].id)
    return found[0]


def keep(work: Work, before: Tree, after: Tree) -> None:
    """Store what has changed in the tree, and forget the counters that no longer say what the log says."""
    for key, group in after.groups.items():
        if group != before.groups[key]:
            work.store.groups.save(group)
    take_back(work, before, after)
    recount = recounted(before, after)
    users = (user.id for group in sorted(recount.users_of) for user in work.store.users.where(group=group))
    _forget(work, [*sorted(recount.groups), *users])


def place(work: Work, users: Iterable[User], group: Group) -> tuple[User, ...]:
    """Put users into a group of their own or, if they are free accounts, of another organisation."""
    placed = tuple(evolve(user, organisation=group.organisation, group=group.id) for user in users)
    placed = given_back_unless(work, placed, group)
    for user in placed:
        work.store.users.save(user)
    _forget(work, [user.id for user in placed])
    return placed


def end(work: Work, grants: Iterable[Grant]) -> None:
    """Let rights end now, if they have not ended already."""
    for grant in grants:
        if grant.until is None or grant.until > work.at:
            work.store.grants.save(evolve(grant, until=work.at))


def _forget(work: Work, subjects: list[str]) -> None:
    for start in range(0, len(subjects), _AT_ONCE):
        work.store.quotas.forget(subjects[start : start + _AT_ONCE])
