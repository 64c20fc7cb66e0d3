"""What is asked about pushes. Needs ``push:write`` in the group, or ``push:read``."""

from __future__ import annotations

from datetime import timedelta

from attrs import field, frozen

from servicekit.commands import Command, Query
from servicekit.ids import GroupId, UserId
from servicekit.moments import Instant
from servicekit.push.target import PushForm

__all__ = ["LONGEST_OVERLAP", "GetPush", "Push", "PushSet", "RemovePush", "RotatePushSecret", "SetPush"]

LONGEST_OVERLAP = timedelta(days=30)
"""For how long two secrets may be good beside each other, at most."""


@frozen(kw_only=True)
class Push:
    """Where the pushes of a group, or of one of its users, go, and how they fare.

    Attributes:
        group: whose target it is; None where the asker may not see that group.
        user: the user of that group whose own it is; None for the group's.
        url: where they go; without its path where the asker may not see whose it is.
        inherited: it was set for a group above, or for the user's group.
        both_until: pushes are signed with the old secret as well until then; None where none is rotating.
        waiting: how many events are still to be sent, or sent again.
        given_up: how many of them wait for a person: see :class:`~servicekit.outbox.effects.ListEffects`.
        paused_until: the receiver did not answer and is left alone until then.
        trouble: what went wrong last; empty where all is well.
    """

    group: GroupId | None
    user: UserId | None
    url: str = field(repr=False)
    form: PushForm
    inherited: bool
    both_until: Instant | None
    waiting: int
    given_up: int
    paused_until: Instant | None
    trouble: str


@frozen(kw_only=True)
class PushSet:
    """A target, and its new secret: it is shown this once. None where the secret has stayed as it was."""

    push: Push
    secret: str | None = field(repr=False)


@frozen(kw_only=True)
class SetPush(Command[PushSet]):
    """Post what is new about the texts of a group, and of those below it without a target of their own, to a URL.

    With ``user``, a user of this very group: of the texts that it sends, and of those that come to it, and of nobody else's. An
    API key sends as a user, :attr:`servicekit.accounts.ListedApiKey.user`; so each program can have a URL of its own.

    New is a text that came in, and every change of a status. Needs ``push:write`` there: whoever holds it lets these texts out
    of the house. Another URL is another receiver, so it gets another secret at once, and what waits goes there; the same URL
    keeps its secret. A group that is removed, or merged into its parent, loses its target; so does a user that is removed.

    Raises:
        Invalid: ``not_a_member`` unless the user is one of this very group; ``bad_push_url``;
            ``plain_push_url`` for one without TLS, ``private_push_url`` for a numeric address that is no
            public one, unless the kit was opened with ``push_private``. What a name leads to is looked at when it is sent to.
    """

    group: GroupId
    url: str = field(repr=False)
    form: PushForm = PushForm.FORM
    user: UserId | None = None


@frozen(kw_only=True)
class RotatePushSecret(Command[PushSet]):
    """Make another secret; until ``overlap`` has passed pushes carry a signature of each. Needs ``push:write``.

    One that was still good beside the present one is good no more.

    Raises:
        Invalid: ``overlap``, unless it is between nothing and 30 days; ``not_a_member``.
        NotFound: ``no_push`` where this very group, or the user, has no target.
    """

    group: GroupId
    overlap: timedelta = timedelta(days=1)
    user: UserId | None = None


@frozen
class RemovePush(Command[None]):
    """Push nothing more to the target of this very group, or of the user, also of what waits; its secret is forgotten.

    Needs ``push:write``.

    What comes later goes to the target of the nearest group, if there is one.

    Raises:
        Invalid: ``not_a_member``.
        NotFound: ``no_push`` where this very group, or the user, has no target.
    """

    group: GroupId
    user: UserId | None = None


@frozen
class GetPush(Query[Push | None]):
    """The target that holds for a group, or for a user of it; None where there is none. Needs ``push:read``.

    It never tells a secret.

    Raises:
        Invalid: ``not_a_member``.
    """

    group: GroupId
    user: UserId | None = None
