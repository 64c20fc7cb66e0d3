"""Grants against a slow model: every grant and every scope tried."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.decisions import Allowed, Denied
from servicekit.errors import Invalid
from servicekit.ids import CustomerId, FacilityId, GrantId, GroupId
from servicekit.moments import Instant
from servicekit.permissions import Boundary, Grant, Held, Place, Scope, Scopes, decide

GROUPS = [GroupId(f"grp_{name}") for name in "abcd"]
TEXTS = ["bookings:read", "bookings:write", "bookings:manage", "*:read", "log:*", "meetings:host", "*:*"]
TIMES = st.none() | st.integers(-2, 2).map(Instant)


@st.composite
def granted(draw: st.DrawFn) -> list[Grant]:
    """Up to four grants of one principal."""
    drawn = draw(
        st.lists(
            st.tuples(st.lists(st.sampled_from(TEXTS), max_size=3), st.sampled_from(GROUPS), TIMES, TIMES), max_size=4
        )
    )
    return [
        Grant(
            id=GrantId(f"gnt_{number}"),
            organisation=GROUPS[-1],
            principal="usr_1",
            scopes=tuple(scopes),
            group=group,
            since=since,
            until=until,
        )
        for number, (scopes, group, since, until) in enumerate(drawn)
    ]


@given(granted(), st.sampled_from(TEXTS), st.lists(st.sampled_from(GROUPS), unique=True), st.integers(-3, 3))
def test_allowed_exactly_when_a_grant_says_so(grants: list[Grant], needed: str, path: list[GroupId], now: int) -> None:
    """A grant counts within its time, at its group and below, for what its scopes imply; the first that fits is named."""
    fitting = [
        grant
        for grant in grants
        if grant.group in path
        and (grant.since is None or grant.since.us <= now)
        and (grant.until is None or now < grant.until.us)
        and any(Scope.parse(text).implies(Scope.parse(needed)) for text in grant.scopes)
    ]
    decision = decide(grants, needed, Place(path), Instant(now))
    if fitting:
        assert isinstance(decision, Allowed)
        assert (decision.facts["grant"], decision.facts["group"]) == (fitting[0].id, fitting[0].group)
        assert decision.facts["scope"] in fitting[0].scopes
        assert Scope.parse(str(decision.facts["scope"])).implies(Scope.parse(needed))
        assert str(decision.facts["scope"]) in decision.reason
    else:
        assert isinstance(decision, Denied)
        assert decision.facts == {"needs": needed}
        assert needed in decision.reason


@pytest.mark.parametrize(
    ("since", "until", "held"),
    [(None, None, "-101"), (0, None, "01"), (None, 0, "-1"), (0, 1, "0"), (-1, 1, "-10"), (1, 0, "")],
)
def test_a_grant_counts_from_and_until(since: int | None, until: int | None, held: str) -> None:
    """Of the instants -1, 0 and 1 it counts at its first and at none from its last on."""
    grant = Grant(
        id=GrantId("gnt_1"),
        organisation=GROUPS[0],
        principal="usr_1",
        scopes=(),
        group=GROUPS[0],
        since=None if since is None else Instant(since),
        until=None if until is None else Instant(until),
    )
    assert "".join(str(us) for us in (-1, 0, 1) if grant.holds_at(Instant(us))) == held


@given(granted(), st.sampled_from(TEXTS), st.lists(st.sampled_from(GROUPS), unique=True), st.integers(-3, 3))
def test_more_grants_never_take_away(grants: list[Grant], needed: str, path: list[GroupId], now: int) -> None:
    """What some of the grants allow, all of them allow."""
    for some in (grants[:1], grants[1:], grants[::2]):
        where = Place(path)
        assert decide(grants, needed, where, Instant(now)) or not decide(some, needed, where, Instant(now))


def test_the_same_scope_is_named_every_time() -> None:
    """Of several scopes of a grant that fit, the same one is named in every process."""
    grant = Grant(
        id=GrantId("gnt_1"), organisation=GROUPS[0], principal="usr_1", scopes=tuple(reversed(TEXTS)), group=GROUPS[0]
    )
    assert decide([grant], "bookings:read", Place(GROUPS[:1]), Instant(0)).facts["scope"] == "*:*"


def test_a_need_that_is_no_scope_is_refused() -> None:
    """A misspelt need is a fault of the code that asks: it is no denial that could be overlooked."""
    with pytest.raises(Invalid):
        decide([], "bookings", Place(GROUPS), Instant(0))


CUSTOMERS = [CustomerId("cus_1"), CustomerId("cus_2")]
FACILITIES = [FacilityId("fac_1"), FacilityId("fac_2")]


@st.composite
def bounded(draw: st.DrawFn) -> Grant:
    """A grant with any boundary."""
    customer = draw(st.sampled_from([None, *CUSTOMERS]))
    free = customer is None
    return Grant(
        id=GrantId(f"gnt_{draw(st.integers(1, 9))}"),
        organisation=GROUPS[-1],
        principal="usr_1",
        scopes=tuple(draw(st.lists(st.sampled_from(TEXTS), max_size=3))),
        group=draw(st.sampled_from(GROUPS)),
        since=draw(TIMES),
        until=draw(TIMES),
        customer=customer,
        facilities=None if free else draw(st.none() | st.lists(st.sampled_from(FACILITIES), unique=True).map(tuple)),
        unassigned=free or draw(st.booleans()),
    )


PLACES = st.builds(
    Place,
    st.lists(st.sampled_from(GROUPS), unique=True),
    st.sampled_from([None, *CUSTOMERS]),
    st.sampled_from([None, *FACILITIES]),
)


@given(st.lists(bounded(), max_size=4), st.sampled_from(TEXTS), PLACES, st.integers(-3, 3))
def test_the_quick_check_is_the_plain_one(grants: list[Grant], needed: str, place: Place, now: int) -> None:
    """What is made ready for many checks says what a look at each grant's time, boundary and scopes says; also again."""
    at = Instant(now)
    fitting = [
        grant
        for grant in grants
        if grant.holds_at(at) and grant.boundary.covers(place) and grant.gives.implies(Scope.parse(needed))
    ]
    held = Held(grants)
    for _ in range(2):
        decision = held.check(needed, place, at)
        assert bool(decision) == held.allows(needed, place, at) == bool(fitting)
        assert decision.facts.get("grant") == (fitting[0].id if fitting else None)
    giving = [one for one in grants if one.holds_at(at) and one.gives.implies(Scope.parse(needed))]
    assert held.implying(needed, at) == tuple(giving)
    assert held.knows(place, at) == any(one.holds_at(at) and one.boundary.covers(place) for one in grants)


