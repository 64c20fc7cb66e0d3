"""Months on the wall of a zone: every instant is in exactly one, also where clocks change."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.billing import check_month, day_of, first_day, following, month_of, start_of, window_of
from servicekit.errors import Invalid
from servicekit.moments import Instant

ZONES = ["Europe/Stockholm", "America/Sao_Paulo", "Africa/Cairo", "Australia/Lord_Howe", "Pacific/Apia", "UTC"]
TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    "wrong", ["2026-13", "2026-1", "26-01", "2026-10-01", "", "٢٠٢٦-10", "9999-12", "0001-01", "2026-00"]
)
def test_what_is_no_month_is_refused(wrong: str) -> None:
    """Four digits, a hyphen, two digits from 01 to 12."""
    with pytest.raises(Invalid) as caught:
        check_month(wrong)
    assert caught.value.code == "not_a_month"


def test_months_follow_one_another() -> None:
    """Over the end of a year, and in the order of their texts."""
    assert check_month("2026-10") == "2026-10"
    assert [following(one) for one in ("2026-01", "2026-10", "2026-12", "2028-02")] == [
        "2026-02",
        "2026-11",
        "2027-01",
        "2028-03",
    ]
    assert (first_day("2026-10"), month_of(date(2026, 10, 31))) == (date(2026, 10, 1), "2026-10")


@pytest.mark.parametrize(
    ("day", "zone", "starts"),
    [
        (date(2026, 3, 1), "Europe/Stockholm", "2026-02-28T23:00:00Z"),
        (date(2026, 4, 1), "Europe/Stockholm", "2026-03-31T22:00:00Z"),
        (date(2026, 11, 1), "Europe/Stockholm", "2026-10-31T23:00:00Z"),
        (date(2018, 11, 4), "America/Sao_Paulo", "2018-11-04T03:00:00Z"),  # 00:00 was 01:00
        (date(2018, 2, 18), "America/Sao_Paulo", "2018-02-18T03:00:00Z"),  # 00:00 was 23:00 the day before, once more
        (date(2011, 12, 30), "Pacific/Apia", "2011-12-30T10:00:00Z"),  # a day that was left out: the next one's start
        (date(2011, 12, 31), "Pacific/Apia", "2011-12-30T10:00:00Z"),
    ],
)
def test_a_day_begins_when_clocks_first_show_it(day: date, zone: str, starts: str) -> None:
    """Also where midnight is skipped, or comes twice."""
    assert start_of(day, zone).iso() == starts


@given(st.integers(0, 2**31 * 10**6), st.sampled_from(ZONES))
def test_every_instant_is_in_one_month(us: int, zone: str) -> None:
    """In that of the clock on the wall, and in neither the one before nor the one after."""
    at = Instant(us)
    month = month_of(day_of(at, zone))
    before = month_of(first_day(month) - timedelta(days=1))
    inside = [
        one
        for one in (before, month, following(month))
        if at in window_of(first_day(one), first_day(following(one)), zone)
    ]

    assert inside == [month]


@given(st.dates(date(1971, 1, 1), date(2030, 12, 31)), st.sampled_from(ZONES))
def test_a_tick_before_it_begins_it_is_another_day(day: date, zone: str) -> None:
    """The start of a day is the first instant of it; where clocks went back over midnight, the first of two."""
    starts = start_of(day, zone)

    assert day_of(starts, zone) >= day
    assert day_of(starts - TICK, zone) < day
    assert type(day_of(starts, zone)) is date
