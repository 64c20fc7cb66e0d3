"""Arrivals: who came, read from a door system's access log. Pure.

Rules kept here: only an opening that was granted counts. It is told whose it was by our marker, else by the phone, the door
and the time. Of several bookings of one phone it is that of the one it lies in, or lies nearest to: adjoining bookings are
told apart. Nobody is taken for absent whose key did not work, or of whose time a part is not in the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from attrs import field, frozen

from servicekit.ids import BookingId
from servicekit.keys.key import Key, KeyState
from servicekit.moments import Instant, Window

__all__ = ["DoorEvent", "Expected", "arrivals", "missing"]


@frozen(kw_only=True)
class DoorEvent:
    """One line of an access log; what the door system left out is empty.

    Attributes:
        word: its own name for what happened.
        granted: whether somebody got in; None where it does not tell.
        component: the door's id.
        marker: ours, where the log repeats the key's.
        mobile: the phone, where the log has it.
    """

    id: str
    at: Instant
    word: str
    granted: bool | None
    component: str = ""
    marker: str = ""
    mobile: str = field(default="", repr=False)
    evidence: Mapping[str, object] = field(factory=dict, repr=False)


@frozen
class Expected:
    """A booking's key, and the time that is booked."""

    key: Key
    booked: Window

    def distance(self, at: Instant) -> timedelta:
        """How far an instant lies from the booked time; zero within."""
        return max(self.booked.opens - at, at - self.booked.closes, timedelta(0))

    def fits(self, event: DoorEvent) -> bool:
        """Whether it may be this key that opened the door."""
        if event.marker:
            return event.marker == self.key.marker
        opened = event.component in self.key.components and self.key.opens <= event.at < self.key.closes
        return opened and event.mobile == self.key.mobile


def arrivals(log: Iterable[DoorEvent], expected: Iterable[Expected]) -> Mapping[BookingId, DoorEvent]:
    """The first granted opening of each booking that has one.

    Costs one comparison for each line and each key: pass the keys of a day, not of a year.
    """
    everybody = list(expected)
    came: dict[BookingId, DoorEvent] = {}
    for event in sorted(log, key=lambda event: (event.at, event.id)):
        fitting = [one for one in everybody if event.granted and one.fits(event)]
        if fitting:
            nearest = min(fitting, key=lambda one: (one.distance(event.at), one.booked.opens))
            came.setdefault(nearest.key.booking, event)
    return came


def missing(
    expected: Iterable[Expected], came: Mapping[BookingId, DoorEvent], covered: Window
) -> tuple[BookingId, ...]:
    """The bookings whose key worked in vain: made, over, and never used.

    Args:
        expected: as for :func:`arrivals`.
        came: its answer.
        covered: of what time the log was read.
    """
    return tuple(
        one.key.booking
        for one in expected
        if one.key.booking not in came
        and one.key.state is KeyState.MADE
        and covered.opens <= one.key.opens
        and one.key.closes <= covered.closes
    )
