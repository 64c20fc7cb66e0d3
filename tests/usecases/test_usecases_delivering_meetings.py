"""Meetings at the vendor: exactly those that bookings want, at their times, however answers, limits and tokens fail."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from attrs import evolve

from consents import connect, settle, zoom_app
from servicekit import Instant, Kit
from servicekit.bookings import (
    AddClient,
    AddProvider,
    AddService,
    Booking,
    BookingRules,
    BookSeat,
    Cancel,
    CancelClass,
    MoveClass,
    Rebook,
    ScheduleClass,
)
from servicekit.meetings import GetMeeting, Meeting, MeetingState
from servicekit.outbox.effects import EffectState, ListEffects, RetryEffect
from servicekit.outbox.retry import RetryPolicy
from servicekit.runtime.relay import Delivered
from servicekit.testing.simulators import USERS, Fault
from world import DAY, EVA_MOBILE, HOUR, MINUTE, World, opened, zoom_adapter

pytest_plugins = ("world_fixtures",)


def meeting(world: World, booking: Booking) -> Meeting:
    """The booking's meeting as we know it."""
    found: Meeting = world.ask(GetMeeting(booking.id))
    return found


def held(world: World) -> list[tuple[str, str, int]]:
    """Marker, start and minutes of the meetings at Zoom."""
    return [(one.marker, one.starts, one.minutes) for one in world.zoom_meetings()]


def ever_made(world: World) -> int:
    """How many meetings Zoom has ever made."""
    return len(world.zoom.state()["meetings"])


def test_a_meeting_is_made_moved_and_removed(world: World) -> None:
    """One and the same: moving keeps its links. Delivering again asks nothing more."""
    booking = world.book(world.advice)
    world.settle()
    assert held(world) == [(f"sk:{booking.id}:1", str(booking.starts), 60)]
    link = meeting(world, booking).join_url
    world.ask(Rebook(booking.id, starts=booking.starts + DAY, ends=booking.ends + DAY + 30 * MINUTE))
    world.settle()
    assert held(world) == [(f"sk:{booking.id}:1", str(booking.starts + DAY), 90)]
    assert (meeting(world, booking).join_url, meeting(world, booking).in_place) == (link, True)
    world.ask(Cancel(booking.id))
    world.settle()

    assert held(world) == []
    assert meeting(world, booking).state is MeetingState.REMOVED
    assert ever_made(world) == 1
    asked = world.zoom.state()["requests"]
    assert world.kit.deliver() == Delivered()
    assert world.zoom.state()["requests"] == asked


def test_a_start_between_seconds_is_moved_to_no_end(world: World) -> None:
    """Zoom holds whole seconds and minutes; what it confirmed for the wanted time is taken as in place."""
    odd = timedelta(microseconds=1)
    booking = world.book(world.advice, starts=world.now + DAY + odd)
    world.settle()

    assert held(world) == [(f"sk:{booking.id}:1", str(booking.starts - odd), 61)]
    assert meeting(world, booking).in_place
    assert world.kit.deliver() == Delivered()


@pytest.mark.spec("Z-10")
@pytest.mark.parametrize(
    "fault",
    [
        Fault.lost_answer(path="/v2/"),
        Fault.no_answer(path="/v2/"),
        Fault.error(path="/v2/", status=500),
        Fault.error(path="/v2/", status=502, done=True),
        Fault.wrong_type(path="/v2/"),
        Fault.refused(path="/v2/"),
        Fault.throttled(path="/v2/", after=90),
        Fault.throttled(path="/v2/", retry_after="none"),
        Fault.error(path="/oauth/token", status=500),
        Fault.lost_answer(path="/oauth/token"),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.path}-{'done' if fault.done else fault.status}",
)
@pytest.mark.parametrize("times", [1, 3])
def test_whatever_becomes_of_answers_there_is_one_meeting_at_its_time(world: World, fault: Fault, times: int) -> None:
    """Booked, moved and cancelled, with faults at each: none is lost and none doubled."""
    booking = world.book(world.advice)
    for starts in (booking.starts, booking.starts + 30 * DAY):
        world.zoom.inject(*[fault] * times)
        world.ask(Rebook(booking.id, starts=starts))
        world.settle()
        assert held(world) == [(f"sk:{booking.id}:1", str(starts), 60)]
        world.clock.advance(2 * HOUR)  # the token dies meanwhile
    world.zoom.inject(*[fault] * times)
    world.ask(Cancel(booking.id))
    world.settle()

    assert held(world) == []
    assert ever_made(world) == 1
    assert world.effects(EffectState.DEAD) == []


