"""Bookings: who has what when, and which change is possible in which state.

The rules of this room:

* States and transitions are one table (:data:`~servicekit.bookings.booking.TRANSITIONS`); every pair that is not in it is
  refused, and repeating what was done already changes nothing and gives the same answer.
* A booking lies in the future when it is made or moved, and ends after it starts.
* Every state that holds the place counts against others: two bookings of one provider (a person or a room) never overlap.
* Moving a booking makes a new revision of the same booking; what was ordered for an older revision is never obeyed again.
"""

from servicekit.bookings.booking import (
    HOLDING,
    TRANSITIONS,
    Action,
    Booking,
    BookingState,
    Party,
    act,
    book,
    rebook,
)
from servicekit.bookings.catalogue import Branch, Client, Provider, ProviderKind, Service
from servicekit.bookings.commands import (
    AddBranch,
    AddClient,
    AddProvider,
    AddService,
    Book,
    Cancel,
    CheckIn,
    Complete,
    Confirm,
    GetBooking,
    MarkNoShow,
    Rebook,
)

__all__ = [
    "HOLDING",
    "TRANSITIONS",
    "Action",
    "AddBranch",
    "AddClient",
    "AddProvider",
    "AddService",
    "Book",
    "Booking",
    "BookingState",
    "Branch",
    "Cancel",
    "CheckIn",
    "Client",
    "Complete",
    "Confirm",
    "GetBooking",
    "MarkNoShow",
    "Party",
    "Provider",
    "ProviderKind",
    "Rebook",
    "Service",
    "act",
    "book",
    "rebook",
]
