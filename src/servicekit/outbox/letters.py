"""Letters: mails of ours on their way out.

A letter's ``message_id`` is made once and stays the same however often it is handed over: mail has no other idempotency. So
after a lost answer a letter is handed over again, and the recipient's server can see that it is the same.
"""

from __future__ import annotations

from enum import StrEnum

from attrs import field, frozen

from servicekit.ids import GroupId, MailId
from servicekit.moments import Instant

__all__ = ["Letter", "LetterState"]


class LetterState(StrEnum):
    """Where a letter stands."""

    QUEUED = "queued"
    """Not taken by a mail server yet, as far as we know."""
    SENT = "sent"
    """Taken by the mail server; whether it arrives is not known."""
    FAILED = "failed"
    """Refused for good."""


@frozen(kw_only=True)
class Letter:
    """One mail; ``raw`` is the whole message as it goes over SMTP, ``envelope_from`` may be empty."""

    id: MailId
    organisation: GroupId
    message_id: str
    envelope_from: str
    recipient: str
    raw: bytes = field(repr=False)
    state: LetterState = LetterState.QUEUED
    made_at: Instant
    detail: str = ""
