"""Classes: seats for several, each with a booking of its own."""

from __future__ import annotations

from typing import Any

import pytest

import children
from processes import race
from servicekit import Principal
from servicekit.bookings import (
    AddAbsence,
    AddClient,
    AddProvider,
    AddService,
    Book,
    Booking,
    BookingRules,
    BookingState,
    BookSeat,
    Cancel,
    CancelClass,
    CheckIn,
    ClassPlaces,
    Client,
    Confirm,
    GetBooking,
    ListClasses,
    MoveClass,
    Party,
    ProviderKind,
    Rebook,
    ScheduleClass,
    ScheduledClass,
    Service,
    SetBookingRules,
)
from servicekit.errors import Conflict, Forbidden, Invalid, NotFound
from servicekit.ids import ClassId
from servicekit.runtime.entropy import mint
from world import DAY, HOUR, World, foreign

pytest_plugins = ("world_fixtures",)

S = BookingState


def yoga(world: World, seats: int = 3, **rules: Any) -> Service:
    """A class of an hour at the office."""
    made: Service = world.ask(
        AddService(
            branch=world.haircut.branch,
            name="Yoga",
            length=HOUR,
            rules=BookingRules(seats=seats, **rules),
        )
    )
    return made


def schedule(world: World, service: Service | None = None, **more: Any) -> ScheduledClass:
    """One tomorrow, with the chair."""
    what = service or yoga(world)
    usual = {"service": what.id, "provider": world.chair.id, "starts": world.now + DAY}
    made: ScheduledClass = world.ask(ScheduleClass(**{**usual, **more}))
    return made


def client(world: World, name: str) -> Client:
    """Another client."""
    made: Client = world.ask(AddClient(organisation=world.root.id, name=name, email=f"{name.lower()}@home.example"))
    return made


def seat(world: World, scheduled: ScheduledClass, who: Client | None = None) -> Booking:
    """A seat for Eva, or for another."""
    made: Booking = world.ask(BookSeat(scheduled=scheduled.id, client=(who or world.eva).id))
    return made


def free(world: World) -> list[int]:
    """The free seats of the classes of the next days."""
    listed: tuple[ClassPlaces, ...] = world.ask(
        ListClasses(branch=world.haircut.branch, since=world.now, until=world.now + 9 * DAY)
    )
    return [places.free for places in listed]


@pytest.mark.spec("B-02")
def test_several_clients_join_until_every_seat_is_taken(world: World) -> None:
    """Each has a booking of the class's time, provider and room; the one after the last is refused."""
    hall = world.ask(AddProvider(organisation=world.root.id, name="Hall", kind=ProviderKind.ROOM))
    scheduled = schedule(world, yoga(world, 2, rooms=(hall.id,)))
    assert (scheduled.seats, scheduled.room, free(world)) == (2, hall.id, [2])
    first, second = seat(world, scheduled), seat(world, scheduled, client(world, "Ida"))

    assert first.id != second.id
    for booking in (first, second):
        assert (booking.window, booking.provider, booking.room) == (scheduled.window, world.chair.id, hall.id)
        assert (booking.in_class, booking.state) == (scheduled.id, S.CONFIRMED)
    refused = world.refused(BookSeat(scheduled=scheduled.id, client=client(world, "Uli").id))
    assert (type(refused), refused.code) == (Conflict, "class_full")
    assert refused.facts == {"scheduled": scheduled.id, "seats": 2}
    assert free(world) == [0]


def test_a_client_has_one_seat(world: World) -> None:
    """Asked for again it is the same one; given back, another is made."""
    scheduled = schedule(world)
    first = seat(world, scheduled)
    before = world.tables()
    assert seat(world, scheduled) == first
    assert world.tables() == before
    world.ask(Cancel(first.id))
    assert seat(world, scheduled).id != first.id


def test_f20_one_seat_cancelled_leaves_the_class_and_the_others_as_they_are(world: World) -> None:
    """F-20, F-21: leaving touches one's own booking only, and gives one seat back."""
    scheduled = schedule(world)
    mine, other = seat(world, scheduled), seat(world, scheduled, client(world, "Ida"))
    assert free(world) == [1]
    world.ask(Cancel(mine.id), Principal.of(world.eva.id))

    assert world.ask(GetBooking(other.id)) == other
    assert free(world) == [2]
    with world.look() as store:
        assert store.classes.get(scheduled.id) == scheduled
    assert world.refused(Book(**_chair(world))).code == "taken"  # the class still takes its provider


