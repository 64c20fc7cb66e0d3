"""Bookings that are passed on to another provider: key, meeting, notices and calendars follow, and nobody is forgotten."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from calendar_reader import Component, read_calendar
from servicekit import Principal
from servicekit.bookings import (
    AddAbsence,
    AddProvider,
    AddService,
    Book,
    Booking,
    BookingRules,
    BookSeat,
    Cancel,
    CheckIn,
    Confirm,
    Provider,
    ProviderKind,
    Rebook,
    ScheduleClass,
)
from servicekit.errors import Conflict, Forbidden, NotFound
from servicekit.groups import ChangeSettings, Settings
from servicekit.keys import KeyState, ListKeys
from servicekit.meetings import FetchHostLink, GetMeeting, MeetingState, SetMeetingUser
from servicekit.notices import PlanNotices, SetPreference, Way
from servicekit.outbox.effects import EffectKind, EffectState, RetryEffect
from servicekit.testing.simulators import USERS, Fault, KeptMail
from world import DAY, EVA_MOBILE, HOUR, World, foreign

pytest_plugins = ("world_fixtures",)

EVA, ROOM, BEA = "eva@home.example", "room@salon.example", "bea@salon.example"
HOST = USERS[1].email  # another user of the Zoom account than "me"
MEETINGS = r"/users/[^/]+/meetings$"


def bea(world: World, **more: Any) -> Provider:
    """Another provider, with a mail address and a host of her own."""
    made: Provider = world.ask(
        AddProvider(organisation=world.root.id, **{"name": "Bea", "email": BEA, "meeting_user": HOST, **more})
    )
    return made


def pass_on(world: World, booking: Booking, to: Provider, **more: Any) -> Booking:
    """The booking given to another provider, at the same time unless said."""
    made: Booking = world.ask(Rebook(booking.id, provider=to.id, **{"starts": booking.starts, **more}))
    return made


def subjects(mails: tuple[KeptMail, ...]) -> list[str]:
    """The first words of mails, in order."""
    return [str(mail.message["Subject"]).partition(":")[0] for mail in mails]


def event_of(mail: KeptMail) -> Component:
    """The event in a mail's calendar file."""
    (part,) = [one for one in mail.message.walk() if one.get_content_type() == "text/calendar"]
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    (event,) = read_calendar(content).within
    return event


def hosts(world: World) -> list[tuple[str, str]]:
    """Marker and host of each meeting at Zoom."""
    users = {user.get("id"): user["email"] for user in world.zoom.state()["users"]}
    return [(one["agenda"], users[one["host_id"]]) for one in world.zoom.state()["meetings"] if not one["deleted"]]


# What follows


@pytest.mark.spec("B-03", "K-09", "Z-07")
def test_key_meeting_and_notices_follow_to_the_new_provider(mailed: World) -> None:
    """A key of the new revision, a meeting with the new host, everybody told; the old ones are gone."""
    world, other = mailed, bea(mailed)
    booking = world.book()
    world.settle()
    old = world.ask(GetMeeting(booking.id)).join_url
    passed = pass_on(world, booking, other)
    world.settle()

    assert (passed.provider, passed.revision, passed.window) == (other.id, 2, booking.window)
    assert [key.marker for key in world.exivo_keys()] == [f"sk:{booking.id}:2"]
    assert [key.state for key in world.ask(ListKeys(booking.id))] == [KeyState.ENDED, KeyState.MADE]
    assert hosts(world) == [(f"sk:{booking.id}:2", HOST)]
    link = world.ask(GetMeeting(booking.id)).join_url
    assert world.zoom.open_link(link) == world.zoom_meetings()[0].id
    assert world.zoom.open_link(old) is None
    assert subjects(world.mails(EVA)) == ["Booked", "Moved"]
    assert "With: Bea" in world.mails(EVA)[-1].message.get_content()
    assert link in world.mails(EVA)[-1].message.get_content()
    assert subjects(world.mails(ROOM)) == ["Booked", "Cancelled"]
    assert subjects(world.mails(BEA)) == ["Booked"]
    assert world.effects(EffectState.DEAD) == []
    assert world.kit.reconcile().even


