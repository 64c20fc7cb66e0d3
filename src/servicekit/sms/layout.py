"""How a text lies in its parts: which encoding, which tables, where the cuts are. Counting and splitting share this.

Rules kept here:

* GSM-7 if an alphabet that the caller allows has every character, else UCS-2; of several alphabets the one that takes
  fewest SMS, and of those the one with the smallest header.
* A part is filled to its room, or one unit less where the cut would part an escape from its code (TS 23.040, 9.2.3.24.1)
  or the halves of a surrogate pair; a high surrogate followed by a low one is a pair even if the ``str`` held them as two
  code points: on the wire they are.

Nothing is refused: every ``str`` has a layout, lone surrogates included.
"""

from __future__ import annotations

from typing import Final

from servicekit.sms.alphabet import ESCAPE_MARK, GSM_03_38, spread
from servicekit.sms.headers import GSM_7, UCS_2, room
from servicekit.sms.national import DEFAULT_TABLES, Language, Tables, alphabet_for, choices

__all__ = ["Layout", "latin_1", "lay_out"]

Layout = tuple[str, Tables, bytes, int, int, tuple[int, ...]]
"""A text's layout; a bare tuple, as counting makes one for each text. Its items:

* encoding: ``"gsm-7"`` or ``"ucs-2"``;
* tables: the tables of GSM-7;
* data: a stream (`servicekit.sms.alphabet.Alphabet`) for GSM-7, big-endian UTF-16 for UCS-2;
* width: octets of data for each unit, 1 or 2;
* room: units that each part holds;
* starts: where in the data each part starts, 0 first.
"""

# The mark of each Latin-1 character, 0 for one that is not in the alphabet.
_LATIN_MARKS: Final = bytes((GSM_03_38.marks(chr(code)) or b"\0")[0] for code in range(256))

# The top six bits of a surrogate's high octet.
_TOP_SIX, _HIGH, _LOW = 0xFC, 0xD8, 0xDC

_GSM_ALONE: Final = room(GSM_7, several=False)
_GSM_EACH: Final = room(GSM_7, several=True)
_GSM_EACH_WIDE: Final = room(GSM_7, several=True, wide_reference=True)
_UCS_ALONE: Final = room(UCS_2, several=False)
_UCS_EACH: Final = room(UCS_2, several=True)
_UCS_EACH_WIDE: Final = room(UCS_2, several=True, wide_reference=True)


def latin_1(text: str) -> bytes:
    """The Latin-1 characters of a text: as many octets as the text has characters if it has no others. The fastest sieve."""
    return text.encode() if text.isascii() else text.encode("latin-1", "ignore")


def lay_out(text: str, latin: bytes, wide_reference: bool, language: Language | None) -> Layout:
    """Lay a text out. Linear, in C but for a step for each part.

    The order of the questions serves speed alone: whether `Alphabet.marks` has all of it is the whole of the rule.

    Args:
        text: any ``str``.
        latin: `latin_1` of it.
        wide_reference: whether headers of several parts have the 16-bit reference.
        language: a language whose national tables may be used as well.
    """
    if language is not None:
        ways = [
            _lay_septets(stream, tables, wide_reference)
            for tables in choices(language)
            if (stream := alphabet_for(tables).stream(text)) is not None
        ]
        if ways:  # those with the smaller headers come first, and min() keeps the first of equals
            return min(ways, key=lambda way: len(way[-1]))
    if len(latin) == len(text):
        marks = latin.translate(_LATIN_MARKS)
        if 0 not in marks:
            return _lay_septets(spread(marks), DEFAULT_TABLES, wide_reference)
        octets = text.encode("utf-16-be")
    else:
        octets = text.encode("utf-16-be", "surrogatepass")
        if len(octets) == 2 * len(text):  # beyond U+FFFF there is no GSM character
            stream = GSM_03_38.stream(text)
            if stream is not None:
                return _lay_septets(stream, DEFAULT_TABLES, wide_reference)

    size = len(octets)
    if size <= 2 * _UCS_ALONE:
        return UCS_2, DEFAULT_TABLES, octets, 2, _UCS_ALONE, (0,)
    each = _UCS_EACH_WIDE if wide_reference else _UCS_EACH
    step = 2 * each
    starts, start = [0], step
    while start < size:
        if octets[start] & _TOP_SIX == _LOW and octets[start - 2] & _TOP_SIX == _HIGH:
            start -= 2
        starts.append(start)
        start += step
    return UCS_2, DEFAULT_TABLES, octets, 2, each, tuple(starts)


def _lay_septets(stream: bytes, tables: Tables, wide_reference: bool) -> Layout:
    if tables is DEFAULT_TABLES:
        alone, each = _GSM_ALONE, _GSM_EACH_WIDE if wide_reference else _GSM_EACH
    else:
        alone = room(GSM_7, several=False, tables=tables)
        each = room(GSM_7, several=True, wide_reference=wide_reference, tables=tables)
    size = len(stream)
    if size <= alone:
        return GSM_7, tables, stream, 1, alone, (0,)
    starts, start = [0], each
    while start < size:
        if stream[start - 1] == ESCAPE_MARK:
            start -= 1
        starts.append(start)
        start += each
    return GSM_7, tables, stream, 1, each, tuple(starts)
