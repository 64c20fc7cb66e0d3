"""The plan: from what a booking wants and what is known of its keys, the one next step.

Pure and total: for any rows there is exactly one answer, and carrying out the answers in turn ends in :class:`Settled` or
:class:`Stuck`, with no key working that the booking does not want. The order is a policy: look up what is uncertain, make
what is wanted, end what is not.

What the door system has ended by itself, or somebody there, is made anew as another key, whenever that is noticed: the booking
says who may come in, and who shall not is cancelled. After five keys for one revision it is a person's affair.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve, frozen

from servicekit.ids import KeyId
from servicekit.keys.key import Key, KeyState

__all__ = [
    "MOST_ATTEMPTS",
    "Anew",
    "Ask",
    "Drop",
    "End",
    "LookUp",
    "Settled",
    "Step",
    "Stuck",
    "made_anew",
    "next_step",
    "planned",
]

MOST_ATTEMPTS = 5
"""A key that was made anew so often, and is ended or differs again, is a person's affair."""


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
class Anew:
    """The vendor has ended the wanted key: write down another one in its place."""

    key: Key


@frozen
class Settled:
    """The vendor holds exactly what is wanted."""


@frozen
class Stuck:
    """The vendor refused the wanted key, or ends it every time, and everything else is settled: a person has to look."""

    key: Key


Step = LookUp | Ask | End | Drop | Anew | Settled | Stuck

_LIVE = frozenset({KeyState.PLANNED, KeyState.ASKED, KeyState.MADE})


def planned(keys: Sequence[Key], wanted: int | None) -> Key | None:
    """The key of the wanted revision, if there is one: of several the one that was made anew last."""
    return max((key for key in keys if key.revision == wanted), key=lambda key: key.attempt, default=None)


def made_anew(key: Key, key_id: KeyId) -> Key:
    """The same key as one that is still to be made, under a marker of its own."""
    return evolve(key, id=key_id, attempt=key.attempt + 1, state=KeyState.PLANNED, vendor_id="", detail="")


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
    if mine is not None and mine.state is KeyState.ENDED and mine.attempt < MOST_ATTEMPTS:
        return Anew(mine)  # before the others end, so that the client is not without
    for key in by_age:
        if key is mine or key.state not in _LIVE:
            continue
        return Drop(key) if key.state is KeyState.PLANNED else End(key)
    if mine is not None and mine.state in {KeyState.FAILED, KeyState.ENDED}:
        return Stuck(mine)
    return Settled()
