"""Sessions: the token that changes, the one that was lost, and the one that was copied."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from servicekit.accounts import (
    GRACE,
    SESSION_BYTES,
    Session,
    SessionEnd,
    listed,
    presented,
    principal_of,
    recognised,
    selector_of,
    session_for,
)
from servicekit.commands import PrincipalKind
from servicekit.ids import SessionId
from servicekit.moments import Instant

NOW = Instant.parse("2026-11-25T12:00:00Z")
USER = "usr_1"
DAY = timedelta(days=1)


def begun(*, keep: bool = True, entropy: bytes = bytes(SESSION_BYTES)) -> tuple[Session, str]:
    """A session and its first token."""
    return session_for(SessionId("ses_1"), USER, entropy, NOW, keep=keep, label="Firefox", origin="192.0.2.7")


def used(session: Session, token: str, at: Instant = NOW) -> tuple[Session, str]:
    """The session and its next token."""
    after, following = presented(session, token, at)
    assert following is not None
    return after, following


def test_a_token_leads_to_the_next_and_is_good_until_that_is_used() -> None:
    """An answer that was lost costs nothing: the same token gives the same next one."""
    session, first = begun()
    session, second = used(session, first)
    session, again = used(session, first)

    assert second == again != first
    assert selector_of(first) == selector_of(second) == session.selector


def test_two_windows_that_renew_at_once_get_the_same_token() -> None:
    """Also where one of them has used the next one already, for a minute."""
    session, first = begun()
    session, second = used(session, first)
    session, third = used(session, second)
    session, late = used(session, first, NOW + GRACE - timedelta(microseconds=1))

    assert late == second
    assert len({first, second, third}) == 3
    assert recognised(session, second, NOW)
    assert recognised(session, third, NOW)


def test_a_replaced_token_is_a_copy_and_ends_the_session() -> None:
    """For the thief and for the owner: nobody can tell which of them is which."""
    session, first = begun()
    session, second = used(session, first)
    session, third = used(session, second)
    at = NOW + GRACE
    assert not recognised(session, first, at)
    ended, none = presented(session, first, at)

    assert (ended.end, none) == (SessionEnd.STOLEN, None)
    assert presented(ended, third, at) == (ended, None)
    assert not recognised(ended, third, at)


def test_the_token_before_the_one_before_is_good_no_more() -> None:
    """Not even within the minute."""
    session, first = begun()
    session, second = used(session, first)
    session, third = used(session, second)
    session, _ = used(session, third)

    assert presented(session, first, NOW)[0].end is SessionEnd.STOLEN


@given(st.binary(min_size=32, max_size=32))
def test_any_other_secret_under_the_selector_ends_it(secret: bytes) -> None:
    """Who knows the selector has had a token."""
    session, first = begun(entropy=bytes(range(SESSION_BYTES)))
    forged = begun(entropy=bytes(range(16)) + secret + bytes(32))[1]
    after, token = presented(session, forged, NOW)

    assert forged.partition(".")[0] == first.partition(".")[0]
    assert (after.end, token) == (SessionEnd.STOLEN, None)


@pytest.mark.parametrize(("keep", "idle", "longest"), [(True, 60 * DAY, 365 * DAY), (False, DAY / 2, 7 * DAY)])
def test_a_session_lasts_as_long_as_it_is_used_and_not_for_ever(
    keep: bool, idle: timedelta, longest: timedelta
) -> None:
    """Some time after each use, and some time after the log-in at most."""
    session, token = begun(keep=keep)
    assert session.ends_at == NOW + idle
    assert presented(session, token, NOW + idle) == (session, None)
    at = NOW
    while at + idle < NOW + longest:
        at += idle - timedelta(seconds=1)
        session, token = used(session, token, at)
        assert session.used_at == at
    assert session.ends_at == NOW + longest
    assert not recognised(session, token, NOW + longest)


@pytest.mark.parametrize("text", ["", "x", "a.b", "\ud800" * 66, f"{'a' * 22}.{'b' * 44}", f"{'å' * 22}.{'b' * 43}"])
def test_what_is_no_token_has_no_selector(text: str) -> None:
    """So it is looked up nowhere."""
    assert selector_of(text) is None


def test_what_is_listed_and_shown_holds_no_secret() -> None:
    """Not even digests."""
    session, token = begun(entropy=bytes(range(SESSION_BYTES)))
    selector, _, secret = token.partition(".")
    shown = repr(session) + repr(listed(session))

    assert "Firefox" in shown
    assert not [one for one in (selector, secret, session.selector, session.current, session.salt) if one in shown]


def test_a_session_speaks_for_users_and_for_customers_users() -> None:
    """By the kind of its user's id, from where the log-in came."""
    assert principal_of("usr_1", "192.0.2.7").origin == "192.0.2.7"
    assert [principal_of(one).kind for one in ("usr_1", "cuu_1")] == [PrincipalKind.USER, PrincipalKind.CUSTOMER_USER]


def test_ended_sessions_live_no_more_and_short_entropy_is_refused() -> None:
    """Whatever the time."""
    session, token = begun()
    for end in (SessionEnd.LOGGED_OUT, SessionEnd.REVOKED, SessionEnd.PASSWORD):
        assert not recognised(evolve(session, end=end), token, NOW)
    with pytest.raises(ValueError, match="80 bytes"):
        begun(entropy=b"few")
