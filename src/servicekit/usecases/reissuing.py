"""Keys made anew on demand: for another phone, with a PIN, or because the first does not work."""

from __future__ import annotations

from servicekit.errors import Conflict
from servicekit.keys import Key, ReissueKey, planned
from servicekit.notices import Occasion
from servicekit.outbox.effects import EffectKind, Stage
from servicekit.usecases.following import check_mobile, plan_key
from servicekit.usecases.work import Work

__all__ = ["reissue_key"]


def reissue_key(work: Work, command: ReissueKey) -> Key:
    """Another key for the same revision; the plan ends the one before once this one is made. The client is told again."""
    booking = work.store.bookings.hold(command.booking)
    work.owned("bookings:write", booking, booking.organisation)
    before = planned(work.store.keys.where(booking=booking.id), booking.revision if booking.obeyed else None)
    if before is None:
        raise Conflict(
            f"The booking {booking.id} has no key that could be made anew.", code="no_key", booking=booking.id
        )
    service = work.store.services.get(booking.service)
    branch = work.store.branches.get(booking.branch)
    check_mobile(service, branch, work.store.clients.get(booking.client))
    key = plan_key(work, booking, service, branch, attempt=before.attempt + 1, by_pin=command.by_pin)
    work.enqueue(EffectKind.KEY, booking.id, booking.organisation, revision=booking.revision, about=booking.id)
    work.enqueue(
        EffectKind.NOTICE,
        booking.id,
        booking.organisation,
        revision=booking.revision,
        about=booking.id,
        stage=Stage.NOTICE,
        payload=Occasion.BOOKED.value,
    )
    return key
