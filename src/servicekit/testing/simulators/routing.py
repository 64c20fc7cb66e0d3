"""Requests taken apart, and the table that leads each to its method.

Rules kept here: a route is a method and a path with named segments, each percent-decoded once; a subclass adds to its
parent's routes and comes first; a route may answer at once by raising :class:`Answered`.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from attrs import evolve, field, frozen

from servicekit.ports.http import HttpRequest, HttpResponse

__all__ = ["Answered", "Call", "Routed", "json_answer", "need", "route", "told"]


def json_answer(status: int, value: object, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """A JSON response."""
    kinds = {"content-type": "application/json; charset=utf-8", **(headers or {})}
    return HttpResponse(status=status, headers=kinds, body=json.dumps(value, ensure_ascii=False).encode())


class Answered(Exception):
    """Raised by a route to answer at once; it carries the response."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__(f"answered {response.status}")
        self.response = response


@frozen(kw_only=True)
class Call:
    """A request as a route sees it: path parameters percent-decoded once, query and body parsed on demand."""

    request: HttpRequest
    method: str
    path: str
    query: Mapping[str, str]
    params: Mapping[str, str] = field(factory=dict)

    @classmethod
    def of(cls, request: HttpRequest) -> Self:
        """Take a request apart."""
        parts = urlsplit(request.url)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        return cls(request=request, method=request.method.upper(), path=parts.path or "/", query=query)

    def header(self, name: str) -> str:
        """A header by its name in lower case, or an empty text."""
        return next((value for key, value in self.request.headers.items() if key.lower() == name), "")

    def basic(self) -> tuple[str, str] | None:
        """User and password of HTTP Basic (RFC 7617), or None."""
        scheme, _, coded = self.header("authorization").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            user, found, password = base64.b64decode(coded, validate=True).decode().partition(":")
        except ValueError:
            return None
        return (user, password) if found else None

    def bearer(self) -> str | None:
        """The token of a Bearer authorization (RFC 6750), or None."""
        scheme, _, token = self.header("authorization").partition(" ")
        return token if scheme.lower() == "bearer" else None

    def form(self) -> dict[str, str]:
        """The form-encoded body; empty where it is of another type."""
        if self.header("content-type").partition(";")[0].strip() != "application/x-www-form-urlencoded":
            return {}
        return dict(parse_qsl(self.request.body.decode("utf-8", "replace"), keep_blank_values=True))

    def json_object(self) -> dict[str, Any] | None:
        """The body as a JSON object: empty for an empty body, None where it is anything else."""
        if not self.request.body:
            return {}
        try:
            value = json.loads(self.request.body)
        except ValueError:
            return None
        return value if isinstance(value, dict) else None


S = TypeVar("S", bound="Routed")
Handler = Callable[[S, Call], HttpResponse]


def route(method: str, template: str) -> Callable[[Handler[S]], Handler[S]]:
    """Mark a method as the answer to ``method`` on a path such as ``/a1/sms/{id}``."""
    pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template))

    def mark(function: Handler[S]) -> Handler[S]:
        function.__dict__.setdefault("routes", []).append((method, pattern))
        return function

    return mark


class Routed:
    """Something whose methods are marked with :func:`route`."""

    _routes: ClassVar[tuple[tuple[str, re.Pattern[str], str], ...]] = ()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        own = [
            (method, pattern, name)
            for name, function in vars(cls).items()
            for method, pattern in getattr(function, "routes", ())
        ]
        cls._routes = (*own, *cls._routes)

    def find_route(self, call: Call) -> HttpResponse | None:
        """The answer of the method that the call leads to, or None where no route fits."""
        for method, pattern, name in self._routes:
            found = pattern.fullmatch(call.path)
            if found and method == call.method:
                params = {key: unquote(value) for key, value in found.groupdict().items()}
                answer: HttpResponse = getattr(self, name)(evolve(call, params=params))
                return answer
        return None


def told(call: Call) -> dict[str, Any]:
    """The JSON object of a control call.

    Raises:
        ValueError: the body is none.
    """
    given = call.json_object()
    if given is None:
        raise ValueError("a JSON object is asked for")
    return given


def need(call: Call, *names: str) -> list[Any]:
    """Members of a control call's JSON object, in this order.

    Raises:
        KeyError: one is missing.
    """
    given = told(call)
    return [given[name] for name in names]
