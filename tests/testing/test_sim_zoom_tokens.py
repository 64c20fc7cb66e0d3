"""Zoom's token endpoint."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from typing import Any

import pytest
from sim_helpers import NOON, Caller, noon, zoom_caller, zoom_token

from servicekit.ports.http import basic
from servicekit.testing.simulators import ZoomSimulator

BACK = "https://us.example/back"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(b"verifier").digest()).rstrip(b"=").decode()


@pytest.fixture
def zoom() -> ZoomSimulator:
    """An account whose clock stands at noon."""
    return ZoomSimulator(clock=noon)


def exchange(zoom: ZoomSimulator, code: str, **changed: str) -> Any:
    """Exchange a code."""
    told = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": "verifier"}
    return zoom_token(zoom, **{**told, **changed})


def refresh(zoom: ZoomSimulator, token: str) -> Any:
    """Spend a refresh token."""
    return zoom_token(zoom, grant_type="refresh_token", refresh_token=token)


def test_an_account_token_opens_the_interface_for_an_hour(zoom: ZoomSimulator) -> None:
    """Then it is 401 with code 124; without refresh token one asks again."""
    given = zoom_token(zoom).object()
    assert (given["token_type"], given["expires_in"], "refresh_token" in given) == ("bearer", 3600, False)
    call = zoom_caller(zoom)
    zoom.set_clock(NOON, offset=timedelta(minutes=59))
    assert call.get("/users/me").status == 200
    zoom.set_clock(NOON, offset=timedelta(minutes=60))
    assert (call.get("/users/me").status, call.get("/users/me").object()["code"]) == (401, 124)


def test_wrong_clients_accounts_and_grants_are_told_apart(zoom: ZoomSimulator) -> None:
    """``reason`` with Zoom's number and ``error``."""
    desk = Caller(zoom, "https://zoom.us/oauth", basic(zoom.client_id, "wrong"))
    for answer in (desk.form("/token", grant_type="account_credentials"), desk.form("/revoke", token="t")):
        assert (answer.status, answer.object()["error"]) == (401, "invalid_client")
        assert "4702" in answer.object()["reason"]
    assert "account_id" in zoom_token(zoom, account_id="other").object()["reason"]
    assert zoom_token(zoom, grant_type="password").object()["error"] == "unsupported_grant_type"


def test_a_new_token_may_end_the_old_one() -> None:
    """By a switch; Zoom's documents and reports differ."""
    for one_at_a_time, status in ((False, 200), (True, 401)):
        zoom = ZoomSimulator(one_token_at_a_time=one_at_a_time)
        old = zoom_caller(zoom)
        zoom_token(zoom)
        assert old.get("/users/me").status == status


def test_a_code_serves_once_with_its_verifier(zoom: ZoomSimulator) -> None:
    """PKCE: the verifier's digest is the challenge; a second use is refused."""
    code = zoom.tokens.authorize(BACK, CHALLENGE)
    assert exchange(zoom, code).status == 200
    assert "4734" in exchange(zoom, code).object()["reason"]
    assert "4734" in exchange(zoom, zoom.tokens.authorize(BACK, CHALLENGE), code_verifier="guess").object()["reason"]


def test_a_code_lives_five_minutes_and_returns_to_its_address(zoom: ZoomSimulator) -> None:
    """Late, or from another address, it is refused."""
    other = exchange(zoom, zoom.tokens.authorize(BACK, CHALLENGE), redirect_uri="https://evil.example/")
    assert "4709" in other.object()["reason"]
    code = zoom.tokens.authorize(BACK, CHALLENGE)
    zoom.set_clock(NOON, offset=timedelta(minutes=5))
    assert "4733" in exchange(zoom, code).object()["reason"]


def test_refresh_tokens_rotate_and_serve_once(zoom: ZoomSimulator) -> None:
    """Each gives a new pair; the old one is invalid_grant for ever, and so is one of 90 days."""
    first = exchange(zoom, zoom.tokens.authorize(BACK, CHALLENGE)).object()["refresh_token"]
    second = refresh(zoom, first).object()["refresh_token"]
    assert second != first
    assert (refresh(zoom, first).status, refresh(zoom, first).object()["error"]) == (400, "invalid_grant")
    zoom.set_clock(NOON, offset=timedelta(days=90))
    assert refresh(zoom, second).object()["error"] == "invalid_grant"


def test_revoked_tokens_are_dead(zoom: ZoomSimulator) -> None:
    """Access and refresh tokens alike."""
    pair = exchange(zoom, zoom.tokens.authorize(BACK, CHALLENGE)).object()
    desk = Caller(zoom, "https://zoom.us/oauth", basic(zoom.client_id, zoom.client_secret))
    for kind in ("access_token", "refresh_token"):
        assert desk.form("/revoke", token=pair[kind]).status == 200
    api = Caller(zoom, "https://api.zoom.us/v2", {"authorization": f"Bearer {pair['access_token']}"})
    assert api.get("/users/me").status == 401
    assert refresh(zoom, pair["refresh_token"]).status == 400


def test_a_removed_app_gets_no_tokens_until_it_is_added_again(zoom: ZoomSimulator) -> None:
    """All tokens die; a new consent brings it back."""
    call = zoom_caller(zoom)
    zoom.tokens.remove_app()
    assert call.get("/users/me").status == 401
    assert "4738" in zoom_token(zoom).object()["reason"]
    assert exchange(zoom, zoom.tokens.authorize(BACK, CHALLENGE)).status == 200


def test_tokens_can_be_expired(zoom: ZoomSimulator) -> None:
    """All at once."""
    call = zoom_caller(zoom)
    zoom.tokens.expire()
    assert call.get("/users/me").object()["message"] == "Access token is expired."
