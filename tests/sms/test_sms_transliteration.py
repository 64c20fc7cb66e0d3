"""Transliterating a text to GSM-7, what it changes and what it saves."""

# ruff: noqa: RUF001  this file is about characters that look like others
from __future__ import annotations

import sys

import pytest
from hypothesis import given
from sms_model import BASIC_LETTERS, EXTENSION_LETTERS, SEPTETS, any_text, texts

from servicekit.errors import Invalid, MissingExtra
from servicekit.sms import Replacement, Unencodable, count_segments, transliterate
from servicekit.sms.replacements import faithful, lossy


@pytest.mark.spec("M-16")
def test_a_text_that_gsm_has_is_never_touched() -> None:
    """Not one of the alphabet's own characters is replaced: not €, nor å, ä, ö, ø, æ, ñ, ü, ß."""
    text = BASIC_LETTERS + EXTENSION_LETTERS
    done = transliterate(text)
    assert (done.text, done.replacements, done.in_the_way, done.saved) == (text, (), (), 0)
    assert done.before == done.after == count_segments(text)


@given(any_text)
@pytest.mark.spec("M-16")
def test_all_or_nothing(text: str) -> None:
    """The result is GSM-7, or the text as it was with what stood in the way."""
    done = transliterate(text)
    assert done.before == count_segments(text)
    assert done.after == count_segments(done.text)
    assert done.saved == done.before.segments - done.after.segments
    if done.in_the_way:
        assert done.text == text
        for one in done.in_the_way:
            assert text.startswith(one.character, one.index)
            assert lossy(one.character) is None
    else:
        assert set(done.text) <= set(SEPTETS)


@given(texts)
@pytest.mark.spec("M-16")
def test_the_replacements_tell_the_whole_difference(text: str) -> None:
    """Putting each replacement at its place into the original gives the result; nothing else was changed."""
    done = transliterate(text, otherwise="?")
    pieces, at = [], 0
    for one in done.replacements:
        assert text.startswith(one.original, one.index)
        assert one.index >= at
        assert set(text[at : one.index]) <= set(SEPTETS)
        pieces += [text[at : one.index], one.replacement]
        at = one.index + len(one.original)
    assert "".join(pieces) + text[at:] == done.text
    assert set(done.text) <= set(SEPTETS)


@pytest.mark.spec("M-16")
def test_what_was_replaced_and_whether_at_a_loss() -> None:
    """Index, original and replacement of each, in order; a mark goes with its letter."""
    done = transliterate("“Žena” e\u0301")
    assert done.text == '"Zena" é'
    assert done.replacements == (
        Replacement(0, "“", '"', lossy=False),
        Replacement(1, "Ž", "Z", lossy=True),
        Replacement(5, "”", '"', lossy=False),
        Replacement(7, "e\u0301", "é", lossy=False),
    )


@pytest.mark.spec("M-16")
@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("Påminnelse – " + "x" * 140, 3, 1),
        ("“" + "x" * 159 + "”", 3, 2),
        ("…" * 51 + "x" * 7, 1, 1),
        ("…" * 67 + "xxxx", 2, 2),
        ("㎉" * 35 + "㎉" * 35, 1, 2),
        ("hej –", 1, 1),
    ],
)
def test_what_it_saves_is_counted_in_segments(text: str, before: int, after: int) -> None:
    """One dash can cost two SMS; and replacements that are longer can cost more than they save."""
    done = transliterate(text)
    assert (done.before.segments, done.after.segments, done.saved) == (before, after, before - after)


@pytest.mark.spec("M-16")
def test_one_character_in_the_way_leaves_the_text_alone() -> None:
    """It would stay UCS-2 anyway; what could have been replaced is still told."""
    done = transliterate("“Hej” 😀 ж")
    assert done.text == "“Hej” 😀 ж"
    assert done.in_the_way == (Unencodable(6, "😀"), Unencodable(8, "ж"))
    assert [one.index for one in done.replacements] == [0, 4]
    assert done.saved == 0


