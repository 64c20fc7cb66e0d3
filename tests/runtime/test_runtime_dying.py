"""Keys that are made anew and doors that are asked to open, by processes that are killed between any two of their steps."""

from __future__ import annotations

import signal
from itertools import pairwise
from pathlib import Path

import pytest

import children
from dying import deaths, served_world
from processes import run
from servicekit.bookings import Booking
from servicekit.keys import Key, KeyState, ListKeys, ListUnlocks, ReissueKey, Unlock, UnlockDoor, UnlockState
from servicekit.testing.simulators import Fault
from world import DAY, EVA_MOBILE, MINUTE, NOON, ROOM, World

pytest_plugins = ("world_fixtures",)

LOST = {"nothing is lost": False, "answers are lost as well": True}


def keys(world: World, booking: Booking) -> tuple[Key, ...]:
    """All that the booking has had."""
    found: tuple[Key, ...] = world.ask(ListKeys(booking.id))
    return found


def openings(world: World) -> int:
    """How often a door at exivo was asked to open."""
    return sum(one["name"] == "componentUnlocked" for one in world.exivo.state()["log"])


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST)
def test_f57_a_relay_that_dies_anywhere_leaves_the_key_that_was_made_anew(tmp_path: Path, *, lost: bool) -> None:
    """F-57: one key works in the end, the new one; the one before was ended; and the client was told twice."""
    with served_world(tmp_path) as (world, outside):
        bookings: list[Booking] = []
        for step in deaths(world, outside):
            _check_anew(world, bookings)
            booking = world.book(world.massage, starts=NOON + (30 + 2 * step) * DAY)
            world.settle()
            world.ask(ReissueKey(booking.id))
            if lost:
                world.exivo.inject(Fault.lost_answer("POST"), Fault.lost_answer("GET"))
                world.elks.inject(Fault.lost_answer("POST"))
            bookings.append(booking)
        _check_anew(world, bookings)
        assert len(bookings) >= 12


def _check_anew(world: World, bookings: list[Booking]) -> None:
    world.exivo.clear_faults()
    world.elks.clear_faults()
    assert [key.marker for key in world.exivo_keys()] == sorted(f"sk:{one.id}:1:2" for one in bookings)
    for one in bookings:
        assert [key.state for key in keys(world, one)] == [KeyState.ENDED, KeyState.MADE]
    assert len(world.elks.handset(EVA_MOBILE)) == 2 * len(bookings)


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST)
def test_a_relay_that_dies_anywhere_asks_a_door_once_or_never(tmp_path: Path, *, lost: bool) -> None:
    """Whoever may have asked is not followed by another: a door that opens later lets anybody in. What is kept says so."""
    with served_world(tmp_path) as (world, outside):
        asked, counts = list[Unlock](), list[int]()
        for _ in deaths(world, outside):
            counts.append(openings(world))
            if lost:
                world.exivo.inject(Fault.lost_answer("POST"))
            asked.append(world.ask(UnlockDoor(branch=world.branch.id, component=ROOM)))
        counts.append(openings(world))
        world.exivo.clear_faults()
        world.clock.advance(DAY)
        world.settle()
        assert openings(world) == counts[-1]

        kept = {one.id: one.state for one in world.ask(ListUnlocks(branch=world.branch.id))}
        seen = [kept[one.id] for one in asked]
        fits = {UnlockState.TAKEN: {1}, UnlockState.TOO_LATE: {0}, UnlockState.UNKNOWN: {0, 1}}
        for state, (before, after) in zip(seen, pairwise(counts), strict=True):
            assert after - before in fits[state]
        assert len(seen) >= 6
        # Claimed and not asked yet, it is no use by the time that another may ask; asked, only the dead one knew the answer.
        assert {UnlockState.TOO_LATE, UnlockState.UNKNOWN} <= set(seen)
        assert seen[-1] is (UnlockState.UNKNOWN if lost else UnlockState.TAKEN)


@pytest.mark.parametrize("what", ["a key made anew", "a door asked to open"])
def test_a_wish_and_its_effects_are_there_together_or_not_at_all(world: World, what: str) -> None:
    """The process dies just before its commit, or just after it: before, nothing has changed; after, it is brought about."""
    booking = world.book(world.massage, starts=world.now + 5 * MINUTE)
    world.settle()
    command = (
        ReissueKey(booking.id) if what == "a key made anew" else UnlockDoor(branch=world.branch.id, component=ROOM)
    )
    before = world.tables()
    told = []
    for step in (1, 2):
        code = run(children.perform_or_die, str(world.path), command, world.anna, world.now, step)
        told.append((code, world.tables() == before))
    assert told == [(-signal.SIGKILL, True), (-signal.SIGKILL, False)]
    world.kit.deliver()

    if what == "a key made anew":
        assert [key.state for key in keys(world, booking)] == [KeyState.ENDED, KeyState.MADE]
    else:
        assert openings(world) == 1
        assert [one.state for one in world.ask(ListUnlocks(branch=world.branch.id))] == [UnlockState.TAKEN]
