"""Wanted keys against listed ones: how a key that the door system lists differs from its row. Pure.

Rules kept here:

* A key is known by its marker, and is a row's own if that row has its id. Of a row that has none that works, any working key
  with its marker is the one that a lost answer left behind.
* A row's own key that has ended there is missing as long as it is wanted, whether we know of its end or not.
* A second key beside a row's own is nobody's, and so is one without a row.
* Only what matters at a door is compared: doors as a set, the phone by its digits, the window to the second. A start that the
  door system was told too late, and so is now, is no difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from attrs import evolve, frozen

from servicekit.keys.key import Key, KeyState
from servicekit.keys.plan import planned
from servicekit.moments import Instant, Window
from servicekit.outbox.reconciled import Difference

__all__ = ["ListedKey", "compare_key", "mended", "row_of"]

_ROUNDING = timedelta(seconds=1)


@frozen(kw_only=True)
class ListedKey:
    """A key as the door system lists it; what it left out is None."""

    vendor_id: str
    marker: str
    components: tuple[str, ...]
    mobile: str | None
    window: Window | None
    works: bool


def row_of(keys: Sequence[Key], marker: str) -> Key | None:
    """Which of a booking's keys has this marker."""
    return next((key for key in keys if key.marker == marker), None)


def compare_key(listed: ListedKey, keys: Sequence[Key], wanted: int | None, at: Instant) -> Difference | None:
    """How a listed key differs from what its booking wants; None where it does not.

    Args:
        listed: one with a marker of ours.
        keys: all keys of the booking that the marker names; none where there is no such booking.
        wanted: the revision whose key shall exist; None: no key shall.
        at: the present instant.
    """
    row = row_of(keys, listed.marker)
    if row is None:
        return Difference.STRAY if listed.works else None
    own = row.state is KeyState.MADE and row.vendor_id == listed.vendor_id
    needed, over = row is planned(keys, wanted), row.closes <= at
    if not listed.works:
        known = row.state is KeyState.ENDED and row.vendor_id == listed.vendor_id
        if needed:
            return Difference.MISSING if (own or known) and not over else None
        return Difference.UNWANTED if own and not over else None
    if row.state is KeyState.MADE and not own:
        return Difference.STRAY
    if not needed:
        return Difference.UNWANTED
    if not own:
        return Difference.LEFT
    return None if over or _fits(listed, row, at) else Difference.CHANGED


def mended(key: Key, vendor_id: str, difference: Difference) -> Key | None:
    """The row as it should be stored before its booking's keys are seen to again; None where it stays as it is."""
    match difference:
        case Difference.MISSING:
            return evolve(key, state=KeyState.ENDED, detail="the door system has it no more, or has ended it")
        case Difference.LEFT | Difference.UNWANTED if key.state is not KeyState.MADE:
            return evolve(key, state=KeyState.MADE, vendor_id=vendor_id, detail="")
    return None


def _fits(listed: ListedKey, row: Key, at: Instant) -> bool:
    if set(listed.components) != set(row.components):
        return False
    if listed.mobile is not None and _digits(listed.mobile) != _digits(row.mobile):
        return False
    if listed.window is None:
        return True
    late = row.opens < listed.window.opens <= at  # it was ordered late, and opens by now
    return (late or _near(listed.window.opens, row.opens)) and _near(listed.window.closes, row.closes)


def _near(one: Instant, other: Instant) -> bool:
    return abs(one - other) < _ROUNDING


def _digits(mobile: str) -> str:
    return "".join(filter(str.isdecimal, mobile)).removeprefix("00")
