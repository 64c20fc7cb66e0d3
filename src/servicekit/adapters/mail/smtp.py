"""Mail out, handed to a mail server over SMTP (RFC 5321) by the standard library.

Rules kept here:

* One connection a mail: nothing is shared between threads, and nothing goes stale.
* The type of the error says how far it came. Until the server has been asked to take the mail's text, nothing was handed over
  (``Unreachable``). From then on, a connection that breaks leaves it open whether the mail was taken (``OutcomeUnknown``).
  An answer 4xx is ``Throttled``, 5xx is ``Rejected`` with the server's words in ``facts``.
* Some recipients refused and others taken: the mail is on its way. The refusals stand in the receipt.
* With ``starttls="required"`` nothing is said before the line is encrypted and the server's certificate is checked.

Refused: a login over an open line, and servers without what was asked for (``Unsupported``).
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal

from attrs import field, frozen

from servicekit.errors import (
    ConfigurationError,
    OutcomeUnknown,
    OutsideError,
    Rejected,
    Throttled,
    Unreachable,
    Unsupported,
)
from servicekit.mail import OutgoingMail
from servicekit.ports.mail import MailReceipt

__all__ = ["Smtp"]

_Reply = tuple[int, bytes]


@frozen
class Smtp:
    """A mail server that takes our mail, mostly the organisation's own or a provider's submission service (RFC 6409).

    Args:
        host: its name, which its certificate must carry.
        port: 25, or 587 for submission.
        username: for a login; needs ``password``, and ``starttls``.
        password: to it.
        starttls: ``"required"``: encrypt or do not send. False: an open line, for a server on the same machine.
        timeout: seconds without an answer after which the connection counts as broken.
        tls: what to trust; None: the system's certificates.
        name: as used in the log.

    Raises:
        ConfigurationError: a login that would go over an open line, or half a login.

    >>> Smtp("mail.salon.example", 587, username="anna", password="secret", starttls="required")
    Smtp(host='mail.salon.example', port=587, username='anna', starttls='required', timeout=10.0, name='smtp')
    """

    host: str
    port: int = 25
    username: str | None = field(default=None, kw_only=True)
    password: str | None = field(default=None, kw_only=True, repr=False)
    starttls: Literal[False, "required"] = field(default=False, kw_only=True)
    timeout: float = field(default=10.0, kw_only=True)
    tls: ssl.SSLContext | None = field(default=None, kw_only=True, repr=False)
    name: str = field(default="smtp", kw_only=True)

    def __attrs_post_init__(self) -> None:
        if (self.username is None) != (self.password is None):
            raise ConfigurationError("Smtp needs username and password together, or neither of them.")
        if self.username is not None and not self.starttls:
            raise ConfigurationError('Smtp would send its password over an open line: pass starttls="required".')
        if not f"{self.username or ''}{self.password or ''}".isascii():
            raise ConfigurationError("Smtp can log in only with ASCII characters in username and password.")

    def send(self, mail: OutgoingMail) -> MailReceipt:
        """Hand over one mail; blocks for a round trip a command, six to ten of them.

        Raises:
            Unreachable, Throttled, Rejected, OutcomeUnknown, Unsupported: see :class:`servicekit.ports.mail.Mailer`.
        """
        with self._before_handing_over():
            client = smtplib.SMTP(self.host, self.port, timeout=self.timeout)
        try:
            with self._before_handing_over():
                self._secure(client)
                refused = self._address(client, mail)
                self._check(client.docmd("DATA"), wanted=354)
            reply = self._hand_over(client, mail.raw)
            with suppress(OSError, smtplib.SMTPException):
                client.putcmd("QUIT")  # without waiting: the answer that counts has come
        finally:
            client.close()
        return MailReceipt(vendor_id=mail.message_id, evidence={"reply": _said(reply), "refused": refused})

    @contextmanager
    def _before_handing_over(self) -> Iterator[None]:
        """Whatever breaks in here, the server has no mail yet."""
        try:
            yield
        except smtplib.SMTPResponseException as error:
            raise self._refusal((error.smtp_code, error.smtp_error)) from error
        except smtplib.SMTPNotSupportedError as error:
            raise Unsupported(f"{self.host} cannot do what it was to do: {error}", vendor=self.name) from error
        except (OSError, smtplib.SMTPException) as error:
            raise Unreachable(f"{self.host}:{self.port} could not be reached: {error}", vendor=self.name) from error

    def _secure(self, client: smtplib.SMTP) -> None:
        """Greets, encrypts and logs in, as far as that is asked for."""
        client.ehlo_or_helo_if_needed()
        if self.starttls:
            self._check(client.starttls(context=self.tls or ssl.create_default_context()), wanted=220)
        if self.username is not None and self.password is not None:
            client.login(self.username, self.password)

    def _address(self, client: smtplib.SMTP, mail: OutgoingMail) -> dict[str, str]:
        """Names sender and recipients; returns the recipients that were refused, with the server's words."""
        self._check(client.mail(mail.envelope_from))
        replies = {one: client.rcpt(one) for one in mail.to}
        refused = {one: reply for one, reply in replies.items() if reply[0] not in {250, 251}}
        if len(refused) == len(replies):
            # One that may come right is worth another try for all; the receipt of that try names the others.
            raise self._refusal(min(refused.values(), key=lambda reply: reply[0]))
        return {one: _said(reply) for one, reply in refused.items()}

    def _hand_over(self, client: smtplib.SMTP, raw: bytes) -> _Reply:
        try:
            client.send(re.sub(rb"(?m)^\.", b"..", raw).removesuffix(b"\r\n") + b"\r\n.\r\n")  # RFC 5321, 4.5.2
            reply = client.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise self._unknown(str(error)) from error
        if not 200 <= reply[0] < 300:  # noqa: PLR2004  # 2yz: done (RFC 5321, 4.2.1)
            refusal = self._refusal(reply)
            raise self._unknown(_said(reply)) if isinstance(refusal, Unreachable) else refusal
        return reply

    def _unknown(self, why: str) -> OutcomeUnknown:
        return OutcomeUnknown(
            f"The mail left for {self.host}, and no usable answer came ({why}): look in its log before sending it again.",
            vendor=self.name,
        )

    def _check(self, reply: _Reply, *, wanted: int = 250) -> None:
        if reply[0] != wanted:
            raise self._refusal(reply)

    def _refusal(self, reply: tuple[int, bytes | str]) -> OutsideError:
        status, body = reply[0], _said(reply)[:500]
        if 400 <= status < 500:  # noqa: PLR2004  # 4yz: not now; 5yz: never (RFC 5321, 4.2.1)
            return Throttled(
                f"{self.host} asks to come again later: {body}", vendor=self.name, status=status, body=body
            )
        if 500 <= status < 600:  # noqa: PLR2004
            return Rejected(f"{self.host} does not take the mail: {body}", vendor=self.name, status=status, body=body)
        return Unreachable(f"{self.host} does not speak SMTP: {body}", vendor=self.name, status=status, body=body)


def _said(reply: tuple[int, bytes | str]) -> str:
    words = reply[1].decode("utf-8", "replace") if isinstance(reply[1], bytes) else reply[1]
    return f"{reply[0]} {words}".replace("\n", " ")
