"""Retry: when to try again, or that it is time to give up. Pure.

Rules kept here: the error's type decides, never its text. A vendor's final no is given up at once; a vendor's "wait" is
obeyed and not counted; everything else is tried again with growing pauses. The pauses are spread by the effect's id, not by
chance, so that effects that failed together do not come back together and tests can foretell them.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

from attrs import frozen

from servicekit.errors import OutsideError, Rejected, Throttled, Unsupported
from servicekit.moments import Instant

__all__ = ["Again", "GiveUp", "RetryPolicy", "judge_failure"]

_MICROSECOND = timedelta(microseconds=1)


@frozen(kw_only=True)
class RetryPolicy:
    """How patient to be.

    Attributes:
        first: the pause after the first failure; it doubles with each.
        longest: no pause is longer.
        attempts: failures in a row after which to give up. With the defaults that is after about a day.
    """

    first: timedelta = timedelta(seconds=5)
    longest: timedelta = timedelta(hours=4)
    attempts: int = 18


@frozen
class Again:
    """Try again at ``at``; ``counted``: whether it was a failure."""

    at: Instant
    counted: bool = True


@frozen
class GiveUp:
    """A person has to look."""

    reason: str


def judge_failure(error: OutsideError, *, attempts: int, at: Instant, salt: str, policy: RetryPolicy) -> Again | GiveUp:
    """What to do after ``error``.

    Args:
        error: what the adapter raised.
        attempts: failures before this one.
        at: now.
        salt: what the pause is spread by, an effect's id.
        policy: how patient to be.
    """
    if isinstance(error, (Rejected, Unsupported)):
        return GiveUp(error.message)
    if isinstance(error, Throttled) and error.until is not None and error.until > at:
        return Again(error.until + _spread(salt, timedelta(seconds=1)), counted=False)
    if attempts + 1 >= policy.attempts:
        return GiveUp(f"given up after {attempts + 1} tries: {error.message}")
    doubled = policy.first // _MICROSECOND * 2**attempts  # whole numbers, because a timedelta overflows
    pause = min(doubled, policy.longest // _MICROSECOND) * _MICROSECOND
    return Again(at + pause + _spread(f"{salt}:{attempts}", pause / 4))


def _spread(salt: str, most: timedelta) -> timedelta:
    part = int.from_bytes(hashlib.sha256(salt.encode()).digest()[:4])
    return most * (part / 2**32)
