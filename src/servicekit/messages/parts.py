"""The single SMS of a message, where a carrier reports on each by itself.

A part moves forward only, as a message does. What they are together is the message's status: one part that failed fails it,
and it has arrived when all of them have.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from attrs import evolve, frozen

from servicekit.ids import MessageId
from servicekit.outbox.facts import TextStatus

__all__ = ["MessagePart", "advanced", "together"]

_RANK: Mapping[TextStatus, int] = {
    TextStatus.UNKNOWN: 0,
    TextStatus.SENT: 1,
    TextStatus.BUFFERED: 2,
    TextStatus.DELIVERED: 9,
    TextStatus.UNDELIVERED: 9,
    TextStatus.UNSENT: 9,
}


@frozen(kw_only=True)
class MessagePart:
    """One SMS of a message.

    Attributes:
        number: from 1, as the carrier named the parts; of no other meaning.
        vendor_id: what the carrier calls it; empty until a report or the carrier's answer says so.
        status: as the carrier reports it.
    """

    message: MessageId
    number: int
    vendor: str
    vendor_id: str
    status: TextStatus = TextStatus.SENT


def advanced(part: MessagePart, reported: TextStatus) -> MessagePart:
    """The part after a report: moved forward, or the same object where the report is late, repeated or unknown."""
    return evolve(part, status=reported) if _RANK[reported] > _RANK[part.status] else part


def together(statuses: Collection[TextStatus]) -> TextStatus:
    """What the parts of a message make of it; UNSENT only where not one of them has left.

    >>> together([TextStatus.DELIVERED, TextStatus.SENT]).value
    'SENT'
    >>> together([TextStatus.DELIVERED, TextStatus.UNSENT]).value
    'UNDELIVERED'
    """
    found = set(statuses)
    if found in ({TextStatus.UNSENT}, {TextStatus.DELIVERED}):
        return found.pop()
    if found & {TextStatus.UNSENT, TextStatus.UNDELIVERED}:
        return TextStatus.UNDELIVERED
    return TextStatus.BUFFERED if TextStatus.BUFFERED in found else TextStatus.SENT
