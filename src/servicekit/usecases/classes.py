"""Scheduled classes and their seats. Whoever changes a class, or who is in it, holds the class first."""

from __future__ import annotations

from attrs import evolve

from servicekit.bookings import (
    HOLDING,
    TRANSITIONS,
    Action,
    Booking,
    BookingState,
    BookSeat,
    CancelClass,
    ClassPlaces,
    ListClasses,
    MoveClass,
    ScheduleClass,
    ScheduledClass,
    rebook,
)
from servicekit.bookings.availability import check_notice
from servicekit.bookings.classes import called_off, check_coming, check_future, moved_to
from servicekit.errors import Conflict, Invalid
from servicekit.ids import BookingId, ClassId
from servicekit.moments import Window
from servicekit.usecases.booking import cancelled, store_moved, store_new
from servicekit.usecases.following import check_mobile
from servicekit.usecases.placing import may_ask, may_book, may_override, place, site
from servicekit.usecases.planning_meetings import want_class_meeting
from servicekit.usecases.work import Work

__all__ = ["book_seat", "cancel_class", "list_classes", "move_class", "schedule_class"]


def schedule_class(work: Work, command: ScheduleClass) -> ScheduledClass:
    """A class with all its seats free."""
    service = work.store.services.get(command.service)
    work.owned("bookings:write", service, service.organisation)
    may_override(work, service, override=command.override)
    seats = service.rules.seats
    if seats is None:
        raise Invalid(
            f"{service.name} is no class: give it seats in its booking rules.", code="not_a_class", service=service.id
        )
    branch = work.store.branches.get(service.branch)
    where = site(work, service, branch, command.provider, command.room)
    window = Window(command.starts, command.ends or command.starts + service.length)
    scheduled = ScheduledClass(
        id=work.new(ClassId),
        organisation=service.organisation,
        branch=branch.id,
        service=service.id,
        provider=where.provider.id,
        starts=window.opens,
        ends=window.closes,
        zone=branch.zone,
        seats=seats if command.seats is None else command.seats,
        before=service.rules.before,
        after=service.rules.after,
    )
    check_future(scheduled.starts, work.at)
    room = place(work, where, window, scheduled.held, notice=False, override=command.override)
    scheduled = evolve(scheduled, room=room)
    work.store.classes.add(scheduled)
    want_class_meeting(work, scheduled)
    return scheduled


def move_class(work: Work, command: MoveClass) -> ScheduledClass:
    """The class, and every booking in it, in another window."""
    before = _mine(work, command.scheduled)
    window = Window(command.starts, command.ends or command.starts + before.window.length)
    scheduled = moved_to(before, window, work.at)
    if scheduled is before:
        return scheduled
    service = work.store.services.get(before.service)
    may_override(work, service, override=command.override)
    seats = [booking for booking in _seats(work, before) if Action.REBOOK in TRANSITIONS[booking.state]]
    where = site(work, service, work.store.branches.get(before.branch), before.provider, offered=False)
    room = place(
        work,
        where,
        window,
        scheduled.held,
        besides={scheduled.id},
        notice=False,
        override=command.override,
        first=before.room,
    )
    scheduled = evolve(scheduled, room=room)
    work.store.classes.save(scheduled)
    want_class_meeting(work, scheduled)
    for booking in seats:
        store_moved(work, evolve(rebook(booking, window, work.at), room=room))
    return scheduled


def cancel_class(work: Work, command: CancelClass) -> ScheduledClass:
    """The class, and every booking in it, cancelled."""
    before = _mine(work, command.scheduled)
    scheduled = called_off(before, work.at)
    if scheduled is not before:
        work.store.classes.save(scheduled)
        want_class_meeting(work, scheduled)
        for booking in _seats(work, before):
            if Action.CANCEL in TRANSITIONS[booking.state]:
                cancelled(work, booking, command.reason)
    return scheduled


def _mine(work: Work, class_id: ClassId) -> ScheduledClass:
    scheduled = work.store.classes.hold(class_id)
    return work.owned("bookings:write", scheduled, scheduled.organisation)


def _seats(work: Work, scheduled: ScheduledClass) -> list[Booking]:
    """The bookings that hold a seat, each held, in order of their ids."""
    known = work.store.bookings.where(in_class=scheduled.id)
    held = (work.store.bookings.hold(booking.id) for booking in known)
    return [booking for booking in held if booking.state in HOLDING]


def book_seat(work: Work, command: BookSeat) -> Booking:
    """A booking of one seat; the class is held, so that nobody else counts the seats before this one is taken."""
    scheduled = work.store.classes.hold(command.scheduled)
    may_book(work, scheduled, command.client)
    service = work.store.services.get(scheduled.service)
    may_override(work, service, override=command.override)
    for known in work.store.bookings.where(in_class=scheduled.id, client=command.client):
        if known.state in HOLDING:
            return known
    branch = work.store.branches.get(scheduled.branch)
    check_mobile(service, branch, work.store.clients.get(command.client))
    check_coming(scheduled, work.at)
    if not command.override:
        check_notice(service, scheduled.starts, work.at)
    if work.store.bookings.seats_taken(scheduled.id) >= scheduled.seats:
        raise Conflict(
            "Every seat of the class is taken: choose another one.",
            code="class_full",
            scheduled=scheduled.id,
            seats=scheduled.seats,
        )
    return store_new(
        work,
        Booking(
            id=work.new(BookingId),
            organisation=scheduled.organisation,
            branch=scheduled.branch,
            service=scheduled.service,
            provider=scheduled.provider,
            room=scheduled.room,
            client=command.client,
            starts=scheduled.starts,
            ends=scheduled.ends,
            zone=scheduled.zone,
            state=BookingState.REQUESTED if service.needs_approval else BookingState.CONFIRMED,
            in_class=scheduled.id,
        ),
    )


def list_classes(work: Work, query: ListClasses) -> tuple[ClassPlaces, ...]:
    """The classes of a branch and their free seats."""
    client = work.store.clients.find(work.by.id)  # first, so that what is not there costs as much
    branch = work.store.branches.get(query.branch)
    may_ask(work, branch, client)
    found = work.store.classes.coming(branch.id, Window(query.since, query.until))
    return tuple(ClassPlaces(one, one.seats - work.store.bookings.seats_taken(one.id)) for one in found)
