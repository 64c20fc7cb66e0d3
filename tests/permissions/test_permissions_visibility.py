"""Visibility against a slow model: the set of everything that somebody may see, written out."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from servicekit.ids import CustomerId, FacilityId, GrantId, GroupId
from servicekit.permissions import AnyOf, Everything, Grant, InGroups, Nothing, OfCustomer, Visible, sees, visible_by
from visible_things import GRANTS, checked
from visible_things import THINGS as PLACED_THINGS


@frozen
class Thing:
    """An object of the portal."""

    organisation: GroupId
    customer: CustomerId
    facility: FacilityId | None


ORGANISATIONS = [GroupId("grp_1"), GroupId("grp_2")]
CUSTOMERS = [CustomerId("cus_1"), CustomerId("cus_2")]
FACILITIES = [FacilityId("fac_1"), FacilityId("fac_2"), FacilityId("fac_3")]
THINGS = [Thing(*drawn) for drawn in product(ORGANISATIONS, CUSTOMERS, [*FACILITIES, None])]
GROUPS = st.lists(st.sampled_from([*ORGANISATIONS, GroupId("grp_team")]), unique=True).map(tuple)
PARTS: Any = st.one_of(
    st.builds(Everything, st.sampled_from(ORGANISATIONS)),
    st.builds(InGroups, st.sampled_from(ORGANISATIONS), GROUPS),
    st.builds(
        OfCustomer,
        organisation=st.sampled_from(ORGANISATIONS),
        customer=st.sampled_from(CUSTOMERS),
        facilities=st.none() | st.lists(st.sampled_from(FACILITIES), unique=True).map(tuple),
        unassigned=st.booleans(),
        groups=st.none() | GROUPS,
    ),
)
ONE: st.SearchStrategy[Visible] = st.just(Nothing()) | PARTS
VISIBLE: st.SearchStrategy[Visible] = ONE | st.lists(PARTS, max_size=3).map(tuple).map(AnyOf)


def all_seen(visible: Visible) -> set[Thing]:
    """What is visible, as a set that is built up piece by piece; every thing here lies in its organisation's root."""
    match visible:
        case Nothing():
            return set()
        case Everything(organisation):
            return {thing for thing in THINGS if thing.organisation == organisation}
        case InGroups(organisation, groups):
            return all_seen(Everything(organisation)) if organisation in groups else set()
        case AnyOf(parts):
            return set[Thing]().union(*map(all_seen, parts))
    places: list[FacilityId | None] = list(FACILITIES if visible.facilities is None else visible.facilities)
    if visible.unassigned:
        places.append(None)
    if visible.groups is not None and visible.organisation not in visible.groups:
        return set()
    return {Thing(visible.organisation, visible.customer, place) for place in places}


@pytest.mark.spec("P-02", "P-03")
@given(VISIBLE)
def test_what_is_seen(visible: Visible) -> None:
    """Of all things there are, exactly those of the set are seen: a customer's own, at its facilities, unassigned if given."""
    assert {thing for thing in THINGS if sees(visible, thing)} == all_seen(visible)


@pytest.mark.spec("P-02")
@given(ONE)
def test_nothing_of_another_organisation_is_ever_seen(visible: Visible) -> None:
    """Whatever is visible lies in one organisation, and for a customer user with one customer."""
    seen = [thing for thing in THINGS if sees(visible, thing)]
    assert len({thing.organisation for thing in seen}) <= 1
    if isinstance(visible, OfCustomer):
        assert {thing.customer for thing in seen} <= {visible.customer}


@pytest.mark.spec("P-03")
@pytest.mark.parametrize(("unassigned", "seen"), [(True, {None}), (False, set())])
def test_no_facilities_is_not_all_facilities(unassigned: bool, seen: set[None]) -> None:
    """Bound to no facility at all, a customer user sees at most what belongs to none."""
    visible = OfCustomer(organisation=ORGANISATIONS[0], customer=CUSTOMERS[0], facilities=(), unassigned=unassigned)
    assert {thing.facility for thing in THINGS if sees(visible, thing)} == seen


@pytest.mark.spec("P-11")
@given(GRANTS)
def test_what_grants_let_see_is_what_the_check_allows(grants: list[Grant]) -> None:
    """Thing by thing, of one organisation: whatever the grants, their groups, customers and times."""
    visible, allowed = checked(grants)
    assert {thing.number for thing in PLACED_THINGS if sees(visible, thing)} == allowed


def test_what_grants_let_see_is_said_in_the_shortest_way() -> None:
    """A right to everything is everything; the same twice is said once; grants of other organisations say nothing."""
    root, rival = ORGANISATIONS
    team = GroupId("grp_team")
    everything, groups, foreign = (
        Grant(id=GrantId(f"gnt_{group}"), organisation=whose, principal="u", scopes=("*:*",), group=group)
        for whose, group in ((root, root), (root, team), (rival, rival))
    )
    of_team = InGroups(root, (team,))

    def found(*grants: Grant) -> Visible:
        return visible_by(grants, root, lambda group: [group])

    assert found(groups, everything, groups) == Everything(root)
    assert found(groups, foreign, groups) == of_team
    assert found(groups) == of_team
    assert found(foreign) == found() == Nothing()
