"""Signatures of pushes, and their proof for who receives them: Standard Webhooks. Pure.

Rules kept here (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md):

* ``webhook-signature`` is ``v1,`` and the base 64 of the HMAC-SHA256 of ``{webhook-id}.{webhook-timestamp}.{body}``, over the
  very bytes of the body; there may be several, with spaces between, one for each secret.
* A secret is ``whsec_`` and the base 64 of 24 to 64 bytes; ours have 32.
* What was signed more than five minutes away from now is stale, both ways. Signatures are compared in constant time.
* ``webhook-id`` is the event's, the same however often it is sent: who has taken it in once answers 2xx and does nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

from servicekit.errors import ConfigurationError, Forged, Misshapen, Stale
from servicekit.moments import Instant

__all__ = ["OLDEST", "SECRET_BYTES", "secret_of", "sign", "signed", "verify"]

OLDEST: Final = timedelta(minutes=5)
"""How far a push's timestamp may lie from now."""

SECRET_BYTES: Final = 32
"""Bytes of randomness in a secret of ours."""

_PREFIX = "whsec_"
_FEWEST, _MOST = 24, 64  # bytes of a secret, as the standard has it
_LONGEST_STAMP = 11  # digits: seconds until the year 5138
_MICROSECONDS = 1_000_000


def secret_of(entropy: bytes) -> str:
    """A secret from 32 random bytes.

    >>> secret_of(bytes(32))[:10]
    'whsec_AAAA'
    """
    if len(entropy) != SECRET_BYTES:
        raise ValueError(f"{SECRET_BYTES} bytes of entropy are needed, not {len(entropy)}")
    return _PREFIX + base64.b64encode(entropy).decode("ascii")


def sign(secret: str, event: str, seconds: int, body: bytes) -> str:
    """One signature.

    Args:
        secret: with or without its ``whsec_``.
        event: the ``webhook-id``.
        seconds: the ``webhook-timestamp``, since 1970 in UTC.
        body: as it is sent.

    >>> sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
    ...      b'{"test": 2432232314}')
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='

    Raises:
        ConfigurationError: this is no secret.
    """
    told = f"{event}.{seconds}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(_key(secret), told, hashlib.sha256).digest()).decode("ascii")


def signed(secrets: Iterable[str], event: str, at: Instant, body: bytes) -> dict[str, str]:
    """The headers of a push that is sent at ``at``, with a signature for each secret."""
    seconds = at.us // _MICROSECONDS
    return {
        "webhook-id": event,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(sign(secret, event, seconds, body) for secret in secrets),
    }


def verify(headers: Mapping[str, str], body: bytes, secret: str, at: Instant) -> str:
    """Prove a push, for who receives it.

    Args:
        headers: the call's; the case of their names does not matter.
        body: the raw body, before anything has read it.
        secret: what :class:`~servicekit.push.SetPush` or :class:`~servicekit.push.RotatePushSecret` returned.
        at: now.

    Returns:
        The event's id: do nothing where you have taken that in before.

    Raises:
        Misshapen: a header is missing, or the time is no count of seconds.
        Forged: no signature is that of the secret.
        Stale: signed more than five minutes away from now: perhaps a replay.
        ConfigurationError: this is no secret.
    """
    given = {name.lower(): value for name, value in headers.items()}
    event, stamp, signatures = (given.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not (event and signatures and stamp.isascii() and stamp.isdigit() and len(stamp) <= _LONGEST_STAMP):
        raise Misshapen("A push has the headers webhook-id, webhook-timestamp (seconds) and webhook-signature.")
    wanted = sign(secret, event, int(stamp), body).encode()
    matches = [hmac.compare_digest(one.encode("utf-8", "surrogatepass"), wanted) for one in signatures.split(" ")]
    if not any(matches):
        raise Forged("No signature of the push is that of the secret.")
    if abs(at - Instant(int(stamp) * _MICROSECONDS)) > OLDEST:
        raise Stale("The push was signed more than five minutes away from now.", timestamp=stamp)
    return event


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not _FEWEST <= len(key) <= _MOST:
        raise ConfigurationError("A secret of Standard Webhooks is whsec_ and the base 64 of 24 to 64 bytes.")
    return key
