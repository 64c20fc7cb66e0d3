"""The tables of bookings, with their keys and meetings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

from servicekit.bookings import (
    Booking,
    BookingState,
    Hold,
    ScheduledClass,
)
from servicekit.ids import (
    BookingId,
    BranchId,
    ClassId,
    ClientId,
    GroupId,
    ProviderId,
)
from servicekit.keys import Key, Unlock
from servicekit.meetings import ConnectAttempt, Meeting, MeetingState
from servicekit.moments import Instant, Window
from servicekit.ports.tables.base import Table

__all__ = ["Bookings", "Classes", "Holds", "Keys", "Meetings", "Unlocks"]

E = TypeVar("E")


class Bookings(Table[Booking], Protocol):
    """Bookings. What one holds is written with it; see :class:`Holds`."""

    def overlapping(self, provider: ProviderId, window: Window) -> tuple[Booking, ...]:
        """Bookings that hold the provider somewhere in the window, by start. Costs one index range."""
        ...

    def asked(self, client: ClientId, request_key: str) -> Booking | None:
        """The one that the client asked for under this key, if it has been neither cancelled nor moved."""
        ...

    def seats_taken(self, scheduled: ClassId) -> int:
        """How many bookings hold a seat in the class."""
        ...

    def online(
        self,
        organisation: str,
        window: Window,
        provider: ProviderId | None,
        after: tuple[Instant, BookingId] | None,
        most: int,
    ) -> tuple[Booking, ...]:
        """Those that have, or had, a meeting or a link to one, and start in the window, by start; of one provider if named."""
        ...

    def count_online(
        self, organisation: str, window: Window, provider: ProviderId | None
    ) -> tuple[tuple[BookingState, MeetingState, int], ...]:
        """How many of them there are, by their state and that of their meeting or link, which leads to a meeting if MADE."""
        ...


class Classes(Table[ScheduledClass], Protocol):
    """Scheduled classes. What one holds is written with it."""

    def coming(self, branch: BranchId, window: Window) -> tuple[ScheduledClass, ...]:
        """Those of a branch that start in the window and are not cancelled, by start."""
        ...


class Holds(Protocol):
    """Who is taken when. Each is written with what owns it: a booking, a class, an absence."""

    def of(self, provider: ProviderId, window: Window) -> tuple[Hold, ...]:
        """The provider's holds that overlap the window, by start. Costs one index range, however many there are."""
        ...

    def spans(
        self, places: Mapping[ProviderId, int], window: Window
    ) -> Mapping[ProviderId, tuple[Sequence[int], Sequence[int]]]:
        """The same for each of many, given how many places each has: all starts in order, and all ends in order.

        In microseconds. What takes the whole is there once for each place.
        """
        ...


class Keys(Table[Key], Protocol):
    """Keys, those that were ended included."""

    def working(self, site: str, window: Window) -> tuple[Key, ...]:
        """Those of a site whose time overlaps the window, whatever their state, by opening. Costs one index range."""
        ...

    def made(self, site: str, since: Instant, after: Key | None, most: int) -> tuple[Key, ...]:
        """At most ``most`` of a site's keys that are MADE and close after ``since``, by closing, from the one after ``after`` on.

        Costs one index range.
        """
        ...

    def sites(self) -> tuple[str, ...]:
        """The sites of all keys and of all branches, in order."""
        ...


class ConnectAttempts(Table[ConnectAttempt], Protocol):
    """Ways to the meeting service and back."""

    def forget(self, until: Instant) -> None:
        """Drop those that have run out by this instant, with what they know. Costs one index range."""
        ...


class Meetings(Table[Meeting], Protocol):
    """Meetings."""

    def made(
        self, organisation: GroupId | None, host: str, since: Instant, after: Meeting | None, most: int
    ) -> tuple[Meeting, ...]:
        """At most ``most`` of a host's meetings that are MADE and close after ``since``, by closing; pages as those of keys.

        Without an organisation those of all: where they share one account.
        """
        ...

    def hosts(self, since: Instant) -> tuple[tuple[GroupId, str], ...]:
        """Whose meetings close after ``since``, and who may host, each with its organisation, in order."""
        ...


class Unlocks(Table[Unlock], Protocol):
    """Doors that were asked to open."""

    def newest(self, branch: BranchId, most: int) -> tuple[Unlock, ...]:
        """The newest of a branch, newest first. Costs one index range."""
        ...
