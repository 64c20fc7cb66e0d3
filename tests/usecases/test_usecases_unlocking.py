"""Doors that are asked to open now: by whom, once, soon or never, and all of it kept."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from attrs import evolve

from servicekit import Kit, Principal
from servicekit.bookings import Booking, Cancel
from servicekit.errors import ConfigurationError, Conflict, Forbidden, Invalid, NotFound
from servicekit.groups import AddUsers
from servicekit.ids import UserId
from servicekit.keys import UNLOCK_WITHIN, ListUnlocks, Unlock, UnlockDoor, UnlockState
from servicekit.outbox.effects import EffectState
from servicekit.testing.simulators import COMPONENTS, Fault
from world import CLOAKROOM, DAY, MAIN, MINUTE, ROOM, World

pytest_plugins = ("world_fixtures",)
CELLAR = COMPONENTS[4].id


def eva(world: World) -> Principal:
    """The client herself."""
    return Principal.of(world.eva.id)


def asked(world: World) -> list[tuple[str, str]]:
    """Which doors were asked, and for whom by the vendor's log."""
    log = [one["data"] for one in world.exivo.state()["log"] if one["name"] == "componentUnlocked"]
    return [(one["component"]["id"], one["delegatedUser"]) for one in log]


def here(world: World) -> Booking:
    """A booking whose client stands before the door."""
    booking = world.book(world.massage)
    world.settle()
    world.clock.set(booking.starts)
    return booking


def unlock(world: World, door: str = ROOM, booking: Booking | None = None) -> UnlockDoor:
    """The branch's."""
    return UnlockDoor(branch=world.branch.id, component=door, booking=None if booking is None else booking.id)


def kept(world: World) -> list[UnlockState]:
    """What came of all, newest first."""
    return [one.state for one in world.ask(ListUnlocks(branch=world.branch.id))]


def test_a_client_opens_a_door_of_its_booking_while_its_key_does(world: World) -> None:
    """The door is asked once, in the client's name; who asked is kept."""
    booking = here(world)
    made: Unlock = world.ask(unlock(world, booking=booking), eva(world))
    assert (made.state, made.by, made.shown) == (UnlockState.WANTED, f"client:{world.eva.id}", "Eva")
    world.kit.deliver()
    world.kit.deliver()

    assert asked(world) == [(ROOM, "Eva")]
    (stored,) = world.ask(ListUnlocks(branch=world.branch.id))
    assert stored == evolve(made, state=UnlockState.TAKEN)


@pytest.mark.parametrize(
    ("door", "shift", "reason"),
    [(CLOAKROOM, 0, "wrong door"), (ROOM, -16, "too early"), (ROOM, 76, "too late")],
)
def test_a_client_opens_nothing_that_its_key_does_not(world: World, door: str, shift: int, reason: str) -> None:
    """The refusal has the door's own reason."""
    booking = here(world)
    world.clock.set(booking.starts + shift * MINUTE)
    refused = world.refused(unlock(world, door, booking), eva(world))

    assert (type(refused), refused.code) == (Conflict, "door_red")
    assert refused.facts == {"reason": reason, "booking": booking.id}
    assert f"The door stays shut: {reason}" in refused.message


def test_a_cancelled_booking_opens_nothing(world: World) -> None:
    """Once its key is ended."""
    booking = here(world)
    world.ask(Cancel(booking.id))
    world.settle()
    assert world.refused(unlock(world, booking=booking), eva(world)).facts["reason"] == "key invalid"


def test_whoever_has_the_right_lets_somebody_in_at_any_time(world: World) -> None:
    """With a booking, in the client's name, or without; any door of the branch, and no other."""
    booking = world.book(world.massage, starts=world.now + 9 * DAY)
    world.ask(unlock(world, CLOAKROOM, booking))
    world.ask(unlock(world, MAIN))
    world.kit.deliver()
    assert sorted(asked(world)) == [(MAIN, str(world.admin.id)), (CLOAKROOM, "Eva")]

    refused = world.refused(unlock(world, CELLAR))
    assert (type(refused), refused.code, refused.facts) == (Invalid, "not_the_branchs_door", {"component": CELLAR})


