"""A received SMS: its header and its text, ready for `servicekit.sms.join` (TS 23.040, 9.2.3.24; TS 23.038, 6.2).

Rules kept here:

* The caller says what the protocol said: whether there is a header (TP-UDHI; SMPP's esm_class 0x40), the encoding (the data
  coding scheme), and whether septets come packed (TP-User-Data) or one in each octet (most SMPP centres).
* Text is read as a phone would: unknown extension codes show what the basic table has. A message of one part needs no
  concatenation header; one that contradicts itself is ignored.

Refused, as `Invalid`: ``bad_header``, ``bad_septets``, and UCS-2 of an odd number of octets (``bad_ucs_2``).
"""

from __future__ import annotations

from attrs import field, frozen

from servicekit.errors import Invalid
from servicekit.sms.headers import GSM_7, UCS_2, Header, fill_bits, read_header
from servicekit.sms.national import alphabet_for
from servicekit.sms.packing import unpack

__all__ = ["ReceivedPart", "read_part"]


@frozen
class ReceivedPart:
    """One SMS that came in.

    Attributes:
        text: what it says.
        encoding: ``"gsm-7"`` or ``"ucs-2"``.
        header: what its header says; of one part if it had none.
    """

    text: str
    encoding: str
    header: Header = field(default=Header())

    @property
    def number(self) -> int:
        """Which part this is, from 1."""
        return self.header.number

    @property
    def total(self) -> int:
        """How many parts the message has."""
        return self.header.total

    @property
    def reference(self) -> int:
        """What the headers of one message have in common."""
        return self.header.reference

    @property
    def wide_reference(self) -> bool:
        """Whether the reference has 16 bits; references of both kinds are different things."""
        return self.header.wide_reference


def read_part(
    user_data: bytes, encoding: str, *, has_header: bool, packed: bool = True, length: int | None = None
) -> ReceivedPart:
    """Read one SMS.

    Args:
        user_data: header, if there is one, and encoded text.
        encoding: ``"gsm-7"`` or ``"ucs-2"``.
        has_header: whether it begins with a user data header.
        packed: for GSM-7, whether eight septets come in seven octets.
        length: for packed septets, how many there are, header and fill bits included (TP-User-Data-Length). None takes as many
            as fit, which leaves a padding ``@`` at the end of some.

    Raises:
        Invalid: ``bad_header``, ``bad_septets``, ``bad_ucs_2``; ``bad_encoding`` for another name.

    >>> read_part(bytes.fromhex("050003070202 d06536fb0d"), "gsm-7", has_header=True).text
    'hello'
    """
    header, body = read_header(user_data) if has_header else (Header(), user_data)
    udh = user_data[: len(user_data) - len(body)]
    if encoding == UCS_2:
        if len(body) % 2:
            raise Invalid(
                f"UCS-2 takes two octets a unit, and there are {len(body)}.", code="bad_ucs_2", octets=len(body)
            )
        return ReceivedPart(body.decode("utf-16-be", "surrogatepass"), encoding, header)
    if encoding != GSM_7:
        raise Invalid(f"{encoding!r} is no encoding of SMS: say {GSM_7!r} or {UCS_2!r}.", code="bad_encoding")
    if packed:
        fill = fill_bits(udh)
        taken = (8 * len(udh) + fill) // 7
        body = unpack(body, None if length is None else length - taken, fill=fill)
    return ReceivedPart(alphabet_for(header.tables).decode(body), encoding, header)
