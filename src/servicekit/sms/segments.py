"""What a text costs: its encoding, its size in units, and the number of SMS that carry it (TS 23.038, TS 23.040 9.2.3.24.1).

Rules kept here:

* A text whose every character is in the GSM alphabet is ``"gsm-7"`` and is counted in septets (160 in a message that
  stands alone, 153 in each of several). Any other character makes all of it ``"ucs-2"``, counted in 16-bit units (70; 67).
* An escape and its code, or the two halves of a surrogate pair, never part: segments are walked, not divided.
* The empty text is one segment of GSM-7, as carriers bill it. A lone surrogate is one unit; counting never raises.

Refused: more segments than the caller allows (`check_limit`). National tables are used only when asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from attrs import frozen

from servicekit.errors import Invalid
from servicekit.sms.alphabet import BASIC, ESCAPE
from servicekit.sms.headers import GSM_7, UCS_2
from servicekit.sms.layout import lay_out
from servicekit.sms.national import DEFAULT_TABLES, Language, Tables, alphabet_for

__all__ = ["Segments", "Unencodable", "check_limit", "count_segments", "refuse_bad_limit", "refuse_lone_surrogates"]

MOST_PARTS: Final = 255
"""TS 23.040 has one octet for the number of parts."""


@frozen
class Unencodable:
    """A character that forced UCS-2, and its index in the text (in code points, from 0)."""

    index: int
    character: str


class Segments(NamedTuple):
    """What a text costs. A tuple underneath, as making it is half of what counting costs.

    Attributes:
        encoding: ``"gsm-7"`` or ``"ucs-2"``.
        units: size of the whole text, in septets or 16-bit units.
        segments: number of SMS, at least 1.
        units_in_last: units in the last of them.
        room: units that one SMS holds, in as many parts as there are.
        text: the text that was counted.
        tables: the national tables it was counted with, and, for UCS-2, that did not suffice.
    """

    encoding: str
    units: int
    segments: int
    units_in_last: int
    room: int
    text: str
    tables: Tables = DEFAULT_TABLES

    @property
    def units_left(self) -> int:
        """Units that still fit before the text costs one SMS more."""
        return self.room - self.units_in_last

    @property
    def unencodable(self) -> tuple[Unencodable, ...]:
        """The characters that no alphabet allowed here has, in order. Computed when asked for; linear and slow."""
        return tuple(_unencodable(self.text, self.tables)) if self.encoding == UCS_2 else ()

    def __repr__(self) -> str:
        return (
            f"Segments(encoding={self.encoding!r}, units={self.units}, segments={self.segments}, "
            f"units_in_last={self.units_in_last}, units_left={self.units_left})"
        )


def _unencodable(text: str, tables: Tables) -> Iterator[Unencodable]:
    known = alphabet_for(tables)
    bad = {character for character in set(text) if character not in known}
    return (Unencodable(index, character) for index, character in enumerate(text) if character in bad)


# Each Latin-1 byte that is a basic character stays itself, any other becomes something else: a text that comes out of it
# unchanged has one septet for each character. bytes.translate() with a table alone is the fastest loop there is.
_BASIC_STAYS: Final = bytes(byte if chr(byte) in BASIC and byte != ESCAPE else byte ^ 0x80 for byte in range(256))
_GSM_ALONE, _GSM_EACH, _GSM_EACH_WIDE = 160, 153, 152
_make = tuple.__new__  # NamedTuple's own __new__ costs twice as much


def count_segments(text: str, *, wide_reference: bool = False, language: Language | None = None) -> Segments:
    """Count what a text costs. Linear; a text of basic characters alone takes a fast path that gives the same answer.

    Args:
        text: any ``str``, lone surrogates included.
        wide_reference: count for the 16-bit reference in the headers of a long message (152 and 66 units in a part).
        language: national tables that may be used too, where they make the text cost less; the header that announces them
            costs room. Ask only if carrier and phones are known to support them.

    >>> count_segments("Hej på dig!")
    Segments(encoding='gsm-7', units=11, segments=1, units_in_last=11, units_left=149)
    >>> count_segments("€" * 153).segments  # 76 pairs fit in a part of 153
    3
    >>> count_segments("ağaç " * 30, language=Language.TURKISH).segments, count_segments("ağaç " * 30).segments
    (1, 3)
    """
    latin = text.encode() if text.isascii() else text.encode("latin-1", "ignore")  # latin_1(text), without the call
    units = len(text)
    if len(latin) == units and latin.translate(_BASIC_STAYS) == latin:
        if units <= _GSM_ALONE:
            return _make(Segments, (GSM_7, units, 1, units, _GSM_ALONE, text, DEFAULT_TABLES))
        each = _GSM_EACH_WIDE if wide_reference else _GSM_EACH
        full = (units - 1) // each
        return _make(Segments, (GSM_7, units, full + 1, units - full * each, each, text, DEFAULT_TABLES))
    encoding, tables, data, width, each, starts = lay_out(text, latin, wide_reference, language)
    size = len(data)
    if encoding == UCS_2 and language is not None:
        tables = Tables(single=language)
    return _make(Segments, (encoding, size // width, len(starts), (size - starts[-1]) // width, each, text, tables))


def check_limit(
    text: str, most: int = 9, *, wide_reference: bool = False, language: Language | None = None
) -> Segments:
    """Count a text that is about to be sent, and refuse one that cannot be: call it before anything is handed over.

    Args:
        text: the whole text, with signature.
        most: the most segments allowed, 1 to 255.
        wide_reference: as in `count_segments`.
        language: as in `count_segments`.

    Raises:
        Invalid: ``too_many_segments`` with facts ``segments`` (as found) and ``most``; ``lone_surrogate`` with ``index``
            for half of a surrogate pair, which no encoding can carry; ``bad_limit`` if ``most`` is out of range.
    """
    refuse_bad_limit(most)
    counted = count_segments(text, wide_reference=wide_reference, language=language)
    if counted.segments > most:
        raise Invalid(
            f"The text takes {counted.segments} SMS and at most {most} are allowed: shorten it, or have it truncated.",
            code="too_many_segments",
            segments=counted.segments,
            most=most,
        )
    if counted.encoding == UCS_2:
        refuse_lone_surrogates(text)
    return counted


def refuse_bad_limit(most: int) -> None:
    """Raise `Invalid` (``bad_limit``) if no message can have so many segments."""
    if not 1 <= most <= MOST_PARTS:
        raise Invalid(f"A limit of {most} segments cannot be: choose 1 to {MOST_PARTS}.", code="bad_limit", most=most)


def refuse_lone_surrogates(text: str) -> None:
    """Raise `Invalid` (``lone_surrogate``, with ``index``) if a ``str`` holds a surrogate code point; linear, in C."""
    try:
        text.encode("utf-16-le")
    except UnicodeEncodeError as error:
        raise Invalid(
            f"Character {error.start} is half of a surrogate pair, which cannot be sent: the text was cut or decoded wrongly "
            "before it came here. Replace it, or read the text again.",
            code="lone_surrogate",
            index=error.start,
        ) from None
