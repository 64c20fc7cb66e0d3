"""Connecting an account: consent, who may give it, and what is shown of it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from consents import (
    CONNECTED,
    asked,
    connect,
    consented,
    settle,
    stored,
    view,
    zoom_app,
)
from servicekit import Principal
from servicekit.bookings import Rebook
from servicekit.errors import ConfigurationError
from servicekit.groups import AddUsers
from servicekit.meetings import (
    ConnectionState,
    ConnectMeetings,
    DisconnectMeetings,
    FetchHostLink,
    FinishConnecting,
    GetConnection,
    ListHosts,
)
from servicekit.outbox.effects import EffectState
from servicekit.testing.simulators import USERS, Fault, MailboxSimulator, ZoomSimulator
from world import DAY, HOUR, MINUTE, World, foreign, opened

pytest_plugins = ("world_fixtures",)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A salon that connects its account by consent."""
    with opened(tmp_path, meetings=zoom_app()) as made:
        yield made


@pytest.mark.spec("Z-01")
def test_an_account_is_connected_by_consent(world: World) -> None:
    """State and PKCE by S256; the tokens are fetched by the relay; then meetings are made in that account."""
    assert view(world).state is None
    shown = connect(world)
    booking = world.book(world.advice)
    settle(world)

    assert (shown.state, shown.email, shown.shared) == (CONNECTED, USERS[0].email, True)
    assert [one.marker for one in world.zoom_meetings()] == [f"sk:{booking.id}:1"]
    assert world.zoom.open_link(world.ask(FetchHostLink(booking.id))) == world.zoom_meetings()[0].id


def test_states_that_have_run_out_are_dropped(world: World) -> None:
    """By whoever starts to connect, and with every renewal: nothing that led nowhere is left, and nothing that may serve goes."""
    for _ in range(5):
        world.ask(ConnectMeetings(world.root.id))
        world.clock.advance(4 * MINUTE)
    with world.look() as store:
        assert len(store.connect_attempts.where()) == 3  # at 8, 12 and 16 minutes; it is 20 now
    assert connect(world).state is CONNECTED
    world.clock.advance(50 * MINUTE)
    world.kit.deliver()
    with world.look() as store:
        assert store.connect_attempts.where() == ()


@pytest.mark.spec("Z-01")
def test_a_state_serves_once_within_ten_minutes_and_only_who_asked(world: World) -> None:
    """Used, too old, somebody else's, made up: all refused alike, and nothing is written."""
    mine = consented(world)
    with world.look() as store:
        assert not any(mine.state in repr(row) for row in store.connect_attempts.where())
    other = Principal.operator("an operator")
    root, rolf = foreign(world)
    assert {world.refused(mine, by=who).code for who in (other, rolf)} == {"dead_state"}
    assert world.refused(FinishConnecting(state="guess", code=mine.code)).code == "dead_state"
    late = consented(world)
    world.ask(mine)
    world.kit.deliver()
    assert world.refused(mine).code == "dead_state"
    world.clock.advance(10 * MINUTE)
    assert world.refused(late).code == "dead_state"
    assert root.id != world.root.id


@pytest.mark.spec("Z-01")
def test_only_who_has_the_right_connects_and_disconnects(world: World) -> None:
    """``meetings:connect`` over the organisation is enough, and everything else together is not; strangers see nothing."""
    consent = consented(world)
    (line,) = world.ask(AddUsers(group=world.root.id, addresses=("max@salon.example",)))
    max_ = Principal.of(line.user)
    rolf = foreign(world)[1]
    for request in (ConnectMeetings(world.root.id), DisconnectMeetings(world.root.id), GetConnection(world.root.id)):
        assert world.refused(request, rolf).code == "not_found"
        refused = world.refused(request, max_)
        assert (refused.code, refused.facts) == ("forbidden", {"needs": "meetings:connect"})
    world.ask(consent)
    world.kit.deliver()
    world.grant(line.user, "meetings:connect", group=world.root)
    assert world.ask(DisconnectMeetings(world.root.id), max_).state is ConnectionState.ENDING
    settle(world)
    state, code = asked(world, world.ask(ConnectMeetings(world.root.id), max_))
    assert world.ask(FinishConnecting(state=state, code=code), max_).state is ConnectionState.CONNECTING


