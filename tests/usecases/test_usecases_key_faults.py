"""Faults of other systems with keys, each under its number, and that ours is free of it.

Each test does what made the fault: the naive way (given beside it) fails it.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from servicekit.adapters.doors.exivo import Exivo
from servicekit.bookings import Booking, Cancel, Rebook
from servicekit.keys import KeyState, ListKeys, ReissueKey, booking_of
from servicekit.outbox.effects import EffectState, ListEffects
from servicekit.outbox.retry import RetryPolicy
from servicekit.runtime.http import HttpDriver
from servicekit.testing.simulators import Fault, transport
from world import DAY, EVA_MOBILE, HOUR, MAIN, MINUTE, ROOM, World, opened

pytest_plugins = ("world_fixtures",)


def working(world: World) -> list[str]:
    """The markers of the keys that open doors."""
    return [key.marker for key in world.exivo_keys()]


def states(world: World, booking: Booking) -> list[KeyState]:
    """What is known of a booking's keys."""
    return [key.state for key in world.ask(ListKeys(booking.id))]


def texts(world: World) -> list[str]:
    """What the client was told, by its first word."""
    return [text.text.split(":")[0] for text in world.elks.handset(EVA_MOBILE)]


def test_f50_a_key_is_written_down_before_the_vendor_is_asked(world: World) -> None:
    """Orphan key: its answer is lost, and the business cancels. Naive: made first, stored after."""
    world.exivo.inject(Fault.lost_answer("POST", "/digitalKeyVisits$"))
    booking = world.book(world.massage)
    world.kit.deliver()
    assert len(working(world)) == 1, "it is out there, and nobody has its id"
    assert states(world, booking) == [KeyState.ASKED]
    world.ask(Cancel(booking.id))
    world.settle()

    assert working(world) == []
    assert states(world, booking) == [KeyState.ENDED]


@pytest.mark.parametrize("late", [-15, -14, 0, 30, 60, 74], ids=lambda late: f"{late} min")
def test_f51_a_booking_that_is_cancelled_late_keeps_no_key(world: World, late: int) -> None:
    """No revoke once start minus lead has passed. Naive: nothing to do any more, it has begun."""
    booking = world.book(world.massage)
    world.settle()
    world.clock.set(booking.starts + late * MINUTE)
    world.ask(Cancel(booking.id))
    world.settle()

    assert not world.exivo.try_door(EVA_MOBILE, ROOM, world.now)
    assert world.exivo.state()["keys"][0]["revoked"] is True


def test_f52_a_revoke_that_fails_is_asked_for_until_it_is_read_back(tmp_path: Path) -> None:
    """Failed revoke only shown on screen. Naive: log a warning."""
    with opened(tmp_path, retry=RetryPolicy(attempts=3)) as world:
        booking = world.book(world.massage, starts=world.now + 30 * DAY)
        world.settle()
        world.exivo.inject(Fault.error("POST", "/revoke$", status=400, times=20))
        world.ask(Cancel(booking.id))
        world.settle()

        assert working(world) == []
        assert states(world, booking) == [KeyState.ENDED]
        assert world.effects(EffectState.DEAD) == []


def test_f52_a_yes_that_was_not_done_is_no_revoke(world: World) -> None:
    """The vendor says 204, and the key still works. Naive: believe the status."""
    booking = world.book(world.massage, starts=world.now + 30 * DAY)
    world.settle()
    world.exivo.inject(Fault.error("POST", "/revoke$", status=204, done=False, times=3))
    world.ask(Cancel(booking.id))
    world.kit.deliver()
    assert states(world, booking) == [KeyState.MADE], "it is not ended before it is read back"
    world.settle()
    assert working(world) == []
    assert states(world, booking) == [KeyState.ENDED]


def test_f53_nobody_is_told_of_a_door_before_it_opens(world: World) -> None:
    """Mail queued before the outcome is known. Naive: enqueue both, in whatever order."""
    world.exivo.inject(Fault.error("POST", "/digitalKeyVisits$", status=502, times=2))
    booking = world.book(world.massage, starts=world.now + 30 * DAY)
    world.kit.deliver()
    assert texts(world) == []
    world.settle()
    assert texts(world) == ["Booked"]

    world.exivo.inject(Fault.error("POST", "/revoke$", status=502, times=2))
    world.ask(Cancel(booking.id))
    world.kit.deliver()
    assert texts(world) == ["Booked"], "it is not told that it is cancelled while its key works"
    world.settle()
    assert texts(world) == ["Booked", "Cancelled"]


@pytest.mark.parametrize("moves", [(DAY,), (DAY, -DAY), (HOUR, HOUR, 3 * DAY)], ids=len)
def test_f54_the_keys_window_follows_the_booking(world: World, moves: tuple[timedelta, ...]) -> None:
    """Code not changed when the dates change. Naive: made once, remembered as done."""
    booking = world.book(world.massage)
    world.settle()
    for by in moves:
        booking = world.ask(Rebook(booking.id, starts=booking.starts + by))
        if by != moves[0]:  # the first is delivered together with the second
            world.settle()
    world.settle()

    (key,) = world.exivo_keys()
    assert (key.opens, key.closes) == (str(booking.starts - 15 * MINUTE), str(booking.ends + 15 * MINUTE))


