"""Instants, windows and zones: the only file that knows pendulum.

Rules kept here:

* An ``Instant`` is a point on the UTC line, to the microsecond. It has no zone, so adding and subtracting is absolute time:
  "15 minutes before 03:05" is right on the night of a clock change, where ``datetime`` with a zone is not.
* A zone is an IANA name, kept beside the instant by whoever owns it (a branch, a booking); it serves for display and for
  turning wall-clock times into instants, nothing else.
* A wall-clock time that a clock change skips is refused; one that happens twice needs the caller's choice.

Refused: datetimes without a zone (nobody knows which instant they mean), instants that calendars cannot show in every zone
(only those of the years 1 to 9999, but for their outermost days, are held), and zones that the tz database does not have.
pendulum is imported on first use of a zone, so that importing this file costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from typing import TYPE_CHECKING, Literal, Protocol, Self, overload

from attrs import field, frozen

from servicekit.errors import Invalid

if TYPE_CHECKING:
    import pendulum

__all__ = ["Clock", "Instant", "Window", "Zone", "as_instant", "check_zone", "offsets"]

Zone = str
"""An IANA time zone name such as ``"Europe/Stockholm"``; check what users type with :func:`check_zone`."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FIRST = (datetime(1, 1, 2, tzinfo=UTC) - _EPOCH) // _MICROSECOND
_END = (datetime(9999, 12, 31, tzinfo=UTC) - _EPOCH) // _MICROSECOND


