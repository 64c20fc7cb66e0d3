"""The JSON API: operations over commands and queries, with a bearer key, as an endpoint to be mounted.

Rules kept here:

* Who asks is a key (``Authorization: Bearer sk_...``, RFC 6750 section 2.1), and what it may do is what it was granted.
* What goes wrong is told in problem details (RFC 9457), with the code of the kit's error. A refusal names nothing that the same
  command would not name to anybody who asks with these rights.
* A POST with an ``Idempotency-Key`` (draft-ietf-httpapi-idempotency-key-header) is done once within a day, in one transaction
  with its answer; the same key with another request is refused (422).
* Every answer to a key says how much of its pace is left (draft-ietf-httpapi-ratelimit-headers).
* The description at ``/openapi.json`` (OpenAPI 3.1) is made from the same table and types as the answers.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, get_args
from urllib.parse import parse_qsl

from attrs import frozen

from servicekit.accounts import CALLS, ApiCaller, CallRefused, NoCaller, PerformOnce, TakeCall
from servicekit.codec import dumps, loads
from servicekit.commands import Command, Principal
from servicekit.errors import Conflict, Forbidden, Invalid, NotFound, OutsideError, Refused, StorageError
from servicekit.kit import Kit
from servicekit.ports.http import HookAnswer
from servicekit.web.calls import AsgiApp, Call, WsgiApp
from servicekit.web.describing import described, query_schemas
from servicekit.web.operations import OPERATIONS, Operation

__all__ = ["Api"]

_log = logging.getLogger("servicekit.web")
_ASKER = "the JSON API"
_BEARER = re.compile(r"Bearer +(\S+) *", re.IGNORECASE)
_WHOLE = re.compile(r"-?[0-9]{1,19}")
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")  # as JSON writes it
_MOST_FIELDS = 100
_SECOND = 1_000_000
_POLICY = f'"calls";q={CALLS.burst};w={round(CALLS.burst * CALLS.pause.total_seconds())}'
_STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (Invalid, 422),
    (NotFound, 404),
    (Forbidden, 403),
    (Conflict, 409),
    (Refused, 422),
    (OutsideError, 502),
    (StorageError, 503),
)
_AS_ASKED = {"not_readable": 400, "bad_request_key": 400, "request_key_reused": 422}


@frozen
class _Route:
    """An operation, what its path looks like, and the schemas of its query."""

    operation: Operation
    pattern: re.Pattern[str]
    query: Mapping[str, Mapping[str, Any]]


class Api:
    """The API, mounted: ``Api(kit).wsgi`` or ``.asgi``; :meth:`answer` is for other frameworks.

    Args:
        kit: open.
        operations: what there is; an application's own beside :data:`~servicekit.web.operations.OPERATIONS`.
        title, version: of the description.
        base: where it is mounted, as clients see it, for the description.
    """

    def __init__(
        self,
        kit: Kit,
        operations: Iterable[Operation] = OPERATIONS,
        *,
        title: str = "servicekit",
        version: str = "1",
        base: str = "/",
    ) -> None:
        self._kit = kit
        self._routes = [_Route(one, _pattern(one.path), query_schemas(one)) for one in operations]
        self.description = described(
            [route.operation for route in self._routes], title=title, version=version, base=base
        )
        self._description = json.dumps(self.description).encode()
        self.wsgi = WsgiApp(self.answer, unread=_unread)
        self.asgi = AsgiApp(self.answer, unread=_unread)

    def answer(self, call: Call) -> HookAnswer:
        """Answer one call."""
        if call.path == "/openapi.json" and call.method == "GET":
            return HookAnswer(status=200, headers={"content-type": "application/json"}, body=self._description)
        found = [route for route in self._routes if route.pattern.fullmatch(call.path)]
        if not found:
            return _problem(404, "no_such_path", "There is nothing here: see /openapi.json.")
        here = next((route for route in found if route.operation.method == call.method), None)
        if here is None:
            allow = ", ".join(sorted({route.operation.method for route in found}))
            return _problem(405, "wrong_method", f"Here only {allow} is answered.", {"allow": allow})
        try:
            caller = self._caller(call)
        except StorageError as error:
            return _refused(error)
        if isinstance(caller, NoCaller):
            return _turned_away(caller)
        answer = self._performed(here, caller, call)
        left, full_in = caller.left, -(-caller.full_in.total_seconds() // 1)
        rates = {"ratelimit-policy": _POLICY, "ratelimit": f'"calls";r={left};t={round(full_in)}'}
        return HookAnswer(status=answer.status, headers={**answer.headers, **rates}, body=answer.body)

    def _caller(self, call: Call) -> ApiCaller | NoCaller:
        given = _BEARER.fullmatch(call.headers.get("authorization", ""))
        command = TakeCall(given[1] if given else "")
        return self._kit.perform(command, by=Principal.operator(_ASKER, origin=call.origin))

    def _performed(self, route: _Route, caller: ApiCaller, call: Call) -> HookAnswer:
        operation, match = route.operation, route.pattern.fullmatch(call.path)
        path = match.groupdict() if match else {}
        try:
            said = {**(_query(call, route.query) if operation.method == "GET" else _body(call)), **path}
            unknown = sorted(set(said).difference(operation.exposed))
            if unknown:
                raise Invalid(f"There is no field {unknown[0]!r} here.", code="not_readable", why=unknown)
            filled = {name: make(caller) for name, make in operation.filled.items() if name not in said}
            request = loads(json.dumps({**said, **filled}), operation.request)
            result, again = self._asked(request, caller, call)
        except (Refused, OutsideError, StorageError) as error:
            return _refused(error)
        headers = {"content-type": "application/json", "cache-control": "no-store"}
        if again:
            headers["idempotency-replayed"] = "true"
        return HookAnswer(status=operation.status, headers=headers, body=dumps(operation.view(result)).encode())

    def _asked(self, request: Any, caller: ApiCaller, call: Call) -> tuple[Any, bool]:
        if not isinstance(request, Command):
            return self._kit.ask(request, by=caller.principal), False
        key = call.headers.get("idempotency-key")
        if key is None:
            return self._kit.perform(request, by=caller.principal), False
        done = self._kit.perform(PerformOnce(request=_bare(key), command=request), by=caller.principal)
        (kind,) = get_args(next(base for base in type(request).__orig_bases__ if get_args(base)))  # type: ignore[attr-defined]
        return loads(done.answer, kind), done.again


# --- reading


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path)))


def _query(call: Call, schemas: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The parameters, as JSON values of their fields' types."""
    try:
        pairs = parse_qsl(call.query, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise _unreadable("the query is no URL-encoded UTF-8") from error
    if len({name for name, _ in pairs}) < len(pairs):
        raise _unreadable("a parameter stands in the query twice")
    return _clean({name: _value(text, schemas.get(name, {})) for name, text in pairs})


def _value(text: str, schema: Mapping[str, Any]) -> Any:
    kinds = {schema.get("type"), *(option.get("type") for option in schema.get("anyOf", ()))}
    if "integer" in kinds and _WHOLE.fullmatch(text):
        return int(text)
    if "boolean" in kinds and text in {"true", "false"}:
        return text == "true"
    return text


def _body(call: Call) -> dict[str, Any]:
    """The object in the body; none where nothing has to be said."""
    if call.query:
        raise _unreadable("this takes no query: say it in the body")
    if not call.body:
        return {}
    kind = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise _unreadable("the body is not application/json")
    try:
        value = json.loads(call.body)
    except (ValueError, RecursionError) as error:
        raise _unreadable("the body is no JSON") from error
    if not isinstance(value, dict):
        raise _unreadable("the body is no object")
    return _clean(value)


def _clean(said: dict[str, Any]) -> dict[str, Any]:
    """Refuse what no text can hold: NUL, and halves of surrogate pairs."""
    try:
        text = json.dumps(said, ensure_ascii=False)
        text.encode()
    except (UnicodeEncodeError, RecursionError) as error:
        raise _unreadable("it has half a character") from error
    if _NUL.search(text):
        raise _unreadable("it has U+0000")
    return said


def _bare(key: str) -> str:
    """The key; it may stand in quotes, as a string of structured fields (RFC 9651 3.3.3) does."""
    quoted = re.fullmatch(r'"([^"\\]*)"', key)
    return quoted[1] if quoted else key


def _unreadable(why: str) -> Invalid:
    return Invalid(f"This cannot be read: {why}.", code="not_readable", why=[why])


# --- telling


def _turned_away(caller: NoCaller) -> HookAnswer:
    if caller.why is CallRefused.UNKNOWN:
        told = {"www-authenticate": 'Bearer realm="servicekit"'}
        return _problem(401, "unknown_key", "Send a key that is good: Authorization: Bearer sk_...", told)
    headers = {"retry-after": "1", "ratelimit-policy": _POLICY, "ratelimit": '"calls";r=0;t=1'}
    return _problem(429, "slow_down", "These were too many calls at once: wait a moment.", headers)


def _refused(error: Refused | OutsideError | StorageError) -> HookAnswer:
    status = _AS_ASKED.get(error.code) or next(status for kind, status in _STATUSES if isinstance(error, kind))
    if isinstance(error, Refused):
        return _problem(status, error.code, error.message)
    _log.error("a call could not be answered: %s", error.code, exc_info=error)
    return _problem(status, error.code, "This cannot be done just now: try again later.", {"retry-after": "30"})


def _problem(status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> HookAnswer:
    body = {
        "type": f"urn:servicekit:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }
    return HookAnswer(
        status=status,
        headers={"content-type": "application/problem+json", "cache-control": "no-store", **(headers or {})},
        body=json.dumps(body).encode(),
    )


def _unread(status: int) -> HookAnswer:
    return _problem(
        status, "too_large" if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else "not_readable", "Too large."
    )
