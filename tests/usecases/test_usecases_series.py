"""Series: booked all or none, moved and cancelled in part or as a whole."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from servicekit import Instant, Principal
from servicekit.bookings import (
    AddClient,
    AddProvider,
    AddService,
    Book,
    Booking,
    BookingRules,
    BookingState,
    BookSeries,
    Cancel,
    CancelSeries,
    CheckIn,
    Frequency,
    GetBooking,
    ListSeries,
    MoveSeries,
    ProviderKind,
    Rebook,
    Recurrence,
    SeriesBooked,
    Which,
)
from servicekit.errors import Conflict, Forbidden, Invalid, NotFound
from world import DAY, HOUR, World, foreign

pytest_plugins = ("world_fixtures",)

FIRST = Instant.parse("2027-03-11T09:00:00Z")
"""A Thursday at ten in Stockholm, two weeks before clocks change."""
WEEKLY = Recurrence(every=Frequency.WEEKLY, count=4)
WEEK = 7 * DAY


def order(world: World, **more: Any) -> BookSeries:
    """Eva's haircut with the chair, four Thursdays at ten."""
    usual = {
        "service": world.haircut.id,
        "provider": world.chair.id,
        "client": world.eva.id,
        "starts": FIRST,
        "recurrence": WEEKLY,
    }
    return BookSeries(**{**usual, **more})


def booked(world: World, **more: Any) -> SeriesBooked:
    """The series, booked."""
    made: SeriesBooked = world.ask(order(world, **more))
    return made


def shown(bookings: tuple[Booking, ...]) -> list[str]:
    """When they are, by the clock on the wall."""
    return [booking.starts.local(booking.zone).strftime("%m-%d %H:%M") for booking in bookings]


def now_of(world: World, made: SeriesBooked) -> SeriesBooked:
    """The series as it is now."""
    found: SeriesBooked = world.ask(ListSeries(made.series.id))
    return found


def another(world: World, starts: Instant) -> Booking:
    """Somebody else's hour with the chair."""
    made: Booking = world.ask(
        Book(service=world.haircut.id, provider=world.chair.id, client=world.eva.id, starts=starts)
    )
    return made


@pytest.mark.spec("B-05")
def test_a_series_is_booked_at_the_same_wall_clock_time(world: World) -> None:
    """Ten o'clock before the change and after it; each booking is one like any other and names the series."""
    made = booked(world)
    assert shown(made.bookings) == ["03-11 10:00", "03-18 10:00", "03-25 10:00", "04-01 10:00"]
    assert {booking.window.length for booking in made.bookings} == {HOUR}
    assert made.bookings[3].starts - made.bookings[2].starts == WEEK - HOUR
    assert {booking.series for booking in made.bookings} == {made.series.id}
    assert (made.conflicts, made.series.zone, made.series.recurrence) == ((), "Europe/Stockholm", WEEKLY)
    assert now_of(world, made) == made
    assert world.ask(Rebook(made.bookings[0].id, starts=FIRST + HOUR)).revision == 2


@pytest.mark.spec("B-05")
def test_all_or_a_line_for_each_that_cannot_be(world: World) -> None:
    """Nothing is written, and every conflict is told; on request, the others are booked."""
    for week in (1, 2):
        another(world, FIRST + week * WEEK + HOUR / 2)
    refused = world.refused(order(world))
    assert (type(refused), refused.code) == (Conflict, "series_conflicts")
    assert "2 of the series cannot be" in refused.message
    lines: Any = refused.facts["conflicts"]
    assert [(line["starts"], line["code"]) for line in lines] == [
        (str(FIRST + week * WEEK), "taken") for week in (1, 2)
    ]
    partly = booked(world, skip_conflicts=True)
    assert shown(partly.bookings) == ["03-11 10:00", "04-01 10:00"]
    assert [(line.starts, line.code) for line in partly.conflicts] == [
        (FIRST + week * WEEK, "taken") for week in (1, 2)
    ]
    assert all("choose another time" in line.message for line in partly.conflicts)
    every = order(world, starts=FIRST, recurrence=Recurrence(every=Frequency.WEEKLY, count=1), skip_conflicts=True)
    assert world.refused(every).code == "series_conflicts"


