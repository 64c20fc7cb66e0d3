"""Connections: kept while they are fit, and every way in which a server can break an exchange."""

from __future__ import annotations

import asyncio
import gzip
import re
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import h11
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.ports.http import HttpRequest, HttpResponse
from servicekit.runtime import wire
from servicekit.runtime.wire import Connections, read_at_once

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
LARGEST = 1000
CHUNKED = {"Transfer-Encoding": "chunked"}


class Server:
    """Answers each request with the next bytes of its script; then the last ones again. Keeps what it heard."""

    def __init__(self, *script: bytes, closes: bool = False) -> None:
        self.script = list(script)
        self.closes = closes
        self.heard: list[bytes] = []
        self.writers: list[asyncio.StreamWriter] = []
        self.asked = asyncio.Event()
        self.base = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, to its end."""
        self.writers.append(writer)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
                self.heard.append(head + await reader.readexactly(int(length or b"0")))
                self.asked.set()
                writer.write(self.script.pop(0) if len(self.script) > 1 else self.script[0])
                if self.closes:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def hang_up(self) -> None:
        """Close every connection, and let the client notice."""
        for writer in self.writers:
            writer.close()
        await asyncio.sleep(0.05)


@asynccontextmanager
async def served(*script: bytes, closes: bool = False, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """A server on a free port."""
    server = Server(*script, closes=closes)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    scheme = "https" if tls else "http"
    server.base = f"{scheme}://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listening.close()
        for writer in server.writers:
            writer.transport.abort()
        await asyncio.sleep(0)


def run(body: Callable[[Connections], Awaitable[None]]) -> None:
    """Run a test's coroutine, with connections of its own."""

    async def whole() -> None:
        connections = Connections(LARGEST)
        try:
            await body(connections)
        finally:
            connections.close()
            await asyncio.sleep(0)  # so that what was closed is gone

    asyncio.run(whole())


def get(url: str, **headers: str) -> HttpRequest:
    """A request."""
    return HttpRequest(method="GET", url=url, headers=headers)


def post(url: str, body: bytes = b"") -> HttpRequest:
    """One with a body, or with an empty one."""
    return HttpRequest(method="POST", url=url, body=body)


async def answered(connections: Connections, script: bytes, *, closes: bool = False) -> HttpResponse:
    """The answer of a server that says just this."""
    async with served(script, closes=closes) as server:
        return await connections.exchange(get(server.base), 5)


def test_a_request_says_what_it_was_given_and_who_asks() -> None:
    """Its own headers come before ours; a body says its length, also an empty one."""

    async def body(connections: Connections) -> None:
        async with served(OK) as server:
            await connections.exchange(get(f"{server.base}/a?b=c", Accept="text/plain"), 5)
            await connections.exchange(post(f"{server.base}/ö", b"hej"), 5)
            await connections.exchange(post(server.base), 5)
        place = server.base.removeprefix("http://").encode()
        ours = b"accept-encoding: identity\r\nuser-agent: servicekit\r\n"
        assert server.heard == [
            b"GET /a?b=c HTTP/1.1\r\nhost: " + place + b"\r\naccept: text/plain\r\n" + ours + b"\r\n",
            b"POST /%C3%B6 HTTP/1.1\r\nhost: "
            + place
            + b"\r\naccept: */*\r\n"
            + ours
            + b"content-length: 3\r\n\r\nhej",
            b"POST / HTTP/1.1\r\nhost: " + place + b"\r\naccept: */*\r\n" + ours + b"content-length: 0\r\n\r\n",
        ]

    run(body)


def test_an_answer_has_its_headers_in_lower_case_and_repeated_ones_together() -> None:
    """As httpx gives them."""

    async def body(connections: Connections) -> None:
        response = await answered(
            connections, b"HTTP/1.1 201 Made\r\nX-One: \xe5\r\nLink: a\r\nLINK: b\r\nContent-Length: 2\r\n\r\nok"
        )
        headers = {"x-one": "å", "link": "a, b", "content-length": "2"}
        assert response == HttpResponse(status=201, headers=headers, body=b"ok")

    run(body)


