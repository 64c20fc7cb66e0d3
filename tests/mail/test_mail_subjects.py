"""Subjects: what mail programs add to them."""

from __future__ import annotations

import pytest

from servicekit.mail.subjects import bare_subject, is_forward, is_reply


@pytest.mark.parametrize("prefix", ["Re:", "RE: ", "Sv:", "SV : ", "AW:", "Antw:", "VS:", "Re[2]:", "Re (3):", "Rép:"])
def test_answers_are_known_in_many_languages(prefix: str) -> None:
    """Each program's prefix marks an answer, and goes."""
    assert is_reply(f"{prefix}Tiden")
    assert not is_forward(f"{prefix}Tiden")
    assert bare_subject(f"{prefix}Tiden") == "Tiden"


@pytest.mark.parametrize("prefix", ["Fwd:", "FW: ", "VB:", "WG:", "TR:", "RV:", "Re: Fwd:", "SV: VB: "])
def test_forwards_are_known_also_inside_answers(prefix: str) -> None:
    """A mail handed on is known by its prefix, also when it was answered in between."""
    assert is_forward(f"{prefix}Tiden")
    assert bare_subject(f"{prefix}Tiden") == "Tiden"


@pytest.mark.parametrize("subject", ["Re tiden", "Resa: Lund", "Ref: 4711", "Svar: ja", "Awesome", "3: två", ""])
def test_what_a_person_typed_stays(subject: str) -> None:
    """Only a known prefix before a colon is a program's."""
    assert not is_reply(subject)
    assert not is_forward(subject)
    assert bare_subject(subject) == subject


def test_a_subject_of_prefixes_says_nothing() -> None:
    """``Re: Sv:`` alone is an empty subject."""
    assert bare_subject("Re: Sv:") == ""
