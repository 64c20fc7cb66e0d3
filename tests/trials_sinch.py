"""Sinch on trial: its adapter with its simulator, for the conformance suite and for whatever goes through all carriers."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import timedelta

from attrs import evolve

from servicekit.adapters.texts.sinch import Sinch
from servicekit.moments import Instant
from servicekit.ports.texts import OutgoingText, TextReceipt, Texts
from servicekit.testing.conformance import CaughtCalls, Fate, HeldText, HookCall, SimulatedTexts, Trouble
from servicekit.testing.simulators import SinchSimulator

NOW = Instant.parse("2026-03-02T09:00:00.250Z")
REPORTS = "https://app.test/hooks/sinch"
SECRET = SinchSimulator.webhook_secret


def proven(body: bytes, at: Instant, *, secret: str = SECRET, nonce: str = "n0") -> dict[str, str]:
    """The headers under which Sinch posts a body."""
    stamp = str(at.us // 1_000_000)
    proof = base64.b64encode(hmac.new(secret.encode(), body + f".{nonce}.{stamp}".encode(), hashlib.sha256).digest())
    name = "x-sinch-webhook-signature"
    return {
        "content-type": "application/json",
        name: proof.decode(),
        f"{name}-nonce": nonce,
        f"{name}-timestamp": stamp,
        f"{name}-algorithm": "HmacSHA256",
    }


class SinchTrial(SimulatedTexts[SinchSimulator]):
    """Sinch. Its answer to a send says nothing of where the text is."""

    troubles = frozenset(Trouble) - {Trouble.STRANGE_WORD}
    sends = ("POST", "/batches$")
    finds = ("GET", "/batches$")

    @classmethod
    def open(cls) -> SinchTrial:
        """A fresh service plan, whose calls are signed."""
        caught = CaughtCalls()
        simulator = SinchSimulator(clock=lambda: NOW, post=caught, numbers={cls.number: REPORTS})
        adapter = Sinch(simulator.service_plan_id, simulator.api_token, webhook_secret=SECRET, report_url=REPORTS)
        return cls(adapter, simulator, caught, secrets=(simulator.api_token, SECRET))

    def held(self) -> Sequence[HeldText]:
        """What its list shows, with the text that people get."""
        return [
            HeldText(one["id"], one["from"], f"+{to}", self.simulator.body(one["id"]))
            for one in self.simulator.state()["batches"]
            for to in one["to"]
        ]

    def refused_text(self) -> OutgoingText:
        """Its number begins with a zero."""
        return self.text(to="0701740605")

    def stranger(self) -> Texts:
        """With another token."""
        assert isinstance(self.adapter, Sinch)
        return evolve(self.adapter, api_token="guess")

    def unproven(self) -> Texts:
        """Without a secret."""
        assert isinstance(self.adapter, Sinch)
        return evolve(self.adapter, webhook_secret="")

    def report(self, receipt: TextReceipt, fate: Fate) -> Sequence[HookCall]:
        """By its callback."""
        self.told()
        words = {Fate.DELIVERED: "Delivered", Fate.UNDELIVERED: "Failed", Fate.STRANGE: "Lost"}
        self.simulator.report(receipt.vendor_id, words[fate])
        return self.told()

    def answer(self, sender: str, to: str, text: str) -> Sequence[HookCall]:
        """A person's text."""
        self.told()
        self.simulator.answer_from_mobile(sender, to, text)
        return self.told()

    def prove(self, body: bytes) -> HookCall:
        """Signed now."""
        return HookCall(proven(body, self.at), body)

    def forge(self, call: HookCall) -> Sequence[HookCall]:
        """No signature; one under another secret, of other words, of another time, with another nonce."""
        name = "x-sinch-webhook-signature"
        bare = {key: value for key, value in call.headers.items() if not key.lower().startswith(name)}
        wrong = [
            proven(call.body, self.at, secret="guess"),
            proven(call.body + b" ", self.at),
            {**proven(call.body, self.at), f"{name}-timestamp": str(self.at.us // 1_000_000 + 1)},
            {**proven(call.body, self.at), f"{name}-nonce": "n1"},
            {**proven(call.body, self.at), name: "å"},
        ]
        return [HookCall({**bare, **headers}, call.body) for headers in ({}, *wrong)]

    def aged(self, call: HookCall) -> HookCall:
        """Signed a day ago."""
        return HookCall(proven(call.body, self.at - timedelta(days=1)), call.body)

    def again(self, call: HookCall) -> HookCall:
        """A repeat is signed anew."""
        return HookCall(proven(call.body, self.at, nonce="n2"), call.body)
