"""What is asked about log-ins shows no secret, and whoever is logged in is a principal."""

from __future__ import annotations

from servicekit.accounts import (
    SESSION_BYTES,
    ChangePassword,
    CheckSession,
    LoggedIn,
    LogIn,
    LogOut,
    RenewSession,
    SetPassword,
    listed,
    session_for,
)
from servicekit.commands import Principal
from servicekit.ids import SessionId, UserId
from servicekit.moments import Instant


def test_no_repr_shows_a_password_or_a_token() -> None:
    """So no log does."""
    for command in (
        LogIn(email="a@b.se", password="secret"),
        SetPassword(token="secret", password="secret"),
        ChangePassword(old="secret", new="secret"),
        RenewSession("secret"),
        CheckSession("secret"),
        LogOut("secret"),
    ):
        assert "secret" not in repr(command)


def test_whoever_is_logged_in_asks_as_itself() -> None:
    """From where it logged in."""
    session, token = session_for(
        SessionId("ses_1"), "usr_1", bytes(SESSION_BYTES), Instant(0), keep=False, origin="192.0.2.7"
    )
    entered = LoggedIn(session=listed(session), token=token)
    assert entered.principal == Principal.of(UserId("usr_1"))
    assert entered.principal.origin == "192.0.2.7"
    assert token not in repr(entered)
