"""Scopes against a slow model: the set of all deeds that a scope allows."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.errors import Invalid
from servicekit.permissions import Scope, Scopes, parse_scopes

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


# Sets of scopes

SETS = st.frozensets(st.sampled_from(SCOPES), max_size=5)


def names(scopes: frozenset[Scope] | Scopes) -> set[Scope]:
    """Every scope that one of these implies: the slow model of a set of scopes."""
    given = scopes.scopes if isinstance(scopes, Scopes) else scopes
    return {scope for scope in SCOPES if any(held.implies(scope) for held in given)}


@given(SETS, SETS)
def test_sets_meet_join_and_differ_as_sets_of_all_scopes_do(one: frozenset[Scope], two: frozenset[Scope]) -> None:
    """What both imply, what either implies, and the least that has to be added to the second to have the first."""
    a, b = Scopes(one), Scopes(two)
    assert names(a & b) == names(one) & names(two)
    assert names(a | b) == names(one) | names(two)
    assert names(a - b) == names(frozenset(names(one) - names(two)))
    assert names((a - b) | b) == names(one) | names(two)
    assert (a <= b) == (names(one) <= names(two))
    for scope in SCOPES:
        assert a.implies(scope) == (scope in names(one))


@given(SETS, SETS, SETS)
def test_sets_are_a_lattice(one: frozenset[Scope], two: frozenset[Scope], three: frozenset[Scope]) -> None:
    """Order and repetition do not matter, and meet and join go through each other; equal sets are equal values."""
    a, b, c = Scopes(one), Scopes(two), Scopes(three)
    assert a & b == b & a
    assert a | b == b | a
    assert a & (a | b) == a == a | (a & b)
    assert a & (b | c) == (a & b) | (a & c)
    assert (a - a, a - Scopes(), Scopes() - a) == (Scopes(), a, Scopes())
    assert (names(one) == names(two)) == (a == b)


@given(SETS)
def test_a_sets_text_reads_back(one: frozenset[Scope]) -> None:
    """It is the shortest that says it, the same in every process, and read with commas, with spaces or one by one."""
    a = Scopes(one)
    assert Scopes.parse(str(a)) == Scopes.parse(str(a).replace(",", "")) == Scopes.parse(map(str, a)) == a
    assert str(a) == ", ".join(sorted(map(str, a)))
    assert len(a) == len(list(a))
    for scope in a:
        assert names(a.scopes - {scope}) < names(a), "a scope too many"


@pytest.mark.parametrize("one", SCOPES, ids=str)
def test_the_meet_of_two_scopes_is_the_widest_below_both(one: Scope) -> None:
    """None where nothing is below both."""
    for two in SCOPES:
        below = names(frozenset({one})) & names(frozenset({two}))
        met = one.meet(two)
        assert (names(frozenset({met})) if met else set()) == below
