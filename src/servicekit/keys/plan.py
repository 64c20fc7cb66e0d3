"""The plan: from what a booking wants and what is known of its keys, the one next step.

Pure and total: for any rows there is exactly one answer, and carrying out the answers in turn ends in :class:`Settled` or
:class:`Stuck`, with no key working that the booking does not want. The order is a policy: look up what is uncertain, make
what is wanted, end what is not.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from servicekit.keys.key import Key, KeyState

__all__ = ["Ask", "Drop", "End", "LookUp", "Settled", "Step", "Stuck", "next_step", "planned"]


@frozen
class LookUp:
    """An answer was lost: search the vendor for the key's marker."""

    key: Key


@frozen
class Ask:
    """Have the vendor make this key."""

    key: Key


@frozen
class End:
    """Have the vendor revoke this key, and read it back."""

    key: Key


@frozen
class Drop:
    """Never made and not wanted any more: note it, nothing to call."""

    key: Key


@frozen
class Settled:
    """The vendor holds exactly what is wanted."""


@frozen
class Stuck:
    """The vendor refused the wanted key or has ended it, and everything else is settled: a person has to look."""

    key: Key


Step = LookUp | Ask | End | Drop | Settled | Stuck

_LIVE = frozenset({KeyState.PLANNED, KeyState.ASKED, KeyState.MADE})


def planned(keys: Sequence[Key], wanted: int | None) -> Key | None:
    """The key of the wanted revision, if there is one: of several the one that was made anew last."""
    return max((key for key in keys if key.revision == wanted), key=lambda key: key.attempt, default=None)


def next_step(keys: Sequence[Key], wanted: int | None) -> Step:
    """What to do next about the keys of one booking.

    Args:
        keys: all keys of the booking, of whatever revision.
        wanted: the revision whose key shall exist; None: no key shall.
    """
    by_age = sorted(keys, key=lambda key: (key.revision, key.attempt))
    for key in by_age:
        if key.state is KeyState.ASKED:
            return LookUp(key)
    mine = planned(by_age, wanted)
    if mine is not None and mine.state is KeyState.PLANNED:
        return Ask(mine)
    for key in by_age:
        if key is mine or key.state not in _LIVE:
            continue
        return Drop(key) if key.state is KeyState.PLANNED else End(key)
    if mine is not None and mine.state in {KeyState.FAILED, KeyState.ENDED}:
        return Stuck(mine)
    return Settled()
