"""The access token of a Zoom server-to-server app: fetched, kept for its hour, and renewed when it dies early.

Rules kept here:

* The lock guards reading and writing of values only; it is never held while a request is out, because the thread that drives
  a flow may drive many others in between.
* A minute before the end one flow renews; the others go on with the old token, which still lives.
* A new token may kill the older ones (reports of 2023; Zoom's text of today says it does not). So whoever is told that its
  token is dead first looks whether a newer one is here, and fetches only if not. Of two fetched at once, the one asked for
  later is kept, since it is the one more likely to live; if it is not, its first use finds out.

Refused: nothing; wrong credentials are Zoom's ``Rejected``.
"""

from __future__ import annotations

import threading
from datetime import timedelta

from attrs import define, field, frozen

from servicekit.adapters.meetings.zoom_words import wait
from servicekit.moments import Instant
from servicekit.ports.http import HttpFlow, HttpRequest, basic, refusal, unreadable

__all__ = ["ZoomTokens"]

_EARLY = timedelta(minutes=1)
_CLAIM = timedelta(seconds=30)  # how long a renewal may take before another flow tries, well within _EARLY
_USUAL = 3600  # seconds that a token lives


@frozen
class _Held:
    token: str = field(repr=False)
    ends: Instant
    ticket: int


@define(eq=False)
class ZoomTokens:
    """Fetches and keeps the token of one app. Safe for many threads and for many flows in one thread."""

    account_id: str
    client_id: str
    client_secret: str = field(repr=False)
    oauth_url: str
    vendor: str
    _held: _Held | None = field(default=None, init=False, repr=False)
    _claimed: Instant = field(default=Instant(0), init=False, repr=False)
    _tickets: int = field(default=0, init=False, repr=False)
    _lock: threading.Lock = field(factory=threading.Lock, init=False, repr=False)

    def token(self, at: Instant, *, dead: str = "") -> HttpFlow[str]:
        """A token that lives as far as is known here, other than ``dead``. No request, or one to the token endpoint.

        Raises:
            Rejected: the credentials are wrong or the app is deactivated.
        """
        with self._lock:
            held = self._held
            if held is not None and held.token != dead and at < held.ends:
                if at < held.ends - _EARLY or at < self._claimed:
                    return held.token
                self._claimed = at + _CLAIM
            self._tickets += 1
            ticket = self._tickets
        fetched = yield from self._fetch(at, ticket)
        with self._lock:
            if self._held is None or self._held.ticket < ticket:
                self._held = fetched
            return self._held.token

    def _fetch(self, at: Instant, ticket: int) -> HttpFlow[_Held]:
        fields = {"grant_type": "account_credentials", "account_id": self.account_id}
        proof = basic(self.client_id, self.client_secret)
        # Repeatable: another token is as good, and what the lost one may have killed is found out at its next use.
        request = HttpRequest.form("POST", self.oauth_url, fields, headers=proof, repeatable=True)
        response = yield request
        told = response.object()
        if not response.ok:
            reason = told.get("reason") or told.get("error") or ""
            raise refusal(
                self.vendor, request, response, until=wait(response.headers, at), message=f"no access token, {reason}"
            )
        token, seconds = told.get("access_token"), told.get("expires_in")
        if not isinstance(token, str) or not token:
            raise unreadable(self.vendor, request, response, lacks="an access token")
        lives = seconds if isinstance(seconds, int) and 0 < seconds <= 10 * _USUAL else _USUAL
        return _Held(token=token, ends=at + timedelta(seconds=lives), ticket=ticket)
