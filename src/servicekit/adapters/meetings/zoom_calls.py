"""How anything is asked of Zoom: under a token, page by page, and what its refusals mean.

Rules kept here:

* A request that Zoom refused because of its token was not executed: the token is renewed once and the request sent once more.
* Gone is 404 with code 3001, nothing else: another 404 (a user, a wrong base URL, a proxy's page) is a refusal.
* A refusal carries Zoom's own code: ``zoom_3161`` for 3161. 429 waits until when Zoom says.
* A list is whole or an error, never cut short: what is not found may be made again. A daily limit says so (``daily_limit``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import quote

from attrs import evolve, field, frozen

from servicekit.adapters.meetings.zoom_words import daily, wait, word
from servicekit.errors import OutsideError, Rejected, Throttled, Unreachable
from servicekit.moments import Instant
from servicekit.ports.http import HttpFlow, HttpRequest, HttpResponse, refusal, unreadable

__all__ = ["GivenToken", "TokenSource", "ZoomCalls"]

_TOKEN_DEAD = 124
_PAGE = 300


class TokenSource(Protocol):
    """Where access tokens come from."""

    def token(self, at: Instant, *, dead: str = "") -> HttpFlow[str]:
        """A token that lives as far as is known, other than ``dead``."""
        ...


@frozen
class GivenToken:
    """One access token, which somebody else renews."""

    vendor: str
    value: str = field(repr=False)

    def token(self, at: Instant, *, dead: str = "") -> HttpFlow[str]:
        """The token; no request.

        Raises:
            Unreachable: ``token_refused``, it is the dead one.
        """
        del at
        if dead == self.value:
            raise _token_refused_error(self.vendor)
        return self.value
        yield


@frozen
class ZoomCalls:
    """One app's way to the API; all its flows may first fetch a token."""

    vendor: str
    base_url: str
    tokens: TokenSource

    def url(self, *path: str) -> str:
        """The URL of a path, its segments percent-encoded."""
        return "/".join((self.base_url, *(quote(part, safe="") for part in path)))

    def send(self, request: HttpRequest, at: Instant) -> HttpFlow[HttpResponse]:
        """A 2xx response to the request under our token.

        Raises:
            OutsideError: any other; ``Unreachable`` with code ``token_refused`` where a fresh token is dead, too.
        """
        token = yield from self.tokens.token(at)
        response = yield _under(request, token)
        if _token_refused(response):
            token = yield from self.tokens.token(at, dead=token)
            response = yield _under(request, token)
        if response.ok:
            return response
        raise self._refusal(request, response, at)

    def of_known(self, request: HttpRequest, at: Instant) -> HttpFlow[HttpResponse | None]:
        """A 2xx response to a request about a meeting, or None where the meeting is gone."""
        try:
            return (yield from self.send(request, at))
        except Rejected as error:
            if error.code == "zoom_3001" and error.facts["status"] == 404:  # noqa: PLR2004 - RFC 9110 15.5.5
                return None
            raise

    def pages(
        self, url: str, query: Mapping[str, object], key: str, at: Instant
    ) -> HttpFlow[tuple[Mapping[str, Any], ...]]:
        """All items of a list that have an id; a request for each 300."""
        listed: list[Mapping[str, Any]] = []
        following = ""
        while True:
            items, following = yield from self.page(url, query, key, at, page=following)
            listed += items
            if not following:
                return tuple(listed)

    def page(
        self, url: str, query: Mapping[str, object], key: str, at: Instant, *, page: str = ""
    ) -> HttpFlow[tuple[list[Mapping[str, Any]], str]]:
        """The items of one page that have an id, and the token of the next page: one request. Empty: there is none."""
        asked = {**query, "page_size": _PAGE, "next_page_token": page or None}
        request = HttpRequest.get(url, headers={}, query=asked)
        response = yield from self.send(request, at)
        told = response.object()
        following = told.get("next_page_token") or ""
        if not isinstance(told.get(key), list) or not isinstance(following, str) or (page and following == page):
            raise unreadable(self.vendor, request, response, lacks=f"the next page of {key}")
        return [item for item in told[key] if isinstance(item, dict) and item.get("id")], following

    def _refusal(self, request: HttpRequest, response: HttpResponse, at: Instant) -> OutsideError:
        told = response.object()
        if told.get("code") == _TOKEN_DEAD:
            # Other processes may have fetched tokens that killed ours meanwhile. Nothing was done, so it may be tried again.
            return _token_refused_error(self.vendor, status=response.status, body=response.shown)
        until = wait(response.headers, at)
        error = refusal(self.vendor, request, response, until=until, message=word(told.get("message")))
        if isinstance(error, Rejected) and word(told.get("code")):
            error.code = f"zoom_{told['code']}"
        if isinstance(error, Throttled) and daily(response.headers):
            error.code = "daily_limit"
        return error


def _token_refused_error(vendor: str, **facts: object) -> Unreachable:
    said = f"{vendor} refused a fresh access token; try again, and see that the app is active"
    return Unreachable(said, code="token_refused", vendor=vendor, **facts)


def _under(request: HttpRequest, token: str) -> HttpRequest:
    return evolve(request, headers={**request.headers, "authorization": f"Bearer {token}"})


def _token_refused(response: HttpResponse) -> bool:
    # The list of users documents code 124 under status 400.
    refused = response.status == 400 and response.object().get("code") == _TOKEN_DEAD  # noqa: PLR2004 - RFC 9110 15.5.1
    return refused or response.status == 401  # noqa: PLR2004 - RFC 9110 15.5.2
