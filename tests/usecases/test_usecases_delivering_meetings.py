"""Meetings at the vendor: exactly those that bookings want, at their times, however answers, limits and tokens fail."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from attrs import evolve

from servicekit import Instant, Kit
from servicekit.bookings import Booking, Cancel, Rebook
from servicekit.meetings import GetMeeting, Meeting, MeetingState
from servicekit.outbox.effects import EffectState, ListEffects, RetryEffect
from servicekit.outbox.retry import RetryPolicy
from servicekit.runtime.relay import Delivered
from servicekit.testing.simulators import Fault
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
