"""Facts: what did happen outside, in one vocabulary for all vendors.

Rules kept here: a vendor's word is translated to one of ours, what nobody knows is ``UNKNOWN``, and the vendor's own words
stay beside it as evidence. A fact never says what we wish; wishes are effects.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from attrs import field, frozen

from servicekit.moments import Instant

__all__ = ["AppDeauthorized", "Evidence", "Fact", "MeetingGone", "TextReceived", "TextReported", "TextStatus"]

Evidence = Mapping[str, object]
"""What the vendor sent, as parsed (JSON-ready), without our own secrets."""


class TextStatus(StrEnum):
    """Where a text is, as a carrier can report it.

    SENT, BUFFERED < DELIVERED, UNDELIVERED, UNSENT: the last three are final. UNKNOWN moves nothing and is recorded.
    """

    SENT = "SENT"
    """Handed over; the carrier has it."""
    BUFFERED = "BUFFERED"
    """The operator holds it and still tries."""
    DELIVERED = "DELIVERED"
    UNDELIVERED = "UNDELIVERED"
    """Handed over, and it failed for good."""
    UNSENT = "UNSENT"
    """It never left: refused or cancelled before the operator."""
    UNKNOWN = "UNKNOWN"
    """A word that we do not know, or no word at all."""


@frozen(kw_only=True)
class Fact:
    """Something a vendor told. ``event_id`` is the same when the vendor tells it twice."""

    vendor: str
    event_id: str
    evidence: Evidence = field(factory=dict, repr=False)


@frozen(kw_only=True)
class TextReported(Fact):
    """A delivery report about the text that the carrier calls ``vendor_id``."""

    vendor_id: str
    status: TextStatus


@frozen(kw_only=True)
class TextReceived(Fact):
    """A text from a mobile (``sender``) to one of our numbers (``to``), both E.164 where the carrier gives that."""

    vendor_id: str
    sender: str
    to: str
    text: str = field(repr=False)


@frozen(kw_only=True)
class MeetingGone(Fact):
    """A meeting was deleted on the vendor's side, by us or by somebody else."""

    vendor_id: str
    at: Instant | None = None


@frozen(kw_only=True)
class AppDeauthorized(Fact):
    """The customer removed our app on the vendor's side."""

    account_id: str
