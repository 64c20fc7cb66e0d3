"""Pigeon Post keeps what every carrier has to keep."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar, Self

import pytest
from pigeonpost import PigeonPost
from pigeonpost_simulator import PigeonPostSimulator

from servicekit.moments import Instant
from servicekit.ports.texts import OutgoingText, TextReceipt, Texts
from servicekit.testing.conformance import (
    CaughtCalls,
    Fate,
    HeldText,
    HookCall,
    SimulatedTexts,
    TextsConformance,
    TextsTrial,
)

NOW = Instant.parse("2026-03-02T09:00:00Z")
WORDS = {Fate.DELIVERED: "landed", Fate.UNDELIVERED: "lost", Fate.STRANGE: "eaten"}


class PigeonPostTrial(SimulatedTexts[PigeonPostSimulator]):
    """The adapter, over the simulator."""

    sends = ("POST", "/texts$")
    finds = ("GET", "/texts$")
    strange: ClassVar = {"state": "eaten"}

    @classmethod
    def open(cls) -> Self:
        """A fresh account."""
        caught = CaughtCalls()
        simulator = PigeonPostSimulator(clock=lambda: NOW, post=caught)
        adapter = PigeonPost(simulator.token, simulator.hook_secret, report_url="https://app.test/hooks/pigeonpost")
        return cls(adapter, simulator, caught, secrets=(simulator.token, simulator.hook_secret))

    def held(self) -> Sequence[HeldText]:
        """What the simulator has taken."""
        return [HeldText(one["id"], one["from"], one["to"], one["text"]) for one in self.simulator.held()]

    def refused_text(self) -> OutgoingText:
        """To a number that is none."""
        return self.text(to="0701740605")

    def stranger(self) -> Texts:
        """With a wrong token."""
        return PigeonPost("guess", self.simulator.hook_secret)

    def unproven(self) -> Texts:
        """Without the secret of the hooks."""
        return PigeonPost(self.simulator.token)

    def report(self, receipt: TextReceipt, fate: Fate) -> Sequence[HookCall]:
        """In Pigeon Post's words."""
        self.simulator.report(receipt.vendor_id, WORDS[fate])
        return self.told()

    def answer(self, sender: str, to: str, text: str) -> Sequence[HookCall]:
        """A person's text."""
        self.simulator.answer_from_mobile(sender, to, text)
        return self.told()

    def prove(self, body: bytes) -> HookCall:
        """Signed now."""
        return HookCall(self.simulator.proof(body, self.at), body)

    def forge(self, call: HookCall) -> Sequence[HookCall]:
        """Signed by nobody, wrongly, or for another body or time."""
        shown = dict(call.headers)
        wrong = [{}, {**shown, "pigeon-signature": "00"}, {**shown, "pigeon-time": "2026-03-02T09:00:01Z"}]
        return [*(HookCall(headers, call.body) for headers in wrong), HookCall(shown, call.body + b" ")]

    def aged(self, call: HookCall) -> HookCall:
        """Signed yesterday."""
        return HookCall(self.simulator.proof(call.body, self.at - timedelta(days=1)), call.body)

    def again(self, call: HookCall) -> HookCall:
        """Repeated a minute later, with a proof of its own."""
        return HookCall(self.simulator.proof(call.body, self.at + timedelta(minutes=1)), call.body)


class TestPigeonPost(TextsConformance):
    """All that the port promises."""

    @pytest.fixture
    def trial(self) -> TextsTrial:
        """A fresh account."""
        return PigeonPostTrial.open()
