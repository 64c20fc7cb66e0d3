"""HTTP as plain values: requests, responses, and flows that yield the one and are sent the other.

Rules kept here: no HTTP library's type crosses this line; header names of responses are lower-case; a request says whether
it may be repeated (``repeatable``), and so whether a lost answer is a mere ``Unreachable`` or an ``OutcomeUnknown``.
Headers and bodies stay out of reprs, because they carry credentials and people's texts.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Generator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import quote_plus, urlencode

from attrs import field, frozen

from servicekit.errors import Invalid, OutcomeUnknown, OutsideError, Rejected, Throttled, Unreachable
from servicekit.moments import Instant

__all__ = [
    "HookAnswer",
    "HttpFlow",
    "HttpRequest",
    "HttpResponse",
    "asked_to_wait",
    "basic",
    "header",
    "refusal",
    "unreadable",
]

T = TypeVar("T")

_SHOWN = 500  # characters of a vendor's body kept in an error's facts
_DIGITS = 8  # of a Retry-After in seconds: three years


@frozen(kw_only=True)
class HttpRequest:
    """One request.

    Attributes:
        url: absolute, without credentials in it.
        repeatable: whether doing it twice is the same as doing it once (readings, PATCH to a stated value, DELETE, revoke).
        timeout: seconds for the whole exchange; the driver gives up after it.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    repeatable: bool = False
    timeout: float = 10.0

    @classmethod
    def get(cls, url: str, *, headers: Mapping[str, str], query: Mapping[str, object] | None = None) -> HttpRequest:
        """A reading, which is always repeatable."""
        asked = {key: value for key, value in (query or {}).items() if value is not None}
        return cls(method="GET", url=f"{url}?{urlencode(asked)}" if asked else url, headers=headers, repeatable=True)

    @classmethod
    def form(
        cls, method: str, url: str, fields: Mapping[str, str], *, headers: Mapping[str, str], repeatable: bool = False
    ) -> HttpRequest:
        """A form-encoded request, UTF-8."""
        return cls(
            method=method,
            url=url,
            headers={**headers, "content-type": "application/x-www-form-urlencoded"},
            body="&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in fields.items()).encode(),
            repeatable=repeatable,
        )

    @classmethod
    def json(
        cls, method: str, url: str, value: object, *, headers: Mapping[str, str], repeatable: bool = False
    ) -> HttpRequest:
        """A JSON request, UTF-8."""
        return cls(
            method=method,
            url=url,
            headers={**headers, "content-type": "application/json"},
            body=json.dumps(value, ensure_ascii=False).encode(),
            repeatable=repeatable,
        )


@frozen(kw_only=True)
class HttpResponse:
    """One answer; ``headers`` have lower-case names."""

    status: int
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004 - RFC 9110 15.3

    def json(self) -> Any:
        """The body as JSON, or None where it is empty or is none: vendors answer HTML when they fail."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):  # the latter: brackets without end
            return None

    def object(self) -> dict[str, Any]:
        """The body as a JSON object, or an empty one where it is anything else."""
        value = self.json()
        return value if isinstance(value, dict) else {}

    @property
    def shown(self) -> str:
        """The beginning of the body, for errors."""
        return self.body[: 4 * _SHOWN].decode("utf-8", "replace")[:_SHOWN]


_FORM = [quote_plus(bytes([octet])) for octet in range(256)]


def _encoded(text: str) -> str:
    """As ``urllib.parse.quote_plus``, in a third of the time."""
    return "".join([_FORM[octet] for octet in text.encode()])


HttpFlow = Generator[HttpRequest, HttpResponse, T]
"""Yields requests, is sent their responses, returns ``T``. A transport's fault is thrown in as an ``OutsideError``."""


@frozen(kw_only=True)
class HookAnswer:
    """What a vendor's call is answered with: empty unless the vendor's protocol asks for more."""

    status: int = 204
    headers: Mapping[str, str] = field(factory=dict)
    body: bytes = b""


