"""The outbox between processes; what else it promises is in the conformance suite."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import children
from processes import race
from samples import HOUR, NOON, effect, nth
from servicekit.adapters.storage.sqlite import SqliteStorage
from servicekit.ids import EffectId


def test_eight_processes_claim_each_effect_once(tmp_path: Path) -> None:
    """Forty effects, eight claimers at the same moment: each effect has one holder and one fence."""
    path = str(tmp_path / "salon.db")
    children.migrate(path)
    with closing(SqliteStorage(path)) as storage, storage.write() as store:
        for number in range(1, 41):
            store.effects.enqueue(effect(number))

    taken = race(children.claim_all, path, NOON)

    assert sorted(one for mine in taken for one in mine) == [(nth(EffectId, number), 1) for number in range(1, 41)]


def test_what_waits_for_later_days_costs_nothing_to_look_for(tmp_path: Path) -> None:
    """The next one due is read from an index, from its beginning: thousands of reminders are not gone through."""
    with closing(SqliteStorage(str(tmp_path / "salon.db"))) as storage:
        storage.migrate()
        with storage.write() as store:
            for number in range(1, 301):
                store.effects.enqueue(effect(number, due_at=NOON + number * HOUR))
            steps = 0

            def count() -> int:
                nonlocal steps
                steps += 1
                return 0

            connection = store._execute("SELECT 1", []).connection  # type: ignore[attr-defined]
            connection.set_progress_handler(count, 10)
            assert store.effects.next_due(NOON) == NOON + HOUR
            connection.set_progress_handler(None, 0)
    assert steps < 100
