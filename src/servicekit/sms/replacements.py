"""What stands for a character that the GSM alphabet lacks: tables, and what Unicode itself knows.

Two kinds: a *faithful* replacement keeps the meaning (a curly quote becomes a straight one, an invisible mark nothing, a
decomposed é the composed one); a *lossy* one drops something a reader may miss (á becomes a, ½ becomes 1/2, Greek α becomes A).

A character that the alphabet has is never replaced. Nothing here turns a script into another one: Cyrillic or Chinese in
Latin letters is a new text (`servicekit.sms.transliteration` has the long tail, as an extra).

Of more marks on one letter than any script has, those beyond the thirtieth go first: Unicode sorts marks in quadratic time, and a
text may have nothing but marks.
"""

# ruff: noqa: RUF001, RUF002  this file is about characters that look like others
from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Final

from servicekit.sms.alphabet import GSM_03_38

__all__ = ["faithful", "lossy", "lossy_text"]

# Invisible: nothing is lost. The zero-width joiner and variation selectors glue emoji; alone they show nothing.
_INVISIBLE: Final = (
    "\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufe0e\ufe0f\ufeff"
)
_FAITHFUL: Final[dict[str, str]] = dict.fromkeys(_INVISIBLE, "") | {
    "\t": " ",
    "\v": "\n",
    "\x85": "\n",
    "\u2028": "\n",
    "\u2029": "\n\n",
    **dict.fromkeys(
        "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " "
    ),
    **dict.fromkeys("‘’‚‛′ʹʻʼʽˈ‹›＇", "'"),
    **dict.fromkeys("“”„‟″«»＂〝〞", '"'),
    "‴": "'''",
    **dict.fromkeys("‐‑‒–—―−﹘﹣－⁃", "-"),
    "…": "...",
    "‥": "..",
    **dict.fromkeys("•‣●▪◦∙", "*"),
    "·": ".",
    **dict.fromkeys("⁄∕", "/"),
    "∶": ":",
    "∗": "*",
    "∼": "~",
    "❘": "|",
    "Œ": "OE",
    "œ": "oe",
    "Ĳ": "IJ",
    "ĳ": "ij",
    "ẞ": "ß",
    # Capitals that look exactly like Latin ones; the alphabet has the ten that do not.
    **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX", strict=True)),
}
_LOSSY: Final[dict[str, str]] = {
    **dict(zip("αβγδεζηθικλμνξοπρσςτυφχψω", "ABΓΔEZHΘIKΛMNΞOΠPΣΣTYΦXΨΩ", strict=True)),
    **dict(zip("`´ˋ¨¸ˆ˜¦¬₤", "'''\",^~|-£", strict=True)),
    **dict(zip("ðÐđĐħĦıĸłŁŧŦƒəƏ", "dDdDhHiklLtTfeE", strict=True)),
    "µ": "u",  # the micro sign: Unicode takes it for a Greek μ, and M would be mega
    "ŋ": "ng",
    "Ŋ": "NG",
    "þ": "th",
    "Þ": "Th",
    "°": "deg",
    "º": "o",
    "ª": "a",
    "©": "(c)",
    "®": "(r)",
    "¢": "c",
    "±": "+/-",
    "×": "x",
    "÷": "/",
    "≈": "~",
    "≠": "!=",
    "≤": "<=",
    "≥": ">=",
    "→": "->",
    "←": "<-",
    "↔": "<->",
    "⇒": "=>",
    "‰": "o/oo",
    "\u20e3": "",  # the box round a keycap
}

# Compatibility forms (UAX 44, 5.7.3) that differ in looks alone. Fractions, superscripts, circles and squares say more.
_SAME_BUT_LOOKS: Final = ("<compat>", "<font>", "<narrow>", "<noBreak>", "<wide>")

_MOST_MARKS: Final = 30
"""On one letter (UAX 15, 13: Stream-Safe Text)."""


def faithful(cluster: str) -> str | None:
    """What stands for a character (with its combining marks) without loss, in the GSM alphabet; None if nothing does."""
    if len(cluster) > 1 + _MOST_MARKS:
        return None  # nor would there be anything after all that sorting: no character of Unicode is made of five
    composed = unicodedata.normalize("NFC", cluster)
    if composed in GSM_03_38:
        return composed
    if composed in _FAITHFUL:
        return _FAITHFUL[composed]
    if len(composed) == 1 and unicodedata.decomposition(composed).startswith(_SAME_BUT_LOOKS):
        return _each(unicodedata.normalize("NFKC", composed), faithful)
    return None


def lossy(cluster: str) -> str | None:
    """What stands for a character (with its combining marks), be it at some loss; None if nothing does."""
    cluster = cluster[: 1 + _MOST_MARKS]
    found = faithful(cluster)
    if found is not None:
        return found
    composed = unicodedata.normalize("NFC", cluster)
    if composed in _LOSSY:
        return _LOSSY[composed]
    # Take marks off, the last first: a letter keeps those that the alphabet has (ǡ becomes a, ǻ becomes å).
    marked = unicodedata.normalize("NFD", composed)
    if unicodedata.combining(marked[-1]):
        return lossy(marked[:-1]) if len(marked) > 1 else ""
    loose = unicodedata.normalize("NFKC", composed)
    return lossy_text(loose) if loose != composed else None


def lossy_text(text: str) -> str | None:
    """`lossy` for each character of a text; None if one of them has no replacement."""
    return _each(text, lossy)


def _each(text: str, replace: Callable[[str], str | None]) -> str | None:
    """Every character replaced, or None if one cannot be."""
    found = [replace(character) for character in text]
    return "".join(piece or "" for piece in found) if None not in found else None
