"""A clock for tests: it stands still until it is told to go on."""

from __future__ import annotations

from datetime import datetime, timedelta

from servicekit.moments import Instant

__all__ = ["ManualClock"]


class ManualClock:
    """Stands at ``at`` until it is set or advanced.

    >>> clock = ManualClock(Instant.parse("2026-11-25T14:00:00Z"))
    >>> clock.advance(timedelta(minutes=5))
    >>> str(clock.now())
    '2026-11-25T14:05:00Z'
    """

    def __init__(self, at: Instant | datetime) -> None:
        self._at = Instant.of(at)

    def now(self) -> Instant:
        """Where it stands."""
        return self._at

    def set(self, at: Instant | datetime) -> None:
        """Let it stand at another instant, also an earlier one."""
        self._at = Instant.of(at)

    def advance(self, span: timedelta) -> None:
        """Let it go on by ``span``."""
        self._at += span
