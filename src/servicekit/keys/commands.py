"""What can be asked of the room."""

from __future__ import annotations

from attrs import frozen

from servicekit.commands import Query
from servicekit.ids import BookingId
from servicekit.keys.door import Light
from servicekit.keys.key import Key
from servicekit.moments import Instant

__all__ = ["AtDoor", "ListKeys"]


@frozen
class AtDoor(Query[Light]):
    """Whether the booking's present key opens ``component`` at ``at``, as far as we know it. Rights as for GetBooking."""

    booking: BookingId
    component: str
    at: Instant


@frozen
class ListKeys(Query[tuple[Key, ...]]):
    """All keys that a booking has had, oldest first. Rights as for GetBooking."""

    booking: BookingId
