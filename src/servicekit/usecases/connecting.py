"""Connecting an organisation's account at the meeting service, keeping the connection alive, and ending it.

Rules kept here:

* What happens at the vendor is the effect of kind ``connection`` whose subject is the organisation. One is in flight at a
  time, whatever processes run, so one at a time exchanges, renews or revokes; it is due again before the access token ends.
* A refresh token serves once, so the pair that it gives is stored before anything is done with it. Where the answer is lost,
  the next try tells whether the pair was lost with it; then an administrator connects again. It never goes round in circles.
* Disconnecting, and being removed by the vendor, touch no meeting. What is to be done meanwhile waits as dead letters, and
  is taken up when the organisation is connected again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from attrs import evolve

from servicekit.errors import ConfigurationError, Conflict, NotFound, OutsideError, Rejected, Unreachable
from servicekit.ids import GroupId, MailId
from servicekit.mail import plain_mail
from servicekit.meetings import (
    ATTEMPT_SPAN,
    EARLY,
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
    dropped,
    may_connect,
    other_account,
    secret_of,
    state_digest,
)
from servicekit.outbox.effects import Effect, EffectKind, EffectState
from servicekit.ports.meetings import MeetingApp, Meetings, Tokens, VendorUser
from servicekit.usecases.delivering import Done, Failed, GivenUp, Later, Next, Outside, Step, Verdict
from servicekit.usecases.membership import admins_of
from servicekit.usecases.work import Work

if TYPE_CHECKING:
    from servicekit.outbox.facts import AppDeauthorized

__all__ = [
    "connect",
    "disconnect",
    "finish_connecting",
    "get_connection",
    "prepare_connection",
    "reach",
    "reach_now",
    "through",
    "waiting_for",
    "was_removed",
]

_SOON = timedelta(seconds=2)
_PATIENT = timedelta(seconds=10)
_FRESH = timedelta(minutes=1)
_MOST_REVIVED = 1000
_S = ConnectionState
_VIEW_OF = {_S.GRANTED: _S.CONNECTING}  # the same to whoever looks


def _adapter(work: Work) -> Meetings | MeetingApp:
    found: Any = work.wiring.need(work.wiring.meetings, "meetings")
    adapter: Meetings | MeetingApp = found
    return adapter


def _app(work: Work) -> MeetingApp:
    adapter = _adapter(work)
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
    app = _app(work)
    may_connect(work.store.connections.find(root.id))
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
    _enqueue(work, root.id)
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
        _enqueue(work, root.id)
    return _view(connection)


def get_connection(work: Work, query: GetConnection) -> ConnectionView:
    """How it stands; without secrets."""
    root = work.organisation("meetings:connect", query.organisation)
    return _view(work.store.connections.find(root.id))


def _asker(work: Work) -> str:
    return f"{work.by.kind} {work.by.id}"


def _enqueue(work: Work, organisation: GroupId) -> None:
    work.enqueue(EffectKind.CONNECTION, organisation, organisation)


# The way to the service


def reach(work: Work, organisation: GroupId) -> Meetings | Later | GivenUp:
    """The service as the organisation reaches it; or why nothing can be done there now."""
    adapter = _adapter(work)
    if not isinstance(adapter, MeetingApp):
        return adapter
    connection = work.store.connections.find(organisation)
    if connection is not None and connection.lives(work.at):
        return adapter.under(connection.access)
    if connection is None or connection.state in {_S.ENDING, _S.DISCONNECTED, _S.LOST}:
        return GivenUp(f"no account is connected at {adapter.name}: an administrator has to connect one")
    return waiting_for(work, EffectKind.CONNECTION, organisation, f"the connection to {adapter.name}")


def reach_now(work: Work, organisation: GroupId) -> Meetings:
    """The same for a reading.

    Raises:
        Conflict: ``not_connected``.
        Unreachable: ``renewing``, the token has ended and a relay is to renew it.
    """
    reached = reach(work, organisation)
    if isinstance(reached, GivenUp):
        raise Conflict(f"Not now: {reached.reason}.", code="not_connected", organisation=organisation)
    if isinstance(reached, Later):
        raise Unreachable(f"{reached.why}: try again in a moment, and see that a relay runs", code="renewing")
    return reached


def through(step: Outside, organisation: GroupId) -> Outside:
    """The step, after which an access token that turns out to be dead is renewed and the step tried again."""

    def failed(work: Work, error: OutsideError) -> Verdict:
        verdict = step.failed(work, error)
        if error.code != "token_refused" or not isinstance(work.wiring.meetings, MeetingApp):
            return verdict
        connection = work.store.connections.hold(organisation)
        young = connection.renewed_at is not None and work.at - connection.renewed_at < _FRESH
        if connection.state is not _S.CONNECTED or young:  # another new one would be dead as well
            return verdict
        work.store.connections.save(evolve(connection, ends=work.at))
        _enqueue(work, organisation)
        return Later(work.at + _SOON, error.message)

    return evolve(step, failed=failed)


def waiting_for(work: Work, kind: EffectKind, subject: str, what: str) -> Later | GivenUp:
    """How to go on while another effect has something to bring about first: look again when it may have done so."""
    why = f"waits for {what}"
    for effect in work.store.effects.where(kind=kind, subject=subject, state=EffectState.LEASED):
        # Mostly it takes a moment; where the relay that has it has died, it takes until its lease ends.
        return Later(min(work.at + _PATIENT, effect.leased_until or work.at + _SOON), why)
    for effect in work.store.effects.where(kind=kind, subject=subject, state=EffectState.DUE):
        return Later(max(work.at + _SOON, effect.due_at), why)
    dead = work.store.effects.where(kind=kind, subject=subject, state=EffectState.DEAD)
    return GivenUp(f"{what} was given up" + "".join(f": {one.trouble}" for one in dead))


# What happens at the vendor


def prepare_connection(work: Work, effect: Effect) -> Step:
    """The next step for an organisation's connection."""
    organisation = GroupId(effect.subject)
    app, connection, at = _app(work), work.store.connections.hold(organisation), work.at
    match connection.state:
        case _S.CONNECTING:
            return Outside(
                lambda: app.exchange(connection.code, connection.verifier, at),
                lambda later, tokens: _granted(later, connection, tokens),
                lambda later, error: _not_granted(later, connection, error),
                flows=True,
            )
        case _S.GRANTED:
            return Outside(
                lambda: app.under(connection.access).me(at),
                lambda later, user: _identified(later, organisation, user),
                lambda later, error: _not_identified(later, organisation, error),
                flows=True,
            )
        case _S.CONNECTED:
            return _kept_alive(work, app, connection)
        case _S.ENDING:
            return Outside(
                lambda: app.revoke(connection.access or connection.refresh),
                lambda later, _: _ended(later, organisation),
                lambda later, _: _ended(later, organisation),
                flows=True,
            )
    return Done()


