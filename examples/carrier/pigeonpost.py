"""Pigeon Post as SMS carrier.

Rules kept here:

* A call to us is believed by its HMAC over time and body, and refused when it is older than five minutes.
* Pigeon Post takes a text of one ``ref`` once: a send whose answer was lost may be repeated.

Refused: nothing that the rules have allowed; Pigeon Post's own refusals come back as ``Rejected`` with its words in ``facts``.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from attrs import field, frozen

from servicekit import ConfigurationError, Forged, Instant, Invalid, Misshapen, Stale
from servicekit.outbox.facts import TextReceived, TextReported, TextStatus
from servicekit.ports.http import HttpFlow, HttpRequest, header, refusal, unreadable
from servicekit.ports.texts import OutgoingText, TextCapabilities, TextHook, TextReceipt

STATES = {
    "accepted": TextStatus.SENT,
    "flying": TextStatus.SENT,
    "waiting": TextStatus.BUFFERED,
    "landed": TextStatus.DELIVERED,
    "lost": TextStatus.UNDELIVERED,
    "kept": TextStatus.UNSENT,
}
FRESH = timedelta(minutes=5)


@frozen
class PigeonPost:
    """An account at Pigeon Post.

    Args:
        token: of the API.
        hook_secret: by which its calls are proven.
        report_url: where reports are to go; empty: none are asked for.
        base_url, name: of the API, and of the carrier here.
    """

    token: str = field(repr=False)
    hook_secret: str = field(default="", repr=False)
    report_url: str = ""
    base_url: str = "https://api.pigeonpost.example/v1"
    name: str = "pigeonpost"

    @property
    def capabilities(self) -> TextCapabilities:
        """All but sending later."""
        return TextCapabilities(
            alphanumeric_sender=True, delivery_reports=True, inbound=True, look_up=True, idempotent=True
        )

    def send(self, text: OutgoingText) -> HttpFlow[TextReceipt]:
        """Hand over one text: one request."""
        wish = {"from": text.sender, "to": text.to, "text": text.text, "ref": text.reference, "notify": self.report_url}
        request = HttpRequest.json("POST", f"{self.base_url}/texts", wish, headers=self._proof)
        response = yield request
        if not response.ok:
            raise refusal(self.name, request, response)
        made = response.object()
        if not made.get("id"):
            raise unreadable(self.name, request, response, lacks="an id")
        return _receipt(made)

    def find(self, text: OutgoingText, since: Instant) -> HttpFlow[tuple[TextReceipt, ...]]:
        """The text under our reference; one request."""
        request = HttpRequest.get(f"{self.base_url}/texts", headers=self._proof, query={"ref": text.reference})
        response = yield request
        if not response.ok:
            raise refusal(self.name, request, response)
        listed = response.object().get("texts")
        if not isinstance(listed, list):
            raise unreadable(self.name, request, response, lacks="a list of texts")
        ours = [one for one in listed if isinstance(one, dict) and one.get("id") and one.get("ref") == text.reference]
        return tuple(_receipt(one) for one in ours if (made := _instant(one.get("made"))) and made >= since)

    def read(self, headers: Mapping[str, str], body: bytes, at: Instant) -> TextHook:
        """A change of state, or a text from a mobile; answered 204, empty."""
        self._prove(headers, body, at)
        try:
            told = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise Misshapen("Pigeon Post sends JSON, this is none.", vendor=self.name) from error
        wanted = {"state": ("event", "id", "state"), "text": ("event", "id", "from", "to", "text")}
        names = wanted.get(str(told.get("kind"))) if isinstance(told, dict) else None
        if names is None or not all(isinstance(told.get(name), str) for name in names):
            raise Misshapen("This is no call of Pigeon Post.", vendor=self.name)
        if not (told["event"] and told["id"]):
            raise Misshapen("This call of Pigeon Post names nothing.", vendor=self.name)
        if told["kind"] == "text":
            received = TextReceived(
                vendor=self.name,
                event_id=told["event"],
                vendor_id=told["id"],
                sender=told["from"],
                to=told["to"],
                text=told["text"],
                evidence=told,
            )
            return TextHook(facts=(received,))
        reported = TextReported(
            vendor=self.name,
            event_id=told["event"],
            vendor_id=told["id"],
            status=STATES.get(told["state"], TextStatus.UNKNOWN),
            evidence=told,
        )
        return TextHook(facts=(reported,))

    def _prove(self, headers: Mapping[str, str], body: bytes, at: Instant) -> None:
        if not self.hook_secret:
            raise ConfigurationError("Calls of Pigeon Post are proven by a secret: give the adapter its hook_secret.")
        time, shown = header(headers, "pigeon-time"), header(headers, "pigeon-signature")
        signed = hmac.digest(self.hook_secret.encode(), f"{time}.".encode() + body, hashlib.sha256).hex()
        if not hmac.compare_digest(shown.encode(), signed.encode()):
            raise Forged("The call does not show Pigeon Post's signature.", vendor=self.name)
        made = _instant(time)
        if made is None or abs(at - made) > FRESH:
            raise Stale("The call is too old, or from the future.", vendor=self.name, time=time)

    @property
    def _proof(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}


def _receipt(made: Mapping[str, Any]) -> TextReceipt:
    parts, cents = made.get("parts"), made.get("cents")
    return TextReceipt(
        vendor_id=str(made["id"]),
        status=STATES.get(str(made.get("state")), TextStatus.UNKNOWN),
        parts=parts if type(parts) is int and parts > 0 else None,
        cost=f"{cents // 100}.{cents % 100:02} EUR" if type(cents) is int and cents >= 0 else None,
        evidence=made,
    )


def _instant(text: object) -> Instant | None:
    try:
        return Instant.parse(str(text))
    except Invalid:
        return None
