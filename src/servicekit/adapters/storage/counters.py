"""The rows of quota counters and their buckets: held, made from the log, unfolded, expired, refunded.

Rules kept here:

* ``used`` is the sum of a counter's buckets, wherever they stand: ``head`` with ``head_used``, the ``tail`` as words like
  ``1764072000000000:3`` (start in microseconds, segments; each followed by a space), the others in ``quota_buckets``.
* To unfold a counter is to move head and tail into rows; what then happens to a bucket happens there.
* Where there is no window there is one bucket, at 0, which stands in the head.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from attrs import evolve, frozen

from servicekit.adapters.storage.dialect import Dialect
from servicekit.adapters.storage.tables import Execute
from servicekit.groups import Limit, LimitKind, bucket_of
from servicekit.groups.quotas import bucket_width, expired_before
from servicekit.moments import Instant

__all__ = ["FOR_EVER", "LONGEST_TAIL", "NO_BUCKET", "CounterRow", "Counters", "buckets_of"]

FOR_EVER = 0  # the column's value for "no window"
NO_BUCKET = 1 << 62  # the oldest bucket where there is none: later than any
LONGEST_TAIL = 500  # characters, after which a counter is unfolded: some 25 buckets
_OF_GROUP = (
    '"group" IN (WITH RECURSIVE down (id) AS (SELECT id FROM groups WHERE id = ? UNION ALL'
    " SELECT groups.id FROM groups JOIN down ON groups.parent = down.id) SELECT id FROM down)"
)
_OF_USER = '"user" = ?'


@frozen
class CounterRow:
    """A counter's row."""

    subject: str
    days: int
    used: int
    oldest: int
    head: int
    head_used: int
    tail: str


def buckets_of(counter: CounterRow) -> dict[int, int]:
    """The buckets that stand in the row itself.

    >>> buckets_of(CounterRow("grp_1", 1, 7, 60, 180, 2, "60:4 120:1 "))
    {60: 4, 120: 1, 180: 2}
    """
    found = Counter[int]()
    for word in counter.tail.split():
        bucket, _, used = word.partition(":")
        found[int(bucket)] += int(used)
    if counter.head_used:
        found[counter.head] += counter.head_used
    return dict(found)


