"""Twilio as SMS carrier (https://www.twilio.com/docs/messaging/api).

Rules kept here:

* A call of Twilio is believed by its signature alone, which is over the public URL that was configured and over all that the
  call says (:mod:`.signing`).
* Only POST hooks are read; configure none with GET, whose words stand in a URL that is not handed to us.
* The signature knows no time, so an old call can be shown again: event ids stop it from counting twice.
* Twilio has no idempotency: a send whose answer was lost is looked up by sender, recipient and text.
* An inbound text is answered with an empty TwiML ``<Response>``, which sends nothing back.

Refused: nothing that the rules have allowed. Twilio's own refusals come back as ``Rejected`` with its number in the code
(``twilio_21211``); a full queue (21611) waits as 429 does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from attrs import evolve, field, frozen

from servicekit.adapters.texts.twilio.signing import proven
from servicekit.errors import Invalid, Misshapen, OutsideError, Rejected, Throttled
from servicekit.moments import Instant
from servicekit.outbox.facts import TextReceived, TextReported, TextStatus
from servicekit.ports.http import HookAnswer, HttpFlow, HttpRequest, HttpResponse, basic, refusal, unreadable
from servicekit.ports.texts import ACCOUNT_REFUSED, OutgoingText, TextCapabilities, TextHook, TextReceipt

__all__ = ["STATUSES", "Twilio"]

STATUSES: Mapping[str, TextStatus] = MappingProxyType(
    {
        "accepted": TextStatus.SENT,
        "scheduled": TextStatus.SENT,
        "queued": TextStatus.SENT,
        "sending": TextStatus.SENT,
        "sent": TextStatus.SENT,
        "delivered": TextStatus.DELIVERED,
        "read": TextStatus.DELIVERED,
        "undelivered": TextStatus.UNDELIVERED,
        "failed": TextStatus.UNSENT,
        "canceled": TextStatus.UNSENT,
    }
)
"""Twilio's words; any other is ``UNKNOWN``."""

_NO_DATE = (ValueError, TypeError, IndexError, OverflowError, Invalid)  # what reading one raises where there is none
_SECOND = 1_000_000  # microseconds
_PRICE = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?")
_CURRENCY = re.compile(r"[A-Z]{3}")
_SHOWN = 200  # characters of Twilio's sentence in an error's message
_PAGE = 1000  # the most that Twilio lists at once
_MEDIA = 100  # an MMS has at most ten
_DIGITS = 4  # of any count that Twilio tells
_WRONG_PLACE = frozenset({404, 405})  # there is no such account, or base_url leads elsewhere
_QUEUE_FULL = 21611  # "This 'From' number has exceeded the maximum number of queued messages"
_INCOMING = frozenset({"receiving", "received"})
_NO_REPLY = HookAnswer(status=200, headers={"content-type": "text/xml"}, body=b"<Response></Response>")


