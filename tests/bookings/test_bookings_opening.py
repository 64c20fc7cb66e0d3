"""Opening hours against clocks that are read minute by minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.bookings import Day, Hours, OpeningHours
from servicekit.bookings.opening import pieces
from servicekit.errors import Invalid
from servicekit.moments import Instant

MINUTE = 60_000_000
ZONES = ("Europe/Zurich", "Europe/Stockholm", "America/New_York", "Australia/Lord_Howe")
CHANGES = {
    "Europe/Zurich": (datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)),
    "Europe/Stockholm": (datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)),
    "America/New_York": (datetime(2026, 3, 8, 7, tzinfo=UTC), datetime(2026, 11, 1, 6, tzinfo=UTC)),
    "Australia/Lord_Howe": (datetime(2026, 4, 4, 15, tzinfo=UTC), datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
}
"""Spring and autumn of each zone, in UTC."""


@st.composite
def some_hours(draw: st.DrawFn) -> tuple[Hours, ...]:
    """Up to three intervals of a day; the last may go on past midnight."""
    marks: list[int] = sorted(draw(st.lists(st.integers(0, 47), unique=True, max_size=6)))
    found = [Hours(opens * 30, closes * 30) for opens, closes in zip(marks[::2], marks[1::2], strict=False)]
    longest: int = draw(st.integers(0, 48))
    if found and longest:
        found[-1] = Hours(found[-1].opens, found[-1].opens + longest * 30)
    return tuple(found)


@st.composite
def openings(draw: st.DrawFn, near: date) -> OpeningHours:
    """Weekly hours, and dates of their own around one date."""
    days = {near + timedelta(days=draw(st.integers(-2, 2))): draw(some_hours()) for _ in range(draw(st.integers(0, 2)))}
    monday, tuesday, wednesday, thursday, friday, saturday, sunday = (draw(some_hours()) for _ in range(7))
    return OpeningHours(
        monday=monday,
        tuesday=tuesday,
        wednesday=wednesday,
        thursday=thursday,
        friday=friday,
        saturday=saturday,
        sunday=sunday,
        days=tuple(Day(on, hours) for on, hours in days.items()),
    )


def is_open(opening: OpeningHours | None, zone: str, us: int) -> bool:
    """The slow model: what the clock shows lies in hours that begin on that date or the one before."""
    if opening is None:
        return True
    shown = datetime.fromtimestamp(us // 1_000_000, ZoneInfo(zone))
    for back in (0, 1):
        minutes = shown.hour * 60 + shown.minute + back * 1440
        if any(one.opens <= minutes < one.closes for one in opening.beginning_on(shown.date() - timedelta(days=back))):
            return True
    return False


@given(st.data(), st.sampled_from(ZONES), st.integers(0, 1))
def test_open_is_what_the_clock_shows_around_both_changes(data: st.DataObject, zone: str, autumn: int) -> None:
    """Every minute of three days around a clock change is open or shut as the clock on the wall says."""
    change = CHANGES[zone][autumn]
    opening = data.draw(st.none() | openings(change.date()))
    since = Instant.of(change - timedelta(hours=36)).us
    found = [False] * (72 * 60)
    for opens, closes, _ in pieces(opening, zone, since, since + 72 * 60 * MINUTE):
        for minute in range((opens - since) // MINUTE, (closes - since) // MINUTE):
            found[minute] = True
    assert found == [is_open(opening, zone, since + minute * MINUTE) for minute in range(72 * 60)]


@given(st.data(), st.sampled_from(ZONES), st.integers(0, 1))
def test_pieces_are_cut_to_the_time_that_is_asked_for(data: st.DataObject, zone: str, autumn: int) -> None:
    """A part of the time has that part of the open times, to the microsecond, in order of start."""
    change = CHANGES[zone][autumn]
    opening = data.draw(openings(change.date()))
    since = Instant.of(change).us + data.draw(st.integers(-86_400_000_000, 0))
    until = since + data.draw(st.integers(1, 2 * 86_400_000_000))
    whole = pieces(opening, zone, since - 86_400_000_000, until + 86_400_000_000)
    part = list(pieces(opening, zone, since, until))
    cut = [(max(a, since), min(b, until), c) for a, b, c in whole if a < until and b > since]
    assert sorted(part) == sorted(cut)
    assert [one[0] for one in part] == sorted(one[0] for one in part)


def test_f03_hours_keep_to_the_wall_clock_across_a_change() -> None:
    """F-03: nine to five is nine to five on the Sunday of the change, though the offset is another than the day before."""
    opening = OpeningHours.every_day(Hours.between(time(9), time(17)))
    since = Instant.parse("2026-03-28T00:00:00Z").us
    found = [str(Instant(opens)) for opens, _, _ in pieces(opening, "Europe/Zurich", since, since + 2 * 86_400_000_000)]
    assert found == ["2026-03-28T08:00:00Z", "2026-03-29T07:00:00Z"]


def test_a_skipped_hour_is_nothing_and_a_repeated_one_is_open_twice() -> None:
    """Open from two to three at night: not at all in spring, twice an hour in autumn."""
    opening = OpeningHours.every_day(Hours.between(time(2), time(3)))
    assert list(pieces(opening, "Europe/Zurich", *_day("2026-03-28T23:00:00Z", 23))) == []
    autumn = pieces(opening, "Europe/Zurich", *_day("2026-10-24T22:00:00Z", 25))
    assert [(str(Instant(a)), str(Instant(b))) for a, b, _ in autumn] == [
        ("2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z"),
        ("2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z"),
    ]


def _day(since: str, hours: int) -> tuple[int, int]:
    start = Instant.parse(since)
    return start.us, (start + timedelta(hours=hours)).us


@pytest.mark.spec("B-04")
def test_a_date_of_its_own_replaces_what_begins_on_it() -> None:
    """A closed day is closed, but for the night that began the day before."""
    late = Hours.between(time(20), time(2))
    opening = OpeningHours.every_day(late, days=(Day(date(2026, 12, 24)),))
    found = [str(Instant(a)) for a, _, _ in pieces(opening, "UTC", *_day("2026-12-23T12:00:00Z", 60))]
    assert found == ["2026-12-23T20:00:00Z", "2026-12-25T20:00:00Z"]
    assert is_open(opening, "UTC", Instant.parse("2026-12-24T01:59:00Z").us)


@given(st.times(), st.times())
def test_hours_between_two_times(opens: time, closes: time) -> None:
    """To the next day's time where it is not later; only whole minutes are hours."""
    if opens.second or opens.microsecond or closes.second or closes.microsecond:
        with pytest.raises(Invalid) as caught:
            Hours.between(opens, closes)
        assert caught.value.code == "bad_hours"
        return
    made = Hours.between(opens, closes)
    assert made.opens == opens.hour * 60 + opens.minute
    assert made.closes % 1440 == closes.hour * 60 + closes.minute
    assert 0 < made.closes - made.opens <= 1440


