"""Wanted meetings against listed ones: every pair of what is known and what is listed has one answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from servicekit.ids import BookingId, MeetingId, RegistrantId
from servicekit.meetings import Meeting, MeetingState, Registrant
from servicekit.meetings.reconcile import ListedLink, ListedMeeting, compare_link, compare_meeting, subject_of
from servicekit.moments import Instant, Window, Zone
from servicekit.outbox.reconciled import Difference

NOW = Instant.parse("2026-11-25T12:00:00Z")
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
D, S = Difference, MeetingState
ROW = Meeting(
    id=MeetingId("mtg_1"),
    booking=BookingId("bkg_7"),
    host="me",
    topic="Yoga",
    zone=Zone("UTC"),
    opens=NOW + HOUR,
    closes=NOW + 2 * HOUR,
    state=S.MADE,
    vendor_id="v",
    attempt=2,
)
LISTED = ListedMeeting(vendor_id="v", marker=ROW.marker, window=ROW.window)


@pytest.mark.parametrize("state", MeetingState)
@pytest.mark.parametrize("wanted", [True, False])
@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("present", [True, False])
def test_every_pair_has_one_answer(state: MeetingState, *, wanted: bool, own: bool, present: bool) -> None:
    """By what is known of the row, whether it is wanted, whether the listed one is its own, and of which attempt it is."""
    meeting = evolve(LISTED, marker=ROW.marker if present else "sk:bkg_7:1")
    row = evolve(ROW, state=state, vendor_id="v" if own else "w")
    if state is S.MADE:
        expected = (None if wanted else D.UNWANTED) if own else D.STRAY
    elif present:
        expected = D.LEFT if wanted else D.UNWANTED
    else:
        expected = D.STRAY

    assert compare_meeting(meeting, row, NOW, wanted=wanted) is expected
    assert compare_meeting(meeting, None, NOW, wanted=False) is D.STRAY


@pytest.mark.parametrize("state", MeetingState)
@pytest.mark.parametrize("wanted", [True, False])
def test_a_meeting_in_whose_place_another_comes_stays_until_that_one_is_made(
    state: MeetingState, *, wanted: bool
) -> None:
    """Passed on to another host: whoever has the old link is not turned away before there is a new one."""
    row = evolve(ROW, state=state, vendor_id="w" if state is S.MADE else "", former="v")
    expected = None if wanted and state is not S.MADE else D.UNWANTED
    assert compare_meeting(LISTED, row, NOW, wanted=wanted) is expected


@pytest.mark.parametrize(
    ("window", "same"),
    [
        (None, True),
        (Window(ROW.opens - SECOND / 2, ROW.closes + 59 * SECOND), True),
        (Window(ROW.opens - SECOND, ROW.closes), False),
        (Window(ROW.opens, ROW.closes + 60 * SECOND), False),
    ],
)
def test_times_are_compared_until_it_begins(window: Window | None, *, same: bool) -> None:
    """To what services can hold; of a meeting that has begun the time does not matter."""
    meeting: Any = evolve(LISTED, window=window)
    assert compare_meeting(meeting, ROW, NOW, wanted=True) is (None if same else D.CHANGED)
    assert compare_meeting(meeting, ROW, ROW.opens, wanted=True) is None


@pytest.mark.parametrize("text", ["", "sk:", "sk:bkg_7", "sk:cli_7:1", "sk:bkg_7:1:1", " sk:bkg_7:1"])
def test_what_is_no_marker_of_ours_is_nobody_s(text: str) -> None:
    """However near it comes."""
    assert subject_of(text) is None


SEAT = Registrant(
    id=RegistrantId("rgs_1"),
    meeting=ROW.id,
    booking=BookingId("bkg_7"),
    email="eva@home.example",
    name="Eva",
    state=S.MADE,
    at_meeting="v",
    vendor_id="r",
    join_url="https://z/r",
)
LINK = ListedLink(vendor_id="r", join_url="https://z/r")


@pytest.mark.parametrize("state", MeetingState)
@pytest.mark.parametrize("at_meeting", ["v", "an older one"])
@pytest.mark.parametrize("listed", [LINK, ListedLink(vendor_id="r", join_url=""), None])
@pytest.mark.parametrize("wanted", [True, False])
def test_every_pair_of_links_has_one_answer(
    state: MeetingState, at_meeting: str, listed: ListedLink | None, *, wanted: bool
) -> None:
    """By what is known of the seat's link, whether it is wanted, and what the service has under the address."""
    known = state is S.MADE and at_meeting == "v"
    if not wanted:
        expected = D.UNWANTED if known or listed else None
    elif known:
        expected = {LINK: None, None: D.MISSING}.get(listed, D.CHANGED)
    else:
        expected = D.LEFT if listed == LINK else None

    assert compare_link(listed, evolve(SEAT, state=state, at_meeting=at_meeting), ROW, wanted=wanted) is expected


@pytest.mark.parametrize("other", [{"vendor_id": "s"}, {"join_url": "https://z/s"}], ids=str)
def test_another_link_under_the_same_address_is_a_difference(other: dict[str, str]) -> None:
    """Somebody was taken out and put in again: the link that was told is dead."""
    assert compare_link(evolve(LINK, **other), SEAT, ROW, wanted=True) is D.CHANGED


def test_a_listed_link_is_not_shown() -> None:
    """Whoever holds it comes in."""
    assert "https" not in repr(LINK)
