"""Sinch as SMS carrier (SMS REST API: https://developers.sinch.com/docs/sms/api-reference).

Rules kept here:

* A call of Sinch is believed by its signature: base64 of the HMAC-SHA256, under the service plan's webhook secret, of body,
  nonce and timestamp; one signed more than five minutes away from now is stale. A plan that is not set up for signatures can
  show HTTP Basic credentials instead, which know no time. Only POST hooks are read; Sinch makes no others.
* One text is one batch with one recipient, and a report is asked for on that recipient, so that it comes with the text's state
  (https://developers.sinch.com/docs/sms/api-reference/sms/tag/Delivery-reports).
* ``${name}`` in a body would be a parameter, and the text aborted for want of its value: each gets itself as value.
* Sinch has no idempotency; a send whose answer was lost is looked up by our reference, which Sinch keeps.
* What a handset sends and is no text is named (``TextReceived.media``), and so is a binary SMS that cannot be read; the parts of
  a long one are told as parts. Sinch does not repeat a call that is answered 4xx, so no proven text is refused for its content.

Refused: nothing that the rules have allowed. Sinch's own refusals come back as ``Rejected``, its word in the code
(``sinch_syntax_invalid_parameter_format``).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from attrs import field, frozen

from servicekit.adapters.texts.sinch.content import content, word
from servicekit.errors import ConfigurationError, Forged, Invalid, Misshapen, OutsideError, Rejected, Stale
from servicekit.moments import Instant
from servicekit.outbox.facts import TextReceived, TextReported, TextStatus
from servicekit.ports.http import HttpFlow, HttpRequest, HttpResponse, basic, header, refusal, unreadable
from servicekit.ports.texts import ACCOUNT_REFUSED, OutgoingText, TextCapabilities, TextHook, TextReceipt

__all__ = ["STATUSES", "Sinch"]

STATUSES: Mapping[str, TextStatus] = MappingProxyType(
    {
        "Queued": TextStatus.SENT,
        "Dispatched": TextStatus.BUFFERED,
        "Delivered": TextStatus.DELIVERED,
        "Failed": TextStatus.UNDELIVERED,
        "Expired": TextStatus.UNDELIVERED,
        "Rejected": TextStatus.UNDELIVERED,
        "Deleted": TextStatus.UNDELIVERED,
        "Unknown": TextStatus.UNDELIVERED,
        "Aborted": TextStatus.UNSENT,
        "Cancelled": TextStatus.UNSENT,
    }
)
"""Sinch's words, in any case; any other is ``UNKNOWN``. Sinch's ``Unknown``: no receipt came, and none is waited for any more."""

OLDEST = timedelta(minutes=5)
"""How far a signed call's timestamp may lie from now."""

CODES: Mapping[int, TextStatus] = MappingProxyType(
    {400: TextStatus.SENT, 401: TextStatus.BUFFERED}
    | dict.fromkeys((*range(402, 409), *range(410, 419)), TextStatus.UNSENT)
)
"""Sinch's own numbers, for a word that is not known. All above 401 say that the text never left; 404, that a new try may do."""

_WORDS = {said.casefold(): status for said, status in STATUSES.items()}
_REPORTS = (
    "recipient_delivery_report_sms",
    "recipient_delivery_report_mms",
    "delivery_report_sms",
    "delivery_report_mms",
)
_WRONG_PLACE = frozenset({404, 405})  # there is no such service plan, or base_url leads elsewhere
_NOT_TO_THIS_ONE = frozenset({"illegal_number_type"})  # 403 for a text's own sake
_PARAMETER = re.compile(r"\$\{([A-Za-z0-9._-]{1,16})\}")  # longer names are none
_SIGNED = "x-sinch-webhook-signature"
_PAGE = 100  # the most that Sinch lists at once
_SHOWN = 200  # characters of Sinch's sentence in an error's message
_LONG = 8  # digits from which on a number is no short code
_MILLISECOND = 1000  # microseconds


