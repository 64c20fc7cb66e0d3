"""The carriers on trial: each adapter with its simulator, for the conformance suite and for whatever goes through them all."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode

from attrs import evolve

from servicekit.adapters.texts.fortysixelks import FortySixElks
from servicekit.moments import Instant
from servicekit.ports.http import basic
from servicekit.ports.texts import OutgoingText, TextReceipt, Texts
from servicekit.testing.conformance import CaughtCalls, Fate, HeldText, HookCall, SimulatedTexts
from servicekit.testing.simulators import FortySixElksSimulator, Outcome

NOW = Instant.parse("2026-03-02T09:00:00.250Z")
HOOK_PASSWORD = "p@ss:w/rd"


class ElksTrial(SimulatedTexts[FortySixElksSimulator]):
    """46elks."""

    sends = ("POST", "/a1/sms$")
    finds = ("GET", "/a1/sms$")

    @classmethod
    def open(cls) -> ElksTrial:
        """A fresh account, whose reports show credentials."""
        caught = CaughtCalls()
        url = f"https://elks:{HOOK_PASSWORD.replace('@', '%40').replace('/', '%2F')}@app.test/hooks/46elks"
        simulator = FortySixElksSimulator(clock=lambda: NOW, post=caught, numbers={cls.number: url})
        adapter = FortySixElks(
            simulator.api_user,
            simulator.api_password,
            report_url="https://app.test/hooks/46elks?k=1",
            hook_user="elks",
            hook_password=HOOK_PASSWORD,
        )
        return cls(adapter, simulator, caught, secrets=(simulator.api_password, HOOK_PASSWORD))

    def held(self) -> Sequence[HeldText]:
        """What its list shows."""
        return [
            HeldText(sms["id"], sms["from"], sms["to"], sms["message"])
            for sms in self.simulator.state()["sms"]
            if sms["direction"] == "outgoing"
        ]

    def refused_text(self) -> OutgoingText:
        """Its number has no plus sign."""
        return self.text(to="0701740605")

    def stranger(self) -> Texts:
        """With another password."""
        assert isinstance(self.adapter, FortySixElks)
        return evolve(self.adapter, password="guess")

    def unproven(self) -> Texts:
        """Without a password for hooks."""
        assert isinstance(self.adapter, FortySixElks)
        return evolve(self.adapter, hook_password="")

    def report(self, receipt: TextReceipt, fate: Fate) -> Sequence[HookCall]:
        """46elks calls a failure ``failed``."""
        self.told()
        words = {Fate.DELIVERED: Outcome.DELIVERED.value, Fate.UNDELIVERED: Outcome.FAILED.value, Fate.STRANGE: "lost"}
        self.simulator.report(receipt.vendor_id, words[fate])
        return self.told()

    def answer(self, sender: str, to: str, text: str) -> Sequence[HookCall]:
        """A person's text."""
        self.told()
        self.simulator.answer_from_mobile(sender, to, text)
        return self.told()

    def prove(self, body: bytes) -> HookCall:
        """The proof does not look at the body."""
        form = {"content-type": "application/x-www-form-urlencoded"}
        return HookCall({**form, **basic("elks", HOOK_PASSWORD)}, body)

    def forge(self, call: HookCall) -> Sequence[HookCall]:
        """No credentials, wrong ones, and the right ones under another scheme."""
        bare = {name: value for name, value in call.headers.items() if name.lower() != "authorization"}
        shown = basic("elks", HOOK_PASSWORD)["authorization"]
        proofs = [{}, basic("elks", "guess"), basic("eva", HOOK_PASSWORD), {"authorization": f"Bearer {shown[6:]}"}]
        return [HookCall({**bare, **proof}, call.body) for proof in proofs]


def form_of(call: HookCall) -> dict[str, str]:
    """The fields of a form that was posted to us."""
    return dict(parse_qsl(call.body.decode(), keep_blank_values=True))


def with_form(call: HookCall, **fields: str) -> HookCall:
    """The same call with some fields changed."""
    return HookCall(call.headers, urlencode({**form_of(call), **fields}).encode())
