"""What can be booked, where, with whom, and by whom.

Rules kept here: a branch has a time zone and, where it has doors, the vendor's site; a service may only name components of
its own besides those that its branch always opens; online is off unless switched on. Hours and rules that are not set leave
everything open.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from attrs import field, frozen

from servicekit.bookings.opening import OpeningHours
from servicekit.bookings.rules import ANYTHING, BookingRules
from servicekit.errors import Invalid
from servicekit.ids import AbsenceId, BranchId, ClientId, GroupId, ProviderId, ServiceId
from servicekit.moments import Instant, Window, Zone

__all__ = ["QUARTER", "Absence", "Branch", "Client", "Provider", "ProviderKind", "Service"]

QUARTER = timedelta(minutes=15)


@frozen(kw_only=True)
class Branch:
    """A place.

    Attributes:
        country_code: calling code for national numbers of its clients.
        site: the door system's id of the place; empty without doors.
        components: doors that every booking opens (main door, cloakroom), as the door system's ids.
        service_components: doors that its services may open besides.
        opening: when bookings may lie, on the wall clock of ``zone``; None: always.
    """

    id: BranchId
    organisation: GroupId
    name: str
    zone: Zone
    country_code: int = 46
    site: str = ""
    components: tuple[str, ...] = ()
    service_components: tuple[str, ...] = ()
    opening: OpeningHours | None = None


@frozen(kw_only=True)
class Service:
    """Something that can be booked at a branch.

    Attributes:
        length: how long a booking lasts where it does not say an end.
        components: doors that open besides the branch's.
        online: whether a booking makes an online meeting; off unless switched on. Changed, it holds for what is booked or
            changed from then on.
        needs_approval: whether a booking starts as requested.
        opens_before, closes_after: how long before and after the booking its key works.
        rules: who offers it, when it may be booked, what it takes besides.
    """

    id: ServiceId
    organisation: GroupId
    branch: BranchId
    name: str
    length: timedelta
    components: tuple[str, ...] = ()
    online: bool = False
    needs_approval: bool = False
    opens_before: timedelta = QUARTER
    closes_after: timedelta = QUARTER
    rules: BookingRules = ANYTHING

    def __attrs_post_init__(self) -> None:
        if self.length <= timedelta(0):
            raise Invalid("A service takes some time: set a length above zero.", code="no_length")
        if min(self.opens_before, self.closes_after) < timedelta(0):
            raise Invalid("A key's margin is zero or more: it never opens after the start.", code="negative_margin")


class ProviderKind(StrEnum):
    """What is booked."""

    PERSON = "person"
    ROOM = "room"


@frozen(kw_only=True)
class Provider:
    """A person or a room.

    Attributes:
        meeting_user: who hosts its meetings at the meeting service.
        works: its hours, on the wall clock of the branch where it is booked; None: whenever the branch is open.
        capacity: how many bookings it takes at once.

    Raises:
        Invalid: ``no_capacity`` below one.
    """

    id: ProviderId
    organisation: GroupId
    name: str
    kind: ProviderKind
    email: str = ""
    meeting_user: str = "me"
    works: OpeningHours | None = None
    capacity: int = 1

    def __attrs_post_init__(self) -> None:
        if self.capacity < 1:
            raise Invalid("Somebody who can be booked takes one booking at least.", code="no_capacity")


@frozen(kw_only=True)
class Absence:
    """A time at which a person or a room cannot be booked (a holiday, a repair); what is booked then already stays."""

    id: AbsenceId
    organisation: GroupId
    provider: ProviderId
    starts: Instant
    ends: Instant
    reason: str = ""
    ended: bool = False

    @property
    def window(self) -> Window:
        """From its start to its end."""
        return Window(self.starts, self.ends)


@frozen(kw_only=True)
class Client:
    """Who books; ``mobile`` in E.164, or empty; ``by_pin``: opens doors with a PIN, having no app."""

    id: ClientId
    organisation: GroupId
    name: str
    email: str
    mobile: str = field(default="")
    by_pin: bool = False
