"""Twilio on trial: its adapter with its simulator, for the conformance suite and for whatever goes through all carriers."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from urllib.parse import parse_qsl

from attrs import evolve

from servicekit.adapters.texts.twilio import Twilio
from servicekit.moments import Instant
from servicekit.ports.texts import OutgoingText, TextReceipt, Texts
from servicekit.testing.conformance import CaughtCalls, Fate, HeldText, HookCall, SimulatedTexts
from servicekit.testing.simulators import TwilioSimulator

NOW = Instant.parse("2026-03-02T09:00:00.250Z")
REPORTS = "https://app.test/hooks/twilio?k=1"
INBOUND = "https://app.test/hooks/twilio"
FORM = "application/x-www-form-urlencoded"


def signature(url: str, body: bytes = b"", token: str = TwilioSimulator.auth_token) -> str:
    """Twilio's signature of a form posted to a URL, whatever bytes stand in it."""
    escaped = "surrogateescape"
    pairs = parse_qsl(body.decode(errors=escaped), keep_blank_values=True, errors=escaped)
    words = url + "".join(name + value for name, value in sorted(set(pairs)))
    return base64.b64encode(hmac.new(token.encode(), words.encode(errors=escaped), hashlib.sha1).digest()).decode()


class TwilioTrial(SimulatedTexts[TwilioSimulator]):
    """Twilio."""

    sends = ("POST", "/Messages.json$")
    finds = ("GET", "/Messages.json$")
    silence = frozenset({b"", b"<Response></Response>"})

    @classmethod
    def open(cls) -> TwilioTrial:
        """A fresh account."""
        caught = CaughtCalls()
        simulator = TwilioSimulator(clock=lambda: NOW, post=caught, numbers={cls.number: INBOUND})
        adapter = Twilio(
            simulator.account_sid,
            simulator.auth_token,
            api_key=simulator.api_key,
            api_secret=simulator.api_secret,
            report_url=REPORTS,
            inbound_url=INBOUND,
        )
        return cls(adapter, simulator, caught, secrets=(simulator.auth_token, simulator.api_secret))

    def held(self) -> Sequence[HeldText]:
        """What its list shows."""
        return [
            HeldText(one["sid"], one["from"], one["to"], one["body"])
            for one in self.simulator.state()["messages"]
            if one["direction"] == "outbound-api"
        ]

    def refused_text(self) -> OutgoingText:
        """Its number has no plus sign."""
        return self.text(to="0701740605")

    def stranger(self) -> Texts:
        """With another secret."""
        assert isinstance(self.adapter, Twilio)
        return evolve(self.adapter, api_secret="guess")

    def unproven(self) -> Texts:
        """Without the URLs that signatures are over."""
        assert isinstance(self.adapter, Twilio)
        return evolve(self.adapter, report_url="", inbound_url="")

    def report(self, receipt: TextReceipt, fate: Fate) -> Sequence[HookCall]:
        """By its status callback."""
        self.told()
        words = {Fate.DELIVERED: "delivered", Fate.UNDELIVERED: "undelivered", Fate.STRANGE: "lost"}
        self.simulator.report(receipt.vendor_id, words[fate])
        return self.told()

    def answer(self, sender: str, to: str, text: str) -> Sequence[HookCall]:
        """A person's text."""
        self.told()
        self.simulator.answer_from_mobile(sender, to, text)
        return self.told()

    def prove(self, body: bytes) -> HookCall:
        """As a form, whatever it is."""
        return HookCall({"content-type": FORM, "x-twilio-signature": signature(REPORTS, body)}, body)

    def forge(self, call: HookCall) -> Sequence[HookCall]:
        """No signature; and those under another token, of another URL, of other words."""
        bare = {name: value for name, value in call.headers.items() if name.lower() != "x-twilio-signature"}
        proofs = [
            signature(REPORTS, call.body, "guess"),
            signature("https://other.test/hooks/twilio", call.body),
            signature(REPORTS, call.body + b"&x=1"),
            "å",
        ]
        return [
            HookCall(bare, call.body),
            *(HookCall({**bare, "x-twilio-signature": one}, call.body) for one in proofs),
        ]
