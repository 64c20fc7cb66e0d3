"""A message and its statuses.

The statuses are those of the log: what users read there is :attr:`Message.shown`. Ranks make "never back" a comparison: a
report moves a message only to a higher rank, and the final ones are the highest.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from attrs import evolve, field, frozen

from servicekit.ids import GroupId, MessageId, UserId
from servicekit.messages.routing import Try
from servicekit.moments import Instant
from servicekit.outbox.facts import TextStatus

__all__ = ["Direction", "HandOver", "Message", "Status", "moved"]


class Direction(StrEnum):
    """Which way a message went."""

    OUT = "out"
    IN = "in"


class Status(StrEnum):
    """Where a message stands."""

    QUEUED = "QUEUED"
    """Accepted and paid for from the quota; not handed over yet."""
    SENT = "SENT"
    """Handed over to the carrier."""
    BUFFERED = "BUFFERED"
    """The operator holds it: the phone is off or out of reach."""
    DELIVERED = "DELIVERED"
    """It reached the mobile."""
    UNDELIVERED = "UNDELIVERED"
    """Handed over, and it failed for good. It costs."""
    UNSENT = "UNSENT"
    """The carrier refused it. It costs nothing."""
    UNKNOWN = "UNKNOWN"
    """Perhaps handed over: the answer was lost and the carrier cannot be asked. It counts as spent."""
    INCOMING = "INCOMING"
    """A text from a mobile to a user's number. It costs nothing."""
    ALREADY_SENT = "sms_already_sent_24H"
    """The loop guard: the same text went to the same recipient within 24 hours."""
    TOO_LONG = "too_many_segments"
    """More segments than the group allows for one message."""
    DESTINATION = "destination_not_allowed"
    """A country that the group does not send to, or a costly number that it does not list."""
    PERSONAL = "Personal"
    """The user's own quota struck."""
    GROUP = "Group"
    """The quota of the user's group, or of one above it, struck."""


_RANK: Mapping[Status, int] = {
    Status.QUEUED: 0,
    Status.UNKNOWN: 1,
    Status.SENT: 2,
    Status.BUFFERED: 3,
    Status.DELIVERED: 9,
    Status.UNDELIVERED: 9,
    Status.UNSENT: 9,
}
"""Statuses that can still move, and where they can move to. The others never move."""

_REPORTED: Mapping[TextStatus, Status] = {
    TextStatus.SENT: Status.SENT,
    TextStatus.BUFFERED: Status.BUFFERED,
    TextStatus.DELIVERED: Status.DELIVERED,
    TextStatus.UNDELIVERED: Status.UNDELIVERED,
    TextStatus.UNSENT: Status.UNSENT,
}


class HandOver(StrEnum):
    """How far the hand-over to the carrier has come; what makes a crash in the middle harmless."""

    NONE = "none"
    """There is nothing to hand over: refused, or incoming."""
    PLANNED = "planned"
    """The carrier has surely not seen it."""
    ASKED = "asked"
    """The carrier may have it: look it up before asking again."""
    DONE = "done"
    """The carrier has it, under ``vendor_id``."""
    FAILED = "failed"
    """The carrier refused it."""


@frozen(kw_only=True)
class Message:
    """One text, outgoing or incoming.

    Attributes:
        user: who sent it or whom it answers; None for a text of the organisation itself (a confirmation).
        group: the user's group when it was sent.
        group_name: what that group was called then.
        number: the other side's, in E.164.
        sender: what the other side sees: a number in E.164 or a name.
        segments: what it counts against quotas and on the invoice.
        struck: the name of the group whose quota struck.
        vendor: the carrier that has it, or that was asked last; written down before it is asked.
        vendor_id: what that carrier calls it; empty until it says so.
        vendor_parts: how many single SMS the carrier counted, beside our ``segments``; None where it did not say.
        cost: what the carrier asks for it, in the carrier's words (``0.0079 USD``); empty where it did not say.
        tried: the carriers that surely did not send it, in this round of asking.
        asked_at: when the carrier was asked that is asked now, or was last.
        detail: for people: how many segments a refused one had, or why the carrier refused.
    """

    id: MessageId
    organisation: GroupId
    group: GroupId
    group_name: str = ""
    user: UserId | None
    direction: Direction
    number: str
    sender: str
    text: str = field(repr=False)
    segments: int
    status: Status
    struck: str = ""
    detail: str = ""
    hand_over: HandOver = HandOver.NONE
    vendor: str = ""
    vendor_id: str = ""
    vendor_parts: int | None = None
    cost: str = ""
    tried: tuple[Try, ...] = ()
    asked_at: Instant | None = None
    made_at: Instant
    changed_at: Instant

    @property
    def shown(self) -> str:
        """The status as the log shows it, such as ``DELIVERED`` or ``Personal:Stylists``."""
        return f"{self.status}:{self.struck}" if self.struck else self.status.value


def moved(message: Message, reported: TextStatus, at: Instant) -> Message:
    """The message after a report: moved forward, or the same object where the report is late, repeated or unknown.

    An ``UNSENT`` message has cost nothing after all, so its segments become 0; whoever stores it gives back the quota.
    """
    status = _REPORTED.get(reported)
    here = _RANK.get(message.status)
    if status is None or here is None or _RANK[status] <= here:
        return message
    segments = 0 if status is Status.UNSENT else message.segments
    return evolve(message, status=status, segments=segments, changed_at=at)
