"""Connecting an account: consent, tokens that rotate, one refresher, and every way in which a connection ends."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from servicekit import Kit, Principal
from servicekit.adapters.meetings.zoom_app import ZoomApp
from servicekit.bookings import AddService, BookingRules, BookSeat, Cancel, Rebook, ScheduleClass
from servicekit.errors import ConfigurationError, Unreachable
from servicekit.groups import AddUsers
from servicekit.meetings import (
    ConnectionState,
    ConnectionView,
    ConnectMeetings,
    Consent,
    DisconnectMeetings,
    FetchHostLink,
    FinishConnecting,
    GetConnection,
    GetMeeting,
    ListHosts,
    MeetingState,
    SetMeetingUser,
)
from servicekit.outbox.effects import EffectKind, EffectState, ListEffects, RetryEffect
from servicekit.testing.simulators import USERS, Fault, KeptMail, MailboxSimulator, ZoomSimulator, transport
from world import DAY, HOUR, MINUTE, World, foreign, opened

pytest_plugins = ("world_fixtures",)

REDIRECT = "https://salon.example/zoom/back"
SECOND = timedelta(seconds=1)
CONNECTED, LOST, DISCONNECTED = ConnectionState.CONNECTED, ConnectionState.LOST, ConnectionState.DISCONNECTED


def zoom_app(**changed: Any) -> ZoomApp:
    """Our app at the simulated Zoom."""
    mine = {
        "client_id": ZoomSimulator.client_id,
        "client_secret": ZoomSimulator.client_secret,
        "redirect_uri": REDIRECT,
        "webhook_secret": ZoomSimulator.webhook_secret,
    }
    return ZoomApp(**{**mine, **changed})


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A salon that connects its account by consent."""
    with opened(tmp_path, meetings=zoom_app()) as made:
        yield made


def asked(world: World, consent: Consent) -> tuple[str, str]:
    """State and code that Zoom sends the browser back with, once Anna has consented."""
    query = {name: values[0] for name, values in parse_qs(urlsplit(consent.url).query).items()}
    assert query["redirect_uri"] == REDIRECT
    assert (query["response_type"], query["code_challenge_method"]) == ("code", "S256")
    return query["state"], world.zoom.tokens.authorize(query["redirect_uri"], query["code_challenge"])


def consented(world: World) -> FinishConnecting:
    """A way to Zoom and back."""
    state, code = asked(world, world.ask(ConnectMeetings(world.root.id)))
    return FinishConnecting(state=state, code=code)


def connect(world: World) -> ConnectionView:
    """Connect and fetch the tokens."""
    world.ask(consented(world))
    world.kit.deliver()
    return view(world)


def view(world: World) -> ConnectionView:
    """How the connection stands."""
    shown: ConnectionView = world.ask(GetConnection(world.root.id))
    return shown


def settle(world: World) -> None:
    """Deliver until nothing is due within half an hour: the tokens' next renewal does not count."""
    for _ in range(60):
        world.kit.deliver()
        with world.look() as store:
            due = store.effects.next_due(world.now)
            others = store.effects.next_due(world.now, kinds=set(EffectKind) - {EffectKind.CONNECTION})
        if others is None and (due is None or due - world.now > 30 * MINUTE):
            return
        assert due is not None
        world.clock.set(max(due, world.now))
    raise AssertionError(f"still waiting: {world.effects(EffectState.DUE)}")


def refreshes(world: World) -> list[str]:
    """The refresh tokens that Zoom was given, in turn."""
    forms = [parse_qs(one.request.body.decode()) for one in world.zoom.exchanges if one.request.url.endswith("/token")]
    return [form["refresh_token"][0] for form in forms if form["grant_type"] == ["refresh_token"]]


def stored(world: World) -> tuple[str, str]:
    """The pair in the database."""
    with world.look() as store:
        (connection,) = store.connections.where()
    return connection.access, connection.refresh


def body(mail: KeptMail) -> str:
    """What a mail says, on one line."""
    text = message_from_bytes(mail.raw, policy=policy.default).get_content()
    return " ".join(str(text).split())


# Consent


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


