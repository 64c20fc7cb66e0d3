"""What an SMSC pushes to us, as facts: delivery receipts and texts from mobiles (SMPP 3.4, 5.2.12 and appendix B). Pure.

Rules kept here:

* Of a receipt the TLVs count first (``receipted_message_id``, ``message_state``), then its text (``id:... stat:... err:...``).
* Some SMSCs write an id in hexadecimal digits in one place and in decimal ones in the other. An id of digits is written here
  in lower case without zeros before it, and a receipt carries the other two readings beside it (``TextReported.also``), with
  the recipient's number: so no receipt is taken for one about a text to somebody else.
* Which part of a long text it is, says the user data header or the ``sar_*`` TLVs. What is no text is named, never lost.

Refused (``Misshapen``): a receipt without an id.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from attrs import field, frozen, validators

from servicekit.errors import Invalid, Misshapen
from servicekit.outbox.facts import TextPart, TextReceived, TextReported, TextStatus
from servicekit.sms import ReceivedPart, read_part
from servicekit.sms.headers import Header, read_header

__all__ = ["STATES", "WORDS", "Delivered", "read_delivered", "spelled"]

STATES: Mapping[int, TextStatus] = MappingProxyType(
    {
        1: TextStatus.BUFFERED,
        2: TextStatus.DELIVERED,
        3: TextStatus.UNDELIVERED,
        4: TextStatus.UNDELIVERED,
        5: TextStatus.UNDELIVERED,
        6: TextStatus.SENT,
        7: TextStatus.UNDELIVERED,
        8: TextStatus.UNSENT,
    }
)
"""``message_state`` (5.2.28); any other is ``UNKNOWN``."""

WORDS: Mapping[str, int] = MappingProxyType(
    {
        "ENROUTE": 1,
        "DELIVRD": 2,
        "EXPIRED": 3,
        "DELETED": 4,
        "UNDELIV": 5,
        "ACCEPTD": 6,
        "UNKNOWN": 7,
        "REJECTD": 8,
    }
)
"""The words of receipts (appendix B), as states."""

RECEIPTED_ID, STATE, PAYLOAD = "001e", "0427", "0424"
SAR_REFERENCE, SAR_TOTAL, SAR_NUMBER = "020c", "020e", "020f"

_RECEIPT, _KIND, _HEADED = 0x04, 0x3C, 0x40  # esm_class: 5.2.12
_TEXT = re.compile(r"\b(id|stat|err|done date):(\S*)", re.IGNORECASE)
_TELLING, _BLANK = ("err", "done date"), ("", "")
_HEX = re.compile(r"[0-9A-Fa-f]+")
_LONGEST_ID = 64  # 4.4.2
_LEAST_DIGITS = 7  # of a number with its country; what is shorter is a short code
_ENCODINGS = {0: "gsm-7", 1: "ascii", 3: "latin-1", 8: "ucs-2"}  # data_coding: 5.2.19


@frozen(kw_only=True)
class Delivered:
    """One deliver_sm, its octets as hexadecimal digits so that it can be written as JSON.

    Attributes:
        event: ours: the same where the SMSC pushes the same once more.
        source, destination: addresses as they came.
        tlvs: by their tag, four hexadecimal digits.
    """

    event: str = field(validator=validators.min_len(1))
    source: str
    destination: str
    esm_class: int
    data_coding: int
    message: str = field(repr=False)
    tlvs: Mapping[str, str] = field(factory=dict, repr=False)

    @property
    def octets(self) -> bytes:
        """The user data, wherever it stands."""
        return bytes.fromhex(self.message or self.tlvs.get(PAYLOAD, ""))

    def tlv(self, tag: str) -> bytes:
        """The value of a TLV; empty where it is absent."""
        return bytes.fromhex(self.tlvs.get(tag, ""))

    def number(self, tag: str) -> int | None:
        """The value of a TLV that is a number."""
        value = self.tlv(tag)
        return int.from_bytes(value, "big") if value else None


def read_delivered(vendor: str, told: Delivered, *, packed: bool) -> TextReported | TextReceived:
    """The fact that a deliver_sm tells; ``packed``: septets come eight in seven octets.

    Raises:
        Misshapen: it is a receipt without an id.
    """
    receipt = told.esm_class & _KIND or (told.tlv(RECEIPTED_ID) and told.tlv(STATE))
    return _reported(vendor, told) if receipt else _received(vendor, told, packed=packed)


def spelled(message_id: str) -> str:
    """An id as it is compared: without zeros before it and in lower case, where it is made of digits alone.

    >>> spelled("00A1F3"), spelled("a1-F3")
    ('a1f3', 'a1-F3')
    """
    return (message_id.lower().lstrip("0") or "0") if _HEX.fullmatch(message_id) else message_id


def _readings(message_id: str) -> tuple[str, ...]:
    """The id, then its digits read as decimal and written as hexadecimal, then the other way round."""
    own = spelled(message_id)
    if not _HEX.fullmatch(own) or len(own) > _LONGEST_ID:
        return (own,)
    as_hex = (format(int(own), "x"),) if own.isdecimal() else ()
    return (own, *as_hex, str(int(own, 16)))


def _reported(vendor: str, told: Delivered) -> TextReported:
    words = {key.lower(): value for key, value in reversed(_TEXT.findall(_plainly(told)))}
    named = told.tlv(RECEIPTED_ID).rstrip(b"\0").decode("latin-1").strip()
    message_id = named or words.get("id", "")
    if not message_id:
        raise Misshapen("The receipt names no message, neither in a TLV nor in its text.", vendor=vendor)
    word = words.get("stat", "").upper()
    number = told.number(STATE)
    state = WORDS.get(word, 0) if number is None else number
    own, *others = dict.fromkeys((*_readings(message_id), *_readings(words.get("id") or message_id)))
    return TextReported(
        vendor=vendor,
        event_id=":".join(
            (own, told.source, word if number is None else str(number), *map(words.get, _TELLING, _BLANK))
        ),
        vendor_id=own,
        status=STATES.get(state, TextStatus.UNKNOWN),
        also=tuple(others),
        number=told.source,
        evidence=_evidence(told) | {"text": _plainly(told)},
    )


def _plainly(told: Delivered) -> str:
    octets = told.octets
    return octets.decode("utf-16-be", "replace") if _encoding(told) == "ucs-2" else octets.decode("latin-1")


def _received(vendor: str, told: Delivered, *, packed: bool) -> TextReceived:
    octets = told.octets
    read = _read(told, octets, packed=packed)
    header = read.header if read is not None else _header(told, octets)
    return TextReceived(
        vendor=vendor,
        event_id=told.event,
        vendor_id=told.event,
        sender=_e164(told.source),
        to=_e164(told.destination),
        text="" if read is None else _whole(read.text),
        part=_part(told, header),
        media=() if read is not None else (f"binary, {len(octets)} bytes",),
        evidence=_evidence(told),
    )


def _read(told: Delivered, octets: bytes, *, packed: bool) -> ReceivedPart | None:
    """The text of user data with its header; None where it is no text, or not what it says."""
    encoding = _encoding(told)
    headed = bool(told.esm_class & _HEADED)
    try:
        if encoding in {"gsm-7", "ucs-2"}:
            return read_part(octets, encoding, has_header=headed, packed=packed)
        if not encoding:
            return None
        header, body = read_header(octets) if headed else (Header(), octets)
    except Invalid:
        return None
    return ReceivedPart(body.decode("latin-1"), encoding, header)


def _encoding(told: Delivered) -> str:
    """The alphabet by ``data_coding``: SMPP's own values, and those with a message class as in TS 23.038."""
    coding = told.data_coding
    if coding & 0xF0 in {0x10, 0xF0}:
        alphabet = coding >> 2 & (3 if coding < 0x20 else 1)  # noqa: PLR2004 - TS 23.038, 4
        return ("gsm-7", "", "ucs-2", "")[alphabet]
    return _ENCODINGS.get(coding, "")


