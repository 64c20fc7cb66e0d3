"""The loop guard: which texts are the same."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from servicekit.messages import GUARD_SPAN, identity

FEW = st.text("ab \n\t\u00a0\r", max_size=6)
PARTIES = st.sampled_from(["usr_1", "usr_2", "+46701740605", "+46701740606"])
Sent = tuple[str, str, str]


def folded(sent: Sent) -> Sent:
    """The sender, the recipient and the text with every run of white space as one space, none at the ends."""
    return sent[0], sent[1], re.sub(r"\s+", " ", sent[2]).strip()


@pytest.mark.spec("M-07")
@given(st.tuples(PARTIES, PARTIES, FEW), st.tuples(PARTIES, PARTIES, FEW))
@example(("usr_1", "+46701740605", "a b"), ("usr_1", "+46701740605", " a\n\u00a0b "))
def test_same_are_sender_recipient_and_words(one: Sent, other: Sent) -> None:
    """Two messages are the same exactly when all three agree, however mail programs have wrapped the text."""
    assert (identity(*one) == identity(*other)) == (folded(one) == folded(other))


@pytest.mark.spec("M-07")
@given(st.text(), st.text(min_size=1).filter(lambda text: text.strip() != ""))
def test_one_word_more_is_another_text(text: str, more: str) -> None:
    """A time stamp or a counter in the text makes it pass."""
    assert identity("usr_1", "+46701740605", f"{text} {more}") != identity("usr_1", "+46701740605", text)


@given(st.text(st.characters()))
def test_any_text_has_an_identity(text: str) -> None:
    """Also one with half surrogate pairs: 64 hexadecimal digits."""
    assert re.fullmatch(r"[0-9a-f]{64}", identity("usr_1", "+46701740605", text))


def test_what_is_stored_stays_found() -> None:
    """Identities of messages already in the log mean the same in later releases."""
    assert identity("usr_1", "+46701740605", "Hej  på dig\n") == (
        "cb44b7b973282350f81c9fd8a0e49f9bbfcfcbbbe9dd567160bd221b9769bc75"
    )
    assert timedelta(hours=24) == GUARD_SPAN
