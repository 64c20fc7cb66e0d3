"""46elks as SMS carrier (https://46elks.com/docs).

Rules kept here:

* 46elks signs nothing. Its only proof of origin is the Basic credentials that we put into the report URL; a call without
  them is :class:`~servicekit.errors.Forged`, and without configured credentials no call is read at all.
* The body of our answer would be sent as an SMS to whoever wrote in: it is always empty.
* It has no idempotency: a send whose answer was lost is looked up by sender, recipient and text.

Refused: nothing that the rules have allowed; 46elks' own refusals come back as ``Rejected`` with its sentence in ``facts``.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from attrs import evolve, field, frozen

from servicekit.errors import ConfigurationError, Forged, Invalid, Misshapen
from servicekit.moments import Instant
from servicekit.outbox.facts import TextReceived, TextReported, TextStatus
from servicekit.ports.http import HttpFlow, HttpRequest, HttpResponse, basic, header, refusal, unreadable
from servicekit.ports.texts import OutgoingText, TextCapabilities, TextHook, TextReceipt

__all__ = ["FortySixElks"]

STATUSES: Mapping[str, TextStatus] = MappingProxyType(
    {
        "created": TextStatus.SENT,
        "sent": TextStatus.SENT,
        "delivered": TextStatus.DELIVERED,
        "failed": TextStatus.UNDELIVERED,
    }
)
"""46elks' words; any other is ``UNKNOWN``."""

_PAGE = 100  # the most that 46elks lists at once
_FIELDS = 50  # a call of 46elks has under ten