def test_a_series_is_not_in_its_own_way_unseen(world: World) -> None:
    """Daily bookings of 25 hours overlap one another: that is a conflict like any other."""
    long = world.ask(AddService(branch=world.haircut.branch, name="Long", length=25 * HOUR))
    refused = world.refused(order(world, service=long.id, recurrence=Recurrence(every=Frequency.DAILY, count=3)))
    lines: Any = refused.facts["conflicts"]
    assert [line["starts"] for line in lines] == [str(FIRST + DAY)]


def test_each_takes_a_room(world: World) -> None:
    """The first that is free on that date."""
    rooms = tuple(
        world.ask(AddProvider(organisation=world.root.id, name=name, kind=ProviderKind.ROOM)).id for name in "RS"
    )
    service = world.ask(
        AddService(branch=world.haircut.branch, name="Cut", length=HOUR, rules=BookingRules(rooms=rooms))
    )
    another_room = world.ask(
        Book(service=world.haircut.id, provider=rooms[0], client=world.eva.id, starts=FIRST + WEEK)
    )
    made = booked(world, service=service.id)
    assert [booking.room for booking in made.bookings] == [rooms[0], rooms[1], rooms[0], rooms[0]]
    assert another_room.starts == made.bookings[1].starts


@pytest.mark.spec("B-05")
def test_cancelling_one_this_and_following_or_all(world: World) -> None:
    """Each cancels just those; what is cancelled already, or over, stays as it is."""
    made = booked(world, recurrence=Recurrence(every=Frequency.WEEKLY, count=6))
    ids = [booking.id for booking in made.bookings]
    world.ask(Cancel(ids[0]))
    gone = world.ask(CancelSeries(ids[4], which=Which.FOLLOWING, reason="moved away"))
    assert [booking.id for booking in gone] == ids[4:]
    assert {booking.reason for booking in gone} == {"moved away"}
    world.ask(CheckIn(ids[1]))
    assert [booking.id for booking in world.ask(CancelSeries(ids[0]))] == ids[2:4]
    states = [booking.state.value for booking in now_of(world, made).bookings]
    assert states == ["cancelled", "checked in", *["cancelled"] * 4]
    assert world.ask(CancelSeries(ids[0])) == ()


def test_what_has_begun_is_not_cancelled_with_the_others(world: World) -> None:
    """All that are still to come."""
    made = booked(world)
    world.clock.set(FIRST + WEEK + HOUR / 2)
    gone = world.ask(CancelSeries(made.bookings[3].id))
    assert [booking.id for booking in gone] == [booking.id for booking in made.bookings[2:]]


@pytest.mark.spec("B-05")
def test_moving_all_or_this_and_following_by_the_clock_on_the_wall(world: World) -> None:
    """To Fridays at eleven: also after the change it is eleven."""
    made = booked(world)
    moved = world.ask(MoveSeries(made.bookings[1].id, starts=FIRST + WEEK + DAY + HOUR, which=Which.FOLLOWING))
    assert shown(moved.bookings) == ["03-19 11:00", "03-26 11:00", "04-02 11:00"]
    assert shown(now_of(world, made).bookings) == ["03-11 10:00", "03-19 11:00", "03-26 11:00", "04-02 11:00"]
    assert {booking.revision for booking in moved.bookings} == {2}
    back = world.ask(MoveSeries(made.bookings[0].id, starts=FIRST - HOUR))
    assert shown(back.bookings) == ["03-11 09:00", "03-19 10:00", "03-26 10:00", "04-02 10:00"]
    assert world.ask(MoveSeries(made.bookings[0].id, starts=FIRST - HOUR)).bookings == ()


