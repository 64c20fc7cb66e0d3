"""Requests taken apart, and routes."""

from __future__ import annotations

import pytest

from servicekit.ports.http import HttpRequest, HttpResponse, basic
from servicekit.testing.simulators.routing import Answered, Call, Routed, json_answer, need, route, told


def call(method: str = "GET", url: str = "http://sim/", body: bytes = b"", **headers: str) -> Call:
    """A call with header names' underscores as hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Call.of(HttpRequest(method=method, url=url, headers=named, body=body))


def test_a_call_has_path_and_query() -> None:
    """The path is at least a slash; empty query values are kept."""
    assert (call(url="http://sim").path, call("get", "http://sim/a?b=1&c=").query) == ("/", {"b": "1", "c": ""})
    assert call("get").method == "GET"


def test_basic_credentials_are_read_or_none() -> None:
    """Only well-formed Basic counts."""
    assert call(Authorization=basic("anna", "a:b")["authorization"]).basic() == ("anna", "a:b")
    for header in ("", "Bearer abc", "Basic !", "Basic YW5uYQ=="):
        assert call(Authorization=header).basic() is None


def test_a_bearer_token_is_read_or_none() -> None:
    """Only the Bearer scheme counts."""
    assert call(authorization="Bearer abc").bearer() == "abc"
    assert call(authorization="Basic abc").bearer() is None


def test_a_form_needs_its_content_type() -> None:
    """Another type is no form."""
    assert call(body=b"a=1&b=", content_type="application/x-www-form-urlencoded; charset=utf-8").form() == {
        "a": "1",
        "b": "",
    }
    assert call(body=b"a=1").form() == {}


def test_a_json_object_is_read_or_none() -> None:
    """An empty body is an empty object; lists and other text are none."""
    assert [call(body=body).json_object() for body in (b"", b'{"a":1}', b"[1]", b"{")] == [{}, {"a": 1}, None, None]


class Parent(Routed):
    """Two routes and an answer by raising."""

    @route("GET", "/things/{thing}")
    @route("GET", "/objects/{thing}")
    def _get(self, given: Call) -> HttpResponse:
        return json_answer(200, given.params["thing"])

    @route("GET", "/raise")
    def _raise(self, _: Call) -> HttpResponse:
        raise Answered(HttpResponse(status=418))


class Child(Parent):
    """A route that comes before the parent's."""

    @route("GET", "/things/special")
    def _special(self, _: Call) -> HttpResponse:
        return json_answer(200, "child")


def answered(routed: Routed, given: Call) -> object:
    """The JSON answer, or None."""
    answer = routed.find_route(given)
    return None if answer is None else answer.json()


def test_routes_decode_parameters_once_and_children_come_first() -> None:
    """Percent escapes are undone once; a slash ends a segment; the method must fit."""
    assert answered(Child(), call(url="http://sim/things/a%252Fb")) == "a%2Fb"
    assert answered(Child(), call(url="http://sim/objects/x")) == "x"
    assert answered(Child(), call(url="http://sim/things/special")) == "child"
    assert answered(Parent(), call(url="http://sim/things/special")) == "special"
    for method, url in (("POST", "http://sim/things/x"), ("GET", "http://sim/things/x/y")):
        assert answered(Child(), call(method, url)) is None


def test_a_route_may_answer_by_raising() -> None:
    """The response stands in the exception."""
    with pytest.raises(Answered, match="418") as caught:
        Parent().find_route(call(url="http://sim/raise"))
    assert caught.value.response.status == 418


def test_control_calls_need_an_object_and_its_members() -> None:
    """Otherwise they are refused by ordinary errors."""
    assert need(call(body=b'{"a": 1, "b": 2}'), "b", "a") == [2, 1]
    with pytest.raises(ValueError, match="JSON object"):
        told(call(body=b"[]"))
    with pytest.raises(KeyError):
        need(call(body=b"{}"), "a")
