"""Subject and text joined to one SMS."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.mail import Mail, sms_text


def _mail(subject: str, text: str) -> Mail:
    return Mail("<1@salon.example>", "anna@salon.example", subject, text)


@pytest.mark.parametrize(
    ("subject", "text", "sms"),
    [
        ("Tiden", "Flyttad till 14.", "Tiden\nFlyttad till 14."),
        ("", "Flyttad till 14.", "Flyttad till 14."),
        ("Kommer snart", "", "Kommer snart"),
        ("", "", ""),
        ("Re: Tiden", "Ja.", "Tiden\nJa."),
        ("Hej Maria", "hej  maria, kommer du?", "hej  maria, kommer du?"),
        ("Hej Maria, kommer…", "Hej Maria, kommer du?", "Hej Maria, kommer du?"),
        ("Hej Maria, kom...", "Hej Maria, kommer du?", "Hej Maria, kommer du?"),
        ("Hej", "Hejsan alla", "Hej\nHejsan alla"),
        ("Hej\u00a0du", "Hej\ndu, ring", "Hej\ndu, ring"),
        ("...", "Hm", "...\nHm"),
    ],
)
def test_subject_comes_first_and_only_once(subject: str, text: str, sms: str) -> None:
    """Both go along; the subject is not said twice where the text opens with it, whole words counting."""
    assert sms_text(_mail(subject, text), is_answer=False) == sms


@given(st.text(), st.text())
def test_the_subject_of_an_answer_to_our_mail_stays_away(subject: str, text: str) -> None:
    """It is ours, whatever the program made of it."""
    assert sms_text(_mail(subject, text), is_answer=True) == text


@given(st.text(), st.text())
def test_the_text_is_never_changed(subject: str, text: str) -> None:
    """The SMS ends in what was typed, unless only the subject was."""
    assert sms_text(_mail(subject, text), is_answer=False).endswith(text)
