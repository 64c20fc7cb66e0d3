"""Telephone numbers as people write them, to E.164."""

# ruff: noqa: RUF001  this file is about characters that look like others
from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sms_model import any_text

from servicekit.errors import Invalid
from servicekit.sms import parse_number
from servicekit.sms.numbers import _parsed, _remembered


@pytest.mark.spec("M-08")
@pytest.mark.parametrize(
    "text",
    [
        "0701234567",
        "+46701234567",
        "0046701234567",
        "46701234567",
        "701234567",
        "070-123 45 67",
        "070 123 45 67",
        " 0701234567\n",
        "(070) 123.45/67",
        "[070]1234567",
        "+46 (0)70 123 45 67",
        "０７０１２３４５６７",
        "＋４６ ７０ １２３ ４５ ６７",
        "٠٧٠١٢٣٤٥٦٧",
        "070\u2011123\u201345\u221267",
        "070\xa0123\u200945\u202f67",
        "070\u00ad1234567",
        "（070）123－45．67／",
        "\u202a+46701234567\u202c",
        "\ufeff0701234567\u200b",
        "tel:+46-70-123-45-67",
        "TEL:0701234567",
        "tel://0701234567",
        "sms:+46701234567",
        "tel:0701234567;phone-context=+46",
        "tel:70-123-45-67;phone-context=+46",
        "tel:070-1234567;PHONE-CONTEXT=+46",
    ],
)
def test_the_ways_to_write_one_number(text: str) -> None:
    """National, international, with ``00``, with separators, other digits, invisible marks, and as a link."""
    assert parse_number(text) == "+46701234567"


@pytest.mark.spec("M-08")
@pytest.mark.parametrize(
    ("text", "country_code", "number"),
    [
        ("07700 900123", 44, "+447700900123"),
        ("(212) 555-0123", 1, "+12125550123"),
        ("0176 12345678", 49, "+4917612345678"),
        ("333 123 4567", 39, "+393331234567"),
        ("412 34 567", 47, "+4741234567"),
        ("0046701234567", 1, "+46701234567"),
        ("0046701234567", 65, "+46701234567"),
        ("011 46 701234567", 1, "+46701234567"),
        ("001 46 701234567", 65, "+46701234567"),
        ("+46701234567", 1, "+46701234567"),
        ("tel:0701234567;phone-context=+46", 1, "+46701234567"),
        ("+12125550123", 46, "+12125550123"),
        ("+15005550006", 46, "+15005550006"),
        ("+881612345678", 46, "+881612345678"),
        ("+46 719 999 999", 46, "+46719999999"),
    ],
)
def test_the_country_code_serves_numbers_that_say_no_country(text: str, country_code: int, number: str) -> None:
    """National numbers take it; a number with ``+`` or ``00`` is left in its own country."""
    assert parse_number(text, country_code) == number


@pytest.mark.spec("M-05", "M-08")
@pytest.mark.parametrize(
    "text", ["+467301214060004", "+46 73 012 14 06 28 18", "00467301214062818", "+467999999999999"]
)
def test_numbers_of_machines_are_longer_than_phones(text: str) -> None:
    """Swedish numbers of 15 digits in the mobile range, from which gateways answer, are not refused."""
    assert parse_number(text) == "+" + re.sub(r"\D", "", text).removeprefix("00")
    assert parse_number(text, 1) == parse_number(text)


@pytest.mark.spec("M-08")
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        ("anna", "no number has"),
        ("0701234567 anna", "no number has"),
        ("070123456x", "no number has"),
        ("1-800-FLOWERS", "no number has"),
        ("0701234567;ext=5", "no number has"),
        ("tel:0701234567;phone-context=example.com", "no number has"),
        ("0701234567,123", "no number has"),
        ("+", "no number has"),
        ("++46701234567", "no number has"),
        ("070+1234567", "no number has"),
        ("²0701234567", "no number has"),
        ("mailto:0701234567", "no number has"),
        ("0701234567;phone-context=+46", "no number has"),
        ("0" * 65, "has 65 characters"),
    ],
)
def test_what_is_no_number_is_refused(text: str, why: str) -> None:
    """Letters, extensions, pauses and other signs are refused, never skipped."""
    with pytest.raises(Invalid, match=why) as refusal:
        parse_number(text)
    assert refusal.value.code == "not_a_number"
    assert refusal.value.facts == {"number": text[:64]}


@pytest.mark.spec("M-08", "M-36")
@pytest.mark.parametrize(
    ("text", "country_code", "why"),
    [
        ("112", 46, "too short"),
        ("+46701234", 46, "too short"),
        ("07012345678", 46, "too long"),
        ("+4670123456789012", 46, "too long"),
        ("073012140600041", 46, "too long"),
        ("+46830121406000", 46, "too long"),
        ("+4773012140600041", 46, "too long"),
        ("2125550", 1, "lacks its area code"),
        ("+4671000000000", 46, "too long"),
        ("+376 1234 5678", 46, "has a number of digits"),
        ("+99912345678", 46, "no number of any country"),
        ("00", 46, "no number of any country"),
        ("0099912345678", 46, "no number of any country"),
        ("+1", 46, "no number of any country"),
        ("000701234567", 46, "too"),
        ("0" * 64, 46, "no number of any country"),
    ],
)
def test_numbers_that_cannot_be_are_refused(text: str, country_code: int, why: str) -> None:
    """Too short, too long, without area code, of no country: each says so."""
    with pytest.raises(Invalid, match=why) as refusal:
        parse_number(text, country_code)
    assert refusal.value.code == "impossible_number"
    assert refusal.value.facts == {"number": text}