@pytest.mark.spec("B-03")
def test_the_old_providers_calendar_strikes_the_event_and_the_new_ones_enters_it(mailed: World) -> None:
    """Under one UID, with a higher SEQUENCE; the old provider's says when they had it, and has no link."""
    world, other = mailed, bea(mailed)
    world.ask(PlanNotices(organisation=world.root.id, calendar=True))
    booking = world.book(world.advice)
    world.settle()
    pass_on(world, booking, other, starts=booking.starts + DAY)
    world.settle()

    (entered, struck), (new,) = map(event_of, world.mails(ROOM)), map(event_of, world.mails(BEA))
    assert [one.one("UID") for one in (entered, struck, new)] == [booking.id] * 3
    assert [one.one("SEQUENCE") for one in (entered, struck, new)] == ["0", "1", "1"]
    assert [one.one("STATUS") for one in (entered, struck, new)] == ["CONFIRMED", "CANCELLED", "CONFIRMED"]
    assert entered.one("DTSTART") == struck.one("DTSTART") == "20261126T120000Z"
    assert new.one("DTSTART") == "20261127T120000Z"
    assert struck.one("ATTENDEE") == f"mailto:{ROOM}"
    assert "URL" not in struck.names
    assert "/host" not in struck.text("DESCRIPTION")
    assert new.one("URL").endswith(f"/meetings/{booking.id}/host")


def test_with_the_same_host_the_meeting_stays(world: World) -> None:
    """It is the same one, with the same links: nothing is made anew."""
    booking = world.book(world.advice)
    world.settle()
    before = world.zoom_meetings()
    pass_on(world, booking, world.chair)
    world.settle()

    assert world.zoom_meetings() == before
    assert world.ask(FetchHostLink(booking.id), Principal.of(world.chair.id))
    assert type(world.refused(FetchHostLink(booking.id), Principal.of(world.room.id))) is NotFound


def test_a_meeting_that_is_only_moved_stays_with_its_host(world: World) -> None:
    """Whoever the provider's user is by now: meetings that are made stay where they are."""
    booking = world.book(world.advice)
    world.settle()
    world.ask(SetMeetingUser(provider=world.room.id, user=HOST))
    world.ask(Rebook(booking.id, starts=booking.starts + DAY))
    world.settle()
    assert hosts(world) == [(f"sk:{booking.id}:1", USERS[0].email)]


def test_passed_on_before_anything_was_made_there_is_one_meeting(world: World) -> None:
    """With the host that it shall have, under the first marker."""
    booking = world.book(world.advice)
    pass_on(world, booking, bea(world))
    world.settle()
    assert hosts(world) == [(f"sk:{booking.id}:1", HOST)]


@pytest.mark.spec("Z-10")
@pytest.mark.parametrize("back", [False, True])
def test_passed_on_while_an_answer_is_lost_there_is_one_meeting(world: World, *, back: bool) -> None:
    """What was asked for is looked up where it was asked for, and goes only if another takes its place."""
    booking = world.book(world.advice)
    world.zoom.inject(Fault.lost_answer("POST", MEETINGS))
    world.kit.deliver()
    passed = pass_on(world, booking, bea(world))
    if back:
        pass_on(world, passed, world.room)
    world.settle()
    marker, host = (1, USERS[0].email) if back else (2, HOST)
    assert hosts(world) == [(f"sk:{booking.id}:{marker}", host)]
    assert world.kit.reconcile().even


@pytest.mark.parametrize("fault", [Fault.error, Fault.no_answer, Fault.throttled])
def test_the_old_link_opens_until_the_new_meeting_is_there(world: World, fault: Any) -> None:
    """Whatever hinders the new one; and the old one goes, whatever hinders that."""
    booking = world.book(world.advice)
    world.settle()
    (old,) = world.zoom_meetings()
    world.zoom.inject(fault("POST", MEETINGS))
    pass_on(world, booking, bea(world))
    world.kit.deliver()
    assert old.id in {one.id for one in world.zoom_meetings()}
    world.zoom.inject(fault("DELETE", "/meetings/"))
    world.settle()
    assert hosts(world) == [(f"sk:{booking.id}:2", HOST)]


def test_cancelled_while_it_is_passed_on_no_meeting_is_left(world: World) -> None:
    """Neither the old one nor the new one, wherever it was on the way."""
    booking = world.book(world.advice)
    world.settle()
    world.zoom.inject(Fault.lost_answer("POST", MEETINGS))
    pass_on(world, booking, bea(world))
    world.kit.deliver()
    assert len(world.zoom_meetings()) == 2
    world.ask(Cancel(booking.id))
    world.settle()
    assert world.zoom_meetings() == []


def test_a_host_who_may_not_host_is_a_persons_affair_until_it_is_passed_on(world: World) -> None:
    """The old meeting stays, since there is no other; the next provider's takes its place."""
    booking = world.book(world.advice)
    world.settle()
    stranger = bea(world, meeting_user="nobody@else.example")
    passed = pass_on(world, booking, stranger)
    world.settle()
    assert [one.kind for one in world.effects(EffectState.DEAD)] == [EffectKind.MEETING]
    assert hosts(world) == [(f"sk:{booking.id}:1", USERS[0].email)]
    pass_on(world, passed, bea(world, email=""))
    world.settle()
    assert [host for _, host in hosts(world)] == [HOST]


