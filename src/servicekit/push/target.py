"""Targets: where the pushes of a group or of a user go, what they are signed with, and how they fare. And the events.

Rules kept here:

* The target of the message's user decides, such as that of an API key; without one, that of the nearest group on the path that
  has one. What a removed user or group had counts no more.
* While a secret rotates, pushes are signed with both, so that the receiver may change over at any moment of it.
* The events of one message go to a target one after the other, in the order of their making. A target's messages are spread
  over :data:`LANES` lanes, each of which has one push in flight: so a receiver that is slow takes no more of a relay's places.
* A receiver that does not answer is left alone as a whole, for growing pauses, and is then tried by one push. One that says no
  to an event hears that event again after growing pauses, and those of other messages meanwhile.
* Nothing is dropped because time passes: what is given up after about three days waits for a person.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Final

from attrs import evolve, field, frozen

from servicekit.errors import Unreachable
from servicekit.ids import GroupId, MessageId, PushId, UserId
from servicekit.moments import Instant
from servicekit.outbox.retry import Again, GiveUp, RetryPolicy, judge_failure

__all__ = [
    "LANES",
    "PUSH_RETRY",
    "PushEvent",
    "PushForm",
    "PushTarget",
    "failed",
    "lane_of",
    "nearest",
    "refused",
    "rotated",
    "secrets_at",
]

LANES: Final = 4
"""How many pushes of one target are in flight at once, at most."""

PUSH_RETRY: Final = RetryPolicy(first=timedelta(seconds=5), longest=timedelta(hours=4), attempts=29)
"""How patient to be with a receiver: about three days."""


class PushForm(StrEnum):
    """What a push's body is."""

    FORM = "form"
    """URL-encoded, under the field names of the old call: ``id``, ``value``, ``phone_number``, ``message``."""
    JSON = "json"
    """JSON, in the shape that Standard Webhooks asks for."""


@frozen(kw_only=True)
class PushTarget:
    """Where the events of a group, and of all below it that have no target of their own, are posted; or those of one user.

    Attributes:
        owner: the id of that group, or of that user.
        secret, old_secret: what pushes are signed with; the old one until ``old_until``.
        failures: how often in a row the receiver did not answer.
        paused_until: nothing is sent before; None: nothing hinders.
        trouble: what went wrong last, for people.
        told_at: when its administrators were told last that something was given up.
    """

    owner: str
    organisation: GroupId
    url: str = field(repr=False)
    form: PushForm = PushForm.FORM
    secret: str = field(repr=False)
    old_secret: str = field(default="", repr=False)
    old_until: Instant | None = None
    failures: int = 0
    paused_until: Instant | None = None
    trouble: str = ""
    told_at: Instant | None = None


@frozen(kw_only=True)
class PushEvent:
    """Something that a target is to hear: that a message came in, or has another status.

    Attributes:
        id: the ``webhook-id``, the same however often it is sent.
        target: the target's owner.
        number: its place among the events of its message, from 1.
        status: what the log showed of the message then.
        attempts: how often the receiver has said no to it.
        held: given up; it and what follows it of its message wait for a person.
    """

    id: PushId
    organisation: GroupId
    target: str
    lane: int
    message: MessageId
    number: int
    status: str
    made_at: Instant
    due_at: Instant
    attempts: int = 0
    held: bool = False
    trouble: str = ""


def nearest(user: UserId | None, path: Sequence[GroupId], targets: Collection[str]) -> str | None:
    """Whose target holds for what a user of ``path[0]`` sends and gets: its own, or that of the nearest group that has one.

    Args:
        user: None where there is none, or it is removed.
        path: the groups that are not removed, from one up to the root.
        targets: the owners of targets.
    """
    owners: list[str] = [*([user] if user else []), *path]
    return next((owner for owner in owners if owner in targets), None)


def lane_of(message: MessageId) -> int:
    """The lane of all events of a message, from 0."""
    return hashlib.sha256(message.encode()).digest()[0] % LANES


def rotated(target: PushTarget, secret: str, overlap: timedelta, at: Instant) -> PushTarget:
    """With another secret, and the present one beside it for as long as ``overlap``."""
    return evolve(target, secret=secret, old_secret=target.secret, old_until=at + overlap)


def secrets_at(target: PushTarget, at: Instant) -> tuple[str, ...]:
    """What a push is signed with now, the newer secret first."""
    both = target.old_until is not None and at < target.old_until
    return (target.secret, target.old_secret) if both else (target.secret,)


def failed(target: PushTarget, trouble: str, at: Instant, until: Instant | None = None) -> tuple[PushTarget, bool]:
    """The target after its receiver did not answer, and whether to give up.

    Args:
        target: before.
        trouble: what went wrong.
        at: now.
        until: when the receiver asked to be tried again; believed as far as the longest pause.
    """
    judged = _judged(trouble, target.failures, at, target.owner)
    longest = at + PUSH_RETRY.longest
    pause = judged.at if isinstance(judged, Again) else longest
    if until is not None:
        pause = max(pause, min(until, longest))
    after = evolve(target, failures=target.failures + 1, paused_until=pause, trouble=trouble)
    return after, isinstance(judged, GiveUp)


def refused(event: PushEvent, trouble: str, at: Instant) -> PushEvent:
    """The event after its receiver said no to it: to be sent again later, or held."""
    judged = _judged(trouble, event.attempts, at, event.id)
    if isinstance(judged, GiveUp):
        return evolve(event, attempts=event.attempts + 1, held=True, trouble=trouble)
    return evolve(event, attempts=event.attempts + 1, due_at=judged.at, trouble=trouble)


def _judged(trouble: str, attempts: int, at: Instant, salt: str) -> Again | GiveUp:
    return judge_failure(Unreachable(trouble), attempts=attempts, at=at, salt=salt, policy=PUSH_RETRY)
