"""Septets in octets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sms_model import pack_bits

from servicekit.errors import Invalid
from servicekit.sms import pack, unpack


@pytest.mark.parametrize(
    ("septets", "packed"),
    [
        (b"", ""),
        (b"hello", "e8329bfd06"),
        (b"hellohello", "e8329bfd4697d9ec37"),
        (b"\x7f", "7f"),
        (b"1234567", "31d98c56b3dd00"),
        (b"12345678", "31d98c56b3dd70"),
        (b"123456789", "31d98c56b3dd7039"),
    ],
)
def test_septets_pack_least_significant_bit_first(septets: bytes, packed: str) -> None:
    """Known examples of TS 23.038, 6.1.2.1.1: eight septets in seven octets."""
    assert pack(septets).hex() == packed
    assert unpack(bytes.fromhex(packed), len(septets)) == septets


@pytest.mark.parametrize("fill", range(7))
@pytest.mark.parametrize("count", [159, 160, 161, 319, 320, 321, 1000])
def test_any_number_of_septets_can_be_packed(count: int, fill: int) -> None:
    """Also more than an SMS holds."""
    septets = bytes(place * 37 % 128 for place in range(count))
    assert pack(septets, fill=fill) == pack_bits(septets, fill)
    assert unpack(pack(septets, fill=fill), count, fill=fill) == septets


@given(st.binary(max_size=700).map(lambda octets: bytes(octet & 0x7F for octet in octets)), st.integers(0, 6))
def test_packing_agrees_with_the_bits_and_can_be_undone(septets: bytes, fill: int) -> None:
    """Packed octets are those of a bit-by-bit model; unpacking with the count gives the septets back."""
    octets = pack(septets, fill=fill)
    assert octets == pack_bits(septets, fill)
    assert unpack(octets, len(septets), fill=fill) == septets
    assert unpack(octets, fill=fill)[: len(septets)] == septets


@pytest.mark.parametrize(
    ("octets", "fill", "fit"),
    [(0, 0, 0), (1, 0, 1), (7, 0, 8), (7, 1, 7), (0, 3, 0), (140, 0, 160), (141, 0, 161), (280, 6, 319)],
)
def test_without_a_count_as_many_septets_come_out_as_fit(octets: int, fill: int, fit: int) -> None:
    """Seven octets give eight septets, or seven after a fill bit."""
    assert unpack(bytes(octets), fill=fill) == bytes(fit)


def test_nothing_holds_nothing() -> None:
    """No octets are no septets; not one can be had from them, with or without fill bits."""
    assert (pack(b""), unpack(b""), unpack(b"", 0), unpack(b"", fill=3)) == (b"", b"", b"", b"")
    for octets, fill in ((b"", 0), (b"", 3), (b"\x00", 2)):
        with pytest.raises(Invalid):
            unpack(octets, 1, fill=fill)


@pytest.mark.parametrize("count", [-1, 9])
def test_more_septets_than_there_are_cannot_be_unpacked(count: int) -> None:
    """A count that the octets do not hold is refused with how many there are."""
    with pytest.raises(Invalid) as refusal:
        unpack(bytes(7), count)
    assert str(refusal.value) == f"7 octets hold 8 septets, not {count}."
    assert (refusal.value.code, refusal.value.facts) == ("bad_septets", {"there": 8})


def test_an_octet_that_is_no_septet_cannot_be_packed() -> None:
    """Packing refuses what would spill into the next septet."""
    with pytest.raises(Invalid) as refusal:
        pack(b"ab\x80")
    assert str(refusal.value) == "A septet is at most 0x7F: 0x80 is none."
    assert refusal.value.code == "bad_septets"
