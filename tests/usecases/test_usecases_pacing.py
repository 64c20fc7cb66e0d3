"""Several paces at once: all of them spent, or none."""

from __future__ import annotations

from datetime import timedelta

from samples import NOON, empty_store
from servicekit.accounts import Pace
from servicekit.runtime.entropy import mint
from servicekit.usecases.pacing import Spend, too_often
from servicekit.usecases.wiring import Wiring
from servicekit.usecases.work import Work
from world import OPERATOR

MINUTE = timedelta(minutes=1)


def test_all_are_spent_or_none() -> None:
    """Where the second has none left the first gets back its own; what is told is when the second has one again."""
    wide, narrow = Spend("wide", Pace(burst=5, pause=MINUTE)), Spend("narrow", Pace(burst=1, pause=2 * MINUTE))
    with empty_store() as store:
        work = Work(store, NOON, OPERATOR, Wiring(), mint)
        assert too_often(work, wide, narrow) is None
        assert too_often(work, wide, narrow) == NOON + 2 * MINUTE
        assert store.paces.until("wide") == NOON + MINUTE
        assert too_often(work, narrow, wide) == NOON + 2 * MINUTE
        assert store.paces.until("wide") == NOON + MINUTE
        assert too_often(work) is None