def basic(user: str, password: str) -> dict[str, str]:
    """The header of HTTP Basic authentication (RFC 7617), UTF-8."""
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def header(headers: Mapping[str, str], name: str) -> str:
    """A header of a call to us, whatever the case of its name (RFC 9110 5.1); empty where it is absent.

    >>> header({"X-Zm-Signature": "v0=00"}, "x-zm-signature")
    'v0=00'
    """
    return next((value for key, value in headers.items() if key.lower() == name.lower()), "")


def asked_to_wait(response: HttpResponse) -> Instant | None:
    """Until when ``Retry-After`` asks to wait (RFC 9110 10.2.3): its date, or its seconds from the answer's own ``Date``.

    None where it is absent or neither, or where its seconds begin at a time that is not told: who calls has no clock.

    >>> said = {"retry-after": "30", "date": "Wed, 25 Nov 2026 12:00:00 GMT"}
    >>> asked_to_wait(HttpResponse(status=429, headers=said))
    Instant.parse('2026-11-25T12:00:30Z')
    """
    said = response.headers.get("retry-after", "").strip()
    if not (said.isascii() and said.isdigit()):
        return _http_date(said)
    sent = _http_date(response.headers.get("date", "")) if len(said) <= _DIGITS else None
    return None if sent is None else sent + timedelta(seconds=int(said))


def _http_date(text: str) -> Instant | None:
    try:
        told: datetime = parsedate_to_datetime(text)
        return Instant.of(told if told.tzinfo else told.replace(tzinfo=UTC))
    except (
        ValueError,
        TypeError,
        IndexError,
        OverflowError,
        Invalid,
    ):  # what the reader raises on texts that are no date
        return None


def refusal(
    vendor: str, request: HttpRequest, response: HttpResponse, *, until: Instant | None = None, message: str = ""
) -> OutsideError:
    """The error that a non-2xx answer means, by what may be done about it.

    429 waits until ``until``, or as its ``Retry-After`` says (:func:`asked_to_wait`). 5xx and 408 of a repeatable request may
    simply be tried again; of a create they may have happened. Any other status is the vendor's final no.
    """
    facts: dict[str, Any] = {
        "vendor": vendor,
        "status": response.status,
        "body": response.shown,
        "method": request.method,
        "url": request.url.partition("?")[0],
    }
    said = f"{vendor} answered {response.status}" + (f": {message}" if message else "")
    if response.status == 429:  # noqa: PLR2004 - RFC 6585 4
        return Throttled(f"{said}; wait before the next try", until=until or asked_to_wait(response), **facts)
    if response.status >= 500 or response.status == 408:  # noqa: PLR2004 - RFC 9110 15.6, 15.5.9
        if request.repeatable:
            return Unreachable(f"{said}; it can be tried again", **facts)
        return OutcomeUnknown(f"{said}; it may have happened, look it up before trying again", **facts)
    return Rejected(f"{said}; trying again will not help", **facts)


def unreadable(vendor: str, request: HttpRequest, response: HttpResponse, *, lacks: str) -> OutsideError:
    """The error that a 2xx answer means which lacks what the vendor documents (a login page, half an object).

    A reading may be tried again; anything else was probably done, so it has to be looked up. The body stays out of the
    facts, because an answer that was meant for us may hold links and tokens.
    """
    facts: dict[str, Any] = {
        "vendor": vendor,
        "status": response.status,
        "content_type": response.headers.get("content-type", ""),
        "bytes": len(response.body),
        "method": request.method,
        "url": request.url.partition("?")[0],
    }
    said = f"{vendor} answered {response.status} without {lacks}"
    if request.repeatable:
        return Unreachable(f"{said}; it can be tried again", code="unreadable_answer", **facts)
    return OutcomeUnknown(
        f"{said}; it may have happened, look it up before trying again", code="unreadable_answer", **facts
    )
