"""Opening hours: what the clock on the wall says, turned into instants.

Rules kept here:

* Hours are wall-clock times of a zone. A place is open whenever the clock on its wall shows a time within its hours: on the
  night of a clock change a skipped hour is nothing, and one that happens twice is open twice.
* Hours belong to the day they begin on, and may go on past midnight. A date of its own (a holiday, a long Saturday) replaces
  the hours that begin on that date, and no others.
* A break is the time between two intervals of a day. No hours at all is closed; no ``OpeningHours`` at all is always open.

Refused: hours that end before they begin or are longer than a day, two that overlap on one day, a date said twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, time, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Self

from attrs import define, field, frozen

from servicekit.errors import Invalid
from servicekit.moments import Zone, offsets

__all__ = ["Day", "Hours", "OpeningHours", "Piece", "pieces"]

_DAY = 1440
MINUTE = 60_000_000
_DAY_US = _DAY * MINUTE
_EPOCH = date(1970, 1, 1)


@frozen(order=True)
class Hours:
    """From one wall-clock time to another, in whole minutes after midnight of the day that it begins on.

    >>> Hours.between(time(22), time(2))
    Hours(opens=1320, closes=1560)

    Attributes:
        opens: 0 to 1439.
        closes: after ``opens``, at most a day later; above 1440 it is on the next day.

    Raises:
        Invalid: ``bad_hours``.
    """

    opens: int
    closes: int

    def __attrs_post_init__(self) -> None:
        if not 0 <= self.opens < _DAY or not self.opens < self.closes <= self.opens + _DAY:
            raise Invalid(
                "Hours begin within a day and end at most a day later: write Hours.between(time(9), time(17)).",
                code="bad_hours",
                opens=self.opens,
                closes=self.closes,
            )

    @classmethod
    def between(cls, opens: time, closes: time) -> Self:
        """From one time of day to another; to the next day's where it is not later. Seconds are not for opening hours.

        Raises:
            Invalid: ``bad_hours`` for times with seconds or a zone.
        """
        for said in (opens, closes):
            if said.second or said.microsecond or said.tzinfo is not None:
                raise Invalid(
                    f"Opening hours are whole minutes on the wall clock, not {said.isoformat()}.",
                    code="bad_hours",
                    time=said.isoformat(),
                )
        begins, ends = (said.hour * 60 + said.minute for said in (opens, closes))
        return cls(begins, ends if begins < ends else ends + _DAY)


def _in_order(hours: Iterable[Hours]) -> tuple[Hours, ...]:
    found = tuple(sorted(hours))
    for before, after in pairwise(found):
        if after.opens < before.closes:
            raise Invalid(
                "Two opening hours of one day overlap: write them as one.",
                code="hours_overlap",
                hours=[[one.opens, one.closes] for one in (before, after)],
            )
    return found


@frozen
class Day:
    """A date with hours of its own; without any it is closed."""

    on: date
    hours: tuple[Hours, ...] = field(default=(), converter=_in_order)


@define(frozen=True, kw_only=True, slots=False, cache_hash=True)
class OpeningHours:
    """The hours of a week, and the dates that differ.

    >>> OpeningHours.weekdays(Hours.between(time(9), time(12)), Hours.between(time(13), time(17))).friday
    (Hours(opens=540, closes=720), Hours(opens=780, closes=1020))

    Raises:
        Invalid: ``hours_overlap`` within a day, ``date_twice``.
    """

    monday: tuple[Hours, ...] = field(default=(), converter=_in_order)
    tuesday: tuple[Hours, ...] = field(default=(), converter=_in_order)
    wednesday: tuple[Hours, ...] = field(default=(), converter=_in_order)
    thursday: tuple[Hours, ...] = field(default=(), converter=_in_order)
    friday: tuple[Hours, ...] = field(default=(), converter=_in_order)
    saturday: tuple[Hours, ...] = field(default=(), converter=_in_order)
    sunday: tuple[Hours, ...] = field(default=(), converter=_in_order)
    days: tuple[Day, ...] = ()

    def __attrs_post_init__(self) -> None:
        if len(self._days) != len(self.days):
            raise Invalid("A date has its own hours once: put them together.", code="date_twice")

    @classmethod
    def weekdays(cls, *hours: Hours, days: tuple[Day, ...] = ()) -> Self:
        """The same hours from Monday to Friday."""
        return cls(monday=hours, tuesday=hours, wednesday=hours, thursday=hours, friday=hours, days=days)

    @classmethod
    def every_day(cls, *hours: Hours, days: tuple[Day, ...] = ()) -> Self:
        """The same hours on every day of the week."""
        week = {"monday": hours, "tuesday": hours, "wednesday": hours, "thursday": hours, "friday": hours}
        return cls(**week, saturday=hours, sunday=hours, days=days)

    @cached_property
    def _days(self) -> dict[date, tuple[Hours, ...]]:
        return {day.on: day.hours for day in self.days}

    @cached_property
    def _week(self) -> tuple[tuple[Hours, ...], ...]:
        early = (self.monday, self.tuesday, self.wednesday, self.thursday)
        return (*early, self.friday, self.saturday, self.sunday)

    def beginning_on(self, day: date) -> tuple[Hours, ...]:
        """The hours that begin on a date, in order."""
        own = self._days.get(day)
        return self._week[day.weekday()] if own is None else own


Piece = tuple[int, int, int]
"""From, until, and the instant from which slots are counted; in microseconds since 1970 in UTC."""

ALWAYS = OpeningHours.every_day(Hours(0, _DAY))


def pieces(opening: OpeningHours | None, zone: Zone, since: int, until: int) -> Iterator[Piece]:
    """The open times from ``since`` until ``until``, in order. They may touch, and overlap where hours of two days do.

    Each is one interval of hours within one stretch of the zone's offset; slots are counted from where the hours begin on
    the wall clock, from midnight where it is always open. Lazy; costs some microseconds a day.
    """
    always = opening or ALWAYS
    for begins, ends, offset in offsets(zone, since, until):
        # Within a stretch, the wall clock is the instant plus the offset. Hours that began the day before may go on.
        first, last = (begins + offset) // _DAY_US - 1, (ends + offset - 1) // _DAY_US
        for number in range(first, last + 1):
            midnight = number * _DAY_US - offset
            for hours in always.beginning_on(_EPOCH + timedelta(days=number)):
                opens, closes = midnight + hours.opens * MINUTE, midnight + hours.closes * MINUTE
                if opens < ends and closes > begins:
                    yield max(opens, begins), min(closes, ends), opens
