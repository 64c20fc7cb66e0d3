"""Mail in: a small server for SMTP (RFC 5321) or LMTP (RFC 2033), by aiosmtpd (extra ``gateway``).

It stands behind a real mail server and speaks to that one alone.

Rules kept here:

* A mail is answered with 250 only after ``receive`` has returned, which it does only after its transaction is committed.
  So a mail is stored here, or kept by the server that sent it: never lost, at worst delivered twice.
* What proves no sender is answered with 250 too, and dropped: unreadable mails here, forged ones by ``receive``. The server in
  front has taken the mail already and would bounce a refusal to whoever the mail claims to be from, who never sent it.
* What a proven sender may not do is refused for good (554), with the reason for it. What went wrong on our side, or in the DNS,
  asks to come again (451) and tells the other side nothing.
* Recipients are judged when they are named, where one refusal does not hurt the others. Any other domain than the gateway's
  gets 550: this is no relay.
* LMTP answers once for each recipient that was taken (RFC 2033, 4.2): 550 for those that ``receive`` refuses, the same answer
  for all others, since a mail is stored once. Over SMTP there is one answer for all, so those refused go unsaid.

* Who sent the mail to the server in front is known only if that server says so (``XFORWARD``, which Postfix speaks); it is asked
  only where ``xforward`` is set, since whoever may speak it is believed.

Sizes, recipients and idle time are bounded. Addresses outside ASCII (RFC 6531) are refused.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import threading
import unicodedata
import weakref
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from servicekit.errors import (
    ConfigurationError,
    MissingExtra,
    OutsideError,
    Refused,
    StorageError,
    UnreadableInput,
)
from servicekit.mail import Envelope

if TYPE_CHECKING:
    from aiosmtpd.smtp import SMTP, Session
    from aiosmtpd.smtp import Envelope as WireEnvelope

    from servicekit.adapters.mail._wire import SmtpServer

__all__ = ["Judge", "Listener", "Receive", "tls_of"]

_log = logging.getLogger(__name__)

Receive = Callable[[Envelope, bytes], object]
"""Stores a mail; returns after it is stored. Blocking; called from several threads at once.

What it returns may have ``refusals``: a sentence for each recipient that gets nothing, as
:class:`servicekit.usecases.mailing.MailTaken` has; and ``ignored``: why the mail became nothing, for the log.
"""

Judge = Callable[[str], str | None]
"""Why a recipient is refused, in one sentence; None if it is welcome. Blocking; called from several threads at once, or from the
listener's own where it never waits."""

_TAKEN = "250 2.0.0 OK: stored"
_DROPPED = "250 2.0.0 OK: dropped"
_UNDECIDED = "451 4.7.0 The sender cannot be verified now: send it again later"
_LATER = "451 4.3.0 Something went wrong here, the mail was not taken: send it again later"
_THREADS = 16  # mails in hand: some wait for the DNS; those that wait for the disk may share a commit
_LONGEST_REPLY = 400  # characters of a refusal: a reply line has at most 512 (RFC 5321, 4.5.3.1.5)


class Listener:
    """Listens on one address and hands every mail to ``receive``.

    Args:
        receive: see :data:`Receive`; mostly ``lambda envelope, raw: kit.receive("mail", envelope, raw)``.
        domain: the gateway's mail domain.
        host: the address to bind.
        port: 0: any free one; :attr:`port` has it after the start.
        path: a Unix socket instead of host and port, made with the mode 0660.
        lmtp: speak LMTP, as Postfix and Exim do to a mailbox.
        most_bytes: of one mail.
        most_recipients: of one mail; RFC 5321 (4.5.3.1.8) wants at least 100. The sending server brings the others in a
            second mail.
        idle: seconds after which a silent connection is closed.
        judge: see :data:`Judge`.
        judge_waits: the judge may wait for something, such as a database, so it is asked in a thread of its own. False for one
            that only computes, as :meth:`servicekit.Kit.hopeless` does: a change of threads takes longer than its answer.
        tls: offers STARTTLS (RFC 3207) and takes no mail before it; see :func:`tls_of`.
        xforward: the server that connects says by XFORWARD whom a mail is from, and is believed. Without it the envelope has
            the connecting server's address.

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
        path: str = "",
        lmtp: bool = False,
        most_bytes: int = 10_000_000,
        most_recipients: int = 100,
        idle: float = 300.0,
        judge: Judge | None = None,
        judge_waits: bool = True,
        tls: ssl.SSLContext | None = None,
        xforward: bool = False,
    ) -> None:
        self.host = host
        self.port = port
        self.path = path
        self._tls = tls
        self._server_class = _server_class(lmtp=lmtp)
        self._hooks = _Hooks(receive, judge, domain, most_recipients, judge_waits=judge_waits, xforward=xforward)
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
        loop.set_default_executor(ThreadPoolExecutor(_THREADS, thread_name_prefix="servicekit-mail"))
        try:
            server = loop.run_until_complete(self._bound(loop))
        except OSError as error:
            loop.close()
            raise ConfigurationError(f"Cannot listen on {self._where}: {error}") from error
        if self.path:
            Path(self.path).chmod(0o660)
        thread = threading.Thread(target=loop.run_forever, name=f"servicekit-mail-{self._where}", daemon=True)
        thread.start()
        self._running = loop, server, thread

    @property
    def _where(self) -> str:
        return self.path or f"{self.host}:{self.port}"

    async def _bound(self, loop: asyncio.AbstractEventLoop) -> asyncio.Server:
        def connection() -> SMTP:
            return self._connection(loop)

        if not self.path:
            server = await loop.create_server(connection, self.host, self.port)
            self.port = server.sockets[0].getsockname()[1]
            return server
        if _answers(self.path):
            raise OSError("somebody listens there already")
        return await loop.create_unix_server(connection, self.path)  # a socket that nobody listens on is replaced

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
        if self.path:
            Path(self.path).unlink(missing_ok=True)

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
            tls_context=self._tls,
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


def tls_of(certificate: str, key: str) -> ssl.SSLContext:
    """What STARTTLS needs, from two PEM files: the certificate with its chain, and its key.

    Raises:
        ConfigurationError: they cannot be read, or do not belong together.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"{certificate} and {key} are no certificate and its key: {error}") from error
    return context


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as line, suppress(OSError):
        line.connect(path)
        return True
    return False


