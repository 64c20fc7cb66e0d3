"""The simulated exivo: its HTTP interface and its doors."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sim_helpers import NOON, PHONE, Hooks, exivo_caller, key_order, noon

from servicekit.moments import Instant
from servicekit.ports.http import HttpRequest, basic
from servicekit.testing.simulators import COMPONENTS, ExivoSimulator, Light

DOOR = COMPONENTS[0].id
GATEWAY = COMPONENTS[-1].id
ONE = Instant.parse("2026-11-25T13:00:00Z")
TWO = Instant.parse("2026-11-25T14:00:00Z")
TICK = timedelta(microseconds=1)


@pytest.fixture
def exivo() -> ExivoSimulator:
    """A site whose clock stands at noon."""
    return ExivoSimulator(clock=noon)


def made(exivo: ExivoSimulator, **changed: Any) -> str:
    """Make a key; gives its id."""
    answer = exivo_caller(exivo).send("POST", "/digitalKeyVisits", key_order(**changed))
    assert answer.status == 200, answer.body
    return str(answer.object()["id"])


def test_info_proves_key_secret_and_site_and_names_the_zone(exivo: ExivoSimulator) -> None:
    """The cheapest reading tells the site's id and time zone."""
    info = exivo_caller(exivo).get("/info").object()
    assert (info["id"], info["timeZone"]) == (exivo.site_id, "Europe/Zurich")


@pytest.mark.parametrize(
    ("login", "site", "status"),
    [
        (("somebody", "else"), ExivoSimulator.site_id, 401),
        ((ExivoSimulator.api_key, ExivoSimulator.api_secret), "51e00000-0000-4000-8000-000000000002", 403),
    ],
)
def test_wrong_credentials_and_strange_sites_are_refused(
    exivo: ExivoSimulator, login: tuple[str, str], site: str, status: int
) -> None:
    """401 for wrong credentials, 403 for a site that they do not cover, both with a message only."""
    url = f"https://api.exivo.io/v1/{site}/info"
    answer = exivo.handle(HttpRequest.get(url, headers=basic(*login)))
    assert answer.status == status
    assert set(answer.object()) == {"message"}


def test_an_unknown_path_and_an_unknown_id_are_an_empty_404(exivo: ExivoSimulator) -> None:
    """What does not exist has no body at all, as documented."""
    call = exivo_caller(exivo)
    for path in ("/nothing", "/component/none", "/digitalKeyVisit/none"):
        answer = call.get(path)
        assert (answer.status, answer.body) == (404, b"")


def test_components_include_a_gateway_and_one_with_an_alarm(exivo: ExivoSimulator) -> None:
    """Templates tell doors, alarms and the gateway apart."""
    call = exivo_caller(exivo)
    templates = [one["templateIdentifier"] for one in call.get("/component").json()]
    assert [len([one for one in templates if word in one]) for word in ("gateway", "alarm")] == [1, 1]
    assert call.get(f"/component/{DOOR}").object()["identifier"] == "Main door"


def test_lists_are_paged_and_sorted(exivo: ExivoSimulator) -> None:
    """``skip`` and ``limit`` cut, 0 is no limit, ``sort`` and ``sortDir`` order."""
    call = exivo_caller(exivo)
    everything = [one["id"] for one in call.get("/component").json()]
    assert [one["id"] for one in call.get("/component", skip=1, limit=2).json()] == everything[1:3]
    assert [one["id"] for one in call.get("/component", skip=4, limit=0).json()] == everything[4:]
    names = [one["identifier"] for one in call.get("/component", sort="identifier", sortDir="desc").json()]
    assert names == sorted(names, reverse=True)
    assert call.get("/component", limit="many").status == 400


def test_unlock_is_a_request_that_the_log_remembers(exivo: ExivoSimulator) -> None:
    """204 without a body; the person's name stands in the access log."""
    call = exivo_caller(exivo)
    answer = call.send("POST", f"/component/{DOOR}/unlock", {"delegatedUser": "Anna"})
    assert (answer.status, answer.body) == (204, b"")
    assert call.get("/accesslog/component").json()[0]["data"]["delegatedUser"] == "Anna"
    assert call.send("POST", "/component/none/unlock").status == 400


