"""Keys at the door system: exactly those that bookings want, however answers fail, and no revoke given up."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from attrs import evolve

from servicekit import Kit
from servicekit.adapters.doors.resivo import Resivo
from servicekit.bookings import Booking, Cancel, Rebook
from servicekit.keys import Key, KeyState, ListKeys, ReissueKey
from servicekit.outbox.effects import EffectState, ListEffects
from servicekit.outbox.retry import RetryPolicy
from servicekit.runtime.relay import Delivered
from servicekit.testing.simulators import ExivoSimulator, Fault, ResivoSimulator, transport
from world import DAY, EVA_MOBILE, HOUR, MAIN, MINUTE, ROOM, World, opened

pytest_plugins = ("world_fixtures",)


def keys(world: World, booking: Booking) -> tuple[Key, ...]:
    """All that the booking has had."""
    found: tuple[Key, ...] = world.ask(ListKeys(booking.id))
    return found


def states(world: World, booking: Booking) -> list[KeyState]:
    """What became of them."""
    return [key.state for key in keys(world, booking)]


def markers(world: World) -> list[str]:
    """The markers of the keys that work."""
    return [key.marker for key in world.exivo_keys()]


def made(world: World) -> int:
    """How many keys exivo has ever made."""
    return len(world.exivo.state()["keys"])


def test_a_key_is_made_once(world: World) -> None:
    """Under the vendor's id; delivering again asks nothing more."""
    booking = world.book(world.massage)
    world.kit.deliver()
    asked = world.exivo.state()["requests"]
    assert world.kit.deliver() == Delivered()

    (key,) = keys(world, booking)
    assert (key.state, key.vendor_id) == (KeyState.MADE, world.exivo.state()["keys"][0]["id"])
    assert world.exivo.state()["requests"] == asked == 1


@pytest.mark.spec("K-08")
def test_cancelling_makes_the_key_invalid(world: World) -> None:
    """At the door from then on, whenever it is; it is read back as ended."""
    booking = world.book(world.massage)
    world.settle()
    assert world.exivo.try_door(EVA_MOBILE, ROOM, booking.starts)
    world.clock.set(booking.starts)
    world.ask(Cancel(booking.id))
    world.settle()

    assert world.exivo_keys() == []
    assert states(world, booking) == [KeyState.ENDED]
    for at in (booking.starts, booking.ends):
        assert world.exivo.try_door(EVA_MOBILE, ROOM, at).reason == "revoked"


@pytest.mark.spec("K-09")
def test_rebooking_ends_the_old_key_and_makes_one_for_the_new_time(world: World) -> None:
    """The new one first, so that the client is never without."""
    booking = world.book(world.massage)
    world.settle()
    moved: Booking = world.ask(Rebook(booking.id, starts=booking.starts + DAY))
    world.settle()

    (key,) = world.exivo_keys()
    assert (key.marker, key.opens) == (f"sk:{booking.id}:2", str(moved.starts - 15 * MINUTE))
    assert not world.exivo.try_door(EVA_MOBILE, MAIN, booking.starts)
    assert world.exivo.try_door(EVA_MOBILE, MAIN, moved.starts)
    assert states(world, booking) == [KeyState.ENDED, KeyState.MADE]
    calls = [exchange.request.url.rpartition("/")[2] for exchange in world.exivo.exchanges]
    assert calls.index("digitalKeyVisits", 1) < calls.index("revoke")


@pytest.mark.parametrize(
    "fault",
    [
        Fault.lost_answer(),
        Fault.no_answer(),
        Fault.error(status=500),
        Fault.error(status=502, done=True),
        Fault.bad_gateway(),
        Fault.wrong_type(),
        Fault.refused(),
        Fault.throttled(),
        Fault.throttled(after=90, retry_after="none"),
    ],
    ids=lambda fault: f"{fault.kind}-{'done' if fault.done else 'not done'}",
)
@pytest.mark.parametrize("times", [1, 3])
def test_whatever_becomes_of_answers_the_doors_open_as_booked(world: World, fault: Fault, times: int) -> None:
    """Booked, moved and cancelled, with faults at each: never two keys for one revision, none that works and is not wanted."""
    world.exivo.inject(*[fault] * times)
    booking = world.book(world.massage)
    world.settle()
    assert markers(world) == [f"sk:{booking.id}:1"]
    world.exivo.inject(*[fault] * times)
    world.ask(Rebook(booking.id, starts=booking.starts + 30 * DAY))
    world.settle()
    assert markers(world) == [f"sk:{booking.id}:2"]
    world.exivo.inject(*[fault] * times)
    world.ask(Cancel(booking.id))
    world.settle()

    assert markers(world) == []
    assert made(world) == 2
    assert states(world, booking) == [KeyState.ENDED, KeyState.ENDED]
    assert world.effects(EffectState.DEAD) == []


