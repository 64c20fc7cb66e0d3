"""Vonage's SMS API as carrier (https://developer.vonage.com/en/messaging/sms/overview).

Rules kept here:

* We say which alphabet a text is in (``type``), by :mod:`servicekit.sms`: left to itself Vonage sends ``?`` for what is not
  GSM. Numbers have no plus sign there.
* Every answer has the HTTP status 200 and an entry for each part. Where some parts were taken and some refused, the text is
  ``UNDELIVERED`` with a detail that says so: it was handed over, it costs, it can never arrive whole, and sending it again
  would send the taken parts twice.
* Reports come for each part under its own id, and with our reference (``client-ref``). A long text that comes in, comes in
  parts.
* Calls to us are believed by their signature alone, POST as form or JSON (:mod:`servicekit.adapters.texts.vonage.signing`).
* It has no idempotency and no list of texts: after a lost answer, a report with our reference is all that can tell.

Refused: nothing that the rules have allowed; Vonage's own refusals come back as ``Rejected`` with its sentence in ``facts``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, quote_plus

from attrs import evolve, field, frozen

from servicekit.adapters.texts.vonage.signing import Method, fields_of, prove
from servicekit.errors import Misshapen, OutsideError, Rejected, Throttled, Unreachable, Unsupported
from servicekit.moments import Instant
from servicekit.outbox.facts import TextPart, TextReceived, TextReported, TextStatus
from servicekit.ports.http import HttpFlow, HttpRequest, HttpResponse, refusal, unreadable
from servicekit.ports.texts import ACCOUNT_REFUSED, OutgoingText, TextCapabilities, TextHook, TextReceipt
from servicekit.sms import count_segments

__all__ = ["Vonage"]

STATUSES: Mapping[str, TextStatus] = MappingProxyType(
    {
        "accepted": TextStatus.SENT,
        "buffered": TextStatus.BUFFERED,
        "delivered": TextStatus.DELIVERED,
        "expired": TextStatus.UNDELIVERED,
        "failed": TextStatus.UNDELIVERED,
        "rejected": TextStatus.UNDELIVERED,
        "unknown": TextStatus.UNDELIVERED,  # "no report came": Vonage's last word
    }
)
"""The words of Vonage's reports; any other is ``UNKNOWN``."""

_TAKEN = "0"
_BUSY = frozenset({"1", "10"})  # throttled, too many binds: nothing was sent, wait
_INTERNAL = "5"  # nothing was sent, try again
_OURS = frozenset({"4", "8", "9", "11", "14", "23", "29", "32", "33"})  # credentials, credit, the account's settings
_LONGEST_SENTENCE = 500
_LEAST_DIGITS = 7  # of a number with its country; what is shorter is a short code
_MOST_PARTS = 255
_NO_PRICE = 1_000_000  # euros for one SMS: what a broken answer says