def _header(told: Delivered, octets: bytes) -> Header:
    """The header of what is no text."""
    try:
        return read_header(octets)[0] if told.esm_class & _HEADED else Header()
    except Invalid:
        return Header()


def _part(told: Delivered, header: Header) -> TextPart | None:
    if header.total > 1:
        width = "16" if header.wide_reference else "8"
        return TextPart(reference=f"{width}:{header.reference}", number=header.number, total=header.total)
    reference, total, number = (told.number(tag) for tag in (SAR_REFERENCE, SAR_TOTAL, SAR_NUMBER))
    if reference is None or total is None or number is None or not 1 <= number <= total <= 255 or total == 1:  # noqa: PLR2004
        return None
    return TextPart(reference=f"sar:{reference}", number=number, total=total)


def _evidence(told: Delivered) -> dict[str, object]:
    return {
        "source_addr": told.source,
        "destination_addr": told.destination,
        "esm_class": told.esm_class,
        "data_coding": told.data_coding,
        "short_message": told.message,
        "tlvs": dict(told.tlvs),
    }


def _e164(address: str) -> str:
    """A number as most SMSCs write it, international and without a plus sign; short codes and names as they are."""
    digits = address.removeprefix("+").removeprefix("00")
    plain = digits.isascii() and digits.isdigit() and len(digits) >= _LEAST_DIGITS and not digits.startswith("0")
    return f"+{digits}" if plain else address


def _whole(text: str) -> str:
    """The text without halves of surrogate pairs, which nothing can store."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
