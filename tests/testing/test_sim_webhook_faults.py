"""Faults of a vendor's calls to us."""

from __future__ import annotations

import pytest

from servicekit.testing.simulators import WebhookFault


def test_it_matches_the_event_and_is_spent() -> None:
    """The event is searched as a regular expression; the last of its times is the end."""
    fault = WebhookFault(webhook="doubled", event="^meeting", times=2)
    assert fault.matches("meeting.deleted")
    assert not fault.matches("app_deauthorized")
    assert fault.spent is not None
    assert (fault.spent.times, fault.spent.spent) == (1, None)


def test_it_travels_as_json() -> None:
    """There and back it is the same; an unknown one is refused."""
    fault = WebhookFault(webhook="late", seconds=5)
    assert WebhookFault.from_json(fault.to_json()) == fault
    with pytest.raises(ValueError, match="webhook"):
        WebhookFault.from_json({"webhook": "polite"})
