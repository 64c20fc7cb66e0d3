"""What is kept of requests that are done once shows no answer."""

from __future__ import annotations

from servicekit.accounts import ANSWER_SPAN, Done, KeptAnswer
from servicekit.moments import Instant


def test_an_answer_stands_in_no_repr() -> None:
    """It may hold people's texts; and it is kept for a day."""
    kept = KeptAnswer(caller="apk_1", request="1", fingerprint="f", answer="text", made_at=Instant(0))
    assert "text" not in repr((kept, Done("text", again=True)))
    assert ANSWER_SPAN.days == 1