def _kept_alive(work: Work, app: MeetingApp, connection: Connection) -> Step:
    at = work.at
    if connection.ends is not None and at < connection.ends - EARLY:
        return Later(connection.ends - EARLY)
    return Outside(
        lambda: app.refresh(connection.refresh, at),
        lambda later, tokens: _renewed(later, connection, tokens),
        lambda later, error: _not_renewed(later, connection, error),
        flows=True,
    )


def _granted(work: Work, used: Connection, tokens: Tokens) -> Verdict:
    return _stored(work, used, tokens, _S.GRANTED, used.state)


def _stored(work: Work, used: Connection, tokens: Tokens, state: ConnectionState, before: ConnectionState) -> Verdict:
    """The pair is stored under whatever the connection is by now: also what is to be revoked is the newest."""
    connection = work.store.connections.hold(used.organisation)
    if (connection.code, connection.refresh) != (used.code, used.refresh):
        return Next()  # somebody has ended it meanwhile, and these tokens with it
    connection = evolve(
        connection,
        state=state if connection.state is before else connection.state,
        code="",
        verifier="",
        access=tokens.access,
        refresh=tokens.refresh,
        renewed_at=work.at,
        ends=tokens.ends,
        shared=_app(work).shared(tokens) if tokens.scopes else connection.shared,
    )
    work.store.connections.save(connection)
    return Next()


def _not_granted(work: Work, used: Connection, error: OutsideError) -> Verdict:
    if not isinstance(error, Rejected):
        return Failed(error)
    connection = work.store.connections.hold(used.organisation)
    if connection.code == used.code:
        work.store.connections.save(dropped(connection, _S.LOST, f"connecting failed, start again: {error.message}"))
    return Done()


