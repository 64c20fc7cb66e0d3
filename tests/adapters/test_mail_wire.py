"""aiosmtpd's servers with what they lack: the short ways through an address and through a mail. The rest is shown elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP
from hypothesis import example, given, settings
from hypothesis import strategies as st

from servicekit.adapters.mail._wire import SIMPLE, SmtpServer

LINE = 60  # bytes of the longest line in these tests
MOST = 400  # bytes of the largest mail

PIECES = st.sampled_from(
    [
        "<",
        ">",
        "@",
        ".",
        "a",
        "+46",
        "b-c",
        "d_e",
        " ",
        "(x)",
        '"',
        "\\",
        "[1.2.3.4]",
        ":",
        ",",
        "=?utf-8?q?a?=",
        "SIZE=1",
        "å",
    ]
)


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[SMTP, SMTP]]:
    """The library's and ours."""
    loop = asyncio.new_event_loop()
    yield SMTP(object(), hostname="x", loop=loop), SmtpServer(object(), hostname="x", loop=loop)
    loop.close()


@settings(max_examples=200)
@given(st.from_regex(SIMPLE, fullmatch=True) | st.lists(PIECES, max_size=12).map("".join))
@example("<0701740605@sms.example> SIZE=10")
@example("<>")
@example("")
@example("<a@b.c>\tX")
@example("<a@b.c> (x) SIZE=1")
def test_an_address_is_the_librarys(servers: tuple[SMTP, SMTP], arg: str) -> None:
    """Whatever stands there, the address, what follows it, and the refusal are the library's own."""
    found = []
    for server in servers:
        try:
            found.append(server._getaddr(arg))
        except Exception as error:  # noqa: BLE001 - the same goes wrong
            found.append((type(error).__name__, None))
    assert found[0] == found[1]


def test_common_addresses_go_the_short_way() -> None:
    """Those that mail servers send."""
    for arg in ("<0701740605@sms.example>", "<+46701740605@sms.example>", "<anna.ek@salon.example> SIZE=1024"):
        assert SIMPLE.fullmatch(arg)


class Keeps:
    """What a server gives its hooks."""

    def __init__(self) -> None:
        self.contents: list[bytes] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep it."""
        self.contents.append(envelope.original_content)
        return "250 OK"


class Short(SMTP):
    """The library's, with a line that is easily too long."""

    line_length_limit = LINE


class OursShort(SmtpServer):
    """Ours, likewise."""

    line_length_limit = LINE


async def said_to(kind: type[SMTP], chunks: list[bytes]) -> tuple[list[bytes], bytes]:
    """What a server keeps of data that comes in such chunks, and what it answers from there on."""
    keeps, loop = Keeps(), asyncio.get_running_loop()
    listening = await loop.create_server(
        lambda: kind(keeps, hostname="x", loop=loop, data_size_limit=MOST), "127.0.0.1", 0
    )
    async with listening:
        reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname())
        for line in (b"EHLO x", b"MAIL FROM:<a@b.example>", b"RCPT TO:<c@d.example>", b"DATA"):
            writer.write(line + b"\r\n")
        while not (await reader.readline()).startswith(b"354"):
            pass
        for chunk in chunks:
            writer.write(chunk)
            await writer.drain()
            await asyncio.sleep(0)
        writer.write(b"QUIT\r\n")
        answers = await reader.read()
        writer.close()
        await writer.wait_closed()
    return keeps.contents, answers


WORDS = [b"", b"..", b"a", b"a.", b".a", b"a\n.", b"\r", b"\n.\n", b"x" * 30, b"." * 30, b"x" * LINE, b"y" * 300]
DATA = (
    st.lists(st.sampled_from(WORDS) | st.binary(max_size=8), max_size=14)
    .map(lambda lines: b"".join(line + b"\r\n" for line in lines))
    .filter(lambda data: b"\r\n.\r\n" not in b"\r\n" + data)  # what comes after the end are commands
    .filter(lambda data: not MOST < len(data) < 2 * MOST)  # doubled dots are no part of a mail's size (RFC 1870, 5)
)


@settings(max_examples=150, deadline=None)
@given(DATA, st.lists(st.integers(0, 300), max_size=4))
@example(b"", [])
@example(b"Hello.\r\n..\r\n.Hello.\r\n", [9])
@example(b"x" * 57 + b".\r\n" + b"y" * 57 + b".\r\n", [])
@example(b"a\r\n" + b"x" * 58 + b".\r\n", [])
@example(b"a\r\n" * 10 + b"x" * 30 + b".\r\n", [])
@example(b"x" * 200 + b"\r\n.a\r\nb.\r\n", [])
def test_a_mail_is_read_as_the_library_reads_it(data: bytes, cuts: list[int]) -> None:
    """Dots, lines without an end, too long ones and too much: the same is kept and answered, however it comes in."""
    raw = data + b".\r\n"
    places = sorted({0, len(raw), *(cut for cut in cuts if cut < len(raw))})
    chunks = [raw[here:there] for here, there in pairwise(places)]

    async def both() -> list[tuple[list[bytes], bytes]]:
        return [await said_to(kind, chunks) for kind in (Short, OursShort)]

    theirs, ours = asyncio.run(both())
    assert ours == theirs
