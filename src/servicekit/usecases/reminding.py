"""Reminders: one effect a booking, due when its next reminder is; it sends that one and enqueues the one after it.

Rules kept here: the plan is read when a reminder is due, so that what was set meanwhile holds; a booking that has been moved,
cancelled or begun has nothing to be reminded of. Sending and going on to the next one are one transaction, and the next one
lies later than now: no reminder is sent twice.
"""

from __future__ import annotations

from servicekit.bookings import Booking, BookingState
from servicekit.moments import Instant
from servicekit.notices import Channel, Occasion, due_reminders, next_reminder
from servicekit.outbox.effects import Effect, EffectKind, EffectState
from servicekit.usecases.delivering import Done, Step
from servicekit.usecases.speaking import people, plan_of, post, said, tell_by_text, ways_to
from servicekit.usecases.work import Work

__all__ = ["follow_reminders", "prepare_reminder"]

_CHANNELS = (Channel.CLIENT_MAIL, Channel.CLIENT_TEXT)


def follow_reminders(work: Work, booking: Booking) -> None:
    """Enqueue the booking's next reminder in place of the one that waits; where there is none any more, put that one away."""
    due_at = None
    if booking.state is BookingState.CONFIRMED:
        plan = plan_of(work, booking.organisation, booking.service)
        due_at = next_reminder(booking.starts, plan.reminders, work.at)
    if due_at is None and not _waits(work, booking):
        return
    _enqueue(work, booking, due_at)


def _enqueue(work: Work, booking: Booking, due_at: Instant | None) -> None:
    """The payload says which time it is about; one about none is due at once, and finds that there is nothing to say."""
    work.enqueue(
        EffectKind.REMINDER,
        booking.id,
        booking.organisation,
        revision=booking.revision,
        payload=due_at.iso() if due_at else "",
        due_at=due_at,
    )


def _waits(work: Work, booking: Booking) -> bool:
    if booking.revision == 1:  # nothing was enqueued before
        return False
    return bool(work.store.effects.where(kind=EffectKind.REMINDER, subject=booking.id, state=EffectState.DUE))


def prepare_reminder(work: Work, effect: Effect) -> Step:
    """Remind the client, and go on to the next reminder. Nothing happens outside here."""
    booking = work.store.bookings.hold(effect.subject)
    overtaken = effect.revision < booking.revision or booking.state is not BookingState.CONFIRMED
    if overtaken or not effect.payload:
        return Done()
    who = people(work, booking)
    following = next_reminder(booking.starts, who.plan.reminders, work.at)
    if following is not None:
        _enqueue(work, booking, following)
    since = Instant.parse(effect.payload)  # its own time, whenever it has been tried again since
    due = due_reminders(booking.starts, who.plan.reminders, since, work.at)
    offered = {way for reminder in due for way in reminder.by}
    if offered and who.client_chose.reminders:
        for channel in ways_to(work, who, _CHANNELS, offered):
            if channel is Channel.CLIENT_TEXT:
                tell_by_text(work, who, Occasion.REMINDER, channel)
            else:
                post(work, who, channel, said(work, who, Occasion.REMINDER, channel))
    return Done()
