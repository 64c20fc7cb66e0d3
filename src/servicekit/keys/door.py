"""At the door: green or red, and why.

The rule is the lock's: the key must be one that still works, at one of its doors, within its window. The window is
half-open: at its very end the light is red. A key that is not made yet is red as well, with that reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from attrs import frozen

from servicekit.keys.key import Key, KeyState
from servicekit.keys.plan import planned
from servicekit.moments import Instant

__all__ = ["Green", "Light", "Red", "at_door", "booking_at_door"]

Reason = Literal["no key", "not made yet", "key invalid", "wrong door", "too early", "too late"]


@frozen
class Green:
    """The door opens."""

    def __bool__(self) -> bool:
        return True


@frozen
class Red:
    """The door stays shut, because of ``reason``."""

    reason: Reason
    detail: str = ""

    def __bool__(self) -> bool:
        return False


Light = Green | Red


def at_door(key: Key | None, component: str, at: Instant) -> Light:
    """Whether ``key`` opens ``component`` at ``at``.

    A key that is invalid is so at every door; a wrong door is wrong at any time.
    """
    if key is None:
        return Red("no key", "this booking has no key")
    if key.state in {KeyState.PLANNED, KeyState.ASKED}:
        return Red("not made yet", "the key was ordered and is not confirmed by the door system")
    if key.state is not KeyState.MADE:
        return Red("key invalid", f"the key is {key.state}")
    if component not in key.components:
        return Red("wrong door", "the booking does not include this door")
    if at < key.opens:
        return Red("too early", f"the key works from {key.opens}")
    if at >= key.closes:
        return Red("too late", f"the key worked until {key.closes}")
    return Green()


def booking_at_door(keys: Sequence[Key], revision: int, component: str, at: Instant) -> Light:
    """What a booking's client sees at a door, with all the keys it has had.

    Green if any of them opens it: while a key is being replaced the one before still does. Else as the present key says.
    """
    latest = max(keys, key=lambda key: (key.revision, key.attempt), default=None)
    present = at_door(planned(keys, revision) or latest, component, at)
    return next((Green() for key in keys if at_door(key, component, at)), present)
