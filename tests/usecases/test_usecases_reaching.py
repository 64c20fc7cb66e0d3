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
from servicekit.outbox.effects import ListEffects
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
