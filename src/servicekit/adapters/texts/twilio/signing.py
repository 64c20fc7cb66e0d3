"""The signature of Twilio's calls to us (https://www.twilio.com/docs/usage/security). Pure.

Rules kept here:

* ``X-Twilio-Signature`` is base64 of the HMAC-SHA1, under the auth token, of the URL that was called and, for a form, its names
  and values in the order of the names (those of one name in order, a pair that stands twice once). Compared in constant time.
* The URL is the public one that was configured, also where a proxy stands before us; Twilio signs it now with its port and now
  without, so both are tried.
* For a body in JSON, Twilio adds its digest to the URL as ``bodySHA256``, and signs that.
* A form is signed as the bytes that stand in it, so that the signature is judged before the words are.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from servicekit.errors import ConfigurationError, Forged, Misshapen
from servicekit.ports.http import HttpResponse, header

__all__ = ["proven"]

_FIELDS = 500  # a call of Twilio has under a hundred
_SURROGATE = re.compile("[\ud800-\udfff]")
_AS_BYTES = "surrogateescape"  # what is no UTF-8 stays what it is


def proven(vendor: str, token: str, urls: Sequence[str], headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    """The names and values of a call, once Twilio's signature over them is found right; members of JSON as texts.

    Args:
        vendor: the adapter's name, for errors.
        token: the auth token.
        urls: of ours that Twilio may have called.
        headers: of the call.
        body: of the call, the very bytes.

    Raises:
        ConfigurationError: no token or no URL.
        Forged: no signature of Twilio's over one of the URLs and this body.
        Misshapen: signed, and neither a form in UTF-8 nor a JSON object.
    """
    if not urls or not token:
        raise ConfigurationError(
            "Twilio signs the URL that it calls with the auth token: set that, and report_url and inbound_url to the public "
            "URLs, to read its calls."
        )
    kind = header(headers, "content-type").partition(";")[0].strip().lower()
    try:
        told, suffix, words = _json(body) if kind == "application/json" else _form(body)
    except ValueError as error:
        raise Forged("Nothing of this form can be signed by Twilio.", vendor=vendor) from error
    shown = header(headers, "x-twilio-signature").strip().encode()
    wanted = [_signature(token, _with(one, suffix) + words) for url in urls for one in _spellings(url)]
    if not any(hmac.compare_digest(shown, one) for one in wanted):
        raise Forged("The call has no signature of Twilio's over our URL and its words.", vendor=vendor)
    if told is None:
        raise Misshapen("Twilio sends forms or JSON objects in UTF-8, this is neither.", vendor=vendor)
    return told


def _signature(token: str, words: str) -> bytes:
    return base64.b64encode(hmac.new(token.encode(), words.encode(errors=_AS_BYTES), hashlib.sha1).digest())


def _form(body: bytes) -> tuple[dict[str, str] | None, str, str]:
    """A form, what it adds to the URL, and the words that are signed. ValueError: more fields than Twilio ever signs."""
    text = body.decode(errors=_AS_BYTES)
    pairs = parse_qsl(text, keep_blank_values=True, errors=_AS_BYTES, max_num_fields=_FIELDS)
    words = "".join(name + value for name, value in sorted(set(pairs)))
    return None if _SURROGATE.search(words) else dict(pairs), "", words


def _json(body: bytes) -> tuple[dict[str, str] | None, str, str]:
    """The same of a JSON object, whose members become texts as a form would have them."""
    told = HttpResponse(status=200, body=body).object()
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in told.items()}
    return texts or None, f"bodySHA256={hashlib.sha256(body).hexdigest()}", ""


def _with(url: str, suffix: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{suffix}" if suffix else url


def _spellings(url: str) -> tuple[str, str]:
    """The URL without a port and with one."""
    parts = urlsplit(url)
    host = parts.netloc.removesuffix(f":{parts.port}")
    port = parts.port or (80 if parts.scheme == "http" else 443)
    return urlunsplit(parts._replace(netloc=host)), urlunsplit(parts._replace(netloc=f"{host}:{port}"))
