"""Reminders: at their times, moved and cancelled with the booking, never twice, and paid for like every text."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from servicekit import Principal
from servicekit.bookings import (
    AddBranch,
    AddService,
    Booking,
    BookingState,
    Cancel,
    CheckIn,
    Confirm,
    Rebook,
    Service,
)
from servicekit.errors import Invalid, MissingExtra, NotFound
from servicekit.groups import ChangeSettings, Quota, Settings
from servicekit.messages import SearchLog, Status
from servicekit.moments import Instant
from servicekit.notices import (
    NO_QUIET,
    NoticePlan,
    PlanNotices,
    QuietHours,
    Reader,
    Reminder,
    SetPreference,
    Shift,
    Way,
)
from servicekit.outbox.effects import EffectKind, EffectState, RetryEffect
from world import DAY, EVA_MOBILE, HOUR, MINUTE, World, foreign

pytest_plugins = ("world_fixtures",)

EVA = "eva@home.example"
TEXT, MAIL = (Way.TEXT,), (Way.MAIL,)


def plan(world: World, *reminders: Reminder, service: Service | None = None, **more: Any) -> NoticePlan:
    """What the salon, or one of its services, tells besides."""
    made: NoticePlan = world.ask(
        PlanNotices(
            organisation=world.root.id, service=None if service is None else service.id, reminders=reminders, **more
        )
    )
    return made


def said(world: World) -> list[tuple[Instant, str]]:
    """When each text to Eva was written, and its first word."""
    log = world.ask(SearchLog(group=world.root.id)).messages
    return sorted((one.made_at, one.text.partition(":")[0]) for one in log)


def reminded(world: World) -> list[Instant]:
    """When Eva was reminded by text."""
    return [at for at, word in said(world) if word == "Reminder"]


def run(world: World, until: Instant, step: timedelta = 5 * MINUTE) -> None:
    """Let a relay run until a time, looking every few minutes."""
    while world.now < until:
        world.kit.deliver()
        world.clock.advance(step)
    world.kit.deliver()


def waiting(world: World) -> list[Instant]:
    """When the reminders that wait are due."""
    return [one.due_at for one in world.effects(EffectState.DUE) if one.kind is EffectKind.REMINDER]


@pytest.mark.spec("B-04")
def test_the_client_is_reminded_at_the_times_that_are_stated(mailed: World) -> None:
    """A mail two days before, a text two hours before; each at its time, in its own words, once."""
    world = mailed
    plan(world, Reminder(2 * DAY, MAIL), Reminder(2 * HOUR, TEXT))
    booking = world.book(world.haircut, starts=world.now + 3 * DAY)
    world.kit.deliver()
    assert waiting(world) == [booking.starts - 2 * DAY]
    world.settle()

    assert reminded(world) == [booking.starts - 2 * HOUR]
    assert [text.text for text in world.elks.handset(EVA_MOBILE)][1] == "Reminder: Haircut, Office, 2026-11-28 13:00"
    (_, mail) = world.mails(EVA)
    assert mail.message["Subject"] == "Reminder: Haircut, 2026-11-28 13:00"
    assert "Your booking begins soon." in mail.text
    assert waiting(world) == []


def test_a_reminder_tells_of_door_and_meeting(world: World) -> None:
    """As they are when it is sent: the link and the key of the booking as it stands then."""
    plan(world, Reminder(2 * HOUR, TEXT))
    booking = world.book()
    world.settle()

    text = world.elks.handset(EVA_MOBILE)[-1].text
    (held,) = world.zoom_meetings()
    assert world.zoom.open_link(text.split("Online: ")[1].split()[0]) == held.id
    assert "Doors from 2026-11-26 12:45" in text
    assert text.startswith("Reminder: Coaching")
    assert booking.starts - 2 * HOUR in reminded(world)


def test_a_service_has_reminders_of_its_own(world: World) -> None:
    """They take the whole place of the organisation's, also where there are none."""
    plan(world, Reminder(DAY, TEXT))
    plan(world, Reminder(3 * HOUR, TEXT), service=world.haircut)
    plan(world, service=world.advice)
    haircut = world.book(world.haircut, starts=world.now + 2 * DAY)
    world.book(world.advice, starts=world.now + 3 * DAY)
    massage = world.book(world.massage, starts=world.now + 4 * DAY)
    world.settle()

    assert reminded(world) == [haircut.starts - 3 * HOUR, massage.starts - DAY]


