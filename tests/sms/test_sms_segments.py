"""What a text costs: encoding, units and segments, the limit, and what forced UCS-2."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sms_model import any_text, atoms, cut, texts

from servicekit.errors import Invalid
from servicekit.sms import Language, Tables, Unencodable, check_limit, count_segments, split


@given(texts, st.booleans())
@pytest.mark.spec("M-11", "M-13")
def test_counting_agrees_with_a_walk_over_the_text(text: str, wide: bool) -> None:
    """Encoding, units, segments and what the last part holds are those of the model, for every text of Unicode."""
    counted = count_segments(text, wide_reference=wide)
    encoding, parts = cut(text, wide_reference=wide)
    assert counted.encoding == encoding
    assert counted.segments == len(parts)
    assert counted.units == sum(size for _, size in parts)
    assert counted.units_in_last == parts[-1][1]
    assert counted.units == sum(size for _, size in atoms(text))


@given(texts, st.booleans(), st.sampled_from([None, *Language]))
@pytest.mark.spec("M-11", "M-13", "M-16")
def test_counting_agrees_with_splitting(text: str, wide: bool, language: Language | None) -> None:
    """What is counted is what is sent: the parts that `split` makes."""
    counted = count_segments(text, wide_reference=wide, language=language)
    parts = split(text, wide_reference=wide, language=language)
    assert counted.segments == len(parts)
    assert counted.units == sum(part.units for part in parts)
    assert counted.units_in_last == parts[-1].units
    assert {counted.encoding} == {part.encoding for part in parts}


@given(texts)
def test_what_is_left_can_be_filled_and_no_more(text: str) -> None:
    """So many letters more fit in the last segment, and one over them costs another."""
    counted = count_segments(text)
    filled = count_segments(text + "x" * counted.units_left)
    assert (filled.segments, filled.units_left) == (counted.segments, 0)
    assert count_segments(text + "x" * (counted.units_left + 1)).segments > counted.segments


@pytest.mark.parametrize(
    ("units", "segments", "left"),
    [
        (0, 1, 160),
        (1, 1, 159),
        (152, 1, 8),
        (153, 1, 7),
        (154, 1, 6),
        (159, 1, 1),
        (160, 1, 0),
        (161, 2, 145),
        (305, 2, 1),
        (306, 2, 0),
        (307, 3, 152),
        (1376, 9, 1),
        (1377, 9, 0),
        (1378, 10, 152),
    ],
)
@pytest.mark.spec("M-11")
@pytest.mark.parametrize("letter", ["x", "å", "Ω"])
def test_the_limits_of_gsm_7(letter: str, units: int, segments: int, left: int) -> None:
    """160 septets alone and 153 in each of several, whichever way the letters take through the code."""
    counted = count_segments(letter * units)
    assert (counted.encoding, counted.units, counted.segments, counted.units_left) == ("gsm-7", units, segments, left)


@pytest.mark.parametrize(
    ("units", "segments", "left"),
    [
        (1, 1, 69),
        (66, 1, 4),
        (67, 1, 3),
        (68, 1, 2),
        (69, 1, 1),
        (70, 1, 0),
        (71, 2, 63),
        (133, 2, 1),
        (134, 2, 0),
        (135, 3, 66),
        (603, 9, 0),
        (604, 10, 66),
    ],
)
@pytest.mark.spec("M-11")
@pytest.mark.parametrize("letter", ["ç", "ł", "\t"])
def test_the_limits_of_ucs_2(letter: str, units: int, segments: int, left: int) -> None:
    """70 units alone and 67 in each of several, for Latin, other and ASCII characters outside the alphabet."""
    counted = count_segments(letter * units)
    assert (counted.encoding, counted.units, counted.segments, counted.units_left) == ("ucs-2", units, segments, left)


@pytest.mark.parametrize(
    ("text", "segments", "units"),
    [
        ("€" * 80, 1, 160),
        ("€" * 80 + "x", 2, 161),
        ("€" * 152, 2, 304),
        ("€" * 153, 3, 306),
        ("x" * 152 + "€" + "x" * 6, 1, 160),
        ("x" * 152 + "€" + "x" * 7, 2, 161),
        ("x" * 152 + "€" + "x" * 151, 2, 305),
        ("x" * 152 + "€" + "x" * 152, 3, 306),
        ("x" * 151 + "€" + "x" * 153, 2, 306),
        ("x" * 304 + "€", 2, 306),
        ("x" * 305 + "€", 3, 307),
        ("😀" * 35, 1, 70),
        ("😀" * 36, 2, 72),
        ("😀" * 66, 2, 132),
        ("😀" * 67, 3, 134),
        ("ç" + "x" * 65 + "😀" + "x" * 2, 1, 70),
        ("ç" + "x" * 65 + "😀" + "x" * 66, 3, 134),
        ("ç" + "x" * 64 + "😀" + "x" * 67, 2, 134),
    ],
)
@pytest.mark.spec("M-11")
def test_a_pair_across_a_boundary_moves_to_the_next_part(text: str, segments: int, units: int) -> None:
    """Extension characters and emoji that lie across 153, 306, 67 and 134 make a text cost what the walk says, not the quotient."""
    counted = count_segments(text)
    assert (counted.segments, counted.units) == (segments, units)


@pytest.mark.parametrize(
    ("pattern", "encoding", "units", "per_part"),
    [
        ("x", "gsm-7", 1_000_000, 153),
        ("å", "gsm-7", 1_000_000, 153),
        ("€", "gsm-7", 2_000_000, 152),
        ("ç", "ucs-2", 1_000_000, 67),
        ("😀", "ucs-2", 2_000_000, 66),
        ("\ud83d", "ucs-2", 1_000_000, 67),
        ("\0", "ucs-2", 1_000_000, 67),
    ],
)
def test_a_million_characters(pattern: str, encoding: str, units: int, per_part: int) -> None:
    """No text is too long to be counted, however many parts it would take."""
    counted = count_segments(pattern * 1_000_000)
    assert (counted.encoding, counted.units, counted.segments) == (encoding, units, -(-units // per_part))


@pytest.mark.parametrize(
    ("letters", "units", "wide", "segments"),
    [
        ("x", 304, True, 2),
        ("x", 305, True, 3),
        ("x", 306, False, 2),
        ("ç", 132, True, 2),
        ("ç", 133, True, 3),
        ("ç", 134, False, 2),
        ("x", 160, True, 1),
        ("ç", 70, True, 1),
    ],
)
@pytest.mark.spec("M-16")
def test_a_wide_reference_takes_a_unit_of_each_part(letters: str, units: int, wide: bool, segments: int) -> None:
    """152 septets and 66 units in each of several with the 16-bit reference; nothing changes for one."""
    assert count_segments(letters * units, wide_reference=wide).segments == segments


@pytest.mark.parametrize(
    ("text", "encoding", "units"),
    [
        ("", "gsm-7", 0),
        ("\r\n", "gsm-7", 2),
        ("\f", "gsm-7", 2),
        ("Ç¤", "gsm-7", 2),
        ("[]{}\\^~|€", "gsm-7", 18),
        ("[]{}\\^~|€`", "ucs-2", 10),
        ("\x1b", "ucs-2", 1),
        ("\0", "ucs-2", 1),
        ("é", "gsm-7", 1),
        ("e\u0301", "ucs-2", 2),
        ("\ufeffx", "ucs-2", 2),
        ("😀", "ucs-2", 2),
        ("\ud83d", "ucs-2", 1),
        ("\ude00", "ucs-2", 1),  # noqa: PT014  ruff takes all lone surrogates for one
        ("\ud83dx", "ucs-2", 2),
        ("\ud83d\ude00", "ucs-2", 2),
        ("\ufffe", "ucs-2", 1),
    ],
)
@pytest.mark.spec("M-11")
def test_edge_characters(text: str, encoding: str, units: int) -> None:
    """The empty text, line ends, controls, look-alikes and lone surrogates, each by the standard."""
    counted = count_segments(text)
    assert (counted.encoding, counted.units, counted.segments) == (encoding, units, 1)


def test_two_halves_that_meet_are_a_pair() -> None:
    """A high and a low surrogate that a ``str`` holds apart are one character on the wire, and are not cut."""
    apart = "ç" + "x" * 65 + "\ud83d\ude00" + "x" * 66
    assert count_segments(apart).segments == count_segments("ç" + "x" * 65 + "😀" + "x" * 66).segments == 3
    assert count_segments("ç" + "x" * 65 + "\ude00\ud83d" + "x" * 66).segments == 2


@given(texts)
def test_what_forced_ucs_2_is_found_when_asked_for(text: str) -> None:
    """Every character outside the alphabet with its index; none for a text that is GSM-7."""
    _, found = count_segments(text).encoding, count_segments(text).unencodable
    assert found == tuple(
        Unencodable(index, character) for index, character in enumerate(text) if cut(character)[0] == "ucs-2"
    )


def test_a_language_narrows_what_forced_ucs_2() -> None:
    """With Turkish tables allowed, only what those lack forces UCS-2."""
    assert [one.character for one in count_segments("ağ„").unencodable] == ["ğ", "„"]
    assert [one.character for one in count_segments("ağ„", language=Language.TURKISH).unencodable] == ["„"]
    assert count_segments("ağ", language=Language.TURKISH).unencodable == ()
    assert count_segments("ağ„", language=Language.TURKISH).tables == Tables(single=Language.TURKISH)


def test_the_result_is_a_value_that_tells_no_text() -> None:
    """It compares, hashes, copies and pickles by value; its repr has the figures, never what somebody wrote."""
    counted = count_segments("hemligt €")
    assert counted == count_segments("hemligt €") != count_segments("hemligt £")
    assert hash(counted) == hash(count_segments("hemligt €"))
    assert pickle.loads(pickle.dumps(counted)) == copy.deepcopy(counted) == counted  # noqa: S301  our own bytes
    assert repr(counted) == "Segments(encoding='gsm-7', units=10, segments=1, units_in_last=10, units_left=150)"
    assert counted.text == "hemligt €"


@pytest.mark.spec("M-12")
@pytest.mark.parametrize(("letter", "each"), [("x", 153), ("ç", 67)])
def test_nine_segments_pass_and_one_more_unit_does_not(letter: str, each: int) -> None:
    """The default limit is nine: exactly nine pass; one unit over is refused with the number found and the limit."""
    assert check_limit(letter * 9 * each).segments == 9
    with pytest.raises(Invalid) as refusal:
        check_limit(letter * (9 * each + 1))
    assert str(refusal.value) == "The text takes 10 SMS and at most 9 are allowed: shorten it, or have it truncated."
    assert refusal.value.code == "too_many_segments"
    assert refusal.value.facts == {"segments": 10, "most": 9}


@pytest.mark.spec("M-12")
def test_a_lower_limit_strikes_earlier() -> None:
    """A group's own bound counts instead of nine, by the encoding and the header that are asked for."""
    assert check_limit("x" * 160, most=1).segments == 1
    for refused in ("x" * 161, "ç" * 71):
        with pytest.raises(Invalid) as refusal:
            check_limit(refused, most=1)
        assert refusal.value.facts == {"segments": 2, "most": 1}
    assert check_limit("x" * 306, most=2).segments == 2
    with pytest.raises(Invalid):
        check_limit("x" * 306, most=2, wide_reference=True)
    assert check_limit("ğ" * 75, most=1, language=Language.TURKISH).encoding == "gsm-7"


