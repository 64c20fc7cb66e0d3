"""Notices: what clients and providers are told of a booking, and by which way.

The rules of this room:

* A text is a template with variables in square brackets; one that names an unknown variable is refused when it is saved.
* A line whose variables are all empty vanishes whole, so that a booking without a meeting shows no bare label.
* The host's link stands only in what the provider gets; a template for clients that names it is refused.
* A notice states facts, so it is written once the facts are there: after the key and the meeting, never before.
* Everybody reads their own language where there is a text in it, and is told by the ways that they chose.
* A reminder is due an absolute time before the start; only the latest that is due is sent, and none once it has begun.
* All calendar files of a booking are about one event, which a later file updates or cancels.
"""

from servicekit.notices.calendars import (
    CalendarDocument,
    CalendarEvent,
    EventStatus,
    Method,
    Person,
    calendar_document,
    need_calendar,
)
from servicekit.notices.commands import (
    DoorInformation,
    GetCalendarFile,
    GetPreference,
    PlanNotices,
    Preview,
    PreviewTemplate,
    SaveTemplate,
    SetPreference,
)
from servicekit.notices.languages import check_language, lookup
from servicekit.notices.quiet import NO_QUIET, QuietHours, Shift
from servicekit.notices.reminders import Due, due_reminders, next_reminder, timetable
from servicekit.notices.telling import NoticePlan, Preference, Reader, Reminder, Way, ways
from servicekit.notices.templates import PAIRS, VARIABLES, Channel, Occasion, Rendered, Template, check, render
from servicekit.notices.wordings import BUILT_IN, DEFAULTS

__all__ = [
    "BUILT_IN",
    "DEFAULTS",
    "NO_QUIET",
    "PAIRS",
    "VARIABLES",
    "CalendarDocument",
    "CalendarEvent",
    "Channel",
    "DoorInformation",
    "Due",
    "EventStatus",
    "GetCalendarFile",
    "GetPreference",
    "Method",
    "NoticePlan",
    "Occasion",
    "Person",
    "PlanNotices",
    "Preference",
    "Preview",
    "PreviewTemplate",
    "QuietHours",
    "Reader",
    "Reminder",
    "Rendered",
    "SaveTemplate",
    "SetPreference",
    "Shift",
    "Template",
    "Way",
    "calendar_document",
    "check",
    "check_language",
    "due_reminders",
    "lookup",
    "need_calendar",
    "next_reminder",
    "render",
    "timetable",
    "ways",
]
