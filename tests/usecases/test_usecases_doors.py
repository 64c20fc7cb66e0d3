"""Doors at set-up: listed from the door system, and refused there and then where they could never open."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from servicekit import Kit, Principal
from servicekit.bookings import AddBranch, AddService, Branch, SetBranchDoors, SetServiceDoors
from servicekit.errors import ConfigurationError, Conflict, Invalid, NotFound, Rejected, Unreachable
from servicekit.groups import FoundOrganisation
from servicekit.ids import BranchId
from servicekit.keys import Component, ListComponents
from servicekit.testing.clock import ManualClock
from servicekit.testing.simulators import COMPONENTS, Fault
from servicekit.usecases.doors import Listing, set_service_doors
from world import CLOAKROOM, DAY, HOUR, MAIN, NOON, OPERATOR, ROOM, ROOM_2, World, exivo_adapter, opened

pytest_plugins = ("world_fixtures",)
CELLAR, GATEWAY = COMPONENTS[4].id, COMPONENTS[5].id


def doors(world: World, *components: str, besides: tuple[str, ...] = (CLOAKROOM, ROOM, ROOM_2)) -> SetBranchDoors:
    """The branch's, at its site."""
    return SetBranchDoors(
        branch=world.branch.id, site=world.branch.site, components=components, service_components=besides
    )


# Listing


@pytest.mark.spec("K-04")
def test_the_components_of_a_branchs_site_are_listed(world: World) -> None:
    """Asked of the door system, with gateways and alarms marked; nothing is written."""
    before = world.tables()
    listed: tuple[Component, ...] = world.ask(ListComponents(world.branch.id))

    assert [one.id for one in listed] == [component.id for component in COMPONENTS]
    assert [one.name for one in listed if one.gateway] == ["Gateway"]
    assert [one.id for one in listed if one.alarm] == [CELLAR]
    assert world.tables() == before


def test_a_branch_without_a_site_has_nothing_to_list(world: World) -> None:
    """It says what to set."""
    plain: Branch = world.ask(AddBranch(organisation=world.root.id, name="Plain", zone="UTC"))
    refused = world.refused(ListComponents(plain.id))

    assert (type(refused), refused.code, refused.facts) == (Conflict, "no_site", {"branch": plain.id})
    assert "Plain has no site of a door system" in refused.message


# Setting


@pytest.mark.spec("K-03")
def test_the_gateway_is_refused_wherever_it_is_set(world: World) -> None:
    """Of a branch, always or for services, when it is added and later; and so of a service, which has its branch's only."""
    new: Any = {"organisation": world.root.id, "name": "Ost", "zone": "UTC", "site": world.branch.site}
    for request in (
        AddBranch(**new, components=(MAIN, GATEWAY)),
        AddBranch(**new, service_components=(GATEWAY,)),
        doors(world, GATEWAY),
        doors(world, MAIN, besides=(CLOAKROOM, ROOM, ROOM_2, GATEWAY)),
    ):
        refused = world.refused(request)
        assert (type(refused), refused.code, refused.facts) == (Invalid, "gateway", {"component": GATEWAY})
        assert "Gateway is a gateway, which opens nothing" in refused.message


@pytest.mark.spec("K-03")
def test_a_gateway_that_was_set_before_anybody_asked_is_refused_of_a_service(tmp_path: Path, world: World) -> None:
    """A kit without a door system could not know; one that has it does."""
    with Kit.open(f"sqlite:////{world.path}", clock=world.clock) as blind:
        blind.perform(doors(world, MAIN, besides=(ROOM, GATEWAY)), by=world.anna)
    for request in (
        SetServiceDoors(service=world.massage.id, components=(GATEWAY,)),
        AddService(branch=world.branch.id, name="Spa", length=HOUR, components=(GATEWAY,)),
    ):
        assert world.refused(request).code == "gateway"


def test_a_device_can_be_called_a_gateway_by_hand(tmp_path: Path) -> None:
    """The vendor's word for it is not documented."""
    with opened(tmp_path, doors=exivo_adapter(gateways=frozenset({CELLAR}))) as world:
        assert world.refused(doors(world, MAIN, CELLAR)).code == "gateway"


def test_a_component_that_is_not_there_is_refused(world: World) -> None:
    """A slip in an id is found by who makes it."""
    refused = world.refused(doors(world, "c0ffee"))
    assert (refused.code, refused.facts) == ("unknown_component", {"component": "c0ffee"})


@pytest.mark.spec("K-02")
def test_a_service_opens_doors_of_its_branch_only(world: World) -> None:
    """Those that every booking opens, or those that its services may."""
    for request in (
        SetServiceDoors(service=world.massage.id, components=(ROOM, CELLAR)),
        AddService(branch=world.branch.id, name="Spa", length=HOUR, components=(CELLAR,)),
    ):
        refused = world.refused(request)
        assert (type(refused), refused.code, refused.facts) == (
            Invalid,
            "not_the_branchs_door",
            {"component": CELLAR},
        )

    world.ask(doors(world, MAIN, besides=(ROOM, CELLAR)))
    assert world.ask(SetServiceDoors(service=world.massage.id, components=(ROOM, CELLAR))).components == (ROOM, CELLAR)


