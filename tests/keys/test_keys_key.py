"""A key: its marker, its window, the words it is stored by."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from servicekit.ids import ENTROPY_BYTES, BookingId, KeyId
from servicekit.keys import Key, KeyState, booking_of, marker_of
from servicekit.moments import Instant, Window

NOW = Instant.parse("2026-11-25T13:00:00Z")
BOOKINGS = st.builds(
    BookingId.made, st.integers(0, 10**16).map(Instant), st.binary(min_size=ENTROPY_BYTES, max_size=ENTROPY_BYTES)
)


def key(revision: int) -> Key:
    """The key of one revision of a booking."""
    return Key(
        id=KeyId("key_1"),
        booking=BookingId("bkg_7"),
        revision=revision,
        site="site 1",
        components=("main",),
        mobile="+41791234567",
        opens=NOW,
        closes=NOW + timedelta(hours=1),
    )


@given(st.tuples(BOOKINGS, st.integers(1, 999)), st.tuples(BOOKINGS, st.integers(1, 999)))
def test_markers_tell_bookings_and_revisions_apart(one: tuple[BookingId, int], other: tuple[BookingId, int]) -> None:
    """What is looked up at the vendor is found for one revision of one booking and for no other."""
    assert (marker_of(*one) == marker_of(*other)) == (one == other)
    assert marker_of(one[0], one[1]) != marker_of(one[0], one[1] + 1)


def test_a_marker_stays_findable() -> None:
    """Keys at vendors carry this form: changing it would lose them."""
    assert key(2).marker == marker_of(BookingId("bkg_7"), 2) == "sk:bkg_7:2"


@given(BOOKINGS, st.integers(1, 999), st.integers(1, 9))
def test_a_key_that_is_made_anew_has_a_marker_of_its_own(booking: BookingId, revision: int, attempt: int) -> None:
    """So a lost answer finds this one and not the one before; the first attempt's marker is the revision's."""
    marker = marker_of(booking, revision, attempt)
    assert (marker == marker_of(booking, revision)) == (attempt == 1)
    assert booking_of(marker) == booking


@pytest.mark.parametrize(
    "name", ["", "Eva", "sk:", "sk:bkg_7", "sk:bkg_7:", "sk:bkg_7:x", "xsk:bkg_7:1", "sk:msg_7:1", "sk:bkg_7:1:2:3"]
)
def test_other_names_are_no_markers(name: str) -> None:
    """What people have named themselves belongs to no booking."""
    assert booking_of(name) is None


def test_a_pin_stands_in_no_repr() -> None:
    """Keys are logged; PINs are not."""
    assert "730194" not in repr(evolve(key(1), pin="730194"))


def test_a_new_key_is_planned() -> None:
    """Nothing is known of it at the vendor; it works from opening to closing."""
    assert (key(1).state, key(1).vendor_id, key(1).detail) == (KeyState.PLANNED, "", "")
    assert key(1).window == Window(NOW, NOW + timedelta(hours=1))


def test_words_that_are_stored() -> None:
    """Databases hold these words: changing one loses what was stored under it."""
    assert set(KeyState) == {"planned", "asked", "made", "ended", "dropped", "failed"}
