"""Effects: what shall happen outside, written in the transaction that decided it.

Rules kept here:

* An effect names a subject (a message, a letter, a booking) and not what to call: what to do next is worked out from the
  subject's rows when the effect is due. So it is a desired state and may be carried out again after a crash.
* One effect of a (kind, subject) is in flight at a time; a newer revision replaces an older one that is not in flight, dead
  ones included. What was wanted before never overtakes what is wanted now.
* ``stage`` orders the effects about one booking: a notice (stage 1) waits until the deeds (stage 0) are done, because it
  states them as facts. A deed that was given up holds its notices back until it is retried.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum

from attrs import field, frozen

from servicekit.commands import Command, Query
from servicekit.ids import EffectId, GroupId
from servicekit.moments import Instant

__all__ = ["ALL_KINDS", "DiscardEffect", "Effect", "EffectKind", "EffectState", "ListEffects", "RetryEffect", "Stage"]


class EffectKind(StrEnum):
    """What kind of thing is brought about."""

    TEXT = "text"
    """The subject, a message, is handed over to a carrier."""
    LETTER = "letter"
    """The subject, a mail, is handed over to a mail server."""
    KEY = "key"
    """The subject, a booking, has exactly the keys it wants."""
    UNLOCK = "unlock"
    """The subject, a door that somebody stands before, is asked to open; once, and soon or never."""
    MEETING = "meeting"
    """The subject, a booking, has exactly the meeting it wants."""
    NOTICE = "notice"
    """The people of the subject, a booking, are told what ``payload`` (an occasion) says."""
    NOTICE_TEXT = "notice text"
    """A text of a notice or reminder that a rule refused; the subject is booking, occasion and channel. Apart from the others,
    so that what hinders a text holds no mail back."""
    REMINDER = "reminder"
    """The client of the subject, a booking, is reminded of it, and the next reminder is enqueued."""
    WELCOME = "welcome"
    """The subject, a new user, is mailed a link to choose a password."""
    INVITATION = "invitation"
    """The subject, a customer user, is mailed a link to accept an invitation."""
    PASSWORD = "password"  # noqa: S105 - no password
    """The subject, a user or a customer user who has forgotten its password, is mailed a link to choose another."""
    CONNECTION = "connection"
    """The connection of the subject, an organisation, to its meeting service stands as it shall, and its tokens live on."""
    PARTS = "parts"
    """What has come of the subject, a long text from a mobile, goes to whose it is, whether or not its other parts come."""
    PUSH = "push"
    """What waits in the subject, a lane of a target (``group/lane``), is posted to it; where the subject is a message, what was
    given up of it goes back to its lane."""


ALL_KINDS: tuple[EffectKind, ...] = tuple(EffectKind)


class EffectState(StrEnum):
    """Where an effect stands."""

    DUE = "due"
    """Waits for its time, and for a relay."""
    LEASED = "leased"
    """In flight: a relay has it until its lease runs out."""
    DONE = "done"
    """Brought about."""
    DEAD = "dead"
    """Given up: a person has to look. Can be listed and retried."""
    REPLACED = "replaced"
    """A newer one for the same subject has taken its place."""
    DISCARDED = "discarded"
    """Given up, and a person has said that nobody wants it any more."""


class Stage(IntEnum):
    """The order among effects about the same booking."""

    DEED = 0
    NOTICE = 1


@frozen(kw_only=True)
class Effect:
    """One effect.

    Attributes:
        about: the booking whose effects are ordered by ``stage``; empty for those that wait for nothing.
        due_at: not before this.
        attempts: how often it has failed in a row.
        leased_until: whoever claimed it has it until then.
        fence: grows with every claim; a record with an older fence is refused.
        payload: what the kind needs besides its subject (a notice's occasion).
        trouble: the last error, for people.
    """

    id: EffectId
    organisation: GroupId
    kind: EffectKind
    subject: str
    revision: int = 1
    about: str = ""
    stage: Stage = field(default=Stage.DEED, converter=Stage)
    state: EffectState = EffectState.DUE
    made_at: Instant
    due_at: Instant
    attempts: int = 0
    leased_until: Instant | None = None
    fence: int = 0
    payload: str = ""
    trouble: str = ""


@frozen(kw_only=True)
class ListEffects(Query[tuple[Effect, ...]]):
    """The effects of an organisation in ``state``, oldest first: the dead letters, unless another state is asked for.

    Needs ``effects:read``.
    """

    organisation: GroupId
    state: EffectState = EffectState.DEAD
    most: int = 100


@frozen
class RetryEffect(Command[Effect]):
    """Make a dead effect due again at once, with its attempts forgotten. Needs ``effects:write``.

    Raises:
        Conflict: ``not_dead`` for one that was not given up, ``replaced`` if a newer one has taken its place.
    """

    effect: EffectId


@frozen
class DiscardEffect(Command[Effect]):
    """Put a dead effect away for good: it holds nothing back any more. Needs ``effects:write``.

    A text that was never handed over is then ``UNSENT`` in the log and gives back its quota; a mail counts as failed. A key or
    a meeting stays as it is known: what the booking wants of it is seen to again when the booking changes. Discarding again
    changes nothing.

    Raises:
        Conflict: ``not_dead`` for one that was not given up, ``perhaps_sent`` for a text that a carrier may have: say what
            became of it (:class:`~servicekit.messages.SettleText`).
    """

    effect: EffectId
