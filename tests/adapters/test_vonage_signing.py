"""The signature of Vonage's calls: against examples computed by hand, and a slow model."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import get_args
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.adapters.texts.vonage.signing import Method, fields_of, prove, signature
from servicekit.errors import ConfigurationError, Forged, Misshapen, Stale
from servicekit.moments import Instant

NOW = Instant.parse("2026-03-02T09:00:00Z")
STAMP = str(NOW.us // 1_000_000)
AGE = timedelta(minutes=5)
SECRET = "my0secret"


def proven(fields: dict[str, str], *, method: Method = "sha256", secret: str = SECRET, at: Instant = NOW) -> None:
    """See it proven."""
    prove("vonage", fields, at, secret=secret, method=method, longest_age=AGE)


def dated(fields: Mapping[str, str], method: Method = "sha256", stamp: str = STAMP) -> dict[str, str]:
    """Parameters that are signed."""
    told = {**fields, "timestamp": stamp}
    return {**told, "sig": signature(told, SECRET, method)}


@pytest.mark.parametrize("method", get_args(Method))
def test_parameters_are_written_by_name_and_hashed(method: Method) -> None:
    """``&name=value`` in order, ``&`` and ``=`` in values as ``_``; the secret is appended, or the key."""
    written = b"&Z=1&a=x_y_z&text=caf\xc3\xa9&timestamp=7"
    fields = {"timestamp": "7", "a": "x&y=z", "text": "café", "Z": "1", "sig": "whatever"}
    if method == "md5hash":
        expected = hashlib.md5(written + SECRET.encode(), usedforsecurity=False).hexdigest()
    else:
        expected = hmac.new(SECRET.encode(), written, method).hexdigest()

    assert signature(fields, SECRET, method) == expected


@pytest.mark.parametrize("method", get_args(Method))
def test_a_signed_call_is_proven_by_its_own_method_only(method: Method) -> None:
    """In either case of its letters; by any other method than the account's it is forged."""
    fields = dated({"messageId": "A1"}, method)
    proven(fields, method=method)
    proven({**fields, "sig": fields["sig"].upper()}, method=method)
    for other in set(get_args(Method)) - {method}:
        with pytest.raises(Forged):
            proven(fields, method=other)


@given(st.dictionaries(st.text(max_size=4), st.text(max_size=6), max_size=4), st.text(max_size=3), st.text(max_size=3))
def test_whatever_is_changed_afterwards_is_forged(fields: dict[str, str], name: str, value: str) -> None:
    """A member added, changed or taken away."""
    told = dated({key: one for key, one in fields.items() if key not in {"sig", "timestamp"}})
    proven(told)
    changed = {**told, f"x{name}": value}
    with pytest.raises(Forged):
        proven(changed)
    for key in set(told) - {"sig"}:
        with pytest.raises(Forged):
            proven({one: text for one, text in told.items() if one != key})


@pytest.mark.parametrize("sig", [None, "", "00", "\ud800", "é"])
def test_a_call_without_the_right_signature_is_forged(sig: str | None) -> None:
    """Absent, empty, too short, or no digits at all."""
    fields = {"timestamp": STAMP} if sig is None else {"timestamp": STAMP, "sig": sig}
    with pytest.raises(Forged) as caught:
        proven(fields)

    assert SECRET not in f"{caught.value} {caught.value.facts}"


@pytest.mark.parametrize("away", [AGE + timedelta(seconds=1), -AGE - timedelta(seconds=1)])
def test_a_call_from_another_time_is_stale(away: timedelta) -> None:
    """Both ways; up to the age itself it is believed."""
    proven(dated({}), at=NOW + AGE)
    proven(dated({}), at=NOW - AGE)
    with pytest.raises(Stale):
        proven(dated({}), at=NOW + away)


@pytest.mark.parametrize("stamp", ["", "yesterday", "-1", "1.5", "²", "9" * 12])
def test_a_proven_call_without_a_time_is_misshapen(stamp: str) -> None:
    """Seconds since 1970, in ASCII digits."""
    with pytest.raises(Misshapen):
        proven(dated({}, stamp=stamp))


def test_without_a_secret_or_a_known_method_nothing_is_believed() -> None:
    """Both are wrong wiring."""
    with pytest.raises(ConfigurationError, match="signature_secret"):
        proven(dated({}), secret="")
    with pytest.raises(ConfigurationError, match="sha3"):
        proven(dated({}), method="sha3")  # type: ignore[arg-type]


def test_parameters_are_read_from_a_form_and_from_json() -> None:
    """Alike; numbers and truth as JSON writes them."""
    told = {"text": "a&b=c é", "concat": "true", "concat-part": "2", "empty": ""}
    assert fields_of(urlencode(told).encode()) == told
    assert fields_of(json.dumps({**told, "concat": True, "concat-part": 2}).encode()) == told
    assert fields_of(b'  {"price": 0.0333, "none": null}') == {"price": "0.0333", "none": "null"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"a=%ff",
        b"{",
        b'{"a": []}',
        b'{"a": {}}',
        b'{"a":' * 3000,
        b"&".join(b"a%d=1" % number for number in range(101)),
    ],
)
def test_what_is_neither_has_no_parameters(body: bytes) -> None:
    """So it proves nothing: other charsets, nested values, brackets without end, more than any call has."""
    assert fields_of(body) == {}