def test_a_length_that_was_said_by_hand_is_said_once_and_right() -> None:
    """It is that of the body, or none."""

    async def body(connections: Connections) -> None:
        async with served(OK) as server:
            said = {"Content-Length": "7"}
            await connections.exchange(HttpRequest(method="POST", url=server.base, headers=said, body=b"hej"), 5)
            await connections.exchange(HttpRequest(method="GET", url=server.base, headers=said), 5)
        assert [re.findall(rb"content-length: \d+", heard) for heard in server.heard] == [[b"content-length: 3"], []]

    run(body)


def heard_by_h11(data: bytes) -> HttpResponse | None:
    """The slow model: the answer to a GET, if it is whole and another exchange may follow on the connection."""
    http = h11.Connection(h11.CLIENT)
    http.send(h11.Request(method="GET", target="/", headers=[("host", "vendor.test")]))
    http.send(h11.EndOfMessage())
    status, headers, body = 0, dict[str, str](), b""
    try:
        http.receive_data(data)
        while not isinstance(event := http.next_event(), h11.EndOfMessage):
            if isinstance(event, h11.Response):
                status = event.status_code
                for name, value in event.headers:
                    assert name.decode() not in headers
                    headers[name.decode()] = value.decode("latin-1")
            elif isinstance(event, h11.Data):
                body += event.data
            elif not isinstance(event, h11.InformationalResponse):
                return None
    except h11.RemoteProtocolError:
        return None
    if http.trailing_data[0] or http.our_state is not h11.DONE or http.their_state is not h11.DONE:
        return None
    return HttpResponse(status=status, headers=headers, body=bytes(body))


names = st.sampled_from(["Date", "Content-Type", "X-A", "Connection", "Content-Length", "Transfer-Encoding", "a b", ""])
values = st.sampled_from(
    ["", "a, b", " text/html ", "keep-alive", "close", "2", "02", "3", "chunked", "\xe5", "\x01", "a\tb"]
)


def mostly(usual: str, *others: str) -> st.SearchStrategy[str]:
    """One thing three times out of four."""
    return st.integers(0, 3).flatmap(lambda dice: st.sampled_from(others) if dice == 3 else st.just(usual))


@given(
    version=mostly("HTTP/1.1", "HTTP/1.0", "HTTP/2", "http/1.1"),
    status=mostly("200 OK", "201", "204", "304 ", "404 N\xe5t", "500 \x00", "103", "099", "600", "2000"),
    headers=st.lists(st.tuples(names, values), max_size=2, unique_by=lambda header: header[0].lower()),
    length=mostly("content-length: 2", "Content-Length:2", "content-length: 2 ", "content-length : 2", "x: y"),
    ends=mostly("\r\n", "\n", "\r\n ", "\r"),
    body=mostly("ok", "", "o", "okay", "2\r\nok\r\n0\r\n\r\n"),
)
def test_an_answer_that_is_read_at_sight_is_what_h11_reads(
    *, version: str, status: str, headers: list[tuple[str, str]], length: str, ends: str, body: str
) -> None:
    """Whatever it says, it is left to h11 or reads the same, on a connection that goes on."""
    lines = [f"{version} {status}", *(f"{name}: {value}" for name, value in headers), length, ""]
    data = ("\r\n".join(lines[:2]) + ends + "\r\n".join([*lines[2:], body])).encode("latin-1")

    read = read_at_once(data)

    assert read is None or read == heard_by_h11(data)


@pytest.mark.parametrize("status", ["200 OK", "201", "400 Bad Request", "503 Service Unavailable"])
def test_a_plain_answer_is_read_at_sight(status: str) -> None:
    """With the headers that servers of vendors send."""
    data = (
        f"HTTP/1.1 {status}\r\nServer: nginx\r\nDate: Wed, 25 Nov 2026 12:00:00 GMT\r\nContent-Type: application/json\r\n"
        "Content-Length: 2\r\nConnection: keep-alive\r\n\r\n{}"
    ).encode()

    read = read_at_once(data)

    assert read is not None
    assert read == heard_by_h11(data)


