"""What can be asked of the room: set up what can be booked; book, move, cancel; and what happens on the day."""

from __future__ import annotations

from datetime import datetime, timedelta

from attrs import field, frozen

from servicekit.bookings.booking import Booking
from servicekit.bookings.catalogue import QUARTER, Branch, Client, Provider, ProviderKind, Service
from servicekit.bookings.opening import OpeningHours
from servicekit.bookings.rules import ANYTHING, BookingRules
from servicekit.commands import Command, Query
from servicekit.ids import BookingId, BranchId, ClientId, GroupId, ProviderId, ServiceId
from servicekit.moments import Instant, Zone, as_instant

__all__ = [
    "AddBranch",
    "AddClient",
    "AddProvider",
    "AddService",
    "Book",
    "Cancel",
    "CheckIn",
    "Complete",
    "Confirm",
    "GetBooking",
    "MarkNoShow",
    "Rebook",
]


def _as_end(value: Instant | datetime | None) -> Instant | None:
    return None if value is None else as_instant(value)


@frozen(kw_only=True)
class AddBranch(Command[Branch]):
    """Add a branch; see :class:`~servicekit.bookings.Branch`. Needs ``catalogue:write``.

    Raises:
        Invalid: ``unknown_zone``, ``nameless``; of its doors as for :class:`~servicekit.bookings.SetBranchDoors`.
        OutsideError: it has doors, and the door system could not be asked for them; nothing was written.
    """

    organisation: GroupId
    name: str
    zone: Zone
    country_code: int = 46
    site: str = ""
    components: tuple[str, ...] = ()
    service_components: tuple[str, ...] = ()
    opening: OpeningHours | None = None


@frozen(kw_only=True)
class AddService(Command[Service]):
    """Add a service; see :class:`~servicekit.bookings.Service`. Needs ``catalogue:write``.

    Raises:
        Invalid: ``no_length``, ``negative_margin``; ``not_a_room`` for a room that is none; of its doors as for
            :class:`~servicekit.bookings.SetServiceDoors`.
        OutsideError: it has doors, and the door system could not be asked for them; nothing was written.
        NotFound: a provider or room that the rules name.
    """

    branch: BranchId
    name: str
    length: timedelta
    components: tuple[str, ...] = ()
    online: bool = False
    needs_approval: bool = False
    opens_before: timedelta = QUARTER
    closes_after: timedelta = QUARTER
    rules: BookingRules = ANYTHING


@frozen(kw_only=True)
class AddProvider(Command[Provider]):
    """Add a person or a room that can be booked; see :class:`~servicekit.bookings.Provider`. Needs ``catalogue:write``."""

    organisation: GroupId
    name: str
    kind: ProviderKind = ProviderKind.PERSON
    email: str = ""
    meeting_user: str = "me"
    works: OpeningHours | None = None
    capacity: int = 1


@frozen(kw_only=True)
class AddClient(Command[Client]):
    """Add somebody who books. Needs ``clients:write``.

    Raises:
        Invalid: ``not_an_address``, or what is wrong with the number.
    """

    organisation: GroupId
    name: str
    email: str
    mobile: str = ""
    country_code: int = 46
    by_pin: bool = False


@frozen(kw_only=True)
class Book(Command[Booking]):
    """Book ``provider`` (a person or a room) for ``client``. The client itself may, and whoever has ``bookings:write``.

    Key, meeting and notices are enqueued in the same transaction.

    Attributes:
        starts: an instant or a datetime with a zone.
        ends: the service's length after the start, unless said.
        room: one of the service's rooms; the first that is free unless said.
        request_key: asking again under the same key gives the same booking, until that is cancelled or moved. Up to 200
            characters of the asker's choice, each client's its own; none unless said.
        override: whatever hours, absences, lead time and horizon say; needs ``bookings:override``. What is taken stays taken.

    Raises:
        Invalid: ``booking_in_the_past``, ``empty_window``, ``mobile_required`` where doors need it, ``naive_datetime``,
            ``is_a_class`` for a service of which seats are booked, ``long_request_key``.
        Conflict: ``taken`` if the provider has no place then, ``room_taken`` if no room has; ``closed``, ``not_working``,
            ``absent``, ``too_soon``, ``too_far``, ``not_offered`` where such rules are set; ``request_key_reused`` for
            something else under the same key.
        NotFound: no such service, provider or client.
    """

    service: ServiceId
    provider: ProviderId
    client: ClientId
    starts: Instant = field(converter=as_instant)
    ends: Instant | None = field(default=None, converter=_as_end)
    room: ProviderId | None = None
    request_key: str = ""
    override: bool = False


@frozen
class Rebook(Command[Booking]):
    """Move a booking, or give it to another provider. Rights and errors as for :class:`Book`.

    Its length stays unless ``ends`` says otherwise. One that has begun keeps its start and may end at another time to come:
    whoever is inside may stay longer, also when they are checked in. The key follows (the new one is made before the old one
    ends), and so does the meeting, which is made anew where another provider has another host. The provider who loses the
    booking is told that it is cancelled, the new one of a new booking.

    Attributes:
        provider: who takes it from now on; unless said, who has it. Must offer the service, and be free.

    Raises:
        Conflict: ``in_a_class`` for a seat, which moves with its class; ``transition_refused`` in a state that cannot be moved,
            and for anything but the end of a booking that is checked in; else as for :class:`Book`.
        NotFound: no such provider in the organisation.
    """

    booking: BookingId
    starts: Instant = field(converter=as_instant, kw_only=True)
    ends: Instant | None = field(default=None, converter=_as_end, kw_only=True)
    provider: ProviderId | None = field(default=None, kw_only=True)
    override: bool = field(default=False, kw_only=True)


@frozen
class Cancel(Command[Booking]):
    """Cancel a booking; its key ends and its meeting goes. The client itself may, and ``bookings:write``.

    Of a class it gives back this seat, and touches nobody else's. ``reason`` stays with the booking.
    """

    booking: BookingId
    reason: str = field(default="", kw_only=True)


@frozen
class Confirm(Command[Booking]):
    """Confirm a requested booking. Needs ``bookings:write``."""

    booking: BookingId


@frozen
class CheckIn(Command[Booking]):
    """The client came. Its provider may, and whoever has ``bookings:write``."""

    booking: BookingId


@frozen
class Complete(Command[Booking]):
    """The booking is over and done. Its provider may, and whoever has ``bookings:write``."""

    booking: BookingId


@frozen
class MarkNoShow(Command[Booking]):
    """The client did not come. Its provider may, and whoever has ``bookings:write``.

    Raises:
        Conflict: ``not_begun`` before the start.
    """

    booking: BookingId


@frozen
class GetBooking(Query[Booking]):
    """One booking. Its client and its provider may, and whoever has ``bookings:read``."""

    booking: BookingId
