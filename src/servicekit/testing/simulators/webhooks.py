"""The vendor's calls to us: queued, sent in order, repeated as the vendor does, and spoilt on demand.

Rules kept here: no lock is held while a call is out; the proof of origin is made when the call is sent; a call counts as
received by the vendor's own rule (``Simulator.accepted``), otherwise it is repeated after ``Simulator.retries``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit, urlunsplit

from attrs import evolve, field, frozen

from servicekit.moments import Instant
from servicekit.ports.http import HttpRequest, HttpResponse, basic
from servicekit.testing.simulators.faults import FaultQueue
from servicekit.testing.simulators.webhook_faults import WebhookFault

if TYPE_CHECKING:
    from servicekit.testing.simulators.core import Simulator

__all__ = ["Delivery", "Post", "Webhook", "WebhookQueue", "http_post", "without_credentials"]

Post = Callable[[HttpRequest], HttpResponse | None]
"""Sends a webhook; None where no answer came."""

_POLL = 0.1  # seconds between looks at the clock, which a test may have moved
_LAG = 0.05  # seconds that the pump lets an answer run ahead of the webhooks about it, as it mostly does in life


def http_post(request: HttpRequest) -> HttpResponse | None:
    """Send over real HTTP, past any proxy of the environment, following no redirect."""
    import httpx

    try:
        with httpx.Client(trust_env=False, timeout=request.timeout) as client:
            answer = client.request(request.method, request.url, headers=dict(request.headers), content=request.body)
    except httpx.TransportError:
        return None
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return HttpResponse(status=answer.status_code, headers=headers, body=answer.content)


def without_credentials(url: str) -> tuple[str, dict[str, str]]:
    """The URL without ``user:password@``, and the Basic header that it stood for.

    >>> without_credentials("https://anna:secret@example.org/hook")[0]
    'https://example.org/hook'
    """
    parts = urlsplit(url)
    if parts.username is None:
        return url, {}
    bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return bare, basic(unquote(parts.username), unquote(parts.password or ""))


@frozen(kw_only=True)
class Webhook:
    """A call to make. ``answered`` gets the response once it was accepted."""

    event: str
    request: HttpRequest
    due: Instant | None = None
    attempt: int = 1
    fault: str = ""
    held: bool = False
    answered: Callable[[HttpResponse], None] | None = field(default=None, repr=False)


@frozen(kw_only=True)
class Delivery:
    """A call made: ``status`` is None where no answer came."""

    at: Instant
    event: str
    url: str
    attempt: int
    status: int | None
    accepted: bool
    fault: str = ""

    def to_json(self) -> dict[str, Any]:
        """JSON-ready."""
        shown = {name: getattr(self, name) for name in ("event", "url", "attempt", "status", "accepted", "fault")}
        return {"at": self.at.iso(), **shown}


class WebhookQueue:
    """The calls of one simulator, waiting and made."""

    def __init__(self, simulator: Simulator, post: Post) -> None:
        self._simulator = simulator
        self._post = post
        self._lock = threading.Lock()
        self._sending = threading.RLock()  # keeps the order when pump and caller deliver at once
        self._news = threading.Event()
        self._waiting: list[Webhook] = []
        self.faults: FaultQueue[WebhookFault] = FaultQueue()
        self.log: list[Delivery] = []

    def waiting(self) -> list[dict[str, Any]]:
        """The calls not made yet, JSON-ready."""
        with self._lock:
            return [
                {
                    "event": one.event,
                    "attempt": one.attempt,
                    "due": None if one.due is None else one.due.iso(),
                    "fault": one.fault,
                }
                for one in self._waiting
            ]

    def add(self, webhook: Webhook) -> None:
        """Queue a call, spoilt by the first fault that matches it."""
        spoilt = self._spoil(webhook, self.faults.take(webhook.event))
        with self._lock:
            self._waiting += spoilt
        self.wake()

    def _spoil(self, webhook: Webhook, fault: WebhookFault | None) -> list[Webhook]:
        if fault is None:
            return [webhook]
        webhook = evolve(webhook, fault=fault.webhook)
        if fault.webhook == "late":
            return [evolve(webhook, due=self._simulator.now() + timedelta(seconds=fault.seconds))]
        if fault.webhook == "reordered":
            return [evolve(webhook, held=True)]
        return [webhook] * {"dropped": 0, "doubled": 2}.get(fault.webhook, 1)

    def wake(self) -> None:
        """Let the pump look again."""
        self._news.set()

    def deliver(self, *, everything: bool = False) -> list[Delivery]:
        """Make the calls that are due; with ``everything`` each waiting one once, whatever its time."""
        made: list[Delivery] = []
        with self._sending:
            forced = list(self._waiting) if everything else []
            while (webhook := self._next(forced)) is not None:
                made.append(self._send(webhook))
        return made

    def _next(self, forced: list[Webhook]) -> Webhook | None:
        now = self._simulator.now()
        with self._lock:
            for index, webhook in enumerate(self._waiting):
                due = not webhook.held and (webhook.due is None or webhook.due <= now)
                if due or any(webhook is one for one in forced):
                    return self._waiting.pop(index)
        return None

    def _send(self, webhook: Webhook) -> Delivery:
        at = self._simulator.now()
        response = self._post(self._simulator.sign(webhook.request, at, webhook.fault))
        accepted = response is not None and self._simulator.accepted(response)
        delivery = Delivery(
            at=at,
            event=webhook.event,
            url=webhook.request.url,
            attempt=webhook.attempt,
            status=None if response is None else response.status,
            accepted=accepted,
            fault=webhook.fault,
        )
        with self._lock:
            self.log.append(delivery)
            self._waiting = [evolve(one, held=False) if one.held else one for one in self._waiting]
            if not accepted and webhook.attempt <= len(self._simulator.retries):
                pause = self._simulator.retries[webhook.attempt - 1]
                self._waiting.append(evolve(webhook, due=at + pause, attempt=webhook.attempt + 1))
        if accepted and webhook.answered is not None and response is not None:
            webhook.answered(response)
        return delivery

    def pump(self, closing: threading.Event) -> None:
        """Deliver until ``closing`` is set."""
        while not closing.is_set():
            if self._news.wait(_POLL):
                self._news.clear()
                closing.wait(_LAG)
            self.deliver()
