"""What all HTTP simulators share: routes, admission, the clock, faults, the record of exchanges, and the control calls.

Rules kept here: a simulator decides only from what it holds and what it is told; it is thread-safe (one lock around each
deed, never held while waiting or calling out); ids come from its own seeded generator, so equal calls give equal ids.
It knows nothing of servicekit's adapters: it speaks the vendor's HTTP as the vendor's documents describe it.

Calls below ``/_sim/`` steer the simulator and are open to everybody who reaches it: serve simulators on loopback only.
"""

from __future__ import annotations

import random
import threading
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

from attrs import frozen

from servicekit.errors import Invalid
from servicekit.moments import Instant
from servicekit.ports.http import HttpRequest, HttpResponse
from servicekit.testing.simulators.faults import Fault, FaultKind, FaultQueue, NoResponse
from servicekit.testing.simulators.routing import Answered, Call, Routed, json_answer, route, told
from servicekit.testing.simulators.webhook_faults import WebhookFault
from servicekit.testing.simulators.webhooks import Delivery, Post, Webhook, WebhookQueue, http_post

__all__ = ["Exchange", "Simulator", "system_time"]

KEPT = 10_000  # exchanges remembered
CONTROL = "/_sim/"


def system_time() -> Instant:
    """The present instant by the machine's clock."""
    return Instant.of(datetime.now(UTC))


@frozen(kw_only=True)
class Exchange:
    """A request and what came of it; ``response`` is None where none was given."""

    at: Instant
    request: HttpRequest
    response: HttpResponse | None
    fault: str | None = None


