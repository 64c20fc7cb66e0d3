"""SMPP 3.4 as carrier: any SMSC that lets us bind as transceiver. Extra ``smpp``.

Rules kept here:

* A long text is cut by :mod:`servicekit.sms` into parts with a user data header, and its parts are submitted one after the
  other: if the first is refused, nothing was sent. A part that surely was not taken (the SMSC is busy, the link was lost
  before) is tried again while there is time; one that was taken, or may have been, never.
* A text of which some parts were taken and one was refused is ``UNDELIVERED`` with a detail; one of which a part *may* have
  been taken is ``OutcomeUnknown``. SMPP lists no texts, so nobody can look that up.
* What the SMSC pushes (receipts, texts from mobiles) goes through ``kit.receive`` like a webhook, and is answered when its
  transaction is committed: kept by the SMSC until then, and pushed once more after a failure.
* Only this adapter can make the calls that it believes: each carries a token that lives and dies with it.

Refused: system ids and passwords longer than SMPP allows; senders that can't be written in an address.
"""

from __future__ import annotations

import hmac
import itertools
import secrets  # noqa: TID251 - the first reference of concatenated parts: any will do
import ssl
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from attrs import define, field

from servicekit.adapters.texts.smpp.link import Address, Link
from servicekit.adapters.texts.smpp.pdus import described
from servicekit.adapters.texts.smpp.reading import Delivered, read_delivered, spelled
from servicekit.adapters.texts.smpp.receiving import HEADER, OK, Receive, Receiver
from servicekit.codec import loads
from servicekit.errors import (
    ConfigurationError,
    Forged,
    Invalid,
    Misshapen,
    OutcomeUnknown,
    OutsideError,
    Rejected,
    Throttled,
    Unreachable,
    Unsupported,
)
from servicekit.moments import Instant
from servicekit.outbox.facts import TextStatus
from servicekit.ports.http import header
from servicekit.ports.texts import ACCOUNT_REFUSED, OutgoingText, TextCapabilities, TextHook, TextReceipt
from servicekit.sms import Part, read_sender, split

__all__ = ["Receive", "Smpp"]

_BUSY = frozenset({0x14, 0x58})  # queue full, throttled
_FAILED = frozenset({0x08, 0x64})  # system error, temporary application error: not taken
_OURS = frozenset({0x03, 0x04, 0x0D, 0x0E, 0x0F})  # what we may not do with this bind, and the bind's own
_LONGEST = {"system_id": 15, "password": 8, "system_type": 12}  # SMPP 3.4, 4.1.1
_HEADED = 0x40  # esm_class: the user data begin with a header
_UCS_2 = 8
_PAUSE = 0.5  # seconds before a part is tried again