@frozen
class Sinch:
    """A service plan at Sinch.

    Args:
        service_plan_id: of the plan, from the dashboard.
        api_token: of the plan.
        webhook_secret: under which the plan's calls are signed (HMAC has to be set up for it).
        hook_user: name that Sinch is to show when it calls us, where the plan is set up for HTTP Basic and not for signatures.
        hook_password: the password to it.
        report_url: the public URL where delivery reports are to go; empty: none are asked for. The one for inbound texts
            stands in the dashboard.
        most_parts: of a text, which Sinch then counts in its reports; more than its longest text can have, so none is refused
            for it. 0: Sinch is not asked to count.
        base_url: of the API in the plan's region: ``us``, ``eu``, ``au``, ``br`` or ``ca``.
        name: as used in ``kit.receive(name, ...)`` and in the log.

    >>> Sinch("plan", "secret", base_url="https://eu.sms.api.sinch.com/xms/v1").base_url
    'https://eu.sms.api.sinch.com/xms/v1'
    """

    service_plan_id: str
    api_token: str = field(repr=False)
    webhook_secret: str = field(default="", repr=False)
    hook_user: str = ""
    hook_password: str = field(default="", repr=False)
    report_url: str = ""
    most_parts: int = 60
    base_url: str = "https://us.sms.api.sinch.com/xms/v1"
    name: str = "sinch"

    @property
    def capabilities(self) -> TextCapabilities:
        """Names as senders, reports, inbound texts, texts for later, and a list of what was sent."""
        return TextCapabilities(
            alphanumeric_sender=True, delivery_reports=True, inbound=True, look_up=True, scheduled=True
        )

    def send(self, text: OutgoingText) -> HttpFlow[TextReceipt]:
        """Hand over one text: one request. Sinch tells no price, and counts the parts when it reports.

        Raises:
            OutcomeUnknown: the answer was lost, or was not what Sinch documents.
            Rejected: Sinch's no, its word in the code and its sentence in the message.
        """
        order: dict[str, object] = {
            "from": text.sender,
            "to": [text.to],
            "body": text.text,
            "type": "mt_text",
            "client_reference": text.reference,
        }
        if self.report_url:
            order |= {"delivery_report": "per_recipient", "callback_url": self.report_url}
        if self.most_parts:
            order["max_number_of_message_parts"] = self.most_parts
        if names := dict.fromkeys(_PARAMETER.findall(text.text)):
            order["parameters"] = {name: {"default": f"${{{name}}}"} for name in names}
        request = HttpRequest.json("POST", self._batches, order, headers=self._proof)
        response = yield request
        if not response.ok:
            raise self._refusal(request, response)
        made = response.object()
        if not word(made.get("id")):
            raise unreadable(self.name, request, response, lacks="an id")
        return _receipt(made)

    def find(self, text: OutgoingText, since: Instant) -> HttpFlow[tuple[TextReceipt, ...]]:
        """Batches with this text's reference, made at or after ``since`` by Sinch's clock; oldest first.

        Costs one request; Sinch keeps its list for 14 days. What became of a text is not in it, but comes with a report.
        """
        since = Instant(since.us // _MILLISECOND * _MILLISECOND)  # Sinch tells times to the millisecond
        asked = {"client_reference": text.reference, "start_date": _stamp(since), "page_size": _PAGE}
        found: dict[str, tuple[Instant, TextReceipt]] = {}
        seen: set[str] = set()
        page = 0
        while True:
            request = HttpRequest.get(self._batches, headers=self._proof, query={**asked, "page": page})
            response = yield request
            if not response.ok:
                raise self._refusal(request, response)
            batches = response.object().get("batches")
            if not isinstance(batches, list):
                raise unreadable(self.name, request, response, lacks="a list of batches")
            known = len(seen)
            for batch in (one for one in batches if isinstance(one, dict) and word(one.get("id"))):
                seen.add(batch["id"])
                if batch.get("client_reference") != text.reference:
                    continue
                made = _made(batch)
                if made is None:
                    raise unreadable(self.name, request, response, lacks="the date of a batch")
                if made >= since:
                    found[batch["id"]] = (made, _receipt(batch))
            # A batch made meanwhile pushes others to the next page: each counts once.
            if len(batches) < _PAGE or len(seen) == known:
                newest_first = sorted(found.values(), key=lambda one: one[0], reverse=True)
                return tuple(receipt for _, receipt in reversed(newest_first))
            page += 1

    def read(self, headers: Mapping[str, str], body: bytes, at: Instant) -> TextHook:
        """A delivery report or an inbound text (https://developers.sinch.com/docs/sms/api-reference/sms/tag/Webhooks).

        Raises:
            Forged, Stale: without Sinch's signature or credentials, or signed long ago.
            Misshapen: no JSON object of Sinch's, or one without ids.
            ConfigurationError: neither ``webhook_secret`` nor ``hook_password`` is set, so nothing could prove a call's origin.
        """
        self._prove(headers, body, at)
        told = HttpResponse(status=200, body=body).object()
        kind = told.get("type")
        if isinstance(kind, str) and kind.startswith("mo_"):
            return TextHook(facts=(self._received(kind, told),))
        if kind in _REPORTS:
            return TextHook(facts=(self._reported(told),))
        if isinstance(kind, str) and kind:
            return TextHook(facts=())  # an event of another kind means nothing to us
        raise self._misshapen(told)

    def _reported(self, told: Mapping[str, Any]) -> TextReported:
        vendor_id, listed, parts = word(told.get("batch_id")), told.get("statuses"), told.get("number_of_message_parts")
        states = {_state(one) for one in (listed if isinstance(listed, list) else [told])} - {("", TextStatus.UNKNOWN)}
        if not vendor_id or not states:
            raise self._misshapen(told)
        words, statuses = zip(*sorted(states), strict=True)
        counted = parts if type(parts) is int and parts > 0 else None
        return TextReported(
            vendor=self.name,
            event_id=f"{vendor_id}:{'+'.join(words)}",
            vendor_id=vendor_id,
            # A summary of recipients that fared differently is about no text of ours: each has one recipient.
            status=statuses[0] if len(set(statuses)) == 1 else TextStatus.UNKNOWN,
            number=word(told.get("recipient")),
            # Without the count, a report by reference would be taken for one on a single part of a long text.
            reference=word(told.get("client_reference")) if counted else "",
            parts=counted,
            evidence=told,
        )

    def _received(self, kind: str, told: Mapping[str, Any]) -> TextReceived:
        vendor_id, sender, to = (word(told.get(name)) for name in ("id", "from", "to"))
        if not (vendor_id and sender and to):
            raise self._misshapen(told)
        text, part, media = content(kind, told)
        return TextReceived(
            vendor=self.name,
            event_id=vendor_id,
            vendor_id=vendor_id,
            sender=_number(sender),
            to=_number(to),
            text=text,
            part=part,
            media=media,
            evidence=told,
        )

    def _prove(self, headers: Mapping[str, str], body: bytes, at: Instant) -> None:
        if self.webhook_secret:
            nonce, stamp = (header(headers, f"{_SIGNED}-{name}").strip() for name in ("nonce", "timestamp"))
            words = body + f".{nonce}.{stamp}".encode()
            wanted = base64.b64encode(hmac.new(self.webhook_secret.encode(), words, hashlib.sha256).digest())
            if not hmac.compare_digest(header(headers, _SIGNED).strip().encode(), wanted):
                raise Forged("The call's signature is not that of Sinch's webhook secret.", vendor=self.name)
            if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 11):  # noqa: PLR2004 - seconds until the year 5138
                raise Misshapen("The call's timestamp is no count of seconds.", vendor=self.name, timestamp=stamp)
            if abs(at - Instant(int(stamp) * 1_000_000)) > OLDEST:
                raise Stale(
                    "The call was signed more than five minutes away from now.", vendor=self.name, timestamp=stamp
                )
        elif self.hook_password:
            wanted = basic(self.hook_user, self.hook_password)["authorization"].partition(" ")[2].encode()
            scheme, _, shown = header(headers, "authorization").strip().partition(" ")
            if scheme.lower() != "basic" or not hmac.compare_digest(shown.strip().encode(), wanted):
                raise Forged("The call does not show the credentials that Sinch was given.", vendor=self.name)
        else:
            raise ConfigurationError(
                "Sinch's calls are believed by signature or credentials: set webhook_secret or hook_password."
            )

    def _misshapen(self, told: Mapping[str, Any]) -> Misshapen:
        return Misshapen(
            "This is neither a delivery report nor an inbound text of Sinch.", vendor=self.name, fields=sorted(told)
        )

    def _refusal(self, request: HttpRequest, response: HttpResponse) -> OutsideError:
        """Sinch's no, in both of its forms: ``{"code", "text"}`` and ``{"error": {"code", "message", "status"}}``."""
        told = response.object()
        inner = told.get("error")
        error = inner if isinstance(inner, dict) else told
        code, said = error.get("code"), error.get("text", error.get("message"))
        refused = refusal(self.name, request, response, message=said[:_SHOWN] if isinstance(said, str) else "")
        if isinstance(refused, Rejected) and word(code):
            refused.code = f"sinch_{code}"
        if isinstance(refused, Rejected) and response.status in _WRONG_PLACE:
            refused.code = ACCOUNT_REFUSED
        if isinstance(refused, Rejected) and word(code) in _NOT_TO_THIS_ONE:
            # Sinch answers 403, which would stand for a no to all of us.
            facts: dict[str, Any] = {name: fact for name, fact in refused.facts.items() if name != "status"}
            return Rejected(refused.message, code=refused.code, answered=response.status, **facts)
        return refused

    @property
    def _batches(self) -> str:
        return f"{self.base_url}/{quote(self.service_plan_id, safe='')}/batches"

    @property
    def _proof(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.api_token}"}


