"""Keys made anew, and keys with a PIN for people without the app."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from servicekit import Kit, Principal
from servicekit.adapters.doors.resivo import Resivo
from servicekit.bookings import AddClient, Booking, Cancel, Rebook
from servicekit.errors import Conflict, Forbidden
from servicekit.groups import AddUsers
from servicekit.keys import AtDoor, Key, KeyState, ListKeys, ReissueKey
from servicekit.outbox.effects import EffectState, ListEffects, RetryEffect
from servicekit.testing.simulators import Fault, ResivoSimulator, transport
from world import DAY, EVA_MOBILE, MAIN, MINUTE, ROOM, World, opened

pytest_plugins = ("world_fixtures",)


def keys(world: World, booking: Booking) -> tuple[Key, ...]:
    """All that the booking has had."""
    found: tuple[Key, ...] = world.ask(ListKeys(booking.id))
    return found


def visits(world: World) -> list[dict[str, Any]]:
    """The keys with a PIN that exivo holds and that work."""
    return [one for one in world.exivo.state()["visits"] if not one["revoked"] and not one["expired"]]


def ida(world: World) -> Any:
    """A client without the app."""
    return world.ask(
        AddClient(organisation=world.root.id, name="Ida", email="ida@home.example", mobile="+41790000002", by_pin=True)
    )


# Anew


def test_a_key_is_made_anew_before_the_old_one_ends(world: World) -> None:
    """Under a marker of its own; at every moment one of the two opens, and the client is told again."""
    booking = world.book(world.massage)
    world.settle()
    told = len(world.elks.handset(EVA_MOBILE))
    made: Key = world.ask(ReissueKey(booking.id))
    assert (made.revision, made.attempt, made.state) == (1, 2, KeyState.PLANNED)
    assert world.ask(AtDoor(booking.id, MAIN, booking.starts)), "the one before still opens"
    world.settle()

    assert [key.marker for key in world.exivo_keys()] == [f"sk:{booking.id}:1:2"]
    assert [key.state for key in keys(world, booking)] == [KeyState.ENDED, KeyState.MADE]
    calls = [exchange.request.url.rpartition("/")[2] for exchange in world.exivo.exchanges]
    assert calls.index("digitalKeyVisits", 1) < calls.index("revoke")
    assert len(world.elks.handset(EVA_MOBILE)) == told + 1
    assert world.exivo.try_door(EVA_MOBILE, ROOM, booking.starts)


@pytest.mark.parametrize("fault", [Fault.lost_answer("POST"), Fault.no_answer("POST")], ids=["done", "not done"])
def test_a_lost_answer_finds_the_new_key_and_not_the_old_one(world: World, fault: Fault) -> None:
    """Each attempt is looked up by its own marker."""
    booking = world.book(world.massage)
    world.settle()
    world.exivo.inject(fault)
    world.ask(ReissueKey(booking.id))
    world.settle()
    assert [key.marker for key in world.exivo_keys()] == [f"sk:{booking.id}:1:2"]
    world.ask(ReissueKey(booking.id))
    world.settle()
    assert [key.marker for key in world.exivo_keys()] == [f"sk:{booking.id}:1:3"]


def test_a_key_of_another_kind_takes_its_place(world: World) -> None:
    """Eva's phone is broken: a PIN instead; and back."""
    booking = world.book(world.massage)
    world.settle()
    world.ask(ReissueKey(booking.id, by_pin=True))
    world.settle()
    assert world.exivo_keys() == []
    (visit,) = visits(world)
    assert visit["smsNr"] == EVA_MOBILE
    assert world.exivo.open_link(visit["link"], visit["code"], ROOM, booking.starts)
    assert not world.exivo.open_link(visit["link"], "000000", ROOM, booking.starts)

    world.ask(ReissueKey(booking.id, by_pin=False))
    world.settle()
    assert visits(world) == []
    assert len(world.exivo_keys()) == 1


def test_what_has_no_key_has_none_to_make_anew(world: World) -> None:
    """Without doors; cancelled."""
    plain, gone = world.book(world.haircut), world.book(world.massage, starts=world.now + 2 * DAY)
    world.ask(Cancel(gone.id))
    for booking in (plain, gone):
        refused = world.refused(ReissueKey(booking.id))
        assert (type(refused), refused.code, refused.facts) == (Conflict, "no_key", {"booking": booking.id})


