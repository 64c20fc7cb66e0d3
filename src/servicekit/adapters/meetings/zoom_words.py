"""Zoom's words and ours: meetings, times, and how long to wait. Pure; the facts come from Zoom's API description of 2026.

Rules kept here: meeting ids are texts (Zoom writes them as numbers here and as texts there); times go out in UTC with ``Z``,
to the second, downwards, and durations in whole minutes, upwards; the host's link and key are in nothing that may be stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from servicekit.errors import Invalid
from servicekit.moments import Instant, Window, Zone
from servicekit.ports.meetings import MARKER, VendorMeeting, VendorUser

__all__ = [
    "LONGEST",
    "TOPIC",
    "agenda",
    "as_sent",
    "daily",
    "meeting",
    "midnight",
    "moment",
    "schedule",
    "user",
    "wait",
    "word",
]

LONGEST = timedelta(minutes=1440)
"""The longest meeting that Zoom plans."""

TOPIC = 200
"""Characters of a topic that Zoom takes."""

_MINUTE = timedelta(minutes=1)
_SECOND = 1_000_000  # microseconds
_DAY = 86_400 * _SECOND
_LICENSED = 2
_OF_THE_HOST = frozenset({"start_url", "dynamic_host_key"})  # whoever has these is the host


def as_sent(window: Window) -> Window:
    """The window as Zoom can hold it: from a whole second on, whole minutes long."""
    opens = Instant(window.opens.us - window.opens.us % _SECOND)
    return Window(opens, opens + -((opens - window.closes) // _MINUTE) * _MINUTE)


def schedule(window: Window, zone: Zone) -> dict[str, object]:
    """The fields that say when; ``zone`` is for display, the start is in UTC.

    Raises:
        Invalid: ``meeting_too_long``, more than 24 hours.
    """
    sent = as_sent(window)
    if sent.length > LONGEST:
        raise Invalid(
            f"Zoom plans meetings of at most 24 hours, this one has {window.length}: make several.",
            code="meeting_too_long",
            opens=str(window.opens),
            closes=str(window.closes),
        )
    return {"start_time": sent.opens.iso(), "duration": sent.length // _MINUTE, "timezone": zone}


def meeting(told: Mapping[str, Any]) -> VendorMeeting:
    """A meeting from an answer to create, get or list; the last has fewer fields."""
    return VendorMeeting(
        vendor_id=word(told.get("id")),
        host=word(told.get("host_id")),
        join_url=word(told.get("join_url")),
        window=_window(told),
        marker=next((line for line in agenda(told).splitlines() if line.startswith(MARKER)), ""),
        evidence={key: value for key, value in told.items() if key not in _OF_THE_HOST},
    )


def agenda(told: Mapping[str, Any]) -> str:
    """What a meeting is about, in its maker's words; empty where that is not told."""
    return str(told.get("agenda") or "")


def _window(told: Mapping[str, Any]) -> Window | None:
    start, minutes = moment(word(told.get("start_time"))), told.get("duration")
    if start is None or not isinstance(minutes, int) or not 0 < minutes <= LONGEST // _MINUTE:
        return None
    return Window(start, start + minutes * _MINUTE)


def user(told: Mapping[str, Any]) -> VendorUser:
    """A user from the list of users; ``type`` 2 is licensed."""
    names = [name for key in ("first_name", "last_name") if (name := word(told.get(key)))]
    return VendorUser(
        id=word(told.get("id")),
        email=word(told.get("email")),
        name=word(told.get("display_name")) or " ".join(names),
        licensed=told.get("type") == _LICENSED,
        account=word(told.get("account_id")),
    )


def wait(headers: Mapping[str, str], at: Instant) -> Instant | None:
    """Until when a 429 asks to wait; None where it does not say.

    ``Retry-After`` comes as seconds, as HTTP date (RFC 9110 10.2.3), or, at daily limits, as ISO 8601 date-time; a limit per
    second has ``X-RateLimit-Reset`` in Unix seconds; a daily limit without any ends at the next 00:00 UTC.
    """
    after = headers.get("retry-after", "").strip()
    reset = headers.get("x-ratelimit-reset", "").strip()
    if _digits(after, most=8):
        return at + timedelta(seconds=int(after))
    if (named := moment(after) or _http_date(after)) is not None:
        return named
    if daily(headers):
        return midnight(at)
    return Instant(int(reset) * _SECOND) if _digits(reset, most=11) else None


def midnight(at: Instant) -> Instant:
    """The next 00:00 UTC, when Zoom's daily limits begin anew."""
    return Instant(at.us - at.us % _DAY + _DAY)


def daily(headers: Mapping[str, str]) -> bool:
    """Whether a 429 is about calls a day, not a second."""
    return headers.get("x-ratelimit-type", "").strip().lower() == "daily-limit"


def word(value: object) -> str:
    """A text or a number as text; empty for what is missing or anything else."""
    return str(value) if isinstance(value, (str, int)) else ""


def moment(text: str) -> Instant | None:
    """ISO 8601, in UTC where it names no offset; None for anything else."""
    for candidate in (text, f"{text}Z"):
        try:
            return Instant.parse(candidate)
        except (Invalid, OverflowError):  # the latter: an offset that leads out of the years 1 to 9999
            continue
    return None


def _http_date(text: str) -> Instant | None:
    try:
        return Instant.of(parsedate_to_datetime(text))
    except (ValueError, OverflowError, Invalid):
        return None


def _digits(text: str, *, most: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= most
