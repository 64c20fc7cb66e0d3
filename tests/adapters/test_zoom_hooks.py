"""Zoom's calls to us: believed by their signature only, and told twice as once."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servicekit.adapters.meetings.zoom_hooks import OLDEST, read
from servicekit.errors import ConfigurationError, Forged, Misshapen, Stale
from servicekit.moments import Instant
from servicekit.outbox.facts import AppDeauthorized, MeetingGone
from servicekit.ports.meetings import MeetingHook

NOW = Instant.parse("2026-03-02T09:00:00Z")
SECRET = "hook-secret"
STAMP = 1772442000123
MEETING = {"id": 81234567890, "uuid": "u==", "type": 2}
PAYLOAD: dict[str, object] = {"account_id": "A", "operation": "all", "object": MEETING}
GONE: dict[str, object] = {"event": "meeting.deleted", "event_ts": STAMP, "payload": PAYLOAD}


def signed(body: bytes, *, at: Instant = NOW, secret: str = SECRET) -> dict[str, str]:
    """The headers with which Zoom proves a body, made as its documents describe."""
    stamp = str(at.us // 1_000_000)
    mark = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Zm-Request-Timestamp": stamp, "X-Zm-Signature": f"v0={mark}"}


def told(value: object, *, at: Instant = NOW) -> MeetingHook:
    """Read a value that Zoom signed at ``at``."""
    body = json.dumps(value).encode()
    return read("zoom", SECRET, signed(body, at=at), body, NOW)


def gone_with(operation: str = "all", **changes: object) -> dict[str, object]:
    """A deletion whose meeting differs."""
    return {**GONE, "payload": {**PAYLOAD, "operation": operation, "object": {**MEETING, **changes}}}


def test_a_deleted_meeting_is_a_fact_and_its_id_a_text() -> None:
    """Id, time and evidence are kept; the answer has no body."""
    hook = told(GONE)

    assert hook.facts == (
        MeetingGone(
            vendor="zoom",
            event_id=f"meeting.deleted:{STAMP}:81234567890",
            vendor_id="81234567890",
            at=Instant(STAMP * 1000),
            evidence=GONE,
        ),
    )
    assert (hook.answer.status, hook.answer.body) == (204, b"")
    assert told(gone_with(id="81234567890")).facts[0].event_id == hook.facts[0].event_id


def test_a_deletion_without_a_time_is_known_again_by_its_body() -> None:
    """``event_ts`` is optional there: the same body gives the same event id, another body another."""
    bare = {key: value for key, value in GONE.items() if key != "event_ts"}
    (fact,) = told(bare).facts
    (again,) = told(bare, at=NOW - timedelta(minutes=1)).facts
    (other,) = told({**bare, "payload": {**PAYLOAD, "operator": "beat"}}).facts

    assert isinstance(fact, MeetingGone)
    assert fact.at is None
    assert fact.event_id == again.event_id != other.event_id


def test_one_occurrence_of_a_series_is_not_the_meeting() -> None:
    """A recurring meeting that loses one occurrence stays; one that is deleted whole is gone."""
    assert told(gone_with("single", type=8)).facts == ()
    assert len(told(gone_with(type=8)).facts) == 1


@pytest.mark.parametrize("stamp", [1772442000123, "2026-03-02 09:00:00"])
def test_the_removal_of_our_app_is_a_fact(stamp: object) -> None:
    """Its time stands inside the payload, as number or text; whose consent it was, and since when it is none, too."""
    payload = {
        "account_id": "A",
        "user_id": "U",
        "event_ts": stamp,
        "deauthorization_time": "2026-03-02T09:00:00.123Z",
    }
    event = {"event": "app_deauthorized", "payload": payload}

    assert told(event).facts == (
        AppDeauthorized(
            vendor="zoom",
            event_id=f"app_deauthorized:{stamp}:A:U",
            account_id="A",
            user_id="U",
            at=Instant.parse("2026-03-02T09:00:00.123Z"),
            evidence=event,
        ),
    )


def test_a_removal_without_a_time_is_known_again_by_its_body() -> None:
    """Nothing in it may make it unreadable but a missing account."""
    event = {"event": "app_deauthorized", "payload": {"account_id": "A"}}

    assert told(event).facts[0].event_id == told(event, at=NOW - timedelta(minutes=2)).facts[0].event_id


def test_the_check_of_the_url_is_answered_with_the_tokens_digest() -> None:
    """Plain token back, and its HMAC-SHA256 in hex under the secret."""
    hook = told(
        {"event": "endpoint.url_validation", "event_ts": STAMP, "payload": {"plainToken": "qgg8vlvZRS6UYooatFL8Aw"}}
    )

    assert hook.facts == ()
    assert hook.answer.status == 200
    assert hook.answer.headers == {"content-type": "application/json"}
    assert json.loads(hook.answer.body) == {
        "plainToken": "qgg8vlvZRS6UYooatFL8Aw",
        "encryptedToken": hmac.new(SECRET.encode(), b"qgg8vlvZRS6UYooatFL8Aw", hashlib.sha256).hexdigest(),
    }


@pytest.mark.parametrize("event", ["meeting.created", "meeting.updated", "meeting.started", "user.deleted", "new.word"])
def test_other_events_are_taken_and_mean_nothing(event: str) -> None:
    """They are answered like the rest, or Zoom would repeat them."""
    hook = told({"event": event, "event_ts": STAMP, "payload": {"object": {"id": 1}}})

    assert hook == MeetingHook(facts=())


def test_without_a_secret_nothing_is_read() -> None:
    """An unproven call is wrong wiring, not a fact; an empty key signs nothing."""
    body = json.dumps(GONE).encode()
    with pytest.raises(ConfigurationError, match="webhook_secret"):
        read("zoom", "", signed(body, secret=""), body, NOW)


def test_any_other_signature_is_forged() -> None:
    """Another secret, another body, another timestamp, another version, none at all."""
    body = json.dumps(GONE).encode()
    proof = signed(body)
    later = {**proof, "X-Zm-Request-Timestamp": str(NOW.us // 1_000_000 + 1)}
    forgeries: list[tuple[dict[str, str], bytes]] = [
        (signed(body, secret="guess"), body),
        (proof, body + b" "),
        (later, body),
        ({**proof, "X-Zm-Signature": proof["X-Zm-Signature"].replace("v0=", "v1=")}, body),
        ({**proof, "X-Zm-Signature": proof["X-Zm-Signature"].upper()}, body),
        ({**proof, "X-Zm-Signature": "v0=å"}, body),
        ({"X-Zm-Request-Timestamp": proof["X-Zm-Request-Timestamp"]}, body),
        ({"X-Zm-Signature": proof["X-Zm-Signature"]}, body),
        ({}, body),
    ]
    for headers, sent in forgeries:
        with pytest.raises(Forged):
            read("zoom", SECRET, headers, sent, NOW)


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 255))
def test_no_bit_of_a_signed_body_may_change(place: int, flip: int) -> None:
    """Whatever byte is changed, the call is forged."""
    body = json.dumps(GONE).encode()
    changed = bytearray(body)
    changed[place % len(body)] ^= flip
    with pytest.raises(Forged):
        read("zoom", SECRET, signed(body), bytes(changed), NOW)


def test_old_and_future_calls_are_stale_beyond_five_minutes() -> None:
    """The bound counts both ways; exactly five minutes still pass."""
    for sign in (-1, 1):
        assert told(GONE, at=NOW + sign * OLDEST).facts
        with pytest.raises(Stale):
            told(GONE, at=NOW + sign * (OLDEST + timedelta(seconds=1)))


@pytest.mark.parametrize("stamp", ["", "now", "-5", "1e9", "٣", "9" * 12])
def test_a_timestamp_that_is_none_is_misshapen(stamp: str) -> None:
    """Signed all the same, so it is no forgery."""
    body = json.dumps(GONE).encode()
    mark = hmac.new(SECRET.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    with pytest.raises(Misshapen):
        read("zoom", SECRET, {"x-zm-request-timestamp": stamp, "x-zm-signature": f"v0={mark}"}, body, NOW)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"\xff",
        b"[]",
        b'"meeting.deleted"',
        b"{}",
        b'{"event": 7, "payload": {}}',
        b'{"event": "meeting.deleted"}',
        b'{"event": "meeting.deleted", "payload": []}',
        b'{"event": "meeting.deleted", "payload": {}}',
        b'{"event": "meeting.deleted", "payload": {"object": {"id": null}}}',
        b'{"event": "meeting.deleted", "event_ts": 999999999999999999, "payload": {"object": {"id": 7}}}',
        b'{"event": "app_deauthorized", "payload": {"user_id": "U"}}',
        b'{"event": "endpoint.url_validation", "payload": {"plainToken": 7}}',
    ],
)
def test_a_signed_call_of_another_form_is_misshapen(body: bytes) -> None:
    """Proven, and still not to be understood."""
    with pytest.raises(Misshapen):
        read("zoom", SECRET, signed(body), body, NOW)
