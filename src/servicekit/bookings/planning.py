"""What can be asked about time: hours and rules, absences, free slots, classes and series."""

from __future__ import annotations

from datetime import datetime

from attrs import field, frozen

from servicekit.bookings.availability import Slot
from servicekit.bookings.booking import Booking
from servicekit.bookings.catalogue import Absence, Branch, Provider, Service
from servicekit.bookings.classes import ClassPlaces, ScheduledClass
from servicekit.bookings.opening import OpeningHours
from servicekit.bookings.rules import BookingRules
from servicekit.bookings.series import Recurrence, Series, Which
from servicekit.commands import Command, Query
from servicekit.ids import AbsenceId, BookingId, BranchId, ClassId, ClientId, ProviderId, SeriesId, ServiceId
from servicekit.moments import Instant, as_instant

__all__ = [
    "AbsenceAdded",
    "AddAbsence",
    "BookSeat",
    "BookSeries",
    "CancelClass",
    "CancelSeries",
    "EndAbsence",
    "FreeSlots",
    "ListClasses",
    "ListSeries",
    "MoveClass",
    "MoveSeries",
    "ScheduleClass",
    "SeriesBooked",
    "SeriesConflict",
    "SetBookingRules",
    "SetOnline",
    "SetOpeningHours",
    "SetWorkingHours",
    "SlotPage",
]


def _as_end(value: Instant | datetime | None) -> Instant | None:
    return None if value is None else as_instant(value)


# Hours and rules. What is booked already stays as it is.


@frozen
class SetOpeningHours(Command[Branch]):
    """Set when a branch is open; None: always. Needs ``catalogue:write``."""

    branch: BranchId
    opening: OpeningHours | None


@frozen
class SetWorkingHours(Command[Provider]):
    """Set when a person or a room can be booked; None: whenever the branch is open. Needs ``catalogue:write``."""

    provider: ProviderId
    works: OpeningHours | None


@frozen
class SetOnline(Command[Service]):
    """Say whether a service is an online one, from the next booking, move or confirmation on. Needs ``catalogue:write``.

    What is agreed stays. Switched on, bookings that were made before get no meeting until they are changed; in a class
    everybody gets a link as soon as one more seat is booked, or the class is moved. Switched off, bookings and classes that
    have a meeting keep it: it is moved and cancelled with them.

    Raises:
        ConfigurationError: it shall be online, and the kit has no meeting service.
    """

    service: ServiceId
    online: bool = field(kw_only=True)


@frozen
class SetBookingRules(Command[Service]):
    """Set the rules of a service's bookings; see :class:`~servicekit.bookings.BookingRules`. Needs ``catalogue:write``.

    Raises:
        Invalid: ``not_a_room`` for a room that is none.
        NotFound: a provider or room that the rules name.
    """

    service: ServiceId
    rules: BookingRules


@frozen
class AbsenceAdded:
    """An absence, and what is booked then all the same: to be moved or cancelled by somebody."""

    absence: Absence
    in_the_way: tuple[Booking, ...]


@frozen(kw_only=True)
class AddAbsence(Command[AbsenceAdded]):
    """Say that a person or a room cannot be booked for a time; what is booked stays. Needs ``catalogue:write``.

    Raises:
        Invalid: ``empty_window``, ``naive_datetime``.
    """

    provider: ProviderId
    starts: Instant = field(converter=as_instant)
    ends: Instant = field(converter=as_instant)
    reason: str = ""


@frozen
class EndAbsence(Command[Absence]):
    """Take an absence back. Needs ``catalogue:write``."""

    absence: AbsenceId


# Free slots


@frozen
class SlotPage:
    """Free slots in order of start, and where to go on: pass ``after`` to the next :class:`FreeSlots`; None: that was all."""

    slots: tuple[Slot, ...]
    after: Slot | None


@frozen(kw_only=True)
class FreeSlots(Query[SlotPage]):
    """When a service can be booked. Clients of the organisation may ask, and whoever has ``bookings:read``.

    Costs as much as it looks at: one index range for each provider and chunk of days, up to the last slot of the page.

    Attributes:
        provider: with whom; everybody who offers it unless said.
        since, until: the slots that start from ``since``, and before ``until``.
        after: the last page's, to go on behind it.
        most: how many, 1 to 10,000.

    Raises:
        Invalid: ``empty_window``, ``naive_datetime``, ``page_size``; ``is_a_class`` for a service of which seats are booked.
        Conflict: ``not_offered`` by this provider.
    """

    service: ServiceId
    provider: ProviderId | None = None
    since: Instant = field(converter=as_instant)
    until: Instant = field(converter=as_instant)
    after: Slot | None = None
    most: int = 100


# Classes