def test_a_key_that_may_have_been_made_is_ended_before_it_could_open(world: World) -> None:
    """Cancelled while nobody knew: it is looked up and revoked; one that was never made is dropped."""
    for fault, held in ((Fault.lost_answer(), 1), (Fault.no_answer(), 1)):
        world.exivo.inject(fault)
        booking = world.book(world.massage)
        world.kit.deliver()
        world.ask(Cancel(booking.id))
        world.settle()

        assert markers(world) == []
        assert made(world) == held
    assert states(world, booking) == [KeyState.DROPPED]


def test_a_key_that_was_never_made_is_dropped_when_the_booking_moves(world: World) -> None:
    """Nobody had delivered yet: only the new one is made."""
    booking = world.book(world.massage)
    world.ask(Rebook(booking.id, starts=booking.starts + DAY))
    world.settle()

    assert made(world) == 1
    assert states(world, booking) == [KeyState.DROPPED, KeyState.MADE]


def test_a_key_whose_time_is_over_is_not_made(world: World) -> None:
    """Nobody delivered before; there is nothing left to open, and nobody is bothered."""
    booking = world.book(world.massage)
    world.clock.set(booking.ends + 15 * MINUTE)
    world.settle()

    assert made(world) == 0
    (key,) = keys(world, booking)
    assert (key.state, key.detail) == (KeyState.DROPPED, "its time was over before it could be made")
    assert world.effects(EffectState.DEAD) == []


def test_a_key_is_made_as_long_as_it_could_still_open(world: World) -> None:
    """Late, within its time, for what is left of it."""
    booking = world.book(world.massage)
    world.clock.set(booking.ends + 14 * MINUTE)
    world.settle()

    assert states(world, booking) == [KeyState.MADE]
    assert world.exivo.try_door(EVA_MOBILE, ROOM, booking.ends + 14 * MINUTE + timedelta(seconds=30))


def test_a_key_that_the_vendor_refuses_is_a_dead_letter(world: World) -> None:
    """With the vendor's words; what is not wanted any more has ended all the same."""
    booking = world.book(world.massage)
    world.settle()
    world.exivo.inject(Fault.error("POST", "/digitalKeyVisits$", status=400))
    world.ask(Rebook(booking.id, starts=booking.starts + DAY))
    world.settle()

    assert markers(world) == []
    assert states(world, booking) == [KeyState.ENDED, KeyState.FAILED]
    (letter,) = world.ask(ListEffects(organisation=world.root.id))
    assert letter.trouble == "exivo answered 400; trying again will not help"


def test_a_wrong_secret_makes_a_dead_letter_that_names_it(tmp_path: Path) -> None:
    """And no notice says that a door would open."""
    with opened(tmp_path) as world:
        world.exivo.api_secret = "the-new-secret"  # somebody has replaced the credentials
        world.book(world.massage)
        world.settle()
        (letter,) = world.ask(ListEffects(organisation=world.root.id))

        assert "exivo answered 401: Unauthorized" in letter.trouble
        assert world.elks.handset(EVA_MOBILE) == ()
        assert not any(ExivoSimulator.api_secret in repr(row) for rows in world.tables().values() for row in rows)


def lost_and_ended(world: World, *, how: str = "revoked") -> None:
    """The vendor makes the key, our answer is lost, and somebody ends the key there before it is looked up."""
    world.kit.deliver()
    held = [*world.exivo.state()["keys"], *world.exivo.state()["visits"]][-1]
    assert not held["revoked"]
    assert not held["expired"]
    if how == "revoked":
        world.exivo.revoke_by_hand(held["id"])
    else:
        world.exivo.cut_short(held["id"], world.now)


@pytest.mark.spec("K-11")
@pytest.mark.parametrize("how", ["revoked", "cut short"])
@pytest.mark.parametrize("by_pin", [False, True])
def test_a_key_that_was_ended_there_while_its_answer_was_lost_is_made_anew(
    world: World, how: str, *, by_pin: bool
) -> None:
    """The booking stands, so it gets the key that it wants under another marker; nobody is bothered, and it is made once."""
    booking = world.book(world.massage)
    if by_pin:
        world.settle()
        world.ask(ReissueKey(booking.id, by_pin=True))
    before = len(keys(world, booking))
    world.exivo.inject(Fault.lost_answer("POST", "/(digitalKeyVisits|visit)$"))
    lost_and_ended(world, how=how)
    world.settle()

    assert states(world, booking) == [KeyState.ENDED] * before + [KeyState.MADE]
    works = [one for one in held(world) if not one["revoked"] and not one["expired"]]
    assert [one["name"] for one in works] == [f"sk:{booking.id}:1:{before + 1}"]
    assert len(held(world)) == before + 1
    assert world.effects(EffectState.DEAD) == []
    assert world.kit.reconcile().even
    assert len(held(world)) == before + 1
    if not by_pin:
        assert world.exivo.try_door(EVA_MOBILE, ROOM, booking.starts)


