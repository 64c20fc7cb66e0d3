"""A booking and its transition table. Everything that moves a booking is in this file.

The table is plain data, to be checked with a pencil: for each state, what may be done and where it leads. ``rebook`` leads
from a state to itself, with a new revision; so does ``extend``, where only the end changes, also of whose client is there. A
pair that is not in the table is refused, but for one kindness: doing again what has led here is answered with the booking as
it is (a double click cancels once).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from attrs import evolve, frozen

from servicekit.errors import Conflict, Invalid
from servicekit.ids import BookingId, BranchId, ClassId, ClientId, GroupId, ProviderId, SeriesId, ServiceId
from servicekit.moments import Instant, Window, Zone

__all__ = [
    "HOLDING",
    "TRANSITIONS",
    "Action",
    "Booking",
    "BookingState",
    "Party",
    "act",
    "book",
    "check_missed",
    "rebook",
]


class BookingState(StrEnum):
    """Where a booking stands."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    CHECKED_IN = "checked in"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no-show"


class Action(StrEnum):
    """What may be done to a booking."""

    CONFIRM = "confirm"
    REBOOK = "rebook"
    EXTEND = "extend"
    CANCEL = "cancel"
    CHECK_IN = "check in"
    COMPLETE = "complete"
    MARK_NO_SHOW = "mark as no-show"


class Party(StrEnum):
    """Who cancelled; part of the booking, because it decides what is owed."""

    CLIENT = "client"
    BUSINESS = "business"


_S, _A = BookingState, Action
TRANSITIONS: Mapping[BookingState, Mapping[Action, BookingState]] = {
    _S.REQUESTED: {
        _A.CONFIRM: _S.CONFIRMED,
        _A.REBOOK: _S.REQUESTED,
        _A.EXTEND: _S.REQUESTED,
        _A.CANCEL: _S.CANCELLED,
    },
    _S.CONFIRMED: {
        _A.REBOOK: _S.CONFIRMED,
        _A.EXTEND: _S.CONFIRMED,
        _A.CANCEL: _S.CANCELLED,
        _A.CHECK_IN: _S.CHECKED_IN,
        _A.MARK_NO_SHOW: _S.NO_SHOW,
    },
    _S.CHECKED_IN: {_A.EXTEND: _S.CHECKED_IN, _A.COMPLETE: _S.COMPLETED},
    _S.COMPLETED: {},
    _S.CANCELLED: {},
    _S.NO_SHOW: {},
}
"""For each state: what may be done, and where it leads."""

_LED_BY: Mapping[Action, BookingState] = {
    _A.CONFIRM: _S.CONFIRMED,
    _A.CANCEL: _S.CANCELLED,
    _A.CHECK_IN: _S.CHECKED_IN,
    _A.COMPLETE: _S.COMPLETED,
    _A.MARK_NO_SHOW: _S.NO_SHOW,
}

HOLDING = frozenset({_S.REQUESTED, _S.CONFIRMED, _S.CHECKED_IN})
"""States that hold the place: no other booking of the provider may overlap one."""

OBEYED = frozenset({_S.CONFIRMED, _S.CHECKED_IN, _S.COMPLETED})
"""States in which doors and meetings follow the booking. Of a completed one they run out by themselves: nobody is shut in."""


@frozen(kw_only=True)
class Booking:
    """A booking.

    Attributes:
        zone: its branch's when it was made. What is agreed is the instant: where a zone's rules change later, clocks show
            another time for it, and doors and meetings keep to the instant.
        revision: grows with every move.
        room: what is taken besides the provider.
        before, after: kept free around it, of provider and room.
        in_class: the scheduled class that it has a seat in; the class then takes provider and room.
        series: the series that it is one of.
        reason: why it was cancelled, in somebody's words.
        request_key: under which it was asked for; empty for none, and once it is cancelled or moved.
    """

    id: BookingId
    organisation: GroupId
    branch: BranchId
    service: ServiceId
    provider: ProviderId
    client: ClientId
    starts: Instant
    ends: Instant
    zone: Zone
    state: BookingState
    cancelled_by: Party | None = None
    revision: int = 1
    room: ProviderId | None = None
    before: timedelta = timedelta(0)
    after: timedelta = timedelta(0)
    in_class: ClassId | None = None
    series: SeriesId | None = None
    reason: str = ""
    request_key: str = ""

    @property
    def window(self) -> Window:
        """From start to end."""
        return Window(self.starts, self.ends)

    @property
    def held(self) -> Window:
        """The same with what is kept free around it."""
        return self.window.widened(self.before, self.after)

    @property
    def obeyed(self) -> bool:
        """Whether doors and meetings follow this booking now."""
        return self.state in OBEYED