def test_only_the_business_makes_keys_anew(world: World) -> None:
    """Not a member without the right, nor the client."""
    booking = world.book(world.massage)
    (added,) = world.ask(AddUsers(group=world.root.id, addresses=("max@salon.example",)))
    refused = world.refused(ReissueKey(booking.id), Principal.of(added.user))
    assert (type(refused), refused.facts) == (Forbidden, {"needs": "bookings:write"})


# With a PIN


def test_a_client_without_the_app_gets_a_pin(world: World) -> None:
    """exivo sends the link, and never the PIN; ours is six digits, another for every key, and opens exactly as a key does."""
    client = ida(world)
    booking = world.book(world.massage, client=client)
    world.settle()
    (visit,) = visits(world)
    (key,) = keys(world, booking)
    assert (visit["smsNr"], visit["name"]) == (client.mobile, f"sk:{booking.id}:1")
    assert visit["code"] == key.pin
    assert re.fullmatch("[0-9]{6}", key.pin)
    for at, green in (
        (booking.starts - 15 * MINUTE - MINUTE, False),
        (booking.starts - 15 * MINUTE, True),
        (booking.ends + 15 * MINUTE, False),
    ):
        assert world.exivo.open_link(visit["link"], key.pin, MAIN, at).green is green

    world.ask(Rebook(booking.id, starts=booking.starts + DAY))
    world.settle()
    (moved,) = visits(world)
    assert moved["code"] != key.pin
    assert not world.exivo.open_link(visit["link"], key.pin, MAIN, booking.starts)
    world.ask(Cancel(booking.id))
    world.settle()
    assert visits(world) == []


def test_the_pin_is_told_to_the_client_and_to_nobody_else(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """It stands in the client's notice, and in no log and no repr."""
    client = ida(world)
    world.exivo.inject(Fault.error("POST", "/visit$", status=502))
    booking = world.book(world.massage, client=client)
    world.settle()
    (key,) = keys(world, booking)

    assert any(key.pin in text.text for text in world.elks.handset(client.mobile))
    assert key.pin not in caplog.text
    assert key.pin not in repr(keys(world, booking))


@pytest.mark.parametrize("fault", [Fault.lost_answer("POST"), Fault.no_answer("POST")], ids=["done", "not done"])
def test_a_pins_lost_answer_is_looked_up_among_pins(world: World, fault: Fault) -> None:
    """Made once, ended once."""
    world.exivo.inject(fault)
    booking = world.book(world.massage, client=ida(world))
    world.settle()
    assert len(world.exivo.state()["visits"]) == 1
    world.exivo.inject(fault)
    world.ask(Cancel(booking.id))
    world.settle()
    assert visits(world) == []


# Where there is nothing but PINs, and no list


def test_a_system_without_phone_keys_gets_pins_for_everybody(tmp_path: Path) -> None:
    """And where it cannot be asked for a lost answer, a person is; once it has looked, the key is made."""
    resivo = ResivoSimulator()
    doors = Resivo(resivo.client_id, resivo.client_secret)
    with opened(tmp_path) as world:
        with world.look() as store:
            store.branches.save(evolve(store.branches.get(world.branch.id), site=resivo.site_id))
        options: Any = {"doors": doors, "texts": None, "transport": transport(resivo), "clock": world.clock}
        with Kit.open(f"sqlite:////{world.path}", **options) as kit:
            world.kit, before = kit, world.kit
            resivo.set_clock(world.now)
            resivo.inject(Fault.lost_answer("POST", "/pin-access$"))
            lost = world.book(world.massage)
            world.settle()
            (letter,) = world.ask(ListEffects(organisation=world.root.id))
            assert "it is not known whether resivo has made the key" in letter.trouble
            assert f"sk:{lost.id}:1" in letter.trouble
            (held,) = resivo.state()["keys"]
            resivo.revoke_by_hand(held["id"])
            world.ask(RetryEffect(letter.id))
            world.settle()
            (key,) = keys(world, lost)
            assert (key.state, key.detail) == (KeyState.MADE, "")
            assert resivo.try_pin(key.pin, ROOM, lost.starts)
            world.ask(Cancel(lost.id))
            world.settle()
            assert not resivo.try_pin(key.pin, ROOM, lost.starts)
            assert [one.kind for one in world.effects(EffectState.DEAD)] == []
            world.kit = before
