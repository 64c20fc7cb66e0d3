"""What the simulated carriers have in common: our numbers, people's handsets, and what becomes of texts to them.

Rules kept here: a text reaches a handset once, in the single SMS that a carrier makes of it (``gsm.parts``); what becomes of
texts to a number is what was said for it, and DELIVERED where nothing was. How a text is sent, shown, reported and proven is
each vendor's own. Below ``/_sim/`` the carriers are steered alike, so one client steers them all
(:class:`~servicekit.testing.simulators.control.CarrierControl`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from servicekit.moments import Instant
from servicekit.ports.http import HttpResponse
from servicekit.testing.simulators import gsm
from servicekit.testing.simulators.core import Simulator, system_time
from servicekit.testing.simulators.fortysixelks_values import HandsetText, Outcome
from servicekit.testing.simulators.routing import Call, json_answer, need, route
from servicekit.testing.simulators.webhooks import Post, http_post, without_credentials

__all__ = ["CarrierSimulator"]


class CarrierSimulator(Simulator):
    """A simulated carrier.

    Args:
        numbers: our own numbers, and for each the URL to which its inbound texts are posted; an empty one posts nothing.
        clock, seed, post: see :class:`~servicekit.testing.simulators.core.Simulator`.
    """

    def __init__(
        self,
        *,
        numbers: Mapping[str, str] | None = None,
        clock: Callable[[], Instant] = system_time,
        seed: int = 0,
        post: Post = http_post,
    ) -> None:
        super().__init__(clock=clock, seed=seed, post=post)
        self.numbers = dict(numbers or {})
        self._outcomes: dict[str, Outcome] = {}
        self._handsets: dict[str, list[HandsetText]] = {}

    # What each carrier does in its own way

    def report(self, text_id: str, status: str) -> None:
        """Let a text end with one of the carrier's words, and report it.

        Raises:
            KeyError: no such text.
        """
        raise NotImplementedError

    def answer_from_mobile(self, sender: str, to: str, text: str) -> str:
        """A person's text to one of our numbers, posted to the number's URL; gives the carrier's id of it.

        Raises:
            KeyError: ``to`` is none of our numbers.
        """
        raise NotImplementedError

    # Control

    def handset(self, number: str) -> tuple[HandsetText, ...]:
        """The inbox of a person's telephone, oldest first."""
        with self._lock:
            return tuple(self._handsets.get(number, ()))

    def set_outcome(self, number: str, outcome: Outcome | str) -> None:
        """Say what becomes of texts to a number from now on.

        Raises:
            ValueError: no such outcome.
        """
        with self._lock:
            self._outcomes[number] = Outcome(outcome)

    def outcome(self, number: str) -> Outcome:
        """What becomes of texts to a number."""
        return self._outcomes.get(number, Outcome.DELIVERED)

    def put(self, to: str, sender: str, text: str) -> None:
        """Let a text arrive at a handset."""
        arrived = HandsetText(at=self.now(), sender=sender, text=text, parts=gsm.parts(text))
        self._handsets.setdefault(to, []).append(arrived)

    def state(self) -> dict[str, Any]:
        """The handsets, and our numbers (without the credentials in their URLs)."""
        with self._lock:
            handsets = {number: [text.to_json() for text in texts] for number, texts in self._handsets.items()}
            numbers = {number: without_credentials(url)[0] for number, url in self.numbers.items()}
            return {**super().state(), "handsets": handsets, "numbers": numbers}

    @route("GET", "/_sim/handset")
    def _show_handset(self, call: Call) -> HttpResponse:
        return json_answer(200, [text.to_json() for text in self.handset(call.query.get("number", ""))])

    @route("POST", "/_sim/answer")
    def _answer_call(self, call: Call) -> HttpResponse:
        sender, to, text = need(call, "sender", "to", "text")
        return json_answer(200, {"id": self.answer_from_mobile(sender, to, text)})

    @route("POST", "/_sim/numbers")
    def _set_number(self, call: Call) -> HttpResponse:
        number, url = need(call, "number", "sms_url")
        self.numbers[number] = url
        return HttpResponse(status=204)

    @route("POST", "/_sim/outcome")
    def _set_outcome(self, call: Call) -> HttpResponse:
        number, outcome = need(call, "number", "outcome")
        self.set_outcome(number, outcome)
        return HttpResponse(status=204)

    @route("POST", "/_sim/report")
    def _report(self, call: Call) -> HttpResponse:
        text_id, status = need(call, "id", "status")
        self.report(text_id, status)
        return HttpResponse(status=204)