def test_a_booking_made_late_is_not_reminded_of_what_has_passed(world: World) -> None:
    """Made 20 hours before: the reminder of the day before is left out, that of two hours before comes."""
    plan(world, Reminder(DAY, TEXT), Reminder(2 * HOUR, TEXT), quiet=NO_QUIET)
    booking = world.book(world.haircut, starts=world.now + 20 * HOUR)
    world.settle()
    assert reminded(world) == [booking.starts - 2 * HOUR]

    last = world.book(world.haircut, starts=world.now + 2 * HOUR, provider=world.chair)
    assert waiting(world) == []
    world.settle()
    assert len(reminded(world)) == 1
    assert last.state is BookingState.CONFIRMED


def test_a_moved_booking_is_reminded_of_its_new_time_only(world: World) -> None:
    """The old reminder is replaced in the transaction of the move; moved earlier, moved later."""
    plan(world, Reminder(DAY, TEXT))
    booking = world.book(world.haircut, starts=world.now + 5 * DAY)
    world.kit.deliver()
    for days in (3, 8):
        booking = world.ask(Rebook(booking.id, starts=world.now + days * DAY))
        assert waiting(world) == [booking.starts - DAY]
    world.settle()

    assert reminded(world) == [booking.starts - DAY]
    assert world.elks.handset(EVA_MOBILE)[-1].text == "Reminder: Haircut, Office, 2026-12-03 13:00"


def test_a_booking_moved_after_its_reminder_is_reminded_again(world: World) -> None:
    """Of another time: that is another reminder."""
    plan(world, Reminder(DAY, TEXT))
    booking = world.book(world.haircut, starts=world.now + 2 * DAY)
    world.clock.advance(DAY)
    world.kit.deliver()
    assert len(reminded(world)) == 1
    moved: Booking = world.ask(Rebook(booking.id, starts=world.now + 4 * DAY))
    world.settle()

    assert reminded(world) == [booking.starts - DAY, moved.starts - DAY]


def test_moved_to_soon_there_is_nothing_left_to_be_reminded_of(world: World) -> None:
    """The reminder that waited is put away at once, not found idle days later."""
    plan(world, Reminder(DAY, TEXT))
    booking = world.book(world.haircut, starts=world.now + 5 * DAY)
    world.kit.deliver()
    world.ask(Rebook(booking.id, starts=world.now + 3 * HOUR))
    assert waiting(world) == [world.now]
    world.kit.deliver()
    assert waiting(world) == []
    world.settle()
    assert reminded(world) == []


@pytest.mark.parametrize("end", ["cancel", "check in"])
def test_who_does_not_come_any_more_is_not_reminded(world: World, end: str) -> None:
    """Cancelled, or there already: nothing is said, and a cancelled booking leaves nothing waiting."""
    plan(world, Reminder(DAY, TEXT))
    booking = world.book(world.haircut, starts=world.now + 5 * DAY)
    world.kit.deliver()
    if end == "cancel":
        world.ask(Cancel(booking.id))
        world.kit.deliver()
        assert waiting(world) == []
    else:
        world.ask(CheckIn(booking.id))
    world.settle()

    assert reminded(world) == []


def test_cancelled_while_the_reminder_is_in_flight_nothing_is_said(world: World) -> None:
    """A relay had it and died, or its text waits: the booking as it stands decides, twice."""
    plan(world, Reminder(DAY, TEXT))
    booking = world.book(world.haircut, starts=world.now + 2 * DAY)
    world.kit.deliver()
    world.clock.advance(DAY)
    with world.look() as store:
        (held,) = store.effects.claim(world.now, world.now + HOUR)
    assert held.kind is EffectKind.REMINDER
    world.ask(Cancel(booking.id))
    world.settle()

    assert reminded(world) == []


def test_a_reminders_text_that_waits_is_not_sent_once_it_is_too_late(world: World) -> None:
    """No sender until the booking had begun, or until it was cancelled: a retry says nothing."""
    plan(world, Reminder(DAY, TEXT))
    world.ask(ChangeSettings(group=world.root.id, change=Settings(sender_name="")))
    first = world.book(world.haircut, starts=world.now + 2 * DAY)
    second = world.book(world.haircut, starts=world.now + 3 * DAY)
    world.settle()
    dead = [one for one in world.effects(EffectState.DEAD) if "reminder" in one.subject]
    assert len(dead) == 2
    world.ask(ChangeSettings(group=world.root.id, change=Settings(sender_name="Salon")))
    assert world.now < second.starts
    world.ask(CheckIn(second.id))
    world.clock.set(first.starts)
    for one in dead:
        world.ask(RetryEffect(one.id))
    world.settle()

    assert reminded(world) == []


