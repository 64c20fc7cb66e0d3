"""A class as a value: seats, moving, calling off."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from servicekit.bookings import ScheduledClass
from servicekit.bookings.classes import called_off, moved_to
from servicekit.errors import Conflict, Invalid
from servicekit.ids import BranchId, ClassId, GroupId, ProviderId, ServiceId
from servicekit.moments import Instant, Window

NOON = Instant.parse("2026-11-25T12:00:00Z")
HOUR = timedelta(hours=1)
YOGA = ScheduledClass(
    id=ClassId("cls_1"),
    organisation=GroupId("grp_1"),
    branch=BranchId("brn_1"),
    service=ServiceId("srv_1"),
    provider=ProviderId("prv_1"),
    starts=NOON + HOUR,
    ends=NOON + 2 * HOUR,
    zone="UTC",
    seats=1,
)


def test_a_class_has_a_seat_at_least() -> None:
    """None is refused."""
    with pytest.raises(Invalid) as caught:
        evolve(YOGA, seats=0)
    assert caught.value.code == "no_seats"


def test_a_class_is_held_with_its_buffers() -> None:
    """Before and after."""
    around = evolve(YOGA, before=HOUR / 4, after=HOUR / 2)
    assert around.held == Window(YOGA.starts - HOUR / 4, YOGA.ends + HOUR / 2)
    assert YOGA.held == YOGA.window


def test_moving_makes_a_new_revision() -> None:
    """To where it is changes nothing; the past is refused, now is not."""
    later = Window(NOON, NOON + HOUR)
    moved = moved_to(YOGA, later, NOON)
    assert (moved.window, moved.revision) == (later, 2)
    assert moved_to(YOGA, YOGA.window, NOON) is YOGA
    with pytest.raises(Invalid) as caught:
        moved_to(YOGA, later, NOON + timedelta(microseconds=1))
    assert caught.value.code == "booking_in_the_past"
    assert caught.value.facts == {"starts": str(NOON), "at": "2026-11-25T12:00:00.000001Z"}


def test_a_class_is_called_off_once_and_not_when_it_has_begun() -> None:
    """Again is the same; a class that runs is neither moved nor called off, a cancelled one is not moved."""
    off = called_off(YOGA, NOON)
    assert (off.cancelled, off.revision) == (True, 2)
    assert called_off(off, NOON + 9 * HOUR) is off
    for change in (called_off, lambda scheduled, at: moved_to(scheduled, YOGA.window, at)):
        with pytest.raises(Conflict) as caught:
            change(YOGA, NOON + 1.5 * HOUR)
        assert caught.value.code == "class_begun"
    with pytest.raises(Conflict) as gone:
        moved_to(off, YOGA.window, NOON)
    assert (gone.value.code, gone.value.facts) == (
        "class_cancelled",
        {"scheduled": YOGA.id, "starts": str(YOGA.starts)},
    )
