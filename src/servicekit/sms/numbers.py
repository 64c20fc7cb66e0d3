"""Telephone numbers as people write them, to E.164 (ITU-T): ``0701234567`` with country code 46 is ``+46701234567``.

Rules kept here:

* A number with ``+`` or ``00`` says its own country; any other is read in the country of ``country_code``.
* Spaces, hyphens, dots, slashes, brackets, full-width and other decimal digits, the invisible marks that address books
  paste along, ``tel:`` and ``sms:`` links are all read. Anything else in it is refused, never skipped.
* What may be a mobile phone passes: also where the numbering plan does not tell mobiles from fixed lines (+1), and numbers
  of machine subscriptions that are longer than a phone's.

Refused, as `Invalid`: ``not_a_number``, ``impossible_number`` (a length or country that does not exist), ``not_mobile``
(the plan says that it is something else; premium numbers among them), ``bad_country_code``. phonenumbers, which
knows the plans, is imported at the first call: 30 ms that only those pay who read numbers.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from servicekit.errors import Invalid

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

__all__ = ["LONGEST", "e164", "parse_number", "read_mobile", "read_number"]

_LINK: Final = re.compile(r"(?:tel|sms):(?://)?", re.IGNORECASE)
_CONTEXT: Final = re.compile(r";phone-context=(\+[\d.() -]+)$", re.IGNORECASE)
_SEPARATORS: Final = re.compile(r"[\s().\[\]/\u002d\u2010-\u2015\u2212\uff08\uff09\uff0d\uff0e\uff0f]+")
LONGEST: Final = 64
"""Characters that a number may be written with."""

# Subscriptions for machines that take SMS but are longer than the plan's phones, by national number. Swedish ones fill E.164's
# fifteen digits; phonenumbers 9.0 calls them too long.
_MACHINES: Final[dict[int | None, re.Pattern[str]]] = {46: re.compile(r"7\d{12}")}

# What phonenumbers' types mean for SMS. Voice-over-IP numbers and pagers may take it.
_NOT_MOBILE: Final = {
    "FIXED_LINE": "a fixed line",
    "PERSONAL_NUMBER": "a personal (forwarding) number",
    "PREMIUM_RATE": "a premium-rate number",
    "SHARED_COST": "a shared-cost number",
    "TOLL_FREE": "a toll-free number",
    "UAN": "a company number",
    "VOICEMAIL": "a voice mailbox",
}


def parse_number(text: str, country_code: int = 46) -> str:
    """Read a mobile number and give it in E.164: ``+``, country code, national number, at most 15 digits.

    Args:
        text: the number as somebody wrote it.
        country_code: calling code (ITU E.164, such as 46 or 1) for a number that says no country.

    Raises:
        Invalid: see the top of this file. ``facts`` hold ``number`` (as given, cut to 64 characters), and ``type`` for
            ``not_mobile``.

    >>> parse_number("070-123 45 67")
    '+46701234567'
    >>> parse_number("tel:+1-212-555-0123")
    '+12125550123'
    """
    return (_remembered if len(text) <= LONGEST else _parsed)(text, country_code)


def _parsed(text: str, country_code: int) -> str:
    return e164(read_mobile(text, country_code))


# One text reads its number several times, and goes to people who have had others; what is refused is read anew each time.
_remembered = lru_cache(maxsize=4096)(_parsed)


def read_mobile(text: str, country_code: int) -> PhoneNumber:
    """As :func:`parse_number`, before it is written out."""
    number = read_number(text, country_code)
    if not _is_machine(number):
        _refuse_other_types(number, text)
        _refuse_impossible(number, text)
    return number


def read_number(text: str, country_code: int) -> PhoneNumber:
    """The number that is written there, whatever it is for.

    Raises:
        Invalid: ``not_a_number``, ``bad_country_code``, or ``impossible_number`` for a country that does not exist.
    """
    digits = _digits(text)
    region = _region(country_code)
    return _from_abroad(digits) or _read(digits, region, text)


def e164(number: PhoneNumber) -> str:
    """``+``, country code and national number."""
    return f"+{number.country_code}{_national(number)}"


def _digits(text: str) -> str:
    """Bare ASCII digits, perhaps with ``+`` before them."""
    bare = text.strip()
    if len(bare) > LONGEST:
        raise _not_a_number(text, f"has {len(bare)} characters")
    # Cf are the invisible formatting marks: direction marks, zero-width spaces, soft hyphens.
    bare = "".join(character for character in bare if unicodedata.category(character) != "Cf")
    if link := _LINK.match(bare):
        bare = bare[link.end() :]
        if context := _CONTEXT.search(bare):  # RFC 3966, 5.1.5: the country of a local number
            bare = context[1] + bare[: context.start()]
    bare = _SEPARATORS.sub("", bare).replace("\uff0b", "+")
    digits = "".join(str(unicodedata.decimal(character, character)) for character in bare)
    if not re.fullmatch(r"\+?[0-9]+", digits):
        raise _not_a_number(text, "is empty" if not digits else "has characters that no number has")
    return digits


def _not_a_number(text: str, why: str) -> Invalid:
    return Invalid(
        f"{text[:LONGEST]!r} {why}: write a mobile number such as 0701234567 or +46701234567.",
        code="not_a_number",
        number=text[:LONGEST],
    )


def _region(country_code: int) -> str:
    import phonenumbers

    region = phonenumbers.region_code_for_country_code(country_code)
    if region in {"ZZ", "001"}:
        raise Invalid(
            f"{country_code} is not the calling code of a country: use one such as 46 (Sweden) or 1 (North America).",
            code="bad_country_code",
            country_code=country_code,
        )
    return region


def _from_abroad(digits: str) -> PhoneNumber | None:
    """The number after ``00``, which most of the world dials for ``+``; None where what follows is no number."""
    import phonenumbers

    if not re.match("00[1-9]", digits):
        return None
    try:
        number = phonenumbers.parse(f"+{digits[2:]}")
    except phonenumbers.NumberParseException:
        return None  # in some plans a number at home begins with 00
    return number if phonenumbers.is_valid_number(number) or _is_machine(number) else None


def _read(digits: str, region: str, text: str) -> PhoneNumber:
    import phonenumbers

    try:
        return phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException as error:
        raise Invalid(
            f"{text[:LONGEST]!r} is no number of any country ({error}): check the country code and the digits.",
            code="impossible_number",
            number=text[:LONGEST],
        ) from None


def _national(number: PhoneNumber) -> str:
    import phonenumbers

    return phonenumbers.national_significant_number(number)


def _is_machine(number: PhoneNumber) -> bool:
    pattern = _MACHINES.get(number.country_code)
    return pattern is not None and pattern.fullmatch(_national(number)) is not None


def _refuse_impossible(number: PhoneNumber, text: str) -> None:
    from phonenumbers import (
        PhoneNumberType,
        ValidationResult,
        is_possible_number_for_type_with_reason,
    )

    found = is_possible_number_for_type_with_reason(number, PhoneNumberType.MOBILE)
    if found == ValidationResult.IS_POSSIBLE:
        return
    why = {
        ValidationResult.TOO_SHORT: "is too short for a mobile number",
        ValidationResult.TOO_LONG: "is too long for a mobile number",
        ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "lacks its area code",
    }.get(found, "has a number of digits that no mobile number has")
    raise Invalid(
        f"{text[:LONGEST]!r} {why} of country code {number.country_code}: check the digits, or write it with + and its country.",
        code="impossible_number",
        number=text[:LONGEST],
    )


def _refuse_other_types(number: PhoneNumber, text: str) -> None:
    from phonenumbers import PhoneNumberType, number_type

    found = PhoneNumberType.to_string(number_type(number))
    # In North America machines and test numbers live under 5XX, which the plan calls personal.
    if found not in _NOT_MOBILE or (found == "PERSONAL_NUMBER" and number.country_code == 1):
        return
    raise Invalid(
        f"{text[:LONGEST]!r} is {_NOT_MOBILE[found]}, which cannot take an SMS: use a mobile number.",
        code="not_mobile",
        number=text[:LONGEST],
        type=found.lower(),
    )
