"""Quotas in SQL: a counter for each (subject, window), beside its expiry buckets, both made from the log when first needed.

A counter's row has the sum (``used``), the bucket that is filled at present (``head``, ``head_used``) and the last ones before
it (``tail``, see :mod:`~servicekit.adapters.storage.counters`); older buckets have rows of their own. So nearly every decision
is one statement: it spends under each limit that allows it and whose counter is plain, and where it did so under all of them,
that was it. Else it takes that back and goes the long way: hold the counters, make, unfold and expire them, judge, spend.

What makes it right:

* An UPDATE decides on the newest version of each row that it changes, and holds it until the end of the message's own
  transaction, which shares the tree: no limit and no group changes under it.
* Two reservations that share a limit share the topmost one on their path. On PostgreSQL each first takes a lock that is known
  by it, and a refund does, too; so it makes no difference in which order they come to the rows.
* A counter is made under a lock of its own, which a refund takes too. So no refund falls between the pass over the log and
  the counter's first line.
* What lies wholly outside the window is moved out when a counter is read; ``oldest`` says whether there can be any.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from servicekit.adapters.storage.counters import FOR_EVER, LONGEST_TAIL, NO_BUCKET, Counters
from servicekit.adapters.storage.dialect import Dialect
from servicekit.adapters.storage.tables import Execute
from servicekit.groups import Limit, Struck, Usage, bucket_of, judge, topmost
from servicekit.groups.quotas import bucket_width, expired_before
from servicekit.moments import Instant

__all__ = ["SqlQuotas"]

_SPEND = """
UPDATE quota_counters SET
    used = used + {segments:d},
    oldest = CASE WHEN oldest > given.bucket THEN given.bucket ELSE oldest END,
    tail = CASE WHEN head = given.bucket OR head_used = 0 THEN tail ELSE tail || head || ':' || head_used || ' ' END,
    head_used = CASE WHEN head = given.bucket THEN head_used + {segments:d} ELSE {segments:d} END,
    head = given.bucket
FROM {given} AS given
WHERE subject = given.known AND days = given.span AND head <= given.bucket AND oldest >= given.live
    AND used + {segments:d} <= given.most AND length(tail) <= {longest:d}
RETURNING subject
"""


class SqlQuotas:
    """Counters and buckets."""

    def __init__(self, execute: Execute, dialect: Dialect) -> None:
        self.execute = execute
        self.dialect = dialect
        self.counters = Counters(execute, dialect)

    def reserve(self, limits: Sequence[Limit], segments: int, at: Instant) -> Struck | None:
        """Spend under all limits, or under none. One statement; some more where a counter is new, full or has expired."""
        if not limits or self._spend(limits, segments, at):
            return None
        self._hold_spending(topmost(limits))
        used = self._used(limits, at)
        struck = judge(((limit, used[limit.subject]) for limit in limits), segments)
        if struck is None:
            late = [limit for limit in limits if self.counters.held[limit.subject].head > bucket_of(at, limit.days)]
            for limit in late:  # the clock has jumped back
                self.counters.add_to_bucket(limit, bucket_of(at, limit.days), segments)
            plain = [limit for limit in limits if limit not in late]
            if plain and not self._spend(plain, segments, at):
                raise AssertionError(f"counters that were held have changed: {plain}")
        return struck

    def refund(self, subjects: Sequence[str], segments: int, spent_at: Instant, under: str) -> None:
        """Give back to what the counters have; what has expired left them with its bucket."""
        self._hold_spending(under)
        self.counters.refund(subjects, segments, spent_at)

    def forget(self, subjects: Sequence[str]) -> None:
        """Drop counters and buckets."""
        marks = ", ".join("?" * len(subjects))
        for table in ("quota_buckets", "quota_counters"):
            self.execute(f"DELETE FROM {table} WHERE subject IN ({marks})", subjects)  # noqa: S608

    def usage(self, limit: Limit, at: Instant) -> Usage:
        """From the counter; a reading makes none, so where there is none it costs one pass over the window."""
        kept = self.counters.kept(limit, at)
        found = self.counters.from_log(limit, at) if kept is None else kept
        used = sum(found.values())
        if limit.days is None or not used:
            return Usage(limit, used, None)
        back = Instant(min(found)) + timedelta(days=limit.days)
        return Usage(limit, used, back + timedelta(microseconds=bucket_width(limit.days) + 1))

    def _spend(self, limits: Sequence[Limit], segments: int, at: Instant) -> bool:
        """Spend under all limits whose counters are plain, in one statement; whether that was all of them, else nothing."""
        spans = [limit.days or FOR_EVER for limit in limits]
        columns: tuple[list[str] | list[int], ...] = (
            [limit.subject for limit in limits],
            spans,
            [limit.most for limit in limits],
            [bucket_of(at, limit.days) for limit in limits],
            [-NO_BUCKET if limit.days is None else expired_before(at, limit.days) for limit in limits],
        )
        given, values = self.dialect.given(columns, f"spending under {topmost(limits)}")
        sql = _SPEND.format(segments=segments, given=given, longest=LONGEST_TAIL)
        spent = [subject for (subject,) in self.execute(sql, values).fetchall()]
        if len(spent) == len(limits):
            return True
        if spent:
            keys = [
                part
                for subject, span in zip(columns[0], spans, strict=True)
                if subject in spent
                for part in (subject, span)
            ]
            tests = " OR ".join(["(subject = ? AND days = ?)"] * len(spent))
            self.execute(
                f"UPDATE quota_counters SET used = used - {segments:d}, head_used = head_used - {segments:d} WHERE {tests}",  # noqa: S608
                keys,
            )
        return False

    def _used(self, limits: Sequence[Limit], at: Instant) -> dict[str, int]:
        """What each subject has used; its counter is held from here on, and plain."""
        self.counters.hold(limits, at)
        for limit in limits:
            counter = self.counters.held[limit.subject]
            if limit.days is not None and counter.oldest < expired_before(at, limit.days):
                self.counters.expire(limit, at)
            elif len(counter.tail) > LONGEST_TAIL:
                self.counters.unfold(counter)
        return {limit.subject: self.counters.held[limit.subject].used for limit in limits}

    def _hold_spending(self, under: str) -> None:
        if self.dialect.alone:
            self.execute(self.dialect.alone, [f"spending under {under}"])
