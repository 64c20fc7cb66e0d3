"""Zoom's token endpoint: server-to-server tokens, and users' tokens with rotating refresh tokens.

Rules kept here: access tokens live an hour, refresh tokens 90 days and serve once, codes five minutes with PKCE (S256);
after the app was removed by the customer nothing is given out any more. Errors are ``{"reason", "error"}`` with Zoom's
number in the reason.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from datetime import timedelta

from attrs import define

from servicekit.moments import Instant
from servicekit.ports.http import HttpResponse
from servicekit.testing.simulators.routing import Call, json_answer

__all__ = ["TokenDesk"]

_HOUR = timedelta(hours=1)
_REFRESH_LIFE = timedelta(days=90)
_CODE_LIFE = timedelta(minutes=5)
_OWN = "meeting:write:meeting meeting:read:meeting meeting:update:meeting meeting:delete:meeting"
_OF_ALL = "user:read:list_users:admin"


@define
class _Code:
    challenge: str
    redirect_uri: str
    until: Instant


class TokenDesk:
    """Gives out tokens and knows which are good.

    Args:
        new_hex: gives that many hexadecimal digits.
        now: tells the time.
        one_at_a_time: whether a new access token ends the older ones, as was reported in 2023.
    """

    def __init__(
        self,
        *,
        client: tuple[str, str],
        account_id: str,
        new_hex: Callable[[int], str],
        now: Callable[[], Instant],
        one_at_a_time: bool,
    ) -> None:
        self._client = client
        self._account_id = account_id
        self._new_hex = new_hex
        self._now = now
        self.one_at_a_time = one_at_a_time
        self.life = _HOUR
        self.removed = False
        self.shared = True
        """Whether consents are over all users of the account (an admin-managed app)."""
        self.given = 0
        self._access: dict[str, Instant] = {}
        self._refresh: dict[str, Instant] = {}
        self._codes: dict[str, _Code] = {}

    def problem(self, token: str | None) -> str:
        """What is wrong with an access token, or an empty text."""
        until = self._access.get(token or "")
        if until is None:
            return "Invalid access token."
        return "" if self._now() < until else "Access token is expired."

    def expire(self) -> None:
        """Let all access tokens end now."""
        self._access = dict.fromkeys(self._access, self._now())

    def remove_app(self) -> None:
        """The customer removes the app: all tokens die."""
        self.removed = True
        for tokens in (self._access, self._refresh, self._codes):
            tokens.clear()

    def authorize(self, redirect_uri: str, challenge: str) -> str:
        """A user's consent in the browser: the code that the redirect would carry."""
        code = self._new_hex(32)
        self._codes[code] = _Code(challenge, redirect_uri, self._now() + _CODE_LIFE)
        self.removed = False
        return code

    def token(self, call: Call) -> HttpResponse:
        """``POST /oauth/token``."""
        form = call.form()
        if call.basic() != self._client:
            return _refused(401, "invalid_client", 4702, "Invalid client")
        grants: dict[str, Callable[[Mapping[str, str]], HttpResponse]] = {
            "account_credentials": self._account,
            "authorization_code": self._code,
            "refresh_token": self._refreshed,
        }
        grant = grants.get(form.get("grant_type", ""))
        if grant is None:
            return _refused(400, "unsupported_grant_type", 4705, "Unsupported grant type")
        return grant(form)

    def revoke(self, call: Call) -> HttpResponse:
        """``POST /oauth/revoke``."""
        if call.basic() != self._client:
            return _refused(401, "invalid_client", 4702, "Invalid client")
        token = call.form().get("token", "")
        self._access.pop(token, None)
        self._refresh.pop(token, None)
        return json_answer(200, {"status": "success"})

    def _account(self, form: Mapping[str, str]) -> HttpResponse:
        if self.removed:
            return _refused(400, "invalid_request", 4738, "The app has been disabled by an administrator")
        if form.get("account_id") != self._account_id:
            return _refused(400, "invalid_request", 4700, "Invalid account_id")
        return json_answer(200, {**self._new_access(), "api_url": "https://api.zoom.us"})

    def _code(self, form: Mapping[str, str]) -> HttpResponse:
        code = self._codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        verified = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if code is None or code.challenge != verified:
            return _refused(400, "invalid_grant", 4734, "Invalid authorization code")
        if self._now() >= code.until:
            return _refused(400, "invalid_grant", 4733, "Code is expired")
        if form.get("redirect_uri") != code.redirect_uri:
            return _refused(400, "invalid_request", 4709, "Redirect URI mismatch")
        return self._pair()

    def _refreshed(self, form: Mapping[str, str]) -> HttpResponse:
        until = self._refresh.pop(form.get("refresh_token", ""), None)
        if until is None or self._now() >= until:
            return _refused(400, "invalid_grant", 4711, "Invalid refresh token")
        return self._pair()

    def _pair(self) -> HttpResponse:
        refresh = self._new_hex(40)
        self._refresh[refresh] = self._now() + _REFRESH_LIFE
        return json_answer(200, {**self._new_access(), "refresh_token": refresh})

    def _new_access(self) -> dict[str, object]:
        if self.one_at_a_time:
            self._access.clear()
        token = self._new_hex(40)
        self._access[token] = self._now() + self.life
        self.given += 1
        seconds = int(self.life.total_seconds())
        return {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": seconds,
            "scope": f"{_OWN} {_OF_ALL}" if self.shared else _OWN,
        }


def _refused(status: int, error: str, number: int, reason: str) -> HttpResponse:
    return json_answer(status, {"reason": f"{reason} ({number})", "error": error})
