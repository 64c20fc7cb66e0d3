"""aiosmtpd's servers with what they lack: the short way through an address. The rest is shown over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from aiosmtpd.smtp import SMTP
from hypothesis import example, given, settings
from hypothesis import strategies as st

from servicekit.adapters.mail._wire import SIMPLE, SmtpServer

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
