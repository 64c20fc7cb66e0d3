"""The old call: one URL for programs that send texts and ask about them by parameters, answered in XML.

Rules kept here:

* Parameters are URL-encoded UTF-8, in the query or in the body of a POST; what stands in both is taken from the body.
* ``api_user`` with ``phone_number`` and ``message`` sends; ``api_user`` with ``id`` asks for the newest status. The answers are
  those of the document, element for element and attribute for attribute, with status 200, because old clients read the body.
* A text that a rule refused has status 0, the log's status as its code, and an id that can be asked about; what was not even
  logged has a code and no id.
* Whatever is asked, the answer is well-formed XML: what comes from people is escaped, and what XML has no character for
  (XML 1.0 production 2) becomes U+FFFD. An API user is told of its own texts only.
* A plus sign that a client forgot to encode arrives as a space: before a number's first digit it is read as a plus.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from servicekit.accounts import ApiCaller, CallRefused, TakeCall
from servicekit.commands import Principal
from servicekit.errors import Refused, StorageError
from servicekit.ids import MessageId
from servicekit.kit import Kit
from servicekit.messages import GetMessage, HandOver, SendText, Status
from servicekit.ports.http import HookAnswer
from servicekit.web.calls import AsgiApp, Call, WsgiApp

__all__ = ["OldCall", "old_call"]

_log = logging.getLogger("servicekit.web")
_ASKER = "the old call"
_MOST_FIELDS = 100
_FORM = "application/x-www-form-urlencoded"
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
)
_NEW_STATUSES = {Status.QUEUED: Status.SENT.value}
"""Statuses that the document does not know, as it would call them: SENT is what is shown directly after sending."""


def old_call(
    kit: Kit, method: str, headers: Mapping[str, str], query: str, body: bytes, *, origin: str = ""
) -> HookAnswer:
    """Answer one call, for any framework.

    Args:
        kit: open.
        method: GET or POST.
        headers: names in any case.
        query: as it came, without ``?``. It carries the key: log it nowhere.
        body: of a POST.
        origin: the peer's address.
    """
    if method not in {"GET", "POST"}:
        return _sent(0, "wrong_method", http=405, headers={"allow": "GET, POST"})
    said = _parameters(method, headers, query, body)
    if said is None:
        return _sent(0, "unreadable")
    asks = "id" in said and "message" not in said
    caller = kit.perform(TakeCall(said.get("api_user", "")), by=Principal.operator(_ASKER, origin=origin))
    if not isinstance(caller, ApiCaller):
        code = "wrong_api_user" if caller.why is CallRefused.UNKNOWN else "slow_down"
        return _status(said["id"], code) if asks else _sent(0, code)
    return _asked(kit, caller, said["id"]) if asks else _send(kit, caller, said)


class OldCall:
    """The call, mounted: ``OldCall(kit).wsgi`` or ``.asgi``, under whatever path old clients know."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self.wsgi = WsgiApp(self.answer, unread=_unread)
        self.asgi = AsgiApp(self.answer, unread=_unread)

    def answer(self, call: Call) -> HookAnswer:
        """Answer one call; a busy database is answered 503, in XML as well."""
        try:
            return old_call(self._kit, call.method, call.headers, call.query, call.body, origin=call.origin)
        except StorageError:
            _log.exception("an old call could not be stored")
            return _sent(0, "try_again", http=503, headers={"retry-after": "30"})


def _parameters(method: str, headers: Mapping[str, str], query: str, body: bytes) -> dict[str, str] | None:
    """The fields by name, the first of each; None for what is no URL-encoded UTF-8."""
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), _FORM)
    texts = [query]
    try:
        if method == "POST" and kind.partition(";")[0].strip().lower() in {_FORM, ""}:
            texts.insert(0, body.decode("ascii"))
        pairs = [
            pair
            for text in texts
            for pair in parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
        ]
    except ValueError:  # not ASCII, not UTF-8 behind the percent signs, or too many fields
        return None
    return dict(reversed(pairs))


def _send(kit: Kit, caller: ApiCaller, said: Mapping[str, str]) -> HookAnswer:
    number = re.sub(r"^ (?=[0-9])", "+", said.get("phone_number", ""))
    try:
        command = SendText(user=caller.user, to=number, text=said.get("message", ""))
        message = kit.perform(command, by=caller.principal)
    except Refused as refused:
        return _sent(0, refused.code)
    accepted = message.hand_over is not HandOver.NONE
    return _sent(1, "ok", message.id) if accepted else _sent(0, message.shown, message.id)


def _asked(kit: Kit, caller: ApiCaller, key: str) -> HookAnswer:
    try:
        message = kit.ask(GetMessage(MessageId(key)), by=caller.principal)
    except Refused:
        return _status(key, "unknown_id")
    if message.user != caller.user:
        return _status(key, "unknown_id")
    return _status(key, _NEW_STATUSES.get(message.status, message.shown))


def _unread(http: int) -> HookAnswer:
    return _sent(0, "unreadable", http=http)


def _sent(
    status: int, code: str, key: str = "", *, http: int = 200, headers: Mapping[str, str] | None = None
) -> HookAnswer:
    return _xml(f'<send_sms status="{status}" code="{_text(code)}" id="{_text(key)}"></send_sms>', http, headers or {})


def _status(key: str, value: str) -> HookAnswer:
    return _xml(f'<last_info id="{_text(key)}" value="{_text(value)}"></last_info>', 200, {})


def _xml(element: str, http: int, headers: Mapping[str, str]) -> HookAnswer:
    text = f'<?xml version="1.0" encoding="utf-8" ?>\n{element}'
    return HookAnswer(
        status=http,
        headers={"content-type": "text/xml; charset=utf-8", "cache-control": "no-store", **headers},
        body=text.encode(),
    )


def _text(value: str) -> str:
    """As an attribute's value."""
    return _NO_XML.sub("\ufffd", value).translate(_ESCAPES)
