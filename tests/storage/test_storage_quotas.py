"""Quotas: never over a limit, at most one bucket stricter, held against a model that adds up the whole log each time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import define
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import children
from processes import race
from samples import NOON, group, message, nth
from servicekit.adapters.storage.migrating import migrations
from servicekit.adapters.storage.sqlite import SqliteStorage
from servicekit.adapters.storage.transaction import SqlTransaction
from servicekit.groups import Charge, Limit, LimitKind, Struck
from servicekit.ids import MessageId
from servicekit.moments import Instant

TICK, MINUTE, DAY = timedelta(microseconds=1), timedelta(minutes=1), timedelta(days=1)


def limit(subject: str, most: int, days: int | None, kind: LimitKind = LimitKind.GROUP) -> Limit:
    """A limit, named after its subject."""
    return Limit(kind, subject, f"name of {subject}", most, days)


def migrated() -> sqlite3.Connection:
    """A database in memory whose rows can be counted from outside."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for step in migrations({"bytes": "BLOB"}):
        for statement in step.statements:
            connection.execute(statement)
    return connection


@contextmanager
def opened() -> Iterator[SqlTransaction]:
    """A transaction over an empty database."""
    with closing(migrated()) as connection:
        yield SqlTransaction(connection.execute)


def used(store: SqlTransaction, one: Limit, at: Instant) -> int:
    """How much of a limit is used, as a refusal says."""
    struck = store.quotas.reserve([one], one.most + 1, at)
    assert isinstance(struck, Struck)
    return struck.used


# One limit


def test_a_limit_holds_to_the_segment() -> None:
    """Exactly as many as it says, and none at all of a message that would pass it; a smaller one still fits."""
    ten = limit("grp_1", 10, None)
    with opened() as store:
        assert store.quotas.reserve([ten], 8, NOON) == (Charge("grp_1", None, 0, 8),)
        assert store.quotas.reserve([ten], 3, NOON) == Struck(ten, 8, 3)
        assert not isinstance(store.quotas.reserve([ten], 2, NOON), Struck)
        assert store.quotas.reserve([ten], 1, NOON + 9999 * DAY) == Struck(ten, 10, 1)


@pytest.mark.spec("M-22")
def test_a_window_slides_with_the_clock() -> None:
    """What was spent counts for the days of the window to the microsecond, and for less than a bucket longer."""
    ten = limit("grp_1", 10, 1)
    with opened() as store:
        store.quotas.reserve([ten], 10, NOON + 30 * TICK)

        assert used(store, ten, NOON + DAY + 30 * TICK) == 10
        assert used(store, ten, NOON + DAY + MINUTE) == 10
        assert used(store, ten, NOON + DAY + MINUTE + TICK) == 0


def test_all_limits_are_spent_under_or_none() -> None:
    """The first that strikes is named, in the order given; what a refused message would have cost is not counted."""
    tight, wide = limit("usr_1", 2, 30, LimitKind.PERSONAL), limit("grp_1", 3, None)
    with opened() as store:
        store.quotas.reserve([tight, wide], 2, NOON)

        assert store.quotas.reserve([wide, tight], 2, NOON) == Struck(wide, 2, 2)
        assert store.quotas.reserve([tight, wide], 1, NOON) == Struck(tight, 2, 1)
        assert used(store, wide, NOON) == 2
        assert store.quotas.reserve([], 100, NOON) == ()


def test_a_refund_goes_to_the_bucket_that_was_charged() -> None:
    """So that it lowers the usage now and not once more when the bucket expires; after that there is nothing to give back."""
    ten = limit("grp_1", 10, 1)
    with opened() as store:
        first = store.quotas.reserve([ten], 4, NOON)
        store.quotas.reserve([ten], 5, NOON + 2 * MINUTE)
        assert not isinstance(first, Struck)
        store.quotas.refund(first)
        assert used(store, ten, NOON + 2 * MINUTE) == 5
        assert used(store, ten, NOON + DAY + 2 * MINUTE) == 5

        late = store.quotas.reserve([ten], 5, NOON + DAY)
        assert not isinstance(late, Struck)
        assert used(store, ten, NOON + 3 * DAY) == 0
        store.quotas.refund(late)
        assert used(store, ten, NOON + 3 * DAY) == 0


def test_a_message_gets_back_once_what_it_reserved() -> None:
    """Its charges are remembered with it, for limits with a window and without, and forgotten when they are asked for."""
    limits = [limit("usr_1", 9, 30), limit("grp_1", 9, None)]
    with opened() as store:
        store.groups.add(group())
        for number in (1, 2):
            store.messages.add(message(number))
            charges = store.quotas.reserve(limits, number, NOON)
            assert not isinstance(charges, Struck)
            store.quotas.charge_to(nth(MessageId, number), charges)

        mine = store.quotas.charges_of(nth(MessageId, 1))
        assert {(charge.subject, charge.days, charge.segments) for charge in mine} == {
            ("usr_1", 30, 1),
            ("grp_1", None, 1),
        }
        store.quotas.refund(mine)
        assert store.quotas.charges_of(nth(MessageId, 1)) == ()
        assert [used(store, one, NOON) for one in limits] == [2, 2]


