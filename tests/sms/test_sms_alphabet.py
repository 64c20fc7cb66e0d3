"""The GSM alphabet: its tables, encoding and decoding."""

# ruff: noqa: RUF001  this file is about characters that look like others
from __future__ import annotations

import pytest
from hypothesis import given
from sms_model import BASIC_LETTERS, EXTENSION_LETTERS, SEPTETS, any_text, gsm_text

from servicekit.errors import Invalid
from servicekit.sms import GSM_03_38
from servicekit.sms.alphabet import Alphabet, spread


@pytest.mark.spec("M-11")
def test_every_character_has_the_code_of_the_standard() -> None:
    """All 127 basic characters encode to their septet and the ten others to an escape and theirs, and back."""
    assert len(BASIC_LETTERS) == 127
    assert len(EXTENSION_LETTERS) == 10
    for character, codes in SEPTETS.items():
        assert GSM_03_38.encode(character) == bytes(codes)
        assert GSM_03_38.decode(bytes(codes), strict=True) == character


@pytest.mark.spec("M-11")
def test_no_other_character_of_unicode_is_in_the_alphabet() -> None:
    """Of all 1,114,112 code points, lone surrogates included, exactly 137 can be encoded."""
    assert {chr(code) for code in range(0x110000) if chr(code) in GSM_03_38} == set(SEPTETS)


@pytest.mark.parametrize(
    "character",
    ["\x1b", "\0", "\t", "\v", "\xa0", "`", "´", "ç", "₤", "\u2126", "\u212b", "α", "\u0391", "µ", "\ufffe", "\ud800"],
)
def test_what_looks_alike_or_is_a_shift_is_not_in_the_alphabet(character: str) -> None:
    """Escape, NUL, tab, backtick, small ç, ohm, angstrom and their like are refused with index and code point."""
    with pytest.raises(Invalid) as refusal:
        GSM_03_38.encode("ab" + character + "c")
    assert str(refusal.value) == (
        f"Character 2 (U+{ord(character):04X}) is not in the GSM alphabet: send the text as UCS-2, or transliterate it first."
    )
    assert refusal.value.code == "not_in_alphabet"
    assert refusal.value.facts == {"index": 2, "character": f"U+{ord(character):04X}"}
    assert character not in GSM_03_38


def test_only_text_can_be_in_the_alphabet() -> None:
    """Asking for anything but a ``str`` answers no, and a text is in it if all of its characters are."""
    assert 65 not in GSM_03_38
    assert "Hej €" in GSM_03_38
    assert "Hej ç" not in GSM_03_38


@given(gsm_text)
def test_decoding_gives_back_what_was_encoded(text: str) -> None:
    """Strict decoding undoes encoding, for every text in the alphabet."""
    septets = GSM_03_38.encode(text)
    assert septets == b"".join(bytes(SEPTETS[character]) for character in text)
    assert GSM_03_38.decode(septets, strict=True) == text
    assert GSM_03_38.decode(septets) == text


@given(any_text)
def test_marks_and_stream_exist_exactly_for_texts_in_the_alphabet(text: str) -> None:
    """A mark for each character, a byte of the stream for each septet; neither for a text that has no encoding."""
    marks, stream = GSM_03_38.marks(text), GSM_03_38.stream(text)
    if all(character in SEPTETS for character in text):
        assert marks is not None
        assert stream is not None
        assert (len(marks), len(stream)) == (len(text), sum(len(SEPTETS[character]) for character in text))
        assert spread(marks) == stream
        assert GSM_03_38.septets_of(stream) == GSM_03_38.encode(text)
    else:
        assert (marks, stream) == (None, None)


@pytest.mark.parametrize(
    ("septets", "shown"),
    [
        (b"\x1b\x41", "A"),
        (b"a\x1bz", "az"),
        (b"\x1b\x1b", " "),
        (b"\x1b\x1bA", " A"),
        (b"a\x1b", "a "),
        (b"\x1b\x00", "@"),
        (b"\x1b\x0d", "\r"),
    ],
)
def test_an_unknown_extension_shows_as_a_phone_would_show_it(septets: bytes, shown: str) -> None:
    """Tolerant decoding shows the basic character, a space for a double or a dangling escape; strict decoding refuses."""
    assert GSM_03_38.decode(septets) == shown
    with pytest.raises(Invalid) as refusal:
        GSM_03_38.decode(septets, strict=True)
    assert refusal.value.code == "bad_septets"
    assert refusal.value.facts == {"index": septets.index(0x1B)}


@pytest.mark.parametrize(("octets", "index"), [(b"ab\x80cd", 2), (b"\xff", 0), (b"a\x1b\x80", 2), (b"\x7f\x80", 1)])
def test_an_octet_that_is_no_septet_is_refused(octets: bytes, index: int) -> None:
    """Decoding packed octets by mistake is noticed at the first octet above 0x7F, strict or not."""
    for strict in (True, False):
        with pytest.raises(Invalid) as refusal:
            GSM_03_38.decode(octets, strict=strict)
        assert str(refusal.value) == (
            f"At {index}, no character has the code {octets[index : index + 2].hex(' ')}: are these octets still packed, "
            "or of another alphabet?"
        )
        assert (refusal.value.code, refusal.value.facts) == ("bad_septets", {"index": index})


def test_one_character_of_one_code() -> None:
    """A code of one septet or of an escape and another has a character; longer, shorter or unknown ones have none."""
    assert GSM_03_38.character(b"\x00") == "@"
    assert GSM_03_38.character(b"\x1b\x65") == "€"
    for code in (b"", b"\x1b", b"\x1b\x66", b"\x80", b"a\x65", b"\x1b\x65a"):
        assert GSM_03_38.character(code) is None


def test_a_character_in_both_tables_takes_the_cheaper_code() -> None:
    """An alphabet whose tables overlap encodes by the basic one, and reads both."""
    alphabet = Alphabet(GSM_03_38.basic, {**GSM_03_38.extension, 0x41: "A"})
    assert alphabet.encode("A€") == b"A\x1b\x65"
    assert alphabet.decode(b"\x1b\x41") == "A"
