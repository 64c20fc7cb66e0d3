"""The activity log: who did what when, from where; one chain of entries for each customer, which nobody rewrites unnoticed.

Rules kept here:

* Entries are numbered from 1 without a gap, and each holds the digest of the one before. A digest is SHA-256 over the entry's
  canonical JSON, the digest before included.
* The chain's end, its *head*, stands in a row of its own. Who takes entries off the end, or a whole log away, has to mend
  that as well; who mends everything is found by a head that was kept elsewhere (``VerifyActivity(known=...)``).

A chain shows that something was changed, not what it was: it is no copy.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from attrs import asdict, frozen

from servicekit.codec import dumps
from servicekit.commands import Command, PrincipalKind, Query
from servicekit.ids import CustomerId, CustomerUserId, FacilityId, GroupId
from servicekit.moments import Instant

__all__ = [
    "Activity",
    "ActivityHead",
    "ActivityPage",
    "Break",
    "ReadActivity",
    "RecordActivity",
    "Verdict",
    "VerifyActivity",
    "chained",
    "first_break",
]


@frozen(kw_only=True)
class Activity:
    """One entry.

    Attributes:
        number: from 1, within the customer's log; 0 in what a customer user reads, who could count others' entries by it.
        facility: where the thing is that it is about; None: nowhere, or assigned to no facility.
        who, kind: the principal's id and kind.
        origin: from where, as the application told: ``Principal.of(..., origin="192.0.2.7")``.
        what: a stable code, such as ``"fault report filed"``; of the application's own entries whatever it says.
        about: the id of what it is about.
        detail: more, for people.
        internal: never shown to customer users.
        before: the digest of the entry before; empty for the first.
        digest: 64 hexadecimal digits.
    """

    customer: CustomerId
    number: int
    organisation: GroupId
    facility: FacilityId | None
    at: Instant
    who: str
    kind: PrincipalKind
    origin: str
    what: str
    about: str
    detail: str = ""
    internal: bool = False
    before: str = ""
    digest: str = ""


@frozen(kw_only=True)
class ActivityHead:
    """Where a customer's log ends: the number and digest of its last entry. Worth keeping elsewhere."""

    customer: CustomerId
    number: int
    digest: str


def chained(entry: Activity, head: ActivityHead | None) -> Activity:
    """The entry as the next one after ``head``: numbered, and with its digest."""
    values = asdict(entry, recurse=False)
    del values["digest"]
    values["number"] = head.number + 1 if head is not None else 1
    values["before"] = head.digest if head is not None else ""
    return Activity(**values, digest=hashlib.sha256(dumps(values).encode("ascii")).hexdigest())


@frozen
class Break:
    """Where a log is not as it was written: at the entry of this number, and how that shows."""

    number: int
    why: str


def first_break(
    entries: Iterable[Activity], head: ActivityHead | None, known: ActivityHead | None = None
) -> Break | None:
    """The first place where a customer's log is broken; None where it is whole.

    Args:
        entries: all of them, by number.
        head: what stands beside the log as its end.
        known: an earlier head, kept elsewhere.
    """
    last: ActivityHead | None = None
    for entry in entries:
        number = last.number + 1 if last is not None else 1
        if entry.number != number:
            return Break(number, "an entry is missing")
        if entry != chained(entry, last):
            return Break(number, "an entry was changed")
        if known is not None and known.number == number and known.digest != entry.digest:
            return Break(number, "the log was written anew")
        last = ActivityHead(customer=entry.customer, number=entry.number, digest=entry.digest)
    ends = last.number if last is not None else 0
    if head is None or (known is not None and known.number > ends) or head.number > ends:
        return Break(ends + 1, "an entry is missing")
    if head != last:
        return Break(ends, "the end was changed")
    return None


@frozen(kw_only=True)
class RecordActivity(Command[Activity]):
    """Write an entry of the application's own: a log-in, a page that was looked at. Needs ``activity:write``.

    A customer user may write such entries about itself; nobody can change or remove one.

    Raises:
        Invalid: ``nameless`` if ``what`` is empty or not on one line, ``long_text`` above 200 characters.
    """

    customer: CustomerId
    what: str
    detail: str = ""


@frozen
class ActivityPage:
    """Entries, newest first, and how many there are in all that the asker may see."""

    entries: tuple[Activity, ...]
    count: int


@frozen(kw_only=True)
class ReadActivity(Query[ActivityPage]):
    """A customer's activity log. Needs ``activity:read``; a customer user reads what it did itself, as far as it still sees it.

    Attributes:
        user: only what this customer user did.
        skip: leave out so many of the newest: those on the pages before.
        most: at most so many, 1 to 1,000.
    """

    customer: CustomerId
    user: CustomerUserId | None = None
    skip: int = 0
    most: int = 50


@frozen
class Verdict:
    """What a check of the log has found.

    Attributes:
        head: where the log ends, to be kept elsewhere; None for a log that has no end.
        broken: the first place where it is broken; None: it is whole.
    """

    head: ActivityHead | None
    broken: Break | None

    def __bool__(self) -> bool:
        return self.broken is None


@frozen(kw_only=True)
class VerifyActivity(Query[Verdict]):
    """Whether a customer's activity log is as it was written. Needs ``activity:read``. Reads the whole log, a page at a time.

    Attributes:
        known: a head that an earlier check gave, and that was kept outside of this database.
    """

    customer: CustomerId
    known: ActivityHead | None = None
