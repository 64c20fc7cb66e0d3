"""The operations of the JSON API: for each a command or query, where it stands, and what is answered.

Rules kept here: an operation adds no rule of its own; what is asked and who may is the command's. What is answered is a class of
this file or of a room, never what is only the kit's own business (carriers, attempts). A field that is left out is filled from
the key: the group that it is bound to, the user that it sends as.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrs import field, frozen

from servicekit.accounts import ApiCaller
from servicekit.bookings import Book, Booking, Cancel, Confirm, FreeSlots, GetBooking, Rebook
from servicekit.bookings.planning import SlotPage
from servicekit.groups import (
    AddUsers,
    Group,
    Left,
    ListGroups,
    ListUsers,
    SmsLeft,
    User,
    UserAdded,
)
from servicekit.ids import GroupId, MessageId, ProviderId, UserId
from servicekit.messages import Direction, GetMessage, LogPage, Message, ReadThread, SearchLog, SendText
from servicekit.moments import Instant

__all__ = ["OPERATIONS", "Added", "GroupLine", "Groups", "Operation", "Remaining", "Slots", "Text", "Texts", "Users"]


@frozen(kw_only=True)
class Operation:
    """One operation.

    Attributes:
        name: its ``operationId``.
        path: with ``{field}`` for fields of the request.
        request: the command or query.
        answer: the class that is answered.
        view: from what the kit gives to an ``answer``.
        exposed: the fields that can be said; those of the path among them.
        filled: fields that are taken from the key unless they are said.
        status: of the answer.
    """

    name: str
    method: str
    path: str
    request: type[Any]
    answer: type[Any]
    exposed: tuple[str, ...]
    view: Callable[[Any], Any] = lambda result: result
    filled: Mapping[str, Callable[[ApiCaller], object]] = field(factory=dict)
    status: int = 200


@frozen(kw_only=True)
class Text:
    """A text, outgoing or incoming.

    Attributes:
        status: as the log shows it.
        segments: what it counts against quotas.
    """

    id: MessageId
    group: GroupId
    user: UserId | None
    direction: Direction
    number: str
    sender: str
    text: str
    segments: int
    status: str
    made_at: Instant
    changed_at: Instant


@frozen(kw_only=True)
class Texts:
    """Texts; ``next``: pass it as ``after`` for the following page, empty at the end."""

    texts: tuple[Text, ...]
    next: str = ""


@frozen(kw_only=True)
class Remaining:
    """How many segments may still be sent, null: without limit; and when more comes back at the latest."""

    segments: int | None
    more_at: Instant | None


@frozen(kw_only=True)
class FreeSlot:
    """A time at which a provider is free, and its length in microseconds."""

    provider: ProviderId
    starts: Instant
    length: int


@frozen(kw_only=True)
class Slots:
    """Free times, by start; ``more``: there are others after these."""

    slots: tuple[FreeSlot, ...]
    more: bool


@frozen
class Groups:
    """Groups, parents before their children."""

    groups: tuple[GroupLine, ...]


@frozen(kw_only=True)
class GroupLine:
    """A group."""

    id: GroupId
    parent: GroupId | None
    name: str
    zone: str


@frozen
class Users:
    """Users, by address."""

    users: tuple[User, ...]


@frozen
class Added:
    """A line for each address, in the order given."""

    lines: tuple[UserAdded, ...]


def _text(message: Message) -> Text:
    return Text(
        id=message.id,
        group=message.group,
        user=message.user,
        direction=message.direction,
        number=message.number,
        sender=message.sender,
        text=message.text,
        segments=message.segments,
        status=message.shown,
        made_at=message.made_at,
        changed_at=message.changed_at,
    )


def _page(page: LogPage) -> Texts:
    return Texts(texts=tuple(map(_text, page.messages)), next=page.next)


def _thread(messages: tuple[Message, ...]) -> Texts:
    return Texts(texts=tuple(map(_text, messages)))


def _remaining(left: Left) -> Remaining:
    return Remaining(segments=left.segments, more_at=left.more_at)


def _slots(page: SlotPage) -> Slots:
    micro = 1_000_000
    found = (
        FreeSlot(provider=slot.provider, starts=slot.starts, length=round(slot.length.total_seconds() * micro))
        for slot in page.slots
    )
    return Slots(slots=tuple(found), more=page.after is not None)


def _groups(groups: tuple[Group, ...]) -> Groups:
    return Groups(tuple(GroupLine(id=one.id, parent=one.parent, name=one.name, zone=one.zone) for one in groups))


def _group(caller: ApiCaller) -> object:
    return caller.group


def _user(caller: ApiCaller) -> object:
    return caller.user


_BY_USER: Mapping[str, Callable[[ApiCaller], object]] = {"user": _user}
_BY_GROUP: Mapping[str, Callable[[ApiCaller], object]] = {"group": _group}
_LOG = ("group", "since", "until", "exactly", "user", "email", "number", "direction", "status", "after", "most")

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        name="sendText",
        method="POST",
        path="/texts",
        request=SendText,
        answer=Text,
        exposed=("user", "to", "text"),
        view=_text,
        filled=_BY_USER,
        status=201,
    ),
    Operation(
        name="getText",
        method="GET",
        path="/texts/{message}",
        request=GetMessage,
        answer=Text,
        exposed=("message",),
        view=_text,
    ),
    Operation(
        name="searchLog",
        method="GET",
        path="/texts",
        request=SearchLog,
        answer=Texts,
        exposed=_LOG,
        view=_page,
        filled=_BY_GROUP,
    ),
    Operation(
        name="readThread",
        method="GET",
        path="/threads/{number}",
        request=ReadThread,
        answer=Texts,
        exposed=("user", "number", "before", "most"),
        view=_thread,
        filled=_BY_USER,
    ),
    Operation(
        name="smsLeft",
        method="GET",
        path="/sms-left",
        request=SmsLeft,
        answer=Remaining,
        exposed=("user",),
        view=_remaining,
        filled=_BY_USER,
    ),
    Operation(
        name="listGroups",
        method="GET",
        path="/groups",
        request=ListGroups,
        answer=Groups,
        exposed=("group",),
        view=_groups,
        filled=_BY_GROUP,
    ),
    Operation(
        name="listUsers",
        method="GET",
        path="/users",
        request=ListUsers,
        answer=Users,
        exposed=("group", "below", "containing", "after", "most"),
        view=Users,
        filled=_BY_GROUP,
    ),
    Operation(
        name="addUsers",
        method="POST",
        path="/users",
        request=AddUsers,
        answer=Added,
        exposed=("group", "addresses"),
        view=Added,
        filled=_BY_GROUP,
    ),
    Operation(
        name="freeSlots",
        method="GET",
        path="/services/{service}/slots",
        request=FreeSlots,
        answer=Slots,
        exposed=("service", "provider", "since", "until", "most"),
        view=_slots,
    ),
    Operation(
        name="book",
        method="POST",
        path="/bookings",
        request=Book,
        answer=Booking,
        exposed=("service", "provider", "client", "starts"),
        status=201,
    ),
    Operation(
        name="getBooking",
        method="GET",
        path="/bookings/{booking}",
        request=GetBooking,
        answer=Booking,
        exposed=("booking",),
    ),
    Operation(
        name="rebook",
        method="POST",
        path="/bookings/{booking}/rebook",
        request=Rebook,
        answer=Booking,
        exposed=("booking", "starts", "provider"),
    ),
    Operation(
        name="cancelBooking",
        method="POST",
        path="/bookings/{booking}/cancel",
        request=Cancel,
        answer=Booking,
        exposed=("booking",),
    ),
    Operation(
        name="confirmBooking",
        method="POST",
        path="/bookings/{booking}/confirm",
        request=Confirm,
        answer=Booking,
        exposed=("booking",),
    ),
)
"""All of them. An application passes its own beside these: ``Api(kit, operations=(*OPERATIONS, mine))``."""
