"""Passing on, against a slow model: whatever one comes to allow, the giver was allowed itself."""

from __future__ import annotations

from itertools import product

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from servicekit.ids import CustomerId, FacilityId, GrantId, GroupId
from servicekit.moments import Instant
from servicekit.permissions import Grant, Held, Place, Scope, Scopes, missing_to_give, narrowed

ROOT, TEAM = GroupId("grp_root"), GroupId("grp_team")
PATHS = {ROOT: (ROOT,), TEAM: (TEAM, ROOT)}
CUSTOMERS = [CustomerId("cus_1"), CustomerId("cus_2")]
FACILITIES = [FacilityId("fac_1"), FacilityId("fac_2")]
TEXTS = ["log:read", "log:write", "users:read", "grants:write", "*:read", "*:*"]
DEEDS = ["log:read", "log:write", "users:read", "users:write", "grants:write"]
PLACES = [Place(*drawn) for drawn in product(PATHS.values(), [None, *CUSTOMERS], [None, *FACILITIES])]
NOW = Instant(1)


@st.composite
def grants(draw: st.DrawFn, *, until: tuple[Instant | None, ...] = (None, Instant(0), Instant(2), Instant(3))) -> Grant:
    """Any grant."""
    grant = Grant(
        id=GrantId("gnt_1"),
        organisation=ROOT,
        principal="usr_1",
        scopes=tuple(draw(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3))),
        group=draw(st.sampled_from([ROOT, TEAM])),
        until=draw(st.sampled_from(until)),
    )
    if draw(st.booleans()):
        return grant
    return evolve(
        grant,
        customer=draw(st.sampled_from(CUSTOMERS)),
        facilities=draw(st.none() | st.lists(st.sampled_from(FACILITIES), unique=True).map(tuple)),
        unassigned=draw(st.booleans()),
    )


@pytest.mark.spec("P-05")
@given(st.lists(grants(), max_size=3), grants(until=(None, Instant(2), Instant(3))))
def test_nobody_gives_what_it_has_not(held: list[Grant], given_: Grant) -> None:
    """Nothing missing: whatever the grant allows anywhere at any time, the giver's passable grants allow there and then."""
    if missing_to_give(held, given_, PATHS[given_.group], NOW):
        return
    own = Held(one for one in held if one.gives.implies(Scope.parse("grants:write")))
    other = Held([given_])
    for deed, place, at in product(DEEDS, PLACES, (NOW, Instant(2), Instant(3))):
        assert own.allows(deed, place, at) or not other.allows(deed, place, at)


@given(st.lists(grants(), max_size=3), grants())
def test_what_is_missing_is_the_least_that_helps(held: list[Grant], given_: Grant) -> None:
    """Whoever holds that besides, over the same and to be passed on, may give it; and without it may not."""
    path = PATHS[given_.group]
    missing = missing_to_give(held, given_, path, NOW)
    assert missing <= given_.gives
    if missing:
        more = evolve(given_, scopes=(*map(str, missing), "grants:write"), until=None)
        assert not missing_to_give([*held, more], given_, path, NOW)


@given(st.lists(grants(), max_size=3), grants())
def test_ending_needs_no_time(held: list[Grant], given_: Grant) -> None:
    """A grant that shall end now asks for no more than the same scopes over the same boundary, for this moment."""
    path = PATHS[given_.group]
    forever = [evolve(one, until=None) if one.holds_at(NOW) else one for one in held]
    asked = evolve(given_, until=NOW)
    assert missing_to_give(held, asked, path, NOW) == missing_to_give(forever, given_, path, NOW)


def test_a_grant_that_is_not_to_be_passed_on_gives_nothing() -> None:
    """The right to grant stands in the very grant that is passed on, not in another."""
    log, admin = (
        Grant(id=GrantId(f"gnt_{n}"), organisation=ROOT, principal="u", scopes=scopes, group=ROOT)
        for n, scopes in enumerate((("log:read",), ("grants:write", "users:read")))
    )
    assert missing_to_give([log, admin], log, (ROOT,), NOW) == Scopes.parse("log:read")
    assert not missing_to_give([log, admin], evolve(log, scopes=("users:read",)), (ROOT,), NOW)


FACILITY_SETS = st.none() | st.lists(st.sampled_from(FACILITIES), unique=True).map(tuple)


@pytest.mark.spec("P-03")
@given(grants(), st.sampled_from(CUSTOMERS), FACILITY_SETS, st.booleans())
def test_a_customers_user_is_granted_nothing_beyond_its_settings(
    grant: Grant, customer: CustomerId, facilities: tuple[FacilityId, ...] | None, unassigned: bool
) -> None:
    """A place is within what is left exactly where both the grant and the settings have it, of that customer."""
    settings = evolve(grant, group=ROOT, customer=customer, facilities=facilities, unassigned=unassigned)
    left = narrowed(grant, customer, facilities, unassigned)
    for place in PLACES:
        both = grant.boundary.covers(place) and settings.boundary.covers(place) and grant.customer == customer
        assert (left is not None and left.boundary.covers(place)) == both
