"""Zoom by consent: the way there, pairs of tokens, and what ends them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from servicekit.adapters.meetings.zoom import Zoom
from servicekit.adapters.meetings.zoom_app import ZoomApp
from servicekit.errors import ConfigurationError, Forged, OutcomeUnknown, OutsideError, Rejected, Throttled, Unreachable
from servicekit.moments import Instant, Window
from servicekit.ports.meetings import MeetingApp, MeetingOrder, Meetings, Tokens
from servicekit.runtime.http import HttpDriver
from servicekit.testing.simulators import Fault, ZoomSimulator, transport

NOW = Instant.parse("2026-03-28T12:00:00Z")
HOUR = timedelta(hours=1)
BACK = "https://salon.example/zoom/back?x=1"
APP = ZoomApp(ZoomSimulator.client_id, ZoomSimulator.client_secret, BACK, ZoomSimulator.webhook_secret)
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture
def zoom() -> ZoomSimulator:
    """A Zoom account whose clock stands."""
    simulator = ZoomSimulator()
    simulator.set_clock(NOW)
    return simulator


@pytest.fixture
def driver(zoom: ZoomSimulator) -> Iterator[HttpDriver]:
    """A driver that leads there."""
    with HttpDriver(transport(zoom)) as driver:
        yield driver


@pytest.fixture
def tokens(zoom: ZoomSimulator, driver: HttpDriver) -> Tokens:
    """The first pair."""
    return driver.run(APP.exchange(zoom.tokens.authorize(BACK, CHALLENGE), VERIFIER, NOW))


def answered(*answers: httpx.Response) -> HttpDriver:
    """A driver that gets these answers."""
    left = iter(answers)
    return HttpDriver(httpx.MockTransport(lambda _: next(left)))


def test_it_is_an_app_by_the_port_and_an_account_is_none() -> None:
    """Which of the two an adapter is, is asked of it."""
    app: MeetingApp = APP
    under: Meetings = APP.under("token")

    assert isinstance(app, MeetingApp)
    assert not isinstance(under, MeetingApp)
    assert not isinstance(Zoom("a", "c", "s"), MeetingApp)
    assert (app.name, under.name, app.capabilities) == ("zoom", "zoom", under.capabilities)


def test_the_consent_url_has_state_and_challenge_and_no_secret() -> None:
    """RFC 6749 4.1.1 and RFC 7636 4.3, properly encoded."""
    url = urlsplit(APP.consent_url("s&t", CHALLENGE))

    assert f"{url.scheme}://{url.netloc}{url.path}" == "https://zoom.us/oauth/authorize"
    assert parse_qs(url.query) == {
        "response_type": ["code"],
        "client_id": [ZoomSimulator.client_id],
        "redirect_uri": [BACK],
        "state": ["s&t"],
        "code_challenge": [CHALLENGE],
        "code_challenge_method": ["S256"],
    }


def test_a_code_gives_a_pair_and_a_pair_the_next(zoom: ZoomSimulator, driver: HttpDriver, tokens: Tokens) -> None:
    """Each refresh token serves once; the access tokens serve an hour."""
    following = driver.run(APP.refresh(tokens.refresh, NOW))

    assert tokens.ends == NOW + HOUR
    assert APP.shared(tokens)
    assert len({tokens.access, tokens.refresh, following.access, following.refresh}) == 4
    with pytest.raises(Rejected) as caught:
        driver.run(APP.refresh(tokens.refresh, NOW))
    assert caught.value.code == "invalid_grant"
    assert driver.run(APP.under(following.access).me(NOW)).account == zoom.account_id


@pytest.mark.parametrize("verifier", ["wrong" * 9, ""])
def test_a_code_without_its_verifier_is_worth_nothing(zoom: ZoomSimulator, driver: HttpDriver, verifier: str) -> None:
    """That is what PKCE is for."""
    with pytest.raises(Rejected) as caught:
        driver.run(APP.exchange(zoom.tokens.authorize(BACK, CHALLENGE), verifier, NOW))
    assert caught.value.code == "invalid_grant"


def test_wrong_credentials_of_the_app_are_no_end_of_a_consent(driver: HttpDriver, tokens: Tokens) -> None:
    """They have another code, and neither they nor the token stand in the error."""
    wrong = ZoomApp(ZoomSimulator.client_id, "wrong-secret", BACK)
    with pytest.raises(Rejected) as caught:
        driver.run(wrong.refresh(tokens.refresh, NOW))

    assert caught.value.code == "refused_app"
    assert "wrong-secret" not in repr((caught.value, caught.value.facts, wrong))
    assert driver.run(APP.refresh(tokens.refresh, NOW)).access


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(500, text="oops"), OutcomeUnknown),
        (httpx.Response(429), Throttled),
        (httpx.Response(400, json={"error": "invalid_grant"}), Rejected),
        (httpx.Response(200, text="<html>"), OutcomeUnknown),
        (httpx.Response(200, json={"access_token": "A"}), OutcomeUnknown),
        (httpx.Response(200, json={"access_token": 1, "refresh_token": "R"}), OutcomeUnknown),
        (httpx.Response(200, json={"access_token": "A", "refresh_token": ""}), OutcomeUnknown),
    ],
)
def test_what_is_no_pair_is_told_by_what_may_be_done(answer: httpx.Response, error: type[OutsideError]) -> None:
    """What was given serves once, so nothing is simply sent again; no body stands in the facts."""
    with answered(answer) as driver, pytest.raises(error) as caught:
        driver.run(APP.refresh("refresh-secret", NOW))
    assert type(caught.value) is error
    assert "body" not in caught.value.facts
    assert "refresh-secret" not in repr((caught.value, caught.value.facts))


@pytest.mark.parametrize(
    ("more", "lives", "scopes"),
    [
        ({}, HOUR, ()),
        ({"expires_in": 60, "scope": "a b"}, timedelta(minutes=1), ("a", "b")),
        ({"expires_in": "60", "scope": ["a"]}, HOUR, ()),
        ({"expires_in": 10**9, "scope": ""}, HOUR, ()),
    ],
)
def test_how_long_a_token_lives_and_for_what(
    more: dict[str, object], lives: timedelta, scopes: tuple[str, ...]
) -> None:
    """An hour where Zoom says nothing sensible; without its scope for users it is not shared."""
    with answered(httpx.Response(200, json={"access_token": "A", "refresh_token": "R", **more})) as driver:
        tokens = driver.run(APP.refresh("R0", NOW))

    assert (tokens.ends, tokens.scopes, APP.shared(tokens)) == (NOW + lives, scopes, False)


def test_revoking_ends_the_token_and_a_refusal_is_told(zoom: ZoomSimulator, driver: HttpDriver, tokens: Tokens) -> None:
    """What follows from a refusal is the caller's."""
    driver.run(APP.revoke(tokens.access))
    assert zoom.tokens.problem(tokens.access)
    with answered(httpx.Response(400)) as other, pytest.raises(Rejected, match="the consent was not revoked"):
        other.run(APP.revoke("token"))


