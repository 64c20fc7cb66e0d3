"""The GSM 7-bit default alphabet of 3GPP TS 23.038 (6.2.1) and its extension table.

Rules kept here:

* 127 characters cost one septet; the ten of the extension table cost two: the escape 0x1B and their code.
* 0x1B itself is a shift, never a character: U+001B has no place in the alphabet. Nor has anything look-alike
  (U+2126 for Ω, ç for Ç), nor a decomposed letter: nothing is normalised in silence.

What is refused: encoding a character that the alphabet lacks (`Invalid`, ``not_in_alphabet``), strict decoding of a
code that is reserved (``bad_septets``). Choosing between GSM-7 and UCS-2 is `servicekit.sms.segments`' business.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from typing import Final

from servicekit.errors import Invalid

__all__ = ["ESCAPE", "GSM_03_38", "Alphabet"]

ESCAPE: Final = 0x1B
_HIGHEST: Final = 0x7F

# TS 23.038, 6.2.1: position is code. The escape's place holds U+001B, which is taken out below.
BASIC: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# TS 23.038, 6.2.1.1: what the code means after an escape.
EXTENSION: Final[dict[int, str]] = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}

_FIRST_PAIR: Final = 0x80
ESCAPE_MARK: Final = 0xC2  # UTF-8 puts this before each of U+0080 to U+00BF


class Alphabet:
    """A basic table and an extension table, and fast ways between text and septets. Immutable once made.

    The speed rests on one trick. `marks` is a byte string with one byte for each character: under 0x80 for a basic
    character (its code, but 0x1B stands for code 0, as no character has 0x1B and C code reserves 0), from 0x80 for an
    extension character. Read as Latin-1 and written as UTF-8, basic characters keep one byte and the others get two: the
    *stream*, one byte for each septet, where a cut is bad exactly if the byte after it is a continuation byte.
    """

    __slots__ = ("_map", "_pairs", "_singles", "_to_septets", "basic", "extension")

    def __init__(self, basic: str, extension: Mapping[int, str]) -> None:
        """Take the 128 characters of a basic table by code (U+001B at 0x1B) and at most 64 others by escaped code."""
        self.basic = basic
        self.extension = extension
        rows = list(basic)
        rows[0], rows[ESCAPE] = "\0", basic[0]
        # A character that both tables hold takes the one septet.
        wanted = [(code, character) for code, character in extension.items() if character not in basic]
        rows += [character for _, character in wanted]
        # charmap_build gives the fast EncodingMap only for 256 rows with NUL first; U+FFFE means "none".
        self._map = codecs.charmap_build("".join(rows).ljust(256, "\ufffe"))
        to_septets = bytearray(range(256))
        to_septets[ESCAPE], to_septets[ESCAPE_MARK] = 0, ESCAPE
        for place, (code, _) in enumerate(wanted, _FIRST_PAIR):
            to_septets[place] = code
        self._to_septets = bytes(to_septets)
        self._singles = {code: character for code, character in enumerate(basic) if code != ESCAPE}
        self._pairs = dict(extension)

    def marks(self, text: str) -> bytes | None:
        """One byte for each character (see the class), or None if a character is not in the alphabet. Linear, in C."""
        try:
            marks = codecs.charmap_encode(text, "strict", self._map)[0]
        except UnicodeEncodeError:
            return None
        return None if 0 in marks else marks  # only NUL gives a zero

    def stream(self, text: str) -> bytes | None:
        """One byte for each septet (see the class), or None if a character is not in the alphabet."""
        marks = self.marks(text)
        return None if marks is None else spread(marks)

    def septets_of(self, stream: bytes) -> bytes:
        """The septets, one in each octet, of a stream or a piece of one."""
        return stream.translate(self._to_septets)

    def __contains__(self, character: object) -> bool:
        return isinstance(character, str) and self.marks(character) is not None

    def encode(self, text: str) -> bytes:
        """Encode to septets, one in each octet (0x00 to 0x7F), as most SMPP centres want them.

        Raises:
            Invalid: ``not_in_alphabet`` with ``index`` and ``character`` of the first character that cannot be encoded.
        """
        stream = self.stream(text)
        if stream is None:
            index = next(index for index, character in enumerate(text) if character not in self)
            raise Invalid(
                f"Character {index} (U+{ord(text[index]):04X}) is not in the GSM alphabet: send the text as UCS-2, "
                "or transliterate it first.",
                code="not_in_alphabet",
                index=index,
                character=f"U+{ord(text[index]):04X}",
            )
        return self.septets_of(stream)

    def decode(self, septets: bytes, *, strict: bool = False) -> str:
        """Decode septets, one in each octet.

        By default what a phone does (6.2.1.1): an extension code that it does not know shows the basic character of that
        code, a double escape a space, a lone escape at the end a space.

        Raises:
            Invalid: ``bad_septets`` with ``index`` for an octet above 0x7F, and, if ``strict``, for any of the above.
        """
        if not septets.isascii():
            raise _bad_septets(septets, next(index for index, octet in enumerate(septets) if octet > _HIGHEST))
        found: list[str] = []
        index = 0
        while index < len(septets):
            end = index + (2 if septets[index] == ESCAPE else 1)
            character = self.character(septets[index:end])
            if character is None and strict:
                raise _bad_septets(septets, index)
            found.append(character or self.character(septets[index + 1 : end]) or " ")
            index = end
        return "".join(found)

    def character(self, code: bytes) -> str | None:
        """The character of one septet, or of an escape and the septet after it; None if there is none."""
        if len(code) == 1:
            return self._singles.get(code[0])
        return self._pairs.get(code[1]) if len(code) == 2 and code[0] == ESCAPE else None  # noqa: PLR2004  a pair


def _bad_septets(septets: bytes, index: int) -> Invalid:
    return Invalid(
        f"At {index}, no character has the code {septets[index : index + 2].hex(' ')}: are these octets still packed, "
        "or of another alphabet?",
        code="bad_septets",
        index=index,
    )


def spread(marks: bytes) -> bytes:
    """Make the stream (a byte a septet) of marks (a byte a character)."""
    return marks if marks.isascii() else marks.decode("latin-1").encode()


GSM_03_38: Final = Alphabet(BASIC, EXTENSION)
"""The default alphabet, by the name that the world still knows it under."""
