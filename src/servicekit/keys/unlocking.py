"""Unlock now: a door is asked to open at once, without a key.

Rules kept here: it is asked once and never again blindly, because a door that opens later lets anybody in; what could not be
asked within half a minute is not asked any more. Each is kept, with who asked and what came of it. The door system's yes
says that the door was asked, not that it opened.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from attrs import frozen

from servicekit.ids import BookingId, BranchId, GroupId, UnlockId
from servicekit.moments import Instant

__all__ = ["UNLOCK_WITHIN", "Unlock", "UnlockState"]

UNLOCK_WITHIN = timedelta(seconds=30)
"""A door that was not asked by then is not asked any more: who stood before it has gone."""


class UnlockState(StrEnum):
    """What is known of it."""

    WANTED = "wanted"
    """The door has surely not been asked."""
    ASKED = "asked"
    """The door may have been asked."""
    TAKEN = "taken"
    """The door system has taken it; whether the door opened is not known."""
    UNKNOWN = "unknown"
    """The answer was lost: perhaps the door opened."""
    REFUSED = "refused"
    """The door system said no."""
    TOO_LATE = "too late"
    """It could not be asked in time, and was not."""


@frozen(kw_only=True)
class Unlock:
    """One door, asked to open once.

    Attributes:
        booking: whose client stands before it; None where somebody of the business just opens it.
        by: who asked: the principal's kind and id.
        shown: the name that the door system writes into its own log.
    """

    id: UnlockId
    organisation: GroupId
    branch: BranchId
    site: str
    component: str
    booking: BookingId | None
    by: str
    shown: str
    made_at: Instant
    state: UnlockState = UnlockState.WANTED
    detail: str = ""
