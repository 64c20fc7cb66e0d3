"""Sender names, numbers and short codes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sms_model import SEPTETS, any_text

from servicekit.errors import Invalid
from servicekit.sms import Sender, check_sender, read_sender


@pytest.mark.spec("M-15")
@pytest.mark.parametrize(
    ("value", "kind", "portable"),
    [
        ("Kliniken", "name", True),
        ("A", "name", True),
        ("ABCDEFGHIJK", "name", True),
        ("24 timmar 7", "name", True),
        ("Växjö Bil", "name", False),
        ("Salong-Hår", "name", False),
        ("ÅÄÖåäöÉéÑñÜ", "name", False),
        ("a€€€€€", "name", False),
        ("ΔΦ", "name", False),
        ("123", "short code", True),
        ("72456", "short code", True),
        ("12345678", "short code", True),
        ("000", "short code", True),
        ("123456789", "number", True),
        ("46701234567", "number", True),
        ("+46701234567", "number", True),
        ("+467301214062818", "number", True),
        ("+1234567", "number", True),
        ("123456789012345", "number", True),
    ],
)
def test_senders_that_the_standard_allows(value: str, kind: str, portable: bool) -> None:
    """Names, numbers and short codes come back unchanged, with what they are and whether every carrier takes them."""
    assert check_sender(value) == value
    sender = read_sender(value)
    assert isinstance(sender, Sender)
    assert (sender.value, sender.kind, sender.portable) == (value, kind, portable)


@pytest.mark.spec("M-15")
@pytest.mark.parametrize(
    ("value", "code", "why"),
    [
        ("", "bad_sender", "is empty"),
        ("ABCDEFGHIJKL", "bad_sender_length", "takes 12 characters"),
        ("ABCDEFGHIJ€", "bad_sender_length", "takes 12 characters"),
        ("a€€€€€€", "bad_sender_length", "takes 13 characters"),
        ("Garçon", "bad_sender_character", r"Character 3 .*U\+00E7"),
        ("Salong😀", "bad_sender_character", r"Character 6 .*U\+1F600"),
        ("a\nb", "bad_sender_character", r"Character 1 .*U\+000A"),
        ("a\rb", "bad_sender_character", r"U\+000D"),
        ("a\fb", "bad_sender_character", r"U\+000C"),
        ("a\x1bb", "bad_sender_character", r"U\+001B"),
        ("\ud800", "bad_sender_character", r"U\+D800"),
        (" Salong", "bad_sender_space", "begins or ends with a space"),
        ("Salong ", "bad_sender_space", "begins or ends with a space"),
        ("   ", "bad_sender_space", "begins or ends with a space"),
        ("24/7", "bad_sender_letters", "has no letter"),
        ("070-1234", "bad_sender_letters", "has no letter"),
        ("+", "bad_sender_letters", "has no letter"),
        ("12", "bad_sender_number", "7 to 15 digits"),
        ("+123", "bad_sender_number", "7 to 15 digits"),
        ("+123456", "bad_sender_number", "7 to 15 digits"),
        ("0701234567", "bad_sender_number", "does not begin with 0"),
        ("+0701234567", "bad_sender_number", "does not begin with 0"),
        ("1234567890123456", "bad_sender_number", "7 to 15 digits"),
        ("+1234567890123456", "bad_sender_number", "7 to 15 digits"),
    ],
)
def test_senders_that_are_refused_and_why(value: str, code: str, why: str) -> None:
    """Each refusal has a code of its own and says what is wrong."""
    with pytest.raises(Invalid, match=why) as refusal:
        check_sender(value)
    assert refusal.value.code == code
    assert refusal.value.facts["sender"] == value


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("", "The sender is empty: give a name of 1 to 11 characters, or a number."),
        (
            "12",
            "'12' is no sender: a number has 7 to 15 digits and does not begin with 0, a short code 3 to 8 digits.",
        ),
        (
            "a`",
            "Character 1 of the sender 'a`' (U+0060) is not in the GSM alphabet: use letters, digits and spaces.",
        ),
        ("a ", "The sender 'a ' begins or ends with a space: remove it."),
        (
            "24/7",
            (
                "The sender '24/7' has no letter, so a phone would read it as a number: add a letter, "
                "or write a number in digits alone."
            ),
        ),
        (
            "ABCDEFGHIJ[",
            (
                "The sender 'ABCDEFGHIJ[' takes 12 characters and a name has at most 11: shorten it "
                "([ ] { } \\ ^ ~ | and € take two each)."
            ),
        ),
    ],
)
def test_a_refusal_tells_what_to_do(value: str, sentence: str) -> None:
    """What users read when they set a sender."""
    with pytest.raises(Invalid) as refusal:
        check_sender(value)
    assert str(refusal.value) == sentence


def test_facts_of_a_refusal() -> None:
    """Where the bad character is; how long the name is and how long it may be."""
    with pytest.raises(Invalid) as refusal:
        check_sender("a`")
    assert refusal.value.facts == {"sender": "a`", "index": 1}
    with pytest.raises(Invalid) as refusal:
        check_sender("ABCDEFGHIJ[")
    assert refusal.value.facts == {"sender": "ABCDEFGHIJ[", "units": 12, "most": 11}


@given(st.one_of(any_text, st.text(st.sampled_from(list(SEPTETS)), max_size=13), st.text("+0123456789", max_size=17)))
@pytest.mark.spec("M-15")
def test_what_passes_fits_the_address_field(value: str) -> None:
    """Whatever passes is a name of at most 11 septets, or at most 15 digits."""
    try:
        sender = read_sender(value)
    except Invalid as refusal:
        code = refusal.code
        sender = None
    if sender is None:
        assert code.startswith("bad_sender")
        return
    assert sender.value == value
    if sender.kind == "name":
        assert 1 <= sum(len(SEPTETS[character]) for character in value) <= 11
    else:
        assert 3 <= len(value.removeprefix("+")) <= 15
        assert set(value) <= set("+0123456789")