def test_a_token_that_died_is_told_and_nothing_was_done(
    zoom: ZoomSimulator, driver: HttpDriver, tokens: Tokens
) -> None:
    """It is not renewed here: whoever keeps the pair does."""
    zoom.tokens.expire()
    order = MeetingOrder(marker="sk:1:1", host="me", topic="Y", window=Window(NOW + HOUR, NOW + 2 * HOUR), zone="UTC")
    with pytest.raises(Unreachable) as caught:
        driver.run(APP.under(tokens.access).create(order, NOW))

    assert caught.value.code == "token_refused"
    assert zoom.state()["meetings"] == []
    assert sum("/meetings" in one.request.url for one in zoom.exchanges) == 1


@pytest.mark.parametrize("removed", ["id", "account_id"])
def test_a_user_without_id_or_account_is_nobody(
    zoom: ZoomSimulator, driver: HttpDriver, tokens: Tokens, removed: str
) -> None:
    """It may be asked again."""
    zoom.inject(Fault.altered("GET", "/users/me$", removed=[removed]))
    with pytest.raises(Unreachable, match="without a user and an account"):
        driver.run(APP.under(tokens.access).me(NOW))
    assert driver.run(APP.under(tokens.access).me(NOW)).email == zoom.owner.email


def test_zooms_calls_are_read_by_the_app_and_by_each_account_alike() -> None:
    """Signed by the app's secret; without one nothing is believed."""
    for reader in (APP, APP.under("token")):
        with pytest.raises(Forged):
            reader.read({}, b"{}", NOW)
    with pytest.raises(ConfigurationError):
        ZoomApp("c", "s", BACK).read({}, b"{}", NOW)


def test_secrets_stand_in_no_repr(tokens: Tokens) -> None:
    """Of app, account and pair."""
    shown = repr((APP, APP.under(tokens.access), tokens))
    for secret in (ZoomSimulator.client_secret, ZoomSimulator.webhook_secret, tokens.access, tokens.refresh):
        assert secret not in shown
