"""A key: what was ordered, and what is known of it at the vendor.

Wanted and reported are kept apart: ``components``, ``mobile`` and ``window`` are what the booking wants; ``state`` is what
we know that the vendor did.
"""

from __future__ import annotations

import re
from enum import StrEnum

from attrs import field, frozen

from servicekit.ids import BookingId, KeyId
from servicekit.moments import Instant, Window

__all__ = ["Key", "KeyState", "booking_of", "marker_of"]

_MARKER = re.compile(r"sk:(bkg_[^:]+):\d+(?::\d+)?", re.ASCII)


class KeyState(StrEnum):
    """What is known of a key at the vendor."""

    PLANNED = "planned"
    """The vendor has surely not seen it."""
    ASKED = "asked"
    """The vendor may have made it: look it up."""
    MADE = "made"
    """It exists, under ``vendor_id``."""
    ENDED = "ended"
    """It existed, and the vendor has confirmed that it works no more."""
    DROPPED = "dropped"
    """It was never made, and is not wanted any more."""
    FAILED = "failed"
    """The vendor refused to make it."""


@frozen(kw_only=True)
class Key:
    """The key of one revision of a booking.

    Attributes:
        mobile: E.164; the phone that holds the key, or that is sent the link which opens with the PIN.
        attempt: grows where a key is made anew for the same revision.
        pin: what the client types; empty where the phone's app is the key. Where it is set, it stands in no repr.
    """

    id: KeyId
    booking: BookingId
    revision: int
    site: str
    components: tuple[str, ...]
    mobile: str
    opens: Instant
    closes: Instant
    state: KeyState = KeyState.PLANNED
    vendor_id: str = ""
    detail: str = ""
    attempt: int = 1
    pin: str = field(default="", repr=False)

    @property
    def window(self) -> Window:
        """When it works, unless it is ended before."""
        return Window(self.opens, self.closes)

    @property
    def marker(self) -> str:
        """What stands in the key at the vendor, so that it can be found there."""
        return marker_of(self.booking, self.revision, self.attempt)


def marker_of(booking: BookingId, revision: int, attempt: int = 1) -> str:
    """The marker of the key of one revision of a booking; of one that was made anew, with its attempt.

    >>> marker_of(BookingId("bkg_7"), 2), marker_of(BookingId("bkg_7"), 2, 3)
    ('sk:bkg_7:2', 'sk:bkg_7:2:3')
    """
    return f"sk:{booking}:{revision}" + (f":{attempt}" if attempt > 1 else "")


def booking_of(marker: str) -> BookingId | None:
    """Whose key it is that carries this marker; None for what is no marker of ours.

    >>> booking_of("sk:bkg_7:2:3"), booking_of("Eva's flat")
    ('bkg_7', None)
    """
    found = _MARKER.fullmatch(marker)
    return None if found is None else BookingId(found[1])
