"""The reconciler: reads each vendor's list once, compares it with what bookings want, and has what differs mended.

Rules kept here:

* What should be listed is noted before a list is begun, so that nothing made meanwhile is taken for missing; that something is
  missing is concluded from a whole list only. A list that breaks off changes nothing at all.
* Each difference is looked at again, at the vendor and then under its booking's lock, before anything is changed.
* Nothing outside happens within a transaction. Only strays are ended from here, and only when that is asked for; everything
  else is an effect, which a relay brings about. Relays and other reconcilers may run beside it.
* In memory are a page of the list, nine bytes for each thing that should be listed, and so many differences at most.
* A place whose vendor lists nothing is passed over and named; that is no trouble, since no other pass could do better.
* The links of a class are compared once its host's meetings were, and only where that list could be had.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeVar, cast

from attrs import field, frozen

from servicekit.commands import Principal
from servicekit.errors import ConfigurationError, Conflict, OutsideError
from servicekit.moments import Clock
from servicekit.outbox.reconciled import Difference, Finding, Outcome, Reconciled, Roll, Trouble, Unlisted
from servicekit.ports.http import HttpFlow
from servicekit.ports.store import Storage, transact
from servicekit.usecases.reconciling import Marked, Place, sites
from servicekit.usecases.reconciling_meetings import hosts
from servicekit.usecases.wiring import Wiring
from servicekit.usecases.work import Mint, Work

__all__ = ["Drive", "Reconciler"]

T = TypeVar("T")
_BY = Principal.operator("reconciler")


class Drive(Protocol):
    """Drives a flow to its end and blocks meanwhile."""

    def __call__(self, flow: HttpFlow[T], /) -> T:
        """What the flow returns."""
        ...


@frozen(kw_only=True)
class Reconciler:
    """One pass over all lists, as often as :meth:`run` is called.

    Attributes:
        rows: how many rows are read at once.
        most: how many differences of one list are dealt with in one pass; the next pass deals with the others.
    """

    storage: Storage
    wiring: Wiring = field(repr=False)
    drive: Drive = field(repr=False)
    clock: Clock = field(repr=False)
    mint: Mint = field(repr=False)
    rows: int = 200
    most: int = 1000

    def run(self, *, remove_strays: bool = False) -> Reconciled:
        """Compare everything once.

        Raises:
            ConfigurationError: the kit has neither doors nor meetings.
            StorageError: the database did not serve; run it again.
        """
        if self.wiring.doors is None and self.wiring.meetings is None:
            raise ConfigurationError(
                "There is nothing to reconcile: open the kit with Kit.open(..., doors=..., meetings=...)."
            )
        whole = Reconciled()
        places: list[Place[Any, Any]] = [*self._read(sites), *self._read(hosts)]
        for place in places:
            whole = whole.with_(self._reconcile(place, remove_strays=remove_strays))
        return whole

    def _reconcile(self, place: Place[Any, Any], *, remove_strays: bool) -> Reconciled:
        """One place, and then the lists within it."""
        if not place.lists:
            return Reconciled(unlisted=(Unlisted(vendor=place.vendor, place=place.place),))
        whole = self._one(place, remove_strays=remove_strays)
        if whole.troubles:
            return whole
        for page in self._pages(place):
            for inner in self._read(place.within, page):
                whole = whole.with_(self._reconcile(inner, remove_strays=remove_strays))
        return whole

    def _one(self, place: Place[Any, Any], *, remove_strays: bool) -> Reconciled:
        try:
            listed, found = self._compared(place)
        except (OutsideError, Conflict) as error:  # the latter: no account is connected
            return Reconciled(troubles=(Trouble(vendor=place.vendor, place=place.place, why=error.message),))
        dealt = found[: self.most]
        findings = tuple(self._dealt_with(place, one, remove_strays=remove_strays) for one in dealt)
        return Reconciled(listed=listed, findings=findings, more=len(dealt) < len(found))

    def _compared(self, place: Place[Any, Any]) -> tuple[int, list[Finding]]:
        """How many are listed, and what differs; of that one more at most than is dealt with."""
        roll = Roll(place.named_in(row) for row in self._made(place))
        found: dict[str, Finding] = {}  # by the vendor's id: a thing may be listed twice while others are made
        listed, cursor = 0, ""
        while True:
            page, cursor = self._outside(place.page, cursor)
            listed += len(page)
            for thing in page:
                roll.cross_off(place.named(thing))
            if len(found) <= self.most:
                found |= {one.vendor_id: one for one in self._read(place.differing, page)}
            if not cursor:
                break
        if roll.absences:
            for row in self._made(place):
                if len(found) <= self.most and roll.absent(place.named_in(row)):
                    found[place.named_in(row)] = place.missing(row)
        return listed, list(found.values())

    def _made(self, place: Place[Any, Any]) -> Iterator[Any]:
        """The rows that the list should have."""
        for page in self._pages(place):
            yield from page

    def _pages(self, place: Place[Any, Any]) -> Iterator[tuple[Any, ...]]:
        """The same, so many at once."""
        after: Any = None
        while page := self._read(place.made, after, self.rows):
            yield page
            after = page[-1]

    def _dealt_with(self, place: Place[Any, Any], finding: Finding, *, remove_strays: bool) -> Finding:
        try:
            if finding.difference is not Difference.STRAY:
                now = self._outside(place.again, finding)
                return transact(self.storage, lambda store: place.heal(self._work(store), finding, now))
            if not remove_strays:
                return finding
            marked = cast("Marked[Any, Any]", place)
            if self._read(marked.owned, finding):
                return finding.ended(Outcome.PASSED)
            self._outside(marked.remove, finding)
        except (OutsideError, Conflict) as error:
            return finding.ended(Outcome.FAILED, error.message)
        return finding.ended(Outcome.REMOVED)

    def _read(self, reading: Callable[..., T], *asked: object) -> T:
        with self.storage.read() as store:
            return reading(self._work(store), *asked)

    def _outside(self, reading: Callable[..., Callable[[], HttpFlow[T]]], *asked: object) -> T:
        """Drive what a reading says, once its transaction is over."""
        return self.drive(self._read(reading, *asked)())

    def _work(self, store: Any) -> Work:
        return Work(store, self.clock.now(), _BY, self.wiring, self.mint)
