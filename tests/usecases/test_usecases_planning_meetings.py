"""What bookings and classes want of the meeting service: when there is a meeting, for whom, and what the switch changes."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from servicekit import Kit, Principal
from servicekit.bookings import (
    AddBranch,
    AddClient,
    AddProvider,
    AddService,
    Booking,
    BookingRules,
    BookSeat,
    Cancel,
    CancelClass,
    Confirm,
    MoveClass,
    Rebook,
    ScheduleClass,
    ScheduledClass,
    Service,
    SetOnline,
)
from servicekit.errors import ConfigurationError, NotFound
from servicekit.groups import FoundOrganisation
from servicekit.meetings import GetMeeting, MeetingState, SetMeetingUser
from servicekit.outbox.effects import EffectState
from servicekit.testing.simulators import USERS, Fault
from world import DAY, EVA_MOBILE, HOUR, OPERATOR, World

pytest_plugins = ("world_fixtures",)

MEETINGS = r"/users/[^/]+/meetings$"


def switch(world: World, service: Service, *, online: bool) -> None:
    """Switch a service on or off."""
    assert world.ask(SetOnline(service.id, online=online)).online is online


def held(world: World) -> list[tuple[str, str]]:
    """Marker and start of each meeting at Zoom."""
    return [(one.marker, one.starts) for one in world.zoom_meetings()]


def has_link(world: World, booking: Booking) -> bool:
    """Whether the client's link leads into a meeting."""
    try:
        meeting = world.ask(GetMeeting(booking.id))
    except NotFound:
        return False
    return world.zoom.open_link(meeting.join_url) is not None


def yoga(world: World, *, online: bool, **more: Any) -> ScheduledClass:
    """A class tomorrow."""
    rules = BookingRules(seats=5)
    service = world.ask(
        AddService(branch=world.haircut.branch, name="Yoga", length=HOUR, online=online, rules=rules, **more)
    )
    made: ScheduledClass = world.ask(ScheduleClass(service=service.id, provider=world.chair.id, starts=world.now + DAY))
    return made


def seat(world: World, scheduled: ScheduledClass, name: str = "") -> Booking:
    """A seat for Eva, or for somebody of this name."""
    who = world.eva
    if name:
        who = world.ask(AddClient(organisation=world.root.id, name=name, email=f"{name.lower()}@home.example"))
    made: Booking = world.ask(BookSeat(scheduled=scheduled.id, client=who.id))
    return made


# Bookings


@pytest.mark.spec("Z-03", "Z-04")
def test_off_is_the_default_and_only_online_bookings_have_a_meeting(world: World) -> None:
    """At the booking's time; a booking of another service has none, and asks nobody."""
    offline, online = world.book(world.haircut), world.book(world.advice, provider=world.chair)
    world.settle()
    assert held(world) == [(f"sk:{online.id}:1", str(online.starts))]
    assert (has_link(world, offline), has_link(world, online)) == (False, True)


@pytest.mark.spec("Z-03")
def test_switched_on_new_bookings_have_a_meeting_and_old_ones_once_they_are_changed(world: World) -> None:
    """Who has booked before is left in peace until the booking moves; then it is an online one, and the client told so."""
    before = world.book(world.haircut)
    switch(world, world.haircut, online=True)
    after = world.book(world.haircut, provider=world.chair)
    world.settle()
    assert (has_link(world, before), has_link(world, after)) == (False, True)
    world.ask(Rebook(before.id, starts=before.starts + DAY))
    world.settle()
    assert has_link(world, before)
    assert world.ask(GetMeeting(before.id)).join_url in world.elks.handset(EVA_MOBILE)[-1].text


@pytest.mark.spec("Z-03")
def test_switched_on_a_request_that_is_confirmed_after_it_has_a_meeting(world: World) -> None:
    """It is agreed from then on."""
    service = world.ask(AddService(branch=world.haircut.branch, name="Colour", length=HOUR, needs_approval=True))
    booking = world.book(service)
    switch(world, service, online=True)
    world.settle()
    assert not has_link(world, booking)
    world.ask(Confirm(booking.id))
    world.settle()
    assert has_link(world, booking)


