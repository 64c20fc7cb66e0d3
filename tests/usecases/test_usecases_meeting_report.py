"""The report of online meetings: every booking with a meeting, with the state of its link, in pages, and counted."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from servicekit import Principal
from servicekit.bookings import AddClient, AddService, BookingRules, BookSeat, Cancel, ScheduleClass
from servicekit.errors import Invalid, NotFound
from servicekit.meetings import GetMeeting, LinkState, MeetingReport, MeetingRow, MeetingState, ReportMeetings
from servicekit.testing.simulators import Fault
from world import DAY, HOUR, World, foreign

pytest_plugins = ("world_fixtures",)


def report(world: World, by: Principal | None = None, **more: Any) -> MeetingReport:
    """The report of the next thirty days, or as said."""
    asked = {"organisation": world.root.id, "since": world.now - DAY, "until": world.now + 30 * DAY, **more}
    found: MeetingReport = world.ask(ReportMeetings(**asked), by)
    return found


def counted(found: MeetingReport) -> dict[LinkState, int]:
    """The counts that are not zero."""
    return {state: count for state, count in found.counts.items() if count}


@pytest.mark.spec("Z-09", "Z-04")
def test_every_meeting_is_in_the_report_with_the_state_of_its_link(world: World) -> None:
    """Ready, waiting, refused, gone and left behind; bookings without a meeting are not in it."""
    ready = world.book(world.advice)
    gone = world.book(world.advice, starts=world.now + 2 * DAY)
    world.settle()
    world.ask(Cancel(gone.id))
    world.settle()
    world.zoom.inject(Fault.error("POST", "/meetings$", status=400))
    failed = world.book(world.advice, starts=world.now + 3 * DAY)
    world.settle()
    left = world.book(world.advice, starts=world.now + 4 * DAY)
    world.settle()
    world.ask(Cancel(left.id))
    waiting = world.book(world.advice, starts=world.now + 5 * DAY)
    world.book(world.haircut, starts=world.now + 6 * DAY)
    found = report(world)

    assert [(row.booking, row.link) for row in found.rows] == [
        (ready.id, LinkState.READY),
        (gone.id, LinkState.GONE),
        (failed.id, LinkState.FAILED),
        (left.id, LinkState.LEFT),
        (waiting.id, LinkState.WAITING),
    ]
    assert found.counts == dict.fromkeys(LinkState, 1)
    assert found.after is None
    first, *others = found.rows
    assert first == MeetingRow(
        booking=ready.id,
        in_class=None,
        starts=ready.starts,
        ends=ready.ends,
        zone="Europe/Stockholm",
        branch="Office",
        service="Advice",
        provider="Room 1",
        client="Eva",
        booking_state="confirmed",
        link=LinkState.READY,
        join_url=world.ask(GetMeeting(ready.id)).join_url,
        host_link=f"https://salon.example/meetings/{ready.id}/host",
    )
    assert {(row.join_url, row.host_link) for row in others} == {("", "")}
    assert found.rows[2].detail


def test_f30_a_meeting_that_nobody_wants_stands_out_until_it_is_removed(world: World) -> None:
    """F-30: cancelled while Zoom is away, it is left behind; once Zoom is back, gone."""
    booking = world.book(world.advice)
    world.settle()
    world.zoom.inject(Fault.bad_gateway("DELETE", "/meetings/"))
    world.ask(Cancel(booking.id))
    world.kit.deliver()
    assert counted(report(world)) == {LinkState.LEFT: 1}
    world.settle()
    assert counted(report(world)) == {LinkState.GONE: 1}


def test_a_class_has_a_row_for_each_seat(world: World) -> None:
    """Each with its own link; a link to a meeting that vanished waits to be made anew, in rows and counts alike."""
    service = world.ask(
        AddService(branch=world.advice.branch, name="Yoga", length=HOUR, online=True, rules=BookingRules(seats=3))
    )
    scheduled = world.ask(ScheduleClass(service=service.id, provider=world.room.id, starts=world.now + DAY))
    ida = world.ask(AddClient(organisation=world.root.id, name="Ida", email="ida@home.example"))
    seats = [world.ask(BookSeat(scheduled=scheduled.id, client=client)) for client in (world.eva.id, ida.id)]
    world.settle()
    found = report(world)

    assert sorted((row.client, row.in_class) for row in found.rows) == [("Eva", scheduled.id), ("Ida", scheduled.id)]
    assert {row.booking: row.join_url for row in found.rows} == {
        seat.id: world.ask(GetMeeting(seat.id)).join_url for seat in seats
    }
    assert len({row.join_url for row in found.rows}) == 2
    assert counted(found) == {LinkState.READY: 2}
    with world.look() as store:
        (meeting,) = store.meetings.where(in_class=scheduled.id)
        store.meetings.save(evolve(meeting, state=MeetingState.REMOVED))
    assert {row.link for row in report(world).rows} == {LinkState.WAITING}
    assert counted(report(world)) == {LinkState.WAITING: 2}


def test_the_report_comes_in_pages_and_counts_the_whole(world: World) -> None:
    """By start, then by id where two start at once; each booking once; every page has the same counts."""
    made = [
        world.book(world.advice, starts=world.now + (1 + number // 2) * DAY, provider=provider)
        for number in range(6)
        for provider in ([world.room, world.chair][number % 2],)
    ]
    pages, after = [], None
    while True:
        page = report(world, most=2, after=after)
        pages.append([row.booking for row in page.rows])
        assert counted(page) == {LinkState.WAITING: 6}
        after = page.after
        if after is None:
            break
    assert [one for page in pages for one in page] == [
        booking.id for booking in sorted(made, key=lambda one: (one.starts, one.id))
    ]
    assert [len(page) for page in pages] == [2, 2, 2, 0]


def test_the_report_is_narrowed_by_time_and_provider(world: World) -> None:
    """Since is inside, until is not."""
    first = world.book(world.advice)
    other = world.book(world.advice, provider=world.chair)
    assert [row.booking for row in report(world, provider=world.chair.id).rows] == [other.id]
    assert counted(report(world, provider=world.chair.id)) == {LinkState.WAITING: 1}
    assert len(report(world, since=first.starts, until=first.ends).rows) == 2
    assert report(world, until=first.starts).rows == ()


def test_who_may_read_it(world: World) -> None:
    """Whoever may read the organisation's bookings; a provider its own; nobody another organisation's."""
    world.book(world.advice)
    mine = Principal.of(world.room.id)
    assert len(report(world, mine, provider=world.room.id).rows) == 1
    window: dict[str, Any] = {"since": world.now, "until": world.now + DAY}
    root, rolf = foreign(world)
    for request, by in (
        (ReportMeetings(organisation=world.root.id, provider=world.chair.id, **window), mine),
        (ReportMeetings(organisation=world.root.id, **window), mine),
        (ReportMeetings(organisation=root.id, provider=world.room.id, **window), rolf),
        (ReportMeetings(organisation=root.id, provider=world.room.id, **window), mine),
    ):
        assert type(world.refused(request, by)) is NotFound
    assert report(world, rolf, organisation=root.id).rows == ()


def test_a_page_has_1_to_1000_rows_and_a_window_is_not_empty(world: World) -> None:
    """Anything else is refused."""
    window: dict[str, Any] = {"since": world.now, "until": world.now + DAY}
    for most in (0, 1001):
        refused = world.refused(ReportMeetings(organisation=world.root.id, most=most, **window))
        assert (type(refused), refused.code) == (Invalid, "page_size")
    refused = world.refused(ReportMeetings(organisation=world.root.id, since=world.now, until=world.now))
    assert refused.code == "empty_window"
