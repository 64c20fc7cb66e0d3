"""What follows from a booking: its key, its meeting and its notices, enqueued in the booking's own transaction.

The rows say what is wanted; the effects only say that somebody must see to it. So an effect that comes late or twice sees
to what is wanted by then.
"""

from __future__ import annotations

from attrs import evolve

from servicekit.bookings import Booking, Branch, Client, Service
from servicekit.errors import Invalid
from servicekit.ids import KeyId, MeetingId
from servicekit.keys import Key, components_of, validity
from servicekit.meetings import Meeting, MeetingState
from servicekit.notices import Occasion
from servicekit.outbox.effects import EffectKind, Stage
from servicekit.usecases.work import Work

__all__ = ["check_mobile", "follow", "made_anew", "plan_key"]

_DIGITS = 6  # of a PIN: the most that exivo takes
_OVER = frozenset({MeetingState.FAILED, MeetingState.DROPPED, MeetingState.REMOVED})


def check_mobile(service: Service, branch: Branch, client: Client) -> None:
    """Demand a mobile number where doors open.

    Raises:
        Invalid: ``mobile_required``.
    """
    if components_of(branch.components, service.components) and not client.mobile:
        raise Invalid(
            f"{service.name} opens doors by mobile phone: {client.name} needs a mobile number.",
            code="mobile_required",
            client=client.id,
            service=service.id,
        )


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


def follow(work: Work, booking: Booking, occasion: Occasion | None) -> None:
    """Write down what the booking wants now, and enqueue the effects that bring it about and tell of it."""
    service = work.store.services.get(booking.service)
    branch = work.store.branches.get(booking.branch)
    if _key(work, booking, service, branch):
        work.enqueue(EffectKind.KEY, booking.id, booking.organisation, revision=booking.revision, about=booking.id)
    if _meeting(work, booking, service, branch):
        work.enqueue(EffectKind.MEETING, booking.id, booking.organisation, revision=booking.revision, about=booking.id)
    if occasion is not None:
        work.enqueue(
            EffectKind.NOTICE,
            booking.id,
            booking.organisation,
            revision=booking.revision,
            about=booking.id,
            stage=Stage.NOTICE,
            payload=occasion.value,
        )


def _key(work: Work, booking: Booking, service: Service, branch: Branch) -> bool:
    """Whether the door system must be seen to; the key of this revision is planned where one is wanted."""
    known = work.store.keys.where(booking=booking.id)
    if not booking.obeyed or not components_of(branch.components, service.components):
        return bool(known)
    plan_key(work, booking, service, branch)
    return True


def plan_key(
    work: Work, booking: Booking, service: Service, branch: Branch, *, attempt: int = 1, by_pin: bool | None = None
) -> Key:
    """Write down the key that a booking's present revision shall have; with a PIN if the client has no app, or if said."""
    work.wiring.need(work.wiring.doors, "doors")
    window = validity(booking.window, service.opens_before, service.closes_after)
    client = work.store.clients.get(booking.client)
    key = Key(
        id=work.new(KeyId),
        booking=booking.id,
        revision=booking.revision,
        site=branch.site,
        components=components_of(branch.components, service.components),
        mobile=client.mobile,
        opens=window.opens,
        closes=window.closes,
        attempt=attempt,
        pin=_pin(work) if (client.by_pin if by_pin is None else by_pin) else "",
    )
    work.store.keys.add(key)
    return key


def _pin(work: Work) -> str:
    """Six digits, each as likely as any other: of 64 random bits a millionth is far more than what one digit gains."""
    return f"{int.from_bytes(work.wiring.random_bytes(8)) % 10**_DIGITS:0{_DIGITS}d}"


def _meeting(work: Work, booking: Booking, service: Service, branch: Branch) -> bool:
    """Whether the meeting service must be seen to; the meeting's wanted time is the booking's."""
    known = work.store.meetings.where(booking=booking.id)
    if not booking.obeyed or not service.online:
        return bool(known)
    work.wiring.need(work.wiring.meetings, "meetings")
    if known:
        meeting = evolve(work.store.meetings.hold(known[0].id), opens=booking.starts, closes=booking.ends)
        work.store.meetings.save(made_anew(meeting) if meeting.state in _OVER else meeting)
        return True
    provider = work.store.providers.get(booking.provider)
    work.store.meetings.add(
        Meeting(
            id=work.new(MeetingId),
            booking=booking.id,
            host=provider.meeting_user,
            topic=f"{service.name}, {branch.name}",
            zone=booking.zone,
            opens=booking.starts,
            closes=booking.ends,
        )
    )
    return True
