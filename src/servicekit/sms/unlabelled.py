"""A part of a long text of which a carrier tells header and octets, but not the data coding scheme (TS 23.038, 4).

Rules kept here:

* It is taken for text only if its header numbers parts and says nothing else but national tables (TS 23.040, 9.2.3.24): a port,
  for instance, means data for a program.
* It is UCS-2 if its octets make units of which each is a character that people write, and if that is no accident: an octet is
  above 0x7F, or most units begin with the same octet, as those of one script do.
* Otherwise it is septets, one in each octet, as most message centres pass them on. Packed septets are not tried: any octets
  whatever would make a text of those.

Nothing is refused: what is no text by these rules is None, and whoever asks still has the octets.
"""

from __future__ import annotations

import unicodedata
from collections import Counter

from servicekit.errors import Invalid
from servicekit.sms.headers import GSM_7, UCS_2, Header, build_header, read_header
from servicekit.sms.reading import ReceivedPart, read_part

__all__ = ["read_unlabelled", "text_header"]

_SEPTET = 0x80
_NO_TEXT = frozenset({"Cc", "Cn", "Co", "Cs"})  # controls, unassigned, private use, halves of pairs
_LINES = frozenset("\n\r\f\t")


def text_header(udh: bytes) -> Header | None:
    """What the header of a part of a text says; None for the header of anything else.

    >>> text_header(bytes.fromhex("050003070302"))[:3]  # number, total, reference
    (2, 3, 7)
    >>> text_header(bytes.fromhex("0605040b8423f0")) is None  # to a port
    True
    """
    try:
        header, rest = read_header(udh + b"\0")
    except Invalid:
        return None
    return header if rest == b"\0" and header.total > 1 and build_header(header) == udh else None


def read_unlabelled(udh: bytes, octets: bytes) -> ReceivedPart | None:
    """The part that header (its length first) and octets make, or None where that is no text by the rules above.

    >>> read_unlabelled(bytes.fromhex("050003070202"), "hello".encode()).text
    'hello'
    >>> read_unlabelled(bytes.fromhex("050003070202"), "Привет".encode("utf-16-be")).text
    'Привет'
    """
    if text_header(udh) is None:
        return None
    if _is_ucs_2(octets):
        return read_part(udh + octets, UCS_2, has_header=True)
    if all(octet < _SEPTET for octet in octets):
        return read_part(udh + octets, GSM_7, has_header=True, packed=False)
    return None


def _is_ucs_2(octets: bytes) -> bool:
    if not octets or len(octets) % 2:
        return False
    high = octets[::2]
    ((_, most),) = Counter(high).most_common(1)
    if max(octets) < _SEPTET and 2 * most <= len(high):
        return False
    text = octets.decode("utf-16-be", "surrogatepass")
    # A pair may have been cut at either end.
    if unicodedata.category(text[0]) == "Cs":
        text = text[1:]
    if text and unicodedata.category(text[-1]) == "Cs":
        text = text[:-1]
    return all(char in _LINES or unicodedata.category(char) not in _NO_TEXT for char in text)
