"""Rights granted, ended, listed, explained and turned into filters.

Rules kept here: who may grant what is decided by :mod:`servicekit.permissions.passing` from the asker's own grants. Whoever
grants or ends a grant holds the organisation's tree: what has begun to write under it is over before, and what begins
after sees what is left.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import evolve

from servicekit.commands import PrincipalKind
from servicekit.decisions import Allowed, Decision, Denied
from servicekit.errors import Conflict, Forbidden, Invalid
from servicekit.groups import Group
from servicekit.ids import CustomerId, FacilityId, GrantId, GroupId
from servicekit.permissions import (
    Explain,
    GetVisible,
    Grant,
    GrantScopes,
    Held,
    ListGrants,
    Nothing,
    Place,
    RevokeGrant,
    Scope,
    Visible,
    visible_by,
)
from servicekit.usecases.giving import demand_to_give
from servicekit.usecases.holders import belongs, grants_of
from servicekit.usecases.membership import keep_an_admin
from servicekit.usecases.organising import ADMINISTRATION
from servicekit.usecases.restructuring import end
from servicekit.usecases.work import Work, unseen

__all__ = ["explain", "get_visible", "grant_scopes", "list_grants", "revoke_grant"]

_MOST_ROWS = 1000


def grant_scopes(work: Work, command: GrantScopes) -> Grant:
    """A grant within what the giver may pass on."""
    work.store.hold_tree(command.group)
    path = _known(work, command.group, command.customer)
    scopes = work.wiring.scopes.checked(command.scopes)
    if not scopes:
        raise Invalid("Nothing would be granted: name a scope.", code="no_scopes")
    since = max(command.since or work.at, work.at)
    if command.until is not None and command.until <= since:
        raise Invalid(
            "The grant would end before it begins: give a later end.", code="empty_time", until=command.until.iso()
        )
    grant = Grant(
        id=work.new(GrantId),
        organisation=path[-1].id,
        principal=command.principal.id,
        scopes=tuple(map(str, scopes)),
        group=path[0].id,
        since=since,
        until=command.until,
        customer=command.customer,
        facilities=command.facilities,
        unassigned=command.unassigned,
        given_by=work.by.id,
    )
    demand_to_give(work, grant, path)
    if command.principal == work.by:
        raise Forbidden("Nobody gives rights to itself: ask another administrator.", code="own_rights")
    _check_boundary(work, grant)
    if not belongs(work.store, command.principal, grant.organisation, grant.customer):
        raise Invalid(
            f"{command.principal.id} is nobody of this organisation, or not of this customer: add them first.",
            code="not_a_member",
            principal=command.principal.id,
        )
    work.store.grants.add(grant)
    return grant


def revoke_grant(work: Work, command: RevokeGrant) -> Grant:
    """An end to a grant, at once."""
    grant = work.store.grants.get(command.grant)
    work.store.hold_tree(grant.group)
    path = work.store.path(grant.group)
    own = grant.principal == work.by.id and work.by.kind is not PrincipalKind.OPERATOR
    if not own and not work.knows(path, grant.customer):
        raise unseen(grant)
    grant = work.store.grants.hold(grant.id)
    ended = evolve(grant, until=work.at)
    if not own:
        demand_to_give(work, ended, path)
    if grant.until is not None and grant.until <= work.at:
        raise Conflict("This grant has ended already.", code="ended", grant=grant.id)
    end(work, [grant])
    if ended.scopes == ADMINISTRATION and ended.group == path[-1].id:
        keep_an_admin(work, path[-1].id)
    return ended


def list_grants(work: Work, query: ListGrants) -> tuple[Grant, ...]:
    """A page of them."""
    path = work.allow("grants:read", query.group) if query.principal != work.by else _own_path(work, query.group)
    if not 1 <= query.most <= _MOST_ROWS:
        raise Invalid(f"A page has 1 to {_MOST_ROWS} rows, not {query.most}.", code="page_size", most=query.most)
    who = None if query.principal is None else query.principal.id
    groups = work.store.below(path[0].id)
    return work.store.grants.listed(groups, who, None if query.ended else work.at, query.after, query.most)


def explain(work: Work, query: Explain) -> Decision:
    """The check itself, with what of the principal's grants comes near where it is denied."""
    if query.principal == work.by:
        path = _own_path(work, query.group)
        held = work.held()
    else:
        path = work.allow("grants:read", query.group)
        held = Held(grant for grant in grants_of(work.store, query.principal) if grant.organisation == path[-1].id)
    _check_scope(work, query.scope)
    where = Place(tuple(group.id for group in path), query.customer, query.facility)
    decision = held.check(query.scope, where, work.at)
    may_read = _readable(work, query.principal == work.by)
    if isinstance(decision, Allowed):
        if may_read(next(grant for grant in held.grants if grant.id == decision.facts["grant"])):
            return decision
        return Allowed(
            f"{decision.facts['scope']} is granted above what you may read.", {"scope": decision.facts["scope"]}
        )
    near = [grant for grant in held.grants if grant.gives.implies(Scope.parse(query.scope)) and may_read(grant)]
    return _denied(work, query.scope, [grant for grant in near if grant.organisation == path[-1].id])


