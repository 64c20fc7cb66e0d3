"""Calendar files of bookings: fetched, and carried by mails that enter, move and strike the same event."""

from __future__ import annotations

from typing import Any

import pytest

from calendar_reader import Component, read_calendar
from servicekit import Principal
from servicekit.bookings import AddService, Booking, Cancel, Rebook
from servicekit.meetings import GetMeeting
from servicekit.notices import (
    CalendarDocument,
    Channel,
    GetCalendarFile,
    Occasion,
    PlanNotices,
    Reminder,
    SaveTemplate,
    Way,
)
from servicekit.testing.simulators import KeptMail
from world import DAY, HOUR, MINUTE, World

pytest_plugins = ("world_fixtures",)

EVA, ROOM = "eva@home.example", "room@salon.example"


def attached(mail: KeptMail) -> tuple[Component, Component]:
    """The calendar in a mail, and its event."""
    (part,) = [one for one in mail.message.walk() if one.get_content_type() == "text/calendar"]
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    calendar = read_calendar(content)
    assert part.get_param("method") == calendar.one("METHOD")
    assert part.get_content_charset() == "utf-8"
    (event,) = calendar.within
    return calendar, event


def fetched(world: World, booking: Booking, by: Principal | None = None) -> tuple[Component, Component]:
    """The file of a booking as somebody fetches it, and its event."""
    document: CalendarDocument = world.ask(GetCalendarFile(booking.id), by)
    calendar = read_calendar(document.content)
    (event,) = calendar.within
    return calendar, event


def planned(world: World, **more: Any) -> None:
    """Have mails carry calendar files."""
    world.ask(PlanNotices(organisation=world.root.id, calendar=True, **more))


@pytest.mark.spec("B-04")
def test_mails_enter_move_and_strike_one_event(mailed: World) -> None:
    """UID stays, SEQUENCE grows, the time follows, CANCEL ends it; client and provider each have their own link."""
    world = mailed
    planned(world, alarms=(15 * MINUTE,))
    booking = world.book(world.advice)
    world.settle()
    moved: Booking = world.ask(Rebook(booking.id, starts=booking.starts + DAY))
    world.settle()
    link = world.ask(GetMeeting(booking.id)).join_url
    world.ask(Cancel(booking.id, reason="Illness"))
    world.settle()

    for reader, name in ((EVA, "Eva"), (ROOM, "Room 1")):
        files = [attached(mail) for mail in world.mails(reader)]
        assert [calendar.one("METHOD") for calendar, _ in files] == ["REQUEST", "REQUEST", "CANCEL"]
        events = [event for _, event in files]
        assert {event.one("UID") for event in events} == {booking.id}
        assert [event.one("SEQUENCE") for event in events] == ["0", "1", "2"]
        assert [event.one("STATUS") for event in events] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
        assert [event.one("DTSTART") for event in events] == ["20261126T120000Z", *["20261127T120000Z"] * 2]
        assert {event.one("ATTENDEE") for event in events} == {f"mailto:{reader}"}
        assert {event.parameters("ATTENDEE")["CN"] for event in events} == {name}
        assert {event.one("ORGANIZER") for event in events} == {"mailto:salon@salon.example"}
        assert [len(event.within) for event in events] == [1, 1, 0]
        own = link if reader == EVA else f"https://salon.example/meetings/{booking.id}/host"
        other = f"/meetings/{booking.id}/host" if reader == EVA else link
        assert events[1].one("URL") == own
        assert own in events[1].text("DESCRIPTION")
        assert other not in events[1].text("DESCRIPTION")
        assert "URL" not in events[2].names
    assert moved.revision == 2


def test_a_mail_with_a_calendar_is_still_a_plain_one(mailed: World) -> None:
    """Whoever's program knows no calendars reads the same text; nothing but 7-bit ASCII leaves."""
    world = mailed
    planned(world)
    world.book(world.haircut)
    world.settle()
    (mail,) = world.mails(EVA)
    plain, calendar = mail.message.iter_parts()

    assert mail.message.get_content_type() == "multipart/alternative"
    assert (plain.get_content_type(), calendar.get_content_type()) == ("text/plain", "text/calendar")
    assert "Your booking is confirmed." in plain.get_content()
    assert mail.raw.isascii()
    assert calendar["Content-Transfer-Encoding"] == "base64"


