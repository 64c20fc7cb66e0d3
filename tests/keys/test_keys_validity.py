"""When a key works, on the nights of clock changes above all, and which doors it opens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.keys import components_of, validity
from servicekit.moments import Instant, Window

QUARTER = timedelta(minutes=15)
ZONES = ["Europe/Zurich", "Europe/Stockholm", "America/New_York", "Australia/Lord_Howe"]
MARGINS = st.just(QUARTER) | st.timedeltas(timedelta(0), timedelta(hours=3))
DOORS = st.lists(st.sampled_from(["main", "cloakroom", "room 1", "room 2"]))


@cache
def changes(zone: str) -> list[datetime]:
    """The hours in UTC of 2026 within which clocks in ``zone`` change."""
    hours = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=n) for n in range(8760)]
    offsets = [at.astimezone(ZoneInfo(zone)).utcoffset() for at in hours]
    return [hour for hour, before, after in zip(hours, offsets, offsets[1:], strict=False) if before != after]


@st.composite
def booked(draw: st.DrawFn) -> Window:
    """A booking of up to three hours that starts within three hours of a clock change."""
    change = Instant.of(draw(st.sampled_from(changes(draw(st.sampled_from(ZONES))))))
    starts = change + draw(st.timedeltas(timedelta(hours=-3), timedelta(hours=3)))
    return Window(starts, starts + draw(st.timedeltas(timedelta(minutes=1), timedelta(hours=3))))


@pytest.mark.spec("K-06", "K-12")
@given(booked(), MARGINS, MARGINS)
def test_margins_are_what_a_stopwatch_shows(window: Window, before: timedelta, after: timedelta) -> None:
    """From opening to the start, and from the end to closing, exactly the margins pass, whatever clocks are set to meanwhile."""
    works = validity(window, before, after)
    assert window.opens.utc - works.opens.utc == before
    assert works.closes.utc - window.closes.utc == after


@pytest.mark.parametrize("zone", ZONES)
def test_clock_changes_are_met(zone: str) -> None:
    """Each of the zones changes its clocks twice in the year that the bookings above are drawn from."""
    assert len(changes(zone)) == 2


@pytest.mark.spec("K-06", "K-12")
@pytest.mark.parametrize(
    ("zone", "starts", "ends", "opens", "closes"),
    [
        # An ordinary day.
        ("Europe/Zurich", "2026-11-25T14:00+01:00", "2026-11-25T15:00+01:00", "13:45:00+01:00", "15:15:00+01:00"),
        # Spring: 02:00 to 03:00 does not exist; Lord Howe skips half an hour.
        ("Europe/Zurich", "2026-03-29T03:05+02:00", "2026-03-29T04:00+02:00", "01:50:00+01:00", "04:15:00+02:00"),
        ("Europe/Stockholm", "2026-03-29T01:00+01:00", "2026-03-29T01:50+01:00", "00:45:00+01:00", "03:05:00+02:00"),
        ("America/New_York", "2026-03-08T03:10-04:00", "2026-03-08T04:00-04:00", "01:55:00-05:00", "04:15:00-04:00"),
        ("Australia/Lord_Howe", "2026-10-04T02:35+11:00", "2026-10-04T03:00+11:00", "01:50:00+10:30", "03:15:00+11:00"),
        # Autumn: an hour happens twice; on Lord Howe half of one.
        ("Europe/Zurich", "2026-10-25T02:05+01:00", "2026-10-25T03:00+01:00", "02:50:00+02:00", "03:15:00+01:00"),
        ("Europe/Stockholm", "2026-10-25T01:00+02:00", "2026-10-25T02:50+02:00", "00:45:00+02:00", "02:05:00+01:00"),
        ("America/New_York", "2026-11-01T01:10-05:00", "2026-11-01T02:00-05:00", "01:55:00-04:00", "02:15:00-05:00"),
        ("Australia/Lord_Howe", "2026-04-05T01:40+10:30", "2026-04-05T02:00+10:30", "01:55:00+11:00", "02:15:00+10:30"),
    ],
)
def test_what_clocks_on_the_wall_show(zone: str, starts: str, ends: str, opens: str, closes: str) -> None:
    """A quarter of an hour before and after, as people at the door read it, on both nights of each zone."""
    works = validity(Window(Instant.parse(starts), Instant.parse(ends)), QUARTER, QUARTER)
    assert works.opens.local(zone).isoformat().partition("T")[2] == opens
    assert works.closes.local(zone).isoformat().partition("T")[2] == closes


@pytest.mark.spec("K-12")
def test_adjoining_bookings_are_told_apart() -> None:
    """Without margins the keys of two adjoining bookings never work at the same instant; with margins both do in between."""
    noon, hour, none = Instant.parse("2026-11-25T12:00:00Z"), timedelta(hours=1), timedelta(0)
    first, second = Window(noon, noon + hour), Window(noon + hour, noon + 2 * hour)
    assert not validity(first, none, none).overlaps(validity(second, none, none))
    assert validity(first, QUARTER, QUARTER).overlaps(validity(second, QUARTER, QUARTER))


@pytest.mark.spec("K-06")
@given(DOORS, DOORS)
def test_doors_are_the_branchs_and_the_services(branch: list[str], service: list[str]) -> None:
    """Exactly the doors of both, each once; the branch's first, each in the order in which it was first named."""
    doors = components_of(branch, service)
    assert set(doors) == set(branch) | set(service)
    assert sorted(doors, key=[*branch, *service].index) == list(doors)
    assert len(doors) == len(set(doors))
