"""Paces: some at once, then one after each pause; against a model that remembers every time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.accounts import Pace, network_of, subject_of
from servicekit.moments import Instant

SECOND = timedelta(seconds=1)
NOW = Instant(1_000_000_000)


@given(st.integers(1, 5), st.integers(1, 5), st.lists(st.integers(0, 12), max_size=30))
def test_a_pace_is_a_queue_that_empties_steadily(burst: int, pause: int, gaps: list[int]) -> None:
    """A bucket of ``burst`` places that loses one each pause: what fits is done, what does not has to wait."""
    pace = Pace(burst=burst, pause=pause * SECOND)
    until, level, at = None, 0.0, NOW
    for gap in gaps:
        at, level = at + gap * SECOND, max(0.0, level - gap / pause)
        fits = level + 1 <= burst + 1e-9
        assert pace.left(until, at) == int(burst - level + 1e-9)
        after = pace.spent(until, at)
        assert (after is not None) == fits
        if after is None:
            next_at = pace.next_at(until, at)
            assert pace.spent(until, next_at) is not None
            assert pace.spent(until, next_at - timedelta(microseconds=1)) is None
        else:
            assert pace.next_at(until, at) == at
            until, level = after, level + 1


def test_what_was_spent_long_ago_counts_no_more() -> None:
    """All is left."""
    pace = Pace(burst=3, pause=SECOND)
    assert pace.left(NOW, NOW + 100 * SECOND) == 3
    assert pace.spent(NOW, NOW + 100 * SECOND) == NOW + 101 * SECOND


@pytest.mark.parametrize(
    ("origin", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", ""),
        ("a proxy", "a proxy"),
    ],
)
def test_an_origin_is_a_subscriber(origin: str, network: str) -> None:
    """An IPv6 subscriber has 2^64 addresses, and one pace."""
    assert network_of(origin) == network


def test_a_subject_tells_nothing_and_its_parts_never_run_together() -> None:
    """A digest; ("ab", "c") is not ("a", "bc")."""
    assert subject_of("ab", "c") != subject_of("a", "bc")
    assert "anna" not in subject_of("guess", "anna@salon.example")
    assert subject_of("\ud800") == subject_of("\ud800")