def test_a_time_with_a_zone_is_no_opening_time() -> None:
    """Hours are the branch's own."""
    with pytest.raises(Invalid, match="whole minutes on the wall clock"):
        Hours.between(time(9, tzinfo=UTC), time(17, tzinfo=UTC))


@pytest.mark.parametrize(("opens", "closes"), [(-1, 5), (1440, 1500), (600, 600), (600, 599), (600, 2041)])
def test_hours_that_cannot_be(opens: int, closes: int) -> None:
    """They begin within a day, end after they begin, and last a day at most."""
    with pytest.raises(Invalid) as caught:
        Hours(opens, closes)
    assert caught.value.code == "bad_hours"
    assert caught.value.facts == {"opens": opens, "closes": closes}
    assert Hours(600, 2040).closes == 2040


def test_hours_of_a_day_stand_in_order_and_apart() -> None:
    """However they were written; two that overlap are refused, two that touch are not."""
    morning, afternoon = Hours(540, 720), Hours(720, 1020)
    assert OpeningHours(monday=(afternoon, morning)).monday == (morning, afternoon)
    for wrong in (
        lambda: OpeningHours(friday=(morning, Hours(719, 800))),
        lambda: Day(date(2026, 1, 1), (morning,) * 2),
    ):
        with pytest.raises(Invalid) as caught:
            wrong()
        assert caught.value.code == "hours_overlap"


def test_a_date_is_said_once() -> None:
    """Two entries for a date could not both hold."""
    with pytest.raises(Invalid) as caught:
        OpeningHours(days=(Day(date(2026, 1, 1)), Day(date(2026, 1, 1), (Hours(0, 60),))))
    assert caught.value.code == "date_twice"


def test_weekdays_and_every_day() -> None:
    """Monday to Friday, or all seven; with the dates that differ."""
    hours, days = Hours(540, 1020), (Day(date(2026, 12, 25)),)
    monday = date(2026, 11, 23)
    work = OpeningHours.weekdays(hours, days=days)
    assert [bool(work.beginning_on(monday + timedelta(days=day))) for day in range(7)] == [True] * 5 + [False] * 2
    daily = OpeningHours.every_day(hours, days=days)
    assert all(daily.beginning_on(monday + timedelta(days=day)) == (hours,) for day in range(7))
    assert work.beginning_on(date(2026, 12, 25)) == daily.beginning_on(date(2026, 12, 25)) == ()
