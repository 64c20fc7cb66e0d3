"""Who came, by the door system's access log: read on demand, and noted as check-ins and no-shows."""

from __future__ import annotations

from attrs import frozen

from servicekit.bookings import Action, Booking, BookingState
from servicekit.ids import BookingId, BranchId
from servicekit.keys import Attendance, DoorEvent, Expected, NoteArrivals, ReadAccessLog, arrivals, missing
from servicekit.moments import Window
from servicekit.ports.http import HttpFlow
from servicekit.usecases.asking import Asked
from servicekit.usecases.booking import acted
from servicekit.usecases.doors import site_of
from servicekit.usecases.work import Work

__all__ = ["AccessLog", "ask_for_arrivals", "note_arrivals", "read_access_log"]


@frozen
class AccessLog:
    """What a site's log says of a window."""

    site: str
    covered: Window
    events: tuple[DoorEvent, ...]


def read_access_log(work: Work, query: ReadAccessLog) -> Asked[tuple[DoorEvent, ...]]:
    """What happened at the doors of a branch's site."""
    site = _site(work, query.branch, "doors:read")
    window, doors = Window(query.since, query.until), work.wiring.need(work.wiring.doors, "doors")
    return Asked(lambda: doors.access_log(site, window))


def ask_for_arrivals(work: Work, command: NoteArrivals) -> Asked[AccessLog]:
    """The log from then until now, before anything is noted."""
    site = _site(work, command.branch, "bookings:write")
    covered, doors = Window(command.since, work.at), work.wiring.need(work.wiring.doors, "doors")

    def flow() -> HttpFlow[AccessLog]:
        return AccessLog(site, covered, (yield from doors.access_log(site, covered)))

    return Asked(flow)


def note_arrivals(work: Work, command: NoteArrivals, log: AccessLog) -> Attendance:
    """Check in who came; mark as no-show, if asked to, whose key worked in vain."""
    branch = work.store.branches.get(command.branch)
    work.owned("bookings:write", branch, branch.organisation)
    keys = work.store.keys.working(log.site, log.covered)
    bookings = {key.booking: work.store.bookings.hold(key.booking) for key in sorted(keys, key=lambda key: key.booking)}
    expected = [Expected(key, bookings[key.booking].window) for key in keys]
    came = arrivals(log.events, expected)
    arrived = [key for key in came if _awaited(bookings[key], branch.id)]
    for key in arrived:
        acted(work, bookings[key], Action.CHECK_IN)
    missed: list[BookingId] = []
    if command.no_shows:
        current = [one for one in expected if one.key.revision == bookings[one.key.booking].revision]
        missed = [key for key in missing(current, came, log.covered) if _awaited(bookings[key], branch.id)]
    for key in missed:
        acted(work, bookings[key], Action.MARK_NO_SHOW)
    return Attendance(came=tuple(arrived), missed=tuple(missed))


def _site(work: Work, key: BranchId, scope: str) -> str:
    branch = work.store.branches.get(key)
    work.owned(scope, branch, branch.organisation)
    return site_of(branch)


def _awaited(booking: Booking, branch: BranchId) -> bool:
    return booking.state is BookingState.CONFIRMED and booking.branch == branch
