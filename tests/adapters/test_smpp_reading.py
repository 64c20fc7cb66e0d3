"""What an SMSC pushes, as facts: receipts in all their spellings, texts and parts in all their alphabets."""

from __future__ import annotations

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from servicekit.adapters.texts.smpp.reading import STATES, WORDS, Delivered, read_delivered, spelled
from servicekit.errors import Misshapen
from servicekit.outbox.facts import TextPart, TextReceived, TextReported, TextStatus
from servicekit.sms import join, pack, split

PUSHED = Delivered(
    event="e1", source="41791234567", destination="46766861004", esm_class=0, data_coding=0, message=b"Hi".hex()
)
RECEIPT = evolve(PUSHED, esm_class=0x04, destination="Sonnenhof")


def receipt_text(message_id: str, state: str = "DELIVRD", *, done: str = "2603020900", err: str = "000") -> str:
    """A receipt's text as most SMSCs write it."""
    dates = f"submit date:2603020859 done date:{done}"
    return f"id:{message_id} sub:001 dlvrd:001 {dates} stat:{state} err:{err} text:stat:EXPIRED id:9"


def receipt(text: str = "", **tlvs: bytes) -> Delivered:
    """A receipt with this text, and TLVs by their tag after ``t``."""
    named = {tag[1:]: value.hex() for tag, value in tlvs.items()}
    return evolve(RECEIPT, message=text.encode().hex(), tlvs=named)


def reported(told: Delivered) -> TextReported:
    """The report in it."""
    fact = read_delivered("smpp", told, packed=False)
    assert isinstance(fact, TextReported)
    return fact


def received(told: Delivered, *, packed: bool = False) -> TextReceived:
    """The text in it."""
    fact = read_delivered("smpp", told, packed=packed)
    assert isinstance(fact, TextReceived)
    return fact


# Receipts


@pytest.mark.parametrize(
    ("word", "state", "status"),
    [
        ("ENROUTE", 1, "BUFFERED"),
        ("DELIVRD", 2, "DELIVERED"),
        ("EXPIRED", 3, "UNDELIVERED"),
        ("DELETED", 4, "UNDELIVERED"),
        ("UNDELIV", 5, "UNDELIVERED"),
        ("ACCEPTD", 6, "SENT"),
        ("UNKNOWN", 7, "UNDELIVERED"),
        ("REJECTD", 8, "UNSENT"),
        ("SKIPPED", 9, "UNKNOWN"),
        ("", 0, "UNKNOWN"),
    ],
)
def test_words_and_states_become_ours(word: str, state: int, status: str) -> None:
    """By the text, and by the TLVs alone; a new word moves nothing, and is kept."""
    by_text = reported(receipt(receipt_text("17x", word)))
    by_tlvs = reported(receipt(t001e=b"17x\0", t0427=bytes([state])))

    assert by_text.status.value == by_tlvs.status.value == status
    assert by_text.vendor_id == by_tlvs.vendor_id == "17x"
    assert f"stat:{word}" in str(by_text.evidence["text"])
    assert len(WORDS) == len(STATES) == 8


def test_of_id_and_state_the_tlvs_count_first() -> None:
    """Where the text says something else; its id may be the same one in another spelling."""
    fact = reported(receipt(receipt_text("255", "UNDELIV"), t001e=b"FF\0", t0427=b"\2"))

    assert (fact.vendor_id, fact.status) == ("ff", TextStatus.DELIVERED)
    assert fact.also == ("255", "597")


def test_a_tlv_of_one_kind_is_made_up_for_by_the_text() -> None:
    """The id in a TLV without its NUL, the state in the text; or the other way round."""
    assert reported(receipt(receipt_text("", "EXPIRED"), t001e=b"abc-9")).vendor_id == "abc-9"
    fact = reported(receipt(receipt_text("abc-9"), t0427=b"\5"))
    assert (fact.vendor_id, fact.status) == ("abc-9", TextStatus.UNDELIVERED)


@pytest.mark.parametrize(
    ("given_id", "own", "also"),
    [
        ("1000", "1000", ("3e8", "4096")),
        ("3E8", "3e8", ("1000",)),
        ("0003e8", "3e8", ("1000",)),
        ("0", "0", ()),
        ("abc-17", "abc-17", ()),
        ("F" * 65, "f" * 65, ()),
    ],
)
def test_an_id_may_have_been_given_in_the_other_base(given_id: str, own: str, also: tuple[str, ...]) -> None:
    """Its digits as decimal in hexadecimal, and as hexadecimal in decimal; what is no number has one spelling."""
    fact = reported(receipt(receipt_text(given_id)))

    assert (fact.vendor_id, fact.also, fact.number) == (own, also, "41791234567")