def _chair(world: World) -> dict[str, Any]:
    return {
        "service": world.haircut.id,
        "provider": world.chair.id,
        "client": world.eva.id,
        "starts": world.now + DAY,
    }


def test_a_class_takes_its_provider_and_room(world: World) -> None:
    """From when it is scheduled, empty or not; two classes of one provider never overlap; called off, it gives both back."""
    service = yoga(world)
    scheduled = schedule(world, service)
    assert world.refused(Book(**_chair(world))).code == "taken"
    refused = world.refused(
        ScheduleClass(service=service.id, provider=world.chair.id, starts=scheduled.starts + HOUR / 2)
    )
    assert refused.code == "taken"
    world.ask(CancelClass(scheduled.id))
    world.ask(Book(**_chair(world)))
    assert free(world) == []


def test_moving_a_class_moves_every_seat(world: World) -> None:
    """Each booking is a new revision; one that is over or cancelled stays where it was; the same time again is nothing."""
    scheduled = schedule(world)
    mine, gone = seat(world, scheduled), seat(world, scheduled, client(world, "Ida"))
    world.ask(Cancel(gone.id))
    there = world.ask(MoveClass(scheduled.id, starts=scheduled.starts + HOUR / 2))

    assert (there.starts, there.window.length, there.revision) == (scheduled.starts + HOUR / 2, HOUR, 2)
    moved = world.ask(GetBooking(mine.id))
    assert (moved.window, moved.revision, moved.state) == (there.window, 2, S.CONFIRMED)
    assert world.ask(GetBooking(gone.id)).starts == scheduled.starts
    before = world.tables()
    assert world.ask(MoveClass(scheduled.id, starts=there.starts)) == there
    assert world.tables() == before
    longer = world.ask(MoveClass(scheduled.id, starts=there.starts, ends=there.starts + 2 * HOUR))
    assert longer.window.length == 2 * HOUR


def test_cancelling_a_class_cancels_every_seat(world: World) -> None:
    """With the reason, by the business; who has checked in keeps that; again changes nothing."""
    scheduled = schedule(world)
    mine, here = seat(world, scheduled), seat(world, scheduled, client(world, "Ida"))
    world.ask(CheckIn(here.id))
    off = world.ask(CancelClass(scheduled.id, reason="flood"))

    cancelled = world.ask(GetBooking(mine.id))
    assert (cancelled.state, cancelled.cancelled_by, cancelled.reason) == (S.CANCELLED, Party.BUSINESS, "flood")
    assert world.ask(GetBooking(here.id)).state is S.CHECKED_IN
    before = world.tables()
    assert world.ask(CancelClass(scheduled.id)) == off
    assert world.tables() == before
    refused = world.refused(BookSeat(scheduled=scheduled.id, client=client(world, "Uli").id))
    assert refused.code == "class_cancelled"
    assert world.refused(MoveClass(scheduled.id, starts=world.now + 2 * DAY)).code == "class_cancelled"


def test_a_seat_moves_with_its_class_alone(world: World) -> None:
    """Nor is a class booked like another service, nor another service scheduled."""
    service = yoga(world)
    booking = seat(world, schedule(world, service))
    refused = world.refused(Rebook(booking.id, starts=booking.starts + DAY))
    assert (type(refused), refused.code) == (Conflict, "in_a_class")
    assert world.ask(Rebook(booking.id, starts=booking.starts)) == booking
    assert world.refused(Book(**{**_chair(world), "service": service.id})).code == "is_a_class"
    refused = world.refused(ScheduleClass(service=world.haircut.id, provider=world.chair.id, starts=world.now + DAY))
    assert (type(refused), refused.code) == (Invalid, "not_a_class")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [({"starts": -HOUR}, "booking_in_the_past"), ({"seats": 0}, "no_seats"), ({"ends": DAY}, "empty_window")],
)
def test_a_class_that_cannot_be(world: World, wrong: dict[str, Any], code: str) -> None:
    """In the past, without seats, without time."""
    changed = {name: world.now + value if name != "seats" else value for name, value in wrong.items()}
    usual = {"service": yoga(world).id, "provider": world.chair.id, "starts": world.now + DAY}
    refused = world.refused(ScheduleClass(**{**usual, **changed}))
    assert (type(refused), refused.code) == (Invalid, code)


