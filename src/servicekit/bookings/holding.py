"""Holds: who is taken when, and by what.

Rules kept here: whatever takes a person's or a room's time (a booking with its buffers, a scheduled class, an absence) holds
it under its own id, so no time is ever blocked by nothing. Holds of one provider never outnumber its capacity at any instant;
the storage keeps them in step with what owns them. A booking in a class holds nothing: its class does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import frozen

from servicekit.bookings.booking import HOLDING, Booking
from servicekit.bookings.catalogue import Absence
from servicekit.bookings.classes import ScheduledClass
from servicekit.ids import Id, ProviderId
from servicekit.moments import Instant, Window

__all__ = ["Hold", "Holder", "has_place", "holds_of"]

Holder = Booking | ScheduledClass | Absence


@frozen(kw_only=True)
class Hold:
    """``owner`` (the id of a booking, a class or an absence) takes a place of the provider, or the ``whole`` of it."""

    owner: str
    provider: ProviderId
    starts: Instant
    ends: Instant
    whole: bool = False

    @property
    def window(self) -> Window:
        """From its start to its end."""
        return Window(self.starts, self.ends)


def holds_of(thing: Holder) -> tuple[Hold, ...]:
    """What a thing holds in the state it is in: its provider, and its room besides."""
    if isinstance(thing, Absence):
        return () if thing.ended else _held(thing.id, (thing.provider,), thing.window, whole=True)
    if isinstance(thing, ScheduledClass):
        return () if thing.cancelled else _held(thing.id, (thing.provider, thing.room), thing.held)
    takes = thing.state in HOLDING and thing.in_class is None
    return _held(thing.id, (thing.provider, thing.room), thing.held) if takes else ()


def _held(
    owner: Id, providers: Sequence[ProviderId | None], window: Window, *, whole: bool = False
) -> tuple[Hold, ...]:
    return tuple(
        Hold(owner=owner, provider=provider, starts=window.opens, ends=window.closes, whole=whole)
        for provider in dict.fromkeys(providers)
        if provider is not None
    )


def has_place(window: Window, others: Iterable[Hold], capacity: int) -> bool:
    """Whether one more fits in beside ``others`` of the same provider: at every instant of the window."""
    changes = sorted(
        change
        for hold in others
        if hold.window.overlaps(window)
        # At the same instant, what ends makes place for what starts.
        for change in (
            (max(hold.starts, window.opens), capacity if hold.whole else 1),
            (hold.ends, -capacity if hold.whole else -1),
        )
    )
    there = 0
    for _, change in changes:
        there += change
        if there >= capacity:
            return False
    return True
