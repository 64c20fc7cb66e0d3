"""Months and days on the wall of a billing zone.

Rules kept here:

* A month is written ``2026-10``. It lasts from the first instant at which clocks in the zone show its first day until the
  first at which they show the next month's: so every instant is in exactly one month, also where a clock change takes
  midnight away or brings it twice.
* A day is a date of that zone; a period goes from a day until another, which is no longer inside.

Refused: what is no month (``not_a_month``).
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from servicekit.errors import Invalid
from servicekit.moments import Instant, Window, Zone, offsets

__all__ = ["Month", "check_month", "day_of", "first_day", "following", "month_of", "start_of", "window_of"]

Month = str
"""A month of a calendar year, such as ``"2026-10"``; months compare as their texts do."""

_FORM = re.compile(r"[1-9]\d{3}-(?:0[1-9]|1[0-2])", re.ASCII)
_EPOCH = date(1970, 1, 1)
_DAY_US = 86_400_000_000


def check_month(month: str) -> Month:
    """The month itself, once it is one.

    Raises:
        Invalid: ``not_a_month``.
    """
    if not _FORM.fullmatch(month) or month == "9999-12":  # whose end no calendar has
        raise Invalid(f"{month!r} is no month: write it like 2026-10.", code="not_a_month", month=month)
    return month


def first_day(month: Month) -> date:
    """The month's first day."""
    return date.fromisoformat(f"{month}-01")


def following(month: Month) -> Month:
    """The month after it.

    >>> following("2026-12")
    '2027-01'
    """
    return month_of(first_day(month) + timedelta(days=31))


def month_of(day: date) -> Month:
    """The month that a day is in."""
    return f"{day:%Y-%m}"


def start_of(day: date, zone: Zone) -> Instant:
    """The first instant at which clocks in ``zone`` show this day. Costs four looks at the zone.

    >>> start_of(date(2026, 11, 1), "Europe/Stockholm").iso()
    '2026-10-31T23:00:00Z'
    >>> start_of(date(2018, 11, 4), "America/Sao_Paulo").iso()  # where midnight was skipped: clocks went on to 01:00
    '2018-11-04T03:00:00Z'
    """
    wall = (day - _EPOCH).days * _DAY_US
    # Clocks are never a day and a half away from UTC, so what is sought lies between.
    stretches = offsets(zone, wall - 3 * _DAY_US // 2, wall + 3 * _DAY_US // 2)
    return Instant(next(max(since, wall - offset) for since, until, offset in stretches if until + offset > wall))


def window_of(since: date, until: date, zone: Zone) -> Window:
    """The time from the beginning of one day to the beginning of another."""
    return Window(start_of(since, zone), start_of(until, zone))


def day_of(at: Instant, zone: Zone) -> date:
    """The day that clocks in ``zone`` show."""
    shown = at.local(zone)
    return date(shown.year, shown.month, shown.day)  # the standard's, not pendulum's
