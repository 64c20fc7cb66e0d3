"""Events, links and control of the simulated Zoom."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from sim_helpers import NOON, Caller, Hooks, noon, zoom_caller

from servicekit.ports.http import HttpRequest, HttpResponse, basic
from servicekit.testing.simulators import USERS, WebhookFault, ZoomSimulator


@pytest.fixture
def hooks() -> Hooks:
    """Our application."""
    return Hooks()


@pytest.fixture
def zoom(hooks: Hooks) -> ZoomSimulator:
    """An account whose clock stands at noon and that calls ``hooks``."""
    return ZoomSimulator(webhook_url="https://zoom:key@us.example/zoom", clock=noon, post=hooks)


def made(zoom: ZoomSimulator, approval: int = 2) -> dict[str, Any]:
    """A meeting at 13:00."""
    asked = {"topic": "Yoga", "start_time": "2026-11-25T13:00:00Z", "settings": {"approval_type": approval}}
    return zoom_caller(zoom).send("POST", "/users/me/meetings", asked).object()


def proven(request: HttpRequest) -> bool:
    """Whether the signature is right, by the documented rule."""
    stamp = request.headers["x-zm-request-timestamp"]
    text = b"v0:" + stamp.encode() + b":" + request.body
    mark = hmac.new(ZoomSimulator.webhook_secret.encode(), text, hashlib.sha256).hexdigest()
    return hmac.compare_digest(request.headers["x-zm-signature"], f"v0={mark}")


def test_a_deletion_is_told_signed(zoom: ZoomSimulator, hooks: Hooks) -> None:
    """By a person or by our own call; the id is a number, credentials of the URL go out as Basic."""
    one, two = made(zoom)["id"], made(zoom)["id"]
    zoom.delete_meeting(one, "beat@example.org")
    zoom_caller(zoom).send("DELETE", f"/meetings/{two}")
    zoom.deliver_webhooks()
    bodies = [json.loads(call.body) for call in hooks.calls]
    assert [proven(call) for call in hooks.calls] == [True, True]
    assert [body["payload"]["operator"] for body in bodies] == ["beat@example.org", USERS[0].email]
    assert [body["payload"]["object"]["id"] for body in bodies] == [one, two]
    assert (bodies[0]["event"], bodies[0]["event_ts"]) == ("meeting.deleted", NOON.us // 1000)
    assert hooks.calls[0].headers["authorization"] == basic("zoom", "key")["authorization"]


def test_forged_and_stale_events(zoom: ZoomSimulator, hooks: Hooks) -> None:
    """One has a wrong signature, the other a right one that is an hour old."""
    zoom.inject(WebhookFault(webhook="forged"), WebhookFault(webhook="stale"))
    for _ in range(2):
        zoom.delete_meeting(made(zoom)["id"])
    zoom.deliver_webhooks()
    ages = [NOON.us // 1_000_000 - int(call.headers["x-zm-request-timestamp"]) for call in hooks.calls]
    assert [proven(call) for call in hooks.calls] == [False, True]
    assert ages == [0, 3600]


def test_an_event_is_repeated_after_5_20_and_60_minutes(zoom: ZoomSimulator, hooks: Hooks) -> None:
    """Unless it is answered 200 or 204; then it is dropped."""
    hooks.answers = [HttpResponse(status=202), None, HttpResponse(status=500), HttpResponse(status=500)]
    zoom.delete_meeting(made(zoom)["id"])
    for minutes in (0, 5, 25, 85, 145):
        zoom.set_clock(NOON, offset=timedelta(minutes=minutes))
        zoom.deliver_webhooks()
    assert [(one.at - NOON).total_seconds() / 60 for one in zoom.deliveries] == [0, 5, 25, 85]


def test_a_removed_app_is_told_and_shut_out(zoom: ZoomSimulator, hooks: Hooks) -> None:
    """The time stands inside the payload; tokens are dead at once."""
    call = zoom_caller(zoom)
    zoom.deauthorize()
    zoom.deliver_webhooks()
    body = json.loads(hooks.calls[0].body)
    assert (body["event"], "event_ts" in body) == ("app_deauthorized", False)
    assert body["payload"]["deauthorization_time"] == "2026-11-25T12:00:00.000Z"
    assert body["payload"]["account_id"] == zoom.account_id
    assert call.get("/users/me").status == 401


def test_the_webhook_s_url_is_validated(zoom: ZoomSimulator, hooks: Hooks) -> None:
    """The right answer has the token and its HMAC; another does not validate."""
    assert zoom.url_validated is None
    zoom.validate_url()
    zoom.deliver_webhooks()
    assert zoom.url_validated is False

    def honest(request: HttpRequest) -> HttpResponse:
        token = json.loads(request.body)["payload"]["plainToken"]
        proof = hmac.new(zoom.webhook_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        return HttpResponse(status=200, body=json.dumps({"plainToken": token, "encryptedToken": proof}).encode())

    zoom = ZoomSimulator(webhook_url="https://us.example/", post=honest)
    zoom.validate_url()
    zoom.deliver_webhooks()
    assert zoom.url_validated is True


def test_without_a_url_no_events_are_sent() -> None:
    """Nothing waits either."""
    zoom = ZoomSimulator(clock=noon)
    zoom.delete_meeting(made(zoom)["id"])
    assert zoom.deliver_webhooks() == []


def test_links_lead_to_the_meeting_while_it_lives(zoom: ZoomSimulator) -> None:
    """The shared link, and the host's for two hours; neither once it is deleted, nor links that never were."""
    meeting = made(zoom)
    number = str(meeting["id"])
    assert zoom.open_link(meeting["join_url"]) == zoom.open_link(meeting["start_url"]) == number
    wrong = ("https://zoom.us/j/" + number, "https://zoom.us/j/1?pwd=x", "https://zoom.us/w/x?tk=y")
    assert [zoom.open_link(url) for url in wrong] == [None, None, None]
    zoom.set_clock(NOON, offset=timedelta(hours=2))
    assert (zoom.open_link(meeting["start_url"]), zoom.open_link(meeting["join_url"])) == (None, number)
    zoom.delete_meeting(number)
    assert zoom.open_link(meeting["join_url"]) is None


