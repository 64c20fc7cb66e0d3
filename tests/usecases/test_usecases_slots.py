"""Free slots through the kit: they are what can be booked, and pages follow one another."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from servicekit import Instant, Principal
from servicekit.bookings import (
    AddAbsence,
    AddBranch,
    AddProvider,
    AddService,
    Book,
    BookingRules,
    FreeSlots,
    Hours,
    OpeningHours,
    Provider,
    ProviderKind,
    Rebook,
    Service,
    SetBookingRules,
    Slot,
    SlotPage,
)
from servicekit.errors import Conflict, Invalid, NotFound, Refused
from servicekit.ids import ProviderId
from servicekit.runtime.entropy import mint
from world import DAY, HOUR, MINUTE, World, foreign

pytest_plugins = ("world_fixtures",)

MIDNIGHT = Instant.parse("2026-11-25T23:00:00Z")
"""Thursday begins in Zürich."""


def haircut(world: World, **rules: Any) -> Service:
    """An hour between nine and one, every half-hour, with the chair."""
    branch = world.ask(
        AddBranch(
            organisation=world.root.id,
            name="Shop",
            zone="Europe/Zurich",
            opening=OpeningHours.every_day(Hours(540, 780)),
        )
    )
    usual = {"providers": (world.chair.id,), "every": HOUR / 2}
    service: Service = world.ask(
        AddService(branch=branch.id, name="Cut", length=HOUR, rules=BookingRules(**{**usual, **rules}))
    )
    return service


def slots(world: World, service: Service, **more: Any) -> list[Slot]:
    """Those of Thursday."""
    usual = {"service": service.id, "since": MIDNIGHT, "until": MIDNIGHT + DAY}
    page: SlotPage = world.ask(FreeSlots(**{**usual, **more}))
    return list(page.slots)


def starts(found: list[Slot]) -> list[str]:
    """When they start, in UTC."""
    return [str(slot.starts)[11:16] for slot in found]


@pytest.mark.spec("B-04")
def test_what_is_taken_is_not_offered(world: World) -> None:
    """Nor what would touch it with its buffers, nor while the provider is away."""
    cut = haircut(world, after=MINUTE)
    assert starts(slots(world, cut)) == ["08:00", "08:30", "09:00", "09:30", "10:00", "10:30", "11:00"]
    world.ask(
        Book(service=cut.id, provider=world.chair.id, client=world.eva.id, starts=MIDNIGHT + timedelta(hours=10.5))
    )
    assert starts(slots(world, cut)) == ["08:00", "11:00"]
    world.ask(AddAbsence(provider=world.chair.id, starts=MIDNIGHT, ends=MIDNIGHT + 10 * HOUR))
    assert starts(slots(world, cut)) == ["11:00"]


def test_pages_follow_one_another(world: World) -> None:
    """Whatever their size, all pages together are all slots, each once and in order; the last says that it is."""
    bea: Provider = world.ask(AddProvider(organisation=world.root.id, name="Bea"))
    cut = haircut(world, providers=(bea.id, world.chair.id))
    everything = slots(world, cut, until=MIDNIGHT + 3 * DAY, most=1000)
    assert len(everything) == 42
    for most in (1, 2, 5, 42, 43):
        found, after = list[Slot](), None
        while True:
            page: SlotPage = world.ask(
                FreeSlots(service=cut.id, since=MIDNIGHT, until=MIDNIGHT + 3 * DAY, most=most, after=after)
            )
            assert len(page.slots) <= most
            found += page.slots
            after = page.after
            if after is None:
                break
        assert found == everything
    beyond = Slot(bea.id, MIDNIGHT + DAY, HOUR)
    assert world.ask(FreeSlots(service=cut.id, since=MIDNIGHT, until=MIDNIGHT + DAY, after=beyond)) == SlotPage(
        (), None
    )


def test_with_one_provider_or_with_everybody(world: World) -> None:
    """One who offers it, all who do, or everybody where nobody is named."""
    bea: Provider = world.ask(AddProvider(organisation=world.root.id, name="Bea"))
    cut = haircut(world, providers=(bea.id, world.chair.id))
    assert {slot.provider for slot in slots(world, cut)} == {bea.id, world.chair.id}
    assert {slot.provider for slot in slots(world, cut, provider=bea.id)} == {bea.id}
    refused = world.refused(FreeSlots(service=cut.id, provider=world.room.id, since=MIDNIGHT, until=MIDNIGHT + DAY))
    assert (type(refused), refused.code) == (Conflict, "not_offered")
    world.ask(SetBookingRules(cut.id, BookingRules()))
    assert {slot.provider for slot in slots(world, cut)} == {bea.id, world.chair.id, world.room.id}
    assert {slot.provider for slot in slots(world, cut, provider=world.room.id)} == {world.room.id}
    missing = FreeSlots(service=cut.id, provider=mint(ProviderId, world.now), since=MIDNIGHT, until=MIDNIGHT + DAY)
    assert type(world.refused(missing)) is NotFound


@pytest.mark.parametrize(
    ("wrong", "code"),
    [({"most": 0}, "page_size"), ({"most": 10_001}, "page_size"), ({"until": MIDNIGHT}, "empty_window")],
)
def test_what_cannot_be_asked(world: World, wrong: dict[str, Any], code: str) -> None:
    """No page of nothing, no time of nothing."""
    usual = {"service": haircut(world).id, "since": MIDNIGHT, "until": MIDNIGHT + DAY}
    refused = world.refused(FreeSlots(**{**usual, **wrong}))
    assert (type(refused), refused.code) == (Invalid, code)


def test_a_class_has_seats_and_no_slots(world: World) -> None:
    """It is looked up as scheduled."""
    refused = world.refused(FreeSlots(service=haircut(world, seats=3).id, since=MIDNIGHT, until=MIDNIGHT + DAY))
    assert (type(refused), refused.code) == (Invalid, "is_a_class")


def test_who_may_ask(world: World) -> None:
    """The organisation's clients, and whoever may read bookings; nobody else sees the service."""
    cut = haircut(world)
    query = FreeSlots(service=cut.id, since=MIDNIGHT, until=MIDNIGHT + DAY)
    assert world.ask(query, Principal.of(world.eva.id)).slots == world.ask(query).slots
    _, rolf = foreign(world)
    assert type(world.refused(query, rolf)) is NotFound
    assert type(world.refused(query, Principal.of(world.chair.id))) is NotFound