@frozen
class Vonage:
    """An account at Vonage, by its SMS API.

    Args:
        api_key: of the account.
        api_secret: to it.
        signature_secret: by which the account signs its calls to us (dashboard: API settings).
        signature_method: as it stands there.
        report_url: where reports on these texts are to go, in place of the account's URL; ``POST`` or ``POST-JSON`` must be
            set as the method of both webhooks.
        longest_age: how far a call's timestamp may lie from now. What is told twice is taken in once whatever its age.
        base_url: of the API.
        name: as used in ``kit.receive(name, ...)`` and in the log.

    >>> Vonage("abcd1234", "secret")
    Vonage(api_key='abcd1234', signature_method='sha256', report_url='', base_url='https://rest.nexmo.com', name='vonage')
    """

    api_key: str
    api_secret: str = field(repr=False)
    signature_secret: str = field(default="", repr=False)
    signature_method: Method = "sha256"
    report_url: str = ""
    longest_age: timedelta = field(default=timedelta(minutes=5), repr=False)
    base_url: str = "https://rest.nexmo.com"
    name: str = "vonage"

    @property
    def capabilities(self) -> TextCapabilities:
        """Names as senders, reports, inbound texts."""
        return TextCapabilities(alphanumeric_sender=True, delivery_reports=True, inbound=True, look_up=False)

    def send(self, text: OutgoingText) -> HttpFlow[TextReceipt]:
        """Hand over one text: one request.

        Raises:
            OutcomeUnknown: the answer was lost, or was not what Vonage documents.
            Throttled: too fast, or too many binds; nothing was sent.
            Unreachable: an error within Vonage; nothing was sent.
            Rejected: its no; with the code ``account_refused`` where it is to the account and not to this text. ``facts``
                has ``status`` (Vonage's number, as text) and ``body`` (its sentence).
        """
        fields = {
            "api_key": self.api_key,
            "api_secret": self.api_secret,
            "from": text.sender.removeprefix("+"),
            "to": text.to.removeprefix("+"),
            "type": "text" if count_segments(text.text).encoding == "gsm-7" else "unicode",
            "text": text.text,
            "client-ref": text.reference,
        }
        if self.report_url:
            fields |= {"status-report-req": "true", "callback": self.report_url}
        request = HttpRequest.form("POST", f"{self.base_url}/sms/json", fields, headers={"accept": "application/json"})
        response = self._unveiled((yield request))
        if not response.ok:
            raise refusal(self.name, request, response)
        answer = response.object()
        parts = _parts(answer)
        if not parts:
            raise unreadable(self.name, request, response, lacks="an entry for each part")
        if not any(part["status"] == _TAKEN for part in parts):
            raise self._refused(parts)
        return _receipt(parts, answer)

    def find(self, text: OutgoingText, since: Instant) -> HttpFlow[tuple[TextReceipt, ...]]:
        """The SMS API lists no texts.

        Raises:
            Unsupported: always.
        """
        raise Unsupported(
            f"{self.name} lists no texts, so what may have been sent cannot be looked up.",
            vendor=self.name,
            reference=text.reference,
            since=str(since),
        )

    def read(self, headers: Mapping[str, str], body: bytes, at: Instant) -> TextHook:
        """A delivery report on one part, or one part of an inbound text; answered 204, empty.

        Raises:
            Forged: without the account's signature.
            Stale: signed longer ago than ``longest_age``, or in the future.
            Misshapen: signed, but neither of the two.
            ConfigurationError: no ``signature_secret`` is set, so nothing could ever prove a call's origin.
        """
        del headers  # the proof stands in the body
        told = fields_of(body)
        prove(
            self.name,
            told,
            at,
            secret=self.signature_secret,
            method=self.signature_method,
            longest_age=self.longest_age,
        )
        told = {key: _whole(value) for key, value in told.items() if key not in {"sig", "api-key"}}
        vendor_id = told.get("messageId", "")
        if vendor_id and told.get("status"):
            return TextHook(facts=(self._reported(vendor_id, told),))
        if vendor_id and told.get("msisdn") and told.get("to") and ("text" in told or told.get("type") == "binary"):
            return TextHook(facts=(self._received(vendor_id, told),))
        raise Misshapen(
            "This is neither a delivery report nor an inbound text of Vonage.", vendor=self.name, fields=sorted(told)
        )

    def _reported(self, vendor_id: str, told: Mapping[str, str]) -> TextReported:
        word = told["status"]
        return TextReported(
            vendor=self.name,
            event_id=f"{vendor_id}:{word}:{told.get('err-code', '')}",
            vendor_id=vendor_id,
            status=STATUSES.get(word, TextStatus.UNKNOWN),
            reference=told.get("client-ref", ""),
            number=told.get("msisdn", ""),
            evidence=told,
        )

    def _received(self, vendor_id: str, told: Mapping[str, str]) -> TextReceived:
        part = _part(told)
        octets = len(told.get("data", "")) // 2  # hexadecimal digits
        return TextReceived(
            vendor=self.name,
            event_id=f"{vendor_id}:{part.number}" if part else vendor_id,
            vendor_id=vendor_id,
            sender=_e164(told["msisdn"]),
            to=_e164(told["to"]),
            text=told.get("text", ""),
            part=part,
            media=(f"binary, {octets} bytes",) if told.get("type") == "binary" else (),
            evidence=told,
        )

    def _refused(self, parts: list[dict[str, Any]]) -> OutsideError:
        """The error that an answer means of which no part was taken: the final noes come first."""
        status = max((part["status"] for part in parts), key=_finality)
        said = "; ".join(_sentences(parts))
        facts = {"vendor": self.name, "status": status, "body": said}
        if status in _BUSY:
            return Throttled(f"{self.name} asks to wait: {said}", **facts)
        if status == _INTERNAL:
            return Unreachable(f"{self.name} has failed, and has sent nothing: {said}", **facts)
        code = ACCOUNT_REFUSED if status in _OURS else ""
        return Rejected(f"{self.name} refuses: {said}; trying again will not help", code=code, **facts)

    def _unveiled(self, response: HttpResponse) -> HttpResponse:
        # Whatever an answer repeats of our request: the secret must reach neither errors nor evidence.
        if not self.api_secret:
            return response
        secret, body = self.api_secret, response.body
        written = [json.dumps(secret, ensure_ascii=ascii_only)[1:-1] for ascii_only in (False, True)]
        for form in (secret, quote(secret, safe=""), quote_plus(secret), *written):
            body = body.replace(form.encode(), b"***")
        return evolve(response, body=body)