@frozen
class FortySixElks:
    """A carrier account at 46elks.

    Args:
        username: of the API credentials.
        password: of the API credentials.
        report_url: where delivery reports are to go, https and without credentials; empty: none are asked for.
        hook_user: name that 46elks is to show when it calls us; it goes into the report URL, and stands by hand in the
            ``sms_url`` of the number for inbound texts.
        hook_password: the password to it.
        base_url: of the API.
        name: as used in ``kit.receive(name, ...)`` and in the log.
        listed_within: how long a text may be missing from 46elks' list although it was taken
            (:class:`~servicekit.ports.texts.TextCapabilities`). Shorten it for a stand-in only: 46elks promises no time.

    >>> FortySixElks(username="u1", password="secret")  # doctest: +NORMALIZE_WHITESPACE
    FortySixElks(username='u1', report_url='', hook_user='', base_url='https://api.46elks.com/a1', name='46elks',
                 listed_within=datetime.timedelta(seconds=60))
    """

    username: str
    password: str = field(repr=False)
    report_url: str = ""
    hook_user: str = ""
    hook_password: str = field(default="", repr=False)
    base_url: str = "https://api.46elks.com/a1"
    name: str = "46elks"
    listed_within: timedelta = timedelta(minutes=1)

    @property
    def capabilities(self) -> TextCapabilities:
        """Names as senders, reports, inbound texts, and a list of what was sent."""
        return TextCapabilities(
            alphanumeric_sender=True,
            delivery_reports=True,
            inbound=True,
            look_up=True,
            listed_within=self.listed_within,
        )

    def send(self, text: OutgoingText) -> HttpFlow[TextReceipt]:
        """Hand over one text: one request (https://46elks.com/docs/send-sms).

        Raises:
            OutcomeUnknown: the answer was lost, or was not what 46elks documents.
            Rejected: 46elks' no (403: not enough credit), its sentence in ``facts["body"]``.
        """
        fields = {"from": text.sender, "to": text.to, "message": text.text}
        if self.report_url:
            fields["whendelivered"] = self._report_url
        request = HttpRequest.form("POST", f"{self.base_url}/sms", fields, headers=self._proof)
        response = self._unveiled((yield request))
        if not response.ok:
            raise refusal(self.name, request, response)
        made = response.object()
        if not made.get("id"):
            raise unreadable(self.name, request, response, lacks="an id")
        return _receipt(made)

    def find(self, text: OutgoingText, since: Instant) -> HttpFlow[tuple[TextReceipt, ...]]:
        """Outgoing texts with this sender, recipient and message, made at or after ``since`` by 46elks' clock; oldest first.

        Costs one request for each 100 texts to that recipient (https://46elks.com/docs/sms-history).
        """
        found: dict[str, tuple[Instant, TextReceipt]] = {}
        start: str | None = None
        while True:
            request = HttpRequest.get(
                f"{self.base_url}/sms",
                headers=self._proof,
                query={"limit": _PAGE, "to": text.to, "start": start},
            )
            response = self._unveiled((yield request))
            if not response.ok:
                raise refusal(self.name, request, response)
            page = response.object()
            if not isinstance(page.get("data"), list):
                raise unreadable(self.name, request, response, lacks="a list of texts")
            dated = [(made, item) for item in page["data"] if (made := _made(item)) is not None]
            found.update({str(item["id"]): (made, _receipt(item)) for made, item in dated if _is(item, text)})
            # Pages go back in time; ``next`` is the time before which the next one begins.
            before, start = start, page.get("next")
            if not start or start == before or any(made < since for made, _ in dated):
                break
        return tuple(receipt for made, receipt in sorted(found.values(), key=lambda one: one[0]) if made >= since)

    def read(self, headers: Mapping[str, str], body: bytes, at: Instant) -> TextHook:
        """A delivery report (https://46elks.com/docs/sms-delivery-reports) or an inbound text; answered 204, empty.

        Raises:
            Forged: without the configured credentials.
            Misshapen: no form, or one without ids.
            ConfigurationError: no ``hook_password`` is set, so nothing could ever prove a call's origin.
        """
        del at  # 46elks dates nothing that could prove a call fresh; the event id stops a replay
        self._prove(headers)
        try:
            told = dict(parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_FIELDS))
        except ValueError as error:
            raise Misshapen("46elks sends forms in UTF-8, this is none.", vendor=self.name) from error
        vendor_id, word = told.get("id", ""), told.get("status", "")
        incoming = told.get("direction") == "incoming"
        if not vendor_id or not ((told.get("from") and told.get("to")) if incoming else word):
            raise Misshapen(
                "This is neither a delivery report nor an inbound text of 46elks.",
                vendor=self.name,
                fields=sorted(told),
            )
        if incoming:
            received = TextReceived(
                vendor=self.name,
                event_id=vendor_id,
                vendor_id=vendor_id,
                sender=told["from"],
                to=told["to"],
                text=told.get("message", ""),
                evidence=told,
            )
            return TextHook(facts=(received,))
        reported = TextReported(
            vendor=self.name,
            event_id=f"{vendor_id}:{word}",
            vendor_id=vendor_id,
            status=STATUSES.get(word, TextStatus.UNKNOWN),
            evidence=told,
        )
        return TextHook(facts=(reported,))

    def _prove(self, headers: Mapping[str, str]) -> None:
        if not self.hook_password:
            raise ConfigurationError(
                "46elks signs nothing, so its calls are read only with a hook_password that they must show: set one."
            )
        scheme, _, shown = header(headers, "authorization").strip().partition(" ")
        wanted = basic(self.hook_user, self.hook_password)["authorization"].partition(" ")[2]
        if scheme.lower() != "basic" or not hmac.compare_digest(shown.strip().encode(), wanted.encode()):
            raise Forged("The call does not show the credentials that 46elks was given.", vendor=self.name)

    @property
    def _proof(self) -> dict[str, str]:
        return basic(self.username, self.password)

    @property
    def _credentials(self) -> str:
        return f"{quote(self.hook_user, safe='')}:{quote(self.hook_password, safe='')}@"

    @property
    def _report_url(self) -> str:
        if not self.hook_password:
            return self.report_url
        parts = urlsplit(self.report_url)
        return urlunsplit(parts._replace(netloc=self._credentials + parts.netloc))

    def _unveiled(self, response: HttpResponse) -> HttpResponse:
        # 46elks' sentences and objects may repeat the report URL; our secret must reach neither errors nor evidence.
        if not self.hook_password:
            return response
        return evolve(response, body=response.body.replace(self._credentials.encode(), b"***@"))


def _receipt(sms: Mapping[str, Any]) -> TextReceipt:
    parts, cost = sms.get("parts"), sms.get("cost")
    return TextReceipt(
        vendor_id=str(sms["id"]),
        status=STATUSES.get(str(sms.get("status")), TextStatus.UNKNOWN),
        parts=parts if type(parts) is int and parts > 0 else None,
        cost=str(cost) if type(cost) is int else None,
        evidence=sms,
    )


def _is(sms: Mapping[str, Any], text: OutgoingText) -> bool:
    shown = tuple(sms.get(key) for key in ("direction", "from", "to", "message"))
    return bool(sms.get("id")) and shown == ("outgoing", text.sender, text.to, text.text)


def _made(sms: object) -> Instant | None:
    """When 46elks made it: UTC, written without a zone."""
    if not isinstance(sms, dict):
        return None
    try:
        return Instant.parse(f"{str(sms.get('created')).removesuffix('Z')}+00:00")
    except Invalid:
        return None
