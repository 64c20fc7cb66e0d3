"""Prices: which hold on which day, and the periods that a month falls into."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.billing import Prices, first_day, following, periods
from servicekit.errors import Conflict, Invalid

DAY = timedelta(days=1)


def prices(since: date, segment: int = 1, organisation: str = "", **more: Any) -> Prices:
    """A krona a segment, or so many."""
    said: dict[str, Any] = {"receiver": Decimal(1), "currency": "SEK", "vat": Decimal(25), **more}
    return Prices(since=since, segment=Decimal(segment), organisation=organisation, **said)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"segment": Decimal("-0.01")}, "bad_price"),
        ({"receiver": Decimal(-1)}, "bad_price"),
        ({"segment": Decimal("0.0000001")}, "bad_price"),
        ({"segment": Decimal("1000000.01")}, "bad_price"),
        ({"vat": Decimal("8.1000001")}, "bad_vat"),
        ({"vat": Decimal(-1)}, "bad_vat"),
        ({"vat": Decimal("100.1")}, "bad_vat"),
        ({"vat": 25}, "not_an_amount"),
        ({"segment": 0.5}, "not_an_amount"),
        ({"currency": "kr"}, "unknown_currency"),
    ],
)
def test_what_can_be_no_price_is_refused(wrong: dict[str, Any], code: str) -> None:
    """Nothing costs less than nothing, and nothing costs a float."""
    said: dict[str, Any] = {"segment": Decimal(1), "receiver": Decimal(1), "currency": "SEK", "vat": Decimal(25)}
    with pytest.raises(Invalid) as caught:
        Prices(since=date(2026, 1, 1), **{**said, **wrong})
    assert caught.value.code == code


_SINCE = st.dates(date(2026, 9, 1), date(2026, 11, 15))
_KNOWN = st.lists(
    st.tuples(_SINCE, st.integers(1, 3), st.sampled_from(["", "grp_1"])),
    max_size=6,
    unique_by=lambda one: (one[0], one[2]),
)


@given(_KNOWN)
def test_every_day_costs_what_holds_on_it(rows: list[tuple[date, int, str]]) -> None:
    """Day by day: the latest of the organisation's own that has begun, else the latest of everybody's, else it is refused."""
    known = [prices(since, segment, whose) for since, segment, whose in [*rows, (date(2026, 10, 1), 9, "")]]
    found = periods("2026-10", known)

    day, costs = first_day("2026-10"), []
    while day < first_day(following("2026-10")):
        begun = sorted((one for one in known if one.since <= day), key=lambda one: (one.organisation, one.since))
        costs.append((day, begun[-1].segment if begun[-1].organisation else _latest(known, day)))
        day += DAY
    told = [
        (one.since + number * DAY, one.prices.segment)
        for one in found
        for number in range((one.until - one.since).days)
    ]
    assert told == costs
    assert all(one.prices.segment != other.prices.segment for one, other in pairwise(found))
    assert {one.month for one in found} == {"2026-10"}


def _latest(known: list[Prices], day: date) -> Decimal:
    """Of two that begin on one day, the one that stands later."""
    found = Decimal(0)
    for one in sorted((one for one in known if not one.organisation and one.since <= day), key=lambda one: one.since):
        found = one.segment
    return found


def test_a_day_without_prices_is_refused() -> None:
    """Named, so that somebody can set some."""
    with pytest.raises(Conflict) as caught:
        periods("2026-10", [prices(date(2026, 10, 2))])
    assert (caught.value.code, caught.value.facts) == ("no_prices", {"day": "2026-10-01"})
