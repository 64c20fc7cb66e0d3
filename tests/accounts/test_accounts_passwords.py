"""Which passwords may be chosen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.accounts import FEWEST_CHARACTERS, MOST_CHARACTERS, Password, check_password, prepared
from servicekit.errors import Invalid
from servicekit.moments import Instant

ADDRESS = "anna.svensson@salon.example"


@pytest.mark.parametrize(
    "word",
    ["correct horse", "åäö  ÅÄÖ!", "\N{GRINNING FACE}\N{CAT}\N{DOG}\N{TOP HAT}\N{BEER MUG}word5", "a" * 20 + "bcdefgh"],
)
def test_any_characters_will_do(word: str) -> None:
    """None is demanded, none refused, spaces count."""
    chosen = word.ljust(FEWEST_CHARACTERS, "x")
    assert check_password(chosen, ADDRESS) == prepared(chosen)


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("", "short_password"),
        ("abcdefghi", "short_password"),
        ("x" * (MOST_CHARACTERS + 1), "long_password"),
        ("1111111111", "easy_password"),
        ("AbAbAbAbAbAb", "easy_password"),
        (ADDRESS, "easy_password"),
        (ADDRESS.upper(), "easy_password"),
        ("Anna.Svensson", "easy_password"),
        ("anna.svenssonanna.svensson", "easy_password"),
        ("correct horse \ud83d", "easy_password"),
    ],
)
def test_what_is_refused(word: str, code: str) -> None:
    """Too short, too long, among the first that are tried, or not to be typed again; the message never repeats it."""
    with pytest.raises(Invalid) as refused:
        check_password(word, ADDRESS)
    assert refused.value.code == code
    assert not word or word not in str(refused.value)


def test_the_bounds_themselves_are_allowed() -> None:
    """Ten, and 256."""
    for length in (FEWEST_CHARACTERS, MOST_CHARACTERS):
        word = ("abcdefghij" * 26)[:length]
        assert check_password(word, ADDRESS) == word


def test_however_it_was_composed_it_is_one_password() -> None:
    """A telephone writes é in one character, another keyboard in two."""
    assert check_password("cafe\u0301 au lait", ADDRESS) == check_password("caf\u00e9 au lait", ADDRESS)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_preparing_twice_changes_nothing(word: str) -> None:
    """So it does not matter who prepares."""
    assert prepared(prepared(word)) == prepared(word)


def test_a_hash_stands_in_no_repr() -> None:
    """Nor in logs, then."""
    assert "argon" not in repr(Password(user="usr_1", hash="$argon2id$", set_at=Instant(0)))
