"""Readings of keys and the outbox, and what is to become of dead letters."""

from __future__ import annotations

from attrs import evolve

from servicekit.errors import Conflict, Invalid
from servicekit.ids import BookingId, ClassId, EffectId
from servicekit.keys import AtDoor, Key, KeyState, Light, ListKeys, booking_at_door, planned
from servicekit.meetings import MeetingState
from servicekit.messages import HandOver
from servicekit.outbox.effects import DiscardEffect, Effect, EffectKind, EffectState, ListEffects, RetryEffect
from servicekit.outbox.facts import TextStatus
from servicekit.outbox.letters import LetterState
from servicekit.usecases.booking import seen_booking
from servicekit.usecases.pushing import discard_pushes, hold_targets, retry_pushes
from servicekit.usecases.texting import report
from servicekit.usecases.work import Work

__all__ = [
    "discard_effect",
    "door",
    "list_effects",
    "list_keys",
    "retry_effect",
]

_MOST_ROWS = 1000


def door(work: Work, query: AtDoor) -> Light:
    """What the booking's present key does at a door."""
    booking = seen_booking(work, query.booking)
    return booking_at_door(work.store.keys.where(booking=booking.id), booking.revision, query.component, query.at)


def list_keys(work: Work, query: ListKeys) -> tuple[Key, ...]:
    """All keys of a booking, oldest first."""
    booking = seen_booking(work, query.booking)
    return tuple(sorted(work.store.keys.where(booking=booking.id), key=lambda key: (key.revision, key.attempt)))


def list_effects(work: Work, query: ListEffects) -> tuple[Effect, ...]:
    """The dead letters of an organisation, or effects in another state."""
    work.allow("effects:read", query.organisation)
    if not 1 <= query.most <= _MOST_ROWS:
        raise Invalid(f"A page has 1 to {_MOST_ROWS} rows, not {query.most}.", code="page_size", most=query.most)
    return work.store.effects.in_state(query.organisation, query.state, query.most)


def retry_effect(work: Work, command: RetryEffect) -> Effect:
    """Make a dead effect due again."""
    effect = _dead(work, command.effect, "retried")
    _forget_failure(work, effect)
    effect = evolve(effect, state=EffectState.DUE, due_at=work.at, attempts=0, trouble="")
    work.store.effects.save(effect)
    return effect


def discard_effect(work: Work, command: DiscardEffect) -> Effect:
    """Put a dead effect away, with what it was to hand over."""
    known = work.store.effects.get(command.effect)
    work.owned("effects:write", known, known.organisation)
    if known.state is EffectState.DISCARDED:
        return known
    effect = evolve(_dead(work, command.effect, "discarded"), state=EffectState.DISCARDED)
    if effect.kind is EffectKind.TEXT:
        _discard_text(work, effect)
    if effect.kind is EffectKind.PUSH:
        discard_pushes(work, effect)
    if effect.kind is EffectKind.LETTER:
        letter = work.store.letters.hold(effect.subject)
        work.store.letters.save(evolve(letter, state=LetterState.FAILED, detail=effect.trouble or letter.detail))
    work.store.effects.save(effect)
    return effect


def _discard_text(work: Work, effect: Effect) -> None:
    """What surely never left is said so in the log; what perhaps did is a question for a person."""
    message = work.store.messages.find(effect.subject)
    if message is None or message.hand_over in {HandOver.DONE, HandOver.FAILED}:
        return
    if message.hand_over is HandOver.ASKED:
        raise Conflict(
            f"{message.vendor} perhaps has {message.id}: find out, and say so (SettleText).",
            code="perhaps_sent",
            effect=effect.id,
            text=message.id,
        )
    report(work, evolve(message, hand_over=HandOver.FAILED, detail=effect.trouble), TextStatus.UNSENT)


def _dead(work: Work, effect_id: EffectId, done: str) -> Effect:
    """A dead effect that the asker may write, held."""
    effect = work.store.effects.get(effect_id)
    work.owned("effects:write", effect, effect.organisation)
    if effect.kind in {EffectKind.KEY, EffectKind.MEETING}:  # before its effects, as whoever changes the booking does
        (work.store.classes if _of_class(effect) else work.store.bookings).hold(effect.subject)
    if effect.kind is EffectKind.TEXT and work.store.messages.find(effect.subject):
        work.store.messages.hold(effect.subject)  # likewise
    if effect.kind is EffectKind.PUSH:
        hold_targets(work, effect)  # likewise
    effect = work.store.effects.hold(effect.id)
    if effect.state is not EffectState.DEAD:
        raise Conflict(
            f"Only what was given up can be {done}; this one is {effect.state}.",
            code="replaced" if effect.state is EffectState.REPLACED else "not_dead",
            effect=effect.id,
            state=effect.state.value,
        )
    return effect


def _forget_lost(work: Work, booking: BookingId) -> None:
    """Where the door system cannot be asked for a lost answer, a person has looked: there is no such key (any more)."""
    doors = work.wiring.doors
    for key in work.store.keys.where(booking=booking, state=KeyState.ASKED):
        if doors is not None and not doors.capabilities_at(key.site).look_up:
            work.store.keys.save(evolve(work.store.keys.hold(key.id), state=KeyState.PLANNED))


def _forget_failure(work: Work, effect: Effect) -> None:
    """What the vendor has refused, or ended by itself, is planned again, since a person says so."""
    if effect.kind is EffectKind.KEY:
        booking = work.store.bookings.get(effect.subject)
        key = planned(work.store.keys.where(booking=booking.id), booking.revision)
        if key is not None and key.state in {KeyState.FAILED, KeyState.ENDED}:
            work.store.keys.save(evolve(work.store.keys.hold(key.id), state=KeyState.PLANNED))
        _forget_lost(work, booking.id)
    if effect.kind is EffectKind.MEETING:
        owner = "in_class" if _of_class(effect) else "booking"
        for meeting in work.store.meetings.where(**{owner: effect.subject}, state=MeetingState.FAILED):
            work.store.meetings.save(evolve(work.store.meetings.hold(meeting.id), state=MeetingState.PLANNED))
        for one in work.store.registrants.where(booking=effect.subject, state=MeetingState.FAILED):
            work.store.registrants.save(evolve(work.store.registrants.hold(one.id), state=MeetingState.PLANNED))
    if effect.kind is EffectKind.PUSH:
        retry_pushes(work, effect)


def _of_class(effect: Effect) -> bool:
    """Whether the subject is a class; its meeting is nobody's booking's."""
    return effect.subject.startswith(f"{ClassId.prefix}_")
