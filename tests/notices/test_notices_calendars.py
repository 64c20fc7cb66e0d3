"""Calendar files, read by a reader of our own and by two libraries: one event that later files update and cancel."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from calendar_reader import Component, read_calendar
from servicekit.errors import MissingExtra
from servicekit.moments import Instant, Window
from servicekit.notices import (
    CalendarDocument,
    CalendarEvent,
    EventStatus,
    Method,
    Person,
    calendar_document,
    need_calendar,
)

NOON = Instant.parse("2026-11-25T12:00:00Z")
HOUR = timedelta(hours=1)
SALON, EVA = Person("Salon", "salon@salon.example"), Person("Eva", "eva@home.example")
EVENT = CalendarEvent(
    uid="bkg_1",
    sequence=0,
    at=NOON,
    window=Window(NOON + 24 * HOUR, NOON + 25 * HOUR),
    summary="Coaching, Room 1",
    status=EventStatus.CONFIRMED,
    location="Zentrum",
    description="Hello Eva,\n\nJoin online",
    url="https://zoom.example/j/1?pwd=a,b;c",
    organizer=SALON,
    attendee=EVA,
    alarms=(timedelta(minutes=15), timedelta(days=1, hours=2)),
)
WORDS = st.text(st.characters(codec="utf-8"), max_size=120) | st.sampled_from(
    [
        "åäö " * 40,
        "🎉" * 60,
        'a;b,c:d\\n"e"',
        "line\none\r\ntwo\rthree",
        "BEGIN:VALARM\r\nEND:VEVENT",
        "x" * 200,
        "e\u0301" * 60,
    ]
)


def whole(event: CalendarEvent) -> Component:
    """The file as our own reader has it."""
    return read_calendar(calendar_document(event).content)


def event_of(event: CalendarEvent) -> Component:
    """The event in it."""
    (found,) = whole(event).within
    assert found.name == "VEVENT"
    return found


def seen(text: str) -> str:
    """A text as a calendar can hold it: line feeds as line breaks, no control characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(one for one in text if one in "\n\t" or (one >= " " and not "\x7f" <= one <= "\x9f"))


@pytest.mark.spec("B-04")
def test_a_request_has_all_that_a_calendar_needs() -> None:
    """What RFC 5546, 3.2.2 demands of a request, with the place, the words, the link and the alarms."""
    calendar, event = whole(EVENT), event_of(EVENT)

    assert (calendar.name, calendar.one("VERSION"), calendar.one("METHOD")) == ("VCALENDAR", "2.0", "REQUEST")
    assert calendar.one("PRODID")
    assert (event.one("UID"), event.one("SEQUENCE"), event.one("STATUS")) == ("bkg_1", "0", "CONFIRMED")
    times = [event.one(name) for name in ("DTSTAMP", "DTSTART", "DTEND")]
    assert times == ["20261125T120000Z", "20261126T120000Z", "20261126T130000Z"]
    assert (event.text("SUMMARY"), event.text("LOCATION")) == ("Coaching, Room 1", "Zentrum")
    assert event.text("DESCRIPTION") == "Hello Eva,\n\nJoin online"
    assert event.one("URL") == "https://zoom.example/j/1?pwd=a,b;c"  # a URI is not escaped (RFC 5545, 3.3.13)
    assert (event.one("ORGANIZER"), event.one("ATTENDEE")) == ("mailto:salon@salon.example", "mailto:eva@home.example")
    assert event.parameters("ATTENDEE") == {"CN": "Eva", "PARTSTAT": "ACCEPTED", "RSVP": "FALSE"}
    assert [alarm.one("TRIGGER") for alarm in event.within] == ["-PT15M", "-P1DT2H"]
    assert {alarm.one("ACTION") for alarm in event.within} == {"DISPLAY"}
    assert {alarm.text("DESCRIPTION") for alarm in event.within} == {"Coaching, Room 1"}


@pytest.mark.parametrize(
    ("changes", "method"),
    [
        ({}, Method.REQUEST),
        ({"status": EventStatus.CANCELLED}, Method.CANCEL),
        ({"attendee": None}, Method.PUBLISH),
        ({"attendee": None, "status": EventStatus.CANCELLED}, Method.CANCEL),
        ({"organizer": None}, None),
    ],
)
def test_what_a_file_asks_of_the_calendar(changes: dict[str, Any], method: Method | None) -> None:
    """It stands in the file and in its media type, or in neither; without an organizer nobody attends."""
    event = evolve(EVENT, **changes)
    document = calendar_document(event)
    named = [value for name, _, value in whole(event).properties if name == "METHOD"]

    assert event.method is method
    assert named == ([method.value] if method else [])
    assert document.method == (method or "")
    assert document.media_type == "text/calendar; charset=utf-8" + (f"; method={method}" if method else "")
    assert ("ATTENDEE" in event_of(event).names) == (event.organizer is not None and event.attendee is not None)


