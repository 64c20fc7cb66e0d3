"""When reminders are due, and what the night does to those by text. Pure.

Rules kept here:

* A reminder is due an absolute time before the start, on the instants' line: clocks that change in between move nothing.
* At any moment only the latest reminder that is due is sent; what it has overtaken is left out, and so is one whose time had
  passed when the booking was made. None is sent once the booking has begun.
* A text that would fall into the quiet hours goes before or after them (:mod:`~servicekit.notices.quiet`), or not at all.
  Mails keep to their time: they wake nobody.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from servicekit.moments import Instant, Zone
from servicekit.notices.quiet import QuietHours
from servicekit.notices.telling import Reminder, Way

__all__ = ["Due", "due_reminders", "next_reminder", "timetable"]


@frozen
class Due:
    """One moment of one reminder: ``ways``, those of the ways that people are told which go at that moment."""

    at: Instant
    reminder: Reminder
    ways: tuple[Way, ...]


def timetable(
    starts: Instant, reminders: Iterable[Reminder], quiet: QuietHours, zone: Zone, since: Instant
) -> tuple[Due, ...]:
    """The moments of a booking's reminders; one in the night has two, for mails and for texts.

    Args:
        starts: when the booking starts.
        reminders: of its plan.
        quiet: of the plan.
        zone: the branch's.
        since: when the booking was made, or moved: nothing is due before.
    """
    made: list[Due] = []
    for one in reminders:
        at = starts - one.before
        text = quiet.moved(at, zone, since, starts) if at > since else at
        if text == at:
            made.append(Due(at, one, tuple(Way)))
        else:
            made.append(Due(at, one, (Way.MAIL,)))
            if text is not None:
                made.append(Due(text, one, (Way.TEXT,)))
    return tuple(made)


def next_reminder(times: Iterable[Due], after: Instant) -> Instant | None:
    """When the next reminder is due, later than ``after``; None where there is none."""
    return min((due.at for due in times if due.at > after), default=None)


def due_reminders(times: Iterable[Due], starts: Instant, since: Instant, at: Instant) -> tuple[Due, ...]:
    """The latest that have come due from ``since`` until ``at``, all of one time before the start; nothing from that on."""
    if at >= starts:
        return ()
    due = [one for one in times if since <= one.at <= at]
    latest = min((one.reminder.before for one in due), default=None)
    return tuple(one for one in due if one.reminder.before == latest)
