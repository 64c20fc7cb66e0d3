"""Quotas behind the port: counters and their buckets never part. What they promise is in the conformance suite."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given, settings

import children
from processes import race
from samples import NOON, empty_store
from servicekit.adapters.storage.counters import CounterRow, buckets_of
from servicekit.adapters.storage.transaction import SqlTransaction
from servicekit.groups import Limit, LimitKind
from servicekit.groups.quotas import expired_before
from servicekit.testing.conformance.quota_model import STEPS, Model, plant


def assert_counters_have_their_buckets(store: SqlTransaction) -> None:
    """In every row: a counter is the sum of its buckets, none is below zero, and none older than ``oldest``."""
    sums: Counter[tuple[str, int]] = Counter()
    found = store._execute("SELECT subject, days, bucket, used FROM quota_buckets", []).fetchall()
    columns = "subject, days, used, oldest, head, head_used, tail"
    for row in store._execute(f"SELECT {columns} FROM quota_counters WHERE days > 0", []).fetchall():  # noqa: S608
        found += [(row[0], row[1], bucket, used) for bucket, used in buckets_of(CounterRow(*row)).items()]
    for subject, days, bucket, used in found:
        assert used >= 0
        sums[subject, days] += used
        (oldest,) = store._execute(
            "SELECT oldest FROM quota_counters WHERE subject = ? AND days = ?", [subject, days]
        ).fetchone()
        assert oldest <= bucket
    counters = store._execute("SELECT subject, days, used FROM quota_counters WHERE days > 0", []).fetchall()
    assert {(subject, days): used for subject, days, used in counters} == {
        (subject, days): sums[subject, days] for subject, days, _ in counters
    }
    assert set(sums) <= {(subject, days) for subject, days, _ in counters}


@pytest.mark.spec("M-22", "M-29")
@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_counters_are_the_sums_of_their_buckets(steps: list[tuple[str, int, int]]) -> None:
    """After every step of the model that the conformance suite plays."""
    with empty_store() as store:
        plant(store)
        model = Model(store)
        for step in steps:
            model.do(step)
            assert_counters_have_their_buckets(store)


def test_a_decision_reads_counters_and_never_the_log() -> None:
    """Once a counter is there, a message costs the same few statements whatever the log holds."""
    limit = Limit(LimitKind.GROUP, "grp_1", "Salon", 100, 30)
    with empty_store() as made:
        made.quotas.reserve([limit], 1, NOON)
        ran: list[str] = []

        def execute(sql: str, values: object) -> object:
            ran.append(sql)
            return made._execute(sql, values)  # type: ignore[arg-type]

        store = SqlTransaction(execute, made._dialect)  # type: ignore[arg-type]
        assert store.quotas.reserve([limit], 1, NOON) is None
        assert store.quotas.usage(limit, NOON).used == 2
    assert len(ran) == 3
    assert not any("messages" in sql for sql in ran)


def test_what_is_expired_leaves_the_database() -> None:
    """Buckets that lie wholly outside the window are dropped when the counter is next read."""
    limit = Limit(LimitKind.GROUP, "grp_1", "Salon", 100, 1)
    with empty_store() as store:
        for hours in range(30):
            store.quotas.reserve([limit], 1, NOON + hours * (timedelta(hours=1)))
        at = NOON + 29 * timedelta(hours=1)
        counter = store._execute("SELECT * FROM quota_counters", []).fetchone()
        buckets = [bucket for (bucket,) in store._execute("SELECT bucket FROM quota_buckets", []).fetchall()]
        buckets += buckets_of(CounterRow(*counter))
    assert len(buckets) == 25
    assert min(buckets) >= expired_before(at, 1)


@pytest.mark.spec("M-29")
@pytest.mark.parametrize("tight", ["usr_1", "grp_middle", "grp_root"])
def test_eight_processes_never_overspend(database_url: str, tight: str) -> None:
    """Whatever level the limit is at: eight processes that want 80 segments get exactly the 23 that are left."""
    limits = [
        Limit(LimitKind.GROUP, subject, "", 23 if subject == tight else 1000, 30)
        for subject in ("usr_1", "grp_middle", "grp_root")
    ]
    assert sum(race(children.spend, database_url, limits, 1, 10, NOON)) == 23
