"""What the files have in common: the heading, and times as clocks on the wall show them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TypeVar

from servicekit.moments import Instant, Zone

__all__ = ["Remembered", "WallClock", "heading"]

K = TypeVar("K")
V = TypeVar("V")
_KEPT = 65_536
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_DAY, _QUARTER, _SECOND = 86_400, 900, 1_000_000


def heading(zone: Zone, *, texts: bool) -> tuple[str, ...]:
    """The names of the columns."""
    return (f"Time ({zone})", "Group", "E-mail", "Number", "Direction", "Status", "SMS", *(("Text",) if texts else ()))


class Remembered(dict[K, V]):
    """Values of a function, looked up where they are known; of the 65,536 last ones at most, so that memory stays flat."""

    def __init__(self, find: Callable[[K], V]) -> None:
        super().__init__()
        self._find = find

    def __missing__(self, key: K) -> V:
        if len(self) >= _KEPT:
            self.clear()
        value = self[key] = self._find(key)
        return value


class WallClock:
    """What clocks in a zone show, as text, in half a microsecond; zones change their clocks at quarters of an hour.

    >>> WallClock("Europe/Stockholm").text(Instant.parse("2026-07-01T22:30:05Z").us)
    '2026-07-02 00:30:05'
    """

    def __init__(self, zone: Zone) -> None:
        def offset(quarter: int) -> int:
            found = Instant(quarter * _QUARTER * _SECOND).local(zone).utcoffset()
            return int(found.total_seconds()) if found else 0

        self._offsets = Remembered(offset)
        self._days = Remembered[int, str](lambda day: date.fromordinal(_EPOCH_DAY + day).isoformat())
        self._minutes = [f" {minute // 60:02d}:{minute % 60:02d}" for minute in range(1440)]
        self._seconds = [f":{second:02d}" for second in range(60)]

    def seconds(self, us: int) -> int:
        """Seconds since 1970-01-01 00:00 on this clock, of an instant in microseconds."""
        second = us // _SECOND
        return second + self._offsets[second // _QUARTER]

    def text(self, us: int) -> str:
        """Date and time to the second."""
        day, second = divmod(self.seconds(us), _DAY)
        return self._days[day] + self._minutes[second // 60] + self._seconds[second % 60]
