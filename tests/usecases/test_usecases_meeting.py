"""Meetings shown, hosts and their links, and whose meetings are whose."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from consents import (
    connect,
    settle,
    zoom_app,
)
from servicekit import Principal
from servicekit.bookings import AddService, BookingRules, BookSeat, ScheduleClass, SetOnline
from servicekit.ids import ServiceId
from servicekit.meetings import FetchClassHostLink, FetchHostLink, GetMeeting, ListHosts, SetMeetingUser
from servicekit.testing.simulators import USERS
from world import DAY, HOUR, World, opened

pytest_plugins = ("world_fixtures",)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A salon that connects its account by consent."""
    with opened(tmp_path, meetings=zoom_app()) as made:
        yield made


@pytest.mark.spec("Z-02")
def test_every_user_of_a_shared_account_can_be_a_providers_host(world: World) -> None:
    """They are listed with their licences; a provider's meetings are then that user's."""
    connect(world)
    hosts = world.ask(ListHosts(world.root.id))
    beat = hosts[1]
    world.ask(SetMeetingUser(provider=world.room.id, user=beat.id))
    world.ask(SetMeetingUser(provider=world.chair.id, user=USERS[0].email))
    world.book(world.advice)
    world.book(world.advice, provider=world.chair)
    settle(world)

    assert [(one.email, one.licensed) for one in hosts] == [
        ("anna@example.org", True),
        ("beat@example.org", True),
        ("cora@example.org", False),
    ]
    assert sorted(one["host_id"] for one in world.zoom.state()["meetings"]) == [USERS[0].id, USERS[1].id]


@pytest.mark.spec("Z-02")
def test_without_shared_access_only_who_has_consented_can_be(world: World) -> None:
    """Choosing somebody else is refused, and says what to do."""
    world.zoom.tokens.shared = False
    connect(world)

    assert [one.email for one in world.ask(ListHosts(world.root.id))] == ["anna@example.org"]
    assert world.refused(SetMeetingUser(provider=world.room.id, user="beat@example.org")).code == "not_shared"
    for user in ("me", "anna@example.org", USERS[0].id):
        assert world.ask(SetMeetingUser(provider=world.room.id, user=user)) == world.room.id


# Links


def test_a_booking_without_a_meeting_has_none_to_show(world: World) -> None:
    """Of an offline service, for its client and for its host; a class likewise."""
    booking = world.book(world.haircut)
    assert world.ask(SetOnline(world.haircut.id, online=True)).online  # for later ones
    assert not world.ask(SetOnline(world.haircut.id, online=False)).online
    assert world.refused(GetMeeting(booking.id)).code == "no_meeting"
    assert world.refused(FetchHostLink(booking.id)).code == "no_meeting"
    scheduled = world.ask(
        ScheduleClass(service=yoga(world, online=False), provider=world.chair.id, starts=world.now + DAY)
    )
    assert world.refused(FetchClassHostLink(scheduled.id)).code == "no_meeting"


@pytest.mark.spec("Z-04")
def test_the_host_gets_a_fresh_link_and_nobody_else(world: World) -> None:
    """The booking's or class's provider, and whoever may host; not the client, and not another provider."""
    connect(world)
    booking = world.book(world.advice)
    scheduled = world.ask(ScheduleClass(service=yoga(world), provider=world.chair.id, starts=world.now + 3 * DAY))
    seat = world.ask(BookSeat(scheduled=scheduled.id, client=world.eva.id))
    settle(world)
    room, chair = Principal.of(world.room.id), Principal.of(world.chair.id)
    for query, host, other in (
        (FetchHostLink(booking.id), room, chair),
        (FetchClassHostLink(scheduled.id), chair, room),
        (FetchHostLink(seat.id), chair, room),
    ):
        links = {world.ask(query, by) for by in (host, world.anna)}
        assert len(links) == 2
        assert all(world.zoom.open_link(link) for link in links)
        assert world.refused(query, other).code == "not_found"
        assert world.refused(query, Principal.of(world.eva.id)).code == "not_found"


def test_a_meeting_that_is_not_there_has_no_host_link(world: World) -> None:
    """Not made yet, or gone at the vendor."""
    connect(world)
    booking = world.book(world.advice)
    assert world.refused(FetchHostLink(booking.id)).code == "meeting_gone"
    settle(world)
    world.zoom.delete_meeting(world.zoom_meetings()[0].id)
    assert world.refused(FetchHostLink(booking.id)).code == "meeting_gone"


def yoga(world: World, *, online: bool = True) -> ServiceId:
    """A class."""
    rules = BookingRules(seats=3)
    made: ServiceId = world.ask(
        AddService(branch=world.advice.branch, name="Yoga", length=HOUR, online=online, rules=rules)
    ).id
    return made


def test_whose_meetings_they_are_is_a_name(tmp_path: Path) -> None:
    """Without consents any user of the account will do, by id or address; nothing at all will not."""
    with opened(tmp_path) as salon:
        for user in (USERS[1].email, "me"):
            salon.ask(SetMeetingUser(provider=salon.room.id, user=f" {user} "))
            with salon.look() as store:
                assert store.providers.get(salon.room.id).meeting_user == user
        assert salon.refused(SetMeetingUser(provider=salon.room.id, user=" ")).code == "nameless"
        hosts = salon.ask(ListHosts(salon.root.id))
        assert {one.email for one in hosts} >= {USERS[1].email}
