"""An adapter for a carrier on trial: what its author gives the suite, and how the suite asks for it.

Rules kept here: a trial knows the adapter, something that stands in for the carrier, and how to make that one misbehave; it
judges nothing. What a carrier cannot do is said as data (capabilities, ``troubles``), and the tests of it are passed over.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeVar

from attrs import define, evolve, field, frozen

from servicekit.moments import Instant
from servicekit.ports.http import HttpFlow, HttpRequest, HttpResponse
from servicekit.ports.texts import OutgoingText, TextReceipt, Texts
from servicekit.runtime.http import HttpDriver
from servicekit.testing.simulators.core import Simulator
from servicekit.testing.simulators.faults import Fault
from servicekit.testing.simulators.serving import transport

__all__ = ["CaughtCalls", "Fate", "HeldText", "HookCall", "SimulatedTexts", "TextsTrial", "Trouble", "watched"]

T = TypeVar("T")
S = TypeVar("S", bound=Simulator)

WAIT = timedelta(seconds=30)


class Trouble(StrEnum):
    """What can go wrong with one request to the carrier."""

    LOST = "lost"
    """The deed is done, and its answer never comes."""
    UNDONE = "undone"
    """Nothing is done and no answer comes; to the caller it looks like LOST."""
    UNREACHABLE = "unreachable"
    """No connection."""
    THROTTLED = "throttled"
    """It asks to wait and does not say how long; nothing is done."""
    THROTTLED_UNTIL = "throttled_until"
    """It asks to wait until ``TextsTrial.until``; nothing is done."""
    FAILED = "failed"
    """The deed is done, and its answer is an error of the server (500)."""
    FAILED_UNDONE = "failed_undone"
    """The same, and nothing is done."""
    WRONG_TYPE = "wrong_type"
    """The deed is done and the status is right, but in place of the answer stands an HTML page."""
    STRANGE_WORD = "strange_word"
    """The deed is done; the answer says where the text is by a word that nobody knows."""


class Fate(StrEnum):
    """What becomes of a text, as the carrier reports it."""

    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    STRANGE = "strange"
    """Reported by a word that the carrier has never documented."""


@frozen
class HookCall:
    """A call of the carrier to us, as a web server passes it on."""

    headers: Mapping[str, str] = field(repr=False)
    body: bytes


@frozen
class HeldText:
    """A text that the carrier has taken from us; ``vendor_id`` as reports name it."""

    vendor_id: str
    sender: str
    to: str
    text: str


class TextsTrial(ABC):
    """An adapter connected to a simulator or sandbox, with the hooks that the suite needs. One for each test.

    Attributes:
        adapter: what is tried; it has all its secrets.
        secrets: everything that must appear nowhere (passwords, keys, tokens), as configured.
        at: the present instant; also by the carrier's clock, as nearly as matters.
        until: until when the carrier asks to wait under THROTTLED_UNTIL; None where it never says.
        troubles: what ``provoke`` can do.
        sender, mobile: a sender and a recipient (E.164) that the carrier accepts.
        number: one of our numbers at the carrier (E.164), that people answer to.
        silence: bodies of our answer to a call that the carrier takes as "no reply".
    """

    adapter: Texts
    secrets: Sequence[str]
    at: Instant
    until: Instant | None = None
    troubles: frozenset[Trouble] = frozenset(Trouble)
    sender: str = "Sonnenhof"
    mobile: str = "+41791234567"
    number: str = "+46766861004"
    silence: frozenset[bytes] = frozenset({b""})

    @abstractmethod
    def run(self, call: Callable[[], HttpFlow[T] | T]) -> T:
        """Do what the adapter wants: drive the flow that ``call`` makes, or let it block; its result or its error."""

    @abstractmethod
    def provoke(self, trouble: Trouble, *, finding: bool = False) -> None:
        """Let the next send (the next request of ``find``, if ``finding``) meet with this."""

    @abstractmethod
    def held(self) -> Sequence[HeldText]:
        """The texts that the carrier has taken from us so far, oldest first."""

    @abstractmethod
    def refused_text(self) -> OutgoingText:
        """A text that the carrier refuses for its recipient's sake, such as one to a number that is none."""

    @abstractmethod
    def stranger(self) -> Texts:
        """The same adapter with wrong credentials for calls to the carrier."""

    @abstractmethod
    def unproven(self) -> Texts | None:
        """The same adapter with nothing to prove a call of the carrier by; None where it cannot be made without."""

    @abstractmethod
    def report(self, receipt: TextReceipt, fate: Fate) -> Sequence[HookCall]:
        """The calls by which the carrier tells what became of a text, whose receipt this is."""

    @abstractmethod
    def answer(self, sender: str, to: str, text: str) -> Sequence[HookCall]:
        """The calls by which the carrier passes on a person's text to one of our numbers."""

    @abstractmethod
    def prove(self, body: bytes) -> HookCall:
        """A call with this body and a right proof of origin, made now."""

    @abstractmethod
    def forge(self, call: HookCall) -> Sequence[HookCall]:
        """The call with its proof of origin missing, and wrong, in each way that there is."""

    def aged(self, call: HookCall) -> HookCall | None:
        """The call with a right proof made a day ago; None where the carrier dates nothing."""
        del call
        return None

    def again(self, call: HookCall) -> HookCall:
        """The call as the carrier repeats it when it got no answer."""
        return call

    def text(self, words: str = "See you at nine.", reference: str = "msg_1", **more: str) -> OutgoingText:
        """A text that the carrier accepts."""
        return evolve(OutgoingText(reference=reference, sender=self.sender, to=self.mobile, text=words), **more)

    def send(self, text: OutgoingText | None = None) -> TextReceipt:
        """Send one."""
        sent = text or self.text()
        return self.run(lambda: self.adapter.send(sent))

    def find(self, text: OutgoingText, since: Instant | None = None) -> tuple[TextReceipt, ...]:
        """Look one up, back to an hour ago unless said."""
        return self.run(lambda: self.adapter.find(text, since or self.at - timedelta(hours=1)))


