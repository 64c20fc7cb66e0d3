"""Series of bookings: booked, moved and cancelled together. Each is a booking like any other, with key and meeting of its own."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve

from servicekit.bookings import (
    TRANSITIONS,
    Action,
    Booking,
    BookSeries,
    CancelSeries,
    Hold,
    ListSeries,
    MoveSeries,
    Series,
    SeriesBooked,
    SeriesConflict,
    Which,
    book,
    holds_of,
    rebook,
)
from servicekit.bookings.series import occurrences, shifted, wall
from servicekit.commands import Principal
from servicekit.errors import Conflict, Invalid
from servicekit.ids import BookingId, SeriesId
from servicekit.moments import Instant, Window
from servicekit.usecases.booking import cancelled, drafted, store_moved, store_new
from servicekit.usecases.following import check_mobile
from servicekit.usecases.placing import Site, may_book, may_override, place, refuse_class, site
from servicekit.usecases.work import Work

__all__ = ["book_series", "cancel_series", "list_series", "move_series"]


def book_series(work: Work, command: BookSeries) -> SeriesBooked:
    """All of them, or the lines of those that cannot be."""
    service = work.store.services.get(command.service)
    may_book(work, service, command.client)
    refuse_class(service)
    may_override(work, service, override=command.override)
    branch = work.store.branches.get(service.branch)
    check_mobile(service, branch, work.store.clients.get(command.client))
    where = site(work, service, branch, command.provider)
    series = Series(
        id=work.new(SeriesId),
        organisation=service.organisation,
        service=service.id,
        provider=where.provider.id,
        client=command.client,
        zone=branch.zone,
        starts=command.starts,
        recurrence=command.recurrence,
    )
    drafts = [
        evolve(book(drafted(work, where, command.client, starts, None), work.at), series=series.id)
        for starts in occurrences(command.recurrence, command.starts, branch.zone)
    ]
    placed, conflicts = _placed(work, where, drafts, override=command.override)
    if not command.skip_conflicts or not placed:
        _refuse_any(conflicts)
    work.store.series.add(series)
    return SeriesBooked(series, tuple(store_new(work, booking) for booking in placed), tuple(conflicts))


def move_series(work: Work, command: MoveSeries) -> SeriesBooked:
    """The following or all by as much on the clock as the named one."""
    series, bookings = _held(work, command.booking)
    named = bookings[command.booking]
    rebook(named, Window(command.starts, command.starts + named.window.length), work.at)  # refuses what cannot be moved
    by = wall(command.starts, series.zone) - wall(named.starts, series.zone)
    service = work.store.services.get(series.service)
    may_override(work, service, override=command.override)
    where = site(work, service, work.store.branches.get(named.branch), named.provider, offered=False)

    def moved(booking: Booking) -> Booking:
        starts = command.starts if booking is named else shifted(booking.starts, series.zone, by)
        return rebook(booking, Window(starts, starts + booking.window.length), work.at)

    meant = _meant(work, named, bookings, command.which, Action.REBOOK)
    drafts = [after for booking in meant if (after := moved(booking)) is not booking]
    placed, conflicts = _placed(work, where, drafts, override=command.override)
    _refuse_any(conflicts)
    return SeriesBooked(series, tuple(store_moved(work, booking) for booking in placed))


def cancel_series(work: Work, command: CancelSeries) -> tuple[Booking, ...]:
    """The following or all that are still to come."""
    _, bookings = _held(work, command.booking)
    meant = _meant(work, bookings[command.booking], bookings, command.which, Action.CANCEL)
    return tuple(cancelled(work, booking, command.reason) for booking in meant)


def list_series(work: Work, query: ListSeries) -> SeriesBooked:
    """All bookings of a series, by start."""
    series = work.store.series.get(query.series)
    if work.by != Principal.of(series.client):
        work.owned("bookings:read", series, series.organisation)
    return SeriesBooked(series, tuple(sorted(work.store.bookings.where(series=series.id), key=_start)))


def _start(booking: Booking) -> Instant:
    return booking.starts


def _held(work: Work, booking_id: BookingId) -> tuple[Series, dict[BookingId, Booking]]:
    """The series of a booking that the asker may change, and all its bookings in order of their ids; all held."""
    named = work.store.bookings.get(booking_id)
    if work.by != Principal.of(named.client):
        work.owned("bookings:write", named, named.organisation)
    if named.series is None:
        raise Invalid("This booking is in no series: change it alone.", code="no_series", booking=named.id)
    series = work.store.series.hold(named.series)
    known = work.store.bookings.where(series=series.id)
    return series, {one.id: work.store.bookings.hold(one.id) for one in known}


def _meant(
    work: Work, named: Booking, bookings: Mapping[BookingId, Booking], which: Which, action: Action
) -> list[Booking]:
    """The named one, and those that have not begun; of those that can be changed so, by start."""
    since = max(work.at, named.starts) if which is Which.FOLLOWING else work.at
    meant = (one for one in bookings.values() if one is named or one.starts >= since)
    return sorted((one for one in meant if action in TRANSITIONS[one.state]), key=_start)


def _placed(
    work: Work, where: Site, drafts: list[Booking], *, override: bool
) -> tuple[list[Booking], list[SeriesConflict]]:
    """Each in its room, none in the way of another; and why some cannot be."""
    besides = {draft.id for draft in drafts}
    placed, conflicts, more = list[Booking](), list[SeriesConflict](), list[Hold]()
    for draft in drafts:
        try:
            room = place(
                work,
                where,
                draft.window,
                draft.held,
                besides=besides,
                more=more,
                override=override,
                first=draft.room,
            )
        except Conflict as conflict:
            conflicts.append(SeriesConflict(draft.starts, conflict.code, conflict.message))
        else:
            placed.append(evolve(draft, room=room))
            more += holds_of(placed[-1])
    return placed, conflicts


def _refuse_any(conflicts: list[SeriesConflict]) -> None:
    if conflicts:
        raise Conflict(
            f"{len(conflicts)} of the series cannot be: {conflicts[0].starts}: {conflicts[0].message}",
            code="series_conflicts",
            conflicts=[{"starts": str(line.starts), "code": line.code, "message": line.message} for line in conflicts],
        )