@pytest.mark.spec("M-08", "M-36")
@pytest.mark.parametrize(
    ("text", "kind", "why"),
    [
        ("08-12 34 56 78", "fixed_line", "a fixed line"),
        ("0900 123 456", "premium_rate", "a premium-rate number"),
        ("020-12 34 56", "toll_free", "a toll-free number"),
        ("077-123 45 67", "shared_cost", "a shared-cost number"),
        ("010-123 45 67", "uan", "a company number"),
        ("+44 7011 123456", "personal_number", "a personal"),
        ("+46 254 123 456 789", "voicemail", "a voice mailbox"),
    ],
)
def test_numbers_that_are_no_mobile_are_refused(text: str, kind: str, why: str) -> None:
    """What the numbering plan says is something else cannot take an SMS; premium numbers find nothing to earn."""
    with pytest.raises(Invalid, match=f"is {why}.*use a mobile number") as refusal:
        parse_number(text)
    assert refusal.value.code == "not_mobile"
    assert refusal.value.facts == {"number": text, "type": kind}


@pytest.mark.parametrize(
    ("text", "country_code", "sentence"),
    [
        ("", 46, "'' is empty: write a mobile number such as 0701234567 or +46701234567."),
        (
            "anna",
            46,
            "'anna' has characters that no number has: write a mobile number such as 0701234567 or +46701234567.",
        ),
        (
            "112",
            46,
            "'112' is too short for a mobile number of country code 46: check the digits, or write it with + and its country.",
        ),
        (
            "+4670123456789",
            1,
            (
                "'+4670123456789' is too long for a mobile number of country code 46: check the digits, "
                "or write it with + and its country."
            ),
        ),
        (
            "2125550",
            1,
            "'2125550' lacks its area code of country code 1: check the digits, or write it with + and its country.",
        ),
        (
            "+37612345678",
            46,
            (
                "'+37612345678' has a number of digits that no mobile number has of country code 376: check the digits, "
                "or write it with + and its country."
            ),
        ),
        ("0812345678", 46, "'0812345678' is a fixed line, which cannot take an SMS: use a mobile number."),
        (
            "0701234567",
            999,
            "999 is not the calling code of a country: use one such as 46 (Sweden) or 1 (North America).",
        ),
    ],
)
def test_a_refusal_tells_what_to_do(text: str, country_code: int, sentence: str) -> None:
    """What users read when they enter a number."""
    with pytest.raises(Invalid) as refusal:
        parse_number(text, country_code)
    assert str(refusal.value) == sentence


@pytest.mark.parametrize("country_code", [0, 999, -46, 800])
def test_a_country_code_must_be_a_countrys(country_code: int) -> None:
    """A code that no country has, or that none has alone (800), is a mistake in the settings."""
    with pytest.raises(Invalid, match="not the calling code of a country") as refusal:
        parse_number("0701234567", country_code)
    assert (refusal.value.code, refusal.value.facts) == ("bad_country_code", {"country_code": country_code})


@given(st.one_of(any_text, st.text("+0123456789 -()٠１", max_size=20)), st.sampled_from([46, 1, 44, 65, 39]))
@pytest.mark.spec("M-08")
def test_what_passes_is_e_164_and_stays_as_it_is(text: str, country_code: int) -> None:
    """``+`` and at most 15 digits; reading it again, in whatever country, changes nothing. All else is an `Invalid`."""
    try:
        number = parse_number(text, country_code)
    except Invalid as refusal:
        code = refusal.code
    else:
        assert re.fullmatch(r"\+[1-9][0-9]{6,14}", number)
        assert parse_number(number, 1) == parse_number(number, 46) == number
        return
    assert code in {"not_a_number", "impossible_number", "not_mobile"}


@given(st.text("+0123456789 -", max_size=14), st.sampled_from([46, 1, 44]))
def test_a_number_that_is_remembered_is_the_one_that_was_read(text: str, country_code: int) -> None:
    """However often it was read, and in whatever country before; what was refused is refused again, with its reason."""

    def read(how: Callable[[str, int], str], code: int = country_code) -> object:
        try:
            return how(text, code)
        except Invalid as refusal:
            return refusal.code, refusal.facts, refusal.message

    read(parse_number, 49)
    assert read(parse_number) == read(parse_number) == read(_parsed)


def test_a_number_with_much_space_around_it_is_read() -> None:
    """It is not remembered: only short texts are."""
    kept = _remembered.cache_info().misses
    assert parse_number("0701234567".center(1000)) == "+46701234567"
    assert _remembered.cache_info().misses == kept


def test_phonenumbers_is_not_loaded_before_it_is_needed() -> None:
    """Importing the function costs nothing; the first call loads the library."""
    program = (
        "import sys; from servicekit.sms.numbers import parse_number; assert 'phonenumbers' not in sys.modules; "
        "parse_number('0701234567'); assert 'phonenumbers' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
