"""Connections for :class:`~servicekit.runtime.http.AsyncHttpDriver`: HTTP/1.1 by h11 over asyncio.

httpx's own pool looks through all its connections at every request: at 64 of them that takes 8 ms of a processor, against a
quarter of one here. The parser is the same, and so are the errors, the certificates and what a URL is.

Rules kept here:

* A connection carries one exchange at a time and is then kept for the next one, for :data:`KEPT` seconds at most. One that the
  peer has closed, that said more than it was asked, or whose exchange was broken off is not used again.
* Faults are httpx's errors: those of connecting say that nothing was sent.

Refused: HTTP/2, proxies, upgrades.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import cast

import h11
import httpx

from servicekit.ports.http import HttpRequest, HttpResponse

__all__ = ["HEADERS", "KEPT", "Connections"]

HEADERS: Mapping[str, str] = {"accept": "*/*", "accept-encoding": "identity", "user-agent": "servicekit"}
"""Sent with every request that does not say otherwise."""

KEPT = 5.0
"""Seconds that an idle connection is kept; servers close theirs after a few more."""

_Origin = tuple[str, str, int]
_PORTS = {"http": 80, "https": 443}
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})  # which say so even if it is empty (RFC 9110, 8.6)
_PIECE = 65_536
_FRESH = {h11.CLIENT: h11.IDLE, h11.SERVER: h11.IDLE}
_EYEBALLS = 0.25  # seconds until the next address of a name is tried as well (RFC 8305)


class Connections:
    """A pool without limits of its own; there are as many connections as exchanges at once.

    Args:
        largest: bytes of a body after which reading ends; the answer then has more than that, and its connection is closed.
    """

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._idle: dict[_Origin, list[_Connection]] = {}

    async def exchange(self, request: HttpRequest, connect: float) -> HttpResponse:
        """One exchange, with its whole body; cancelled, it closes its connection.

        Args:
            request: what is asked; its time-out is the caller's to watch.
            connect: seconds that connecting may take.

        Raises:
            httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError: this is no request of HTTP.
            httpx.ConnectError, httpx.ConnectTimeout: nothing was sent.
            httpx.RemoteProtocolError, httpx.ReadError: no whole answer came.
            httpx.DecodingError: its body is not encoded as it says.
        """
        origin, host, target = _address(request.url)
        try:
            head = h11.Request(method=request.method, target=target, headers=_headers(request, host))
        except h11.LocalProtocolError as error:
            raise httpx.LocalProtocolError(str(error)) from error
        connection = self._kept(origin) or await _connected(origin, connect)
        try:
            return await connection.exchange(head, request.body, self._largest)
        finally:
            if connection.reusable:
                self._idle.setdefault(origin, []).append(connection)
            else:
                connection.close()

    def close(self) -> None:
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


@lru_cache(maxsize=256)
def _address(url: str) -> tuple[_Origin, str, bytes]:
    """Where a URL leads, what its Host is, and what is asked for there. Kept, because most are the same few."""
    parsed = httpx.URL(url)
    if parsed.scheme not in _PORTS or not parsed.host:
        raise httpx.UnsupportedProtocol("a URL begins with http://host or https://host")
    host = parsed.raw_host.decode("ascii")
    return (parsed.scheme, host, parsed.port or _PORTS[parsed.scheme]), parsed.netloc.decode("ascii"), parsed.raw_path


def _headers(request: HttpRequest, host: str) -> list[tuple[str, str]]:
    headers = {"host": host, **HEADERS, **{name.lower(): value for name, value in request.headers.items()}}
    if request.body or request.method in _WITH_BODY:
        headers["content-length"] = str(len(request.body))
    return list(headers.items())


def _response(head: h11.Response, body: bytes, largest: int) -> HttpResponse:
    headers: dict[str, str] = {}
    for raw_name, raw_value in head.headers:
        name, value = raw_name.decode("ascii"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    if "content-encoding" in headers:
        body = _decoded(headers, body, largest)
    return HttpResponse(status=head.status_code, headers=headers, body=body)


def _decoded(headers: Mapping[str, str], body: bytes, largest: int) -> bytes:
    """A body that came encoded although nobody asked for that; as far as ``largest`` goes and a piece more."""
    decoded = bytearray()
    for piece in httpx.Response(200, headers=headers, stream=httpx.ByteStream(body)).iter_bytes(_PIECE):
        decoded += piece
        if len(decoded) > largest:
            break
    return bytes(decoded)


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
        self._answer: asyncio.Future[h11.Response] | None = None
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

    async def exchange(self, head: h11.Request, body: bytes, largest: int) -> HttpResponse:
        """Send a request; the answer once it is whole."""
        self._answer, self._head, self._body, self._largest = self._loop.create_future(), None, bytearray(), largest
        events = [head, h11.Data(data=body), h11.EndOfMessage()] if body else [head, h11.EndOfMessage()]
        self._transport.write(b"".join(self._http.send(event) or b"" for event in events))
        return _response(await self._answer, bytes(self._body), largest)

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._answer is None:
            self.close()  # nobody asked
        else:
            self._hear(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None:
            if exc is None:
                self._hear(b"")  # which ends a body that says no length
            else:
                self._fail(httpx.ReadError(str(exc)))

    def _hear(self, data: bytes) -> None:
        try:
            self._http.receive_data(data)
            while self._answer is not None:
                event = self._http.next_event()
                if not isinstance(event, h11.Event):  # it needs more
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
        except h11.RemoteProtocolError as error:
            self._fail(httpx.RemoteProtocolError(str(error)))

    def _end(self) -> None:
        answer, self._answer, self._used = self._answer, None, self._loop.time()
        if answer is not None and self._head is not None and not answer.done():  # done: cancelled
            answer.set_result(self._head)

    def _fail(self, error: httpx.TransportError) -> None:
        answer, self._answer = self._answer, None
        self.close()
        if answer is not None and not answer.done():
            answer.set_exception(error)
