"""The tables of what shall happen outside."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol, TypeVar

from servicekit.ids import (
    EffectId,
    GroupId,
)
from servicekit.moments import Instant
from servicekit.outbox.effects import ALL_KINDS, Effect, EffectKind, EffectState
from servicekit.ports.tables.base import Table
from servicekit.push import PushEvent, PushTarget

__all__ = ["Effects", "PushEvents", "PushTargets"]

E = TypeVar("E")


class PushTargets(Table[PushTarget], Protocol):
    """Targets of pushes, by the group or user whose they are."""

    def remove(self, owner: str) -> None:
        """Forget one, with its secret."""
        ...

    def wanted(self, organisation: str) -> bool:
        """Whether anybody of the organisation has a target; that none has may be as it was earlier in the transaction."""
        ...


class PushEvents(Table[PushEvent], Protocol):
    """What is still to be pushed. Who holds a target has its events alone."""

    def next_of(self, target: str, lane: int, at: Instant) -> PushEvent | None:
        """What may be sent first in a lane: due, not held, and the first of its message."""
        ...

    def next_due(self, target: str, lane: int) -> Instant | None:
        """When something may be sent in a lane; None if nothing waits."""
        ...

    def counted(self, target: str) -> tuple[int, int]:
        """How many there are of a target, and how many of them are held."""
        ...

    def remove(self, event: str) -> None:
        """Forget one that was delivered, or that nobody wants."""
        ...

    def clear(self, target: str, lane: int | None = None) -> None:
        """Forget all of a target, or all of one of its lanes that are not held."""
        ...


class Effects(Table[Effect], Protocol):
    """The outbox."""

    def enqueue(self, effect: Effect) -> None:
        """Store an effect; one of the same kind and subject that is not in flight is replaced by it."""
        ...

    def claim(
        self, at: Instant, until: Instant, *, kinds: Collection[EffectKind] = ALL_KINDS, most: int = 1
    ) -> tuple[Effect, ...]:
        """The effects of these kinds that are due first, now leased until ``until`` under a new fence; in one statement.

        Passed over are those whose subject is in flight, and notices whose booking has deeds outstanding. An expired lease
        counts as due, and comes before what else waits for its subject.
        """
        ...

    def hold_leases(self, effects: Collection[Effect]) -> bool:
        """Whether claimed effects are all still ours; if so, nobody else claims them before this transaction ends.

        Costs one statement, however many they are.
        """
        ...

    def settle(self, effect: Effect) -> bool:
        """Store the outcome of a claimed effect; False, and nothing stored, where its fence is not the newest any more.

        One that would be due again, or given up, although a newer revision waits is stored as replaced.
        """
        ...

    def settle_done(self, effects: Collection[Effect]) -> bool:
        """Store of claimed effects that they are brought about, as :meth:`settle` does one by one; in one statement.

        False where they were not all ours any more: then nobody knows which are stored, and the transaction is to be undone.
        """
        ...

    def next_due(self, at: Instant, *, kinds: Collection[EffectKind] = ALL_KINDS) -> Instant | None:
        """When the next effect of these kinds is due or the next lease runs out, at or after ``at``; None if nothing waits.

        What :meth:`claim` would pass over for another's sake does not count: it comes up when that one is settled.
        """
        ...

    def in_state(self, organisation: GroupId, state: EffectState, most: int) -> tuple[Effect, ...]:
        """Effects of an organisation in a state, oldest first."""
        ...

    def outstanding(self, effect: EffectId, kind: str, subject: str) -> bool:
        """Whether another effect of this kind and subject is due or in flight."""
        ...