@pytest.mark.spec("M-16")
@pytest.mark.parametrize(
    ("otherwise", "result"), [("?", '"Hej" ? ?'), ("", '"Hej"  '), ("[bild]", '"Hej" [bild] [bild]')]
)
def test_what_has_no_replacement_may_be_given_one(otherwise: str, result: str) -> None:
    """A mark, nothing, or a word; it counts as a loss."""
    done = transliterate("“Hej” 😀 ж", otherwise=otherwise)
    assert (done.text, done.in_the_way) == (result, ())
    assert [(one.replacement, one.lossy) for one in done.replacements[2:]] == [(otherwise, True)] * 2


def test_what_stands_for_the_rest_must_be_gsm_itself() -> None:
    """Also for a text that would not need it."""
    with pytest.raises(Invalid) as refusal:
        transliterate("x", otherwise="✗")
    assert refusal.value.code == "not_in_alphabet"


@pytest.mark.spec("M-16")
def test_without_loss_only() -> None:
    """On request nothing is replaced that a reader could miss."""
    assert transliterate("“Hej…”", lossy=False).text == '"Hej..."'
    done = transliterate("“Žena”", lossy=False)
    assert (done.text, done.in_the_way) == ("“Žena”", (Unencodable(1, "Ž"),))
    assert transliterate("Žena", lossy=False, otherwise="?").text == "?ena"


@given(any_text)
def test_without_loss_means_faithful_replacements(text: str) -> None:
    """Each replacement then is the faithful one, and nothing lossy is among them."""
    for one in transliterate(text, lossy=False).replacements:
        assert one.replacement == faithful(one.original)
        assert not one.lossy


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("5 μg", "5 ug"),
        ("μ", "u"),
        ("μm och kμ", "um och ku"),
        ("5 µg", "5 ug"),
        ("καλημέρα", "KAΛHMEPA"),
        ("μα", "MA"),
        ("αμ", "AM"),
        ("Ωμ", "ΩM"),
        ("α μg", "A ug"),
        ("5 μ α", "5 u A"),
        ("μ̃", "M"),
    ],
)
def test_a_greek_mu_alone_is_the_micro_of_a_unit(text: str, result: str) -> None:
    """5 μg must not read as 5 Mg; within a Greek word it is a letter like others."""
    assert transliterate(text).text == result


@pytest.mark.parametrize(
    ("beside", "replacement"), [("\u0370", "M"), ("\u03ff", "M"), ("\u0400", "u"), ("\u02ff", "u"), ("\u1f00", "u")]
)
def test_which_neighbours_are_greek(beside: str, replacement: str) -> None:
    """Those of Unicode's block Greek and Coptic, on either side."""
    for text in (f"μ{beside}", f"{beside}μ"):
        (one,) = [one for one in transliterate(text).replacements if one.original == "μ"]
        assert one.replacement == replacement


def test_marks_without_a_letter_vanish() -> None:
    """A combining mark at the very start has nothing to combine with."""
    assert transliterate("\u0301abc").text == "abc"
    assert transliterate("").text == ""


@pytest.mark.spec("M-16")
def test_the_long_tail() -> None:
    """With the extra, other scripts and emoji are spelled out; what is still unknown stays in the way."""
    pytest.importorskip("anyascii", reason="the transliteration extra is not installed")
    assert transliterate("Привет", long_tail=True).text == "Privet"
    assert transliterate("“Ω” 😀", long_tail=True).text == '"Ω" :grinning:'
    assert transliterate("Ж", lossy=False, long_tail=True).replacements == (Replacement(0, "Ж", "Zh", lossy=True),)
    assert transliterate("Ж\ue000", long_tail=True).in_the_way == (Unencodable(1, "\ue000"),)
    assert transliterate("Ж\ue000", long_tail=True, otherwise="?").text == "Zh?"


@given(any_text)
def test_the_long_tail_stays_within_the_alphabet(text: str) -> None:
    """Also where the library's ASCII has a backtick, which GSM lacks."""
    pytest.importorskip("anyascii", reason="the transliteration extra is not installed")
    assert set(transliterate(text, long_tail=True, otherwise="").text) <= set(SEPTETS)


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra the error says what to install, but only where it is needed."""
    monkeypatch.setitem(sys.modules, "anyascii", None)
    assert transliterate("abc", long_tail=True).text == "abc"
    with pytest.raises(MissingExtra, match=r"servicekit-sdk\[transliteration\]") as missing:
        transliterate("Привет", long_tail=True)
    assert str(missing.value).startswith("Transliterating other scripts needs an extra")
    assert missing.value.extra == "transliteration"
