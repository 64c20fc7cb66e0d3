"""What follows from a booking: its key, its meeting and its notices, in the booking's own transaction."""

from __future__ import annotations

import signal
from datetime import timedelta
from typing import Any

import pytest

import children
from processes import run
from servicekit import Instant
from servicekit.bookings import (
    AddBranch,
    AddClient,
    AddService,
    Book,
    Booking,
    Branch,
    Cancel,
    MarkNoShow,
    Rebook,
    Service,
)
from servicekit.commands import Command
from servicekit.errors import Invalid
from servicekit.keys import ListKeys
from servicekit.meetings import GetMeeting, MeetingState
from servicekit.outbox.effects import Effect, EffectState, ListEffects, Stage
from servicekit.testing.simulators import Fault
from world import CLOAKROOM, DAY, EVA_MOBILE, HOUR, MAIN, MINUTE, ROOM, ROOM_2, HeldKey, World

pytest_plugins = ("world_fixtures",)


def kinds(effects: list[Effect]) -> list[str]:
    """Their kinds, with the occasion of a notice."""
    return sorted(f"{effect.kind} {effect.payload}".strip() for effect in effects)


def due(world: World) -> list[str]:
    """The kinds of what is enqueued."""
    return kinds(world.effects(EffectState.DUE))


# Keys


@pytest.mark.spec("K-05")
def test_a_service_with_doors_needs_a_mobile_number(world: World) -> None:
    """The refusal names the client; the key is bound to the number, in E.164."""
    ida = world.ask(AddClient(organisation=world.root.id, name="Ida", email="ida@home.example"))
    book = Book(service=world.massage.id, provider=world.room.id, client=ida.id, starts=world.now + DAY)
    refused = world.refused(book)

    assert (type(refused), refused.code) == (Invalid, "mobile_required")
    assert refused.facts == {"client": ida.id, "service": world.massage.id}
    assert "opens doors by mobile phone: Ida needs a mobile number" in refused.message
    world.book(world.haircut, client=ida, provider=world.chair)
    world.book(world.massage)
    world.settle()
    assert [key.phone for key in world.exivo_keys()] == [EVA_MOBILE]


@pytest.mark.spec("K-05")
def test_doors_of_the_branch_alone_need_a_number_too(world: World) -> None:
    """Every booking of that branch opens them."""
    plain = world.ask(AddService(branch=world.branch.id, name="Plain", length=HOUR))
    ida = world.ask(AddClient(organisation=world.root.id, name="Ida", email="ida@home.example"))
    book = Book(service=plain.id, provider=world.room.id, client=ida.id, starts=world.now + DAY)

    assert world.refused(book).code == "mobile_required"


@pytest.mark.spec("K-06")
@pytest.mark.parametrize(
    ("branch", "service", "doors"),
    [
        ((MAIN, CLOAKROOM), (ROOM,), {MAIN, CLOAKROOM, ROOM}),
        ((MAIN,), (MAIN, ROOM_2), {MAIN, ROOM_2}),
        ((), (ROOM,), {ROOM}),
        ((MAIN,), (), {MAIN}),
    ],
)
def test_a_key_opens_the_branchs_doors_and_the_services(
    world: World, branch: tuple[str, ...], service: tuple[str, ...], doors: set[str]
) -> None:
    """Exactly those, from 15 minutes before the start until 15 minutes after the end."""
    place: Branch = world.ask(
        AddBranch(
            organisation=world.root.id,
            name="Ost",
            zone="UTC",
            site=world.branch.site,
            components=branch,
            service_components=service,
        )
    )
    offered: Service = world.ask(AddService(branch=place.id, name="Spa", length=HOUR, components=service))
    booking = world.book(offered)
    world.settle()

    assert world.exivo_keys() == [
        HeldKey(
            marker=f"sk:{booking.id}:1",
            phone=EVA_MOBILE,
            doors=frozenset(doors),
            opens=str(booking.starts - 15 * MINUTE),
            closes=str(booking.ends + 15 * MINUTE),
        )
    ]
    phone = world.eva.mobile
    for at, green in (
        (booking.starts - 15 * MINUTE - timedelta(seconds=1), False),
        (booking.starts - 15 * MINUTE, True),
        (booking.ends + 15 * MINUTE - timedelta(seconds=1), True),
        (booking.ends + 15 * MINUTE, False),
    ):
        assert [world.exivo.try_door(phone, door, at).green for door in sorted(doors)] == [green] * len(doors)


