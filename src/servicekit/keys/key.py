"""A key: what was ordered, and what is known of it at the vendor.

Wanted and reported are kept apart: ``components``, ``mobile`` and ``window`` are what the booking wants; ``state`` is what
we know that the vendor did.
"""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen

from servicekit.ids import BookingId, KeyId
from servicekit.moments import Instant, Window

__all__ = ["Key", "KeyState", "marker_of"]


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
    """The key of one revision of a booking."""

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

    @property
    def window(self) -> Window:
        """When it works, unless it is ended before."""
        return Window(self.opens, self.closes)

    @property
    def marker(self) -> str:
        """What stands in the key at the vendor, so that it can be found there."""
        return marker_of(self.booking, self.revision)


def marker_of(booking: BookingId, revision: int) -> str:
    """The marker of the key of one revision of a booking.

    >>> marker_of(BookingId("bkg_7"), 2)
    'sk:bkg_7:2'
    """
    return f"sk:{booking}:{revision}"
