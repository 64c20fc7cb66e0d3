"""Parts of long texts whose data coding scheme nobody tells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.sms.headers import Header, build_header
from servicekit.sms.national import Language, Tables, alphabet_for
from servicekit.sms.unlabelled import read_unlabelled, text_header

UDH = bytes.fromhex("050003070302")
ALPHABET = alphabet_for(Tables())


@pytest.mark.parametrize(
    "header",
    [
        Header(number=2, total=3, reference=7),
        Header(number=255, total=255, reference=65535, wide_reference=True),
        Header(number=1, total=2, reference=0, tables=Tables(single=Language.TURKISH, locking=Language.TURKISH)),
    ],
)
def test_a_header_that_numbers_parts_is_one_of_a_text(header: Header) -> None:
    """With references of 8 and of 16 bits, and with national tables."""
    assert text_header(build_header(header)) == header


@pytest.mark.parametrize(
    "udh",
    [
        "",
        "00",
        "05",
        "0500030703",
        "05000307030201",  # more than its length says
        "05000307010101",
        "050003070003",  # no parts at all
        "0605040b8423f0",  # to a port only
        "0b05040b8423f0000307030201",
        "0b0605040b8423f0",
        "10010203040506070809000a0b0c0d0e0f",
    ],
)
def test_any_other_header_is_not(udh: str) -> None:
    """None, cut off, too long, of a single part, or with something besides: its octets are for a program."""
    assert text_header(bytes.fromhex(udh)) is None
    assert read_unlabelled(bytes.fromhex(udh), b"hello") is None


@pytest.mark.parametrize(
    "text",
    [
        "Привет, как дела?",
        "Hej på dig, hur är det idag? 😀",
        "日本語のメッセージです",
        "Two\nlines",
        "No-break\u00a0space and 👩\u200d👩\u200d👧",
        "ok",
    ],
)
def test_ucs_2_is_known_by_its_units(text: str) -> None:
    """One script's units begin alike; others have octets that no septet has; joiners, spaces and line ends are text."""
    part = read_unlabelled(UDH, text.encode("utf-16-be"))

    assert part is not None
    assert (part.text, part.encoding, part.number, part.total, part.reference) == (text, "ucs-2", 2, 3, 7)


def test_a_pair_that_was_cut_is_text_still() -> None:
    """Either half may stand at either end; the other parts have the rest. In the middle there is no cut."""
    smile = "😀".encode("utf-16-be")
    for octets in (smile[2:] + "ja".encode("utf-16-be") + smile[:2], smile[:2], smile[2:]):
        part = read_unlabelled(UDH, octets)
        assert part is not None
        assert part.text.encode("utf-16-be", "surrogatepass") == octets
    assert read_unlabelled(UDH, "a".encode("utf-16-be") + smile[:2] + "b".encode("utf-16-be")) is None


@pytest.mark.parametrize("text", ["hello", "Hello!", "Ja tack, 100 % @ 5 €", "", "å", "Grüße", "of an even length"])
def test_septets_one_in_each_octet_are_text(text: str) -> None:
    """Also of an even number, whose octets would make units too; those begin with many different octets."""
    part = read_unlabelled(UDH, ALPHABET.encode(text))

    assert part is not None
    assert (part.text, part.encoding) == (text, "gsm-7")


@pytest.mark.parametrize(
    "octets",
    [
        b"\x80",
        b"\xff\xd8\xff\xe0\x00",  # odd, and no septets
        b"\xe0\x00\xe0\x01",  # private use
        b"\xff\xff\xff\xff",  # never assigned
        b"\x00\x01\x00\x80",  # controls
    ],
)
def test_what_nobody_writes_is_no_text(octets: bytes) -> None:
    """Octets above 0x7F that make no characters."""
    assert read_unlabelled(UDH, octets) is None


@given(st.binary(max_size=20), st.binary(max_size=140))
def test_any_octets_end_in_a_part_or_in_none(udh: bytes, octets: bytes) -> None:
    """No header and no octets raise."""
    for header in (udh, UDH):
        part = read_unlabelled(header, octets)
        assert part is None or part.total > 1
