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
from servicekit.sms.alphabet import BASIC, ESCAPE, GSM_03_38, spread

__all__ = ["GSM_7", "UCS_2", "Segments", "Unencodable", "check_limit", "count_segments"]

GSM_7: Final = "gsm-7"
UCS_2: Final = "ucs-2"

# A message holds 140 octets. A concatenation header takes 6 of them, or 7 with a 16-bit reference.
_ONE_GSM, _EACH_GSM, _EACH_GSM_WIDE = 160, 153, 152
_ONE_UCS, _EACH_UCS, _EACH_UCS_WIDE = 70, 67, 66


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
    """

    encoding: str
    units: int
    segments: int
    units_in_last: int
    room: int
    text: str

    @property
    def units_left(self) -> int:
        """Units that still fit before the text costs one SMS more."""
        return self.room - self.units_in_last

    @property
    def unencodable(self) -> tuple[Unencodable, ...]:
        """The characters that are not in the GSM alphabet, in order. Computed when asked for; linear and slow."""
        return tuple(_unencodable(self.text)) if self.encoding == UCS_2 else ()

    def __repr__(self) -> str:
        return (
            f"Segments(encoding={self.encoding!r}, units={self.units}, segments={self.segments}, "
            f"units_in_last={self.units_in_last}, units_left={self.units_left})"
        )


def _unencodable(text: str) -> Iterator[Unencodable]:
    known: dict[str, bool] = {}
    for index, character in enumerate(text):
        good = known.get(character)
        if good is None:
            good = known[character] = character in GSM_03_38
        if not good:
            yield Unencodable(index, character)


# Maps each Latin-1 byte that is a basic character to itself and any other to something else, so that a text that comes out
# unchanged has one septet for each character. bytes.translate() with a table alone is the fastest loop there is.
_IF_BASIC: Final = bytes(byte if chr(byte) in BASIC and byte != ESCAPE else byte ^ 0x80 for byte in range(256))
_make = tuple.__new__  # NamedTuple's own __new__ costs twice as much


def count_segments(text: str, *, wide_reference: bool = False) -> Segments:
    """Count what a text costs. Linear; a text of basic Latin-1 characters takes a fast path that gives the same answer.

    Args:
        text: any ``str``, lone surrogates included.
        wide_reference: count for the 16-bit reference in the headers of a long message (152 and 66 units in a part).

    >>> count_segments("Hej på dig!")
    Segments(encoding='gsm-7', units=11, segments=1, units_in_last=11, units_left=149)
    >>> count_segments("€" * 153).segments  # 76 pairs fit in a part of 153
    3
    """
    latin = text.encode("latin-1", "ignore")
    units = len(text)
    if latin.translate(_IF_BASIC) == latin and len(latin) == units:
        if units <= _ONE_GSM:
            return _make(Segments, (GSM_7, units, 1, units, _ONE_GSM, text))
        each = _EACH_GSM_WIDE if wide_reference else _EACH_GSM
        full = (units - 1) // each
        return _make(Segments, (GSM_7, units, full + 1, units - full * each, each, text))
    marks = GSM_03_38.marks(text)
    if marks is not None:
        return _count_septets(text, spread(marks), wide_reference)
    return _count_ucs(text, wide_reference)


def _count_septets(text: str, stream: bytes, wide_reference: bool) -> Segments:
    units = len(stream)
    if units <= _ONE_GSM:
        return _make(Segments, (GSM_7, units, 1, units, _ONE_GSM, text))
    each = _EACH_GSM_WIDE if wide_reference else _EACH_GSM
    cuts = cut_stream(stream, each)
    return _make(Segments, (GSM_7, units, len(cuts), units - cuts[-1], each, text))


def cut_stream(stream: bytes, each: int) -> list[int]:
    """Where the parts of a stream begin: each ``each`` septets on, or one less where that would cut an escape pair."""
    starts = []
    start, size = 0, len(stream)
    while size - start > each:
        starts.append(start)
        start += each
        if 0x80 <= stream[start] < 0xC0:  # a continuation byte: its escape is the one before
            start -= 1
    starts.append(start)
    return starts


def _count_ucs(text: str, wide_reference: bool) -> Segments:
    octets = text.encode("utf-16-le", "surrogatepass")
    units = len(octets) // 2
    if units <= _ONE_UCS:
        return _make(Segments, (UCS_2, units, 1, units, _ONE_UCS, text))
    each = _EACH_UCS_WIDE if wide_reference else _EACH_UCS
    cuts = cut_utf16(octets, each)
    return _make(Segments, (UCS_2, units, len(cuts), units - cuts[-1] // 2, each, text))


def cut_utf16(octets: bytes, each: int) -> list[int]:
    """Where the parts of little-endian UTF-16 begin, in octets: ``each`` units on, or one less so as to cut no pair.

    A high surrogate followed by a low one is a pair even if the ``str`` held them as two code points: on the wire they are.
    """
    starts = []
    start, size, step = 0, len(octets), 2 * each
    while size - start > step:
        starts.append(start)
        start += step
        if octets[start + 1] & 0xFC == 0xDC and octets[start - 1] & 0xFC == 0xD8:
            start -= 2
    starts.append(start)
    return starts


def check_limit(text: str, most: int = 9, *, wide_reference: bool = False) -> Segments:
    """Count a text that is about to be sent, and refuse one that cannot be: call it before anything is handed over.

    Args:
        text: the whole text, with signature.
        most: the most segments allowed, 1 to 255 (TS 23.040 has one octet for the number of parts).
        wide_reference: as in `count_segments`.

    Raises:
        Invalid: ``too_many_segments`` with facts ``segments`` (as found) and ``most``; ``lone_surrogate`` with ``index``
            for half of a surrogate pair, which no encoding can carry; ``bad_limit`` if ``most`` is out of range.
    """
    if not 1 <= most <= 255:
        raise Invalid(f"A limit of {most} segments cannot be: choose 1 to 255.", code="bad_limit", most=most)
    counted = count_segments(text, wide_reference=wide_reference)
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
