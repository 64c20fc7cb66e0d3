"""Seeing to it that a booking has exactly the keys it wants.

``keys.plan`` says what is next; here it is carried out. A revoke is never given up: a cancelled booking must not keep a key
that works, however long the door system is away. Nor is what comes before a revoke: the new key of a booking that was moved.
"""

from __future__ import annotations

from attrs import evolve

from servicekit.errors import OutcomeUnknown, OutsideError, Rejected
from servicekit.ids import KeyId
from servicekit.keys import Anew, Drop, End, Key, KeyState, LookUp, Settled, Stuck, made_anew, next_step
from servicekit.outbox.effects import Effect
from servicekit.ports.doors import Doors, KeyOrder, VendorKey
from servicekit.usecases.delivering import Done, Failed, GivenUp, Next, Outside, Step, Verdict
from servicekit.usecases.work import Work

__all__ = ["prepare_key"]


def prepare_key(work: Work, effect: Effect) -> Step:
    """The next step for a booking's keys."""
    doors = work.wiring.need(work.wiring.doors, "doors")
    booking = work.store.bookings.hold(effect.subject)  # with its keys: whoever changes it adds one
    keys = work.store.keys.where(booking=booking.id)
    step = next_step(keys, booking.revision if booking.obeyed else None)
    match step:
        case Settled():
            return Done()
        case Stuck(key):
            return GivenUp(key.detail or f"{doors.name} has ended the key, though it was made {key.attempt} times")
        case Drop(key):
            _mark(work, key.id, KeyState.DROPPED)
            return Next()
        case Anew(key):
            work.store.keys.add(made_anew(key, work.new(KeyId)))
            return Next()
        case LookUp(key) if not doors.capabilities_at(key.site).look_up:
            return GivenUp(
                f"it is not known whether {doors.name} has made the key {key.marker}, and it cannot be asked: "
                "end it there by hand if it is, then retry"
            )
        case LookUp(key):
            return Outside(
                lambda: doors.find(key.site, key.marker, by_pin=bool(key.pin)),
                lambda later, found: _found(later, key.id, found),
                lambda _, error: Failed(error, stubborn=True),
                flows=True,
            )
        case End(key):
            return Outside(
                lambda: doors.revoke(key.site, key.vendor_id),
                lambda later, _: _mark(later, key.id, KeyState.ENDED),
                lambda _, error: Failed(error, stubborn=True),
                flows=True,
            )
    return _ask(work, doors, step.key, stubborn=any(other.state is KeyState.MADE for other in keys))


def _ask(work: Work, doors: Doors, key: Key, *, stubborn: bool) -> Step:
    if key.closes <= work.at:
        return _mark(work, key.id, KeyState.DROPPED, detail="its time was over before it could be made")
    _mark(work, key.id, KeyState.ASKED)
    order = KeyOrder(marker=key.marker, components=key.components, mobile=key.mobile, window=key.window, pin=key.pin)
    at = work.at
    return Outside(
        lambda: doors.create(key.site, order, at),
        lambda later, made: _mark(later, key.id, KeyState.MADE, vendor_id=made.vendor_id),
        lambda later, error: _not_made(later, key.id, error, stubborn=stubborn),
        flows=True,
    )


def _not_made(work: Work, key_id: KeyId, error: OutsideError, *, stubborn: bool) -> Verdict:
    if isinstance(error, OutcomeUnknown):
        return Failed(error, stubborn)  # stays asked: looked up next time
    if isinstance(error, Rejected):
        # What is not wanted any more ends all the same.
        return _mark(work, key_id, KeyState.FAILED, detail=error.message)
    _mark(work, key_id, KeyState.PLANNED)
    return Failed(error, stubborn)


def _found(work: Work, key_id: KeyId, found: tuple[VendorKey, ...]) -> Verdict:
    """Adopt one that works, else note that it ended, else it was never made."""
    for made in sorted(found, key=lambda made: not made.works):
        return _mark(work, key_id, KeyState.MADE if made.works else KeyState.ENDED, vendor_id=made.vendor_id)
    return _mark(work, key_id, KeyState.PLANNED)


def _mark(work: Work, key_id: KeyId, state: KeyState, *, vendor_id: str = "", detail: str = "") -> Next:
    key = work.store.keys.hold(key_id)
    work.store.keys.save(evolve(key, state=state, vendor_id=vendor_id or key.vendor_id, detail=detail))
    return Next()