def _state(told: object) -> tuple[str, TextStatus]:
    """Sinch's word for a state, or its number, and what that is; an empty text where there is neither."""
    known = told if isinstance(told, dict) else {}
    said, code = word(known.get("status")), known.get("code")
    number = code if type(code) is int else -1
    status = _WORDS.get(said.casefold()) or CODES.get(number, TextStatus.UNKNOWN)
    return said or (str(number) if number in CODES else ""), status


def _receipt(batch: Mapping[str, Any]) -> TextReceipt:
    canceled = batch.get("canceled") is True
    return TextReceipt(
        vendor_id=word(batch["id"]), status=TextStatus.UNSENT if canceled else TextStatus.SENT, evidence=batch
    )


def _made(batch: Mapping[str, Any]) -> Instant | None:
    try:
        return Instant.parse(str(batch.get("created_at")))
    except (Invalid, OverflowError):  # the latter: an offset that leads out of the years 1 to 9999
        return None


def _stamp(at: Instant) -> str:
    """As Sinch writes times: UTC, to the millisecond."""
    return f"{at.utc:%Y-%m-%dT%H:%M:%S}.{at.utc.microsecond // _MILLISECOND:03}Z"


def _number(shown: str) -> str:
    """A number in E.164: Sinch leaves the plus sign out. Short codes and names stay as they are."""
    long = shown.isascii() and shown.isdigit() and len(shown) >= _LONG
    return f"+{shown}" if long else shown
