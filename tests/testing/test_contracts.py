"""Exchanges held against a description: the checks themselves, and the simulators against the vendors' documents."""

from __future__ import annotations

import json
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sim_helpers import NOON, Hooks, exivo_caller, key_order, noon, zoom_caller

from servicekit.errors import MissingExtra
from servicekit.ports.http import HttpRequest, HttpResponse
from servicekit.testing.contracts import Contract
from servicekit.testing.simulators import COMPONENTS, ExivoSimulator, Fault, ZoomSimulator

FOLDER = Path(os.environ.get("SERVICEKIT_CONTRACTS") or Path(__file__).parents[3] / "shared" / "contracts")
"""Where the vendors' documents are, which are not ours to publish."""

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


# The simulators against the vendors' documents


def document(name: str) -> Contract:
    """A vendor's document, or a skipped test."""
    path = FOLDER / name
    if not path.is_file():
        pytest.skip(f"the vendor's document {path} is not here; SERVICEKIT_CONTRACTS may name its folder")
    return Contract.load(path)


@pytest.fixture(scope="session")
def exivo_document() -> Contract:
    """The one of exivo."""
    return document("exivo-swagger-1.1.0.json")


@pytest.fixture(scope="session")
def zoom_documents() -> tuple[Contract, Contract]:
    """Zoom's of meetings and of users."""
    return document("zoom-meetings.json"), document("zoom-users.json")


def test_exivo_s_simulator_keeps_to_the_vendor_s_description(exivo_document: Contract) -> None:
    """Every exchange, members included; only ``mode`` of a component is known from the prose alone."""
    exivo = ExivoSimulator(clock=noon)
    call = exivo_caller(exivo)
    key = call.send("POST", "/digitalKeyVisits", key_order(message="Welcome")).object()["id"]
    exivo.try_door("+41791234567", COMPONENTS[0].id)
    door = f"/component/{COMPONENTS[0].id}"
    log = f"/accesslog{door}"
    for path in (
        "/info",
        "/component",
        door,
        "/digitalKeyVisits",
        f"/digitalKeyVisit/{key}",
        "/accesslog/component",
        log,
    ):
        assert call.get(path).status == 200
    for path in ("/component", "/digitalKeyVisits", "/accesslog/component"):
        assert call.get(path, skip=0, limit=1, sort="id", sortDir="desc").status == 200
    assert call.get(log, **{"from": "2026-11-24", "to": "2026-11-26"}).status == 200
    told: list[tuple[str, object]] = [
        (door + "/unlock", {"delegatedUser": "Anna"}),
        (door + "/mode", {"mode": "normal"}),
        (f"/digitalKeyVisit/{key}/revoke", {}),
    ]
    for path, body in told:
        assert call.send("POST", path, body).status == 204
    problems = [
        problem
        for one in exivo.exchanges
        for problem in exivo_document.problems(one.request, one.response, closed=True)
    ]
    assert [problem for problem in problems if not problem.endswith(".mode: not described")] == []
    assert len(exivo.exchanges) == 15


def test_a_drifting_simulator_is_caught(exivo_document: Contract) -> None:
    """The check can fail: an unknown word and a number for a text."""
    exivo = ExivoSimulator(clock=noon)
    exivo.inject(Fault.altered(replaced={"type": "resivo", "name": 5}))
    exivo_caller(exivo).get("/info")
    exchange = exivo.exchanges[0]
    assert len(exivo_document.problems(exchange.request, exchange.response)) == 2


def test_zoom_s_simulator_keeps_to_the_vendor_s_description(zoom_documents: tuple[Contract, Contract]) -> None:
    """Every exchange with the interface, members included; the token endpoint is not described."""
    zoom = ZoomSimulator(clock=noon)
    call = zoom_caller(zoom)
    asked_for = {
        "topic": "Yoga",
        "agenda": "sk:booking-1",
        "type": 2,
        "start_time": "2026-11-25T13:00:00Z",
        "duration": 60,
        "timezone": "Europe/Zurich",
        "settings": {"approval_type": 0, "registrants_confirmation_email": False, "waiting_room": True},
    }
    made = call.send("POST", "/users/me/meetings", asked_for)
    path = f"/meetings/{made.object()['id']}"
    kim = call.send("POST", path + "/registrants", {"email": "kim@example.org", "first_name": "Kim", "last_name": "R"})
    readings = ["/users", "/users/me", "/users/me/meetings", path, path + "/registrants"]
    statuses = [call.get(one).status for one in readings]
    statuses.append(call.get("/users", page_size=1, status="active").status)
    statuses.append(call.get("/users/me/meetings", type="scheduled", page_size=1).status)
    one = f"{path}/registrants/{kim.object()['registrant_id']}"
    statuses.append(call.get(one).status)
    assert statuses == [200] * 8
    assert call.send("PATCH", path, {"start_time": "2026-11-25T14:00:00Z", "duration": 30}).status == 204
    told = {"action": "cancel", "registrants": [{"email": "kim@example.org"}]}
    assert call.send("PUT", path + "/registrants/status", told).status == 204
    assert call.send("DELETE", one).status == 204
    assert call.send("DELETE", path).status == 204
    for exchange in zoom.exchanges:
        if "/v2/" in exchange.request.url:
            shapes = [one.problems(exchange.request, exchange.response, closed=True) for one in zoom_documents]
            assert () in shapes, shapes


def test_zoom_s_events_keep_to_the_vendor_s_description() -> None:
    """``meeting.deleted`` and ``app_deauthorized``, against the descriptions of webhooks."""
    hooks = Hooks()
    zoom = ZoomSimulator(webhook_url="https://us.example/zoom", clock=noon, post=hooks)
    zoom.set_clock(NOON, offset=timedelta(hours=1))
    made = zoom_caller(zoom).send("POST", "/users/me/meetings", {"topic": "Yoga"})
    zoom.delete_meeting(made.object()["id"])
    zoom.deauthorize()
    zoom.deliver_webhooks()
    names = ("zoom-webhooks-meetings.json", "zoom-webhooks-marketplace.json")
    for call, name in zip(hooks.calls, names, strict=True):
        body = json.loads(call.body)
        assert document(name).event_problems(body["event"], body) == ()
