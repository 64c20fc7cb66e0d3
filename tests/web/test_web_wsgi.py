"""The WSGI application over a real socket: what is taken, and what is refused before anything is read."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.validate import validator

import pytest

from servicekit import Kit
from servicekit.adapters.meetings.zoom import Zoom
from servicekit.testing.simulators import ZoomSimulator, serve
from servicekit.web import Webhooks


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Keep the tests' output clean."""


@pytest.fixture
def port() -> Iterator[int]:
    """A server on loopback with the application, under the standard library's validator of WSGI."""
    zoom = Zoom("a", "c", "s", ZoomSimulator.webhook_secret)
    with Kit.open("sqlite:///:memory:", meetings=zoom) as kit:
        app = validator(Webhooks(kit, most_bytes=2000))
        with make_server("127.0.0.1", 0, app, handler_class=_Quiet) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            yield server.server_port
            server.shutdown()
            thread.join()


def _call(port: int, method: str, path: str, body: bytes | None = b"{}", **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.putrequest(method, path)
        for name, value in ({"content-length": str(len(body))} if body is not None else {}).items():
            connection.putheader(name, value)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_a_vendor_s_question_is_answered(port: int) -> None:
    """Zoom's check of the address gets the proof that it asks for."""
    with serve(ZoomSimulator(webhook_url=f"http://127.0.0.1:{port}/hooks/zoom")) as server:
        server.simulator.validate_url()
        ends = time.monotonic() + 10
        while server.simulator.url_validated is None and time.monotonic() < ends:
            time.sleep(0.01)
        assert server.simulator.url_validated is True


@pytest.mark.parametrize("path", ["/hooks/zoom", "/zoom", "/hooks/zoom/"])
def test_an_unproven_call_is_refused_wherever_it_is_mounted(port: int, path: str) -> None:
    """The adapter's name is the last part of the path."""
    assert _call(port, "POST", path, json.dumps({"event": "meeting.deleted"}).encode()) == (401, b"")


def test_an_unknown_name_is_not_found(port: int) -> None:
    """A stranger's path is 404."""
    assert _call(port, "POST", "/hooks/nobody")[0] == 404


def test_only_post_is_taken(port: int) -> None:
    """Anything else is 405."""
    assert _call(port, "GET", "/hooks/zoom", None)[0] == 405


def test_a_body_needs_a_length_within_bounds(port: int) -> None:
    """Without a length 411, above the bound 413, and nothing is read."""
    assert _call(port, "POST", "/hooks/zoom", None)[0] == 411
    assert _call(port, "POST", "/hooks/zoom", b"x" * 2001)[0] == 413
