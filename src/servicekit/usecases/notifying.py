"""Notices: once key and meeting are there, the client and the provider are told.

A notice that has been overtaken (the booking was moved or cancelled since) is not sent: the newer one says what holds.
Everything that one occasion gives is enqueued in one transaction, so nobody is told twice.
"""

from __future__ import annotations

from servicekit.bookings import BookingState
from servicekit.notices import Channel, Occasion, Way
from servicekit.outbox.effects import Effect
from servicekit.usecases.calendars import calendar_part
from servicekit.usecases.delivering import Done, Step
from servicekit.usecases.speaking import people, post, said, submit_text, tell_by_text, ways_to
from servicekit.usecases.work import Work

__all__ = ["prepare_notice", "prepare_notice_text"]

_OFFERED = {Channel.CLIENT_MAIL: tuple(Way), Channel.PROVIDER_MAIL: (Way.MAIL,)}
"""The client is told by mail and by text, the provider by mail, unless they chose otherwise."""
_CHANNELS = (
    (Channel.CLIENT_MAIL, Channel.CLIENT_TEXT),
    (Channel.PROVIDER_MAIL, Channel.PROVIDER_TEXT),
)
_TEXTS = {Channel.CLIENT_TEXT, Channel.PROVIDER_TEXT}


def prepare_notice(work: Work, effect: Effect) -> Step:
    """Write what the occasion gives, and enqueue it. Nothing happens outside here."""
    booking = work.store.bookings.hold(effect.subject)
    occasion = Occasion(effect.payload)
    if effect.revision < booking.revision or _is_past(occasion, booking.state):
        return Done()
    who = people(work, booking)
    for channels in _CHANNELS:
        for channel in ways_to(work, who, channels, _OFFERED[channels[0]]):
            if channel in _TEXTS:
                tell_by_text(work, who, occasion, channel)
            else:
                part = calendar_part(work, who, occasion, channel)
                post(work, who, channel, said(work, who, occasion, channel), part)
    return Done()


def _is_past(occasion: Occasion, state: BookingState) -> bool:
    """Whether the request was answered before anybody was told of it: the answer says enough."""
    return occasion is Occasion.REQUESTED and state is not BookingState.REQUESTED


def prepare_notice_text(work: Work, effect: Effect) -> Step:
    """Write one text that a rule refused before, unless something newer was said, or what it is a reminder of has begun."""
    booking_id, occasion, channel = effect.subject.split("/")
    booking, about = work.store.bookings.hold(booking_id), Occasion(occasion)
    if effect.revision < booking.revision or _is_past(about, booking.state):
        return Done()
    if about is Occasion.REMINDER and (booking.state is not BookingState.CONFIRMED or booking.starts <= work.at):
        return Done()
    submit_text(work, people(work, booking), about, Channel(channel))
    return Done()
