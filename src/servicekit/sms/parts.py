"""The parts of a message as a carrier sends them, and the text back from parts (TS 23.040, 9.2.3.24.1 and 9.2.3.24.8).

Rules kept here:

* A text that fits one SMS is one part without a concatenation header; a longer one has a header in each part with one
  reference, the number of parts, and the part's own number from 1. Parts are cut where `count_segments` says.
* A part's header and payload together never exceed 140 octets; the payload begins with the fill bits that bring
  septets to a septet boundary after the header.

Refused: more than 255 parts, a reference out of range, a lone surrogate in a payload; on joining, parts that are missing,
that contradict one another, or that are of different messages.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Final, NamedTuple, Protocol

from servicekit.errors import Invalid
from servicekit.sms.alphabet import ESCAPE_MARK
from servicekit.sms.headers import GSM_7, Header, build_header, fill_bits
from servicekit.sms.layout import Layout, latin_1, lay_out
from servicekit.sms.national import Language, Tables, alphabet_for
from servicekit.sms.packing import pack
from servicekit.sms.segments import MOST_PARTS, refuse_lone_surrogates

__all__ = ["AnyPart", "Part", "join", "split"]


class Part(NamedTuple):
    """One SMS of a message that `split` made: a window on the whole text, which is encoded once.

    Making one costs little; each property is computed when it is read.
    """

    whole: str
    layout: Layout
    number: int
    given: int | None
    wide_reference: bool

    @property
    def text(self) -> str:
        """The characters in this part."""
        start, end = self._place
        return self.whole[_character(self.whole, self.layout, start) : _character(self.whole, self.layout, end)]

    @property
    def units(self) -> int:
        """Their size, in septets or 16-bit units."""
        start, end = self._place
        return (end - start) // self.layout[3]

    @property
    def encoding(self) -> str:
        """``"gsm-7"`` or ``"ucs-2"``."""
        return self.layout[0]

    @property
    def tables(self) -> Tables:
        """The national tables that the header announces."""
        return self.layout[1]

    @property
    def total(self) -> int:
        """How many parts the message has."""
        return len(self.layout[5])

    @property
    def reference(self) -> int:
        """What the headers of one message have in common: 0 to 255, or to 65535 if ``wide_reference``; 0 for one part."""
        if self.total == 1:
            return 0
        if self.given is not None:
            return self.given
        return zlib.crc32(self.layout[2]) & _highest(self.wide_reference)

    @property
    def udh(self) -> bytes:
        """The user data header with its length octet; empty where there is nothing to announce."""
        return build_header(Header(self.number, self.total, self.reference, self.wide_reference, self.tables))

    @property
    def septets(self) -> bytes:
        """The text as septets, one in each octet: what most SMPP centres take for ``data_coding`` 0. Empty for UCS-2."""
        start, end = self._place
        return alphabet_for(self.tables).septets_of(self.layout[2][start:end]) if self.encoding == GSM_7 else b""

    @property
    def payload(self) -> bytes:
        """The encoded text that follows the header: packed septets after their fill bits, or big-endian UTF-16.

        Raises:
            Invalid: ``lone_surrogate`` if the message holds half of a surrogate pair, in whichever part.
        """
        if self.encoding == GSM_7:
            return pack(self.septets, fill=fill_bits(self.udh))
        refuse_lone_surrogates(self.whole)
        start, end = self._place
        return self.layout[2][start:end]

    @property
    def user_data(self) -> bytes:
        """Header and payload, at most 140 octets: TP-User-Data as it goes over the air."""
        return self.udh + self.payload

    @property
    def _place(self) -> tuple[int, int]:
        """Where this part lies in the data of the layout."""
        _, _, data, _, _, starts = self.layout
        return starts[self.number - 1], starts[self.number] if self.number < len(starts) else len(data)

    def __repr__(self) -> str:
        return f"Part(number={self.number}, total={self.total}, encoding={self.encoding!r}, units={self.units}, text={self.text!r})"


class AnyPart(Protocol):
    """What `join` needs to know of a part: of `Part`, and of those that are received."""

    @property
    def text(self) -> str:
        """The characters."""
        ...

    @property
    def number(self) -> int:
        """From 1."""
        ...

    @property
    def total(self) -> int:
        """How many parts the message has."""
        ...

    @property
    def reference(self) -> int:
        """What the parts have in common."""
        ...

    @property
    def wide_reference(self) -> bool:
        """Whether it has 16 bits."""
        ...


def _highest(wide_reference: bool) -> int:
    return 0xFFFF if wide_reference else 0xFF


def _character(text: str, layout: Layout, place: int) -> int:
    """The index in a text of the character at a place in its data."""
    encoding, _, data, _, _, _ = layout
    if encoding == GSM_7:
        return place - data[:place].count(ESCAPE_MARK)
    if len(data) == 2 * len(text):
        return place // 2
    octets = data[::2]
    if _firsts(octets) == len(octets) - len(text):  # so each belongs to a character of two units
        return place // 2 - _firsts(octets[: place // 2])
    # The str holds halves of pairs, too: count.
    index = units = 0
    while 2 * units < place:
        units += 2 if text[index] > "\uffff" else 1
        index += 1
    return index


_HIGH: Final = bytes(range(0xD8, 0xDC))
"""The high octet of the first half of a surrogate pair."""


def _firsts(octets: bytes) -> int:
    """How many of the high octets of UTF-16 belong to first halves of pairs."""
    return len(octets) - len(octets.translate(None, _HIGH))


_make = tuple.__new__  # NamedTuple's own __new__ costs twice as much


def split(
    text: str,
    reference: int | None = None,
    *,
    wide_reference: bool = False,
    language: Language | None = None,
) -> list[Part]:
    """Split a text into the parts that a carrier sends. Linear; `join` gives back exactly the text.

    Args:
        text: any ``str``. Lone surrogates are split as one unit, and refused when the payload is asked for.
        reference: 0 to 255 (to 65535 with ``wide_reference``). It should differ between messages to one phone: use a
            counter for each recipient. None derives it from the text, so only equal texts are sure to share one.
        wide_reference: use the 16-bit reference, which costs a septet, or a UCS-2 unit, in each part.
        language: as in `servicekit.sms.count_segments`.

    Raises:
        Invalid: ``too_many_segments`` for more than 255 parts; ``bad_reference``.

    >>> [part.text for part in split("Hej!")]
    ['Hej!']
    >>> first, second = split("x" * 161, reference=7)
    >>> first.units, second.units, second.udh.hex(" ")
    (153, 8, '05 00 03 07 02 02')
    """
    if reference is not None and not 0 <= reference <= _highest(wide_reference):
        raise Invalid(
            f"A reference is 0 to {_highest(wide_reference)}, not {reference}.",
            code="bad_reference",
            reference=reference,
            most=_highest(wide_reference),
        )
    layout = lay_out(text, latin_1(text), wide_reference, language)
    total = len(layout[5])
    if total > MOST_PARTS:
        raise Invalid(
            f"The text takes {total} SMS, and one message has at most {MOST_PARTS}: shorten it.",
            code="too_many_segments",
            segments=total,
            most=MOST_PARTS,
        )
    return [_make(Part, (text, layout, number, reference, wide_reference)) for number in range(1, total + 1)]


def join(parts: Iterable[AnyPart]) -> str:
    """Join the parts of one message, in any order and also doubled, to its text.

    Raises:
        Invalid: ``no_parts``; ``mixed_parts`` if they are not of one message; ``conflicting_parts`` (``number``) if two with
            one number differ; ``missing_parts`` with ``missing`` (the numbers) and ``total``.
    """
    found: dict[int, str] = {}
    message: tuple[int, int, bool] | None = None
    for part in parts:
        mine = part.total, part.reference, part.wide_reference
        message = message or mine
        if mine != message:
            raise Invalid(
                "These parts are of different messages: join those of one sender with the same reference and total.",
                code="mixed_parts",
                totals=[message[0], part.total],
                references=[message[1], part.reference],
            )
        text = part.text
        if not 1 <= part.number <= part.total or found.setdefault(part.number, text) != text:
            raise Invalid(
                f"Part {part.number} of {part.total} contradicts the others: leave out the one that is wrong.",
                code="conflicting_parts",
                number=part.number,
                total=part.total,
            )
    if message is None:
        raise Invalid("There are no parts to join.", code="no_parts")
    total = message[0]
    missing = [number for number in range(1, total + 1) if number not in found]
    if missing:
        raise Invalid(
            f"Of {total} parts these are missing: {', '.join(map(str, missing))}. Wait for them, or ask the sender.",
            code="missing_parts",
            missing=missing,
            total=total,
        )
    return "".join(found[number] for number in range(1, total + 1))