@frozen(order=True, repr=False)
class Instant:
    """A point in time: microseconds since 1970-01-01T00:00:00Z, leap seconds not counted (POSIX time).

    >>> start = Instant.parse("2026-03-29T03:05:00+02:00")
    >>> (start - timedelta(minutes=15)).local("Europe/Zurich").isoformat()
    '2026-03-29T01:50:00+01:00'

    Raises:
        Invalid: ``out_of_range`` before 0001-01-02 and from 9999-12-31, where some zone's calendar has no day for it.
    """

    us: int

    def __attrs_post_init__(self) -> None:
        if not _FIRST <= self.us < _END:
            raise Invalid(
                "Points in time go from 0001-01-02 to 9999-12-30, in UTC: was a unit taken for another?",
                code="out_of_range",
                us=self.us,
            )

    @classmethod
    def of(cls, value: Instant | datetime) -> Instant:
        """An instant from an aware datetime (pendulum's too) or an instant. Costs about a microsecond.

        Raises:
            Invalid: ``naive_datetime`` if the datetime has no zone, ``not_an_instant`` if it is none, ``out_of_range``.
        """
        if isinstance(value, Instant):
            return value
        if not isinstance(value, datetime):
            raise Invalid(
                f"A point in time is asked for, {value!r} was given: pass an Instant or a datetime with a zone.",
                code="not_an_instant",
            )
        if value.tzinfo is None or value.utcoffset() is None:
            raise Invalid(
                f"{value.isoformat()} has no time zone, so it names no instant: attach one, "
                "or use Instant.at_wall(value, zone).",
                code="naive_datetime",
                value=value.isoformat(),
            )
        # The standard's subtraction, also for pendulum's: it counts in spans, so an offset at the edge cannot overflow.
        return cls(datetime.__sub__(value, _EPOCH) // _MICROSECOND)

    @classmethod
    def parse(cls, text: str) -> Instant:
        """An instant from ISO 8601 / RFC 3339 text with an offset or ``Z``.

        Raises:
            Invalid: ``not_iso_8601`` for other text, ``naive_datetime`` if it has no offset, ``out_of_range``.
        """
        try:
            value = datetime.fromisoformat(text.strip())
        except ValueError as error:
            raise Invalid(
                f"{text!r} is no ISO 8601 time: write it like 2026-11-25T14:00:00+01:00.",
                code="not_iso_8601",
                value=text,
            ) from error
        return cls.of(value)

    @classmethod
    def at_wall(
        cls, wall: datetime, zone: Zone, *, repeated: Literal["first", "second", "refuse"] = "refuse"
    ) -> Instant:
        """The instant at which clocks in ``zone`` show ``wall`` (a datetime without a zone).

        Args:
            wall: what the clock on the wall shows.
            zone: IANA name.
            repeated: which of the two is meant where a clock change makes the time happen twice.

        Raises:
            Invalid: ``skipped_wall_time`` if no clock there ever shows it, ``repeated_wall_time`` if it happens twice
                and no choice was made, ``unknown_zone``.
        """
        import pendulum

        if wall.tzinfo is not None:
            raise Invalid("A wall-clock time has no zone of its own: pass the zone beside it.", code="aware_wall_time")
        tz = pendulum.timezone(check_zone(zone))
        first, second = (tz.convert(wall.replace(fold=fold)) for fold in (0, 1))
        facts = {"wall": wall.isoformat(), "zone": zone}
        if first.replace(tzinfo=None) != wall:
            raise Invalid(
                f"Clocks in {zone} never show {wall.isoformat(' ')}: a clock change skips it. Choose another time.",
                code="skipped_wall_time",
                **facts,
            )
        if first.utcoffset() != second.utcoffset() and repeated == "refuse":
            raise Invalid(
                f"Clocks in {zone} show {wall.isoformat(' ')} twice: say repeated='first' or 'second'.",
                code="repeated_wall_time",
                **facts,
            )
        return cls.of(second if repeated == "second" else first)

    @property
    def utc(self) -> datetime:
        """As a standard datetime in UTC."""
        return _EPOCH + timedelta(microseconds=self.us)

    def local(self, zone: Zone) -> pendulum.DateTime:
        """As people in ``zone`` read it. For display; do arithmetic on instants.

        Raises:
            Invalid: ``unknown_zone``.
        """
        import pendulum

        return pendulum.instance(self.utc).in_timezone(check_zone(zone))

    def iso(self) -> str:
        """RFC 3339 in UTC with ``Z``, to the second, or to the microsecond where there is a fraction.

        >>> Instant(1_500_000).iso()
        '1970-01-01T00:00:01.500000Z'
        """
        return self.utc.replace(tzinfo=None).isoformat() + "Z"

    def __str__(self) -> str:
        return self.iso()

    def __repr__(self) -> str:
        return f"Instant.parse({self.iso()!r})"

    def __add__(self, span: timedelta) -> Instant:
        return Instant(self.us + span // _MICROSECOND)

    @overload
    def __sub__(self, other: Instant) -> timedelta: ...
    @overload
    def __sub__(self, other: timedelta) -> Instant: ...
    def __sub__(self, other: Instant | timedelta) -> timedelta | Instant:
        if isinstance(other, Instant):
            return timedelta(microseconds=self.us - other.us)
        return Instant(self.us - other // _MICROSECOND)


def as_instant(value: Instant | datetime) -> Instant:
    """:meth:`Instant.of` as a function: the converter for the fields of commands and values."""
    return Instant.of(value)


@frozen
class Window:
    """The half-open time from ``opens`` to ``closes``; ``closes`` is no longer inside.

    Raises:
        Invalid: ``empty_window`` if it does not open before it closes.
    """

    opens: Instant = field(converter=as_instant)
    closes: Instant = field(converter=as_instant)

    def __attrs_post_init__(self) -> None:
        if self.closes <= self.opens:
            raise Invalid(
                f"A window must end after it starts: {self.opens} is not before {self.closes}.",
                code="empty_window",
                opens=str(self.opens),
                closes=str(self.closes),
            )

    def __contains__(self, at: Instant) -> bool:
        return self.opens <= at < self.closes

    def overlaps(self, other: Window) -> bool:
        """Whether some instant is inside both; windows that only touch do not overlap."""
        return self.opens < other.closes and other.opens < self.closes

    def widened(self, before: timedelta, after: timedelta) -> Self:
        """With margins in absolute time on both sides.

        >>> start = Instant.parse("2026-03-29T03:05:00+02:00")
        >>> quarter = timedelta(minutes=15)
        >>> str(Window(start, start + quarter).widened(quarter, quarter).opens)
        '2026-03-29T00:50:00Z'
        """
        return type(self)(self.opens - before, self.closes + after)

    @property
    def length(self) -> timedelta:
        """From opening to closing, in absolute time."""
        return self.closes - self.opens


class Clock(Protocol):
    """What tells the time to a kit. The system's is ``runtime.entropy.SystemClock``, one for tests ``testing.ManualClock``."""

    def now(self) -> Instant:
        """The present instant."""
        ...


_STEP = 86_400
_SECOND = 1_000_000


def offsets(zone: Zone, since: int, until: int) -> Iterator[tuple[int, int, int]]:
    """The stretches from ``since`` until ``until`` in which clocks in ``zone`` keep one distance to UTC, in order.

    For interval arithmetic on wall-clock times: within a stretch, what the clock shows is the instant plus the offset. All in
    microseconds, since 1970 in UTC. Costs a look at the zone a day and 17 a change; two changes within a day that cancel each
    other, which no zone has ever had, would be missed.

    >>> spring = Instant.parse("2026-03-29T00:00:00Z").us
    >>> [offset // 3_600_000_000 for _, _, offset in offsets("Europe/Zurich", spring, spring + 86_400_000_000)]
    [1, 2]

    Yields:
        from, until (the next one's from), offset.

    Raises:
        Invalid: ``unknown_zone``.
    """
    tz = _zone(check_zone(zone))

    def offset(second: int) -> timedelta:
        return (_EPOCH + timedelta(seconds=second)).astimezone(tz).utcoffset() or timedelta(0)

    begins, here, now = since, since // _SECOND, offset(since // _SECOND)
    while here * _SECOND < until:
        there = min(here + _STEP, -(-until // _SECOND))
        then = offset(there)
        if then != now:
            before, after = here, there  # clocks change at whole seconds: somewhere after one, at the other or before
            while after - before > 1:
                middle = (before + after) // 2
                if offset(middle) == now:
                    before = middle
                else:
                    after = middle
            there, then = after, offset(after)
            if after * _SECOND < until:
                yield begins, after * _SECOND, now // _MICROSECOND
                begins, now = after * _SECOND, then
        here = there
    if begins < until:
        yield begins, until, now // _MICROSECOND


@cache
def _zone(zone: Zone) -> tzinfo:
    """pendulum would look for its file again."""
    import pendulum

    return pendulum.timezone(zone)


@cache
def _zones() -> frozenset[str]:
    import pendulum

    return frozenset(pendulum.timezones()) - {"localtime"}  # the machine's own zone: another one elsewhere


def check_zone(zone: str) -> Zone:
    """The zone name itself, once it is known to exist. The first call reads the tz database's list of names.

    Names are those of the IANA database, to the letter: ``utc`` is none, and neither is ``localtime``.

    Raises:
        Invalid: ``unknown_zone`` if the tz database has no such name.
    """
    if zone not in _zones():
        raise Invalid(
            f"{zone!r} is no time zone of the IANA database: write it like 'Europe/Stockholm'.",
            code="unknown_zone",
            zone=zone,
        )
    return zone
