"""Booking within hours and rules: what each refuses, what a right passes over, which room is taken."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from servicekit import Instant, Principal
from servicekit.bookings import (
    AddAbsence,
    AddBranch,
    AddClient,
    AddProvider,
    AddService,
    Book,
    Booking,
    BookingRules,
    Branch,
    Cancel,
    FreeSlots,
    Hours,
    OpeningHours,
    Provider,
    ProviderKind,
    Rebook,
    ScheduleClass,
    Service,
    SetBookingRules,
    SetWorkingHours,
)
from servicekit.errors import Conflict, Forbidden, Invalid
from servicekit.ids import ProviderId, UserId
from servicekit.runtime.entropy import mint
from world import DAY, HOUR, MINUTE, World, foreign

pytest_plugins = ("world_fixtures",)

TICK = timedelta(microseconds=1)
TOMORROW = Instant.parse("2026-11-26T09:00:00Z")
"""Ten o'clock on a Thursday in Zürich."""


def shop(world: World) -> Branch:
    """A branch that is open from nine to twelve and from one to five on weekdays."""
    branch: Branch = world.ask(
        AddBranch(
            organisation=world.root.id,
            name="Shop",
            zone="Europe/Zurich",
            opening=OpeningHours.weekdays(Hours(540, 720), Hours(780, 1020)),
        )
    )
    return branch


def service(world: World, branch: Branch | None = None, **rules: Any) -> Service:
    """An hour at the shop, with such rules."""
    at = branch or shop(world)
    made: Service = world.ask(AddService(branch=at.id, name="Cut", length=HOUR, rules=BookingRules(**rules)))
    return made


def room(world: World, name: str, **more: Any) -> Provider:
    """Another room."""
    made: Provider = world.ask(AddProvider(organisation=world.root.id, name=name, kind=ProviderKind.ROOM, **more))
    return made


def book(world: World, cut: Service, starts: Instant = TOMORROW, **more: Any) -> Book:
    """Eva's order for the chair."""
    usual = {"service": cut.id, "provider": world.chair.id, "client": world.eva.id, "starts": starts}
    return Book(**{**usual, **more})


def staff(world: World, *scopes: str) -> Principal:
    """Somebody with exactly these scopes."""
    who = mint(UserId, world.now)
    world.grant(who, *scopes, group=world.root)
    return Principal.of(who)


@pytest.mark.spec("B-04")
@pytest.mark.parametrize(
    "starts", [TOMORROW - 2 * HOUR, TOMORROW + 90 * MINUTE, TOMORROW + 2 * DAY, TOMORROW - HOUR - TICK]
)
def test_what_is_not_within_opening_hours_is_refused(world: World, starts: Instant) -> None:
    """Before opening, into the break, on a Saturday, a microsecond early; for a booking and for a move alike."""
    cut = service(world)
    refused = world.refused(book(world, cut, starts))
    assert (type(refused), refused.code) == (Conflict, "closed")
    assert "Shop is not open" in refused.message
    booking: Booking = world.ask(book(world, cut))
    assert world.refused(Rebook(booking.id, starts=starts)).code == "closed"


def test_the_providers_own_hours_and_absences_hold_as_well(world: World) -> None:
    """Ten to eleven lies within, ten past ten does not; an absence is told from a booking."""
    cut = service(world)
    world.ask(SetWorkingHours(world.chair.id, OpeningHours.weekdays(Hours(600, 660))))
    assert world.refused(book(world, cut, TOMORROW + 10 * MINUTE)).code == "not_working"
    world.ask(AddAbsence(provider=world.chair.id, starts=TOMORROW + 59 * MINUTE, ends=TOMORROW + DAY))
    refused = world.refused(book(world, cut))
    assert (type(refused), refused.code) == (Conflict, "absent")
    assert refused.facts == {
        "provider": world.chair.id,
        "starts": str(TOMORROW + 59 * MINUTE),
        "ends": str(TOMORROW + DAY),
    }
    world.ask(book(world, cut, TOMORROW + 5 * DAY))


def test_lead_time_and_horizon_hold_to_the_microsecond(world: World) -> None:
    """At the lead time and at the horizon it is booked, a microsecond beyond it is not."""
    at = TOMORROW - world.now
    cut = service(world, lead=at)
    world.ask(book(world, cut))
    world.ask(SetBookingRules(cut.id, BookingRules(lead=at + TICK)))
    assert world.refused(book(world, cut, provider=world.room.id)).code == "too_soon"
    world.ask(SetBookingRules(cut.id, BookingRules(horizon=at)))
    world.ask(book(world, cut, provider=world.room.id))
    world.ask(SetBookingRules(cut.id, BookingRules(horizon=at - TICK)))
    refused = world.refused(book(world, cut, provider=room(world, "R").id))
    assert (type(refused), refused.code) == (Conflict, "too_far")
    assert "at most 20:59:59.999999 ahead" in refused.message


