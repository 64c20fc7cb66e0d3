"""When a key works and which doors it opens.

Rules kept here: margins are taken from instants, never from wall-clock times, so the night of a clock change is no different;
doors are the branch's and then the service's, each once, in that order.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from servicekit.moments import Window

__all__ = ["components_of", "validity"]


def validity(booked: Window, opens_before: timedelta, closes_after: timedelta) -> Window:
    """The window in which the key of a booking works."""
    return booked.widened(opens_before, closes_after)


def components_of(branch: Iterable[str], service: Iterable[str]) -> tuple[str, ...]:
    """The doors of a booking: all of the branch's and all of the service's, each once, in a stable order.

    >>> components_of(["main", "cloakroom"], ["room 1", "main"])
    ('main', 'cloakroom', 'room 1')
    """
    return tuple(dict.fromkeys([*branch, *service]))