def test_an_answer_is_the_same_in_one_piece_and_in_several() -> None:
    """Read at sight, or by h11 once its second piece is there."""

    async def body(connections: Connections) -> None:
        async with served(OK[:20], OK) as server:
            asked = asyncio.create_task(connections.exchange(get(server.base), 5))
            await server.asked.wait()
            await asyncio.sleep(0.05)
            server.writers[0].write(OK[20:])
            in_pieces = await asked
            assert await connections.exchange(get(server.base), 5) == in_pieces
            assert len(server.writers) == 1

    run(body)


def test_an_answer_that_is_too_large_is_not_kept_going() -> None:
    """Also where it came in one piece: its connection is closed."""

    async def body(connections: Connections) -> None:
        async with served(b"HTTP/1.1 200 OK\r\ncontent-length: 1500\r\n\r\n" + bytes(1500)) as server:
            for _ in range(2):
                assert len((await connections.exchange(get(server.base), 5)).body) > LARGEST
            assert len(server.writers) == 2

    run(body)


def test_a_connection_is_kept_for_the_next_exchange() -> None:
    """And as many are opened as exchanges are under way at once."""

    async def body(connections: Connections) -> None:
        async with served(OK) as server:
            for _ in range(3):
                await connections.exchange(get(server.base), 5)
            assert len(server.writers) == 1
            await asyncio.gather(*(connections.exchange(get(server.base), 5) for _ in range(3)))
            assert len(server.writers) == 3

    run(body)


def test_a_connection_that_was_kept_too_long_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server is about to close it."""
    monkeypatch.setattr(wire, "KEPT", 0.0)

    async def body(connections: Connections) -> None:
        async with served(OK) as server:
            for _ in range(2):
                await connections.exchange(get(server.base), 5)
            assert len(server.writers) == 2

    run(body)


async def _hang_up(server: Server) -> None:
    await server.hang_up()


async def _speak_unasked(server: Server) -> None:
    server.writers[0].write(OK)
    await asyncio.sleep(0.05)


@pytest.mark.parametrize("act", [_hang_up, _speak_unasked])
def test_a_connection_that_is_not_fit_any_more_is_not_used(act: Callable[[Server], Awaitable[None]]) -> None:
    """The server has closed it, or said something that nobody asked: the next request goes over another, and arrives."""

    async def body(connections: Connections) -> None:
        async with served(OK) as server:
            await connections.exchange(get(server.base), 5)
            await act(server)
            assert (await connections.exchange(post(server.base), 5)).status == 200
            assert len(server.writers) == 2

    run(body)


@pytest.mark.parametrize(
    "script",
    [
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok",
        OK + b"HTTP/1.1 200 OK\r\n",
    ],
    ids=["it says so", "it says too much"],
)
def test_a_connection_that_cannot_go_on_is_closed(script: bytes) -> None:
    """Its answer counts."""

    async def body(connections: Connections) -> None:
        async with served(script) as server:
            for _ in range(2):
                assert (await connections.exchange(get(server.base), 5)).body == b"ok"
            assert len(server.writers) == 2

    run(body)


def test_a_body_may_come_in_pieces_or_end_with_the_connection() -> None:
    """Chunked, without a length, and after a word that says nothing yet (RFC 9110, 15.2)."""

    async def body(connections: Connections) -> None:
        chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n"
        assert (await answered(connections, chunked)).body == b"ok"
        endless = b"HTTP/1.1 200 OK\r\n\r\nok"
        assert (await answered(connections, endless, closes=True)).body == b"ok"
        patient = b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK
        assert (await answered(connections, patient)).body == b"ok"

    run(body)


def test_a_body_that_came_encoded_is_decoded() -> None:
    """Although nobody asked for that; one that would unfold beyond measure is cut off."""

    def packed(body: bytes) -> bytes:
        return b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(body) + body

    async def body(connections: Connections) -> None:
        assert (await answered(connections, packed(gzip.compress(b"ok")))).body == b"ok"
        bomb = await answered(connections, packed(gzip.compress(bytes(500_000))))
        assert LARGEST < len(bomb.body) < 100_000
        with pytest.raises(httpx.DecodingError):
            await answered(connections, packed(b"no gzip"))

    run(body)


def test_a_body_that_never_ends_is_cut_off() -> None:
    """After the largest and a piece more; the connection is closed."""

    async def body(connections: Connections) -> None:
        async with served(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(50_000)) as server:
            for _ in range(2):
                assert len((await connections.exchange(get(server.base), 5)).body) > LARGEST
            assert len(server.writers) == 2

    run(body)


@pytest.mark.parametrize(
    ("script", "closes"),
    [
        (b"", True),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf", True),
        (b"HTTP/1.1 20", True),
        (b"220 mail.example ESMTP\r\n\r\n", False),
        (b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", False),
    ],
    ids=["nothing", "a half", "a word", "another protocol", "a change of protocol"],
)
def test_what_is_no_whole_answer_is_none(script: bytes, *, closes: bool) -> None:
    """Whatever may have happened there."""

    async def body(connections: Connections) -> None:
        with pytest.raises(httpx.RemoteProtocolError):
            await answered(connections, script, closes=closes)

    run(body)


def test_a_connection_that_is_reset_gives_no_answer() -> None:
    """In the middle of one."""

    async def body(connections: Connections) -> None:
        async with served(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf") as server:
            asked = asyncio.create_task(connections.exchange(get(server.base), 5))
            await server.asked.wait()
            sock: Any = server.writers[0].get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # RST instead of FIN
            await asyncio.sleep(0.05)
            server.writers[0].transport.abort()
            with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
                await asked

    run(body)


@pytest.mark.parametrize("says", [b"content-length: 10\r\n", b""], ids=["a half", "perhaps the whole"])
def test_an_exchange_that_is_cancelled_closes_its_connection(says: bytes) -> None:
    """So that its answer is nobody else's; one that comes at the same moment is dropped."""

    async def body(connections: Connections) -> None:
        async with served(b"HTTP/1.1 200 OK\r\n" + says + b"\r\nhalf", OK) as server:
            asked = asyncio.create_task(connections.exchange(get(server.base), 5))
            await server.asked.wait()
            asked.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asked
            assert (await connections.exchange(get(server.base), 5)).body == b"ok"
            assert len(server.writers) == 2

    run(body)