@pytest.mark.spec("Z-10")
def test_tokens_that_expire_or_are_revoked_are_renewed(world: World) -> None:
    """An hour later, or when all of them die at once."""
    first = world.book(world.advice)
    world.settle()
    world.clock.advance(2 * HOUR)
    world.book(world.advice, starts=first.starts + 2 * HOUR)
    world.settle()
    world.zoom.tokens.expire()
    world.zoom.inject(Fault.error("POST", "/meetings$", status=401))
    world.book(world.advice, starts=first.starts + 4 * HOUR)
    world.settle()

    assert len(held(world)) == 3
    assert world.effects(EffectState.DEAD) == []


# Classes, other hosts, and organisations that bring their own account


@pytest.mark.parametrize("seats_first", [False, True])
def test_a_class_has_one_meeting_that_follows_it_with_its_seats(world: World, *, seats_first: bool) -> None:
    """Made, moved, made anew where it vanished, and removed with it; at each step every seat has a link of its own to it."""
    yoga = world.ask(
        AddService(branch=world.advice.branch, name="Yoga", length=HOUR, online=True, rules=BookingRules(seats=2))
    )
    scheduled = world.ask(ScheduleClass(service=yoga.id, provider=world.chair.id, starts=world.now + DAY))
    ole = world.ask(AddClient(organisation=world.root.id, name="Ole", email="ole@home.example"))
    if not seats_first:
        world.settle()
    seats = [world.ask(BookSeat(scheduled=scheduled.id, client=who.id)) for who in (world.eva, ole)]
    world.settle()
    links = {meeting(world, seat).join_url for seat in seats}
    assert held(world) == [(f"sk:{scheduled.id}:1", str(scheduled.starts), 60)]
    world.ask(MoveClass(scheduled=scheduled.id, starts=scheduled.starts + DAY))
    world.settle()
    assert held(world) == [(f"sk:{scheduled.id}:1", str(scheduled.starts + DAY), 60)]
    assert {meeting(world, seat).join_url for seat in seats} == links
    world.zoom.webhook_url = ""
    world.zoom.delete_meeting(world.zoom_meetings()[0].id)
    world.ask(MoveClass(scheduled=scheduled.id, starts=scheduled.starts + 2 * DAY))
    world.settle()
    assert held(world) == [(f"sk:{scheduled.id}:2", str(scheduled.starts + 2 * DAY), 60)]
    anew = {meeting(world, seat).join_url for seat in seats}
    assert (len(links), len(anew), links & anew) == (2, 2, set())
    assert {world.zoom.open_link(link) for link in anew} == {world.zoom_meetings()[0].id}
    world.ask(CancelClass(scheduled.id))
    world.settle()

    assert held(world) == []
    assert ever_made(world) == 2
    assert world.effects(EffectState.DEAD) == []


def test_a_refused_meeting_of_a_class_holds_its_seats_until_it_is_made(world: World) -> None:
    """Its seats are given up with it; once somebody has mended the cause and retried the one, all have their links."""
    yoga = world.ask(
        AddService(branch=world.advice.branch, name="Yoga", length=HOUR, online=True, rules=BookingRules(seats=2))
    )
    world.zoom.inject(Fault.error("POST", "/meetings$", status=400))
    scheduled = world.ask(ScheduleClass(service=yoga.id, provider=world.chair.id, starts=world.now + DAY))
    world.settle()
    seat = world.ask(BookSeat(scheduled=scheduled.id, client=world.eva.id))
    world.settle()
    letters = {letter.subject: letter for letter in world.ask(ListEffects(organisation=world.root.id))}
    assert set(letters) >= {scheduled.id, seat.id}
    world.ask(RetryEffect(letters[scheduled.id].id))
    world.settle()

    assert held(world) == [(f"sk:{scheduled.id}:1", str(scheduled.starts), 60)]
    assert meeting(world, seat).state is MeetingState.MADE
    assert world.effects(EffectState.DEAD) == []


