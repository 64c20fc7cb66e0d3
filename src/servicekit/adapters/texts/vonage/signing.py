"""The signature of Vonage's calls to us (https://developer.vonage.com/en/getting-started/concepts/signing-messages). Pure.

Rules kept here:

* The signature stands among the parameters, as ``sig``: of all others, sorted by name, written ``&name=value`` with ``&`` and
  ``=`` in values as ``_``; then the secret appended and MD5, or HMAC under the secret. Compared in constant time.
* A call is dated by ``timestamp``, seconds since 1970; one from too long ago, or from the future, is stale.
* Which method is used is the account's setting and never the call's: a weaker one than agreed proves nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal, get_args
from urllib.parse import parse_qsl

from servicekit.errors import ConfigurationError, Forged, Misshapen, Stale
from servicekit.moments import Instant

__all__ = ["Method", "fields_of", "prove", "signature"]

Method = Literal["md5hash", "md5", "sha1", "sha256", "sha512"]
"""The methods as Vonage's dashboard names them; ``md5hash`` is a plain hash, the others are HMAC."""

_FIELDS = 100  # a call of Vonage has under twenty
_SECONDS = 11  # digits of a timestamp: until the year 5138


def signature(fields: Mapping[str, str], secret: str, method: Method) -> str:
    """The signature of these parameters (``sig`` itself is passed over), in lower-case hexadecimal digits.

    >>> signature({"b": "x&y", "a": "1"}, "secret", "md5hash") == hashlib.md5(b"&a=1&b=x_ysecret").hexdigest()
    True
    """
    told = "".join(
        f"&{name}={fields[name].replace('&', '_').replace('=', '_')}" for name in sorted(fields) if name != "sig"
    ).encode("utf-8", "surrogatepass")
    key = secret.encode()
    if method == "md5hash":
        return hashlib.md5(told + key, usedforsecurity=False).hexdigest()
    return hmac.new(key, told, method).hexdigest()


def fields_of(body: bytes) -> dict[str, str]:
    """The parameters of a call: a form, or a JSON object of plain values. Empty where it is neither."""
    try:
        if body.lstrip().startswith(b"{"):
            return {name: _plain(value) for name, value in json.loads(body).items()}
        return dict(parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_FIELDS))
    except (ValueError, RecursionError):  # the latter: brackets without end
        return {}


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list | dict):
        raise ValueError("a parameter is a plain value")  # noqa: TRY004 - for the one that reads all of them
    return json.dumps(value)


def prove(
    vendor: str, fields: Mapping[str, str], at: Instant, *, secret: str, method: Method, longest_age: timedelta
) -> None:
    """See that Vonage signed these parameters, and lately.

    Raises:
        ConfigurationError: there is no secret to check it by, or no such method.
        Forged, Stale, Misshapen: nothing of it is to be believed.
    """
    if not secret:
        raise ConfigurationError(
            "Vonage's calls are believed only by their signature: switch signed webhooks on in its dashboard, "
            "and set signature_secret and signature_method as they stand there."
        )
    if method not in get_args(Method):
        raise ConfigurationError(f"{method!r} is no signature method of Vonage: use one of {get_args(Method)}.")
    wanted, shown = signature(fields, secret, method), fields.get("sig", "")
    if not hmac.compare_digest(shown.lower().encode("utf-8", "surrogatepass"), wanted.encode()):
        raise Forged("The call does not bear the signature of the account's secret.", vendor=vendor)
    stamp = fields.get("timestamp", "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= _SECONDS):
        raise Misshapen("The call's timestamp is no count of seconds.", vendor=vendor, timestamp=stamp)
    if abs(at - Instant(int(stamp) * 1_000_000)) > longest_age:
        raise Stale(f"The call was signed more than {longest_age} away from now.", vendor=vendor, timestamp=stamp)
