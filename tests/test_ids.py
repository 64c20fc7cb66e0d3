"""Typed ids: kinds that never mix, order by time, randomness kept whole."""

from __future__ import annotations

import json

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from servicekit import ids
from servicekit.errors import Invalid
from servicekit.ids import BookingId, Id, UserId
from servicekit.moments import Instant

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
KINDS: list[type[Id]] = [getattr(ids, name) for name in ids.__all__ if name != "Id"]
SINCE_1970 = st.integers(0, 250_000_000_000_000_000).map(Instant)
ENTROPY = st.binary(min_size=ids.ENTROPY_BYTES, max_size=ids.ENTROPY_BYTES)


def taken_apart(made: Id) -> tuple[int, bytes]:
    """Milliseconds and randomness of an id, digit by digit."""
    number = 0
    for digit in made.split("_")[1]:
        number = number * 32 + CROCKFORD.index(digit.upper())
    return number >> 80, (number % 2**80).to_bytes(10)


def test_each_kind_has_its_own_prefix() -> None:
    """Prefixes are three lower-case letters and tell all kinds apart; ``Id.kinds`` finds a kind by its prefix."""
    assert {kind.prefix: kind for kind in KINDS} == Id.kinds
    assert len(Id.kinds) == len(KINDS)
    assert all(len(prefix) == 3 and prefix.isalpha() and prefix.islower() for prefix in Id.kinds)


@given(kind=st.sampled_from(KINDS), at=SINCE_1970, entropy=ENTROPY)
def test_an_id_holds_its_time_and_its_randomness(kind: type[Id], at: Instant, entropy: bytes) -> None:
    """48 bits of milliseconds and 80 of randomness in 26 digits of Crockford's base 32, as in a ULID."""
    made = kind.made(at, entropy)
    assert type(made) is kind
    assert made.startswith(f"{kind.prefix}_")
    assert len(made) == 4 + 26
    assert taken_apart(made) == (at.us // 1000, entropy)


@given(first=SINCE_1970, second=SINCE_1970, one=ENTROPY, other=ENTROPY)
def test_later_ids_sort_later(first: Instant, second: Instant, one: bytes, other: bytes) -> None:
    """Ids made in different milliseconds sort by time, whatever their randomness."""
    assume(first.us // 1000 != second.us // 1000)
    assert (first < second) == (BookingId.made(first, one) < BookingId.made(second, other))


@pytest.mark.parametrize("length", [0, 9, 11])
def test_too_little_or_too_much_randomness_is_refused(length: int) -> None:
    """Ten random bytes, neither fewer nor more."""
    with pytest.raises(ValueError, match="10 bytes of entropy"):
        UserId.made(Instant(0), bytes(length))


@pytest.mark.parametrize("kind", KINDS)
def test_an_id_of_one_kind_is_none_of_another(kind: type[Id]) -> None:
    """The same text is an id for exactly one kind; the refusal names the kind that was asked for."""
    text = f"{kind.prefix}_01m7zpt3644nq4g92mqbzqvfvg"
    for other in KINDS:
        if other is kind:
            assert other(text) == text
            continue
        with pytest.raises(Invalid) as caught:
            other(text)
        assert caught.value.code == "wrong_id"
        assert caught.value.facts == {"kind": other.__name__, "value": text}


@given(st.text())
@example("bkg")
@example("bkg1")
@example("BKG_1")
@example(" bkg_1")
def test_other_text_is_no_id(text: str) -> None:
    """Nothing without the prefix and its underscore passes."""
    assume(not text.startswith("bkg_"))
    with pytest.raises(Invalid):
        BookingId(text)


def test_an_id_is_text() -> None:
    """It goes into JSON as it is, and equals its text."""
    made = BookingId("bkg_1")
    assert json.dumps(made) == '"bkg_1"'
    assert {made: 1}["bkg_1"] == 1  # type: ignore[index]
