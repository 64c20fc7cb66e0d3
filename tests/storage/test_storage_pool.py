"""The pool: one transaction a connection, the last one used first, and a forked process has its own."""

from __future__ import annotations

import os

import pytest

from servicekit.adapters.storage.pool import Pool


class Line:
    """A connection that remembers what became of it."""

    def __init__(self) -> None:
        self.sound = True
        self.closed = False

    def close(self) -> None:
        """End it."""
        self.closed = True


@pytest.fixture
def pool() -> Pool[Line]:
    """An empty pool."""
    return Pool(Line, lambda line: line.sound)


def test_a_connection_serves_again(pool: Pool[Line]) -> None:
    """The one that came back last is taken first; two at once are two."""
    with pool.connection() as first, pool.connection() as second:
        assert first is not second
    with pool.connection() as again:
        assert again is first
    assert not first.closed


def test_what_comes_back_in_the_middle_of_something_is_closed(pool: Pool[Line]) -> None:
    """And another is opened next time."""
    with pool.connection() as line:
        line.sound = False
    assert line.closed
    with pool.connection() as another:
        assert another is not line


def test_idle_ones_are_dropped_and_the_pool_goes_on(pool: Pool[Line]) -> None:
    """As after a restart of the server."""
    with pool.connection() as used, pool.connection() as idle:
        pass
    with pool.connection() as line:
        assert line is used
        pool.drop_idle()
    assert (used.closed, idle.closed) == (False, True)


def test_a_closed_pool_keeps_nothing(pool: Pool[Line]) -> None:
    """Idle ones are closed at once, those in use when they come back."""
    with pool.connection() as used, pool.connection() as idle:
        pass
    with pool.connection() as line:
        assert line is used
        pool.close()
        assert (used.closed, idle.closed) == (False, True)
    assert used.closed


def test_a_forked_process_opens_its_own(pool: Pool[Line], monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that forks its workers after the kit was opened: the parent's connections are neither used nor closed there."""
    with pool.connection() as parents:
        pass
    monkeypatch.setattr(os, "getpid", lambda: -1)
    with pool.connection() as own:
        assert own is not parents
    pool.close()
    assert (parents.closed, own.closed) == (False, True)