@pytest.mark.spec("B-04")
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 4)), max_size=3), st.booleans(), st.integers(0, 3))
def test_what_is_offered_can_be_booked_and_nothing_else(
    world: World, booked: list[tuple[int, int]], roomy: bool, buffer: int
) -> None:
    """Every half-hour of a day is tried by a move of Eva's booking: it goes exactly where a slot is offered."""
    room = world.ask(AddProvider(organisation=world.root.id, name="R", kind=ProviderKind.ROOM))
    person = world.ask(AddProvider(organisation=world.root.id, name="P"))
    cut = haircut(
        world,
        providers=(person.id, world.chair.id),
        rooms=(room.id,) if roomy else (),
        before=buffer * 10 * MINUTE,
        lead=20 * HOUR,
    )
    opening = MIDNIGHT + 9 * HOUR
    for first, halves in booked:
        begins = opening + first * HOUR / 2
        try:
            world.ask(
                Book(
                    service=cut.id,
                    provider=person.id,
                    client=world.eva.id,
                    starts=begins,
                    ends=begins + halves * HOUR / 2,
                )
            )
        except Refused:
            continue
    offered = {slot.starts for slot in slots(world, cut, provider=person.id)}
    # Far away on another day, so that it is in nobody's way while it is tried.
    tried = world.ask(
        Book(
            service=cut.id,
            provider=person.id,
            client=world.eva.id,
            starts=opening + 9 * DAY,
            ends=opening + 9 * DAY + HOUR,
        )
    )
    home = tried.starts
    for half in range(-4, 12):
        begins = opening + half * HOUR / 2
        try:
            world.ask(Rebook(tried.id, starts=begins))
        except Refused:
            assert begins not in offered
        else:
            assert begins in offered
            world.ask(Rebook(tried.id, starts=home))
