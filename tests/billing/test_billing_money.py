"""Money: exact until it is rounded, half up, to what the currency has."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.billing import CURRENCIES, Money, check_amount, check_currency, minor_units
from servicekit.errors import Invalid


@given(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=6),
    st.sampled_from(["SEK", "JPY", "KWD"]),
)
def test_rounding_is_half_up_away_from_zero(amount: Decimal, currency: str) -> None:
    """As one rounds by hand: add a half of the last place to the size, cut off, put the sign back."""
    unit = Fraction(1, 10 ** minor_units(currency))
    expected = (abs(Fraction(amount)) / unit + Fraction(1, 2)).__floor__() * unit
    rounded = Money(amount, currency).rounded()

    assert Fraction(rounded.amount) == (expected if amount >= 0 else -expected)
    assert rounded.currency == currency
    assert rounded.amount.as_tuple().exponent == -minor_units(currency)


@pytest.mark.parametrize(
    ("amount", "shown"), [("0.485", "0.49"), ("-0.485", "-0.49"), ("0.4849", "0.48"), ("1", "1.00")]
)
def test_a_half_goes_away_from_zero(amount: str, shown: str) -> None:
    """A credit is rounded as the invoice was that it takes back."""
    assert str(Money(Decimal(amount), "SEK").rounded().amount) == shown


def test_sums_and_products_are_exact() -> None:
    """Nothing is rounded on the way."""
    price = Money(Decimal("0.485"), "SEK")

    assert price * 3 + price == Money(Decimal("1.940"), "SEK")
    assert (price * Decimal("0.25")).amount == Decimal("0.12125")
    with pytest.raises(ValueError, match="SEK and EUR cannot be added"):
        price + Money(Decimal(1), "EUR")


@pytest.mark.parametrize("wrong", ["sek", "KR", "XXX", "XAU", "DEM", ""])
def test_what_is_no_currency_is_refused(wrong: str) -> None:
    """Neither lower case, nor gold, nor what is no more."""
    with pytest.raises(Invalid) as caught:
        check_currency(wrong)
    assert (caught.value.code, caught.value.facts) == ("unknown_currency", {"currency": wrong})
    with pytest.raises(Invalid):
        Money(Decimal(1), wrong)


def test_currencies_are_three_letters() -> None:
    """All of them; those that the customers of today use are among them."""
    assert {"SEK", "NOK", "DKK", "EUR", "CHF", "GBP", "USD"} <= CURRENCIES
    assert all(len(one) == 3 and one.isascii() and one.isupper() for one in CURRENCIES)
    assert check_currency("SEK") == "SEK"


@pytest.mark.parametrize("wrong", [0.1, 1, "1", Decimal("NaN"), Decimal("Infinity"), None])
def test_what_is_no_exact_amount_is_refused(wrong: object) -> None:
    """A float is no amount, however good it looks."""
    with pytest.raises(Invalid) as caught:
        check_amount(wrong)
    assert caught.value.code == "not_an_amount"
    assert check_amount(Decimal("0.1")) == Decimal("0.1")
