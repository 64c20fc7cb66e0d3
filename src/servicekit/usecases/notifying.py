"""Notices: once key and meeting are there, the client and the provider are told.

A notice that has been overtaken (the booking was moved or cancelled since) is not sent: the newer one says what holds.
Only the provider who has lost a booking hears of that whatever has happened since (:mod:`~servicekit.usecases.losing`).
Everything that one occasion gives is enqueued in one transaction, so nobody is told twice.
"""

from __future__ import annotations

from collections.abc import Sequence

from servicekit.bookings import BookingState
from servicekit.notices import Channel, Occasion, Way
from servicekit.outbox.effects import Effect
from servicekit.usecases.calendars import calendar_part
from servicekit.usecases.delivering import Done, Step
from servicekit.usecases.losing import as_it_was, occasions
from servicekit.usecases.speaking import People, people, post, said, submit_text, tell_by_text, ways_to
from servicekit.usecases.work import Work

__all__ = ["prepare_notice", "prepare_notice_text"]

_OFFERED = {Channel.CLIENT_MAIL: tuple(Way), Channel.PROVIDER_MAIL: (Way.MAIL,)}
"""The client is told by mail and by text, the provider by mail, unless they chose otherwise."""
_TO_CLIENT = (Channel.CLIENT_MAIL, Channel.CLIENT_TEXT)
_TO_PROVIDER = (Channel.PROVIDER_MAIL, Channel.PROVIDER_TEXT)
_TEXTS = {Channel.CLIENT_TEXT, Channel.PROVIDER_TEXT}


def prepare_notice(work: Work, effect: Effect) -> Step:
    """Write what the occasion gives, and enqueue it. Nothing happens outside here."""
    if "/" in effect.subject:
        lost = as_it_was(work, effect)
        if lost is not None:
            _tell(work, people(work, lost), _TO_PROVIDER, Occasion.CANCELLED, had=effect.payload)
        return Done()
    booking = work.store.bookings.hold(effect.subject)
    to_client, to_provider = occasions(effect.payload)
    if effect.revision < booking.revision or _is_past(to_client, booking.state):
        return Done()
    who = people(work, booking)
    _tell(work, who, _TO_CLIENT, to_client)
    _tell(work, who, _TO_PROVIDER, to_provider)
    return Done()


def _tell(work: Work, who: People, channels: Sequence[Channel], occasion: Occasion, had: str = "") -> None:
    for channel in ways_to(work, who, channels, _OFFERED[channels[0]]):
        if channel in _TEXTS:
            tell_by_text(work, who, occasion, channel, had=had)
        else:
            part = calendar_part(work, who, occasion, channel)
            post(work, who, channel, said(work, who, occasion, channel), part)


def _is_past(occasion: Occasion, state: BookingState) -> bool:
    """Whether the request was answered before anybody was told of it: the answer says enough."""
    return occasion is Occasion.REQUESTED and state is not BookingState.REQUESTED


def prepare_notice_text(work: Work, effect: Effect) -> Step:
    """Write one text that a rule refused before, unless something newer was said, or what it is a reminder of has begun."""
    booking_id, occasion, channel, *loser = effect.subject.split("/")
    if loser:
        lost = as_it_was(work, effect)
        if lost is not None:
            submit_text(work, people(work, lost), Occasion(occasion), Channel(channel))
        return Done()
    booking, about = work.store.bookings.hold(booking_id), Occasion(occasion)
    if effect.revision < booking.revision or _is_past(about, booking.state):
        return Done()
    if about is Occasion.REMINDER and (booking.state is not BookingState.CONFIRMED or booking.starts <= work.at):
        return Done()
    submit_text(work, people(work, booking), about, Channel(channel))
    return Done()
