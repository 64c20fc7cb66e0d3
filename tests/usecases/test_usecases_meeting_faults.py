"""Faults of other systems that this one is free of: each test carries the fault's name."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from attrs import evolve

from servicekit import Instant, Kit
from servicekit.bookings import AddBranch, AddService, Booking, Cancel, Rebook
from servicekit.meetings import GetMeeting, Meeting, MeetingState
from servicekit.outbox.effects import EffectKind, EffectState
from servicekit.testing.simulators import USERS, Fault, transport
from world import DAY, EVA_MOBILE, HOUR, World

pytest_plugins = ("world_fixtures",)

MIDNIGHT = Instant.parse("2026-11-26T00:00:00Z")


def meeting(world: World, booking: Booking) -> Meeting:
    """The booking's meeting as we know it."""
    found: Meeting = world.ask(GetMeeting(booking.id))
    return found


def sent(world: World, method: str) -> list[dict[str, object]]:
    """The bodies of the requests to Zoom's meetings with a method."""
    requests = [one.request for one in world.zoom.exchanges if "/v2/" in one.request.url]
    return [json.loads(one.body or b"{}") for one in requests if one.method == method]


@pytest.mark.parametrize("fault", [Fault.lost_answer, Fault.no_answer, Fault.refused], ids=lambda one: one.__name__)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_f30_a_cancelled_booking_leaves_no_meeting(world: World, method: str, fault: object) -> None:
    """F-30: whatever became of making or removing it; also one whose id we never heard."""
    world.zoom.inject(fault(method, "/v2/"))  # type: ignore[operator]
    booking = world.book(world.advice)
    world.kit.deliver()
    world.ask(Cancel(booking.id))
    world.settle()

    assert world.zoom_meetings() == []
    assert world.effects(EffectState.DEAD) == []


@pytest.mark.parametrize("told", [True, False], ids=["told by Zoom", "found at the move"])
def test_f31_a_meeting_that_was_deleted_at_zoom_comes_again_and_everybody_hears(world: World, *, told: bool) -> None:
    """F-31: a new meeting at the wanted time, and the client is sent the link that works."""
    booking = world.book(world.advice)
    world.settle()
    dead = meeting(world, booking).join_url
    if not told:
        world.zoom.webhook_url = ""
    world.zoom.delete_meeting(meeting(world, booking).vendor_id)
    world.zoom.deliver_webhooks()
    if not told:
        booking = world.ask(Rebook(booking.id, starts=booking.starts + DAY))
    heard = len(world.elks.handset(EVA_MOBILE))
    world.settle()

    (held,) = world.zoom_meetings()
    assert (held.marker, held.starts) == (f"sk:{booking.id}:2", str(booking.starts))
    (text,) = world.elks.handset(EVA_MOBILE)[heard:]
    assert meeting(world, booking).join_url in text.text
    assert dead not in text.text


def test_f32_an_older_effect_never_touches_what_a_newer_one_made(world: World) -> None:
    """F-32: cancelled while its move is on the way, booked again at the same time: only the first booking's meeting goes."""
    first = world.book(world.advice)
    world.settle()
    world.zoom.inject(Fault.lost_answer("PATCH"))
    world.ask(Rebook(first.id, starts=first.starts + DAY))
    world.kit.deliver()
    world.ask(Cancel(first.id))
    second = world.book(world.advice, starts=first.starts + DAY)
    world.settle()

    assert [(one.marker, one.starts) for one in world.zoom_meetings()] == [(f"sk:{second.id}:1", str(second.starts))]


@pytest.mark.parametrize(
    ("zone", "starts"),
    [
        ("Europe/Zurich", "2027-03-28T00:30:00Z"),
        ("Europe/Zurich", "2027-10-31T00:30:00Z"),
        ("Europe/Zurich", "2027-10-31T01:30:00Z"),
        ("America/New_York", "2027-03-14T07:00:00Z"),
        ("America/New_York", "2027-11-07T05:30:00Z"),
        ("Australia/Lord_Howe", "2027-04-03T15:15:00Z"),
    ],
)
def test_f33_f37_the_instant_in_zoom_is_the_bookings(world: World, zone: str, starts: str) -> None:
    """F-33, F-37: around clock changes, in the very hour that comes twice; made there and moved there, read back."""
    branch = world.ask(AddBranch(organisation=world.root.id, name="Away", zone=zone))
    service = world.ask(AddService(branch=branch.id, name="Advice", length=HOUR, online=True))
    made = world.book(service, starts=Instant.parse(starts))
    moved = world.book(service, starts=Instant.parse(starts) + 9 * HOUR, provider=world.chair)
    world.settle()
    moved = world.ask(Rebook(moved.id, starts=made.starts))
    world.settle()

    assert {one.starts for one in world.zoom_meetings()} == {str(Instant.parse(starts))}
    assert all(meeting(world, one).in_place for one in (made, moved))
    asked = {*(str(body["start_time"]) for body in (*sent(world, "POST"), *sent(world, "PATCH")) if body)}
    assert all(text.endswith("Z") for text in asked)


def test_f35_what_is_gone_already_is_removed(world: World) -> None:
    """F-35: "not found" at a delete is success; any other refusal is not."""
    gone, kept = world.book(world.advice), world.book(world.advice, provider=world.chair)
    world.settle()
    world.zoom.webhook_url = ""
    world.zoom.delete_meeting(meeting(world, gone).vendor_id)
    world.ask(Cancel(gone.id))
    world.settle()
    assert meeting(world, gone).state is MeetingState.REMOVED
    world.zoom.inject(Fault.error("DELETE", status=404))
    world.ask(Cancel(kept.id))
    world.kit.deliver()

    assert meeting(world, kept).state is MeetingState.MADE
    world.settle()
    assert world.zoom_meetings() == []


