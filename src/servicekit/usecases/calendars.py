"""Calendar files of bookings: in mails about them, and to be fetched."""

from __future__ import annotations

from collections.abc import Mapping

from servicekit.bookings import Booking, BookingState
from servicekit.commands import Principal
from servicekit.mail import CalendarPart
from servicekit.notices import (
    CalendarDocument,
    CalendarEvent,
    Channel,
    EventStatus,
    GetCalendarFile,
    Occasion,
    Person,
    calendar_document,
)
from servicekit.usecases.booking import seen_booking
from servicekit.usecases.speaking import People, address_to, people, said, values_of
from servicekit.usecases.work import Work

__all__ = ["calendar_part", "get_calendar_file"]

_CHANGES = frozenset({Occasion.BOOKED, Occasion.MOVED, Occasion.CANCELLED})
"""What enters the event, moves it, and strikes it."""
_STATUS: Mapping[BookingState, EventStatus] = {
    BookingState.REQUESTED: EventStatus.TENTATIVE,
    BookingState.CANCELLED: EventStatus.CANCELLED,
}


def calendar_part(work: Work, who: People, occasion: Occasion, channel: Channel) -> CalendarPart | None:
    """The file that a mail about an occasion carries; None where it carries none."""
    if not who.plan.calendar or occasion not in _CHANGES:
        return None
    reader = who.client if channel is Channel.CLIENT_MAIL else who.provider
    attendee = Person(reader.name, address_to(work, who, channel))
    document = calendar_document(_event(work, who, channel, occasion, attendee))
    return CalendarPart(document.method, document.content)


def get_calendar_file(work: Work, query: GetCalendarFile) -> CalendarDocument:
    """The booking's file, for whoever may see it."""
    booking = seen_booking(work, query.booking)
    channel = Channel.PROVIDER_MAIL if work.by == Principal.of(booking.provider) else Channel.CLIENT_MAIL
    occasion = Occasion.CANCELLED if booking.state is BookingState.CANCELLED else Occasion.BOOKED
    return calendar_document(_event(work, people(work, booking), channel, occasion, None))


def _event(work: Work, who: People, channel: Channel, occasion: Occasion, attendee: Person | None) -> CalendarEvent:
    booking, values = who.booking, values_of(work, who, channel)
    own_link = "online_meeting_link" if channel is Channel.CLIENT_MAIL else "online_meeting_provider_link"
    other = values["provider"] if channel is Channel.CLIENT_MAIL else values["client"]
    sender = work.wiring.mail_from
    return CalendarEvent(
        uid=booking.id,
        sequence=booking.revision - 1,
        at=work.at,
        window=booking.window,
        summary=f"{values['service']}, {other}",
        status=_status(booking),
        location=values["branch"],
        description=said(work, who, occasion, channel).text,
        url=values.get(own_link, ""),
        organizer=Person(values["organisation"], sender) if sender else None,
        attendee=attendee,
        alarms=who.plan.alarms,
    )


def _status(booking: Booking) -> EventStatus:
    return _STATUS.get(booking.state, EventStatus.CONFIRMED)
