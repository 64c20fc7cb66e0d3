"""The simulators held against the vendors' own descriptions."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest
from sim_helpers import NOON, Hooks, exivo_caller, key_order, noon, zoom_caller

from servicekit.testing.contracts import Contract
from servicekit.testing.simulators import COMPONENTS, ExivoSimulator, Fault, ZoomSimulator

FOLDER = Path(os.environ.get("SERVICEKIT_CONTRACTS") or Path(__file__).parents[3] / "shared" / "contracts")
"""Where the vendors' documents are, which are not ours to publish."""


def document(name: str) -> Contract:
    """A vendor's document, or a skipped test."""
    path = FOLDER / name
    if not path.is_file():
        pytest.skip(f"the vendor's document {path} is not here; SERVICEKIT_CONTRACTS may name its folder")
    return Contract.load(path)


@pytest.fixture(scope="session")
def exivo_document() -> Contract:
    """The one of exivo."""
    return document("exivo-swagger-1.1.0.json")


@pytest.fixture(scope="session")
def zoom_documents() -> tuple[Contract, Contract]:
    """Zoom's of meetings and of users."""
    return document("zoom-meetings.json"), document("zoom-users.json")


def test_exivo_s_simulator_keeps_to_the_vendor_s_description(exivo_document: Contract) -> None:
    """Every exchange, members included; only ``mode`` of a component is known from the prose alone."""
    exivo = ExivoSimulator(clock=noon)
    call = exivo_caller(exivo)
    key = call.send("POST", "/digitalKeyVisits", key_order(message="Welcome")).object()["id"]
    exivo.try_door("+41791234567", COMPONENTS[0].id)
    door = f"/component/{COMPONENTS[0].id}"
    log = f"/accesslog{door}"
    for path in (
        "/info",
        "/component",
        door,
        "/digitalKeyVisits",
        f"/digitalKeyVisit/{key}",
        "/accesslog/component",
        log,
    ):
        assert call.get(path).status == 200
    for path in ("/component", "/digitalKeyVisits", "/accesslog/component"):
        assert call.get(path, skip=0, limit=1, sort="id", sortDir="desc").status == 200
    assert call.get(log, **{"from": "2026-11-24", "to": "2026-11-26"}).status == 200
    told: list[tuple[str, object]] = [
        (door + "/unlock", {"delegatedUser": "Anna"}),
        (door + "/mode", {"mode": "normal"}),
        (f"/digitalKeyVisit/{key}/revoke", {}),
    ]
    for path, body in told:
        assert call.send("POST", path, body).status == 204
    problems = [
        problem
        for one in exivo.exchanges
        for problem in exivo_document.problems(one.request, one.response, closed=True)
    ]
    assert [problem for problem in problems if not problem.endswith(".mode: not described")] == []
    assert len(exivo.exchanges) == 15


def test_a_drifting_simulator_is_caught(exivo_document: Contract) -> None:
    """The check can fail: an unknown word and a number for a text."""
    exivo = ExivoSimulator(clock=noon)
    exivo.inject(Fault.altered(replaced={"type": "resivo", "name": 5}))
    exivo_caller(exivo).get("/info")
    exchange = exivo.exchanges[0]
    assert len(exivo_document.problems(exchange.request, exchange.response)) == 2


def test_zoom_s_simulator_keeps_to_the_vendor_s_description(zoom_documents: tuple[Contract, Contract]) -> None:
    """Every exchange with the interface, members included; the token endpoint is not described."""
    zoom = ZoomSimulator(clock=noon)
    call = zoom_caller(zoom)
    asked_for = {
        "topic": "Yoga",
        "agenda": "sk:booking-1",
        "type": 2,
        "start_time": "2026-11-25T13:00:00Z",
        "duration": 60,
        "timezone": "Europe/Zurich",
        "settings": {"approval_type": 0, "registrants_confirmation_email": False, "waiting_room": True},
    }
    made = call.send("POST", "/users/me/meetings", asked_for)
    path = f"/meetings/{made.object()['id']}"
    kim = call.send("POST", path + "/registrants", {"email": "kim@example.org", "first_name": "Kim", "last_name": "R"})
    readings = ["/users", "/users/me", "/users/me/meetings", path, path + "/registrants"]
    statuses = [call.get(one).status for one in readings]
    statuses.append(call.get("/users", page_size=1, status="active").status)
    statuses.append(call.get("/users/me/meetings", type="scheduled", page_size=1).status)
    one = f"{path}/registrants/{kim.object()['registrant_id']}"
    statuses.append(call.get(one).status)
    assert statuses == [200] * 8
    assert call.send("PATCH", path, {"start_time": "2026-11-25T14:00:00Z", "duration": 30}).status == 204
    told = {"action": "cancel", "registrants": [{"email": "kim@example.org"}]}
    assert call.send("PUT", path + "/registrants/status", told).status == 204
    assert call.send("DELETE", one).status == 204
    assert call.send("DELETE", path).status == 204
    for exchange in zoom.exchanges:
        if "/v2/" in exchange.request.url:
            shapes = [one.problems(exchange.request, exchange.response, closed=True) for one in zoom_documents]
            assert () in shapes, shapes


def test_zoom_s_events_keep_to_the_vendor_s_description() -> None:
    """``meeting.deleted`` and ``app_deauthorized``, against the descriptions of webhooks."""
    hooks = Hooks()
    zoom = ZoomSimulator(webhook_url="https://us.example/zoom", clock=noon, post=hooks)
    zoom.set_clock(NOON, offset=timedelta(hours=1))
    made = zoom_caller(zoom).send("POST", "/users/me/meetings", {"topic": "Yoga"})
    zoom.delete_meeting(made.object()["id"])
    zoom.deauthorize()
    zoom.deliver_webhooks()
    names = ("zoom-webhooks-meetings.json", "zoom-webhooks-marketplace.json")
    for call, name in zip(hooks.calls, names, strict=True):
        body = json.loads(call.body)
        assert document(name).event_problems(body["event"], body) == ()
