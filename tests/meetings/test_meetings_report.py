"""The report's values: what the state of a link means, and rows as text."""

from __future__ import annotations

import pytest
from attrs import evolve

from servicekit.ids import BookingId, GroupId
from servicekit.meetings import LinkState, MeetingRow, MeetingState, ReportMeetings, link_state
from servicekit.moments import Instant

START = Instant.parse("2026-10-25T02:30:00+01:00")
ROW = MeetingRow(
    booking=BookingId("bkg_1"),
    in_class=None,
    starts=START,
    ends=Instant.parse("2026-10-25T03:30:00+01:00"),
    zone="Europe/Zurich",
    branch="Zentrum",
    service="Advice",
    provider="Anna",
    client="=Eva",
    booking_state="confirmed",
    link=LinkState.READY,
    join_url="https://z.example/j/1",
    host_link="https://salon.example/meetings/bkg_1/host",
)
M, L = MeetingState, LinkState


@pytest.mark.parametrize(
    ("state", "wanted", "unwanted"),
    [
        (M.PLANNED, L.WAITING, L.GONE),
        (M.ASKED, L.WAITING, L.LEFT),
        (M.MADE, L.READY, L.LEFT),
        (M.REMOVED, L.WAITING, L.GONE),
        (M.DROPPED, L.WAITING, L.GONE),
        (M.FAILED, L.FAILED, L.GONE),
    ],
)
def test_what_a_link_is_to_whoever_reads_of_it(state: MeetingState, wanted: LinkState, unwanted: LinkState) -> None:
    """Every state has its word, while the booking wants it and after."""
    assert (link_state(state, wanted=True), link_state(state, wanted=False)) == (wanted, unwanted)


def test_every_state_is_in_the_table_above() -> None:
    """Also one that is added later."""
    assert {link_state(state, wanted=wanted) for state in M for wanted in (True, False)} == set(L)


def test_a_row_is_ready_to_be_written_to_a_file() -> None:
    """Text in every column, times with their offset, so that an hour that happens twice is told apart."""
    cells = ROW.cells()
    assert tuple(cells) == MeetingRow.columns()
    assert {type(cell) for cell in cells.values()} == {str}
    assert (cells["starts"], cells["ends"]) == ("2026-10-25T02:30:00+01:00", "2026-10-25T03:30:00+01:00")
    assert evolve(ROW, starts=Instant.parse("2026-10-25T02:30:00+02:00")).cells()["starts"].endswith("+02:00")
    assert (cells["client"], cells["in_class"], cells["link"], cells["detail"]) == ("=Eva", "", "ready", "")


def test_links_that_admit_stay_out_of_logs() -> None:
    """The client's link is in no repr."""
    assert "j/1" not in repr(ROW)


def test_a_report_has_pages_of_a_hundred_rows_unless_said() -> None:
    """Of all providers, from its beginning; times with a zone are instants."""
    asked = ReportMeetings(organisation=GroupId("grp_1"), since=START.utc, until=START)
    assert (asked.since, asked.until, asked.provider, asked.after, asked.most) == (START, START, None, None, 100)