def test_f55_every_key_of_ours_can_be_told_from_others(world: World) -> None:
    """Old codes never cleared. Naive: names without a marker. All keys are listed in one pass, and each names its booking."""
    booking = world.book(world.massage)
    world.settle()
    exivo = world.exivo
    with HttpDriver(transport(exivo)) as driver:
        page = driver.run(Exivo(exivo.api_key, exivo.api_secret, "42").list_keys(exivo.site_id))
    assert [booking_of(key.marker) for key in page.keys] == [booking.id]


def test_f56_a_stay_is_extended_while_the_client_is_inside(world: World) -> None:
    """Cannot extend while the guest is inside. Naive: revoke first; then make the new key, or fail to."""
    booking = world.book(world.massage)
    world.settle()
    world.clock.set(booking.ends - 10 * MINUTE)
    again: Booking = world.ask(Rebook(booking.id, starts=booking.starts, ends=booking.ends + HOUR))
    world.exivo.inject(Fault.error("POST", "/digitalKeyVisits$", status=502, times=3))
    for _ in range(8):
        world.kit.deliver()
        assert world.exivo.try_door(EVA_MOBILE, ROOM, world.now), "the client is locked out"
        world.clock.advance(MINUTE)
    world.settle()
    assert world.exivo.try_door(EVA_MOBILE, ROOM, again.ends)
    assert working(world) == [f"sk:{booking.id}:2"]


@pytest.mark.parametrize("times", [1, 5])
def test_f56_a_move_never_leaves_the_client_without_a_key(world: World, times: int) -> None:
    """Whatever fails on the way, one of the two keys exists at every moment. Naive: revoke, then make."""
    booking = world.book(world.massage)
    world.settle()
    world.exivo.inject(Fault.error("POST", "/digitalKeyVisits$", status=502, times=times))
    world.ask(Rebook(booking.id, starts=booking.starts + 40 * DAY))
    for _ in range(30):
        assert len(world.exivo_keys()) >= 1
        world.kit.deliver()
        world.clock.advance(MINUTE)
    world.settle()
    assert working(world) == [f"sk:{booking.id}:2"]


def test_f57_a_bad_key_is_made_anew_by_a_command(world: World) -> None:
    """Cannot re-issue a bad code. Naive: the key of a booking is made once."""
    booking = world.book(world.massage)
    world.settle()
    world.exivo.revoke_by_hand(world.exivo.state()["keys"][0]["id"])
    assert not world.exivo.try_door(EVA_MOBILE, ROOM, booking.starts)
    world.ask(ReissueKey(booking.id))
    world.settle()

    assert working(world) == [f"sk:{booking.id}:1:2"]
    assert world.exivo.try_door(EVA_MOBILE, ROOM, booking.starts)


def test_f58_a_revoke_outlasts_a_vendor_that_is_away_for_days(tmp_path: Path) -> None:
    """Stuck in "removing" since the vendor answers 502. Naive: give up after so many tries, or spin."""
    policy = RetryPolicy(first=MINUTE, longest=HOUR, attempts=9)
    with opened(tmp_path, retry=policy) as world:
        booking = world.book(world.massage, starts=world.now + 60 * DAY)
        world.settle()
        world.ask(Cancel(booking.id))
        world.exivo.inject(Fault.error("POST", "/revoke$", status=502, times=1000))
        before, asked = world.now, world.exivo.state()["requests"]
        while world.now < before + 2 * DAY:
            world.kit.deliver()
            world.clock.advance(5 * MINUTE)
        tries = (world.exivo.state()["requests"] - asked) // 2  # each reads back
        assert tries <= 60, "the pauses do not grow"
        (waiting,) = [one for one in world.effects(EffectState.DUE) if one.kind == "key"]
        assert "502" in waiting.trouble
        world.exivo.clear_faults()
        world.settle()

        assert working(world) == []


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
@pytest.mark.parametrize("done", [True, False], ids=["done", "not done"])
def test_f59_a_create_is_never_repeated_blindly(world: World, status: int, *, done: bool) -> None:
    """Creating POST retried automatically: doubles. Naive: an HTTP library's retries on 5xx."""
    world.exivo.inject(Fault.error("POST", "/digitalKeyVisits$", status=status, done=done, times=3))
    booking = world.book(world.massage, starts=world.now + 30 * DAY)
    world.settle()

    assert working(world) == [f"sk:{booking.id}:1"]
    assert len(world.exivo.state()["keys"]) == 1
    posts = [one.request for one in world.exivo.exchanges if one.request.method == "POST"]
    gets = [one.request for one in world.exivo.exchanges if one.request.method == "GET"]
    assert len(gets) >= len(posts) - 1, "between two creates it is looked up"


def test_f59_a_key_that_the_vendor_will_not_make_is_asked_for_once(world: World) -> None:
    """A final no is not repeated either; a person has to look."""
    world.exivo.inject(Fault.error("POST", "/digitalKeyVisits$", status=400, times=9))
    world.book(world.massage)
    world.settle()
    assert world.exivo.state()["requests"] == 1
    (letter,) = world.ask(ListEffects(organisation=world.root.id))
    assert "400" in letter.trouble
    assert not world.exivo.try_door(EVA_MOBILE, MAIN)