def test_without_doors_there_is_no_key(world: World) -> None:
    """Nor is the door system asked."""
    world.book(world.haircut)
    world.settle()

    assert world.exivo.state()["requests"] == 0


@pytest.mark.spec("K-12")
def test_a_service_may_have_margins_of_its_own(world: World) -> None:
    """Half an hour before, and not a minute longer."""
    early = AddService(
        branch=world.branch.id,
        name="Sauna",
        length=HOUR,
        components=(ROOM,),
        opens_before=30 * MINUTE,
        closes_after=timedelta(0),
    )
    booking = world.book(world.ask(early))
    world.settle()

    (key,) = world.exivo_keys()
    assert (key.opens, key.closes) == (str(booking.starts - 30 * MINUTE), str(booking.ends))


@pytest.mark.spec("K-12")
@pytest.mark.parametrize(
    ("start", "opens", "closes"),
    [
        ("2027-03-28T03:05:00+02:00", "2027-03-28T01:50:00+01:00", "2027-03-28T04:20:00+02:00"),
        ("2026-10-25T02:05:00+01:00", "2026-10-25T02:50:00+02:00", "2026-10-25T03:20:00+01:00"),
    ],
    ids=["spring", "autumn"],
)
def test_a_clock_change_between_booking_and_use_leaves_the_window_right(
    world: World, start: str, opens: str, closes: str
) -> None:
    """Fifteen minutes are fifteen minutes, also where the wall clock jumps within them."""
    world.clock.set(Instant.parse("2026-10-20T12:00:00Z"))
    booking = world.book(world.massage, starts=Instant.parse(start))
    world.settle()

    (key,) = world.exivo_keys()
    assert (key.opens, key.closes) == (str(Instant.parse(opens)), str(Instant.parse(closes)))
    assert booking.window.length == HOUR


@pytest.mark.spec("K-12")
def test_adjoining_bookings_of_one_room_are_told_apart(world: World) -> None:
    """Each has its own key for its own phone; in the half hour that both work, each opens by itself."""
    ida = world.ask(AddClient(organisation=world.root.id, name="Ida", email="i@home.example", mobile="+41791234568"))
    first = world.book(world.massage)
    second = world.book(world.massage, starts=first.ends, client=ida)
    world.settle()
    world.kit.perform(Cancel(first.id), by=world.anna)
    world.settle()

    assert [(key.marker, key.phone) for key in world.exivo_keys()] == [(f"sk:{second.id}:1", ida.mobile)]
    assert world.exivo.try_door(ida.mobile, ROOM, second.starts - 10 * MINUTE)
    assert not world.exivo.try_door(EVA_MOBILE, ROOM, second.starts - 10 * MINUTE)


# What is enqueued


def test_a_booking_enqueues_what_its_service_needs(world: World) -> None:
    """Deeds first, the notice behind them; all about the booking, in its revision."""
    wanted = {
        world.coaching.name: ["key", "meeting", "notice booked"],
        world.massage.name: ["key", "notice booked"],
        world.advice.name: ["meeting", "notice booked"],
        world.haircut.name: ["notice booked"],
    }
    for number, service in enumerate((world.coaching, world.massage, world.advice, world.haircut), 1):
        booking = world.book(service, starts=world.now + number * DAY)
        mine = [effect for effect in world.effects(EffectState.DUE) if effect.about == booking.id]
        assert kinds(mine) == wanted[service.name]
        assert {(effect.subject, effect.revision, effect.due_at) for effect in mine} == {(booking.id, 1, world.now)}
        assert [effect.stage for effect in mine if effect.payload] == [Stage.NOTICE]


