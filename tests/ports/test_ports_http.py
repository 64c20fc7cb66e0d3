"""HTTP as plain values: what is sent, how answers are read, and which error an answer means."""

from __future__ import annotations

import base64
import json
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.errors import OutcomeUnknown, OutsideError, Rejected, Throttled, Unreachable
from servicekit.moments import Instant
from servicekit.ports.http import (
    HookAnswer,
    HttpRequest,
    HttpResponse,
    asked_to_wait,
    basic,
    header,
    refusal,
    unreadable,
)

URL = "https://api.example/v1/things"
TEXTS = st.text(max_size=9)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner)
)
NAMES = st.text("aAb", min_size=1, max_size=2)
GET = HttpRequest(method="GET", url=f"{URL}?q=eva%40home.example", repeatable=True)
POST = HttpRequest(method="POST", url=URL)


class TestRequests:
    """Three ways to make one."""

    @given(st.dictionaries(TEXTS, st.none() | TEXTS | st.integers()))
    def test_a_reading_carries_its_query(self, query: dict[str, str | int | None]) -> None:
        """What is asked for stands in the URL, but for what is None; readings may be repeated."""
        request = HttpRequest.get(URL, headers={"a": "b"}, query=query)
        asked = {key: str(value) for key, value in query.items() if value is not None}
        assert dict(parse_qsl(urlsplit(request.url).query, keep_blank_values=True)) == asked
        assert request.url.partition("?")[0] == URL
        assert ("?" in request.url) == bool(asked)
        assert (request.method, request.headers, request.body, request.repeatable) == ("GET", {"a": "b"}, b"", True)

    def test_a_reading_without_a_query_is_the_url(self) -> None:
        """No empty question mark."""
        assert HttpRequest.get(URL, headers={}).url == URL

    @given(st.dictionaries(TEXTS, TEXTS), st.booleans())
    def test_a_form_is_encoded_whole(self, fields: dict[str, str], repeatable: bool) -> None:
        """Any text comes out of the form as it went in; its type is said beside the caller's headers."""
        request = HttpRequest.form("POST", URL, fields, headers={"authorization": "x"}, repeatable=repeatable)
        assert dict(parse_qsl(request.body.decode("ascii"), keep_blank_values=True)) == fields
        assert request.body.decode("ascii") == urlencode(fields)
        assert request.headers == {"authorization": "x", "content-type": "application/x-www-form-urlencoded"}
        assert (request.method, request.url, request.repeatable) == ("POST", URL, repeatable)

    @given(JSON, st.booleans())
    def test_json_is_encoded_whole(self, value: object, repeatable: bool) -> None:
        """Any value comes out as it went in, in UTF-8."""
        request = HttpRequest.json("PATCH", URL, value, headers={"authorization": "x"}, repeatable=repeatable)
        assert json.loads(request.body.decode("utf-8")) == value
        assert request.headers == {"authorization": "x", "content-type": "application/json"}
        assert (request.method, request.url, request.repeatable) == ("PATCH", URL, repeatable)

    def test_nothing_is_repeatable_unless_said(self) -> None:
        """A lost answer to a deed is not taken lightly."""
        made = [POST, HttpRequest.form("POST", URL, {}, headers={}), HttpRequest.json("POST", URL, {}, headers={})]
        assert not any(request.repeatable for request in made)

    def test_headers_and_bodies_stay_out_of_logs(self) -> None:
        """Credentials and people's texts are in no repr."""
        request = HttpRequest.form("POST", URL, {"message": "code 4711"}, headers=basic("user", "s3cret"))
        response = HttpResponse(status=200, headers={"set-cookie": "s3cret"}, body=b"code 4711")
        for shown in (repr(request), repr(response)):
            assert not any(secret in shown for secret in ("4711", "s3cret", request.headers["authorization"]))


