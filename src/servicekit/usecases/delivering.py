"""Deliveries: for each kind of effect, the next thing to do outside, and what its outcome means.

Rules kept here, for every kind:

* What may have happened is written down *before* the call ("asked"), in a transaction of its own. So after a crash, or a
  lost answer, it is looked up and adopted, never done again blindly.
* A step does one thing outside at most. After it the rows are read again, so that what is wanted by then is done next.
* The outcome is stored in one transaction with the effect's own end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from attrs import field, frozen

from servicekit.errors import OutsideError
from servicekit.moments import Instant
from servicekit.outbox.effects import Effect, EffectKind
from servicekit.ports.http import HttpFlow
from servicekit.usecases.work import Work

__all__ = [
    "Done",
    "Failed",
    "GivenUp",
    "Later",
    "Next",
    "Outside",
    "Prepare",
    "Step",
    "Verdict",
    "give_up",
    "hold_ahead",
    "preparations",
]


@frozen
class Done:
    """The effect is brought about."""


@frozen
class Next:
    """One step is done; see at once what the next one is."""


@frozen
class Failed:
    """Try again, as the policy says; ``stubborn``: never give up (a key that must not work any more)."""

    error: OutsideError
    stubborn: bool = False


@frozen
class GivenUp:
    """A person has to look."""

    reason: str


@frozen
class Later:
    """Nothing is to be done before ``until``; that is no failure. ``why`` is for people, and empty where nobody waits."""

    until: Instant
    why: str = ""


Verdict = Done | Next | Failed | GivenUp | Later


@frozen
class Outside:
    """One thing to do outside of any transaction: a flow to be driven, or a call that blocks.

    ``record`` gets the result in the next transaction, ``failed`` the error. Both may be run again, from the same state.

    Attributes:
        flows: ``call`` itself does nothing but make a flow, so it needs no thread of its own.
    """

    call: Callable[[], HttpFlow[Any] | object]
    record: Callable[[Work, Any], Verdict]
    failed: Callable[[Work, OutsideError], Verdict]
    flows: bool = field(default=False, kw_only=True)


Step = Outside | Verdict
Prepare = Callable[[Work, Effect], Step]


def hold_ahead(work: Work, effects: Iterable[Effect]) -> None:
    """Hold at once what several preparations hold first, one after the other."""
    texts = [effect.subject for effect in effects if effect.kind is EffectKind.TEXT]
    if len(texts) > 1:
        work.store.messages.hold_all(texts)


def give_up(work: Work, effect: Effect) -> None:
    """What follows from giving an effect up, in the same transaction; for most kinds nothing but that a person has to look."""
    from servicekit.usecases.delivering_texts import end_text_that_told

    if effect.kind is EffectKind.TEXT:
        end_text_that_told(work, effect)


@cache
def preparations() -> Mapping[EffectKind, Prepare]:
    """Which function prepares which kind."""
    from servicekit.usecases.answering import prepare_parts
    from servicekit.usecases.customer_users import prepare_invitation
    from servicekit.usecases.delivering_connections import prepare_connection
    from servicekit.usecases.delivering_keys import prepare_key
    from servicekit.usecases.delivering_letters import prepare_letter
    from servicekit.usecases.delivering_meetings import prepare_meeting
    from servicekit.usecases.delivering_pushes import prepare_push
    from servicekit.usecases.delivering_texts import prepare_text
    from servicekit.usecases.forgetting import prepare_password
    from servicekit.usecases.newcomers import prepare_welcome
    from servicekit.usecases.notifying import prepare_notice, prepare_notice_text
    from servicekit.usecases.reminding import prepare_reminder
    from servicekit.usecases.unlocking import prepare_unlock

    return {
        EffectKind.TEXT: prepare_text,
        EffectKind.LETTER: prepare_letter,
        EffectKind.KEY: prepare_key,
        EffectKind.UNLOCK: prepare_unlock,
        EffectKind.MEETING: prepare_meeting,
        EffectKind.CONNECTION: prepare_connection,
        EffectKind.NOTICE: prepare_notice,
        EffectKind.NOTICE_TEXT: prepare_notice_text,
        EffectKind.PARTS: prepare_parts,
        EffectKind.PUSH: prepare_push,
        EffectKind.REMINDER: prepare_reminder,
        EffectKind.WELCOME: prepare_welcome,
        EffectKind.INVITATION: prepare_invitation,
        EffectKind.PASSWORD: prepare_password,
    }
