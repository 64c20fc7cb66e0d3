"""A key: its marker, its window, the words it is stored by."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from servicekit.ids import ENTROPY_BYTES, BookingId, KeyId
from servicekit.keys import Key, KeyState, marker_of
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


def test_a_new_key_is_planned() -> None:
    """Nothing is known of it at the vendor; it works from opening to closing."""
    assert (key(1).state, key(1).vendor_id, key(1).detail) == (KeyState.PLANNED, "", "")
    assert key(1).window == Window(NOW, NOW + timedelta(hours=1))


def test_words_that_are_stored() -> None:
    """Databases hold these words: changing one loses what was stored under it."""
    assert set(KeyState) == {"planned", "asked", "made", "ended", "dropped", "failed"}
