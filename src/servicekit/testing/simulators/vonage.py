"""A stand-in of Vonage's SMS API (https://developer.vonage.com/en/api/sms), with people's handsets.

Rules kept here: every answer has the HTTP status 200 and an entry for each part, refusals included; the alphabet is what
``type`` says, and what is not in it arrives as ``?``; a report is about one part; a long text that comes in is posted in its
parts; calls to us are signed at sending time and repeated until they are answered 2xx.
It refuses, by its own numbers: wrong credentials (4), missing or misshapen parameters (2, 3), more than the balance (9), and
what :meth:`VonageSimulator.answer_with` says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

from attrs import evolve

from servicekit.moments import Instant
from servicekit.ports.http import HttpRequest, HttpResponse
from servicekit.testing.simulators import gsm
from servicekit.testing.simulators.carrier import CarrierSimulator
from servicekit.testing.simulators.core import system_time
from servicekit.testing.simulators.fortysixelks_values import Outcome
from servicekit.testing.simulators.routing import Answered, Call, json_answer, need, route
from servicekit.testing.simulators.vonage_values import ERRORS, Part, Sms, long_stamp, short_stamp, signed
from servicekit.testing.simulators.webhooks import Post, Webhook, http_post

__all__ = ["VonageSimulator"]

_NUMBER = re.compile(r"\d{7,15}")
_MINUTE = timedelta(minutes=1)
_TAKEN = "0"
_WORDS = {Outcome.DELIVERED: "delivered", Outcome.SILENT: "", Outcome.FAILED: "failed", Outcome.HELD: "buffered"}


class VonageSimulator(CarrierSimulator):
    """Vonage, with the handsets of the people it reaches.

    Args:
        numbers: our own numbers (E.164), and for each the URL to which its inbound texts are posted.
        report_url: the account's URL for reports, where a message brings none.
        method: how calls to us are signed; None: they are not.
        posts: whether they are forms or JSON.
        balance: in euros; None is endless.
        clock, seed, post: see :class:`~servicekit.testing.simulators.core.Simulator`.

    >>> import httpx
    >>> from servicekit.testing.simulators import serve
    >>> with serve(VonageSimulator()) as server:
    ...     vonage = server.simulator
    ...     form = {"api_key": vonage.api_key, "api_secret": vonage.api_secret, "from": "Sonnenhof", "to": "41791234567"}
    ...     made = httpx.post(server.url + "/sms/json", data={**form, "text": "See you at nine."}).json()
    ...     made["message-count"], [text.text for text in vonage.handset("+41791234567")]
    ('1', ['See you at nine.'])
    """

    name: ClassVar[str] = "vonage"
    origins: ClassVar[tuple[str, ...]] = ("https://rest.nexmo.com",)
    retries: ClassVar[tuple[timedelta, ...]] = tuple(_MINUTE * minutes for minutes in (1, 5, 15, 60, 180, 360, 720))
    api_key = "abcd1234"
    api_secret = "V0nage+S3cret/1"  # noqa: S105 - the simulator's own, printed in its documentation
    signature_secret = "V0nageS1gnatureS3cretThatIsLong2"  # noqa: S105 - as above
    price = Decimal("0.03330000")
    """Of one part, in euros."""

    def __init__(
        self,
        *,
        numbers: Mapping[str, str] | None = None,
        report_url: str = "",
        method: Literal["md5hash", "md5", "sha1", "sha256", "sha512"] | None = "sha256",
        posts: Literal["form", "json"] = "form",
        balance: Decimal | None = None,
        clock: Callable[[], Instant] = system_time,
        seed: int = 0,
        post: Post = http_post,
    ) -> None:
        super().__init__(numbers=numbers, clock=clock, seed=seed, post=post)
        self.report_url = report_url
        self.method = method
        self.posts = posts
        self.balance = balance
        self._sms: list[Sms] = []
        self._answers: list[tuple[str, ...]] = []
        self._references = 0

    def error(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> HttpResponse:
        """What stands before the interface answers in JSON with a title."""
        return json_answer(status, {"title": message}, headers)

    def sign(self, request: HttpRequest, at: Instant, fault: str) -> HttpRequest:
        """The time and the signature, within the body."""
        told = (
            json.loads(request.body)
            if self.posts == "json"
            else dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        )
        if self.method is not None:
            dated = at - timedelta(hours=1) if fault == "stale" else at
            secret = "guess" if fault == "forged" else self.signature_secret
            told = {**told, "timestamp": str(dated.us // 1_000_000), "nonce": self.new_uuid()}
            told = signed(told, secret, self.method)
        return evolve(request, body=json.dumps(told).encode() if self.posts == "json" else urlencode(told).encode())

    # The vendor's interface

    @route("POST", "/sms/json")
    def _send(self, call: Call) -> HttpResponse:
        form = call.form()
        self._check(form)
        kind = form.get("type", "text")
        text = form["text"] if kind == "unicode" else _in_gsm(form["text"])
        parts = gsm.parts(text)
        statuses = self._answers.pop(0) if self._answers else ()
        statuses += (statuses[-1] if statuses else _TAKEN,) * (len(parts) - len(statuses))
        if self.balance is not None and self.price * len(parts) > self.balance:
            statuses = ("9",) * len(parts)
        sms = Sms(
            sender=form["from"],
            to=f"+{form['to']}",
            text=text,
            kind=kind,
            reference=form.get("client-ref", ""),
            report_to=form.get("callback") or self.report_url,
            reported=form.get("status-report-req", "true") not in ("false", "0"),
        )
        entries = [self._take(sms, part, status) for part, status in zip(parts, statuses, strict=False)]
        self._sms.append(sms)
        self._carry(sms)
        return json_answer(200, {"message-count": str(len(entries)), "messages": entries})

    def _check(self, form: Mapping[str, str]) -> None:
        if form.get("api_key") != self.api_key or form.get("api_secret") != self.api_secret:
            raise _refused("4")
        for name in ("from", "to", "text"):
            if not form.get(name):
                raise _refused("2", f"Missing {name} param")
        if not _NUMBER.fullmatch(form["to"]):
            raise _refused("3", "Invalid to param")
        if form.get("type", "text") not in ("text", "unicode"):
            raise _refused("3", "Invalid type param")
        callback = form.get("callback", "")
        if callback and urlsplit(callback).scheme not in ("http", "https"):
            raise _refused("23")

    def _take(self, sms: Sms, text: str, status: str) -> dict[str, Any]:
        if status != _TAKEN:
            sms.parts.append(Part(id="", text=text, status="refused"))
            return {"status": status, "error-text": ERRORS.get(status, "Unknown Error")}
        if self.balance is not None:
            self.balance -= self.price
        part = Part(id=self.new_hex(16).upper(), text=text)
        sms.parts.append(part)
        reference = {"client-ref": sms.reference} if sms.reference else {}
        left = "100.00000000" if self.balance is None else format(self.balance, "f")
        return {
            "to": sms.to[1:],
            "message-id": part.id,
            "status": status,
            "remaining-balance": left,
            "message-price": format(self.price, "f"),
            "network": "22801",
            **reference,
        }

    # What happens between carrier and people

    def _carry(self, sms: Sms) -> None:
        word = _WORDS[self.outcome(sms.to)]
        for part in sms.taken:
            if word:
                self.report(part.id, word)
            else:
                part.status = "delivered"
        self._arrive(sms)

    def _arrive(self, sms: Sms) -> None:
        """A phone shows a text when it has all parts; what was refused never comes."""
        whole = all(part.status == "delivered" for part in sms.parts)
        if whole and not sms.arrived:
            sms.arrived = True
            self.put(sms.to, sms.sender, sms.text)

    def _call(self, event: str, url: str, told: Mapping[str, str]) -> None:
        if url:
            kind = "application/json" if self.posts == "json" else "application/x-www-form-urlencoded"
            body = json.dumps(told).encode() if self.posts == "json" else urlencode(told).encode()
            request = HttpRequest(method="POST", url=url, headers={"content-type": kind}, body=body)
            self.call_out(Webhook(event=event, request=request))

    # Control

    def answer_with(self, *statuses: str) -> None:
        """Let the next message's parts be answered with these numbers, the last one for all further parts.

        >>> VonageSimulator().answer_with("0", "1")  # the first part is taken, the others are throttled
        """
        with self._lock:
            self._answers.append(statuses)

    def report(self, text_id: str, status: str) -> None:
        """Let a part end with one of the carrier's words (``delivered``, ``failed``, ...), and report it.

        Raises:
            KeyError: no such part.
        """
        with self._lock:
            sms, part = self._find(text_id)
            part.status = status
            self._arrive(sms)
            reference = {"client-ref": sms.reference} if sms.reference else {}
            told = {
                "msisdn": sms.to[1:],
                "to": sms.sender,
                "network-code": "22801",
                "messageId": part.id,
                "price": format(self.price, "f"),
                "status": status,
                "scts": short_stamp(self.now()),
                "err-code": "0" if status in ("delivered", "accepted", "buffered") else "1",
                "api-key": self.api_key,
                "message-timestamp": long_stamp(self.now()),
                **reference,
            }
            if sms.reported:
                self._call("delivery", sms.report_to, told)

    def _find(self, part_id: str) -> tuple[Sms, Part]:
        found = [(sms, part) for sms in self._sms for part in sms.taken if part.id == part_id]
        if not found:
            raise KeyError(part_id)
        return found[0]

    def report_unknown(self, url: str = "") -> None:
        """Report on a part that never was, to the account's URL or this one."""
        with self._lock:
            sms = Sms(sender="Nobody", to="+41790000000", text="", kind="text", reference="none", arrived=True)
            sms.report_to = url or self.report_url
            sms.parts.append(Part(id=self.new_hex(16).upper(), text=""))
            self._sms.append(sms)
            self.report(sms.parts[0].id, "delivered")

    def answer_from_mobile(self, sender: str, to: str, text: str) -> str:
        """A person's text to one of our numbers, posted in its parts; gives the id of the first.

        Raises:
            KeyError: ``to`` is none of our numbers.
        """
        with self._lock:
            kind = "text" if _in_gsm(text) == text else "unicode"
            parts = gsm.parts(text)
            self._references = self._references % 255 + 1
            ids = []
            for number, part in enumerate(parts, 1):
                more = {
                    "concat": "true",
                    "concat-ref": str(self._references),
                    "concat-total": str(len(parts)),
                    "concat-part": str(number),
                }
                told = {"text": part, "type": kind, "keyword": (part.split() or [""])[0].upper()}
                ids.append(self._inbound(sender, to, {**told, **(more if len(parts) > 1 else {})}))
            return ids[0]

    def answer_in_binary(self, sender: str, to: str, data: bytes, udh: bytes = b"") -> str:
        """A telephone's binary message to one of our numbers; gives its id.

        Raises:
            KeyError: ``to`` is none of our numbers.
        """
        with self._lock:
            return self._inbound(sender, to, {"type": "binary", "data": data.hex(), "udh": udh.hex()})

    def _inbound(self, sender: str, to: str, told: Mapping[str, str]) -> str:
        url = self.numbers[to]
        made = self.new_hex(16).upper()
        who = {"msisdn": sender[1:], "to": to[1:], "messageId": made, "api-key": self.api_key}
        self._call("inbound", url, {**who, **told, "message-timestamp": long_stamp(self.now())})
        return made

    def state(self) -> dict[str, Any]:
        """All messages with their parts; and what every carrier has."""
        with self._lock:
            return {**super().state(), "sms": [sms.to_json() for sms in self._sms]}

    @route("POST", "/_sim/answers")
    def _answer_with(self, call: Call) -> HttpResponse:
        (statuses,) = need(call, "statuses")
        self.answer_with(*map(str, statuses))
        return HttpResponse(status=204)


def _in_gsm(text: str) -> str:
    return "".join(char if char in gsm.BASIC or char in gsm.EXTENSION else "?" for char in text)


def _refused(status: str, said: str = "") -> Answered:
    entry = {"status": status, "error-text": said or ERRORS[status]}
    return Answered(json_answer(200, {"message-count": "1", "messages": [entry]}))
