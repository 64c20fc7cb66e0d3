"""One HTTP call as a value, and the two ways that servers make them: WSGI (PEP 3333) and ASGI 3.

Rules kept here: a body is read up to a bound and no further (413); a server's access log finds no query string where we have
read one that carries a key. An endpoint is a function from a call to an answer, and may block: over ASGI it runs in a thread.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any

from attrs import field, frozen

from servicekit.ports.http import HookAnswer

__all__ = ["AsgiApp", "Call", "Endpoint", "HideKeys", "WsgiApp"]

_KEY = re.compile(r"\bsk_[\w-]{43}", re.ASCII)
_NO_TYPE = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


@frozen(kw_only=True)
class Call:
    """One request.

    Attributes:
        method: in capitals.
        path: below where the endpoint is mounted, percent-decoded.
        query: as it came, without ``?``.
        headers: names in lower case; of several with one name the values joined by commas.
        origin: the peer's address; empty where the server does not say.
    """

    method: str
    path: str = ""
    query: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    origin: str = ""


Endpoint = Callable[[Call], HookAnswer]
StartResponse = Callable[[str, list[tuple[str, str]]], object]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class HideKeys(logging.Filter):
    """A filter that blots API keys out of log records: add it to the handlers of servers that log request lines.

    >>> record = logging.LogRecord("x", 20, "", 0, "GET /?api_user=%s", ("sk_" + "a" * 43,), None)
    >>> HideKeys().filter(record), record.getMessage()
    (True, 'GET /?api_user=sk_***')
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, without keys."""
        said = record.getMessage()
        hidden = _KEY.sub("sk_***", said)
        if hidden != said:
            record.msg, record.args = hidden, None
        return True


def _bare(status: int) -> HookAnswer:
    return HookAnswer(status=status)


class WsgiApp:
    """An endpoint as a WSGI application.

    Args:
        endpoint: answers what is read.
        most_bytes: the largest body.
        unread: the answer to a call that is not read, by its status.
    """

    def __init__(
        self, endpoint: Endpoint, *, most_bytes: int = 1_000_000, unread: Callable[[int], HookAnswer] = _bare
    ) -> None:
        self._endpoint = endpoint
        self._unread = unread
        self._most_bytes = most_bytes

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        made = self._answer(environ)
        start_response(
            f"{made.status} {_phrase(made.status)}", [(name.title(), value) for name, value in _headers_of(made)]
        )
        return [made.body]

    def _answer(self, environ: dict[str, Any]) -> HookAnswer:
        query, environ["QUERY_STRING"] = environ.get("QUERY_STRING", ""), ""
        said = environ.get("CONTENT_LENGTH") or "0"
        if not (said.isascii() and said.isdigit()):
            return self._unread(400)
        if int(said) > self._most_bytes:
            return self._unread(413)
        headers = {
            name.removeprefix("HTTP_").replace("_", "-").lower(): value
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        if environ.get("CONTENT_TYPE"):
            headers["content-type"] = environ["CONTENT_TYPE"]
        path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace")
        return self._endpoint(
            Call(
                method=environ["REQUEST_METHOD"],
                path=path,
                query=query,
                headers=headers,
                body=environ["wsgi.input"].read(int(said)) if int(said) else b"",
                origin=environ.get("REMOTE_ADDR", ""),
            )
        )


class AsgiApp:
    """An endpoint as an ASGI application, for servers on asyncio; see :class:`WsgiApp` for its arguments."""

    def __init__(
        self, endpoint: Endpoint, *, most_bytes: int = 1_000_000, unread: Callable[[int], HookAnswer] = _bare
    ) -> None:
        self._endpoint = endpoint
        self._unread = unread
        self._most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or the server's own start and end."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        if scope["type"] != "http":
            raise ValueError(f"This application answers HTTP, not {scope['type']}.")
        query, scope["query_string"] = scope.get("query_string", b""), b""
        body = await self._body(receive)
        if body is None:
            made = self._unread(413)
        else:
            made = await _in_thread(self._endpoint, _call_of(scope, query, body))
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in _headers_of(made)]
        await send({"type": "http.response.start", "status": made.status, "headers": headers})
        await send({"type": "http.response.body", "body": made.body})

    async def _body(self, receive: Receive) -> bytes | None:
        body = bytearray()
        while True:
            message = await receive()
            body += message.get("body", b"")
            if len(body) > self._most_bytes:
                return None
            if not message.get("more_body"):
                return bytes(body)


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _in_thread(endpoint: Endpoint, call: Call) -> HookAnswer:
    import asyncio

    return await asyncio.to_thread(endpoint, call)


def _call_of(scope: Scope, query: bytes, body: bytes) -> Call:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    root = scope.get("root_path", "")
    return Call(
        method=scope["method"],
        path=scope["path"].removeprefix(root) if root else scope["path"],
        query=query.decode("latin-1"),
        headers=headers,
        body=body,
        origin=(scope.get("client") or ("",))[0],
    )


def _headers_of(made: HookAnswer) -> list[tuple[str, str]]:
    """What is sent; an answer without a body has no type (RFC 9110 15.3.5)."""
    headers = {name.lower(): value for name, value in made.headers.items()}
    if made.status not in _NO_TYPE:
        headers = {"content-type": "text/plain; charset=utf-8", **headers, "content-length": str(len(made.body))}
    return list(headers.items())


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
