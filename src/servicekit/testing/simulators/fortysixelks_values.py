"""What a simulated 46elks holds: SMS, the handsets that they reach, and what becomes of them.

Rules kept here: an SMS is shown as the vendor shows it; a handset keeps a text with the single SMS that it came in.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from attrs import define, frozen

from servicekit.moments import Instant

__all__ = ["HandsetText", "Outcome", "Sms", "stamp"]


class Outcome(StrEnum):
    """What becomes of texts to a number."""

    DELIVERED = "delivered"
    """It arrives, and that is reported."""
    FAILED = "failed"
    """It does not arrive, and that is reported."""
    SILENT = "silent"
    """It arrives, and nothing is reported."""
    HELD = "held"
    """The operator holds it (status ``sent``) until :meth:`FortySixElksSimulator.report` says what became of it."""


@frozen(kw_only=True)
class HandsetText:
    """A text as a person sees it, with the single SMS it came in."""

    at: Instant
    sender: str
    text: str
    parts: tuple[str, ...]
    flash: bool = False

    def to_json(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "at": self.at.iso(),
            "sender": self.sender,
            "text": self.text,
            "parts": list(self.parts),
            "flash": self.flash,
        }


@define(kw_only=True)
class Sms:
    """An SMS at the carrier; ``shown`` is the JSON object of the interface."""

    shown: dict[str, Any]
    text: str
    parts: tuple[str, ...]
    report_to: str = ""
    created: Instant
    arrived: bool = False
    flash: bool = False


def stamp(at: Instant) -> str:
    """UTC without a zone, to the microsecond, as the vendor prints it."""
    return at.utc.strftime("%Y-%m-%dT%H:%M:%S.%f")
