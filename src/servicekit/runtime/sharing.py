"""Transactions of many threads that share one commit, on a database that has one writer at a time.

There the commit is the dear part: it waits for the disk, and all others wait for it. So what comes meanwhile is carried out
together by whoever is next.

Rules kept here:

* Nobody is answered before the commit that its work is in.
* One transaction serves all who wait, in the order in which they came. If one of them spoils it, it is undone and each gets a
  transaction of its own: nobody's error is another's, and nobody's work is stored without its answer.
* Where the last commit had several, the next waits for more of them: as long as one comes in each moment, and a few moments at
  most. A commit takes as long as some mails do. Who comes alone after one alone does not wait.
* What is run may be run again, from the beginning, as with :func:`servicekit.ports.store.transact`.
* Where several may write at once (PostgreSQL, which joins their commits by itself), each has its own transaction from the
  start: together they would hold rows of several organisations, in an order that is nobody's.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Generic, TypeVar, cast

from attrs import define, field

from servicekit.ports.store import Storage, Transaction, transact

__all__ = ["SharedCommits"]

R = TypeVar("R")
_MOST = 50
"""Pieces of work in one transaction: others who want to write wait for all of them."""
_MOMENT, _MOST_MOMENTS = 0.0005, 8
"""Seconds in which the next of several mails is read, and how many times that is waited for."""


@define(eq=False)
class _Waiting(Generic[R]):
    """A piece of work, and what came of it."""

    body: Callable[[Transaction], R]
    settled: bool = field(default=False, init=False)
    spoilt: bool = field(default=False, init=False)
    result: R | None = field(default=None, init=False)


class SharedCommits:
    """Runs transactions, those of several threads in one where that is cheaper.

    Args:
        storage: the database.
        pause: waits so many seconds.
    """

    def __init__(self, storage: Storage, pause: Callable[[float], None] = time.sleep) -> None:
        self._storage = storage
        self._pause = pause
        self._waiting = deque[_Waiting[Any]]()
        self._turn = threading.Lock()
        self._several = False
        """Whether the last commit had more than one. As all that follows, for whoever has the turn."""

    def transact(self, body: Callable[[Transaction], R]) -> R:
        """Run ``body`` in a writing transaction; return once it is committed.

        Raises:
            StorageBusy: as :func:`servicekit.ports.store.transact` does. What ``body`` raises comes out, too, and then nothing
                of it is stored.
        """
        if not self._storage.one_writer:
            return transact(self._storage, body)
        mine = _Waiting(body)
        self._waiting.append(mine)
        with self._turn:
            # Those who come in the meantime queue up here; the first who gets in finds them all waiting.
            while not mine.settled:
                self._gather()
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), _MOST))]
                self._several = len(batch) > 1
                if batch == [mine]:
                    return transact(self._storage, body)
                self._carry_out(batch)
        return transact(self._storage, body) if mine.spoilt else cast("R", mine.result)

    def _gather(self) -> None:
        """Where several are likely to come, let them; at most :data:`_MOST_MOMENTS` times :data:`_MOMENT`."""
        if not self._several:
            return
        for _ in range(_MOST_MOMENTS):
            before = len(self._waiting)
            self._pause(_MOMENT)
            if len(self._waiting) == before:
                return

    def _carry_out(self, batch: list[_Waiting[Any]]) -> None:
        """All of them in one transaction; where that is not committed, whatever the reason, each runs its own afterwards."""
        results: list[Any] = []
        try:
            with suppress(Exception):  # it comes again to whom it belongs
                results = transact(self._storage, lambda store: [one.body(store) for one in batch])
        finally:
            for place, one in enumerate(batch):
                one.settled, one.spoilt = True, not results
                one.result = results[place] if results else None
