"""Settling a text by hand, once a person has found out what became of it.

Rules kept here: while a relay may still find out, nobody decides over its head; what a person decides closes the effect that
was given up, in the same transaction.
"""

from __future__ import annotations

from attrs import evolve

from servicekit.errors import Conflict
from servicekit.messages import Message, Settled, SettleText, settled
from servicekit.outbox.effects import EffectKind, EffectState
from servicekit.outbox.facts import TextStatus
from servicekit.usecases.pushing import note_push
from servicekit.usecases.texting import report
from servicekit.usecases.work import Work

__all__ = ["settle_text"]


def settle_text(work: Work, command: SettleText) -> Message:
    """Sent, not sent, or to be sent again."""
    message = work.store.messages.get(command.message)
    work.owned("messages:write", message, message.group)
    message = work.store.messages.hold(message.id)
    after = settled(message, command.outcome, by=f"{work.by.kind} {work.by.id}", at=work.at)
    effects = work.store.effects.where(kind=EffectKind.TEXT, subject=message.id)
    if any(effect.state in {EffectState.DUE, EffectState.LEASED} for effect in effects):
        raise Conflict(
            f"A relay still finds out what became of {message.id}: wait until it has given up.",
            code="still_looked_up",
            text=message.id,
        )
    if command.outcome is Settled.SEND_AGAIN:
        _save(work, message, after)
        work.enqueue(EffectKind.TEXT, message.id, message.organisation)
        return after
    for effect in effects:
        if effect.state is EffectState.DEAD:
            work.store.effects.save(evolve(effect, state=EffectState.DONE, trouble=""))
    if command.outcome is Settled.NOT_SENT:
        return report(work, after, TextStatus.UNSENT)
    _save(work, message, after)
    return after


def _save(work: Work, before: Message, after: Message) -> None:
    work.store.messages.save(after)
    if after.status is not before.status:
        note_push(work, after)