def test_seats_may_be_said_for_one_class(world: World) -> None:
    """Fewer or more than the service has."""
    assert schedule(world, seats=1).seats == 1


def test_notice_holds_for_seats_and_not_for_classes(world: World) -> None:
    """A class is scheduled for today; its seats are booked two days ahead at the latest, unless that is overridden."""
    service = yoga(world, lead=2 * DAY)
    scheduled = schedule(world, service)
    command = BookSeat(scheduled=scheduled.id, client=world.eva.id)
    assert world.refused(command).code == "too_soon"
    assert world.ask(BookSeat(scheduled=scheduled.id, client=world.eva.id, override=True)).in_class == scheduled.id
    world.ask(SetBookingRules(service.id, BookingRules(seats=3)))
    world.clock.advance(DAY + HOUR / 2)
    assert world.refused(BookSeat(scheduled=scheduled.id, client=client(world, "Ida").id)).code == "class_begun"
    assert world.refused(CancelClass(scheduled.id)).code == "class_begun"


def test_staff_may_pass_over_an_absence(world: World) -> None:
    """When a class is scheduled and when it is moved, by right."""
    world.ask(AddAbsence(provider=world.chair.id, starts=world.now, ends=world.now + 5 * DAY))
    service = yoga(world)
    assert world.refused(ScheduleClass(**_chair_of(world, service))).code == "absent"
    scheduled = schedule(world, service, override=True)
    assert world.refused(MoveClass(scheduled.id, starts=world.now + 2 * DAY)).code == "absent"
    assert world.ask(MoveClass(scheduled.id, starts=world.now + 2 * DAY, override=True)).revision == 2


def _chair_of(world: World, service: Service) -> dict[str, Any]:
    return {"service": service.id, "provider": world.chair.id, "starts": world.now + DAY}


def test_a_seat_may_need_approval(world: World) -> None:
    """It holds the seat while it waits."""
    service = world.ask(
        AddService(
            branch=world.haircut.branch, name="Choir", length=HOUR, needs_approval=True, rules=BookingRules(seats=1)
        )
    )
    scheduled = schedule(world, service)
    request = seat(world, scheduled)
    assert (request.state, free(world)) == (S.REQUESTED, [0])
    assert world.ask(Confirm(request.id)).state is S.CONFIRMED


def test_whose_classes(world: World) -> None:
    """A client books its own seat and sees what is free; it schedules nothing, and others see nothing."""
    scheduled = schedule(world)
    eva = Principal.of(world.eva.id)
    _, rolf = foreign(world)
    assert world.ask(BookSeat(scheduled=scheduled.id, client=world.eva.id), eva).client == world.eva.id
    listing = ListClasses(branch=world.haircut.branch, since=world.now, until=world.now + 2 * DAY)
    assert world.ask(listing, eva) == world.ask(listing)
    ida = client(world, "Ida")
    for command in (
        BookSeat(scheduled=scheduled.id, client=ida.id),
        MoveClass(scheduled.id, starts=world.now + 2 * DAY),
        CancelClass(scheduled.id),
    ):
        assert type(world.refused(command, eva)) is NotFound
        assert type(world.refused(command, rolf)) is NotFound
    assert type(world.refused(listing, rolf)) is NotFound
    assert type(world.refused(BookSeat(scheduled=mint(ClassId, world.now), client=ida.id))) is NotFound
    world.grant(world.room.id, "bookings:read", group=world.root)
    assert type(world.refused(CancelClass(scheduled.id), Principal.of(world.room.id))) is Forbidden


@pytest.mark.spec("B-02")
def test_eight_processes_book_the_last_seat_once(world: World) -> None:
    """F-24: of eight clients who want the last seat at the same moment, one has it."""
    scheduled = schedule(world, yoga(world, 1))
    wishes = [BookSeat(scheduled=scheduled.id, client=client(world, f"C{number}").id) for number in range(4)]
    outcomes = race(children.perform, str(world.path), wishes, world.anna, world.now)

    with world.look() as store:
        held = store.bookings.where(in_class=scheduled.id)
    assert len(held) == 1
    assert {outcome for mine in outcomes for outcome in mine} == {"done", "class_full"}
