"""A stand-in of 46elks (https://46elks.com/docs): send and list SMS, delivery reports, inbound SMS, and people's handsets.

Rules kept here: it counts parts itself (``gsm.parts``) and puts them into the recipient's handset; errors are plain text;
a report is repeated until it is answered 200 to 204; the body of the answer to an inbound SMS is sent back as an SMS.
It refuses: wrong credentials (401), missing or misshapen parameters (400), more than the balance (403).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

from servicekit.moments import Instant
from servicekit.ports.http import HttpRequest, HttpResponse, basic
from servicekit.testing.simulators import gsm
from servicekit.testing.simulators.carrier import CarrierSimulator
from servicekit.testing.simulators.core import system_time
from servicekit.testing.simulators.fortysixelks_values import HandsetText, Outcome, Sms, stamp
from servicekit.testing.simulators.routing import Answered, Call, json_answer, route
from servicekit.testing.simulators.webhooks import Post, Webhook, http_post, without_credentials

__all__ = ["FortySixElksSimulator"]

_E164 = re.compile(r"\+[1-9]\d{5,14}")
_PAGE = 100  # "At most 100 SMS can be retrieved at once": 46elks.com/docs/sms-history
_MINUTE = timedelta(minutes=1)


class FortySixElksSimulator(CarrierSimulator):
    """46elks, with the handsets of the people it reaches.

    Args:
        numbers: our own numbers and the ``sms_url`` to which inbound SMS are posted; credentials in it go out as Basic.
        report_sent: whether a report ``sent`` precedes the final one.
        balance: in 1/10000 of the currency; None is endless.
        clock, seed, post: see :class:`~servicekit.testing.simulators.core.Simulator`.

    >>> import httpx
    >>> from servicekit.testing.simulators import serve
    >>> with serve(FortySixElksSimulator()) as server:
    ...     elks = server.simulator
    ...     form = {"from": "Sonnenhof", "to": "+41791234567", "message": "See you at nine."}
    ...     sms = httpx.post(server.url + "/a1/sms", data=form, auth=(elks.api_user, elks.api_password)).json()
    ...     sms["parts"], [text.text for text in elks.handset("+41791234567")]
    (1, ['See you at nine.'])
    """

    name: ClassVar[str] = "46elks"
    origins: ClassVar[tuple[str, ...]] = ("https://api.46elks.com",)
    retries: ClassVar[tuple[timedelta, ...]] = tuple(_MINUTE * minutes for minutes in (1, 5, 30, 60, 120, 240))
    api_user = "u00000000000000000000000000000046"
    api_password = "46E1C50000000000000000000000ABCD"  # noqa: S105 - the simulator's own, printed in its documentation
    cost = 3500
    """Of one part, in 1/10000 of the currency."""

    def __init__(
        self,
        *,
        numbers: Mapping[str, str] | None = None,
        report_sent: bool = False,
        balance: int | None = None,
        clock: Callable[[], Instant] = system_time,
        seed: int = 0,
        post: Post = http_post,
    ) -> None:
        super().__init__(numbers=numbers, clock=clock, seed=seed, post=post)
        self.report_sent = report_sent
        self.balance = balance
        self._sms: dict[str, Sms] = {}

    def admit(self, call: Call) -> None:
        """HTTP Basic."""
        if call.basic() != (self.api_user, self.api_password):
            raise Answered(self.error(401, "API access requires Basic HTTP authentication"))

    def error(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> HttpResponse:
        """Errors are a plain sentence."""
        kinds = {"content-type": "text/plain; charset=utf-8", **(headers or {})}
        return HttpResponse(status=status, headers=kinds, body=message.encode())

    def accepted(self, response: HttpResponse) -> bool:
        """200 to 204 stop the repeating."""
        return 200 <= response.status <= 204

    def sign(self, request: HttpRequest, at: Instant, fault: str) -> HttpRequest:  # noqa: ARG002 - nothing is dated
        """There is no signature: a forger lacks the credentials that stand in the URL."""
        if fault != "forged":
            return request
        wrong = {**request.headers, **basic("forger", "guess")}
        return HttpRequest(method=request.method, url=request.url.partition("?")[0], headers=wrong, body=request.body)

    # The vendor's interface

    @route("POST", "/a1/sms")
    def _send(self, call: Call) -> HttpResponse:
        form = call.form()
        sender, to, message = (self._required(form, name) for name in ("from", "to", "message"))
        if not _E164.fullmatch(to):
            raise Answered(self.error(400, f'Invalid to number, use format "+461234567890", not "{to}"'))
        if not (_E164.fullmatch(sender) or (0 < len(sender) <= 11 and not sender.startswith("+"))):
            raise Answered(self.error(400, f'Invalid from, use a number or at most 11 characters, not "{sender}"'))
        report_to = form.get("whendelivered", "")
        if report_to and urlsplit(report_to).scheme not in ("http", "https"):
            raise Answered(self.error(400, f'Invalid whendelivered, not a URL: "{report_to}"'))
        cost = self.cost * len(gsm.parts(message))
        if form.get("dryrun") == "yes":
            shown = {"status": "created", "direction": "outgoing", "from": sender, "to": to, "message": message}
            return json_answer(200, {**shown, "parts": len(gsm.parts(message)), "estimated_cost": cost})
        if self.balance is not None and cost > self.balance:
            raise Answered(self.error(403, "Not enough credits to send this SMS"))
        if self.balance is not None:
            self.balance -= cost
        sms = self._outgoing("outgoing", sender, to, message, form)
        answer = json_answer(200, sms.shown)
        self._carry(sms)
        return answer

    def _required(self, form: Mapping[str, str], name: str) -> str:
        if not form.get(name):
            raise Answered(self.error(400, f"Missing key {name}"))
        return form[name]

    @route("GET", "/a1/sms")
    def _list(self, call: Call) -> HttpResponse:
        start, end, to = (call.query.get(name, "") for name in ("start", "end", "to"))
        found = [
            sms.shown
            for sms in reversed(self._sms.values())
            if (not start or sms.shown["created"] < start)
            and (not end or sms.shown["created"] > end)
            and to in ("", sms.shown["to"])
        ]
        limit = call.query.get("limit", "")
        size = min(int(limit), _PAGE) if limit.isdecimal() else _PAGE
        more = {"next": found[size - 1]["created"]} if 0 < size < len(found) else {}
        return json_answer(200, {"data": found[:size], **more})

    @route("GET", "/a1/sms/{id}")
    def _get(self, call: Call) -> HttpResponse:
        sms = self._sms.get(call.params["id"])
        return self.error(404, "No such SMS") if sms is None else json_answer(200, sms.shown)

    # What happens between carrier and people

    def _base(self, direction: str, sender: str, to: str) -> tuple[Instant, dict[str, Any]]:
        last = next(reversed(self._sms.values()), None)
        created = self.now()
        if last is not None and created <= last.created:  # paging tells SMS apart by this time
            created = last.created + timedelta(microseconds=1)
        shown = {"id": "s" + self.new_hex(32), "direction": direction, "from": sender, "to": to}
        return created, {**shown, "created": stamp(created)}

    def _outgoing(self, direction: str, sender: str, to: str, text: str, form: Mapping[str, str]) -> Sms:
        created, shown = self._base(direction, sender, to)
        parts = gsm.parts(text)
        logged = {} if form.get("dontlog") == "message" else {"message": text}
        flash = form.get("flashsms") == "yes"
        marked = {"flashsms": "yes"} if flash else {}
        shown |= {**logged, **marked, "status": "created", "parts": len(parts), "cost": self.cost * len(parts)}
        report_to = form.get("whendelivered", "")
        sms = Sms(shown=shown, text=text, parts=parts, report_to=report_to, created=created, flash=flash)
        self._sms[shown["id"]] = sms
        return sms

    def _carry(self, sms: Sms) -> None:
        outcome = self.outcome(sms.shown["to"])
        if self.report_sent or outcome in (Outcome.HELD, Outcome.SILENT):
            sms.shown["status"] = "sent"
        if self.report_sent:
            self._tell(sms)
        if outcome is Outcome.SILENT:
            self._arrive(sms)
        elif outcome is not Outcome.HELD:
            self.report(sms.shown["id"], outcome.value)

    def _arrive(self, sms: Sms) -> None:
        if not sms.arrived:
            sms.arrived = True
            text = HandsetText(at=self.now(), sender=sms.shown["from"], text=sms.text, parts=sms.parts, flash=sms.flash)
            self._handsets.setdefault(sms.shown["to"], []).append(text)

    def _tell(self, sms: Sms) -> None:
        told = {name: sms.shown[name] for name in ("id", "status")}
        if "delivered" in sms.shown:
            told["delivered"] = sms.shown["delivered"]
        if sms.report_to:
            self._post_form("delivery", sms.report_to, told, None)

    def _post_form(
        self, event: str, url: str, fields: Mapping[str, str], answered: Callable[[HttpResponse], None] | None
    ) -> None:
        bare, login = without_credentials(url)
        self.call_out(
            Webhook(event=event, request=HttpRequest.form("POST", bare, fields, headers=login), answered=answered)
        )

    # Control

    def report(self, text_id: str, status: str) -> None:
        """Let an SMS end as ``delivered`` or ``failed`` (or repeat ``sent``), and report it.

        Raises:
            KeyError: no such SMS.
        """
        with self._lock:
            sms = self._sms[text_id]
            sms.shown["status"] = status
            if status == Outcome.DELIVERED:
                sms.shown["delivered"] = stamp(self.now())
                self._arrive(sms)
            self._tell(sms)

    def answer_from_mobile(self, sender: str, to: str, text: str) -> str:
        """A person's SMS to one of our numbers, posted to its ``sms_url``; what that answers is sent back as an SMS.

        Returns:
            The id of the inbound SMS.

        Raises:
            KeyError: ``to`` is none of our numbers.
        """
        with self._lock:
            url = self.numbers[to]
            created, shown = self._base("incoming", sender, to)
            shown["message"] = text
            self._sms[shown["id"]] = Sms(shown=shown, text=text, parts=gsm.parts(text), created=created)
            if url:
                self._post_form("inbound", url, shown, lambda response: self._reply(to, sender, response))
            return str(shown["id"])

    def _reply(self, sender: str, to: str, response: HttpResponse) -> None:
        # A JSON object is an action in the vendor's language, such as forwarding; any other text is the reply itself.
        text = response.body.decode("utf-8", "replace")
        if text and not isinstance(response.json(), dict):
            with self._lock:
                self._carry(self._outgoing("outgoing-reply", sender, to, text, {}))

    def state(self) -> dict[str, Any]:
        """All SMS as the vendor shows them, the handsets, and our numbers (without the credentials in their URLs)."""
        with self._lock:
            return {**super().state(), "sms": [sms.shown for sms in self._sms.values()]}
