"""What a simulated Vonage holds: messages in their parts, its numbers for what went wrong, and the signature of its calls.

Rules kept here: a part has an id and a price of its own and is reported on by itself; times have no zone and are UTC.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from attrs import define, field

from servicekit.moments import Instant

__all__ = ["ERRORS", "Part", "Sms", "long_stamp", "short_stamp", "signed"]

ERRORS: Mapping[str, str] = {
    "1": "Throughput Rate Exceeded - please wait [ 1000 ] and retry",
    "2": "Missing Mandatory Fields",
    "3": "Invalid Parameter",
    "4": "Bad Credentials",
    "5": "Internal Error",
    "6": "Unroutable Message - rejected",
    "7": "Number barred - rejected",
    "8": "Partner account barred",
    "9": "Partner quota violation - rejected",
    "10": "Too many existing binds",
    "11": "Account not enabled for HTTP",
    "12": "Message too long",
    "14": "Invalid Signature",
    "15": "Illegal Sender Address - rejected",
    "22": "Invalid Network Code",
    "23": "Invalid Callback Url",
    "29": "Non White-listed Destination - rejected",
    "32": "Signature And API Secret Disallowed",
    "33": "Number De-activated - rejected",
}
"""Vonage's numbers and sentences (https://developer.vonage.com/en/messaging/sms/guides/troubleshooting-sms)."""


@define(kw_only=True)
class Part:
    """One SMS of a message; ``id`` is empty where it was refused."""

    id: str
    text: str
    status: str = "accepted"


@define(kw_only=True)
class Sms:
    """A message that was sent through the interface, refused parts included."""

    sender: str
    to: str
    text: str
    kind: str
    reference: str
    parts: list[Part] = field(factory=list)
    report_to: str = ""
    reported: bool = True
    arrived: bool = False

    @property
    def taken(self) -> list[Part]:
        """The parts that were accepted."""
        return [part for part in self.parts if part.id]

    def to_json(self) -> dict[str, Any]:
        """JSON-ready, for ``/_sim/state``."""
        shown = {name: getattr(self, name) for name in ("sender", "to", "text", "kind", "reference", "arrived")}
        return {**shown, "parts": [{"id": one.id, "text": one.text, "status": one.status} for one in self.parts]}


def short_stamp(at: Instant) -> str:
    """``YYMMDDHHMM``, as ``scts`` has it."""
    return at.utc.strftime("%y%m%d%H%M")


def long_stamp(at: Instant) -> str:
    """As ``message-timestamp`` has it."""
    return at.utc.strftime("%Y-%m-%d %H:%M:%S")


def signed(fields: Mapping[str, str], secret: str, method: str) -> dict[str, str]:
    """The parameters with their signature: ``&name=value`` by name, ``&`` and ``=`` in values as ``_``, then the secret."""
    written = ""
    for name, value in sorted(fields.items()):
        written += "&" + name + "=" + value.translate({ord("&"): "_", ord("="): "_"})
    if method == "md5hash":
        made = hashlib.md5((written + secret).encode(), usedforsecurity=False)
        return {**fields, "sig": made.hexdigest()}
    return {**fields, "sig": hmac.digest(secret.encode(), written.encode(), method).hex()}
