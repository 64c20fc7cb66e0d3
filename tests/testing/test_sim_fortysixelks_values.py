"""Values of the simulated 46elks."""

from __future__ import annotations

from sim_helpers import NOON

from servicekit.testing.simulators import HandsetText
from servicekit.testing.simulators.fortysixelks_values import stamp


def test_times_are_utc_without_a_zone() -> None:
    """To the microsecond, as the vendor prints them."""
    assert stamp(NOON) == "2026-11-25T12:00:00.000000"


def test_a_handset_s_text_is_json_ready() -> None:
    """With the single SMS it came in."""
    text = HandsetText(at=NOON, sender="Salon", text="ab", parts=("a", "b"))
    assert text.to_json() == {
        "at": "2026-11-25T12:00:00Z",
        "sender": "Salon",
        "text": "ab",
        "parts": ["a", "b"],
        "flash": False,
    }
