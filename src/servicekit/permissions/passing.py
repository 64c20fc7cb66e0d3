"""Passing on: what somebody would have to hold besides, to grant what it wants to grant.

Rules kept here: a grant with ``grants:write`` among its scopes may be passed on, all of it or part of it; no wider than
its boundary and no longer than it lasts. So whoever grants raises nobody above itself, and several grants add up only where
each of them covers the whole boundary.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import evolve

from servicekit.ids import CustomerId, FacilityId, GroupId
from servicekit.moments import Instant
from servicekit.permissions.grants import Grant
from servicekit.permissions.scopes import Scope, Scopes

__all__ = ["GRANTS_WRITE", "missing_to_give", "narrowed"]

GRANTS_WRITE = Scope("grants", "write")
"""What makes a grant one that may be passed on."""


def missing_to_give(held: Iterable[Grant], given: Grant, path: Sequence[GroupId], at: Instant) -> Scopes:
    """What is missing from the giver's grants to give this one; empty: it may.

    Args:
        held: the giver's.
        given: the grant that it wants to give; one that shall end is asked about with ``until=at``.
        path: the group of the grant's boundary and those above it.
        at: now.
    """
    may = Scopes()
    for grant in held:
        lasts = grant.until is None or (given.until is not None and given.until <= grant.until)
        if (
            grant.holds_at(at)
            and lasts
            and grant.gives.implies(GRANTS_WRITE)
            and given.boundary.within(grant.boundary, path)
        ):
            may |= grant.gives
    return given.gives - may


def narrowed(
    grant: Grant, customer: CustomerId, facilities: tuple[FacilityId, ...] | None, unassigned: bool
) -> Grant | None:
    """A grant as it counts for a customer's user, who sees no more than this of the customer; None: not at all."""
    if grant.customer != customer:
        return None
    both = grant.facilities if facilities is None else facilities
    if facilities is not None and grant.facilities is not None:
        both = tuple(facility for facility in grant.facilities if facility in facilities)
    return evolve(grant, facilities=both, unassigned=grant.unassigned and unassigned)
