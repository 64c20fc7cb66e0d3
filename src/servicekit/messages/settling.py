"""Settling by hand: what a person says became of a text whose hand-over nobody knows. Pure.

Rules kept here: only what may have been handed over is settled, once; who said it, when and what, stands in the message.
A later report of the carrier still moves what was settled as sent.
"""

from __future__ import annotations

from enum import StrEnum

from attrs import evolve

from servicekit.errors import Conflict
from servicekit.messages.message import HandOver, Message, Status
from servicekit.moments import Instant

__all__ = ["Settled", "settled"]


class Settled(StrEnum):
    """What a person found out, or decided."""

    SENT = "sent"
    """The carrier has it: it is ``SENT``, and stays charged."""
    NOT_SENT = "not_sent"
    """The carrier does not have it, and it shall not go out any more: ``UNSENT``, and its quota is given back."""
    SEND_AGAIN = "send_again"
    """The carrier does not have it, and it is still wanted: it is handed over anew, under what it has already cost."""


def settled(message: Message, outcome: Settled, *, by: str, at: Instant) -> Message:
    """The message as it stands after a person's word; one that is ``UNSENT`` has yet to give back its quota.

    Args:
        message: one whose carrier was asked, and nobody knows what came of it.
        outcome: what became of it.
        by: who says so, for the record.
        at: now.

    Raises:
        Conflict: ``not_uncertain`` where it is known what became of it.
    """
    if message.hand_over is not HandOver.ASKED:
        raise Conflict(
            f"It is known what became of {message.id}: it is {message.status}. Only an uncertain text is settled by hand.",
            code="not_uncertain",
            text=message.id,
            status=message.status.value,
        )
    said = f"settled as {outcome} by {by} at {at}"
    detail = f"{message.detail}; {said}" if message.detail else said
    said_so = evolve(message, detail=detail, changed_at=at)
    if outcome is Settled.SENT:
        return evolve(said_so, hand_over=HandOver.DONE, status=Status.SENT)
    if outcome is Settled.NOT_SENT:
        return evolve(said_so, hand_over=HandOver.FAILED)
    return evolve(said_so, hand_over=HandOver.PLANNED, status=Status.QUEUED, tried=(), vendor="")