@given(
    st.integers(0, 2**64), st.sampled_from(["d", "x", "X", "010d", "016x"]), st.sampled_from(["d", "x", "X", "020d"])
)
def test_every_spelling_at_the_hand_over_is_found_by_every_spelling_in_the_receipt(
    number: int, handed_over: str, reported_as: str
) -> None:
    """Decimal or hexadecimal, upper or lower case, with zeros before it or without."""
    fact = reported(receipt(receipt_text(format(number, reported_as))))

    assert spelled(format(number, handed_over)) in {fact.vendor_id, *fact.also}


def test_a_receipt_told_twice_is_one_event_and_each_status_another() -> None:
    """Told later by the same words; an SMSC that begins its ids anew has other times."""
    told = receipt(receipt_text("7"))
    assert reported(told).event_id == reported(evolve(told, event="e2")).event_id
    others = [
        receipt(receipt_text("8")),
        receipt(receipt_text("7", "EXPIRED")),
        receipt(receipt_text("7", err="001")),
        receipt(receipt_text("7", done="2604020900")),
        receipt(receipt_text("7", done="260302090059")),
        evolve(told, source="41790000000"),
        receipt(t001e=b"7\0", t0427=b"\2"),
    ]
    assert len({reported(one).event_id for one in (told, *others)}) == 8


def test_receipts_come_in_many_forms() -> None:
    """Capital keys, another order, no spaces after ``text``, UCS-2, no class but both TLVs, an intermediate one."""
    shuffled = "stat:DELIVRD ID:7 done date:2603020900 Err:0AF"
    assert reported(receipt(shuffled)).status is TextStatus.DELIVERED
    wide = evolve(RECEIPT, data_coding=8, message=receipt_text("7").encode("utf-16-be").hex())
    assert reported(wide).vendor_id == "7"
    unmarked = evolve(receipt(t001e=b"7\0", t0427=b"\2"), esm_class=0)
    assert reported(unmarked).status is TextStatus.DELIVERED
    on_its_way = evolve(receipt(receipt_text("7", "ENROUTE")), esm_class=0x20)
    assert reported(on_its_way).status is TextStatus.BUFFERED
    in_payload = evolve(RECEIPT, message="", tlvs={"0424": receipt_text("7").encode().hex()})
    assert reported(in_payload).vendor_id == "7"


@pytest.mark.parametrize("text", ["", "stat:DELIVRD", "id: stat:DELIVRD", "Delivered!"])
def test_a_receipt_without_an_id_is_misshapen(text: str) -> None:
    """Nobody could say what it is about."""
    with pytest.raises(Misshapen):
        reported(receipt(text))


# Texts


@pytest.mark.parametrize(
    ("coding", "octets", "text"),
    [
        (0x00, b"Ja \x1b\x65 \x0f", "Ja € å"),
        (0x01, b"Ja!", "Ja!"),
        (0x03, "Grüße".encode("latin-1"), "Grüße"),
        (0x08, "Ja 😀".encode("utf-16-be"), "Ja 😀"),
        (0x10, b"flash \x0f", "flash å"),
        (0x18, "Ja 😀".encode("utf-16-be"), "Ja 😀"),
        (0xF1, b"\x0f", "å"),
        (0x00, b"", ""),
        (0x08, b"\xd8\x00\x00a", "\ufffda"),
    ],
)
def test_each_alphabet_is_read(coding: int, octets: bytes, text: str) -> None:
    """SMPP's own codings and those with a message class; halves of surrogate pairs do not get in."""
    fact = received(evolve(PUSHED, data_coding=coding, message=octets.hex()))

    assert (fact.text, fact.media, fact.part) == (text, (), None)
    assert (fact.sender, fact.to, fact.event_id) == ("+41791234567", "+46766861004", "e1")


def test_packed_septets_are_read_where_the_smsc_gives_them() -> None:
    """Eight in seven octets."""
    octets = pack(b"Ja, gerne")
    assert received(evolve(PUSHED, message=octets.hex()), packed=True).text == "Ja, gerne"


