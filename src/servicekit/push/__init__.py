"""Pushes: what is new about texts, posted to an address that a group's administrators name.

The rules of this room:

* New is a text that came in, and every change of a status. Each is an event with an id of its own, made in the transaction of
  what it tells.
* The nearest group on the path that has a target decides where its events go.
* A push is signed as Standard Webhooks says, with a secret that is shown once; while it rotates, with both. :func:`verify`
  proves a push for who receives it.
* At least once, in order for one message: after a lost answer, or a crash, the same event is sent again under the same id.
* Only to public addresses, over TLS, unless the operator has allowed others. The address that is looked at is the one that is
  connected to, and redirects are not followed.
* Tried again with growing pauses for about three days, then given up, and the administrators are told. What was given up is
  kept until a person retries or discards it.

Refused: URLs that are none, that go without TLS or to an address that is not public (``bad_push_url``, ``plain_push_url``,
``private_push_url``).
"""

from servicekit.push.address import Reach, check_url, is_public, origin_of
from servicekit.push.bodies import Told, body_of, content_type
from servicekit.push.commands import (
    LONGEST_OVERLAP,
    GetPush,
    Push,
    PushSet,
    RemovePush,
    RotatePushSecret,
    SetPush,
)
from servicekit.push.signing import OLDEST, SECRET_BYTES, secret_of, sign, signed, verify
from servicekit.push.target import (
    LANES,
    PUSH_RETRY,
    PushEvent,
    PushForm,
    PushTarget,
    failed,
    lane_of,
    nearest,
    refused,
    rotated,
    secrets_at,
)

__all__ = [
    "LANES",
    "LONGEST_OVERLAP",
    "OLDEST",
    "PUSH_RETRY",
    "SECRET_BYTES",
    "GetPush",
    "Push",
    "PushEvent",
    "PushForm",
    "PushSet",
    "PushTarget",
    "Reach",
    "RemovePush",
    "RotatePushSecret",
    "SetPush",
    "Told",
    "body_of",
    "check_url",
    "content_type",
    "failed",
    "is_public",
    "lane_of",
    "nearest",
    "origin_of",
    "refused",
    "rotated",
    "secret_of",
    "secrets_at",
    "sign",
    "signed",
    "verify",
]
