"""Grants: scopes for a principal, within a boundary, for a time; and the check whether they allow something.

Rules kept here: a grant counts only within its boundary and its time; of several that fit, the first in order decides and
is named. A denial says which scope was missing, never who else has it. A grant that has ended is kept: it says who held
what, and until when.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from typing import Any

from attrs import frozen

from servicekit.decisions import Allowed, Decision, Denied
from servicekit.ids import CustomerId, FacilityId, GrantId, GroupId
from servicekit.moments import Instant
from servicekit.permissions.boundaries import Boundary, Place
from servicekit.permissions.scopes import Scope, Scopes

__all__ = ["Grant", "Held", "decide"]


# Many grants give the same, and they are read anew in each transaction: what their scopes say is worked out once.


@lru_cache(maxsize=1024)
def _given(scopes: tuple[str, ...]) -> Scopes:
    return Scopes.parse(scopes)


@lru_cache(maxsize=4096)
def _giving(scopes: tuple[str, ...], needed: Scope) -> Scope | None:
    """The first of the scopes that implies the one that is needed."""
    return next((scope for scope in _given(scopes) if scope.implies(needed)), None)


@frozen(kw_only=True)
class Grant:
    """``principal`` (an id's text) holds ``scopes`` within a boundary, from ``since`` until ``until``.

    Attributes:
        group, customer, facilities, unassigned: the boundary, see :class:`Boundary`.
        since: counts from here on; None: from ever.
        until: and from here on no more; None: without an end.
        given_by: whoever granted it (an id's text, or an operator's name); empty: it came with the organisation.
    """

    id: GrantId
    organisation: GroupId
    principal: str
    scopes: tuple[str, ...]
    group: GroupId
    since: Instant | None = None
    until: Instant | None = None
    customer: CustomerId | None = None
    facilities: tuple[FacilityId, ...] | None = None
    unassigned: bool = True
    given_by: str = ""

    @cached_property
    def boundary(self) -> Boundary:
        """Where it counts."""
        return Boundary(
            group=self.group, customer=self.customer, facilities=self.facilities, unassigned=self.unassigned
        )

    @cached_property
    def gives(self) -> Scopes:
        """What it gives."""
        return _given(self.scopes)

    def holds_at(self, at: Instant) -> bool:
        """Whether it counts at ``at``."""
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)

    def facts(self) -> Mapping[str, object]:
        """It as data, ready for JSON."""
        return {
            "grant": self.id,
            "group": self.group,
            "customer": self.customer,
            "facilities": None if self.facilities is None else list(self.facilities),
            "unassigned": self.unassigned,
            "since": None if self.since is None else self.since.iso(),
            "until": None if self.until is None else self.until.iso(),
        }


class Held:
    """The grants of one principal, made ready for many checks.

    What the first check of a scope works out is kept for those after it, until there are a thousand scopes; the grants
    themselves are not read again, so make one of these for each transaction, and no longer.
    """

    __slots__ = ("_bounds", "_fitting", "grants")

    def __init__(self, grants: Iterable[Grant]) -> None:
        self.grants = tuple(grants)
        self._fitting: dict[str, tuple[_Fit, ...]] = {}

    def check(self, needed: str, place: Place, at: Instant) -> Decision:
        """Whether a thing at ``place`` may be done, and why.

        Args:
            needed: a scope's text, such as ``"bookings:write"``.
            place: where the thing lies.
            at: now.

        Raises:
            Invalid: ``bad_scope``: a misspelt need is a fault of the code that asks, and no denial.
        """
        fit = self._first(needed, place, at)
        return _denied(needed) if fit is None else fit.allowed

    def allows(self, needed: str, place: Place, at: Instant) -> bool:
        """Whether :meth:`check` allows it."""
        return self._first(needed, place, at) is not None

    def knows(self, place: Place, at: Instant) -> bool:
        """Whether anything at all is held there."""
        return any(grant.holds_at(at) and grant.boundary.covers(place) for grant in self.grants)

    def implying(self, needed: str, at: Instant) -> tuple[Grant, ...]:
        """The grants that give a scope at ``at``, wherever they count."""
        return tuple(fit.grant for fit in self._fits(needed) if fit.grant.holds_at(at))

    def _first(self, needed: str, place: Place, at: Instant) -> _Fit | None:
        # Kept flat: this is what a check costs. Boundary.covers says the same, and a test holds the two equal.
        path, now = place.path, at.us
        for fit in self._fitting.get(needed) or self._fits(needed):
            if fit.begins <= now < fit.ends and fit.group in path and (fit.anywhere or fit.boundary.covers(place)):
                return fit
        return None

    def _fits(self, needed: str) -> tuple[_Fit, ...]:
        found = self._fitting.get(needed)
        if found is None:
            scope = Scope.parse(needed)
            found = tuple(fit for grant in self.grants if (fit := _fit(grant, scope)) is not None)
            if len(self._fitting) < _MOST_SCOPES:
                self._fitting[needed] = found
        return found


_MOST_SCOPES = 1000
_EVER = 1 << 63  # beyond the years of any instant, in microseconds


class _Fit:
    """A grant that gives a scope, with the answer that it leads to."""

    __slots__ = ("allowed", "anywhere", "begins", "boundary", "ends", "grant", "group")

    def __init__(self, grant: Grant, held: Scope) -> None:
        self.grant = grant
        self.group = grant.group
        self.boundary = grant.boundary
        self.anywhere = grant.customer is None
        self.begins = -_EVER if grant.since is None else grant.since.us
        self.ends = _EVER if grant.until is None else grant.until.us
        facts: dict[str, Any] = {**grant.facts(), "scope": str(held)}
        self.allowed = Allowed(f"{held} is granted here (grant {grant.id}: {self.boundary}).", facts)


def _fit(grant: Grant, needed: Scope) -> _Fit | None:
    held = _giving(grant.scopes, needed)
    return None if held is None else _Fit(grant, held)


def _denied(needed: str) -> Denied:
    return Denied(
        f"This needs the right {needed}, which you do not hold here: ask an administrator for it.",
        {"needs": needed},
    )


def decide(grants: Iterable[Grant], needed: str, place: Place, at: Instant) -> Decision:
    """Whether one of ``grants`` gives the scope ``needed`` for something at ``place``; see :meth:`Held.check`."""
    return Held(grants).check(needed, place, at)
