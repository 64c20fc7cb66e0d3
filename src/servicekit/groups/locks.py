"""Locks: which settings an administrator further down may change.

Rules kept here:

* A group that locks its permissions, or its signature, binds whoever administers only groups below it; not its own
  administrators, and not those above.
* A lock binds changes. What a group below has set already goes on holding.
* A signature that is open to everyone may also be replaced or removed by each user for its own texts.

Refused when set: permissions that are open to everyone (``lock_for_everyone``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from attrs import fields, frozen

from servicekit.groups.tree import Group, Lock, Settings, User, effective

__all__ = ["LockHeld", "held_by", "said", "signature_of", "signs_itself"]

PERMISSIONS: Final = frozenset(
    {
        *("country_code", "may_receive", "most_segments", "user_most_segments"),
        *("user_quota", "group_quota", "permissions_lock"),
        *("destinations", "costly_numbers", "alarm_senders", "trusted_relays", "texts_kept_days"),
    }
)
SIGNATURE: Final = frozenset({"signature", "signature_lock"})


@frozen
class LockHeld:
    """``group`` locks these settings for those below it."""

    group: Group
    settings: tuple[str, ...]


def held_by(above: Sequence[Group], settings: Iterable[str]) -> LockHeld | None:
    """The nearest lock on one of ``settings``, among the groups above all that an administrator administers.

    Args:
        above: those groups, from the nearest to the root.
        settings: the names of what shall change.
    """
    asked = frozenset(settings)
    for group in above:
        locked = frozenset[str]()
        if group.settings.permissions_lock is Lock.LOCKED:
            locked |= PERMISSIONS
        if group.settings.signature_lock is Lock.LOCKED:
            locked |= SIGNATURE
        if asked & locked:
            return LockHeld(group, tuple(sorted(asked & locked)))
    return None


def said(settings: Settings) -> frozenset[str]:
    """The names of what these settings set."""
    return frozenset(item.name for item in fields(Settings) if getattr(settings, item.name) is not None)


def signs_itself(path: Sequence[Group]) -> bool:
    """Whether users of ``path[0]`` may have a signature of their own."""
    return effective(path, "signature_lock").value is Lock.EVERYONE


def signature_of(user: User | None, path: Sequence[Group]) -> str:
    """What is appended to a text: the user's own where it may have one and has said so, else the group's."""
    if user is not None and user.signature is not None and signs_itself(path):
        return user.signature
    return str(effective(path, "signature").value)
