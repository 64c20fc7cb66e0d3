"""Who came, by the doors: read, and noted as check-ins and no-shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from servicekit.adapters.doors.resivo import Resivo
from servicekit.bookings import AddBranch, AddClient, Booking, BookingState, Cancel, CheckIn, GetBooking, Rebook
from servicekit.errors import Conflict, Invalid, Unreachable, Unsupported
from servicekit.keys import AtDoor, Attendance, DoorEvent, NoteArrivals, ReadAccessLog
from servicekit.moments import Instant
from servicekit.testing.simulators import Fault, ResivoSimulator, transport
from world import CLOAKROOM, DAY, EVA_MOBILE, HOUR, MAIN, MINUTE, ROOM, World, opened

pytest_plugins = ("world_fixtures",)
IDA_MOBILE = "+41790000002"


def note(world: World, since: Instant, *, no_shows: bool = False) -> Attendance:
    """Who has come since."""
    noted: Attendance = world.ask(NoteArrivals(branch=world.branch.id, since=since, no_shows=no_shows))
    return noted


def state(world: World, booking: Booking) -> BookingState:
    """Where a booking stands."""
    found: Booking = world.ask(GetBooking(booking.id))
    return found.state


def opens(world: World, at: Instant, door: str = MAIN, phone: str = EVA_MOBILE) -> None:
    """A phone is held to a door."""
    world.exivo.try_door(phone, door, at)
    world.clock.set(at + MINUTE)


def test_the_log_of_a_branchs_site_is_read(world: World) -> None:
    """Oldest first, green and red, within the window."""
    booking = world.book(world.massage)
    world.settle()
    opens(world, booking.starts - 20 * MINUTE)
    opens(world, booking.starts)
    opens(world, booking.starts + MINUTE, CLOAKROOM)
    log: tuple[DoorEvent, ...] = world.ask(
        ReadAccessLog(branch=world.branch.id, since=booking.starts - HOUR, until=booking.starts + MINUTE)
    )

    assert [(one.at, one.granted, one.component) for one in log] == [
        (booking.starts - 20 * MINUTE, False, MAIN),
        (booking.starts, True, MAIN),
    ]
    assert {one.mobile for one in log} == {EVA_MOBILE}


def test_whoever_opened_a_door_of_theirs_is_checked_in(world: World) -> None:
    """Once; a red light, a strange door or another's booking is no arrival."""
    ida = world.ask(AddClient(organisation=world.root.id, name="Ida", email="ida@home.example", mobile=IDA_MOBILE))
    first = world.book(world.massage)
    second = world.book(world.massage, starts=first.ends, client=ida)
    third = world.book(world.massage, starts=first.starts + 3 * HOUR)
    world.settle()
    opens(world, first.starts - 5 * MINUTE)
    opens(world, second.starts, CLOAKROOM, IDA_MOBILE)

    assert note(world, first.starts - HOUR) == Attendance(came=(first.id,), missed=())
    assert note(world, first.starts - HOUR) == Attendance(came=(), missed=())
    assert [state(world, one) for one in (first, second, third)] == [
        BookingState.CHECKED_IN,
        BookingState.CONFIRMED,
        BookingState.CONFIRMED,
    ]


def test_adjoining_bookings_of_one_client_are_told_apart(world: World) -> None:
    """Both keys open before the second begins; it is the first that is running."""
    first = world.book(world.massage)
    second = world.book(world.massage, starts=first.ends)
    world.settle()
    opens(world, first.ends - 5 * MINUTE, ROOM)
    assert note(world, first.starts - HOUR).came == (first.id,)
    opens(world, second.starts + 5 * MINUTE, ROOM)
    assert note(world, first.starts - HOUR).came == (second.id,)


def test_whose_key_was_never_used_did_not_come(world: World) -> None:
    """Only if it is asked for, once the time is over and the log covers it; the key ends."""
    booking = world.book(world.massage)
    world.settle()
    world.clock.set(booking.ends + 15 * MINUTE - MINUTE)
    assert note(world, booking.starts - HOUR, no_shows=True).missed == ()
    world.clock.set(booking.ends + 15 * MINUTE)
    assert note(world, booking.starts - HOUR).missed == ()
    assert note(world, booking.starts, no_shows=True).missed == ()
    assert note(world, booking.starts - HOUR, no_shows=True) == Attendance(came=(), missed=(booking.id,))
    assert state(world, booking) is BookingState.NO_SHOW
    world.settle()
    assert world.ask(AtDoor(booking.id, MAIN, booking.starts)).reason == "key invalid"


def test_nobody_is_missed_who_moved_cancelled_or_came_otherwise(world: World) -> None:
    """An old key's time says nothing of a booking that has moved; who was checked in by hand is there."""
    moved, cancelled, here = (world.book(world.massage, starts=world.now + n * HOUR) for n in (20, 24, 28))
    world.settle()
    world.ask(Rebook(moved.id, starts=moved.starts + 9 * DAY))
    world.ask(Cancel(cancelled.id))
    world.ask(CheckIn(here.id))
    world.clock.set(here.ends + HOUR)

    assert note(world, moved.starts - HOUR, no_shows=True) == Attendance(came=(), missed=())


def test_another_branch_of_the_site_notes_its_own(world: World) -> None:
    """Two branches may share a house."""
    booking = world.book(world.massage)
    world.settle()
    opens(world, booking.starts)
    other: Any = world.ask(
        AddBranch(organisation=world.root.id, name="Ost", zone="UTC", site=world.branch.site, components=(MAIN,))
    )
    noted = world.ask(NoteArrivals(branch=other.id, since=booking.starts - HOUR, no_shows=True))
    assert noted == Attendance(came=(), missed=())
    assert state(world, booking) is BookingState.CONFIRMED


def test_a_log_that_cannot_be_read_notes_nothing(world: World) -> None:
    """Nobody is taken for absent because the door system was away."""
    booking = world.book(world.massage)
    world.settle()
    world.clock.set(booking.ends + HOUR)
    world.exivo.inject(Fault.error("GET", "/accesslog/", status=502))
    with pytest.raises(Unreachable):
        note(world, booking.starts - HOUR, no_shows=True)
    assert state(world, booking) is BookingState.CONFIRMED


def test_a_door_system_without_a_log_says_so(tmp_path: Path) -> None:
    """Unsupported, not nobody."""
    resivo = ResivoSimulator()
    doors = Resivo(resivo.client_id, resivo.client_secret)
    with (
        opened(tmp_path) as world,
        world.kit.__class__.open(
            f"sqlite:////{world.path}", doors=doors, transport=transport(resivo), clock=world.clock
        ) as kit,
        pytest.raises(Unsupported, match="access log"),
    ):
        kit.perform(NoteArrivals(branch=world.branch.id, since=world.now - HOUR), by=world.anna)


def test_what_makes_no_sense_is_refused(world: World) -> None:
    """A window that ends before it begins, and a branch without doors."""
    window = ReadAccessLog(branch=world.branch.id, since=world.now, until=world.now - HOUR)
    assert (type(world.refused(window)), world.refused(window).code) == (Invalid, "empty_window")
    plain: Any = world.ask(AddBranch(organisation=world.root.id, name="Plain", zone="UTC"))
    for request in (
        ReadAccessLog(branch=plain.id, since=world.now - HOUR, until=world.now),
        NoteArrivals(branch=plain.id, since=world.now - HOUR),
    ):
        refused = world.refused(request)
        assert (type(refused), refused.code) == (Conflict, "no_site")
