"""A meeting: what its booking, or its class, wants of it, and what is known of it at the vendor.

``opens`` and ``closes`` are wanted; ``made_opens`` and ``made_closes`` are what the vendor last confirmed. ``attempt`` grows
when a meeting has to be made anew, so that an old marker never finds the new one.
"""

from __future__ import annotations

from enum import StrEnum
from urllib.parse import quote

from attrs import field, frozen

from servicekit.ids import BookingId, ClassId, MeetingId
from servicekit.moments import Instant, Window, Zone

__all__ = ["Meeting", "MeetingState", "host_link"]


class MeetingState(StrEnum):
    """What is known of a meeting at the vendor."""

    PLANNED = "planned"
    """The vendor has surely not seen it."""
    ASKED = "asked"
    """The vendor may have made it: look it up."""
    MADE = "made"
    """It exists, under ``vendor_id``."""
    REMOVED = "removed"
    """It existed and is gone."""
    DROPPED = "dropped"
    """It was never made, and is not wanted any more."""
    FAILED = "failed"
    """The vendor refused to make it."""


@frozen(kw_only=True)
class Meeting:
    """The meeting of a booking, or of a scheduled class, whose seats then have a link each (:class:`Registrant`).

    Attributes:
        booking, in_class: whose it is; one of the two.
        host: with whom it is, was asked for, or shall be made.
        next_host: with whom it shall be instead, once it is known whether it was made; empty: it stays.
        former: the vendor's id of the one that it takes the place of, which goes once this one is made; empty for none.
        join_url: the link that all share. In a class it admits nobody, and each client's own stands in its place.
    """

    id: MeetingId
    booking: BookingId | None = None
    in_class: ClassId | None = None
    host: str
    topic: str
    zone: Zone
    opens: Instant
    closes: Instant
    next_host: str = ""
    former: str = ""
    state: MeetingState = MeetingState.PLANNED
    attempt: int = 1
    vendor_id: str = ""
    join_url: str = field(default="", repr=False)
    made_opens: Instant | None = None
    made_closes: Instant | None = None
    detail: str = ""

    @property
    def window(self) -> Window:
        """When it shall be."""
        return Window(self.opens, self.closes)

    @property
    def in_place(self) -> bool:
        """Whether the vendor has confirmed the time that is wanted."""
        return (self.made_opens, self.made_closes) == (self.opens, self.closes)

    @property
    def marker(self) -> str:
        """What stands in the meeting at the vendor, so that it can be found there."""
        return f"sk:{self.booking or self.in_class}:{self.attempt}"


def host_link(base_url: str, of: BookingId | ClassId) -> str:
    """The provider's link: ours, for the application to answer with a redirect to the vendor's fresh host link.

    >>> host_link("https://salon.example/", BookingId("bkg_7"))
    'https://salon.example/meetings/bkg_7/host'
    """
    return f"{base_url.rstrip('/')}/meetings/{quote(of)}/host"
