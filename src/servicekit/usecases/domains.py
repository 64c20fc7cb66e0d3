"""Mail domains: set for a group, with the users that they bring along; released; listed."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import evolve

from servicekit.errors import Conflict, Forbidden, NotFound
from servicekit.groups import (
    Domain,
    DomainKind,
    DomainSet,
    Group,
    ListDomains,
    ReleaseDomain,
    SetSubdomain,
    SetTopDomain,
    User,
    domain_of,
    levels,
    read_domain,
)
from servicekit.usecases.restructuring import hold_free_accounts, place
from servicekit.usecases.work import Work, unseen

__all__ = ["list_domains", "owner_of", "release_domain", "set_subdomain", "set_top_domain"]


def set_top_domain(work: Work, command: SetTopDomain) -> DomainSet:
    """An operator's, who has made sure that it is the customer's."""
    work.operator()
    name = read_domain(command.domain)
    if command.group is None:
        return _freed(work, name)
    work.store.hold_tree(command.group)
    group = work.store.path(command.group)[0]
    if group.removed:
        raise unseen(group)
    return _settled(work, *_claimed(work, Domain(name, DomainKind.TOP, group.id), group))


def _freed(work: Work, name: str) -> DomainSet:
    known = work.store.domains.where(name=name)
    if not known or known[0].group is None:
        raise _no_domain(name)
    freed = evolve(known[0], group=None)
    work.store.domains.save(freed)
    return DomainSet(freed, ())


def set_subdomain(work: Work, command: SetSubdomain) -> DomainSet:
    """Below a domain that the asker administers; nobody is taken out of groups that the asker may not change."""
    name = read_domain(command.domain)
    work.store.hold_tree(command.group)
    group = work.allow("domains:write", command.group)[0]
    above = owner_of(work, levels(name)[1])
    owner = () if above is None or above.group is None else work.store.path(above.group)
    if not owner or owner[-1].id != group.organisation or not work.decision("domains:write", owner):
        raise Conflict(
            f"{name} is below no domain of your groups: the platform's operator sets top domains.",
            code="domain_not_owned",
            domain=name,
        )
    domain, users = _claimed(work, Domain(name, DomainKind.SUB, group.id), group)
    ours = {user.group for user in users if user.organisation == group.organisation}
    if not all(work.decision("users:write", work.store.path(left)) for left in ours):
        raise Conflict(
            f"Users of {name} are in groups that you may not change: ask an administrator further up.",
            code="users_elsewhere",
            domain=name,
        )
    return _settled(work, domain, users)


def owner_of(work: Work, domain: str) -> Domain | None:
    """The most specific domain with an owner that ``domain`` is or lies below; None if there is none."""
    known = (found for level in levels(domain) for found in work.store.domains.where(name=level))
    return next((found for found in known if found.group is not None), None)


def _claimed(work: Work, domain: Domain, group: Group) -> tuple[Domain, tuple[User, ...]]:
    """The domain stored, and the users whom it brings: free accounts, and those of other groups of the organisation."""
    known = work.store.domains.where(name=domain.name)
    if any(other.group not in {None, group.id} for other in known):
        raise Conflict(f"{domain.name} is taken.", code="domain_taken", domain=domain.name)
    (work.store.domains.save if known else work.store.domains.add)(domain)
    free = hold_free_accounts(work)
    reached = {group.organisation} | ({free.id} if free is not None else set())
    found = (user for user in work.store.users.at_domain(domain.name) if user.organisation in reached)
    users = (user for user in found if user.group != group.id and owner_of(work, domain_of(user.email)) == domain)
    return domain, tuple(users)


def _settled(work: Work, domain: Domain, users: Iterable[User]) -> DomainSet:
    assert domain.group is not None
    placed = place(work, users, work.store.groups.get(domain.group))
    return DomainSet(domain, tuple(user.id for user in placed))


def release_domain(work: Work, command: ReleaseDomain) -> Domain:
    """Nobody's from now on."""
    group = work.allow("domains:write", command.group)[0]
    name = read_domain(command.domain)
    known = work.store.domains.where(name=name, group=group.id)
    if not known:
        raise _no_domain(name)
    if known[0].kind is DomainKind.TOP:
        raise Forbidden(f"{name} is a top domain: only the platform's operator can release it.", code="top_domain")
    freed = evolve(known[0], group=None)
    work.store.domains.save(freed)
    return freed


def _no_domain(name: str) -> NotFound:
    return NotFound(f"There is no domain {name} here.", code="no_domain", domain=name)


def list_domains(work: Work, query: ListDomains) -> tuple[Domain, ...]:
    """Those of exactly this group."""
    group = work.allow("domains:read", query.group)[0]
    return work.store.domains.where(group=group.id)
