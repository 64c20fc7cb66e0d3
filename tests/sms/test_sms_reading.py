"""Reading received SMS."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sms_model import pack_bits, texts

from servicekit.errors import Invalid
from servicekit.sms import Language, Part, join, read_part, split
from servicekit.sms.headers import Header


def _length(part: Part) -> int:
    """TP-User-Data-Length: in septets with header and fill bits for GSM-7, in octets for UCS-2."""
    return -(-8 * len(part.udh) // 7) + part.units if part.encoding == "gsm-7" else len(part.user_data)


@given(texts.filter(lambda text: text.isprintable()), st.booleans(), st.sampled_from([None, *Language]))
@pytest.mark.spec("M-16")
def test_what_was_split_is_read_and_joined(text: str, wide: bool, language: Language | None) -> None:
    """A message survives the way over the air: headers, packing, fill bits, tables and all."""
    parts = split(text, 200, wide_reference=wide, language=language)
    received = [
        read_part(part.user_data, part.encoding, has_header=bool(part.udh), length=_length(part)) for part in parts
    ]
    assert [one.text for one in received] == [part.text for part in parts]
    assert [one.header.tables for one in received] == [part.tables for part in parts]
    assert join(reversed(received)) == text


@given(texts.filter(lambda text: text.isprintable()))
def test_septets_one_in_each_octet(text: str) -> None:
    """Most SMPP centres give septets unpacked, after a header without fill bits."""
    for part in split(text, 1):
        if part.encoding == "gsm-7":
            octets = part.udh + part.septets
            assert read_part(octets, "gsm-7", has_header=bool(part.udh), packed=False).text == part.text


@pytest.mark.spec("M-16")
def test_a_part_says_which_it_is() -> None:
    """Number, total, reference and its width come from the header."""
    one = read_part(bytes.fromhex("06080412340302") + "Hå".encode("utf-16-be"), "ucs-2", has_header=True)
    assert (one.text, one.encoding) == ("Hå", "ucs-2")
    assert (one.number, one.total, one.reference, one.wide_reference) == (2, 3, 0x1234, True)


def test_a_message_without_a_header_is_one_part() -> None:
    """Its octets are all text, whatever they look like."""
    one = read_part(b"\x05\x00\x03", "gsm-7", has_header=False, packed=False)
    assert (one.text, one.encoding, one.header) == ("é@¥", "gsm-7", Header())
    assert (one.number, one.total, one.reference, one.wide_reference) == (1, 1, 0, False)


def test_a_padding_at_sign_is_dropped_if_the_length_is_known() -> None:
    """Seven septets leave seven bits, which read as ``@`` unless the message says how many septets it has."""
    packed = pack_bits(b"1234567", 0)
    assert read_part(packed, "gsm-7", has_header=False).text == "1234567@"
    assert read_part(packed, "gsm-7", has_header=False, length=7).text == "1234567"


def test_the_length_includes_header_and_fill_bits() -> None:
    """TP-User-Data-Length counts septets from the start: a header of 6 octets takes 7 of them, one of 4 takes 5."""
    after_six = bytes.fromhex("050003010202") + pack_bits(b"hello", 1)
    assert read_part(after_six, "gsm-7", has_header=True, length=12).text == "hello"
    assert read_part(after_six, "gsm-7", has_header=True, length=10).text == "hel"
    after_four = bytes.fromhex("03240101") + pack_bits(b"\x1bg\x1bs", 3)
    assert read_part(after_four, "gsm-7", has_header=True, length=9).text == "ğş"


def test_unknown_extension_codes_are_read_as_a_phone_would() -> None:
    """Nothing that comes in is lost for a code that is new to us."""
    assert read_part(b"a\x1bz", "gsm-7", has_header=False, packed=False).text == "az"


@pytest.mark.parametrize(
    ("octets", "encoding", "options", "code"),
    [
        (b"\x00a\x00", "ucs-2", {"has_header": False}, "bad_ucs_2"),
        (b"a", "latin-1", {"has_header": False}, "bad_encoding"),
        (b"\x05\x00", "gsm-7", {"has_header": True}, "bad_header"),
        (b"\xe1", "gsm-7", {"has_header": False, "packed": False}, "bad_septets"),
        (b"a", "gsm-7", {"has_header": False, "length": 2}, "bad_septets"),
        (bytes.fromhex("050003010202") + b"a", "gsm-7", {"has_header": True, "length": 6}, "bad_septets"),
    ],
)
def test_what_cannot_be_read_is_refused(octets: bytes, encoding: str, options: dict[str, bool], code: str) -> None:
    """Half a unit, an unknown encoding, a header that is cut off, octets that are no septets, lengths that do not fit."""
    with pytest.raises(Invalid) as refusal:
        read_part(octets, encoding, **options)
    assert refusal.value.code == code


def test_the_refusal_of_an_encoding_names_the_right_ones() -> None:
    """Since the names are ours."""
    with pytest.raises(Invalid) as refusal:
        read_part(b"a", "latin-1", has_header=False)
    assert str(refusal.value) == "'latin-1' is no encoding of SMS: say 'gsm-7' or 'ucs-2'."


def test_the_refusal_of_half_a_unit_says_how_many_octets_there_were() -> None:
    """So that a log shows what came."""
    with pytest.raises(Invalid, match="there are 3") as refusal:
        read_part(b"abc", "ucs-2", has_header=False)
    assert refusal.value.facts == {"octets": 3}


def test_half_a_pair_from_outside_is_kept() -> None:
    """Phones that cut pairs exist; joining mends them."""
    first, second = "😀".encode("utf-16-be")[:2], "😀".encode("utf-16-be")[2:]
    parts = [
        read_part(bytes((5, 0, 3, 1, 2, number)) + half, "ucs-2", has_header=True)
        for number, half in ((1, first), (2, second))
    ]
    assert join(parts).encode("utf-16-be", "surrogatepass").decode("utf-16-be") == "😀"
