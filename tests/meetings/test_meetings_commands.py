"""What can be asked of the meetings' room."""

from __future__ import annotations

import pytest

from servicekit.commands import Query
from servicekit.ids import BookingId
from servicekit.meetings import FetchHostLink, GetMeeting


@pytest.mark.parametrize("asked", [GetMeeting(BookingId("bkg_1")), FetchHostLink(BookingId("bkg_1"))])
def test_looking_changes_nothing(asked: GetMeeting | FetchHostLink) -> None:
    """What is asked about meetings are readings, of one booking each; the host's link is fetched and not stored."""
    assert isinstance(asked, Query)
    assert asked.booking == "bkg_1"