def _finality(status: str) -> int:
    return 0 if status in _BUSY else 1 if status == _INTERNAL else 3 if status in _OURS else 2


def _parts(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The entries of an answer; none where one lacks what Vonage documents."""
    entries = answer.get("messages")
    if not isinstance(entries, list):
        return []
    whole = all(isinstance(one, dict) and isinstance(one.get("status"), str) and one["status"] for one in entries)
    named = whole and all(_id(one) for one in entries if one["status"] == _TAKEN)
    return entries if named else []


def _id(part: Mapping[str, Any]) -> str:
    shown = part.get("message-id")
    return shown if isinstance(shown, str) else ""


def _receipt(parts: list[dict[str, Any]], answer: Mapping[str, Any]) -> TextReceipt:
    taken = [part for part in parts if part["status"] == _TAKEN]
    refused = [part for part in parts if part["status"] != _TAKEN]
    detail = f"{len(taken)} of {len(parts)} parts were taken; the others: {'; '.join(_sentences(refused))}"
    return TextReceipt(
        vendor_id=_id(taken[0]),
        status=TextStatus.UNDELIVERED if refused else TextStatus.SENT,
        parts=len(parts),
        cost=_cost(taken),
        part_ids=tuple(map(_id, taken)),
        detail=detail if refused else "",
        evidence=answer,
    )


def _cost(parts: list[dict[str, Any]]) -> str | None:
    """The sum over the parts; None where one of them has no price."""
    try:
        prices = [Decimal(str(part.get("message-price"))) for part in parts]
    except InvalidOperation:
        return None
    return format(sum(prices), "f") if all(price.is_finite() and abs(price) < _NO_PRICE for price in prices) else None


def _sentences(parts: list[dict[str, Any]]) -> list[str]:
    """What was said about parts, each sentence once."""
    said = (
        f"{str(part.get('error-text') or 'refused')[:_LONGEST_SENTENCE]} (status {part['status']})" for part in parts
    )
    return list(dict.fromkeys(said))


def _part(told: Mapping[str, str]) -> TextPart | None:
    if told.get("concat") != "true":
        return None
    counts = [told.get(name, "") for name in ("concat-part", "concat-total")]
    if not all(count.isascii() and count.isdigit() and len(count) <= 3 for count in counts):  # noqa: PLR2004 - up to 255
        return None
    number, total = map(int, counts)
    if not 1 <= number <= total <= _MOST_PARTS:
        return None
    return TextPart(reference=told.get("concat-ref", ""), number=number, total=total)


def _e164(number: str) -> str:
    return f"+{number}" if number.isascii() and number.isdigit() and len(number) >= _LEAST_DIGITS else number


def _whole(text: str) -> str:
    """The text without halves of surrogate pairs, which JSON can hold and nothing can store."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
