"""Where the cuts are, and that the fast order of questions changes no answer."""

# ruff: noqa: RUF001  this file is about characters that look like others
from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sms_model import cut, texts

from servicekit.sms import GSM_03_38, Language, Tables, alphabet_for
from servicekit.sms.layout import latin_1, lay_out


@given(texts, st.booleans())
def test_every_way_through_the_code_lays_out_as_the_model(text: str, wide: bool) -> None:
    """Encoding, room and cuts are those of a walk over the text, be it ASCII, Latin-1 or anything else."""
    encoding, tables, data, width, room, starts = lay_out(text, latin_1(text), wide, None)
    expected, parts = cut(text, wide_reference=wide)
    assert (encoding, tables) == (expected, Tables())
    assert width == (1 if encoding == "gsm-7" else 2)
    assert [(end - start) // width for start, end in pairwise((*starts, len(data)))] == [size for _, size in parts]
    alone, several = {"gsm-7": (160, 152 if wide else 153), "ucs-2": (70, 66 if wide else 67)}[encoding]
    assert room == (alone if len(parts) == 1 else several)


@given(texts)
def test_data_holds_the_whole_text(text: str) -> None:
    """A stream of septets for GSM-7, big-endian UTF-16 for UCS-2."""
    encoding, _, data, _, _, _ = lay_out(text, latin_1(text), wide_reference=False, language=None)
    assert data == (GSM_03_38.stream(text) if encoding == "gsm-7" else text.encode("utf-16-be", "surrogatepass"))


@given(texts)
def test_the_sieve_lets_latin_1_through(text: str) -> None:
    """It keeps exactly the characters below U+0100."""
    assert latin_1(text).decode("latin-1") == "".join(character for character in text if character < "\u0100")


@given(
    st.text(st.sampled_from("ağçıíãõ€[^Δå x"), max_size=20).map(lambda text: text * 16),
    st.sampled_from(Language),
    st.booleans(),
)
def test_of_several_alphabets_the_cheapest_is_taken(text: str, language: Language, wide: bool) -> None:
    """No allowed pair of tables takes fewer SMS, and none that takes as many has a smaller header."""
    encoding, tables, _, _, _, starts = lay_out(text, latin_1(text), wide, language)
    allowed = [Tables(), Tables(single=language)]
    if language in (Language.TURKISH, Language.PORTUGUESE):
        allowed += [Tables(locking=language), Tables(language, language)]
    costs = {}
    for choice in allowed:
        stream = alphabet_for(choice).stream(text)
        if stream is not None:
            announced = sum(1 for one in choice if one)
            octets_alone = 140 - (1 + 3 * announced if announced else 0)
            octets_each = 140 - (7 if wide else 6) - 3 * announced
            costs[choice] = (_parts(stream, octets_alone * 8 // 7, octets_each * 8 // 7), announced)
    if not costs:
        assert encoding == "ucs-2"
        return
    assert encoding == "gsm-7"
    assert costs[tables] == min(costs.values())
    assert len(starts) == costs[tables][0]


@pytest.mark.parametrize(
    ("before", "middle", "sizes"),
    [
        (66, [0xDE00], [67, 67]),
        (67, [0xDE00], [67, 67]),
        (66, [0xD83D], [67, 67]),
        (66, [0xD83D, 0xDE00], [66, 67, 1]),
        (66, [0xDE00, 0xDE00], [67, 67]),
        (66, [0xD83D, 0xD83D], [67, 67]),
        (66, [0xDBFF, 0xDFFF], [66, 67, 1]),
        (66, [0xD800, 0xDC00], [66, 67, 1]),
        (66, [0xD7FF, 0xDC00], [67, 67]),
        (66, [0xD83D, 0xE000], [67, 67]),
    ],
)
def test_only_a_high_surrogate_before_a_low_one_is_a_pair(before: int, middle: list[int], sizes: list[int]) -> None:
    """Halves at a boundary that have no other half do not move it."""
    text = "ç" * before + "".join(map(chr, middle)) + "x" * (134 - before - len(middle))
    _, _, data, _, _, starts = lay_out(text, latin_1(text), wide_reference=False, language=None)
    assert [(end - start) // 2 for start, end in pairwise((*starts, len(data)))] == sizes


@pytest.mark.parametrize(
    ("units", "wide", "starts"),
    [(298, False, (0, 149)), (299, False, (0, 149, 298)), (296, True, (0, 148)), (297, True, (0, 148, 296))],
)
def test_headers_with_tables_leave_less_room(units: int, wide: bool, starts: tuple[int, ...]) -> None:
    """149 septets in each of several with one national table, 148 with the 16-bit reference as well."""
    text = "ş" * units
    assert lay_out(text, latin_1(text), wide, Language.TURKISH)[4:] == (starts[1], starts)


def _parts(stream: bytes, alone: int, each: int) -> int:
    """Walk over a stream in which 0xC2 and the byte after it belong together."""
    if len(stream) <= alone:
        return 1
    number, size, at = 1, 0, 0
    while at < len(stream):
        step = 2 if stream[at] == 0xC2 else 1
        if size + step > each:
            number, size = number + 1, 0
        size, at = size + step, at + step
    return number
