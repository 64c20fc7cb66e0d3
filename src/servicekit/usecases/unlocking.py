"""Doors that are asked to open now. Who may is decided when it is asked for; the relay asks the door, once and soon or never."""

from __future__ import annotations

from attrs import evolve

from servicekit.bookings import Booking, Branch
from servicekit.commands import Principal
from servicekit.errors import Conflict, Invalid, OutcomeUnknown, OutsideError, Rejected, Unsupported
from servicekit.ids import UnlockId
from servicekit.keys import UNLOCK_WITHIN, ListUnlocks, Red, Unlock, UnlockDoor, UnlockState, booking_at_door
from servicekit.outbox.effects import Effect, EffectKind
from servicekit.usecases.delivering import Done, Failed, Outside, Step, Verdict
from servicekit.usecases.doors import site_of
from servicekit.usecases.work import Work, unseen

__all__ = ["list_unlocks", "prepare_unlock", "unlock_door"]

_MOST_ROWS = 1000


def unlock_door(work: Work, command: UnlockDoor) -> Unlock:
    """Write down who asks for which door, and enqueue the asking."""
    branch = work.store.branches.get(command.branch)
    booking = None if command.booking is None else work.store.bookings.hold(command.booking)
    if booking is not None and booking.branch != branch.id:
        raise unseen(booking)
    if booking is not None and work.by == Principal.of(booking.client):
        _green(work, booking, command.component)
    else:
        work.owned("doors:unlock", branch, branch.organisation)
    _check_door(branch, command.component)
    work.wiring.need(work.wiring.doors, "doors")
    unlock = Unlock(
        id=work.new(UnlockId),
        organisation=branch.organisation,
        branch=branch.id,
        site=site_of(branch),
        component=command.component,
        booking=command.booking,
        by=f"{work.by.kind}:{work.by.id}",
        shown=work.store.clients.get(booking.client).name if booking is not None else work.by.id,
        made_at=work.at,
    )
    work.store.unlocks.add(unlock)
    work.enqueue(EffectKind.UNLOCK, unlock.id, branch.organisation)
    return unlock


def _green(work: Work, booking: Booking, component: str) -> None:
    light = booking_at_door(work.store.keys.where(booking=booking.id), booking.revision, component, work.at)
    if isinstance(light, Red):
        raise Conflict(
            f"The door stays shut: {light.reason}, {light.detail}.",
            code="door_red",
            reason=light.reason,
            booking=booking.id,
        )


def _check_door(branch: Branch, component: str) -> None:
    if component not in {*branch.components, *branch.service_components}:
        raise Invalid(
            f"{component!r} is none of the branch's doors: ask for one of them.",
            code="not_the_branchs_door",
            component=component,
        )


def list_unlocks(work: Work, query: ListUnlocks) -> tuple[Unlock, ...]:
    """Who asked which door to open, newest first."""
    branch = work.store.branches.get(query.branch)
    work.owned("doors:read", branch, branch.organisation)
    if not 1 <= query.most <= _MOST_ROWS:
        raise Invalid(f"A page has 1 to {_MOST_ROWS} rows, not {query.most}.", code="page_size", most=query.most)
    return work.store.unlocks.newest(branch.id, query.most)


def prepare_unlock(work: Work, effect: Effect) -> Step:
    """Ask the door, unless it is too late or it may have been asked before."""
    doors = work.wiring.need(work.wiring.doors, "doors")
    unlock = work.store.unlocks.hold(effect.subject)
    if unlock.state is UnlockState.ASKED:
        return _mark(work, unlock.id, UnlockState.UNKNOWN, "the relay died before the answer came")
    if unlock.state is not UnlockState.WANTED:
        return Done()
    if work.at - unlock.made_at > UNLOCK_WITHIN:
        return _mark(work, unlock.id, UnlockState.TOO_LATE)
    _mark(work, unlock.id, UnlockState.ASKED)
    return Outside(
        lambda: doors.unlock(unlock.site, unlock.component, unlock.shown),
        lambda later, _: _mark(later, unlock.id, UnlockState.TAKEN),
        lambda later, error: _not_taken(later, unlock.id, error),
        flows=True,
    )


def _not_taken(work: Work, unlock: UnlockId, error: OutsideError) -> Verdict:
    if isinstance(error, OutcomeUnknown):
        return _mark(work, unlock, UnlockState.UNKNOWN, error.message)
    if isinstance(error, (Rejected, Unsupported)):
        return _mark(work, unlock, UnlockState.REFUSED, error.message)
    _mark(work, unlock, UnlockState.WANTED, error.message)  # the door has not been asked: again, while it is time
    return Failed(error)


def _mark(work: Work, unlock: UnlockId, state: UnlockState, detail: str = "") -> Done:
    held = work.store.unlocks.hold(unlock)
    work.store.unlocks.save(evolve(held, state=state, detail=detail or held.detail))
    return Done()
