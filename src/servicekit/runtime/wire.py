"""Connections for :class:`~servicekit.runtime.http.AsyncHttpDriver`: HTTP/1.1 by h11 over asyncio, as a transport of httpx.

httpx's own transport looks through all its connections at every request, which at 64 of them costs 8 ms of a processor, against
0.3 ms here; h11 is the same parser in both.

Rules kept here:

* A connection carries one exchange at a time and is then kept for the next one, for :data:`KEPT` seconds at most. One that the
  peer has closed, that said more than it was asked, or whose exchange was broken off is not used again.
* Faults are httpx's errors: those of connecting say that nothing was sent.
* Certificates are checked, against the same authorities as httpx does.

Refused: HTTP/2, proxies, upgrades.
"""

from __future__ import annotations

import asyncio
import ssl
from functools import cache
from typing import cast

import h11
import httpx

__all__ = ["KEPT", "Connections"]

KEPT = 5.0
"""Seconds that an idle connection is kept; servers close theirs after a few more."""

_Origin = tuple[str, str, int]
_PORTS = {"http": 80, "https": 443}
_FRESH = {h11.CLIENT: h11.IDLE, h11.SERVER: h11.IDLE}
_EYEBALLS = 0.25  # seconds until the next address of a name is tried as well (RFC 8305)


class Connections(httpx.AsyncBaseTransport):
    """A pool without limits of its own; there are as many connections as exchanges at once.

    Args:
        largest: bytes of a body after which reading ends; the response then has more than that, and its connection is closed.
    """

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._idle: dict[_Origin, list[_Connection]] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One exchange, with its whole body; cancelled, it closes its connection.

        Raises:
            httpx.ConnectError, httpx.ConnectTimeout: nothing was sent.
            httpx.RemoteProtocolError, httpx.ReadError: no whole answer came.
            httpx.LocalProtocolError: this is no request of HTTP.
        """
        url = request.url
        origin = (url.scheme, url.host, url.port or _PORTS[url.scheme])
        connection = self._kept(origin) or await _connected(origin, request.extensions["timeout"]["connect"])
        try:
            response = await connection.exchange(request, self._largest)
        except h11.LocalProtocolError as error:
            raise httpx.LocalProtocolError(str(error)) from error
        finally:
            if connection.reusable:
                self._idle.setdefault(origin, []).append(connection)
            else:
                connection.close()
        return response

    async def aclose(self) -> None:
        """Close all idle connections."""
        for connections in self._idle.values():
            for connection in connections:
                connection.close()
        self._idle.clear()

    def _kept(self, origin: _Origin) -> _Connection | None:
        """The one that was used last, if it is fit."""
        idle = self._idle.get(origin, [])
        while idle:
            connection = idle.pop()
            if connection.reusable:
                return connection
            connection.close()
        return None


async def _connected(origin: _Origin, seconds: float) -> _Connection:
    scheme, host, port = origin
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(seconds):
            _, connection = await loop.create_connection(
                _Connection,
                host,
                port,
                ssl=_tls() if scheme == "https" else None,
                happy_eyeballs_delay=_EYEBALLS,
            )
    except TimeoutError as error:
        raise httpx.ConnectTimeout(str(error)) from error
    except (OSError, UnicodeError) as error:  # the latter: a name that IDNA does not know
        raise httpx.ConnectError(str(error)) from error
    return connection


@cache
def _tls() -> ssl.SSLContext:
    context = httpx.create_ssl_context(trust_env=False)
    context.set_alpn_protocols(["http/1.1"])
    return context


class _Connection(asyncio.Protocol):
    """One connection to a server."""

    def __init__(self) -> None:
        self._http = h11.Connection(h11.CLIENT)
        self._loop = asyncio.get_running_loop()
        self._answer: asyncio.Future[httpx.Response] | None = None
        self._head: h11.Response | None = None
        self._body = bytearray()
        self._largest = 0
        self._used = 0.0

    @property
    def reusable(self) -> bool:
        """Whether another exchange may begin."""
        return (
            self._http.states == _FRESH
            and self._answer is None
            and not self._transport.is_closing()
            and self._loop.time() - self._used < KEPT
        )

    def close(self) -> None:
        """Let go of it."""
        self._transport.abort()

    async def exchange(self, request: httpx.Request, largest: int) -> httpx.Response:
        """Send a request whose body is in memory; the answer once it is whole."""
        written = self._written(request)
        self._answer, self._head, self._body, self._largest = self._loop.create_future(), None, bytearray(), largest
        self._transport.write(written)
        return await self._answer

    def _written(self, request: httpx.Request) -> bytes:
        head = h11.Request(method=request.method, target=request.url.raw_path, headers=request.headers.raw)
        events: list[h11.Event] = [head, h11.EndOfMessage()]
        if request.content:
            events.insert(1, h11.Data(data=request.content))
        return b"".join(self._http.send(event) or b"" for event in events)

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._answer is None:
            self.close()  # nobody asked
        else:
            self._hear(data)

    def connection_lost(self, error: Exception | None) -> None:
        if self._answer is not None:
            if error is None:
                self._hear(b"")  # which ends a body that says no length
            else:
                self._fail(httpx.ReadError(str(error)))

    def _hear(self, data: bytes) -> None:
        try:
            self._http.receive_data(data)
            while self._answer is not None:
                event = self._http.next_event()
                if event is h11.NEED_DATA:
                    return
                if isinstance(event, h11.Response):
                    self._head = event
                elif isinstance(event, h11.Data):
                    self._body += event.data
                    if len(self._body) > self._largest:
                        self._end()
                elif isinstance(event, h11.EndOfMessage):
                    if self._http.our_state is h11.DONE is self._http.their_state and not self._http.trailing_data[0]:
                        self._http.start_next_cycle()
                    self._end()
                elif not isinstance(event, h11.InformationalResponse):  # the peer has closed, or wants another protocol
                    self._fail(httpx.RemoteProtocolError("the server ended the connection without an answer"))
        except h11.RemoteProtocolError as error:
            self._fail(httpx.RemoteProtocolError(str(error)))

    def _end(self) -> None:
        answer, self._answer, self._used = self._answer, None, self._loop.time()
        if answer is not None and self._head is not None and not answer.done():  # done: cancelled
            body = httpx.ByteStream(bytes(self._body))
            answer.set_result(
                httpx.Response(self._head.status_code, headers=self._head.headers.raw_items(), stream=body)
            )

    def _fail(self, error: httpx.TransportError) -> None:
        answer, self._answer = self._answer, None
        self.close()
        if answer is not None and not answer.done():
            answer.set_exception(error)
