"""How anything is asked of Zoom: under a token, page by page, and what its refusals mean.

Rules kept here:

* A request that Zoom refused because of its token was not executed: the token is renewed once and the request sent once more.
* Gone is 404 with code 3001, nothing else: another 404 (a user, a wrong base URL, a proxy's page) is a refusal.
* A refusal carries Zoom's own code: ``zoom_3161`` for 3161. 429 waits until when Zoom says.
* A list is whole or an error, never cut short: what is not found may be made again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from attrs import evolve, frozen

from servicekit.adapters.meetings.zoom_tokens import ZoomTokens
from servicekit.adapters.meetings.zoom_words import wait, word
from servicekit.errors import OutsideError, Rejected, Unreachable
from servicekit.moments import Instant
from servicekit.ports.http import HttpFlow, HttpRequest, HttpResponse, refusal, unreadable

__all__ = ["ZoomCalls"]

_TOKEN_DEAD = 124
_PAGE = 300


@frozen
class ZoomCalls:
    """One app's way to the API; all its flows may first fetch a token."""

    vendor: str
    base_url: str
    tokens: ZoomTokens

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
        token: object = None
        while True:
            asked = {**query, "page_size": _PAGE, "next_page_token": token}
            request = HttpRequest.get(url, headers={}, query=asked)
            response = yield from self.send(request, at)
            page = response.object()
            if not isinstance(page.get(key), list) or (token and page.get("next_page_token") == token):
                raise unreadable(self.vendor, request, response, lacks=f"the next page of {key}")
            listed += [item for item in page[key] if isinstance(item, dict) and item.get("id")]
            token = page.get("next_page_token")
            if not token:
                return tuple(listed)

    def _refusal(self, request: HttpRequest, response: HttpResponse, at: Instant) -> OutsideError:
        told = response.object()
        if told.get("code") == _TOKEN_DEAD:
            # Other processes may have fetched tokens that killed ours meanwhile. Nothing was done, so it may be tried again.
            return Unreachable(
                f"{self.vendor} refused a fresh access token; try again, and see that the app is active",
                code="token_refused",
                vendor=self.vendor,
                status=response.status,
                body=response.shown,
            )
        until = wait(response.headers, at)
        error = refusal(self.vendor, request, response, until=until, message=word(told.get("message")))
        if isinstance(error, Rejected) and word(told.get("code")):
            error.code = f"zoom_{told['code']}"
        return error


def _under(request: HttpRequest, token: str) -> HttpRequest:
    return evolve(request, headers={**request.headers, "authorization": f"Bearer {token}"})


def _token_refused(response: HttpResponse) -> bool:
    # The list of users documents code 124 under status 400.
    refused = response.status == 400 and response.object().get("code") == _TOKEN_DEAD  # noqa: PLR2004 - RFC 9110 15.5.1
    return refused or response.status == 401  # noqa: PLR2004 - RFC 9110 15.5.2
