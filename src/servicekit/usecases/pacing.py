"""Paces kept: several at once, all of them spent or none."""

from __future__ import annotations

from attrs import frozen

from servicekit.accounts import Pace
from servicekit.moments import Instant
from servicekit.usecases.work import Work

__all__ = ["Spend", "too_often"]


@frozen
class Spend:
    """One more of something, under a pace."""

    subject: str
    pace: Pace


def too_often(work: Work, *spends: Spend) -> Instant | None:
    """Spend one more of each and give None; or of none, and give when the first that has none left has one again.

    To be asked in one order by everybody, so that nobody waits for who waits.
    """
    for place, spend in enumerate(spends):
        if work.store.paces.spend(spend.subject, spend.pace, work.at):
            continue
        for earlier in spends[:place]:
            work.store.paces.give_back(earlier.subject, earlier.pace)
        return spend.pace.next_at(work.store.paces.until(spend.subject), work.at)
    return None
