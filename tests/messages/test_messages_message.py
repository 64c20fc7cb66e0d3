"""Messages and their statuses, against a table written out by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from servicekit.ids import GroupId, MessageId, UserId
from servicekit.messages import Direction, HandOver, Message, Status, moved
from servicekit.moments import Instant
from servicekit.outbox.facts import TextStatus

NOW = Instant.parse("2026-11-25T13:00:00Z")
LATER = NOW + timedelta(minutes=1)
FORWARD = {
    "QUEUED": "SENT BUFFERED DELIVERED UNDELIVERED UNSENT",
    "UNKNOWN": "SENT BUFFERED DELIVERED UNDELIVERED UNSENT",
    "SENT": "BUFFERED DELIVERED UNDELIVERED UNSENT",
    "BUFFERED": "DELIVERED UNDELIVERED UNSENT",
}
"""Where a report moves a message that stands there; from any other status nothing does."""
MESSAGE = Message(
    id=MessageId("msg_1"),
    organisation=GroupId("grp_1"),
    group=GroupId("grp_2"),
    user=UserId("usr_1"),
    direction=Direction.OUT,
    number="+46701740605",
    sender="Salon",
    text="Your code is 4711",
    segments=2,
    status=Status.QUEUED,
    made_at=NOW,
    changed_at=NOW,
)


@pytest.mark.spec("M-17")
@pytest.mark.parametrize("reported", TextStatus)
@pytest.mark.parametrize("status", Status)
def test_reports_move_forward_only(status: Status, reported: TextStatus) -> None:
    """Every pair of status and report: forward where the table says so, and otherwise the very same message."""
    message = evolve(MESSAGE, status=status)
    after = moved(message, reported, LATER)
    if reported.value in FORWARD.get(status.value, "").split():
        cost = 0 if reported is TextStatus.UNSENT else 2
        assert after == evolve(message, status=Status(reported.value), segments=cost, changed_at=LATER)
    else:
        assert after is message


@pytest.mark.spec("M-17")
@given(st.lists(st.sampled_from(TextStatus)))
def test_f74_reports_in_any_order_end_alike(reports: list[TextStatus]) -> None:
    """F-74: late, doubled and mixed-up reports: the first final one holds; before it, the farthest that was reported."""
    message = MESSAGE
    for count, reported in enumerate(reports):
        message = moved(message, reported, NOW + timedelta(seconds=count))
    final = [reported for reported in reports if reported.value in {"DELIVERED", "UNDELIVERED", "UNSENT"}]
    way = [word for word in ("BUFFERED", "SENT") if TextStatus(word) in reports]
    assert message.status.value == (final[0].value if final else way[0] if way else "QUEUED")
    assert message.segments == (0 if message.status is Status.UNSENT else 2)


def test_the_log_names_the_group_whose_limit_struck() -> None:
    """A refusal by quota reads ``Personal:<group>`` or ``Group:<group>``; every other status is its word."""
    assert evolve(MESSAGE, status=Status.PERSONAL, struck="Stylists").shown == "Personal:Stylists"
    assert evolve(MESSAGE, status=Status.GROUP, struck="Salon").shown == "Group:Salon"
    assert evolve(MESSAGE, status=Status.DELIVERED).shown == "DELIVERED"


@pytest.mark.spec("M-07")
def test_the_guards_status_is_the_documented_word() -> None:
    """Users and API clients read ``sms_already_sent_24H``."""
    assert evolve(MESSAGE, status=Status.ALREADY_SENT).shown == "sms_already_sent_24H"


def test_texts_stay_out_of_logs() -> None:
    """A message's repr has no text, which may be a password or a diagnosis."""
    assert "4711" not in repr(MESSAGE)


def test_words_that_are_stored() -> None:
    """Databases hold these words: changing one loses what was stored under it."""
    assert set(HandOver) >= {"none", "planned", "asked", "done", "failed"}
    assert set(Direction) == {"out", "in"}
    assert set(Status) >= {"QUEUED", "SENT", "BUFFERED", "DELIVERED", "UNDELIVERED", "UNSENT", "UNKNOWN", "INCOMING"}
    assert set(Status) >= {"sms_already_sent_24H", "too_many_segments", "Personal", "Group"}
