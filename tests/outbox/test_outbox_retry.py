"""Retry against a slow model: pauses doubled one by one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from servicekit.errors import OutcomeUnknown, OutsideError, Rejected, Throttled, Unreachable, Unsupported
from servicekit.moments import Instant
from servicekit.outbox.retry import Again, GiveUp, RetryPolicy, judge_failure

NOW = Instant.parse("2026-11-25T13:00:00Z")
DEFAULT = RetryPolicy()
SECOND = timedelta(seconds=1)
SPANS = st.timedeltas(timedelta(microseconds=1), timedelta(days=3))
POLICIES = st.builds(RetryPolicy, first=SPANS, longest=SPANS, attempts=st.integers(1, 60))
TRANSIENT = st.sampled_from([Unreachable("down"), OutcomeUnknown("lost"), Throttled("wait"), OutsideError("odd")])


def pause(policy: RetryPolicy, attempts: int) -> timedelta:
    """The pause after so many failures before this one: doubled after each, never above the longest."""
    span = policy.first
    for _ in range(attempts):
        if span >= policy.longest:
            break
        span += span
    return min(span, policy.longest)


@given(TRANSIENT, st.integers(0, 80), st.text(), POLICIES)
@example(Unreachable("down"), 58, "eff_1", RetryPolicy(first=timedelta(days=3), longest=timedelta(days=3), attempts=60))
def test_what_may_pass_is_tried_again_until_patience_ends(
    error: OutsideError, attempts: int, salt: str, policy: RetryPolicy
) -> None:
    """The pause doubles up to the longest, spread by at most a quarter; after so many failures a person has to look."""
    verdict = judge_failure(error, attempts=attempts, at=NOW, salt=salt, policy=policy)
    if attempts + 1 >= policy.attempts:
        assert verdict == GiveUp(f"given up after {attempts + 1} tries: {error.message}")
        return
    assert isinstance(verdict, Again)
    assert verdict.counted
    plain = pause(policy, attempts)
    assert plain <= verdict.at - NOW <= plain * 1.25 + timedelta(microseconds=1)


@pytest.mark.parametrize("error", [Rejected("no such number"), Unsupported("no look-up")])
def test_a_final_no_is_given_up_at_once(error: OutsideError) -> None:
    """Repeating cannot help; the vendor's words are the reason."""
    assert judge_failure(error, attempts=0, at=NOW, salt="eff_1", policy=DEFAULT) == GiveUp(error.message)


@given(st.integers(0, 99), st.timedeltas(timedelta(microseconds=1), timedelta(days=30)), st.text())
def test_a_vendors_pause_is_obeyed_and_not_counted(attempts: int, wait: timedelta, salt: str) -> None:
    """However often it has failed: not before the vendor's time, at most a second after, and it is no failure."""
    verdict = judge_failure(Throttled("wait", until=NOW + wait), attempts=attempts, at=NOW, salt=salt, policy=DEFAULT)
    assert isinstance(verdict, Again)
    assert not verdict.counted
    assert timedelta(0) <= verdict.at - (NOW + wait) <= SECOND


@pytest.mark.parametrize("until", [None, NOW, NOW - SECOND])
def test_a_pause_that_is_over_counts_as_a_failure(until: Instant | None) -> None:
    """A vendor that asks to wait until now, or does not say, is tried again as after any failure."""
    verdict = judge_failure(Throttled("wait", until=until), attempts=0, at=NOW, salt="eff_1", policy=DEFAULT)
    assert isinstance(verdict, Again)
    assert verdict.counted
    assert verdict.at >= NOW + DEFAULT.first


@given(st.integers(0, 16))
def test_effects_that_failed_together_come_back_apart(attempts: int) -> None:
    """A hundred effects come back at a hundred times, over most of the spread; the same effect at the same time again."""
    verdicts = [
        judge_failure(Unreachable("down"), attempts=attempts, at=NOW, salt=f"eff_{number}", policy=DEFAULT)
        for number in [*range(100), 0]
    ]
    times = [verdict.at for verdict in verdicts if isinstance(verdict, Again)]
    assert times[0] == times[100]
    assert len(set(times)) == 100
    assert max(times) - min(times) > pause(DEFAULT, attempts) / 5


def test_patience_lasts_about_a_day() -> None:
    """With the defaults a vendor may be away for a whole day before a person has to look."""
    at, attempts = NOW, 0
    while isinstance(
        verdict := judge_failure(Unreachable("down"), attempts=attempts, at=at, salt="eff_1", policy=DEFAULT), Again
    ):
        at, attempts = verdict.at, attempts + 1
    assert timedelta(hours=24) < at - NOW < timedelta(hours=36)
