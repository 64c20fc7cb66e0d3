"""What a reconciliation finds: where a vendor's own list differs from what bookings want, and what was done about it. Pure.

Rules kept here: what has no marker of ours is in no finding; that something is missing is concluded from a whole list only,
and only of what was there before the list was begun; memory is nine bytes for each thing that should be listed.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from enum import StrEnum
from hashlib import blake2b
from heapq import merge
from itertools import groupby, islice

from attrs import evolve, frozen

__all__ = ["Difference", "Finding", "Outcome", "Reconciled", "Roll", "Trouble", "Unlisted"]

_BYTES = 8
_RUN = 1024


class Difference(StrEnum):
    """How a vendor's thing differs from what is wanted."""

    MISSING = "missing"
    """It is wanted, and the vendor has it no more, or has ended it."""
    CHANGED = "changed"
    """It is wanted, and is other than it was made."""
    LEFT = "left behind"
    """It is wanted, and we did not know that the vendor has it: an answer was lost."""
    UNWANTED = "unwanted"
    """Its booking wants it no more."""
    STRAY = "stray"
    """It has a marker of ours, and no row of ours owns it."""


class Outcome(StrEnum):
    """What was done about a difference."""

    HEALING = "healing"
    """The effect that mends it is enqueued: a relay brings it about."""
    IN_FLIGHT = "in flight"
    """An effect of its booking waits or is under way: left alone."""
    PASSED = "passed"
    """When it was looked at again it was as wanted."""
    GIVEN_UP = "given up"
    """It was mended often enough, and differs again: a person has to look."""
    REPORTED = "reported"
    """Nothing: strays are removed only when that is asked for."""
    REMOVED = "removed"
    """The vendor has it no more."""
    FAILED = "failed"
    """The vendor would not remove it, or could not be asked."""


@frozen(kw_only=True)
class Finding:
    """One difference.

    Attributes:
        vendor: the adapter's name.
        place: the door system's site, the meeting's host, or, of a seat's link, the meeting by the vendor's id.
        marker: ours, as it stands at the vendor; of a seat's link that of the meeting.
        vendor_id: the vendor's own id of it.
        subject: the booking, or the class, that the marker names.
        detail: the vendor's words, where it would not.
    """

    vendor: str
    place: str
    difference: Difference
    marker: str
    vendor_id: str
    subject: str
    outcome: Outcome = Outcome.REPORTED
    detail: str = ""

    def ended(self, outcome: Outcome, detail: str = "") -> Finding:
        """The same with what was done about it."""
        return evolve(self, outcome=outcome, detail=detail)


@frozen(kw_only=True)
class Trouble:
    """A place whose list could not be had to its end; nothing was done there."""

    vendor: str
    place: str
    why: str


@frozen(kw_only=True)
class Unlisted:
    """A place whose vendor has no list of what was made there: nothing can be compared, now or later."""

    vendor: str
    place: str


@frozen(kw_only=True)
class Reconciled:
    """What a reconciliation did.

    Attributes:
        listed: how many things of ours the vendors have listed.
        findings: every difference.
        troubles: the places that could not be compared this time.
        unlisted: the places that never can, because their vendor lists nothing; that is no difference.
        more: whether there were more differences in a place than are dealt with at once: reconcile again.
    """

    listed: int = 0
    findings: tuple[Finding, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    unlisted: tuple[Unlisted, ...] = ()
    more: bool = False

    def with_(self, part: Reconciled) -> Reconciled:
        """Both together."""
        return Reconciled(
            listed=self.listed + part.listed,
            findings=self.findings + part.findings,
            troubles=self.troubles + part.troubles,
            unlisted=self.unlisted + part.unlisted,
            more=self.more or part.more,
        )

    @property
    def strays(self) -> tuple[Finding, ...]:
        """What nobody owns."""
        return tuple(one for one in self.findings if one.difference is Difference.STRAY)

    @property
    def even(self) -> bool:
        """Whether whatever is listed was compared and nothing is left to do: no difference but strays that were removed."""
        settled = {Outcome.REMOVED, Outcome.PASSED}
        return not self.troubles and not self.more and all(one.outcome in settled for one in self.findings)


class Roll:
    """The names that a list should have, and which of them it had. One name in 2^64 passes for another.

    >>> roll = Roll(["a", "b"])
    >>> roll.cross_off("a")
    >>> [name for name in "abc" if roll.absent(name)], roll.absences
    (['b'], 1)
    """

    def __init__(self, names: Iterable[str]) -> None:
        digests = map(_digest, names)
        runs = []  # sorted piece by piece, because the numbers of a whole list of them take five times the room
        while run := sorted(islice(digests, _RUN)):
            runs.append(array("Q", run))
        self._digests = array("Q", (digest for digest, _ in groupby(merge(*runs))))
        self._seen = bytearray(len(self._digests))

    def cross_off(self, name: str) -> None:
        """The list has it; names that were not expected do not matter."""
        if (place := self._place(name)) is not None:
            self._seen[place] = 1

    def absent(self, name: str) -> bool:
        """Whether it was expected and the list did not have it."""
        place = self._place(name)
        return place is not None and not self._seen[place]

    @property
    def absences(self) -> int:
        """How many were expected and not listed."""
        return self._seen.count(0)

    def _place(self, name: str) -> int | None:
        digest = _digest(name)
        place = bisect_left(self._digests, digest)
        return place if place < len(self._digests) and self._digests[place] == digest else None


def _digest(name: str) -> int:
    return int.from_bytes(blake2b(name.encode("utf-8", "surrogatepass"), digest_size=_BYTES).digest())