def held(world: World) -> list[dict[str, Any]]:
    """All keys at the vendor, ended ones, too."""
    return [*world.exivo.state()["keys"], *world.exivo.state()["visits"]]


def test_a_moved_booking_keeps_its_old_key_until_the_one_made_anew_is_there(world: World) -> None:
    """The new key was made and ended there while its answer was lost: the old one works until another new one does."""
    booking = world.book(world.massage)
    world.settle()
    world.exivo.inject(Fault.lost_answer("POST", "/digitalKeyVisits$"))
    world.ask(Rebook(booking.id, starts=booking.starts + DAY))
    lost_and_ended(world)
    world.exivo.inject(*[Fault.no_answer("POST", "/digitalKeyVisits$")] * 2)
    for _ in range(20):
        assert markers(world), "the client is without a key"
        world.kit.deliver()
        world.clock.advance(MINUTE)
    world.settle()

    assert markers(world) == [f"sk:{booking.id}:2:2"]
    assert states(world, booking) == [KeyState.ENDED, KeyState.ENDED, KeyState.MADE]


@pytest.mark.parametrize("how", ["cancelled", "moved"])
def test_a_key_that_was_ended_there_and_is_not_wanted_any_more_is_only_noted(world: World, how: str) -> None:
    """Nobody makes another for a booking that was cancelled, nor for a time that it was moved away from."""
    world.exivo.inject(Fault.lost_answer("POST", "/digitalKeyVisits$"))
    booking = world.book(world.massage)
    lost_and_ended(world)
    world.ask(Cancel(booking.id) if how == "cancelled" else Rebook(booking.id, starts=booking.starts + DAY))
    world.settle()

    assert states(world, booking) == [KeyState.ENDED] + ([KeyState.MADE] if how == "moved" else [])
    assert markers(world) == ([f"sk:{booking.id}:2"] if how == "moved" else [])
    assert world.effects(EffectState.DEAD) == []


def test_a_key_that_ran_out_before_its_lost_answer_was_looked_up_is_nobody_s_affair(world: World) -> None:
    """The door system was away until the booking was over: there is nothing left to open, and no dead letter."""
    world.exivo.inject(Fault.lost_answer("POST", "/digitalKeyVisits$"))
    booking = world.book(world.massage)
    world.kit.deliver()
    world.clock.set(booking.ends + HOUR)
    world.settle()

    assert states(world, booking) == [KeyState.ENDED, KeyState.DROPPED]
    assert made(world) == 1
    assert world.effects(EffectState.DEAD) == []


def test_a_key_that_is_ended_there_every_time_is_a_dead_letter(world: World) -> None:
    """After five a person has to look: somebody there, or the door system itself, will not have it."""
    booking = world.book(world.massage)
    for _ in range(5):
        world.exivo.inject(Fault.lost_answer("POST", "/digitalKeyVisits$"))
        lost_and_ended(world)
        world.clock.advance(HOUR)
    world.settle()

    assert states(world, booking) == [KeyState.ENDED] * 5
    (letter,) = world.ask(ListEffects(organisation=world.root.id))
    assert letter.trouble == "exivo has ended the key, though it was made 5 times"
    (finding,) = world.kit.reconcile().findings
    assert (finding.difference, finding.outcome) == ("missing", "given up")


def test_of_several_keys_under_one_marker_the_working_one_is_adopted(world: World) -> None:
    """Somebody has revoked one by hand and our answer was lost twice."""
    world.exivo.inject(Fault.lost_answer("POST"))
    booking = world.book(world.massage)
    world.kit.deliver()
    (first,) = world.exivo.state()["keys"]
    copy = world.exivo.state()["keys"][0]
    world.exivo.revoke_by_hand(first["id"])
    login = (world.exivo.api_key, world.exivo.api_secret)
    with httpx.Client(transport=transport(world.exivo), auth=login) as client:
        wish = {name: value for name, value in copy.items() if name not in {"id", "expired", "revoked"}}
        second = client.post(f"https://api.exivo.io/v1/{world.exivo.site_id}/digitalKeyVisits", json=wish).json()
    world.settle()

    (key,) = keys(world, booking)
    assert (key.state, key.vendor_id) == (KeyState.MADE, second["id"])


# Never given up


