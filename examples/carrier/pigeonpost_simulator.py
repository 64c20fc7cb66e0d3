"""A stand-in of Pigeon Post: send and list texts, reports, texts from mobiles."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from servicekit.moments import Instant
from servicekit.ports.http import HttpRequest, HttpResponse
from servicekit.testing.simulators import Simulator
from servicekit.testing.simulators.gsm import parts
from servicekit.testing.simulators.routing import Answered, Call, json_answer, route
from servicekit.testing.simulators.webhooks import Webhook


class PigeonPostSimulator(Simulator):
    """Pigeon Post as its (invented) documents describe it. Faults, the clock and webhooks are ``Simulator``'s."""

    name = "pigeonpost"
    origins = ("https://api.pigeonpost.example",)
    token = "coo-coo-coo"
    hook_secret = "seeds-and-corn"
    inbound_url = "https://app.test/hooks/pigeonpost"

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.texts: dict[str, dict[str, Any]] = {}

    def admit(self, call: Call) -> None:
        """A bearer token."""
        if call.bearer() != self.token:
            raise Answered(self.error(401, "wrong token"))

    @route("POST", "/v1/texts")
    def _send(self, call: Call) -> HttpResponse:
        wish = call.json_object() or {}
        if not str(wish.get("to", "")).startswith("+"):
            return self.error(422, "'to' is no number")
        if wish["ref"] in self.texts:
            return json_answer(200, self.texts[wish["ref"]])
        count = len(parts(wish["text"]))
        text = {**wish, "id": "pp" + self.new_hex(8), "state": "accepted", "parts": count, "cents": 4 * count}
        self.texts[wish["ref"]] = text | {"made": self.now().iso()}
        return json_answer(201, self.texts[wish["ref"]])

    @route("GET", "/v1/texts")
    def _list(self, call: Call) -> HttpResponse:
        return json_answer(200, {"texts": [one for one in self.held() if one["ref"] == call.query.get("ref")]})

    def held(self) -> list[dict[str, Any]]:
        """The texts it has taken, oldest first."""
        return list(self.texts.values())

    def sign(self, request: HttpRequest, at: Instant, fault: str) -> HttpRequest:
        """HMAC over time and body, as the call goes out."""
        headers = self.proof(request.body, at)
        if fault == "forged":
            headers["pigeon-signature"] = "00"
        return HttpRequest(method="POST", url=request.url, headers={**request.headers, **headers}, body=request.body)

    def proof(self, body: bytes, at: Instant) -> dict[str, str]:
        """The headers that prove a call made at this instant."""
        time = at.iso()
        signed = hmac.digest(self.hook_secret.encode(), f"{time}.".encode() + body, hashlib.sha256).hex()
        return {"pigeon-time": time, "pigeon-signature": signed}

    def report(self, text_id: str, state: str) -> None:
        """Let a text come to a state, and report it."""
        text = next(one for one in self.held() if one["id"] == text_id)
        text["state"] = state
        if text["notify"]:
            self._tell(text["notify"], kind="state", id=text_id, state=state)

    def answer_from_mobile(self, sender: str, to: str, text: str) -> None:
        """A person's text to one of our numbers."""
        self._tell(self.inbound_url, **{"from": sender}, kind="text", id="in" + self.new_hex(8), to=to, text=text)

    def _tell(self, url: str, **fields: str) -> None:
        body = json.dumps({"event": "ev" + self.new_hex(8), **fields}).encode()
        request = HttpRequest(method="POST", url=url, headers={"content-type": "application/json"}, body=body)
        self.call_out(Webhook(event=fields["kind"], request=request))
