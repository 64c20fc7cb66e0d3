"""A stand-in of the world's mailboxes: an SMTP server that keeps what it is given, address by address.

Rules kept here: a mail with a Message-ID that an address has got before is counted again but not kept again, as many
mailbox servers do (RFC 5322 3.6.4 makes the id unique); one without is always kept. Logging in is possible, never asked for.

Needs aiosmtpd, imported when it is served.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any, ClassVar

from attrs import define, field

from servicekit.errors import MissingExtra
from servicekit.moments import Instant
from servicekit.ports.http import HttpResponse
from servicekit.testing.simulators.core import Simulator, system_time
from servicekit.testing.simulators.routing import Call, json_answer, need, route

if TYPE_CHECKING:
    from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

__all__ = ["KeptMail", "MailboxSimulator"]

HOST = "127.0.0.1"


@define(kw_only=True)
class KeptMail:
    """A mail in one mailbox; ``deliveries`` counts how often it came."""

    at: Instant
    mail_from: str
    rcpt_to: str
    message_id: str | None
    raw: bytes = field(repr=False)
    deliveries: int = 1

    @property
    def message(self) -> EmailMessage:
        """Parsed; costs a parse each time."""
        message = message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(message, EmailMessage), "the default policy makes these"
        return message

    @property
    def text(self) -> str:
        """Its plain text with lines ended by a bare line feed, or its HTML, or an empty text."""
        body = self.message.get_body(("plain", "html"))
        return "" if body is None else str(body.get_content()).replace("\r\n", "\n")

    def to_json(self) -> dict[str, Any]:
        """JSON-ready: envelope, subject, text, all headers and the raw mail."""
        message = self.message
        return {
            "at": self.at.iso(),
            "mail_from": self.mail_from,
            "rcpt_to": self.rcpt_to,
            "message_id": self.message_id,
            "subject": message["subject"],
            "text": self.text,
            "headers": [[name, str(value)] for name, value in message.items()],
            "raw": self.raw.decode("utf-8", "replace"),
            "deliveries": self.deliveries,
        }


class MailboxSimulator(Simulator):
    r"""An SMTP server with a mailbox for every address.

    Args:
        smtp_port: 0 takes a free one, when served.
        clock, seed: see :class:`~servicekit.testing.simulators.core.Simulator`.

    >>> import smtplib
    >>> from servicekit.testing.simulators import serve
    >>> with serve(MailboxSimulator()) as server:
    ...     mailbox = server.simulator
    ...     with smtplib.SMTP("127.0.0.1", mailbox.smtp_port) as client:
    ...         refused = client.sendmail("a@example.org", ["b@example.org"], "Subject: Hello\n\nSee you")
    ...     [mail.message["subject"] for mail in mailbox.mails("b@example.org")]
    ['Hello']
    """

    name: ClassVar[str] = "mailbox"
    origins: ClassVar[tuple[str, ...]] = ()
    user = "mailbox"
    password = "mailbox-password"  # noqa: S105 - the simulator's own, printed in its documentation

    def __init__(self, *, smtp_port: int = 0, clock: Callable[[], Instant] = system_time, seed: int = 0) -> None:
        super().__init__(clock=clock, seed=seed)
        self.smtp_port = smtp_port
        self._asked_port = smtp_port
        self._mails: list[KeptMail] = []
        self._deferred = 0
        self._dropped = 0
        self._refused: set[str] = set()
        self._thread: threading.Thread
        self._stop: Callable[[], object]

    @property
    def smtp_url(self) -> str:
        """``smtp://127.0.0.1:port``, once served."""
        return f"smtp://{HOST}:{self.smtp_port}"

    # Mailboxes and faults

    def mails(self, to: str = "") -> tuple[KeptMail, ...]:
        """The mails of an address (of all, if left out), oldest first."""
        with self._lock:
            return tuple(mail for mail in self._mails if to.lower() in ("", mail.rcpt_to))

    def defer(self, times: int = 1) -> None:
        """Answer the next mails with 451 after their data: try again later. Nothing is kept."""
        self._deferred = times

    def drop(self, times: int = 1) -> None:
        """Keep the next mails, but break the connection instead of saying so: the sender can not know."""
        self._dropped = times

    def refuse(self, address: str) -> None:
        """Answer 550 to this recipient from now on: there is no such mailbox."""
        self._refused.add(address.lower())

    def accept(self, address: str) -> None:
        """Take back :meth:`refuse`."""
        self._refused.discard(address.lower())

    def _keep(self, envelope: Envelope) -> None:
        raw = envelope.original_content or b""
        found = message_from_bytes(raw, policy=policy.default)["message-id"]
        message_id = None if found is None else str(found).strip()
        for address in envelope.rcpt_tos:
            to = address.lower()
            again = [one for one in self._mails if message_id and (one.rcpt_to, one.message_id) == (to, message_id)]
            if again:
                again[0].deliveries += 1
                continue
            sender = envelope.mail_from or ""
            mail = KeptMail(at=self.now(), mail_from=sender, rcpt_to=to, message_id=message_id, raw=raw)
            self._mails.append(mail)

    # SMTP

    async def handle_RCPT(  # noqa: N802 - aiosmtpd asks for this name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Refuse recipients that have no mailbox."""
        del server, session, options
        if address.lower() in self._refused:
            return "550 5.1.1 No such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        """Keep the mail, unless a fault has it otherwise."""
        del session
        with self._lock:
            if self._deferred:
                self._deferred -= 1
                return "451 4.3.2 Try again later"
            self._keep(envelope)
            if self._dropped:
                self._dropped -= 1
                assert isinstance(server.transport, asyncio.Transport), "it is connected, or there were no data"
                server.transport.abort()
            return "250 OK"

    def _login(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, login: object) -> AuthResult:
        from aiosmtpd.smtp import AuthResult, LoginPassword

        del server, session, envelope, mechanism
        good = isinstance(login, LoginPassword) and login == LoginPassword(self.user.encode(), self.password.encode())
        return AuthResult(success=good, handled=False)

    def opened(self) -> None:
        """Start the SMTP server.

        Raises:
            MissingExtra: aiosmtpd is not installed.
            OSError: the port is taken.
        """
        try:
            from aiosmtpd.smtp import SMTP
        except ImportError as error:
            raise MissingExtra("testing", "The mailbox simulator") from error
        connections: list[SMTP] = []

        def connected() -> SMTP:
            connections.append(
                SMTP(
                    self,
                    hostname="mailbox.invalid",
                    enable_SMTPUTF8=True,
                    auth_require_tls=False,
                    authenticator=self._login,
                    loop=asyncio.get_running_loop(),
                )
            )
            return connections[-1]

        async def listen() -> None:
            stop = asyncio.Event()
            loop = asyncio.get_running_loop()
            try:
                server = await loop.create_server(connected, HOST, self._asked_port)
            except OSError as error:
                started.set_exception(error)
                return
            self.smtp_port = server.sockets[0].getsockname()[1]
            started.set_result(lambda: loop.call_soon_threadsafe(stop.set))
            await stop.wait()
            server.close()
            for connection in connections:
                if connection.transport is not None:
                    connection.transport.close()
            await asyncio.sleep(0)  # let the transports close

        started: Future[Callable[[], object]] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(listen()))
        self._thread.start()
        self._stop = started.result()

    def closed(self) -> None:
        """Stop the SMTP server."""
        self._stop()
        self._thread.join()

    # Control

    def state(self) -> dict[str, Any]:
        """How many mails and deliveries each address has had."""
        with self._lock:
            kept = Counter(mail.rcpt_to for mail in self._mails)
            came = {to: sum(mail.deliveries for mail in self._mails if mail.rcpt_to == to) for to in kept}
            boxes = {to: {"mails": kept[to], "deliveries": came[to]} for to in kept}
            return {**super().state(), "smtp": self.smtp_url, "mailboxes": boxes}

    @route("GET", "/_sim/mails")
    def _list_mails(self, call: Call) -> HttpResponse:
        return json_answer(200, [mail.to_json() for mail in self.mails(call.query.get("to", ""))])

    @route("POST", "/_sim/defer")
    def _defer(self, call: Call) -> HttpResponse:
        self.defer(*need(call, "times"))
        return HttpResponse(status=204)

    @route("POST", "/_sim/drop")
    def _drop(self, call: Call) -> HttpResponse:
        self.drop(*need(call, "times"))
        return HttpResponse(status=204)

    @route("POST", "/_sim/refuse")
    def _refuse(self, call: Call) -> HttpResponse:
        self.refuse(*need(call, "address"))
        return HttpResponse(status=204)

    @route("POST", "/_sim/accept")
    def _accept(self, call: Call) -> HttpResponse:
        self.accept(*need(call, "address"))
        return HttpResponse(status=204)
