"""Quotas in memory: the same answers as a database gives, one after the other and all at once."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samples import NOON, empty_store
from servicekit.groups import Limit, LimitKind, Struck
from servicekit.groups.tally import Account, Tally
from servicekit.moments import Instant

DAY, MINUTE, TICK = timedelta(days=1), timedelta(minutes=1), timedelta(microseconds=1)


def limit(subject: str, most: int, days: int | None) -> Limit:
    """A group's limit."""
    return Limit(LimitKind.GROUP, subject, subject, most, days)


ROOT, SALON, CAFE = limit("root", 20, 30), limit("salon", 8, 1), limit("cafe", 9, None)
PATHS = ((SALON, ROOT), (CAFE, ROOT), (ROOT,))
SPANS = (
    st.timedeltas(timedelta(), timedelta(hours=3))
    | st.timedeltas(-3 * DAY, timedelta())
    | st.timedeltas(timedelta(), 40 * DAY)
)
STEPS = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3), SPANS, st.booleans()), max_size=40)


@pytest.mark.spec("M-22", "M-23")
@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_it_answers_as_a_database_does(steps: list[tuple[int, int, timedelta, bool]]) -> None:
    """Whatever is spent and refunded, and however the clock goes: the same refusals, and the same is left."""
    tally, now = Tally(), NOON
    accounts = [tally.account(path) for path in PATHS]
    spent: list[tuple[int, int, Instant]] = []
    with empty_store() as store:
        for which, segments, span, refund in steps:
            now += span
            path = PATHS[which]
            if refund and spent:
                where, count, at = spent.pop()
                accounts[where].refund(count, at)
                store.quotas.refund([one.subject for one in PATHS[where]], count, at, under="root")
                continue
            struck = accounts[which].reserve(segments, now)
            assert struck == store.quotas.reserve(path, segments, now)
            if struck is None:
                spent.append((which, segments, now))
            assert accounts[which].usage(now) == tuple(store.quotas.usage(one, now) for one in path)


def test_a_bucket_counts_until_all_of_it_has_left_the_window() -> None:
    """What is spent at noon comes back a day and a minute later, and not a microsecond before."""
    account = Tally().account([limit("salon", 2, 1)])
    assert account.reserve(2, NOON) is None
    (usage,) = account.usage(NOON)
    assert usage.more_at == NOON + DAY + MINUTE + TICK
    assert account.reserve(1, usage.more_at + -TICK) == Struck(limit("salon", 2, 1), 2, 1)
    assert account.reserve(2, usage.more_at) is None


def test_a_refund_of_what_has_expired_gives_nothing() -> None:
    """It left the sum with its bucket; to take it off once more would give it twice."""
    account = Tally().account([limit("salon", 2, 1)])
    assert account.reserve(2, NOON) is None
    assert account.reserve(1, NOON + 2 * DAY) is None
    account.refund(2, NOON)
    assert [usage.used for usage in account.usage(NOON + 2 * DAY)] == [1]


def test_nothing_limits_what_has_no_limit() -> None:
    """An account without limits spends as it likes."""
    account = Tally().account([])
    assert account.reserve(1000, NOON) is None
    assert account.usage(NOON) == ()


@contextmanager
def hasty_switches() -> Iterator[None]:
    """Threads take turns as often as the interpreter lets them."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@pytest.mark.spec("M-29")
def test_eight_threads_spend_exactly_the_limit() -> None:
    """No two of them pass on the same segment, and none is lost."""
    tally = Tally(threading.Lock())
    accounts = [tally.account([limit(f"user {number}", 10_000, 1), limit("root", 4_000, 30)]) for number in range(8)]
    accepted: list[int] = []

    def spend(account: Account) -> None:
        accepted.append(sum(account.reserve(1, NOON) is None for _ in range(1_000)))

    with hasty_switches():
        threads = [threading.Thread(target=spend, args=[account]) for account in accounts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sum(accepted) == 4_000
    assert [usage.used for usage in tally.account([limit("root", 4_000, 30)]).usage(NOON)] == [4_000]
