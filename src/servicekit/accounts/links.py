"""Password links and invitations: a token in a URL, its digest in the database.

Refused, as `NotFound`: ``dead_link`` for one that is unknown, used or too old.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from typing import TypeVar

from attrs import field, frozen

from servicekit.errors import NotFound
from servicekit.ids import CustomerUserId, UserId
from servicekit.moments import Instant

__all__ = [
    "LINK_SPAN",
    "RESET_SPAN",
    "TOKEN_BYTES",
    "Invitation",
    "PasswordLink",
    "check_usable",
    "digest_of",
    "invitation_for",
    "link_for",
    "token_of",
]

LINK_SPAN = timedelta(days=7)
"""How long a link is good."""

RESET_SPAN = timedelta(hours=1)
"""How long one is good that was asked for because a password is forgotten."""

TOKEN_BYTES = 32
"""Bytes of randomness in a token."""


@frozen(kw_only=True)
class PasswordLink:
    """A link that was sent to a user.

    Attributes:
        digest: of the token, which stands nowhere but in the mail. 64 hexadecimal digits.
        expires_at: from then on it is good no more.
        used_at: when it was used; None: not yet.
    """

    digest: str = field(repr=False)
    user: UserId
    made_at: Instant
    expires_at: Instant
    used_at: Instant | None = None


@frozen(kw_only=True)
class Invitation:
    """A link that was sent to a customer user; as a :class:`PasswordLink` otherwise."""

    digest: str = field(repr=False)
    user: CustomerUserId
    made_at: Instant
    expires_at: Instant
    used_at: Instant | None = None


L = TypeVar("L", PasswordLink, Invitation)


def token_of(entropy: bytes) -> str:
    """A token of 43 characters that may stand in a URL, from 32 random bytes.

    >>> token_of(bytes(32))[:4]
    'AAAA'
    """
    if len(entropy) != TOKEN_BYTES:
        raise ValueError(f"{TOKEN_BYTES} bytes of entropy are needed, not {len(entropy)}")
    return base64.urlsafe_b64encode(entropy).rstrip(b"=").decode("ascii")


def digest_of(token: str) -> str:
    """What is stored of a token, and looked up by."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def link_for(user: UserId, token: str, at: Instant, span: timedelta = LINK_SPAN) -> PasswordLink:
    """A link for a user, good from now on."""
    return PasswordLink(digest=digest_of(token), user=user, made_at=at, expires_at=at + span)


def invitation_for(user: CustomerUserId, token: str, at: Instant, span: timedelta = LINK_SPAN) -> Invitation:
    """A link for a customer user, good from now on."""
    return Invitation(digest=digest_of(token), user=user, made_at=at, expires_at=at + span)


def check_usable(link: L | None, at: Instant) -> L:
    """The link itself, if it is good now.

    Raises:
        NotFound: ``dead_link``.
    """
    if link is None or link.used_at is not None or not link.made_at <= at < link.expires_at:
        raise NotFound("This link is not good any more: ask for a new one.", code="dead_link")
    return link