@pytest.mark.parametrize(
    "fault", [None, Fault.lost_answer("DELETE"), Fault.error("DELETE", status=502)], ids=["well", "answer lost", "502"]
)
def test_a_meeting_that_is_passed_on_to_another_host_is_made_there_before_the_old_one_goes(
    world: World, fault: Fault | None
) -> None:
    """No service gives a meeting to another host; the client is told the new link, and one meeting is left."""
    booking = world.book(world.advice)
    world.settle()
    (before,) = world.zoom_meetings()
    bea = world.ask(AddProvider(organisation=world.root.id, name="Bea", meeting_user=USERS[1].email))
    world.zoom.inject(Fault.error("POST", "/meetings$", status=429), *([fault] if fault else []))
    world.ask(Rebook(booking.id, starts=booking.starts, provider=bea.id))
    world.kit.deliver()
    assert [one.id for one in world.zoom_meetings()] == [before.id], "the old link opens until there is a new one"
    world.settle()

    assert held(world) == [(f"sk:{booking.id}:2", str(booking.starts), 60)]
    (now,) = [one for one in world.zoom.state()["meetings"] if not one["deleted"]]
    assert now["host_id"] == USERS[1].id
    assert meeting(world, booking).former == ""


def test_without_an_account_the_meeting_waits_for_somebody_to_connect_one(tmp_path: Path) -> None:
    """A dead letter that says so; once an account is connected, the meeting and the links of seats are made."""
    with opened(tmp_path, meetings=zoom_app()) as world:
        booking = world.book(world.advice)
        settle(world)
        (letter,) = world.ask(ListEffects(organisation=world.root.id))
        assert letter.trouble == "no account is connected at zoom: an administrator has to connect one"
        connect(world)
        settle(world)

        assert held(world) == [(f"sk:{booking.id}:1", str(booking.starts), 60)]
        assert world.effects(EffectState.DEAD) == []


def test_once_a_host_is_used_up_for_today_its_other_moves_wait_without_asking(world: World) -> None:
    """One refusal tells it; removing is always possible."""
    bookings = [world.book(world.advice, starts=world.now + 10 * DAY + number * HOUR) for number in range(3)]
    world.settle()
    world.zoom.daily_cap = 3
    for booking in bookings[:2]:
        world.ask(Rebook(booking.id, starts=booking.starts + DAY))
    world.ask(Cancel(bookings[2].id))
    world.kit.deliver()
    refused = [one for one in world.zoom.exchanges if one.response is not None and one.response.status == 429]
    assert len(refused) == 1
    assert sorted(starts for _, starts, _ in held(world)) == [str(booking.starts) for booking in bookings[:2]]
    world.settle()
    assert sorted(starts for _, starts, _ in held(world)) == [str(booking.starts + DAY) for booking in bookings[:2]]


@pytest.mark.spec("Z-10")
def test_a_daily_limit_is_waited_out(world: World) -> None:
    """Until the next day in UTC, as Zoom says; that is no failure, and is not counted."""
    world.zoom.daily_cap = 1
    bookings = [world.book(world.advice, starts=world.now + 10 * DAY + number * HOUR) for number in range(3)]
    world.kit.deliver()
    waiting = [effect for effect in world.effects(EffectState.DUE) if effect.kind == "meeting"]

    assert len(held(world)) == 1
    assert {effect.attempts for effect in waiting} == {0}
    midnight = Instant.parse("2026-11-26T00:00:00Z")
    assert all(midnight <= effect.due_at <= midnight + timedelta(seconds=1) for effect in waiting)
    world.settle()
    assert sorted(starts for _, starts, _ in held(world)) == [str(booking.starts) for booking in bookings]