def test_a_change_replaces_what_waits_for_the_booking(world: World) -> None:
    """What was wanted before is not done any more: only the newest occasion is told."""
    booking = world.book()
    moved: Booking = world.ask(Rebook(booking.id, starts=booking.starts + DAY))
    assert due(world) == ["key", "meeting", "notice moved"]
    world.ask(Cancel(moved.id))
    assert due(world) == ["key", "meeting", "notice cancelled"]
    assert {effect.revision for effect in world.effects(EffectState.DUE)} == {3}
    world.settle()

    assert world.exivo.state()["keys"] == world.zoom.state()["meetings"] == []
    assert [text.text.split(":")[0] for text in world.elks.handset(EVA_MOBILE)] == ["Cancelled"]


def test_a_booking_that_is_passed_on_is_told_to_both_providers(world: World) -> None:
    """The client of a move, the new provider of a booking, and the one who had it, that it is over: an effect of its own."""
    booking = world.book()
    world.settle()
    world.ask(Rebook(booking.id, starts=booking.starts, provider=world.chair.id))
    notices = {effect.subject: effect for effect in world.effects(EffectState.DUE) if effect.payload}

    assert set(notices) == {booking.id, f"{booking.id}/{world.room.id}"}
    assert notices[booking.id].payload == "moved booked"
    assert notices[f"{booking.id}/{world.room.id}"].payload == f"{booking.starts.iso()} {booking.ends.iso()}"
    world.ask(Rebook(booking.id, starts=booking.starts + DAY, provider=world.chair.id))
    assert notices[f"{booking.id}/{world.room.id}"] in world.effects(EffectState.DUE), (
        "a later move does not replace it"
    )


def test_a_client_without_the_app_gets_a_pin_of_their_own_for_each_key(world: World) -> None:
    """Six digits, another one for each booking; a phone's key has none."""
    ida = world.ask(
        AddClient(organisation=world.root.id, name="Ida", email="ida@home.example", mobile="+41791110000", by_pin=True)
    )
    bookings = [world.book(world.massage, client=ida, starts=world.now + number * DAY) for number in range(1, 6)]
    pins = [key.pin for booking in bookings for key in world.ask(ListKeys(booking.id))]
    assert len(set(pins)) == len(pins) == 5
    assert all(len(pin) == 6 and pin.isdecimal() for pin in pins)
    (key,) = world.ask(ListKeys(world.book(world.massage, starts=world.now + 9 * DAY).id))
    assert key.pin == ""
    world.settle()
    assert sorted(visit["code"] for visit in world.exivo.state()["visits"]) == sorted(pins)


def test_a_no_show_is_told_nobody(world: World) -> None:
    """Its key ends and its meeting goes, without a word."""
    booking = world.book()
    world.settle()
    world.clock.set(booking.starts)
    world.ask(MarkNoShow(booking.id))

    assert due(world) == ["key", "meeting"]


def test_what_a_booking_never_had_is_not_ended(world: World) -> None:
    """A cancelled haircut has no doors to close."""
    booking = world.book(world.haircut)
    world.ask(Cancel(booking.id))

    assert due(world) == ["notice cancelled"]


# Meetings that were over


def _meeting_state(world: World, booking: Booking) -> MeetingState:
    state: MeetingState = world.ask(GetMeeting(booking.id)).state
    return state


def test_a_meeting_that_was_refused_is_made_when_the_booking_moves(world: World) -> None:
    """A move is a new wish."""
    world.zoom.inject(Fault.error("POST", "/meetings$", status=400))
    booking = world.book(world.advice)
    world.settle()
    assert _meeting_state(world, booking) is MeetingState.FAILED
    world.ask(Rebook(booking.id, starts=booking.starts + DAY))
    world.settle()

    (held,) = world.zoom_meetings()
    assert (held.marker, held.starts) == (f"sk:{booking.id}:2", str(booking.starts + DAY))
    assert world.effects(EffectState.DEAD) == []