def test_so_many_scopes_are_remembered_and_no_more() -> None:
    """Whoever asks for ever new scopes gets right answers, and no memory fills up."""
    held = Held([Grant(id=GrantId("gnt_1"), organisation=GROUPS[0], principal="u", scopes=("a:*",), group=GROUPS[0])])
    where = Place(GROUPS[:1])
    for number in range(1100):
        assert held.allows(f"a:x{number}", where, Instant(0))
        assert not held.allows(f"b:x{number}", where, Instant(0))
    assert len(held._fitting) <= 1000


@pytest.mark.spec("P-12")
def test_an_answer_says_all_of_the_grant_that_decided() -> None:
    """As data that JSON takes, and in words with the boundary."""
    grant = Grant(
        id=GrantId("gnt_1"),
        organisation=GROUPS[0],
        principal="usr_1",
        scopes=("orders:write",),
        group=GROUPS[0],
        since=Instant(0),
        until=Instant(9_000_000),
        customer=CUSTOMERS[0],
        facilities=(FACILITIES[0],),
        unassigned=False,
    )
    allowed = decide([grant], "orders:read", Place(GROUPS[:1], CUSTOMERS[0], FACILITIES[0]), Instant(1))

    assert json.loads(json.dumps(allowed.facts)) == {
        "grant": "gnt_1",
        "scope": "orders:write",
        "group": "grp_a",
        "customer": "cus_1",
        "facilities": ["fac_1"],
        "unassigned": False,
        "since": "1970-01-01T00:00:00Z",
        "until": "1970-01-01T00:00:09Z",
    }
    assert allowed.reason == (
        "orders:write is granted here (grant gnt_1: group grp_a and below, customer cus_1, at fac_1)."
    )


def test_a_grant_shows_what_it_gives_and_where() -> None:
    """Its boundary and its scopes, as values."""
    grant = Grant(
        id=GrantId("gnt_1"), organisation=GROUPS[0], principal="u", scopes=("a:read", "a:write"), group=GROUPS[1]
    )
    assert grant.boundary == Boundary(group=GROUPS[1])
    assert grant.gives == Scopes.parse("a:write")
