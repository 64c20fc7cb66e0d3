"""Threads that store mails for a loop.

An executor makes a lock and two futures for each call, and wakes the loop for each answer. Here a mail costs one future, and
answers that come at once, as those of a shared commit do, wake the loop once.

Rules kept here: whatever is handed in before :meth:`Hands.stop` is carried out, also where nobody waits for it any more, and
``stop`` returns after it is.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, TypeVar

__all__ = ["Hands"]

R = TypeVar("R")


class Hands(Generic[R]):
    """So many threads. All methods but the threads' own are the loop's.

    Args:
        loop: who waits.
        many: threads, started at once.
        name: of the threads.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, many: int, name: str) -> None:
        self._loop = loop
        self._given = SimpleQueue[tuple[asyncio.Future[R], Callable[[], R]] | None]()
        self._done = deque[tuple[asyncio.Future[R], R | None, BaseException | None]]()
        self._woken = False
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True) for number in range(many)
        ]
        for thread in self._threads:
            thread.start()

    def carry_out(self, deed: Callable[[], R]) -> asyncio.Future[R]:
        """What comes of it. Whoever cancels the future does not cancel the deed."""
        future: asyncio.Future[R] = self._loop.create_future()
        self._given.put((future, deed))
        return future

    def stop(self) -> None:
        """Wait for all that was handed in; blocking, with the loop still running."""
        for _ in self._threads:
            self._given.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (given := self._given.get()) is not None:
            future, deed = given
            try:
                self._done.append((future, deed(), None))
            except BaseException as error:  # noqa: BLE001 - who waits for it is told, in his own thread
                self._done.append((future, None, error))
            # Whoever finds it woken comes before the answers are looked at, since that begins by unsetting it.
            if not self._woken:
                self._woken = True
                self._loop.call_soon_threadsafe(self._answer)

    def _answer(self) -> None:
        self._woken = False
        while self._done:
            future, result, error = self._done.popleft()
            if future.done():  # cancelled
                continue
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)  # type: ignore[arg-type]
