"""Quotas against a slow model: the whole log, counted anew for every message."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from servicekit.groups import (
    Group,
    Limit,
    LimitKind,
    Quota,
    Settings,
    Struck,
    Usage,
    User,
    bucket_of,
    judge,
    least,
    limits_of,
)
from servicekit.groups.quotas import expired_before
from servicekit.ids import GroupId, UserId
from servicekit.moments import Instant

MINUTE = timedelta(minutes=1)
START = Instant.parse("2026-03-28T22:00:00Z")
QUOTAS = st.none() | st.builds(Quota, st.none() | st.integers(0, 5), st.none() | st.integers(1, 30))
DAYS = st.integers(1, 400)
MOMENTS = st.timedeltas(timedelta(0), 2 * MINUTE)
GAPS = st.one_of(
    st.just(timedelta(0)),
    MOMENTS,
    st.timedeltas(timedelta(0), timedelta(hours=30)),
    st.builds(lambda days, less: timedelta(days=days) - less, st.integers(1, 3), MOMENTS),
)
SENDS = st.lists(st.tuples(GAPS, st.integers(1, 4)), max_size=40)
"""For each message: how long after the one before (often almost a window), and how many segments."""


def tree(*quotas: tuple[Quota | None, Quota | None]) -> tuple[User, list[Group]]:
    """A user and the path of its group; each pair is a group's user quota and group quota, the root's last."""
    ids = [GroupId(f"grp_{depth}") for depth in range(len(quotas))]
    path = [
        Group(
            id=ids[depth],
            organisation=ids[-1],
            parent=None,
            name=f"Group {depth}",
            zone="Europe/Stockholm",
            settings=Settings(user_quota=user, group_quota=group),
        )
        for depth, (user, group) in enumerate(quotas)
    ]
    return User(id=UserId("usr_1"), organisation=ids[-1], group=ids[0], email="eva@salon.example"), path


@pytest.mark.spec("M-23")
@given(st.lists(st.tuples(QUOTAS, QUOTAS), min_size=1, max_size=4), st.booleans())
def test_limits_in_the_order_in_which_they_strike(
    quotas: list[tuple[Quota | None, Quota | None]], personal: bool
) -> None:
    """The user's own limit (the nearest that a group sets), then its group's, then each above; unlimited is no limit."""
    user, path = tree(*quotas)
    expected = []
    own = next((quota for quota, _ in quotas if quota is not None), None)
    if personal and own is not None and own.segments is not None:
        expected.append(("Personal:Group 0", "usr_1", own.segments, own.days))
    for depth, (_, quota) in enumerate(quotas):
        if quota is not None and quota.segments is not None:
            expected.append((f"Group:Group {depth}", f"grp_{depth}", quota.segments, quota.days))
    found = limits_of(user if personal else None, path)
    assert [(limit.status, limit.subject, limit.most, limit.days) for limit in found] == expected


@pytest.mark.spec("M-23")
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 12)), max_size=5), st.integers(1, 5))
def test_the_first_limit_that_would_break_is_named(state: list[tuple[int, int]], asked: int) -> None:
    """A message passes when no limit would be exceeded by it; otherwise the first in order that would be is named."""
    limits = [
        (Limit(LimitKind.GROUP, f"grp_{n}", f"Group {n}", most, None), used) for n, (most, used) in enumerate(state)
    ]
    broken = [Struck(limit, used, asked) for limit, used in limits if limit.most - used < asked]
    assert judge(limits, asked) == (broken[0] if broken else None)


@pytest.mark.spec("M-22")
@pytest.mark.parametrize("most", [0, 3])
def test_a_limit_is_reached_exactly(most: int) -> None:
    """What fits exactly passes, one more does not; under 0 nothing passes."""
    limit = Limit(LimitKind.PERSONAL, "usr_1", "Stylists", most, 30)
    assert judge([(limit, 0)], most) is None
    assert judge([(limit, 0)], most + 1) == Struck(limit, 0, most + 1)


def test_the_log_shows_a_limit_by_these_words() -> None:
    """Personal and Group, and the name of the group whose limit it is."""
    assert Limit(LimitKind.PERSONAL, "usr_1", "Stylists", 1, None).status == "Personal:Stylists"
    assert Limit(LimitKind.GROUP, "grp_1", "Salon", 1, None).status == "Group:Salon"


@given(st.integers(0, 10**13), DAYS)
def test_buckets_are_a_minute_for_each_day_of_the_window(seconds: int, days: int) -> None:
    """A bucket is 1/1440 of its window, begins at a multiple of that since 1970, and holds the instant."""
    at = Instant(seconds)
    bucket, width = bucket_of(at, days), days * 60_000_000
    assert bucket % width == 0
    assert bucket <= at.us < bucket + width


@pytest.mark.spec("M-22")
@given(st.integers(10**15, 10**16).map(Instant), DAYS)
def test_a_bucket_counts_until_all_of_it_has_left_the_window(at: Instant, days: int) -> None:
    """It is gone one microsecond after its end has become as old as the window is long."""
    bucket = bucket_of(at, days)
    ends = Instant(bucket) + days * MINUTE
    assert expired_before(ends + timedelta(days=days), days) == bucket
    assert expired_before(ends + timedelta(days=days, microseconds=1), days) > bucket


@given(st.integers(0, 10**17).map(Instant))
def test_without_a_window_there_is_one_bucket(at: Instant) -> None:
    """What counts for ever is counted in one place."""
    assert bucket_of(at, None) == 0


@pytest.mark.spec("M-22")
@given(SENDS, st.integers(1, 3))
@example([(MINUTE / 2, 1), (timedelta(days=1), 1), (MINUTE, 1), (timedelta(microseconds=1), 1)], 1)
def test_a_sum_over_buckets_is_never_less_than_the_window(sends: list[tuple[timedelta, int]], days: int) -> None:
    """What buckets count lies between the exact sum over the window and the sum over one bucket more."""
    log: list[tuple[Instant, int]] = []
    at, buckets, width = START, Counter[int](), days * MINUTE
    for gap, segments in sends:
        at += gap
        log.append((at, segments))
        buckets[bucket_of(at, days)] += segments
        counted = sum(count for bucket, count in buckets.items() if bucket >= expired_before(at, days))
        window = at - timedelta(days=days)
        assert sum(count for sent, count in log if sent >= window) <= counted
        assert counted <= sum(count for sent, count in log if sent >= window - width)


@pytest.mark.spec("M-22", "M-23")
@given(SENDS, st.integers(0, 6), st.integers(1, 3))
def test_no_window_ever_holds_more_than_its_limit(sends: list[tuple[timedelta, int]], most: int, days: int) -> None:
    """Judged by buckets, message after message: within any ``days`` back from any message, at most the limit was sent."""
    limit = Limit(LimitKind.GROUP, "grp_1", "Salon", most, days)
    sent: list[tuple[Instant, int]] = []
    at, buckets = START, Counter[int]()
    for gap, segments in sends:
        at += gap
        used = sum(count for bucket, count in buckets.items() if bucket >= expired_before(at, days))
        exact = sum(count for when, count in sent if when >= at - timedelta(days=days) - days * MINUTE)
        if judge([(limit, used)], segments) is None:
            sent.append((at, segments))
            buckets[bucket_of(at, days)] += segments
        else:
            assert exact + segments > most, "refused although a window longer by a bucket has room"
        assert sum(count for when, count in sent if when >= at - timedelta(days=days)) <= most


# What is left

LIMITS = st.builds(Limit, st.just(LimitKind.GROUP), st.just("grp_1"), st.just("Salon"), st.integers(0, 9), st.just(30))
USAGES = st.lists(
    st.builds(Usage, LIMITS, st.integers(0, 12), st.none() | st.integers(0, 9).map(lambda day: START + day * MINUTE)),
    max_size=5,
)


@pytest.mark.spec("M-34")
@given(USAGES)
def test_the_least_that_is_left_holds(usages: list[Usage]) -> None:
    """The first of those with the smallest remainder; more can be sent only when each of them has more."""
    found = least(usages)
    if not usages:
        assert found is None
        return
    assert found is not None
    ranked = sorted(usages, key=lambda usage: usage.left)
    assert (found.limit, found.used) == (ranked[0].limit, ranked[0].used)
    back = [usage.more_at for usage in usages if usage.left == found.left]
    assert (found.more_at is None) == (None in back)
    assert found.more_at is None or all(at is not None and at <= found.more_at for at in back)


def test_nothing_is_left_of_a_limit_that_was_lowered() -> None:
    """What is used beyond it makes no debt."""
    assert Usage(Limit(LimitKind.GROUP, "grp_1", "Salon", 5, None), 8, None).left == 0
