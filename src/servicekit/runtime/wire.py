"""Connections for :class:`~servicekit.runtime.http.AsyncHttpDriver`: HTTP/1.1 by h11 over asyncio.

httpx's own pool looks through all its connections at every request: at 64 of them that takes 8 ms of a processor, against a
tenth of one here. The parser is the same, and so are the errors, the certificates and what a URL is.

Rules kept here:

* A connection carries one exchange at a time and is then kept for the next one, for :data:`KEPT` seconds at most. One that the
  peer has closed, that said more than it was asked, or whose exchange was broken off is not used again.
* Faults are httpx's errors: those of connecting say that nothing was sent.
* h11 takes half of an exchange's time, so it is asked once where it would say the same again. A request's head is as h11 wrote
  the same one before; an answer that comes whole, in one piece and says nothing unusual is read at sight
  (:func:`read_at_once`). Whatever else comes, h11 reads.

Refused: HTTP/2, proxies, upgrades.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import cast

import h11
import httpx

from servicekit.ports.http import HttpRequest, HttpResponse

__all__ = ["HEADERS", "KEPT", "Connections", "read_at_once"]

HEADERS: Mapping[str, str] = {"accept": "*/*", "accept-encoding": "identity", "user-agent": "servicekit"}
"""Sent with every request that does not say otherwise."""

KEPT = 5.0
"""Seconds that an idle connection is kept; servers close theirs after a few more."""

_Origin = tuple[str, str, int]
_PORTS = {"http": 80, "https": 443}
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})  # which say so even if it is empty (RFC 9110, 8.6)
_PIECE = 65_536
_HEADS_KEPT = 256
_EYEBALLS = 0.25  # seconds until the next address of a name is tried as well (RFC 8305)


class Connections:
    """A pool without limits of its own; there are as many connections as exchanges at once.

    Args:
        largest: bytes of a body after which reading ends; the answer then has more than that, and its connection is closed.
    """

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._idle: dict[_Origin, list[_Connection]] = {}
        self._head = lru_cache(_HEADS_KEPT)(_head)  # its own, because credentials are in them

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
        asked, head = self._head(request.method, target, tuple(_headers(request, host).items()))
        if request.body or request.method in _WITH_BODY:
            head = b"%scontent-length: %d\r\n\r\n" % (head.removesuffix(b"\r\n"), len(request.body))
        connection = self._kept(origin) or await _connected(origin, connect)
        try:
            return await connection.exchange(asked, head + request.body, self._largest)
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


def _headers(request: HttpRequest, host: str) -> dict[str, str]:
    headers = {"host": host, **HEADERS, **{name.lower(): value for name, value in request.headers.items()}}
    headers.pop("content-length", None)  # it is said when the body is there
    return headers


def _head(method: str, target: bytes, headers: tuple[tuple[str, str], ...]) -> tuple[h11.Request, bytes]:
    """A request as h11 takes it, and its head as h11 writes it; the length of its body is yet to be said, at the end."""
    try:
        asked = h11.Request(method=method, target=target, headers=list(headers))
        http = h11.Connection(h11.CLIENT)
        head, ended = http.send(asked) or b"", http.send(h11.EndOfMessage())
    except h11.LocalProtocolError as error:
        raise httpx.LocalProtocolError(str(error)) from error
    if ended:
        raise httpx.LocalProtocolError("A body is sent whole, under its length: leave out Transfer-Encoding.")
    return asked, head


# What h11 takes, too, but for what is allowed and seldom.
_SIMPLE = re.compile(
    rb"HTTP/1\.1 ([2-5][0-9][0-9])(?: [\t\x20-\x7e\x80-\xff]*)?\r\n"
    rb"((?:[-!#$%&'*+.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)+)\r\n"
)
_UNUSUAL = frozenset({"transfer-encoding", "content-encoding", "upgrade"})
_NO_BODY = frozenset({204, 304})  # whatever their headers say (RFC 9112, 6.3)


def read_at_once(data: bytes) -> HttpResponse | None:
    r"""A whole answer of HTTP/1.1 whose connection goes on, as h11 would read it; None for anything that is not plainly that.

    Costs a twentieth of what h11 takes.

    >>> read_at_once(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").body
    b'ok'
    >>> read_at_once(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok")
    """
    found = _SIMPLE.match(data)
    if found is None or (status := int(found[1])) in _NO_BODY:
        return None
    headers: dict[str, str] = {}
    for line in found[2].splitlines():
        raw_name, _, raw_value = line.partition(b":")
        name, value = raw_name.decode("ascii").lower(), raw_value.strip(b" \t").decode("latin-1")
        if name in headers or name in _UNUSUAL:
            return None
        headers[name] = value
    length, body = headers.get("content-length", ""), data[found.end() :]
    goes_on = headers.get("connection", "keep-alive").lower() == "keep-alive"
    return HttpResponse(status=status, headers=headers, body=body) if goes_on and length == str(len(body)) else None


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
        self._loop = asyncio.get_running_loop()
        self._fit = True
        self._answer: asyncio.Future[h11.Response | HttpResponse] | None = None
        self._asked: h11.Request | None = None
        self._http: h11.Connection | None = None  # once it has something to read
        self._head: h11.Response | None = None
        self._body = bytearray()
        self._largest = 0
        self._used = 0.0

    @property
    def reusable(self) -> bool:
        """Whether another exchange may begin."""
        return (
            self._fit
            and self._answer is None
            and not self._transport.is_closing()
            and self._loop.time() - self._used < KEPT
        )

    def close(self) -> None:
        """Let go of it."""
        self._transport.abort()

    async def exchange(self, asked: h11.Request, written: bytes, largest: int) -> HttpResponse:
        """Send a request, as it is written; the answer once it is whole."""
        self._answer = answer = self._loop.create_future()
        self._asked, self._http, self._head, self._body, self._largest = asked, None, None, bytearray(), largest
        self._fit = False
        self._transport.write(written)
        told = await answer
        return told if isinstance(told, HttpResponse) else _response(told, bytes(self._body), largest)

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._answer is None:
            self.close()  # nobody asked
            return
        whole = read_at_once(data) if self._http is None else None
        if whole is None:
            self._hear(data)
        else:
            self._fit = len(whole.body) <= self._largest
            self._end(whole)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None:
            if exc is None:
                self._hear(b"")  # which ends a body that says no length
            else:
                self._fail(httpx.ReadError(str(exc)))

    def _hear(self, data: bytes) -> None:
        try:
            http = self._reader()
            http.receive_data(data)
            while self._answer is not None:
                event = http.next_event()
                if not isinstance(event, h11.Event):  # it needs more
                    return
                if isinstance(event, h11.Response):
                    self._head = event
                elif isinstance(event, h11.Data):
                    self._body += event.data
                    if len(self._body) > self._largest:
                        self._end(self._head)
                elif isinstance(event, h11.EndOfMessage):
                    self._fit = http.our_state is h11.DONE is http.their_state and not http.trailing_data[0]
                    self._end(self._head)
        except h11.RemoteProtocolError as error:
            self._fail(httpx.RemoteProtocolError(str(error)))

    def _reader(self) -> h11.Connection:
        """h11, as if it had sent the request."""
        if self._http is None:
            assert self._asked is not None, "somebody has asked"
            self._http = h11.Connection(h11.CLIENT)
            self._http.send(self._asked)
            self._http.send(h11.EndOfMessage())
        return self._http

    def _end(self, told: h11.Response | HttpResponse | None) -> None:
        answer, self._answer, self._used = self._answer, None, self._loop.time()
        if answer is not None and told is not None and not answer.done():  # done: cancelled
            answer.set_result(told)

    def _fail(self, error: httpx.TransportError) -> None:
        answer, self._answer = self._answer, None
        self.close()
        if answer is not None and not answer.done():
            answer.set_exception(error)
