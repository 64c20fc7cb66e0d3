"""Recorded exchanges held against the vendor's own description: Swagger 2.0, OpenAPI 3.0 and 3.1.

Rules kept here: only shape is judged (paths, query names, bodies, statuses of success), never state; nothing is fetched, the
description is a file of yours; errors (4xx, 5xx) are passed over, because vendors leave their bodies out. Times are checked
although the vendors' schemas call them ``dateTime`` or leave the check to the reader (RFC 3339 5.6).

Needs jsonschema, imported when a description is loaded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, urlsplit

from attrs import field, frozen

from servicekit.errors import MissingExtra
from servicekit.ports.http import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

__all__ = ["Contract"]

_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_JSON = "application/json"


@frozen(eq=False)
class Contract:
    """One vendor's description; load it once and keep it, each schema is resolved on first use and kept.

    ::

        contract = Contract.load("exivo-swagger.json")
        for exchange in simulator.exchanges:
            assert contract.problems(exchange.request, exchange.response) == ()
    """

    document: Mapping[str, Any] = field(repr=False)
    _validators: dict[tuple[str, ...], Validator] = field(factory=dict, init=False, repr=False)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a description in JSON. A document of two megabytes takes about 50 ms.

        Raises:
            MissingExtra: jsonschema is not installed.
            OSError, ValueError: no such file, or no JSON.
        """
        try:
            import jsonschema  # noqa: F401 - asked for here, so that a missing one is told before any check
        except ImportError as error:
            raise MissingExtra("testing", "Checking exchanges against an API description") from error
        return cls(json.loads(Path(path).read_bytes()))

    def problems(self, request: HttpRequest, response: HttpResponse | None, *, closed: bool = False) -> tuple[str, ...]:
        """What of an exchange does not fit the description; empty where all does.

        The first call for an operation costs some milliseconds.

        Args:
            request: judged also where no response came.
            response: judged where it is a success.
            closed: whether members that the description does not name are problems too (a misspelt one, for instance).
        """
        found = self._operation(request)
        if found is None:
            return (f"{request.method} {urlsplit(request.url).path}: not described",)
        template, operation = found
        name = f"{request.method} {template}"
        key = (request.method.lower(), template)
        said = [*self._query_problems(request, operation, template)]
        said += self._request_problems(request, operation, key, closed=closed)
        if response is not None and response.ok:
            said += self._response_problems(response, operation, key, closed=closed)
        return tuple(f"{name}: {problem}" for problem in said)

    def event_problems(self, event: str, body: object) -> tuple[str, ...]:
        """What of a webhook's body does not fit the description (OpenAPI 3.1 ``webhooks``)."""
        operation = self.document.get("webhooks", {}).get(event, {}).get("post")
        if operation is None:
            return (f"{event}: not described",)
        schema = operation["requestBody"]["content"][_JSON]["schema"]
        return tuple(f"{event}: {problem}" for problem in self._check(("event", event), schema, body))

    # Finding the operation

    def _bases(self) -> tuple[str, ...]:
        servers = [urlsplit(server["url"]).path for server in self.document.get("servers", ())]
        return tuple(base.rstrip("/") for base in (servers or [self.document.get("basePath", "")]))

    def _operation(self, request: HttpRequest) -> tuple[str, Mapping[str, Any]] | None:
        """The template with the fewest parameters that fits path and method, with its operation."""
        path = urlsplit(request.url).path
        for base in self._bases():
            if not path.startswith(base + "/"):
                continue
            fitting = [
                (template, item[request.method.lower()])
                for template, item in self.document.get("paths", {}).items()
                if request.method.lower() in item and _fits(template, path[len(base) :])
            ]
            if fitting:
                return min(fitting, key=lambda one: one[0].count("{"))
        return None

    def _parameters(self, operation: Mapping[str, Any], template: str) -> list[Mapping[str, Any]]:
        listed = [*self.document["paths"][template].get("parameters", ()), *operation.get("parameters", ())]
        return [self._resolved(parameter) for parameter in listed]

    def _resolved(self, value: Mapping[str, Any]) -> Mapping[str, Any]:
        found: Any = value
        while "$ref" in found:
            steps = found["$ref"].removeprefix("#/").split("/")
            found = self.document
            for step in steps:
                found = found[step.replace("~1", "/").replace("~0", "~")]
        return dict(found)

    # Checking

    def _query_problems(self, request: HttpRequest, operation: Mapping[str, Any], template: str) -> Iterator[str]:
        known = {one["name"] for one in self._parameters(operation, template) if one["in"] == "query"}
        for name, _ in parse_qsl(urlsplit(request.url).query, keep_blank_values=True):
            if name not in known:
                yield f"query parameter {name!r} is not described"

    def _request_problems(
        self, request: HttpRequest, operation: Mapping[str, Any], key: tuple[str, ...], *, closed: bool
    ) -> Iterator[str]:
        schema = operation.get("requestBody", {}).get("content", {}).get(_JSON, {}).get("schema")
        for parameter in self._parameters(operation, key[1]):
            if parameter["in"] == "body":
                schema = parameter["schema"]
        if schema is None:
            if request.body:
                yield "a request body is not described"
        elif request.body:
            value = _parsed(request.body)
            strays = self._strays(schema, value, "$") if closed else ()
            yield from (f"request {said}" for said in (*self._check((*key, "request"), schema, value), *strays))

    def _response_problems(
        self, response: HttpResponse, operation: Mapping[str, Any], key: tuple[str, ...], *, closed: bool
    ) -> Iterator[str]:
        described = operation["responses"].get(str(response.status))
        if described is None:
            yield f"status {response.status} is not described"
            return
        described = self._resolved(described)
        schema = described.get("schema") or described.get("content", {}).get(_JSON, {}).get("schema")
        if schema is None:
            if response.body:
                yield f"a body with status {response.status} is not described"
            return
        value = _parsed(response.body)
        strays = self._strays(schema, value, "$") if closed else ()
        shape = (*key, str(response.status))
        yield from (f"response {said}" for said in (*self._check(shape, schema, value), *strays))

    def _check(self, key: tuple[str, ...], schema: Mapping[str, Any], value: object) -> Iterator[str]:
        if key not in self._validators:
            self._validators[key] = self._validator(schema)
        for error in self._validators[key].iter_errors(value):  # type: ignore[arg-type]  # any JSON value is meant
            yield f"{error.json_path}: {error.message}"

    def _strays(self, schema: Mapping[str, Any], value: object, path: str) -> Iterator[str]:
        """Members that no branch of the schema names; objects without any named member are open."""
        branches = list(self._branches(schema))
        if isinstance(value, list):
            items = {"allOf": [branch["items"] for branch in branches if "items" in branch]}
            for index, one in enumerate(value):
                yield from self._strays(items, one, f"{path}[{index}]")
        elif isinstance(value, dict) and any("properties" in branch for branch in branches):
            for name, one in value.items():
                named = [branch["properties"][name] for branch in branches if name in branch.get("properties", {})]
                if not named:
                    yield f"{path}.{name}: not described"
                yield from self._strays({"allOf": named}, one, f"{path}.{name}")

    def _branches(self, schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        resolved = self._resolved(schema)
        yield resolved
        for word in ("allOf", "anyOf", "oneOf"):
            for branch in resolved.get(word, ()):
                yield from self._branches(branch)

    def _validator(self, schema: Mapping[str, Any]) -> Validator:
        from jsonschema import Draft4Validator, Draft202012Validator, FormatChecker

        checker = FormatChecker(formats=("email",))
        for name in ("date-time", "dateTime"):
            checker.checks(name)(lambda text: not isinstance(text, str) or bool(_TIME.fullmatch(text)))
        kind = Draft202012Validator if str(self.document.get("openapi", "")).startswith("3.1") else Draft4Validator
        shared = {name: self.document[name] for name in ("definitions", "components") if name in self.document}
        return kind({"allOf": [schema], **shared}, format_checker=checker)


def _fits(template: str, path: str) -> bool:
    """Whether a path is of a template such as ``/meetings/{meetingId}``."""
    steps, given = template.split("/"), path.split("/")
    return len(steps) == len(given) and all(
        step == real or (step.startswith("{") and real != "") for step, real in zip(steps, given, strict=True)
    )


def _parsed(body: bytes) -> object:
    """JSON, or the bytes as text where they are none: a schema will say so."""
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")