# Who is told


def test_who_has_lost_it_hears_of_that_whatever_happens_next(mailed: World) -> None:
    """Passed on twice and cancelled before anybody was told: both who had it hear that it is over, once."""
    world, other = mailed, bea(mailed)
    world.ask(PlanNotices(organisation=world.root.id, calendar=True))
    booking = world.book(world.haircut)
    world.settle()
    passed = pass_on(world, booking, other)
    pass_on(world, passed, world.chair)
    world.ask(Cancel(booking.id))
    world.settle()

    assert subjects(world.mails(ROOM)) == ["Booked", "Cancelled"]
    assert subjects(world.mails(BEA)) == ["Cancelled"]
    assert event_of(world.mails(ROOM)[-1]).one("SEQUENCE") == "3"


def test_who_has_it_back_hears_of_no_loss(mailed: World) -> None:
    """Before anybody was told: it is theirs as before."""
    world = mailed
    booking = world.book(world.haircut)
    world.settle()
    passed = pass_on(world, booking, bea(world))
    pass_on(world, passed, world.room)
    world.settle()
    assert subjects(world.mails(ROOM)) == ["Booked", "Booked"]
    assert subjects(world.mails(BEA)) == ["Cancelled"]


def test_a_request_that_is_passed_on_is_a_request_to_the_new_provider(mailed: World) -> None:
    """Who answers it is told; the old provider need not answer any more."""
    world, other = mailed, bea(mailed)
    asked = world.ask(AddService(branch=world.haircut.branch, name="Colour", length=HOUR, needs_approval=True))
    booking = world.book(asked)
    world.settle()
    pass_on(world, booking, other)
    world.settle()
    assert subjects(world.mails(ROOM)) == ["Requested", "Cancelled"]
    assert subjects(world.mails(BEA)) == ["Requested"]
    world.ask(Confirm(booking.id))
    world.settle()
    assert subjects(world.mails(BEA)) == ["Requested", "Booked"]


@pytest.mark.parametrize("back", [False, True])
def test_a_text_to_who_has_lost_it_waits_for_a_person_like_every_other(world: World, *, back: bool) -> None:
    """A rule refuses it; once that is mended it says when they had it, unless they have it again."""
    world.ask(SetPreference(who=world.room.id, ways=(Way.TEXT,), mobile="+46701740699"))
    booking = world.book(world.haircut)
    world.settle()
    world.ask(ChangeSettings(group=world.root.id, change=Settings(sender_name="")))
    passed = pass_on(world, booking, world.chair, starts=booking.starts + DAY)
    world.settle()
    (dead,) = [one for one in world.effects(EffectState.DEAD) if world.room.id in one.subject]
    assert dead.kind is EffectKind.NOTICE_TEXT
    if back:
        pass_on(world, passed, world.room)
    world.ask(ChangeSettings(group=world.root.id, change=Settings(sender_name="Salon")))
    world.ask(RetryEffect(dead.id))
    world.settle()
    last = world.elks.handset("+46701740699")[-1].text
    assert last.startswith("Moved" if back else "Cancelled: Haircut, Office, 2026-11-26") or (back and "Booked" in last)


# Refused


def test_a_provider_who_does_not_offer_it_or_is_taken_is_refused(world: World) -> None:
    """With the code that booking with them would have; nothing has changed."""
    other, third = bea(world), bea(world, name="Cis")
    rules = BookingRules(providers=(world.room.id, other.id))
    service = world.ask(AddService(branch=world.haircut.branch, name="Colour", length=HOUR, rules=rules))
    booking = world.book(service)
    taken = world.book(world.haircut, provider=other)

    def refusal(to: Provider) -> tuple[type, str]:
        refused = world.refused(Rebook(booking.id, starts=booking.starts, provider=to.id))
        return type(refused), refused.code

    assert refusal(third) == (Conflict, "not_offered")
    assert refusal(other) == (Conflict, "taken")
    world.ask(Cancel(taken.id))
    world.ask(AddAbsence(provider=other.id, starts=booking.starts, ends=booking.ends))
    assert refusal(other) == (Conflict, "absent")


