"""The port to SMS carriers: send a text, find one whose answer was lost, read what the carrier tells.

A carrier's adapter refuses nothing that the rules have allowed, repeats nothing, and translates the carrier's words into
:class:`~servicekit.outbox.facts.TextStatus`, keeping the original beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from attrs import field, frozen

from servicekit.moments import Instant
from servicekit.outbox.facts import Evidence, TextReceived, TextReported, TextStatus
from servicekit.ports.http import HookAnswer, HttpFlow

__all__ = ["OutgoingText", "TextCapabilities", "TextHook", "TextReceipt", "Texts"]


@frozen(kw_only=True)
class TextCapabilities:
    """What a carrier can do, as data.

    Attributes:
        alphanumeric_sender: a name of letters may stand as sender.
        delivery_reports: it tells what became of a text.
        inbound: it passes on texts that people send to our numbers.
        look_up: sent texts can be listed, so that one whose answer was lost can be found (``find``).
    """

    alphanumeric_sender: bool
    delivery_reports: bool
    inbound: bool
    look_up: bool


@frozen(kw_only=True)
class OutgoingText:
    """One text to hand over; ``reference`` is ours and unique, ``sender`` a number in E.164 or a name, ``to`` E.164."""

    reference: str
    sender: str
    to: str
    text: str = field(repr=False)


@frozen(kw_only=True)
class TextReceipt:
    """What the carrier answered: its id, where the text is, the parts it counted and what it asks (in its own unit)."""

    vendor_id: str
    status: TextStatus
    parts: int | None = None
    cost: str | None = None
    evidence: Evidence = field(factory=dict, repr=False)


@frozen(kw_only=True)
class TextHook:
    """What a call of the carrier to us said, and how to answer it."""

    facts: tuple[TextReported | TextReceived, ...]
    answer: HookAnswer = HookAnswer()


class Texts(Protocol):
    """An SMS carrier."""

    @property
    def name(self) -> str:
        """The carrier's name, as used in ``kit.receive(name, ...)`` and in the log."""
        ...

    @property
    def capabilities(self) -> TextCapabilities:
        """What this carrier can do."""
        ...

    def send(self, text: OutgoingText) -> HttpFlow[TextReceipt]:
        """Hand over one text. One request; a lost answer is ``OutcomeUnknown``."""
        ...

    def find(self, text: OutgoingText, since: Instant) -> HttpFlow[tuple[TextReceipt, ...]]:
        """Texts at the carrier, made at or after ``since``, that may be ``text``; oldest first.

        Raises:
            Unsupported: without the capability ``look_up``.
        """
        ...

    def read(self, headers: Mapping[str, str], body: bytes, at: Instant) -> TextHook:
        """Understand a call of the carrier to us. Pure: verifies first, parses second.

        Raises:
            Forged, Stale, Misshapen: nothing of it is to be believed.
        """
        ...
