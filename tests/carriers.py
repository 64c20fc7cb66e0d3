"""Carriers of their own kind, for what the simulated ones never do: one cannot be asked, one does as it is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from attrs import define, field

from servicekit.errors import OutcomeUnknown, Unsupported
from servicekit.moments import Instant
from servicekit.outbox.facts import TextReceived, TextReported, TextStatus
from servicekit.ports.http import HttpFlow
from servicekit.ports.texts import OutgoingText, TextCapabilities, TextHook, TextReceipt


@define
class Pigeons:
    """Sends by pigeon. A call to us is ``id status`` or ``id from to text``; ``lost`` says how many answers get lost."""

    receipt: TextStatus = TextStatus.UNKNOWN
    parts: int | None = None
    lost: int = 0
    sent: list[OutgoingText] = field(factory=list)
    name: str = "pigeons"

    @property
    def capabilities(self) -> TextCapabilities:
        """It keeps no list."""
        return TextCapabilities(alphanumeric_sender=True, delivery_reports=True, inbound=True, look_up=False)

    def send(self, text: OutgoingText) -> HttpFlow[TextReceipt]:
        """Let one fly. Nothing goes over HTTP."""
        self.sent.append(text)
        if self.lost:
            self.lost -= 1
            raise OutcomeUnknown("the pigeon came back without a note", vendor=self.name)
        return TextReceipt(vendor_id=f"p{len(self.sent)}", status=self.receipt, parts=self.parts)
        yield

    def find(self, text: OutgoingText, since: Instant) -> HttpFlow[tuple[TextReceipt, ...]]:
        """Pigeons cannot be asked."""
        raise Unsupported(f"{self.name} keeps no list since {since}", to=text.to)
        yield

    def read(self, headers: Mapping[str, str], body: bytes, at: Instant) -> TextHook:
        """What came tied to a leg."""
        vendor_id, *rest = body.decode().split(" ", 3)
        event = f"{body.decode()} at {headers.get('flight', str(at))}"
        if len(rest) == 1:
            status = TextStatus(rest[0])
            return TextHook(facts=(TextReported(vendor=self.name, event_id=event, vendor_id=vendor_id, status=status),))
        sender, to, text = rest
        received = TextReceived(
            vendor=self.name, event_id=vendor_id, vendor_id=vendor_id, sender=sender, to=to, text=text
        )
        return TextHook(facts=(received,))


Answer = TextReceipt | Exception
Found = tuple[TextReceipt, ...] | Exception


@define
class Scripted:
    """Answers as it was told, blocking, and then takes everything; ``before`` happens at each call, ``asked`` keeps them."""

    name: str
    answers: list[Answer] = field(factory=list)
    finds: list[Found] = field(factory=list)
    names: bool = True
    look_up: bool = True
    idempotent: bool = False
    listed_within: timedelta = timedelta(minutes=1)
    asked: list[str] = field(factory=list)
    before: Callable[[], None] = lambda: None
    taken: list[str] = field(factory=list)

    @property
    def capabilities(self) -> TextCapabilities:
        """As told."""
        return TextCapabilities(
            alphanumeric_sender=self.names,
            delivery_reports=True,
            inbound=True,
            look_up=self.look_up,
            idempotent=self.idempotent,
            listed_within=self.listed_within,
        )

    def send(self, text: OutgoingText) -> TextReceipt:
        """The next answer; a receipt where there is none left."""
        self.asked.append(f"send {text.reference}")
        self.before()
        answer = self.answers.pop(0) if self.answers else self.receipt(text)
        if isinstance(answer, Exception):
            raise answer
        self.taken.append(text.reference)
        return answer

    def receipt(self, text: OutgoingText) -> TextReceipt:
        """Three parts for 0.12 EUR."""
        return TextReceipt(vendor_id=f"{self.name}-{text.reference}", status=TextStatus.SENT, parts=3, cost="0.12 EUR")

    def find(self, text: OutgoingText, since: Instant) -> tuple[TextReceipt, ...]:  # noqa: ARG002 - the port's
        """The next finding; nothing where there is none left."""
        self.asked.append(f"find {text.reference}")
        self.before()
        found = self.finds.pop(0) if self.finds else ()
        if isinstance(found, Exception):
            raise found
        return found

    def read(self, headers: Mapping[str, str], body: bytes, at: Instant) -> TextHook:  # noqa: ARG002 - the port's
        """A call is ``id status``."""
        vendor_id, status = body.decode().split(" ")
        fact = TextReported(vendor=self.name, event_id=body.decode(), vendor_id=vendor_id, status=TextStatus(status))
        return TextHook(facts=(fact,))
