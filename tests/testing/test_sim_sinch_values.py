"""What the simulated Sinch writes: times, numbers, texts with parameters."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sim_helpers import NOON

from servicekit.testing.simulators.sinch_values import filled, plain, stamp


def test_times_are_in_utc_to_the_millisecond() -> None:
    """What is finer is cut off."""
    assert stamp(NOON + timedelta(microseconds=7999)) == "2026-11-25T12:00:00.007Z"


def test_numbers_have_no_plus_sign() -> None:
    """Those with one lose it."""
    assert (plain("+4179"), plain("4179"), plain("Salon")) == ("4179", "4179", "Salon")


@pytest.mark.parametrize(
    ("body", "parameters", "text"),
    [
        ("no parameter, $5, ${}", {}, "no parameter, $5, ${}"),
        ("${a} and ${b}", {"a": {"default": "${b}"}, "b": {"default": "2"}}, "${b} and 2"),
        ("${a}", {"a": {"4179": "own", "default": "1"}}, "own"),
        ("${a}", {"a": {"+4179": "own", "default": "1"}}, "own"),
        ("${a}", {"a": {"4670": "another's"}}, None),
        ("${a}", {}, None),
        ("${a}", {"a": {"default": ""}}, ""),
    ],
)
def test_parameters_are_filled_in_once(body: str, parameters: dict[str, dict[str, str]], text: str | None) -> None:
    """The recipient's value before the default; without one there is no text."""
    assert filled(body, "4179", parameters) == text
