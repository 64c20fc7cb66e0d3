"""The branded log-in address: any name there and back, through our reader and everybody else's."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from servicekit.errors import Invalid
from servicekit.portal import brand_in, branded_address, check_brand

LOGIN = "https://app.service.example/Account/Login"
TEXT = st.text(st.characters(codec="utf-8"))


@pytest.mark.spec("P-10")
@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("OO Software AB", "OO%20Software%20AB"),
        ("Åkes Rör & Värme", "%C3%85kes%20R%C3%B6r%20%26%20V%C3%A4rme"),
        ("100% A+B/C=D?#", "100%25%20A%2BB%2FC%3DD%3F%23"),
        ("  two  spaces  ", "%20%20two%20%20spaces%20%20"),
        ("Ünïcödé 株式会社 🔧", "%C3%9Cn%C3%AFc%C3%B6d%C3%A9%20%E6%A0%AA%E5%BC%8F%E4%BC%9A%E7%A4%BE%20%F0%9F%94%A7"),
    ],
)
def test_a_name_is_percent_encoded_exactly_as_it_is(name: str, written: str) -> None:
    """Spaces, letters of any script, and every character that means something in an address."""
    assert branded_address(LOGIN, name) == f"{LOGIN}?branding={written}"
    assert brand_in(f"{LOGIN}?branding={written}") == name


@pytest.mark.spec("P-10")
@given(TEXT)
@example("")
@example("e\u0301 é")
@example("a&branding=b")
def test_any_name_comes_back_as_it_was(name: str) -> None:
    """Through our reader, and through one that takes a plus sign for a space; the address is plain ASCII."""
    address = branded_address(LOGIN, name)
    assert brand_in(address) == name
    assert parse_qs(urlsplit(address).query, keep_blank_values=True) == {"branding": [name]}
    assert unquote(urlsplit(address).query) == f"branding={name}"
    assert address.isascii()
    assert "+" not in address


@given(TEXT, TEXT)
def test_different_names_have_different_addresses(one: str, other: str) -> None:
    """Also those that look the same."""
    assert (branded_address(LOGIN, one) == branded_address(LOGIN, other)) == (one == other)


def test_an_address_may_have_more_in_it() -> None:
    """Other parameters and a fragment stay; of several brandings the last one counts, as it was added last."""
    login = f"{LOGIN}?lang=sv&branding=Old#top"
    address = branded_address(login, "New & old")
    assert address == f"{LOGIN}?lang=sv&branding=Old&branding=New%20%26%20old#top"
    assert brand_in(address) == "New & old"
    assert brand_in(f"{LOGIN}?branding=A+B") == "A+B", "a plus sign is one, where we read"


@pytest.mark.parametrize(
    "address", [LOGIN, f"{LOGIN}?lang=sv", f"{LOGIN}#?branding=x", f"{LOGIN}?branding=%FF%FE", f"{LOGIN}?Branding=x"]
)
def test_an_address_without_a_name_has_none(address: str) -> None:
    """Nor one whose bytes are no text in UTF-8."""
    assert brand_in(address) is None


def test_half_a_character_is_no_name() -> None:
    """It has no form in UTF-8."""
    with pytest.raises(Invalid, match="whole characters") as refused:
        branded_address(LOGIN, "\ud800")
    assert refused.value.code == "not_a_brand"


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\x00b", "a\u200bb", "\ud800", "x" * 201])
def test_a_brand_can_be_shown(name: str) -> None:
    """What a page could not show, or not show apart from another, is refused."""
    with pytest.raises(Invalid) as refused:
        check_brand(name, "https://service.example/logo.svg")
    assert refused.value.code == "not_a_brand"


@pytest.mark.parametrize(
    "logo",
    ["", "logo.svg", "http://service.example/l.svg", "javascript:alert(1)", "https://", "https://x/ y", "https://å/",
     "https://[", "https://x/" + "y" * 2000],
)  # fmt: skip
def test_a_logo_is_an_address_of_https(logo: str) -> None:
    """Anything else is refused, so that a page can put it into an image as it is."""
    with pytest.raises(Invalid) as refused:
        check_brand("Service AB", logo)
    assert refused.value.code == "not_a_logo"
