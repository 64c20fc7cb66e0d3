"""The SMPP adapter keeps what the port promises: over real sockets, against an SMSC."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, TypeVar

import pytest

from servicekit.adapters.texts.smpp import Smpp
from servicekit.adapters.texts.smpp.reading import spelled
from servicekit.moments import Instant
from servicekit.ports.http import HttpFlow
from servicekit.ports.texts import OutgoingText, TextReceipt, Texts
from servicekit.sms import join, read_part, split
from servicekit.testing.conformance import Fate, HeldText, HookCall, TextsConformance, TextsTrial, Trouble
from smsc import Answer, Smsc

T = TypeVar("T")
NOW = Instant.parse("2026-03-02T09:00:00.250Z")


class SmppTrial(TextsTrial):
    """SMPP: no HTTP, so what is said in HTTP's words cannot happen."""

    troubles = frozenset({Trouble.LOST, Trouble.UNDONE, Trouble.UNREACHABLE, Trouble.THROTTLED})

    def __init__(self, smsc: Smsc) -> None:
        self.smsc = smsc
        self.calls: list[HookCall] = []
        self.at = NOW
        self.strangers: list[Smpp] = []
        self.smpp = self._adapter(smsc.password)
        self.adapter = self.smpp
        self.smpp.start(self._hear)
        self.secrets = (smsc.password, self.smpp._receiver.token)

    def _adapter(self, password: str) -> Smpp:
        made = Smpp("127.0.0.1", self.smsc.port, self.smsc.system_id, password, pauses=(0.05,), longest_send=20.0)
        self.strangers.append(made)
        return made

    def close(self) -> None:
        """Let go of all links."""
        for one in self.strangers:
            one.close()

    def _hear(self, name: str, headers: Any, body: bytes) -> None:
        assert name == "smpp"
        self.calls.append(HookCall(dict(headers), body))

    def run(self, call: Callable[[], HttpFlow[T] | T]) -> T:
        """It blocks."""
        called = call()
        assert not isinstance(called, Generator)
        return called

    def provoke(self, trouble: Trouble, *, finding: bool = False) -> None:
        """For the next submit."""
        assert not finding, "nothing can be looked up"
        match trouble:
            case Trouble.LOST:
                self.smsc.answers.append(Answer(lose="link", taken=True))
            case Trouble.UNDONE:
                self.smsc.answers.append(Answer(lose="link", taken=False))
            case Trouble.THROTTLED:
                self.smsc.answers.append(Answer(status=0x58))
            case _:
                self.smsc.answers.append(Answer(status=0x08))

    def held(self) -> Sequence[HeldText]:
        """Put together from the submits: parts of a text come one after the other."""
        texts: list[HeldText] = []
        parts: list[Any] = []
        first = ""
        for submit, message_id in zip(self.smsc.submits, self.smsc.ids, strict=True):
            encoding = "ucs-2" if submit.data_coding == 8 else "gsm-7"
            headed = bool(submit.esm_class & 0x40)
            parts.append(read_part(submit.short_message, encoding, has_header=headed, packed=False))
            first = spelled(message_id) if parts[-1].number == 1 else first
            if parts[-1].number == parts[-1].total:
                texts.append(HeldText(first, submit.source_addr, f"+{submit.destination_addr}", join(parts)))
                parts = []
        return texts

    def refused_text(self) -> OutgoingText:
        """The SMSC knows no such destination."""
        self.smsc.answers.append(Answer(status=0x0B))
        return self.text(to="+41000000000")

    def stranger(self) -> Texts:
        """With another password."""
        return self._adapter("guess")

    def unproven(self) -> None:
        """Each has a token of its own."""

    def taken(self) -> tuple[HookCall, ...]:
        """The calls since the last time."""
        taken, self.calls = tuple(self.calls), []
        return taken

    def report(self, receipt: TextReceipt, fate: Fate) -> Sequence[HookCall]:
        """A receipt."""
        words = {Fate.DELIVERED: "DELIVRD", Fate.UNDELIVERED: "EXPIRED", Fate.STRANGE: "LOST"}
        self.taken()
        self.smsc.receipt(receipt.vendor_id, words[fate], source_addr=self.mobile[1:])
        return self.taken()

    def answer(self, sender: str, to: str, text: str) -> Sequence[HookCall]:
        """A person's text, in its parts."""
        self.taken()
        for part in split(text):
            gsm = part.encoding == "gsm-7"
            answer = self.smsc.deliver(
                source_addr=sender[1:],
                destination_addr=to[1:],
                esm_class=0x40 if part.udh else 0,
                data_coding=0 if gsm else 8,
                short_message=part.udh + (part.septets if gsm else part.payload),
            )
            assert answer == [0x80000005, 0]
        return self.taken()

    def prove(self, body: bytes) -> HookCall:
        """The proof does not look at the body."""
        return HookCall({"x-smpp-token": self.smpp._receiver.token}, body)

    def forge(self, call: HookCall) -> Sequence[HookCall]:
        """No token, an empty one, another adapter's."""
        another = self._adapter(self.smsc.password)._receiver.token
        return [HookCall(headers, call.body) for headers in ({}, {"x-smpp-token": ""}, {"x-smpp-token": another})]


class TestSmpp(TextsConformance):
    """An SMSC that gives decimal ids."""

    @pytest.fixture
    def trial(self) -> Iterator[TextsTrial]:
        """A fresh SMSC and a fresh link."""
        with Smsc() as smsc:
            trial = SmppTrial(smsc)
            yield trial
            trial.close()

    def test_the_calls_are_json(self, trial: TextsTrial) -> None:
        """So that whoever logs them can read them."""
        (call,) = trial.answer(trial.mobile, trial.number, "Ja")
        assert json.loads(call.body)["message"] == b"Ja".hex()
