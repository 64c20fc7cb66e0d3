"""Fault reports: filed by customer users, unseen until opened, told to whom they concern.

Rules kept here:

* A report is unseen to each reader until that reader opens it; who files one has seen it.
* The customer's technician and whoever has chosen "all fault reports" are told of each, once, by the channel of their choice.
* Who chose SMS and cannot be reached by it, or turns out not to be, is told by mail, and the report shows that, and why.
"""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen

from servicekit.commands import Command, Query
from servicekit.ids import CustomerId, FacilityId, FaultReportId, GroupId, MessageId, ObjectId, UserId
from servicekit.moments import Instant

__all__ = [
    "ChooseNotices",
    "CountUnseenFaults",
    "FaultPage",
    "FaultReport",
    "FaultView",
    "FileFaultReport",
    "GetFaultReport",
    "ListFaultReports",
    "NoticeChoice",
    "OpenFaultReport",
    "SeenFault",
    "Told",
    "Way",
    "way_for",
]


class Way(StrEnum):
    """How somebody is told."""

    SMS = "sms"
    MAIL = "mail"
    NONE = "none"
    """Not at all: there was no way."""


@frozen(kw_only=True)
class NoticeChoice:
    """How a user of the organisation wants to be told; who has chosen nothing is told by mail, of what is assigned to it.

    Attributes:
        mobile: in E.164; empty: none.
        all_faults: of every fault report of the organisation, assigned or not.
    """

    user: UserId
    organisation: GroupId
    way: Way = Way.MAIL
    mobile: str = ""
    all_faults: bool = False


@frozen(kw_only=True)
class FaultReport:
    """What a customer user says is broken; ``facility`` is the object's, where it names one."""

    id: FaultReportId
    organisation: GroupId
    customer: CustomerId
    facility: FacilityId | None
    object: ObjectId | None
    text: str
    by: str
    made_at: Instant


@frozen(kw_only=True)
class Told:
    """That a user was told of a report or a comment.

    Attributes:
        about: of which.
        instead: why it was not told as it has chosen; empty: it was.
        at: when; of an SMS that failed, when it was followed by a mail.
        message: the SMS, also one that failed.
    """

    about: str
    user: UserId
    way: Way
    instead: str
    at: Instant
    message: MessageId | None = None


@frozen(kw_only=True)
class SeenFault:
    """That a reader, a principal's id, has opened a report."""

    report: FaultReportId
    reader: str
    at: Instant


def way_for(choice: NoticeChoice, *, texts: bool, mails: bool) -> tuple[Way, str]:
    """How somebody is told, and why not as it has chosen.

    Args:
        choice: what was chosen.
        texts, mails: whether there is a carrier, and a mail server.

    >>> anna = NoticeChoice(user=UserId("usr_1"), organisation=GroupId("grp_1"), way=Way.SMS)
    >>> way_for(anna, texts=True, mails=True)
    (<Way.MAIL: 'mail'>, 'no mobile number')
    """
    instead = ""
    if choice.way is Way.SMS:
        instead = "" if choice.mobile else "no mobile number"
        instead = instead if texts else "no carrier"
        if not instead:
            return Way.SMS, ""
    return (Way.MAIL, instead) if mails else (Way.NONE, instead or "no mail server")


@frozen(kw_only=True)
class ChooseNotices(Command[NoticeChoice]):
    """Choose how a user is told, and of what. One's own choice needs no right; anybody else's needs ``users:write``.

    Raises:
        Invalid: what is wrong with the number; ``no_way`` for :attr:`Way.NONE`.
    """

    user: UserId
    way: Way
    mobile: str = ""
    all_faults: bool = False


@frozen(kw_only=True)
class FileFaultReport(Command[FaultReport]):
    """Report a fault. Needs ``fault_reports:write``.

    Args:
        customer: whose.
        text: what is broken, 1 to 10,000 characters.
        facility: where; None: at none, or at the object's.
        object: what; None: it is no object of the store's.

    Raises:
        NotFound: the asker may not see the facility or the object, or would not see the report.
        Invalid: ``foreign_facility``, ``no_text``, ``long_text``, ``control_character``.
    """

    customer: CustomerId
    text: str
    facility: FacilityId | None = None
    object: ObjectId | None = None


@frozen(kw_only=True)
class OpenFaultReport(Command["FaultView"]):
    """Read a report and have it seen from now on. Needs ``fault_reports:read``."""

    report: FaultReportId


@frozen(kw_only=True)
class GetFaultReport(Query["FaultView"]):
    """Read a report without having it seen. Needs ``fault_reports:read``."""

    report: FaultReportId


@frozen
class FaultView:
    """A report as a reader sees it; who was told of it is shown to users of the organisation only."""

    report: FaultReport
    unseen: bool
    told: tuple[Told, ...] = ()


@frozen
class FaultPage:
    """Reports that the asker may see, newest first, how many there are in all, and how many of those it has not seen."""

    reports: tuple[FaultView, ...]
    count: int
    unseen: int


@frozen(kw_only=True)
class ListFaultReports(Query[FaultPage]):
    """The fault reports of an organisation that the asker may see. Needs ``fault_reports:read``.

    Attributes:
        containing: only those with this in their text; capitals are the same as small letters.
        unseen: only those that the asker has not opened.
        most: at most so many, 1 to 1,000.
    """

    organisation: GroupId
    containing: str = ""
    unseen: bool = False
    most: int = 50


@frozen
class CountUnseenFaults(Query[int]):
    """The number beside the menu: reports that the asker may see and has not opened. Needs ``fault_reports:read``."""

    organisation: GroupId
