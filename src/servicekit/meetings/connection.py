"""Connections: an organisation's consent to use its account at the meeting service (OAuth 2.0 with PKCE, RFC 7636).

Rules kept here:

* A state is 32 bytes of the caller's randomness, serves once, within ten minutes, and only whoever asked for it. Its digest is
  stored; the code verifier stands beside it and nowhere else.
* Refresh tokens serve once: each new pair is stored before anything is done with it, and one effect at a time renews.
* Tokens, codes and verifiers are in no repr. They are stored as they are: whoever reads the database can use them, so keep
  it, and its backups, as you keep passwords.
* Another account of a vendor's may only follow where the app was removed there first, unless the app sees the whole account.

Refused: a state that is unknown, used, too old or somebody else's, all alike (``dead_state``).
"""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from enum import StrEnum

from attrs import evolve, field, frozen

from servicekit.errors import Conflict, NotFound
from servicekit.ids import GroupId
from servicekit.moments import Instant

__all__ = [
    "ATTEMPT_SPAN",
    "EARLY",
    "SECRET_BYTES",
    "ConnectAttempt",
    "Connection",
    "ConnectionState",
    "ConnectionView",
    "challenge_of",
    "check_attempt",
    "dropped",
    "may_connect",
    "other_account",
    "secret_of",
    "state_digest",
]

ATTEMPT_SPAN = timedelta(minutes=10)
"""How long a consent may take, from the way to the vendor to the way back."""

EARLY = timedelta(minutes=10)
"""How long before its end an access token is renewed."""

SECRET_BYTES = 32
"""Bytes of randomness in a state and in a code verifier (RFC 7636 7.1)."""


class ConnectionState(StrEnum):
    """Where a connection stands."""

    CONNECTING = "connecting"
    """Somebody has consented; the tokens are being fetched."""
    GRANTED = "granted"
    """There are tokens; whose account it is, is being asked."""
    CONNECTED = "connected"
    LOST = "lost"
    """The vendor takes our tokens no more: an administrator has to connect again."""
    ENDING = "ending"
    """Somebody has disconnected; the vendor is being told."""
    DISCONNECTED = "disconnected"


@frozen(kw_only=True)
class Connection:
    """An organisation's connection.

    Attributes:
        account, user, email: whose account it is at the vendor, as the vendor calls it; of the last one when disconnected.
        shared: whether every user of the account may host, or only the one who has consented.
        removed_there: whether the consent was ended at the vendor.
        since: when the consent was given.
        code, verifier: to be exchanged for tokens, and gone then.
        renewed_at: when the tokens came.
        detail: why it stands so, for people.
    """

    organisation: GroupId
    state: ConnectionState
    account: str = ""
    user: str = ""
    email: str = ""
    shared: bool = False
    removed_there: bool = False
    since: Instant
    code: str = field(default="", repr=False)
    verifier: str = field(default="", repr=False)
    access: str = field(default="", repr=False)
    refresh: str = field(default="", repr=False)
    renewed_at: Instant | None = None
    ends: Instant | None = None
    detail: str = ""

    def lives(self, at: Instant) -> bool:
        """Whether its access token is good."""
        return self.state is ConnectionState.CONNECTED and self.ends is not None and at < self.ends


@frozen(kw_only=True)
class ConnectionView:
    """What may be shown of a connection; None in ``state``: there never was one."""

    state: ConnectionState | None
    email: str = ""
    shared: bool = False
    since: Instant | None = None
    detail: str = ""


@frozen(kw_only=True)
class ConnectAttempt:
    """Somebody on the way to the vendor and back.

    Attributes:
        digest: of the state.
        by: who asked, kind and id.
    """

    digest: str = field(repr=False)
    organisation: GroupId
    by: str
    verifier: str = field(repr=False)
    expires_at: Instant
    used_at: Instant | None = None


_CONNECTED = {ConnectionState.CONNECTING, ConnectionState.GRANTED, ConnectionState.CONNECTED}


def secret_of(entropy: bytes) -> str:
    """A state or a code verifier, 43 characters that may stand in a URL, from 32 random bytes."""
    if len(entropy) != SECRET_BYTES:
        raise ValueError(f"{SECRET_BYTES} bytes of entropy are needed, not {len(entropy)}")
    return base64.urlsafe_b64encode(entropy).rstrip(b"=").decode("ascii")


def state_digest(state: str) -> str:
    """What is stored of a state, and looked up by."""
    return hashlib.sha256(state.encode("utf-8", "surrogatepass")).hexdigest()


def challenge_of(verifier: str) -> str:
    """The code challenge by S256.

    >>> challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")  # RFC 7636, appendix B
    'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
    """
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode("ascii")


def check_attempt(attempt: ConnectAttempt | None, by: str, at: Instant) -> ConnectAttempt:
    """The attempt itself, if its state is good now, for this asker.

    Raises:
        NotFound: ``dead_state``.
    """
    if attempt is None or attempt.used_at is not None or at >= attempt.expires_at or attempt.by != by:
        raise NotFound("This way back leads nowhere any more: start connecting again.", code="dead_state")
    return attempt


def may_connect(connection: Connection | None) -> None:
    """Refuse to connect what is connected.

    Raises:
        Conflict: ``already_connected``.
    """
    if connection is not None and connection.state in _CONNECTED:
        raise Conflict(
            f"The account of {connection.email or connection.organisation} is connected: disconnect it first. To change to "
            "another account, remove the app at the meeting service as well, unless it is shared with the whole account.",
            code="already_connected",
            organisation=connection.organisation,
        )


def other_account(connection: Connection, account: str, user: str, *, shared: bool) -> bool:
    """Whether this is not whose account it was, although the app was not removed there before."""
    if not connection.account or connection.removed_there:
        return False
    return account != connection.account or (user != connection.user and not (shared and connection.shared))


def dropped(connection: Connection, state: ConnectionState, detail: str, *, removed_there: bool = False) -> Connection:
    """The connection without its tokens."""
    return evolve(
        connection,
        state=state,
        detail=detail,
        removed_there=removed_there or connection.removed_there,
        code="",
        verifier="",
        access="",
        refresh="",
        ends=None,
    )
