"""Connections for one transaction at a time each, kept for the next one afterwards. The same for both databases."""

from __future__ import annotations

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
    """Idle connections, the last one used first.

    Args:
        opened: opens one more.
        clean: whether one that comes back is fit for another transaction.
    """

    def __init__(self, opened: Callable[[], C], clean: Callable[[C], bool]) -> None:
        self._opened = opened
        self._clean = clean
        self._idle: list[C] = []
        self._closed = False
        self._lock = threading.Lock()

    @contextmanager
    def connection(self) -> Iterator[C]:
        """A connection of one's own until the end."""
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        connection = connection or self._opened()
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

    def close(self) -> None:
        """Close idle connections; those in use are closed when they come back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