def test_with_registration_only_personal_links_lead_in(zoom: ZoomSimulator) -> None:
    """One person's removal leaves the others' links alone."""
    meeting = made(zoom, approval=0)
    call, path = zoom_caller(zoom), f"/meetings/{meeting['id']}/registrants"
    kim, lou = (
        call.send("POST", path, {"email": f"{name}@example.org", "first_name": name}).object()
        for name in ("kim", "lou")
    )
    assert zoom.open_link(meeting["join_url"]) is None
    call.send("DELETE", f"{path}/{kim['registrant_id']}")
    assert [zoom.open_link(one["join_url"]) for one in (kim, lou)] == [None, str(meeting["id"])]


def test_it_can_be_steered_over_http(zoom: ZoomSimulator) -> None:
    """Everything above, and the state, which has no host links."""
    call = Caller(zoom, "https://zoom.us/_sim", {})
    meeting = made(zoom)
    assert call.send("POST", "/link", {"url": meeting["join_url"]}).object() == {"meeting": str(meeting["id"])}
    assert call.send("POST", "/webhook", {"url": "https://us.example/new"}).status == 204
    assert call.send("POST", "/delete", {"meeting": meeting["id"]}).status == 204
    assert call.send("POST", "/delete", {"meeting": 1}).status == 400
    told = {"redirect_uri": "https://us.example/", "code_challenge": "c"}
    assert call.send("POST", "/authorize", told).object()["code"]
    for path in ("/expire", "/validate", "/deauthorize"):
        assert call.send("POST", path, {}).status == 204
    state = call.get("/state").object()
    assert [(one["deleted"], one["start_url"]) for one in state["meetings"]] == [(True, "")]
    assert (state["tokens_given"], len(state["users"])) == (1, 4)
    assert {one.url for one in zoom.deliver_webhooks()} == {"https://us.example/new"}
