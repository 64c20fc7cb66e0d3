"""Facts: what vendors told, in one vocabulary."""

from __future__ import annotations

from attrs import evolve

from servicekit.codec import dumps, loads
from servicekit.outbox.facts import AppDeauthorized, MeetingGone, TextPart, TextReceived, TextReported, TextStatus


def test_texts_and_evidence_stay_out_of_logs() -> None:
    """Neither what people write nor a vendor's raw words are in a repr."""
    fact = TextReceived(
        vendor="46elks",
        event_id="e1",
        evidence={"message": "code 4711"},
        vendor_id="s1",
        sender="+46701740605",
        to="+46766861001",
        text="code 4711",
    )
    assert "4711" not in repr(fact)
    assert fact.evidence == {"message": "code 4711"}


def test_a_fact_may_come_without_evidence() -> None:
    """A vendor that tells no more than the fact leaves none, and each fact has a mapping of its own."""
    gone = MeetingGone(vendor="zoom", event_id="e1", vendor_id="m1")
    left = AppDeauthorized(vendor="zoom", event_id="e2", account_id="a1")
    assert gone.evidence == left.evidence == {}
    assert gone.evidence is not left.evidence
    assert gone.at is None


def test_the_same_news_twice_is_equal() -> None:
    """Two deliveries of one event make equal facts."""
    news = [TextReported(vendor="46elks", event_id="e1", vendor_id="s1", status=TextStatus.SENT) for _ in range(2)]
    assert news[0] == news[1]


def test_words_that_are_stored() -> None:
    """Facts that came early are kept by these words: changing one loses what was kept."""
    assert set(TextStatus) == {"SENT", "BUFFERED", "DELIVERED", "UNDELIVERED", "UNSENT", "UNKNOWN"}


def test_a_text_is_whole_and_of_words_alone_unless_the_carrier_says_otherwise() -> None:
    """A part says which of how many it is; what is no text is named. Both are kept as JSON and read back."""
    whole = TextReceived(
        vendor="v", event_id="e1", vendor_id="s1", sender="+46701740605", to="+46766861001", text="Hej"
    )
    assert whole.part is None
    assert whole.media == ()

    part = evolve(whole, part=TextPart(reference="8:42", number=2, total=3), media=("binary, 42 bytes",))
    assert loads(dumps(part), TextReceived) == part
    assert loads(dumps(whole), TextReceived) == whole