def test_of_several_that_were_missed_only_the_last_is_sent_and_none_after_the_start(world: World) -> None:
    """No relay ran for days: the client reads one reminder, not three; and of a booking that has begun none."""
    plan(world, *(Reminder(hours * HOUR, TEXT) for hours in (48, 24, 3)))
    soon = world.book(world.haircut, starts=world.now + 3 * DAY)
    world.book(world.haircut, starts=world.now + 2 * DAY + 2 * HOUR)
    world.kit.deliver()
    world.clock.set(soon.starts - 20 * HOUR)
    world.settle()

    assert reminded(world) == [soon.starts - 20 * HOUR, soon.starts - 3 * HOUR]


def test_no_reminder_is_sent_twice_by_relays_that_die_and_repeat(mailed: World) -> None:
    """The reminder, and going on to the next, are one transaction; whoever comes later finds it done."""
    world = mailed
    plan(world, Reminder(DAY, (Way.MAIL, Way.TEXT)), Reminder(HOUR, (Way.MAIL, Way.TEXT)))
    booking = world.book(world.haircut, starts=world.now + 2 * DAY)
    world.kit.deliver()
    world.clock.set(booking.starts - DAY)
    with world.look() as store:
        store.effects.claim(world.now, world.now + 2 * MINUTE)  # and dies
    run(world, booking.starts + DAY)

    assert reminded(world) == [booking.starts - DAY + 5 * MINUTE, booking.starts - HOUR]
    assert [str(mail.message["Subject"])[:8] for mail in world.mails(EVA)].count("Reminder") == 2


def test_a_request_is_not_reminded_of_until_it_is_confirmed(world: World) -> None:
    """Then from that moment on."""
    plan(world, Reminder(DAY, TEXT), Reminder(HOUR, TEXT))
    service = world.ask(AddService(branch=world.haircut.branch, name="Colour", length=HOUR, needs_approval=True))
    booking = world.book(service, starts=world.now + 2 * DAY)
    assert waiting(world) == []
    world.clock.advance(30 * HOUR)
    world.ask(Confirm(booking.id))
    world.settle()

    assert reminded(world) == [booking.starts - HOUR]


def test_the_plan_that_holds_when_a_reminder_is_due_decides(world: World) -> None:
    """Changed after the booking: an hour before instead of a day; taken away, there is none."""
    plan(world, Reminder(DAY, TEXT))
    first = world.book(world.haircut, starts=world.now + 2 * DAY)
    plan(world, Reminder(HOUR, TEXT))
    world.settle()
    assert reminded(world) == [first.starts - HOUR]

    world.book(world.haircut, starts=world.now + 2 * DAY)
    plan(world)
    world.settle()
    assert len(reminded(world)) == 1


def test_a_time_that_had_passed_when_the_plan_changed_is_not_made_up_for(world: World) -> None:
    """Booked 20 hours before, to be reminded 2 hours before; now the plan says a day before: that has passed."""
    plan(world, Reminder(2 * HOUR, TEXT))
    world.book(world.haircut, starts=world.now + 20 * HOUR)
    plan(world, Reminder(DAY, TEXT))
    world.settle()

    assert reminded(world) == []


# Ways, wishes and costs


def test_a_client_may_want_no_reminders(mailed: World) -> None:
    """It is told of the booking all the same."""
    world = mailed
    plan(world, Reminder(DAY, (Way.MAIL, Way.TEXT)))
    world.ask(SetPreference(who=world.eva.id, reminders=False), Principal.of(world.eva.id))
    world.book(world.haircut, starts=world.now + 2 * DAY)
    world.settle()

    assert [word for _, word in said(world)] == ["Booked"]
    assert len(world.mails(EVA)) == 1


def test_a_client_who_wants_mails_is_reminded_by_mail(mailed: World) -> None:
    """Though the organisation reminds by text; and a client without a mobile likewise."""
    world = mailed
    plan(world, Reminder(DAY, TEXT))
    world.ask(SetPreference(who=world.eva.id, ways=MAIL))
    world.book(world.haircut, starts=world.now + 2 * DAY)
    world.settle()

    assert said(world) == []
    assert [str(mail.message["Subject"])[:8] for mail in world.mails(EVA)] == ["Booked: ", "Reminder"]


