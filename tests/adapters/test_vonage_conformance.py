"""Vonage's adapter keeps what the port promises."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from attrs import evolve

from servicekit.adapters.texts.vonage import Vonage
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
    Trouble,
)
from servicekit.testing.simulators import Outcome, VonageSimulator
from servicekit.testing.simulators.vonage_values import signed

NOW = Instant.parse("2026-03-02T09:00:00.250Z")
FORM = {"content-type": "application/x-www-form-urlencoded"}


def dated(at: Instant) -> str:
    """A timestamp as Vonage writes it."""
    return str(at.us // 1_000_000)


class VonageTrial(SimulatedTexts[VonageSimulator]):
    """Vonage. Its answer to a send says nothing about where the text is but by a number."""

    sends = ("POST", "/sms/json$")
    troubles = frozenset(Trouble) - {Trouble.STRANGE_WORD}

    @classmethod
    def open(cls, **more: Any) -> VonageTrial:
        """A fresh account that signs its calls."""
        caught = CaughtCalls()
        simulator = VonageSimulator(clock=lambda: NOW, post=caught, numbers={cls.number: "https://app.test/in"}, **more)
        simulator.set_outcome(cls.mobile, Outcome.SILENT)
        adapter = Vonage(
            simulator.api_key,
            simulator.api_secret,
            signature_secret=simulator.signature_secret,
            report_url="https://app.test/hooks/vonage",
        )
        return cls(adapter, simulator, caught, secrets=(simulator.api_secret, simulator.signature_secret))

    @property
    def vonage(self) -> Vonage:
        """The adapter by its class."""
        assert isinstance(self.adapter, Vonage)
        return self.adapter

    def held(self) -> Sequence[HeldText]:
        """What it has taken; the id is that of the first part."""
        return [
            HeldText(sms["parts"][0]["id"], sms["sender"], sms["to"], sms["text"])
            for sms in self.simulator.state()["sms"]
        ]

    def refused_text(self) -> OutgoingText:
        """Its number is too short."""
        return self.text(to="+4612")

    def stranger(self) -> Texts:
        """With another secret."""
        return evolve(self.vonage, api_secret="guess")

    def unproven(self) -> Texts:
        """Without a secret for signatures."""
        return evolve(self.vonage, signature_secret="")

    def report(self, receipt: TextReceipt, fate: Fate) -> Sequence[HookCall]:
        """On the first part."""
        self.told()
        words = {Fate.DELIVERED: "delivered", Fate.UNDELIVERED: "expired", Fate.STRANGE: "teleported"}
        self.simulator.report(receipt.vendor_id, words[fate])
        return self.told()

    def answer(self, sender: str, to: str, text: str) -> Sequence[HookCall]:
        """A person's text."""
        self.told()
        self.simulator.answer_from_mobile(sender, to, text)
        return self.told()

    def prove(self, body: bytes) -> HookCall:
        """The proof stands in the body: whatever is in there is signed as a form."""
        fields = _fields(body) | {"timestamp": dated(self.at)}
        return self._signed(fields)

    def forge(self, call: HookCall) -> Sequence[HookCall]:
        """No signature, another one, one by another method, and a right one of other fields."""
        fields = _fields(call.body)
        bare = {name: value for name, value in fields.items() if name != "sig"}
        secret = self.simulator.signature_secret
        forged = [
            bare,
            {**fields, "sig": ""},
            signed(bare, "guess", "sha256"),
            signed(bare, secret, "md5hash"),
            {**fields, "status": "rejected", "text": "Send me the code"},
        ]
        return [HookCall(FORM, urlencode(one).encode()) for one in forged]

    def aged(self, call: HookCall) -> HookCall:
        """Signed a day ago."""
        return self._signed(_fields(call.body) | {"timestamp": dated(self.at - timedelta(days=1))})

    def again(self, call: HookCall) -> HookCall:
        """With a time, a nonce and a signature of its own."""
        later = {"timestamp": dated(self.at + timedelta(minutes=1)), "nonce": "another"}
        return self._signed(_fields(call.body) | later)

    def _signed(self, fields: dict[str, str]) -> HookCall:
        bare = {name: value for name, value in fields.items() if name != "sig"}
        return HookCall(FORM, urlencode(signed(bare, self.simulator.signature_secret, "sha256")).encode())


def _fields(body: bytes) -> dict[str, str]:
    try:
        told = json.loads(body)
        assert isinstance(told, dict)
        text = urlencode({str(name): str(value) for name, value in told.items()}, errors="replace")
    except (ValueError, AssertionError):
        text = body.decode("utf-8", "replace")
    return dict(parse_qsl(text, keep_blank_values=True, errors="replace"))


class TestVonage(TextsConformance):
    """Reports as forms."""

    @pytest.fixture
    def trial(self) -> TextsTrial:
        """A fresh account."""
        return VonageTrial.open()


class TestVonageInJson(TextsConformance):
    """Reports as JSON."""

    @pytest.fixture
    def trial(self) -> TextsTrial:
        """A fresh account."""
        return VonageTrial.open(posts="json")