def test_only_changes_carry_a_file_and_only_where_it_is_planned(mailed: World) -> None:
    """Neither a request nor a reminder does; without a plan nobody needs the library."""
    world = mailed
    world.book(world.haircut)
    world.settle()
    planned(world, reminders=(Reminder(HOUR, (Way.MAIL,)),))
    service = world.ask(AddService(branch=world.haircut.branch, name="Colour", length=HOUR, needs_approval=True))
    world.book(service, starts=world.now + 2 * DAY)
    world.book(world.haircut, starts=world.now + 3 * DAY)
    world.settle()

    carrying = {
        str(mail.message["Subject"]).partition(":")[0]: mail.message.is_multipart() for mail in world.mails(EVA)[1:]
    }
    assert carrying == {"Requested": False, "Booked": True, "Reminder": False}
    assert not world.mails(EVA)[0].message.is_multipart()


def test_a_file_can_be_fetched_and_is_about_the_same_event(mailed: World) -> None:
    """Without the reader's address; cancelled, it strikes the event. The provider's has the host's link, all others' not."""
    world = mailed
    booking = world.book(world.advice)
    world.settle()
    link = world.ask(GetMeeting(booking.id)).join_url
    host = f"https://salon.example/meetings/{booking.id}/host"

    for by, own in ((Principal.of(world.eva.id), link), (world.anna, link), (Principal.of(world.room.id), host)):
        calendar, event = fetched(world, booking, by)
        assert (calendar.one("METHOD"), event.one("UID"), event.one("URL")) == ("PUBLISH", booking.id, own)
        assert "ATTENDEE" not in event.names
        assert event.text("SUMMARY") == ("Advice, Eva" if own == host else "Advice, Room 1")
        assert event.text("LOCATION") == "Office"
    world.ask(Cancel(booking.id))
    calendar, event = fetched(world, booking)
    assert (calendar.one("METHOD"), event.one("SEQUENCE"), event.one("STATUS")) == ("CANCEL", "1", "CANCELLED")


def test_a_request_is_tentative_and_without_our_address_nothing_is_asked(world: World) -> None:
    """A kit without mail names no organizer, so the file has no METHOD."""
    service = world.ask(AddService(branch=world.haircut.branch, name="Colour", length=HOUR, needs_approval=True))
    calendar, event = fetched(world, world.book(service))

    assert event.one("STATUS") == "TENTATIVE"
    assert "METHOD" not in calendar.names
    assert "ORGANIZER" not in event.names


def test_f33_the_file_has_the_instant_of_the_booking(mailed: World) -> None:
    """F-33: calendar, mail and meeting show one instant, the booking's own, over a clock change as well."""
    world = mailed
    planned(world)
    world.clock.set(world.now.parse("2027-03-26T12:00:00Z"))
    booking = world.book(world.advice, starts=world.now.parse("2027-03-28T03:30:00+02:00"))
    world.settle()
    (held,) = world.zoom_meetings()
    _, event = attached(world.mails(EVA)[0])

    assert event.one("DTSTART") == "20270328T013000Z"
    assert held.starts == booking.starts.iso() == "2027-03-28T01:30:00Z"
    assert "2027-03-28 03:30" in world.mails(EVA)[0].text


def test_words_of_the_organisation_stand_in_the_event(mailed: World) -> None:
    """The same that the mail says, in the same language, with whatever characters."""
    world = mailed
    planned(world)
    words = 'Grüezi [client]; bring 🎉, Käse\\Brot & "Äpfel"\n' + "lång " * 40
    world.ask(
        SaveTemplate(organisation=world.root.id, occasion=Occasion.BOOKED, channel=Channel.CLIENT_MAIL, text=words)
    )
    world.book(world.haircut)
    world.settle()

    _, event = attached(world.mails(EVA)[0])
    assert event.text("DESCRIPTION") == words.replace("[client]", "Eva").strip()