def test_f77_reminders_spend_the_same_quota_as_every_text(mailed: World) -> None:
    """F-77: with none left the reminder is refused in the log, and nothing is dead: it is what the quota is for."""
    world = mailed
    plan(world, Reminder(DAY, TEXT))
    world.ask(ChangeSettings(group=world.root.id, change=Settings(group_quota=Quota(1))))
    world.book(world.haircut, starts=world.now + 2 * DAY)
    world.settle()

    log = world.ask(SearchLog(group=world.root.id)).messages
    assert [(one.status, one.text[:8]) for one in log if one.status is Status.GROUP] == [(Status.GROUP, "Reminder")]
    assert world.effects(EffectState.DEAD) == []


# Clock changes


@pytest.mark.parametrize(
    ("zone", "start", "shown"),
    [
        ("Europe/Zurich", "2027-03-28T03:30:00+02:00", "2027-03-27T02:30:00+01:00"),
        ("Europe/Stockholm", "2027-10-31T02:30:00+01:00", "2027-10-30T03:30:00+02:00"),
        ("America/New_York", "2027-03-14T12:00:00-04:00", "2027-03-13T11:00:00-05:00"),
        ("America/New_York", "2027-11-07T01:30:00-05:00", "2027-11-06T02:30:00-04:00"),
        ("Australia/Lord_Howe", "2027-10-03T12:00:00+11:00", "2027-10-02T11:30:00+10:30"),
        ("Australia/Lord_Howe", "2027-04-04T12:00:00+10:30", "2027-04-03T12:30:00+11:00"),
    ],
)
def test_f60_a_reminder_is_due_an_absolute_time_before_the_start(
    world: World, zone: str, start: str, shown: str
) -> None:
    """F-60: 24 hours before are 24 hours, over both changes of every zone; in wall time it would be off by the change."""
    plan(world, Reminder(DAY, TEXT), quiet=NO_QUIET)
    branch = world.ask(AddBranch(organisation=world.root.id, name="Away", zone=zone))
    service = world.ask(AddService(branch=branch.id, name="Tour", length=HOUR))
    starts = Instant.parse(start)
    world.clock.set(starts - 3 * DAY)
    world.book(service, starts=starts)
    world.settle()

    (at,) = reminded(world)
    assert at == starts - DAY
    assert at.local(zone).isoformat() == shown
    assert f"Reminder: Tour, Away, {start[:16].replace('T', ' ')}" in world.elks.handset(EVA_MOBILE)[-1].text


# Planning


def test_a_plan_replaces_the_one_before(world: World) -> None:
    """Of the organisation, and of a service."""
    for service in (None, world.haircut):
        plan(world, Reminder(DAY), service=service, language="de", alarms=(HOUR,))
        made = plan(world, Reminder(HOUR), service=service)
        assert (made.language, made.alarms, made.reminders) == ("", (), (Reminder(HOUR),))
        with world.look() as store:
            assert store.notice_plans.find(made.id) == made


def test_what_cannot_be_planned_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service of somebody else, a language that is none, calendar files without the library that makes them."""
    root, rolf = foreign(world)
    assert type(world.refused(PlanNotices(organisation=root.id, service=world.haircut.id), rolf)) is NotFound
    refused = world.refused(PlanNotices(organisation=world.root.id, language="Deutsch"))
    assert (type(refused), refused.code) == (Invalid, "not_a_language")
    monkeypatch.setitem(__import__("sys").modules, "icalendar", None)
    with pytest.raises(MissingExtra):
        plan(world, calendar=True)


def test_a_reminder_of_what_was_replaced_since_says_nothing(world: World) -> None:
    """An effect of an older revision that comes late, whatever happened in between."""
    plan(world, Reminder(DAY, TEXT))
    booking = world.book(world.haircut, starts=world.now + 2 * DAY)
    with world.look() as store:
        (effect,) = store.effects.where(kind=EffectKind.REMINDER)
        store.bookings.save(evolve(booking, revision=2))
    world.settle()

    assert effect.revision == 1
    assert reminded(world) == []


# Providers

BOTH = (Reader.CLIENT, Reader.PROVIDER)
ROOM = "room@salon.example"


def firsts(world: World, to: str) -> list[str]:
    """The first words of the mails that came to somebody."""
    return [str(mail.message["Subject"]).partition(":")[0] for mail in world.mails(to)]


def test_providers_are_reminded_where_the_plan_says_so(mailed: World) -> None:
    """In their own words, with the client's name; a reminder for clients only is not theirs."""
    world = mailed
    plan(world, Reminder(DAY, MAIL, BOTH), Reminder(2 * HOUR, MAIL), Reminder(HOUR, MAIL, (Reader.PROVIDER,)))
    world.book(world.advice, starts=world.now + 2 * DAY)
    world.settle()
    assert firsts(world, EVA) == ["Booked", "Reminder", "Reminder"]
    assert firsts(world, ROOM) == ["Booked", "Reminder", "Reminder"]
    text = world.mails(ROOM)[-1].message.get_content()
    assert "A booking of yours begins soon." in text
    assert "For: Eva" in text
    assert "/host" in text


