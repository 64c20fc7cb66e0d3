"""Seeing to an organisation's connection: tokens fetched, renewed and ended at the vendor; and consents that end there.

Rules kept here:

* One effect is in flight for a connection, whatever processes run, so one at a time exchanges, renews or revokes. It is due
  again before the access token ends, for as long as the connection lives.
* A refresh token serves once, so the pair that it gives is stored before anything is done with it. Where the answer is lost,
  the next try tells whether the pair was lost with it; then an administrator connects again. It never goes round in circles.
* Whatever ends a connection touches no meeting. What is to be done meanwhile waits as dead letters, and is taken up when the
  organisation is connected again. Administrators are told what they have not done themselves.
"""

from __future__ import annotations

from attrs import evolve

from servicekit.errors import OutsideError, Rejected
from servicekit.ids import GroupId, MailId
from servicekit.mail import plain_mail
from servicekit.meetings import EARLY, Connection, ConnectionState, dropped, other_account
from servicekit.outbox.effects import Effect, EffectKind, EffectState
from servicekit.outbox.facts import AppDeauthorized
from servicekit.ports.meetings import MeetingApp, Tokens, VendorUser
from servicekit.usecases.connecting import app_of
from servicekit.usecases.delivering import Done, Failed, Later, Next, Outside, Step, Verdict
from servicekit.usecases.membership import admins_of
from servicekit.usecases.reaching import CONNECTION
from servicekit.usecases.work import Work

__all__ = ["prepare_connection", "was_removed"]

_MOST_REVIVED = 1000
_S = ConnectionState


def prepare_connection(work: Work, effect: Effect) -> Step:
    """The next step for an organisation's connection."""
    organisation = GroupId(effect.subject)
    app, connection, at = app_of(work), work.store.connections.hold(organisation), work.at
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
    work.store.connect_attempts.forget(at)
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
        shared=app_of(work).shared(tokens) if tokens.scopes else connection.shared,
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
            f"{app_of(work).name} itself, then connect again"
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
        if effect.kind is EffectKind.MEETING and effect.trouble.startswith(("no account is", CONNECTION)):
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
