"""Quotas counted in memory: the same rules as in a database, for one process that keeps no log.

For simulations, for tests, and for what is worth a limit but not a row: calls of an API, log-ins, mails a minute.

Rules kept here:

* A reservation spends under every limit or under none, whoever else asks at the same time: where several threads do, give it
  a lock of theirs.
* Buckets and expiry are those of :mod:`servicekit.groups.quotas`: never overspent, a refusal at most one bucket too strict,
  a refund to the bucket that was charged, nothing freed by a clock that jumps back.
* A counter belongs to (subject, window), so accounts that share a group share what it has used.

Nothing is kept beyond the process, and a counter begins at nothing. What must hold across processes belongs in a storage.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta

from attrs import define, field

from servicekit.groups.quotas import Limit, Struck, Usage, bucket_of, bucket_width, expired_before, judge
from servicekit.moments import Instant

__all__ = ["Account", "Tally"]

_NEVER = 1 << 62  # microseconds: later than any instant


@define(eq=False)
class _Counter:
    """What one subject has used within its window. All times are microseconds.

    Attributes:
        used: of all buckets.
        head: where the bucket begins that is filled at present; what ``used`` has beyond ``others`` is in it.
        plain_until: before when, from ``head`` on, to spend is to add to ``used``: the bucket lasts, and none has expired.
        others: the other buckets, by start.
    """

    days: int | None
    used: int = 0
    head: int = -_NEVER
    plain_until: int = -_NEVER
    others: dict[int, int] = field(factory=dict)

    def turn_to(self, at: Instant) -> None:
        """Let go of the buckets that lie wholly outside, and begin the bucket of ``at`` unless the clock has jumped back."""
        if self.days is None:
            self.plain_until = _NEVER
            return
        bucket, before = bucket_of(at, self.days), expired_before(at, self.days)
        if bucket > self.head:
            self.others[self.head] = self.head_used
            self.head = bucket
        gone = sum(used for start, used in self.others.items() if start < before)
        self.others = {start: used for start, used in self.others.items() if start >= before and used}
        self.used -= gone
        self.plain_until = self.head + bucket_width(self.days)
        if self.others:  # the first instant whose ``expired_before`` is beyond the oldest
            self.plain_until = min(self.plain_until, min(self.others) - expired_before(Instant(0), self.days) + 1)

    def add(self, at: Instant, segments: int) -> None:
        """Spend, once it has been turned to ``at``."""
        self.used += segments
        bucket = bucket_of(at, self.days)
        if self.days is not None and bucket < self.head:
            self.others[bucket] = self.others.get(bucket, 0) + segments

    def give_back(self, spent_at: Instant, segments: int) -> None:
        """Refund to the bucket that was charged, if it is still there."""
        bucket = bucket_of(spent_at, self.days)
        if bucket in self.others:
            self.others[bucket] -= segments
        elif self.days is not None and bucket != self.head:
            return
        self.used -= segments

    @property
    def head_used(self) -> int:
        """What the head has."""
        return self.used - sum(self.others.values())


class Account:
    """The limits on one sender, and their counters; made by :meth:`Tally.account`."""

    def __init__(
        self, lock: AbstractContextManager[object], limits: tuple[Limit, ...], counters: tuple[_Counter, ...]
    ) -> None:
        self._lock = lock
        self._limits = limits
        self._counters = counters
        self._bounds = tuple(zip([limit.most for limit in limits], counters, strict=True))

    def reserve(self, segments: int, at: Instant) -> Struck | None:
        """Spend under all limits and give None, or under none and give the first that strikes.

        Costs one comparison and one addition for each limit; a pass over the buckets where a new one begins or one expires.
        """
        now = at.us
        with self._lock:
            for most, counter in self._bounds:
                if not counter.head <= now < counter.plain_until or counter.used + segments > most:
                    return self._reserve_slowly(segments, at)
            for counter in self._counters:
                counter.used += segments
        return None

    def _reserve_slowly(self, segments: int, at: Instant) -> Struck | None:
        for counter in self._counters:
            counter.turn_to(at)
        struck = judge(((limit, counter.used) for limit, counter in self._pairs()), segments)
        if struck is None:
            for counter in self._counters:
                counter.add(at, segments)
        return struck

    def refund(self, segments: int, spent_at: Instant) -> None:
        """Give back what was spent at an instant, to the very buckets; what has expired is gone."""
        with self._lock:
            for counter in self._counters:
                counter.give_back(spent_at, segments)

    def usage(self, at: Instant) -> tuple[Usage, ...]:
        """What is used of each limit, and when some of it comes back."""
        with self._lock:
            return tuple(_usage(limit, counter, at) for limit, counter in self._pairs())

    def _pairs(self) -> Iterator[tuple[Limit, _Counter]]:
        return zip(self._limits, self._counters, strict=True)


class Tally:
    """All counters of one process. ``lock``: such as a ``threading.Lock()``, where several threads use it.

    >>> from servicekit.groups import Limit, LimitKind
    >>> noon = Instant.parse("2026-11-25T12:00:00Z")
    >>> hall, salon = (Limit(LimitKind.GROUP, name, name, 3, days=1) for name in ("hall", "salon"))
    >>> tally = Tally()
    >>> anna = tally.account((hall, salon))
    >>> anna.reserve(2, noon), tally.account((salon,)).reserve(1, noon)
    (None, None)
    >>> anna.reserve(1, noon).limit.status
    'Group:salon'
    """

    def __init__(self, lock: AbstractContextManager[object] | None = None) -> None:
        self._lock = lock or nullcontext()
        self._counters: dict[tuple[str, int | None], _Counter] = {}

    def account(self, limits: Sequence[Limit]) -> Account:
        """The account under these limits, in the order in which they strike. Keep it: to make it costs more than to use it."""
        with self._lock:
            counters = tuple(
                self._counters.setdefault((limit.subject, limit.days), _Counter(limit.days)) for limit in limits
            )
        return Account(self._lock, tuple(limits), counters)


def _usage(limit: Limit, counter: _Counter, at: Instant) -> Usage:
    if limit.days is None:
        return Usage(limit, counter.used, None)
    since = expired_before(at, limit.days)
    buckets = {**counter.others, counter.head: counter.head_used}
    found = {bucket: used for bucket, used in buckets.items() if bucket >= since and used > 0}
    if not found:
        return Usage(limit, 0, None)
    back = Instant(min(found)) + timedelta(days=limit.days)
    return Usage(limit, sum(found.values()), back + timedelta(microseconds=bucket_width(limit.days) + 1))