@pytest.mark.parametrize(
    "fault",
    [
        Fault.error("POST", "/revoke$", status=500, times=200),
        Fault.error("POST", "/revoke$", status=401, times=200),
        Fault.throttled("POST", "/revoke$", times=200, retry_after="none"),
        Fault.refused("POST", "/revoke$", times=200),
    ],
    ids=lambda fault: f"{fault.kind} {fault.status}",
)
def test_a_revoke_is_never_given_up(tmp_path: Path, fault: Fault) -> None:
    """However often and with whatever no it fails: once the door system is back, the key ends."""
    policy = RetryPolicy(first=MINUTE, longest=HOUR, attempts=4)
    with opened(tmp_path, retry=policy) as world:
        booking = world.book(world.massage, starts=world.now + 90 * DAY)
        world.settle()
        world.ask(Cancel(booking.id))
        world.exivo.inject(fault)
        for _ in range(30):
            world.kit.deliver()
            world.clock.advance(2 * HOUR)
        assert markers(world) == [f"sk:{booking.id}:1"]
        (waiting,) = [effect for effect in world.effects(EffectState.DUE) if effect.kind == "key"]
        assert waiting.attempts > policy.attempts
        world.exivo.clear_faults()
        world.settle()

        assert markers(world) == []
        assert world.effects(EffectState.DEAD) == []


@pytest.mark.parametrize(
    "fault",
    [
        Fault.throttled("POST", "/digitalKeyVisits$", times=200, retry_after="none"),
        Fault.no_answer("POST", "/digitalKeyVisits$", times=200),
        Fault.error("GET", "/digitalKeyVisits$", times=200),
    ],
    ids=lambda fault: f"{fault.kind} {fault.method}",
)
def test_a_new_key_that_cannot_be_made_does_not_keep_the_old_one_for_ever(tmp_path: Path, fault: Fault) -> None:
    """The old one ends after the new one is made, so that one is not given up either."""
    with opened(tmp_path, retry=RetryPolicy(first=MINUTE, longest=HOUR, attempts=4)) as world:
        booking = world.book(world.massage, starts=world.now + 90 * DAY)
        world.settle()
        world.ask(Rebook(booking.id, starts=booking.starts + DAY))
        world.exivo.inject(fault, Fault.no_answer("POST", "/digitalKeyVisits$"))
        for _ in range(30):
            world.kit.deliver()
            world.clock.advance(2 * HOUR)
        assert world.effects(EffectState.DEAD) == []
        world.exivo.clear_faults()
        world.settle()

        assert markers(world) == [f"sk:{booking.id}:2"]


def test_a_first_key_that_cannot_be_made_is_given_up_at_last(tmp_path: Path) -> None:
    """No key is out that should not be; a person has to look."""
    with opened(tmp_path, retry=RetryPolicy(first=MINUTE, longest=HOUR, attempts=4)) as world:
        world.exivo.inject(Fault.throttled("POST", "/digitalKeyVisits$", times=200, retry_after="none"))
        world.book(world.massage)
        world.settle()
        (letter,) = world.ask(ListEffects(organisation=world.root.id))

        assert letter.trouble.startswith("given up after 4 tries: exivo answered 429")


def test_where_a_lost_answer_cannot_be_looked_up_a_person_is_asked(tmp_path: Path) -> None:
    """The key is not made again, for it may be there; the letter names it, so that it can be found by hand."""
    resivo = ResivoSimulator()
    with opened(tmp_path) as world:
        with world.look() as store:
            store.branches.save(evolve(store.branches.get(world.branch.id), site=resivo.site_id))
        booking = world.book(world.massage)
        world.ask(ReissueKey(booking.id, by_pin=True))
        resivo.set_clock(world.now)
        resivo.inject(Fault.lost_answer("POST", "/pin-access$"))
        doors = Resivo(resivo.client_id, resivo.client_secret)
        with Kit.open(f"sqlite:////{world.path}", doors=doors, transport=transport(resivo), clock=world.clock) as kit:
            for _ in range(3):
                kit.deliver()
                world.clock.advance(HOUR)
        (letter,) = world.ask(ListEffects(organisation=world.root.id))

        assert f"not known whether resivo has made the key sk:{booking.id}:1:2" in letter.trouble
        assert len(resivo.state()["keys"]) == 1
        assert states(world, booking) == [KeyState.PLANNED, KeyState.ASKED]


def test_a_kit_without_doors_says_what_is_missing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The key stays planned, for a relay that has a door system."""
    with opened(tmp_path) as world:
        booking = world.book(world.massage)
        with Kit.open(f"sqlite:////{world.path}", clock=world.clock) as other:
            assert other.deliver() == Delivered()
        assert "what is due of the kind key waits for a kit with Kit.open(..., doors=...)" in caplog.text
        assert states(world, booking) == [KeyState.PLANNED]
        world.settle()
        assert states(world, booking) == [KeyState.MADE]
