"""API keys: what a program asks with.

Rules kept here:

* A key is 32 bytes of the caller's randomness, told once. Only its SHA-256 is stored. It begins with ``sk_``, so that people
  and programs that look for secrets know it when they see it.
* A key that rotates is good beside the new one for a while, and the one before that no more.
* A key sends as one user and is bound to one group and all below it. What it may do there is granted to it, as to anybody;
  nobody gives it more than it holds itself.

Refused, as `Invalid`: ``overlap``.
"""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from enum import StrEnum

from attrs import evolve, field, frozen

from servicekit.accounts.links import token_of
from servicekit.commands import Command, Principal, Query
from servicekit.errors import Invalid
from servicekit.ids import ApiKeyId, GroupId, UserId
from servicekit.moments import Instant

__all__ = [
    "KEY_BYTES",
    "LONGEST_KEY_OVERLAP",
    "AddApiKey",
    "ApiCaller",
    "ApiKey",
    "ApiKeyMade",
    "CallRefused",
    "ListApiKeys",
    "ListedApiKey",
    "NoCaller",
    "RevokeApiKey",
    "RotateApiKey",
    "TakeCall",
    "key_digest",
    "key_of",
    "rotated_key",
]

KEY_BYTES = 32
"""Bytes of randomness in a key."""

LONGEST_KEY_OVERLAP = timedelta(days=30)
"""For how long two keys may be good beside each other, at most."""

_FORM = re.compile(r"sk_[\w-]{43}", re.ASCII)


@frozen(kw_only=True)
class ApiKey:
    """A key as it is stored.

    Attributes:
        group: where, with all below it, what is granted to it counts.
        user: whom it sends as.
        digest, old_digest: of what is presented; the old one until ``old_until``.
        made_by: whoever made it (an id's text).
        ends_at: from then on it is good no more; None: without an end.
        revoked_at: since then it is good no more.
    """

    id: ApiKeyId
    organisation: GroupId
    group: GroupId
    user: UserId
    name: str
    digest: str = field(repr=False)
    old_digest: str = field(default="", repr=False)
    old_until: Instant | None = None
    made_at: Instant
    made_by: str
    ends_at: Instant | None = None
    revoked_at: Instant | None = None

    def takes(self, digest: str, at: Instant) -> bool:
        """Whether what has this digest is good for it now."""
        if self.revoked_at is not None or (self.ends_at is not None and self.ends_at <= at):
            return False
        old = self.old_until is not None and at < self.old_until
        return digest == self.digest or (old and digest == self.old_digest)


@frozen(kw_only=True)
class ListedApiKey:
    """A key as it may be shown; see :class:`ApiKey`.

    Attributes:
        scopes: what is granted to it at its making, or was since, and counts now.
        both_until: the key before it is good as well until then; None where none is rotating.
    """

    id: ApiKeyId
    group: GroupId
    user: UserId
    name: str
    scopes: tuple[str, ...]
    made_at: Instant
    made_by: str
    both_until: Instant | None
    ends_at: Instant | None


@frozen(kw_only=True)
class ApiKeyMade:
    """A key, and what is to be presented: it is told this once."""

    key: ListedApiKey
    secret: str = field(repr=False)


@frozen(kw_only=True)
class AddApiKey(Command[ApiKeyMade]):
    """Make a key for a program. Needs ``grants:write`` in the group: the scopes are granted to it as to anybody.

    Attributes:
        group: where it counts, with all below.
        scopes: what it may do there. ``messages:write`` is what sending takes; what it sends itself it may also read.
        user: whom it sends as, of this group or one below; None: a new API user in the group, with a number of its own where
            the group receives. No mail reaches an API user: texts to it are pushed, to a URL of its own or its group's,
            see :class:`servicekit.push.SetPush`.
        ends_at: until when it is good.

    Raises:
        Invalid: ``nameless``; ``bad_scope``, ``unknown_scope``, ``no_scopes``; ``empty_time``; ``not_a_member``.
        Forbidden: ``not_yours_to_give``.
    """

    group: GroupId
    name: str
    scopes: tuple[str, ...] = ("messages:write",)
    user: UserId | None = None
    ends_at: Instant | None = None


@frozen(kw_only=True)
class RotateApiKey(Command[ApiKeyMade]):
    """Make another secret for a key; the present one is good as well until ``overlap`` has passed. Needs ``grants:write``.

    Raises:
        Invalid: ``overlap``, unless it is between nothing and 30 days.
    """

    key: ApiKeyId
    overlap: timedelta = timedelta(days=1)


@frozen
class RevokeApiKey(Command[ListedApiKey]):
    """End a key and what was granted to it, at once. Needs ``grants:write`` in its group. Its API user and the log stay."""

    key: ApiKeyId


@frozen
class ListApiKeys(Query[tuple[ListedApiKey, ...]]):
    """The keys of a group and all below it that are good, in order of making. Needs ``grants:read`` there."""

    group: GroupId


class CallRefused(StrEnum):
    """Why a call is not to be answered."""

    UNKNOWN = "unknown"
    """No such key, or not any more."""
    SLOW_DOWN = "slow down"
    """More calls than its pace."""


@frozen(kw_only=True)
class ApiCaller:
    """A key was good, and one call of its pace is spent.

    Attributes:
        most: how many calls there may be at once.
        left: how many are left now.
        full_in: when all of them are left again, if nothing is called meanwhile.
    """

    key: ApiKeyId
    group: GroupId
    user: UserId
    most: int
    left: int
    full_in: timedelta
    origin: str = ""

    @property
    def principal(self) -> Principal:
        """Who asks."""
        return Principal.of(self.key, origin=self.origin)


@frozen(kw_only=True)
class NoCaller:
    """The call is not to be answered; ``until``: when the next one is; ``most``: how many there may be at once."""

    why: CallRefused
    until: Instant | None = None
    most: int = 0


@frozen
class TakeCall(Command[ApiCaller | NoCaller]):
    """Whose key this is, and one call of its pace. For operators: web applications ask it for each call."""

    secret: str = field(repr=False)


def key_of(entropy: bytes) -> str:
    """What is presented, of 46 characters that may stand in a URL.

    >>> key_of(bytes(32))[:8]
    'sk_AAAAA'
    """
    return f"sk_{token_of(entropy)}"


def key_digest(secret: str) -> str | None:
    """What a key is looked up by; None for what is no key."""
    return hashlib.sha256(secret.encode("ascii")).hexdigest() if _FORM.fullmatch(secret) else None


def rotated_key(key: ApiKey, digest: str, overlap: timedelta, at: Instant) -> ApiKey:
    """With another secret, and the present one beside it for as long as ``overlap``.

    Raises:
        Invalid: ``overlap``.
    """
    if not timedelta(0) <= overlap <= LONGEST_KEY_OVERLAP:
        raise Invalid(
            f"Two keys are good beside each other for 0 to {LONGEST_KEY_OVERLAP.days} days.",
            code="overlap",
            most_days=LONGEST_KEY_OVERLAP.days,
        )
    return evolve(key, digest=digest, old_digest=key.digest, old_until=at + overlap)
