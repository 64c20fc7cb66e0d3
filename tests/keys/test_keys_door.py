"""At the door: every state of a key, at every door, at every time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from servicekit.ids import BookingId, KeyId
from servicekit.keys import Green, Key, KeyState, Red, at_door, booking_at_door
from servicekit.moments import Instant

OPENS = Instant.parse("2026-11-25T13:45:00Z")
CLOSES = Instant.parse("2026-11-25T15:15:00Z")
TICK = timedelta(microseconds=1)
TIMES = st.sampled_from([OPENS - TICK, OPENS, OPENS + TICK, CLOSES - TICK, CLOSES, CLOSES + TICK]) | st.integers(
    OPENS.us - 10**10, CLOSES.us + 10**10
).map(Instant)


def key(state: KeyState) -> Key:
    """A key for the main door and the cloakroom."""
    return Key(
        id=KeyId("key_1"),
        booking=BookingId("bkg_1"),
        revision=1,
        site="site 1",
        components=("main", "cloakroom"),
        mobile="+41791234567",
        opens=OPENS,
        closes=CLOSES,
        state=state,
    )


@pytest.mark.spec("K-07")
@given(st.none() | st.sampled_from(KeyState), st.sampled_from(["main", "cloakroom", "room 2", ""]), TIMES)
def test_green_exactly_when_everything_is_right(state: KeyState | None, component: str, at: Instant) -> None:
    """Green for a made key at one of its doors within its time; red for every fault, and one of the faults is its reason."""
    faults = {
        "no key": state is None,
        "not made yet": state in {"planned", "asked"},
        "key invalid": state in {"ended", "dropped", "failed"},
        "wrong door": component not in {"main", "cloakroom"},
        "too early": at.us < OPENS.us,
        "too late": at.us >= CLOSES.us,
    }
    light = at_door(None if state is None else key(state), component, at)
    found = [reason for reason, there in faults.items() if there]
    if isinstance(light, Green):
        assert light
        assert not found
    else:
        assert not light
        assert light.reason == found[0], "a key's own faults come first, then the door, then the time"
        assert light.detail


@pytest.mark.spec("K-07")
@pytest.mark.parametrize(
    ("state", "component", "at", "expected"),
    [
        (KeyState.MADE, "main", OPENS, Green()),
        (KeyState.MADE, "cloakroom", CLOSES - TICK, Green()),
        (KeyState.ENDED, "main", OPENS, Red("key invalid", "the key is ended")),
        (KeyState.MADE, "room 2", OPENS, Red("wrong door", "the booking does not include this door")),
        (KeyState.MADE, "main", OPENS - TICK, Red("too early", "the key works from 2026-11-25T13:45:00Z")),
        (KeyState.MADE, "main", CLOSES, Red("too late", "the key worked until 2026-11-25T15:15:00Z")),
    ],
)
def test_the_reasons_are_told(state: KeyState, component: str, at: Instant, expected: Green | Red) -> None:
    """Revoked, wrong door, too early, more than a quarter of an hour past: each with what people need to know."""
    assert at_door(key(state), component, at) == expected


@given(
    st.lists(st.tuples(st.integers(1, 3), st.sampled_from(KeyState)), max_size=4),
    st.integers(1, 3),
    st.sampled_from(["main", "room 2"]),
    TIMES,
)
def test_a_booking_opens_a_door_if_any_of_its_keys_does(
    drawn: list[tuple[int, KeyState]], revision: int, component: str, at: Instant
) -> None:
    """While a key is replaced the one before still opens; if none does, the present one says why, or else the latest."""
    keys = [evolve(key(state), revision=number) for number, state in drawn]
    light = booking_at_door(keys, revision, component, at)
    assert bool(light) == any(at_door(one, component, at) for one in keys)
    if not light:
        present = [one for one in keys if one.revision == revision]
        latest = max(keys, key=lambda one: one.revision, default=None)
        assert light == at_door(present[0] if present else latest, component, at)
