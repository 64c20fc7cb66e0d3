"""What a push says, in two forms. Pure; the same event always gives the same bytes.

Rules kept here:

* The form under the old call's names says ``id``, ``value`` (the status, or ``INCOMING``), ``phone_number`` (the other side's,
  with ``+``), and of a text that came in ``message``. UTF-8, URL-encoded.
* JSON is one object with ``type``, ``timestamp`` (when it happened, RFC 3339 in UTC) and ``data``. Fields may be added; none
  will change its meaning.
* The text of a message that went out is not repeated.
"""

from __future__ import annotations

import json
from urllib.parse import urlencode

from attrs import field, frozen

from servicekit.ids import GroupId, MessageId, UserId
from servicekit.moments import Instant
from servicekit.push.target import PushForm

__all__ = ["Told", "body_of", "content_type"]


@frozen(kw_only=True)
class Told:
    """What is told of a message.

    Attributes:
        incoming: whether it came from a mobile.
        number: the other side's, in E.164.
        status: as the log shows it.
        text: of one that came in; empty otherwise.
        at: when it came, or got this status.
    """

    message: MessageId
    group: GroupId
    user: UserId | None
    incoming: bool
    number: str
    status: str
    segments: int
    text: str = field(default="", repr=False)
    at: Instant


def content_type(form: PushForm) -> str:
    """The header that goes with a body."""
    return "application/json" if form is PushForm.JSON else "application/x-www-form-urlencoded; charset=utf-8"


def body_of(told: Told, form: PushForm) -> bytes:
    """The body.

    >>> body_of(Told(message=MessageId("msg_1"), group=GroupId("grp_1"), user=None, incoming=True, number="+46701740605",
    ...              status="INCOMING", segments=0, text="På väg", at=Instant(0)), PushForm.FORM)
    b'id=msg_1&value=INCOMING&phone_number=%2B46701740605&message=P%C3%A5+v%C3%A4g'
    """
    if form is PushForm.FORM:
        fields = {"id": told.message, "value": told.status, "phone_number": told.number}
        return urlencode({**fields, **({"message": told.text} if told.incoming else {})}).encode("ascii")
    data = {
        "id": told.message,
        "group": told.group,
        "user": told.user,
        "direction": "in" if told.incoming else "out",
        "phone_number": told.number,
        "status": told.status,
        "segments": told.segments,
        **({"text": told.text} if told.incoming else {}),
    }
    whole = {
        "type": "message.received" if told.incoming else "message.status",
        "timestamp": told.at.iso(),
        "data": data,
    }
    return json.dumps(whole, separators=(",", ":")).encode("ascii")
