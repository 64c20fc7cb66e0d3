"""A carrier of its own kind, for what the simulated ones never do: it cannot be asked, and it knows every status."""

from __future__ import annotations

from collections.abc import Mapping

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
