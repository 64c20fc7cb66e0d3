"""Quiet hours: when nobody is sent a reminder by text, and where such a text goes instead. Pure.

Rules kept here: a text that would fall into the quiet hours, on the branch's clock, goes before or after them, as the rule says;
where that time has passed, or lies after the start, the other; where both do, there is none. The hours go by the clock on the
wall, so they are as long as the clocks make them on nights when clocks change. Nothing but reminders is ever moved.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from enum import StrEnum

from attrs import field, frozen

from servicekit.errors import Invalid
from servicekit.moments import Instant, Zone

__all__ = ["NO_QUIET", "QuietHours", "Shift"]

_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


class Shift(StrEnum):
    """Where a text goes that would fall into the quiet hours."""

    NEAREST = "nearest"
    """To the nearer end of them; to their beginning, if both are as near."""
    BEFORE = "before"
    """To their beginning."""
    AFTER = "after"
    """To their end."""


@frozen(kw_only=True)
class QuietHours:
    """When nobody is woken by a reminder.

    Attributes:
        begins, ends: on the branch's clock, as ``"21:00"``; at these very moments texts may go. Equal: there are none.
        shift: where a text goes that would fall in between.

    Raises:
        Invalid: ``not_a_time``.
    """

    begins: str = "21:00"
    ends: str = "08:00"
    shift: Shift = field(default=Shift.NEAREST, converter=Shift)

    def __attrs_post_init__(self) -> None:
        for time in (self.begins, self.ends):
            if not _TIME.fullmatch(time):
                raise Invalid(f"{time!r} is no time of day: write it like 21:00.", code="not_a_time", time=time)

    def around(self, at: Instant, zone: Zone) -> tuple[Instant, Instant] | None:
        """When the quiet hours around an instant begin and end; None where it lies in none."""
        wall = at.local(zone).replace(tzinfo=None)
        midnight = datetime(wall.year, wall.month, wall.day)  # noqa: DTZ001 - on the wall, in whatever zone
        begins, ends = _span(self.begins), _span(self.ends)
        length = (ends - begins) % _DAY
        for day in (midnight - _DAY, midnight):
            begin = day + begins
            if begin < wall < begin + length:
                return _instant(begin, zone), _instant(begin + length, zone)
        return None

    def moved(self, at: Instant, zone: Zone, since: Instant, until: Instant) -> Instant | None:
        """When a text that would be due at ``at`` may go, after ``since`` and before ``until``; None for never."""
        night = self.around(at, zone)
        if night is None:
            return at
        begin, end = night
        sooner = self.shift is Shift.BEFORE or (self.shift is Shift.NEAREST and at - begin <= end - at)
        wished = (begin, end) if sooner else (end, begin)
        return next((time for time in wished if since < time < until), None)


def _span(time: str) -> timedelta:
    hours, minutes = time.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))


def _instant(wall: datetime, zone: Zone) -> Instant:
    try:
        return Instant.at_wall(wall, zone, repeated="first")
    except Invalid:  # the clocks jump over it
        return Instant.at_wall(wall + _HOUR, zone, repeated="first")


NO_QUIET = QuietHours(begins="00:00", ends="00:00")
"""None at all."""
