"""Scopes against a slow model: the set of all deeds that a scope allows."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.errors import Invalid
from servicekit.permissions import Scope, parse_scopes

RESOURCES = ["bookings", "meetings", "log_2"]
ACTIONS = ["read", "write", "manage", "host", "send"]
SCOPES = [Scope(*drawn) for drawn in product([*RESOURCES, "*"], [*ACTIONS, "*"])]


def deeds(scope: Scope) -> set[tuple[str, str]]:
    """All that the scope allows. ``any`` stands for resources and actions that nobody has thought of yet."""
    resources = [*RESOURCES, "any"] if scope.resource == "*" else [scope.resource]
    actions = {
        "read": ["read"],
        "write": ["write", "read"],
        "manage": ["manage", "write", "read", "host", "send"],
        "*": ["manage", "write", "read", "host", "send", "any"],
    }.get(scope.action, [scope.action])
    return set(product(resources, actions))


@pytest.mark.parametrize("held", SCOPES, ids=str)
def test_a_scope_implies_what_allows_no_more(held: Scope) -> None:
    """One scope implies another exactly when whatever the other allows is allowed by it."""
    for needed in SCOPES:
        assert held.implies(needed) == (deeds(needed) <= deeds(held)), needed


@pytest.mark.parametrize("scope", SCOPES, ids=str)
def test_text_reads_back(scope: Scope) -> None:
    """A scope's text is read as that scope, and twice the same is one."""
    assert Scope.parse(str(scope)) == scope
    assert parse_scopes([str(scope), str(scope)]) == {scope}


@given(st.text("ab_:*1 ", max_size=7) | st.text(max_size=7))
def test_other_text_is_refused(text: str) -> None:
    """Two names or stars with a colon between; anything else is refused, whatever surrounds it."""
    resource, _, action = text.partition(":")
    fits = all(part == "*" or re.match(r"^[a-z][a-z0-9_]*\Z", part) for part in (resource, action))
    if fits and ":" in text:
        assert str(Scope.parse(text)) == text
        return
    with pytest.raises(Invalid) as caught:
        Scope.parse(text)
    assert caught.value.code == "bad_scope"
    assert caught.value.facts == {"scope": text}


@pytest.mark.parametrize(
    "text", ["", ":", "bookings", "bookings:", ":read", "Bookings:read", "bookings:read\n", "a:b:c", "**:read", "1a:b"]
)
def test_near_misses_are_refused(text: str) -> None:
    """No capital, no line end, no third part, no half."""
    with pytest.raises(Invalid):
        parse_scopes(["bookings:read", text])
