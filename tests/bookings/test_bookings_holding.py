"""Holds: what takes whose time, and whether one more has a place, against a count of every tick."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from servicekit.bookings import Absence, Booking, BookingState, Hold, ScheduledClass, has_place, holds_of
from servicekit.ids import AbsenceId, BookingId, BranchId, ClassId, ClientId, GroupId, ProviderId, ServiceId
from servicekit.moments import Instant, Window

ANNA, ROOM = ProviderId("prv_anna"), ProviderId("prv_room")
NOON = Instant.parse("2026-11-25T12:00:00Z")
HOUR = timedelta(hours=1)
WHERE = {"organisation": GroupId("grp_1"), "branch": BranchId("brn_1"), "service": ServiceId("srv_1")}
BOOKING = Booking(
    **WHERE,  # type: ignore[arg-type]
    id=BookingId("bkg_1"),
    provider=ANNA,
    client=ClientId("cli_1"),
    starts=NOON,
    ends=NOON + HOUR,
    zone="UTC",
    state=BookingState.CONFIRMED,
    room=ROOM,
    before=HOUR / 4,
    after=HOUR / 2,
)
CLASS = ScheduledClass(
    **WHERE,  # type: ignore[arg-type]
    id=ClassId("cls_1"),
    provider=ANNA,
    starts=NOON,
    ends=NOON + HOUR,
    zone="UTC",
    seats=2,
    after=HOUR,
)
ABSENCE = Absence(id=AbsenceId("abs_1"), organisation=GroupId("grp_1"), provider=ANNA, starts=NOON, ends=NOON + HOUR)


@pytest.mark.parametrize("state", BookingState)
def test_f02_every_state_that_holds_a_place_counts(state: BookingState) -> None:
    """F-02: also what waits for approval takes provider and room, with the buffers; what is over or gone takes nothing."""
    held = holds_of(evolve(BOOKING, state=state))
    window = Window(NOON - HOUR / 4, NOON + 1.5 * HOUR)
    expected = [(BOOKING.id, one, window, False) for one in (ANNA, ROOM)]
    takes = state in {"requested", "confirmed", "checked in"}
    assert [(hold.owner, hold.provider, hold.window, hold.whole) for hold in held] == (expected if takes else [])


def test_a_seat_holds_nothing_but_its_class_does() -> None:
    """Two seats of a class are not in each other's way."""
    assert holds_of(evolve(BOOKING, in_class=CLASS.id)) == ()
    (held,) = holds_of(CLASS)
    assert (held.owner, held.provider, held.window) == (CLASS.id, ANNA, Window(NOON, NOON + 2 * HOUR))
    assert holds_of(evolve(CLASS, cancelled=True)) == ()


def test_who_is_its_own_room_is_held_once() -> None:
    """One row for each provider."""
    assert len(holds_of(evolve(BOOKING, room=ANNA))) == 1


def test_an_absence_holds_all_of_a_provider() -> None:
    """Until it is taken back."""
    (held,) = holds_of(ABSENCE)
    assert (held.owner, held.whole, held.window) == (ABSENCE.id, True, ABSENCE.window)
    assert holds_of(evolve(ABSENCE, ended=True)) == ()


@pytest.mark.spec("B-02")
@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(1, 6), st.integers(0, 3).map(lambda one: not one)), max_size=6),
    st.integers(0, 12),
    st.integers(1, 6),
    st.integers(1, 3),
)
def test_f24_one_more_has_a_place_if_it_has_at_every_instant(
    drawn: list[tuple[int, int, bool]], first: int, length: int, capacity: int
) -> None:
    """F-24: capacity is never overrun at any instant of the window; what only touches does not count."""
    others = [
        Hold(owner=f"bkg_{number}", provider=ANNA, starts=Instant(begins), ends=Instant(begins + ticks), whole=whole)
        for number, (begins, ticks, whole) in enumerate(drawn)
    ]
    there = [
        [whole for begins, ticks, whole in drawn if begins <= tick < begins + ticks]
        for tick in range(first, first + length)
    ]
    expected = all(len(here) < capacity and not any(here) for here in there)
    assert has_place(Window(Instant(first), Instant(first + length)), others, capacity) == expected
