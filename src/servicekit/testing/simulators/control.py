"""Clients of the simulators' control calls, for a test or a demo whose simulators run in another process.

Rules kept here: one method, one call below ``/_sim/``; a refusal is a ``ValueError`` with the simulator's words.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from attrs import field, frozen

from servicekit.moments import Instant
from servicekit.testing.simulators.exivo_site import Light
from servicekit.testing.simulators.faults import Fault
from servicekit.testing.simulators.fortysixelks_values import HandsetText, Outcome
from servicekit.testing.simulators.webhook_faults import WebhookFault

__all__ = ["CarrierControl", "ExivoControl", "FortySixElksControl", "MailboxControl", "SimulatorControl", "ZoomControl"]


def _bare(url: str) -> str:
    return url.rstrip("/")


@frozen
class SimulatorControl:
    """What all simulators can be told.

    Args:
        url: as ``python -m servicekit.testing.simulators`` prints it, or ``Served.url``.

    >>> from servicekit.testing.simulators import ExivoSimulator, serve
    >>> with serve(ExivoSimulator()) as server:
    ...     control = SimulatorControl(server.url)
    ...     control.inject(Fault.bad_gateway("GET", "/info$"))
    ...     [fault["kind"] for fault in control.faults()]
    ['bad_gateway']
    """

    url: str = field(converter=_bare)

    def call(self, method: str, path: str, told: object = None, **query: str) -> Any:
        """One control call: its JSON answer, or None.

        Raises:
            ValueError: the simulator refuses it.
            httpx.TransportError: nobody listens there.
        """
        import httpx

        with httpx.Client(trust_env=False, timeout=60) as client:
            answer = client.request(method, f"{self.url}/_sim/{path}", json=told, params=query)
        if answer.is_error:
            raise ValueError(answer.json()["error"])
        return answer.json() if answer.content else None

    def state(self) -> dict[str, Any]:
        """What the simulator holds."""
        return dict(self.call("GET", "state"))

    def inject(self, *faults: Fault | WebhookFault) -> None:
        """Queue faults."""
        for fault in faults:
            self.call("POST", "faults", fault.to_json())

    def faults(self) -> list[dict[str, Any]]:
        """The faults not spent yet."""
        return list(self.call("GET", "faults"))

    def clear_faults(self) -> None:
        """Forget them."""
        self.call("DELETE", "faults")

    def set_clock(self, at: Instant | None = None, *, offset: timedelta = timedelta()) -> Instant:
        """Stop the clock at ``at`` (None: let it run) and shift it by ``offset``; gives the time it shows then."""
        told = {"at": None if at is None else at.iso(), "offset": offset.total_seconds()}
        return Instant.parse(self.call("POST", "clock", told)["now"])

    def exchanges(self) -> list[dict[str, Any]]:
        """All requests so far with their answers, without headers."""
        return list(self.call("GET", "exchanges"))

    def webhooks(self) -> dict[str, list[dict[str, Any]]]:
        """The vendor's calls ``waiting`` and ``sent``."""
        return dict(self.call("GET", "webhooks"))

    def deliver_webhooks(self, *, everything: bool = False) -> list[dict[str, Any]]:
        """Make the calls that are due, or with ``everything`` also retries and late ones, and give what came of each."""
        return list(self.call("POST", "webhooks", {"everything": everything}))

    def down(self, seconds: float) -> None:
        """Refuse connections for a while; returns when nothing listens any more."""
        self.call("POST", "down", {"seconds": seconds})


