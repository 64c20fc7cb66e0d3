"""Who is told by which way, and when reminders are due. Pure.

Rules kept here:

* A way is offered by the organisation and chosen by the person; where both leave something, that is taken, else what the
  person chose, else what was offered, else any way there is: nobody who can be reached is left out.
* A reminder is due an absolute time before the start, on the instants' line: clocks that change in between move nothing.
* At any moment only the latest reminder that is due is sent; what it has overtaken is left out, and so is one whose time had
  passed when the booking was made. None is sent once the booking has begun.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta
from enum import StrEnum

from attrs import field, frozen

from servicekit.errors import Invalid
from servicekit.ids import ClientId, GroupId, ProviderId, ServiceId
from servicekit.moments import Instant

__all__ = ["NoticePlan", "Preference", "Reminder", "Way", "due_reminders", "next_reminder", "ways"]

_MOST_REMINDERS = 10
_LONGEST = timedelta(days=366)


class Way(StrEnum):
    """How somebody is reached."""

    MAIL = "mail"
    TEXT = "text"


def _each_once(chosen: Iterable[Way]) -> tuple[Way, ...]:
    given = set(chosen)
    return tuple(way for way in Way if way in given)


@frozen
class Reminder:
    """One reminder of the client.

    Attributes:
        before: how long before the start, in absolute time; up to 366 days.
        by: by which ways.

    Raises:
        Invalid: ``reminder_not_before`` for a time that is not before the start, or further away; ``no_way`` without a way.
    """

    before: timedelta
    by: tuple[Way, ...] = field(default=(Way.MAIL,), converter=_each_once)

    def __attrs_post_init__(self) -> None:
        if not timedelta(0) < self.before <= _LONGEST:
            raise Invalid(
                f"A reminder goes out before the start, by up to {_LONGEST.days} days, not {self.before}.",
                code="reminder_not_before",
                seconds=self.before.total_seconds(),
            )
        if not self.by:
            raise Invalid("A reminder goes out by mail, by text or both: name a way.", code="no_way")


@frozen(kw_only=True)
class NoticePlan:
    """What an organisation tells besides; that of a service takes the whole place of its organisation's.

    Attributes:
        id: the organisation's or the service's.
        language: what people read who have chosen no language; empty: English.
        calendar: whether mails about a booking carry a calendar file.
        alarms: how long before the start the reader's calendar gives a sign.
        reminders: to the client.

    Raises:
        Invalid: ``too_many_reminders`` above ten; ``reminder_not_before`` for an alarm after the start.
    """

    id: str
    organisation: GroupId
    language: str = ""
    calendar: bool = False
    alarms: tuple[timedelta, ...] = ()
    reminders: tuple[Reminder, ...] = ()

    def __attrs_post_init__(self) -> None:
        if max(len(self.reminders), len(self.alarms)) > _MOST_REMINDERS:
            raise Invalid(f"At most {_MOST_REMINDERS} reminders: leave some out.", code="too_many_reminders")
        for alarm in self.alarms:
            Reminder(alarm)


@frozen(kw_only=True)
class Preference:
    """What a client or a provider has chosen.

    Attributes:
        id: the client's or the provider's.
        language: a tag such as ``"de-CH"``; empty: the organisation's.
        ways: empty: as the organisation does.
        reminders: whether to be reminded.
        mobile: where texts to a provider go, in E.164; empty for none. A client's stands with the client.
    """

    id: str
    organisation: GroupId
    language: str = ""
    ways: tuple[Way, ...] = field(default=(), converter=_each_once)
    reminders: bool = True
    mobile: str = ""


PersonId = ClientId | ProviderId
ScopeId = GroupId | ServiceId


def ways(offered: Collection[Way], chosen: Collection[Way], possible: Collection[Way]) -> tuple[Way, ...]:
    """By which ways somebody is told.

    Args:
        offered: by the organisation.
        chosen: by the person; empty: has not chosen.
        possible: those that there is an address or number for, and an adapter.

    >>> ways([Way.TEXT], [], [Way.MAIL])  # no mobile number: by mail then
    (<Way.MAIL: 'mail'>,)
    """
    wanted = set(chosen) or set(Way)
    for choice in (wanted & set(offered), wanted, set(offered), set(Way)):
        if choice & set(possible):
            return _each_once(choice & set(possible))
    return ()


def next_reminder(starts: Instant, reminders: Iterable[Reminder], after: Instant) -> Instant | None:
    """When the next reminder is due, later than ``after``; None where there is none."""
    times = (starts - reminder.before for reminder in reminders)
    return min((time for time in times if time > after), default=None)


def due_reminders(starts: Instant, reminders: Iterable[Reminder], since: Instant, at: Instant) -> tuple[Reminder, ...]:
    """The latest that have come due from ``since`` until ``at``, all of one time; nothing from the start on."""
    if at >= starts:
        return ()
    due = [reminder for reminder in reminders if since <= starts - reminder.before <= at]
    latest = min((reminder.before for reminder in due), default=None)
    return tuple(reminder for reminder in due if reminder.before == latest)
