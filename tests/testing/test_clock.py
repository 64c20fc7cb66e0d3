"""The clock for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.errors import Invalid
from servicekit.moments import Instant
from servicekit.testing.clock import ManualClock

NOON = Instant.parse("2026-11-25T12:00:00Z")


@given(st.lists(st.timedeltas(timedelta(days=-3650), timedelta(days=3650)), max_size=9))
def test_it_stands_until_it_is_told(spans: list[timedelta]) -> None:
    """It goes on by exactly the sum of what it was advanced by, and back as well."""
    clock = ManualClock(NOON)
    for span in spans:
        before = clock.now()
        assert clock.now() == before
        clock.advance(span)
        assert clock.now() - before == span
    assert clock.now() - NOON == sum(spans, timedelta(0))


def test_it_is_set_to_instants_and_datetimes() -> None:
    """Either names an instant; an earlier one is allowed."""
    clock = ManualClock(datetime(2026, 11, 25, 12, tzinfo=UTC))
    assert clock.now() == NOON
    clock.set(NOON - timedelta(days=1))
    assert clock.now() == NOON - timedelta(days=1)
    clock.set(NOON.utc)
    assert clock.now() == NOON


def test_it_shows_no_time_without_a_zone() -> None:
    """A naive datetime is refused, at the start and later; the clock stands where it stood."""
    naive = datetime(2026, 11, 25, 12)  # noqa: DTZ001 - refused
    with pytest.raises(Invalid):
        ManualClock(naive)
    clock = ManualClock(NOON)
    with pytest.raises(Invalid):
        clock.set(naive)
    assert clock.now() == NOON
