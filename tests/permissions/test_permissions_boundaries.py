"""Boundaries against a slow model: the set of all places that lie within."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.errors import Invalid
from servicekit.ids import CustomerId, FacilityId, GroupId
from servicekit.permissions import Boundary, Place

ROOT, TEAM, TRAINEES, OTHER = (GroupId(f"grp_{name}") for name in ("root", "team", "trainees", "other"))
PATHS = {ROOT: [ROOT], TEAM: [TEAM, ROOT], TRAINEES: [TRAINEES, TEAM, ROOT], OTHER: [OTHER]}
CUSTOMERS = [CustomerId("cus_1"), CustomerId("cus_2")]
FACILITIES = [FacilityId("fac_1"), FacilityId("fac_2"), FacilityId("fac_3")]
PLACES = [Place(*drawn) for drawn in product(PATHS.values(), [None, *CUSTOMERS], [None, *FACILITIES])]


@st.composite
def boundaries(draw: st.DrawFn) -> Boundary:
    """Any that there can be."""
    group = draw(st.sampled_from(list(PATHS)))
    if draw(st.booleans()):
        return Boundary(group=group)
    return Boundary(
        group=group,
        customer=draw(st.sampled_from(CUSTOMERS)),
        facilities=draw(st.none() | st.lists(st.sampled_from(FACILITIES), unique=True, max_size=2).map(tuple)),
        unassigned=draw(st.booleans()),
    )


def inside(boundary: Boundary) -> set[Place]:
    """All places within, built up piece by piece."""
    groups = [group for group, path in PATHS.items() if boundary.group in path]
    if boundary.customer is None:
        everywhere = product(groups, [None, *CUSTOMERS], [None, *FACILITIES])
        return {Place(PATHS[group], customer, facility) for group, customer, facility in everywhere}
    at: list[FacilityId | None] = list(FACILITIES if boundary.facilities is None else boundary.facilities)
    at += [None] * boundary.unassigned
    return {Place(PATHS[group], boundary.customer, facility) for group, facility in product(groups, at)}


@given(boundaries())
def test_a_boundary_covers_the_places_within(boundary: Boundary) -> None:
    """Of all places there are, exactly those."""
    assert {place for place in PLACES if boundary.covers(place)} == inside(boundary)


@given(boundaries(), boundaries())
def test_what_is_within_a_boundary_covers_no_more(inner: Boundary, outer: Boundary) -> None:
    """Whatever the inner one covers the outer one covers; where it says no, there is something more, now or one day."""
    if inner.within(outer, PATHS[inner.group]):
        assert inside(inner) <= inside(outer)
    else:
        assert not inside(inner) <= inside(outer) or inside(inner) == set()


def test_all_facilities_are_more_than_those_there_are() -> None:
    """A bound of all facilities is wider than one that names every one: tomorrow there is another."""
    named = Boundary(group=ROOT, customer=CUSTOMERS[0], facilities=tuple(FACILITIES))
    every = Boundary(group=ROOT, customer=CUSTOMERS[0])
    assert named.within(every, [ROOT])
    assert not every.within(named, [ROOT])


@pytest.mark.parametrize("bound", [{"facilities": ()}, {"unassigned": False}])
def test_facilities_are_some_customers(bound: dict[str, object]) -> None:
    """Without the customer the bound says nothing, and is refused rather than taken for none."""
    with pytest.raises(Invalid) as caught:
        Boundary(group=ROOT, **bound)  # type: ignore[arg-type]
    assert caught.value.code == "boundless_facilities"


@pytest.mark.parametrize(
    ("boundary", "words"),
    [
        (Boundary(group=ROOT), "group grp_root and below"),
        (Boundary(group=ROOT, customer=CUSTOMERS[0]), "group grp_root and below, customer cus_1"),
        (
            Boundary(group=ROOT, customer=CUSTOMERS[0], unassigned=False),
            "group grp_root and below, customer cus_1, at any facility",
        ),
        (
            Boundary(group=ROOT, customer=CUSTOMERS[0], facilities=(), unassigned=False),
            "group grp_root and below, customer cus_1, at no place at all",
        ),
        (
            Boundary(group=ROOT, customer=CUSTOMERS[0], facilities=tuple(FACILITIES[:2])),
            "group grp_root and below, customer cus_1, at fac_1 and at fac_2 and at no facility",
        ),
    ],
)
def test_a_boundary_in_words(boundary: Boundary, words: str) -> None:
    """Everything that it says, and nothing that it does not."""
    assert str(boundary) == words
