"""Comparing the links of a class's seats with those that the meeting service has, and enqueueing what mends it.

Rules kept here:

* A link has no marker. It is known by the address under which its seat is registered; what has another address was
  registered by others, and is neither touched nor reported.
* Who is gone is added again, as often a day as the vendor allows, and told of the new link. Whose booking has been cancelled
  loses the link. One that was left behind is looked up and adopted.
* Nothing is compared of a class whose meeting is being seen to, nor of a seat whose link is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import evolve, frozen

from servicekit.ids import ClassId, GroupId, MeetingId
from servicekit.meetings import Meeting, MeetingState, Registrant
from servicekit.meetings.reconcile import ListedLink, compare_link
from servicekit.outbox.effects import EffectKind
from servicekit.outbox.reconciled import Difference, Finding, Outcome
from servicekit.ports.http import HttpFlow
from servicekit.ports.meetings import VendorRegistrant
from servicekit.usecases.planning_meetings import enqueue_meeting, tell_again
from servicekit.usecases.reaching import reach_now
from servicekit.usecases.reconciling import finding_at, seen_to
from servicekit.usecases.work import Work

__all__ = ["ClassLinks", "links_of"]


def links_of(work: Work, vendor: str, meetings: Sequence[Meeting]) -> tuple[ClassLinks, ...]:
    """The links of the classes among these meetings, where anybody has or had one."""
    return tuple(
        ClassLinks(
            vendor=vendor,
            place=one.vendor_id,
            marker=one.marker,
            organisation=work.store.classes.get(one.in_class).organisation,
            scheduled=one.in_class,
            meeting=one.id,
        )
        for one in meetings
        if one.in_class is not None and work.store.registrants.where(meeting=one.id)
    )


@frozen(kw_only=True)
class ClassLinks:
    """The links to the meeting of one class; ``place`` is the vendor's id of the meeting, ``marker`` what stands in it."""

    vendor: str
    place: str
    marker: str
    organisation: GroupId
    scheduled: ClassId
    meeting: MeetingId

    @property
    def lists(self) -> bool:
        """See :class:`~servicekit.usecases.reconciling.Place`: whoever gives such links lists them."""
        return True

    def within(self, work: Work, rows: Sequence[Registrant]) -> tuple[()]:
        """See :class:`~servicekit.usecases.reconciling.Place`; nothing."""
        del work, rows
        return ()

    def page(self, work: Work, cursor: str) -> Callable[[], HttpFlow[tuple[Sequence[VendorRegistrant], str]]]:
        """See :class:`~servicekit.usecases.reconciling.Place`."""
        service, at = reach_now(work, self.organisation), work.at
        ours = {row.email.lower() for row in work.store.registrants.where(meeting=self.meeting)}

        def flow() -> HttpFlow[tuple[Sequence[VendorRegistrant], str]]:
            page = yield from service.registrants(self.place, at, page=cursor)
            return [one for one in page.people if one.email.lower() in ours], page.following

        return flow

    def named(self, thing: VendorRegistrant) -> str:
        """See :class:`~servicekit.usecases.reconciling.Place`: the address."""
        return thing.email.lower()

    def made(self, work: Work, after: Registrant | None, most: int) -> tuple[Registrant, ...]:
        """See :class:`~servicekit.usecases.reconciling.Place`; a class has as many as it has seats, so they are one page."""
        del most
        if after is not None:
            return ()
        return work.store.registrants.where(meeting=self.meeting, at_meeting=self.place, state=MeetingState.MADE)

    def named_in(self, row: Registrant) -> str:
        """See :class:`~servicekit.usecases.reconciling.Place`."""
        return row.email.lower()

    def missing(self, row: Registrant) -> Finding:
        """See :class:`~servicekit.usecases.reconciling.Place`."""
        return finding_at(self, Difference.MISSING, self.marker, row.vendor_id, row.booking)

    def differing(self, work: Work, page: Sequence[VendorRegistrant]) -> list[Finding]:
        """See :class:`~servicekit.usecases.reconciling.Place`."""
        meeting, rows = work.store.meetings.get(self.meeting), self._rows(work)
        if not self._stands(meeting) or seen_to(work, EffectKind.MEETING, self.scheduled):
            return []
        found = []
        for listed in page:
            row = rows[self.named(listed)]
            wanted = work.store.bookings.get(row.booking).obeyed
            difference = compare_link(_listed(listed), row, meeting, wanted=wanted)
            if difference is not None and not seen_to(work, EffectKind.MEETING, row.booking):
                found.append(finding_at(self, difference, self.marker, listed.vendor_id, row.booking))
        return found

    def again(self, work: Work, finding: Finding) -> Callable[[], HttpFlow[VendorRegistrant | None]]:
        """See :class:`~servicekit.usecases.reconciling.Place`."""
        service, at = reach_now(work, self.organisation), work.at
        (row,) = work.store.registrants.where(booking=finding.subject)
        return lambda: service.registrant(self.place, row.email, at)

    def heal(self, work: Work, finding: Finding, now: VendorRegistrant | None) -> Finding:
        """See :class:`~servicekit.usecases.reconciling.Place`. Whose old link is dead is told of the new one."""
        work.store.classes.hold(self.scheduled)
        booking = work.store.bookings.hold(finding.subject)
        if any(seen_to(work, EffectKind.MEETING, subject) for subject in (self.scheduled, booking.id)):
            return finding.ended(Outcome.IN_FLIGHT)
        (row,) = work.store.registrants.where(booking=booking.id)
        meeting = work.store.meetings.get(self.meeting)
        difference = None
        if self._stands(meeting) and self._rows(work)[row.email.lower()] == row:  # nobody else has the address by now
            difference = compare_link(_listed(now), row, meeting, wanted=booking.obeyed)
        if difference is None:
            return finding.ended(Outcome.PASSED)
        work.store.registrants.save(_mended(row, meeting, difference, now))
        enqueue_meeting(work, booking)
        if difference is not Difference.UNWANTED and (now is None or now.vendor_id != row.vendor_id):
            tell_again(work, booking)
        return evolve(finding, difference=difference, outcome=Outcome.HEALING)

    def _stands(self, meeting: Meeting) -> bool:
        """Whether it is still the meeting whose links these are."""
        return meeting.state is MeetingState.MADE and meeting.vendor_id == self.place

    def _rows(self, work: Work) -> dict[str, Registrant]:
        """By address, whose link it is: somebody who has left and come back has several rows, and one booking that holds."""
        held = {one.id for one in work.store.bookings.where(in_class=self.scheduled) if one.obeyed}
        known = work.store.registrants.where(meeting=self.meeting)
        rows = {row.email.lower(): row for row in known}
        rows |= {row.email.lower(): row for row in known if row.booking in held}
        return rows


def _listed(told: VendorRegistrant | None) -> ListedLink | None:
    return None if told is None else ListedLink(vendor_id=told.vendor_id, join_url=told.join_url)


def _mended(row: Registrant, meeting: Meeting, difference: Difference, now: VendorRegistrant | None) -> Registrant:
    """The row as it should be stored before the seat is seen to again."""
    match difference:
        case Difference.MISSING:
            return evolve(row, state=MeetingState.PLANNED, vendor_id="", join_url="", for_opens=None, detail="")
        case Difference.UNWANTED:
            known = row.vendor_id if now is None else now.vendor_id
            return evolve(row, state=MeetingState.MADE, at_meeting=meeting.vendor_id, vendor_id=known)
        case Difference.LEFT:
            return evolve(row, state=MeetingState.ASKED, at_meeting=meeting.vendor_id, detail="")
    return evolve(row, for_opens=None)  # looked at once more, and believed
