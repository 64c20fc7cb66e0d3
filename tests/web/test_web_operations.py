"""The table of operations: each names what is there, and answers nothing that is only the kit's business."""

from __future__ import annotations

import re

import attrs
import pytest

from servicekit.commands import Command, Query
from servicekit.usecases import commands, inquiries, queries
from servicekit.web.operations import OPERATIONS, Operation
from servicekit.web.schemas import Schemas, fields_of


@pytest.mark.parametrize("one", OPERATIONS, ids=lambda one: one.name)
def test_an_operation_names_fields_of_its_request(one: Operation) -> None:
    """All that must be said can be said or is filled in; what stands in the path can be said."""
    fields = {item.name: item for item in fields_of(one.request)}
    needed = {name for name, item in fields.items() if item.default is attrs.NOTHING}

    assert set(one.exposed) <= set(fields)
    assert set(one.filled) <= set(one.exposed)
    assert needed <= set(one.exposed)
    assert set(re.findall(r"\{(\w+)\}", one.path)) <= set(one.exposed)


@pytest.mark.parametrize("one", OPERATIONS, ids=lambda one: one.name)
def test_what_reads_is_a_get_and_what_changes_a_post(one: Operation) -> None:
    """And no change asks anybody before, so each can be done once."""
    assert issubclass(one.request, Query if one.method == "GET" else Command)
    assert one.request in (queries() if one.method == "GET" else commands())
    assert one.request not in inquiries()


def test_names_and_places_are_each_ones_own() -> None:
    """No two are told apart by their fields alone."""
    assert len({one.name for one in OPERATIONS}) == len(OPERATIONS)
    assert len({(one.method, one.path) for one in OPERATIONS}) == len(OPERATIONS)


def test_nothing_of_carriers_and_attempts_is_answered() -> None:
    """Nor who was asked, nor how often."""
    schemas = Schemas()
    for one in OPERATIONS:
        schemas.of(one.answer)
    words = {name for schema in schemas.components.values() for name in schema.get("properties", ())}
    assert not words & {"vendor", "vendor_id", "tried", "hand_over", "cost", "digest", "asked_at"}
