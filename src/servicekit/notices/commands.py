"""What can be asked of the room."""

from __future__ import annotations

from datetime import timedelta

from attrs import field, frozen

from servicekit.commands import Command, Query
from servicekit.ids import BookingId, BranchId, GroupId, ServiceId
from servicekit.notices.calendars import CalendarDocument
from servicekit.notices.quiet import QuietHours
from servicekit.notices.telling import NoticePlan, PersonId, Preference, Reminder, Way
from servicekit.notices.templates import Channel, Occasion, Template

__all__ = [
    "DoorInformation",
    "GetCalendarFile",
    "GetPreference",
    "PlanNotices",
    "Preview",
    "PreviewTemplate",
    "SaveTemplate",
    "SetPreference",
]


@frozen(kw_only=True)
class SaveTemplate(Command[Template]):
    """Save what is sent on an occasion by a channel, in place of the built-in text. Needs ``templates:write``.

    Attributes:
        language: whose readers get it; empty: everybody whose language has no template.

    Raises:
        Invalid: ``unknown_variable``, ``host_link_for_client``, ``variable_not_here``, ``empty_template``,
            ``no_such_notice``, ``subject_without_mail``, ``not_a_language``, ``control_character``.
    """

    organisation: GroupId
    occasion: Occasion
    channel: Channel
    text: str
    subject: str = ""
    language: str = ""


@frozen
class Preview:
    """A notice as somebody would read it; ``segments``: what it costs as a text, with the signature; None for no text."""

    subject: str
    text: str = field(repr=False)
    language: str = ""
    segments: int | None = None


@frozen(kw_only=True)
class PreviewTemplate(Query[Preview]):
    """A notice as it would be sent. Needs ``templates:read``, and for a real booking ``bookings:read``.

    Attributes:
        text: what is about to be saved, checked as if it were; empty: what would be sent now.
        subject: with ``text``.
        language: whose reader it is for.
        booking: whose values are shown; None: sample values.

    Raises:
        Invalid: as for :class:`SaveTemplate`.
    """

    organisation: GroupId
    occasion: Occasion
    channel: Channel
    text: str = ""
    subject: str = ""
    language: str = ""
    booking: BookingId | None = None


@frozen(kw_only=True)
class PlanNotices(Command[NoticePlan]):
    """Say what is told besides; see :class:`~servicekit.notices.NoticePlan`. Needs ``templates:write``.

    A service's plan takes the whole place of its branch's, and that of its organisation's. Reminders hold for bookings that
    are made or moved from now on; a booking that has a reminder waiting follows the plan as it is when that one is due.

    Attributes:
        branch, service: for its bookings only; one of them at most.
        quiet: when no reminder is sent by text, on the branch's clock; from 21 until 8 unless said. ``NO_QUIET`` for never.

    Raises:
        Invalid: ``reminder_not_before``, ``no_way``, ``no_reader``, ``too_many_reminders``, ``not_a_language``, ``two_places``.
        MissingExtra: ``calendar`` where mails shall carry calendar files.
    """

    organisation: GroupId
    branch: BranchId | None = None
    service: ServiceId | None = None
    language: str = ""
    calendar: bool = False
    alarms: tuple[timedelta, ...] = ()
    reminders: tuple[Reminder, ...] = ()
    quiet: QuietHours = field(factory=QuietHours)


@frozen(kw_only=True)
class SetPreference(Command[Preference]):
    """Say how a client or a provider wants to be told. They may themselves; others need ``clients:write``.

    Attributes:
        ways: by which of those that the organisation offers; by these all the same where it offers none of them. Empty: as the
            organisation does.
        reminders: whether to be reminded.
        mobile: where texts to a provider go, in any form that the ``country_code`` makes unique; empty for none.

    Raises:
        Invalid: ``not_a_language``, ``clients_own_mobile`` for a client's number, or what is wrong with the number.
    """

    who: PersonId
    language: str = ""
    ways: tuple[Way, ...] = ()
    reminders: bool = True
    mobile: str = ""
    country_code: int = 46


@frozen
class GetPreference(Query[Preference]):
    """What a client or a provider has chosen. They may themselves; others need ``clients:read``."""

    who: PersonId


@frozen
class GetCalendarFile(Query[CalendarDocument]):
    """A booking as a calendar file: the provider's with the host's link, everybody else's as the client's.

    Rights as for GetBooking. A file of a booking that was moved or cancelled changes the event of those before it.

    Raises:
        MissingExtra: ``calendar``.
    """

    booking: BookingId


@frozen
class DoorInformation(Query[str]):
    """The text about doors that a booking page shows for a service; empty where its bookings open none.

    The organisation's clients may, and whoever has ``bookings:read``.
    """

    service: ServiceId
    language: str = ""
