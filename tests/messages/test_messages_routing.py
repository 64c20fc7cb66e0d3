"""Routing: the longest prefix, then the price, then the order; and who is asked next."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.errors import ConfigurationError
from servicekit.messages import Route, Try, Way, barred, check_routes, choose_way, remembered
from servicekit.moments import Instant

NOW = Instant.parse("2026-03-02T09:00:00Z")
MINUTE = timedelta(minutes=1)
NAMES = ("elks", "twilio", "sinch")
PREFIXES = st.sampled_from(["", "+", "+4", "+46", "+4670", "+41"])
PRICES = st.none() | st.decimals(0, 2, places=1)
SENDERS = st.lists(st.sampled_from(["+46766", "+41", ""]), max_size=2).map(tuple)
ROUTES = st.lists(
    st.builds(
        lambda carrier, prefix, price, senders: Route(
            carrier=carrier, prefix=prefix, price=price, currency="EUR" if price is not None else "", senders=senders
        ),
        st.sampled_from(NAMES),
        PREFIXES,
        PRICES,
        SENDERS,
    ),
    max_size=6,
)


def slow_way(routes: list[Route], shows_names: dict[str, bool], number: str, sender: str) -> tuple[str, ...]:
    """Takes the best route that is left, again and again, comparing two at a time."""

    def better(one: Route, other: Route) -> bool:
        if len(one.prefix) != len(other.prefix):
            return len(one.prefix) > len(other.prefix)
        if one.price is None or other.price is None:
            return one.price is not None and other.price is None
        return one.price < other.price

    left = [route for route in routes if number[: len(route.prefix)] == route.prefix]
    found: list[str] = []
    while left:
        best = left[0]
        for route in left[1:]:
            if better(route, best):
                best = route
        left.remove(best)
        if sender[0] == "+":
            fits = not best.senders or any(sender[: len(begin)] == begin for begin in best.senders)
        else:
            fits = shows_names[best.carrier]
        if fits and best.carrier not in found:
            found.append(best.carrier)
    return tuple(found)


@given(
    ROUTES,
    st.fixed_dictionaries({name: st.booleans() for name in NAMES}),
    st.sampled_from(["+46701740605", "+41791234567", "+15005550006"]),
    st.sampled_from(["Salon", "+46766861004", "+41790000000", "71700"]),
)
def test_the_way_is_what_comparing_two_at_a_time_finds(
    routes: list[Route], shows_names: dict[str, bool], number: str, sender: str
) -> None:
    """Each carrier once, at its best route that fits."""
    way = choose_way(routes, shows_names, number=number, sender=sender)
    assert way.carriers == slow_way(routes, shows_names, number, sender)


def test_prefix_before_price_before_order() -> None:
    """A dear route that knows the country comes before a cheap one for all; a stated price before none."""
    routes = [
        Route(carrier="all"),
        Route(carrier="second", prefix="+46", price=Decimal("0.35"), currency="SEK"),
        Route(carrier="first", prefix="+46", price=Decimal("0.30"), currency="SEK"),
        Route(carrier="third", prefix="+46", price=Decimal("0.350"), currency="SEK"),
        Route(carrier="unpriced", prefix="+46"),
        Route(carrier="mobile", prefix="+4670", price=Decimal(9), currency="SEK"),
        Route(carrier="norway", prefix="+47", price=Decimal(0), currency="SEK"),
    ]
    shows = dict.fromkeys((route.carrier for route in routes), True)

    way = choose_way(routes, shows, number="+46701740605", sender="Salon")
    assert way.carriers == ("mobile", "first", "second", "third", "unpriced", "all")


def test_who_cannot_show_the_sender_is_passed_over_and_named() -> None:
    """A name at a carrier without names; a number that is hired elsewhere. The reason is for people."""
    routes = [
        Route(carrier="plain"),
        Route(carrier="bound", senders=("+46766",)),
    ]
    shows = {"plain": False, "bound": True}

    assert choose_way(routes, shows, number="+46701740605", sender="Salon") == Way(
        ("bound",), ("plain shows no names as sender",)
    )
    assert choose_way(routes, shows, number="+46701740605", sender="+46766861004") == Way(("plain", "bound"))
    foreign = choose_way(routes[1:], shows, number="+46701740605", sender="+41791234567")
    assert foreign.carriers == ()
    assert foreign.reason == "bound may not show +41791234567"
    assert choose_way([], shows, number="+46701740605", sender="Salon").reason == "no route leads there"


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"prefix": "46"}, "begins no number"),
        ({"prefix": "+0"}, "begins no number"),
        ({"prefix": "+46 70"}, "begins no number"),
        ({"prefix": "0046"}, "begins no number"),
        ({"prefix": "+1234567890123456"}, "begins no number"),
        ({"senders": ("Salon",)}, "begins no number"),
        ({"price": 0.35, "currency": "SEK"}, "no price"),
        ({"price": True, "currency": "SEK"}, "no price"),
        ({"price": Decimal("-0.01"), "currency": "SEK"}, "no price"),
        ({"price": Decimal("NaN"), "currency": "SEK"}, "no price"),
        ({"price": Decimal("Infinity"), "currency": "SEK"}, "no price"),
        ({"price": Decimal(1)}, "no currency"),
        ({"price": Decimal(1), "currency": "kr"}, "no currency"),
    ],
)
def test_a_route_that_is_none_is_wrong_wiring(wrong: dict[str, Any], why: str) -> None:
    """It is refused where it is written, and the message says how to write it."""
    with pytest.raises(ConfigurationError, match=why):
        Route(carrier="elks", **wrong)


def test_routes_fit_the_carriers_and_one_another() -> None:
    """Each leads to a carrier of the kit, and all prices are in one currency."""
    priced = [Route(carrier="elks", price=Decimal(1), currency=currency) for currency in ("SEK", "EUR")]
    check_routes([*priced[:1], Route(carrier="twilio")], NAMES)

    with pytest.raises(ConfigurationError, match="EUR and SEK"):
        check_routes(priced, NAMES)
    with pytest.raises(ConfigurationError, match=r"leads to 'elks', but the kit's carriers are 'twilio'"):
        check_routes(priced[:1], ["twilio"])
    with pytest.raises(ConfigurationError, match="are none"):
        check_routes(priced[:1], [])


def test_who_was_asked_in_vain_or_asked_to_wait_is_not_asked() -> None:
    """Until the very time that it named; the others are asked again in the next round."""
    tried = (
        Try("down"),
        Try("barred", final=True),
        Try("busy", until=NOW + MINUTE),
        Try("ready", until=NOW),
    )

    assert barred(tried, NOW) == {"down", "barred", "busy"}
    assert barred(tried, NOW + MINUTE) == {"down", "barred"}
    assert remembered(tried, NOW) == (Try("busy", until=NOW + MINUTE),)
    assert remembered(tried, NOW + MINUTE) == ()