def _server_class(*, lmtp: bool) -> type[SMTP]:
    try:
        from servicekit.adapters.mail import _wire
    except ImportError as error:
        raise MissingExtra("gateway", "Taking in mail over SMTP or LMTP") from error
    return _wire.LmtpServer if lmtp else _wire.SmtpServer


class _Hooks:
    """What aiosmtpd calls, by the names it knows."""

    def __init__(
        self,
        receive: Receive,
        judge: Judge | None,
        domain: str,
        most_recipients: int,
        *,
        judge_waits: bool,
        xforward: bool,
    ) -> None:
        self.xforward = xforward
        self._receive = receive
        self._judge = judge
        self._judge_waits = judge_waits
        self._domain = domain.lower()
        self._most_recipients = most_recipients
        self.storing: set[asyncio.Future[tuple[str, Mapping[str, str]]]] = set()

    async def handle_EHLO(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, session: Session, _envelope: WireEnvelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        # Commands are read from a buffer, one after the other, as RFC 2920 asks.
        codes = ["250-ENHANCEDSTATUSCODES"] if hasattr(server, "smtp_LHLO") else []
        forward = ["250-XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE"] if self.xforward else []
        return [responses[0], "250-PIPELINING", *codes, *forward, *responses[1:]]

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: WireEnvelope, address: str, options: list[str]
    ) -> str:
        if address.rpartition("@")[2].lower() != self._domain:
            return f"550 5.7.1 {_one_line(address)} is not ours: this server takes mail for {self._domain} alone"
        if len(envelope.rcpt_tos) >= self._most_recipients:
            return f"452 4.5.3 Too many recipients: at most {self._most_recipients} in one mail"
        reason = await self._why_not(address)
        if reason is not None:
            return f"550 5.1.1 {_one_line(reason)}"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def _why_not(self, address: str) -> str | None:
        if self._judge is None or not self._judge_waits:
            return self._judge(address) if self._judge else None
        return await asyncio.to_thread(self._judge, address)

    async def handle_DATA(self, server: SmtpServer, session: Session, envelope: WireEnvelope) -> str:  # noqa: N802
        content = envelope.original_content or b""
        told = self._envelope(server, session, envelope)
        stored = asyncio.get_running_loop().run_in_executor(None, self._store, told, content)
        self.storing.add(stored)
        stored.add_done_callback(self.storing.discard)
        # If the other side hangs up, the mail is stored all the same, and known again when it comes once more.
        answer, refusals = await asyncio.shield(stored)
        if refusals:
            server.replies = [
                f"550 5.1.1 {_one_line(refusals[one])}" if one in refusals else answer for one in envelope.rcpt_tos
            ]
        return answer

    def _envelope(self, server: SmtpServer, session: Session, envelope: WireEnvelope) -> Envelope:
        sender = "" if envelope.mail_from in {None, "<>"} else str(envelope.mail_from)
        if self.xforward:
            peer, helo = server.forwarded.get("ADDR", ""), server.forwarded.get("HELO", "")
        else:
            peer, helo = session.peer[0] if session.peer else "", session.host_name or ""
        return Envelope(sender, tuple(envelope.rcpt_tos), peer=peer, helo=helo)

    async def handle_exception(self, error: Exception) -> str:
        _log.error("A mail server's command failed", exc_info=error)
        return _LATER

    def _store(self, envelope: Envelope, raw: bytes) -> tuple[str, Mapping[str, str]]:
        """What is answered, and why to single recipients otherwise."""
        try:
            taken = self._receive(envelope, raw)
        except UnreadableInput as error:
            _log.warning("A mail was dropped, nobody can read it (%s): %s", error.code, error.message)
            return _DROPPED, {}
        except Refused as error:
            return f"554 5.7.1 {_one_line(error.message)}", {}
        except OutsideError as error:
            _log.warning("The sending server keeps a mail: %s", error.message)
            return _UNDECIDED, {}
        except StorageError:
            _log.warning("The database took no mail; the sending server keeps it", exc_info=True)
            return _LATER, {}
        except Exception:  # noqa: BLE001  # whatever it is: without an answer the mail would be lost, with one it is kept
            _log.exception("A mail could not be taken; the sending server keeps it")
            return _LATER, {}
        ignored = getattr(taken, "ignored", "")
        if ignored:
            _log.info("A mail was dropped: %s", ignored)
        return _DROPPED if ignored else _TAKEN, getattr(taken, "refusals", {})


def _one_line(text: str) -> str:
    """A sentence for a reply line: ASCII, because not every client may be answered in UTF-8 (RFC 6531, 3.5)."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    return " ".join("".join(char if char.isprintable() else " " for char in plain).split())[:_LONGEST_REPLY]
