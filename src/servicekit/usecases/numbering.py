"""The pool of numbers: taken with the first text, used, given back; provided, withdrawn and counted by the operator.

The rules stand in :mod:`servicekit.groups.numbers`. An empty pool stops nobody who has a sender name: the text goes out under
it and says so in the log; each such text is a warning of the logger ``servicekit.numbers`` as well.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from attrs import evolve, frozen

from servicekit.errors import Invalid, NotFound
from servicekit.groups import (
    CountNumbers,
    Group,
    ListNumbers,
    Number,
    PoolCount,
    ProvideNumbers,
    Tree,
    User,
    WithdrawNumbers,
    effective,
    withdrawn,
)
from servicekit.ids import GroupId, UserId
from servicekit.sms import parse_number
from servicekit.usecases.work import Work

__all__ = [
    "Owner",
    "count_numbers",
    "give_back",
    "given_back_unless",
    "list_numbers",
    "number_for",
    "owner_of",
    "provide_numbers",
    "take_back",
    "withdraw_numbers",
]

_MOST_ROWS = 1000
_log = logging.getLogger("servicekit.numbers")


def number_for(work: Work, path: tuple[Group, ...], user: User | None) -> str | None:
    """The number that texts come from, its use noted; None where the pool has none.

    Args:
        work: the transaction.
        path: a group that may receive, and those above it.
        user: of that group; None: the organisation itself.
    """
    country: int = effective(path, "country_code").value
    if user is None:
        return work.store.numbers.of_organisation(path[0].organisation, country, work.at)
    user = work.store.users.hold(user.id)  # which may have got its number since: one mail, many recipients
    if user.number is not None and work.store.numbers.use(user.number, user.id, work.at):
        return user.number
    number = work.store.numbers.take(user.id, country, work.at)
    if number is None:
        _log.warning("no number is free for %s of %s (country code %d): provide more", user.id, path[0].id, country)
    if number != user.number:
        work.store.users.save(evolve(user, number=number))
    return number


@frozen
class Owner:
    """Whose what comes to a number is.

    Attributes:
        organisation: in whose log it stands.
        user: whose thread it is in; None: it is the organisation's own.
        present: the number is theirs now; else it rests, and they had it last.
    """

    organisation: GroupId
    user: UserId | None
    present: bool = True


def owner_of(work: Work, number: str) -> Owner | None:
    """Whose number it is, or was until it has rested; None: nobody's.

    An answer is a use: it renews the lease, also one that has lapsed.
    """
    found = work.store.numbers.find(number)
    if found is None:
        return None
    if found.user is not None and work.store.numbers.use(number, found.user, work.at):
        return Owner(work.store.users.get(found.user).organisation, found.user)
    if found.last_user is not None and found.rests_until is not None and work.at < found.rests_until:
        return Owner(work.store.users.get(found.last_user).organisation, found.last_user, present=False)
    if found.organisation is not None and not found.withdrawn:
        return Owner(found.organisation, None)
    return None


def give_back(work: Work, users: Iterable[User]) -> tuple[User, ...]:
    """The users without their numbers, which rest from now on. Whoever calls this stores them."""
    users = tuple(users)
    having = [user.id for user in users if user.number is not None]
    if having:
        work.store.numbers.give_back(having, work.at)
    return tuple(evolve(user, number=None) for user in users)


def given_back_unless(work: Work, users: tuple[User, ...], group: Group) -> tuple[User, ...]:
    """Users who come into a group: with their numbers if it may receive, else without. Whoever calls this stores them."""
    if any(user.number for user in users) and not effective(work.store.path(group.id), "may_receive").value:
        return give_back(work, users)
    return users


def take_back(work: Work, before: Tree, after: Tree) -> None:
    """Take the numbers of all users whose groups may not receive any more, once the tree has changed."""
    for key in after.groups:
        if not effective(after.path(key), "may_receive").value and effective(before.path(key), "may_receive").value:
            for user in give_back(work, (one for one in work.store.users.where(group=key) if one.number)):
                work.store.users.save(user)


def provide_numbers(work: Work, command: ProvideNumbers) -> int:
    """Fill the pool, or give an organisation numbers of its own."""
    work.operator()
    if command.organisation is not None and work.store.groups.get(command.organisation).parent is not None:
        raise Invalid(
            "Numbers are given to whole organisations: name the root group.",
            code="not_a_root",
            group=command.organisation,
        )
    numbers = [parse_number(number) for number in command.numbers]
    return work.store.numbers.provide(
        [Number(number=one, country=_calling_code(one), organisation=command.organisation) for one in numbers]
    )


def _calling_code(number: str) -> int:
    import phonenumbers

    return phonenumbers.parse(number).country_code or 0


def withdraw_numbers(work: Work, command: WithdrawNumbers) -> int:
    """Out of the pool, and away from who has them."""
    work.operator()
    count = 0
    for written in sorted({parse_number(number) for number in command.numbers}):
        try:
            number = work.store.numbers.hold(written)
        except NotFound:
            continue
        if number.withdrawn:
            continue
        if number.user is not None:
            work.store.users.save(evolve(work.store.users.hold(number.user), number=None))
        work.store.numbers.save(withdrawn(number, work.at))
        count += 1
    return count


def count_numbers(work: Work, _: CountNumbers) -> tuple[PoolCount, ...]:
    """By country."""
    work.operator()
    return work.store.numbers.counted(work.at)


def list_numbers(work: Work, query: ListNumbers) -> tuple[Number, ...]:
    """A page of them."""
    work.operator()
    if not 1 <= query.most <= _MOST_ROWS:
        raise Invalid(f"A page has 1 to {_MOST_ROWS} rows, not {query.most}.", code="page_size", most=query.most)
    return work.store.numbers.listed(query.after, query.most)
