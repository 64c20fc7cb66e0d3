"""Comparing what bookings want with what a door system lists, and enqueueing what mends it.

Rules kept here, for keys and meetings alike (:mod:`~servicekit.usecases.reconciling_meetings`):

* Nothing is compared of a booking whose effect waits or is in flight: the relay is about to see to it.
* Mending is a change of our rows and an effect, in one transaction, once everything was looked at again under the booking's
  lock. The relay does what is to be done outside, as the rows then say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from attrs import evolve, frozen

from servicekit.bookings import Booking
from servicekit.ids import BookingId, EffectId, KeyId
from servicekit.keys import MOST_ATTEMPTS, Key, KeyState, booking_of, made_anew
from servicekit.keys.reconcile import ListedKey, compare_key, mended, row_of
from servicekit.outbox.effects import EffectKind
from servicekit.outbox.reconciled import Difference, Finding, Outcome
from servicekit.ports.doors import Doors, VendorKey
from servicekit.ports.http import HttpFlow
from servicekit.usecases.work import Work

__all__ = ["Marked", "Place", "SiteKeys", "finding_at", "seen_to", "sites"]

T = TypeVar("T")  # a thing as the vendor lists it
R = TypeVar("R")  # a thing as we have it


class Place(Protocol[T, R]):
    """One list of a vendor's. All methods run in a transaction; what they give as a flow is driven after it."""

    @property
    def vendor(self) -> str:
        """The adapter's name."""
        ...

    @property
    def place(self) -> str:
        """The site, the host, or the meeting."""
        ...

    @property
    def lists(self) -> bool:
        """Whether the vendor lists at all what was made there."""
        ...

    def within(self, work: Work, rows: Sequence[R]) -> tuple[Place[Any, Any], ...]:
        """The lists that belong to these rows, to be compared after this one."""
        ...

    def page(self, work: Work, cursor: str) -> Callable[[], HttpFlow[tuple[Sequence[T], str]]]:
        """A page of the list, only what may be ours, and the cursor of the next; empty at the end."""
        ...

    def named(self, thing: T) -> str:
        """What a listed thing is known by: the vendor's id, or the address."""
        ...

    def made(self, work: Work, after: R | None, most: int) -> tuple[R, ...]:
        """Rows that the list should have, in pages."""
        ...

    def named_in(self, row: R) -> str:
        """What the thing is known by, by its row."""
        ...

    def missing(self, row: R) -> Finding:
        """The finding that the list does not have it."""
        ...

    def differing(self, work: Work, page: Sequence[T]) -> list[Finding]:
        """What of a page differs, but for bookings that are being seen to."""
        ...

    def again(self, work: Work, finding: Finding) -> Callable[[], HttpFlow[T | None]]:
        """The thing as it is now."""
        ...

    def heal(self, work: Work, finding: Finding, now: T | None) -> Finding:
        """See to it that what differs is mended, given the thing as it is now."""
        ...


class Marked(Place[T, R], Protocol):
    """A list whose things have a marker of ours, so that there may be strays among them."""

    def owned(self, work: Work, finding: Finding) -> bool:
        """Whether a stray belongs to somebody after all, or may soon."""
        ...

    def remove(self, work: Work, finding: Finding) -> Callable[[], HttpFlow[object]]:
        """Have the vendor end a stray."""
        ...


def finding_at(place: Place[Any, Any], difference: Difference, marker: str, vendor_id: str, subject: str) -> Finding:
    """A difference at a place, as it is told."""
    return Finding(
        vendor=place.vendor,
        place=place.place,
        difference=difference,
        marker=marker,
        vendor_id=vendor_id,
        subject=subject,
    )


def seen_to(work: Work, kind: EffectKind, subject: str) -> bool:
    """Whether an effect of this subject waits or is in flight."""
    return work.store.effects.outstanding(EffectId("eff_"), kind, subject)


def sites(work: Work) -> tuple[SiteKeys, ...]:
    """Every site, with the door system behind it."""
    doors = work.wiring.doors
    return () if doors is None else tuple(SiteKeys(doors, site) for site in work.store.keys.sites())


