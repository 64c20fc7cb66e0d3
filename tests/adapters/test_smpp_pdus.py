"""The PDUs, written and read: against another implementation of SMPP (the wheel ``smpp34``)."""

from __future__ import annotations

import struct
import sys
from typing import Any

import pytest
import smpp34
from hypothesis import given
from hypothesis import strategies as st

from servicekit.adapters.texts.smpp import pdus
from servicekit.adapters.texts.smpp.pdus import Pdu, body_of, described, head, written
from servicekit.errors import MissingExtra

SUBMIT = {
    "source_addr_ton": 5,
    "source_addr_npi": 0,
    "source_addr": "Sonnenhof",
    "dest_addr_ton": 1,
    "dest_addr_npi": 1,
    "destination_addr": "41791234567",
    "esm_class": 0x40,
    "data_coding": 8,
    "registered_delivery": 1,
    "short_message": b"\x05\x00\x03\x07\x02\x01\x00a",
}


def pdu_of(octets: bytes) -> Pdu:
    """A PDU as it comes in."""
    _, command, status, number = head(octets[:16])
    return Pdu(command, status, number, octets)


def pushed(**fields: Any) -> Pdu:
    """A deliver_sm of the other implementation."""
    given_fields = {"source_addr": "41791234567", "destination_addr": "46766861004", **fields}
    return pdu_of(smpp34.DeliverSm(**given_fields, sequence_number=9).encode())


def test_a_submit_is_read_as_it_was_written() -> None:
    """Every field, by the other implementation."""
    read: Any = smpp34.decode(written("submit_sm", 7, **SUBMIT))

    assert isinstance(read, smpp34.SubmitSm)
    assert {name: getattr(read, name) for name in SUBMIT} == SUBMIT
    assert (read.sequence_number, read.tlvs, read.service_type, read.validity_period) == (7, [], "", "")


@given(st.binary(max_size=200), st.integers(0, 255), st.integers(0, 255))
def test_user_data_are_octets(octets: bytes, coding: int, esm_class: int) -> None:
    """Whatever they are, both ways."""
    sent: Any = smpp34.decode(written("submit_sm", 1, short_message=octets, data_coding=coding, esm_class=esm_class))
    assert (sent.short_message, sent.data_coding, sent.esm_class) == (octets, coding, esm_class)
    read, _ = body_of(pushed(short_message=octets, data_coding=coding, esm_class=esm_class))
    assert (read.short_message or b"", read.data_coding, read.esm_class) == (octets, coding, esm_class)


def test_a_bind_says_who_we_are() -> None:
    """System id, password, type, and the version 3.4 (4.1.5)."""
    octets = written("bind_transceiver", 1, system_id="sonnenhof", password="p8ssw0rd", system_type="VMA")

    assert octets[16:] == b"sonnenhof\0p8ssw0rd\0VMA\0\x34\0\0\0"
    assert head(octets[:16]) == (len(octets), "bind_transceiver", 0, 1)


@pytest.mark.parametrize(
    ("command", "status"), [("deliver_sm_resp", 0x64), ("enquire_link_resp", 0), ("generic_nack", 3), ("unbind", 0)]
)
def test_a_header_says_command_status_and_number(command: str, status: int) -> None:
    """As the other implementation reads it."""
    octets = written(command, 77, status=status)
    read: Any = smpp34.decode(octets)

    assert (read.command_status, read.sequence_number) == (status, 77)
    assert head(octets[:16])[1:] == (command, status, 77)


def test_a_command_that_there_is_none_of_has_no_name() -> None:
    """It is answered with generic_nack, not taken for another."""
    assert head(struct.pack(">LLLL", 16, 0x1234, 0, 1)) == (16, "", 0, 1)


@pytest.mark.parametrize("length", [0, 15, 1 << 20, 0xFFFFFFFF])
def test_an_impossible_length_ends_it(length: int) -> None:
    """What follows could not be told apart any more."""
    with pytest.raises(ValueError, match="octets"):
        head(struct.pack(">LLLL", length, 5, 0, 1))


@given(st.lists(st.tuples(st.integers(1, 0xFFFF), st.binary(max_size=20)), max_size=5))
def test_every_tlv_is_read_raw(tlvs: list[tuple[int, bytes]]) -> None:
    """Whatever its tag: known, known elsewhere, the vendor's own; of one that is there twice the last counts."""
    made = [smpp34.Tlv(tag, value) for tag, value in tlvs]
    _, found = body_of(pushed(short_message=b"hi", tlvs=made))

    assert found == {f"{tag:04x}": value.hex() for tag, value in tlvs}


def test_a_response_may_have_no_body_and_may_have_tlvs() -> None:
    """An error has none; some SMSCs add TLVs to an id."""
    bare = struct.pack(">LLLL", 16, 0x80000004, 0x0B, 1)
    assert body_of(pdu_of(bare))[0].message_id is None
    body = b"a1f3\0" + struct.pack(">HH", 0x0425, 1) + b"\1"
    read, tlvs = body_of(pdu_of(struct.pack(">LLLL", 16 + len(body), 0x80000004, 0, 1) + body))
    assert (read.message_id, tlvs) == (b"a1f3", {"0425": "01"})


@pytest.mark.parametrize(
    "cut",
    [
        lambda octets: octets[:18],
        lambda octets: octets[:45],
        lambda octets: octets[:-9],
        lambda octets: octets[:-3],
        lambda octets: octets[:-1],
    ],
)
def test_a_pdu_that_is_cut_off_is_no_pdu(cut: Any) -> None:
    """Within its addresses, its text, or a TLV."""
    whole = pushed(short_message=b"hello", tlvs=[smpp34.Tlv(0x0427, b"\2")])
    with pytest.raises(ValueError, match="cut off"):
        body_of(Pdu(whole.command, whole.status, whole.number, cut(whole.octets)))


def test_a_status_has_the_standards_words() -> None:
    """And the SMSC's own have none."""
    assert described(0x58) == "Throttling error (ESME has exceeded allowed message limits)"
    assert described(0x0000) == "No Error"
    assert described(0x0401) == "a status of this SMSC's own"


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its pip line; nothing imports the library before it is needed."""
    monkeypatch.setitem(sys.modules, "smpplib", None)
    pdus._smpp.cache_clear()
    try:
        with pytest.raises(MissingExtra, match=r"servicekit-sdk\[smpp\]"):
            written("enquire_link", 1)
    finally:
        pdus._smpp.cache_clear()
