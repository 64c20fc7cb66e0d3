"""Brands in use: only a known one shows a logo, and none tells of another."""

from __future__ import annotations

import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest

from portals import OPERATOR, Portal
from servicekit import Principal
from servicekit.errors import Conflict, Invalid, NotFound
from servicekit.groups import FoundOrganisation
from servicekit.ids import GroupId
from servicekit.portal import GetBrand, LoginPage, OpenLoginPage, SetBrand, brand_in, branded_address

pytest_plugins = ("portal_fixtures",)

LOGO = "https://service.example/logo.svg"
NAME = " Åkes Rör & Värme "


def rival(it: Portal, name: str = "Rival") -> tuple[GroupId, Principal]:
    """Another company and its administrator."""
    made = it.kit.perform(FoundOrganisation(name=name, zone="UTC", admin=f"rolf@{name.lower()}.example"), by=OPERATOR)
    return made.root.id, Principal.of(made.admin.id)


def page(it: Portal, name: str | None) -> LoginPage:
    """The log-in page for a name in its address."""
    return it.ask(OpenLoginPage(name), OPERATOR)


@pytest.mark.spec("P-10")
def test_only_a_known_brand_shows_a_logo(stored: Portal) -> None:
    """Under its very name, through the address and back; everything near to it gives the plain page."""
    it = stored
    brand = it.tell(SetBrand(organisation=it.root, name=NAME, logo=LOGO))
    address = branded_address("https://app.example/login", brand.name)

    assert page(it, brand_in(address)) == LoginPage(NAME, LOGO)
    assert it.ask(GetBrand(it.root)) == brand
    others = (NAME.strip(), NAME.upper(), unicodedata.normalize("NFD", NAME), NAME[:-2], f"{NAME}%", "%", "", None)
    for other in (*others, "Rival", "\0", "a\ud800", "x" * 100_000, "' OR 1=1 --"):
        assert page(it, other) == LoginPage("", "")
    it.tell(SetBrand(organisation=it.root, name="New", logo=LOGO))
    assert (page(it, "New"), page(it, NAME)) == (LoginPage("New", LOGO), LoginPage())


@pytest.mark.spec("P-10")
def test_no_brand_tells_of_another(stored: Portal) -> None:
    """A name that is taken is refused without whose it is, which the page itself shows; one's own may be set again."""
    it = stored
    root, rolf = rival(it)
    it.tell(SetBrand(organisation=it.root, name=NAME, logo=LOGO))
    refused = it.refused(SetBrand(organisation=root, name=NAME, logo=LOGO), rolf)

    assert (type(refused), refused.code, refused.facts) == (Conflict, "brand_taken", {})
    assert it.root not in str(refused)
    assert "Service AB" not in str(refused)
    nothing = it.refused(GetBrand(root), rolf)
    assert (type(nothing), nothing.code, nothing.facts) == (NotFound, "no_brand", {"organisation": root})
    assert type(it.refused(GetBrand(it.root), rolf)) is NotFound
    assert it.tell(SetBrand(organisation=it.root, name=NAME, logo=f"{LOGO}?2")).logo == f"{LOGO}?2"


def test_what_is_no_brand_is_refused(it: Portal) -> None:
    """And the one before stays."""
    it.tell(SetBrand(organisation=it.root, name=NAME, logo=LOGO))
    for name, logo in (("", LOGO), ("x", "http://x.example/")):
        refused = it.refused(SetBrand(organisation=it.root, name=name, logo=logo))
        assert type(refused) is Invalid
    assert page(it, NAME).logo == LOGO


def test_of_two_companies_at_once_one_gets_the_name(stored: Portal) -> None:
    """The other one is told that it is taken, however the two meet."""
    it = stored
    askers = [rival(it, f"Rival{number}") for number in range(4)]

    def ask(one: tuple[GroupId, Principal]) -> str:
        try:
            it.tell(SetBrand(organisation=one[0], name=NAME, logo=LOGO), one[1])
        except Conflict as refused:
            return refused.code
        return "set"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(ask, askers)) == ["brand_taken"] * 3 + ["set"]