def test_buffers_keep_others_away_and_may_lie_outside_the_hours(world: World) -> None:
    """A quarter before and half an hour after: the next fits where both sides' buffers leave it place."""
    cut = service(world, before=15 * MINUTE, after=30 * MINUTE)
    world.ask(book(world, cut, TOMORROW - HOUR))  # nine to ten: the buffer before is outside
    assert world.refused(book(world, cut, TOMORROW + 45 * MINUTE - TICK)).code == "taken"
    late: Booking = world.ask(book(world, cut, TOMORROW + 45 * MINUTE))
    assert (late.before, late.after) == (15 * MINUTE, 30 * MINUTE)
    world.ask(SetBookingRules(cut.id, BookingRules()))
    refused = world.refused(book(world, cut, TOMORROW))
    assert refused.facts["ends"] == str(TOMORROW + 30 * MINUTE)


def test_the_right_to_override_passes_over_everything_but_what_is_taken(world: World) -> None:
    """Who holds bookings:override and says so books at night, today, on a holiday; without either it is refused."""
    cut = service(world, lead=30 * DAY)
    world.ask(AddAbsence(provider=world.chair.id, starts=world.now, ends=TOMORROW + DAY))
    night = TOMORROW - 7 * HOUR
    clerk, chief = staff(world, "bookings:write"), staff(world, "bookings:write", "bookings:override")

    assert type(world.refused(book(world, cut, night, override=True), clerk)) is Forbidden
    assert world.refused(book(world, cut, night), chief).code == "too_soon"
    booking = world.ask(book(world, cut, night, override=True), chief)
    assert world.refused(book(world, cut, night, override=True), chief).code == "taken"
    assert world.refused(book(world, cut, world.now - TICK, override=True), chief).code == "booking_in_the_past"
    assert world.refused(Rebook(booking.id, starts=night + HOUR), chief).code == "too_soon"
    assert type(world.refused(Rebook(booking.id, starts=night + HOUR, override=True), clerk)) is Forbidden
    assert world.ask(Rebook(booking.id, starts=night + HOUR, override=True), chief).starts == night + HOUR


def test_a_client_never_overrides(world: World) -> None:
    """Also not for itself."""
    refused = world.refused(book(world, service(world), override=True), Principal.of(world.eva.id))
    assert refused.code in {"not_found", "forbidden"}


def test_only_who_offers_a_service_is_booked_for_it(world: World) -> None:
    """And only in its rooms; what is booked already may be moved all the same."""
    cut = service(world, rooms=(world.room.id,))
    booking: Booking = world.ask(book(world, cut))
    other = room(world, "R")
    refused = world.refused(book(world, cut, TOMORROW + 3 * HOUR, room=other.id))
    assert (type(refused), refused.code, refused.facts["provider"]) == (Conflict, "not_offered", other.id)
    world.ask(SetBookingRules(cut.id, BookingRules(providers=(other.id,))))
    assert world.refused(book(world, cut, TOMORROW + 3 * HOUR)).code == "not_offered"
    moved = world.ask(Rebook(booking.id, starts=TOMORROW + 3 * HOUR))
    assert (moved.provider, moved.room) == (world.chair.id, None)


def test_provider_and_room_are_taken_together(world: World) -> None:
    """The first room that is free, the named one alone, none when all are taken; cancelling gives both back."""
    small, large = room(world, "Small"), room(world, "Large")
    people = [world.ask(AddProvider(organisation=world.root.id, name=name)) for name in "ABC"]
    cut = service(world, rooms=(small.id, large.id))

    def order(number: int, **more: Any) -> Book:
        return book(world, cut, provider=people[number].id, **more)

    first: Booking = world.ask(order(0, room=large.id))
    assert first.room == large.id
    assert world.refused(order(1, room=large.id)).code == "room_taken"
    second: Booking = world.ask(order(1))
    assert second.room == small.id
    refused = world.refused(order(2))
    assert (type(refused), refused.code) == (Conflict, "room_taken")
    assert refused.facts["rooms"] == [small.id, large.id]
    assert world.refused(book(world, cut, provider=small.id)).code in {"taken", "room_taken"}
    world.ask(Cancel(first.id))
    assert world.ask(order(2)).room == large.id


def test_a_move_keeps_its_room_if_it_can(world: World) -> None:
    """Into its own time or another; else another room is taken."""
    small, large = room(world, "Small"), room(world, "Large")
    cut = service(world, rooms=(small.id, large.id))
    booking: Booking = world.ask(book(world, cut, room=large.id))
    assert world.ask(Rebook(booking.id, starts=TOMORROW + 30 * MINUTE)).room == large.id
    world.ask(book(world, cut, TOMORROW + 3 * HOUR, provider=world.room.id, room=large.id))
    assert world.ask(Rebook(booking.id, starts=TOMORROW + 3 * HOUR)).room == small.id


