"""Password links: a token in a mail, its digest in the database, once and for a week."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from servicekit.accounts import (
    LINK_SPAN,
    RESET_SPAN,
    TOKEN_BYTES,
    check_usable,
    digest_of,
    invitation_for,
    link_for,
    token_of,
)
from servicekit.errors import NotFound
from servicekit.ids import CustomerUserId, UserId
from servicekit.moments import Instant

NOON = Instant.parse("2026-11-25T12:00:00Z")
ANNA = UserId("usr_anna")
MICROSECOND = timedelta(microseconds=1)


@given(st.binary(min_size=TOKEN_BYTES, max_size=TOKEN_BYTES), st.binary(min_size=TOKEN_BYTES, max_size=TOKEN_BYTES))
def test_a_token_is_its_randomness_in_a_url(one: bytes, other: bytes) -> None:
    """Letters, digits, ``-`` and ``_``; two are equal only if their randomness is, and their digests too."""
    token = token_of(one)
    assert len(token) == 43
    assert token.replace("-", "").replace("_", "").isalnum()
    assert (token == token_of(other)) == (one == other) == (digest_of(token) == digest_of(token_of(other)))


@pytest.mark.parametrize("count", [0, 31, 33])
def test_less_or_more_randomness_is_a_fault(count: int) -> None:
    """Ours, and not a user's."""
    with pytest.raises(ValueError, match="32 bytes"):
        token_of(bytes(count))


def test_a_link_keeps_no_token() -> None:
    """Neither in a field nor in its repr, where not even the digest stands."""
    token = token_of(bytes(range(32)))
    link = link_for(ANNA, token, NOON)
    assert (link.digest, link.user) == (digest_of(token), ANNA)
    assert token not in str([getattr(link, name) for name in ("digest", "user", "made_at")])
    assert link.digest not in repr(link)


def test_a_link_is_good_for_a_week_and_once() -> None:
    """To the microsecond; whatever else is wrong with it reads the same."""
    link = link_for(ANNA, "x", NOON)
    for at in (NOON, NOON + LINK_SPAN - MICROSECOND):
        assert check_usable(link, at) is link
    dead = [
        (link, NOON + LINK_SPAN),
        (link, NOON - MICROSECOND),
        (evolve(link, used_at=NOON), NOON + MICROSECOND),
        (None, NOON),
    ]
    said = set()
    for one, at in dead:
        with pytest.raises(NotFound) as caught:
            check_usable(one, at)
        said.add((caught.value.code, caught.value.message))
    assert said == {("dead_link", "This link is not good any more: ask for a new one.")}


def test_any_text_has_a_digest() -> None:
    """What somebody puts into the URL is looked up and not found."""
    assert len(digest_of("\ud800")) == 64


def test_a_link_or_invitation_may_be_for_another_span() -> None:
    """Forgotten passwords have an hour; both are made alike."""
    for link in (link_for(ANNA, "x", NOON, RESET_SPAN), invitation_for(CustomerUserId("cuu_1"), "x", NOON, RESET_SPAN)):
        assert (link.digest, link.expires_at) == (digest_of("x"), NOON + RESET_SPAN)
    assert invitation_for(CustomerUserId("cuu_1"), "x", NOON).expires_at == NOON + LINK_SPAN
