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
from servicekit.meetings import (
    ListHosts,
    SetMeetingUser,
)
from servicekit.testing.simulators import USERS
from world import World, opened

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
