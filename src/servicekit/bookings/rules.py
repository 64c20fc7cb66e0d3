"""The rules of a service's bookings: who and where, how soon, how far ahead, with how much time around, how many at once.

Where nothing is set, everything is open: any person or room of the organisation, at any time to come. A rule that is set
holds for clients and staff alike; staff may pass over times (not over what is taken) when they say so and hold the right.
"""

from __future__ import annotations

from datetime import timedelta

from attrs import frozen

from servicekit.errors import Invalid
from servicekit.ids import ProviderId

__all__ = ["BookingRules"]

_NOTHING = timedelta(0)
_MINUTE = timedelta(minutes=1)
_LONGEST = timedelta(days=31)


@frozen(kw_only=True)
class BookingRules:
    """What holds for the bookings of a service.

    Attributes:
        providers: who offers it; none named: every person and room of the organisation.
        rooms: one of these rooms is taken besides the provider; none named: none is.
        seats: how many clients a scheduled class of it takes; None: it is booked by one client at a time.
        before, after: kept free around a booking, for the provider and the room; up to 31 days.
        lead: how long before the start it can be booked at the latest.
        horizon: how far ahead it can be booked; None: without bound.
        every: free slots begin every so many minutes from opening on; whole minutes, up to a day.

    Raises:
        Invalid: ``bad_rules``, with what is wrong.
    """

    providers: tuple[ProviderId, ...] = ()
    rooms: tuple[ProviderId, ...] = ()
    seats: int | None = None
    before: timedelta = _NOTHING
    after: timedelta = _NOTHING
    lead: timedelta = _NOTHING
    horizon: timedelta | None = None
    every: timedelta = 15 * _MINUTE

    def __attrs_post_init__(self) -> None:
        if not all(_NOTHING <= buffer <= _LONGEST for buffer in (self.before, self.after)):
            raise _bad("Buffers before and after are from nothing to 31 days.")
        if self.lead < _NOTHING:
            raise _bad("A lead time is nothing or more.")
        if self.horizon is not None and self.horizon <= self.lead:
            raise _bad("A horizon lies beyond the lead time: nothing could be booked.")
        if self.seats is not None and self.seats < 1:
            raise _bad("A class has at least one seat.")
        if self.every % _MINUTE or not _MINUTE <= self.every <= 1440 * _MINUTE:
            raise _bad("Slots begin every so many whole minutes, from one to a day.")


def _bad(text: str) -> Invalid:
    return Invalid(text, code="bad_rules")


ANYTHING = BookingRules()
"""Nothing is set."""