def book(booking: Booking, at: Instant) -> Booking:
    """The booking itself, once it may be made at ``at``.

    Raises:
        Invalid: ``booking_in_the_past``, or ``empty_window`` if it does not end after it starts.
    """
    _check_future(booking.window, at)
    return booking


def rebook(booking: Booking, window: Window, at: Instant, provider: ProviderId | None = None) -> Booking:
    """The booking in another window, or with another provider, as its next revision; the same object where nothing differs.

    One that has begun may still end at another time, as long as that lies ahead: whoever is inside may stay longer. Of one
    whose client is there already nothing else can change.

    Raises:
        Conflict: ``transition_refused`` in a state that cannot be moved.
        Invalid: ``booking_in_the_past``.
    """
    provider = provider or booking.provider
    stays = (window.opens, provider) == (booking.starts, booking.provider)
    state = _next(booking, Action.EXTEND if stays else Action.REBOOK)
    if (window, provider) == (booking.window, booking.provider):
        return booking
    if window.opens != booking.starts or window.closes <= at:
        _check_future(window, at)
    return evolve(
        booking,
        state=state,
        provider=provider,
        starts=window.opens,
        ends=window.closes,
        revision=booking.revision + 1,
        request_key="",  # asked for again, it is another booking
    )


def act(booking: Booking, action: Action, *, by: Party | None = None, reason: str = "") -> Booking:
    """The booking after ``action``; the same object where ``action`` is what has led here.

    Args:
        booking: as it is.
        action: any but REBOOK and EXTEND, which need a window.
        by: who cancels; only for CANCEL.
        reason: why, in somebody's words; only for CANCEL.

    Raises:
        Conflict: ``transition_refused`` for a pair that is not in the table.
        Invalid: ``rebook_needs_window`` for REBOOK and EXTEND.
    """
    if action in {Action.REBOOK, Action.EXTEND}:
        raise Invalid("Moving a booking needs a window: call rebook().", code="rebook_needs_window")
    if booking.state is _LED_BY[action]:
        return booking
    state = _next(booking, action)
    if state is BookingState.CANCELLED:
        return evolve(
            booking, state=state, cancelled_by=by, reason=reason, revision=booking.revision + 1, request_key=""
        )
    return evolve(booking, state=state)


def check_missed(booking: Booking, at: Instant) -> None:
    """Refuse to say that somebody did not come before they could be missed.

    Raises:
        Conflict: ``not_begun``.
    """
    if at < booking.starts:
        raise Conflict(
            f"The booking begins at {booking.starts}: nobody has missed it before. Cancel it, or wait.",
            code="not_begun",
            booking=booking.id,
            starts=str(booking.starts),
            at=str(at),
        )


def _next(booking: Booking, action: Action) -> BookingState:
    possible = TRANSITIONS[booking.state]
    if action not in possible:
        can = ", ".join(possible) or "nothing"
        raise Conflict(
            f"A booking that is {booking.state} cannot be asked to {action}; possible now: {can}.",
            code="transition_refused",
            booking=booking.id,
            state=booking.state.value,
            action=action.value,
            possible=[other.value for other in possible],
        )
    return possible[action]


def _check_future(window: Window, at: Instant) -> None:
    if window.opens < at:
        raise Invalid(
            f"A booking cannot start in the past: {window.opens} is before {at}. Choose a later start.",
            code="booking_in_the_past",
            starts=str(window.opens),
            at=str(at),
        )
