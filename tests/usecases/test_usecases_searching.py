"""Search and export: what somebody may see, of every kind that it may read, and nothing of any other."""

from __future__ import annotations

import pytest

from portals import HOUR, Portal
from servicekit import Principal
from servicekit.errors import Forbidden, Invalid, NotFound
from servicekit.groups import AddGroup, RemoveGroup
from servicekit.portal import (
    AddComment,
    EnterReading,
    ExportPortal,
    FileFaultReport,
    PortalThings,
    Right,
    SearchPortal,
)

pytest_plugins = ("portal_fixtures",)


@pytest.mark.spec("P-11")
def test_each_kind_needs_its_own_right(stored: Portal) -> None:
    """A kind that the asker may not read is left out, also for users of the company."""
    it = stored
    saw, order = it.object("Saw"), it.order("Saw")
    it.tell(AddComment(order=order.id, text="saw"))
    it.tell(FileFaultReport(customer=it.holz.id, text="The saw smokes"))
    reading = it.tell(EnterReading(object=saw.id, operated=HOUR, reason="new saw"))
    clerk = Principal.of(it.staff("clerk", "orders:read"))
    hans = Principal.of(it.user(rights=(Right.READ_READINGS,)).id)

    assert it.ask(ExportPortal(organisation=it.root), clerk) == PortalThings(orders=(order,))
    found = it.ask(SearchPortal(organisation=it.root, containing="SAW"), hans)
    assert found == PortalThings(orders=(order,), objects=(saw,), readings=(reading,))
    everything = it.ask(SearchPortal(organisation=it.root, containing=" saw "))
    assert [len(kind) for kind in (everything.faults, everything.comments, everything.inspections)] == [1, 1, 0]


@pytest.mark.parametrize(
    ("words", "title", "found"),
    [
        ("ÅKE", "Åkes säge", True),
        ("strasse", "Straße 7", True),
        ("e\u0301", "Café", True),
        ("100%", "100% sure", True),
        ("100%", "1000 and", False),
        ("a_b", "axb", False),
        ("a!b", "a!b", True),
    ],
)
def test_words_are_found_whatever_their_case_and_stand_for_themselves(
    stored: Portal, words: str, title: str, *, found: bool
) -> None:
    """On both databases alike, in any script; nothing that is typed is a pattern."""
    it = stored
    order = it.order(title)
    assert it.ask(SearchPortal(organisation=it.root, containing=words)).orders == ((order,) if found else ())


def test_what_is_no_search_is_refused(it: Portal) -> None:
    """Nothing to look for, too much of it, no page; a group that was removed, and one without the right to orders."""
    for query, code in (
        (SearchPortal(organisation=it.root, containing=" "), "nothing_to_search"),
        (SearchPortal(organisation=it.root, containing="x" * 201), "nothing_to_search"),
        (SearchPortal(organisation=it.root, containing="\0"), "nothing_to_search"),
        (SearchPortal(organisation=it.root, containing="x", most=1001), "page_size"),
        (ExportPortal(organisation=it.root, most=100_001), "page_size"),
        (ExportPortal(organisation=it.root, most=0), "page_size"),
    ):
        refused = it.refused(query)
        assert (type(refused), refused.code) == (Invalid, code)
    team = it.tell(AddGroup(parent=it.root, name="Team"))
    it.tell(RemoveGroup(group=team.id))
    assert type(it.refused(ExportPortal(organisation=team.id))) is NotFound
    clerk = Principal.of(it.staff("clerk", "objects:read"))
    refused = it.refused(ExportPortal(organisation=it.root), clerk)
    assert (type(refused), refused.facts) == (Forbidden, {"needs": "orders:read"})