class TestResponses:
    """How answers are read."""

    @pytest.mark.parametrize(
        ("status", "ok"), [(199, False), (200, True), (204, True), (299, True), (300, False), (404, False)]
    )
    def test_ok_is_2xx(self, status: int, ok: bool) -> None:
        """RFC 9110 15.3."""
        assert HttpResponse(status=status).ok == ok

    @given(JSON | st.floats(allow_nan=False))
    def test_json_is_read(self, value: object) -> None:
        """Any JSON is read as it is; as an object, only an object."""
        response = HttpResponse(status=200, body=json.dumps(value).encode())
        assert response.json() == value
        assert response.object() == (value if isinstance(value, dict) else {})

    @pytest.mark.parametrize("body", [b"", b"<html>502 Bad Gateway</html>", b"[" * 100_000, b"\xff\xfe{", b"{'a': 1}"])
    def test_other_bodies_read_as_nothing(self, body: bytes) -> None:
        """A failing vendor's page, endless brackets, broken text: no JSON, and no object either."""
        assert HttpResponse(status=502, body=body).json() is None
        assert HttpResponse(status=502, body=body).object() == {}

    @given(st.binary())
    def test_any_body_can_be_read(self, body: bytes) -> None:
        """Whatever is answered, reading and showing it does not fail."""
        response = HttpResponse(status=502, body=body)
        assert isinstance(response.object(), dict)
        assert len(response.shown) <= 500

    @given(st.text(), st.integers(0, 600))
    def test_errors_show_the_beginning(self, text: str, length: int) -> None:
        """The first 500 characters, whole ones."""
        body = (text + "å" * length).encode()
        assert HttpResponse(status=500, body=body).shown == (text + "å" * length)[:500]

    def test_a_hook_is_answered_with_nothing(self) -> None:
        """204 and no body, unless the vendor's protocol asks for more."""
        assert HookAnswer() == HookAnswer(status=204, headers={}, body=b"")


class TestHeaders:
    """Names in any case, credentials in UTF-8."""

    @given(st.dictionaries(NAMES, TEXTS), NAMES)
    def test_a_header_is_found_whatever_its_case(self, headers: dict[str, str], name: str) -> None:
        """RFC 9110 5.1: the first whose name is the same but for its case; empty where there is none."""
        same = [value for key, value in headers.items() if key.casefold() == name.casefold()]
        assert header(headers, name) == (same[0] if same else "")

    @given(TEXTS.filter(lambda user: ":" not in user), TEXTS)
    def test_basic_credentials_read_back(self, user: str, password: str) -> None:
        """RFC 7617: user and password around the first colon, in UTF-8 and base 64."""
        scheme, _, proof = basic(user, password)["authorization"].partition(" ")
        assert scheme == "Basic"
        assert base64.b64decode(proof, validate=True).decode("utf-8").split(":", 1) == [user, password]


