"""Endpoints mounted over WSGI and ASGI: what they are told, what is answered, what a log may show."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import MutableMapping
from typing import Any
from wsgiref.validate import validator

import pytest

from servicekit.ports.http import HookAnswer
from servicekit.web.calls import AsgiApp, Call, HideKeys, WsgiApp

KEY = "sk_" + "a" * 43


class Seen:
    """An endpoint that keeps what it was told."""

    def __init__(self, answer: HookAnswer) -> None:
        self.calls: list[Call] = []
        self.made = answer

    def __call__(self, call: Call) -> HookAnswer:
        """Keep it."""
        self.calls.append(call)
        return self.made


def over_wsgi(endpoint: Seen, body: bytes = b"", **environ: Any) -> tuple[str, dict[str, str], bytes, dict[str, Any]]:
    """Status, headers and body; the environment afterwards. Checked by the standard library's own validator."""
    given: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "/v1",
        "PATH_INFO": "/caf\u00c3\u00a9",
        "QUERY_STRING": f"api_user={KEY}",
        "SERVER_NAME": "x",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "192.0.2.7",
        "HTTP_IDEMPOTENCY_KEY": "a",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **environ,
    }
    begun: list[Any] = []

    def start(status: str, headers: list[tuple[str, str]], _: object = None) -> Any:
        begun.extend([status, dict(headers)])
        return lambda _: None

    result = validator(WsgiApp(endpoint, most_bytes=10))(given, start)
    text = b"".join(result)
    result.close()  # type: ignore[attr-defined]
    return begun[0], begun[1], text, given


def test_a_wsgi_call_comes_as_it_is() -> None:
    """Method, path below the mount as UTF-8, query, headers in lower case, body and origin."""
    endpoint = Seen(HookAnswer(status=200, headers={"content-type": "text/xml"}, body=b"<a/>"))
    status, headers, body, environ = over_wsgi(endpoint, b"x=1", CONTENT_TYPE="text/plain")
    (call,) = endpoint.calls

    assert (call.method, call.path, call.query, call.body) == ("POST", "/café", f"api_user={KEY}", b"x=1")
    assert (call.headers, call.origin) == ({"idempotency-key": "a", "content-type": "text/plain"}, "192.0.2.7")
    assert (status, headers["Content-Type"], headers["Content-Length"], body) == ("200 OK", "text/xml", "4", b"<a/>")
    assert environ["QUERY_STRING"] == ""


@pytest.mark.parametrize(("length", "status"), [("11", "413"), ("1x", "400"), ("²", "400")])
def test_a_wsgi_body_is_bounded(length: str, status: str) -> None:
    """It is not read, and the endpoint not asked."""
    endpoint = Seen(HookAnswer())
    begun: list[str] = []
    WsgiApp(endpoint, most_bytes=10)({"CONTENT_LENGTH": length}, lambda said, _: begun.append(said[:3]))
    assert (begun, endpoint.calls) == ([status], [])


def test_an_answer_without_a_body_has_no_type() -> None:
    """And a status without a name has one all the same."""
    status, headers, body, _ = over_wsgi(Seen(HookAnswer(status=204)))
    assert (status, headers, body) == ("204 No Content", {}, b"")
    assert over_wsgi(Seen(HookAnswer(status=299)))[0] == "299 Unknown"


def over_asgi(
    endpoint: Seen, *parts: bytes, **scope: Any
) -> tuple[list[MutableMapping[str, Any]], MutableMapping[str, Any]]:
    """What is sent, and the scope afterwards."""
    given: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": "/v1/texts",
        "root_path": "/v1",
        "query_string": f"api_user={KEY}".encode(),
        "headers": [(b"X-A", b"1"), (b"x-a", b"2")],
        "client": ("192.0.2.7", 80),
        **scope,
    }
    queue = [
        {"type": "http.request", "body": part, "more_body": place < len(parts) - 1} for place, part in enumerate(parts)
    ]
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return queue.pop(0)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    asyncio.run(AsgiApp(endpoint, most_bytes=10)(given, receive, send))
    return sent, given


def test_an_asgi_call_comes_as_it_is() -> None:
    """In parts, with headers joined, below the mount; the scope's query is gone for who logs it."""
    endpoint = Seen(HookAnswer(status=200, body=b"ok"))
    sent, scope = over_asgi(endpoint, b"ab", b"", b"cd")
    (call,) = endpoint.calls

    assert (call.path, call.query, call.body) == ("/texts", f"api_user={KEY}", b"abcd")
    assert (call.headers, call.origin, scope["query_string"]) == ({"x-a": "1, 2"}, "192.0.2.7", b"")
    assert sent[0]["status"] == 200
    assert dict(sent[0]["headers"])[b"content-length"] == b"2"
    assert sent[1] == {"type": "http.response.body", "body": b"ok"}


def test_an_asgi_call_without_peer_or_mount() -> None:
    """A socket of the machine has no address."""
    endpoint = Seen(HookAnswer())
    over_asgi(endpoint, b"", client=None, root_path="", path="/a")
    assert (endpoint.calls[0].origin, endpoint.calls[0].path) == ("", "/a")


def test_an_asgi_body_is_bounded() -> None:
    """However many parts it comes in."""
    endpoint = Seen(HookAnswer())
    sent, _ = over_asgi(endpoint, b"123456", b"789012", b"3")
    assert (sent[0]["status"], endpoint.calls) == (413, [])


def test_a_server_starts_and_stops_the_application() -> None:
    """Lifespan is answered; a web socket is not."""
    app = AsgiApp(Seen(HookAnswer()))
    queue = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent: list[str] = []

    async def receive() -> MutableMapping[str, Any]:
        return queue.pop(0)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message["type"])

    asyncio.run(app({"type": "lifespan"}, receive, send))
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    with pytest.raises(ValueError, match="websocket"):
        asyncio.run(app({"type": "websocket"}, receive, send))


def test_keys_are_blotted_out_of_a_servers_log(caplog: pytest.LogCaptureFixture) -> None:
    """Wherever in the line they stand; other lines stay as they are."""
    log = logging.getLogger("some.server")
    caplog.handler.addFilter(HideKeys())
    try:
        log.warning('"GET /api?api_user=%s&id=1" %d', KEY, 200)
        log.warning("%s", "plain")
    finally:
        caplog.handler.filters.clear()
    assert caplog.messages == ['"GET /api?api_user=sk_***&id=1" 200', "plain"]
    assert KEY not in caplog.text
