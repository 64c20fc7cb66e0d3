"""Explaining what a text costs."""

# ruff: noqa: RUF001  this file is about characters that look like others
from __future__ import annotations

import pytest
from hypothesis import given
from sms_model import any_text, texts

from servicekit.sms import Blocker, Language, count_segments, explain, split, transliterate


def test_a_text_in_gsm_7() -> None:
    """Encoding, size and room, and a bar for each part; nothing about UCS-2."""
    assert explain("x" * 161).lines() == [
        "GSM-7: 161 septets in 2 SMS; 145 more fit in the last.",
        "    1 [########################################] 153 of 153",
        "    2 [###.....................................] 8 of 153",
    ]
    assert explain("").lines() == [
        "GSM-7: 0 septets in 1 SMS; 160 more fit in the last.",
        "    1 [........................................] 0 of 160",
    ]


@pytest.mark.spec("M-16")
def test_what_forces_ucs_2_and_what_transliterating_saves() -> None:
    """Each character once, with its places, its name and what could stand for it."""
    text = "“Hej” á é\u0301 \u200b\u20e3" + "“" * 4 + "x" * 60
    assert explain(text).lines() == [
        "UCS-2: 77 16-bit units in 2 SMS; 57 more fit in the last.",
        "    1 [########################################] 67 of 67",
        "    2 [######..................................] 10 of 67",
        "UCS-2 because of:",
        "  U+201C LEFT DOUBLE QUOTATION MARK at 0, 13, 14, 15, 16: '\"' can stand for it",
        "  U+201D RIGHT DOUBLE QUOTATION MARK at 4: '\"' can stand for it",
        "  U+00E1 LATIN SMALL LETTER A WITH ACUTE at 6: 'a' can stand for it, at a loss",
        "  U+00E9 LATIN SMALL LETTER E WITH ACUTE, U+0301 COMBINING ACUTE ACCENT at 8: '\\xe9' can stand for it, at a loss",
        "  U+200B ZERO WIDTH SPACE at 11: it can be left out, as it shows nothing",
        "  U+20E3 COMBINING ENCLOSING KEYCAP at 12: it can be left out, at a loss",
        "Transliterating saves 1 SMS: 2 before, 1 after.",
    ]


@pytest.mark.spec("M-16")
def test_a_text_that_transliterating_does_not_help() -> None:
    """It says so, and what leaving out the rest would make of it."""
    explanation = explain("Hej… 😀" + "x" * 70)
    assert explanation.lines()[3:] == [
        "UCS-2 because of:",
        "  U+2026 HORIZONTAL ELLIPSIS at 3: '...' can stand for it",
        "  U+1F600 GRINNING FACE at 5: nothing in the GSM alphabet can stand for it",
        "Transliterating saves nothing while those without a replacement are in the text; without them it takes 1 SMS.",
    ]
    assert explanation.without == count_segments("Hej... " + "x" * 70)
    assert explain("hej–").lines()[-1] == "Transliterating saves nothing: 1 before, 1 after."
    assert explain("㎉" * 70).lines()[-1] == "Transliterating saves nothing: 1 before, 2 after."


def test_long_lists_are_cut_short() -> None:
    """Twelve parts, twelve characters and five places of each are shown; the rest is counted."""
    lines = explain("ç" * 6 + "abcdefghijklmn" * 100 + "".join(map(chr, range(0x400, 0x40C)))).lines()
    assert lines[12].startswith("   12 [")
    assert lines[13] == "  ... and 10 more"
    assert (
        "  U+00E7 LATIN SMALL LETTER C WITH CEDILLA at 0, 1, 2, 3, 4 and 1 more: 'c' can stand for it, at a loss"
        in lines
    )
    assert lines[-2] == "  ... and 1 other characters"
    shorter = explain("ç" * 5 + "".join(map(chr, range(0x400, 0x40B))) + "x" * 788).lines()
    assert len(shorter) == 1 + 12 + 1 + 12 + 1
    assert "at 0, 1, 2, 3, 4: 'c'" in shorter[14]


@given(texts)
@pytest.mark.spec("M-16")
def test_the_value_agrees_with_its_sources(text: str) -> None:
    """It says what counting, splitting and transliterating say."""
    explanation = explain(text)
    assert explanation.counted == count_segments(text)
    assert list(explanation.sizes) == [part.units for part in split(text)]
    assert explanation.transliterated == transliterate(text)
    assert bool(explanation.blockers) == (explanation.counted.encoding == "ucs-2")
    for blocker in explanation.blockers:
        for place in blocker.places:
            assert text.startswith(blocker.characters, place)
        assert list(blocker.places) == sorted(blocker.places)
    firsts = [blocker.places[0] for blocker in explanation.blockers]
    assert firsts == sorted(firsts)
    assert (explanation.without is None) == all(blocker.replacement is not None for blocker in explanation.blockers)


@given(any_text)
def test_every_terminal_can_show_it(text: str) -> None:
    """All lines are printable ASCII, whatever the text is."""
    for line in explain(text).lines():
        assert line.isascii()
        assert line.isprintable()


def test_headers_and_tables_count() -> None:
    """As for `count_segments`."""
    assert explain("x" * 161, wide_reference=True).sizes == (152, 9)
    assert explain("x" * 161, wide_reference=True).counted == count_segments("x" * 161, wide_reference=True)
    assert explain("ğ" * 10, language=Language.TURKISH).lines() == [
        "GSM-7: 20 septets in 1 SMS; 135 more fit in the last.",
        "    1 [######..................................] 20 of 155",
    ]


def test_bars_are_full_only_where_parts_are() -> None:
    """Any unit shows as a mark; a part that lacks one unit may look full, one that lacks several does not."""
    bars = [line.split("]")[0].count("#") for line in explain("x" * 150).lines()[1:]]
    assert bars == [38]
    assert [line.split("]")[0].count("#") for line in explain("x" * 154).lines()[1:]] == [39]
    assert [line.split("]")[0].count("#") for line in explain("x").lines()[1:]] == [1]


def test_blockers() -> None:
    """What can stand for each, and whether at a loss; where nothing can, something is lost."""
    assert explain("…á😀…").blockers == (
        Blocker("…", (0, 3), "...", lossy=False),
        Blocker("á", (1,), "a", lossy=True),
        Blocker("😀", (2,), None, lossy=True),
    )
    assert explain("...").blockers == ()


def test_a_character_without_a_name() -> None:
    """Controls, surrogates and private characters have none."""
    assert Blocker("\ud800", (0,), None, lossy=True).name == "U+D800 (no name)"
