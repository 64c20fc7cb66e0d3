"""From an event loop into a thread and back, for what blocks.

Rules kept here: what was cancelled, or timed out, before it had begun never begins. What has begun cannot be stopped from
outside: a cancelled caller waits for its end, so that nothing is left half done behind its back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import timedelta
from typing import TypeVar

__all__ = ["NeverBegun", "hop"]

T = TypeVar("T")


class NeverBegun(TimeoutError):
    """The time was over before a thread was free, so the call was not made."""


async def hop(executor: Executor, call: Callable[[], T], *, within: timedelta | None = None) -> T:
    """Run what blocks in a thread of ``executor``.

    Args:
        executor: whose threads.
        call: what blocks.
        within: how long to wait for it; None: to its end.

    Raises:
        NeverBegun: no thread was free in time.
        TimeoutError: it has begun and not ended in time; it goes on in its thread, and nobody hears of its end.
    """
    running = executor.submit(call)
    awaited = asyncio.wrap_future(running)
    try:
        await asyncio.wait([awaited], timeout=None if within is None else within.total_seconds())
    except asyncio.CancelledError:
        running.cancel()
        while not awaited.done():
            try:
                await asyncio.wait([awaited])
            except asyncio.CancelledError:  # asked twice: the answer is the same
                continue
        _look_at(awaited)
        raise
    if awaited.done():
        return awaited.result()
    if running.cancel():
        raise NeverBegun
    awaited.add_done_callback(_look_at)
    raise TimeoutError


def _look_at(ended: asyncio.Future[T]) -> None:
    """So that asyncio does not report its error as lost."""
    if not ended.cancelled():
        ended.exception()
