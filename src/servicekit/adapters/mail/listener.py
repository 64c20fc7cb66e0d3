"""Mail in: a small server for SMTP (RFC 5321) or LMTP (RFC 2033), by aiosmtpd (extra ``gateway``).

It stands behind a real mail server, which has judged the sender, and speaks to that one alone.

Rules kept here:

* A mail is answered with 250 only after ``receive`` has returned, which it does only after its transaction is committed.
  So a mail is stored here, or kept by the server that sent it: never lost, at worst delivered twice.
* What can never be taken is refused for good (554), with the reason for its sender: unreadable, or against a rule. What went
  wrong on our side asks to come again (451) and tells the other side nothing.
* Recipients are judged when they are named, where one refusal does not hurt the others. Any other domain than the gateway's
  gets 550: this is no relay.
* LMTP answers once for each recipient that was taken (RFC 2033, 4.2). All get the same answer: a mail is stored once.

Sizes, recipients and idle time are bounded. Addresses outside ASCII (RFC 6531) are refused.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import unicodedata
import weakref
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from servicekit.errors import ConfigurationError, MissingExtra, Refused, StorageError, UnreadableInput
from servicekit.mail import Envelope

if TYPE_CHECKING:
    from aiosmtpd.smtp import SMTP, Session
    from aiosmtpd.smtp import Envelope as WireEnvelope

__all__ = ["Judge", "Listener", "Receive"]

_log = logging.getLogger(__name__)

Receive = Callable[[Envelope, bytes], object]
"""Stores a mail; returns after it is stored. Blocking; called from several threads at once."""

Judge = Callable[[str], str | None]
"""Why a recipient is refused, in one sentence; None if it is welcome. Blocking; called from several threads at once."""

_LATER = "451 4.3.0 Something went wrong here, the mail was not taken: send it again later"
_LONGEST_REPLY = 400  # characters of a refusal: a reply line has at most 512 (RFC 5321, 4.5.3.1.5)


class Listener:
    """Listens on one address and hands every mail to ``receive``.

    Args:
        receive: see :data:`Receive`; mostly ``lambda envelope, raw: kit.receive("mail", envelope, raw)``.
        domain: the gateway's mail domain.
        host: the address to bind.
        port: 0: any free one; :attr:`port` has it after the start.
        lmtp: speak LMTP, as Postfix and Exim do to a mailbox.
        most_bytes: of one mail.
        most_recipients: of one mail; RFC 5321 (4.5.3.1.8) wants at least 100. The sending server brings the others in a
            second mail.
        idle: seconds after which a silent connection is closed.
        judge: see :data:`Judge`.

    Raises:
        MissingExtra: aiosmtpd is not installed.
    """

    def __init__(
        self,
        receive: Receive,
        *,
        domain: str,
        host: str = "127.0.0.1",
        port: int = 0,
        lmtp: bool = False,
        most_bytes: int = 10_000_000,
        most_recipients: int = 100,
        idle: float = 300.0,
        judge: Judge | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self._server_class = _server_class(lmtp=lmtp)
        self._hooks = _Hooks(receive, judge, domain, most_recipients)
        self._domain, self._most_bytes, self._idle = domain, most_bytes, idle
        self._connections: weakref.WeakSet[SMTP] = weakref.WeakSet()
        self._running: tuple[asyncio.AbstractEventLoop, asyncio.Server, threading.Thread] | None = None

    def start(self) -> None:
        """Bind, and serve in a thread of its own.

        Raises:
            ConfigurationError: the address cannot be bound, or it listens already.
        """
        if self._running is not None:
            raise ConfigurationError("This listener listens already: stop it first, or make a second one.")
        loop = asyncio.new_event_loop()
        try:
            server = loop.run_until_complete(loop.create_server(lambda: self._connection(loop), self.host, self.port))
        except OSError as error:
            loop.close()
            raise ConfigurationError(f"Cannot listen on {self.host}:{self.port}: {error}") from error
        self.port = server.sockets[0].getsockname()[1]
        thread = threading.Thread(target=loop.run_forever, name=f"servicekit-mail-{self.port}", daemon=True)
        thread.start()
        self._running = loop, server, thread

    def stop(self) -> None:
        """Take no more mail, let the mails that are being stored be answered, and end. Does nothing if it does not listen."""
        if self._running is None:
            return
        loop, server, thread = self._running
        self._running = None
        asyncio.run_coroutine_threadsafe(self._finish(loop, server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _connection(self, loop: asyncio.AbstractEventLoop) -> SMTP:
        connection = self._server_class(
            self._hooks,
            data_size_limit=self._most_bytes,
            hostname=self._domain,
            ident="servicekit",
            timeout=self._idle,
            loop=loop,
        )
        self._connections.add(connection)
        return connection

    async def _finish(self, loop: asyncio.AbstractEventLoop, server: asyncio.Server) -> None:
        server.close()
        await asyncio.gather(*self._hooks.storing, return_exceptions=True)
        for connection in list(self._connections):
            if connection.transport is not None:
                connection.transport.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await server.wait_closed()
        await loop.shutdown_default_executor()


def _server_class(*, lmtp: bool) -> type[SMTP]:
    try:
        from servicekit.adapters.mail import _wire
    except ImportError as error:
        raise MissingExtra("gateway", "Taking in mail over SMTP or LMTP") from error
    return _wire.LmtpServer if lmtp else _wire.SmtpServer


class _Hooks:
    """What aiosmtpd calls, by the names it knows."""

    def __init__(self, receive: Receive, judge: Judge | None, domain: str, most_recipients: int) -> None:
        self._receive = receive
        self._judge = judge
        self._domain = domain.lower()
        self._most_recipients = most_recipients
        self.storing: set[asyncio.Task[str]] = set()

    async def handle_EHLO(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, session: Session, _envelope: WireEnvelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        # Commands are read from a buffer, one after the other, as RFC 2920 asks.
        codes = ["250-ENHANCEDSTATUSCODES"] if hasattr(server, "smtp_LHLO") else []
        return [responses[0], "250-PIPELINING", *codes, *responses[1:]]

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: WireEnvelope, address: str, options: list[str]
    ) -> str:
        if address.rpartition("@")[2].lower() != self._domain:
            return f"550 5.7.1 {_one_line(address)} is not ours: this server takes mail for {self._domain} alone"
        if len(envelope.rcpt_tos) >= self._most_recipients:
            return f"452 4.5.3 Too many recipients: at most {self._most_recipients} in one mail"
        reason = await asyncio.to_thread(self._judge, address) if self._judge else None
        if reason is not None:
            return f"550 5.1.1 {_one_line(reason)}"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: WireEnvelope) -> str:  # noqa: N802
        sender = "" if envelope.mail_from in {None, "<>"} else str(envelope.mail_from)
        content = envelope.original_content or b""
        task = asyncio.create_task(asyncio.to_thread(self._store, Envelope(sender, tuple(envelope.rcpt_tos)), content))
        self.storing.add(task)
        task.add_done_callback(self.storing.discard)
        # If the other side hangs up, the mail is stored all the same, and known again when it comes once more.
        return await asyncio.shield(task)

    async def handle_exception(self, error: Exception) -> str:
        _log.error("A mail server's command failed", exc_info=error)
        return _LATER

    def _store(self, envelope: Envelope, raw: bytes) -> str:
        try:
            self._receive(envelope, raw)
        except UnreadableInput as error:
            return f"554 5.6.0 {_one_line(error.message)}"
        except Refused as error:
            return f"554 5.7.1 {_one_line(error.message)}"
        except StorageError:
            _log.warning("The database took no mail; the sending server keeps it", exc_info=True)
            return _LATER
        except Exception:  # noqa: BLE001  # whatever it is: without an answer the mail would be lost, with one it is kept
            _log.exception("A mail could not be taken; the sending server keeps it")
            return _LATER
        return "250 2.0.0 OK: stored"


def _one_line(text: str) -> str:
    """A sentence for a reply line: ASCII, because not every client may be answered in UTF-8 (RFC 6531, 3.5)."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    return " ".join("".join(char if char.isprintable() else " " for char in plain).split())[:_LONGEST_REPLY]
