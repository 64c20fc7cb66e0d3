"""The registry of scopes: what stands for something, what an application adds, what customers may be given."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.errors import Invalid
from servicekit.permissions import SCOPES, Scope, ScopeRegistry, Scopes
from servicekit.usecases import commands, queries

SMALL = ScopeRegistry({"tickets": ("write", "close"), "log": ("read",)})
DEEDS = [
    *(Scope("tickets", one) for one in ("read", "write", "close", "manage")),
    Scope("log", "read"),
    Scope("log", "manage"),
]
ALL = [
    Scope(resource, action)
    for resource in ("tickets", "log", "none", "*")
    for action in ("read", "write", "close", "host", "manage", "*")
]


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("tickets:write", True), ("tickets:read", True), ("tickets:close", True), ("tickets:*", True), ("log:manage", True),
        ("*:*", True), ("*:close", True), ("*:manage", True), ("log:write", False), ("log:close", False),
        ("tickets:host", False), ("*:host", False), ("none:read", False), ("none:*", False),
    ],
)  # fmt: skip
def test_a_scope_is_known_if_it_stands_for_something(text: str, known: bool) -> None:
    """Its resource has the action, or any resource for a star; where there is write there is read; all can be managed."""
    assert SMALL.knows(Scope.parse(text)) is known


@given(st.lists(st.sampled_from(ALL)))
def test_unknown_scopes_are_refused(scopes: list[Scope]) -> None:
    """One that stands for nothing is enough; otherwise they are the set of them all."""
    unknown = [scope for scope in scopes if not SMALL.knows(scope)]
    if not unknown:
        assert SMALL.checked(map(str, scopes)) == Scopes(frozenset(scopes))
        return
    with pytest.raises(Invalid) as caught:
        SMALL.checked(map(str, scopes))
    assert caught.value.code == "unknown_scope"
    assert caught.value.facts == {"scope": str(unknown[0])}
    assert "misspelt" in caught.value.message


@given(st.frozensets(st.sampled_from(ALL)))
def test_all_that_a_set_gives_can_be_listed(scopes: frozenset[Scope]) -> None:
    """Every scope without a wildcard that there is and that it implies, in order."""
    assert SMALL.concrete(Scopes(scopes)) == tuple(
        sorted(deed for deed in DEEDS if any(scope.implies(deed) for scope in scopes))
    )


def test_an_application_adds_its_own() -> None:
    """New resources, more actions of known ones, and what customers may be given; what was there stays as it was."""
    mine = SMALL.extended({"log": ("export",), "lifts": ("write",)}, for_customers=("lifts:read",))
    again = mine.extended({}, for_customers=("log:export",))

    assert [mine.knows(Scope.parse(text)) for text in ("log:export", "log:read", "lifts:read", "tickets:close")] == [
        True
    ] * 4
    assert not SMALL.knows(Scope.parse("log:export"))
    assert (SMALL.for_customers, mine.for_customers) == (Scopes(), Scopes.parse("lifts:read"))
    assert again.for_customers == Scopes.parse("lifts:read, log:export")


@pytest.mark.parametrize(
    ("resource", "action"), [("*", "read"), ("log", "*"), ("Log", "read"), ("log", ""), ("a:b", "c")]
)
def test_what_is_registered_is_a_name(resource: str, action: str) -> None:
    """No star, and the form of a scope."""
    with pytest.raises(Invalid) as caught:
        SMALL.extended({resource: (action,)})
    assert caught.value.code == "bad_scope"


def test_customers_are_given_what_is_registered() -> None:
    """A scope for customers that nothing asks for is refused like any other."""
    with pytest.raises(Invalid) as caught:
        SMALL.extended({}, for_customers=("lifts:read",))
    assert caught.value.code == "unknown_scope"


def test_every_scope_that_a_use_case_asks_for_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read from the source of all commands and queries: else nobody could ever be granted it."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "docs"))
    monkeypatch.delitem(sys.modules, "drawings", raising=False)
    demanded = importlib.import_module("drawings").demanded

    asked = {scope for handler in {**commands(), **queries()}.values() for scope in demanded(handler)} - {"operator"}
    assert {scope for scope in asked if not SCOPES.knows(Scope.parse(scope))} == set()
    assert "bookings:write" in asked
