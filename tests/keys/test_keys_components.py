"""Components: what may be set, against the vendor's list and against what the branch has."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.errors import Conflict, Invalid
from servicekit.keys import Component, check_branch_doors, check_listed, check_service_doors

NAMES = ("main", "cloakroom", "room", "gateway", "cellar")
IDS = st.lists(st.sampled_from(NAMES), max_size=5)
LISTED = [Component(id=name, name=name.title(), gateway=name == "gateway") for name in NAMES[:4]]


def code(refused: pytest.ExceptionInfo[Invalid] | pytest.ExceptionInfo[Conflict]) -> str:
    """The refusal's code."""
    return refused.value.code


@pytest.mark.spec("K-03")
@given(IDS)
def test_a_component_that_is_set_is_listed_and_no_gateway(wanted: list[str]) -> None:
    """Whatever is named: the first that is not there, or is a gateway, is named in the refusal; everything else passes."""
    bad = [one for one in wanted if one in {"gateway", "cellar"}]
    if not bad:
        check_listed(wanted, LISTED)
        return
    with pytest.raises(Invalid) as refused:
        check_listed(wanted, LISTED)
    assert refused.value.facts == {"component": bad[0]}
    assert code(refused) == ("gateway" if bad[0] == "gateway" else "unknown_component")


def test_a_gateway_is_refused_by_its_name() -> None:
    """The administrator reads which device it was, and what to do."""
    with pytest.raises(Invalid, match=r"Gateway is a gateway, which opens nothing.*leave it out"):
        check_listed(["gateway"], LISTED)


@pytest.mark.spec("K-02")
@given(IDS, IDS, IDS)
def test_a_service_opens_doors_of_its_branch_only(wanted: list[str], always: list[str], besides: list[str]) -> None:
    """Those of every booking, and those that services may open besides; no other."""
    strange = [one for one in wanted if one not in {*always, *besides}]
    if not strange:
        check_service_doors(wanted, always, besides, site="site")
        return
    with pytest.raises(Invalid) as refused:
        check_service_doors(wanted, always, besides, site="site")
    assert (code(refused), refused.value.facts) == ("not_the_branchs_door", {"component": strange[0]})


@pytest.mark.spec("K-02")
@given(IDS, IDS, st.dictionaries(st.sampled_from(["Yoga", "Spa"]), IDS))
def test_what_a_service_opens_stays_its_branchs(
    always: list[str], besides: list[str], used: dict[str, list[str]]
) -> None:
    """So no service that has doors is ever left with an empty set, or with foreign ones."""
    left = {name: sorted(set(doors) - {*always, *besides}) for name, doors in used.items()}
    if not any(left.values()):
        check_branch_doors("site", always, besides, used)
        return
    with pytest.raises(Conflict) as refused:
        check_branch_doors("site", always, besides, used)
    name = next(name for name in used if left[name])
    assert code(refused) == "doors_in_use"
    assert refused.value.facts == {"service": name, "components": left[name]}


@pytest.mark.parametrize("name", ["", "  "])
def test_a_component_has_an_id(name: str) -> None:
    """An empty line of a form is no door."""
    for always, besides in (([name], []), ([], [name])):
        with pytest.raises(Invalid) as refused:
            check_branch_doors("site", always, besides, {})
        assert code(refused) == "nameless_component"
    with pytest.raises(Invalid) as refused:
        check_service_doors([name], [name], [], site="site")
    assert code(refused) == "nameless_component"


def test_doors_belong_to_a_site() -> None:
    """Of a branch, of every booking or of some; and of a service."""
    for always, besides in ((["main"], []), ([], ["main"])):
        with pytest.raises(Invalid) as refused:
            check_branch_doors("", always, besides, {})
        assert code(refused) == "doors_without_site"
    with pytest.raises(Invalid) as refused:
        check_service_doors(["main"], ["main"], [], site="")
    assert code(refused) == "doors_without_site"
    check_branch_doors("", [], [], {})
    check_service_doors([], [], [], site="")
