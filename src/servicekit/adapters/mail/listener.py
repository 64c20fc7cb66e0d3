"""Mail in: a small server for SMTP (RFC 5321) or LMTP (RFC 2033), by aiosmtpd (extra ``gateway``).

It stands behind a real mail server and speaks to that one alone. What it answers, and when, is said in
:mod:`servicekit.adapters.mail._hooks`. Sizes, recipients and idle time are bounded. Addresses outside ASCII (RFC 6531) are refused.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from servicekit.adapters.mail._hands import Hands
from servicekit.adapters.mail._hooks import Hooks, Judge, Receive
from servicekit.errors import ConfigurationError, MissingExtra

if TYPE_CHECKING:
    from aiosmtpd.smtp import SMTP

__all__ = ["Judge", "Listener", "Receive", "tls_of"]

_THREADS = 16  # mails in hand: some wait for the DNS; those that wait for the disk may share a commit


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
        self._hooks = Hooks(receive, judge, domain, most_recipients, judge_waits=judge_waits, xforward=xforward)
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
        loop.set_default_executor(ThreadPoolExecutor(_THREADS, thread_name_prefix="servicekit-judge"))
        try:
            server = loop.run_until_complete(self._bound(loop))
        except OSError as error:
            loop.close()
            raise ConfigurationError(f"Cannot listen on {self._where}: {error}") from error
        if self.path:
            Path(self.path).chmod(0o660)
        self._hooks.hands = Hands(loop, _THREADS, "servicekit-mail")
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
        await loop.run_in_executor(None, self._hooks.hands.stop)
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
