"""Vendors' calls in, as a WSGI application (PEP 3333): mount it under a path, give vendors ``<path>/<adapter's name>``.

Refused: anything but POST (405), bodies without a length or above the bound (411, 413).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from servicekit.kit import Kit
from servicekit.ports.http import HookAnswer
from servicekit.web.answers import answer

__all__ = ["Webhooks"]

StartResponse = Callable[[str, list[tuple[str, str]]], object]


class Webhooks:
    """The application. ``most_bytes``: the largest body; vendors send a few kilobytes."""

    def __init__(self, kit: Kit, *, most_bytes: int = 1_000_000) -> None:
        self._kit = kit
        self._most_bytes = most_bytes

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        made = self._answer(environ)
        headers = {name.title(): value for name, value in made.headers.items()}
        if made.status != HTTPStatus.NO_CONTENT:  # which has neither body nor type (RFC 9110 15.3.5)
            headers = {"Content-Type": "text/plain; charset=utf-8", **headers, "Content-Length": str(len(made.body))}
        start_response(f"{made.status} {HTTPStatus(made.status).phrase}", list(headers.items()))
        return [made.body]

    def _answer(self, environ: dict[str, Any]) -> HookAnswer:
        if environ["REQUEST_METHOD"] != "POST":
            return HookAnswer(status=405, headers={"Allow": "POST"})
        said = environ.get("CONTENT_LENGTH") or ""
        if not said.isdigit():
            return HookAnswer(status=411)
        if int(said) > self._most_bytes:
            return HookAnswer(status=413)
        source = environ.get("PATH_INFO", "").rstrip("/").rpartition("/")[2]
        return answer(self._kit, source, _headers(environ), environ["wsgi.input"].read(int(said)))


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    found = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    return found | {"content-type": environ.get("CONTENT_TYPE", "")}
