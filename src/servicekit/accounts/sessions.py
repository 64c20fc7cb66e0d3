"""Sessions: who is logged in where, by a token that changes as it is used.

Rules kept here:

* A token is a selector, which finds its session, and a secret. The next secret follows from the present one and from a salt
  that only the database has, so that two windows that renew at once get the same token, and a lost answer costs nothing.
* The next token takes over when it is first used. From then on the one before is good for a minute; after that it must be a
  copy, as must any other secret under the session's selector: then the session ends for everybody who has a token of it.
* Only digests are stored: who reads the database can log in nowhere.
"""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import timedelta
from enum import StrEnum
from typing import Final

from attrs import evolve, field, frozen

from servicekit.commands import Principal
from servicekit.ids import CustomerUserId, SessionId, UserId
from servicekit.moments import Instant

__all__ = [
    "GRACE",
    "SESSION_BYTES",
    "ListedSession",
    "Session",
    "SessionEnd",
    "listed",
    "presented",
    "principal_of",
    "recognised",
    "selector_of",
    "session_for",
]

GRACE: Final = timedelta(minutes=1)
"""How long the token before is good beside the one that has taken over."""

SESSION_BYTES: Final = 80
"""Bytes of randomness in a session: for its selector, its first secret and its salt."""

_SELECTOR_BYTES, _SECRET_BYTES = 16, 32
_KEPT = (timedelta(days=60), timedelta(days=365))
_NOT_KEPT = (timedelta(hours=12), timedelta(days=7))
_FORM = re.compile(r"([\w-]{22})\.([\w-]{43})", re.ASCII)


class SessionEnd(StrEnum):
    """Why a session is over."""

    NOT_YET = ""
    LOGGED_OUT = "logged out"
    REVOKED = "revoked"
    """Ended from the list of sessions."""
    PASSWORD = "password changed"  # noqa: S105 - no password
    STOLEN = "stolen"
    """Somebody used a token that had been replaced."""


@frozen(kw_only=True)
class Session:
    """A session as it is stored.

    Attributes:
        user: the id of a user or of a customer user.
        selector: digest of what finds it.
        current, following, before: digests of the secrets that are good now, will be next, and were before.
        salt: what the next secret follows from, besides the present one.
        moved_at: when the present secret took over.
        keep: it was asked to last over days.
        label: what the application wants to show of it, such as the browser's name.
        origin: where the log-in came from.
        ends_at: from then on it is good no more, unless it is renewed before.
    """

    id: SessionId
    user: str
    selector: str = field(repr=False)
    current: str = field(repr=False)
    following: str = field(repr=False)
    before: str = field(default="", repr=False)
    salt: str = field(repr=False)
    moved_at: Instant
    made_at: Instant
    used_at: Instant
    ends_at: Instant
    keep: bool
    label: str = ""
    origin: str = ""
    end: SessionEnd = SessionEnd.NOT_YET

    def lives(self, at: Instant) -> bool:
        """Whether it is good now."""
        return self.end is SessionEnd.NOT_YET and at < self.ends_at


@frozen(kw_only=True)
class ListedSession:
    """A session as it may be shown; see :class:`Session`."""

    id: SessionId
    user: str
    made_at: Instant
    used_at: Instant
    ends_at: Instant
    keep: bool
    label: str
    origin: str


def listed(session: Session) -> ListedSession:
    """What may be shown of a session."""
    return ListedSession(
        id=session.id,
        user=session.user,
        made_at=session.made_at,
        used_at=session.used_at,
        ends_at=session.ends_at,
        keep=session.keep,
        label=session.label,
        origin=session.origin,
    )


def principal_of(user: str, origin: str = "") -> Principal:
    """Whom a session, or a password, speaks for."""
    kind = CustomerUserId if user.startswith(f"{CustomerUserId.prefix}_") else UserId
    return Principal.of(kind(user), origin=origin)


def session_for(
    session_id: SessionId, user: str, entropy: bytes, at: Instant, *, keep: bool, label: str = "", origin: str = ""
) -> tuple[Session, str]:
    """A new session and its first token.

    Args:
        session_id: its id.
        user: whose.
        entropy: :data:`SESSION_BYTES` random bytes.
        at: now.
        keep: whether it lasts for 60 days after each use, and a year at most; else 12 hours, and a week.
        label, origin: to be shown.
    """
    if len(entropy) != SESSION_BYTES:
        raise ValueError(f"{SESSION_BYTES} bytes of entropy are needed, not {len(entropy)}")
    selector = _text(entropy[:_SELECTOR_BYTES])
    secret = _text(entropy[_SELECTOR_BYTES : _SELECTOR_BYTES + _SECRET_BYTES])
    salt = _text(entropy[_SELECTOR_BYTES + _SECRET_BYTES :])
    session = Session(
        id=session_id,
        user=user,
        selector=_digest(selector),
        current=_digest(secret),
        following=_digest(_next(secret, salt)),
        salt=salt,
        moved_at=at,
        made_at=at,
        used_at=at,
        ends_at=_ends(at, at, keep=keep),
        keep=keep,
        label=label,
        origin=origin,
    )
    return session, f"{selector}.{secret}"


def selector_of(token: str) -> str | None:
    """The digest that a token's session is found by; None for what is no token."""
    found = _FORM.fullmatch(token)
    return None if found is None else _digest(found[1])


def recognised(session: Session, token: str, at: Instant) -> bool:
    """Whether a token is good for its session now; changes nothing."""
    good = {session.current, session.following}
    if at < session.moved_at + GRACE:
        good.add(session.before)
    return session.lives(at) and _digest(token.partition(".")[2]) in good


def presented(session: Session, token: str, at: Instant) -> tuple[Session, str | None]:
    """The session after one of its tokens was used, and the token from now on; None: it is over.

    Args:
        session: found by the token's selector.
        token: what was presented.
        at: now.
    """
    if not session.lives(at):
        return session, None
    selector, _, secret = token.partition(".")
    if not recognised(session, token, at):
        return evolve(session, end=SessionEnd.STOLEN), None
    digest, following = _digest(secret), _next(secret, session.salt)
    used = evolve(session, used_at=at, ends_at=_ends(session.made_at, at, keep=session.keep))
    if digest == session.following:
        used = evolve(used, before=session.current, current=digest, following=_digest(following), moved_at=at)
    return used, f"{selector}.{following}"


def _ends(made_at: Instant, at: Instant, *, keep: bool) -> Instant:
    idle, longest = _KEPT if keep else _NOT_KEPT
    return min(at + idle, made_at + longest)


def _text(some: bytes) -> str:
    return base64.urlsafe_b64encode(some).rstrip(b"=").decode("ascii")


def _next(secret: str, salt: str) -> str:
    return _text(hashlib.sha256(f"{salt}.{secret}".encode()).digest())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