@pytest.mark.spec("M-12")
@pytest.mark.parametrize("most", [0, -1, 256])
def test_a_limit_that_no_message_can_have_is_refused(most: int) -> None:
    """A limit is 1 to 255, both ends included."""
    assert check_limit("x", most=1) == check_limit("x", most=255)
    with pytest.raises(Invalid) as refusal:
        check_limit("x", most=most)
    assert str(refusal.value) == f"A limit of {most} segments cannot be: choose 1 to 255."
    assert (refusal.value.code, refusal.value.facts) == ("bad_limit", {"most": most})


@given(any_text)
def test_what_passes_the_limit_can_be_encoded(text: str) -> None:
    """A text with a surrogate of its own is refused where it stands, before anything is sent; any other passes."""
    first = next((index for index, character in enumerate(text) if "\ud800" <= character <= "\udfff"), None)
    if first is None:
        assert check_limit(text, most=255).text == text
        return
    with pytest.raises(Invalid) as refusal:
        check_limit(text, most=255)
    assert str(refusal.value) == (
        f"Character {first} is half of a surrogate pair, which cannot be sent: the text was cut or decoded wrongly before it came "
        "here. Replace it, or read the text again."
    )
    assert (refusal.value.code, refusal.value.facts) == ("lone_surrogate", {"index": first})
