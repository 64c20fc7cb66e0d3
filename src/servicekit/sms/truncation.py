"""A text cut to a number of segments, on request: where a reader would cut, with an ellipsis that fits.

Rules kept here:

* What is kept is the longest beginning that fits together with the ellipsis, cut between two grapheme clusters as a reader
  sees them: never between a letter and its accent, within a flag or a joined emoji, nor between CR and LF. The clusters are
  those of Unicode's UAX 29 as far as the standard library's data go (no Indic conjuncts). A cluster longer than all that fits
  is cut between characters.
* The ellipsis is ``...`` in a GSM-7 text and ``…`` in a UCS-2 text, so that it never makes a text UCS-2.

Refused: an ellipsis that alone takes more than the limit (`Invalid`, ``bad_ellipsis``), a limit out of range (``bad_limit``).
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from functools import partial
from typing import Final

from servicekit.errors import Invalid
from servicekit.sms.headers import GSM_7
from servicekit.sms.national import Language
from servicekit.sms.segments import count_segments, refuse_bad_limit

__all__ = ["truncate"]

_MOST_CHARACTERS: Final = 160  # in one SMS
_CONTROLS: Final = ("Cc", "Zl", "Zp")
_MARKS: Final = ("Mn", "Me", "Mc")
_ZWJ: Final = "\u200d"
_JOINERS: Final = (_ZWJ, "\u200c", "\uff9e", "\uff9f")
_MODIFIERS: Final = range(0x1F3FB, 0x1F400)  # skin tones
_TAGS: Final = range(0xE0020, 0xE0080)  # spell out flags of regions
_REGIONALS: Final = range(0x1F1E6, 0x1F200)  # two make a flag
_JAMO_LEADING: Final = range(0x1100, 0x1160)
_JAMO_JOINING: Final = range(0x1160, 0x1200)
_SYLLABLES: Final = range(0xAC00, 0xD7A4)
_HIGH_SURROGATES: Final = range(0xD800, 0xDC00)
_LOW_SURROGATES: Final = range(0xDC00, 0xE000)


def truncate(
    text: str,
    most: int = 9,
    *,
    ellipsis: str | None = None,
    wide_reference: bool = False,
    language: Language | None = None,
) -> str:
    """Cut a text so that it takes at most so many segments; one that does already comes back as it is.

    Args:
        text: any ``str``.
        most: the most segments allowed, 1 to 255.
        ellipsis: what shows that something is missing; None chooses by encoding, ``""`` is none.
        wide_reference: as in `servicekit.sms.count_segments`.
        language: as in `servicekit.sms.count_segments`.

    Raises:
        Invalid: ``bad_limit``, ``bad_ellipsis``.

    >>> truncate("x" * 161, 1)[-5:], len(truncate("x" * 161, 1))
    ('xx...', 160)
    """
    refuse_bad_limit(most)
    count = partial(count_segments, wide_reference=wide_reference, language=language)
    if count(text).segments <= most:
        return text

    def shortened(length: int) -> str:
        kept = text[:length]
        if ellipsis is not None:
            return kept + ellipsis
        return kept + ("..." if count(kept).encoding == GSM_7 else "…")

    # The cost never falls as the text grows, so bisecting finds the first length that costs too much.
    longest = min(len(text), most * _MOST_CHARACTERS)
    length = bisect_left(range(longest + 1), most + 1, key=lambda length: count(shortened(length)).segments) - 1
    if length < 0:
        raise Invalid(
            f"The ellipsis alone takes more than {most} SMS: choose a shorter one.", code="bad_ellipsis", most=most
        )
    between_clusters = next((place for place in range(length, 0, -1) if _is_boundary(text, place)), length)
    return shortened(between_clusters)


def _is_boundary(text: str, place: int) -> bool:
    """Whether a grapheme cluster ends before the character at a place (UAX 29, 3.1.1; its rules by their numbers)."""
    before, after = text[place - 1], text[place]
    if before == "\r" and after == "\n":  # GB3
        return False
    if unicodedata.category(before) in _CONTROLS:  # GB4
        return True
    code, code_before = ord(after), ord(before)
    if (
        unicodedata.category(after) in _MARKS  # GB9, GB9a
        or after in _JOINERS
        or code in _MODIFIERS
        or code in _TAGS
        or (before == _ZWJ and unicodedata.category(after) == "So")  # GB11, but that any symbol is taken for an emoji
        or (code in _JAMO_JOINING and _is_hangul(code_before))  # GB7, GB8
        or (code_before in _JAMO_LEADING and _is_hangul(code))  # GB6
        or (code_before in _HIGH_SURROGATES and code in _LOW_SURROGATES)  # one character, held as two
    ):
        return False
    if code in _REGIONALS:  # GB12, GB13: a flag is a pair of them, from the first on
        run = 0
        while run < place and ord(text[place - 1 - run]) in _REGIONALS:
            run += 1
        return run % 2 == 0
    return True


def _is_hangul(code: int) -> bool:
    return code in _JAMO_LEADING or code in _JAMO_JOINING or code in _SYLLABLES
