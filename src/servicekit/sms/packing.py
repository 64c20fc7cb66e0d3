"""Septets in octets (3GPP TS 23.038, 6.1.2.1): eight septets fill seven octets, least significant bit first.

Rules kept here: after a user data header, fill bits bring the first septet to a septet boundary (TS 23.040, 9.2.3.24); octets
say nothing of how many septets they hold, so the count goes with them.

Refused: octets that are no septets, and a count that the octets do not hold (`Invalid`, ``bad_septets``).
"""

from __future__ import annotations

from typing import Final

from servicekit.errors import Invalid

__all__ = ["pack", "unpack"]

# Packing works on this many septets at once, as one large integer; they fill whole octets.
_BLOCK: Final = 160
_PACKED: Final = _BLOCK * 7 // 8


def _lanes(bits: int) -> tuple[int, int, int]:
    """How far to move the upper half of each lane to meet the lower half, and the masks of both."""
    lane = bits // 7 * 8
    low = int.from_bytes(((1 << bits) - 1).to_bytes(lane // 4, "little") * (_BLOCK * 4 // lane), "little")
    return lane - bits, low, low << lane


_LANES: Final = [_lanes(bits) for bits in (7, 14, 28)]


def pack(septets: bytes, *, fill: int = 0) -> bytes:
    """Pack septets into octets, least significant bit first, after ``fill`` zero bits (0 to 6). Linear.

    ``fill`` is what stands between a user data header and the text that follows it (TS 23.040, 9.2.3.24).

    Raises:
        Invalid: ``bad_septets`` if an octet is above 0x7F.

    >>> pack(b"hello").hex()
    'e8329bfd06'
    """
    if not septets.isascii():
        raise Invalid(f"A septet is at most 0x7F: {max(septets):#04x} is none.", code="bad_septets")
    octets = bytearray()
    for start in range(0, len(septets), _BLOCK):
        lanes = int.from_bytes(septets[start : start + _BLOCK], "little")
        # 7 bits in each lane of 8; then 14 in 16, 28 in 32, 56 in 64; and the eighth octet of each lane is empty.
        for width, low, high in _LANES:
            lanes = lanes & low | (lanes & high) >> width
        eights = bytearray(lanes.to_bytes(_BLOCK, "little"))
        del eights[7::8]
        octets += eights
    del octets[(7 * len(septets) + 7) // 8 :]
    if not fill:
        return bytes(octets)
    return (int.from_bytes(octets, "little") << fill).to_bytes((7 * len(septets) + fill + 7) // 8, "little")


def unpack(octets: bytes, count: int | None = None, *, fill: int = 0) -> bytes:
    """Unpack ``count`` septets (as many as fit if None) that start after ``fill`` bits (0 to 6). Linear.

    With None, 8n - 1 and 8n septets look alike and the last may be a padding ``@``: give the count that the message
    carries (TP-User-Data-Length).

    Raises:
        Invalid: ``bad_septets`` if there are fewer than ``count``.

    >>> unpack(bytes.fromhex("e8329bfd06"))
    b'hello'
    """
    there = max(0, (8 * len(octets) - fill) // 7)
    if count is None:
        count = there
    if not 0 <= count <= there:
        raise Invalid(f"{len(octets)} octets hold {there} septets, not {count}.", code="bad_septets", there=there)
    if fill:
        octets = (int.from_bytes(octets, "little") >> fill).to_bytes(len(octets), "little")
    septets = bytearray()
    for start in range(0, len(octets), _PACKED):
        block = octets[start : start + _PACKED].ljust(_PACKED, b"\0")
        eights = bytearray(_BLOCK)
        for place in range(7):
            eights[place::8] = block[place::7]
        lanes = int.from_bytes(eights, "little")
        for width, low, high in reversed(_LANES):
            lanes = lanes & low | lanes << width & high
        septets += lanes.to_bytes(_BLOCK, "little")
    return bytes(septets[:count])
