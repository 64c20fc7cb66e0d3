"""Readings of keys, meetings and the outbox."""

from __future__ import annotations

from attrs import evolve

from servicekit.commands import Principal
from servicekit.errors import Conflict, Invalid, NotFound
from servicekit.ids import BookingId, EffectId
from servicekit.keys import AtDoor, Key, KeyState, Light, ListKeys, at_door, planned
from servicekit.meetings import FetchHostLink, GetMeeting, Meeting, MeetingState
from servicekit.messages import HandOver
from servicekit.outbox.effects import DiscardEffect, Effect, EffectKind, EffectState, ListEffects, RetryEffect
from servicekit.outbox.facts import TextStatus
from servicekit.outbox.letters import LetterState
from servicekit.ports.http import HttpFlow
from servicekit.usecases.asking import Asked
from servicekit.usecases.booking import seen_booking
from servicekit.usecases.texting import report
from servicekit.usecases.work import Work

__all__ = [
    "Asked",
    "discard_effect",
    "door",
    "fetch_host_link",
    "get_meeting",
    "list_effects",
    "list_keys",
    "retry_effect",
]

_MOST_ROWS = 1000


def door(work: Work, query: AtDoor) -> Light:
    """What the booking's present key does at a door."""
    booking = seen_booking(work, query.booking)
    keys = work.store.keys.where(booking=booking.id)
    key = planned(keys, booking.revision) or max(keys, key=lambda key: key.revision, default=None)
    return at_door(key, query.component, query.at)


def list_keys(work: Work, query: ListKeys) -> tuple[Key, ...]:
    """All keys of a booking, oldest first."""
    booking = seen_booking(work, query.booking)
    return tuple(sorted(work.store.keys.where(booking=booking.id), key=lambda key: (key.revision, key.attempt)))


def get_meeting(work: Work, query: GetMeeting) -> Meeting:
    """A booking's meeting."""
    return _meeting(work, seen_booking(work, query.booking).id)


def fetch_host_link(work: Work, query: FetchHostLink) -> Asked[str]:
    """The vendor's host link, asked for at this moment."""
    booking = work.store.bookings.get(query.booking)
    if work.by != Principal.of(booking.provider):
        work.owned("meetings:host", booking, booking.organisation)
    meeting = _meeting(work, booking.id)
    if meeting.state is not MeetingState.MADE:
        raise NotFound(f"The meeting of {booking.id} is {meeting.state}.", code="meeting_gone", booking=booking.id)
    service, at = work.wiring.need(work.wiring.meetings, "meetings"), work.at

    def flow() -> HttpFlow[str]:
        link = yield from service.host_link(meeting.vendor_id, at)
        if link is None:
            raise NotFound(
                f"The meeting of {booking.id} is gone at {service.name}.", code="meeting_gone", booking=booking.id
            )
        return link

    return Asked(flow)


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
    if effect.kind in {EffectKind.KEY, EffectKind.MEETING}:
        work.store.bookings.hold(effect.subject)  # before its effects, as whoever changes the booking does
    if effect.kind is EffectKind.TEXT and work.store.messages.find(effect.subject):
        work.store.messages.hold(effect.subject)  # likewise
    effect = work.store.effects.hold(effect.id)
    if effect.state is not EffectState.DEAD:
        raise Conflict(
            f"Only what was given up can be {done}; this one is {effect.state}.",
            code="replaced" if effect.state is EffectState.REPLACED else "not_dead",
            effect=effect.id,
            state=effect.state.value,
        )
    return effect


def _forget_failure(work: Work, effect: Effect) -> None:
    """What the vendor has refused, or ended by itself, is planned again, since a person says so."""
    if effect.kind is EffectKind.KEY:
        booking = work.store.bookings.get(effect.subject)
        key = planned(work.store.keys.where(booking=booking.id), booking.revision)
        if key is not None and key.state in {KeyState.FAILED, KeyState.ENDED}:
            work.store.keys.save(evolve(work.store.keys.hold(key.id), state=KeyState.PLANNED))
    if effect.kind is EffectKind.MEETING:
        for meeting in work.store.meetings.where(booking=BookingId(effect.subject), state=MeetingState.FAILED):
            work.store.meetings.save(evolve(work.store.meetings.hold(meeting.id), state=MeetingState.PLANNED))


def _meeting(work: Work, booking: BookingId) -> Meeting:
    found = work.store.meetings.where(booking=booking)
    if not found:
        raise NotFound(f"The booking {booking} has no online meeting.", code="no_meeting", booking=booking)
    return found[0]