def test_mode_takes_the_four_documented_words(exivo: ExivoSimulator) -> None:
    """A known mode is kept, another is 400."""
    call = exivo_caller(exivo)
    assert call.send("POST", f"/component/{DOOR}/mode", {"mode": "open"}).status == 204
    assert call.get(f"/component/{DOOR}").object()["mode"] == "open"
    assert call.send("POST", f"/component/{DOOR}/mode", {"mode": "ajar"}).status == 400


def test_a_key_is_listed_under_the_plural_and_read_under_the_singular(exivo: ExivoSimulator) -> None:
    """The vendor's plural and singular paths, with what was asked for plus id, expired, revoked."""
    key = made(exivo)
    call = exivo_caller(exivo)
    shown = call.get(f"/digitalKeyVisit/{key}").object()
    assert shown == {**key_order(), "id": key, "expired": False, "revoked": False}
    assert call.get("/digitalKeyVisits").json() == [shown]
    assert call.get("/digitalKeyVisit").status == 404


@pytest.mark.parametrize(
    "changed",
    [
        {"validFrom": "2026-11-25T14:00:00+01:00"},
        {"validFrom": 5},
        {"validTo": None},
        {"validTo": "2026-11-25T12:00:00Z"},
        {"validTo": "2026-11-25T13:00:00Z"},
        {"validFrom": "2026-11-25T11:59:59Z"},
        {"components": ["none"]},
    ],
)
def test_a_key_that_exivo_would_not_make_is_400_with_a_message(exivo: ExivoSimulator, changed: dict[str, Any]) -> None:
    """Offsets, missing fields, ends in the past or before the start, past starts, unknown doors: nothing is made."""
    call = exivo_caller(exivo)
    answer = call.send("POST", "/digitalKeyVisits", key_order(**changed))
    assert answer.status == 400
    assert set(answer.object()) == {"message"}
    assert call.get("/digitalKeyVisits").json() == []


@pytest.mark.parametrize(
    ("body", "kind"), [(b"[1]", "application/json"), (b"{}", "text/plain"), (b"{", "application/json")]
)
def test_a_body_that_is_no_json_object_is_refused(exivo: ExivoSimulator, body: bytes, kind: str) -> None:
    """JSON of another form, another content type, or no JSON."""
    call = exivo_caller(exivo)
    headers = {**call.headers, "content-type": kind}
    request = HttpRequest(method="POST", url=call.base + "/digitalKeyVisits", headers=headers, body=body)
    assert exivo.handle(request).status == 400


def test_past_starts_can_be_allowed() -> None:
    """Sources differ on past starts, so a switch chooses; fractions of seconds are taken."""
    exivo = ExivoSimulator(clock=noon, past_start_refused=False)
    made(exivo, validFrom="2026-11-25T11:00:00.000000Z")
    assert exivo.try_door(PHONE, DOOR).green


def test_revoking_twice_is_refused_or_not_by_a_switch() -> None:
    """Nobody knows what the vendor does, so both can be had; an unknown key is 400."""
    for refused, status in ((True, 400), (False, 204)):
        exivo = ExivoSimulator(clock=noon, double_revoke_refused=refused)
        key = made(exivo)
        call = exivo_caller(exivo)
        assert call.send("POST", f"/digitalKeyVisit/{key}/revoke", {}).status == 204
        assert call.get(f"/digitalKeyVisit/{key}").object()["revoked"]
        assert call.send("POST", f"/digitalKeyVisit/{key}/revoke").status == status
        assert call.send("POST", "/digitalKeyVisit/none/revoke", {}).status == 400


def test_keys_that_name_the_gateway_are_refused_or_open_nothing() -> None:
    """With the switch off the key is made, and the mistake shows only at the door."""
    order = key_order(components=[DOOR, GATEWAY])
    strict = ExivoSimulator(clock=noon, gateway_refused=True)
    assert exivo_caller(strict).send("POST", "/digitalKeyVisits", order).status == 400
    lax = ExivoSimulator(clock=noon)
    assert exivo_caller(lax).send("POST", "/digitalKeyVisits", order).status == 200
    assert lax.try_door(PHONE, DOOR, ONE) == Light(green=False, reason="no_key")


def test_a_made_key_calls_back() -> None:
    """``callbackUri`` is called once the key is made."""
    hooks = Hooks()
    exivo = ExivoSimulator(clock=noon, post=hooks)
    made(exivo, callbackUri="https://salon.example/made")
    exivo.deliver_webhooks()
    assert [call.url for call in hooks.calls] == ["https://salon.example/made"]


