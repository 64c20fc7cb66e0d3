"""The simulated resivo: what public code that calls the real one shows."""

from __future__ import annotations

from typing import Any

import pytest
from sim_helpers import NOON, noon

from servicekit.moments import Instant
from servicekit.ports.http import HttpRequest, HttpResponse
from servicekit.testing.simulators import COMPONENTS, ResivoSimulator

DOOR, GATEWAY = COMPONENTS[0].id, COMPONENTS[5].id
ONE, TWO = "2026-11-25T13:00:00Z", "2026-11-25T14:00:00Z"
BASE = "https://api.resivo.io"


@pytest.fixture
def resivo() -> ResivoSimulator:
    """A site whose clock stands at noon."""
    return ResivoSimulator(clock=noon)


def login(resivo: ResivoSimulator, secret: str = ResivoSimulator.client_secret) -> HttpResponse:
    """A token is asked for."""
    form = {"grant_type": "client_credentials", "client_id": resivo.client_id, "client_secret": secret}
    return resivo.handle(HttpRequest.form("POST", f"{BASE}/oauth2/token", form, headers={}))


def call(resivo: ResivoSimulator, method: str, path: str, body: object = None) -> HttpResponse:
    """A call with a token."""
    headers = {"authorization": f"Bearer {login(resivo).object()['access_token']}"}
    if body is None:
        return resivo.handle(HttpRequest.get(f"{BASE}/{path}", headers=headers))
    return resivo.handle(HttpRequest.json(method, f"{BASE}/{path}", body, headers=headers))


def wish(**changed: Any) -> dict[str, Any]:
    """A key with a PIN for the first door, from one until two."""
    plain = {
        "displayName": "sk:1:1",
        "pinCodes": [{"pinCode": "1234", "displayName": "sk:1:1"}],
        "componentIds": [DOOR],
        "restrictions": {"validFrom": ONE, "validTo": TWO},
    }
    return {**plain, **changed}


def make(resivo: ResivoSimulator, **changed: Any) -> HttpResponse:
    """Ask for one."""
    return call(resivo, "POST", f"{resivo.site_id}/authorizations/pin-access", wish(**changed))


def test_a_token_is_needed_and_credentials_for_it(resivo: ResivoSimulator) -> None:
    """401 without."""
    assert login(resivo, "wrong").status == 401
    assert resivo.handle(HttpRequest.get(f"{BASE}/{resivo.site_id}/components", headers={})).status == 401
    assert call(resivo, "GET", f"v8/sites/{resivo.site_id}").object() == {"displayName": "Salon Sonnenhof"}
    assert call(resivo, "GET", "v8/sites/another").status == 403


def test_devices_have_ids_and_names_only(resivo: ResivoSimulator) -> None:
    """Nothing tells a gateway."""
    listed = call(resivo, "GET", f"{resivo.site_id}/components?scope=all").json()
    assert {one["id"] for one in listed} == {component.id for component in COMPONENTS}
    assert {tuple(one) for one in listed} == {("id", "displayName")}


def test_a_pin_opens_within_its_window_until_it_is_revoked(resivo: ResivoSimulator) -> None:
    """And expires by the clock."""
    made = make(resivo).object()["id"]
    assert resivo.try_pin("1234", DOOR, Instant.parse(ONE))
    assert resivo.try_pin("1234", DOOR, NOON).reason == "too_early"
    assert resivo.try_pin("9999", DOOR, Instant.parse(ONE)).reason == "no_key"
    assert resivo.try_pin("1234", GATEWAY, Instant.parse(ONE)).reason == "wrong_door"
    path = f"{resivo.site_id}/authorizations/{made}"
    assert call(resivo, "GET", path).object()["status"] == "ACTIVE"
    assert call(resivo, "DELETE", f"{path}/revoke", {}).status == 204
    assert call(resivo, "DELETE", f"{path}/revoke", {}).status == 400
    assert call(resivo, "GET", path).object()["status"] == "REVOKED"
    assert resivo.try_pin("1234", DOOR, Instant.parse(ONE)).reason == "revoked"


def test_keys_expire_and_can_be_revoked_by_hand(resivo: ResivoSimulator) -> None:
    """As the app does it."""
    make(resivo)
    (held,) = resivo.state()["keys"]
    resivo.set_clock(Instant.parse(TWO))
    path = f"{resivo.site_id}/authorizations/{held['id']}"
    assert call(resivo, "GET", path).object()["credentials"] == [{"isExpired": True, "status": "ACTIVE"}]
    resivo.revoke_by_hand(held["id"])
    assert resivo.state()["keys"][0]["revoked"] is True


@pytest.mark.parametrize(
    "changed",
    [
        {"componentIds": []},
        {"componentIds": ["nowhere"]},
        {"pinCodes": []},
        {"restrictions": {}},
        {"restrictions": {"validFrom": ONE, "validTo": "2026-11-25T14:00:00+01:00"}},
        {"restrictions": {"validFrom": "2026-11-25T10:00:00Z", "validTo": "2026-11-25T11:00:00Z"}},
        {"restrictions": {"validFrom": TWO, "validTo": ONE}},
    ],
)
def test_a_key_that_makes_no_sense_is_400(resivo: ResivoSimulator, changed: dict[str, Any]) -> None:
    """No door, no PIN, no time, an offset, the past."""
    assert make(resivo, **changed).status == 400
    assert resivo.state()["keys"] == []


def test_what_is_not_there_is_an_empty_404(resivo: ResivoSimulator) -> None:
    """And a revoke of it is 400."""
    answer = call(resivo, "GET", f"{resivo.site_id}/authorizations/none")
    assert (answer.status, answer.body) == (404, b"")
    assert call(resivo, "DELETE", f"{resivo.site_id}/authorizations/none/revoke", {}).status == 400
    assert call(resivo, "GET", f"{resivo.site_id}/nothing").status == 404
