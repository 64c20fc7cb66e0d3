"""Series: bookings that recur on the clock on the wall.

Rules kept here, after RFC 5545 3.3.10 where it has the same thing:

* The first date is the first of the series. ``count`` and ``until`` bound it; dates that do not exist (31 February) are left
  out and not counted, dates that are excepted are counted and left out.
* Each begins at the same wall-clock time. A time that a clock change skips is taken with the offset from before the change,
  one that happens twice is the first (3.3.5). The length is absolute.

Refused: no bound or two, more than 400 dates, weekdays in anything but a weekly rule, a first date that the rule leaves out.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import count

from attrs import frozen

from servicekit.errors import Invalid
from servicekit.ids import ClientId, GroupId, ProviderId, SeriesId, ServiceId
from servicekit.moments import Instant, Zone, offsets

__all__ = ["Frequency", "Recurrence", "Series", "Which", "at_wall", "dates", "occurrences", "shifted", "wall"]

MOST = 400
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - wall-clock times have no zone
_DAY = timedelta(days=1)
_WEEK = 7 * _DAY
_AROUND = timedelta(hours=36) // _MICROSECOND  # wider than any offset and any change of it


class Frequency(StrEnum):
    """What a series goes by."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    """On the day of the month that the first is on."""


class Which(StrEnum):
    """How much of a series is meant."""

    FOLLOWING = "following"
    """The named booking and those after it."""
    ALL = "all"
    """All that are still to come."""


@frozen(kw_only=True)
class Recurrence:
    """How bookings recur.

    Attributes:
        every: the frequency.
        interval: each, each second, ...; 1 or more.
        count: how many dates, the excepted ones included; or
        until: the last possible date. One of the two is said.
        on: for a weekly one, the weekdays, 0 for Monday to 6; empty: that of the first date. Weeks begin on Monday.
        besides: dates that are left out.

    Raises:
        Invalid: ``bad_recurrence``.
    """

    every: Frequency
    interval: int = 1
    count: int | None = None
    until: date | None = None
    on: tuple[int, ...] = ()
    besides: tuple[date, ...] = ()

    def __attrs_post_init__(self) -> None:
        if self.interval < 1:
            raise _bad("A series recurs at an interval of 1 or more.")
        if (self.count is None) == (self.until is None):
            raise _bad("A series is bounded by a count or by a last date: say one of the two.")
        if self.count is not None and not 1 <= self.count <= MOST:
            raise _bad(f"A series has 1 to {MOST} dates.")
        if self.on and (self.every is not Frequency.WEEKLY or not set(self.on) <= set(range(7))):
            raise _bad("Weekdays, 0 for Monday to 6 for Sunday, are for weekly series only.")


def _bad(text: str) -> Invalid:
    return Invalid(text, code="bad_recurrence")


@frozen(kw_only=True)
class Series:
    """Bookings that belong together; each of them names it. ``zone`` is the one in which its wall-clock times are meant."""

    id: SeriesId
    organisation: GroupId
    service: ServiceId
    provider: ProviderId
    client: ClientId
    zone: Zone
    starts: Instant
    recurrence: Recurrence


def dates(recurrence: Recurrence, first: date) -> Iterator[date]:
    """The dates of a series that begins on ``first``, in order.

    >>> rule = Recurrence(every=Frequency.MONTHLY, count=3)
    >>> [str(one) for one in dates(rule, date(2026, 1, 31))]
    ['2026-01-31', '2026-03-31', '2026-05-31']

    Raises:
        Invalid: ``bad_recurrence`` if the rule leaves out its first weekday, or gives more than 400 dates.
    """
    if recurrence.on and first.weekday() not in recurrence.on:
        raise _bad(f"The first date, {first}, is on none of the weekdays of the series: begin on one of them.")
    for number, day in enumerate(_unbounded(recurrence, first), 1):
        if (recurrence.until is not None and day > recurrence.until) or number > (recurrence.count or MOST):
            if recurrence.until is not None and day <= recurrence.until:
                raise _bad(f"A series has at most {MOST} dates: let it end before {day}.")
            return
        if day not in recurrence.besides:
            yield day


def _unbounded(recurrence: Recurrence, first: date) -> Iterator[date]:
    if recurrence.every is Frequency.WEEKLY:
        monday = first - first.weekday() * _DAY
        days = [day * _DAY for day in sorted(recurrence.on or (first.weekday(),))]
        weeks = (monday + week * _WEEK for week in count(0, recurrence.interval))
        return (found for week in weeks for day in days if (found := week + day) >= first)
    if recurrence.every is Frequency.DAILY:
        return (first + days * _DAY for days in count(0, recurrence.interval))
    months = count(first.month - 1, recurrence.interval)
    return (there for month in months if (there := _in_month(first, month)) is not None)


def _in_month(first: date, month: int) -> date | None:
    """The same day in a month, counted from January of the first's year; None in a month without that day."""
    begins = date(first.year + month // 12, month % 12 + 1, 1)
    there = begins + (first.day - 1) * _DAY
    return there if there.month == begins.month else None


def occurrences(recurrence: Recurrence, first: Instant, zone: Zone) -> Iterator[Instant]:
    """When each of a series begins; the first at ``first`` unless its date is excepted.

    Raises:
        Invalid: as for :func:`dates`.
    """
    begins = wall(first, zone)
    for day in dates(recurrence, begins.date()):
        yield first if day == begins.date() else at_wall(datetime.combine(day, begins.time()), zone)


def shifted(starts: Instant, zone: Zone, by: timedelta) -> Instant:
    """So much later by the clock on the wall: by a day is the same time of the next day, whatever clocks do that night."""
    return at_wall(wall(starts, zone) + by, zone)


def wall(at: Instant, zone: Zone) -> datetime:
    """What the clock shows, without a zone."""
    ((_, _, offset),) = offsets(zone, at.us, at.us + 1)
    return _EPOCH + (at.us + offset) * _MICROSECOND


def at_wall(shown: datetime, zone: Zone) -> Instant:
    """When the clock shows it: the first time where it does so twice; where never, with the offset from before the change."""
    us = (shown - _EPOCH) // _MICROSECOND
    stretches = list(offsets(zone, us - _AROUND, us + _AROUND))
    shows = [offset for begins, ends, offset in stretches if begins <= us - offset < ends]
    past = [offset for _, ends, offset in stretches if us - offset >= ends]
    return Instant(us - (shows[0] if shows else past[-1]))