@pytest.mark.parametrize("fault", [Fault.error("POST", "/oauth/token", status=400), None], ids=["refused", "no code"])
def test_a_code_that_zoom_refuses_is_told_and_can_be_tried_again(world: World, fault: Fault | None) -> None:
    """Nothing goes round in circles; the way is free for another try."""
    finish = consented(world)
    world.zoom.inject(*[fault] if fault else [])
    world.ask(finish if fault else FinishConnecting(state=finish.state, code="none"))
    world.kit.deliver()

    assert view(world).state is LOST
    assert view(world).detail.startswith("connecting failed, start again: zoom answered 400: no access token")
    assert connect(world).state is CONNECTED


@pytest.mark.parametrize("path", ["/oauth/token$", "/users/me$"])
@pytest.mark.parametrize(
    "fault",
    [Fault.refused, Fault.error, Fault.lost_answer, Fault.wrong_type],
    ids=["unreachable", "500", "lost", "HTML"],
)
def test_connecting_goes_on_after_faults_or_says_that_it_failed(
    world: World, path: str, fault: Callable[..., Fault]
) -> None:
    """A lost answer to the exchange costs the code: then it is started again. Everything else is made up for."""
    world.zoom.inject(fault(path=path))
    world.ask(consented(world))
    settle(world)

    costs = path == "/oauth/token$" and fault in {Fault.lost_answer, Fault.wrong_type}
    assert view(world).state is (LOST if costs else CONNECTED)
    assert world.effects(EffectState.DEAD) == []


def test_a_connection_is_still_being_made_while_somebody_looks(world: World) -> None:
    """Both halves of it read alike."""
    world.ask(consented(world))
    assert view(world).state is ConnectionState.CONNECTING
    world.zoom.inject(Fault.refused(path="/users/me$"))
    world.kit.deliver()
    assert view(world).state is ConnectionState.CONNECTING


def test_a_user_that_zoom_refuses_to_show_ends_the_attempt(world: World) -> None:
    """The app lacks the scope for it, or the token died at once."""
    for fault in (Fault.error(path="/users/me$", status=400), Fault.error(path="/users/me$", status=401)):
        world.zoom.inject(fault, Fault.error(path="/users/me$", status=400))
        world.ask(consented(world))
        world.kit.deliver()
        assert view(world).state is LOST
        world.zoom.clear_faults()


def test_a_kit_with_credentials_of_its_own_needs_no_consent(tmp_path: Path) -> None:
    """It says so; hosts are listed without a connection."""
    with opened(tmp_path) as world:
        with pytest.raises(ConfigurationError, match="needs no consent"):
            world.ask(ConnectMeetings(world.root.id))
        assert len(world.ask(ListHosts(world.root.id))) == 3


# Tokens


@pytest.mark.spec("Z-10")
def test_tokens_are_renewed_before_they_end_for_as_long_as_the_connection_lives(world: World) -> None:
    """Day after day; each refresh token serves once, and the pair is stored before the access token is used."""
    connect(world)
    for _ in range(30):
        (due,) = world.effects(EffectState.DUE)
        assert due.kind is EffectKind.CONNECTION
        world.clock.set(due.due_at)
        world.kit.deliver()
    world.book(world.advice)
    settle(world)

    assert len(set(refreshes(world))) == len(refreshes(world)) == 30
    assert len(world.zoom_meetings()) == 1
    assert len(world.effects(EffectState.DONE)) < 10  # one effect for ever, not one for every hour


@pytest.mark.spec("Z-10")
def test_a_pair_is_stored_before_it_is_used(world: World) -> None:
    """F-38: at the first request with a new access token, the database has the pair already."""
    seen: list[tuple[str, bool]] = []

    class Watching(httpx.BaseTransport):
        inner = transport(world.elks, world.exivo, world.zoom)

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
            if "api.zoom.us" in str(request.url):
                seen.append((bearer, stored(world)[0] == bearer))
            return self.inner.handle_request(request)

    with Kit.open(
        f"sqlite:////{world.path}", meetings=zoom_app(), clock=world.clock, transport=Watching(), in_flight=1
    ) as kit:
        world.ask(consented(world))
        kit.deliver()
        world.clock.advance(2 * HOUR)
        world.book(world.advice)
        for _ in range(3):
            kit.deliver()
            world.clock.advance(12 * SECOND)

    assert len({bearer for bearer, _ in seen}) == 2
    assert all(known for _, known in seen)


