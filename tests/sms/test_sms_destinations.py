"""Where a text goes: the country, and whether it is a costly number."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from servicekit.errors import Invalid
from servicekit.sms import (
    Destination,
    check_costly,
    check_countries,
    own_country,
    parse_number,
    read_destination,
)


@pytest.mark.parametrize(
    ("text", "country_code", "destination"),
    [
        ("070-123 45 67", 46, Destination("+46701234567", "SE")),
        ("+41791234567", 46, Destination("+41791234567", "CH")),
        ("0791234567", 41, Destination("+41791234567", "CH")),
        ("+12025550123", 46, Destination("+12025550123", "US")),
        ("+14165550123", 46, Destination("+14165550123", "CA")),
        ("+18765551234", 1, Destination("+18765551234", "JM")),
        ("+447624123456", 46, Destination("+447624123456", "IM")),
        ("+77012345678", 46, Destination("+77012345678", "KZ")),
        ("+467190001234567", 46, Destination("+467190001234567", "SE")),  # a machine's
        ("+881612345678", 46, Destination("+881612345678", "")),  # a satellite's
        ("0900-123456", 46, Destination("+46900123456", "SE", "premium_rate")),
        ("+46939123456", 41, Destination("+46939123456", "SE", "premium_rate")),
        ("0771-123456", 46, Destination("+46771123456", "SE", "shared_cost")),
        ("72456", 46, Destination("72456", "SE", "short_code")),
        ("72 456", 46, Destination("72456", "SE", "short_code")),
    ],
)
def test_a_number_has_a_country_and_perhaps_a_price(text: str, country_code: int, destination: Destination) -> None:
    """Its plan's, also where several countries share a calling code; none for satellites."""
    assert read_destination(text, country_code) == destination


@pytest.mark.parametrize("text", ["", "abc", "12", "0701", "+46", "1234", "+4618123456", "0" * 70, "+7245"])
def test_what_is_no_number_is_refused_as_ever(text: str) -> None:
    """With the very error that reading a mobile number ends in."""
    with pytest.raises(Invalid) as ours:
        read_destination(text)
    with pytest.raises(Invalid) as theirs:
        parse_number(text)
    assert (ours.value.code, ours.value.message) == (theirs.value.code, theirs.value.message)


def test_a_listed_short_code_needs_no_plan() -> None:
    """Plans are behind the operators; what is no short code at all is none by being listed."""
    with pytest.raises(Invalid):
        read_destination("1234")
    assert read_destination("1234", listed=("1234",)) == Destination("1234", "SE", "short_code")
    with pytest.raises(Invalid):
        read_destination("0701", listed=("0701",))


@given(st.from_regex(r"\+?[0-9]{1,16}", fullmatch=True), st.sampled_from([46, 1, 41, 44, 7]))
def test_a_mobile_number_is_the_one_that_is_parsed(text: str, country_code: int) -> None:
    """Whatever is not costly reads as :func:`parse_number` reads it."""
    try:
        parsed = parse_number(text, country_code)
    except Invalid:
        try:
            destination = read_destination(text, country_code)
        except Invalid:
            return
        assert destination.costly
    else:
        destination = read_destination(text, country_code)
        assert (destination.number, destination.costly) == (parsed, "")
        assert destination.country == "" or len(destination.country) == 2


def test_a_calling_codes_own_country_is_its_main_one() -> None:
    """Of +1 the United States, of +44 Great Britain."""
    assert [own_country(code) for code in (46, 1, 44, 7, 47)] == ["SE", "US", "GB", "RU", "NO"]


def test_countries_are_checked() -> None:
    """Two capital letters of a country that has telephones."""
    check_countries(["SE", "NO", "US"])
    for wrong in ("XX", "se", "Sweden", "", "46", "001"):
        with pytest.raises(Invalid) as caught:
            check_countries(["SE", wrong])
        assert (caught.value.code, caught.value.facts) == ("unknown_country", {"country": wrong})


def test_costly_numbers_are_checked() -> None:
    """A premium number with its country, or a short code; a national number would mean another one in each group."""
    check_costly(["+46900123456", "72456", "112233", "118"])
    for wrong in ("0900123456", "12", "1234567", "+46 900", "", "+0900123456"):
        with pytest.raises(Invalid) as caught:
            check_costly(["72456", wrong])
        assert (caught.value.code, caught.value.facts) == ("not_listable", {"number": wrong})


@given(
    st.sampled_from(["+46", "+1", "+44", "+7", "+39", "0", "00", "+88", "+599", ""]),
    st.text("0123456789", min_size=4, max_size=13),
    st.sampled_from([46, 1, 44, 39]),
)
@example("+39", "0612345678", 46)
@example("+1", "2025550123", 46)
@example("+358", "0077066113", 39)
def test_a_destination_is_the_same_however_often_it_is_read(prefix: str, digits: str, country_code: int) -> None:
    """What is remembered is what was read; and the country is that of the number as it is written out."""

    def read(text: str) -> object:
        try:
            return read_destination(text, country_code)
        except Invalid as refusal:
            return refusal.code, refusal.facts

    first = read(prefix + digits)
    assert first == read(prefix + digits) == read(f"{prefix}{digits}{' ' * 70}") or isinstance(first, tuple)
    if isinstance(first, Destination) and first.costly != "short_code":
        assert first.country == (phonenumbers.region_code_for_number(phonenumbers.parse(first.number)) or "").replace(
            "001", ""
        )
