"""Reminders: one effect a booking, due when its next reminder is; it sends that one and enqueues the one after it.

Rules kept here:

* The plan is read when a reminder is due, so that what was set meanwhile holds; a booking that has been moved, cancelled or
  begun has nothing to be reminded of.
* Sending and going on to the next one are one transaction, and the next one lies later than now: no reminder is sent twice.
* No text goes in the quiet hours, not even where the relay comes more than an hour late: then it waits until their end, unless
  the next reminder or the booking comes before that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta

from attrs import frozen

from servicekit.bookings import Booking, BookingState
from servicekit.moments import Instant
from servicekit.notices import (
    Channel,
    Due,
    NoticePlan,
    Occasion,
    Reader,
    Way,
    due_reminders,
    next_reminder,
    timetable,
)
from servicekit.outbox.effects import Effect, EffectKind, EffectState
from servicekit.usecases.delivering import Done, Step
from servicekit.usecases.speaking import People, people, plan_of, post, said, tell_by_text, ways_to
from servicekit.usecases.work import Work

__all__ = ["follow_reminders", "prepare_reminder"]

_CHANNELS = {
    Reader.CLIENT: (Channel.CLIENT_MAIL, Channel.CLIENT_TEXT),
    Reader.PROVIDER: (Channel.PROVIDER_MAIL, Channel.PROVIDER_TEXT),
}
_WAYS = {
    Channel.CLIENT_MAIL: Way.MAIL,
    Channel.CLIENT_TEXT: Way.TEXT,
    Channel.PROVIDER_MAIL: Way.MAIL,
    Channel.PROVIDER_TEXT: Way.TEXT,
}
_LATE = timedelta(hours=1)


@frozen
class _Turn:
    """What a reminder's effect is about: ``due``, the moment that it stands for, ``made``, when the booking was made or moved.

    ``ways``: those that are still to go; what it was put off for leaves out the others.
    """

    due: Instant
    made: Instant
    ways: tuple[Way, ...] = tuple(Way)

    @classmethod
    def read(cls, payload: str) -> _Turn:
        """The same as :meth:`payload` wrote it."""
        due, made, *ways = payload.split()
        return cls(Instant.parse(due), Instant.parse(made), tuple(map(Way, ways)))

    @property
    def payload(self) -> str:
        """For the effect."""
        return " ".join((self.due.iso(), self.made.iso(), *self.ways))


def follow_reminders(work: Work, booking: Booking) -> None:
    """Enqueue the booking's next reminder in place of the one that waits; where there is none any more, put that one away."""
    due_at = None
    if booking.state is BookingState.CONFIRMED:
        plan = plan_of(work, booking.organisation, booking.branch, booking.service)
        due_at = next_reminder(_times(booking, plan, work.at), work.at)
    if due_at is not None:
        _enqueue(work, booking, due_at, _Turn(due_at, work.at))
    elif _waits(work, booking):
        _enqueue(work, booking, work.at, None)


def _times(booking: Booking, plan: NoticePlan, made: Instant) -> tuple[Due, ...]:
    return timetable(booking.starts, plan.reminders, plan.quiet, booking.zone, made)


def _enqueue(work: Work, booking: Booking, due_at: Instant, turn: _Turn | None) -> None:
    """An effect without a turn finds that there is nothing to say."""
    work.enqueue(
        EffectKind.REMINDER,
        booking.id,
        booking.organisation,
        revision=booking.revision,
        payload=turn.payload if turn else "",
        due_at=due_at,
    )


def _waits(work: Work, booking: Booking) -> bool:
    if booking.revision == 1:  # nothing was enqueued before
        return False
    return bool(work.store.effects.where(kind=EffectKind.REMINDER, subject=booking.id, state=EffectState.DUE))


def prepare_reminder(work: Work, effect: Effect) -> Step:
    """Remind who is to be reminded, and go on to the next reminder. Nothing happens outside here."""
    booking = work.store.bookings.hold(effect.subject)
    overtaken = effect.revision < booking.revision or booking.state is not BookingState.CONFIRMED
    if overtaken or not effect.payload:
        return Done()
    who, turn = people(work, booking), _Turn.read(effect.payload)
    times = _times(booking, who.plan, turn.made)
    following = next_reminder(times, work.at)
    due = due_reminders(
        times, booking.starts, turn.due, work.at
    )  # by its own time, whenever it has been tried again since
    later = _put_off(work, booking, who.plan, due, following)
    if later is not None:
        _enqueue(work, booking, later, _Turn(turn.due, turn.made, (Way.TEXT,)))
    elif following is not None:
        _enqueue(work, booking, following, _Turn(following, turn.made))
    ways = [way for way in turn.ways if later is None or way is not Way.TEXT]
    for reader in Reader:
        _remind(work, who, reader, due, ways)
    return Done()


def _put_off(
    work: Work, booking: Booking, plan: NoticePlan, due: Iterable[Due], following: Instant | None
) -> Instant | None:
    """Until when texts that come too late, in the quiet hours, are put off; None where there are none, or no such time."""
    night = plan.quiet.around(work.at, booking.zone)
    if night is None or not any(Way.TEXT in one.ways and work.at - one.at > _LATE for one in due):
        return None
    return night[1] if night[1] < min(following or booking.starts, booking.starts) else None


def _remind(work: Work, who: People, reader: Reader, due: Collection[Due], ways: Collection[Way]) -> None:
    chose = who.client_chose if reader is Reader.CLIENT else who.provider_chose
    mine = [one for one in due if reader in one.reminder.to]
    offered = {way for one in mine for way in one.reminder.by}
    now = {way for one in mine for way in one.ways if way in ways}
    if not offered or not chose.reminders:
        return
    for channel in ways_to(work, who, _CHANNELS[reader], offered):
        if _WAYS[channel] not in now:
            continue
        if _WAYS[channel] is Way.TEXT:
            tell_by_text(work, who, Occasion.REMINDER, channel)
        else:
            post(work, who, channel, said(work, who, Occasion.REMINDER, channel))
