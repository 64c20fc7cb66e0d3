"""Exchanges held against a description."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from servicekit.errors import MissingExtra
from servicekit.ports.http import HttpRequest, HttpResponse
from servicekit.testing.contracts import Contract

SWAGGER: dict[str, Any] = {
    "swagger": "2.0",
    "basePath": "/v1",
    "parameters": {"limit": {"name": "limit", "in": "query"}},
    "paths": {
        "/doors": {
            "parameters": [{"$ref": "#/parameters/limit"}],
            "get": {"responses": {"200": {"schema": {"type": "array", "items": {"$ref": "#/definitions/door"}}}}},
            "post": {
                "parameters": [{"name": "door", "in": "body", "schema": {"$ref": "#/definitions/door"}}],
                "responses": {"200": {"$ref": "#/responses/made"}, "204": {"description": "nothing"}},
            },
        },
        "/doors/{door}": {"get": {"responses": {"200": {"schema": {"$ref": "#/definitions/door"}}}}},
        "/doors/main": {"get": {"responses": {"200": {"schema": {"type": "string"}}}}},
    },
    "responses": {"made": {"schema": {"$ref": "#/definitions/door"}}},
    "definitions": {
        "door": {
            "type": "object",
            "required": ["id"],
            "properties": {
                "id": {"type": "string"},
                "opened": {"type": "string", "format": "dateTime"},
                "owner": {"type": "string", "format": "email"},
                "data": {"type": "object"},
            },
        }
    },
}
OPENAPI: dict[str, Any] = {
    "openapi": "3.1.0",
    "servers": [{"url": "https://a.example/v2"}, {"url": "https://b.example/v3/"}],
    "paths": {
        "/users": {
            "get": {
                "parameters": [{"name": "page", "in": "query"}],
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {
                                "schema": {
                                    "allOf": [
                                        {"type": "object", "properties": {"page": {"type": "integer"}}},
                                        {
                                            "type": "object",
                                            "properties": {
                                                "users": {
                                                    "type": "array",
                                                    "items": {"$ref": "#/components/schemas/user"},
                                                }
                                            },
                                        },
                                    ]
                                }
                            }
                        }
                    }
                },
            },
            "post": {
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/user"}}}},
                "responses": {"201": {"description": "made"}},
            },
        }
    },
    "webhooks": {
        "user.gone": {
            "post": {
                "requestBody": {"content": {"application/json": {"schema": {"type": "object", "required": ["event"]}}}}
            }
        }
    },
    "components": {
        "schemas": {
            "user": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "since": {"type": "string", "format": "date-time"}},
            }
        }
    },
}


def contract(tmp_path: Path, document: dict[str, Any]) -> Contract:
    """A description from a file."""
    path = tmp_path / "description.json"
    path.write_text(json.dumps(document))
    return Contract.load(path)


@pytest.fixture
def swagger(tmp_path: Path) -> Contract:
    """Swagger 2.0."""
    return contract(tmp_path, SWAGGER)


@pytest.fixture
def openapi(tmp_path: Path) -> Contract:
    """OpenAPI 3.1."""
    return contract(tmp_path, OPENAPI)


def asked(path: str, method: str = "GET", body: object = None) -> HttpRequest:
    """A request."""
    sent = b"" if body is None else json.dumps(body).encode()
    return HttpRequest(method=method, url=f"https://a.example{path}", body=sent)


def answered(body: object = None, status: int = 200) -> HttpResponse:
    """A response."""
    return HttpResponse(status=status, body=b"" if body is None else json.dumps(body).encode())


@pytest.mark.parametrize(
    ("request_", "response"),
    [
        (asked("/v1/doors?limit=3"), answered([{"id": "a", "opened": "2002-10-02T15:00:00Z", "owner": "a@b"}])),
        (asked("/v1/doors/x"), answered({"id": "x"})),
        (asked("/v1/doors/main"), answered("main")),
        (asked("/v1/doors", "POST", {"id": "a"}), answered({"id": "a"})),
        (asked("/v1/doors", "POST"), answered(status=204)),
        (asked("/v1/doors"), None),
        (asked("/v1/doors"), answered("whatever", 500)),
        (asked("/v1/doors"), answered([{"id": "a", "data": {"free": ["form"]}}])),
    ],
)
def test_what_fits_has_no_problems(swagger: Contract, request_: HttpRequest, response: HttpResponse | None) -> None:
    """Also closed, with references, fixed paths before templates, errors passed over, open objects left open."""
    assert swagger.problems(request_, response, closed=True) == ()


@pytest.mark.parametrize(
    ("request_", "response", "said"),
    [
        (asked("/v1/windows"), None, "GET /v1/windows: not described"),
        (asked("/doors"), None, "not described"),
        (asked("/v1/doors", "DELETE"), None, "not described"),
        (asked("/v1/doors/"), None, "not described"),
        (asked("/v1/doors?skip=1"), None, "'skip' is not described"),
        (asked("/v1/doors", body={"id": "a"}), None, "a request body is not described"),
        (asked("/v1/doors", "POST", {"id": 5}), None, "request $.id: 5 is not of type 'string'"),
        (asked("/v1/doors"), answered([{}]), "response $[0]: 'id' is a required property"),
        (
            asked("/v1/doors"),
            answered([{"id": "a", "opened": "noon"}]),
            "response $[0].opened: 'noon' is not a 'dateTime'",
        ),
        (asked("/v1/doors"), answered([{"id": "a", "owner": "b"}]), "is not a 'email'"),
        (asked("/v1/doors"), answered(), "is not of type 'array'"),
        (asked("/v1/doors"), answered([], 201), "status 201 is not described"),
        (asked("/v1/doors", "POST", {"id": "a"}), answered("x", 204), "a body with status 204 is not described"),
    ],
)
def test_what_does_not_fit_is_named(
    swagger: Contract, request_: HttpRequest, response: HttpResponse | None, said: str
) -> None:
    """Operation, place and reason."""
    problems = swagger.problems(request_, response)
    assert [problem for problem in problems if said in problem] == list(problems) != []


def test_closed_also_names_members_that_nobody_described(swagger: Contract, openapi: Contract) -> None:
    """In requests and responses, in lists and below ``allOf``; open, they pass."""
    door = asked("/v1/doors", "POST", {"id": "a", "labeling": "x"})
    assert swagger.problems(door, None) == ()
    assert swagger.problems(door, None, closed=True) == ("POST /doors: request $.labeling: not described",)
    users = answered({"page": 1, "pages": 1, "users": [{"name": "a", "nick": "b"}]})
    assert openapi.problems(asked("/v2/users"), users, closed=True) == (
        "GET /users: response $.pages: not described",
        "GET /users: response $.users[0].nick: not described",
    )


def test_openapi_has_servers_and_bodies_by_type(openapi: Contract) -> None:
    """Each server's path counts; request bodies and responses are found below their content type."""
    for base in ("/v2", "/v3"):
        assert openapi.problems(asked(base + "/users?page=1"), answered({"users": [{"name": "a"}]})) == ()
    (problem,) = openapi.problems(asked("/v2/users", "POST", {"name": 1}), answered(status=201))
    assert problem.startswith("POST /users: request $.name")
    (problem,) = openapi.problems(asked("/v2/users"), answered({"users": [{"since": "today"}]}))
    assert "is not a 'date-time'" in problem
    assert openapi.problems(asked("/v2/users"), answered({"users": [{"since": "2026-11-25T13:00:00+01:00"}]})) == ()


def test_events_are_held_against_webhooks(openapi: Contract) -> None:
    """By their name."""
    assert openapi.event_problems("user.gone", {"event": "user.gone"}) == ()
    assert "required" in openapi.event_problems("user.gone", {})[0]
    assert openapi.event_problems("user.born", {}) == ("user.born: not described",)


def test_without_jsonschema_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The error tells what to install."""
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    with pytest.raises(MissingExtra, match="testing"):
        contract(tmp_path, SWAGGER)
