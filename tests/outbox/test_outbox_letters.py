"""Letters: mails on their way out."""

from __future__ import annotations

from servicekit.ids import GroupId, MailId
from servicekit.moments import Instant
from servicekit.outbox.letters import Letter, LetterState

LETTER = Letter(
    id=MailId("mai_1"),
    organisation=GroupId("grp_1"),
    message_id="<mai_1@salon.example>",
    envelope_from="",
    recipient="eva@home.example",
    raw=b"Subject: Your code\r\n\r\n4711\r\n",
    made_at=Instant(0),
)


def test_a_new_letter_is_queued() -> None:
    """It waits to be handed over, and nothing has gone wrong."""
    assert (LETTER.state, LETTER.detail) == (LetterState.QUEUED, "")


def test_letters_stay_sealed_in_logs() -> None:
    """What stands in a mail is in no repr."""
    assert "4711" not in repr(LETTER)


def test_words_that_are_stored() -> None:
    """Databases hold these words: changing one loses what was stored under it."""
    assert set(LetterState) == {"queued", "sent", "failed"}