def test_a_provider_chooses_whether_and_how_to_be_reminded(world: World) -> None:
    """By text to the number that they have named; or not at all, and told of changes all the same."""
    theirs = "+46701740699"
    plan(world, Reminder(DAY, MAIL, BOTH))
    world.ask(SetPreference(who=world.room.id, ways=TEXT, mobile=theirs))
    world.ask(SetPreference(who=world.chair.id, ways=TEXT, mobile="+46701740698", reminders=False))
    world.book(world.haircut, starts=world.now + 2 * DAY)
    world.book(world.haircut, starts=world.now + 2 * DAY, provider=world.chair)
    world.settle()
    assert [one.text.partition(":")[0] for one in world.elks.handset(theirs)] == ["Booked", "Reminder"]
    assert [one.text.partition(":")[0] for one in world.elks.handset("+46701740698")] == ["Booked"]


def test_the_provider_who_has_it_by_then_is_reminded(mailed: World) -> None:
    """Passed on in between: not who had it before."""
    world = mailed
    plan(world, Reminder(DAY, MAIL, (Reader.PROVIDER,)))
    booking = world.book(world.haircut, starts=world.now + 3 * DAY, provider=world.chair)
    world.ask(Rebook(booking.id, starts=booking.starts, provider=world.room.id))
    world.settle()
    assert firsts(world, ROOM)[-1] == "Reminder"


# The night


def night(world: World, *reminders: Reminder, hours: int = 0, **more: Any) -> Booking:
    """A booking at 10 in Stockholm in three days, and so many hours later, under a plan."""
    plan(world, *reminders, **more)
    starts = Instant.parse("2026-11-28T09:00:00Z") + hours * HOUR
    return world.book(world.haircut, starts=starts)


@pytest.mark.spec("B-04")
def test_a_text_that_would_fall_into_the_night_goes_before_or_after_it(world: World) -> None:
    """Eight hours before ten is two at night: it goes at nine in the evening, which is nearer than eight."""
    booking = night(world, Reminder(8 * HOUR, TEXT))
    world.settle()
    assert reminded(world) == [booking.starts - 13 * HOUR]


@pytest.mark.parametrize(("shift", "before"), [(Shift.AFTER, 2), (Shift.BEFORE, 13), (Shift.NEAREST, 13)])
def test_the_rule_says_where_it_goes(world: World, shift: Shift, before: int) -> None:
    """On the branch's clock."""
    booking = night(world, Reminder(8 * HOUR, TEXT), quiet=QuietHours(shift=shift))
    world.settle()
    assert reminded(world) == [booking.starts - before * HOUR]


def test_mails_keep_to_their_time_and_texts_of_the_same_reminder_move(mailed: World) -> None:
    """Each goes once."""
    world = mailed
    booking = night(world, Reminder(8 * HOUR, (Way.MAIL, Way.TEXT)), quiet=QuietHours(shift=Shift.AFTER))
    world.kit.deliver()
    assert waiting(world) == [booking.starts - 8 * HOUR]
    world.clock.set(booking.starts - 8 * HOUR)
    world.kit.deliver()
    assert firsts(world, EVA) == ["Booked", "Reminder"]
    assert reminded(world) == []
    world.settle()
    assert firsts(world, EVA) == ["Booked", "Reminder"]
    assert reminded(world) == [booking.starts - 2 * HOUR]


