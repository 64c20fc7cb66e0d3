"""Connections: state, challenge, who may connect, and what is never shown."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from servicekit.errors import Conflict, NotFound
from servicekit.ids import GroupId
from servicekit.meetings import (
    ATTEMPT_SPAN,
    ConnectAttempt,
    Connection,
    ConnectionState,
    challenge_of,
    check_attempt,
    dropped,
    may_connect,
    other_account,
    secret_of,
    state_digest,
)
from servicekit.moments import Instant

S = ConnectionState
NOON = Instant.parse("2026-11-25T12:00:00Z")
ROOT = GroupId("grp_1")
ATTEMPT = ConnectAttempt(
    digest=state_digest("state"), organisation=ROOT, by="user usr_1", verifier="v", expires_at=NOON + ATTEMPT_SPAN
)
LIVING = Connection(
    organisation=ROOT,
    state=S.CONNECTED,
    account="A",
    user="U",
    email="anna@example.org",
    since=NOON,
    access="access-secret",
    refresh="refresh-secret",
    code="code-secret",
    verifier="verifier-secret",
    ends=NOON + timedelta(hours=1),
)


def test_the_challenge_is_rfc_7636s() -> None:
    """Appendix B: these octets, this verifier, this challenge."""
    octets = bytes.fromhex("7418dfb49799e0254ffa607dd8adbbba16d4254d69d6bff05b58055853848d79")

    assert secret_of(octets) == "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge_of(secret_of(octets)) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_too_little_randomness_is_refused() -> None:
    """A state is 32 bytes."""
    with pytest.raises(ValueError, match="32 bytes of entropy are needed, not 31"):
        secret_of(bytes(31))


@pytest.mark.parametrize(
    ("attempt", "by", "at"),
    [
        (None, "user usr_1", NOON),
        (evolve(ATTEMPT, used_at=NOON), "user usr_1", NOON),
        (ATTEMPT, "user usr_2", NOON),
        (ATTEMPT, "provider usr_1", NOON),
        (ATTEMPT, "user usr_1", NOON + ATTEMPT_SPAN),
    ],
    ids=["unknown", "used", "another's", "another kind's", "too old"],
)
def test_a_state_that_is_not_good_is_refused_alike(attempt: ConnectAttempt | None, by: str, at: Instant) -> None:
    """Nobody learns which states there were."""
    with pytest.raises(NotFound, match="leads nowhere any more") as caught:
        check_attempt(attempt, by, at)
    assert (caught.value.code, caught.value.facts) == ("dead_state", {})


def test_a_good_state_is_good_for_its_asker() -> None:
    """Until the ten minutes are over."""
    assert check_attempt(ATTEMPT, "user usr_1", NOON + ATTEMPT_SPAN - timedelta(microseconds=1)) is ATTEMPT


@pytest.mark.parametrize("state", [S.CONNECTED, S.CONNECTING, S.GRANTED])
def test_what_is_connected_is_disconnected_first(state: ConnectionState) -> None:
    """And the refusal says what to do for another account."""
    with pytest.raises(Conflict, match="remove the app at the meeting service as well") as caught:
        may_connect(evolve(LIVING, state=state))
    assert caught.value.code == "already_connected"


@pytest.mark.parametrize("state", [None, S.LOST, S.ENDING, S.DISCONNECTED])
def test_what_is_not_connected_may_be(state: ConnectionState | None) -> None:
    """Also while the former consent is being ended."""
    may_connect(None if state is None else evolve(LIVING, state=state))


@pytest.mark.parametrize(
    ("before", "account", "user", "shared", "other"),
    [
        (LIVING, "A", "U", False, False),
        (LIVING, "A", "V", False, True),
        (LIVING, "A", "V", True, True),
        (evolve(LIVING, shared=True), "A", "V", True, False),
        (evolve(LIVING, shared=True), "B", "U", True, True),
        (evolve(LIVING, removed_there=True), "B", "V", False, False),
        (evolve(LIVING, account=""), "B", "V", False, False),
    ],
)
def test_whose_account_may_follow(before: Connection, account: str, user: str, *, shared: bool, other: bool) -> None:
    """The same one; another user of one that is shared, before and now; anybody once the app was removed there."""
    assert other_account(before, account, user, shared=shared) is other


def test_a_dropped_connection_has_no_secret_and_knows_whose_it_was() -> None:
    """Once removed there, it stays so until it is connected again."""
    gone = dropped(dropped(LIVING, S.DISCONNECTED, "removed", removed_there=True), S.DISCONNECTED, "again")

    assert (gone.code, gone.verifier, gone.access, gone.refresh, gone.ends) == ("", "", "", "", None)
    assert (gone.account, gone.user, gone.removed_there, gone.detail) == ("A", "U", True, "again")


def test_it_lives_while_its_token_does() -> None:
    """Connected, and before the end."""
    end = NOON + timedelta(hours=1)

    assert LIVING.lives(end - timedelta(microseconds=1))
    assert not LIVING.lives(end)
    assert not evolve(LIVING, state=S.GRANTED).lives(NOON)
    assert not evolve(LIVING, ends=None).lives(NOON)


def test_no_secret_is_in_a_repr() -> None:
    """Of the connection and of the way to it."""
    assert "secret" not in repr(LIVING)
    assert "verifier" not in repr(evolve(ATTEMPT, verifier="verifier"))
    assert ATTEMPT.digest not in repr(ATTEMPT)
