"""A stand-in of Zoom (https://developers.zoom.us/docs/api/): tokens, users, meetings, registrants, signed webhooks.

Rules kept here: what a meeting was not asked to have is not made up beyond Zoom's documented defaults; a start in the past
is "now" on create and ignored on update, both without a word; a host link lives two hours; each host may create and
update 100 times a UTC day; a deleted meeting is 404 with code 3001 (1001 when registering).
It refuses tokens that are unknown or expired with code 124: status 401, but 400 in the list of users, as is documented.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from attrs import evolve

from servicekit.moments import Instant
from servicekit.ports.http import HttpRequest, HttpResponse
from servicekit.testing.simulators.core import system_time
from servicekit.testing.simulators.faults import RetryAfter
from servicekit.testing.simulators.routing import Call, json_answer, need, route, told
from servicekit.testing.simulators.webhooks import Post, Webhook, http_post, without_credentials
from servicekit.testing.simulators.zoom_registrants import ZoomRegistrants
from servicekit.testing.simulators.zoom_values import USERS, Meeting, ZoomUser

__all__ = ["ZoomSimulator"]


class ZoomSimulator(ZoomRegistrants):
    """One Zoom account.

    Args:
        users: of the account; the first owns it and is ``me``.
        webhook_url: where events are posted; none are without it. Credentials in it go out as Basic.
        one_token_at_a_time: whether a new access token ends the older ones.
        daily_cap: creations and updates of meetings a host has in a UTC day.
        daily_retry_after: the form in which the answer above that cap says when to come back.
        clock, seed, post: see :class:`~servicekit.testing.simulators.core.Simulator`.

    >>> import httpx
    >>> from servicekit.testing.simulators import serve
    >>> with serve(ZoomSimulator()) as server:
    ...     zoom = server.simulator
    ...     form = {"grant_type": "account_credentials", "account_id": zoom.account_id}
    ...     login = (zoom.client_id, zoom.client_secret)
    ...     token = httpx.post(server.url + "/oauth/token", data=form, auth=login).json()["access_token"]
    ...     headers = {"authorization": f"Bearer {token}"}
    ...     made = httpx.post(server.url + "/v2/users/me/meetings", json={"topic": "Yoga"}, headers=headers)
    ...     made.status_code, zoom.open_link(made.json()["join_url"]) == str(made.json()["id"])
    (201, True)
    """

    retries: ClassVar[tuple[timedelta, ...]] = tuple(timedelta(minutes=minutes) for minutes in (5, 20, 60))
    webhook_secret = "ZHook0000000000000001"  # noqa: S105 - the simulator's own, printed in its documentation

    def __init__(
        self,
        *,
        users: Sequence[ZoomUser] = USERS,
        webhook_url: str = "",
        one_token_at_a_time: bool = False,
        daily_cap: int = 100,
        daily_retry_after: RetryAfter = "iso",
        clock: Callable[[], Instant] = system_time,
        seed: int = 0,
        post: Post = http_post,
    ) -> None:
        super().__init__(
            users=users,
            one_token_at_a_time=one_token_at_a_time,
            daily_cap=daily_cap,
            daily_retry_after=daily_retry_after,
            clock=clock,
            seed=seed,
            post=post,
        )
        self.webhook_url = webhook_url
        self.url_validated: bool | None = None
        """What the last validation of the webhook's URL came to; None before one was answered."""

    # Events

    def accepted(self, response: HttpResponse) -> bool:
        """200 or 204 stop the repeating."""
        return response.status in (200, 204)

    def sign(self, request: HttpRequest, at: Instant, fault: str) -> HttpRequest:
        """``x-zm-signature`` over version, timestamp and raw body, by the app's secret token."""
        stamp = str((at - timedelta(hours=1) if fault == "stale" else at).us // 1_000_000)
        secret = "guess" if fault == "forged" else self.webhook_secret
        mark = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + request.body, hashlib.sha256).hexdigest()
        proof = {"x-zm-request-timestamp": stamp, "x-zm-signature": f"v0={mark}"}
        return evolve(request, headers={**request.headers, **proof}, timeout=3.0)

    def _event(self, event: str, body: dict[str, Any], answered: Callable[[HttpResponse], None] | None = None) -> None:
        if self.webhook_url:
            url, login = without_credentials(self.webhook_url)
            request = HttpRequest.json("POST", url, {"event": event, **body}, headers=login)
            self.call_out(Webhook(event=event, request=request, answered=answered))

    def deleted(self, meeting: Meeting, operator: str) -> None:
        """The meeting is gone, and ``meeting.deleted`` tells so, also when our own call did it."""
        meeting.deleted = True
        shown = {
            "operator": operator,
            "operator_id": self.owner.id,
            "operation": "all",
            "object": meeting.event_object(),
        }
        stamp = self.now().us // 1000
        self._event("meeting.deleted", {"event_ts": stamp, "payload": {"account_id": self.account_id, **shown}})

    # Control

    def delete_meeting(self, meeting_id: int | str, operator: str = "") -> None:
        """Somebody (the owner if left out) deletes a meeting in Zoom itself.

        Raises:
            KeyError: no such meeting.
        """
        with self._lock:
            meeting = self._meetings[int(meeting_id)]
            self.deleted(meeting, operator or self.owner.email)

    def deauthorize(self) -> None:
        """The customer removes the app in Zoom: every token dies, and ``app_deauthorized`` tells so."""
        with self._lock:
            self.tokens.remove_app()
            now = self.now()
            payload = {
                "account_id": self.account_id,
                "user_id": self.owner.id,
                "signature": self.new_hex(64),
                "deauthorization_time": now.utc.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
                "client_id": self.client_id,
                "event_ts": now.us // 1000,
            }
            self._event("app_deauthorized", {"payload": payload})

    def validate_url(self) -> None:
        """Ask the webhook's URL to prove itself; ``url_validated`` has the outcome once it was delivered."""
        with self._lock:
            token = self.new_hex(22)
            proof = hmac.new(self.webhook_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
            expected = {"plainToken": token, "encryptedToken": proof}
            stamp = self.now().us // 1000

            def answered(response: HttpResponse) -> None:
                self.url_validated = response.json() == expected

            self._event("endpoint.url_validation", {"event_ts": stamp, "payload": {"plainToken": token}}, answered)

    def open_link(self, url: str) -> str | None:
        """Where a link leads: the id of the meeting, or None for one that is dead, expired or never was.

        Knows links that all share, those of registrants, and hosts' links within their two hours.
        """
        parts = urlsplit(url)
        number = parts.path.rpartition("/")[2]
        with self._lock:
            meeting = self._meetings.get(int(number)) if number.isdecimal() else None
            if meeting is None or meeting.deleted:
                return None
            secret = {name: values[0] for name, values in parse_qs(parts.query).items()}
            held, until = self._host_links.get(secret.get("zak", ""), (0, Instant(0)))
            personal = {one.token for one in meeting.registrants.values() if one.status == "approved"}
            # With registration on, the shared link only leads to the form.
            shared = url == meeting.join_url and not meeting.registration
            led = shared or secret.get("tk") in personal or (held == meeting.id and self.now() < until)
            return str(meeting.id) if led else None

    def state(self) -> dict[str, Any]:
        """Users, and meetings (also deleted ones, marked so) with their registrants; host links are left out."""
        with self._lock:
            meetings = [
                {
                    **one.full(""),
                    "deleted": one.deleted,
                    "registrants": [registrant.to_json(one.id) for registrant in one.registrants.values()],
                }
                for one in self._meetings.values()
            ]
            users = [user.to_json() for user in self.users.values()]
            return {
                **super().state(),
                "users": users,
                "meetings": meetings,
                "tokens_given": self.tokens.given,
                "url_validated": self.url_validated,
            }

    @route("POST", "/_sim/webhook")
    def _set_webhook(self, call: Call) -> HttpResponse:
        (self.webhook_url,) = need(call, "url")
        return HttpResponse(status=204)

    @route("POST", "/_sim/delete")
    def _delete_by_hand(self, call: Call) -> HttpResponse:
        (meeting_id,) = need(call, "meeting")
        self.delete_meeting(meeting_id, str(told(call).get("operator", "")))
        return HttpResponse(status=204)

    @route("POST", "/_sim/deauthorize")
    def _deauthorize(self, _: Call) -> HttpResponse:
        self.deauthorize()
        return HttpResponse(status=204)

    @route("POST", "/_sim/validate")
    def _validate(self, _: Call) -> HttpResponse:
        self.validate_url()
        return HttpResponse(status=204)

    @route("POST", "/_sim/link")
    def _open_link(self, call: Call) -> HttpResponse:
        (url,) = need(call, "url")
        return json_answer(200, {"meeting": self.open_link(url)})

    @route("POST", "/_sim/authorize")
    def _authorize(self, call: Call) -> HttpResponse:
        return json_answer(200, {"code": self.tokens.authorize(*need(call, "redirect_uri", "code_challenge"))})

    @route("POST", "/_sim/expire")
    def _expire(self, _: Call) -> HttpResponse:
        self.tokens.expire()
        return HttpResponse(status=204)