def test_nobody_there_and_nobody_trusted_are_errors_of_connecting() -> None:
    """So that everybody knows that nothing was sent: a closed port, a name that is none, a server without a certificate."""
    anonymous = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    anonymous.maximum_version = ssl.TLSVersion.TLSv1_2
    anonymous.set_ciphers("AECDH-AES256-SHA:@SECLEVEL=0")

    async def body(connections: Connections) -> None:
        async with served(OK, tls=anonymous) as server:
            with pytest.raises(httpx.ConnectError):
                await connections.exchange(get(server.base), 5)
            assert server.heard == []
        for url in (server.base, f"http://{'x' * 64}.example"):
            with pytest.raises(httpx.ConnectError):
                await connections.exchange(get(url), 5)

    run(body)


def test_connecting_takes_no_longer_than_it_may() -> None:
    """No time at all, here."""

    async def body(connections: Connections) -> None:
        async with served(OK) as server:
            with pytest.raises(httpx.ConnectTimeout):
                await connections.exchange(get(server.base), 0)

    run(body)


def test_what_is_no_request_is_not_sent() -> None:
    """A line break in a header would begin another, a body has one length; a URL without a scheme leads nowhere."""

    async def body(connections: Connections) -> None:
        async with served(OK) as server:
            with pytest.raises(httpx.LocalProtocolError):
                await connections.exchange(get(server.base, accept="a\r\nb: c"), 5)
            with pytest.raises(httpx.LocalProtocolError):
                await connections.exchange(HttpRequest(method="POST", url=server.base, headers=CHUNKED, body=b"a"), 5)
            for url in ("vendor.test", "ftp://vendor.test", "http://"):
                with pytest.raises(httpx.UnsupportedProtocol):
                    await connections.exchange(get(url), 5)
            with pytest.raises(httpx.InvalidURL):
                await connections.exchange(get("http://vendor.test:port"), 5)
            assert server.writers == []

    run(body)