def test_nobody_else_opens_a_door(world: World) -> None:
    """Not a member without the right, the provider, or a client without a booking; nobody with another branch's booking."""
    booking = here(world)
    (added,) = world.ask(AddUsers(group=world.root.id, addresses=("max@salon.example",)))
    member = Principal.of(added.user)
    assert world.refused(unlock(world, booking=booking), member).facts == {"needs": "doors:unlock"}
    assert type(world.refused(unlock(world), eva(world))) is NotFound
    assert type(world.refused(unlock(world, booking=booking), Principal.of(world.room.id))) is NotFound
    elsewhere = world.book(world.haircut)
    assert type(world.refused(unlock(world, booking=elsewhere))) is NotFound
    assert type(world.refused(ListUnlocks(branch=world.branch.id), member)) is Forbidden

    world.grant(UserId(member.id), "doors:unlock", group=world.root)
    world.ask(unlock(world), member)
    assert type(world.refused(ListUnlocks(branch=world.branch.id), member)) is Forbidden


def test_a_lost_answer_is_kept_and_the_door_is_not_asked_again(world: World) -> None:
    """A door that opens later lets anybody in."""
    world.exivo.inject(Fault.lost_answer("POST", "/unlock$"))
    world.ask(unlock(world))
    world.settle()

    assert kept(world) == [UnlockState.UNKNOWN]
    assert len(asked(world)) == 1
    assert world.effects(EffectState.DEAD) == []


def test_a_relay_that_died_while_it_asked_asks_no_more(world: World) -> None:
    """The door may have been asked."""
    made: Unlock = world.ask(unlock(world))
    with world.look() as store:
        store.unlocks.save(evolve(made, state=UnlockState.ASKED))
    world.settle()

    assert asked(world) == []
    (stored,) = world.ask(ListUnlocks(branch=world.branch.id))
    assert (stored.state, stored.detail) == (UnlockState.UNKNOWN, "the relay died before the answer came")


def test_what_is_settled_is_not_asked_again(world: World) -> None:
    """An effect that comes twice does nothing."""
    made: Unlock = world.ask(unlock(world))
    with world.look() as store:
        store.unlocks.save(evolve(made, state=UnlockState.TAKEN))
    world.settle()
    assert asked(world) == []
    assert kept(world) == [UnlockState.TAKEN]


def test_a_door_that_cannot_be_reached_is_asked_while_it_is_time(world: World) -> None:
    """Nothing was asked, so it is tried again; after half a minute nobody stands there any more."""
    world.exivo.inject(Fault.refused("POST", "/unlock$"))
    world.ask(unlock(world))
    world.settle()
    assert kept(world) == [UnlockState.TAKEN]

    world.exivo.inject(Fault.refused("POST", "/unlock$", times=50))
    world.ask(unlock(world))
    world.settle()
    assert kept(world) == [UnlockState.TOO_LATE, UnlockState.TAKEN]
    assert len(asked(world)) == 1


def test_a_relay_that_comes_late_does_not_ask(world: World) -> None:
    """Half a minute to the microsecond."""
    for late, state in ((timedelta(0), UnlockState.TAKEN), (timedelta(microseconds=1), UnlockState.TOO_LATE)):
        world.ask(unlock(world))
        world.clock.advance(UNLOCK_WITHIN + late)
        world.kit.deliver()
        assert kept(world)[0] is state


def test_a_refusal_is_kept_with_the_vendors_words(world: World) -> None:
    """It is no dead letter: nobody can mend a moment that has gone."""
    world.exivo.inject(Fault.error("POST", "/unlock$", status=400))
    world.ask(unlock(world))
    world.settle()

    (stored,) = world.ask(ListUnlocks(branch=world.branch.id))
    assert (stored.state, stored.detail) == (UnlockState.REFUSED, "exivo answered 400; trying again will not help")
    assert world.effects(EffectState.DEAD) == []


def test_pages_have_bounds(world: World) -> None:
    """Newest first."""
    for _ in range(3):
        world.ask(unlock(world))
        world.clock.advance(MINUTE)
    listed = world.ask(ListUnlocks(branch=world.branch.id, most=2))
    assert [one.made_at for one in listed] == [world.now - MINUTE, world.now - 2 * MINUTE]
    for most in (0, 1001):
        assert world.refused(ListUnlocks(branch=world.branch.id, most=most)).code == "page_size"


def test_without_a_door_system_nothing_is_promised(world: World, tmp_path: Path) -> None:
    """It is refused at once."""
    with (
        Kit.open(f"sqlite:////{world.path}", clock=world.clock) as blind,
        pytest.raises(ConfigurationError, match="adapter for doors"),
    ):
        blind.perform(unlock(world), by=world.anna)
    assert kept(world) == []