@pytest.mark.parametrize(
    ("at", "green", "reason"),
    [(ONE - TICK, False, "too_early"), (ONE, True, "ok"), (TWO - TICK, True, "ok"), (TWO, False, "too_late")],
)
def test_the_door_opens_exactly_within_the_window(exivo: ExivoSimulator, at: Instant, green: bool, reason: str) -> None:
    """Green from ``validFrom`` on and up to, not at, ``validTo``."""
    made(exivo)
    assert exivo.try_door(PHONE, DOOR, at) == Light(green, reason)


def test_the_door_is_red_for_the_wrong_door_a_revoked_key_and_a_strange_phone(exivo: ExivoSimulator) -> None:
    """Each with its reason; a forgotten key is as none."""
    key = made(exivo)
    assert exivo.try_door(PHONE, COMPONENTS[1].id, ONE).reason == "wrong_door"
    assert exivo.try_door("+41790000000", DOOR, ONE).reason == "no_key"
    exivo.revoke_by_hand(key)
    assert exivo.try_door(PHONE, DOOR, ONE).reason == "revoked"
    exivo.forget(key)
    assert exivo.try_door(PHONE, DOOR, ONE).reason == "no_key"
    assert not exivo.try_door(PHONE, DOOR, ONE)


def test_every_try_is_in_the_access_log(exivo: ExivoSimulator) -> None:
    """Permitted and denied tries with component and time; days filter, one component can be asked for."""
    made(exivo)
    exivo.try_door(PHONE, DOOR, ONE)
    exivo.try_door(PHONE, COMPONENTS[1].id, ONE + timedelta(days=1))
    call = exivo_caller(exivo)
    assert [one["name"] for one in call.get("/accesslog/component").json()] == ["accessPermitted", "accessDenied"]
    assert [one["occurredAt"] for one in call.get(f"/accesslog/component/{DOOR}").json()] == [ONE.iso()]
    later = call.get("/accesslog/component", **{"from": "2026-11-26"}).json()
    assert [one["data"]["component"]["identifier"] for one in later] == ["Cloakroom"]
    assert call.get("/accesslog/component", to="2026-11-24").json() == []
    assert call.get("/accesslog/component", to="yesterday").status == 400


def test_the_door_and_the_app_can_be_steered_over_http(exivo: ExivoSimulator) -> None:
    """Control calls try a door, revoke, forget and show the state; a wrong one is 400 with words."""
    key = made(exivo)
    call = exivo_caller(exivo)
    call.base = "https://api.exivo.io/_sim"
    assert call.send("POST", "/door", {"phone": PHONE, "component": DOOR, "at": ONE.iso()}).object()["green"]
    assert call.send("POST", "/door", {"phone": PHONE, "component": DOOR}).object()["reason"] == "too_early"
    assert "KeyError" in call.send("POST", "/door", {"phone": PHONE, "component": "none"}).object()["error"]
    assert call.send("POST", "/revoke", {"key": key}).status == 204
    state = call.get("/state").object()
    assert (state["keys"][0]["revoked"], len(state["log"]), state["site"]) == (True, 2, exivo.site_id)
    assert call.send("POST", "/forget", {"key": key}).status == 204
    assert call.get("/state").object()["keys"] == []


def test_a_key_that_somebody_cuts_short_ends_by_then(exivo: ExivoSimulator) -> None:
    """It shows its new end, and opens nothing from then on; nobody has revoked it."""
    key = made(exivo)
    exivo.cut_short(key, ONE)
    shown = exivo_caller(exivo).get(f"/digitalKeyVisit/{key}").object()
    assert (shown["validTo"], shown["expired"], shown["revoked"]) == (ONE.iso(), False, False)
    assert exivo.try_door(PHONE, DOOR, ONE).reason == "too_late"
    exivo.cut_short(key, NOON)
    assert exivo_caller(exivo).get(f"/digitalKeyVisit/{key}").object()["expired"]
    with pytest.raises(KeyError):
        exivo.cut_short("none", NOON)


def test_keys_expire_by_the_clock(exivo: ExivoSimulator) -> None:
    """``expired`` follows the simulator's clock."""
    key = made(exivo)
    exivo.set_clock(NOON, offset=timedelta(hours=2))
    assert exivo_caller(exivo).get(f"/digitalKeyVisit/{key}").object()["expired"]
