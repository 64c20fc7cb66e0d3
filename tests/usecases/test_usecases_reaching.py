"""The way to the meeting service: with a token that lives, and what happens where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from consents import (
    connect,
    refreshes,
    settle,
    zoom_app,
)
from servicekit.bookings import AddService, BookingRules, BookSeat, ScheduleClass
from servicekit.errors import Unreachable
from servicekit.meetings import (
    DisconnectMeetings,
    FetchHostLink,
    GetMeeting,
    ListHosts,
)
from servicekit.outbox.effects import EffectKind, EffectState, ListEffects, RetryEffect
from servicekit.testing.simulators import Fault
from world import DAY, HOUR, MINUTE, World, opened

pytest_plugins = ("world_fixtures",)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A salon that connects its account by consent."""
    with opened(tmp_path, meetings=zoom_app()) as made:
        yield made


def test_readings_need_a_living_token(world: World) -> None:
    """Not connected, or ended while no relay ran: both are told, and nothing is asked of Zoom."""
    assert world.refused(ListHosts(world.root.id)).code == "not_connected"
    connect(world)
    booking = world.book(world.advice)
    settle(world)
    world.clock.advance(2 * HOUR)

    with pytest.raises(Unreachable, match="see that a relay runs") as caught:
        world.ask(FetchHostLink(booking.id))
    assert caught.value.code == "renewing"
    world.kit.deliver()
    assert world.zoom.open_link(world.ask(FetchHostLink(booking.id))) is not None


@pytest.mark.spec("Z-10")
def test_an_access_token_that_died_early_is_renewed_once(world: World) -> None:
    """Zoom says so at a call: nothing was done, so it is done under the next token."""
    connect(world)
    world.clock.advance(20 * MINUTE)
    world.zoom.tokens.expire()
    world.book(world.advice)
    settle(world)

    assert (len(refreshes(world)), len(world.zoom_meetings())) == (1, 1)


def test_a_service_that_takes_no_token_at_all_is_not_asked_for_ever_new_ones(world: World) -> None:
    """Two renewals at most a minute would be too many: after the first it is a failure like any other."""
    connect(world)
    world.clock.advance(20 * MINUTE)
    world.zoom.inject(*[Fault.error("POST", "/meetings$", status=401)] * 6)
    world.book(world.advice)
    settle(world)

    assert len(refreshes(world)) < 4
    assert len(world.zoom_meetings()) == 1


def test_a_seat_waits_for_a_connection_like_any_meeting(world: World) -> None:
    """And has its link once there is one."""
    connect(world)
    yoga = world.ask(
        AddService(branch=world.advice.branch, name="Yoga", length=HOUR, online=True, rules=BookingRules(seats=3))
    )
    scheduled = world.ask(ScheduleClass(service=yoga.id, provider=world.chair.id, starts=world.now + DAY))
    settle(world)
    world.ask(DisconnectMeetings(world.root.id))
    settle(world)
    booking = world.ask(BookSeat(scheduled=scheduled.id, client=world.eva.id))
    settle(world)
    (letter,) = world.ask(ListEffects(organisation=world.root.id))
    assert letter.trouble.startswith("no account is connected at zoom")
    connect(world)
    settle(world)

    assert world.zoom.open_link(world.ask(GetMeeting(booking.id)).join_url) == world.zoom_meetings()[0].id


# The effect that renews


def test_one_account_for_all_is_used_as_it_is(tmp_path: Path) -> None:
    """A kit with credentials of its own connects nobody; what Zoom refuses is told, and the rest goes on."""
    with opened(tmp_path) as world:
        world.zoom.inject(Fault.error("POST", "/meetings$", status=400))
        refused = world.book(world.advice)
        world.settle()
        made = world.book(world.advice, starts=refused.starts + DAY)
        world.settle()

        assert [one.subject for one in world.ask(ListEffects(organisation=world.root.id))] == [refused.id]
        assert [one.marker for one in world.zoom_meetings()] == [f"sk:{made.id}:1"]
        assert world.zoom.open_link(world.ask(FetchHostLink(made.id)))


def test_who_finds_a_token_ended_and_nobody_about_to_renew_it_has_it_renewed(world: World) -> None:
    """Whatever became of the effect that should have: the meeting waits for a new one, and is made."""
    connect(world)
    with world.look() as store:
        store._execute("DELETE FROM effects WHERE kind = 'connection'", [])
    world.clock.advance(2 * HOUR)
    booking = world.book(world.advice)
    world.kit.deliver()
    waiting = {one.kind: one.trouble for one in world.effects(EffectState.DUE)}
    assert waiting[EffectKind.MEETING] == "waits for the connection to zoom"
    settle(world)

    assert [one.marker for one in world.zoom_meetings()] == [f"sk:{booking.id}:1"]
    assert len(refreshes(world)) == 1


def test_what_needs_a_token_waits_for_the_relay_that_renews_it(world: World) -> None:
    """Also where that one has died: until its lease ends, and no longer."""
    connect(world)
    world.clock.advance(2 * HOUR)
    with world.look() as store:
        store.effects.claim(world.now, world.now + 5 * MINUTE)
    booking = world.book(world.advice)
    world.kit.deliver()
    (meeting,) = [one for one in world.effects(EffectState.DUE) if one.kind is EffectKind.MEETING]
    assert meeting.trouble == "waits for the connection to zoom"
    assert world.now < meeting.due_at < world.now + 5 * MINUTE
    assert refreshes(world) == []
    world.clock.advance(5 * MINUTE)
    settle(world)

    assert [one.marker for one in world.zoom_meetings()] == [f"sk:{booking.id}:1"]
    assert len(refreshes(world)) == 1


def test_what_needs_a_token_is_given_up_with_the_connection_and_made_once_that_is_retried(world: World) -> None:
    """Its letter says why, and one retry is enough for all."""
    connect(world)
    world.clock.advance(2 * HOUR)
    world.zoom.inject(Fault.error("POST", "/oauth/token", status=401))
    booking = world.book(world.advice)
    settle(world)
    letters = {letter.kind: letter for letter in world.ask(ListEffects(organisation=world.root.id))}
    assert set(letters) == {EffectKind.CONNECTION, EffectKind.MEETING}
    why = letters[EffectKind.CONNECTION].trouble
    assert letters[EffectKind.MEETING].trouble == f"the connection to zoom was given up: {why}"
    world.ask(RetryEffect(letters[EffectKind.CONNECTION].id))
    settle(world)

    assert [one.marker for one in world.zoom_meetings()] == [f"sk:{booking.id}:1"]
    assert world.effects(EffectState.DEAD) == []
