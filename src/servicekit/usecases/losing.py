"""Telling about a booking that was passed on from one provider to another.

Rules kept here:

* The provider who had it is told that it is cancelled, as they had it: their time, and a calendar file that strikes the
  event. They hear it also if the booking changes again before that; only if it has come back to them there is nothing to say.
* The provider who has it now is told of a new booking, the client of one that was moved.
"""

from __future__ import annotations

from attrs import evolve

from servicekit.bookings import Booking, BookingState
from servicekit.moments import Instant
from servicekit.notices import Occasion
from servicekit.outbox.effects import Effect, EffectKind
from servicekit.usecases.work import Work

__all__ = ["as_it_was", "occasions", "tell_loser", "to_new_provider"]


def to_new_provider(occasion: Occasion) -> str:
    """The payload of a notice of a booking with another provider; a request is one to everybody."""
    return f"{occasion} {Occasion.BOOKED}" if occasion is Occasion.MOVED else occasion.value


def occasions(payload: str) -> tuple[Occasion, Occasion]:
    """What a notice's payload says to the client and to the provider."""
    client, _, provider = payload.partition(" ")
    return Occasion(client), Occasion(provider or client)


def tell_loser(work: Work, lost: Booking) -> None:
    """Have the provider who had a booking until now told that it is over for them."""
    work.enqueue(
        EffectKind.NOTICE,
        f"{lost.id}/{lost.provider}",
        lost.organisation,
        revision=lost.revision,
        payload=f"{lost.starts.iso()} {lost.ends.iso()}",
    )


def as_it_was(work: Work, effect: Effect) -> Booking | None:
    """The booking as that provider had it, and as one that is cancelled; None where they have it again.

    ``effect``: a notice, or one of its texts, whose subject begins with the booking and ends with the provider.
    """
    booking_id, *_, provider = effect.subject.split("/")
    booking, former = work.store.bookings.hold(booking_id), work.store.providers.get(provider)
    if booking.provider == former.id:
        return None
    starts, ends = map(Instant.parse, effect.payload.split())
    return evolve(
        booking, provider=former.id, starts=starts, ends=ends, room=None, state=BookingState.CANCELLED, reason=""
    )