@define
class CaughtCalls:
    """Where a simulator's webhooks go: give it as ``post``. It answers 204 and keeps them."""

    calls: list[HookCall] = field(factory=list)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Keep a call."""
        self.calls.append(HookCall(request.headers, request.body))
        return HttpResponse(status=204)

    def taken(self) -> tuple[HookCall, ...]:
        """Those since the last time."""
        taken, self.calls = tuple(self.calls), []
        return taken


class SimulatedTexts(TextsTrial, Generic[S]):
    """A trial against a :class:`~servicekit.testing.simulators.core.Simulator`: it brings the driver and the faults along.

    Args:
        adapter: with the base URL that is the simulator's origin.
        simulator: of the carrier, its webhooks caught.
        caught: where they go.
        secrets: as for :class:`TextsTrial`.

    Attributes:
        sends, finds: method and path, as regular expressions, of the requests that send and that look up.
        strange: members that an answer to a send gets under STRANGE_WORD.
    """

    sends: tuple[str, str] = ("POST", "")
    finds: tuple[str, str] = ("GET", "")
    strange: ClassVar[Mapping[str, Any]] = {"status": "teleported"}

    def __init__(self, adapter: Texts, simulator: S, caught: CaughtCalls, *, secrets: Sequence[str]) -> None:
        self.adapter = adapter
        self.simulator = simulator
        self.caught = caught
        self.secrets = secrets
        self.at = simulator.now()
        self.simulator.set_clock(self.at)
        # HTTP's dates have whole seconds.
        self.until = Instant(self.at.us // 1_000_000 * 1_000_000) + WAIT

    def run(self, call: Callable[[], HttpFlow[T] | T]) -> T:
        """Over httpx, without a socket."""
        called = call()
        if not isinstance(called, Generator):
            return called
        with HttpDriver(transport(self.simulator)) as driver:
            made: T = driver.run(called)
            return made

    def provoke(self, trouble: Trouble, *, finding: bool = False) -> None:
        """By a fault of the simulator."""
        method, path = self.finds if finding else self.sends
        self.simulator.inject(self._fault(trouble, method, path))

    def _fault(self, trouble: Trouble, method: str, path: str) -> Fault:
        match trouble:
            case Trouble.LOST:
                return Fault.lost_answer(method, path)
            case Trouble.UNDONE:
                return Fault.no_answer(method, path)
            case Trouble.UNREACHABLE:
                return Fault.refused(method, path)
            case Trouble.THROTTLED:
                return Fault.throttled(method, path, retry_after="none")
            case Trouble.THROTTLED_UNTIL:
                return Fault.throttled(method, path, after=WAIT.total_seconds())
            case Trouble.FAILED | Trouble.FAILED_UNDONE:
                return Fault.error(method, path, done=trouble is Trouble.FAILED)
            case Trouble.WRONG_TYPE:
                return Fault.wrong_type(method, path)
        return Fault.altered(method, path, replaced=self.strange)

    def told(self) -> tuple[HookCall, ...]:
        """The calls that the simulator makes now."""
        self.simulator.deliver_webhooks()
        return self.caught.taken()


def watched(flow: HttpFlow[T], seen: list[tuple[HttpRequest, HttpResponse]]) -> HttpFlow[T]:
    """The same flow, for one that meets with no fault; its requests and their answers are put into ``seen``."""
    heard: Any = None
    try:
        while True:
            try:
                request = flow.send(heard)
            except StopIteration as stopped:
                return stopped.value  # type: ignore[no-any-return]
            heard = yield request
            seen.append((request, heard))
    finally:
        flow.close()