def _readable(work: Work, own: bool) -> Callable[[Grant], bool]:
    """Whether the asker may be shown a grant: its own, or one of a group whose grants it may read."""

    def may_read(grant: Grant) -> bool:
        return own or bool(work.decision("grants:read", work.store.path(grant.group), grant.customer))

    return may_read


def _denied(work: Work, needed: str, near: list[Grant]) -> Denied:
    """The denial for someone who asks why: each grant of that right, and why it does not count."""
    held = [{**grant.facts(), "why": _why_not(work, grant)} for grant in near]
    words = "".join(f" Grant {one['grant']} would give it, but: {one['why']}." for one in held)
    return Denied(f"{needed} is granted by nothing here.{words}", {"needs": needed, "held": held})


def _why_not(work: Work, grant: Grant) -> str:
    if grant.until is not None and grant.until <= work.at:
        return "ended"
    return "elsewhere" if grant.holds_at(work.at) else "not begun"


def get_visible(work: Work, query: GetVisible) -> Visible:
    """What the asker's grants let it see of an organisation."""
    path = work.store.path(query.organisation)
    root = path[-1].id
    held = (grant.organisation == root and grant.holds_at(work.at) for grant in work.held().grants)
    if path[0].removed or not (any(held) or belongs(work.store, work.by, root, None)):
        raise unseen(path[0])
    _check_scope(work, query.scope)
    if path[0].id != root:
        return Nothing()
    return visible_by(work.held().implying(query.scope, work.at), root, work.store.below)


def _check_scope(work: Work, text: str) -> None:
    work.wiring.scopes.checked((text,))


def _own_path(work: Work, group: GroupId) -> tuple[Group, ...]:
    """The path of a group that the asker has to do with: as one of its users, by a right in it or for a customer of it.

    Raises:
        NotFound: it has nothing to do with it.
    """
    path = work.store.path(group)
    above = {group.id for group in path}
    customers = (grant.group in above and grant.holds_at(work.at) for grant in work.held().grants)
    if path[0].removed or not (work.knows(path) or any(customers)):
        raise unseen(path[0])
    return path


def _known(work: Work, group: GroupId, customer: CustomerId | None) -> tuple[Group, ...]:
    path = work.store.path(group)
    if path[0].removed or not work.knows(path, customer):
        raise unseen(path[0])
    return path


def _check_boundary(work: Work, grant: Grant) -> None:
    if grant.customer is not None:
        customer = work.store.customers.find(grant.customer)
        if customer is None or customer.organisation != grant.organisation:
            raise Invalid(
                f"There is no customer {grant.customer} here: choose one of the organisation's.",
                code="foreign_customer",
                customer=grant.customer,
            )
        for facility in grant.facilities or ():
            _check_facility(work, customer.id, facility)
    _ = grant.boundary  # which refuses facilities without a customer


def _check_facility(work: Work, customer: CustomerId, facility: FacilityId) -> None:
    found = work.store.facilities.find(facility)
    if found is None or found.customer != customer:
        raise Invalid(
            f"The customer has no facility {facility}: choose one of its own.",
            code="foreign_facility",
            facility=facility,
        )
