"""Seeing to it that a booking, or a class, has exactly the meeting it wants.

``meetings.plan`` says what is next; here it is carried out. A meeting that vanished at the vendor is made anew, under a new
marker. No meeting service takes a start in the past: the meeting of a booking that has begun starts a minute from now, and one
that was moved to a time that has begun stays where it is; its link opens it all the same.

Where the vendor lets a host's meetings be made and moved so many times a day, that is counted, and what would be too many
waits until the next day (UTC) without asking; other hosts' meetings go on.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from attrs import evolve

from servicekit.errors import OutcomeUnknown, OutsideError, Rejected
from servicekit.ids import ClassId, GroupId, MeetingId
from servicekit.meetings import (
    Create,
    Drop,
    LookUp,
    Meeting,
    MeetingState,
    Remove,
    RemoveFormer,
    Replace,
    Settled,
    Stuck,
    next_step,
)
from servicekit.moments import Instant, Window
from servicekit.outbox.effects import Effect, EffectKind, EffectState
from servicekit.ports.meetings import MeetingOrder, Meetings, VendorMeeting
from servicekit.usecases.delivering import Done, Failed, GivenUp, Later, Next, Outside, Step, Verdict
from servicekit.usecases.delivering_links import THE_MEETING, prepare_link, remake_for_class, tomorrow
from servicekit.usecases.planning_meetings import enqueue_meeting, made_anew, tell_again
from servicekit.usecases.reaching import reach, through
from servicekit.usecases.work import Work

__all__ = ["prepare_meeting"]

_SOON = timedelta(minutes=1)


def prepare_meeting(work: Work, effect: Effect) -> Step:
    """The next step for the meeting of a booking or of a class, or for the link of a seat."""
    if effect.subject.startswith(f"{ClassId.prefix}_"):
        scheduled = work.store.classes.hold(effect.subject)  # with its meeting, which follows every change of it
        (meeting,) = work.store.meetings.where(in_class=scheduled.id)
        step = _next(work, meeting, scheduled.organisation, wanted=not scheduled.cancelled)
        if isinstance(step, Done):
            _wake_seats(work, scheduled.id)
        return step
    booking = work.store.bookings.hold(effect.subject)
    if booking.in_class is not None:
        return prepare_link(work, booking, booking.in_class)
    (meeting,) = work.store.meetings.where(booking=booking.id)
    return _next(work, meeting, booking.organisation, wanted=booking.obeyed)


def _next(work: Work, meeting: Meeting, organisation: GroupId, *, wanted: bool) -> Step:
    step = next_step(meeting, wanted=wanted)
    match step:
        case Settled():
            return Done()
        case Stuck():
            return GivenUp(meeting.detail or "the meeting service has refused the meeting")
        case Drop():
            return _mark(work, meeting.id, state=MeetingState.DROPPED)
        case Replace():
            work.store.meetings.save(evolve(made_anew(meeting), former=meeting.vendor_id or meeting.former))
            return Next()
    service = reach(work, organisation)
    if isinstance(service, Later | GivenUp):
        return service
    if isinstance(step, LookUp | Create):
        done = _make(work, service, meeting, organisation, look_up=isinstance(step, LookUp))
    elif isinstance(step, RemoveFormer):
        done = _remove_former(work, service, meeting)
    else:
        done = _change(work, service, meeting, organisation, remove=isinstance(step, Remove))
    return through(done, organisation) if isinstance(done, Outside) else done


def _make(work: Work, service: Meetings, meeting: Meeting, organisation: GroupId, *, look_up: bool) -> Step:
    if not look_up:
        meeting = evolve(meeting, host=meeting.next_host or meeting.host, next_host="")
    order, at, tally = _order(meeting, work.at), work.at, _tally(service, meeting, organisation)
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
    if (parked := _spent(work, service, tally)) is not None:
        return parked
    work.store.meetings.save(evolve(meeting, state=MeetingState.ASKED))
    return Outside(
        lambda: service.create(order, at),
        lambda later, made: _adopt(later, meeting.id, made),
        lambda later, error: _limited(later, service, tally, error, _not_made(later, meeting.id, error)),
        flows=True,
    )


def _remove_former(work: Work, service: Meetings, meeting: Meeting) -> Outside:
    at = work.at
    return Outside(
        lambda: service.remove(meeting.former, at),
        lambda later, _: _mark(later, meeting.id, former=""),
        lambda _, error: Failed(error, stubborn=True),
        flows=True,
    )


def _change(work: Work, service: Meetings, meeting: Meeting, organisation: GroupId, *, remove: bool) -> Step:
    at, window, zone, tally = work.at, meeting.window, meeting.zone, _tally(service, meeting, organisation)
    if not remove and meeting.opens <= at:
        return _mark(work, meeting.id, made_opens=meeting.opens, made_closes=meeting.closes)
    if remove:
        return Outside(
            lambda: service.remove(meeting.vendor_id, at),
            lambda later, _: _mark(later, meeting.id, state=MeetingState.REMOVED),
            lambda _, error: Failed(error, stubborn=True),
            flows=True,
        )
    if (parked := _spent(work, service, tally)) is not None:
        return parked
    return Outside(
        lambda: service.move(meeting.vendor_id, window, zone, at),
        lambda later, moved: _moved(later, meeting, moved),
        lambda later, error: _limited(later, service, tally, error, Failed(error)),
        flows=True,
    )


def _tally(service: Meetings, meeting: Meeting, organisation: GroupId) -> str:
    """What the calls for this host are counted under."""
    return f"{service.name} {organisation} {meeting.host}"


def _spent(work: Work, service: Meetings, tally: str) -> Later | None:
    """Spend one of the host's changes of today; a pause until tomorrow where none is left."""
    most = service.capabilities.daily_changes
    if most is None or work.store.tallies.spend(tally, most, work.at):
        return None
    return Later(tomorrow(work.at), f"{service.name} lets one host's meetings be made and moved {most} times a day")


