"""The PDUs of SMPP 3.4 that we write and read, by the codec of ``smpplib`` (extra ``smpp``).

Rules kept here: of the library only the codec is used; user data stay octets; the TLVs of what comes in are read one by one
and raw, whatever they are: the library knows some of them for some PDUs only, and fails on the others.

Refused (``ValueError``): a PDU that is cut off, or longer than any can be.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from functools import cache
from typing import Any

from attrs import frozen

from servicekit.errors import MissingExtra

__all__ = ["HEADER", "Pdu", "body_of", "described", "head", "written"]

HEADER = 16
"""Octets of a PDU's header (3.2)."""

_LONGEST = 1 << 17  # a message_payload has 64 KiB


@frozen
class Pdu:
    """A PDU that came in: the header's fields, and all its octets."""

    command: str
    status: int
    number: int
    octets: bytes


class _Numbers:
    """Stands for the library's client, which numbers PDUs; ours are numbered by whoever writes them."""

    sequence = 0

    def next_sequence(self) -> int:
        """None of our business here."""
        return 0


_NUMBERS = _Numbers()


@cache
def _smpp() -> Any:
    try:
        from smpplib import smpp  # type: ignore[import-untyped]
    except ImportError as error:
        raise MissingExtra("smpp", "Sending by SMPP") from error
    return smpp


@cache
def _commands() -> Mapping[int, str]:
    _smpp()
    from smpplib.command_codes import commands  # type: ignore[import-untyped]

    return {code: name for name, code in commands.items()}


def described(status: int) -> str:
    """What a command status means, in the standard's words (5.1.3)."""
    _smpp()
    from smpplib.consts import DESCRIPTIONS  # type: ignore[import-untyped]

    return str(DESCRIPTIONS.get(status, "a status of this SMSC's own"))


def written(command: str, number: int, **fields: object) -> bytes:
    """A PDU as octets; ``status`` among ``fields`` is the header's, texts are Latin-1.

    Raises:
        MissingExtra: smpplib is not installed.
    """
    pdu = _smpp().make_pdu(command, client=_NUMBERS, **fields)
    pdu.sequence = number
    octets: bytes = pdu.generate()
    return octets


def head(octets: bytes) -> tuple[int, str, int, int]:
    """The header of a PDU: its length, its command (empty if the standard has none such), status and number.

    Raises:
        ValueError: no PDU has this length.
    """
    length, code, status, number = struct.unpack(">LLLL", octets)
    if not HEADER <= length <= _LONGEST:
        raise ValueError(f"no PDU has {length} octets")
    return length, _commands().get(code, ""), status, number


def body_of(pdu: Pdu) -> tuple[Any, dict[str, str]]:
    """The fields of a PDU as the library reads them, and its TLVs by their tag (both in hexadecimal digits).

    Raises:
        ValueError: it is cut off.
    """
    tlvs: dict[str, str] = {}
    read = _smpp().make_pdu(pdu.command, client=_NUMBERS)
    read.parse_optional_params = lambda octets: tlvs.update(_tlvs(octets))
    try:
        read.parse(pdu.octets)
    except (struct.error, LookupError, TypeError, ValueError) as error:
        raise ValueError(f"a {pdu.command} that is cut off") from error
    if pdu.command == "deliver_sm" and not _whole(read):
        raise ValueError("a deliver_sm that is cut off")
    return read, tlvs


def _whole(read: Any) -> bool:
    """Whether all is there that must be: the library gives what it finds, and says nothing."""
    return read.sm_default_msg_id is not None and len(read.short_message or b"") == read.sm_length


def _tlvs(octets: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    at = 0
    while at < len(octets):
        tag, length = struct.unpack_from(">HH", octets, at)
        value = octets[at + 4 : at + 4 + length]
        if len(value) != length:
            raise ValueError("a TLV is cut off")
        found[f"{tag:04x}"] = value.hex()
        at += 4 + length
    return found
