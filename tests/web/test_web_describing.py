"""The description: what OpenAPI 3.1 asks of one, and what can be said in a URL."""

from __future__ import annotations

import json

from jsonschema import Draft202012Validator

from servicekit.groups import ListGroups
from servicekit.web.describing import described, query_schemas
from servicekit.web.operations import OPERATIONS, GroupLine, Operation

MADE = json.loads(json.dumps(described(OPERATIONS, title="Salon", version="7", base="/v1")))


def test_every_schema_is_one_and_every_reference_leads_somewhere() -> None:
    """Draft 2020-12, as OpenAPI 3.1 has it."""
    components = MADE["components"]["schemas"]
    for schema in components.values():
        Draft202012Validator.check_schema(schema)
    text = json.dumps(MADE)
    named = {part.partition('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert named <= set(components)


def test_parameters_stand_where_they_belong() -> None:
    """Those of the path are needed; a query says no null; only what changes takes a key for being done once."""
    for path, item in MADE["paths"].items():
        for method, one in item.items():
            places = {(parameter["in"], parameter["name"]) for parameter in one.get("parameters", ())}
            assert {name for place, name in places if place == "path"} == {
                part[1:-1] for part in path.split("/") if part.startswith("{")
            }
            assert (("header", "Idempotency-Key") in places) == (method == "post")
            for parameter in one.get("parameters", ()):
                assert parameter["in"] != "path" or parameter["required"]
                assert {"type": "null"} not in parameter["schema"].get("anyOf", ())
            assert method == "post" or "requestBody" not in one


def test_every_operation_tells_its_answer_its_problems_and_its_pace() -> None:
    """One good status, and everything that may go wrong."""
    for item in MADE["paths"].values():
        for one in item.values():
            (good,) = [status for status in one["responses"] if status < "300"]
            assert set(one["responses"][good]["headers"]) == {"RateLimit", "RateLimit-Policy"}
            assert {"400", "401", "403", "404", "409", "422", "429", "503"} <= set(one["responses"])
            assert list(one["responses"]["404"]["content"]) == ["application/problem+json"]


def test_what_is_filled_in_is_not_needed() -> None:
    """The key says it."""
    send = MADE["paths"]["/texts"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert send["required"] == ["to", "text"]
    (group,) = MADE["paths"]["/groups"]["get"]["parameters"]
    assert (group["name"], group["required"]) == ("group", False)


def test_only_readings_have_a_query() -> None:
    """A change says it in its body; one without anything to say has none."""
    by_name = {one.name: one for one in OPERATIONS}
    assert query_schemas(by_name["sendText"]) == {}
    assert query_schemas(by_name["listUsers"])["below"] == {"type": "boolean"}
    confirm = MADE["paths"]["/bookings/{booking}/confirm"]["post"]
    assert "requestBody" not in confirm
    bare = Operation(name="all", method="GET", path="/all", request=ListGroups, answer=GroupLine, exposed=())
    made = described([bare], title="x", version="1", base="/")
    assert "parameters" not in made["paths"]["/all"]["get"]
