"""The user data header of an SMS, and the room that it leaves (3GPP TS 23.040, 9.2.3.24).

Rules kept here:

* A message holds 140 octets. The header takes its length octet and its elements; what is left holds septets (after fill
  bits up to a septet boundary) or 16-bit units: 160 and 70 without a header, 153 and 67 with a concatenation header of 8-bit
  reference, 152 and 66 with one of 16 bits. National tables take three octets each.
* A concatenation element whose total or number is 0, or whose number is above the total, is ignored on reading
  (9.2.3.24.1), as are elements that are not known here.

Refused: a header that is longer than what carries it, or whose elements do not fill it (`Invalid`, ``bad_header``).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

from servicekit.errors import Invalid
from servicekit.sms.national import DEFAULT_TABLES, Language, Tables

__all__ = ["GSM_7", "UCS_2", "Header", "build_header", "fill_bits", "read_header", "room"]

GSM_7: Final = "gsm-7"
UCS_2: Final = "ucs-2"

OCTETS: Final = 140
_CONCATENATION: Final = 0x00  # 9.2.3.24.1
_CONCATENATION_WIDE: Final = 0x08  # 9.2.3.24.8
_SINGLE_SHIFT: Final = 0x24  # 9.2.3.24.15
_LOCKING_SHIFT: Final = 0x25  # 9.2.3.24.16
_REFERENCE_WIDTHS: Final = {_CONCATENATION: 1, _CONCATENATION_WIDE: 2}
_SHIFTS: Final = {_SINGLE_SHIFT: "single", _LOCKING_SHIFT: "locking"}
_LANGUAGES: Final = frozenset(Language)


class Header(NamedTuple):
    """What a header says: which part of which message this is, and the tables that its text is written in."""

    number: int = 1
    total: int = 1
    reference: int = 0
    wide_reference: bool = False
    tables: Tables = DEFAULT_TABLES


def build_header(header: Header) -> bytes:
    """The header's octets, its length first; none if there is nothing to say.

    >>> build_header(Header(number=2, total=3, reference=0x2A)).hex(" ")
    '05 00 03 2a 03 02'
    """
    elements = b""
    if header.total > 1:
        element, width = (_CONCATENATION_WIDE, 2) if header.wide_reference else (_CONCATENATION, 1)
        reference = header.reference.to_bytes(width, "big")
        elements = bytes((element, width + 2, *reference, header.total, header.number))
    if header.tables.single:
        elements += bytes((_SINGLE_SHIFT, 1, header.tables.single))
    if header.tables.locking:
        elements += bytes((_LOCKING_SHIFT, 1, header.tables.locking))
    return bytes((len(elements),)) + elements if elements else b""


def fill_bits(udh: bytes) -> int:
    """The bits between a header and the next septet boundary (TS 23.040, 9.2.3.24)."""
    return -8 * len(udh) % 7


@cache
def room(encoding: str, *, several: bool, wide_reference: bool = False, tables: Tables = DEFAULT_TABLES) -> int:
    """How many septets or 16-bit units one SMS holds, alone or as one of several.

    >>> [room("gsm-7", several=False), room("gsm-7", several=True), room("ucs-2", several=True, wide_reference=True)]
    [160, 153, 66]
    """
    header = build_header(Header(total=2 if several else 1, wide_reference=wide_reference, tables=tables))
    octets = OCTETS - len(header)
    return octets * 8 // 7 if encoding == GSM_7 else octets // 2


def read_header(user_data: bytes) -> tuple[Header, bytes]:
    """The header at the front of user data, and what follows it. Of elements that are there twice the last counts (9.2.3.24).

    Raises:
        Invalid: ``bad_header``.
    """
    length = user_data[0] if user_data else 0
    if length >= len(user_data):
        raise Invalid(
            f"A header of {length} octets does not fit into {len(user_data)} octets of user data: has the message a header?",
            code="bad_header",
        )
    found = Header()
    for element, value in _elements(user_data[1 : length + 1]):
        found = _understand(found, element, value)
    return found, user_data[length + 1 :]


def _elements(octets: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(octets):
        value = octets[at + 2 :][: octets[at + 1]] if at + 1 < len(octets) else None
        if value is None or len(value) != octets[at + 1]:
            raise Invalid(f"The header's element at octet {at + 1} is cut off.", code="bad_header")
        yield octets[at], value
        at += 2 + len(value)


def _understand(found: Header, element: int, value: bytes) -> Header:
    if element in _REFERENCE_WIDTHS and len(value) == _REFERENCE_WIDTHS[element] + 2:
        *reference, total, number = value
        if 1 <= number <= total:
            wide = element == _CONCATENATION_WIDE
            return Header(number, total, int.from_bytes(reference, "big"), wide, found.tables)
    elif element in _SHIFTS and len(value) == 1 and value[0] in _LANGUAGES:
        return found._replace(tables=found.tables._replace(**{_SHIFTS[element]: Language(value[0])}))
    return found
