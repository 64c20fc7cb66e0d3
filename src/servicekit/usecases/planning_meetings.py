"""What bookings and classes want of the meeting service, written down; carrying it out is an effect's.

Rules kept here: an online class has one meeting from when it is scheduled until it is cancelled, whoever has a seat; a seat
has a link of its own to it, under an address that no other seat has.
"""

from __future__ import annotations

from attrs import evolve

from servicekit.bookings import Booking, Branch, Client, ScheduledClass, Service
from servicekit.ids import ClassId, MeetingId, RegistrantId
from servicekit.meetings import Meeting, MeetingState, Registrant, address_in
from servicekit.notices import Occasion
from servicekit.outbox.effects import EffectKind, EffectState, Stage
from servicekit.usecases.work import Work

__all__ = ["enqueue_meeting", "made_anew", "meeting_of", "tell_again", "want_class_meeting", "want_meeting"]

_OVER = frozenset({MeetingState.FAILED, MeetingState.DROPPED, MeetingState.REMOVED})


def made_anew(meeting: Meeting) -> Meeting:
    """The meeting as one that is still to be made, under a new marker."""
    return evolve(
        meeting,
        state=MeetingState.PLANNED,
        attempt=meeting.attempt + 1,
        vendor_id="",
        join_url="",
        made_opens=None,
        made_closes=None,
        detail="",
    )


def want_meeting(work: Work, booking: Booking, service: Service, branch: Branch) -> bool:
    """Write down what the booking wants; whether the meeting service must be seen to for it."""
    if booking.in_class is not None:
        return _want_link(work, booking, booking.in_class, service)
    known = work.store.meetings.where(booking=booking.id)
    if not booking.obeyed or not service.online:
        return bool(known)
    work.wiring.need(work.wiring.meetings, "meetings")
    if known:
        meeting = evolve(work.store.meetings.hold(known[0].id), opens=booking.starts, closes=booking.ends)
        work.store.meetings.save(made_anew(meeting) if meeting.state in _OVER else meeting)
        return True
    work.store.meetings.add(evolve(_drafted(work, booking, service, branch), booking=booking.id))
    return True


def want_class_meeting(work: Work, scheduled: ScheduledClass) -> None:
    """Write down what the class wants, and enqueue the effect that brings it about. The class is held."""
    service = work.store.services.get(scheduled.service)
    known = work.store.meetings.where(in_class=scheduled.id)
    if scheduled.cancelled or not service.online:
        if not known:
            return
    elif known:
        meeting = evolve(work.store.meetings.hold(known[0].id), opens=scheduled.starts, closes=scheduled.ends)
        work.store.meetings.save(made_anew(meeting) if meeting.state in _OVER else meeting)
    else:
        work.wiring.need(work.wiring.meetings, "meetings")
        branch = work.store.branches.get(scheduled.branch)
        work.store.meetings.add(evolve(_drafted(work, scheduled, service, branch), in_class=scheduled.id))
    enqueue_meeting(work, scheduled)


def enqueue_meeting(work: Work, thing: Booking | ScheduledClass) -> None:
    """Have somebody see to the meeting of a booking or class, or to the link of a seat."""
    work.enqueue(EffectKind.MEETING, thing.id, thing.organisation, revision=thing.revision, about=thing.id)


def tell_again(work: Work, booking: Booking) -> None:
    """Have people told once more what holds, because the links that they have lead nowhere any more."""
    if not work.store.effects.where(kind=EffectKind.NOTICE, subject=booking.id, state=EffectState.DUE):
        work.enqueue(
            EffectKind.NOTICE,
            booking.id,
            booking.organisation,
            revision=booking.revision,
            about=booking.id,
            stage=Stage.NOTICE,
            payload=Occasion.BOOKED.value,
        )


def _drafted(work: Work, thing: Booking | ScheduledClass, service: Service, branch: Branch) -> Meeting:
    return Meeting(
        id=work.new(MeetingId),
        host=work.store.providers.get(thing.provider).meeting_user,
        topic=f"{service.name}, {branch.name}",
        zone=thing.zone,
        opens=thing.starts,
        closes=thing.ends,
    )


def _want_link(work: Work, booking: Booking, class_id: ClassId, service: Service) -> bool:
    known = work.store.registrants.where(booking=booking.id)
    if not booking.obeyed or not service.online:
        return bool(known)
    if known:
        registrant = work.store.registrants.hold(known[0].id)
        if registrant.state in _OVER:
            registrant = evolve(registrant, state=MeetingState.PLANNED, vendor_id="", join_url="", detail="")
            work.store.registrants.save(registrant)
        return True
    if not work.store.meetings.where(in_class=class_id):  # the class is older than its being online
        want_class_meeting(work, work.store.classes.hold(class_id))
    (meeting,) = work.store.meetings.where(in_class=class_id)
    work.store.registrants.add(_new_registrant(work, booking, meeting, work.store.clients.get(booking.client)))
    return True


def _new_registrant(work: Work, booking: Booking, meeting: Meeting, client: Client) -> Registrant:
    others = work.store.registrants.where(meeting=meeting.id)
    taken = {other.email for other in others if other.state not in {MeetingState.DROPPED, MeetingState.REMOVED}}
    return Registrant(
        id=work.new(RegistrantId),
        meeting=meeting.id,
        booking=booking.id,
        email=address_in(client.email, client.id, taken),
        name=client.name,
    )


def meeting_of(work: Work, booking: Booking) -> Meeting | None:
    """The booking's meeting; of a seat, the class's with the client's own link, which is MADE once that link is there."""
    if booking.in_class is None:
        return next(iter(work.store.meetings.where(booking=booking.id)), None)
    registrants = work.store.registrants.where(booking=booking.id)
    if not registrants:
        return None
    (registrant,) = registrants
    meeting = work.store.meetings.get(registrant.meeting)
    there = meeting.state is MeetingState.MADE and registrant.at_meeting == meeting.vendor_id
    gone_with_it = registrant.state is MeetingState.MADE and not there
    state = MeetingState.PLANNED if gone_with_it else registrant.state
    return evolve(
        meeting,
        state=state,
        join_url=registrant.join_url if there else "",
        detail=registrant.detail or meeting.detail,
    )
