"""Into a thread and back: what has not begun never begins, what has begun is waited for."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from servicekit.runtime.hop import NeverBegun, hop

SOON = timedelta(milliseconds=50)


@pytest.fixture
def one() -> Iterator[ThreadPoolExecutor]:
    """One thread."""
    with ThreadPoolExecutor(1) as executor:
        yield executor


def _fails() -> None:
    raise ZeroDivisionError


def test_a_result_and_an_error_come_back(one: ThreadPoolExecutor) -> None:
    """As from the call itself, which ran in another thread."""

    async def body() -> None:
        assert await hop(one, threading.get_ident) != threading.get_ident()
        with pytest.raises(ZeroDivisionError):
            await hop(one, _fails)

    asyncio.run(body())


def test_what_takes_too_long_goes_on_unheard(one: ThreadPoolExecutor) -> None:
    """Whoever waits is told; the call comes to its end by itself, and its error is nobody's."""
    go_on, ended = threading.Event(), threading.Event()

    def slow() -> None:
        go_on.wait(10)
        ended.set()
        raise ZeroDivisionError

    async def body() -> None:
        with pytest.raises(TimeoutError) as caught:
            await hop(one, slow, within=SOON)
        assert not isinstance(caught.value, NeverBegun)
        go_on.set()
        await asyncio.to_thread(ended.wait, 10)
        await hop(one, int)  # the thread is free again
        gc.collect()

    asyncio.run(body())
    assert ended.is_set()


def test_what_no_thread_was_free_for_never_begins(one: ThreadPoolExecutor) -> None:
    """It says so, which is another answer than a call whose end nobody knows."""
    go_on = threading.Event()
    begun: list[bool] = []

    async def body() -> None:
        first = asyncio.create_task(hop(one, lambda: go_on.wait(10)))
        await asyncio.sleep(0)
        with pytest.raises(NeverBegun):
            await hop(one, lambda: begun.append(True), within=SOON)
        go_on.set()
        assert await first

    asyncio.run(body())
    assert begun == []


def test_whoever_is_cancelled_waits_for_what_has_begun(one: ThreadPoolExecutor) -> None:
    """However often; what has not begun is cancelled at once, and never begins."""
    begun, go_on = threading.Event(), threading.Event()
    done: list[str] = []

    def first() -> None:
        begun.set()
        go_on.wait(10)
        done.append("first")
        raise ZeroDivisionError

    async def body() -> None:
        running = asyncio.create_task(hop(one, first))
        waiting = asyncio.create_task(hop(one, lambda: done.append("second")))
        await asyncio.to_thread(begun.wait, 10)
        for task in (running, waiting, running):
            task.cancel()
            await asyncio.sleep(0.01)
        assert (running.done(), waiting.done()) == (False, True)
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await running
        gc.collect()

    asyncio.run(body())
    assert done == ["first"]
