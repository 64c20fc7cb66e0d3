"""Settling by hand: only what is uncertain, and with a record of who said what."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from servicekit.errors import Conflict
from servicekit.ids import GroupId, MessageId
from servicekit.messages import Direction, HandOver, Message, Settled, Status, Try, settled
from servicekit.moments import Instant

NOW = Instant.parse("2026-03-02T09:00:00Z")
LATER = NOW + timedelta(hours=3)
LOST = Message(
    id=MessageId.made(NOW, bytes(10)),
    organisation=GroupId.made(NOW, bytes(10)),
    group=GroupId.made(NOW, bytes(10)),
    user=None,
    direction=Direction.OUT,
    number="+46701740605",
    sender="Salon",
    text="Hej",
    segments=2,
    status=Status.UNKNOWN,
    detail="no whole answer came",
    hand_over=HandOver.ASKED,
    vendor="sinch",
    tried=(Try("elks"),),
    asked_at=NOW,
    made_at=NOW,
    changed_at=NOW,
)


@pytest.mark.parametrize(
    ("outcome", "hand_over", "status", "vendor", "tried"),
    [
        (Settled.SENT, HandOver.DONE, Status.SENT, "sinch", LOST.tried),
        (Settled.NOT_SENT, HandOver.FAILED, Status.UNKNOWN, "sinch", LOST.tried),
        (Settled.SEND_AGAIN, HandOver.PLANNED, Status.QUEUED, "", ()),
    ],
)
def test_a_persons_word_moves_it_on(
    outcome: Settled, hand_over: HandOver, status: Status, vendor: str, tried: tuple[Try, ...]
) -> None:
    """Sent, refused (which gives back its quota when it is stored), or planned anew with all carriers; the cost stays."""
    after = settled(LOST, outcome, by="user usr_1", at=LATER)

    assert (after.hand_over, after.status, after.vendor, after.tried) == (hand_over, status, vendor, tried)
    assert (after.segments, after.changed_at) == (2, LATER)
    assert after.detail == f"no whole answer came; settled as {outcome.value} by user usr_1 at {LATER}"


def test_the_record_stands_alone_where_nothing_else_was_said() -> None:
    """Without a mark before it."""
    assert settled(evolve(LOST, detail=""), Settled.SENT, by="user usr_1", at=LATER).detail.startswith(
        "settled as sent"
    )


@pytest.mark.parametrize("hand_over", [one for one in HandOver if one is not HandOver.ASKED])
@pytest.mark.parametrize("outcome", Settled)
def test_what_is_known_is_not_settled(hand_over: HandOver, outcome: Settled) -> None:
    """Nobody overrules what the carrier said; the refusal names the status."""
    with pytest.raises(Conflict) as caught:
        settled(evolve(LOST, hand_over=hand_over, status=Status.SENT), outcome, by="user usr_1", at=LATER)

    assert caught.value.code == "not_uncertain"
    assert caught.value.facts == {"text": LOST.id, "status": "SENT"}