@pytest.mark.spec("K-02")
def test_a_branch_keeps_what_its_services_open(world: World) -> None:
    """So a service with doors is never left with an empty set."""
    for request in (
        doors(world, MAIN, besides=()),
        SetBranchDoors(branch=world.branch.id, site=""),
    ):
        refused = world.refused(request)
        assert (type(refused), refused.code) == (Conflict, "doors_in_use")
        assert refused.facts["components"] == [ROOM]

    for service in (world.massage, world.coaching):
        world.ask(SetServiceDoors(service=service.id))
    assert world.ask(SetBranchDoors(branch=world.branch.id, site="")).components == ()


def test_what_is_set_holds_from_the_next_booking_on(world: World) -> None:
    """A key that is out stays as it is until its booking moves."""
    first = world.book(world.massage)
    world.settle()
    world.ask(doors(world, MAIN, CLOAKROOM))
    second = world.book(world.massage, starts=world.now + 2 * DAY)
    world.settle()

    opens = {key.marker: key.doors for key in world.exivo_keys()}
    assert opens == {f"sk:{first.id}:1": {MAIN, ROOM}, f"sk:{second.id}:1": {MAIN, CLOAKROOM, ROOM}}


# The door system's own troubles


@pytest.mark.parametrize(
    ("fault", "kind"),
    [(Fault.error(status=502), Unreachable), (Fault.refused(), Unreachable), (Fault.error(status=403), Rejected)],
    ids=lambda one: str(getattr(one, "status", "")),
)
def test_a_door_system_that_cannot_be_asked_lets_nothing_be_set(
    world: World, fault: Fault, kind: type[Exception]
) -> None:
    """Nothing is written; once it is back the same goes through."""
    before = world.tables()
    world.exivo.inject(fault)
    with pytest.raises(kind):
        world.ask(doors(world, MAIN))
    assert world.tables() == before

    assert world.ask(doors(world, MAIN)).components == (MAIN,)


def test_nobody_is_asked_about_no_doors(world: World) -> None:
    """A branch or a service without any is set whatever the door system does."""
    world.exivo.inject(Fault.error(status=502))
    world.ask(AddService(branch=world.branch.id, name="Talk", length=HOUR))
    world.ask(AddBranch(organisation=world.root.id, name="Plain", zone="UTC", site=world.branch.site))
    assert world.exivo.state()["requests"] == 0


def test_strangers_learn_nothing_from_the_door_system(world: World) -> None:
    """The right is asked for before the door system is."""
    stranger = Principal.of(world.eva.id)
    for request in (doors(world, GATEWAY), SetServiceDoors(service=world.massage.id, components=(GATEWAY,))):
        assert type(world.refused(request, stranger)) is NotFound
    assert world.exivo.state()["requests"] == 0


def test_a_site_that_changed_while_it_was_asked_is_asked_again(world: World) -> None:
    """The list of another site says nothing about this one."""
    with world.look() as store:
        store.branches.save(evolve(world.branch, site="elsewhere"))
    listing = Listing(world.branch.site, world.ask(ListComponents(_elsewhere(world))))
    change = SetServiceDoors(service=world.massage.id, components=(ROOM,))
    with world.look() as store:
        work = world.kit._work(store, world.anna, world.now)
        with pytest.raises(Conflict) as refused:
            set_service_doors(work, change, listing)
    assert refused.value.code == "site_changed"


def _elsewhere(world: World) -> BranchId:
    other: Branch = world.ask(
        AddBranch(organisation=world.root.id, name="Ost", zone="UTC", site=world.branch.site, components=(MAIN,))
    )
    return other.id


def test_within_an_applications_own_transaction(world: World) -> None:
    """A branch that is not committed yet is found by what asks for its service's doors; both come or go together."""
    new = AddBranch(
        organisation=world.root.id, name="Ost", zone="UTC", site=world.branch.site, service_components=(ROOM, GATEWAY)
    )
    with closing(sqlite3.connect(world.path, isolation_level=None)) as mine:
        mine.execute("BEGIN IMMEDIATE")
        with pytest.raises(Invalid, match="gateway"):
            world.kit.perform(new, by=world.anna, within=mine)
        branch = world.kit.perform(evolve(new, service_components=(ROOM,)), by=world.anna, within=mine)
        spa = AddService(branch=branch.id, name="Spa", length=HOUR, components=(ROOM,))
        service = world.kit.perform(spa, by=world.anna, within=mine)
        mine.execute("COMMIT")
    with world.look() as store:
        assert store.services.get(service.id).components == (ROOM,)


def test_a_kit_without_a_door_system_takes_what_it_is_told(tmp_path: Path) -> None:
    """It can ask nobody; and it cannot list."""
    with Kit.open(f"sqlite:////{tmp_path}/salon.db", clock=ManualClock(NOON)) as kit:
        founded = kit.perform(FoundOrganisation(name="Salon", zone="UTC", admin="anna@salon.example"), by=OPERATOR)
        anna = Principal.of(founded.admin.id)
        new = AddBranch(organisation=founded.root.id, name="B", zone="UTC", site="site", components=("door",))
        branch = kit.perform(new, by=anna)
        with pytest.raises(ConfigurationError, match="adapter for doors"):
            kit.ask(ListComponents(branch.id), by=anna)
        with pytest.raises(Invalid, match="set the branch's site"):
            kit.perform(evolve(new, site=""), by=anna)
