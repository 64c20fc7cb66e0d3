"""Bookings: every change of a booking with all that follows from it, in one transaction."""

from __future__ import annotations

from attrs import evolve

from servicekit.bookings import (
    Action,
    Book,
    Booking,
    BookingState,
    Cancel,
    CheckIn,
    Complete,
    Confirm,
    GetBooking,
    MarkNoShow,
    Party,
    Rebook,
    act,
    book,
    check_missed,
    rebook,
)
from servicekit.commands import Principal
from servicekit.errors import Conflict, Invalid
from servicekit.ids import BookingId, ClientId
from servicekit.moments import Instant, Window
from servicekit.notices import Occasion
from servicekit.usecases.following import check_mobile, follow
from servicekit.usecases.placing import Site, may_book, may_override, place, refuse_class, site
from servicekit.usecases.work import Work

__all__ = [
    "acted",
    "book_service",
    "cancel",
    "cancelled",
    "change_state",
    "drafted",
    "get_booking",
    "move",
    "my_booking",
    "seen_booking",
    "store_moved",
    "store_new",
]

_LONGEST_KEY = 200


def book_service(work: Work, command: Book) -> Booking:
    """A new booking: confirmed at once, or requested where the service needs approval."""
    service = work.store.services.get(command.service)
    may_book(work, service, command.client)
    if command.request_key and (known := _asked_before(work, command)):
        return known
    refuse_class(service)
    may_override(work, service, override=command.override)
    branch = work.store.branches.get(service.branch)
    check_mobile(service, branch, work.store.clients.get(command.client))
    where = site(work, service, branch, command.provider, command.room)
    booking = book(drafted(work, where, command.client, command.starts, command.ends), work.at)
    room = place(work, where, booking.window, booking.held, override=command.override)
    return store_new(work, evolve(booking, room=room, request_key=command.request_key))


def _asked_before(work: Work, command: Book) -> Booking | None:
    """The booking that was made for the same key, if there is one. The client is held, so that two do not both see none."""
    if len(command.request_key) > _LONGEST_KEY:
        raise Invalid(f"A request key has at most {_LONGEST_KEY} characters.", code="long_request_key")
    work.store.clients.hold(command.client)
    known = work.store.bookings.asked(command.client, command.request_key)
    if known is None:
        return None
    length = (command.ends or known.ends) - command.starts
    same = (known.service, known.provider, known.starts, known.window.length)
    if (command.service, command.provider, command.starts, length) != same:
        raise Conflict(
            "Something else was booked under this request key: take a new key for a new booking.",
            code="request_key_reused",
            booking=known.id,
        )
    return known


def drafted(work: Work, where: Site, client: ClientId, starts: Instant, ends: Instant | None) -> Booking:
    """A booking as it would be, in no room yet."""
    service = where.service
    window = Window(starts, ends or starts + service.length)
    return Booking(
        id=work.new(BookingId),
        organisation=service.organisation,
        branch=where.branch.id,
        service=service.id,
        provider=where.provider.id,
        client=client,
        starts=window.opens,
        ends=window.closes,
        zone=where.branch.zone,
        state=BookingState.REQUESTED if service.needs_approval else BookingState.CONFIRMED,
        before=service.rules.before,
        after=service.rules.after,
    )


def store_new(work: Work, booking: Booking) -> Booking:
    """The booking stored, with the effects that follow from it."""
    work.store.bookings.add(booking)
    follow(work, booking, Occasion.BOOKED if booking.obeyed else Occasion.REQUESTED)
    return booking


def move(work: Work, command: Rebook) -> Booking:
    """The booking in another window."""
    before = my_booking(work, command.booking)
    window = Window(command.starts, command.ends or command.starts + before.window.length)
    booking = rebook(before, window, work.at, command.provider)
    if booking is before:
        return booking
    if before.in_class is not None:
        raise Conflict(
            "A seat moves with its class: cancel it and book one in another class.",
            code="in_a_class",
            scheduled=before.in_class,
        )
    service = work.store.services.get(booking.service)
    may_override(work, service, override=command.override)
    passed_on = booking.provider != before.provider
    where = site(work, service, work.store.branches.get(booking.branch), booking.provider, offered=passed_on)
    room = place(
        work,
        where,
        window,
        booking.held,
        besides={booking.id},
        notice=window.opens != before.starts,
        override=command.override,
        first=booking.room,
    )
    return store_moved(work, evolve(booking, room=room), before if passed_on else None)


def store_moved(work: Work, booking: Booking, lost: Booking | None = None) -> Booking:
    """The booking stored as its new revision, with the effects that follow; ``lost``: as another provider had it before."""
    work.store.bookings.save(booking)
    follow(work, booking, Occasion.MOVED if booking.obeyed else Occasion.REQUESTED, lost)
    return booking


def cancel(work: Work, command: Cancel) -> Booking:
    """The booking cancelled; the client's own doing is told apart."""
    return cancelled(work, my_booking(work, command.booking), command.reason)


def cancelled(work: Work, before: Booking, reason: str) -> Booking:
    """The same for a booking that is held and may be cancelled."""
    by = Party.CLIENT if work.by == Principal.of(before.client) else Party.BUSINESS
    booking = act(before, Action.CANCEL, by=by, reason=reason)
    if booking is not before:
        work.store.bookings.save(booking)
        follow(work, booking, Occasion.CANCELLED)
    return booking


_ACTIONS = {
    Confirm: Action.CONFIRM,
    CheckIn: Action.CHECK_IN,
    Complete: Action.COMPLETE,
    MarkNoShow: Action.MARK_NO_SHOW,
}


def change_state(work: Work, command: Confirm | CheckIn | Complete | MarkNoShow) -> Booking:
    """The other transitions, which only the business makes; what happens on the day, the provider itself as well."""
    before = work.store.bookings.hold(command.booking)
    if isinstance(command, Confirm) or work.by != Principal.of(before.provider):
        work.owned("bookings:write", before, before.organisation)
    return acted(work, before, _ACTIONS[type(command)])


def acted(work: Work, before: Booking, action: Action) -> Booking:
    """The same for a booking that is held and may be changed."""
    booking = act(before, action)
    if booking is not before:
        if action is Action.MARK_NO_SHOW:
            check_missed(before, work.at)
        work.store.bookings.save(booking)
        if booking.obeyed != before.obeyed:
            follow(work, booking, Occasion.BOOKED if booking.obeyed else None)
    return booking


def get_booking(work: Work, query: GetBooking) -> Booking:
    """One booking."""
    return seen_booking(work, query.booking)


def seen_booking(work: Work, booking_id: BookingId) -> Booking:
    """A booking that the asker may see: its client, its provider, or whoever has ``bookings:read``."""
    booking = work.store.bookings.get(booking_id)
    if work.by not in {Principal.of(booking.client), Principal.of(booking.provider)}:
        work.owned("bookings:read", booking, booking.organisation)
    return booking


def my_booking(work: Work, booking_id: BookingId) -> Booking:
    """A booking that the asker may change, held: its client, or whoever has ``bookings:write``."""
    booking = work.store.bookings.hold(booking_id)
    if work.by != Principal.of(booking.client):
        work.owned("bookings:write", booking, booking.organisation)
    return booking