class Simulator(Routed):
    """A stand-in of one vendor.

    Args:
        clock: tells the time; the machine's clock by default. ``set_clock`` shifts or stops it.
        seed: of the generator of ids and secrets.
        post: sends a webhook and gives the response, or None where there was none; real HTTP by default.
    """

    name: ClassVar[str]
    origins: ClassVar[tuple[str, ...]]
    """Where the vendor's own service is found, so that ``transport`` can stand in for it."""
    retries: ClassVar[tuple[timedelta, ...]] = ()
    """How long after a failed webhook the next tries follow."""

    def __init__(self, *, clock: Callable[[], Instant] = system_time, seed: int = 0, post: Post = http_post) -> None:
        self._clock = clock
        self._fixed: Instant | None = None
        self._offset = timedelta()
        self._random = random.Random(f"{type(self).__name__} {seed}")  # noqa: S311 - ids that repeat are the point
        self._lock = threading.RLock()
        self._faults: FaultQueue[Fault] = FaultQueue()
        self._webhooks = WebhookQueue(self, post)
        self.closing = threading.Event()
        self.exchanges: deque[Exchange] = deque(maxlen=KEPT)

    # Time and ids

    def now(self) -> Instant:
        """The instant by this simulator's clock."""
        return (self._fixed or self._clock()) + self._offset

    def set_clock(self, at: Instant | None = None, *, offset: timedelta = timedelta()) -> None:
        """Stop the clock at ``at`` (None: let it run), and shift it by ``offset``. Both replace what was set before."""
        self._fixed, self._offset = at, offset
        self._webhooks.wake()

    def new_uuid(self) -> str:
        """A version 4 UUID from the seeded generator."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def new_hex(self, digits: int) -> str:
        """That many random hexadecimal digits."""
        return f"{self._random.getrandbits(4 * digits):0{digits}x}"

    # Requests

    def opened(self) -> None:
        """Called when the simulator is about to be served: start what else it listens with."""

    def closed(self) -> None:
        """Called when serving has ended: stop what :meth:`opened` started."""

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer one request.

        Raises:
            NoResponse: a fault says that no answer comes; ``done`` tells whether the deed was done. A transport turns it
                into its own error.
        """
        call = Call.of(request)
        if call.path.startswith(CONTROL):
            return self._control(call)
        fault = self._faults.take(call.method, call.path)
        try:
            response = self._answer(call, fault)
        except NoResponse:
            self._record(request, None, fault)
            raise
        self._record(request, response, fault)
        return response

    def _record(self, request: HttpRequest, response: HttpResponse | None, fault: Fault | None) -> None:
        kind = None if fault is None else str(fault.kind)
        self.exchanges.append(Exchange(at=self.now(), request=request, response=response, fault=kind))

    def _answer(self, call: Call, fault: Fault | None) -> HttpResponse:
        if fault is None:
            return self._route(call)
        response = self._route(call) if fault.done else None
        if fault.seconds > call.request.timeout:
            raise NoResponse(FaultKind.TIMEOUT, done=fault.done)  # the caller would have given up by now
        if fault.seconds:
            self.closing.wait(fault.seconds)
        return fault.spoil(response, self)

    def _route(self, call: Call) -> HttpResponse:
        with self._lock:
            try:
                self.admit(call)
                answer = self.find_route(call)
            except Answered as answered:
                return answered.response
        return self.error(404, "Not found") if answer is None else answer

    def _control(self, call: Call) -> HttpResponse:
        # Without the lock: what is steered takes it, and delivering webhooks must not hold it.
        try:
            answer = self.find_route(call)
        except (Invalid, LookupError, TypeError, ValueError) as error:
            return json_answer(400, {"error": f"{type(error).__name__}: {error}"})
        return json_answer(404, {"error": f"no control {call.path}"}) if answer is None else answer

    def admit(self, call: Call) -> None:
        """Let a call in, or raise ``Answered`` with the vendor's refusal."""

    def error(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> HttpResponse:
        """An error in the vendor's own form."""
        return json_answer(status, {"message": message}, headers)

    # Faults and webhooks

    def inject(self, *faults: Fault | WebhookFault) -> None:
        """Queue faults: the first one that matches a request, or a webhook, is spent on it."""
        for fault in faults:
            if isinstance(fault, Fault):
                self._faults.add(fault)
            else:
                self._webhooks.faults.add(fault)

    def clear_faults(self) -> None:
        """Forget all faults not spent yet."""
        self._faults.clear()
        self._webhooks.faults.clear()

    def call_out(self, webhook: Webhook) -> None:
        """Queue a call to the customer's application."""
        self._webhooks.add(webhook)

    def accepted(self, response: HttpResponse) -> bool:
        """Whether the vendor takes this answer to a webhook as "received"."""
        return response.ok

    def sign(self, request: HttpRequest, at: Instant, fault: str) -> HttpRequest:  # noqa: ARG002 - vendors with a proof override it
        """Add the vendor's proof of origin at sending time; spoil it for the faults ``forged`` and ``stale``."""
        return request

    def deliver_webhooks(self, *, everything: bool = False) -> list[Delivery]:
        """Send the webhooks that are due, retries and late ones only with ``everything``; give what came of each.

        A served simulator does it by itself, in a thread. Not served, nothing is sent before this call.
        """
        return self._webhooks.deliver(everything=everything)

    def pump_webhooks(self) -> None:
        """Deliver webhooks as they fall due until ``closing`` is set. Blocks; ``serve`` runs it in a thread."""
        self._webhooks.pump(self.closing)

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """All webhook calls made, oldest first."""
        return tuple(self._webhooks.log)

    # Control

    def state(self) -> dict[str, Any]:
        """What the simulator holds, JSON-ready. Vendors' simulators extend it."""
        return {"name": self.name, "now": self.now().iso(), "requests": len(self.exchanges)}

    @route("GET", "/_sim/state")
    def _state(self, _: Call) -> HttpResponse:
        return json_answer(200, self.state())

    @route("GET", "/_sim/faults")
    def _list_faults(self, _: Call) -> HttpResponse:
        waiting: list[Fault | WebhookFault] = [*self._faults.waiting(), *self._webhooks.faults.waiting()]
        return json_answer(200, [fault.to_json() for fault in waiting])

    @route("POST", "/_sim/faults")
    def _add_fault(self, call: Call) -> HttpResponse:
        given = told(call)
        self.inject(WebhookFault.from_json(given) if "webhook" in given else Fault.from_json(given))
        return HttpResponse(status=204)

    @route("DELETE", "/_sim/faults")
    def _clear_faults(self, _: Call) -> HttpResponse:
        self.clear_faults()
        return HttpResponse(status=204)

    @route("POST", "/_sim/clock")
    def _set_clock(self, call: Call) -> HttpResponse:
        given = told(call)
        at = given.get("at")
        self.set_clock(Instant.parse(at) if at else None, offset=timedelta(seconds=given.get("offset", 0)))
        return json_answer(200, {"now": self.now().iso()})

    @route("GET", "/_sim/exchanges")
    def _list_exchanges(self, _: Call) -> HttpResponse:
        # Headers stay out: they carry credentials.
        shown = [
            {
                "at": one.at.iso(),
                "method": one.request.method,
                "path": urlsplit(one.request.url).path,
                "body": one.request.body.decode("utf-8", "replace"),
                "status": None if one.response is None else one.response.status,
                "answer": None if one.response is None else one.response.body.decode("utf-8", "replace"),
                "fault": one.fault,
            }
            for one in self.exchanges
        ]
        return json_answer(200, shown)

    @route("GET", "/_sim/webhooks")
    def _list_webhooks(self, _: Call) -> HttpResponse:
        return json_answer(
            200, {"waiting": self._webhooks.waiting(), "sent": [one.to_json() for one in self.deliveries]}
        )

    @route("POST", "/_sim/webhooks")
    def _deliver_webhooks(self, call: Call) -> HttpResponse:
        made = self.deliver_webhooks(everything=bool(told(call).get("everything")))
        return json_answer(200, [one.to_json() for one in made])
