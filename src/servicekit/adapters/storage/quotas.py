"""Quotas in SQL: a counter for each (subject, window), beside its expiry buckets.

The order is what makes it right: touch the counters' rows first, in one fixed order for everybody, and only then read; move
out the buckets that lie wholly outside the window; check every limit; spend. All of it in the message's own transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from servicekit.adapters.storage.tables import Execute
from servicekit.groups import Charge, Limit, Struck, bucket_of, judge
from servicekit.groups.quotas import expired_before
from servicekit.moments import Instant

__all__ = ["SqlQuotas"]

_FOR_EVER = 0  # the column's value for "no window"


class SqlQuotas:
    """Counters and buckets."""

    def __init__(self, execute: Execute) -> None:
        self.execute = execute

    def reserve(self, limits: Sequence[Limit], segments: int, at: Instant) -> tuple[Charge, ...] | Struck:
        """Spend under all limits or under none."""
        used = {limit.subject: self._used(limit, at) for limit in sorted(limits, key=lambda limit: limit.subject)}
        struck = judge(((limit, used[limit.subject]) for limit in limits), segments)
        if struck is not None:
            return struck
        charges = tuple(Charge(limit.subject, limit.days, bucket_of(at, limit.days), segments) for limit in limits)
        self._add(charges, 1)
        return charges

    def refund(self, charges: Iterable[Charge]) -> None:
        """Give back to the buckets charged; those that have expired meanwhile left the counter with their bucket."""
        self._add(charges, -1)

    def charge_to(self, message: str, charges: Iterable[Charge]) -> None:
        """Remember a message's charges."""
        for charge in charges:
            self.execute(
                "INSERT INTO message_charges (message, subject, days, bucket, segments) VALUES (?, ?, ?, ?, ?)",
                [message, charge.subject, charge.days or _FOR_EVER, charge.bucket, charge.segments],
            )

    def charges_of(self, message: str) -> tuple[Charge, ...]:
        """A message's charges, forgotten with this call: a refund happens once."""
        found = self.execute(
            "DELETE FROM message_charges WHERE message = ? RETURNING subject, days, bucket, segments", [message]
        ).fetchall()
        return tuple(
            Charge(subject, days or None, bucket, segments) for subject, days, bucket, segments in sorted(found)
        )

    def _used(self, limit: Limit, at: Instant) -> int:
        key = [limit.subject, limit.days or _FOR_EVER]
        # The upsert locks the counter before anything is read, also where it is new.
        self.execute(
            "INSERT INTO quota_counters (subject, days, used) VALUES (?, ?, 0)"
            " ON CONFLICT (subject, days) DO UPDATE SET used = quota_counters.used",
            key,
        )
        if limit.days is not None:
            gone = self.execute(
                "DELETE FROM quota_buckets WHERE subject = ? AND days = ? AND bucket < ? RETURNING used",
                [*key, expired_before(at, limit.days)],
            ).fetchall()
            if gone:
                expired = sum(count for (count,) in gone)
                self.execute(
                    "UPDATE quota_counters SET used = used - ? WHERE subject = ? AND days = ?", [expired, *key]
                )
        (used,) = self.execute("SELECT used FROM quota_counters WHERE subject = ? AND days = ?", key).fetchone()
        return int(used)

    def _add(self, charges: Iterable[Charge], sign: int) -> None:
        for charge in sorted(charges, key=lambda charge: charge.subject):
            key = [charge.subject, charge.days or _FOR_EVER]
            segments = sign * charge.segments
            if charge.days is not None:
                if sign > 0:
                    self.execute(
                        "INSERT INTO quota_buckets (subject, days, bucket, used) VALUES (?, ?, ?, ?)"
                        " ON CONFLICT (subject, days, bucket) DO UPDATE SET used = quota_buckets.used + excluded.used",
                        [*key, charge.bucket, segments],
                    )
                elif not self.execute(
                    "UPDATE quota_buckets SET used = used + ? WHERE subject = ? AND days = ? AND bucket = ?",
                    [segments, *key, charge.bucket],
                ).rowcount:
                    continue
            self.execute("UPDATE quota_counters SET used = used + ? WHERE subject = ? AND days = ?", [segments, *key])