def _limited(work: Work, service: Meetings, tally: str, error: OutsideError, verdict: Verdict) -> Verdict:
    """The verdict; where the vendor has counted more than we did, nobody asks for this host again today."""
    most = service.capabilities.daily_changes
    if error.code == "daily_limit" and most is not None:
        work.store.tallies.exhaust(tally, most, work.at)
    return verdict


def _moved(work: Work, meeting: Meeting, moved: VendorMeeting | None) -> Verdict:
    if moved is None:  # deleted behind our back: make another
        if meeting.in_class is not None:
            remake_for_class(work, meeting)
        elif meeting.booking is not None:
            work.store.meetings.save(made_anew(work.store.meetings.hold(meeting.id)))
            tell_again(work, work.store.bookings.get(meeting.booking))
        return Next()
    return _mark(work, meeting.id, made_opens=meeting.opens, made_closes=meeting.closes)


def _order(meeting: Meeting, at: Instant) -> MeetingOrder:
    window = meeting.window
    if window.opens <= at:
        window = Window(at + _SOON, max(window.closes, at + 2 * _SOON))
    return MeetingOrder(
        marker=meeting.marker,
        host=meeting.host,
        topic=meeting.topic,
        window=window,
        zone=meeting.zone,
        registration=meeting.in_class is not None,
    )


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


def _wake_seats(work: Work, class_id: ClassId) -> None:
    """Links that wait for the meeting, or were given up because it was, are seen to at once; also one that is about to wait."""
    for booking in work.store.bookings.where(in_class=class_id):
        for state in (EffectState.DUE, EffectState.LEASED, EffectState.DEAD):
            found = work.store.effects.where(kind=EffectKind.MEETING, subject=booking.id, state=state)
            if any(state is EffectState.LEASED or THE_MEETING in effect.trouble for effect in found):
                enqueue_meeting(work, booking)
                break