def test_who_chose_texts_is_not_woken_by_a_reminder_that_was_planned_as_mail(mailed: World) -> None:
    """It is what is sent that counts."""
    world = mailed
    world.ask(SetPreference(who=world.eva.id, ways=TEXT))
    booking = night(world, Reminder(8 * HOUR, MAIL))
    world.settle()
    assert reminded(world) == [booking.starts - 13 * HOUR]
    assert firsts(world, EVA) == []


def test_a_branch_has_nights_of_its_own(world: World) -> None:
    """Its plan takes the whole place of the organisation's, and a service's that of its branch's."""
    plan(world, Reminder(DAY, TEXT))
    root, shop = world.root.id, world.haircut.branch
    world.ask(
        PlanNotices(
            organisation=root,
            branch=shop,
            reminders=(Reminder(8 * HOUR, TEXT),),
            quiet=QuietHours(begins="23:00", ends="01:00"),
        )
    )
    first = world.book(world.haircut, starts=Instant.parse("2026-11-28T09:00:00Z"))
    world.settle()
    assert reminded(world) == [first.starts - 8 * HOUR]
    plan(world, Reminder(3 * HOUR, TEXT), service=world.haircut)
    second = world.book(world.haircut, starts=Instant.parse("2026-11-29T12:00:00Z"))
    world.settle()
    assert reminded(world)[1:] == [second.starts - 3 * HOUR]


def test_a_plan_is_of_one_place_and_of_ones_own(world: World) -> None:
    """Not of a branch and a service at once, and not of another organisation's branch."""
    both = PlanNotices(organisation=world.root.id, branch=world.branch.id, service=world.haircut.id)
    assert world.refused(both).code == "two_places"
    root, rolf = foreign(world)
    theirs = world.ask(AddBranch(organisation=root.id, name="Theirs", zone="UTC"), rolf)
    assert type(world.refused(PlanNotices(organisation=world.root.id, branch=theirs.id))) is NotFound


def test_a_relay_that_comes_late_wakes_nobody(world: World) -> None:
    """Down in the evening and back at night: the text waits until the morning; the booking begins later."""
    booking = night(world, Reminder(15 * HOUR, TEXT))  # at seven in the evening
    world.kit.deliver()
    world.clock.set(booking.starts - 11 * HOUR)  # at eleven
    world.kit.deliver()
    assert reminded(world) == []
    world.settle()
    assert reminded(world) == [booking.starts - 2 * HOUR]


def test_a_relay_that_comes_a_little_late_sends(world: World) -> None:
    """What was moved to nine in the evening goes some minutes after nine all the same."""
    booking = night(world, Reminder(8 * HOUR, TEXT))
    world.kit.deliver()
    world.clock.set(booking.starts - 13 * HOUR + 10 * MINUTE)
    world.kit.deliver()
    assert len(reminded(world)) == 1


def test_put_off_it_is_overtaken_by_the_next(mailed: World) -> None:
    """Which comes before the night is over; of both, the later one is enough. The mail of the first goes when it is found."""
    world = mailed
    booking = night(world, Reminder(15 * HOUR, (Way.MAIL, Way.TEXT)), Reminder(6 * HOUR, MAIL))
    world.kit.deliver()
    world.clock.set(booking.starts - 11 * HOUR)
    world.kit.deliver()
    assert firsts(world, EVA) == ["Booked", "Reminder"]
    world.settle()
    assert firsts(world, EVA) == ["Booked", "Reminder", "Reminder"]


def test_put_off_the_mail_goes_once(mailed: World) -> None:
    """It went when the reminder was found; the text alone waits for the morning."""
    world = mailed
    booking = night(world, Reminder(15 * HOUR, (Way.MAIL, Way.TEXT)))
    world.kit.deliver()
    world.clock.set(booking.starts - 11 * HOUR)
    world.settle()
    assert firsts(world, EVA) == ["Booked", "Reminder"]
    assert reminded(world) == [booking.starts - 2 * HOUR]


def test_what_happens_now_is_told_now(world: World) -> None:
    """A booking that is cancelled in the middle of the night, for in an hour: its client hears of it at once."""
    booking = night(world, Reminder(8 * HOUR, TEXT), hours=-6)  # at four in the morning
    world.kit.deliver()
    world.clock.set(booking.starts - HOUR)
    world.ask(Cancel(booking.id))
    world.kit.deliver()
    assert said(world)[-1] == (booking.starts - HOUR, "Cancelled")
