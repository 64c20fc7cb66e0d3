"""The vendor's calls to us: order, repetition, faults, credentials."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from sim_helpers import NOON, Hooks, noon

from servicekit.moments import Instant
from servicekit.ports.http import HttpRequest, HttpResponse, basic
from servicekit.testing.simulators import Simulator, WebhookFault, serve
from servicekit.testing.simulators.routing import Call, route
from servicekit.testing.simulators.webhooks import Webhook, WebhookQueue, http_post, without_credentials


class Caller(Simulator):
    """A vendor that calls ``https://us.example/<event>`` and, as an application, can be called at ``/here``."""

    name = "caller"
    origins = ()
    retries = (timedelta(minutes=1), timedelta(minutes=5))

    def call(self, event: str, **more: Any) -> None:
        """Queue a call."""
        request = HttpRequest.form("POST", f"https://us.example/{event}", {}, headers={})
        self.call_out(Webhook(event=event, request=request, **more))

    def sign(self, request: HttpRequest, at: Instant, fault: str) -> HttpRequest:
        """Leave the fault to be seen."""
        del at
        return HttpRequest(method="POST", url=f"{request.url}?{fault}" if fault else request.url)

    @route("POST", "/here")
    def _here(self, _: Call) -> HttpResponse:
        return HttpResponse(status=202, headers={"x-seen": "yes"}, body=b"thanks")


@pytest.fixture
def hooks() -> Hooks:
    """Our application."""
    return Hooks()


@pytest.fixture
def vendor(hooks: Hooks) -> Caller:
    """A vendor whose clock stands at noon."""
    return Caller(clock=noon, post=hooks)


def seen(hooks: Hooks) -> list[str]:
    """The last part of each URL called."""
    return [call.url.rpartition("/")[2] for call in hooks.calls]


def test_calls_go_out_in_order(vendor: Caller, hooks: Hooks) -> None:
    """First queued, first sent; each is logged."""
    vendor.call("a")
    vendor.call("b")
    made = vendor.deliver_webhooks()
    assert seen(hooks) == ["a", "b"]
    assert made == list(vendor.deliveries)
    shown = {"event": "a", "url": "https://us.example/a", "attempt": 1, "status": 204, "accepted": True, "fault": ""}
    assert made[0].to_json() == {"at": NOON.iso(), **shown}


def test_calls_can_be_seen_waiting() -> None:
    """With their events, tries, times and faults."""
    vendor = Caller(clock=noon, post=Hooks())
    queue = WebhookQueue(vendor, Hooks([None]))
    queue.add(Webhook(event="a", request=HttpRequest(method="POST", url="https://us.example/a")))
    assert queue.waiting() == [{"event": "a", "attempt": 1, "due": None, "fault": ""}]
    queue.deliver(everything=False)
    assert queue.waiting() == [{"event": "a", "attempt": 2, "due": "2026-11-25T12:01:00Z", "fault": ""}]


def test_a_failed_call_is_repeated_when_due_and_not_for_ever(vendor: Caller, hooks: Hooks) -> None:
    """After one minute, then five more, then no more; the answer is passed on once it was accepted."""
    answers: list[HttpResponse] = []
    hooks.answers = [None, HttpResponse(status=500), HttpResponse(status=200, body=b"ok")]
    vendor.call("a", answered=answers.append)
    vendor.call("b")
    tries = []
    for minutes in range(8):
        vendor.set_clock(NOON, offset=timedelta(minutes=minutes))
        tries.append(len(vendor.deliver_webhooks()))
    assert tries == [2, 2, 0, 0, 0, 0, 0, 0]
    assert [(one.event, one.attempt, one.status) for one in vendor.deliveries] == [
        ("a", 1, None),
        ("b", 1, 500),
        ("a", 2, 200),
        ("b", 2, 204),
    ]
    assert [answer.body for answer in answers] == [b"ok"]


def test_after_the_last_retry_a_call_is_given_up(vendor: Caller, hooks: Hooks) -> None:
    """Three tries with two pauses; pushing sends each waiting call once."""
    hooks.answers = [None] * 9
    vendor.call("a")
    assert [len(vendor.deliver_webhooks(everything=True)) for _ in range(4)] == [1, 1, 1, 0]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("doubled", ["a?doubled", "a?doubled", "b", "c"]),
        ("dropped", ["b", "c"]),
        ("reordered", ["b", "a?reordered", "c"]),
        ("forged", ["a?forged", "b", "c"]),
        ("stale", ["a?stale", "b", "c"]),
        ("late", ["b", "c"]),
    ],
)
def test_faults_spoil_the_webhook_they_match(vendor: Caller, hooks: Hooks, fault: Any, expected: list[str]) -> None:
    """Twice, never, after the next one, with a proof that fails or is old, later."""
    vendor.inject(WebhookFault(webhook=fault, event="a", seconds=30))
    for event in "abc":
        vendor.call(event)
    vendor.deliver_webhooks()
    assert seen(hooks) == expected
    vendor.set_clock(NOON, offset=timedelta(seconds=30))
    vendor.deliver_webhooks()
    assert len(hooks.calls) == len(expected) + (fault == "late")


def test_a_held_webhook_can_be_pushed(vendor: Caller, hooks: Hooks) -> None:
    """With nothing after it, a reordered one waits until everything is sent."""
    vendor.inject(WebhookFault(webhook="reordered"))
    vendor.call("a")
    assert vendor.deliver_webhooks() == []
    assert len(vendor.deliver_webhooks(everything=True)) == 1


def test_credentials_leave_the_url() -> None:
    """They become a Basic header, percent-decoded; a URL without them stays."""
    assert without_credentials("https://a%40b:c%2Fd@host:8/x?y=z") == ("https://host:8/x?y=z", basic("a@b", "c/d"))
    assert without_credentials("https://key@host/") == ("https://host/", basic("key", ""))
    assert without_credentials("https://host/x") == ("https://host/x", {})


def test_real_calls_bring_back_the_response_or_none() -> None:
    """Over a socket; where nobody listens, no answer comes."""
    with serve(Caller()) as server:
        url = server.url + "/here"
        response = http_post(HttpRequest(method="POST", url=url))
    assert response is not None
    assert (response.status, response.headers["x-seen"], response.body) == (202, "yes", b"thanks")
    assert http_post(HttpRequest(method="POST", url=url)) is None


def test_the_pump_delivers_by_itself(vendor: Caller, hooks: Hooks) -> None:
    """Queued before and while it runs, until it is closed."""
    called = threading.Semaphore(0)
    answer = hooks.__call__

    def post(request: HttpRequest) -> HttpResponse | None:
        called.release()
        return answer(request)

    vendor = Caller(clock=noon, post=post)
    vendor.call("a")
    pump = threading.Thread(target=vendor.pump_webhooks)
    pump.start()
    assert called.acquire(timeout=30)
    vendor.call("b")
    assert called.acquire(timeout=30)
    vendor.closing.set()
    pump.join()
    assert seen(hooks) == ["a", "b"]
