"""What stands for a character that the GSM alphabet lacks."""

# ruff: noqa: RUF001  this file is about characters that look like others
from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sms_model import SEPTETS, any_character

from servicekit.sms import transliterate
from servicekit.sms.replacements import faithful, lossy, lossy_text


@pytest.mark.parametrize(
    ("replacement", "originals"),
    [
        ("'", "‘’‚‛′ʹʻʼʽˈ‹›＇"),
        ('"', "“”„‟″«»＂〝〞"),
        ("'''", "‴"),
        ("-", "‐‑‒–—―−﹘﹣－⁃"),
        ("...", "…"),
        ("..", "‥"),
        (".", "·"),
        ("*", "•‣●▪◦∙∗"),
        ("/", "⁄∕"),
        (":", "∶"),
        ("~", "∼"),
        ("|", "❘"),
        (" ", "\t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"),
        ("\n", "\v\x85\u2028"),
        ("\n\n", "\u2029"),
        ("", "\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufe0e\ufe0f\ufeff"),
        ("", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"),
        ("OE", "Œ"),
        ("oe", "œ"),
        ("IJ", "Ĳ"),
        ("ij", "ĳ"),
        ("ß", "ẞ"),
        ("Ω", "\u2126"),
        ("Å", "\u212b"),
        ("fi", "ﬁ"),
        ("VIII", "Ⅷ"),
        ("A", "Ａ𝐀𝔸Α"),
        ("é", "é"),
        ("!", "！"),
        (" ", "\u00a0"),
        ("DZ", "Ǳ"),
        ("No", "№"),
    ],
)
@pytest.mark.spec("M-16")
def test_replacements_that_keep_the_meaning(replacement: str, originals: str) -> None:
    """Quotes, dashes, spaces, invisible marks, ligatures, full-width and decorated letters, look-alike capitals."""
    for original in originals:
        assert faithful(original) == lossy(original) == replacement


@pytest.mark.parametrize(
    ("replacement", "original"),
    [*zip("ABEZHIKMNOPTYX", "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", strict=True), ("é", "e\u0301"), ("Å", "A\u030a"), ("ñ", "n\u0303")],
)
@pytest.mark.spec("M-16")
def test_capitals_and_compositions_that_look_the_same(replacement: str, original: str) -> None:
    """A Greek capital with a Latin double is that double; a decomposed letter is the composed one."""
    assert faithful(original) == replacement


@pytest.mark.parametrize(
    ("replacement", "originals"),
    [
        ("a", "áâãāăąªȁạ"),
        ("c", "çčć¢"),
        ("e", "êëēęěəẽ"),
        ("E", "ÈÊËƏ"),
        ("i", "íîïıī"),
        ("o", "óôõōőº"),
        ("u", "úûūůµ"),
        ("U", "ÚÙÛ"),
        ("l", "łĺľ"),
        ("L", "Ł"),
        ("s", "šśşș"),
        ("z", "žźż"),
        ("g", "ğģ"),
        ("d", "ðđď"),
        ("D", "ÐĐ"),
        ("h", "ħ"),
        ("H", "Ħ"),
        ("k", "ĸ"),
        ("t", "ŧţ"),
        ("T", "Ŧ"),
        ("f", "ƒ"),
        ("å", "ǻ"),
        ("ü", "ǖǘ"),
        ("ø", "ǿ"),
        ("æ", "ǽ"),
        ("ng", "ŋ"),
        ("NG", "Ŋ"),
        ("th", "þ"),
        ("Th", "Þ"),
        ("'", "`´ˋ"),
        ('"', "¨"),
        (",", "¸"),
        ("^", "ˆ"),
        ("~", "˜≈"),
        ("|", "¦"),
        ("-", "¬"),
        ("£", "₤"),
        ("deg", "°"),
        ("(c)", "©"),
        ("(r)", "®"),
        ("+/-", "±"),
        ("x", "×"),
        ("/", "÷"),
        ("!=", "≠"),
        ("<=", "≤"),
        (">=", "≥"),
        ("->", "→"),
        ("<-", "←"),
        ("<->", "↔"),
        ("=>", "⇒"),
        ("o/oo", "‰"),
        ("", "\u20e3"),
        ("", "\u0301"),
        ("TM", "™"),
        ("1/2", "½"),
        ("2", "²₂"),
        ("7", "⑦"),
        ("m2", "㎡"),
    ],
)
@pytest.mark.spec("M-16")
def test_replacements_at_a_loss(replacement: str, originals: str) -> None:
    """Accents go, but stay where the alphabet has the letter with one of two; signs become what one types for them."""
    for original in originals:
        assert lossy(original) == replacement
        assert faithful(original) is None


@pytest.mark.parametrize(
    ("replacement", "original"),
    [*zip("ABΓΔEZHΘIKΛMNΞOΠPΣΣTYΦXΨΩ", "αβγδεζηθικλμνξοπρσςτυφχψω", strict=True), ("A", "ά"), ("I", "ΐ")],
)
def test_small_greek_becomes_capital(replacement: str, original: str) -> None:
    """As Greeks write SMS: capitals, without accents."""
    assert lossy(original) == replacement
    assert faithful(original) is None


@pytest.mark.parametrize(
    "original", ["😀", "ж", "你", "ا", "한", "\ud800", "\x1b", "\0", "\ue000", "ж\u0301", "\U0010ffff"]
)
def test_what_has_no_replacement(original: str) -> None:
    """Other scripts, emoji and controls: that would be another text."""
    assert faithful(original) is None
    assert lossy(original) is None


@given(any_character)
@pytest.mark.spec("M-16")
def test_a_replacement_is_in_the_alphabet(character: str) -> None:
    """Whatever is offered can be sent as GSM-7; what needs no replacement stands for itself, å and € among them."""
    for found in (faithful(character), lossy(character)):
        assert found is None or set(found) <= set(SEPTETS)
    if character in SEPTETS:
        assert faithful(character) == lossy(character) == character


def test_the_whole_of_unicode() -> None:
    """No character of the first three planes is offered something outside the alphabet, nor a loss for nothing."""
    for code in range(0x30000):
        character = chr(code)
        kept, found = faithful(character), lossy(character)
        if kept is not None:
            assert found == kept
        if found is not None:
            assert set(found) <= set(SEPTETS), unicodedata.name(character)


def test_a_whole_text_or_nothing() -> None:
    """One character without a replacement leaves none for the text."""
    assert lossy_text("½ó") == "1/2o"
    assert lossy_text("½ж") is None
    assert lossy_text("") == ""


MARKS = st.sampled_from("\u0300\u0301\u0308\u030a\u0323\u0327\u0344\u0345\u05b0\u1dfa")


def _plain_lossy(cluster: str) -> str | None:
    """The rule itself: off with the last mark until something stands for what is left."""
    while (found := faithful(cluster)) is None and len(cluster := unicodedata.normalize("NFD", cluster)) > 1:
        cluster = unicodedata.normalize("NFC", cluster[:-1])
    return found


@given(st.sampled_from("aAåéñoÖzZ"), st.lists(MARKS, max_size=60).map("".join))
def test_any_number_of_marks_on_a_letter(letter: str, marks: str) -> None:
    """Up to thirty are taken off one by one; what is beyond them goes at once."""
    assert lossy(letter + marks) == _plain_lossy((letter + marks)[:31])
    if len(marks) > 30:
        assert faithful(letter + marks) is None


@pytest.mark.parametrize("letter", ["a", ""])
def test_a_hostile_heap_of_marks_costs_little(letter: str) -> None:
    """A hundred thousand marks in two orders on one letter, or on none: no error, and no sorting of them all.

    Their number is what Python's recursion and Unicode's sorting cannot take: the former ended in an error at a thousand.
    """
    heap = letter + "\u0301\u0323" * 50_000
    assert lossy(heap) == letter
    assert faithful(heap) is None
    done = transliterate(f"Hej {heap} då €")
    assert done.text == f"Hej {letter} då €"