def test_f36_a_move_sends_the_time_and_nothing_else(world: World) -> None:
    """F-36: passcode, settings and topic are as they were, also those that somebody has changed in Zoom itself."""
    booking = world.book(world.advice)
    world.settle()
    (known,) = world.zoom._meetings.values()
    known.shown["password"] = "changed"
    known.settings["waiting_room"] = True
    settings = dict(known.settings)
    world.ask(Rebook(booking.id, starts=booking.starts + DAY))
    world.settle()

    assert [set(body) for body in sent(world, "PATCH")] == [{"start_time", "duration", "timezone"}]
    assert (known.shown["password"], known.settings) == ("changed", settings)


def test_f38_a_token_is_renewed_and_not_twice_at_once(world: World) -> None:
    """F-38: hours later, with several meetings at once; :mod:`test_usecases_connecting` has it for refresh tokens."""
    world.book(world.advice)
    world.settle()
    world.clock.advance(5 * HOUR)
    for number in range(4):
        world.book(world.advice, starts=world.now + DAY + number * HOUR)
    world.settle()

    assert len(world.zoom_meetings()) == 5
    assert world.zoom.tokens.given == 2


# F-39


@pytest.fixture
def counted(world: World) -> World:
    """A world whose room is Beat's at Zoom, and the chair Anna's."""
    with world.look() as store:
        store.providers.save(evolve(world.room, meeting_user=USERS[1].id))
    return world


def parked(world: World) -> list[Instant]:
    """When the meetings that wait are due."""
    return sorted(one.due_at for one in world.effects(EffectState.DUE) if one.kind is EffectKind.MEETING)


def fill(world: World, made: int, days: int = 1) -> None:
    """Make so many bookings with the room from so many days on, an hour each, and their meetings."""
    for number in range(made):
        world.book(world.advice, starts=world.now + days * DAY + number * HOUR)
    world.kit.deliver()


def test_f39_the_hundred_and_first_change_of_a_day_is_not_asked_for(counted: World) -> None:
    """F-39: we count, so Zoom never has to refuse; the rest is parked until 00:00 UTC, without a try in between."""
    world = counted
    fill(world, 103)
    asked = world.zoom.state()["requests"]
    for _ in range(5):
        world.clock.advance(HOUR)
        world.kit.deliver()

    assert len(world.zoom_meetings()) == 100
    assert parked(world) == [MIDNIGHT] * 3
    assert world.zoom.state()["requests"] == asked
    assert all(one.response is None or one.response.status != 429 for one in world.zoom.exchanges)
    assert {one.attempts for one in world.effects(EffectState.DUE)} == {0}
    world.settle()
    assert len(world.zoom_meetings()) == 103


def test_f39_moves_count_and_removals_do_not(counted: World) -> None:
    """F-39: a hundred creations and moves together; to cancel is always possible."""
    world = counted
    bookings = [world.book(world.advice, starts=world.now + 10 * DAY + number * HOUR) for number in range(50)]
    world.kit.deliver()
    for booking in bookings:
        world.ask(Rebook(booking.id, starts=booking.starts + 9 * DAY))
    world.kit.deliver()
    assert parked(world) == []
    world.ask(Rebook(bookings[0].id, starts=bookings[0].starts + 20 * DAY))
    world.ask(Cancel(bookings[1].id))
    world.kit.deliver()

    assert parked(world) == [MIDNIGHT]
    assert len(world.zoom_meetings()) == 49


def test_f39_other_hosts_are_unaffected(counted: World) -> None:
    """F-39: one host's limit is not the other's."""
    world = counted
    fill(world, 101)
    others = world.book(world.advice, provider=world.chair)
    world.kit.deliver()

    assert meeting(world, others).state is MeetingState.MADE
    assert len(parked(world)) == 1


def test_f39_what_others_have_spent_at_zoom_is_heard_once(counted: World) -> None:
    """F-39: another program uses the same host up: one refusal tells, and nobody else asks for this host that day."""
    world = counted
    world.zoom.daily_cap = 2
    fill(world, 10)
    refused = [one for one in world.zoom.exchanges if one.response is not None and one.response.status == 429]

    assert len(refused) == 1
    assert len(parked(world)) == 8
    assert all(MIDNIGHT <= one <= MIDNIGHT + timedelta(seconds=1) for one in parked(world))


def test_f39_every_day_counts_anew(counted: World) -> None:
    """F-39: after 00:00 UTC a hundred more."""
    world = counted
    fill(world, 100)
    world.clock.set(MIDNIGHT)
    fill(world, 1, days=20)

    assert (len(world.zoom_meetings()), parked(world)) == (101, [])


def test_f39_two_relays_spend_one_count(counted: World) -> None:
    """F-39: the count is the database's, so another process goes on where this one stopped."""
    world = counted
    fill(world, 99)
    with Kit.open(
        f"sqlite:////{world.path}",
        texts=world.kit._wiring.texts,
        meetings=world.kit._wiring.meetings,
        clock=world.clock,
        transport=transport(world.elks, world.zoom),
    ) as other:
        for number in range(2):
            world.book(world.advice, starts=world.now + 20 * DAY + number * HOUR)
        other.deliver()

    assert len(parked(world)) == 1