@pytest.mark.parametrize(
    ("coding", "esm_class", "octets"),
    [
        (0x04, 0x00, b"\x00\xff"),
        (0x02, 0x00, b"\x00\xff"),
        (0x14, 0x00, b"\x00\xff"),
        (0xF5, 0x00, b"\x00\xff"),
        (0x1C, 0x00, b"\x00\xff"),
        (0x06, 0x00, b"\x00\xff"),
        (0x08, 0x00, b"\x00a\x00"),
        (0x00, 0x40, b"\x09\x00"),
        (0x04, 0x40, b"\x09\x00"),
        (0x01, 0x40, b"\x09\x00"),
    ],
)
def test_what_is_no_text_is_named_and_not_lost(coding: int, esm_class: int, octets: bytes) -> None:
    """Binary codings, unknown ones, half a unit, a header that does not fit."""
    fact = received(evolve(PUSHED, data_coding=coding, esm_class=esm_class, message=octets.hex()))

    assert (fact.text, fact.media, fact.part) == ("", (f"binary, {len(octets)} bytes",), None)
    assert fact.evidence["short_message"] == octets.hex()


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("text", ["x" * 400, "Grüße 😀 " * 30])
@pytest.mark.parametrize("packed", [False, True])
def test_parts_by_header_say_which_they_are(text: str, *, wide: bool, packed: bool) -> None:
    """Both widths of the reference, which are different things; joined, they are the text."""
    parts = split(text, 42, wide_reference=wide)
    facts = [
        received(
            evolve(
                PUSHED,
                esm_class=0x40,
                data_coding=0 if part.encoding == "gsm-7" else 8,
                message=(part.udh + (part.payload if packed or not part.septets else part.septets)).hex(),
            ),
            packed=packed,
        )
        for part in parts
    ]

    reference = "16:42" if wide else "8:42"
    assert [fact.part for fact in facts] == [
        TextPart(reference=reference, number=number, total=len(parts)) for number in range(1, len(parts) + 1)
    ]
    padded = [fact.text.rstrip("@") for fact in facts] if packed else [fact.text for fact in facts]
    assert "".join(padded) == text == join(parts)


def test_parts_of_other_alphabets_and_of_binary_say_so_too() -> None:
    """The header is read whatever follows it."""
    headed = evolve(PUSHED, esm_class=0x40, message=(bytes.fromhex("050003070201") + "ü".encode("latin-1")).hex())
    part = TextPart(reference="8:7", number=1, total=2)
    latin = received(evolve(headed, data_coding=3))
    assert (latin.text, latin.part) == ("ü", part)
    binary = received(evolve(headed, data_coding=4))
    assert (binary.text, binary.part, binary.media) == ("", part, ("binary, 7 bytes",))


@pytest.mark.parametrize(
    ("reference", "total", "number", "expected"),
    [
        (b"\0\7", b"\3", b"\2", TextPart(reference="sar:7", number=2, total=3)),
        (b"\7", b"\3", b"\2", TextPart(reference="sar:7", number=2, total=3)),
        (b"\0\7", b"\1", b"\1", None),
        (b"\0\7", b"\3", b"\4", None),
        (b"\0\7", b"\3", b"\0", None),
        (b"\0\7", b"\1\0", b"\1", None),
        (b"", b"\3", b"\2", None),
        (b"\0\7", b"", b"\2", None),
        (b"\0\7", b"\3", b"", None),
    ],
)
def test_parts_by_tlvs_say_which_they_are(
    reference: bytes, total: bytes, number: bytes, expected: TextPart | None
) -> None:
    """``sar_*``; what contradicts itself is a text of its own."""
    tlvs = {"020c": reference.hex(), "020e": total.hex(), "020f": number.hex()}

    assert received(evolve(PUSHED, tlvs=tlvs)).part == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("41791234567", "+41791234567"),
        ("+41791234567", "+41791234567"),
        ("0041791234567", "+41791234567"),
        ("0791234567", "0791234567"),
        ("72345", "72345"),
        ("Post", "Post"),
        ("²²²²²²²²", "²²²²²²²²"),
        ("", ""),
    ],
)
def test_numbers_are_e164_where_they_are_international(address: str, expected: str) -> None:
    """National ones, short codes and names stay what they are."""
    fact = received(evolve(PUSHED, source=address, destination=address))

    assert (fact.sender, fact.to) == (expected, expected)
