"""The greater half of the simulated Zoom: who is let in, users, and the life of meetings.

Rules kept here: see :mod:`servicekit.testing.simulators.zoom`, whose class completes this one.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import unquote

from servicekit.moments import Instant
from servicekit.ports.http import HttpResponse
from servicekit.testing.simulators.core import Simulator, system_time
from servicekit.testing.simulators.faults import RetryAfter, retry_after
from servicekit.testing.simulators.routing import Answered, Call, json_answer, route
from servicekit.testing.simulators.webhooks import Post, http_post
from servicekit.testing.simulators.zoom_tokens import TokenDesk
from servicekit.testing.simulators.zoom_values import (
    START_URL_LIFE,
    USERS,
    Meeting,
    ZoomUser,
    checked,
    defaults,
    start_of,
    zoom_error,
)

__all__ = ["ZoomMeetings"]

_PAGE_TOKEN_LIFE = timedelta(minutes=15)
_DAY = timedelta(days=1)


class ZoomMeetings(Simulator):
    """Tokens, users and meetings of one account."""

    name: ClassVar[str] = "zoom"
    origins: ClassVar[tuple[str, ...]] = ("https://api.zoom.us", "https://zoom.us")
    account_id = "ZAcc000000000000000001"
    client_id = "ZClient000000000000001"
    client_secret = "ZSecret00000000000000000000000001"  # noqa: S105 - the simulator's own, printed in its documentation

    def __init__(
        self,
        *,
        users: Sequence[ZoomUser] = USERS,
        one_token_at_a_time: bool = False,
        daily_cap: int = 100,
        daily_retry_after: RetryAfter = "iso",
        clock: Callable[[], Instant] = system_time,
        seed: int = 0,
        post: Post = http_post,
    ) -> None:
        super().__init__(clock=clock, seed=seed, post=post)
        self.users = {user.id: user for user in users}
        self.owner = users[0]
        self.tokens = TokenDesk(
            client=(self.client_id, self.client_secret),
            account_id=self.account_id,
            new_hex=self.new_hex,
            now=self.now,
            one_at_a_time=one_token_at_a_time,
        )
        self.daily_cap = daily_cap
        self.daily_retry_after: RetryAfter = daily_retry_after
        self._meetings: dict[int, Meeting] = {}
        self._writes: Counter[tuple[str, str]] = Counter()
        self._host_links: dict[str, tuple[int, Instant]] = {}
        self._pages: dict[str, tuple[int, Instant]] = {}

    def admit(self, call: Call) -> None:
        """A Bearer token, but for the token endpoint."""
        if call.path.startswith("/oauth/"):
            return
        problem = self.tokens.problem(call.bearer())
        if problem:
            raise zoom_error(400 if call.path == "/v2/users" else 401, 124, problem)

    def error(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> HttpResponse:
        """``code`` and ``message``; a 429 says that it is about calls a second."""
        rate = {"x-ratelimit-category": "Light", "x-ratelimit-type": "QPS"} if status == 429 else {}
        return json_answer(status, {"code": status, "message": message}, {**rate, **(headers or {})})

    def deleted(self, meeting: Meeting, operator: str) -> None:
        """What follows when a meeting goes."""
        raise NotImplementedError

    # Tokens and users

    @route("POST", "/oauth/token")
    def _token(self, call: Call) -> HttpResponse:
        return self.tokens.token(call)

    @route("POST", "/oauth/revoke")
    def _revoke_token(self, call: Call) -> HttpResponse:
        return self.tokens.revoke(call)

    @route("GET", "/v2/users")
    def _list_users(self, call: Call) -> HttpResponse:
        status = call.query.get("status", "active")
        found = [user.to_json() for user in self.users.values() if user.status == status]
        return self.page(call, "users", found, most=2000)

    @route("GET", "/v2/users/{user}")
    def _get_user(self, call: Call) -> HttpResponse:
        user = self._user(call)
        return json_answer(200, {**user.to_json(), "account_id": self.account_id, "role_name": "Member"})

    def _user(self, call: Call) -> ZoomUser:
        asked = call.params["user"]
        if asked == "me":
            return self.owner
        for user in self.users.values():
            if asked in (user.id, user.email) and user.status == "active":
                return user
        raise zoom_error(404, 1001, f"User does not exist: {asked}.")

    def page(self, call: Call, name: str, items: list[dict[str, Any]], *, most: int) -> HttpResponse:
        """One page: ``page_size`` (30 unless asked, at most ``most``) from ``next_page_token``, which lives 15 minutes."""
        asked = call.query.get("page_size", "30")
        if not asked.isdecimal() or not 1 <= int(asked) <= most:
            raise zoom_error(400, 300, f"page_size must be 1 to {most}.")
        size = int(asked)
        start = 0
        if call.query.get("next_page_token"):
            start, until = self._pages.get(call.query["next_page_token"], (0, Instant(0)))
            if self.now() >= until:
                raise zoom_error(400, 300, "The next page token is invalid or expired.")
        end = start + size
        token = ""
        if end < len(items):
            token = self.new_hex(32)
            self._pages[token] = (end, self.now() + _PAGE_TOKEN_LIFE)
        totals = {"page_size": size, "page_count": -(-len(items) // size), "total_records": len(items)}
        return json_answer(200, {**totals, "next_page_token": token, name: items[start:end]})

    # Meetings

    @route("POST", "/v2/users/{user}/meetings")
    def _create(self, call: Call) -> HttpResponse:
        host = self._user(call)
        asked = self.body(call)
        fields, settings = checked(asked)
        zone = fields.get("timezone", host.timezone)
        starts = start_of(asked, zone)
        self._spend(host)
        now = self.now()
        shown = {"topic": "Zoom Meeting", "type": 2, "duration": 60, "timezone": zone, "password": self.new_hex(6)}
        meeting = Meeting(
            id=80_000_000_000 + self._random.randrange(10_000_000_000),
            uuid=base64.b64encode(bytes.fromhex(self.new_hex(32))).decode(),
            host=host,
            created=now,
            starts=now if starts is None or starts < now else starts,
            shown={**shown, **fields},
            settings=_joined(defaults(), settings),
        )
        self._meetings[meeting.id] = meeting
        return json_answer(201, meeting.full(self._host_link(meeting)))

    @route("GET", "/v2/users/{user}/meetings")
    def _list_meetings(self, call: Call) -> HttpResponse:
        host = self._user(call)
        now = self.now()
        kind = call.query.get("type", "scheduled")
        found = []
        for meeting in self._meetings.values():
            over = meeting.starts + timedelta(minutes=meeting.shown["duration"]) <= now
            wanted = over if kind == "previous_meetings" else not over
            if meeting.host == host and not meeting.deleted and wanted and kind != "live":
                found.append(meeting)
        found.sort(key=lambda one: one.starts)
        return self.page(call, "meetings", [one.listed() for one in found], most=300)

    @route("GET", "/v2/meetings/{meeting}")
    def _get_meeting(self, call: Call) -> HttpResponse:
        meeting = self.meeting(call)
        return json_answer(200, meeting.full(self._host_link(meeting)))

    @route("PATCH", "/v2/meetings/{meeting}")
    def _update(self, call: Call) -> HttpResponse:
        meeting = self.meeting(call)
        asked = self.body(call)
        fields, settings = checked(asked)
        starts = start_of(asked, fields.get("timezone", meeting.shown["timezone"]))
        self._spend(meeting.host)
        meeting.shown |= fields
        meeting.settings = _joined(meeting.settings, settings)
        if starts is not None and starts >= self.now():
            meeting.starts = starts
        return HttpResponse(status=204)

    @route("DELETE", "/v2/meetings/{meeting}")
    def _delete(self, call: Call) -> HttpResponse:
        meeting = self.meeting(call)
        self.deleted(meeting, self.owner.email)
        return HttpResponse(status=204)

    def meeting(self, call: Call, code: int = 3001) -> Meeting:
        """The meeting of a path, by id or by UUID (which is encoded twice where it has a slash).

        Raises:
            Answered: 404 with ``code``.
        """
        asked = unquote(call.params["meeting"])
        for meeting in self._meetings.values():
            if asked in (str(meeting.id), meeting.uuid) and not meeting.deleted:
                return meeting
        raise zoom_error(404, code, f"Meeting does not exist: {asked}.")

    def body(self, call: Call) -> dict[str, Any]:
        """The JSON object of a call.

        Raises:
            Answered: 400 with code 300.
        """
        asked = call.json_object()
        if asked is None:
            raise zoom_error(400, 300, "Request Body should be a valid JSON object.")
        return asked

    def _spend(self, host: ZoomUser) -> None:
        """One of the day's creations and updates of this host; the count starts anew at 00:00 UTC."""
        now = self.now()
        day = str(now.utc.date())
        if self._writes[host.id, day] >= self.daily_cap:
            midnight = Instant.of(now.utc.replace(hour=0, minute=0, second=0, microsecond=0)) + _DAY
            raise Answered(
                self.error(
                    429,
                    "You have reached the maximum per-day rate limit for this API. Try again later.",
                    {
                        "x-ratelimit-type": "Daily-limit",
                        "x-ratelimit-limit": str(self.daily_cap),
                        "x-ratelimit-remaining": "0",
                        **retry_after(self.daily_retry_after, midnight, now),
                    },
                )
            )
        self._writes[host.id, day] += 1

    def _host_link(self, meeting: Meeting) -> str:
        key = self.new_hex(40)
        self._host_links[key] = (meeting.id, self.now() + START_URL_LIFE)
        return f"https://zoom.us/s/{meeting.id}?zak={key}"


def _joined(settings: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with those asked for; a waiting room switches joining before the host off."""
    joined = {**settings, **asked}
    if joined["waiting_room"]:
        joined["join_before_host"] = False
    return joined