def _identified(work: Work, organisation: GroupId, user: VendorUser) -> Verdict:
    connection = work.store.connections.hold(organisation)
    if connection.state is not _S.GRANTED:
        return Next()
    if other_account(connection, user.account, user.id, shared=connection.shared):
        detail = (
            f"{user.email} is another account than before: remove the app from {connection.email or 'the former account'} at "
            f"{_app(work).name} itself, then connect again"
        )
        work.store.connections.save(evolve(connection, state=_S.ENDING, detail=detail))
        return Next()
    work.store.connections.save(
        evolve(
            connection,
            state=_S.CONNECTED,
            account=user.account,
            user=user.id,
            email=user.email,
            removed_there=False,
            detail="",
        )
    )
    _revive(work, organisation)
    return Next()


def _not_identified(work: Work, organisation: GroupId, error: OutsideError) -> Verdict:
    if not (isinstance(error, Rejected) or error.code == "token_refused"):
        return Failed(error)
    connection = work.store.connections.hold(organisation)
    if connection.state is _S.GRANTED:
        work.store.connections.save(dropped(connection, _S.LOST, f"connecting failed, start again: {error.message}"))
    return Done()


def _renewed(work: Work, used: Connection, tokens: Tokens) -> Verdict:
    verdict = _stored(work, used, tokens, _S.CONNECTED, _S.CONNECTED)
    _revive(work, used.organisation)
    return verdict


def _not_renewed(work: Work, used: Connection, error: OutsideError) -> Verdict:
    if not (isinstance(error, Rejected) and error.code == "invalid_grant"):
        return Failed(error)
    connection = work.store.connections.hold(used.organisation)
    if connection.refresh == used.refresh and connection.state is _S.CONNECTED:
        connection = dropped(connection, _S.LOST, "the consent has ended: connect again")
        work.store.connections.save(connection)
        _tell(work, connection)
    return Next()


def _ended(work: Work, organisation: GroupId) -> Verdict:
    connection = work.store.connections.hold(organisation)
    if connection.state is _S.ENDING:
        work.store.connections.save(dropped(connection, _S.DISCONNECTED, connection.detail))
    return Done()


def _revive(work: Work, organisation: GroupId) -> None:
    """What was given up for want of a connection is tried again."""
    for effect in work.store.effects.in_state(organisation, EffectState.DEAD, _MOST_REVIVED):
        if effect.kind is EffectKind.MEETING and effect.trouble.startswith(("no account is", "the connection to")):
            again = evolve(effect, state=EffectState.DUE, due_at=work.at, attempts=0, trouble="")
            work.store.effects.save(again)


def was_removed(work: Work, fact: AppDeauthorized) -> None:
    """The app was removed at the vendor: tokens are dropped, meetings stay as they are, administrators are told."""
    for known in work.store.connections.where(account=fact.account_id):
        connection = work.store.connections.hold(known.organisation)
        of_another = not connection.shared and fact.user_id not in {"", connection.user}
        later = fact.at is not None and connection.since > fact.at  # a newer consent is not meant
        if of_another or later or (connection.state is _S.DISCONNECTED and connection.removed_there):
            continue
        connection = dropped(connection, _S.DISCONNECTED, f"the app was removed at {fact.vendor}", removed_there=True)
        work.store.connections.save(connection)
        _tell(work, connection)


# Telling administrators

_SUBJECT = "Online meetings are disconnected"
_TEXT = """Hello,

the account for online meetings of {name} is disconnected: {detail}.

Meetings that were made stay as they are. New ones are not made, and none is moved or removed, before an administrator
connects an account again.
"""


def _tell(work: Work, connection: Connection) -> None:
    if work.wiring.mail is None:
        return
    organisation = work.store.groups.get(connection.organisation)
    sender = work.wiring.mail_from
    for admin in admins_of(work, organisation.id):
        mail_id = work.new(MailId)
        mail = plain_mail(
            to=admin.email,
            from_address=sender,
            subject=_SUBJECT,
            text=_TEXT.format(name=organisation.name, detail=connection.detail),
            message_id=f"<{mail_id}@{sender.rpartition('@')[2]}>",
            at=work.at,
            envelope_from="",
        )
        work.post(mail_id, organisation.id, mail, to=admin.email)
