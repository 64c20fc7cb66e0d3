"""Prices: what a segment and a receiver cost, from a day on.

Rules kept here:

* Prices hold from the beginning of a day in the billing zone until others hold. An organisation's own come before those that
  are for everybody.
* Where prices change within a month, the month falls into periods, and what was sent in each costs what it cost then.
* What a month that is closed cost does not change: prices cannot be set from a day in one.

Refused: a negative price and one with more than six decimals (``bad_price``), a VAT rate that is none (``bad_vat``), amounts that
are not decimal, unknown currencies.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from attrs import evolve, frozen

from servicekit.billing.money import check_amount, check_currency
from servicekit.billing.months import Month, first_day, following
from servicekit.errors import Conflict, Invalid

__all__ = ["Period", "Prices", "periods"]

_MOST_VAT = 100
_MOST_PRICE = 10**6
_FINEST = Decimal("0.000001")


@frozen(kw_only=True)
class Prices:
    """What is asked for, without VAT.

    Attributes:
        organisation: whose prices they are; empty: everybody's who has none of its own.
        since: the first day on which they hold.
        segment: for each segment sent.
        receiver: a month, for each address that may receive.
        currency: ISO 4217.
        vat: the rate in percent, such as ``Decimal(25)``.

    Raises:
        Invalid: ``not_an_amount``, ``bad_price``, ``bad_vat``, ``unknown_currency``.
    """

    organisation: str = ""
    since: date
    segment: Decimal
    receiver: Decimal
    currency: str
    vat: Decimal

    def __attrs_post_init__(self) -> None:
        check_currency(self.currency)
        for price in (self.segment, self.receiver):
            if not 0 <= check_amount(price) <= _MOST_PRICE or not _is_short(price):
                raise Invalid(
                    "A price is from 0 to a million, with at most six decimals.", code="bad_price", price=str(price)
                )
        if not 0 <= check_amount(self.vat) <= _MOST_VAT or not _is_short(self.vat):
            raise Invalid("A VAT rate is a percentage from 0 to 100.", code="bad_vat", vat=str(self.vat))


def _is_short(number: Decimal) -> bool:
    """Whether it has few enough decimals for all sums to be exact (within the 28 digits that decimals have)."""
    return number == number.quantize(_FINEST)


@frozen
class Period:
    """From a day until another, which is no longer inside: a month or a part of one, with the prices in force.

    ``month`` is the month that it is of.
    """

    month: Month
    since: date
    until: date
    prices: Prices


def periods(month: Month, prices: Iterable[Prices]) -> tuple[Period, ...]:
    """The parts of a month between changes of prices, in order; mostly one.

    Args:
        month: which.
        prices: those of one organisation, and everybody's.

    Raises:
        Conflict: ``no_prices`` for a day on which none hold.
    """
    known = sorted(prices, key=lambda one: one.since)
    begins, ends = first_day(month), first_day(following(month))
    starts = sorted({begins, *(one.since for one in known if begins < one.since < ends)})
    found: list[Period] = []
    for since, until in zip(starts, [*starts[1:], ends], strict=True):
        now = _holding(known, since)
        if found and _alike(found[-1].prices, now):
            found[-1] = evolve(found[-1], until=until)
        else:
            found.append(Period(month, since, until, now))
    return tuple(found)


def _alike(one: Prices, other: Prices) -> bool:
    return evolve(one, since=other.since, organisation=other.organisation) == other


def _holding(known: Sequence[Prices], day: date) -> Prices:
    """The latest of the organisation's own, else the latest of everybody's."""
    begun = [one for one in known if one.since <= day]
    own = [one for one in begun if one.organisation]
    if not begun:
        raise Conflict(f"No prices hold on {day}: set some (SetPrices).", code="no_prices", day=day.isoformat())
    return (own or begun)[-1]
