"""The words and numbers of an invoice's page."""

from __future__ import annotations

from decimal import Decimal
from string import Formatter

import pytest
from attrs import asdict, evolve
from hypothesis import given
from hypothesis import strategies as st

from servicekit.adapters.billing.words import WORDS, words_of
from servicekit.billing import LineKind, Money
from servicekit.errors import Invalid
from servicekit.testing.conformance.things import statement


@pytest.mark.parametrize("language", sorted(WORDS))
def test_every_language_says_everything_with_the_same_gaps(language: str) -> None:
    """No word is empty, and what is put into one language's is put into the other's."""

    def gaps(of: str) -> dict[str, set[str | None]]:
        return {
            name: {gap for _, gap, _, _ in Formatter().parse(text)} - {None} for name, text in asdict(WORDS[of]).items()
        }

    assert all(asdict(WORDS[language]).values())
    assert gaps(language) == gaps("sv")


@given(st.decimals(-(10**12), 10**12, places=8), st.integers(0, 3))
def test_a_number_reads_back_as_it_is(value: Decimal, least: int) -> None:
    """With no fewer decimals than asked, none of its own lost, and no more zeros than that."""
    shown = words_of("sv").shown(value, least)
    back = shown.replace("\N{NO-BREAK SPACE}", "").replace("\N{MINUS SIGN}", "-").replace(",", ".")
    decimals = back.partition(".")[2]

    assert Decimal(back) == value
    assert len(decimals) >= least
    assert len(decimals) == least or not decimals.endswith("0")


def test_amounts_have_the_decimals_of_their_currency() -> None:
    """Or more, where they are exact."""
    words = words_of("en")
    shown = [
        words.money(Money(Decimal(amount), currency))
        for amount, currency in (("5", "SEK"), ("5", "JPY"), ("0.485", "SEK"))
    ]

    assert shown == ["5.00", "5", "0.485"]
    assert words.percent(Decimal("12.50")) == "12.5\N{NO-BREAK SPACE}%"


def test_each_kind_of_line_is_described() -> None:
    """By group, and a correction by its month."""
    line = statement().lines[0]
    said = [words_of("en").described(evolve(line, kind=kind)) for kind in LineKind]

    assert said == [
        "SMS segments, Group 1",
        "Addresses that may receive SMS, Group 1",
        "Correction of 2026-10: SMS segments, Group 1",
    ]


def test_an_unknown_language_is_refused() -> None:
    """Those that there are are named."""
    with pytest.raises(Invalid, match="sv, en") as caught:
        words_of("fi")
    assert (caught.value.code, caught.value.facts) == ("unknown_language", {"language": "fi"})
