"""A meeting: its marker, its place in time, and what stays out of logs."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import unquote, urlsplit

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from servicekit.ids import BookingId, MeetingId
from servicekit.meetings import Meeting, MeetingState, host_link
from servicekit.moments import Instant, Window

NOW = Instant.parse("2026-11-25T13:00:00Z")
HOUR = timedelta(hours=1)
MEETING = Meeting(
    id=MeetingId("mtg_1"),
    booking=BookingId("bkg_7"),
    host="me",
    topic="Coaching",
    zone="Europe/Zurich",
    opens=NOW,
    closes=NOW + HOUR,
)
HOURS = st.none() | st.integers(-1, 1).map(lambda hours: NOW + hours * HOUR)


def test_a_new_meeting_is_planned() -> None:
    """Nothing is known of it at the vendor, so it is not in place; it shall last from opening to closing."""
    assert (MEETING.state, MEETING.vendor_id, MEETING.join_url) == (MeetingState.PLANNED, "", "")
    assert not MEETING.in_place
    assert MEETING.window == Window(NOW, NOW + HOUR)


@given(HOURS, HOURS)
def test_in_place_is_what_the_vendor_confirmed(opens: Instant | None, closes: Instant | None) -> None:
    """It is in place when start and end at the vendor are those that are wanted, both of them."""
    meeting = evolve(MEETING, made_opens=opens, made_closes=closes)
    assert meeting.in_place == (opens == MEETING.opens and closes == MEETING.closes)


def test_a_marker_stays_findable_and_changes_with_each_attempt() -> None:
    """Meetings at vendors carry this form; one that is made anew has another, so that the old is never taken for it."""
    assert MEETING.marker == "sk:bkg_7:1"
    assert evolve(MEETING, attempt=2).marker == "sk:bkg_7:2"


def test_links_stay_out_of_logs() -> None:
    """Whoever has the link is in the meeting: it is in no repr."""
    assert "secret" not in repr(evolve(MEETING, join_url="https://zoom.example/j/1?pwd=secret"))


@given(st.sampled_from(["https://salon.example", "https://salon.example/", "https://salon.example/app//"]), st.text())
def test_the_providers_link_is_ours(base: str, name: str) -> None:
    """It lies below the application's own address and names the booking, percent-encoded where it must be."""
    link = host_link(base, BookingId(f"bkg_{name}"))
    assert link.startswith(base.rstrip("/") + "/meetings/bkg_")
    path = urlsplit(link).path.removeprefix(urlsplit(base).path.rstrip("/"))
    assert unquote(path) == f"/meetings/bkg_{name}/host"


def test_words_that_are_stored() -> None:
    """Databases hold these words: changing one loses what was stored under it."""
    assert set(MeetingState) == {"planned", "asked", "made", "removed", "dropped", "failed"}