@pytest.mark.spec("Z-03", "Z-07")
def test_switched_off_what_has_a_meeting_keeps_it(world: World) -> None:
    """It moves with its booking, and goes with it; new bookings have none."""
    booking = world.book(world.advice)
    world.settle()
    (meeting,) = world.zoom_meetings()
    switch(world, world.advice, online=False)
    later = world.book(world.advice, provider=world.chair)
    moved: Booking = world.ask(Rebook(booking.id, starts=booking.starts + DAY))
    world.settle()
    assert held(world) == [(f"sk:{booking.id}:1", str(moved.starts))]
    assert [one.id for one in world.zoom_meetings()] == [meeting.id]
    assert (has_link(world, booking), has_link(world, later)) == (True, False)
    world.ask(Cancel(booking.id))
    world.settle()
    assert held(world) == []
    assert world.kit.reconcile().even


@pytest.mark.parametrize("online", [True, False])
def test_what_was_refused_is_asked_for_again_only_while_the_service_is_online(world: World, *, online: bool) -> None:
    """A move makes another try; off, the dead letter stays as it is and says why."""
    world.zoom.inject(Fault.error("POST", MEETINGS, status=400))
    booking = world.book(world.advice)
    world.settle()
    assert len(world.effects(EffectState.DEAD)) == 1
    switch(world, world.advice, online=online)
    world.ask(Rebook(booking.id, starts=booking.starts + DAY))
    world.settle()
    assert has_link(world, booking) is online
    assert len(world.effects(EffectState.DEAD)) == (0 if online else 1)


def test_it_cannot_be_switched_on_without_a_meeting_service() -> None:
    """At once, and not when somebody books; off it can."""
    with Kit.open("sqlite:///:memory:") as kit:
        founded = kit.perform(FoundOrganisation(name="Salon", zone="UTC", admin="anna@salon.example"), by=OPERATOR)
        anna = Principal.of(founded.admin.id)
        branch = kit.perform(AddBranch(organisation=founded.root.id, name="Z", zone="UTC"), by=anna)
        service = kit.perform(AddService(branch=branch.id, name="Haircut", length=HOUR), by=anna)
        with pytest.raises(ConfigurationError, match="meetings"):
            kit.perform(SetOnline(service.id, online=True), by=anna)
        assert not kit.perform(SetOnline(service.id, online=False), by=anna).online


# Classes


@pytest.mark.spec("Z-03", "Z-05")
@pytest.mark.parametrize("how", ["one more seat", "moved"])
def test_f22_switched_on_a_class_is_online_as_a_whole(world: World, how: str) -> None:
    """F-22: with its meeting, everybody who has a seat gets a link of their own, and is told; who has left gets none."""
    scheduled = yoga(world, online=False)
    eva, left = seat(world, scheduled), seat(world, scheduled, "Otto")
    world.ask(Cancel(left.id))
    switch(world, world.haircut, online=False)  # another service: nothing to do with it
    world.ask(SetOnline(scheduled.service, online=True))
    world.settle()
    assert held(world) == []
    if how == "moved":
        world.ask(MoveClass(scheduled.id, starts=scheduled.starts + DAY))
        ida = eva
    else:
        ida = seat(world, scheduled, "Ida")
    world.settle()

    assert [marker for marker, _ in held(world)] == [f"sk:{scheduled.id}:1"]
    assert has_link(world, eva)
    assert has_link(world, ida)
    assert not has_link(world, left)
    assert world.ask(GetMeeting(eva.id)).join_url in world.elks.handset(EVA_MOBILE)[-1].text
    assert world.kit.reconcile().even


@pytest.mark.spec("Z-03", "Z-05")
def test_f22_switched_off_a_class_that_has_its_meeting_stays_online(world: World) -> None:
    """F-22: also for who books a seat later, and when it is moved; cancelled, it goes."""
    scheduled = yoga(world, online=True)
    eva = seat(world, scheduled)
    world.settle()
    world.ask(SetOnline(scheduled.service, online=False))
    ida = seat(world, scheduled, "Ida")
    world.settle()
    assert has_link(world, eva)
    assert has_link(world, ida)
    moved: ScheduledClass = world.ask(MoveClass(scheduled.id, starts=scheduled.starts + DAY))
    world.settle()
    assert held(world) == [(f"sk:{scheduled.id}:1", str(moved.starts))]
    world.ask(CancelClass(scheduled.id))
    world.settle()
    assert held(world) == []
    assert world.kit.reconcile().even


def test_a_class_that_is_not_online_has_no_meeting_whatever_becomes_of_it(world: World) -> None:
    """Scheduled, booked, moved, cancelled: nobody is asked for anything."""
    scheduled = yoga(world, online=False)
    booking = seat(world, scheduled)
    world.ask(MoveClass(scheduled.id, starts=scheduled.starts + DAY))
    world.ask(CancelClass(scheduled.id))
    world.settle()
    assert world.zoom.state()["requests"] == 0
    assert not has_link(world, booking)


