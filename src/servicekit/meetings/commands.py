"""What can be asked of the room."""

from __future__ import annotations

from attrs import frozen

from servicekit.commands import Query
from servicekit.ids import BookingId
from servicekit.meetings.meeting import Meeting

__all__ = ["FetchHostLink", "GetMeeting"]


@frozen
class GetMeeting(Query[Meeting]):
    """The meeting of a booking. Rights as for GetBooking.

    Raises:
        NotFound: ``no_meeting`` if the booking has none.
    """

    booking: BookingId


@frozen
class FetchHostLink(Query[str]):
    """A fresh link that opens the booking's meeting as host. Asks the vendor; redirect to it at once, store it nowhere.

    The booking's provider may, and whoever has ``meetings:host``.

    Raises:
        NotFound: ``no_meeting``, or ``meeting_gone`` at the vendor.
        OutsideError: the vendor could not be asked.
    """

    booking: BookingId
