"""aiosmtpd's servers, with what they lack. Imported only by a :class:`~servicekit.adapters.mail.listener.Listener` that is made.

* Both read a mail many lines at a time, take long ones, and XFORWARD (Postfix's XFORWARD_README) where the hooks believe it.
* LMTP: aiosmtpd answers once after the data, whatever the number of recipients; RFC 2033 (4.2) wants an answer for each that was
  taken, also where the mail was too large or our own code failed. And it wants enhanced status codes (5; RFC 2034).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP

__all__ = ["SIMPLE", "LmtpServer", "SmtpServer"]

_LONGEST_LINE = 100_000  # bytes; RFC 5321 wants 1000, but programs that send alarms write whole paragraphs on one line
_WITHOUT_CODE = re.compile(r"^([245])\d\d (?!\d\.\d)")

SIMPLE = re.compile(
    r"<([A-Za-z0-9+_-]+(?:\.[A-Za-z0-9+_-]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*)>(?: ([A-Za-z0-9][!-~]*))?"
)
"""An address of plain words in angle brackets, perhaps with one parameter behind it."""
_UNPRINTED = re.compile(r"[^\t -~]")
_XTEXT = re.compile(r"\+([0-9A-F]{2})")
_ATTRIBUTES = frozenset({"NAME", "ADDR", "PORT", "PROTO", "HELO", "IDENT", "SOURCE"})


class SmtpServer(SMTP):
    """SMTP, with XFORWARD: the server in front says whom it has the next mail from. It holds for one mail."""

    line_length_limit = _LONGEST_LINE
    forwarded: Mapping[str, str] = MappingProxyType({})
    replies: Sequence[str] = ()
    """One for each recipient of the mail that has just come, where they differ. LMTP alone can say them."""

    async def push(self, status: str | bytes) -> None:
        """Send a reply. aiosmtpd repeats what it did not understand, control characters and all, which could end a line early."""
        text = status.decode("ascii", "replace") if isinstance(status, bytes) else status
        await super().push(_UNPRINTED.sub("?", text))

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        # The library parses all that RFC 5322 allows, comments too, which takes longer than the rest of the command.
        # Nearly every address is simple, and then this gives the same.
        found = SIMPLE.fullmatch(arg)
        if found is None:
            return super()._getaddr(arg)
        return found[1], found[2] or ""

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's name
        """Take in a mail; its lines many at a time."""
        reader = self._reader
        self._reader = _Pieces(reader, self.line_length_limit)  # type: ignore[assignment]
        try:
            await super().smtp_DATA(arg)
        finally:
            self._reader = reader

    def _set_post_data_state(self) -> None:
        super()._set_post_data_state()  # type: ignore[no-untyped-call]
        self.forwarded = {}

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd's name
        """Begin a mail; where there is a certificate, only after STARTTLS. aiosmtpd's own demand would refuse LHLO."""
        if self.tls_context is not None and self._tls_protocol is None:
            await self.push("530 5.7.0 Must issue a STARTTLS command first")
            return
        await super().smtp_MAIL(arg)

    async def smtp_XFORWARD(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd's name
        """Take in attributes; those that it does not know of are ``[UNAVAILABLE]``."""
        pairs = [word.partition("=") for word in (arg or "").split()]
        if not self.event_handler.xforward:
            await self.push("502 5.5.1 Error: XFORWARD is not spoken here")
        elif self.envelope is not None and self.envelope.mail_from is not None:
            await self.push("503 5.5.1 Error: a mail has begun")
        elif not pairs or any(
            name.upper() not in _ATTRIBUTES or not value or not _plain(value).isprintable() for name, _, value in pairs
        ):
            await self.push("501 5.5.4 Error: bad XFORWARD attribute")
        else:
            told = {name.upper(): _plain(value) for name, _, value in pairs}
            self.forwarded = {**self.forwarded, **told}
            await self.push("250 2.0.0 OK")


class _Pieces:
    """Reads for aiosmtpd, which asks for a line at a time and takes as long for it as for anything it is given.

    What it gets is a line, or several at once: all up to the next one that ends in a dot, as the end of the data does. Of each
    but the first, for which aiosmtpd does it, the dot at the beginning is taken away (RFC 5321, 4.5.2).
    """

    def __init__(self, reader: asyncio.StreamReader, longest: int) -> None:
        self.reader = reader
        self.longest = longest  # a piece that is longer would be taken for a line that is
        self.next = b""
        self.single = False  # one line after the other

    async def readuntil(self, separator: bytes) -> bytes:
        """Some whole lines, or the one that ends the data.

        Raises:
            LimitOverrunError: the line is too long.
        """
        if self.next:
            piece, self.next = self.next, b""
            return piece
        if not self.single:
            try:
                return self._several(await self.reader.readuntil(b".\r\n"))
            except asyncio.LimitOverrunError:  # such as a picture's, in which there is no dot
                self.single = True
        return await self.reader.readuntil(separator)

    def _several(self, piece: bytes) -> bytes:
        if piece == b".\r\n":
            return piece
        if piece.endswith(b"\r\n.\r\n"):
            piece, self.next = piece[:-3], b".\r\n"
        elif len(piece) > self.longest:
            cut = piece.rfind(b"\r\n", 0, -2) + 2
            piece, self.next = (piece[:cut], piece[cut:]) if cut > 1 else (piece, b"")
        return piece.replace(b"\r\n.", b"\r\n")

    async def read(self, most: int) -> bytes:
        """What a line that is too long has so far."""
        return await self.reader.read(most)


def _plain(value: str) -> str:
    text = _XTEXT.sub(lambda found: chr(int(found[1], 16)), value)
    return "" if text.startswith("[") else text.removeprefix("IPV6:").removeprefix("IPv6:")


class LmtpServer(SmtpServer, LMTP):
    """LMTP as RFC 2033 has it."""

    _answers_due = 0
    _greeting = True

    async def push(self, status: str | bytes) -> None:
        """Send a reply: with an enhanced status code, and once for each recipient where it is about the data."""
        text = status.decode("ascii") if isinstance(status, bytes) else status
        if text.startswith("354 ") and self.envelope is not None:
            self._answers_due = len(self.envelope.rcpt_tos)
            await super().push(text)
            return
        times, self._answers_due = max(self._answers_due, 1), 0
        replies, self.replies = self.replies or [text] * times, ()
        for reply in replies:
            await super().push(self._coded(reply))

    def _coded(self, status: str) -> str:
        # Neither the greeting nor the answer to LHLO has a code (RFC 2034, 3).
        bare = self._greeting or status == "250 HELP"
        self._greeting = False
        return status if bare else _WITHOUT_CODE.sub(r"\g<0>\1.0.0 ", status)
