"""What is asked about log-ins. Framework-neutral: tokens come and go as values; cookies and forms are the application's.

Whoever is not logged in yet cannot ask for itself: the application asks, as an operator, and says in its principal's ``origin``
where the person's request came from.
"""

from __future__ import annotations

from enum import StrEnum

from attrs import field, frozen

from servicekit.accounts.sessions import ListedSession, principal_of
from servicekit.commands import Command, Principal, PrincipalKind, Query
from servicekit.ids import CustomerUserId, SessionId, UserId
from servicekit.moments import Instant

__all__ = [
    "ChangePassword",
    "CheckSession",
    "EndSession",
    "ForgotPassword",
    "ListSessions",
    "LogIn",
    "LogOut",
    "LoggedIn",
    "NotLoggedIn",
    "PasswordChanged",
    "RenewSession",
    "SetPassword",
    "WhyNot",
]


class WhyNot(StrEnum):
    """Why somebody is not logged in."""

    WRONG = "wrong"
    """No such address, no password yet, or another one: nobody is told which."""
    SLOW_DOWN = "slow down"
    """Too many tries for this address, or from there, whether or not this one was right. A session that is kept still renews,
    and a link by mail still logs in."""
    OVER = "over"
    """The session is over, or never was."""
    STOLEN = "stolen"
    """The token had been replaced: it, or the one that replaced it, is a copy. The session is over."""


@frozen(kw_only=True)
class LoggedIn:
    """Somebody is logged in.

    Attributes:
        token: to be presented from now on, about 66 characters that may stand in a cookie or a URL. It is told this once.
    """

    session: ListedSession
    token: str = field(repr=False)

    @property
    def principal(self) -> Principal:
        """Who asks from now on."""
        return principal_of(self.session.user, self.session.origin)


@frozen(kw_only=True)
class NotLoggedIn:
    """Nobody is; ``until``: when the next try will be looked at, where that is not at once."""

    why: WhyNot
    until: Instant | None = None


@frozen(kw_only=True)
class LogIn(Command[LoggedIn | NotLoggedIn]):
    """Log somebody in by address and password. For operators.

    Whatever the address, it costs one verification of a password, outside of any transaction. Ten wrong passwords for one
    address, or fifty from one origin, and the next is looked at only after a pause, of five minutes or one.

    Attributes:
        kind: whether to look among users or among customers' users, who may have the same address.
        keep: whether the session lasts for 60 days after each use (a year at most); else for 12 hours (a week at most).
        label: what a list of sessions shall show, such as the browser's name; its first 200 characters.

    Raises:
        Invalid: ``no_log_in`` for another kind.
        ConfigurationError: the kit was opened without ``passwords``.
    """

    email: str
    password: str = field(repr=False)
    kind: PrincipalKind = PrincipalKind.USER
    keep: bool = False
    label: str = ""


@frozen(kw_only=True)
class SetPassword(Command[LoggedIn]):
    """Choose a password by a link (of a welcome, an invitation or :class:`ForgotPassword`), and log in. For operators.

    The link and all others of the same person are used up, and all its other sessions end. An invitation is accepted by it.

    Raises:
        NotFound: ``dead_link`` for one that is unknown, used or too old.
        Invalid: ``short_password``, ``long_password``, ``easy_password``; the link is still good then.
    """

    token: str = field(repr=False)
    password: str = field(repr=False)
    keep: bool = False
    label: str = ""


@frozen(kw_only=True)
class ForgotPassword(Command[NotLoggedIn | None]):
    """Mail a link to choose another password, good for an hour, if the address is known. For operators.

    The answer never tells whether it is, nor does what is done before it: the address is looked up, and something enqueued,
    either way. Three times for one address, then once an hour; twenty from one origin, then once a minute.

    Returns:
        None: if the address is known, a mail is on its way. Else that and until when it has been asked too often.

    Raises:
        Invalid: ``not_an_address``; ``no_log_in``.
        Conflict: ``cannot_mail`` if the kit has neither mail nor ``password_url``.
    """

    email: str
    kind: PrincipalKind = PrincipalKind.USER


@frozen
class RenewSession(Command[LoggedIn | NotLoggedIn]):
    """Use a token and get the next one. For operators. Whoever was removed is logged in no more.

    To be asked when a visit begins, and now and then; :class:`CheckSession` is enough in between.
    """

    token: str = field(repr=False)


@frozen
class CheckSession(Query[ListedSession | None]):
    """Whose session it is, if its token is good now; None else. For operators. Two or three reads of a row."""

    token: str = field(repr=False)


@frozen
class LogOut(Command[None]):
    """End the session of a token, if it is good. For operators."""

    token: str = field(repr=False)


@frozen
class ListSessions(Query[tuple[ListedSession, ...]]):
    """The sessions of a user that are not over, in order of making. The user itself may, and ``users:read``.

    Of a customer's user: itself, and ``customer_rights:read``.
    """

    user: UserId | CustomerUserId


@frozen
class EndSession(Command[ListedSession]):
    """End a session. Its user may, and ``users:write``; of a customer's user ``customer_rights:write``."""

    session: SessionId


@frozen(kw_only=True)
class PasswordChanged:
    """It was changed; ``ended``: how many other sessions ended by it."""

    ended: int


@frozen(kw_only=True)
class ChangePassword(Command[PasswordChanged | NotLoggedIn]):
    """Change one's own password. Only the user itself may. All other sessions end, and links that were mailed are used up.

    Attributes:
        session: the one that goes on; None: none does.

    Raises:
        Invalid: ``short_password``, ``long_password``, ``easy_password``.
        Forbidden: ``not_oneself``.
    """

    old: str = field(repr=False)
    new: str = field(repr=False)
    session: SessionId | None = None