@pytest.mark.spec("Z-10")
def test_one_at_a_time_refreshes_whatever_relays_run(world: World) -> None:
    """F-38: eight threads wake up after the token has ended; Zoom sees one refresh, and every meeting is made."""
    connect(world)
    world.clock.advance(2 * HOUR)
    for number in range(8):
        world.book(world.advice, starts=world.now + DAY + number * HOUR)
    threads = [threading.Thread(target=world.kit.relay().run_until_idle) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    settle(world)

    assert len(refreshes(world)) == 1
    assert len(world.zoom_meetings()) == 8
    assert world.effects(EffectState.DEAD) == []


@pytest.mark.spec("Z-10")
def test_a_lost_answer_to_a_refresh_is_found_out_about_and_told(tmp_path: Path, postbox: MailboxSimulator) -> None:
    """The pair went with it: an administrator hears of it once, nothing goes round in circles, no meeting is touched."""
    with opened(tmp_path, meetings=zoom_app(), mailbox=postbox) as world:
        connect(world)
        first = world.book(world.advice)
        settle(world)
        world.clock.advance(2 * HOUR)
        world.zoom.inject(Fault.lost_answer("POST", "/oauth/token$"))
        second = world.book(world.advice, starts=first.starts + 2 * HOUR)
        settle(world)

        assert (view(world).state, view(world).detail) == (LOST, "the consent has ended: connect again")
        assert len(refreshes(world)) == 2
        assert stored(world) == ("", "")
        (mail,) = world.mails("anna@salon.example")
        assert "disconnected: the consent has ended: connect again." in body(mail)
        assert [one.marker for one in world.zoom_meetings()] == [f"sk:{first.id}:1"]
        (letter,) = world.ask(ListEffects(organisation=world.root.id))
        assert letter.trouble == "no account is connected at zoom: an administrator has to connect one"
        connect(world)
        settle(world)
        assert [one.marker for one in world.zoom_meetings()] == [f"sk:{one.id}:1" for one in (first, second)]
        assert world.effects(EffectState.DEAD) == []


@pytest.mark.parametrize("fault", [Fault.refused, Fault.error, Fault.no_answer], ids=["unreachable", "500", "silence"])
def test_a_refresh_that_did_not_happen_is_tried_again(world: World, fault: Callable[..., Fault]) -> None:
    """The refresh token was not used up."""
    connect(world)
    world.clock.advance(2 * HOUR)
    world.zoom.inject(fault("POST", "/oauth/token$"))
    booking = world.book(world.advice)
    settle(world)

    assert view(world).state is CONNECTED
    assert world.ask(GetMeeting(booking.id)).state is MeetingState.MADE


def test_wrong_credentials_of_ours_are_a_dead_letter_and_lose_no_consent(world: World) -> None:
    """Once the app's secret is mended, the very refresh token serves."""
    connect(world)
    world.clock.advance(2 * HOUR)
    world.book(world.advice)
    wrong = zoom_app(client_secret="wrong-secret")
    with Kit.open(
        f"sqlite:////{world.path}",
        meetings=wrong,
        clock=world.clock,
        transport=transport(world.zoom),
    ) as kit:
        for _ in range(3):
            kit.deliver()
            world.clock.advance(12 * SECOND)
    letters = world.ask(ListEffects(organisation=world.root.id))
    (of_connection,) = [one for one in letters if one.kind is EffectKind.CONNECTION]
    assert of_connection.trouble.startswith("zoom answered 401: no access token")
    assert [one.trouble for one in letters if one.kind is EffectKind.MEETING] == [
        f"the connection to zoom was given up: {of_connection.trouble}"
    ]
    world.ask(RetryEffect(of_connection.id))
    settle(world)

    assert len(world.zoom_meetings()) == 1
    assert world.effects(EffectState.DEAD) == []


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


# Hosts


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


# Ends


@pytest.mark.spec("Z-08")
def test_disconnecting_from_our_side_ends_the_consent_and_touches_no_meeting(world: World) -> None:
    """Zoom takes the tokens no more, we have none; what is wanted meanwhile waits and is made once connected again."""
    connect(world)
    first = world.book(world.advice)
    settle(world)
    access, refresh = stored(world)
    assert world.ask(DisconnectMeetings(world.root.id)).state is ConnectionState.ENDING
    before = world.tables()
    assert world.ask(DisconnectMeetings(world.root.id)).state is ConnectionState.ENDING
    assert world.tables() == before
    settle(world)
    second = world.book(world.advice, starts=first.starts + 2 * HOUR)
    moved = world.ask(Rebook(first.id, starts=first.starts + DAY))
    settle(world)

    assert view(world).state is DISCONNECTED
    assert stored(world) == ("", "")
    assert world.zoom.tokens.problem(access)
    assert [(one.marker, one.starts) for one in world.zoom_meetings()] == [(f"sk:{first.id}:1", str(first.starts))]
    assert world.refused(FetchHostLink(first.id)).code == "not_connected"
    assert world.refused(DisconnectMeetings(world.root.id)).code == "not_connected"
    assert connect(world).state is CONNECTED
    settle(world)
    assert {(one.marker, one.starts) for one in world.zoom_meetings()} == {
        (f"sk:{first.id}:1", str(moved.starts)),
        (f"sk:{second.id}:1", str(second.starts)),
    }
    assert refresh not in repr(world.tables())


@pytest.mark.parametrize("fault", [Fault.refused, Fault.error, Fault.lost_answer], ids=["unreachable", "500", "lost"])
def test_tokens_are_dropped_whatever_zoom_answers_to_their_end(world: World, fault: Callable[..., Fault]) -> None:
    """They serve for nothing any more."""
    connect(world)
    world.zoom.inject(fault("POST", "/oauth/revoke$"))
    world.ask(DisconnectMeetings(world.root.id))
    settle(world)

    assert (view(world).state, stored(world)) == (DISCONNECTED, ("", ""))


@pytest.mark.spec("Z-08")
def test_an_app_that_was_removed_at_zoom_is_disconnected_and_told(tmp_path: Path, postbox: MailboxSimulator) -> None:
    """The deauthorisation notice does the same as disconnecting; told twice, it is mailed once."""
    with opened(tmp_path, meetings=zoom_app(), mailbox=postbox) as world:
        connect(world)
        booking = world.book(world.advice)
        settle(world)
        world.clock.advance(MINUTE)
        mails = len(world.mails("anna@salon.example"))
        world.zoom.deauthorize()
        world.zoom.deliver_webhooks()
        world.ask(Cancel(booking.id))
        settle(world)

        assert (view(world).state, view(world).detail) == (DISCONNECTED, "the app was removed at zoom")
        assert stored(world) == ("", "")
        assert len(world.zoom_meetings()) == 1
        told = world.mails("anna@salon.example")[mails:]
        assert ["the app was removed at zoom" in body(one) for one in told] == [True]
        connect(world)
        settle(world)
        assert world.zoom_meetings() == []


def test_a_notice_that_comes_after_a_new_consent_does_not_end_it(world: World) -> None:
    """Zoom repeats its notices for more than an hour."""
    connect(world)
    world.clock.advance(MINUTE)
    world.zoom.deauthorize()
    world.ask(DisconnectMeetings(world.root.id))
    settle(world)
    world.clock.advance(MINUTE)
    connect(world)
    world.zoom.deliver_webhooks()

    assert view(world).state is CONNECTED


def test_a_notice_about_another_users_consent_ends_nothing_where_consents_are_their_own(world: World) -> None:
    """Two salons may be in one account, each by a user of its own."""
    world.zoom.tokens.shared = False
    connect(world)
    world.clock.advance(MINUTE)
    world.zoom.owner = world.zoom.users[USERS[1].id]
    world.zoom.deauthorize()
    world.zoom.deliver_webhooks()

    assert view(world).state is CONNECTED


@pytest.mark.spec("Z-08")
@pytest.mark.parametrize("shared", [True, False])
def test_another_user_needs_the_app_removed_at_zoom_first_unless_it_is_shared(world: World, *, shared: bool) -> None:
    """It says so, and ends the new consent; after the removal there the change is free."""
    world.zoom.tokens.shared = shared
    connect(world)
    world.ask(DisconnectMeetings(world.root.id))
    settle(world)
    world.zoom.owner = world.zoom.users[USERS[1].id]
    connect(world)
    settle(world)
    if shared:
        assert (view(world).state, view(world).email) == (CONNECTED, USERS[1].email)
        return
    assert view(world).state is DISCONNECTED
    assert "beat@example.org is another account than before: remove the app" in view(world).detail
    assert stored(world) == ("", "")
    world.zoom.owner = world.zoom.users[USERS[0].id]
    world.clock.advance(MINUTE)
    world.zoom.deauthorize()
    world.zoom.deliver_webhooks()
    world.zoom.owner = world.zoom.users[USERS[1].id]
    assert (connect(world).state, view(world).email) == (CONNECTED, USERS[1].email)


@pytest.mark.spec("Z-08")
def test_another_account_always_needs_the_app_removed_there_first(world: World) -> None:
    """Also where the app saw the whole account."""
    connect(world)
    world.ask(DisconnectMeetings(world.root.id))
    settle(world)
    world.zoom.account_id = "ZAcc000000000000000002"
    connect(world)
    settle(world)

    assert view(world).state is DISCONNECTED
    assert "another account than before" in view(world).detail


# What comes in between


@contextmanager
def during(world: World, path: str, act: Callable[[], object]) -> Iterator[Kit]:
    """A kit in whose first call to a path something happens, after Zoom has answered it."""
    acts = [act]

    class Slow(httpx.BaseTransport):
        inner = transport(world.elks, world.exivo, world.zoom)

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            response = self.inner.handle_request(request)
            if request.url.path == path and acts:
                acts.pop()()
            return response

    with Kit.open(
        f"sqlite:////{world.path}", meetings=zoom_app(), clock=world.clock, transport=Slow(), in_flight=1
    ) as kit:
        yield kit


@pytest.mark.parametrize("path", ["/oauth/token", "/v2/users/me"])
def test_who_disconnects_while_it_is_being_connected_ends_the_newest_tokens(world: World, path: str) -> None:
    """Whatever was on its way is revoked, too."""
    world.ask(consented(world))
    with during(world, path, lambda: world.ask(DisconnectMeetings(world.root.id))) as kit:
        kit.deliver()
    settle(world)

    assert (view(world).state, stored(world)) == (DISCONNECTED, ("", ""))
    assert world.zoom.tokens._access == {}


def test_who_disconnects_during_a_refresh_ends_the_newest_tokens(world: World) -> None:
    """The pair that came meanwhile is what Zoom is told about."""
    connect(world)
    world.clock.advance(2 * HOUR)
    with during(world, "/oauth/token", lambda: world.ask(DisconnectMeetings(world.root.id))) as kit:
        kit.deliver()
    settle(world)

    assert (view(world).state, stored(world)) == (DISCONNECTED, ("", ""))
    assert not [token for token in world.zoom.tokens._access if not world.zoom.tokens.problem(token)]


def test_an_app_removed_during_a_refresh_stays_removed(world: World) -> None:
    """The pair that came back is dead and is not stored."""
    connect(world)
    world.clock.advance(2 * HOUR)

    def removed() -> None:
        world.zoom.deauthorize()
        world.zoom.deliver_webhooks()

    with during(world, "/oauth/token", removed) as kit:
        kit.deliver()
    settle(world)

    assert (view(world).state, stored(world)) == (DISCONNECTED, ("", ""))


def test_a_connection_that_was_removed_while_it_was_refused_is_left_as_it_is(world: World) -> None:
    """Refused at the exchange and at the look: what somebody did meanwhile stands."""
    for path in ("/oauth/token", "/v2/users/me"):
        world.ask(consented(world))
        world.zoom.inject(Fault.error(path=path, status=400))
        with during(world, path, lambda: world.ask(DisconnectMeetings(world.root.id))) as kit:
            kit.deliver()
        settle(world)
        assert view(world).state in {DISCONNECTED, LOST}
        assert stored(world) == ("", "")


def again(world: World) -> None:
    """Disconnect, and connect anew at once."""
    if view(world).state not in {None, ConnectionState.ENDING}:
        world.ask(DisconnectMeetings(world.root.id))
    world.ask(consented(world))


@pytest.mark.parametrize("when", ["exchange", "refused exchange", "refresh", "refused refresh", "end"])
def test_who_connects_anew_while_the_old_is_being_seen_to_has_the_new(world: World, when: str) -> None:
    """What comes of the old tokens does not touch the new ones."""
    path = "/oauth/revoke" if when == "end" else "/oauth/token"
    if when.endswith("exchange"):
        world.ask(consented(world))
    else:
        connect(world)
    if when == "end":
        world.ask(DisconnectMeetings(world.root.id))
    world.clock.advance(2 * HOUR)
    if when.startswith("refused"):
        world.zoom.tokens._refresh.clear()
        world.zoom.tokens._codes.clear()
    with during(world, path, lambda: again(world)) as kit:
        kit.deliver()
    settle(world)

    assert view(world).state is CONNECTED
    assert len(world.zoom.tokens._refresh) >= 1


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


# Secrets


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
