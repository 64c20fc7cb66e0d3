"""Calendar files: one booking as an event that later files update and cancel (RFC 5545, RFC 5546).

Rules kept here:

* The event of a booking keeps its ``UID`` for life (RFC 5545, 3.8.4.7), and ``SEQUENCE`` grows with every revision (3.8.7.4), so
  that whatever comes late never overwrites what is newer (RFC 5546, 2.1.5); of equal ones, ``DTSTAMP`` decides.
* Times are UTC instants (3.3.5, form 2): no time-zone definitions that could be old, no hour that happens twice.
* ``METHOD`` is REQUEST to one attendee, CANCEL for the same (RFC 5546, 3.2.2 and 3.2.5), PUBLISH without any (3.2.1); without
  an organizer's address there is none, since all three need one.
* Each reader has a file of its own: nobody reads another's address or link.

Folding, escaping and quoting are the library's (``icalendar``, extra ``calendar``), imported when a file is made.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from servicekit.errors import MissingExtra
from servicekit.moments import Instant, Window

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["CalendarDocument", "CalendarEvent", "EventStatus", "Method", "Person", "calendar_document", "need_calendar"]

_PRODUCT = "-//servicekit//bookings//EN"


class Method(StrEnum):
    """What the reader's calendar shall do with it."""

    REQUEST = "REQUEST"
    """Enter the event, or bring it up to date."""
    CANCEL = "CANCEL"
    """Strike it."""
    PUBLISH = "PUBLISH"
    """Take it in: for a file that somebody has fetched."""


class EventStatus(StrEnum):
    """Where the event stands (RFC 5545, 3.8.1.11)."""

    TENTATIVE = "TENTATIVE"
    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"


@frozen
class Person:
    """A name and a mail address."""

    name: str
    address: str


@frozen(kw_only=True)
class CalendarEvent:
    """One booking as its reader's calendar shows it.

    Attributes:
        uid: the same for all files about the booking.
        sequence: from 0, higher with every revision.
        at: when this file is written.
        url: where the reader joins; empty for nowhere.
        organizer: who sends; None where there is no address of ours.
        attendee: the reader; None for a file that somebody has fetched.
        alarms: how long before the start to give a sign.
    """

    uid: str
    sequence: int
    at: Instant
    window: Window
    summary: str
    status: EventStatus
    location: str = ""
    description: str = field(default="", repr=False)
    url: str = field(default="", repr=False)
    organizer: Person | None = None
    attendee: Person | None = None
    alarms: tuple[timedelta, ...] = ()

    @property
    def method(self) -> Method | None:
        """What the file asks of the calendar; None where that cannot be said without an organizer."""
        if self.organizer is None:
            return None
        if self.status is EventStatus.CANCELLED:
            return Method.CANCEL
        return Method.PUBLISH if self.attendee is None else Method.REQUEST


@frozen
class CalendarDocument:
    """A calendar file: ``text/calendar`` in UTF-8. ``method`` belongs into its media type (RFC 6047, 2.4), if it has one."""

    content: bytes = field(repr=False)
    method: str = ""
    name: str = "booking.ics"

    @property
    def media_type(self) -> str:
        """For an HTTP answer or a part of a mail."""
        return "text/calendar; charset=utf-8" + (f"; method={self.method}" if self.method else "")


def need_calendar() -> None:
    """See that calendar files can be made, without making one.

    Raises:
        MissingExtra: ``calendar``.
    """
    if find_spec("icalendar") is None:
        raise MissingExtra("calendar", "Making calendar files")


def _library() -> ModuleType:
    need_calendar()
    import icalendar

    return icalendar


def calendar_document(event: CalendarEvent) -> CalendarDocument:
    """The event as a file; the same event gives the same bytes. Costs about a millisecond.

    Raises:
        MissingExtra: ``calendar``.
    """
    library = _library()
    calendar = library.Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    if event.method is not None:
        calendar.add("method", event.method.value)
    calendar.add_component(_event(library, event))
    return CalendarDocument(calendar.to_ical(), (event.method or ""))


def _event(library: Any, event: CalendarEvent) -> Any:
    made = library.Event()
    made.add("uid", event.uid)
    made.add("sequence", event.sequence)
    made.add("dtstamp", event.at.utc.replace(microsecond=0))
    made.add("dtstart", event.window.opens.utc.replace(microsecond=0))
    made.add("dtend", event.window.closes.utc.replace(microsecond=0))
    made.add("summary", _seemly(event.summary))
    made.add("status", event.status.value)
    made.add("transp", "OPAQUE")
    for name, text in (("location", event.location), ("description", event.description), ("url", event.url)):
        if text:
            made.add(name, _seemly(text))
    if event.organizer is not None:
        made.add("organizer", _person(library, event.organizer))
        if event.attendee is not None:
            # The booking is made: nobody is asked whether they come (RFC 5545, 3.2.12 and 3.2.17).
            made.add("attendee", _person(library, event.attendee, partstat="ACCEPTED", rsvp="FALSE"))
    if event.status is not EventStatus.CANCELLED:
        for alarm in _alarms(library, event):
            made.add_component(alarm)
    return made


def _alarms(library: Any, event: CalendarEvent) -> Iterable[Any]:
    for before in event.alarms:
        alarm = library.Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", _seemly(event.summary))
        alarm.add("trigger", -before)
        yield alarm


def _person(library: Any, person: Person, **parameters: str) -> Any:
    made = library.vCalAddress(f"mailto:{person.address}")
    if person.name:
        # A parameter has no quotes and no line breaks within it (RFC 5545, 3.1).
        made.params["cn"] = " ".join(_seemly(person.name).replace('"', "'").split())
    made.params.update({name.upper(): value for name, value in parameters.items()})
    return made


def _seemly(text: str) -> str:
    """Without what no content line may have: control characters but tab and line feed, and halves of pairs."""
    whole = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode("utf-8")
    return "".join(one for one in whole if one in "\n\t" or (one >= " " and not "\x7f" <= one <= "\x9f"))
