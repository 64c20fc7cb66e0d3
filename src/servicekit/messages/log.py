"""The log: what can be asked of it, in which order its rows come, and where a page ends.

Rules kept here:

* A page ends at a row, and the next one begins after that row in the same order (the column, then the id): rows that come
  meanwhile make no other row be left out or come twice. A row whose status or segments change meanwhile, in an order by
  them, is where it stands by then.
* Texts are in order of their code points, so ``Å`` comes after ``Z`` on every database.
* A cursor belongs to its query: with any other narrowing or order it is refused. It holds no rights, these are asked about
  with every page.
* A row names its group as that was called when the message was made.

Refused, as `Invalid`: ``bad_cursor``, ``other_cursor``, ``unknown_status``, ``unsearchable``.
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from enum import StrEnum

from attrs import evolve, frozen

from servicekit.codec import dumps
from servicekit.commands import Query
from servicekit.errors import Invalid
from servicekit.ids import GroupId, UserId
from servicekit.messages.incoming import cleaned
from servicekit.messages.message import Direction, Message, Status
from servicekit.moments import Instant

__all__ = [
    "MOST_CHOICES",
    "LogChoices",
    "LogColumn",
    "LogGroup",
    "LogPage",
    "LogRow",
    "LogStatus",
    "Mark",
    "SearchLog",
    "check_narrowing",
    "cursor_after",
    "mark_of",
    "status_of",
]

MOST_CHOICES = 1000
"""How many values of one column are offered for narrowing, at most."""
_LARGEST = 2**63 - 1


class LogColumn(StrEnum):
    """The columns of the log, which it can be sorted by."""

    MADE_AT = "made_at"
    GROUP = "group"
    """By the name that the group had."""
    EMAIL = "email"
    NUMBER = "number"
    DIRECTION = "direction"
    STATUS = "status"
    """As shown."""
    SEGMENTS = "segments"


@frozen
class LogRow:
    """A message, and the address of its user as it is now; empty for a message without a user."""

    message: Message
    email: str


_KEYS: Mapping[LogColumn, Callable[[LogRow], str | int]] = {
    LogColumn.MADE_AT: lambda row: row.message.made_at.us,
    LogColumn.GROUP: lambda row: row.message.group_name,
    LogColumn.EMAIL: lambda row: row.email,
    LogColumn.NUMBER: lambda row: row.message.number,
    LogColumn.DIRECTION: lambda row: row.message.direction.value,
    LogColumn.STATUS: lambda row: row.message.shown,
    LogColumn.SEGMENTS: lambda row: row.message.segments,
}


@frozen
class LogGroup:
    """A group under a name that it had; one that was renamed is there under each."""

    id: GroupId
    name: str


@frozen(kw_only=True)
class LogChoices:
    """The values that a log can be narrowed by: all that occur in it, not on one page only, in order.

    Attributes:
        groups: by name.
        emails: of users.
        statuses: as shown, such as ``DELIVERED`` or ``Group:Stylists``.
        cut_off: the columns that have more values than the :data:`MOST_CHOICES` that are given here.
    """

    groups: tuple[LogGroup, ...]
    emails: tuple[str, ...]
    numbers: tuple[str, ...]
    directions: tuple[Direction, ...]
    statuses: tuple[str, ...]
    cut_off: tuple[LogColumn, ...] = ()


@frozen
class LogPage:
    """Rows of the log.

    Attributes:
        rows: in the order asked for.
        next: the cursor of the page after this one; empty at the end.
        choices: where they were asked for.
    """

    rows: tuple[LogRow, ...]
    next: str = ""
    choices: LogChoices | None = None

    @property
    def messages(self) -> tuple[Message, ...]:
        """The messages of the rows."""
        return tuple(row.message for row in self.rows)

    @property
    def segments(self) -> int:
        """What the messages of this page cost together."""
        return sum(row.message.segments for row in self.rows)


@frozen(kw_only=True)
class SearchLog(Query[LogPage]):
    """The log of ``group`` and all groups below it, a page at a time; newest first unless said. Needs ``log:read`` there.

    In order of time a page costs an index range of each group, whichever page it is; in another order, one pass over the
    log that it is narrowed to. ``choices`` cost a pass for each column.

    Attributes:
        since, until: made at or after, made before; None is open.
        exactly: of this group alone, which is ``group`` or below it.
        user: of this user.
        email: of the users who have this address, in small letters or capitals.
        number: the other side's, as the log shows it.
        status: as shown. ``Group`` is every limit of a group that struck, ``Group:Stylists`` that of groups of that name.
        order, descending: what the rows are sorted by; those alike by their ids.
        after: the ``next`` of the page before; empty for the first page.
        choices: whether to give the values to narrow by as well; worth it with a first page.
        most: at most so many rows, 1 to 1,000.

    Raises:
        NotFound: ``exactly`` is neither ``group`` nor below it.
        Invalid: ``page_size``; ``bad_cursor``; ``other_cursor`` where ``after`` belongs to another query; ``unknown_status``;
            ``unsearchable`` for a text that no row can have.
    """

    group: GroupId
    since: Instant | None = None
    until: Instant | None = None
    exactly: GroupId | None = None
    user: UserId | None = None
    email: str | None = None
    number: str | None = None
    direction: Direction | None = None
    status: str | None = None
    order: LogColumn = LogColumn.MADE_AT
    descending: bool = True
    after: str = ""
    choices: bool = False
    most: int = 100


@frozen
class Mark:
    """A place in the log: after the row with this value of the column that sorts, and this id."""

    value: str | int
    id: str


@frozen
class LogStatus:
    """A status to narrow by; ``struck``: only where the quota of a group of this name struck, None: whichever it was."""

    status: Status
    struck: str | None = None


def status_of(shown: str) -> LogStatus:
    """What a shown status says.

    >>> status_of("Group:Stylists: evening").struck
    'Stylists: evening'

    Raises:
        Invalid: ``unknown_status``.
    """
    status, colon, struck = shown.partition(":")
    if status not in set(Status):
        known = ", ".join(Status)
        raise Invalid(f"{shown!r} is no status of the log: there are {known}.", code="unknown_status", status=shown)
    return LogStatus(Status(status), struck if colon else None)


def check_narrowing(query: SearchLog) -> None:
    """Refuse what could be found in no row.

    Raises:
        Invalid: ``unknown_status``, ``unsearchable``.
    """
    for text in (query.email, query.number, query.status, query.exactly, query.user):
        if text is not None and cleaned(text) != text:
            raise Invalid("No row has halves of characters or NUL in it: leave them out.", code="unsearchable")
    if query.status is not None:
        status_of(query.status)


def cursor_after(query: SearchLog, row: LogRow) -> str:
    """The ``after`` of the page that begins behind a row: text that URLs take as it is."""
    key = [_signature(query), _KEYS[query.order](row), row.message.id]
    return urlsafe_b64encode(json.dumps(key, separators=(",", ":")).encode()).rstrip(b"=").decode()


def mark_of(query: SearchLog) -> Mark | None:
    """Where the page of a query begins; None: at the beginning.

    Raises:
        Invalid: ``bad_cursor``, ``other_cursor``.
    """
    if not query.after:
        return None
    try:
        padded = query.after + "=" * (-len(query.after) % 4)
        signature, value, message = json.loads(urlsafe_b64decode(padded.encode("ascii")))
    except (ValueError, TypeError, RecursionError) as error:
        raise _bad_cursor() from error
    if signature != _signature(query):
        raise Invalid(
            "This cursor belongs to another query: narrow and sort as for the page before, or begin anew.",
            code="other_cursor",
        )
    wanted = int if query.order in {LogColumn.MADE_AT, LogColumn.SEGMENTS} else str
    if type(value) is not wanted or (type(value) is int and abs(value) > _LARGEST):
        raise _bad_cursor()
    if type(message) is not str or any(cleaned(text) != text for text in (str(value), message)):
        raise _bad_cursor()
    return Mark(value, message)


def _bad_cursor() -> Invalid:
    return Invalid("This is no cursor of the log: pass the next of the page before.", code="bad_cursor")


def _signature(query: SearchLog) -> str:
    """What is the same for all pages of a query, whatever their size."""
    said = dumps(evolve(query, after="", choices=False, most=1))
    return hashlib.sha256(said.encode()).hexdigest()[:16]
