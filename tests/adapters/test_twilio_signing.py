"""The signature of Twilio's calls: over the URL, and over all that is said."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from urllib.parse import urlencode

import pytest

from servicekit.adapters.texts.twilio.signing import proven
from servicekit.errors import ConfigurationError, Forged, Misshapen
from trials_twilio import FORM, signature

URL = "https://app.test/hooks/twilio?k=1"
TOKEN = "the auth token"
TOLD = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+41791234567", "Empty": "", "Å": "ä"}
BODY = urlencode(TOLD).encode()

DOCUMENTED = "https://mycompany.com/myapp.php?foo=1&bar=2"
"""The URL of the example in Twilio's documentation and libraries, whose token is 12345."""


def read(headers: Mapping[str, str], body: bytes = BODY, *urls: str, token: str = TOKEN) -> dict[str, str]:
    """What is proven by these headers."""
    return proven("twilio", token, urls or (URL,), headers, body)


def signed(body: bytes = BODY, url: str = URL, token: str = TOKEN) -> dict[str, str]:
    """The headers that Twilio posts a form under."""
    return {"Content-Type": f"{FORM}; charset=UTF-8", "X-Twilio-Signature": signature(url, body, token)}


def test_twilios_own_example_is_right() -> None:
    """A form, and the same with a pair that stands twice and values out of order."""
    told = {
        "CallSid": "CA1234567890ABCDE",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
        "Caller": "+14158675309",
    }
    headers = {"content-type": FORM, "x-twilio-signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="}
    assert read(headers, urlencode(told).encode(), DOCUMENTED, token="12345") == told

    headers = {"content-type": FORM, "x-twilio-signature": "IK+Dwps556ElfBT0I3Rgjkr1wJU="}
    body = b"Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234"
    assert read(headers, body, DOCUMENTED, token="12345")["Sid"] == "CA123"


def test_twilios_own_example_in_json_is_right() -> None:
    """The digest that is added to the URL proves the body; members that are no texts are kept as JSON."""
    headers = {"content-type": "application/json", "x-twilio-signature": "a9nBmqA0ju/hNViExpshrM61xv4="}
    body = b'{"property": "value", "boolean": true}'
    assert read(headers, body, DOCUMENTED, token="12345") == {"property": "value", "boolean": "true"}
    with pytest.raises(Forged):
        read(headers, body.replace(b"true", b"false"), DOCUMENTED, token="12345")


@pytest.mark.parametrize("url", [URL, URL.partition("?")[0]])
def test_the_digest_stands_last_in_the_urls_query(url: str) -> None:
    """Whether there is one already or not; JSON under another type is read as a form, and not proven."""
    body = json.dumps({"MessageSid": "SM1", "Count": 2}).encode()
    digest = f"{'&' if '?' in url else '?'}bodySHA256={hashlib.sha256(body).hexdigest()}"
    proof = {"x-twilio-signature": signature(url + digest, token=TOKEN)}
    kind = {"content-type": "Application/JSON; charset=utf-8"}
    assert read({**kind, **proof}, body, url) == {"MessageSid": "SM1", "Count": "2"}
    for headers, other in (({**kind, **proof}, body + b" "), (proof, body), ({**kind, **proof}, b"[]")):
        with pytest.raises(Forged):
            read(headers, other, url)


def test_a_form_is_read_as_it_was_signed() -> None:
    """Empty values and letters outside ASCII are signed and read; the case of header names does not matter."""
    assert read(signed()) == TOLD
    assert read({name.upper(): value for name, value in signed().items()}) == TOLD


@pytest.mark.parametrize(
    ("configured", "called"),
    [
        ("https://app.test/h?k=1", "https://app.test/h?k=1"),
        ("https://app.test/h?k=1", "https://app.test:443/h?k=1"),
        ("https://app.test:443/h", "https://app.test/h"),
        ("https://app.test:8443/h", "https://app.test:8443/h"),
        ("https://app.test:8443/h", "https://app.test/h"),
        ("http://app.test/h", "http://app.test:80/h"),
        ("http://[::1]/h", "http://[::1]:80/h"),
    ],
)
def test_the_public_url_is_tried_with_its_port_and_without(configured: str, called: str) -> None:
    """Twilio signs now the one, now the other; and any of our URLs may have been called."""
    assert read(signed(url=called), BODY, configured)
    assert read(signed(url=called), BODY, "https://app.test/other", configured)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-twilio-signature": ""},
        {"x-twilio-signature": "å"},
        {"x-twilio-signature": signature("https://app.test/elsewhere", BODY, TOKEN)},
        {"x-twilio-signature": signature("https://app.test:444/hooks/twilio?k=1", BODY, TOKEN)},
        {"x-twilio-signature": signature(URL, BODY, "guess")},
        {"x-twilio-signature": signature(URL, BODY + b"&x=1", TOKEN)},
        {"x-twilio-signature": signature(URL, b"", TOKEN)},
        {"x-twilio-signature": signature(URL, BODY, TOKEN), "content-type": "application/json"},
    ],
)
def test_a_call_without_twilios_signature_over_it_is_forged(headers: dict[str, str]) -> None:
    """Missing, or over something else."""
    with pytest.raises(Forged):
        read({"content-type": FORM, **headers})


@pytest.mark.parametrize("body", [b"\xff\xfe", b"a=%FF", b"a=%ED%A0%80"])
def test_what_is_no_utf_8_is_judged_by_its_signature_first(body: bytes) -> None:
    """Signed, it is misshapen; not signed, forged."""
    with pytest.raises(Misshapen):
        read(signed(body), body)
    with pytest.raises(Forged):
        read(signed(b"a=b"), body)


def test_what_is_json_and_no_object_is_misshapen() -> None:
    """Proven all the same."""
    for body in (b"[]", b"{}", b"null", b"<html>", b'"text"'):
        digest = f"&bodySHA256={hashlib.sha256(body).hexdigest()}"
        headers = {"content-type": "application/json", "x-twilio-signature": signature(URL + digest, token=TOKEN)}
        with pytest.raises(Misshapen):
            read(headers, body)


def test_more_fields_than_twilio_sends_are_not_even_sorted() -> None:
    """A stranger cannot make us work."""
    body = b"a=1&" * 500 + BODY
    with pytest.raises(Forged):
        read(signed(body), body)


def test_without_url_or_token_no_call_is_believed() -> None:
    """A signature under an empty token is anybody's: wrong wiring, not a fact."""
    with pytest.raises(ConfigurationError, match="report_url"):
        proven("twilio", TOKEN, (), signed(), BODY)
    with pytest.raises(ConfigurationError, match="auth token"):
        read(signed(token=""), token="")
