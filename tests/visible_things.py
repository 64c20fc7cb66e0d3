"""Things of a portal and all that somebody may see of them, for the tests that hold filters and checks equal."""

from __future__ import annotations

from itertools import product
from typing import Any

from attrs import evolve, frozen
from hypothesis import strategies as st

from servicekit.ids import CustomerId, FacilityId, GrantId, GroupId
from servicekit.moments import Instant
from servicekit.permissions import (
    AnyOf,
    Everything,
    Grant,
    Held,
    InGroups,
    Nothing,
    OfCustomer,
    Place,
    Visible,
    visible_by,
)


@frozen
class Thing:
    """A row of an application's table."""

    number: int
    organisation: GroupId
    group: GroupId | None
    customer: CustomerId | None
    facility: FacilityId | None


ROOT, TEAM, TRAINEES, RIVAL = (GroupId(f"grp_{name}") for name in ("root", "team", "trainees", "rival"))
PATHS = {ROOT: (ROOT,), TEAM: (TEAM, ROOT), TRAINEES: (TRAINEES, TEAM, ROOT), RIVAL: (RIVAL,)}
CUSTOMERS = [CustomerId("cus_1"), CustomerId("cus_2' OR '1'='1")]
FACILITIES = [FacilityId("fac_1"), FacilityId("fac_2"), FacilityId("fac_%s?:x")]
PLACED = [(ROOT, None), (ROOT, ROOT), (ROOT, TEAM), (ROOT, TRAINEES), (RIVAL, None)]
THINGS = [
    Thing(number, organisation, group, customer, facility)
    for number, ((organisation, group), customer, facility) in enumerate(
        product(PLACED, [None, *CUSTOMERS], [None, *FACILITIES])
    )
]
COLUMNS = ("number", "organisation", "group", "customer", "facility")
ROWS = [tuple(getattr(thing, column) for column in COLUMNS) for thing in THINGS]

_GROUPS = st.lists(st.sampled_from([ROOT, TEAM, TRAINEES]), unique=True).map(tuple)
_PARTS: Any = st.one_of(
    st.builds(Everything, st.sampled_from([ROOT, RIVAL])),
    st.builds(InGroups, st.just(ROOT), _GROUPS),
    st.builds(
        OfCustomer,
        organisation=st.sampled_from([ROOT, RIVAL]),
        customer=st.sampled_from(CUSTOMERS),
        facilities=st.none() | st.lists(st.sampled_from(FACILITIES), unique=True).map(tuple),
        unassigned=st.booleans(),
        groups=st.none() | _GROUPS,
    ),
)
VISIBLE: st.SearchStrategy[Visible] = st.one_of(
    st.just(Nothing()), _PARTS, st.lists(_PARTS, max_size=3).map(tuple).map(AnyOf)
)


def below(group: GroupId) -> list[GroupId]:
    """The group and those below it."""
    return [one for one, path in PATHS.items() if group in path]


def place(thing: Thing) -> Place:
    """Where it lies, for a check."""
    return Place(PATHS[thing.group or thing.organisation], thing.customer, thing.facility)


@st.composite
def _grants(draw: st.DrawFn) -> Grant:
    group = draw(st.sampled_from(list(PATHS)))
    grant = Grant(
        id=GrantId("gnt_1"),
        organisation=PATHS[group][-1],
        principal="usr_1",
        scopes=(draw(st.sampled_from(["orders:read", "orders:write", "*:read", "log:read"])),),
        group=group,
        since=draw(st.sampled_from([None, Instant(1)])),
        until=draw(st.sampled_from([None, Instant(1), Instant(2)])),
    )
    if draw(st.booleans()):
        return grant
    return evolve(
        grant,
        customer=draw(st.sampled_from(CUSTOMERS)),
        facilities=draw(st.none() | st.lists(st.sampled_from(FACILITIES), unique=True).map(tuple)),
        unassigned=draw(st.booleans()),
    )


GRANTS = st.lists(_grants(), max_size=4)


def checked(grants: list[Grant]) -> tuple[Visible, set[int]]:
    """What grants let somebody see of the organisation ``ROOT``, and the numbers of the things that the check allows there."""
    held, now = Held(grants), Instant(1)
    visible = visible_by(held.implying("orders:read", now), ROOT, below)
    allowed = {
        thing.number for thing in THINGS if thing.organisation == ROOT and held.check("orders:read", place(thing), now)
    }
    return visible, allowed
