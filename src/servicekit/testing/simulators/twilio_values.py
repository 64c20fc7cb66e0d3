"""What a simulated Twilio holds: messages, and how it writes times, days and the links between pages.

Rules kept here: a message is shown as Twilio shows it; a filter by ``DateSent`` passes over what was not sent yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

from attrs import define

from servicekit.moments import Instant
from servicekit.testing.simulators.routing import Call

__all__ = ["Message", "sent_on", "stamp", "uri"]


@define(kw_only=True)
class Message:
    """A message at Twilio; ``shown`` is the JSON object of the interface."""

    shown: dict[str, Any]
    sent: Instant | None = None
    report_to: str = ""
    arrived: bool = False


def stamp(at: Instant) -> str:
    """RFC 2822, in UTC, to the second."""
    return format_datetime(at.utc)


def sent_on(message: Message, query: Mapping[str, str]) -> bool:
    """Whether the days of ``DateSent`` fit; a text that was not sent yet has none."""
    day = "" if message.sent is None else message.sent.iso()[:10]
    asked = {name: query[name] for name in ("DateSent", "DateSent>", "DateSent<") if name in query}
    return all(
        day != "" and (day == limit if name == "DateSent" else day >= limit if name == "DateSent>" else day <= limit)
        for name, limit in asked.items()
    )


def uri(call: Call, **changed: object) -> str:
    """The path of a list with some of its query changed, as Twilio links pages."""
    return f"{call.path}?{urlencode({**call.query, **changed})}"
