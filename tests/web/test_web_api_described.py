"""Schemathesis against the JSON API's own description: every operation, no 5xx, every answer as described.

A few examples of each operation by default; ``nox -s api`` asks for many more.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from programs import key
from servicekit.accounts import CALLS
from servicekit.web.api import Api
from servicekit.web.operations import OPERATIONS
from world import World, opened

pytest_plugins = ("world_fixtures",)
schemathesis = pytest.importorskip("schemathesis", reason="nox -s tests installs it")

_MOST = int(os.environ.get("SERVICEKIT_API_EXAMPLES", "5"))
_CONFORMANCE = (
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
_SETTINGS = settings(
    max_examples=_MOST,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def salon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One salon for all of them; nothing is expected of what is in it."""
    with opened(Path(tmp_path_factory.mktemp("api"))) as made:
        yield made


@pytest.fixture(scope="module")
def secret(salon: World) -> str:
    """A key that may do all that there is."""
    return key(salon, "messages:write", "log:read", "groups:read", "users:write", "bookings:write").secret


@pytest.mark.parametrize("name", [operation.name for operation in OPERATIONS])
def test_every_operation_answers_as_described(salon: World, secret: str, name: str) -> None:
    """Whatever is sent, right or wrong: a described status, type, headers and body, and never a fault of ours."""
    schema = schemathesis.openapi.from_wsgi("/openapi.json", Api(salon.kit).wsgi)
    found = [result.ok() for result in schema.get_all_operations()]
    (operation,) = [one for one in found if one.definition.raw["operationId"] == name]
    checks = [schemathesis.checks.not_a_server_error, *map(schemathesis.checks.CHECKS.get_one, _CONFORMANCE)]
    modes = [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE]
    seen = set[int]()

    def tried(case: Any) -> None:
        salon.clock.set(salon.now + CALLS.pause)
        response = case.call(headers={"Authorization": f"Bearer {secret}"})
        case.validate_response(response, checks=checks)
        seen.add(response.status_code)

    for mode in modes:
        strategy = operation.as_strategy(generation_mode=mode)
        _SETTINGS(given(case=strategy)(tried))()
    assert seen - {401}
    assert 429 not in seen
