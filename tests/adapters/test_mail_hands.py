"""Threads that store mails for a loop: everything is carried out, and each who waits gets what came of his own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from functools import partial

import pytest

from servicekit.adapters.mail._hands import Hands


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop that runs in the test's own thread."""
    made = asyncio.new_event_loop()
    yield made
    made.close()


def test_each_gets_what_came_of_its_own(loop: asyncio.AbstractEventLoop) -> None:
    """Of many at once, in whatever order they end; errors, too, of any kind."""
    hands: Hands[int] = Hands(loop, 4, "test")

    def deed(number: int) -> int:
        if number % 7 == 3:
            raise KeyboardInterrupt if number % 2 else ValueError(number)
        return number

    async def all_of_them() -> list[int | BaseException]:
        given = [hands.carry_out(partial(deed, number)) for number in range(200)]
        await asyncio.wait(given, timeout=60)
        return [one.exception() or one.result() for one in given]

    found = loop.run_until_complete(all_of_them())
    hands.stop()
    for number, one in enumerate(found):
        if number % 7 == 3:
            assert isinstance(one, KeyboardInterrupt if number % 2 else ValueError)
        else:
            assert one == number


def test_a_deed_is_done_though_nobody_waits_any_more(loop: asyncio.AbstractEventLoop) -> None:
    """As where a client hangs up; the next one is answered all the same."""
    hands: Hands[str] = Hands(loop, 1, "test")
    go_on, done = threading.Event(), list[str]()

    def deed(name: str) -> str:
        go_on.wait(60)
        done.append(name)
        return name

    async def hung_up() -> str:
        first, second = (hands.carry_out(partial(deed, name)) for name in ("first", "second"))
        first.cancel()
        go_on.set()
        return await asyncio.wait_for(second, 60)

    assert loop.run_until_complete(hung_up()) == "second"
    hands.stop()
    assert done == ["first", "second"]


def test_it_ends_after_all_is_done(loop: asyncio.AbstractEventLoop) -> None:
    """What was handed in before is carried out, also what no thread had begun."""
    hands: Hands[None] = Hands(loop, 2, "test")
    done: list[int] = []

    async def hand_in() -> None:
        for number in range(50):
            hands.carry_out(partial(done.append, number))

    loop.run_until_complete(hand_in())
    hands.stop()
    assert sorted(done) == list(range(50))
