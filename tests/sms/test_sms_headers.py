"""The user data header: octets, room, fill bits, and reading one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.errors import Invalid
from servicekit.sms import Language, Tables
from servicekit.sms.headers import Header, build_header, fill_bits, read_header, room

tables = st.builds(Tables, st.sampled_from(Language), st.sampled_from(Language))


@st.composite
def headers(draw: st.DrawFn) -> Header:
    """Any header that `build_header` may be asked for."""
    total = draw(st.integers(1, 255))
    wide = total > 1 and draw(st.booleans())
    reference = draw(st.integers(0, 65535 if wide else 255)) if total > 1 else 0
    return Header(draw(st.integers(1, total)) if total > 1 else 1, total, reference, wide, draw(tables))


@given(headers(), st.binary(max_size=5))
@pytest.mark.spec("M-16")
def test_a_header_reads_as_it_was_built(header: Header, text: bytes) -> None:
    """Reading gives the header and what follows it; where nothing is announced there are no octets at all."""
    octets = build_header(header)
    if header == Header():
        assert octets == b""
        return
    assert octets[0] == len(octets) - 1
    assert read_header(octets + text + b"!") == (header, text + b"!")


@pytest.mark.spec("M-16")
@pytest.mark.parametrize(
    ("header", "octets"),
    [
        (Header(1, 2, 0x2A), "05 00 03 2a 02 01"),
        (Header(255, 255, 255), "05 00 03 ff ff ff"),
        (Header(3, 4, 0xABCD, wide_reference=True), "06 08 04 ab cd 04 03"),
        (Header(tables=Tables(single=Language.SPANISH)), "03 24 01 02"),
        (Header(tables=Tables(locking=Language.PORTUGUESE)), "03 25 01 03"),
        (Header(1, 2, 9, tables=Tables(Language.TURKISH, Language.TURKISH)), "0b 00 03 09 02 01 24 01 01 25 01 01"),
    ],
)
def test_the_octets_of_headers(header: Header, octets: str) -> None:
    """Element ids, lengths and order as in TS 23.040, 9.2.3.24."""
    assert build_header(header).hex(" ") == octets


@pytest.mark.parametrize(
    ("tables", "septets"),
    [
        (Tables(), [160, 153, 152]),
        (Tables(single=Language.TURKISH), [155, 149, 148]),
        (Tables(locking=Language.TURKISH), [155, 149, 148]),
        (Tables(Language.TURKISH, Language.TURKISH), [152, 146, 145]),
    ],
)
@pytest.mark.spec("M-11", "M-16")
def test_the_room_that_headers_leave_for_septets(tables: Tables, septets: list[int]) -> None:
    """Alone, among several, and among several with a 16-bit reference."""
    assert [
        room("gsm-7", several=False, tables=tables),
        room("gsm-7", several=True, tables=tables),
        room("gsm-7", several=True, wide_reference=True, tables=tables),
    ] == septets
    assert room("gsm-7", several=False, wide_reference=True, tables=tables) == septets[0]


@pytest.mark.spec("M-11", "M-16")
def test_the_room_that_headers_leave_for_ucs_2() -> None:
    """70, 67, and 66 where the longer header leaves an odd octet unused."""
    assert [room("ucs-2", several=False), room("ucs-2", several=True)] == [70, 67]
    assert room("ucs-2", several=True, wide_reference=True) == 66


@given(headers())
def test_header_fill_and_room_fill_an_sms_but_for_less_than_a_septet(header: Header) -> None:
    """As many septets as the room says fit after the header and its fill bits, and not one more."""
    octets = build_header(header)
    septets = room("gsm-7", several=header.total > 1, wide_reference=header.wide_reference, tables=header.tables)
    used = 8 * len(octets) + fill_bits(octets)
    assert used % 7 == 0
    assert 0 <= fill_bits(octets) <= 6
    assert 8 * 140 - 7 < used + 7 * septets <= 8 * 140


@pytest.mark.parametrize("octets", ["", "05", "05000307", "0500030702", "ff" * 9])
def test_a_header_longer_than_the_message_is_refused(octets: str) -> None:
    """A length that reaches beyond the end: then the message has no header, or is cut off."""
    with pytest.raises(Invalid, match="does not fit") as refusal:
        read_header(bytes.fromhex(octets))
    assert refusal.value.code == "bad_header"


def test_a_header_may_be_all_there_is() -> None:
    """A part may be empty."""
    assert read_header(bytes.fromhex("050003070201")) == (Header(1, 2, 7), b"")


@pytest.mark.parametrize(
    ("octets", "at"), [("0100" + "41", 1), ("04 00 03 01 02 41", 1), ("06 24 01 01 00 03 01 41", 4)]
)
def test_an_element_that_is_cut_off_is_refused(octets: str, at: int) -> None:
    """Elements must fill the header exactly."""
    with pytest.raises(Invalid, match=f"element at octet {at} is cut off") as refusal:
        read_header(bytes.fromhex(octets))
    assert refusal.value.code == "bad_header"


@pytest.mark.spec("M-16")
@pytest.mark.parametrize(
    "octets",
    [
        "05 00 03 01 02 00",  # number 0
        "05 00 03 01 00 01",  # total 0
        "05 00 03 01 02 03",  # number above total
        "05 00 03 01 00 00",
        "06 08 04 01 01 02 03",
        "04 00 02 02 01",  # one octet short
        "06 00 04 00 01 02 01",  # one too many
        "05 08 03 01 02 01",  # the wide element with a narrow length
        "03 24 01 0e",  # no such language
        "04 24 02 01 01",
        "04 25 00 24 00",
        "03 70 01 00",  # an element that nobody here knows
        "00",
    ],
)
def test_what_makes_no_sense_is_ignored(octets: str) -> None:
    """As the standard demands of a receiver: such elements count as absent, and the text is still read."""
    assert read_header(bytes.fromhex(octets) + b"text") == (Header(), b"text")


def test_of_elements_that_come_twice_the_last_counts() -> None:
    """And tables stay when a concatenation element follows them."""
    assert read_header(bytes.fromhex("0a 00 03 01 02 01 00 03 05 03 02") + b"!") == (
        Header(2, 3, 5),
        b"!",
    )
    assert read_header(bytes.fromhex("0b 24 01 01 00 03 05 03 02 25 01 03") + b"!")[0] == Header(
        2, 3, 5, tables=Tables(Language.PORTUGUESE, Language.TURKISH)
    )