class TestRefusals:
    """By what may be done about them."""

    @pytest.mark.parametrize(
        ("status", "reading", "deed"),
        [
            (300, Rejected, Rejected),
            (400, Rejected, Rejected),
            (401, Rejected, Rejected),
            (404, Rejected, Rejected),
            (408, Unreachable, OutcomeUnknown),
            (409, Rejected, Rejected),
            (428, Rejected, Rejected),
            (429, Throttled, Throttled),
            (430, Rejected, Rejected),
            (499, Rejected, Rejected),
            (500, Unreachable, OutcomeUnknown),
            (502, Unreachable, OutcomeUnknown),
            (599, Unreachable, OutcomeUnknown),
        ],
    )
    def test_an_answer_means_an_error(self, status: int, reading: type[OutsideError], deed: type[OutsideError]) -> None:
        """429 waits; 5xx and 408 may be repeated, but of a deed that is not repeatable may have happened; the rest is final."""
        response = HttpResponse(status=status, body=b'{"error": "no"}')
        for request, expected in ((GET, reading), (POST, deed)):
            error = refusal("exivo", request, response, message="no such door")
            assert type(error) is expected
            assert error.message.startswith(f"exivo answered {status}: no such door; ")
            assert error.facts == {
                "vendor": "exivo",
                "status": status,
                "body": '{"error": "no"}',
                "method": request.method,
                "url": URL,
            }

    def test_a_pause_ends_when_the_vendor_said(self) -> None:
        """The time goes into the error, None where there was none; without a message the status stands alone."""
        for until in (Instant(5), None):
            error = refusal("exivo", POST, HttpResponse(status=429), until=until)
            assert isinstance(error, Throttled)
            assert error.until == until
            assert error.message.startswith("exivo answered 429; ")

    @pytest.mark.parametrize(
        ("said", "date", "until"),
        [
            ("30", "Wed, 25 Nov 2026 12:00:00 GMT", "2026-11-25T12:00:30Z"),
            (" 0 ", "Wed, 25 Nov 2026 12:00:00 GMT", "2026-11-25T12:00:00Z"),
            ("Wed, 25 Nov 2026 12:01:00 GMT", "", "2026-11-25T12:01:00Z"),
            ("Wed, 25 Nov 2026 12:01:00 -0000", "", "2026-11-25T12:01:00Z"),
            ("30", "", None),
            ("30", "yesterday", None),
            ("123456789", "Wed, 25 Nov 2026 12:00:00 GMT", None),
            ("٣", "Wed, 25 Nov 2026 12:00:00 GMT", None),
            ("soon", "Wed, 25 Nov 2026 12:00:00 GMT", None),
            ("Wed, 25 Nov 99999 12:00:00 GMT", "", None),
            ("", "Wed, 25 Nov 2026 12:00:00 GMT", None),
        ],
    )
    def test_a_pause_is_read_from_the_answer(self, said: str, date: str, until: str | None) -> None:
        """Retry-After as a date, or as seconds from the answer's own date; else nobody knows; a stated time comes first."""
        response = HttpResponse(status=429, headers={"retry-after": said, "date": date})
        expected = None if until is None else Instant.parse(until)

        assert asked_to_wait(response) == expected
        error = refusal("exivo", POST, response)
        assert isinstance(error, Throttled)
        assert error.until == expected
        stated = refusal("exivo", POST, response, until=Instant(5))
        assert isinstance(stated, Throttled)
        assert stated.until == Instant(5)

    @given(TEXTS | st.text("0123456789 :,GMTWedNov+-", max_size=40), TEXTS)
    def test_any_pause_is_read_or_passed_over(self, said: str, date: str) -> None:
        """Whatever stands in the headers, no exception escapes."""
        found = asked_to_wait(HttpResponse(status=429, headers={"retry-after": said, "date": date}))
        assert found is None or isinstance(found, Instant)

    @pytest.mark.parametrize(("request_", "expected"), [(GET, Unreachable), (POST, OutcomeUnknown)])
    def test_an_answer_that_lacks_something_is_not_believed(
        self, request_: HttpRequest, expected: type[OutsideError]
    ) -> None:
        """A reading may be tried again, a deed is looked up; what the answer held stays out, because it may be a secret."""
        response = HttpResponse(status=200, headers={"content-type": "text/html"}, body=b"<a href=/?token=s3cret>")
        error = unreadable("zoom", request_, response, lacks="join_url")
        assert type(error) is expected
        assert error.code == "unreadable_answer"
        assert error.message.startswith("zoom answered 200 without join_url; ")
        assert error.facts == {
            "vendor": "zoom",
            "status": 200,
            "content_type": "text/html",
            "bytes": 23,
            "method": request_.method,
            "url": URL,
        }

    def test_queries_stay_out_of_errors(self) -> None:
        """A URL's query may hold a person's address or a token: facts name the URL without it."""
        for error in (
            refusal("zoom", GET, HttpResponse(status=404)),
            unreadable("zoom", GET, HttpResponse(status=200), lacks="an id"),
        ):
            assert "eva" not in str(error) + str(error.facts)
            assert error.facts["url"] == URL