def test_who_has_lost_the_right_meanwhile_does_not_finish(world: World) -> None:
    """The right is asked for again on the way back."""
    (line,) = world.ask(AddUsers(group=world.root.id, addresses=("max@salon.example",)))
    max_ = Principal.of(line.user)
    world.grant(line.user, "meetings:connect", group=world.root)
    state, code = asked(world, world.ask(ConnectMeetings(world.root.id), max_))
    with world.look() as store:
        store._execute("DELETE FROM grants WHERE principal = ?", [line.user])

    assert world.refused(FinishConnecting(state=state, code=code), max_).code == "forbidden"


def test_two_ways_back_connect_once(world: World) -> None:
    """Somebody has clicked twice: the second is told."""
    first, second = consented(world), consented(world)
    world.ask(first)

    assert world.refused(second).code == "already_connected"
    world.kit.deliver()
    assert world.refused(second).code == "already_connected"
    assert world.refused(ConnectMeetings(world.root.id)).code == "already_connected"


def test_what_is_not_connected_cannot_be_disconnected_and_what_ends_ends_once(world: World) -> None:
    """Before the first consent and after the end there is nothing to end; asked twice meanwhile, nothing more is done."""
    assert world.refused(DisconnectMeetings(world.root.id)).code == "not_connected"
    connect(world)
    first = world.ask(DisconnectMeetings(world.root.id))
    before = world.tables()
    assert world.ask(DisconnectMeetings(world.root.id)) == first
    assert world.tables() == before
    settle(world)
    assert world.refused(DisconnectMeetings(world.root.id)).code == "not_connected"


def test_a_kit_with_credentials_of_its_own_needs_no_consent(tmp_path: Path) -> None:
    """It says so; hosts are listed without a connection."""
    with opened(tmp_path) as world:
        with pytest.raises(ConfigurationError, match="needs no consent"):
            world.ask(ConnectMeetings(world.root.id))
        assert len(world.ask(ListHosts(world.root.id))) == 3


def test_secrets_are_in_no_repr_no_log_and_no_answer(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Tokens, code, state, verifier: through connecting, refreshing, failing and ending."""
    caplog.set_level(logging.DEBUG)
    consent = world.ask(ConnectMeetings(world.root.id))
    state, code = asked(world, consent)
    world.ask(FinishConnecting(state=state, code=code))
    with world.look() as store:
        held = store.connections.where()
        verifier = held[0].verifier
    shown = repr((consent, FinishConnecting(state=state, code=code), held))
    world.kit.deliver()
    first = stored(world)
    world.clock.advance(2 * HOUR)
    world.zoom.inject(Fault.error("POST", "/oauth/token$"))
    settle(world)
    with world.look() as store:
        shown += repr((store.connections.where(), store.connect_attempts.where(), view(world)))
    for row in (world.effects(EffectState.DUE), world.effects(EffectState.DONE)):
        shown += repr(row)

    secrets = [state, code, verifier, *first, *stored(world), ZoomSimulator.client_secret]
    assert len(set(secrets)) == len(secrets)
    for secret in secrets:
        assert secret not in shown + caplog.text
    assert verifier not in repr(world.tables())
    assert state not in repr(world.tables())


def test_the_hosts_link_is_in_no_table_mail_or_log(
    tmp_path: Path, postbox: MailboxSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    """F-40: made, moved, looked up and clicked; only whoever clicks has it, and each click gives another."""
    caplog.set_level(logging.DEBUG)
    with opened(tmp_path, meetings=zoom_app(), mailbox=postbox) as world:
        connect(world)
        world.zoom.inject(Fault.lost_answer("POST", "/meetings$"))
        booking = world.book(world.advice, provider=world.room)
        settle(world)
        world.ask(Rebook(booking.id, starts=booking.starts + DAY))
        settle(world)
        provider = Principal.of(world.room.id)
        links = [world.ask(FetchHostLink(booking.id), by=provider) for _ in range(2)]
        everything = repr(world.tables()) + caplog.text + repr([mail.raw for mail in world.mails()])

        assert len(set(links)) == 2
        assert "zak=" not in everything
        assert "/s/" not in "".join(part for part in everything.split() if "zoom.us" in part)
        assert world.mails("room@salon.example")
        world.clock.advance(2 * HOUR)
        assert world.zoom.open_link(links[0]) is None
