"""A stand-in of Sinch's SMS REST API (https://developers.sinch.com/docs/sms/api-reference), with people's handsets.

Rules kept here: a batch is shown with its numbers without plus signs, times in UTC to the millisecond; ``${name}`` in a body is
a parameter, and a text without its value is aborted (405); reports come one for each recipient, or as a summary, as was asked;
a call to us is signed with nonce and timestamp; it is repeated for 5xx and 429, and given up for any other answer.
It refuses: a wrong token (401), what is no JSON or has misshapen fields (400), a report without a URL for it (403).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from attrs import evolve

from servicekit.moments import Instant
from servicekit.ports.http import HttpRequest, HttpResponse
from servicekit.testing.simulators import gsm
from servicekit.testing.simulators.carrier import CarrierSimulator
from servicekit.testing.simulators.core import system_time
from servicekit.testing.simulators.fortysixelks_values import Outcome
from servicekit.testing.simulators.routing import Answered, Call, json_answer, route
from servicekit.testing.simulators.sinch_values import CODES, Batch, filled, plain, stamp
from servicekit.testing.simulators.webhooks import Post, Webhook, http_post

__all__ = ["SinchSimulator"]

_MSISDN = re.compile(r"\+?[1-9]\d{6,14}")
_SENDER = re.compile(r"\+?\d{3,15}|[A-Za-z0-9 ]{1,11}")
_REPORTS = ("none", "summary", "full", "per_recipient", "per_recipient_final")
_LONGEST = 2000  # characters
_PAGES = (30, 100)  # batches on a page: by default, at most
_DAY = timedelta(days=1)
_WORDS = {Outcome.DELIVERED: "Delivered", Outcome.FAILED: "Failed"}


class SinchSimulator(CarrierSimulator):
    """Sinch, with the handsets of the people it reaches.

    Args:
        numbers: our own numbers, and for each the URL to which its inbound texts are posted.
        report_sent: whether a report ``Dispatched`` precedes the final one, where reports were asked for each recipient.
        clock, seed, post: see :class:`~servicekit.testing.simulators.core.Simulator`.

    >>> import httpx
    >>> from servicekit.testing.simulators import serve
    >>> with serve(SinchSimulator()) as server:
    ...     sinch = server.simulator
    ...     order = {"from": "Sonnenhof", "to": ["+41791234567"], "body": "See you at nine."}
    ...     token = {"authorization": f"Bearer {sinch.api_token}"}
    ...     made = httpx.post(f"{server.url}/xms/v1/{sinch.service_plan_id}/batches", json=order, headers=token).json()
    ...     made["to"], [text.text for text in sinch.handset("+41791234567")]
    (['41791234567'], ['See you at nine.'])
    """

    name: ClassVar[str] = "sinch"
    origins: ClassVar[tuple[str, ...]] = tuple(
        f"https://{region}.sms.api.sinch.com" for region in ("us", "eu", "au", "br", "ca")
    )
    retries: ClassVar[tuple[timedelta, ...]] = tuple(timedelta(seconds=5 * 2**step) for step in range(15))
    service_plan_id = "51c40000000000000000000000000042"
    api_token = "51c40000000000000000000000000043"  # noqa: S105 - the simulator's own, printed in its documentation
    webhook_secret = "51c40000000000000000000000000044"  # noqa: S105 - as above

    def __init__(
        self,
        *,
        numbers: Mapping[str, str] | None = None,
        report_sent: bool = False,
        clock: Callable[[], Instant] = system_time,
        seed: int = 0,
        post: Post = http_post,
    ) -> None:
        super().__init__(numbers=numbers, clock=clock, seed=seed, post=post)
        self.report_sent = report_sent
        self._batches: dict[str, Batch] = {}

    def admit(self, call: Call) -> None:
        """A Bearer token, for the service plan in the path."""
        if call.bearer() != self.api_token or f"/{self.service_plan_id}/" not in call.path:
            raise Answered(HttpResponse(status=401))

    def error(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> HttpResponse:
        """Errors of the gateway before the API have a form of their own."""
        return json_answer(status, {"error": {"code": status, "message": message, "status": "ERROR"}}, headers)

    def accepted(self, response: HttpResponse) -> bool:
        """5xx and 429 are repeated; whatever else is answered ends it."""
        return response.status < 500 and response.status != 429

    def sign(self, request: HttpRequest, at: Instant, fault: str) -> HttpRequest:
        """HMAC-SHA256 over body, nonce and timestamp, with dots between."""
        signed_at = at - _DAY if fault == "stale" else at
        nonce, second = self.new_uuid(), str(signed_at.us // 1_000_000)
        key = "forged" if fault == "forged" else self.webhook_secret
        words = request.body + f".{nonce}.{second}".encode()
        proof = base64.b64encode(hmac.new(key.encode(), words, hashlib.sha256).digest()).decode()
        named = {"": proof, "-nonce": nonce, "-timestamp": second, "-algorithm": "HmacSHA256"}
        shown = {f"x-sinch-webhook-signature{name}": value for name, value in named.items()}
        return evolve(request, headers={**request.headers, **shown})

    # The vendor's interface

    @route("POST", "/xms/v1/{plan}/batches")
    def _send(self, call: Call) -> HttpResponse:
        order = call.json_object()
        if order is None:
            raise _refused(400, "syntax_invalid_json", "The body is not a JSON object.")
        self._check(order)
        texts = {to: filled(str(order["body"]), to, order.get("parameters") or {}) for to in map(plain, order["to"])}
        created = self.now()
        times = {"created_at": stamp(created), "modified_at": stamp(created), "canceled": False}
        asked = {"type": "mt_text", "delivery_report": "none", **order, "to": list(texts)}
        shown = {"id": "01" + self.new_hex(24).upper(), **asked, **times}
        batch = Batch(shown=shown, texts=texts, created=created)
        self._batches[shown["id"]] = batch
        answer = json_answer(201, shown)
        self._carry(batch)
        return answer

    def _check(self, order: Mapping[str, Any]) -> None:
        recipients, body = order.get("to"), order.get("body")
        if not isinstance(recipients, list) or not recipients or not isinstance(body, str) or not body:
            raise _refused(400, "syntax_constraint_violation", "The fields to and body may not be empty.")
        for index, to in enumerate(recipients):
            if not isinstance(to, str) or not _MSISDN.fullmatch(to):
                said = (
                    f"The format of parameter 'to[{index}]' is invalid; value '{to}' is not a valid MSISDN or group ID."
                )
                raise _refused(400, "syntax_invalid_parameter_format", said)
        if not _SENDER.fullmatch(str(order.get("from", ""))) or len(body) > _LONGEST:
            raise _refused(
                400, "syntax_constraint_violation", "The sender is none, or the body has over 2000 characters."
            )
        report = order.get("delivery_report", "none")
        if report not in _REPORTS:
            raise _refused(400, "syntax_constraint_violation", f"{report} is no type of delivery report.")
        if report != "none" and not order.get("callback_url"):
            raise _refused(403, "missing_callback_url", "Requesting delivery report without any callback URL.")

    @route("GET", "/xms/v1/{plan}/batches")
    def _list(self, call: Call) -> HttpResponse:
        asked = call.query
        since = Instant.parse(asked["start_date"]) if "start_date" in asked else self.now() - _DAY
        found = [
            batch.shown
            for batch in reversed(self._batches.values())
            if Instant.parse(batch.shown["created_at"]) >= since
            and ("end_date" not in asked or batch.created < Instant.parse(asked["end_date"]))
            and asked.get("from", batch.shown["from"]) == batch.shown["from"]
            and asked.get("client_reference", batch.shown.get("client_reference"))
            == batch.shown.get("client_reference")
        ]
        page, size = int(asked.get("page", 0)), int(asked.get("page_size", _PAGES[0]))
        if not 0 < size <= _PAGES[1]:
            raise _refused(400, "syntax_constraint_violation", "page_size goes from 1 to 100.")
        shown = found[page * size : (page + 1) * size]
        return json_answer(200, {"count": len(found), "page": page, "page_size": len(shown), "batches": shown})

    @route("GET", "/xms/v1/{plan}/batches/{id}")
    def _get(self, call: Call) -> HttpResponse:
        batch = self._batches.get(call.params["id"])
        return HttpResponse(status=404) if batch is None else json_answer(200, batch.shown)

    # What happens between Sinch and people

    def _carry(self, batch: Batch) -> None:
        for to, text in batch.texts.items():
            outcome = self.outcome(f"+{to}")
            if text is None:
                self._tell(batch, to, "Aborted", 405)
                continue
            if outcome is Outcome.HELD or self.report_sent:
                self._tell(batch, to, "Dispatched", CODES["Dispatched"])
            if outcome is Outcome.SILENT:
                self._arrive(batch, to)
            elif outcome is not Outcome.HELD:
                self._end(batch, to, _WORDS[outcome], CODES[_WORDS[outcome]])

    def _end(self, batch: Batch, to: str, status: str, code: int) -> None:
        if status == "Delivered":
            self._arrive(batch, to)
        self._tell(batch, to, status, code)

    def _arrive(self, batch: Batch, to: str) -> None:
        text = batch.texts[to]
        if to not in batch.arrived and text is not None:
            batch.arrived.add(to)
            self.put(f"+{to}", batch.shown["from"], text)

    def _tell(self, batch: Batch, to: str, status: str, code: int) -> None:
        kind = batch.shown["delivery_report"]
        told: dict[str, Any] = {"batch_id": batch.shown["id"]}
        if "client_reference" in batch.shown:
            told["client_reference"] = batch.shown["client_reference"]
        if kind.startswith("per_recipient"):
            now = stamp(self.now())
            told |= {"type": "recipient_delivery_report_sms", "recipient": to, "status": status, "code": code}
            told |= {"at": now, "operator_status_at": now}
            if "max_number_of_message_parts" in batch.shown:
                told["number_of_message_parts"] = len(gsm.parts(batch.texts[to] or ""))
        else:
            listed = {"recipients": [to]} if kind == "full" else {}
            one = {"code": code, "status": status, "count": 1, **listed}
            told |= {"type": "delivery_report_sms", "total_message_count": len(batch.texts), "statuses": [one]}
        final = status not in ("Queued", "Dispatched")
        if kind == "per_recipient" or (kind != "none" and final):
            self._post("delivery", batch.shown["callback_url"], told)

    def _post(self, event: str, url: str, told: Mapping[str, Any]) -> None:
        body = json.dumps(told, ensure_ascii=False).encode()
        request = HttpRequest(method="POST", url=url, headers={"content-type": "application/json"}, body=body)
        self.call_out(Webhook(event=event, request=request))

    # Control

    def body(self, text_id: str) -> str:
        """What the first recipient of a batch gets to read; empty where a parameter has no value.

        Raises:
            KeyError: no such batch.
        """
        with self._lock:
            return next(iter(self._batches[text_id].texts.values())) or ""

    def report(self, text_id: str, status: str, code: int | None = None) -> None:
        """Let a batch end with one of Sinch's statuses, such as ``Delivered`` or ``Failed``, and report it.

        Args:
            text_id: the batch's id.
            status: the word.
            code: the number beside it; Sinch's own for the word where None.

        Raises:
            KeyError: no such batch.
        """
        with self._lock:
            batch = self._batches[text_id]
            for to in batch.texts:
                self._end(batch, to, status, CODES.get(status, 0) if code is None else code)

    def answer_from_mobile(self, sender: str, to: str, text: str) -> str:
        """A person's text to one of our numbers.

        Raises:
            KeyError: ``to`` is none of our numbers.
        """
        return self._incoming(sender, to, {"type": "mo_text", "body": text})

    def binary_from_mobile(self, sender: str, to: str, body: bytes, udh: bytes = b"") -> str:
        """An SMS that is no plain text: its octets, and those of its header with the length first (TS 23.040, 9.2.3.24).

        Raises:
            KeyError: ``to`` is none of our numbers.
        """
        coded = base64.b64encode(body).decode()
        return self._incoming(sender, to, {"type": "mo_binary", "body": coded, "udh": udh.hex()})

    def media_from_mobile(
        self, sender: str, to: str, text: str, media: Sequence[tuple[str, str]], subject: str = ""
    ) -> str:
        """An MMS: its text, and of each thing in it the type and the URL; one without a URL could not be taken over.

        Raises:
            KeyError: ``to`` is none of our numbers.
        """
        things = [
            {"url": url, "content_type": kind, "status": "Uploaded", "code": 0}
            if url
            else {"content_type": kind, "status": "Failed", "code": 400}
            for kind, url in media
        ]
        body = {"message": text, "media": things, **({"subject": subject} if subject else {})}
        return self._incoming(sender, to, {"type": "mo_media", "body": body})

    def _incoming(self, sender: str, to: str, told: Mapping[str, Any]) -> str:
        with self._lock:
            url = self.numbers[to]
            ends = {"id": "01" + self.new_hex(24).upper(), "from": plain(sender), "to": plain(to)}
            if url:
                times = {"received_at": stamp(self.now()), "operator_id": "24001"}
                self._post("inbound", url, {**ends, **told, **times})
            return ends["id"]

    def state(self) -> dict[str, Any]:
        """All batches as Sinch shows them, the handsets and our numbers."""
        with self._lock:
            return {**super().state(), "batches": [batch.shown for batch in self._batches.values()]}


def _refused(status: int, code: str, text: str) -> Answered:
    return Answered(json_answer(status, {"code": code, "text": text}))
