"""The description of the JSON API: OpenAPI 3.1, from the table of operations and the types that they read and answer."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from servicekit.commands import Command
from servicekit.web.operations import Operation
from servicekit.web.schemas import Schemas, fields_of, first_line

__all__ = ["described", "query_schemas"]

_RATES = {
    "RateLimit-Policy": "How many calls there may be (q) within so many seconds (w).",
    "RateLimit": "How many calls are left (r), and in how many seconds all are (t).",
}
_PROBLEMS = {
    400: "It cannot be read.",
    401: "The key is missing or not good.",
    403: "The key lacks the right.",
    404: "There is no such thing, or the key may not know of it.",
    405: "Another method is wanted.",
    409: "It does not fit what is there now.",
    413: "It is too large.",
    422: "It can be read, and is refused.",
    429: "Too many calls.",
    502: "Another system could not be asked.",
    503: "Just now it cannot be done.",
}
_PROBLEM = {
    "description": "What went wrong (RFC 9457).",
    "type": "object",
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "Stable, for programs."},
    },
    "required": ["type", "title", "status", "detail", "code"],
}


def described(operations: Sequence[Operation], *, title: str, version: str, base: str) -> Mapping[str, Any]:
    """The description as data, ready for JSON."""
    schemas = Schemas()
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "servers": [{"url": base}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "An API key."}},
            "schemas": {**dict(sorted(schemas.components.items())), "Problem": _PROBLEM},
        },
    }


def query_schemas(operation: Operation) -> Mapping[str, Mapping[str, Any]]:
    """The schemas of what may stand in the query, by name."""
    schemas = Schemas()
    return {item.name: schemas.of(item.type) for item in _exposed(operation)} if operation.method == "GET" else {}


def _exposed(operation: Operation) -> list[attrs.Attribute[Any]]:
    known = {item.name: item for item in fields_of(operation.request)}
    return [known[name] for name in operation.exposed]


def _operation(one: Operation, schemas: Schemas) -> dict[str, Any]:
    in_path = re.findall(r"\{(\w+)\}", one.path)
    parameters = [
        {"name": item.name, "in": "path", "required": True, "schema": _said_in_a_url(schemas.of(item.type))}
        for item in _exposed(one)
        if item.name in in_path
    ]
    rest = {item.name: _needed(one, item) for item in _exposed(one) if item.name not in in_path}
    described: dict[str, Any] = {
        "operationId": one.name,
        "summary": first_line(one.request),
        "description": inspect.cleandoc(one.request.__doc__ or ""),
        "responses": _responses(one, schemas),
    }
    if one.method == "GET":
        parameters += [
            {"name": name, "in": "query", "required": needed, "schema": _said_in_a_url(_of(one, name, schemas))}
            for name, needed in rest.items()
        ]
    elif rest:
        body = schemas.object_of(one.request, rest)
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    if issubclass(one.request, Command):
        parameters.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "description": "Done once within a day under this key, however often it is sent.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[A-Za-z0-9_-]+$"},
            }
        )
    return {**described, **({"parameters": parameters} if parameters else {})}


def _of(one: Operation, name: str, schemas: Schemas) -> dict[str, Any]:
    return next(schemas.of(item.type) for item in _exposed(one) if item.name == name)


def _said_in_a_url(schema: dict[str, Any]) -> dict[str, Any]:
    """Without null, which no URL can say: what is left out is null."""
    options = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
    return options[0] if len(options) == 1 else schema


def _needed(one: Operation, item: attrs.Attribute[Any]) -> bool:
    return item.default is attrs.NOTHING and item.name not in one.filled


def _responses(one: Operation, schemas: Schemas) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    rates = {name: {"description": text, "schema": {"type": "string"}} for name, text in _RATES.items()}
    done = {
        "description": first_line(one.answer),
        "headers": rates,
        "content": {"application/json": {"schema": schemas.of(one.answer)}},
    }
    refused = {str(status): {"description": text, "content": problem} for status, text in _PROBLEMS.items()}
    return {str(one.status): done, **refused}
