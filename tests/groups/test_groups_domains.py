"""Mail domains: how they are read, and which one an address belongs to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.errors import Invalid
from servicekit.groups import Domain, DomainKind, ascii_domain, domain_of, levels, most_specific, read_domain
from servicekit.groups.domains import PUBLIC

LABELS = st.sampled_from(["a", "b", "hr", "ett", "evil-ett", "se"])
DOMAINS = st.lists(LABELS, min_size=1, max_size=4).map(".".join)


@pytest.mark.spec("M-04", "M-25")
@given(DOMAINS, st.sets(DOMAINS, max_size=6))
def test_an_address_belongs_to_the_most_specific_domain(domain: str, known: set[str]) -> None:
    """Of all known domains that are its own or have its own below them, the one with the most labels."""
    above = [one for one in known if domain == one or domain.endswith(f".{one}")]
    assert most_specific(domain, known) == max(above, key=lambda one: one.count("."), default=None)


@pytest.mark.spec("M-25")
def test_domains_are_compared_by_labels() -> None:
    """A domain that merely ends in the same letters is somebody else's."""
    assert most_specific("evil-example.com", {"example.com"}) is None
    assert most_specific("a.example.com", {"example.com"}) == "example.com"


def test_the_levels_of_a_domain_begin_with_itself() -> None:
    """Up to the last label."""
    assert levels("spam.ett.se") == ("spam.ett.se", "ett.se", "se")


@pytest.mark.spec("M-25")
@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ett.se", "ett.se"),
        (" ETT.Se. ", "ett.se"),
        ("spam-filter.ett.se", "spam-filter.ett.se"),
        ("Bücher.example", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("räksmörgås.se", "xn--rksmrgs-5wao1o.se"),
        ("Straße.de", "xn--strae-oqa.de"),
    ],
)
def test_a_domain_has_one_form(text: str, name: str) -> None:
    """However it is written: in small letters, in ASCII, without the root's dot."""
    assert read_domain(text) == name


@pytest.mark.parametrize(
    "text",
    ["", "se", "ett..se", ".ett.se", "-ett.se", "ett-.se", "e tt.se", "ett_x.se", "anna@ett.se", "\U0001f600.se", "ett.se..",
     "a" * 64 + ".se", ".".join(["abcdefgh"] * 29), "ett.se\n.x"],
)  # fmt: skip
def test_what_is_no_domain_is_refused(text: str) -> None:
    """One label, empty ones, signs that no host has, what is no letter, too long."""
    with pytest.raises(Invalid) as caught:
        read_domain(text)
    assert (caught.value.code, caught.value.facts) == ("not_a_domain", {"domain": text})


@pytest.mark.spec("M-25")
@pytest.mark.parametrize("text", ["gmail.com", "Hotmail.SE", "mail.gmail.com", "yahoo.co.uk"])
def test_public_domains_are_nobodys(text: str) -> None:
    """Nor are domains below them."""
    with pytest.raises(Invalid) as caught:
        read_domain(text)
    assert caught.value.code == "public_domain"


def test_the_public_ones_are_in_the_form_that_is_compared() -> None:
    """Else one of them would never match."""
    assert {ascii_domain(name) for name in PUBLIC} == set(PUBLIC)


def test_a_text_that_no_host_can_be_has_no_ascii_form() -> None:
    """It is None, not an error: an address with it is none."""
    assert ascii_domain("a" * 64) is None
    assert ascii_domain("x..y") is None


def test_the_domain_of_an_address_stands_after_its_last_at() -> None:
    """Whatever the part before it has."""
    assert domain_of('"a@b"@ett.se') == "ett.se"
    assert Domain("ett.se", DomainKind.TOP, None).group is None