def test_a_provider_of_another_organisation_is_not_there(world: World) -> None:
    """It reads as if it did not exist."""
    root, rolf = foreign(world)
    theirs = world.ask(AddProvider(organisation=root.id, name="Rita"), rolf)
    booking = world.book(world.haircut)
    assert type(world.refused(Rebook(booking.id, starts=booking.starts, provider=theirs.id))) is NotFound


def test_the_client_may_choose_another_and_the_provider_may_not(world: World) -> None:
    """Rights are those of moving it."""
    booking = world.book(world.haircut)
    command = Rebook(booking.id, starts=booking.starts, provider=world.chair.id)
    assert isinstance(world.refused(command, Principal.of(world.room.id)), (Forbidden, NotFound))
    assert world.ask(command, Principal.of(world.eva.id)).provider == world.chair.id
    assert world.book(world.haircut).provider == world.room.id  # which is free again


def test_a_seat_keeps_its_classs_provider(world: World) -> None:
    """It is the class that has one."""
    yoga = world.ask(AddService(branch=world.haircut.branch, name="Yoga", length=HOUR, rules=BookingRules(seats=3)))
    scheduled = world.ask(ScheduleClass(service=yoga.id, provider=world.chair.id, starts=world.now + DAY))
    seat: Booking = world.ask(BookSeat(scheduled=scheduled.id, client=world.eva.id))
    assert world.refused(Rebook(seat.id, starts=seat.starts, provider=world.room.id)).code == "in_a_class"


# Staying longer


@pytest.mark.spec("K-09", "K-11")
def test_who_is_inside_may_stay_longer(world: World) -> None:
    """F-56: a new key until the new end, then the old one ends; the meeting stays, and the client is told."""
    booking = world.book()
    world.settle()
    (old,) = world.exivo_keys()
    (meeting,) = world.zoom_meetings()
    world.clock.set(booking.starts)
    world.ask(CheckIn(booking.id))
    longer: Booking = world.ask(Rebook(booking.id, starts=booking.starts, ends=booking.ends + HOUR))
    world.settle()

    assert (longer.state.value, longer.ends) == ("checked in", booking.ends + HOUR)
    (new,) = world.exivo_keys()
    assert (new.marker, new.closes) == (f"sk:{booking.id}:2", str(longer.ends + HOUR / 4))
    assert new.closes > old.closes
    calls = [one.request for one in world.exivo.exchanges if one.request.method == "POST"]
    made, ended = (
        next(number for number in reversed(range(len(calls))) if word in calls[number].url)
        for word in ("digitalKeyVisits", "revoke")
    )
    assert made < ended
    assert [one.id for one in world.zoom_meetings()] == [meeting.id]
    assert world.elks.handset(EVA_MOBILE)[-1].text.startswith("Moved")


def test_nobody_stays_longer_in_what_is_taken(world: World) -> None:
    """Provider and room keep their next booking; the key stays as it is."""
    rooms = (world.ask(AddProvider(organisation=world.root.id, name="R2", kind=ProviderKind.ROOM)),)
    rules = BookingRules(rooms=tuple(one.id for one in rooms))
    service = world.ask(AddService(branch=world.haircut.branch, name="Colour", length=HOUR, rules=rules))
    booking = world.book(service)
    world.clock.set(booking.starts)
    world.ask(CheckIn(booking.id))
    next_one = world.book(world.haircut, starts=booking.ends)
    longer = Rebook(booking.id, starts=booking.starts, ends=booking.ends + HOUR)
    assert world.refused(longer).code == "taken"
    world.ask(Cancel(next_one.id))
    world.ask(Book(service=service.id, provider=world.chair.id, client=world.eva.id, starts=booking.ends))
    assert world.refused(longer).code == "room_taken"


def test_a_meeting_with_a_former_one_is_healed_by_reconciling(world: World) -> None:
    """The effect that was to end it was put away: it is no stray, and goes."""
    booking = world.book(world.advice)
    world.settle()
    world.zoom.inject(Fault.error("DELETE", "/meetings/"))
    pass_on(world, booking, bea(world))
    world.kit.deliver()
    with world.look() as store:
        (waiting,) = store.effects.where(kind=EffectKind.MEETING, subject=booking.id, state=EffectState.DUE)
        store.effects.save(evolve(waiting, state=EffectState.DISCARDED))
    assert len(world.zoom_meetings()) == 2

    assert [(str(one.difference), str(one.outcome)) for one in world.kit.reconcile(remove_strays=True).findings] == [
        ("unwanted", "healing")
    ]
    world.settle()
    assert hosts(world) == [(f"sk:{booking.id}:2", HOST)]
    assert world.ask(GetMeeting(booking.id)).state is MeetingState.MADE
    assert world.kit.reconcile().even