@define(eq=False)
class Smpp:
    """An account at an SMSC; close it, or use it in a ``with``.

    Args:
        host, port: of the SMSC.
        system_id, password, system_type: as whom to bind; at most 15, 8 and 12 characters.
        tls: for SMPP over TLS, such as ``ssl.create_default_context()``.
        packed: the SMSC takes and gives GSM-7 as eight septets in seven octets; most want one septet an octet.
        window: submits that may be unanswered at once.
        longest_send: seconds that :meth:`send` may take for all parts; keep it below ``Kit.open(longest_call=...)``.
        enquiring: seconds of silence after which the link is tested.
        pauses: seconds between failed tries to bind.
        name: as used in ``kit.receive(name, ...)`` and in the log.

    Raises:
        ConfigurationError: an identifier is longer than SMPP allows, or not ASCII.

    ::

        carrier = Smpp("smpp.example.com", 2775, "sonnenhof", "p8ssw0rd")
        kit = Kit.open(url, texts=carrier)
        carrier.start(kit.receive)  # in the process that is to get receipts and texts
    """

    host: str
    port: int
    system_id: str
    password: str = field(repr=False)
    system_type: str = ""
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    packed: bool = field(default=False, kw_only=True)
    window: int = field(default=10, kw_only=True)
    longest_send: float = field(default=30.0, kw_only=True)
    enquiring: float = field(default=30.0, kw_only=True)
    pauses: tuple[float, ...] = field(default=(1.0, 2.0, 5.0, 15.0, 60.0), kw_only=True, repr=False)
    name: str = field(default="smpp", kw_only=True)
    _references: itertools.count[int] = field(
        init=False, repr=False, factory=lambda: itertools.count(secrets.randbelow(256))
    )
    _receiver: Receiver = field(init=False, repr=False)
    _link: Link = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        for what, most in _LONGEST.items():
            value = getattr(self, what)
            if len(value) > most or not value.isascii():
                raise ConfigurationError(
                    f"SMPP's {what} has at most {most} ASCII characters: ask the carrier for yours."
                )
        address = Address(
            vendor=self.name,
            host=self.host,
            port=self.port,
            system_id=self.system_id,
            password=self.password,
            system_type=self.system_type,
            tls=self.tls,
            window=self.window,
            enquiring=self.enquiring,
            pauses=self.pauses,
        )
        self._receiver = Receiver(self.name)
        self._link = Link(address, self._receiver)

    @property
    def capabilities(self) -> TextCapabilities:
        """Names as senders, reports, inbound texts."""
        return TextCapabilities(alphanumeric_sender=True, delivery_reports=True, inbound=True, look_up=False)

    def start(self, receive: Receive) -> None:
        """Bind now, and hand what the SMSC pushes to ``receive``. Until then pushes are answered "come later".

        Raises:
            MissingExtra: smpplib is not installed.
        """
        self._receiver.receive = receive
        self._link.start()

    def close(self) -> None:
        """Unbind, and end; waits for a push that is being taken in."""
        self._link.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Sending

    def send(self, text: OutgoingText) -> TextReceipt:
        """Hand over one text, in its parts; blocks until all are answered, ``longest_send`` at most. Binds at first use.

        Raises:
            Unreachable: no link, or the SMSC has failed; nothing was taken.
            Throttled: the SMSC is busy; nothing was taken.
            OutcomeUnknown: a part may have been taken: the link was lost, or no answer came in time. ``facts`` have
                ``taken``, the ids of the parts that were.
            Rejected: the SMSC's no; nothing was taken. With the code ``account_refused`` where it is to the bind or to what
                the bind may do. ``facts`` have ``status`` (in hexadecimal digits) and ``body`` (SMPP's words for it).
            Invalid: half a surrogate pair in the text, or a sender that is none.
            MissingExtra: smpplib is not installed.
        """
        parts = split(text.text, next(self._references) & 0xFF)
        submits = [self._submit_of(text, part) for part in parts]
        ends = time.monotonic() + self.longest_send
        taken: list[str] = []
        for fields in submits:
            try:
                taken.append(self._submitted(fields, ends, patient=bool(taken)))
            except OutcomeUnknown as error:
                raise self._unknown(error, taken, len(parts)) from None
            except OutsideError as error:
                if not taken:
                    raise
                return self._partly(error, taken, len(parts))
        return TextReceipt(
            vendor_id=taken[0],
            status=TextStatus.SENT,
            parts=len(parts),
            part_ids=tuple(taken),
            evidence={"message_ids": taken},
        )

    def find(self, text: OutgoingText, since: Instant) -> tuple[TextReceipt, ...]:
        """SMPP lists no texts.

        Raises:
            Unsupported: always.
        """
        raise Unsupported(
            f"{self.name} lists no texts, so what may have been sent cannot be looked up.",
            vendor=self.name,
            reference=text.reference,
            since=str(since),
        )

    def _submit_of(self, text: OutgoingText, part: Part) -> dict[str, object]:
        ton, npi, address = self._source(text.sender)
        gsm = part.encoding == "gsm-7"
        return {
            "source_addr_ton": ton,
            "source_addr_npi": npi,
            "source_addr": address,
            "dest_addr_ton": 1,
            "dest_addr_npi": 1,
            "destination_addr": text.to.removeprefix("+"),
            "esm_class": _HEADED if part.udh else 0,
            "data_coding": 0 if gsm else _UCS_2,
            "registered_delivery": 1,
            "short_message": part.udh + (part.septets if gsm and not self.packed else part.payload),
        }

    def _source(self, sender: str) -> tuple[int, int, str]:
        """Type of number, numbering plan and address (5.2.5, 5.2.6)."""
        kind = read_sender(sender).kind
        if kind == "name":
            try:
                sender.encode("latin-1")
            except UnicodeEncodeError:
                raise Rejected(
                    f"SMPP addresses are Latin-1, and the sender {sender!r} is not: use letters and digits.",
                    vendor=self.name,
                    sender=sender,
                ) from None
            return 5, 0, sender
        return (1, 1, sender.removeprefix("+")) if kind == "number" else (3, 0, sender)

    def _submitted(self, fields: dict[str, object], ends: float, *, patient: bool) -> str:
        """The id of a part that was taken; ``patient``: tried again while there is time, as long as it surely was not."""
        pause = _PAUSE
        while True:
            try:
                return self._submit(fields, ends - time.monotonic())
            except (Throttled, Unreachable):
                if not patient or time.monotonic() + pause >= ends:
                    raise
            time.sleep(pause)
            pause *= 2

    def _submit(self, fields: dict[str, object], seconds: float) -> str:
        status, message_id = self._link.submit(fields, seconds)
        if status == OK:
            return spelled(message_id)
        words, number = described(status), f"0x{status:08x}"
        facts: dict[str, Any] = {"vendor": self.name, "status": number, "body": words}
        if status in _BUSY:
            raise Throttled(f"{self.name} asks to wait: {words} ({number})", **facts)
        if status in _FAILED:
            raise Unreachable(f"{self.name} has failed, and has taken nothing: {words} ({number})", **facts)
        code = ACCOUNT_REFUSED if status in _OURS else ""
        raise Rejected(f"{self.name} refuses: {words} ({number}); trying again will not help", code=code, **facts)

    def _unknown(self, error: OutcomeUnknown, taken: list[str], total: int) -> OutcomeUnknown:
        if total == 1:
            return error
        left = total - len(taken) - 1
        said = f"{error.message}. Of {total} parts {len(taken)} were taken, 1 may have been, {left} were not submitted"
        return OutcomeUnknown(said, code=error.code, **{**error.facts, "taken": list(taken)})

    def _partly(self, error: OutsideError, taken: list[str], total: int) -> TextReceipt:
        return TextReceipt(
            vendor_id=taken[0],
            status=TextStatus.UNDELIVERED,
            parts=total,
            part_ids=tuple(taken),
            detail=f"{len(taken)} of {total} parts were taken; then: {error.message}",
            evidence={"message_ids": taken, **error.facts},
        )

    # Receiving

    def read(self, headers: Mapping[str, str], body: bytes, at: Instant) -> TextHook:
        """A receipt or a text, as this adapter hands it to ``receive``.

        Raises:
            Forged: without this adapter's token.
            Misshapen: a receipt without an id; or the body is not of this adapter's making.
        """
        del at  # a push is now; what is pushed twice has one event id
        shown = header(headers, HEADER)
        if not hmac.compare_digest(shown.encode("utf-8", "surrogatepass"), self._receiver.token.encode()):
            raise Forged("The call does not come from this adapter's own link.", vendor=self.name)
        try:
            told = loads(body, Delivered)
            fact = read_delivered(self.name, told, packed=self.packed)
        except (Invalid, ValueError) as error:
            raise Misshapen("This is no deliver_sm as the adapter writes it.", vendor=self.name) from error
        return TextHook(facts=(fact,))