def test_a_cancelled_event_gives_no_sign() -> None:
    """Its alarms are gone, and it is the same event."""
    off = event_of(evolve(EVENT, status=EventStatus.CANCELLED, sequence=3))
    assert (off.within, off.one("UID"), off.one("SEQUENCE"), off.one("STATUS")) == ([], "bkg_1", "3", "CANCELLED")


def test_what_is_not_there_has_no_line() -> None:
    """Neither place, words, link, people nor alarms."""
    bare = CalendarEvent(
        uid="bkg_1", sequence=0, at=NOON, window=EVENT.window, summary="Coaching", status=EventStatus.TENTATIVE
    )
    assert event_of(bare).names == {"UID", "SEQUENCE", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "STATUS", "TRANSP"}
    assert event_of(bare).within == []


@settings(max_examples=100)
@given(WORDS, WORDS, WORDS)
def test_whatever_somebody_typed_is_read_back(summary: str, description: str, name: str) -> None:
    """Folded within 75 octets and never within a character, escaped, and no line is added: by our reader."""
    event = evolve(EVENT, summary=summary, description=description, organizer=Person(name, SALON.address))
    read = event_of(event)

    assert read.text("SUMMARY") == seen(summary)
    assert ("DESCRIPTION" in read.names) == bool(description)
    if description:
        assert read.text("DESCRIPTION") == seen(description)
    assert read.parameters("ORGANIZER").get("CN", "") == " ".join(seen(name).replace('"', "'").split())
    assert len(read.within) == 2


@pytest.mark.parametrize("summary", ["Föning 🎉 für Åsa", "a;b,c"])
def test_another_library_reads_the_same(summary: str) -> None:
    """vobject, and icalendar itself: words, instants and alarms."""
    import icalendar

    content = calendar_document(evolve(EVENT, summary=summary)).content
    (read,) = icalendar.Calendar.from_ical(content).walk("VEVENT")
    assert str(read["SUMMARY"]) == summary
    assert read.decoded("DTSTART") == datetime(2026, 11, 26, 12, tzinfo=UTC)
    vobject = pytest.importorskip("vobject")
    other = vobject.readOne(content.decode()).vevent
    assert (other.summary.value, other.uid.value, other.sequence.value) == (summary, "bkg_1", "0")
    assert other.dtstart.value == datetime(2026, 11, 26, 12, tzinfo=UTC)
    assert other.valarm.trigger.value == timedelta(minutes=-15)


@pytest.mark.parametrize(
    ("zone", "start"),
    [
        ("Europe/Zurich", "2026-03-29T03:30:00+02:00"),
        ("Europe/Zurich", "2026-10-25T02:30:00+02:00"),
        ("Europe/Zurich", "2026-10-25T02:30:00+01:00"),
        ("America/New_York", "2026-11-01T01:30:00-04:00"),
        ("America/New_York", "2026-11-01T01:30:00-05:00"),
        ("Australia/Lord_Howe", "2026-04-05T01:45:00+11:00"),
        ("Australia/Lord_Howe", "2026-04-05T01:45:00+10:30"),
    ],
)
def test_f37_an_hour_that_happens_twice_is_the_one_that_was_booked(zone: str, start: str) -> None:
    """F-37, F-33: the file has the instant itself, whatever clocks show; no local time is written as UTC."""
    starts = Instant.parse(start)
    event = event_of(evolve(EVENT, window=Window(starts, starts + HOUR)))

    written = [
        datetime.strptime(event.one(name), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) for name in ("DTSTART", "DTEND")
    ]
    assert [Instant.of(one) for one in written] == [starts, starts + HOUR]
    assert Instant.of(written[0]).local(zone).isoformat() == start


def test_f04_a_time_is_never_what_text_says() -> None:
    """F-04: a name or template that shows another time changes no time of the event."""
    event = event_of(evolve(EVENT, summary="Coaching 20270101T000000Z\nDTSTART:20270101T000000Z"))
    assert event.one("DTSTART") == "20261126T120000Z"


def test_the_same_event_gives_the_same_bytes() -> None:
    """Nothing in it is chance or the clock's; what links and words are stays out of logs."""
    document = calendar_document(EVENT)
    assert document == calendar_document(EVENT)
    assert document.name == "booking.ics"
    assert "BEGIN" not in repr(document)
    assert "zoom.example" not in repr(EVENT)
    assert CalendarDocument(b"x").media_type == "text/calendar; charset=utf-8"


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation without it has everything but calendar files."""
    monkeypatch.setitem(sys.modules, "icalendar", None)
    with pytest.raises(MissingExtra, match=r"servicekit-sdk\[calendar\]"):
        need_calendar()
    with pytest.raises(MissingExtra):
        calendar_document(EVENT)
