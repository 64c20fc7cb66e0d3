"""What follows from a booking: its key, its meeting, its notices and its reminders, enqueued in the booking's own transaction.

The rows say what is wanted; the effects only say that somebody must see to it. So an effect that comes late or twice sees
to what is wanted by then.
"""

from __future__ import annotations

from servicekit.bookings import Booking, Branch, Client, Service
from servicekit.errors import Invalid
from servicekit.ids import KeyId
from servicekit.keys import Key, components_of, validity
from servicekit.notices import Occasion
from servicekit.outbox.effects import EffectKind, Stage
from servicekit.usecases.losing import tell_loser, to_new_provider
from servicekit.usecases.planning_meetings import enqueue_meeting, want_meeting
from servicekit.usecases.reminding import follow_reminders
from servicekit.usecases.work import Work

__all__ = ["check_mobile", "follow", "plan_key"]

_DIGITS = 6  # of a PIN: the most that exivo takes


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


def follow(work: Work, booking: Booking, occasion: Occasion | None, lost: Booking | None = None) -> None:
    """Write down what the booking wants now, and enqueue the effects that bring it about and tell of it.

    ``lost``: the booking as another provider had it until now, who is told that it is over; nobody, where it is None.
    """
    service = work.store.services.get(booking.service)
    branch = work.store.branches.get(booking.branch)
    if _key(work, booking, service, branch):
        work.enqueue(EffectKind.KEY, booking.id, booking.organisation, revision=booking.revision, about=booking.id)
    if want_meeting(work, booking, service, branch, passed_on=lost is not None):
        enqueue_meeting(work, booking)
    if occasion is not None:
        work.enqueue(
            EffectKind.NOTICE,
            booking.id,
            booking.organisation,
            revision=booking.revision,
            about=booking.id,
            stage=Stage.NOTICE,
            payload=to_new_provider(occasion) if lost else occasion.value,
        )
    if lost is not None:
        tell_loser(work, lost)
    follow_reminders(work, booking)


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
    can = work.wiring.need(work.wiring.doors, "doors").capabilities_at(branch.site)
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
        pin=_pin(work) if not can.phone_keys or (client.by_pin if by_pin is None else by_pin) else "",
    )
    work.store.keys.add(key)
    return key


def _pin(work: Work) -> str:
    """Six digits, each as likely as any other: of 64 random bits a millionth is far more than what one digit gains."""
    return f"{int.from_bytes(work.wiring.random_bytes(8)) % 10**_DIGITS:0{_DIGITS}d}"
