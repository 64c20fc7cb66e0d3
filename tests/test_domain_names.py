"""Domains in ASCII: one reading, for groups, for senders and for what servers say about them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.domain_names import ascii_domain
from servicekit.groups import read_domain
from servicekit.mail import read_mail


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Ett.SE", "ett.se"),
        ("ett.se.", "ett.se."),
        ("", ""),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("stra\u00dfe.example", "xn--strae-oqa.example"),
        ("\u03b2\u03cc\u03bb\u03bf\u03c2.example", "xn--nxasmm1c.example"),
        ("ett\u3002se", "ett.se"),
        ("x..y", None),
        (".x", None),
        ("a" * 63, "a" * 63),
        ("a" * 64, None),
        ("a" * 64 + ".b", None),
        ("a." * 128, None),
        ("å" * 300, None),
        ("😀.example", None),
        ("\ud800.example", None),
    ],
)
def test_the_form_in_which_domains_are_compared(text: str, name: str | None) -> None:
    """Small letters and A-labels of IDNA 2008; None for what has no such form, and no other error."""
    assert ascii_domain(text) == name


@pytest.mark.spec("M-25")
@pytest.mark.parametrize(
    "domain", ["stra\u00dfe.example", "XN--STRAE-OQA.example", "B\u00fccher.example", "ett.example"]
)
def test_a_sender_is_at_the_domain_that_its_group_has_set(domain: str) -> None:
    """However either of them writes it: a sender at one of two that look alike must not be taken for the other."""
    mail = read_mail(f"From: Anna <anna@{domain}>\n\nHej".encode())
    assert mail.from_address == f"anna@{read_domain(domain)}"
    assert mail.from_address != "anna@strasse.example"


@given(st.text(max_size=80))
def test_it_is_its_own_form(text: str) -> None:
    """Read again, it does not change; it is ASCII."""
    name = ascii_domain(text)
    if name is not None:
        assert name.isascii()
        assert ascii_domain(name) == name
