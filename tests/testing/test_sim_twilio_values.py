"""What the simulated Twilio writes: times, days, links."""

from __future__ import annotations

from sim_helpers import NOON

from servicekit.ports.http import HttpRequest
from servicekit.testing.simulators.routing import Call
from servicekit.testing.simulators.twilio_values import Message, sent_on, stamp, uri


def test_times_are_in_rfc_2822() -> None:
    """In UTC, to the second."""
    assert stamp(NOON) == "Wed, 25 Nov 2026 12:00:00 +0000"


def test_days_fit_what_was_sent_on_them() -> None:
    """All that are asked for must; what was not sent fits none; nothing asked fits all."""
    sent, queued = Message(shown={}, sent=NOON), Message(shown={})
    assert sent_on(sent, {"DateSent>": "2026-11-25", "DateSent<": "2026-11-30"})
    assert not sent_on(sent, {"DateSent>": "2026-11-25", "DateSent<": "2026-11-24"})
    assert not sent_on(sent, {"DateSent": "2026-11-24"})
    assert sent_on(queued, {"To": "+1"})
    assert not sent_on(queued, {"DateSent>": "2000-01-01"})


def test_a_link_keeps_the_query() -> None:
    """And changes what it says."""
    call = Call.of(HttpRequest.get("https://api.twilio.com/list", headers={}, query={"To": "+41", "Page": 0}))
    assert uri(call, Page=1, PageToken="PA1") == "/list?To=%2B41&Page=1&PageToken=PA1"
