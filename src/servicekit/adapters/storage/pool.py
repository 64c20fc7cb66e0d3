"""Connections for one transaction at a time each, kept for the next one afterwards. The same for both databases.

Rules kept here: the connection used last is taken first; one that comes back in the middle of something is closed; a process
that was forked never touches its parent's connections, which talk over the same socket or hold the same file's locks.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar

__all__ = ["Pool"]


class Closable(Protocol):
    """A connection."""

    def close(self) -> None:
        """Let go of it."""
        ...


C = TypeVar("C", bound=Closable)


class Pool(Generic[C]):
    """Idle connections. Safe for many threads; there are as many connections as there were transactions at once.

    Args:
        opened: opens one more.
        clean: whether one that comes back is fit for another transaction.
    """

    def __init__(self, opened: Callable[[], C], clean: Callable[[C], bool]) -> None:
        self._opened = opened
        self._clean = clean
        self._idle: list[C] = []
        self._parents: list[C] = []  # kept only so that nobody closes them in this process
        self._process = os.getpid()
        self._closed = False
        self._lock = threading.Lock()

    @contextmanager
    def connection(self) -> Iterator[C]:
        """A connection of one's own until the end."""
        with self._lock:
            self._leave_the_parents()
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = self._opened()
        try:
            yield connection
        finally:
            clean = self._clean(connection)
            with self._lock:
                kept = clean and not self._closed
                if kept:
                    self._idle.append(connection)
            if not kept:
                connection.close()

    def drop_idle(self) -> None:
        """Close idle connections, as after one of them turned out to be broken; new ones are opened when needed."""
        with self._lock:
            self._leave_the_parents()
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def close(self) -> None:
        """Close idle connections; those in use are closed when they come back."""
        self._closed = True
        self.drop_idle()

    def _leave_the_parents(self) -> None:
        if self._process != os.getpid():
            self._parents, self._idle, self._process = self._idle, [], os.getpid()
