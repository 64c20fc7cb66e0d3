"""What can be asked of the keys' room."""

from __future__ import annotations

import pytest

from servicekit.commands import Query
from servicekit.ids import BookingId
from servicekit.keys import AtDoor, ListKeys
from servicekit.moments import Instant


@pytest.mark.parametrize("asked", [AtDoor(BookingId("bkg_1"), "main", Instant(5)), ListKeys(BookingId("bkg_1"))])
def test_looking_changes_nothing(asked: AtDoor | ListKeys) -> None:
    """What is asked about keys are readings, of one booking each."""
    assert isinstance(asked, Query)
    assert asked.booking == "bkg_1"


def test_a_door_is_asked_for_at_an_instant() -> None:
    """The door and the time are the asker's, not those of the moment."""
    asked = AtDoor(BookingId("bkg_1"), "main", Instant(5))
    assert (asked.component, asked.at) == ("main", Instant(5))