# Eight at once


@pytest.mark.spec("M-29")
@pytest.mark.parametrize("tight", ["usr_1", "grp_middle", "grp_root"])
def test_eight_processes_never_overspend(tmp_path: Path, tight: str) -> None:
    """Whatever level the limit is at: eight processes that want 80 segments get exactly the 23 that are left."""
    path = tmp_path / "salon.db"
    children.migrate(str(path))
    limits = [limit(subject, 23 if subject == tight else 1000, 30) for subject in ("usr_1", "grp_middle", "grp_root")]

    granted = race(children.spend, str(path), limits, 1, 10, NOON)

    assert sum(granted) == 23
    with closing(SqliteStorage(str(path))) as storage, storage.write() as store:
        assert [used(store, one, NOON) for one in limits] == [23, 23, 23]


# Against a model


@define
class Spent:
    """A message that was granted: when, how much, and what was charged. The model's log."""

    at: Instant
    segments: int
    charges: tuple[Charge, ...]


LIMITS = (
    limit("usr_1", 6, 1, LimitKind.PERSONAL),
    limit("grp_1", 12, 30),
    limit("grp_2", 9, 2),
    limit("grp_3", 40, None),
)
WIDTHS = {1: MINUTE, 2: 2 * MINUTE, 30: 30 * MINUTE}  # 1440 buckets in a window, none shorter than a minute


class QuotaMachine(RuleBasedStateMachine):
    """Sends, refunds and waits; after each message the whole log is added up at exact times."""

    def __init__(self) -> None:
        super().__init__()
        self.connection = migrated()
        self.store = SqlTransaction(self.connection.execute)
        self.now = NOON
        self.log: list[Spent] = []

    def sum_since(self, one: Limit, since: Instant | None) -> int:
        """What the log has under a limit from an instant on; from the beginning, if None."""
        charged = [spent for spent in self.log if any(charge.subject == one.subject for charge in spent.charges)]
        return sum(spent.segments for spent in charged if since is None or spent.at >= since)

    def exact(self, one: Limit) -> int:
        """The usage within the window that ends now."""
        return self.sum_since(one, None if one.days is None else self.now - one.days * DAY + TICK)

    def widest(self, one: Limit) -> int:
        """The most that may be counted: that within the window and one bucket more."""
        return self.sum_since(one, None if one.days is None else self.now - one.days * DAY - WIDTHS[one.days])

    @rule(segments=st.integers(1, 4), without=st.sets(st.integers(0, 3), max_size=2))
    def send(self, segments: int, without: set[int]) -> None:
        """Under some of the limits: granted only within each, refused only where one is really near."""
        limits = [one for index, one in enumerate(LIMITS) if index not in without]
        outcome = self.store.quotas.reserve(limits, segments, self.now)
        if isinstance(outcome, Struck):
            assert self.exact(outcome.limit) <= outcome.used <= self.widest(outcome.limit)
            assert outcome.used + segments > outcome.limit.most
            for before in limits[: limits.index(outcome.limit)]:
                assert self.exact(before) + segments <= before.most
            return
        self.log.append(Spent(self.now, segments, outcome))
        assert [(charge.subject, charge.segments) for charge in outcome] == [(one.subject, segments) for one in limits]
        for one in limits:
            assert self.exact(one) <= one.most

    @precondition(lambda self: self.log)
    @rule(pick=st.integers(0))
    def refund(self, pick: int) -> None:
        """A message never left: it is not in the log any more."""
        spent = self.log.pop(pick % len(self.log))
        self.store.quotas.refund(spent.charges)

    @rule(span=st.timedeltas(timedelta(), timedelta(days=3)))
    def wait(self, span: timedelta) -> None:
        """Time goes on."""
        self.now += span

    @precondition(lambda self: self.log)
    @rule(pick=st.integers(0), one=st.sampled_from(LIMITS[:3]), off=st.integers(-1, 1), bucket=st.booleans())
    def wait_for_an_edge(self, pick: int, one: Limit, off: int, *, bucket: bool) -> None:
        """To where a message leaves the window, or at the latest the count, and a microsecond to either side of it."""
        assert one.days is not None
        edge = self.log[pick % len(self.log)].at + one.days * DAY + (WIDTHS[one.days] if bucket else timedelta())
        self.now = max(self.now, edge + off * TICK)

    @invariant()
    def counters_are_the_sums_of_their_buckets(self) -> None:
        """A counter and its buckets never part, and neither ever goes below zero."""
        buckets = dict.fromkeys(
            self.connection.execute("SELECT subject, days FROM quota_counters WHERE days > 0").fetchall(), 0
        )
        for subject, days, count in self.connection.execute("SELECT subject, days, used FROM quota_buckets"):
            assert count >= 0
            buckets[subject, days] += count
        counters = self.connection.execute("SELECT subject, days, used FROM quota_counters WHERE days > 0").fetchall()
        assert {(subject, days): count for subject, days, count in counters} == buckets

    def teardown(self) -> None:
        """Let go of the database."""
        self.connection.close()


QuotaMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestQuotas = QuotaMachine.TestCase