class CarrierControl(SimulatorControl):
    """Any simulated carrier and the handsets it reaches."""

    def handset(self, number: str) -> tuple[HandsetText, ...]:
        """The inbox of a person's telephone."""
        return tuple(
            HandsetText(
                at=Instant.parse(one["at"]),
                sender=one["sender"],
                text=one["text"],
                parts=tuple(one["parts"]),
                flash=one["flash"],
            )
            for one in self.call("GET", "handset", number=number)
        )

    def answer_from_mobile(self, sender: str, to: str, text: str) -> str:
        """A person's SMS to one of our numbers; gives its id."""
        return str(self.call("POST", "answer", {"sender": sender, "to": to, "text": text})["id"])

    def set_number(self, number: str, sms_url: str) -> None:
        """Make ``number`` ours and post its SMS to ``sms_url``."""
        self.call("POST", "numbers", {"number": number, "sms_url": sms_url})

    def set_outcome(self, number: str, outcome: Outcome | str) -> None:
        """What becomes of texts to a number from now on."""
        self.call("POST", "outcome", {"number": number, "outcome": str(outcome)})

    def report(self, sms_id: str, status: str) -> None:
        """Let an SMS end with one of the carrier's words (46elks: ``delivered`` or ``failed``)."""
        self.call("POST", "report", {"id": sms_id, "status": status})


class FortySixElksControl(CarrierControl):
    """The simulated 46elks and the handsets it reaches."""


class ExivoControl(SimulatorControl):
    """The simulated exivo site and its doors."""

    def try_door(self, phone: str, component_id: str, at: Instant | None = None) -> Light:
        """Hold a phone to a door: green, or red with the reason."""
        told = {"phone": phone, "component": component_id, "at": None if at is None else at.iso()}
        light = self.call("POST", "door", told)
        return Light(light["green"], light["reason"])

    def revoke_by_hand(self, key_id: str) -> None:
        """Somebody revokes a key in the exivo app."""
        self.call("POST", "revoke", {"key": key_id})

    def forget(self, key_id: str) -> None:
        """The vendor drops a key."""
        self.call("POST", "forget", {"key": key_id})


class ZoomControl(SimulatorControl):
    """The simulated Zoom account."""

    def set_webhook(self, url: str) -> None:
        """Post events there from now on."""
        self.call("POST", "webhook", {"url": url})

    def delete_meeting(self, meeting_id: int | str, operator: str = "") -> None:
        """Somebody deletes a meeting in Zoom."""
        self.call("POST", "delete", {"meeting": meeting_id, "operator": operator})

    def deauthorize(self) -> None:
        """The customer removes the app in Zoom."""
        self.call("POST", "deauthorize", {})

    def validate_url(self) -> None:
        """Ask the webhook's URL to prove itself; ``state()["url_validated"]`` has the outcome."""
        self.call("POST", "validate", {})

    def open_link(self, url: str) -> str | None:
        """The id of the meeting that a link leads to, or None."""
        meeting = self.call("POST", "link", {"url": url})["meeting"]
        return None if meeting is None else str(meeting)

    def authorize(self, redirect_uri: str, code_challenge: str) -> str:
        """A user's consent: the code that the redirect would carry (PKCE, S256)."""
        told = {"redirect_uri": redirect_uri, "code_challenge": code_challenge}
        return str(self.call("POST", "authorize", told)["code"])

    def expire_tokens(self) -> None:
        """Let all access tokens end now."""
        self.call("POST", "expire", {})


class MailboxControl(SimulatorControl):
    """The simulated mailboxes."""

    def mails(self, to: str = "") -> list[dict[str, Any]]:
        """The mails of an address, or of all."""
        return list(self.call("GET", "mails", to=to))

    def defer(self, times: int = 1) -> None:
        """Answer the next mails with 451."""
        self.call("POST", "defer", {"times": times})

    def drop(self, times: int = 1) -> None:
        """Keep the next mails, and break the connection instead of saying so."""
        self.call("POST", "drop", {"times": times})

    def refuse(self, address: str) -> None:
        """Answer 550 to this recipient."""
        self.call("POST", "refuse", {"address": address})

    def accept(self, address: str) -> None:
        """Take back :meth:`refuse`."""
        self.call("POST", "accept", {"address": address})
