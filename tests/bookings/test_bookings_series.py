"""Series against a slow walk through the calendar, and clocks at changes."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.bookings import Frequency, Recurrence
from servicekit.bookings.series import at_wall, dates, occurrences, shifted, wall
from servicekit.errors import Invalid
from servicekit.moments import Instant

ZONES = ("Europe/Zurich", "Europe/Stockholm", "America/New_York", "Australia/Lord_Howe")
DAY = timedelta(days=1)
F = Frequency


def months_between(first: date, day: date) -> int:
    """How many months lie between."""
    return (day.year - first.year) * 12 + day.month - first.month


def belongs(rule: Recurrence, first: date, day: date) -> bool:
    """The slow model: whether one date belongs to the endless series."""
    if rule.every is F.DAILY:
        return (day - first).days % rule.interval == 0
    if rule.every is F.WEEKLY:
        monday = [one - one.weekday() * DAY for one in (first, day)]
        weeks = (monday[1] - monday[0]).days // 7
        return weeks % rule.interval == 0 and day.weekday() in (rule.on or (first.weekday(),))
    return day.day == first.day and months_between(first, day) % rule.interval == 0


@st.composite
def rules(draw: st.DrawFn) -> tuple[Recurrence, date]:
    """A rule and a first date that it may begin on."""
    first = draw(st.dates(date(2024, 1, 1), date(2027, 12, 31)))
    every = draw(st.sampled_from(Frequency))
    on: tuple[int, ...] = ()
    if every is F.WEEKLY and draw(st.booleans()):
        on = tuple({first.weekday(), *draw(st.lists(st.integers(0, 6), max_size=3))})
    bound: dict[str, object] = {"count": draw(st.integers(1, 12))}
    if draw(st.booleans()):
        bound = {"until": first + draw(st.integers(-1, 300)) * DAY}
    besides = tuple(first + draw(st.integers(0, 40)) * DAY for _ in range(draw(st.integers(0, 3))))
    rule = Recurrence(every=every, interval=draw(st.integers(1, 4)), on=on, besides=besides, **bound)  # type: ignore[arg-type]
    return rule, first


@pytest.mark.spec("B-05")
@given(rules())
def test_dates_are_what_a_walk_through_the_calendar_finds(drawn: tuple[Recurrence, date]) -> None:
    """Day by day: those that belong, as many as counted or until the last, without the excepted ones."""
    rule, first = drawn
    walk = (first + number * DAY for number in range(366 * 8))
    endless = (day for day in walk if belongs(rule, first, day))
    bounded = list(islice(endless, rule.count)) if rule.until is None else [day for day in endless if day <= rule.until]
    assert list(dates(rule, first)) == [day for day in bounded if day not in rule.besides]


@pytest.mark.parametrize(
    "wrong",
    [
        {"interval": 0, "count": 1},
        {},
        {"count": 1, "until": date(2026, 1, 1)},
        {"count": 0},
        {"count": 401},
        {"count": 1, "on": (7,)},
        {"count": 1, "on": (0,), "every": F.DAILY},
    ],
)
def test_a_recurrence_that_cannot_be(wrong: dict[str, object]) -> None:
    """No bound or two, none or too many, weekdays that are none or not for weeks."""
    with pytest.raises(Invalid) as caught:
        Recurrence(**{"every": F.WEEKLY, **wrong})  # type: ignore[arg-type]
    assert caught.value.code == "bad_recurrence"


def test_the_first_date_is_one_of_the_series() -> None:
    """A Wednesday is not the first of a series on Mondays."""
    with pytest.raises(Invalid, match="on none of the weekdays"):
        list(dates(Recurrence(every=F.WEEKLY, count=2, on=(0,)), date(2026, 11, 25)))


def test_a_series_has_400_dates_at_most() -> None:
    """Until a date beyond those is refused; exactly as many are not."""
    first = date(2026, 1, 1)
    assert len(list(dates(Recurrence(every=F.DAILY, until=first + 399 * DAY), first))) == 400
    with pytest.raises(Invalid, match="at most 400 dates: let it end before 2027-02-05"):
        list(dates(Recurrence(every=F.DAILY, until=first + 400 * DAY), first))
    with pytest.raises(ValueError, match="year 10000 is out of range"):
        list(dates(Recurrence(every=F.MONTHLY, count=2), date(9999, 12, 1)))


@given(st.sampled_from(ZONES), st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)))  # noqa: DTZ001 - on the wall
def test_a_wall_clock_time_is_the_first_or_moved_on_by_the_gap(zone: str, shown: datetime) -> None:
    """RFC 5545 3.3.5: of two the first; where there is none, with the offset from before. The standard library agrees."""
    shown = shown.replace(minute=shown.minute // 15 * 15, second=0, microsecond=0)
    assert at_wall(shown, zone) == Instant.of(shown.replace(tzinfo=ZoneInfo(zone), fold=0))


@given(st.sampled_from(ZONES), st.integers(0, 365 * 24 * 60))
def test_what_the_clock_shows_is_shown_again(zone: str, minutes: int) -> None:
    """The wall-clock time of an instant is what the zone says, and names that instant or the first of two."""
    at = Instant.parse("2026-01-01T00:00:00Z") + minutes * timedelta(minutes=1)
    assert wall(at, zone) == at.local(zone).replace(tzinfo=None)
    assert at_wall(wall(at, zone), zone) <= at


@pytest.mark.spec("B-05")
@pytest.mark.parametrize("zone", ZONES)
def test_a_series_keeps_its_wall_clock_time_across_both_changes(zone: str) -> None:
    """Each week of a year at ten, and each reads ten, whatever its offset."""
    first = at_wall(datetime.fromisoformat("2026-01-07T10:00:00"), zone)
    found = list(occurrences(Recurrence(every=F.WEEKLY, count=52), first, zone))
    assert {one.local(zone).strftime("%A %H:%M") for one in found} == {"Wednesday 10:00"}
    assert len({one.local(zone).utcoffset() for one in found}) == 2
    assert [(after.local(zone).date() - before.local(zone).date()) for before, after in pairwise(found)] == [
        7 * DAY
    ] * 51


def test_a_time_that_one_night_skips_is_moved_on_in_that_night_alone() -> None:
    """Half past two every night: half past three on the night of the change, at the same instant that it would have been."""
    first = at_wall(datetime.fromisoformat("2026-03-28T02:30:00"), "Europe/Zurich")
    found = occurrences(Recurrence(every=F.DAILY, count=3), first, "Europe/Zurich")
    assert [one.local("Europe/Zurich").strftime("%d %H:%M%z") for one in found] == [
        "28 02:30+0100",
        "29 03:30+0200",
        "30 02:30+0200",
    ]


def test_an_excepted_first_date_is_left_out() -> None:
    """It is counted all the same."""
    first = Instant.parse("2026-11-25T10:00:00Z")
    rule = Recurrence(every=F.DAILY, count=3, besides=(date(2026, 11, 25),))
    assert list(occurrences(rule, first, "UTC")) == [first + DAY, first + 2 * DAY]


def test_the_second_of_two_may_be_the_first_of_a_series() -> None:
    """The instant that was asked for is kept, also where the clock shows its time twice."""
    second = Instant.parse("2026-10-25T01:30:00Z")
    found = occurrences(Recurrence(every=F.DAILY, count=2), second, "Europe/Zurich")
    assert list(found) == [second, Instant.parse("2026-10-26T01:30:00Z")]


def test_a_day_later_is_the_same_time_of_the_next_day() -> None:
    """23 hours later in the night of spring."""
    evening = Instant.parse("2026-03-28T09:00:00Z")
    assert shifted(evening, "Europe/Zurich", DAY) - evening == timedelta(hours=23)
    assert shifted(evening, "Europe/Zurich", timedelta(0)) == evening
