"""The way to the meeting service: as one account for all, or as each organisation's own connection.

Rules kept here: an access token is used while it lives, and renewed by nobody but the connection's effect; who finds it dead
waits for that effect. Readings wait for nothing: they say what is the matter.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from attrs import evolve

from servicekit.errors import Conflict, OutsideError, Unreachable
from servicekit.ids import GroupId
from servicekit.meetings import ConnectionState
from servicekit.outbox.effects import EffectKind, EffectState
from servicekit.ports.meetings import MeetingApp, Meetings
from servicekit.usecases.delivering import GivenUp, Later, Outside, Verdict
from servicekit.usecases.work import Work

__all__ = ["CONNECTION", "adapter_of", "enqueue_connection", "reach", "reach_now", "through", "waiting_for"]

CONNECTION = "the connection to "
"""What meetings wait for, as effects say it, before the service's name."""

_SOON = timedelta(seconds=2)
_PATIENT = timedelta(seconds=10)
_FRESH = timedelta(minutes=1)
_S = ConnectionState


def adapter_of(work: Work) -> Meetings | MeetingApp:
    """What the kit was opened with."""
    found: Any = work.wiring.need(work.wiring.meetings, "meetings")
    adapter: Meetings | MeetingApp = found
    return adapter


def enqueue_connection(work: Work, organisation: GroupId) -> None:
    """Have somebody see to an organisation's connection. Who enqueues holds it."""
    work.enqueue(EffectKind.CONNECTION, organisation, organisation)


def reach(work: Work, organisation: GroupId) -> Meetings | Later | GivenUp:
    """The service as the organisation reaches it; or why nothing can be done there now."""
    reached = _reached(work, organisation)
    if reached is not None:
        return reached
    work.store.connections.hold(organisation)
    if _waits_for(work, organisation) is None:  # also now that nobody else can enqueue it
        enqueue_connection(work, organisation)
    return Later(work.at + _SOON, f"waits for {CONNECTION}{adapter_of(work).name}")


def reach_now(work: Work, organisation: GroupId) -> Meetings:
    """The same for a reading.

    Raises:
        Conflict: ``not_connected``.
        Unreachable: ``renewing``, the token has ended and a relay is to renew it.
    """
    reached = _reached(work, organisation)
    if isinstance(reached, GivenUp):
        raise Conflict(f"Not now: {reached.reason}.", code="not_connected", organisation=organisation)
    if reached is None or isinstance(reached, Later):
        raise Unreachable("The access token is being renewed: try again, and see that a relay runs", code="renewing")
    return reached


def _reached(work: Work, organisation: GroupId) -> Meetings | Later | GivenUp | None:
    """None where a token has ended and nobody is about to renew it."""
    adapter = adapter_of(work)
    if not isinstance(adapter, MeetingApp):
        return adapter
    connection = work.store.connections.find(organisation)
    if connection is not None and connection.lives(work.at):
        return adapter.under(connection.access)
    if connection is None or connection.state in {_S.ENDING, _S.DISCONNECTED, _S.LOST}:
        return GivenUp(f"no account is connected at {adapter.name}: an administrator has to connect one")
    return _waits_for(work, organisation)


def _waits_for(work: Work, organisation: GroupId) -> Later | GivenUp | None:
    return waiting_for(work, EffectKind.CONNECTION, organisation, f"{CONNECTION}{adapter_of(work).name}")


def waiting_for(work: Work, kind: EffectKind, subject: str, what: str) -> Later | GivenUp | None:
    """How to go on while another effect has something to bring about first; None where there is no such effect."""
    why = f"waits for {what}"
    for effect in work.store.effects.where(kind=kind, subject=subject, state=EffectState.LEASED):
        # Mostly it takes a moment; where the relay that has it has died, it takes until its lease ends.
        return Later(min(work.at + _PATIENT, effect.leased_until or work.at + _SOON), why)
    for effect in work.store.effects.where(kind=kind, subject=subject, state=EffectState.DUE):
        return Later(max(work.at + _SOON, effect.due_at), why)
    for effect in work.store.effects.where(kind=kind, subject=subject, state=EffectState.DEAD):
        return GivenUp(f"{what} was given up: {effect.trouble}")
    return None


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
        enqueue_connection(work, organisation)
        return Later(work.at + _SOON, error.message)

    return evolve(step, failed=failed)
