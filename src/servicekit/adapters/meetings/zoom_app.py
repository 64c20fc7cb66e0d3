"""Zoom by consent: each organisation connects its own account to one OAuth app (authorization code with PKCE).

Rules kept here (https://developers.zoom.us/docs/integrations/oauth/):

* Refresh tokens rotate and serve once. This adapter keeps no token at all: whoever calls stores each pair before it is used.
* ``invalid_grant`` is final, whatever number Zoom puts beside it: somebody has to consent again.
* Neither tokens, codes nor verifiers stand in a URL that we call, in a repr or in an error. The consent URL is the browser's:
  it has state and code challenge, which are of no use to anybody else.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlencode

from attrs import field, frozen

from servicekit.adapters.meetings import zoom_hooks
from servicekit.adapters.meetings.zoom_account import CAPABILITIES, ZoomAccount
from servicekit.adapters.meetings.zoom_calls import GivenToken, ZoomCalls
from servicekit.adapters.meetings.zoom_words import wait
from servicekit.errors import Rejected
from servicekit.moments import Instant
from servicekit.ports.http import HttpFlow, HttpRequest, basic, refusal, unreadable
from servicekit.ports.meetings import MeetingCapabilities, MeetingHook, Tokens

__all__ = ["ZoomApp", "ZoomConsent"]

_USUAL = 3600  # seconds that an access token lives
_OF_ALL = frozenset({"user:read:list_users:admin", "user:read:admin"})  # granular and classic


@frozen
class ZoomConsent(ZoomAccount):
    """The account of one consent, under an access token that somebody else renews. Made by :meth:`ZoomApp.under`."""

    app: ZoomApp
    access: str = field(repr=False)
    _calls: ZoomCalls = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        calls = ZoomCalls(self.app.name, self.app.base_url, GivenToken(self.app.name, self.access))
        object.__setattr__(self, "_calls", calls)  # the class is frozen

    @property
    def name(self) -> str:  # type: ignore[override]  # read-only here as there
        """The app's."""
        return self.app.name

    def read(self, headers: Mapping[str, str], body: bytes, at: Instant) -> MeetingHook:
        """The app's; see :meth:`ZoomApp.read`."""
        return self.app.read(headers, body, at)


@frozen
class ZoomApp:
    """A Zoom OAuth app ("General app").

    Args:
        client_id: of the app.
        client_secret: of the app.
        redirect_uri: where Zoom sends the browser back to, as registered with the app.
        webhook_secret: the app's secret token, by which Zoom signs its calls to us; without it none is read.
        base_url: of the API.
        oauth_url: what ``/authorize``, ``/token`` and ``/revoke`` are below.
        name: as used in ``kit.receive(name, ...)`` and in the log.

    >>> app = ZoomApp("client", "secret", "https://salon.example/zoom")
    >>> app.consent_url("S", "C").partition("?")[0]
    'https://zoom.us/oauth/authorize'
    """

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    webhook_secret: str = field(default="", repr=False)
    base_url: str = "https://api.zoom.us/v2"
    oauth_url: str = "https://zoom.us/oauth"
    name: str = "zoom"

    @property
    def capabilities(self) -> MeetingCapabilities:
        """Those of a Zoom account."""
        return CAPABILITIES

    def consent_url(self, state: str, challenge: str) -> str:
        """Where the user's browser goes: RFC 6749 4.1.1 with RFC 7636 4.3."""
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{self.oauth_url}/authorize?{urlencode(query)}"

    def exchange(self, code: str, verifier: str, at: Instant) -> HttpFlow[Tokens]:
        """The first pair of tokens. A code lives five minutes and serves once.

        Raises:
            Rejected: ``invalid_grant``, the code is wrong, used or too old; ``refused_app`` for wrong credentials of ours.
            OutcomeUnknown: the answer was lost.
        """
        return self._pair(
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self.redirect_uri,
                "code_verifier": verifier,
            },
            at,
        )

    def refresh(self, refresh: str, at: Instant) -> HttpFlow[Tokens]:
        """The next pair; the refresh token that was given is dead from now on.

        Raises:
            Rejected: ``invalid_grant``, the consent is gone.
            OutcomeUnknown: the answer was lost; asking again tells whether the pair was lost with it.
        """
        return self._pair({"grant_type": "refresh_token", "refresh_token": refresh}, at)

    def revoke(self, token: str) -> HttpFlow[None]:
        """End the consent: the app is removed from the user's account."""
        request = HttpRequest.form(
            "POST", f"{self.oauth_url}/revoke", {"token": token}, headers=self._proof(), repeatable=True
        )
        response = yield request
        if not response.ok:
            raise refusal(self.name, request, response, message="the consent was not revoked")

    def shared(self, tokens: Tokens) -> bool:
        """Whether the app may list the account's users (an admin-managed app)."""
        return not _OF_ALL.isdisjoint(tokens.scopes)

    def under(self, access: str) -> ZoomConsent:
        """The account under an access token; a token that died early is ``Unreachable`` with code ``token_refused``."""
        return ZoomConsent(self, access)

    def read(self, headers: Mapping[str, str], body: bytes, at: Instant) -> MeetingHook:
        """A call of Zoom to us: a meeting that is gone, our app removed, or Zoom's check of the URL. Answer within 3 s.

        Raises:
            Forged, Stale, Misshapen: nothing of it is to be believed.
            ConfigurationError: no ``webhook_secret`` is set.
        """
        return zoom_hooks.read(self.name, self.webhook_secret, headers, body, at)

    def _proof(self) -> Mapping[str, str]:
        return basic(self.client_id, self.client_secret)

    def _pair(self, fields: Mapping[str, str], at: Instant) -> HttpFlow[Tokens]:
        # Not repeatable: what was given serves once, so a lost answer is an unknown outcome.
        request = HttpRequest.form("POST", f"{self.oauth_url}/token", fields, headers=self._proof())
        response = yield request
        told = response.object()
        if not response.ok:
            grant_gone = told.get("error") == "invalid_grant"
            # Zoom's reason is a sentence with a number; the body may repeat what we sent, so it stays out of the facts.
            until = wait(response.headers, at)
            error = refusal(self.name, request, response, until=until, message="no access token")
            error.facts = {key: value for key, value in error.facts.items() if key != "body"}
            if isinstance(error, Rejected):
                error.code = "invalid_grant" if grant_gone else "refused_app"
            raise error
        access, refresh = told.get("access_token"), told.get("refresh_token")
        if not (isinstance(access, str) and access and isinstance(refresh, str) and refresh):
            raise unreadable(self.name, request, response, lacks="a pair of tokens")
        seconds = told.get("expires_in")
        lives = seconds if isinstance(seconds, int) and 0 < seconds <= 10 * _USUAL else _USUAL
        scope = told.get("scope")
        return Tokens(
            access=access,
            refresh=refresh,
            ends=at + timedelta(seconds=lives),
            scopes=tuple(scope.split()) if isinstance(scope, str) else (),
        )