def test_a_series_moves_into_its_own_time_and_into_no_others(world: World) -> None:
    """Half an hour later overlaps what it leaves; a conflict leaves all where they are, with a line for each."""
    made = booked(world, recurrence=Recurrence(every=Frequency.DAILY, count=3))
    assert len(world.ask(MoveSeries(made.bookings[0].id, starts=FIRST + HOUR / 2)).bookings) == 3
    assert len(world.ask(MoveSeries(made.bookings[0].id, starts=FIRST + DAY + HOUR / 2)).bookings) == 3
    another(world, FIRST + 3 * DAY + 2 * HOUR)
    refused = world.refused(MoveSeries(made.bookings[0].id, starts=FIRST + DAY + 2 * HOUR))
    lines: Any = refused.facts["conflicts"]
    assert [(line["starts"], line["code"]) for line in lines] == [(str(FIRST + 3 * DAY + 2 * HOUR), "taken")]


def test_moving_by_one_that_cannot_be_moved_is_refused(world: World) -> None:
    """One that is cancelled; into the past; others that are cancelled stay where they are."""
    made = booked(world)
    world.ask(Cancel(made.bookings[2].id))
    assert world.refused(MoveSeries(made.bookings[2].id, starts=FIRST)).code == "transition_refused"
    assert world.refused(MoveSeries(made.bookings[0].id, starts=world.now - HOUR)).code == "booking_in_the_past"
    moved = world.ask(MoveSeries(made.bookings[0].id, starts=FIRST + HOUR))
    assert [booking.id for booking in moved.bookings] == [made.bookings[n].id for n in (0, 1, 3)]


def test_a_booking_in_no_series_is_changed_alone(world: World) -> None:
    """And a class is no series' service; dates that cannot be are refused."""
    booking = another(world, FIRST)
    for command in (MoveSeries(booking.id, starts=FIRST + DAY), CancelSeries(booking.id)):
        refused = world.refused(command)
        assert (type(refused), refused.code) == (Invalid, "no_series")
    yoga = world.ask(AddService(branch=world.haircut.branch, name="Yoga", length=HOUR, rules=BookingRules(seats=2)))
    assert world.refused(order(world, service=yoga.id)).code == "is_a_class"
    wrong = Recurrence(every=Frequency.WEEKLY, count=2, on=(0,))
    assert world.refused(order(world, recurrence=wrong)).code == "bad_recurrence"
    assert world.refused(order(world, starts=world.now - DAY)).code == "booking_in_the_past"


def test_dates_are_excepted(world: World) -> None:
    """Midsummer is left out."""
    made = booked(world, recurrence=Recurrence(every=Frequency.WEEKLY, count=3, besides=(date(2027, 3, 18),)))
    assert shown(made.bookings) == ["03-11 10:00", "03-25 10:00"]


def test_overriding_a_whole_series(world: World) -> None:
    """By right, and only then, notice does not hold."""
    service = world.ask(
        AddService(branch=world.haircut.branch, name="Cut", length=HOUR, rules=BookingRules(horizon=DAY))
    )
    assert world.refused(order(world, service=service.id)).code == "series_conflicts"
    made = booked(world, service=service.id, override=True)
    assert world.refused(MoveSeries(made.bookings[0].id, starts=FIRST + HOUR)).code == "series_conflicts"
    assert len(world.ask(MoveSeries(made.bookings[0].id, starts=FIRST + HOUR, override=True)).bookings) == 4
    assert type(world.refused(order(world, service=service.id, override=True), Principal.of(world.eva.id))) in {
        NotFound,
        Forbidden,
    }


def test_whose_series(world: World) -> None:
    """Its client books, moves, sees and cancels it; nobody else does without the right."""
    eva, ida = (
        Principal.of(world.eva.id),
        Principal.of(world.ask(AddClient(organisation=world.root.id, name="Ida", email="ida@home.example")).id),
    )
    _, rolf = foreign(world)
    made: SeriesBooked = world.ask(order(world), eva)
    named = made.bookings[0].id
    for who in (ida, rolf):
        assert type(world.refused(order(world, starts=FIRST + DAY), who)) is NotFound
        for request in (MoveSeries(named, starts=FIRST + HOUR), CancelSeries(named), ListSeries(made.series.id)):
            assert type(world.refused(request, who)) is NotFound
    assert world.ask(ListSeries(made.series.id), eva) == made
    world.ask(MoveSeries(named, starts=FIRST + HOUR), eva)
    assert len(world.ask(CancelSeries(named), eva)) == 4
    assert world.ask(GetBooking(named), eva).state is BookingState.CANCELLED
