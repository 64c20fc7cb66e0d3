"""The parts of a message, against tables written out by hand and a slow model."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from servicekit.ids import MessageId
from servicekit.messages import MessagePart, advanced, together
from servicekit.outbox.facts import TextStatus

PART = MessagePart(message=MessageId("msg_1"), number=1, vendor="vonage", vendor_id="0A1")
FORWARD = {
    "UNKNOWN": "SENT BUFFERED DELIVERED UNDELIVERED UNSENT",
    "SENT": "BUFFERED DELIVERED UNDELIVERED UNSENT",
    "BUFFERED": "DELIVERED UNDELIVERED UNSENT",
}


@pytest.mark.spec("M-17")
@pytest.mark.parametrize("reported", TextStatus)
@pytest.mark.parametrize("status", TextStatus)
def test_a_part_moves_forward_only(status: TextStatus, reported: TextStatus) -> None:
    """Every pair of status and report: forward where the table says so, and otherwise the very same part."""
    part = evolve(PART, status=status)
    after = advanced(part, reported)
    if reported.value in FORWARD.get(status.value, "").split():
        assert after == evolve(part, status=reported)
    else:
        assert after is part


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ("DELIVERED DELIVERED", "DELIVERED"),
        ("DELIVERED SENT", "SENT"),
        ("DELIVERED BUFFERED", "BUFFERED"),
        ("SENT BUFFERED DELIVERED", "BUFFERED"),
        ("DELIVERED UNDELIVERED", "UNDELIVERED"),
        ("SENT UNSENT", "UNDELIVERED"),
        ("UNSENT UNDELIVERED", "UNDELIVERED"),
        ("UNSENT UNSENT", "UNSENT"),
        ("UNKNOWN DELIVERED", "SENT"),
        ("DELIVERED", "DELIVERED"),
    ],
)
def test_what_parts_make_of_their_message(statuses: str, expected: str) -> None:
    """One that failed fails it, all must arrive; it is UNSENT only where not one has left."""
    assert together([TextStatus(status) for status in statuses.split()]).value == expected


def slowly(statuses: Sequence[TextStatus]) -> TextStatus:
    """The same, by counting."""
    lost = sum(status in (TextStatus.UNSENT, TextStatus.UNDELIVERED) for status in statuses)
    if lost:
        return TextStatus.UNSENT if statuses.count(TextStatus.UNSENT) == len(statuses) else TextStatus.UNDELIVERED
    if statuses.count(TextStatus.DELIVERED) == len(statuses):
        return TextStatus.DELIVERED
    return TextStatus.BUFFERED if statuses.count(TextStatus.BUFFERED) else TextStatus.SENT


@given(st.lists(st.sampled_from(TextStatus), min_size=1, max_size=9))
def test_any_parts_make_what_counting_says(statuses: list[TextStatus]) -> None:
    """In whatever order they stand."""
    assert together(statuses) is slowly(statuses) is together(statuses[::-1])