class Counters:
    """Counters in one transaction; ``held`` are those of the limits that :meth:`hold` was last asked for, by subject."""

    def __init__(self, execute: Execute, dialect: Dialect) -> None:
        self.execute = execute
        self.dialect = dialect
        self.held: dict[str, CounterRow] = {}

    def hold(self, limits: Sequence[Limit], at: Instant) -> None:
        """Hold the counters of all limits, made where they are missing."""
        keys = [(limit.subject, limit.days or FOR_EVER) for limit in limits]
        self.held = self._read(keys)
        missing = [limit for limit in limits if limit.subject not in self.held]
        for limit in sorted(missing, key=lambda limit: limit.subject):
            self._make(limit, at)
        if missing or self.dialect.hold:  # locks for making come before those of rows, as in a refund
            self.held = self._read(keys, self.dialect.hold)

    def unfold(self, counter: CounterRow) -> CounterRow:
        """Move a held counter's head and tail into rows."""
        if counter.days == FOR_EVER:
            return counter
        moved = buckets_of(counter)
        if moved:
            rows = ", ".join(["(?, ?, ?, ?)"] * len(moved))
            self.execute(
                f"INSERT INTO quota_buckets (subject, days, bucket, used) VALUES {rows}"  # noqa: S608
                " ON CONFLICT (subject, days, bucket) DO UPDATE SET used = quota_buckets.used + excluded.used",
                [part for item in sorted(moved.items()) for part in (counter.subject, counter.days, *item)],
            )
        return self._save(evolve(counter, head_used=0, tail=""))

    def expire(self, limit: Limit, at: Instant) -> None:
        """Move the buckets that lie wholly outside out of a held counter."""
        assert limit.days is not None
        counter = self.unfold(self.held[limit.subject])
        key = [limit.subject, limit.days]
        gone = self.execute(
            "DELETE FROM quota_buckets WHERE subject = ? AND days = ? AND bucket < ? RETURNING used",
            [*key, expired_before(at, limit.days)],
        ).fetchall()
        (oldest,) = self.execute("SELECT min(bucket) FROM quota_buckets WHERE subject = ? AND days = ?", key).fetchone()
        used = counter.used - sum(int(count) for (count,) in gone)
        self._save(evolve(counter, used=used, oldest=NO_BUCKET if oldest is None else oldest))

    def add_to_bucket(self, limit: Limit, bucket: int, segments: int) -> None:
        """Spend in a bucket before a held counter's head."""
        self.execute(
            "INSERT INTO quota_buckets (subject, days, bucket, used) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (subject, days, bucket) DO UPDATE SET used = quota_buckets.used + excluded.used",
            [limit.subject, limit.days, bucket, segments],
        )
        counter = self.held[limit.subject]
        self._save(evolve(counter, used=counter.used + segments, oldest=min(counter.oldest, bucket)))

    def refund(self, subjects: Sequence[str], segments: int, spent_at: Instant) -> None:
        """Give back to the bucket that was charged, in every counter of the subjects that still has it."""
        for subject in sorted(subjects):
            self._lock_making(subject, self.dialect.share)
        marks = ", ".join("?" * len(subjects))
        found = self.execute(
            "SELECT subject, days, used, oldest, head, head_used, tail FROM quota_counters"  # noqa: S608
            f" WHERE subject IN ({marks}) ORDER BY subject, days{self.dialect.hold}",
            subjects,
        ).fetchall()
        for counter in (CounterRow(*row) for row in found):
            bucket = bucket_of(spent_at, counter.days or None)
            standing = buckets_of(counter)
            if standing.get(bucket, 0) >= segments:
                standing[bucket] -= segments
                self._save(_folded(evolve(counter, used=counter.used - segments), standing))
                continue
            unfolded = self.unfold(counter)  # some of the bucket may stand there, some here
            there = self.execute(
                "UPDATE quota_buckets SET used = used - ? WHERE subject = ? AND days = ? AND bucket = ?",
                [segments, counter.subject, counter.days, bucket],
            )
            if there.rowcount:
                self._save(evolve(unfolded, used=counter.used - segments))

    def kept(self, limit: Limit, at: Instant) -> dict[int, int] | None:
        """What a counter has by bucket, without what is wholly outside; None where there is no counter."""
        key = (limit.subject, limit.days or FOR_EVER)
        counter = self._read([key]).get(limit.subject)
        if counter is None:
            return None
        if limit.days is None:
            return {0: counter.used}
        since = expired_before(at, limit.days)
        rows = self.execute(
            "SELECT bucket, used FROM quota_buckets WHERE subject = ? AND days = ? AND bucket >= ?", [*key, since]
        ).fetchall()
        found = Counter[int](buckets_of(counter))
        for bucket, used in rows:
            found[bucket] += used
        return {bucket: used for bucket, used in found.items() if bucket >= since and used > 0}

    def from_log(self, limit: Limit, at: Instant) -> dict[int, int]:
        """What the log has of a limit's subject, by bucket; one bucket at 0 where there is no window."""
        scope = _OF_USER if limit.kind is LimitKind.PERSONAL else _OF_GROUP
        width = bucket_width(limit.days) if limit.days is not None else 0
        bucket = f"made_at / {width:d} * {width:d}" if width else "0"
        since = expired_before(at, limit.days) if limit.days is not None else -NO_BUCKET
        found = self.execute(
            f"SELECT {bucket} AS bucket, sum(segments) FROM messages WHERE {scope} AND made_at >= ?"  # noqa: S608
            " AND direction = 'out' AND segments > 0 GROUP BY 1",
            [limit.subject, since],
        ).fetchall()
        return {int(bucket): int(count) for bucket, count in found if not width or bucket >= since}

    def _read(self, keys: Sequence[tuple[str, int]], lock: str = "") -> dict[str, CounterRow]:
        """The counters that are there, by subject."""
        tests = " OR ".join(["(subject = ? AND days = ?)"] * len(keys))
        found = self.execute(
            f"SELECT subject, days, used, oldest, head, head_used, tail FROM quota_counters WHERE {tests}"  # noqa: S608
            f" ORDER BY subject, days{lock}",
            [part for key in keys for part in key],
        ).fetchall()
        return {row[0]: CounterRow(*row) for row in found}

    def _save(self, counter: CounterRow) -> CounterRow:
        self.execute(
            "UPDATE quota_counters SET used = ?, oldest = ?, head = ?, head_used = ?, tail = ? WHERE subject = ? AND days = ?",
            [
                counter.used,
                counter.oldest,
                counter.head,
                counter.head_used,
                counter.tail,
                counter.subject,
                counter.days,
            ],
        )
        self.held[counter.subject] = counter
        return counter

    def _make(self, limit: Limit, at: Instant) -> None:
        """A counter from the log, unless somebody has made it meanwhile."""
        self._lock_making(limit.subject, self.dialect.alone)
        key = [limit.subject, limit.days or FOR_EVER]
        if self.execute("SELECT 1 FROM quota_counters WHERE subject = ? AND days = ?", key).fetchone():
            return
        found = self.from_log(limit, at)
        used, oldest = sum(found.values()), min(found, default=NO_BUCKET)
        head, head_used = (0, used) if limit.days is None else (-NO_BUCKET, 0)
        self.execute(
            "INSERT INTO quota_counters (subject, days, used, oldest, head, head_used, tail) VALUES (?, ?, ?, ?, ?, ?, '')",
            [*key, used, oldest, head, head_used],
        )
        if limit.days is not None:
            for item in found.items():
                self.execute(
                    "INSERT INTO quota_buckets (subject, days, bucket, used) VALUES (?, ?, ?, ?)", [*key, *item]
                )

    def _lock_making(self, subject: str, lock: str) -> None:
        """Making a counter excludes refunds to it; refunds do not exclude one another."""
        if lock:
            self.execute(lock, [f"counter of {subject}"])


def _folded(counter: CounterRow, standing: Mapping[int, int]) -> CounterRow:
    """The counter with these buckets in its row."""
    tail = "".join(f"{bucket}:{used} " for bucket, used in sorted(standing.items()) if bucket != counter.head and used)
    return evolve(counter, head_used=standing.get(counter.head, 0), tail=tail)
