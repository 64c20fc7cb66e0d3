"""Signatures of pushes, and how a receiver proves them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.errors import BadWebhook, ConfigurationError, Forged, Misshapen, Stale
from servicekit.moments import Instant
from servicekit.push import OLDEST, secret_of, sign, signed, verify

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
AT = Instant(1_614_265_330_000_000)
BODY = b'{"test": 2432232314}'
EVENT = "msg_p5jXN8AQM9LWM0D4loKWxJek"
VECTOR = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
"""As the libraries of Standard Webhooks test themselves with these four."""
SECOND = timedelta(seconds=1)


@pytest.fixture
def headers() -> dict[str, str]:
    """Of the vector."""
    return {"webhook-id": EVENT, "webhook-timestamp": "1614265330", "webhook-signature": VECTOR}


def test_the_standards_own_vector(headers: dict[str, str]) -> None:
    """Signed, it is equal; proven, it is believed."""
    assert sign(SECRET, EVENT, 1614265330, BODY) == VECTOR
    assert signed([SECRET], EVENT, AT, BODY) == headers
    assert verify(headers, BODY, SECRET, AT) == EVENT


@given(st.binary(max_size=200), st.binary(min_size=24, max_size=64), st.from_regex(r"[a-z0-9_]{1,40}", fullmatch=True))
def test_it_is_an_hmac_over_id_time_and_body(body: bytes, key: bytes, event: str) -> None:
    """With points between, under the bytes that the secret stands for."""
    told = f"{event}.7.".encode() + body
    wanted = base64.b64encode(hmac.digest(key, told, hashlib.sha256)).decode()
    secret = "whsec_" + base64.b64encode(key).decode()

    assert sign(secret, event, 7, body) == f"v1,{wanted}" == sign(secret.removeprefix("whsec_"), event, 7, body)
    assert verify(signed([secret], event, Instant(7_900_000), body), body, secret, Instant(7_000_000)) == event


def test_either_of_two_secrets_proves() -> None:
    """Also beside signatures of kinds that we do not know."""
    new, old = secret_of(bytes(32)), secret_of(bytes(range(32)))
    headers = signed([new, old], EVENT, AT, BODY)
    headers["webhook-signature"] = (
        "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg== "
        + headers["webhook-signature"]
    )

    assert verify(headers, BODY, new, AT) == verify(headers, BODY, old, AT) == EVENT
    with pytest.raises(Forged):
        verify(headers, BODY, SECRET, AT)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_header_that_is_missing_is_misshapen(headers: dict[str, str], name: str) -> None:
    """The case of names does not matter."""
    assert verify({key.title(): value for key, value in headers.items()}, BODY, SECRET, AT) == EVENT
    del headers[name]
    with pytest.raises(Misshapen, match="has the headers webhook-id"):
        verify(headers, BODY, SECRET, AT)


@pytest.mark.parametrize("stamp", ["", "now", "-1", "1.5", "1614265330 ", "٣", "9" * 12])
def test_a_time_is_a_count_of_seconds(headers: dict[str, str], stamp: str) -> None:
    """Anything else is misshapen."""
    with pytest.raises(Misshapen):
        verify({**headers, "webhook-timestamp": stamp}, BODY, SECRET, AT)


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": "msg_other"},
        {"webhook-timestamp": "1614265331"},
        {"webhook-signature": VECTOR.replace("v1,", "v2,")},
        {"webhook-signature": VECTOR.removeprefix("v1,")},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,\ud800"},
        {"webhook-signature": VECTOR[:-2] + "A="},
    ],
    ids=str,
)
def test_whatever_is_changed_is_forged(headers: dict[str, str], changed: dict[str, str]) -> None:
    """Id, time and signature; and every byte of the body."""
    with pytest.raises(Forged):
        verify({**headers, **changed}, BODY, SECRET, AT)
    with pytest.raises(Forged):
        verify(headers, BODY + b" ", SECRET, AT)


def test_what_is_replayed_later_is_stale(headers: dict[str, str]) -> None:
    """More than five minutes off, both ways; at five minutes it is still good."""
    for off in (OLDEST, -OLDEST):
        assert verify(headers, BODY, SECRET, AT + off) == EVENT
    for off in (OLDEST + SECOND, -OLDEST - SECOND):
        with pytest.raises(Stale, match="more than five minutes"):
            verify(headers, BODY, SECRET, AT + off)


@given(st.dictionaries(st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature", "x"]), st.text()))
def test_nothing_that_comes_breaks_the_proof(headers: dict[str, str]) -> None:
    """Whatever stands in the headers, it is refused as a bad webhook."""
    with pytest.raises(BadWebhook):
        verify(headers, BODY, SECRET, AT)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_AAAA", "whsec_%%%", "whsec_å", "whsec_" + 88 * "A"])
def test_a_secret_is_the_standards(secret: str) -> None:
    """Others are wrong configuration, and are not repeated in the error."""
    with pytest.raises(ConfigurationError, match="24 to 64 bytes") as caught:
        sign(secret, EVENT, 1, BODY)
    assert "%%%" not in str(caught.value)


def test_a_secret_of_ours_is_made_of_32_bytes() -> None:
    """No fewer and no more; what it is made of reads back."""
    assert base64.b64decode(secret_of(bytes(range(32))).removeprefix("whsec_")) == bytes(range(32))
    with pytest.raises(ValueError, match="32 bytes"):
        secret_of(bytes(31))
