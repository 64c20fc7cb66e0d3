"""The outbox between processes; what else it promises is in the conformance suite."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import children
from processes import race
from samples import NOON, effect, nth
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
