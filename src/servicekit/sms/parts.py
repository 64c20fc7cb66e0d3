"""The parts of a message as a carrier sends them, and the text back from parts (TS 23.040, 9.2.3.24.1 and 9.2.3.24.8).

Rules kept here:

* A text that fits one SMS is one part without a header; a longer one has a header in each part with one reference, the
  number of parts, and the part's own number from 1. Parts are cut where `count_segments` says.
* A part's header and payload together never exceed 140 octets; the payload begins with the fill bits that bring
  septets to a septet boundary after the header.

Refused: more than 255 parts, a reference out of range, a lone surrogate in a payload; on joining, parts that are missing,
that contradict one another, or that are of different messages.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Final, NamedTuple

from servicekit.errors import Invalid
from servicekit.sms.alphabet import GSM_03_38, pack
from servicekit.sms.segments import (
    GSM_7,
    UCS_2,
    cut_stream,
    cut_utf16,
    refuse_lone_surrogates,
)

__all__ = ["Part", "join", "split"]

MOST_PARTS: Final = 255


class Part(NamedTuple):
    """One SMS of a message.

    Attributes:
        text: the characters in this part.
        units: their size, in septets or 16-bit units.
        encoding: ``"gsm-7"`` or ``"ucs-2"``.
        number: which part this is, from 1.
        total: how many parts the message has.
        reference: what the headers of one message have in common: 0 to 255, or to 65535 if ``wide_reference``.
        wide_reference: whether the header has the 16-bit reference.
    """

    text: str
    units: int
    encoding: str
    number: int = 1
    total: int = 1
    reference: int = 0
    wide_reference: bool = False

    @property
    def udh(self) -> bytes:
        """The user data header with its length octet; empty for a message of one part."""
        if self.total == 1:
            return b""
        if self.wide_reference:
            return bytes((6, 8, 4, self.reference >> 8, self.reference & 0xFF, self.total, self.number))
        return bytes((5, 0, 3, self.reference, self.total, self.number))

    @property
    def septets(self) -> bytes:
        """The text as septets, one in each octet: what most SMPP centres take for ``data_coding`` 0. Empty for UCS-2."""
        return GSM_03_38.encode(self.text) if self.encoding == GSM_7 else b""

    @property
    def payload(self) -> bytes:
        """The encoded text that follows the header: packed septets after their fill bits, or big-endian UTF-16.

        Raises:
            Invalid: ``lone_surrogate`` if the part holds half of a surrogate pair.
        """
        if self.encoding == GSM_7:
            return pack(self.septets, fill=-8 * len(self.udh) % 7)
        refuse_lone_surrogates(self.text)
        return self.text.encode("utf-16-be")

    @property
    def user_data(self) -> bytes:
        """Header and payload, at most 140 octets: TP-User-Data as it goes over the air."""
        return self.udh + self.payload


_make = tuple.__new__  # NamedTuple's own __new__ costs twice as much


def split(text: str, reference: int | None = None, *, wide_reference: bool = False) -> list[Part]:
    """Split a text into the parts that a carrier sends. Linear; `join` gives back exactly the text.

    Args:
        text: any ``str``. Lone surrogates are split as one unit, and refused when the payload is asked for.
        reference: 0 to 255 (to 65535 with ``wide_reference``). It should differ between messages to one phone: use a
            counter for each recipient. None derives it from the text, so only equal texts are sure to share one.
        wide_reference: use the 16-bit reference, which costs a septet, or a UCS-2 unit, in each part.

    Raises:
        Invalid: ``too_many_segments`` for more than 255 parts; ``bad_reference``.

    >>> [part.text for part in split("Hej!")]
    ['Hej!']
    >>> first, second = split("x" * 161, reference=7)
    >>> first.units, second.units, first.udh.hex(" ")
    (153, 8, '05 00 03 07 02 01')
    """
    most = 0xFFFF if wide_reference else 0xFF
    if reference is not None and not 0 <= reference <= most:
        raise Invalid(
            f"A reference is 0 to {most}, not {reference}.", code="bad_reference", reference=reference, most=most
        )
    stream = GSM_03_38.stream(text)
    if stream is not None:
        if len(stream) <= 160:
            return [_make(Part, (text, len(stream), GSM_7, 1, 1, 0, False))]
        starts = cut_stream(stream, 152 if wide_reference else 153)
        sizes = _sizes(starts, len(stream))
        lengths = [size - stream.count(0xC2, start, start + size) for start, size in zip(starts, sizes, strict=True)]
        encoding, checksum = GSM_7, stream
    else:
        octets = text.encode("utf-16-le", "surrogatepass")
        if len(octets) <= 140:
            return [_make(Part, (text, len(octets) // 2, UCS_2, 1, 1, 0, False))]
        starts = cut_utf16(octets, 66 if wide_reference else 67)
        sizes = [size // 2 for size in _sizes(starts, len(octets))]
        lengths = _lengths(text, octets, starts, sizes)
        encoding, checksum = UCS_2, octets
    total = len(starts)
    if total > MOST_PARTS:
        raise Invalid(
            f"The text takes {total} SMS, and one message has at most {MOST_PARTS}: shorten it.",
            code="too_many_segments",
            segments=total,
            most=MOST_PARTS,
        )
    if reference is None:
        reference = zlib.crc32(checksum) & most
    parts, at = [], 0
    for number, (size, length) in enumerate(zip(sizes, lengths, strict=True), 1):
        piece = text[at : at + length]
        at += length
        parts.append(_make(Part, (piece, size, encoding, number, total, reference, wide_reference)))
    return parts


def _sizes(starts: list[int], end: int) -> list[int]:
    return [after - start for start, after in zip(starts, [*starts[1:], end], strict=True)]


def _lengths(text: str, octets: bytes, starts: list[int], sizes: list[int]) -> list[int]:
    """How many characters of the text each piece of UTF-16 holds."""
    if len(octets) == 2 * len(text):
        return sizes
    lengths, at = [], 0
    for size in sizes:
        first = at
        units = 0
        while units < size:
            units += 2 if text[at] > "\uffff" else 1
            at += 1
        lengths.append(at - first)
    return lengths


def join(parts: Iterable[Part]) -> str:
    """Join the parts of one message, in any order and also doubled, to its text.

    Raises:
        Invalid: ``no_parts``; ``mixed_parts`` if they are not of one message; ``conflicting_parts`` (``number``) if two with
            one number differ; ``missing_parts`` with ``missing`` (the numbers) and ``total``.
    """
    found: dict[int, Part] = {}
    first: Part | None = None
    for part in parts:
        first = first or part
        if part[4:] != first[4:]:
            raise Invalid(
                "These parts are of different messages: join those with the same sender, reference and total.",
                code="mixed_parts",
                references=sorted({first.reference, part.reference}),
                totals=sorted({first.total, part.total}),
            )
        if not 1 <= part.number <= part.total or found.setdefault(part.number, part) != part:
            raise Invalid(
                f"Part {part.number} of {part.total} contradicts the others: leave out the one that is wrong.",
                code="conflicting_parts",
                number=part.number,
                total=part.total,
            )
    if first is None:
        raise Invalid("There are no parts to join.", code="no_parts")
    missing = [number for number in range(1, first.total + 1) if number not in found]
    if missing:
        raise Invalid(
            f"Of {first.total} parts these are missing: {', '.join(map(str, missing))}. Wait for them, or ask the sender.",
            code="missing_parts",
            missing=missing,
            total=first.total,
        )
    return "".join(found[number].text for number in range(1, first.total + 1))