@frozen(kw_only=True)
class ScheduleClass(Command[ScheduledClass]):
    """Schedule a class of a service that has seats. Needs ``bookings:write``.

    Attributes:
        ends: the service's length after the start, unless said.
        seats: the service's, unless said.
        room: one of the service's rooms; the first that is free unless said.
        override: as for :class:`~servicekit.bookings.Book`; lead time and horizon are the clients', not a class's.

    Raises:
        Invalid: ``not_a_class`` for a service without seats, ``no_seats``, and as for :class:`~servicekit.bookings.Book`.
        Conflict: as for :class:`~servicekit.bookings.Book`.
    """

    service: ServiceId
    provider: ProviderId
    starts: Instant = field(converter=as_instant)
    ends: Instant | None = field(default=None, converter=_as_end)
    seats: int | None = None
    room: ProviderId | None = None
    override: bool = False


@frozen
class MoveClass(Command[ScheduledClass]):
    """Move a class and every booking in it; each is a new revision. Needs ``bookings:write``; errors as for ScheduleClass.

    Raises:
        Conflict: ``class_cancelled``, ``class_begun``.
    """

    scheduled: ClassId
    starts: Instant = field(converter=as_instant, kw_only=True)
    ends: Instant | None = field(default=None, converter=_as_end, kw_only=True)
    override: bool = field(default=False, kw_only=True)


@frozen
class CancelClass(Command[ScheduledClass]):
    """Cancel a class and every booking in it. Needs ``bookings:write``.

    Raises:
        Conflict: ``class_begun``.
    """

    scheduled: ClassId
    reason: str = field(default="", kw_only=True)


@frozen(kw_only=True)
class BookSeat(Command[Booking]):
    """Book a seat in a class for a client; the booking that it has there already, if it has one. Rights as for Book.

    Raises:
        Invalid: ``mobile_required`` where doors need it.
        Conflict: ``class_full``, ``class_cancelled``, ``class_begun``; ``too_soon`` and ``too_far``, unless overridden.
        NotFound: no such class or client.
    """

    scheduled: ClassId
    client: ClientId
    override: bool = False


@frozen(kw_only=True)
class ListClasses(Query[tuple[ClassPlaces, ...]]):
    """The classes of a branch that start from ``since`` and before ``until``, with their free seats. Rights as for FreeSlots."""

    branch: BranchId
    since: Instant = field(converter=as_instant)
    until: Instant = field(converter=as_instant)


# Series


@frozen
class SeriesConflict:
    """Why one of a series cannot be: the refusal's code and message."""

    starts: Instant
    code: str
    message: str


@frozen
class SeriesBooked:
    """A series, its bookings by start, and a line for each that could not be."""

    series: Series
    bookings: tuple[Booking, ...]
    conflicts: tuple[SeriesConflict, ...] = ()


@frozen(kw_only=True)
class BookSeries(Command[SeriesBooked]):
    """Book a service again and again at the same wall-clock time. Rights and rules as for :class:`~servicekit.bookings.Book`.

    Attributes:
        starts: the first; the others have its time of day in the branch's zone.
        recurrence: how it recurs.
        skip_conflicts: whether to book the others where some cannot be; else it is all or none.

    Raises:
        Invalid: ``bad_recurrence``, and what :class:`~servicekit.bookings.Book` refuses as invalid.
        Conflict: ``series_conflicts``; ``facts["conflicts"]`` has a line for each date that cannot be.
    """

    service: ServiceId
    provider: ProviderId
    client: ClientId
    starts: Instant = field(converter=as_instant)
    recurrence: Recurrence
    skip_conflicts: bool = False
    override: bool = False


@frozen
class MoveSeries(Command[SeriesBooked]):
    """Move a booking of a series, and the following or all others by as much on the clock on the wall. All, or none.

    What has begun, or can be moved no more, stays. To move one alone, :class:`~servicekit.bookings.Rebook` it.

    Raises:
        Invalid: ``no_series`` for a booking that is in none; ``booking_in_the_past``.
        Conflict: ``series_conflicts``, ``transition_refused``.
    """

    booking: BookingId
    starts: Instant = field(converter=as_instant, kw_only=True)
    which: Which = field(default=Which.ALL, kw_only=True)
    override: bool = field(default=False, kw_only=True)


@frozen
class CancelSeries(Command[tuple[Booking, ...]]):
    """Cancel the following or all bookings of a series that are still to come; those that are cancelled by now.

    To cancel one alone, :class:`~servicekit.bookings.Cancel` it. Rights as for Cancel.

    Raises:
        Invalid: ``no_series``.
    """

    booking: BookingId
    which: Which = field(default=Which.ALL, kw_only=True)
    reason: str = field(default="", kw_only=True)


@frozen
class ListSeries(Query[SeriesBooked]):
    """A series with all its bookings, whatever became of them. Its client may, and whoever has ``bookings:read``."""

    series: SeriesId
