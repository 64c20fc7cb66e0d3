"""What bookings and classes want of the meeting service, written down; carrying it out is an effect's.

Rules kept here:

* An online class has one meeting from when it is scheduled until it is cancelled, whoever has a seat; a seat has a link of
  its own to it, under an address that no other seat has.
* What is agreed stays: a booking or class that has a meeting keeps it, moved and cancelled with it, also when its service is
  no online one any more; one without gets one when it is made or changed while its service is online. A class is online as a
  whole: with its meeting, every seat in it gets a link.
* A meeting is with the host of the provider who had the booking when it was made; passed on to a provider with another host,
  it is made anew there.
"""

from __future__ import annotations

from attrs import evolve

from servicekit.bookings import Booking, Branch, ScheduledClass, Service
from servicekit.ids import ClassId, MeetingId, RegistrantId
from servicekit.meetings import Meeting, MeetingState, Registrant, address_in
from servicekit.notices import Occasion
from servicekit.outbox.effects import EffectKind, EffectState, Stage
from servicekit.usecases.work import Work

__all__ = ["enqueue_meeting", "made_anew", "meeting_of", "tell_again", "want_class_meeting", "want_meeting"]

_OVER = frozenset({MeetingState.FAILED, MeetingState.DROPPED, MeetingState.REMOVED})


def made_anew(meeting: Meeting) -> Meeting:
    """The meeting as one that is still to be made, under a new marker and with the host that it shall have."""
    return evolve(
        meeting,
        host=meeting.next_host or meeting.host,
        next_host="",
        state=MeetingState.PLANNED,
        attempt=meeting.attempt + 1,
        vendor_id="",
        join_url="",
        made_opens=None,
        made_closes=None,
        detail="",
    )


def want_meeting(work: Work, booking: Booking, service: Service, branch: Branch, *, passed_on: bool = False) -> bool:
    """Write down what the booking wants; whether the meeting service must be seen to for it.

    ``passed_on``: whether another provider has it from now on.
    """
    if booking.in_class is not None:
        return _want_link(work, booking, booking.in_class, service)
    known = work.store.meetings.where(booking=booking.id)
    if not booking.obeyed:
        return bool(known)
    if known:
        meeting = work.store.meetings.hold(known[0].id)
        if passed_on:
            meeting = _with_host(meeting, work.store.providers.get(booking.provider).meeting_user)
        _follow(work, meeting, booking, service)
        return True
    if not service.online:
        return False
    work.wiring.need(work.wiring.meetings, "meetings")
    work.store.meetings.add(evolve(_drafted(work, booking, service, branch), booking=booking.id))
    return True


def want_class_meeting(work: Work, scheduled: ScheduledClass) -> None:
    """Write down what the class wants, and enqueue the effect that brings it about. The class is held."""
    service = work.store.services.get(scheduled.service)
    known = work.store.meetings.where(in_class=scheduled.id)
    if not known and (scheduled.cancelled or not service.online):
        return
    if known:
        if not scheduled.cancelled:
            _follow(work, work.store.meetings.hold(known[0].id), scheduled, service)
    else:
        work.wiring.need(work.wiring.meetings, "meetings")
        branch = work.store.branches.get(scheduled.branch)
        work.store.meetings.add(evolve(_drafted(work, scheduled, service, branch), in_class=scheduled.id))
    enqueue_meeting(work, scheduled)


def _follow(work: Work, meeting: Meeting, thing: Booking | ScheduledClass, service: Service) -> None:
    """The meeting at the thing's time; one that is over is made again, if the service is still an online one."""
    meeting = evolve(meeting, opens=thing.starts, closes=thing.ends)
    work.store.meetings.save(made_anew(meeting) if meeting.state in _OVER and service.online else meeting)


def _with_host(meeting: Meeting, host: str) -> Meeting:
    """The meeting as one that shall be with this host; what the vendor may have made is known under its own until then."""
    if meeting.state in {MeetingState.ASKED, MeetingState.MADE}:
        return evolve(meeting, next_host="" if host == meeting.host else host)
    return evolve(meeting, host=host, next_host="")


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
    if not booking.obeyed:
        return bool(known)
    if known:
        registrant = work.store.registrants.hold(known[0].id)
        if registrant.state in _OVER:
            registrant = evolve(registrant, state=MeetingState.PLANNED, vendor_id="", join_url="", detail="")
            work.store.registrants.save(registrant)
        return True
    meetings = work.store.meetings.where(in_class=class_id)
    if not meetings and not service.online:
        return False
    if not meetings:  # the class is older than its being online
        want_class_meeting(work, work.store.classes.hold(class_id))
        meetings = work.store.meetings.where(in_class=class_id)
        _link_others(work, booking, class_id, meetings[0])
    work.store.registrants.add(_new_registrant(work, booking, meetings[0]))
    return True


def _link_others(work: Work, newest: Booking, class_id: ClassId, meeting: Meeting) -> None:
    """Everybody who had a seat before the class had its meeting gets a link, too, and is told."""
    for booking in work.store.bookings.where(in_class=class_id):
        if booking.obeyed and booking.id != newest.id:
            work.store.registrants.add(_new_registrant(work, booking, meeting))
            enqueue_meeting(work, booking)
            tell_again(work, booking)


def _new_registrant(work: Work, booking: Booking, meeting: Meeting) -> Registrant:
    client = work.store.clients.get(booking.client)
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
