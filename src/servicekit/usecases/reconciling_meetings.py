"""Comparing what bookings and classes want with the meetings that hosts have, and enqueueing what mends it.

Rules kept here: as for keys. A meeting that is gone is taken as the vendor's own word that it was deleted would be; one that
was left behind becomes one that may exist, which the relay looks up and adopts; then it moves or removes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import evolve, field, frozen

from servicekit.bookings import Booking, ScheduledClass
from servicekit.ids import ClassId, GroupId
from servicekit.meetings import Meeting, MeetingState
from servicekit.meetings.reconcile import ListedMeeting, compare_meeting, subject_of
from servicekit.outbox.effects import EffectKind
from servicekit.outbox.facts import MeetingGone
from servicekit.outbox.reconciled import Difference, Finding, Outcome
from servicekit.ports.http import HttpFlow
from servicekit.ports.meetings import MeetingApp, VendorMeeting
from servicekit.usecases.hearing import hear
from servicekit.usecases.planning_meetings import enqueue_meeting
from servicekit.usecases.reaching import reach_now
from servicekit.usecases.reconciling import finding_at, seen_to
from servicekit.usecases.reconciling_links import ClassLinks, links_of
from servicekit.usecases.work import Work

__all__ = ["HostMeetings", "hosts"]


def hosts(work: Work) -> tuple[HostMeetings, ...]:
    """Every host; where organisations connect accounts of their own, those of each that has ever done so."""
    adapter = work.wiring.meetings
    if adapter is None:
        return ()
    known, can = work.store.meetings.hosts(work.at), adapter.capabilities
    if isinstance(adapter, MeetingApp):
        return tuple(
            HostMeetings(adapter.name, host, organisation, lists=can.look_up, links=can.registrants, shared=False)
            for organisation, host in known
            if work.store.connections.find(organisation) is not None
        )
    by_host = {host: organisation for organisation, host in known}
    return tuple(
        HostMeetings(adapter.name, host, by_host[host], lists=can.look_up, links=can.registrants, shared=True)
        for host in sorted(by_host)
    )


@frozen
class HostMeetings:
    """The coming meetings of one host.

    Attributes:
        lists: whether the vendor lists them.
        links: whether people have links of their own to some of them.
        shared: whether they are those of all organisations, which have one account.
    """

    vendor: str
    place: str
    organisation: GroupId
    lists: bool = field(kw_only=True)
    links: bool = field(kw_only=True)
    shared: bool = field(kw_only=True)

    def within(self, work: Work, rows: Sequence[Meeting]) -> tuple[ClassLinks, ...]:
        """See :class:`~servicekit.usecases.reconciling.Place`: the links of the classes among these meetings."""
        return links_of(work, self.vendor, rows) if self.links else ()

    def page(self, work: Work, cursor: str) -> Callable[[], HttpFlow[tuple[Sequence[VendorMeeting], str]]]:
        """See :class:`~servicekit.usecases.reconciling.Place`."""
        service, at = reach_now(work, self.organisation), work.at

        def flow() -> HttpFlow[tuple[Sequence[VendorMeeting], str]]:
            page = yield from service.ours(self.place, at, page=cursor)
            return [one for one in page.meetings if subject_of(one.marker) is not None], page.following

        return flow

    def named(self, thing: VendorMeeting) -> str:
        """See :class:`~servicekit.usecases.reconciling.Place`."""
        return thing.vendor_id

    def made(self, work: Work, after: Meeting | None, most: int) -> tuple[Meeting, ...]:
        """See :class:`~servicekit.usecases.reconciling.Place`."""
        return work.store.meetings.made(None if self.shared else self.organisation, self.place, work.at, after, most)

    def named_in(self, row: Meeting) -> str:
        """See :class:`~servicekit.usecases.reconciling.Place`."""
        return row.vendor_id

    def missing(self, row: Meeting) -> Finding:
        """See :class:`~servicekit.usecases.reconciling.Place`."""
        return finding_at(self, Difference.MISSING, row.marker, row.vendor_id, str(row.booking or row.in_class))

    def differing(self, work: Work, page: Sequence[VendorMeeting]) -> list[Finding]:
        """See :class:`~servicekit.usecases.reconciling.Place`."""
        found = []
        for listed in page:
            subject = str(subject_of(listed.marker))
            owner, row = _owner(work, subject), _row(work, subject)
            difference = compare_meeting(_listed(listed), row, work.at, wanted=_wanted(owner))
            if difference is not None and not seen_to(work, EffectKind.MEETING, subject):
                found.append(finding_at(self, difference, listed.marker, listed.vendor_id, subject))
        return found

    def again(self, work: Work, finding: Finding) -> Callable[[], HttpFlow[VendorMeeting | None]]:
        """See :class:`~servicekit.usecases.reconciling.Place`."""
        service, at = reach_now(work, self.organisation), work.at
        return lambda: service.get(finding.vendor_id, at)

    def heal(self, work: Work, finding: Finding, now: VendorMeeting | None) -> Finding:
        """See :class:`~servicekit.usecases.reconciling.Place`."""
        owner, row = _owner(work, finding.subject, hold=True), _row(work, finding.subject)
        assert owner is not None and row is not None, "only strays have none"  # noqa: PT018 - one fact
        if seen_to(work, EffectKind.MEETING, finding.subject):
            return finding.ended(Outcome.IN_FLIGHT)
        wanted = _wanted(owner)
        if now is not None:
            difference = compare_meeting(_listed(now), row, work.at, wanted=wanted)
        elif row.state is MeetingState.MADE and row.vendor_id == finding.vendor_id:
            difference = Difference.MISSING if wanted else Difference.UNWANTED
        else:
            difference = None
        if difference is None or difference is Difference.STRAY:
            return finding.ended(Outcome.PASSED)
        if difference is Difference.MISSING:
            event = f"reconciled {row.id} {row.vendor_id}"
            hear(work, MeetingGone(vendor=self.vendor, event_id=event, vendor_id=row.vendor_id))
            return finding.ended(Outcome.HEALING)
        if difference is Difference.CHANGED and now is not None and now.window is not None:
            work.store.meetings.save(evolve(row, made_opens=now.window.opens, made_closes=now.window.closes))
        elif row.state is not MeetingState.MADE and finding.vendor_id != row.former:
            work.store.meetings.save(evolve(row, state=MeetingState.ASKED))
        enqueue_meeting(work, owner)
        return evolve(finding, difference=difference, outcome=Outcome.HEALING)

    def owned(self, work: Work, finding: Finding) -> bool:
        """See :class:`~servicekit.usecases.reconciling.Place`."""
        row = _row(work, finding.subject)
        if row is None:
            return False
        if row.former == finding.vendor_id:
            return True
        if row.state is MeetingState.MADE:
            return row.vendor_id == finding.vendor_id
        return row.marker == finding.marker

    def remove(self, work: Work, finding: Finding) -> Callable[[], HttpFlow[object]]:
        """See :class:`~servicekit.usecases.reconciling.Place`."""
        service, at = reach_now(work, self.organisation), work.at
        return lambda: service.remove(finding.vendor_id, at)


def _listed(meeting: VendorMeeting) -> ListedMeeting:
    return ListedMeeting(vendor_id=meeting.vendor_id, marker=meeting.marker, window=meeting.window)


def _owner(work: Work, subject: str, *, hold: bool = False) -> Booking | ScheduledClass | None:
    if subject.startswith(f"{ClassId.prefix}_"):
        return work.store.classes.hold(subject) if hold else work.store.classes.find(subject)
    return work.store.bookings.hold(subject) if hold else work.store.bookings.find(subject)


def _wanted(owner: Booking | ScheduledClass | None) -> bool:
    if isinstance(owner, Booking):
        return owner.obeyed
    return owner is not None and not owner.cancelled


def _row(work: Work, subject: str) -> Meeting | None:
    whose = "in_class" if subject.startswith(f"{ClassId.prefix}_") else "booking"
    return next(iter(work.store.meetings.where(**{whose: subject})), None)
