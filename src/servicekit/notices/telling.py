"""Who is told by which way, and who is reminded. Pure.

Rules kept here: a way is offered by the organisation and chosen by the person; where both leave something, that is taken, else
what the person chose, else what was offered, else any way there is: nobody who can be reached is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta
from enum import StrEnum

from attrs import field, frozen

from servicekit.errors import Invalid
from servicekit.ids import BranchId, ClientId, GroupId, ProviderId, ServiceId
from servicekit.notices.quiet import QuietHours

__all__ = ["NoticePlan", "Preference", "Reader", "Reminder", "Way", "ways"]

_MOST_REMINDERS = 10
_LONGEST = timedelta(days=366)


class Way(StrEnum):
    """How somebody is reached."""

    MAIL = "mail"
    TEXT = "text"


class Reader(StrEnum):
    """Who is reminded."""

    CLIENT = "client"
    PROVIDER = "provider"


def _each_once(chosen: Iterable[Way]) -> tuple[Way, ...]:
    given = set(chosen)
    return tuple(way for way in Way if way in given)


def _readers(chosen: Iterable[Reader]) -> tuple[Reader, ...]:
    given = set(chosen)
    return tuple(reader for reader in Reader if reader in given)


@frozen
class Reminder:
    """One reminder.

    Attributes:
        before: how long before the start, in absolute time; up to 366 days.
        by: by which ways.
        to: who is reminded; the client unless said.

    Raises:
        Invalid: ``reminder_not_before`` for a time that is not before the start, or further away; ``no_way`` without a way;
            ``no_reader`` without anybody.
    """

    before: timedelta
    by: tuple[Way, ...] = field(default=(Way.MAIL,), converter=_each_once)
    to: tuple[Reader, ...] = field(default=(Reader.CLIENT,), converter=_readers)

    def __attrs_post_init__(self) -> None:
        if not timedelta(0) < self.before <= _LONGEST:
            raise Invalid(
                f"A reminder goes out before the start, by up to {_LONGEST.days} days, not {self.before}.",
                code="reminder_not_before",
                seconds=self.before.total_seconds(),
            )
        if not self.by:
            raise Invalid("A reminder goes out by mail, by text or both: name a way.", code="no_way")
        if not self.to:
            raise Invalid("A reminder goes to the client, to the provider or both: name somebody.", code="no_reader")


@frozen(kw_only=True)
class NoticePlan:
    """What an organisation tells besides; that of a service, or else of its branch, takes the whole place of its organisation's.

    Attributes:
        id: the organisation's, the branch's or the service's.
        language: what people read who have chosen no language; empty: English.
        calendar: whether mails about a booking carry a calendar file.
        alarms: how long before the start the reader's calendar gives a sign.
        reminders: to client and provider.
        quiet: when no reminder is sent by text.

    Raises:
        Invalid: ``too_many_reminders`` above ten; ``reminder_not_before`` for an alarm after the start.
    """

    id: str
    organisation: GroupId
    language: str = ""
    calendar: bool = False
    alarms: tuple[timedelta, ...] = ()
    reminders: tuple[Reminder, ...] = ()
    quiet: QuietHours = field(factory=QuietHours)

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
ScopeId = GroupId | BranchId | ServiceId


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
