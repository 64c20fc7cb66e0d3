"""Routing: which carrier a text goes to, and to which one next. Pure.

Rules kept here:

* The longest prefix of the recipient's number comes first; among equals the lowest price, a stated one before none; then the
  order in which the routes were written.
* A carrier that cannot show a name as sender is passed over for names, and one that is bound to sender numbers for others.
* Another carrier is asked only after one that *surely did not send*. A carrier that asked to wait is not asked before that.

Refused: prefixes and prices that are none, a carrier that nobody knows, prices in several currencies, which cannot be compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from attrs import frozen

from servicekit.errors import ConfigurationError
from servicekit.moments import Instant

__all__ = ["Route", "Try", "Way", "barred", "check_routes", "choose_way", "remembered"]

_PREFIX = re.compile(r"(\+([1-9]\d{0,14})?)?")
_CURRENCY = re.compile(r"[A-Z]{3}")


@frozen(kw_only=True)
class Route:
    """One way to some numbers.

    >>> Route(carrier="46elks", prefix="+46", price=Decimal("0.35"), currency="SEK").price
    Decimal('0.35')

    Attributes:
        carrier: the carrier's name.
        prefix: what the recipient's number begins with, in E.164 with its plus sign; empty for all numbers.
        price: of one segment, at least 0; None where it is not known.
        currency: of the price, ISO 4217 (``SEK``).
        senders: beginnings of the sender numbers that this carrier may show, because they are hired from it; empty for any.
            Names as senders are not asked about here: the carrier's capabilities say whether it shows them.

    Raises:
        ConfigurationError: an attribute is none of the above.
    """

    carrier: str
    prefix: str = ""
    price: Decimal | None = None
    currency: str = ""
    senders: tuple[str, ...] = ()

    def __attrs_post_init__(self) -> None:
        for told in (self.prefix, *self.senders):
            if not _PREFIX.fullmatch(told):
                raise ConfigurationError(f"{told!r} begins no number: write it like '+46', or '' for all numbers.")
        if self.price is None:
            return
        price: object = self.price
        if not isinstance(price, Decimal) or not price.is_finite() or price < 0:  # a float has no exact price
            raise ConfigurationError(f"{self.price!r} is no price: write Decimal('0.35').")
        if not _CURRENCY.fullmatch(self.currency):
            raise ConfigurationError(f"{self.currency!r} is no currency of a price: write it like 'SEK' (ISO 4217).")


@frozen
class Try:
    """A carrier that surely did not send a text.

    Attributes:
        carrier: its name.
        final: whether asking it again cannot help until a person has done something (credentials, credit).
        until: it is not to be asked before this; None where it said nothing.
    """

    carrier: str
    final: bool = False
    until: Instant | None = None


@frozen
class Way:
    """The carriers to ask for one text, best first, and why others are not asked."""

    carriers: tuple[str, ...]
    passed_over: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        """Why nobody is asked, for people."""
        return "; ".join(self.passed_over) or "no route leads there"


def check_routes(routes: Iterable[Route], carriers: Sequence[str]) -> None:
    """Refuse routes that cannot be used with these carriers.

    Raises:
        ConfigurationError: a route leads to another carrier, or the prices have several currencies.
    """
    known = list(routes)
    for route in known:
        if route.carrier not in carriers:
            raise ConfigurationError(
                f"A route leads to {route.carrier!r}, but the kit's carriers are {', '.join(map(repr, carriers)) or 'none'}."
            )
    currencies = sorted({route.currency for route in known if route.price is not None})
    if len(currencies) > 1:
        raise ConfigurationError(
            f"The routes' prices are in {' and '.join(currencies)} and cannot be compared: convert them to one currency."
        )


def choose_way(routes: Sequence[Route], shows_names: Mapping[str, bool], *, number: str, sender: str) -> Way:
    """Which carriers to ask, in which order.

    Args:
        routes: as written; each leads to a carrier of ``shows_names``.
        shows_names: of each carrier, whether a name of letters may stand as sender.
        number: the recipient's, E.164.
        sender: a number in E.164, or a name.
    """
    here = [route for route in routes if number.startswith(route.prefix)]
    by_name = not sender.startswith("+")
    usable, passed_over = [], []
    for route in sorted(here, key=_rank):
        if by_name and not shows_names[route.carrier]:
            passed_over.append(f"{route.carrier} shows no names as sender")
        elif not by_name and route.senders and not sender.startswith(route.senders):
            passed_over.append(f"{route.carrier} may not show {sender}")
        else:
            usable.append(route.carrier)
    return Way(tuple(dict.fromkeys(usable)), tuple(dict.fromkeys(passed_over)))


def _rank(route: Route) -> tuple[int, bool, Decimal]:
    return -len(route.prefix), route.price is None, route.price or Decimal(0)


def barred(tried: Iterable[Try], at: Instant) -> frozenset[str]:
    """The carriers that are not to be asked now: asked in vain already, or told us to wait for longer."""
    return frozenset(one.carrier for one in tried if one.until is None or one.until > at)


def remembered(tried: Iterable[Try], at: Instant) -> tuple[Try, ...]:
    """What is left of the tries once every carrier was asked in vain: who asked to wait is still waited for."""
    return tuple(one for one in tried if one.until is not None and one.until > at)
