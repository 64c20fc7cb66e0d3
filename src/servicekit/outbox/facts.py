"""Facts: what did happen outside, in one vocabulary for all vendors.

Rules kept here: a vendor's word is translated to one of ours, what nobody knows is ``UNKNOWN``, and the vendor's own words
stay beside it as evidence. A fact never says what we wish; wishes are effects.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from attrs import field, frozen

from servicekit.moments import Instant

__all__ = [
    "AppDeauthorized",
    "Evidence",
    "Fact",
    "MeetingGone",
    "TextPart",
    "TextReceived",
    "TextReported",
    "TextStatus",
]

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
    """A delivery report about the text, or the part of one, that the carrier calls ``vendor_id``.

    Attributes:
        vendor_id: the carrier's id of what it reports on: of the text, or of one part of it (``TextReceipt.part_ids``).
        status: what became of that.
        reference: ours, where the carrier repeats it; it finds a text whose answer was lost, or is still on its way.
        also: other ways in which the same id may have been written at the hand-over; tried in this order after ``vendor_id``.
        number: the recipient, where the carrier names it: then it is about no text to somebody else. Written in any form.
        parts: how many single SMS the carrier counted in the whole text, where its reports tell that: then it is about the whole.
        cost: what it asks for the whole text, as in a receipt, where its reports tell that.
    """

    vendor_id: str
    status: TextStatus
    reference: str = ""
    also: tuple[str, ...] = ()
    number: str = ""
    parts: int | None = None
    cost: str | None = None


@frozen(kw_only=True)
class TextPart:
    """Which part of a long text this is (3GPP TS 23.040, 9.2.3.24.1), where the carrier does not join parts itself.

    Attributes:
        reference: what the parts of one text have in common, as the carrier writes it. References of 8 and of 16 bits are
            different things: an adapter that sees the width writes it too (``"8:42"``, ``"16:42"``).
        number: which part, from 1.
        total: how many parts the text has, from 1 to 255.
    """

    reference: str
    number: int
    total: int


@frozen(kw_only=True)
class TextReceived(Fact):
    """A text from a mobile (``sender``) to one of our numbers (``to``), both E.164 where the carrier gives that.

    Attributes:
        vendor_id: the carrier's id of the text, or of this part of it.
        sender: who sent it: a number, a short code, or a name in letters.
        to: our number.
        text: what it says; of a part, only that part's words.
        part: which part of a long text this is; None for one that is whole.
        media: what came that is no text, one line a person can read each: ``"image/jpeg https://..."``,
            ``"binary, 42 bytes"``. The content itself is not kept.
    """

    vendor_id: str
    sender: str
    to: str
    text: str = field(repr=False)
    part: TextPart | None = None
    media: tuple[str, ...] = ()


@frozen(kw_only=True)
class MeetingGone(Fact):
    """A meeting was deleted on the vendor's side, by us or by somebody else."""

    vendor_id: str
    at: Instant | None = None


@frozen(kw_only=True)
class AppDeauthorized(Fact):
    """The customer removed our app on the vendor's side.

    Attributes:
        account_id: the vendor's id of the account.
        user_id: whose consent ended; empty: everybody's in the account.
        at: when, where the vendor tells that: a consent that was given later lives on.
    """

    account_id: str
    user_id: str = ""
    at: Instant | None = None