def test_a_meeting_whose_time_was_over_is_made_when_the_booking_moves(world: World) -> None:
    """Nobody delivered before the hour had passed; the client still gets another one."""
    booking = world.book(world.advice)
    world.clock.advance(DAY + HOUR)
    world.settle()
    assert _meeting_state(world, booking) is MeetingState.DROPPED
    world.ask(Rebook(booking.id, starts=world.now + DAY))
    world.settle()

    assert [held.starts for held in world.zoom_meetings()] == [str(world.now + DAY)]


def test_a_meeting_that_was_tidied_up_is_made_when_the_booking_moves(world: World) -> None:
    """It had taken place, and was deleted at the vendor afterwards."""
    booking = world.book(world.advice)
    world.settle()
    world.clock.advance(DAY + HOUR)
    world.zoom.delete_meeting(world.zoom_meetings()[0].id)
    world.zoom.deliver_webhooks()
    assert _meeting_state(world, booking) is MeetingState.REMOVED
    world.ask(Rebook(booking.id, starts=world.now + DAY))
    world.settle()

    assert [held.starts for held in world.zoom_meetings()] == [str(world.now + DAY)]


# One transaction


def _commands(world: World, booking: Booking) -> dict[str, tuple[Command[Any], set[str]]]:
    book = Book(service=world.coaching.id, provider=world.room.id, client=world.eva.id, starts=world.now + 9 * DAY)
    return {
        "booking": (book, {"key", "meeting", "notice booked"}),
        "moving": (Rebook(booking.id, starts=booking.starts + DAY), {"key", "meeting", "notice moved"}),
        "cancelling": (Cancel(booking.id), {"key", "meeting", "notice cancelled"}),
    }


@pytest.mark.spec("B-03")
@pytest.mark.parametrize("what", ["booking", "moving", "cancelling"])
def test_a_change_and_its_effects_are_there_together_or_not_at_all(world: World, what: str) -> None:
    """The process dies just before its commit, or just after it: before, nothing has changed; after, nothing is missing."""
    booking = world.book()
    world.settle()
    before = world.tables()
    command, wanted = _commands(world, booking)[what]
    told = []
    for step in (1, 2, 3):
        code = run(children.perform_or_die, str(world.path), command, world.anna, world.now, step)
        told.append((code, world.tables() == before))
        if not told[-1][1]:
            assert set(due(world)) == wanted
            break
    assert told == [(-signal.SIGKILL, True), (-signal.SIGKILL, False)]
    world.settle()
    assert len(world.exivo_keys()) == len(world.zoom_meetings()) == {"booking": 2, "moving": 1, "cancelling": 0}[what]


@pytest.mark.spec("B-03")
def test_a_refused_change_has_no_effects(world: World) -> None:
    """Not even those that were written before the refusal came."""
    first = world.book()
    second = world.book(starts=first.starts + 2 * HOUR)
    for command in (
        Rebook(second.id, starts=first.starts),
        Book(service=world.coaching.id, provider=world.room.id, client=world.eva.id, starts=first.starts),
    ):
        assert world.refused(command).code == "taken"
    assert world.ask(ListEffects(organisation=world.root.id, state=EffectState.REPLACED)) == ()


# Online


@pytest.mark.spec("Z-03")
def test_a_service_is_online_only_when_it_is_switched_on(world: World) -> None:
    """A new service has no meetings by itself; one that was switched on has, and Zoom holds nothing else."""
    plain = world.ask(AddService(branch=world.branch.id, name="Talk", length=HOUR))
    assert not plain.online
    world.book(plain)
    switched_on = world.book(world.advice, starts=world.clock.now() + 2 * DAY)
    world.settle()
    assert [meeting.marker for meeting in world.zoom_meetings()] == [f"sk:{switched_on.id}:1"]