def test_a_room_has_hours_and_absences_of_its_own(world: World) -> None:
    """A room that is shut or away is none; who may override takes it."""
    shut = room(world, "Shut", works=OpeningHours())
    cut = service(world, rooms=(shut.id,))
    assert world.refused(book(world, cut)).code == "room_taken"
    assert world.ask(book(world, cut, override=True)).room == shut.id
    world.ask(SetWorkingHours(shut.id, None))
    world.ask(AddAbsence(provider=shut.id, starts=TOMORROW, ends=TOMORROW + DAY))
    assert world.refused(book(world, cut, TOMORROW + 3 * HOUR)).code == "room_taken"


def test_a_room_may_take_several_at_once(world: World) -> None:
    """Two of three people at a time in a room for two."""
    hall = room(world, "Hall", capacity=2)
    people = [world.ask(AddProvider(organisation=world.root.id, name=name)) for name in "ABC"]
    cut = service(world, rooms=(hall.id,))
    for number in (0, 1):
        world.ask(book(world, cut, provider=people[number].id))
    assert world.refused(book(world, cut, provider=people[2].id)).code == "room_taken"
    world.ask(book(world, cut, TOMORROW + HOUR, provider=people[2].id))


def test_another_organisations_provider_is_not_there(world: World) -> None:
    """Neither as provider; and an unknown one reads the same."""
    refused = world.refused(book(world, service(world), provider=mint(ProviderId, world.now)))
    assert refused.code == "not_found"


def test_a_client_books_for_itself_and_in_its_organisation(world: World) -> None:
    """Another organisation's client is not there for staff, nor the service for that client; its hours are not either."""
    root, rolf = foreign(world)
    otto = world.ask(AddClient(organisation=root.id, name="Otto", email="otto@home.example"), rolf)
    cut = service(world)
    assert world.refused(book(world, cut, client=otto.id)).facts["id"] == otto.id
    assert world.refused(book(world, cut, client=otto.id), Principal.of(otto.id)).facts["id"] == cut.id
    slots = FreeSlots(service=cut.id, since=world.now, until=world.now + DAY)
    assert world.refused(slots, Principal.of(otto.id)).code == "not_found"
    assert world.ask(slots, Principal.of(world.eva.id)) == world.ask(slots)
    theirs = world.ask(AddProvider(organisation=root.id, name="Theirs"), rolf)
    assert world.refused(book(world, cut, provider=theirs.id)).facts["id"] == theirs.id


def test_seats_are_not_booked_like_hours(world: World) -> None:
    """A service with seats says so; a class of it is scheduled whatever the notice for seats is."""
    yoga = service(world, seats=2, lead=30 * DAY)
    refused = world.refused(book(world, yoga))
    assert (type(refused), refused.code) == (Invalid, "is_a_class")
    assert world.ask(ScheduleClass(service=yoga.id, provider=world.chair.id, starts=TOMORROW)).starts == TOMORROW
    assert (
        world.refused(ScheduleClass(service=yoga.id, provider=world.chair.id, starts=TOMORROW - 3 * HOUR)).code
        == "closed"
    )


def test_one_provider_may_be_asked_for(world: World) -> None:
    """Of those who offer it, when rules name some."""
    cut = service(world, providers=(world.chair.id,))
    slots = FreeSlots(service=cut.id, provider=world.room.id, since=world.now, until=world.now + DAY)
    assert world.refused(slots).code == "not_offered"


# Faults of others


def test_f06_a_place_that_is_given_back_after_its_start_is_not_booked(world: World) -> None:
    """F-06: whatever is cancelled, what lies in the past is refused."""
    cut = service(world)
    booking: Booking = world.ask(book(world, cut))
    world.clock.set(TOMORROW + TICK)
    world.ask(Cancel(booking.id))
    assert world.refused(book(world, cut)).code == "booking_in_the_past"


def test_f10_every_hold_has_an_owner_that_holds_it(world: World) -> None:
    """F-10: after bookings, moves, cancellations and absences there is no hold but those that their owners want."""
    cut = service(world, rooms=(world.room.id,), after=MINUTE)
    kept: Booking = world.ask(book(world, cut))
    gone: Booking = world.ask(book(world, cut, TOMORROW + 3 * HOUR))
    world.ask(Rebook(kept.id, starts=TOMORROW - HOUR))
    world.ask(Cancel(gone.id))
    held = [(owner, provider, starts) for owner, provider, starts, *_ in world.tables()["holds"]]
    assert held == sorted((kept.id, one, (TOMORROW - HOUR).us) for one in (world.chair.id, world.room.id))
