"""Grants against a slow model: every grant and every scope tried."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.decisions import Allowed, Denied
from servicekit.errors import Invalid
from servicekit.ids import GrantId, GroupId
from servicekit.moments import Instant
from servicekit.permissions import Grant, GroupBoundary, Scope, decide

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
    decision = decide(grants, needed, path, Instant(now))
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
        assert decide(grants, needed, path, Instant(now)) or not decide(some, needed, path, Instant(now))


def test_the_same_scope_is_named_every_time() -> None:
    """Of several scopes of a grant that fit, the same one is named in every process."""
    grant = Grant(
        id=GrantId("gnt_1"), organisation=GROUPS[0], principal="usr_1", scopes=tuple(reversed(TEXTS)), group=GROUPS[0]
    )
    assert decide([grant], "bookings:read", GROUPS[:1], Instant(0)).facts["scope"] == "*:*"


def test_a_need_that_is_no_scope_is_refused() -> None:
    """A misspelt need is a fault of the code that asks: it is no denial that could be overlooked."""
    with pytest.raises(Invalid):
        decide([], "bookings", GROUPS, Instant(0))


def test_a_grants_boundary_is_its_group() -> None:
    """It counts at its group and below."""
    grant = Grant(id=GrantId("gnt_1"), organisation=GROUPS[0], principal="usr_1", scopes=(), group=GROUPS[1])
    assert grant.boundary == GroupBoundary(GROUPS[1])
