"""Seeing to it that every seat of an online class has a link of its own, and nobody else has.

Rules kept here:

* The meeting is the class's and made by the class's effect alone, so it is made once however many book at once; a seat waits
  for it, and for its moves.
* The vendor is looked at before anybody is added; how often that may be done a day is counted, by address.
* A meeting that turns out to be gone is made anew, and every seat is seen to again.
* Leaving takes one's own link away. Where the whole class is cancelled, the links go with the meeting.
"""

from __future__ import annotations

from typing import Any

from attrs import evolve

from servicekit.bookings import Booking
from servicekit.errors import OutcomeUnknown, OutsideError, Rejected
from servicekit.ids import ClassId, RegistrantId
from servicekit.meetings import (
    Await,
    Forget,
    Meeting,
    MeetingState,
    Register,
    Registrant,
    Settled,
    Stuck,
    Unregister,
    added_today,
    count_addition,
    next_registration,
)
from servicekit.moments import Instant
from servicekit.outbox.effects import EffectKind
from servicekit.ports.meetings import Meetings, Person, VendorRegistrant
from servicekit.usecases.delivering import Done, Failed, GivenUp, Later, Next, Outside, Step, Verdict
from servicekit.usecases.planning_meetings import enqueue_meeting, made_anew, tell_again
from servicekit.usecases.reaching import reach, through, waiting_for
from servicekit.usecases.work import Work

__all__ = ["THE_MEETING", "prepare_link", "remake_for_class", "tomorrow"]

THE_MEETING = "the meeting of the class"
"""What links wait for, as effects say it."""

_DAY = 86_400 * 1_000_000  # microseconds


def tomorrow(at: Instant) -> Instant:
    """The next 00:00 UTC, when vendors begin to count anew."""
    return Instant(at.us - at.us % _DAY + _DAY)


def prepare_link(work: Work, booking: Booking, class_id: ClassId) -> Step:
    """The next step for the link of one seat, whose booking is held."""
    (registrant,) = work.store.registrants.where(booking=booking.id)
    meeting = work.store.meetings.get(registrant.meeting)
    scheduled = work.store.classes.get(class_id)
    step = next_registration(registrant, meeting, wanted=booking.obeyed, held=not scheduled.cancelled)
    match step:
        case Settled():
            return Done()
        case Forget():
            return _mark(work, registrant.id, state=step.state)
        case Stuck():
            if meeting.state is MeetingState.FAILED:
                return GivenUp(f"{THE_MEETING} was given up: {meeting.detail}")
            return GivenUp(registrant.detail)
        case Await():
            if meeting.closes <= work.at:
                return _too_late(work, registrant)
            waits = waiting_for(work, EffectKind.MEETING, class_id, THE_MEETING)
            if waits is None:  # somebody has discarded it; the class is held by nobody else, who might enqueue, too
                enqueue_meeting(work, work.store.classes.hold(class_id))
            return waits or Next()
    service = reach(work, booking.organisation)
    if isinstance(service, Later | GivenUp):
        return service
    if isinstance(step, Register):
        done = _register(work, service, registrant, meeting)
    else:
        done = _unregister(work, service, step, meeting)
    return through(done, booking.organisation) if isinstance(done, Outside) else done


def _too_late(work: Work, registrant: Registrant) -> Done:
    _mark(work, registrant.id, state=MeetingState.DROPPED, detail="its time was over before it could be made")
    return Done()


def _register(work: Work, service: Meetings, registrant: Registrant, meeting: Meeting) -> Step:
    at = work.at
    if meeting.closes <= at:
        return _too_late(work, registrant)
    most = service.capabilities.daily_additions
    known = work.store.registrants.where(meeting=meeting.id, email=registrant.email)
    may_add = most is None or added_today(known, at) < most
    registrant = evolve(
        count_addition(registrant, at) if may_add else registrant,
        state=MeetingState.ASKED,
        at_meeting=meeting.vendor_id,
    )
    work.store.registrants.save(registrant)
    person = Person(email=registrant.email, name=registrant.name)
    return Outside(
        lambda: service.register(meeting.vendor_id, person, at, may_add=may_add),
        lambda later, found: _registered(later, registrant, meeting, found, counted=may_add),
        lambda later, error: _not_registered(later, registrant, meeting, error, counted=may_add),
        flows=True,
    )


def _registered(work: Work, asked: Registrant, meeting: Meeting, found: VendorRegistrant, *, counted: bool) -> Verdict:
    registrant = work.store.registrants.hold(asked.id)
    if counted and not found.added:
        registrant = count_addition(registrant, work.at, by=-1)
    registrant = evolve(
        registrant,
        state=MeetingState.MADE,
        vendor_id=found.vendor_id,
        join_url=found.join_url,
        for_opens=meeting.opens,
    )
    work.store.registrants.save(registrant)
    return Next()


def _not_registered(work: Work, asked: Registrant, meeting: Meeting, error: OutsideError, *, counted: bool) -> Verdict:
    registrant = work.store.registrants.hold(asked.id)
    if isinstance(error, OutcomeUnknown):
        return Failed(error)  # stays asked, and counted: looked up next time
    if counted:
        registrant = count_addition(registrant, work.at, by=-1)
    # It may have been there before: only a look tells.
    work.store.registrants.save(registrant)
    if error.code == "meeting_gone":
        remake_for_class(work, meeting)
        return Next()
    if isinstance(error, Rejected):
        return _failed(work, registrant, error)
    return Failed(error)


def _failed(work: Work, registrant: Registrant, error: Rejected) -> Verdict:
    return _mark(work, registrant.id, state=MeetingState.FAILED, detail=error.message)


def remake_for_class(work: Work, gone: Meeting) -> None:
    """The class's meeting is gone at the vendor: it is planned anew, and every seat waits for a link to the new one."""
    meeting = work.store.meetings.hold(gone.id)
    if meeting.in_class is None or meeting.vendor_id != gone.vendor_id or meeting.state is not MeetingState.MADE:
        return  # somebody has seen it before
    work.store.meetings.save(made_anew(meeting))
    enqueue_meeting(work, work.store.classes.get(meeting.in_class))
    for booking in work.store.bookings.where(in_class=meeting.in_class):
        if booking.obeyed and work.store.registrants.where(booking=booking.id):
            enqueue_meeting(work, booking)
            if work.store.registrants.where(booking=booking.id, at_meeting=gone.vendor_id, state=MeetingState.MADE):
                tell_again(work, booking)


def _unregister(work: Work, service: Meetings, step: Unregister, meeting: Meeting) -> Step:
    registrant, at = step.registrant, work.at
    return Outside(
        lambda: service.unregister(meeting.vendor_id, registrant.email, registrant.vendor_id, at),
        lambda later, _: _mark(later, registrant.id, state=MeetingState.REMOVED),
        lambda _, error: Failed(error, stubborn=True),
        flows=True,
    )


def _mark(work: Work, registrant_id: RegistrantId, **changes: Any) -> Next:
    work.store.registrants.save(evolve(work.store.registrants.hold(registrant_id), **changes))
    return Next()
