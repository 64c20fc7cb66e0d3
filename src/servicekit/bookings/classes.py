"""Scheduled classes: one provider, one time, several clients, each with a booking of its own.

Rules kept here: a class has seats, and never more bookings than seats; who has a seat already keeps that one. Leaving touches
one's own booking only. Moving or cancelling the class moves or cancels every booking in it.
"""

from __future__ import annotations

from datetime import timedelta

from attrs import evolve, frozen

from servicekit.errors import Conflict, Invalid
from servicekit.ids import BranchId, ClassId, GroupId, ProviderId, ServiceId
from servicekit.moments import Instant, Window, Zone

__all__ = ["ClassPlaces", "ScheduledClass", "called_off", "check_coming", "check_future", "moved_to"]

_NOTHING = timedelta(0)


@frozen(kw_only=True)
class ScheduledClass:
    """A class at a time; ``zone`` is its branch's when it was scheduled, ``revision`` grows with every move.

    Raises:
        Invalid: ``no_seats`` for fewer than one.
    """

    id: ClassId
    organisation: GroupId
    branch: BranchId
    service: ServiceId
    provider: ProviderId
    room: ProviderId | None = None
    starts: Instant
    ends: Instant
    zone: Zone
    seats: int
    before: timedelta = _NOTHING
    after: timedelta = _NOTHING
    cancelled: bool = False
    revision: int = 1

    def __attrs_post_init__(self) -> None:
        if self.seats < 1:
            raise Invalid("A class has at least one seat.", code="no_seats", seats=self.seats)

    @property
    def window(self) -> Window:
        """From start to end."""
        return Window(self.starts, self.ends)

    @property
    def held(self) -> Window:
        """The same with its buffers: what it takes of its provider and room."""
        return self.window.widened(self.before, self.after)


@frozen
class ClassPlaces:
    """A class, and how many of its seats are free."""

    scheduled: ScheduledClass
    free: int


def check_future(starts: Instant, at: Instant) -> None:
    """Refuse a class that would start in the past.

    Raises:
        Invalid: ``booking_in_the_past``.
    """
    if starts < at:
        raise Invalid(
            f"A class cannot start in the past: {starts} is before {at}. Choose a later start.",
            code="booking_in_the_past",
            starts=str(starts),
            at=str(at),
        )


def check_coming(scheduled: ScheduledClass, at: Instant) -> None:
    """Refuse a class that cannot be joined or changed any more.

    Raises:
        Conflict: ``class_cancelled``, ``class_begun``.
    """
    if scheduled.cancelled:
        raise Conflict("The class is cancelled: choose another one.", code="class_cancelled", **_facts(scheduled))
    if scheduled.starts < at:
        raise Conflict("The class has begun: nothing can be changed.", code="class_begun", **_facts(scheduled))


def moved_to(scheduled: ScheduledClass, window: Window, at: Instant) -> ScheduledClass:
    """The class in another window, as its next revision; the same object where the window is the one it has.

    Raises:
        Conflict: ``class_cancelled``, ``class_begun``.
        Invalid: ``booking_in_the_past``.
    """
    check_coming(scheduled, at)
    if window == scheduled.window:
        return scheduled
    check_future(window.opens, at)
    return evolve(scheduled, starts=window.opens, ends=window.closes, revision=scheduled.revision + 1)


def called_off(scheduled: ScheduledClass, at: Instant) -> ScheduledClass:
    """The class cancelled; the same object where it is already.

    Raises:
        Conflict: ``class_begun``.
    """
    if scheduled.cancelled:
        return scheduled
    check_coming(scheduled, at)
    return evolve(scheduled, cancelled=True, revision=scheduled.revision + 1)


def _facts(scheduled: ScheduledClass) -> dict[str, str]:
    return {"scheduled": scheduled.id, "starts": str(scheduled.starts)}
