"""Visibility against a slow model: the set of everything that somebody may see, written out."""

from __future__ import annotations

from itertools import product

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from servicekit.ids import CustomerId, FacilityId, GroupId
from servicekit.permissions import Everything, Nothing, OfCustomer, Visible, sees


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
VISIBLE: st.SearchStrategy[Visible] = st.one_of(
    st.just(Nothing()),
    st.builds(Everything, st.sampled_from(ORGANISATIONS)),
    st.builds(
        OfCustomer,
        organisation=st.sampled_from(ORGANISATIONS),
        customer=st.sampled_from(CUSTOMERS),
        facilities=st.none() | st.lists(st.sampled_from(FACILITIES), unique=True).map(tuple),
        unassigned=st.booleans(),
    ),
)


def all_seen(visible: Visible) -> set[Thing]:
    """What is visible, as a set that is built up piece by piece."""
    if isinstance(visible, Nothing):
        return set()
    if isinstance(visible, Everything):
        return {thing for thing in THINGS if thing.organisation == visible.organisation}
    places: list[FacilityId | None] = list(FACILITIES if visible.facilities is None else visible.facilities)
    if visible.unassigned:
        places.append(None)
    return {Thing(visible.organisation, visible.customer, place) for place in places}


@pytest.mark.spec("P-02", "P-03")
@given(VISIBLE)
def test_what_is_seen(visible: Visible) -> None:
    """Of all things there are, exactly those of the set are seen: a customer's own, at its facilities, unassigned if given."""
    assert {thing for thing in THINGS if sees(visible, thing)} == all_seen(visible)


@pytest.mark.spec("P-02")
@given(VISIBLE)
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