@frozen
class SiteKeys:
    """The keys of one site."""

    doors: Doors
    place: str

    @property
    def vendor(self) -> str:
        """The door system's name."""
        return self.doors.name

    @property
    def lists(self) -> bool:
        """See :class:`Place`. Of a site that nobody serves (any more) the list is asked for, which says so."""
        can = self.doors.capabilities_at(self.place)
        return can.look_up or not (can.phone_keys or can.pin_keys)

    def within(self, work: Work, rows: Sequence[Key]) -> tuple[()]:
        """See :class:`Place`; nothing."""
        del work, rows
        return ()

    def page(self, work: Work, cursor: str) -> Callable[[], HttpFlow[tuple[Sequence[VendorKey], str]]]:
        """See :class:`Place`; ended keys are in it."""
        del work

        def flow() -> HttpFlow[tuple[Sequence[VendorKey], str]]:
            page = yield from self.doors.list_keys(self.place, cursor)
            return [key for key in page.keys if booking_of(key.marker) is not None], page.next

        return flow

    def named(self, thing: VendorKey) -> str:
        """See :class:`Place`."""
        return thing.vendor_id

    def made(self, work: Work, after: Key | None, most: int) -> tuple[Key, ...]:
        """See :class:`Place`."""
        return work.store.keys.made(self.place, work.at, after, most)

    def named_in(self, row: Key) -> str:
        """See :class:`Place`."""
        return row.vendor_id

    def missing(self, row: Key) -> Finding:
        """See :class:`Place`."""
        return finding_at(self, Difference.MISSING, row.marker, row.vendor_id, row.booking)

    def differing(self, work: Work, page: Sequence[VendorKey]) -> list[Finding]:
        """See :class:`Place`; two readings a key."""
        found = []
        for listed in page:
            booking = work.store.bookings.find(_owner(listed.marker))
            difference = _compare(work, listed, booking)
            if difference is not None and not seen_to(work, EffectKind.KEY, _owner(listed.marker)):
                found.append(finding_at(self, difference, listed.marker, listed.vendor_id, _owner(listed.marker)))
        return found

    def again(self, work: Work, finding: Finding) -> Callable[[], HttpFlow[VendorKey | None]]:
        """See :class:`Place`."""
        del work
        return lambda: self.doors.get(self.place, finding.vendor_id)

    def heal(self, work: Work, finding: Finding, now: VendorKey | None) -> Finding:
        """See :class:`Place`. What is missing or was changed is ordered anew under another marker, then the old one ended."""
        booking = work.store.bookings.hold(finding.subject)  # with its keys: whoever changes it adds one
        if seen_to(work, EffectKind.KEY, booking.id):
            return finding.ended(Outcome.IN_FLIGHT)
        gone = VendorKey(
            vendor_id=finding.vendor_id,
            marker=finding.marker,
            components=(),
            mobile=None,
            window=None,
            revoked=True,
            expired=False,
        )
        difference = _compare(work, now or gone, booking)
        if difference is None or difference is Difference.STRAY:
            return finding.ended(Outcome.PASSED)
        keys = work.store.keys.where(booking=booking.id)
        row = row_of(keys, finding.marker)
        assert row is not None, "only strays have none"
        anew = difference in {Difference.MISSING, Difference.CHANGED}
        if anew and row.attempt >= MOST_ATTEMPTS:
            return finding.ended(Outcome.GIVEN_UP, f"it was made {row.attempt} times")
        if (changed := mended(row, finding.vendor_id, difference)) is not None:
            work.store.keys.save(changed)
        if anew:
            work.store.keys.add(made_anew(row, work.new(KeyId)))
        work.enqueue(EffectKind.KEY, booking.id, booking.organisation, revision=booking.revision, about=booking.id)
        return evolve(finding, difference=difference, outcome=Outcome.HEALING)

    def owned(self, work: Work, finding: Finding) -> bool:
        """See :class:`Place`."""
        keys = work.store.keys.where(booking=finding.subject)
        row = row_of(keys, finding.marker)
        if row is None:
            return False
        return row.state is not KeyState.MADE or row.vendor_id == finding.vendor_id

    def remove(self, work: Work, finding: Finding) -> Callable[[], HttpFlow[object]]:
        """See :class:`Place`."""
        del work
        return lambda: self.doors.revoke(self.place, finding.vendor_id)


def _owner(marker: str) -> BookingId:
    booking = booking_of(marker)
    assert booking is not None, "others' keys were left out"
    return booking


def _compare(work: Work, key: VendorKey, booking: Booking | None) -> Difference | None:
    listed = ListedKey(
        vendor_id=key.vendor_id,
        marker=key.marker,
        components=key.components,
        mobile=key.mobile,
        window=key.window,
        works=key.works,
    )
    keys = () if booking is None else work.store.keys.where(booking=booking.id)
    wanted = booking.revision if booking is not None and booking.obeyed else None
    return compare_key(listed, keys, wanted, work.at)