def test_a_meeting_that_may_have_been_made_is_removed_when_the_booking_is_cancelled(world: World) -> None:
    """Looked up first; one that was never made is dropped."""
    for fault, made in ((Fault.lost_answer("POST", "/meetings$"), 1), (Fault.no_answer("POST", "/meetings$"), 1)):
        world.zoom.inject(fault)
        booking = world.book(world.advice)
        world.kit.deliver()
        world.ask(Cancel(booking.id))
        world.settle()
        assert (held(world), ever_made(world)) == ([], made)
    assert meeting(world, booking).state is MeetingState.DROPPED


def test_a_meeting_that_was_moved_while_nobody_knew_of_it_ends_at_the_new_time(world: World) -> None:
    """The answer to its making was lost, then the booking was moved: found by its marker and moved."""
    world.zoom.inject(Fault.lost_answer("POST", "/meetings$"))
    booking = world.book(world.advice)
    world.kit.deliver()
    world.ask(Rebook(booking.id, starts=booking.starts + 5 * DAY))
    world.settle()

    assert held(world) == [(f"sk:{booking.id}:1", str(booking.starts + 5 * DAY), 60)]
    assert ever_made(world) == 1


def test_a_meeting_that_vanished_is_made_anew_when_it_should_be_moved(world: World) -> None:
    """Somebody deleted it in Zoom and no call told us: another one, under a new marker, and the client gets its link."""
    booking = world.book(world.advice)
    world.settle()
    old = meeting(world, booking)
    world.zoom.webhook_url = ""
    world.zoom.delete_meeting(old.vendor_id)
    world.ask(Rebook(booking.id, starts=booking.starts + DAY))
    world.settle()

    assert held(world) == [(f"sk:{booking.id}:2", str(booking.starts + DAY), 60)]
    new = meeting(world, booking)
    assert (new.attempt, new.in_place) == (2, True)
    assert new.join_url != old.join_url
    assert new.join_url in world.elks.handset(EVA_MOBILE)[-1].text


def test_a_meeting_that_is_gone_already_counts_as_removed(world: World) -> None:
    """Somebody was faster."""
    booking = world.book(world.advice)
    world.settle()
    world.zoom.webhook_url = ""
    world.zoom.delete_meeting(meeting(world, booking).vendor_id)
    world.ask(Cancel(booking.id))
    world.settle()

    assert meeting(world, booking).state is MeetingState.REMOVED
    assert world.effects(EffectState.DEAD) == []


@pytest.mark.parametrize(
    "altered",
    [
        Fault.altered("POST", "/meetings$", removed=["start_time"]),
        Fault.altered("POST", "/meetings$", replaced={"duration": 5}),
    ],
    ids=["no time", "another time"],
)
def test_a_meeting_made_for_another_time_is_moved(world: World, altered: Fault) -> None:
    """What the vendor says of the time is believed, not what was asked of it."""
    world.zoom.inject(altered)
    booking = world.book(world.advice)
    world.settle()

    assert "PATCH" in {exchange.request.method for exchange in world.zoom.exchanges}
    assert held(world) == [(f"sk:{booking.id}:1", str(booking.starts), 60)]
    assert meeting(world, booking).in_place


# Noes


def test_a_meeting_that_the_vendor_refuses_is_a_dead_letter(world: World) -> None:
    """With the vendor's code; no notice goes out until it is retried."""
    world.zoom.inject(Fault.error("POST", "/meetings$", status=400))
    booking = world.book(world.advice)
    world.settle()

    assert meeting(world, booking).state is MeetingState.FAILED
    (letter,) = world.ask(ListEffects(organisation=world.root.id))
    assert letter.trouble == meeting(world, booking).detail == "zoom answered 400; trying again will not help"
    assert world.elks.handset(EVA_MOBILE) == ()
    world.ask(RetryEffect(letter.id))
    world.settle()
    assert len(held(world)) == len(world.elks.handset(EVA_MOBILE)) == 1


def test_wrong_credentials_make_a_dead_letter_that_names_them(tmp_path: Path) -> None:
    """No secret stands in it."""
    with opened(tmp_path, meetings=zoom_adapter(client_secret="wrong-secret")) as world:
        world.book(world.advice)
        world.settle()
        (letter,) = world.ask(ListEffects(organisation=world.root.id))

        assert letter.trouble.startswith("zoom answered 401: no access token, Invalid client")
        assert not any("wrong-secret" in repr(row) for rows in world.tables().values() for row in rows)


