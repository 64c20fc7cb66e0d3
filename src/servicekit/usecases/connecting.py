"""Connecting an organisation's account at the meeting service, and ending the connection.

Rules kept here:

* Only whoever has started may finish, with a state that serves once and for ten minutes. What has run out is dropped whenever
  somebody connects, and with every renewal of a token.
* What happens at the vendor is the effect of kind ``connection`` whose subject is the organisation
  (:mod:`~servicekit.usecases.delivering_connections`).
* What is shown of a connection has no secret in it.
"""

from __future__ import annotations

from attrs import evolve

from servicekit.errors import ConfigurationError, NotFound
from servicekit.meetings import (
    ATTEMPT_SPAN,
    SECRET_BYTES,
    ConnectAttempt,
    Connection,
    ConnectionState,
    ConnectionView,
    ConnectMeetings,
    Consent,
    DisconnectMeetings,
    FinishConnecting,
    GetConnection,
    challenge_of,
    check_attempt,
    may_connect,
    secret_of,
    state_digest,
)
from servicekit.ports.meetings import MeetingApp
from servicekit.usecases.reaching import adapter_of, enqueue_connection
from servicekit.usecases.work import Work

__all__ = ["app_of", "connect", "disconnect", "finish_connecting", "get_connection"]

_S = ConnectionState
_VIEW_OF = {_S.GRANTED: _S.CONNECTING}  # the same to whoever looks


def app_of(work: Work) -> MeetingApp:
    """The app that organisations consent to.

    Raises:
        ConfigurationError: the kit was opened with an account of its own.
    """
    adapter = adapter_of(work)
    if isinstance(adapter, MeetingApp):
        return adapter
    raise ConfigurationError(
        f"{adapter.name} was opened with credentials of its own and needs no consent: to connect organisations, open the kit "
        "with an app, such as Kit.open(..., meetings=ZoomApp(...))."
    )


def _view(connection: Connection | None) -> ConnectionView:
    if connection is None:
        return ConnectionView(state=None)
    return ConnectionView(
        state=_VIEW_OF.get(connection.state, connection.state),
        email=connection.email,
        shared=connection.shared,
        since=connection.since,
        detail=connection.detail,
    )


# Commands and queries


def connect(work: Work, command: ConnectMeetings) -> Consent:
    """A state and a code verifier for one way to the vendor and back."""
    root = work.organisation("meetings:connect", command.organisation)
    app = app_of(work)
    may_connect(work.store.connections.find(root.id))
    work.store.connect_attempts.forget(work.at)
    state, verifier = (secret_of(work.wiring.random_bytes(SECRET_BYTES)) for _ in range(2))
    attempt = ConnectAttempt(
        digest=state_digest(state),
        organisation=root.id,
        by=_asker(work),
        verifier=verifier,
        expires_at=work.at + ATTEMPT_SPAN,
    )
    work.store.connect_attempts.add(attempt)
    return Consent(url=app.consent_url(state, challenge_of(verifier)), expires_at=attempt.expires_at)


def finish_connecting(work: Work, command: FinishConnecting) -> ConnectionView:
    """The code is stored, and the effect that exchanges it enqueued."""
    digest = state_digest(command.state)
    found = work.store.connect_attempts.find(digest)
    attempt = check_attempt(found and work.store.connect_attempts.hold(digest), _asker(work), work.at)
    root = work.organisation("meetings:connect", attempt.organisation)
    work.store.hold_tree(root.id)  # so that two who finish at once find each other's connection
    before = work.store.connections.find(root.id)
    may_connect(before)
    # The verifier has served; nobody needs to find it here.
    work.store.connect_attempts.save(evolve(attempt, used_at=work.at, verifier=""))
    connection = Connection(
        organisation=root.id,
        state=_S.CONNECTING,
        since=work.at,
        code=command.code,
        verifier=attempt.verifier,
        account=before.account if before else "",
        user=before.user if before else "",
        shared=before.shared if before else False,
        removed_there=before.removed_there if before else False,
    )
    (work.store.connections.save if before else work.store.connections.add)(connection)
    enqueue_connection(work, root.id)
    return _view(connection)


def disconnect(work: Work, command: DisconnectMeetings) -> ConnectionView:
    """The tokens are kept until the vendor was told to end them, and used for nothing else."""
    root = work.organisation("meetings:connect", command.organisation)
    connection = work.store.connections.find(root.id)
    if connection is None or connection.state is _S.DISCONNECTED:
        raise NotFound("No account is connected.", code="not_connected", organisation=root.id)
    connection = work.store.connections.hold(root.id)
    if connection.state is not _S.ENDING:
        connection = evolve(connection, state=_S.ENDING, detail=f"disconnected by {work.by.kind} {work.by.id}")
        work.store.connections.save(connection)
        enqueue_connection(work, root.id)
    return _view(connection)


def get_connection(work: Work, query: GetConnection) -> ConnectionView:
    """How it stands; without secrets."""
    root = work.organisation("meetings:connect", query.organisation)
    return _view(work.store.connections.find(root.id))


def _asker(work: Work) -> str:
    return f"{work.by.kind} {work.by.id}"
