"""Bookings: who has what when, and which change is possible in which state.

The rules of this room:

* States and transitions are one table (:data:`~servicekit.bookings.booking.TRANSITIONS`); every pair that is not in it is
  refused, and repeating what was done already changes nothing and gives the same answer.
* A booking lies in the future when it is made or moved, and ends after it starts.
* Every state that holds the place counts against others: two bookings of one provider (a person or a room) never overlap,
  buffers included, unless it takes several at once. Absences and scheduled classes count alike.
* Opening hours are wall-clock times, lengths and notice periods absolute time; where nothing is set, everything is open.
* Moving a booking makes a new revision of the same booking; what was ordered for an older revision is never obeyed again.
"""

from servicekit.bookings.availability import Slot, SlotSearch, free_slots
from servicekit.bookings.booking import (
    HOLDING,
    TRANSITIONS,
    Action,
    Booking,
    BookingState,
    Party,
    act,
    book,
    check_missed,
    rebook,
)
from servicekit.bookings.catalogue import Absence, Branch, Client, Provider, ProviderKind, Service
from servicekit.bookings.classes import ClassPlaces, ScheduledClass
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
from servicekit.bookings.doors import SetBranchDoors, SetServiceDoors
from servicekit.bookings.holding import Hold, has_place, holds_of
from servicekit.bookings.opening import Day, Hours, OpeningHours
from servicekit.bookings.planning import (
    AbsenceAdded,
    AddAbsence,
    BookSeat,
    BookSeries,
    CancelClass,
    CancelSeries,
    EndAbsence,
    FreeSlots,
    ListClasses,
    ListSeries,
    MoveClass,
    MoveSeries,
    ScheduleClass,
    SeriesBooked,
    SeriesConflict,
    SetBookingRules,
    SetOnline,
    SetOpeningHours,
    SetWorkingHours,
    SlotPage,
)
from servicekit.bookings.rules import BookingRules
from servicekit.bookings.series import Frequency, Recurrence, Series, Which

__all__ = [
    "HOLDING",
    "TRANSITIONS",
    "Absence",
    "AbsenceAdded",
    "Action",
    "AddAbsence",
    "AddBranch",
    "AddClient",
    "AddProvider",
    "AddService",
    "Book",
    "BookSeat",
    "BookSeries",
    "Booking",
    "BookingRules",
    "BookingState",
    "Branch",
    "Cancel",
    "CancelClass",
    "CancelSeries",
    "CheckIn",
    "ClassPlaces",
    "Client",
    "Complete",
    "Confirm",
    "Day",
    "EndAbsence",
    "FreeSlots",
    "Frequency",
    "GetBooking",
    "Hold",
    "Hours",
    "ListClasses",
    "ListSeries",
    "MarkNoShow",
    "MoveClass",
    "MoveSeries",
    "OpeningHours",
    "Party",
    "Provider",
    "ProviderKind",
    "Rebook",
    "Recurrence",
    "ScheduleClass",
    "ScheduledClass",
    "Series",
    "SeriesBooked",
    "SeriesConflict",
    "Service",
    "SetBookingRules",
    "SetBranchDoors",
    "SetOnline",
    "SetOpeningHours",
    "SetServiceDoors",
    "SetWorkingHours",
    "Slot",
    "SlotPage",
    "SlotSearch",
    "Which",
    "act",
    "book",
    "check_missed",
    "free_slots",
    "has_place",
    "holds_of",
    "rebook",
]