def test_a_host_who_does_not_exist_is_a_dead_letter(world: World) -> None:
    """The provider's meeting user is wrong: a person has to look."""
    with world.look() as store:
        store.providers.save(evolve(world.room, meeting_user="nobody@salon.example"))
    world.book(world.advice)
    world.settle()
    (letter,) = world.ask(ListEffects(organisation=world.root.id))

    assert "User does not exist: nobody@salon.example" in letter.trouble


@pytest.mark.parametrize(("late", "minutes"), [(timedelta(0), 59), (MINUTE, 58), (59 * MINUTE, 1)])
def test_a_meeting_of_a_booking_that_has_begun_starts_in_a_minute(world: World, late: timedelta, minutes: int) -> None:
    """Zoom takes no start in the past; it lasts until the booking's end."""
    booking = world.book(world.advice)
    world.clock.set(booking.starts + late)
    world.settle()

    assert held(world) == [(f"sk:{booking.id}:1", str(world.now + MINUTE), minutes)]
    assert meeting(world, booking).in_place
    assert world.effects(EffectState.DEAD) == []


def test_a_meeting_moved_to_a_time_that_has_begun_stays_where_it_is(world: World) -> None:
    """Its link opens it all the same; Zoom would not take the start, so it is not asked."""
    booking = world.book(world.advice)
    world.settle()
    world.ask(Rebook(booking.id, starts=world.now + MINUTE))
    world.clock.advance(2 * MINUTE)
    world.settle()

    assert held(world) == [(f"sk:{booking.id}:1", str(booking.starts), 60)]
    assert "PATCH" not in {exchange.request.method for exchange in world.zoom.exchanges}
    assert world.effects(EffectState.DEAD) == []


def test_a_meeting_whose_time_is_over_is_not_made(world: World) -> None:
    """Nobody delivered before; nobody is bothered."""
    booking = world.book(world.advice)
    world.clock.set(booking.ends)
    world.settle()

    assert ever_made(world) == 0
    assert (meeting(world, booking).state, meeting(world, booking).detail) == (
        MeetingState.DROPPED,
        "its time was over before it could be made",
    )
    assert world.effects(EffectState.DEAD) == []


def test_a_removal_is_never_given_up(tmp_path: Path) -> None:
    """Whatever Zoom says, and however often."""
    with opened(tmp_path, retry=RetryPolicy(first=MINUTE, longest=HOUR, attempts=3)) as world:
        booking = world.book(world.advice, starts=world.now + 90 * DAY)
        world.settle()
        world.ask(Cancel(booking.id))
        world.zoom.inject(
            Fault.error("DELETE", status=400, times=8), Fault.throttled("DELETE", times=8, retry_after="none")
        )
        world.settle()

        assert held(world) == []
        assert world.effects(EffectState.DEAD) == []


def test_a_move_that_zoom_does_not_do_is_a_dead_letter(world: World) -> None:
    """Read back after it was said to be done: the time in Zoom is the old one."""
    booking = world.book(world.advice)
    world.settle()
    world.zoom.set_clock(booking.starts + 30 * DAY)  # Zoom's clock is far ahead: for it the new time is past
    world.ask(Rebook(booking.id, starts=booking.starts + DAY))
    world.settle()
    (letter,) = world.ask(ListEffects(organisation=world.root.id))

    assert "took the new time for meeting" in letter.trouble
    assert not meeting(world, booking).in_place


def test_a_kit_without_meetings_says_what_is_missing(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """The meeting stays planned, for a relay that has a service for it."""
    booking = world.book(world.advice)
    with Kit.open(f"sqlite:////{world.path}", clock=world.clock) as other:
        assert other.deliver() == Delivered()
    assert "what is due of the kind meeting waits for a kit with Kit.open(..., meetings=...)" in caplog.text
    assert meeting(world, booking).state is MeetingState.PLANNED
    world.settle()
    assert len(held(world)) == 1
