"""Zoom's calls to us: proof of origin first, then what they say. Pure.

Rules kept here (https://developers.zoom.us/docs/api/webhooks/): ``x-zm-signature`` is ``v0=`` and the hex HMAC-SHA256 of
``v0:<timestamp>:<raw body>`` under the app's secret token, compared in constant time; a timestamp more than five minutes off
is stale, both ways; events that mean nothing to us give no facts.

Zoom gives its events no id: event, its time and its object stand in for one, and where there is no time a digest of the body,
which is the same when Zoom tells it again.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from servicekit.adapters.meetings.zoom_words import moment, word
from servicekit.errors import ConfigurationError, Forged, Invalid, Misshapen, Stale
from servicekit.moments import Instant
from servicekit.outbox.facts import AppDeauthorized, MeetingGone
from servicekit.ports.http import HookAnswer, header
from servicekit.ports.meetings import MeetingHook

__all__ = ["OLDEST", "read"]

OLDEST = timedelta(minutes=5)
"""How far a call's timestamp may lie from now."""

_RECURRING = 8


def read(vendor: str, secret: str, headers: Mapping[str, str], body: bytes, at: Instant) -> MeetingHook:
    """Understand one call; see :meth:`servicekit.ports.meetings.Meetings.read`.

    Raises:
        ConfigurationError: there is no secret to check it by.
        Forged, Stale, Misshapen: nothing of it is to be believed.
    """
    _prove(vendor, secret, headers, body, at)
    try:
        told = json.loads(body)
    except ValueError:
        told = None
    told = told if isinstance(told, dict) else {}
    event, payload = told.get("event"), told.get("payload")
    if not isinstance(event, str) or not isinstance(payload, dict):
        raise Misshapen("Zoom's calls are JSON objects with an event and a payload, this is none.", vendor=vendor)
    if event == "endpoint.url_validation":
        return _validated(vendor, secret, payload)
    if event == "meeting.deleted":
        return _deleted(vendor, told, payload, body)
    if event == "app_deauthorized":
        return _deauthorized(vendor, told, payload, body)
    return MeetingHook(facts=())


def _prove(vendor: str, secret: str, headers: Mapping[str, str], body: bytes, at: Instant) -> None:
    if not secret:
        raise ConfigurationError("Zoom's calls are believed only by their signature: set webhook_secret to read them.")
    stamp = header(headers, "x-zm-request-timestamp")
    wanted = f"v0={_hmac(secret, b'v0:' + stamp.encode() + b':' + body)}"
    if not hmac.compare_digest(header(headers, "x-zm-signature").encode(), wanted.encode()):
        raise Forged("The call's signature is not that of Zoom's secret token.", vendor=vendor)
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 11):  # noqa: PLR2004 - seconds until the year 5138
        raise Misshapen("The call's timestamp is no count of seconds.", vendor=vendor, timestamp=stamp)
    if abs(at - Instant(int(stamp) * 1_000_000)) > OLDEST:
        raise Stale("The call was signed more than five minutes away from now.", vendor=vendor, timestamp=stamp)


def _hmac(secret: str, told: bytes) -> str:
    return hmac.new(secret.encode(), told, hashlib.sha256).hexdigest()


def _validated(vendor: str, secret: str, payload: Mapping[str, Any]) -> MeetingHook:
    plain = payload.get("plainToken")
    if not isinstance(plain, str):
        raise Misshapen("Zoom's check of the URL has no plainToken.", vendor=vendor)
    answer = {"plainToken": plain, "encryptedToken": _hmac(secret, plain.encode())}
    return MeetingHook(
        facts=(),
        answer=HookAnswer(
            status=200, headers={"content-type": "application/json"}, body=json.dumps(answer).encode("ascii")
        ),
    )


def _deleted(vendor: str, told: Mapping[str, Any], payload: Mapping[str, Any], body: bytes) -> MeetingHook:
    gone = payload.get("object")
    if not isinstance(gone, dict) or not word(gone.get("id")):
        raise Misshapen("Zoom's meeting.deleted names no meeting.", vendor=vendor)
    if gone.get("type") == _RECURRING and payload.get("operation") == "single":
        return MeetingHook(facts=())  # one occurrence went, the meeting stays
    stamp = told.get("event_ts")
    fact = MeetingGone(
        vendor=vendor,
        event_id=f"meeting.deleted:{word(stamp) or _digest(body)}:{word(gone['id'])}",
        vendor_id=word(gone["id"]),
        at=_instant(vendor, stamp) if isinstance(stamp, int) else None,
        evidence=told,
    )
    return MeetingHook(facts=(fact,))


def _instant(vendor: str, milliseconds: int) -> Instant:
    try:
        return Instant(milliseconds * 1000)
    except Invalid as error:
        raise Misshapen("Zoom's event_ts lies outside the calendar.", vendor=vendor, event_ts=milliseconds) from error


def _deauthorized(vendor: str, told: Mapping[str, Any], payload: Mapping[str, Any], body: bytes) -> MeetingHook:
    account, user = word(payload.get("account_id")), word(payload.get("user_id"))
    if not account:
        raise Misshapen("Zoom's app_deauthorized names no account.", vendor=vendor)
    fact = AppDeauthorized(
        vendor=vendor,
        event_id=f"app_deauthorized:{word(payload.get('event_ts')) or _digest(body)}:{account}:{user}",
        account_id=account,
        user_id=user,
        at=moment(word(payload.get("deauthorization_time"))),
        evidence=told,
    )
    return MeetingHook(facts=(fact,))


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:32]
