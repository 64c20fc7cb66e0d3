"""A stand-in of Twilio's messages (https://www.twilio.com/docs/messaging/api/message-resource), with people's handsets.

Rules kept here: times are in RFC 2822, to the second; ``date_sent`` and ``price`` are empty until the operator has the text;
errors are JSON with Twilio's own number; a call to us is signed for the very URL that is called
(https://www.twilio.com/docs/usage/security) and never repeated; our answer to an inbound text is TwiML, or plain text, and
its words go back as a text.
It refuses: wrong credentials (20003), missing or misshapen parameters (21xxx), what it does not have (20404).

Twilio's signature knows no time, so the fault ``stale`` changes nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

from attrs import evolve

from servicekit.moments import Instant
from servicekit.ports.http import HttpRequest, HttpResponse
from servicekit.testing.simulators import gsm
from servicekit.testing.simulators.carrier import CarrierSimulator
from servicekit.testing.simulators.core import system_time
from servicekit.testing.simulators.fortysixelks_values import Outcome
from servicekit.testing.simulators.routing import Answered, Call, json_answer, route
from servicekit.testing.simulators.twilio_values import Message, sent_on, stamp, uri
from servicekit.testing.simulators.webhooks import Post, Webhook, http_post

__all__ = ["TwilioSimulator"]

_E164 = re.compile(r"\+[1-9]\d{5,14}")
_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 +_&-]{1,11}")
_REPLY = re.compile(r"<Message[^>]*>(.*?)</Message>", re.DOTALL)
_LONGEST = 1600  # characters: error 21617
_PAGES = (50, 1000)  # texts on a page: by default, at most
_UNREACHABLE = 30003
_WORDS = {Outcome.DELIVERED: "delivered", Outcome.FAILED: "undelivered"}


class TwilioSimulator(CarrierSimulator):
    """Twilio, with the handsets of the people it reaches.

    Args:
        numbers: our own numbers, and for each the URL to which its inbound texts are posted.
        report_sent: whether a report ``sent`` precedes the final one.
        clock, seed, post: see :class:`~servicekit.testing.simulators.core.Simulator`.

    >>> import httpx
    >>> from servicekit.testing.simulators import serve
    >>> with serve(TwilioSimulator()) as server:
    ...     twilio = server.simulator
    ...     form = {"From": "Sonnenhof", "To": "+41791234567", "Body": "See you at nine."}
    ...     login = (twilio.account_sid, twilio.auth_token)
    ...     made = httpx.post(f"{server.url}/2010-04-01/Accounts/{login[0]}/Messages.json", data=form, auth=login).json()
    ...     made["status"], [text.text for text in twilio.handset("+41791234567")]
    ('queued', ['See you at nine.'])
    """

    name: ClassVar[str] = "twilio"
    origins: ClassVar[tuple[str, ...]] = ("https://api.twilio.com",)
    account_sid = "AC0000000000000000000000000000d0c5"
    auth_token = "70110000000000000000000000000042"  # noqa: S105 - the simulator's own, printed in its documentation
    api_key = "SK0000000000000000000000000000d0c5"
    api_secret = "70110000000000000000000000000043"  # noqa: S105 - as above
    price = "0.00750"
    """Of one segment, in US dollars."""

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
        self._messages: dict[str, Message] = {}

    def admit(self, call: Call) -> None:
        """HTTP Basic: account and auth token, or an API key and its secret."""
        if call.basic() not in {(self.account_sid, self.auth_token), (self.api_key, self.api_secret)}:
            raise Answered(self.no(401, 20003, "Authenticate"))

    def error(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> HttpResponse:
        """Errors are JSON; Twilio's number for a bare status is 20 and the status."""
        return self.no(status, 20000 + status, message, headers)

    def no(self, status: int, code: int, message: str, headers: Mapping[str, str] | None = None) -> HttpResponse:
        """A refusal with one of Twilio's numbers."""
        more = f"https://www.twilio.com/docs/errors/{code}"
        return json_answer(status, {"code": code, "message": message, "more_info": more, "status": status}, headers)

    def sign(self, request: HttpRequest, at: Instant, fault: str) -> HttpRequest:  # noqa: ARG002 - nothing is dated
        """HMAC-SHA1 over the URL and, for a form, its names and values in the order of the names."""
        told: dict[str, set[str]] = {}
        for name, value in parse_qsl(request.body.decode(), keep_blank_values=True):
            told.setdefault(name, set()).add(value)
        words = request.url + "".join(name + value for name in sorted(told) for value in sorted(told[name]))
        key = "forged" if fault == "forged" else self.auth_token
        proof = base64.b64encode(hmac.new(key.encode(), words.encode(), hashlib.sha1).digest()).decode()
        return evolve(request, headers={**request.headers, "x-twilio-signature": proof})

    # The vendor's interface

    @route("POST", "/2010-04-01/Accounts/{account}/Messages.json")
    def _send(self, call: Call) -> HttpResponse:
        self._own(call)
        form = call.form()
        sender, to, body = self._checked(form)
        report_to = form.get("StatusCallback", "")
        if report_to and urlsplit(report_to).scheme not in ("http", "https"):
            raise Answered(self.no(400, 21609, f"The StatusCallback URL {report_to} is not a valid URL."))
        message = self._made("outbound-api", sender, to, body)
        message.report_to = report_to
        answer = json_answer(201, message.shown)
        self._carry(message)
        return answer

    def _own(self, call: Call) -> None:
        if call.params["account"] != self.account_sid:
            raise Answered(self.no(401, 20003, "Authenticate"))

    def _checked(self, form: Mapping[str, str]) -> tuple[str, str, str]:
        missing = {"To": 21604, "From": 21603, "Body": 21602}
        for name, code in missing.items():
            if not form.get(name):
                raise Answered(self.no(400, code, f"A '{name}' is required."))
        sender, to, body = form["From"], form["To"], form["Body"]
        if not _E164.fullmatch(to):
            raise Answered(self.no(400, 21211, f"The 'To' number {to} is not a valid phone number."))
        if not (_E164.fullmatch(sender) or _NAME.fullmatch(sender)):
            raise Answered(self.no(400, 21212, f"The 'From' number {sender} is not a valid phone number."))
        if len(body) > _LONGEST:
            raise Answered(self.no(400, 21617, "The concatenated message body exceeds the 1600 character limit."))
        return sender, to, body

    @route("GET", "/2010-04-01/Accounts/{account}/Messages.json")
    def _list(self, call: Call) -> HttpResponse:
        self._own(call)
        found = [
            message
            for message in reversed(self._messages.values())
            if call.query.get("To", message.shown["to"]) == message.shown["to"]
            and call.query.get("From", message.shown["from"]) == message.shown["from"]
            and sent_on(message, call.query)
        ]
        after = [index for index, one in enumerate(found) if f"PA{one.shown['sid']}" == call.query.get("PageToken")]
        start = after[0] if after else 0
        size = min(int(call.query.get("PageSize", _PAGES[0])), _PAGES[1])
        rest = found[start + size : start + size + 1]
        number = int(call.query.get("Page", 0))
        page = {"page": number, "page_size": size, "start": number * size, "end": number * size + size - 1}
        uris = {"first_page_uri": uri(call, Page=0), "previous_page_uri": None, "uri": uri(call)}
        following = uri(call, Page=number + 1, PageToken=f"PA{rest[0].shown['sid']}") if rest else None
        texts = [one.shown for one in found[start : start + size]]
        return json_answer(200, {"messages": texts, **page, **uris, "next_page_uri": following})

    @route("GET", "/2010-04-01/Accounts/{account}/Messages/{sid}.json")
    def _get(self, call: Call) -> HttpResponse:
        self._own(call)
        message = self._messages.get(call.params["sid"])
        return (
            self.no(404, 20404, "The requested resource was not found")
            if message is None
            else json_answer(200, message.shown)
        )

    # What happens between Twilio and people

    def _made(self, direction: str, sender: str, to: str, body: str, media: int = 0) -> Message:
        sid = ("MM" if media else "SM") + self.new_hex(32)
        path = f"/2010-04-01/Accounts/{self.account_sid}/Messages/{sid}"
        created = self.now()
        shown = {
            "account_sid": self.account_sid,
            "api_version": "2010-04-01",
            "body": body,
            "date_created": stamp(created),
            "date_sent": None,
            "date_updated": stamp(created),
            "direction": direction,
            "error_code": None,
            "error_message": None,
            "from": sender,
            "messaging_service_sid": None,
            "num_media": str(media),
            "num_segments": str(len(gsm.parts(body))),
            "price": None,
            "price_unit": "USD",
            "sid": sid,
            "status": "queued" if direction.startswith("outbound") else "received",
            "subresource_uris": {"media": f"{path}/Media.json"},
            "to": to,
            "uri": f"{path}.json",
        }
        message = Message(shown=shown)
        self._messages[sid] = message
        return message

    def _carry(self, message: Message) -> None:
        outcome = self.outcome(message.shown["to"])
        if self.report_sent:
            self.report(message.shown["sid"], "sent")
        elif outcome in (Outcome.HELD, Outcome.SILENT):
            self._move(message, "sent")
        if outcome is Outcome.SILENT:
            self._arrive(message)
        elif outcome is not Outcome.HELD:
            self.report(message.shown["sid"], _WORDS[outcome])

    def _move(self, message: Message, status: str) -> None:
        now = self.now()
        message.shown |= {"status": status, "date_updated": stamp(now)}
        if status in ("sent", "delivered", "undelivered") and message.sent is None:
            message.sent = now
            cost = int(message.shown["num_segments"]) * float(self.price)
            message.shown |= {"date_sent": stamp(now), "price": f"-{cost:.5f}"}
        if status in ("undelivered", "failed"):
            message.shown |= {"error_code": _UNREACHABLE, "error_message": "Unreachable destination handset"}
        if status == "delivered":
            self._arrive(message)

    def _arrive(self, message: Message) -> None:
        if not message.arrived:
            message.arrived = True
            self.put(message.shown["to"], message.shown["from"], message.shown["body"])

    def _post_form(
        self, event: str, url: str, fields: Mapping[str, str], answered: Callable[[HttpResponse], None] | None = None
    ) -> None:
        request = HttpRequest.form("POST", url, fields, headers={"user-agent": "TwilioProxy/1.1"})
        self.call_out(Webhook(event=event, request=request, answered=answered))

    def _common(self, message: Message) -> dict[str, str]:
        sid = message.shown["sid"]
        ends = {"From": message.shown["from"], "To": message.shown["to"]}
        return {"MessageSid": sid, "SmsSid": sid, "AccountSid": self.account_sid, **ends, "ApiVersion": "2010-04-01"}

    # Control

    def report(self, text_id: str, status: str) -> None:
        """Give a message one of Twilio's statuses, such as ``sent``, ``delivered``, ``undelivered``, and report it.

        Raises:
            KeyError: no such message.
        """
        with self._lock:
            message = self._messages[text_id]
            self._move(message, status)
            told = {**self._common(message), "MessageStatus": status, "SmsStatus": status}
            if message.shown["error_code"] is not None:
                told["ErrorCode"] = str(message.shown["error_code"])
            if message.report_to:
                self._post_form("delivery", message.report_to, told)

    def answer_from_mobile(self, sender: str, to: str, text: str, media: Sequence[tuple[str, str]] = ()) -> str:
        """A person's text to one of our numbers; what its URL answers goes back as a text.

        Args:
            sender: the person's number.
            to: one of ours.
            text: what it says.
            media: of an MMS, each with its type and its URL.

        Raises:
            KeyError: ``to`` is none of our numbers.
        """
        with self._lock:
            url = self.numbers[to]
            message = self._made("inbound", sender, to, text, len(media))
            told = {
                **self._common(message),
                "SmsMessageSid": message.shown["sid"],
                "SmsStatus": "received",
                "Body": text,
            }
            told |= {"NumMedia": str(len(media)), "NumSegments": message.shown["num_segments"]}
            for index, (kind, at) in enumerate(media):
                told |= {f"MediaContentType{index}": kind, f"MediaUrl{index}": at}
            if url:
                self._post_form("inbound", url, told, lambda response: self._reply(to, sender, response))
            return str(message.shown["sid"])

    def _reply(self, sender: str, to: str, response: HttpResponse) -> None:
        body = response.body.decode("utf-8", "replace")
        plain = response.headers.get("content-type", "").startswith("text/plain")
        for text in [body] if plain and body else _REPLY.findall(body):
            with self._lock:
                self._carry(self._made("outbound-reply", sender, to, text))

    def state(self) -> dict[str, Any]:
        """All messages as Twilio shows them, the handsets and our numbers."""
        with self._lock:
            return {**super().state(), "messages": [message.shown for message in self._messages.values()]}
