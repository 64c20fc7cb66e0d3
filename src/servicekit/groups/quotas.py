"""Quotas: how many segments may be spent, by whom, within how many days.

Rules kept here, and used by every storage:

* Usage stands in a counter for each (subject, window) beside buckets of ``window / 1440``, a minute for each day. A decision
  reads one counter for each limit, never the log, so it costs the same after a million messages.
* Expiry is conservative: a bucket leaves the sum only once *all* of it is older than the window. So a limit is never
  overspent, and a refusal is at most one bucket stricter than exact.
* Counters say what the log says. They are made from it when a limit is first asked about, and made anew after a limit, the
  tree or a user's group has changed; so it makes no difference whether a limit was there before the messages were.
* A refund goes back to the bucket that was charged: the one of the instant at which it was spent.
* A clock that jumps back frees nothing: what was spent "later" still counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from attrs import evolve, frozen

from servicekit.groups.tree import Group, Quota, User, effective
from servicekit.moments import Instant

__all__ = [
    "Limit",
    "LimitKind",
    "Quota",
    "Struck",
    "Usage",
    "bucket_of",
    "bucket_width",
    "expired_before",
    "judge",
    "least",
    "limits_of",
    "topmost",
]

_DAY = 86_400_000_000  # microseconds
_BUCKETS = 1440


class LimitKind(StrEnum):
    """Whose limit it is; the word is the one that the log shows."""

    PERSONAL = "Personal"
    GROUP = "Group"


@frozen
class Limit:
    """One limit on a message: ``most`` segments of ``subject`` within ``days`` (None: for ever).

    ``subject`` is what is counted (a user or a group); ``group_name`` is what the log names when it strikes.
    """

    kind: LimitKind
    subject: str
    group_name: str
    most: int
    days: int | None

    @property
    def status(self) -> str:
        """How the log says that this limit struck: ``Personal:<group>`` or ``Group:<group>``."""
        return f"{self.kind}:{self.group_name}"


@frozen
class Struck:
    """A limit refused: ``used`` of its ``most`` segments were spent when ``asked`` more were wanted."""

    limit: Limit
    used: int
    asked: int


@frozen
class Usage:
    """What is used of a limit. ``more_at``: when some of it comes back at the latest; None: never, or nothing is used."""

    limit: Limit
    used: int
    more_at: Instant | None

    @property
    def left(self) -> int:
        """What may still be spent; 0 also where a limit was lowered below what is used."""
        return max(0, self.limit.most - self.used)


def limits_of(user: User | None, path: Sequence[Group]) -> tuple[Limit, ...]:
    """All limits on a message, in the order in which they strike.

    Args:
        user: who sends; None for a text that the organisation itself sends.
        path: the group and those above it, from the group to the root.

    Returns:
        The user's own limit first, then the group's, then those above. Unlimited ones are left out.
    """
    found = []
    if user is not None:
        quota = effective(path, "user_quota").value
        if quota is not None and quota.segments is not None:
            found.append(Limit(LimitKind.PERSONAL, user.id, path[0].name, quota.segments, quota.days))
    for group in path:
        quota = group.settings.group_quota
        if quota is not None and quota.segments is not None:
            found.append(Limit(LimitKind.GROUP, group.id, group.name, quota.segments, quota.days))
    return tuple(found)


def judge(limits: Iterable[tuple[Limit, int]], segments: int) -> Struck | None:
    """The first limit that ``segments`` more would break, given what each has used; None if all allow it."""
    for limit, used in limits:
        if used + segments > limit.most:
            return Struck(limit, used, segments)
    return None


def topmost(limits: Sequence[Limit]) -> str:
    """The subject that all who share one of these limits share: the group highest up, else the user; empty without limits.

    Limits come as :func:`limits_of` gives them, from the user up to the root.
    """
    return limits[-1].subject if limits else ""


def least(usages: Iterable[Usage]) -> Usage | None:
    """The usage with the least left: the first of several, with the time when all of them have more; None if there is none."""
    known = tuple(usages)
    if not known:
        return None
    left = min(usage.left for usage in known)
    tied = [usage for usage in known if usage.left == left]
    back = [usage.more_at for usage in tied if usage.more_at is not None]
    return evolve(tied[0], more_at=max(back) if len(back) == len(tied) else None)


def bucket_of(at: Instant, days: int | None) -> int:
    """The start of the bucket that ``at`` falls into, in microseconds; 0 where there is no window.

    >>> bucket_of(Instant(90_000_000), days=1)
    60000000
    """
    if days is None:
        return 0
    width = bucket_width(days)
    return at.us // width * width


def expired_before(at: Instant, days: int) -> int:
    """Buckets that start before this (in microseconds) lie wholly outside the window of ``days`` that ends at ``at``."""
    return at.us - days * _DAY - bucket_width(days)


def bucket_width(days: int) -> int:
    """How long a bucket of a window is, in microseconds.

    >>> bucket_width(30) // 60_000_000
    30
    """
    return days * _DAY // _BUCKETS
