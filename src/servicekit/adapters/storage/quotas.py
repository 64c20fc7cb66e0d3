"""Quotas in SQL: a counter for each (subject, window), beside its expiry buckets, both made from the log when first needed.

What makes it right:

* The counters' rows are locked first, in one order for everybody, and only then read. All of it is in the message's own
  transaction, which shares the tree: no limit and no group changes under it.
* A counter is made under a lock of its own, which a refund takes too. So no refund falls between the pass over the log and
  the counter's first line.
* What lies wholly outside the window is moved out when a counter is read; ``oldest`` says whether there can be any.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from servicekit.adapters.storage.dialect import Dialect
from servicekit.adapters.storage.tables import Execute
from servicekit.groups import Limit, LimitKind, Struck, Usage, bucket_of, judge
from servicekit.groups.quotas import bucket_width, expired_before
from servicekit.moments import Instant

__all__ = ["SqlQuotas"]

_FOR_EVER = 0  # the column's value for "no window"
_NO_BUCKET = 1 << 62  # the oldest bucket where there is none: later than any
_OF_GROUP = (
    '"group" IN (WITH RECURSIVE down (id) AS (SELECT id FROM groups WHERE id = ? UNION ALL'
    " SELECT groups.id FROM groups JOIN down ON groups.parent = down.id) SELECT id FROM down)"
)
_OF_USER = '"user" = ?'


class SqlQuotas:
    """Counters and buckets."""

    def __init__(self, execute: Execute, dialect: Dialect) -> None:
        self.execute = execute
        self.dialect = dialect

    def reserve(self, limits: Sequence[Limit], segments: int, at: Instant) -> Struck | None:
        """Spend under all limits, or under none."""
        if not limits:
            return None
        used = self._used(limits, at)
        struck = judge(((limit, used[limit.subject]) for limit in limits), segments)
        if struck is None:
            self._add([(limit.subject, limit.days, bucket_of(at, limit.days)) for limit in limits], segments)
        return struck

    def refund(self, subjects: Sequence[str], segments: int, spent_at: Instant) -> None:
        """Give back to what the counters have; what has expired left them with its bucket."""
        for subject in sorted(subjects):
            self._lock_making(subject, self.dialect.share)
        marks = ", ".join("?" * len(subjects))
        held = self.execute(
            f"SELECT subject, days FROM quota_counters WHERE subject IN ({marks})"  # noqa: S608
            f" ORDER BY subject, days{self.dialect.hold}",
            subjects,
        ).fetchall()
        for subject, days in held:
            if days != _FOR_EVER:
                bucket = bucket_of(spent_at, days)
                there = self.execute(
                    "UPDATE quota_buckets SET used = used - ? WHERE subject = ? AND days = ? AND bucket = ?",
                    [segments, subject, days, bucket],
                )
                if there.rowcount == 0:
                    continue
            self.execute(
                "UPDATE quota_counters SET used = used - ? WHERE subject = ? AND days = ?", [segments, subject, days]
            )

    def forget(self, subjects: Sequence[str]) -> None:
        """Drop counters and buckets."""
        marks = ", ".join("?" * len(subjects))
        for table in ("quota_buckets", "quota_counters"):
            self.execute(f"DELETE FROM {table} WHERE subject IN ({marks})", subjects)  # noqa: S608

    def usage(self, limit: Limit, at: Instant) -> Usage:
        """From the counter; a reading makes none, so where there is none it costs one pass over the window."""
        found = self._from_log(limit, at) if (kept := self._kept(limit, at)) is None else kept
        used = sum(count for _, count in found)
        if limit.days is None or not used:
            return Usage(limit, used, None)
        back = Instant(min(bucket for bucket, _ in found)) + timedelta(days=limit.days)
        return Usage(limit, used, back + timedelta(microseconds=bucket_width(limit.days) + 1))

    # Counters

    def _used(self, limits: Sequence[Limit], at: Instant) -> dict[str, int]:
        """What each subject has used, its counter locked from here on."""
        held = self._counters(limits)
        missing = [limit for limit in limits if limit.subject not in held]
        for limit in sorted(missing, key=lambda limit: limit.subject):
            self._make(limit, at)
        if missing or self.dialect.hold:  # locks for making come before those of rows, as in a refund
            held = self._counters(limits, self.dialect.hold)
        used = {}
        for limit in limits:
            count, oldest = held[limit.subject]
            if limit.days is not None and oldest < expired_before(at, limit.days):
                count -= self._expire(limit, at)
            used[limit.subject] = count
        return used

    def _counters(self, limits: Sequence[Limit], lock: str = "") -> dict[str, tuple[int, int]]:
        """Used and oldest bucket of the counters that are there. The order of the rows is the order of their locks."""
        marks = " OR ".join(["(subject = ? AND days = ?)"] * len(limits))
        keys = [part for limit in limits for part in (limit.subject, limit.days or _FOR_EVER)]
        found = self.execute(
            f"SELECT subject, used, oldest FROM quota_counters WHERE {marks} ORDER BY subject, days{lock}",  # noqa: S608
            keys,
        ).fetchall()
        return {subject: (used, oldest) for subject, used, oldest in found}

    def _make(self, limit: Limit, at: Instant) -> None:
        """A counter from the log, unless somebody has made it meanwhile."""
        self._lock_making(limit.subject, self.dialect.alone)
        key = [limit.subject, limit.days or _FOR_EVER]
        if self.execute("SELECT 1 FROM quota_counters WHERE subject = ? AND days = ?", key).fetchone():
            return
        found = self._from_log(limit, at)
        oldest = min((bucket for bucket, _ in found), default=_NO_BUCKET)
        total = sum(count for _, count in found)
        self.execute(
            "INSERT INTO quota_counters (subject, days, used, oldest) VALUES (?, ?, ?, ?)", [*key, total, oldest]
        )
        if limit.days is not None:
            for bucket, count in found:
                self.execute(
                    "INSERT INTO quota_buckets (subject, days, bucket, used) VALUES (?, ?, ?, ?)", [*key, bucket, count]
                )

    def _kept(self, limit: Limit, at: Instant) -> list[tuple[int, int]] | None:
        """What a counter has by bucket, without what is wholly outside; None where there is no counter."""
        key = [limit.subject, limit.days or _FOR_EVER]
        counter = self.execute("SELECT used FROM quota_counters WHERE subject = ? AND days = ?", key).fetchone()
        if counter is None or limit.days is None:
            return None if counter is None else [(0, int(counter[0]))]
        found = self.execute(
            "SELECT bucket, used FROM quota_buckets WHERE subject = ? AND days = ? AND bucket >= ? AND used > 0",
            [*key, expired_before(at, limit.days)],
        ).fetchall()
        return [(int(bucket), int(count)) for bucket, count in found]

    def _from_log(self, limit: Limit, at: Instant) -> list[tuple[int, int]]:
        """What the log has of a limit's subject, by bucket; one bucket at 0 where there is no window."""
        scope = _OF_USER if limit.kind is LimitKind.PERSONAL else _OF_GROUP
        width = bucket_width(limit.days) if limit.days is not None else 0
        bucket = f"made_at / {width:d} * {width:d}" if width else "0"
        since = expired_before(at, limit.days) if limit.days is not None else -_NO_BUCKET
        found = self.execute(
            f"SELECT {bucket} AS bucket, sum(segments) FROM messages WHERE {scope} AND made_at >= ?"  # noqa: S608
            " AND direction = 'out' AND segments > 0 GROUP BY 1",
            [limit.subject, since],
        ).fetchall()
        return [(int(bucket), int(count)) for bucket, count in found if not width or bucket >= since]

    def _expire(self, limit: Limit, at: Instant) -> int:
        """Move the buckets that lie wholly outside out of the counter; how much that was."""
        assert limit.days is not None
        key = [limit.subject, limit.days]
        gone = self.execute(
            "DELETE FROM quota_buckets WHERE subject = ? AND days = ? AND bucket < ? RETURNING used",
            [*key, expired_before(at, limit.days)],
        ).fetchall()
        expired = sum(count for (count,) in gone)
        (oldest,) = self.execute("SELECT min(bucket) FROM quota_buckets WHERE subject = ? AND days = ?", key).fetchone()
        self.execute(
            "UPDATE quota_counters SET used = used - ?, oldest = ? WHERE subject = ? AND days = ?",
            [expired, _NO_BUCKET if oldest is None else oldest, *key],
        )
        return int(expired)

    def _add(self, keys: Sequence[tuple[str, int | None, int]], segments: int) -> None:
        """Add to counters that are locked, and to their buckets."""
        buckets = sorted((subject, days, bucket) for subject, days, bucket in keys if days is not None)
        if buckets:
            rows = ", ".join(["(?, ?, ?, ?)"] * len(buckets))
            self.execute(
                f"INSERT INTO quota_buckets (subject, days, bucket, used) VALUES {rows}"  # noqa: S608
                " ON CONFLICT (subject, days, bucket) DO UPDATE SET used = quota_buckets.used + excluded.used",
                [part for key in buckets for part in (*key, segments)],
            )
        tests = " OR ".join(["(subject = ? AND days = ?)"] * len(keys))
        least = min((bucket for _, _, bucket in buckets), default=_NO_BUCKET)
        self.execute(
            "UPDATE quota_counters SET used = used + ?,"  # noqa: S608
            f" oldest = CASE WHEN oldest < ? OR days = 0 THEN oldest ELSE ? END WHERE {tests}",
            [segments, least, least, *(part for subject, days, _ in keys for part in (subject, days or _FOR_EVER))],
        )

    def _lock_making(self, subject: str, lock: str) -> None:
        """Making a counter excludes refunds to it; refunds do not exclude one another."""
        if lock:
            self.execute(lock, [f"counter of {subject}"])