@frozen
class Twilio:
    """An account at Twilio.

    Args:
        account_sid: the account's, ``AC...``.
        auth_token: its primary auth token; proves Twilio's calls, and ours where no API key is given.
        api_key: SID of an API key, ``SK...``, to send with in place of the auth token.
        api_secret: the secret to it.
        report_url: the public URL where delivery reports are to go; empty: none are asked for.
        inbound_url: the public URL that stands at the numbers as "a message comes in", where it is not ``report_url`` itself.
        base_url: of the API.
        name: as used in ``kit.receive(name, ...)`` and in the log.

    >>> Twilio("AC1", "secret", report_url="https://app.test/hooks/twilio").report_url
    'https://app.test/hooks/twilio'
    """

    account_sid: str
    auth_token: str = field(repr=False)
    api_key: str = ""
    api_secret: str = field(default="", repr=False)
    report_url: str = ""
    inbound_url: str = ""
    base_url: str = "https://api.twilio.com/2010-04-01"
    name: str = "twilio"

    @property
    def capabilities(self) -> TextCapabilities:
        """Names as senders, reports, inbound texts, and a list of what was sent. Only messaging services schedule."""
        return TextCapabilities(alphanumeric_sender=True, delivery_reports=True, inbound=True, look_up=True)

    def send(self, text: OutgoingText) -> HttpFlow[TextReceipt]:
        """Hand over one text: one request.

        Raises:
            OutcomeUnknown: the answer was lost, or was not what Twilio documents.
            Throttled: too many requests at once, or ten hours of texts wait for this sender.
            Rejected: Twilio's no, its number in the code and its sentence in the message.
        """
        fields = {"To": text.to, "From": text.sender, "Body": text.text}
        if self.report_url:
            fields["StatusCallback"] = self.report_url
        request = HttpRequest.form("POST", self._messages, fields, headers=self._proof)
        response = yield request
        if not response.ok:
            raise self._refusal(request, response)
        made = response.object()
        if not _sid(made):
            raise unreadable(self.name, request, response, lacks="a sid")
        return _receipt(made)

    def find(self, text: OutgoingText, since: Instant) -> HttpFlow[tuple[TextReceipt, ...]]:
        """Outgoing texts with this sender, recipient and body, made at or after ``since`` by Twilio's clock; oldest first.

        Costs one request for each 1,000 texts to and from that recipient. The list is not narrowed by ``DateSent``: a text that
        still waits in Twilio's queue has no such date, would not be listed, and would be sent once more. Twilio tells times to
        the second, and writes a sentence of its own into the texts of trial accounts, which are therefore not found.
        """
        found: dict[str, tuple[Instant, TextReceipt]] = {}
        asked: set[str] = set()
        request = HttpRequest.get(self._messages, headers=self._proof, query={"To": text.to, "PageSize": _PAGE})
        while True:
            asked.add(request.url)
            response = yield request
            if not response.ok:
                raise self._refusal(request, response)
            page = response.object()
            listed, following = page.get("messages"), page.get("next_page_uri")
            if not isinstance(listed, list):
                raise unreadable(self.name, request, response, lacks="a list of messages")
            for message in filter(lambda one: _is(one, text), listed):
                made = _made(message)
                if made is None:
                    raise unreadable(self.name, request, response, lacks="the date of a message")
                if made.us // _SECOND >= since.us // _SECOND:
                    found[_sid(message)] = (made, _receipt(message))
            if following is None:
                # Newest first as the list is, also within a second; then turned round.
                in_order = sorted(found.values(), key=lambda one: one[0], reverse=True)[::-1]
                return tuple(receipt for _, receipt in in_order)
            # Only the query is taken over: our credentials go to no URL that an answer names.
            query = str(following).partition("?")[2]
            request = evolve(request, url=f"{self._messages}?{query}")
            if not (query.isascii() and query.isprintable()) or request.url in asked:
                raise unreadable(self.name, request, response, lacks="a way to the next page")

    def read(self, headers: Mapping[str, str], body: bytes, at: Instant) -> TextHook:
        """A status callback (https://www.twilio.com/docs/messaging/guides/track-outbound-message-status) or an inbound text.

        Raises:
            Forged: no signature of Twilio's over one of our URLs and this body.
            Misshapen: proven, and neither of both.
            ConfigurationError: neither ``report_url`` nor ``inbound_url`` is set, so no signature can be checked.
        """
        del at  # the signature covers no time; the event id stops a replay
        urls = [url for url in (self.report_url, self.inbound_url) if url]
        told = proven(self.name, self.auth_token, urls, headers, body)
        vendor_id = _sid({"sid": told.get("MessageSid") or told.get("SmsSid")})
        word = told.get("MessageStatus") or told.get("SmsStatus", "")
        incoming = word in _INCOMING or (not word and "Body" in told)
        if not vendor_id or not ((told.get("From") and told.get("To")) if incoming else word):
            raise Misshapen(
                "This is neither a status callback nor an inbound text of Twilio.",
                vendor=self.name,
                fields=sorted(told),
            )
        if incoming:
            return TextHook(facts=(self._received(vendor_id, told),), answer=_NO_REPLY)
        reported = TextReported(
            vendor=self.name,
            event_id=f"{vendor_id}:{word}",
            vendor_id=vendor_id,
            status=STATUSES.get(word, TextStatus.UNKNOWN),
            number=told.get("To", ""),
            evidence=told,
        )
        return TextHook(facts=(reported,))

    def _received(self, vendor_id: str, told: Mapping[str, str]) -> TextReceived:
        return TextReceived(
            vendor=self.name,
            event_id=vendor_id,
            vendor_id=vendor_id,
            sender=told["From"],
            to=told["To"],
            text=told.get("Body", ""),  # Twilio joins the parts of a long text
            media=tuple(_media(told)),
            evidence=told,
        )

    def _refusal(self, request: HttpRequest, response: HttpResponse) -> OutsideError:
        told = response.object()
        code, message = told.get("code"), told.get("message")
        error = refusal(self.name, request, response, message=message[:_SHOWN] if isinstance(message, str) else "")
        if isinstance(error, Rejected) and type(code) is int:
            if code == _QUEUE_FULL:
                facts: dict[str, Any] = dict(error.facts)
                return Throttled(f"{self.name} has ten hours of texts of this sender; wait before the next", **facts)
            error.code = f"twilio_{code}"
        if isinstance(error, Rejected) and response.status in _WRONG_PLACE:
            error.code = ACCOUNT_REFUSED
        return error

    @property
    def _messages(self) -> str:
        return f"{self.base_url}/Accounts/{quote(self.account_sid, safe='')}/Messages.json"

    @property
    def _proof(self) -> dict[str, str]:
        return basic(self.api_key, self.api_secret) if self.api_key else basic(self.account_sid, self.auth_token)


def _receipt(message: Mapping[str, Any]) -> TextReceipt:
    return TextReceipt(
        vendor_id=_sid(message),
        status=STATUSES.get(str(message.get("status")), TextStatus.UNKNOWN),
        parts=_whole(str(message.get("num_segments"))) or None,  # 0: not counted yet
        cost=_cost(message),
        evidence=message,
    )


def _cost(message: Mapping[str, Any]) -> str | None:
    """What Twilio asks, with its currency; it writes ``-0.00750`` because it takes that from the balance."""
    price, unit = (str(message.get(key)).upper() for key in ("price", "price_unit"))
    if not _PRICE.fullmatch(price):
        return None
    return price.removeprefix("-") + (f" {unit}" if _CURRENCY.fullmatch(unit) else "")


def _sid(message: Mapping[str, Any]) -> str:
    """Its id, or an empty text where it has none."""
    sid = message.get("sid")
    return sid if isinstance(sid, str) and sid.isprintable() else ""


def _is(message: object, text: OutgoingText) -> bool:
    if not isinstance(message, dict):
        return False
    shown = tuple(message.get(key) for key in ("direction", "from", "to", "body"))
    return _sid(message) != "" and shown == ("outbound-api", text.sender, text.to, text.text)


def _made(message: Mapping[str, Any]) -> Instant | None:
    """When Twilio made it: RFC 2822, in UTC."""
    try:
        return Instant.of(parsedate_to_datetime(str(message.get("date_created"))))
    except _NO_DATE:
        return None


def _media(told: Mapping[str, str]) -> Iterator[str]:
    for index in range(min(_whole(told.get("NumMedia", "")), _MEDIA)):
        yield f"{told.get(f'MediaContentType{index}') or 'media'} {told.get(f'MediaUrl{index}', '')}".strip()


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else 0