def test_a_meeting_of_a_class_that_was_refused_is_tried_again_when_it_moves(world: World) -> None:
    """With a new marker, for everybody in it."""
    world.zoom.inject(Fault.error("POST", MEETINGS, status=400))
    scheduled = yoga(world, online=True)
    booking = seat(world, scheduled)
    world.settle()
    assert not has_link(world, booking)
    world.ask(MoveClass(scheduled.id, starts=scheduled.starts + DAY))
    world.settle()
    assert [marker for marker, _ in held(world)] == [f"sk:{scheduled.id}:2"]
    assert has_link(world, booking)


def test_who_leaves_a_class_and_comes_back_has_a_link_again(world: World) -> None:
    """Two seats of one address in turn; a second person with the same address has one of their own."""
    scheduled = yoga(world, online=True)
    first = seat(world, scheduled)
    world.settle()
    world.ask(Cancel(first.id))
    world.settle()
    again = seat(world, scheduled)
    other = world.ask(AddClient(organisation=world.root.id, name="Eve", email="eva@home.example"))
    second: Booking = world.ask(BookSeat(scheduled=scheduled.id, client=other.id))
    world.settle()
    links = [world.ask(GetMeeting(one.id)).join_url for one in (again, second)]
    assert len(set(links)) == 2
    assert all(world.zoom.open_link(link) for link in links)
    assert world.ask(GetMeeting(first.id)).state is MeetingState.REMOVED


def test_a_link_that_is_wanted_again_is_made_again(world: World) -> None:
    """A refused link is tried anew when its class moves."""
    scheduled = yoga(world, online=True)
    world.settle()
    world.zoom.inject(Fault.error("POST", "/registrants$", status=400))
    booking = seat(world, scheduled)
    world.settle()
    assert world.ask(GetMeeting(booking.id)).state is MeetingState.FAILED
    world.ask(MoveClass(scheduled.id, starts=scheduled.starts + DAY))
    world.settle()
    assert has_link(world, booking)


# Hosts


def test_passed_on_the_meeting_is_with_the_new_providers_host(world: World) -> None:
    """Whether it was made already, refused, or not asked for yet; with the same host it stays the same."""
    host = USERS[1].email
    other = world.ask(AddProvider(organisation=world.root.id, name="Bea", meeting_user=host))
    made, refused = world.book(world.advice), world.book(world.advice, provider=world.chair)
    with world.look() as store:
        (row,) = store.meetings.where(booking=refused.id)
        store.meetings.save(evolve(row, state=MeetingState.FAILED))
    world.settle()
    fresh = world.book(world.advice, starts=world.now + 3 * DAY)
    for number, booking in enumerate((made, refused, fresh)):
        world.ask(Rebook(booking.id, starts=world.now + (10 + number) * DAY, provider=other.id))
    world.settle()

    users = {user.get("id"): user["email"] for user in world.zoom.state()["users"]}
    meetings = [one for one in world.zoom.state()["meetings"] if not one["deleted"]]
    assert {users[one["host_id"]] for one in meetings} == {host}
    assert all(has_link(world, one) for one in (made, refused, fresh))
    ids = [one["id"] for one in meetings]
    world.ask(SetMeetingUser(provider=world.chair.id, user=host))
    for number, booking in enumerate((made, refused, fresh)):
        world.ask(Rebook(booking.id, starts=world.now + (20 + number) * DAY, provider=world.chair.id))
    world.settle()
    assert sorted(one["id"] for one in world.zoom.state()["meetings"] if not one["deleted"]) == sorted(ids)


def test_who_is_about_to_be_told_is_not_told_twice(world: World) -> None:
    """A meeting that is gone before its booking was told of: one notice, with the link of the new one."""
    world.exivo.inject(Fault.throttled("POST", "/digitalKeyVisits$"))  # the notice waits for the key
    booking = world.book()
    world.kit.deliver()
    assert len(world.zoom_meetings()) == 1
    world.zoom.delete_meeting(world.zoom_meetings()[0].id)
    world.zoom.deliver_webhooks()
    world.settle()
    told = [one.text for one in world.elks.handset(EVA_MOBILE)]
    assert len(told) == 1
    assert world.ask(GetMeeting(booking.id)).join_url in told[0]
