"""Money: a decimal amount and its currency, never a float.

Rules kept here:

* An amount is exact until it is rounded, and it is rounded half up (5 goes away from zero) to the currency's minor unit as
  ISO 4217 has it: two decimals for SEK, none for JPY, three for KWD.
* Amounts of two currencies are never added.

Refused: floats and what is no finite number (``not_an_amount``), currencies that ISO 4217 does not list (``unknown_currency``).
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from attrs import frozen

from servicekit.errors import Invalid

__all__ = ["CURRENCIES", "Money", "check_amount", "check_currency", "minor_units"]

_NONE: Final = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF")
)
_THREE: Final = frozenset(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"))
_TWO: Final = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK
    DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD
    KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP
    PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH
    USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
"""
CURRENCIES: Final = frozenset(_TWO.split()) | _NONE | _THREE
"""The currencies of countries in ISO 4217 (list one, 2026), without funds, metals and units of account."""


def minor_units(currency: str) -> int:
    """How many decimals the currency's amounts have (ISO 4217).

    >>> minor_units("SEK"), minor_units("JPY"), minor_units("KWD")
    (2, 0, 3)
    """
    return 0 if currency in _NONE else 3 if currency in _THREE else 2


def check_currency(currency: str) -> str:
    """The code itself, once it is known.

    Raises:
        Invalid: ``unknown_currency``.
    """
    if currency not in CURRENCIES:
        raise Invalid(
            f"{currency!r} is no currency: write its three letters (ISO 4217), such as SEK or EUR.",
            code="unknown_currency",
            currency=currency,
        )
    return currency


def check_amount(amount: object) -> Decimal:
    """The amount itself, once it is a finite decimal.

    Raises:
        Invalid: ``not_an_amount``.
    """
    if not isinstance(amount, Decimal) or not amount.is_finite():
        raise Invalid(
            f"{amount!r} is no amount: write it as Decimal('0.49'); floats are not exact.",
            code="not_an_amount",
            amount=str(amount),
        )
    return amount


@frozen
class Money:
    """An amount of a currency.

    >>> Money(Decimal("0.485"), "SEK").rounded()
    Money(amount=Decimal('0.49'), currency='SEK')

    Raises:
        Invalid: ``not_an_amount``, ``unknown_currency``.
    """

    amount: Decimal
    currency: str

    def __attrs_post_init__(self) -> None:
        check_amount(self.amount)
        check_currency(self.currency)

    def rounded(self) -> Money:
        """Half up, to the currency's minor unit."""
        return Money(self.amount.quantize(Decimal(1).scaleb(-minor_units(self.currency)), ROUND_HALF_UP), self.currency)

    def __add__(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} cannot be added")
        return Money(self.amount + other.amount, self.currency)

    def __mul__(self, factor: Decimal | int) -> Money:
        return Money(self.amount * factor, self.currency)
