"""Sessions begun, renewed, checked, listed and ended.

Rules kept here: whoever presents a token is somebody only as long as it is a user, and has not been removed. Whoever changes a
session holds it.
"""

from __future__ import annotations

from datetime import timedelta

from attrs import evolve

from servicekit.accounts import (
    SESSION_BYTES,
    CheckSession,
    EndSession,
    ListedSession,
    ListSessions,
    LoggedIn,
    LogOut,
    NotLoggedIn,
    RenewSession,
    Session,
    SessionEnd,
    WhyNot,
    listed,
    presented,
    principal_of,
    recognised,
    selector_of,
    session_for,
)
from servicekit.commands import Principal
from servicekit.errors import NotFound
from servicekit.ids import CustomerUserId, SessionId
from servicekit.usecases.people import person
from servicekit.usecases.work import Work, unseen

__all__ = [
    "begin",
    "check_session",
    "end_others",
    "end_session",
    "list_sessions",
    "log_out",
    "renew_session",
]

_LONGEST_LABEL = 200
_KEPT_AFTER_THE_END = timedelta(days=30)


def begin(work: Work, user: str, *, keep: bool, label: str) -> LoggedIn:
    """A new session; those of the same person that ended a month ago are forgotten."""
    work.store.sessions.forget(user, work.at - _KEPT_AFTER_THE_END)
    session, token = session_for(
        work.new(SessionId),
        user,
        work.wiring.random_bytes(SESSION_BYTES),
        work.at,
        keep=keep,
        label=label[:_LONGEST_LABEL],
        origin=work.by.origin,
    )
    work.store.sessions.add(session)
    return LoggedIn(session=listed(session), token=token)


def end_others(work: Work, user: str, why: SessionEnd, but: str | None = None) -> int:
    """End all sessions of somebody but one; how many that were."""
    ended = 0
    for session in work.store.sessions.where(user=user, end=SessionEnd.NOT_YET):
        if session.id != but:
            work.store.sessions.save(evolve(work.store.sessions.hold(session.id), end=why))
            ended += session.lives(work.at)
    return ended


def renew_session(work: Work, command: RenewSession) -> LoggedIn | NotLoggedIn:
    """The next token."""
    work.operator()
    found = _found(work, command.token)
    if found is None:
        return NotLoggedIn(why=WhyNot.OVER)
    session, token = presented(work.store.sessions.hold(found.id), command.token, work.at)
    work.store.sessions.save(session)
    if token is None:
        return NotLoggedIn(why=WhyNot.STOLEN if session.end is SessionEnd.STOLEN else WhyNot.OVER)
    return LoggedIn(session=listed(session), token=token)


def check_session(work: Work, query: CheckSession) -> ListedSession | None:
    """Whose it is."""
    work.operator()
    found = _found(work, query.token)
    return listed(found) if found is not None and recognised(found, query.token, work.at) else None


def log_out(work: Work, command: LogOut) -> None:
    """End it."""
    work.operator()
    found = _found(work, command.token)
    if found is not None and recognised(found, command.token, work.at):
        work.store.sessions.save(evolve(work.store.sessions.hold(found.id), end=SessionEnd.LOGGED_OUT))


def list_sessions(work: Work, query: ListSessions) -> tuple[ListedSession, ...]:
    """Those that live."""
    if isinstance(query.user, CustomerUserId):
        customer_user = work.store.customer_users.get(query.user)
        if work.by != Principal.of(customer_user.id):
            work.owned("customer_rights:read", customer_user, customer_user.organisation, customer_user.customer)
    else:
        work.about_user("users:read", query.user)
    sessions = work.store.sessions.where(user=query.user, end=SessionEnd.NOT_YET)
    return tuple(listed(session) for session in sessions if session.lives(work.at))


def end_session(work: Work, command: EndSession) -> ListedSession:
    """From the list."""
    found = work.store.sessions.find(command.session)
    user = work.store.users.find(found.user if found else "")  # whether or not it is there
    if found is None:
        raise NotFound(
            f"There is no Session {command.session}, or you may not see it.", kind="Session", id=command.session
        )
    if work.by != principal_of(found.user):
        if user is not None:
            work.owned("users:write", found, user.group)
        else:
            owner = work.store.customer_users.get(found.user)
            work.owned("customer_rights:write", found, owner.organisation, owner.customer)
    session = work.store.sessions.hold(found.id)
    if not session.lives(work.at):
        raise unseen(session)
    work.store.sessions.save(evolve(session, end=SessionEnd.REVOKED))
    return listed(session)


def _found(work: Work, token: str) -> Session | None:
    """The session of a token's selector, if it is of somebody who is still there."""
    selector = selector_of(token)
    if selector is None:
        return None
    session = next(iter(work.store.sessions.where(selector=selector)), None)
    known = None if session is None else person(work, session.user)
    return None if known is None or known.removed else session
