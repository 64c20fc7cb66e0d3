"""The network that pushes take, at its edges; what it does over sockets stands in the posts' own tests."""

from __future__ import annotations

import socket

import httpcore
import pytest

from servicekit.errors import Unreachable
from servicekit.push import Reach
from servicekit.runtime.guarded import Bounded, Guarded


def test_there_is_always_something_left_or_an_error() -> None:
    """A time that is over before anything was begun begins nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        for addresses in (["127.0.0.1"], ["127.0.0.1", "127.0.0.1"]):
            backend = Guarded(Reach.of(private=True), lambda _h, _p, a=addresses: a, scheme="http", seconds=0.0)  # type: ignore[misc]
            with pytest.raises(httpcore.ConnectTimeout):
                backend.connect_tcp("push.example", port)


def test_the_first_address_that_answers_is_taken() -> None:
    """The others are not connected to."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        backend = Guarded(
            Reach.of(private=True), lambda _h, _p: ["127.0.0.1", "192.0.2.1"], scheme="http", seconds=60.0
        )
        stream = backend.connect_tcp("push.example", port)
        assert stream.get_extra_info("server_addr") == ("127.0.0.1", port)
        stream.close()


def test_a_name_without_addresses_is_refused() -> None:
    """There is nothing that may be reached."""
    backend = Guarded(Reach.of(private=True), lambda _h, _p: [], scheme="http", seconds=1.0)
    with pytest.raises(Unreachable, match="no address"):
        backend.connect_tcp("push.example", 80)


def test_a_connection_says_what_the_one_below_says() -> None:
    """httpcore asks whether it is still readable."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        backend = Guarded(Reach.of(private=True), lambda _h, _p: ["127.0.0.1"], scheme="http", seconds=60.0)
        stream = backend.connect_tcp("push.example", port)
        assert isinstance(stream, Bounded)
        assert stream.get_extra_info("server_addr") == ("127.0.0.1", port)
        stream.close()
