"""Where a text goes: which country, and whether it costs more than a text does (M-36).

Rules kept here:

* A number has the country of its numbering plan: of the calling codes that several share (+1, +44, +7), the plan tells which.
* Numbers of no country (satellites, global networks) have none, so no list of countries holds them.
* Premium-rate and shared-cost numbers and short codes are *costly*: fraud by texts aims at them, because their holder is paid.

Refused, as `Invalid`: ``unknown_country``, ``not_listable`` (what cannot stand in a list of costly numbers), and whatever
:func:`servicekit.sms.parse_number` refuses besides costly numbers.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from attrs import frozen

from servicekit.errors import Invalid
from servicekit.sms.numbers import LONGEST, e164, read_mobile, read_number

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

__all__ = ["Destination", "check_costly", "check_countries", "own_country", "read_destination"]

_COSTLY: Final = frozenset({"premium_rate", "shared_cost"})
_SHORT: Final = re.compile(r"[1-9]\d{2,5}")
_LISTABLE: Final = re.compile(r"\+[1-9]\d{6,14}|[1-9]\d{2,5}")


@frozen
class Destination:
    """A number that a text may go to.

    Attributes:
        number: in E.164; a short code as it is dialled, such as ``72456``.
        country: ISO 3166-1 alpha-2, such as ``SE``; empty where the number is of no country.
        costly: ``premium_rate``, ``shared_cost`` or ``short_code``; empty for a mobile number.
    """

    number: str
    country: str
    costly: str = ""


def read_destination(text: str, country_code: int = 46, *, listed: Collection[str] = ()) -> Destination:
    """Read a number as :func:`servicekit.sms.parse_number` does, costly ones too.

    Args:
        text: the number as somebody wrote it.
        country_code: calling code for a number that says no country.
        listed: short codes that exist although no plan has them.

    Raises:
        Invalid: as ``parse_number`` does; of costly numbers it gives the number and does not raise.

    >>> read_destination("070-123 45 67")
    Destination(number='+46701234567', country='SE', costly='')
    >>> read_destination("0900-123456").costly, read_destination("72456").costly
    ('premium_rate', 'short_code')
    """
    try:
        return (_remembered if len(text) <= LONGEST else _mobile)(text, country_code)
    except Invalid as refused:
        costly = _costly(text, country_code, refused, listed)
        if costly is None:
            raise
        return costly


def _mobile(text: str, country_code: int) -> Destination:
    number = read_mobile(text, country_code)
    return Destination(e164(number), _country(number))


# One text asks for its destination several times, and goes to people who have had others.
_remembered = lru_cache(maxsize=4096)(_mobile)


def _costly(text: str, country_code: int, refused: Invalid, listed: Collection[str]) -> Destination | None:
    kind = refused.facts.get("type")
    if kind in _COSTLY:
        number = read_number(text, country_code)
        return Destination(e164(number), _country(number), str(kind))
    short = re.sub(r"[\s-]", "", text)
    if refused.code != "impossible_number" or not _SHORT.fullmatch(short):
        return None
    own = own_country(country_code)
    return Destination(short, own, "short_code") if short in listed or _in_plan(short, own) else None


def _in_plan(short: str, country: str) -> bool:
    import phonenumbers
    from phonenumbers import shortnumberinfo

    return shortnumberinfo.is_valid_short_number_for_region(phonenumbers.parse(short, country), country)


def _country(number: PhoneNumber) -> str:
    import phonenumbers

    sharing = phonenumbers.region_codes_for_country_code(number.country_code or 0)
    # Of the number as it is written out: with zeros before it, what was read may be valid where this is not.
    found = sharing[0] if len(sharing) == 1 else phonenumbers.region_code_for_number(phonenumbers.parse(e164(number)))
    return "" if found in {None, "001"} else str(found)


def own_country(country_code: int) -> str:
    """The country of a calling code; of several, the main one.

    >>> own_country(46), own_country(1)
    ('SE', 'US')
    """
    import phonenumbers

    return phonenumbers.region_code_for_country_code(country_code)


def check_countries(countries: Iterable[str]) -> None:
    """Refuse what is no country.

    Raises:
        Invalid: ``unknown_country``.
    """
    import phonenumbers

    for country in countries:
        if country not in phonenumbers.SUPPORTED_REGIONS:
            raise Invalid(
                f"{country!r} is no country: write its two letters (ISO 3166-1), such as SE or NO.",
                code="unknown_country",
                country=country,
            )


def check_costly(numbers: Iterable[str]) -> None:
    """Refuse what no costly number is written like.

    Raises:
        Invalid: ``not_listable``.
    """
    for number in numbers:
        if not _LISTABLE.fullmatch(number):
            raise Invalid(
                f"{number!r} cannot be listed: write a premium number with + and its country, or a short code of 3 to 6 digits.",
                code="not_listable",
                number=number,
            )
