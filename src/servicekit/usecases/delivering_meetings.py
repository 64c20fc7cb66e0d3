"""Seeing to it that a booking has exactly the meeting it wants.

``meetings.plan`` says what is next; here it is carried out. A meeting that vanished at the vendor is made anew, under a new
marker. No meeting service takes a start in the past: the meeting of a booking that has begun starts a minute from now, and one
that was moved to a time that has begun stays where it is; its link opens it all the same.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from attrs import evolve

from servicekit.errors import OutcomeUnknown, OutsideError, Rejected
from servicekit.ids import MeetingId
from servicekit.meetings import Create, Drop, LookUp, Meeting, MeetingState, Remove, Settled, Stuck, next_step
from servicekit.moments import Instant, Window
from servicekit.outbox.effects import Effect
from servicekit.ports.meetings import MeetingOrder, Meetings, VendorMeeting
from servicekit.usecases.delivering import Done, Failed, GivenUp, Next, Outside, Step, Verdict
from servicekit.usecases.following import made_anew
from servicekit.usecases.work import Work

__all__ = ["prepare_meeting"]

_SOON = timedelta(minutes=1)


def prepare_meeting(work: Work, effect: Effect) -> Step:
    """The next step for a booking's meeting."""
    service = work.wiring.need(work.wiring.meetings, "meetings")
    booking = work.store.bookings.hold(effect.subject)  # with its meeting, which follows every change of it
    (meeting,) = work.store.meetings.where(booking=booking.id)
    step = next_step(meeting, wanted=booking.obeyed)
    match step:
        case Settled():
            return Done()
        case Stuck():
            return GivenUp(meeting.detail or "the meeting service has refused the meeting")
        case Drop():
            return _mark(work, meeting.id, state=MeetingState.DROPPED)
        case LookUp() | Create():
            return _make(work, service, meeting, look_up=isinstance(step, LookUp))
    return _change(work, service, meeting, remove=isinstance(step, Remove))


def _make(work: Work, service: Meetings, meeting: Meeting, *, look_up: bool) -> Step:
    order, at = _order(meeting, work.at), work.at
    if look_up:
        return Outside(
            lambda: service.find(order, at),
            lambda later, found: _found(later, meeting.id, found),
            lambda _, error: Failed(error, stubborn=True),
            flows=True,
        )
    if meeting.closes <= work.at:
        _mark(work, meeting.id, state=MeetingState.DROPPED, detail="its time was over before it could be made")
        return Done()
    _mark(work, meeting.id, state=MeetingState.ASKED)
    return Outside(
        lambda: service.create(order, at),
        lambda later, made: _adopt(later, meeting.id, made),
        lambda later, error: _not_made(later, meeting.id, error),
        flows=True,
    )


def _change(work: Work, service: Meetings, meeting: Meeting, *, remove: bool) -> Step:
    at, window, zone = work.at, meeting.window, meeting.zone
    if not remove and meeting.opens <= at:
        return _mark(work, meeting.id, made_opens=meeting.opens, made_closes=meeting.closes)
    if remove:
        return Outside(
            lambda: service.remove(meeting.vendor_id, at),
            lambda later, _: _mark(later, meeting.id, state=MeetingState.REMOVED),
            lambda _, error: Failed(error, stubborn=True),
            flows=True,
        )
    return Outside(
        lambda: service.move(meeting.vendor_id, window, zone, at),
        lambda later, moved: _moved(later, meeting, moved),
        lambda _, error: Failed(error),
        flows=True,
    )


def _moved(work: Work, meeting: Meeting, moved: VendorMeeting | None) -> Verdict:
    if moved is None:  # deleted behind our back: make another
        work.store.meetings.save(made_anew(work.store.meetings.hold(meeting.id)))
        return Next()
    return _mark(work, meeting.id, made_opens=meeting.opens, made_closes=meeting.closes)


def _order(meeting: Meeting, at: Instant) -> MeetingOrder:
    window = meeting.window
    if window.opens <= at:
        window = Window(at + _SOON, max(window.closes, at + 2 * _SOON))
    return MeetingOrder(marker=meeting.marker, host=meeting.host, topic=meeting.topic, window=window, zone=meeting.zone)


def _found(work: Work, meeting_id: MeetingId, found: tuple[VendorMeeting, ...]) -> Verdict:
    if found:
        return _adopt(work, meeting_id, found[0])
    return _mark(work, meeting_id, state=MeetingState.PLANNED)


def _adopt(work: Work, meeting_id: MeetingId, made: VendorMeeting) -> Verdict:
    """What the vendor says of the time is believed, not what was asked: if they differ, it is moved next."""
    opens, closes = (made.window.opens, made.window.closes) if made.window else (None, None)
    return _mark(
        work,
        meeting_id,
        state=MeetingState.MADE,
        vendor_id=made.vendor_id,
        join_url=made.join_url,
        made_opens=opens,
        made_closes=closes,
    )


def _not_made(work: Work, meeting_id: MeetingId, error: OutsideError) -> Verdict:
    if isinstance(error, OutcomeUnknown):
        return Failed(error)  # stays asked: looked up next time
    if isinstance(error, Rejected):
        return _mark(work, meeting_id, state=MeetingState.FAILED, detail=error.message)
    _mark(work, meeting_id, state=MeetingState.PLANNED)
    return Failed(error)


def _mark(work: Work, meeting_id: MeetingId, **changes: Any) -> Next:
    work.store.meetings.save(evolve(work.store.meetings.hold(meeting_id), **changes))
    return Next()
