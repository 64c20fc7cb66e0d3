"""Quiet hours on the wall's clock: what lies in them, and where it goes; also on nights when clocks change."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.errors import Invalid
from servicekit.moments import Instant, Zone
from servicekit.notices import NO_QUIET, QuietHours, Shift

ZURICH, UTC = Zone("Europe/Zurich"), Zone("UTC")
EVER, NEVER = Instant(0), Instant.parse("2100-01-01T00:00:00Z")
MIDNIGHT = Instant.parse("2026-11-26T00:00:00Z")
MINUTE = timedelta(minutes=1)
TIMES = st.integers(0, 24 * 60 - 1).map(lambda minute: f"{minute // 60:02}:{minute % 60:02}")


def at(text: str) -> Instant:
    """An instant by its text."""
    return Instant.parse(text)


@given(TIMES, TIMES, st.integers(0, 48 * 60))
def test_what_lies_in_the_quiet_hours(begins: str, ends: str, minutes: int) -> None:
    """A slow clock goes back to the last beginning or end: it is quiet after a beginning, and before an end."""
    quiet, now = QuietHours(begins=begins, ends=ends), MIDNIGHT + minutes * MINUTE
    walk, wall = now, f"{now.local(UTC):HH:mm}"
    if wall in {begins, ends} or begins == ends:
        assert quiet.around(now, UTC) is None
        return
    while wall not in {begins, ends}:
        walk -= MINUTE
        wall = f"{walk.local(UTC):HH:mm}"
    found = quiet.around(now, UTC)
    assert (found is not None) == (wall == begins)
    if found is not None:
        assert found[0] == walk
        assert f"{found[1].local(UTC):HH:mm}" == ends
        assert found[0] < now < found[1]


@pytest.mark.parametrize(
    ("shift", "due", "goes"),
    [
        (Shift.NEAREST, "2026-11-26T01:00:00Z", "2026-11-25T20:00:00Z"),  # 2 at night: 5 hours after 21, 6 before 8
        (Shift.NEAREST, "2026-11-26T02:00:00Z", "2026-11-26T07:00:00Z"),
        (Shift.NEAREST, "2026-11-26T01:30:00Z", "2026-11-25T20:00:00Z"),  # as near to both
        (Shift.BEFORE, "2026-11-26T06:59:00Z", "2026-11-25T20:00:00Z"),
        (Shift.AFTER, "2026-11-25T20:01:00Z", "2026-11-26T07:00:00Z"),
        (Shift.AFTER, "2026-11-25T20:00:00Z", "2026-11-25T20:00:00Z"),  # at 21 it may go
        (Shift.BEFORE, "2026-11-26T07:00:00Z", "2026-11-26T07:00:00Z"),  # and at 8
        (Shift.BEFORE, "2026-11-26T12:00:00Z", "2026-11-26T12:00:00Z"),
    ],
)
def test_where_a_text_goes(shift: Shift, due: str, goes: str) -> None:
    """By the rule; by day, and at the very ends of the night, it stays."""
    assert QuietHours(shift=shift).moved(at(due), ZURICH, EVER, NEVER) == at(goes)


@pytest.mark.parametrize(
    ("since", "until", "goes"),
    [
        ("2026-11-25T19:59:00Z", "2026-11-26T09:00:00Z", "2026-11-25T20:00:00Z"),
        ("2026-11-25T20:00:00Z", "2026-11-26T09:00:00Z", "2026-11-26T07:00:00Z"),  # made at 21: too late for then
        ("2026-11-25T20:00:00Z", "2026-11-26T07:00:00Z", None),  # begins at 8
    ],
)
def test_where_the_rules_time_is_out_of_reach_the_other_is_taken(since: str, until: str, goes: str | None) -> None:
    """After the booking was made and before it starts; where neither is, never."""
    found = QuietHours(shift=Shift.BEFORE).moved(at("2026-11-26T01:00:00Z"), ZURICH, at(since), at(until))
    assert found == (None if goes is None else at(goes))


def test_f03_nights_when_clocks_change_end_by_the_clock() -> None:
    """F-03: the night is an hour shorter in spring and an hour longer in autumn; its ends stay at 21 and 8 on the wall."""
    for night, hours in (("2026-03-29T00:30:00Z", 10), ("2026-10-25T00:30:00Z", 12)):
        found = QuietHours().around(at(night), ZURICH)
        assert found is not None
        assert found[1] - found[0] == timedelta(hours=hours)
        assert [f"{one.local(ZURICH):HH:mm}" for one in found] == ["21:00", "08:00"]


def test_an_end_that_the_clocks_jump_over_is_an_hour_later() -> None:
    """There is no half past two on that night."""
    found = QuietHours(begins="21:00", ends="02:30").around(at("2026-03-28T23:00:00Z"), ZURICH)
    assert found is not None
    assert f"{found[1].local(ZURICH):HH:mm}" == "03:30"


def test_without_quiet_hours_nothing_is_moved() -> None:
    """Two equal times enclose nothing."""
    assert NO_QUIET.moved(at("2026-11-26T01:00:00Z"), ZURICH, EVER, NEVER) == at("2026-11-26T01:00:00Z")


@pytest.mark.parametrize("time", ["24:00", "9:00", "21:60", "21", "21:00:00", " 21:00", "²1:00", ""])
def test_what_is_no_time_of_day_is_refused(time: str) -> None:
    """Hours and minutes, two digits each."""
    for times in ({"begins": time}, {"ends": time}):
        with pytest.raises(Invalid) as caught:
            QuietHours(**times)
        assert (caught.value.code, caught.value.facts["time"]) == ("not_a_time", time)


def test_words_of_shifts_that_are_stored() -> None:
    """Databases hold these words: changing one loses what was stored under it."""
    assert set(Shift) == {"nearest", "before", "after"}
    assert QuietHours(shift="after").shift is Shift.AFTER  # as it is read back
