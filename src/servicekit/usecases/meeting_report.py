"""The report of online meetings, read from bookings, meetings and the seats' links."""

from __future__ import annotations

from servicekit.bookings import Booking
from servicekit.bookings.booking import OBEYED
from servicekit.commands import Principal
from servicekit.errors import Invalid
from servicekit.meetings import host_link
from servicekit.meetings.report import LinkState, MeetingMark, MeetingReport, MeetingRow, ReportMeetings, link_state
from servicekit.moments import Window
from servicekit.usecases.planning_meetings import meeting_of
from servicekit.usecases.work import Work, unseen

__all__ = ["report_meetings"]

_MOST_ROWS = 1000


def report_meetings(work: Work, query: ReportMeetings) -> MeetingReport:
    """A page of the report, and the counts of all of it."""
    organisation = _may_read(work, query)
    if not 1 <= query.most <= _MOST_ROWS:
        raise Invalid(f"A page has 1 to {_MOST_ROWS} rows, not {query.most}.", code="page_size", most=query.most)
    window = Window(query.since, query.until)
    after = None if query.after is None else (query.after.starts, query.after.booking)
    bookings = work.store.bookings.online(organisation, window, query.provider, after, query.most)
    counts = dict.fromkeys(LinkState, 0)
    for state, meeting, count in work.store.bookings.count_online(organisation, window, query.provider):
        counts[link_state(meeting, wanted=state in OBEYED)] += count
    full = len(bookings) == query.most
    return MeetingReport(
        rows=tuple(_row(work, booking) for booking in bookings),
        counts=counts,
        after=MeetingMark(bookings[-1].starts, bookings[-1].id) if full else None,
    )


def _may_read(work: Work, query: ReportMeetings) -> str:
    """The organisation, once the asker may read its bookings, or those of the provider that it is."""
    if query.provider is None or work.by != Principal.of(query.provider):
        root = work.organisation("bookings:read", query.organisation).id
    else:
        root = work.store.path(query.organisation)[-1].id
    if query.provider is not None:
        provider = work.store.providers.get(query.provider)
        if provider.organisation != root:
            raise unseen(provider)
    return root


def _row(work: Work, booking: Booking) -> MeetingRow:
    meeting = meeting_of(work, booking)
    assert meeting is not None, "only bookings with a meeting are in the report"
    link = link_state(meeting.state, wanted=booking.obeyed)
    ready = link is LinkState.READY
    return MeetingRow(
        booking=booking.id,
        in_class=booking.in_class,
        starts=booking.starts,
        ends=booking.ends,
        zone=booking.zone,
        branch=work.store.branches.get(booking.branch).name,
        service=work.store.services.get(booking.service).name,
        provider=work.store.providers.get(booking.provider).name,
        client=work.store.clients.get(booking.client).name,
        booking_state=booking.state.value,
        link=link,
        join_url=meeting.join_url if ready else "",
        host_link=host_link(work.wiring.base_url, booking.id) if ready and work.wiring.base_url else "",
        detail=meeting.detail,
    )
