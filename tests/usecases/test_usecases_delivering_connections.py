"""Connections kept: tokens that rotate, one refresher, and every way in which a connection ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from consents import (
    CONNECTED,
    DISCONNECTED,
    LOST,
    SECOND,
    again,
    body,
    connect,
    consented,
    during,
    refreshes,
    settle,
    stored,
    view,
    zoom_app,
)
from servicekit import Kit
from servicekit.bookings import Cancel, Rebook
from servicekit.meetings import (
    ConnectionState,
    DisconnectMeetings,
    FetchHostLink,
    FinishConnecting,
    GetMeeting,
    MeetingState,
)
from servicekit.outbox.effects import EffectKind, EffectState, ListEffects, RetryEffect
from servicekit.testing.simulators import USERS, Fault, MailboxSimulator, transport
from world import DAY, HOUR, MINUTE, World, opened

pytest_plugins = ("world_fixtures",)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A salon that connects its account by consent."""
    with opened(tmp_path, meetings=zoom_app()) as made:
        yield made


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


def test_what_was_given_up_for_another_reason_stays_so_when_an_account_is_connected(world: World) -> None:
    """Only what waited for the connection is tried again: not a key that the doors refused, nor a meeting that Zoom did."""
    world.exivo.inject(Fault.error("POST", "/digitalKeyVisits$", status=403))
    first = world.book(world.massage)
    connect(world)
    world.zoom.inject(Fault.error("POST", "/meetings$", status=400))
    second = world.book(world.advice, starts=first.starts + DAY)
    settle(world)
    refused = {(letter.kind, letter.subject) for letter in world.effects(EffectState.DEAD)}
    assert refused == {(EffectKind.KEY, first.id), (EffectKind.MEETING, second.id)}
    world.ask(DisconnectMeetings(world.root.id))
    settle(world)
    connect(world)
    settle(world)

    assert {(letter.kind, letter.subject) for letter in world.effects(EffectState.DEAD)} == refused


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
