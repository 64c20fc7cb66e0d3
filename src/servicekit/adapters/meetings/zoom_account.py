"""What is done in a Zoom account, whoever's token it is done under (API v2): meetings and users.

Rules kept here:

* Zoom has no idempotency: our marker is a line of the meeting's ``agenda``, and ``find`` looks for it in the host's list.
* Zoom keeps silent where it does not do what it was asked: a start in the past becomes "now" on create and is ignored on
  update. So we refuse the one, and read back after the other.
* The host's link is fetched when it is asked for; it stands in no other answer, evidence or error of this adapter.

Refused before any call: meetings that have started already or are longer than 24 hours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from servicekit.adapters.meetings.zoom_registrants import ZoomRegistrants
from servicekit.adapters.meetings.zoom_words import TOPIC, agenda, as_sent, meeting, schedule, user, word
from servicekit.errors import Invalid, Rejected, Unreachable
from servicekit.moments import Instant, Window, Zone
from servicekit.ports.http import HttpFlow, HttpRequest, unreadable
from servicekit.ports.meetings import MeetingCapabilities, MeetingOrder, MeetingPage, VendorMeeting, VendorUser

__all__ = ["CAPABILITIES", "ZoomAccount"]

CAPABILITIES = MeetingCapabilities(look_up=True, move=True, registrants=True, daily_changes=100, daily_additions=3)
"""https://developers.zoom.us/docs/api/rate-limits/ has the daily limits."""

_SCHEDULED = 2
_APPROVED_AT_ONCE, _NO_REGISTRATION = 0, 2
_LISTED = 250  # characters of an agenda that Zoom's list shows


class ZoomAccount(ZoomRegistrants):
    """Meetings and users of an account; who derives from it has the way there."""

    __slots__ = ()

    @property
    def capabilities(self) -> MeetingCapabilities:
        """Everything that the port knows of, within Zoom's daily limits."""
        return CAPABILITIES

    def create(self, order: MeetingOrder, at: Instant) -> HttpFlow[VendorMeeting]:
        """Make a meeting: one request, and one for a token now and then. Zoom allows a host 100 creates and moves a day.

        A topic is cut at 200 characters. Zoom sends no mails about it, because ours would come twice. The customer's own
        settings decide on waiting room, passcode and joining before the host.

        Raises:
            Invalid: ``meeting_in_past``, ``meeting_too_long``: before any call.
            OutcomeUnknown: the answer was lost; ``find`` the order's marker.
            Rejected: Zoom's no, its code in the error's (``zoom_3161``: the user may not host).
        """
        if order.window.opens <= at:
            raise Invalid(
                f"The meeting should start at {order.window.opens}, which is past: Zoom would start it now.",
                code="meeting_in_past",
                opens=str(order.window.opens),
                at=str(at),
            )
        wish = {
            "topic": order.topic[:TOPIC],
            "agenda": order.marker,
            "type": _SCHEDULED,
            **schedule(order.window, order.zone),
            "settings": {
                "use_pmi": False,  # the personal room is shared by all of a host's meetings and cannot be deleted
                "approval_type": _APPROVED_AT_ONCE if order.registration else _NO_REGISTRATION,
                "registrants_confirmation_email": False,
                "registrants_email_notification": False,
                "email_notification": False,
            },
        }
        request = HttpRequest.json("POST", self._calls.url("users", order.host, "meetings"), wish, headers={})
        response = yield from self._calls.send(request, at)
        made = response.object()
        if not made.get("id") or not made.get("join_url"):
            raise unreadable(self.name, request, response, lacks="a meeting's id and link")
        return meeting(made)

    def get(self, vendor_id: str, at: Instant) -> HttpFlow[VendorMeeting | None]:
        """The meeting as it is now, or None where it is gone."""
        told = yield from self._look(vendor_id, at)
        return meeting(told) if told else None

    def find(self, order: MeetingOrder, at: Instant) -> HttpFlow[tuple[VendorMeeting, ...]]:
        """The host's unexpired meetings whose agenda has the marker as a line of its own, in Zoom's order.

        Costs a request for each 300 meetings of the host. The list cuts agendas at 250 characters and may leave them out:
        where the marker may be hidden so, a meeting with the order's start and topic is looked at on its own.
        """
        # "scheduled" has all that "upcoming" has, and beyond the six months at which that ends.
        listed = yield from self._calls.pages(
            self._calls.url("users", order.host, "meetings"), {"type": "scheduled"}, "meetings", at
        )
        found: list[VendorMeeting] = []
        for told in listed:
            text = agenda(told)
            marked = order.marker in text.splitlines()
            if marked and told.get("join_url"):
                found.append(meeting(told))
            elif marked or ((not text or len(text) >= _LISTED) and _alike(told, order)):
                whole = yield from self._look(word(told["id"]), at)
                if order.marker in agenda(whole).splitlines():
                    found.append(meeting(whole))
        return tuple(found)

    def ours(self, host: str, at: Instant, *, page: str = "") -> HttpFlow[MeetingPage]:
        """One page of the host's unexpired meetings that carry a marker of ours: one request, 300 meetings at most.

        Args:
            host: Zoom's user id, the user's mail address, or ``"me"``.
            at: the present instant.
            page: the ``following`` of the page before; Zoom forgets it after 15 minutes, then it is ``Rejected`` (``zoom_300``).
        """
        listed, following = yield from self._calls.page(
            self._calls.url("users", host, "meetings"), {"type": "scheduled"}, "meetings", at, page=page
        )
        found = map(meeting, listed)
        return MeetingPage(tuple(one for one in found if one.marker), following)

    def move(self, vendor_id: str, window: Window, zone: Zone, at: Instant) -> HttpFlow[VendorMeeting | None]:
        """Give the meeting another time and read it back: two requests. None where it is gone.

        Raises:
            Invalid: ``meeting_too_long``.
            Rejected: ``zoom_kept_old_time``: Zoom took the change and did not do it, as for a start in the past.
        """
        url = self._calls.url("meetings", vendor_id)
        request = HttpRequest.json("PATCH", url, schedule(window, zone), headers={}, repeatable=True)
        answered = yield from self._calls.of_known(request, at)
        moved = None if answered is None else (yield from self.get(vendor_id, at))
        if moved is not None and moved.window != as_sent(window):
            raise Rejected(
                f"Zoom took the new time for meeting {vendor_id} and kept the old one: choose a time to come.",
                code="zoom_kept_old_time",
                vendor=self.name,
                vendor_id=vendor_id,
                wanted=str(window.opens),
                kept=str(moved.window and moved.window.opens),
            )
        return moved

    def remove(self, vendor_id: str, at: Instant) -> HttpFlow[None]:
        """Delete the meeting; Zoom mails nobody about it. One that is gone already is success."""
        # Both are said, since Zoom documents a default for one only.
        quiet = "schedule_for_reminder=false&cancel_meeting_reminder=false"
        url = f"{self._calls.url('meetings', vendor_id)}?{quiet}"
        yield from self._calls.of_known(HttpRequest(method="DELETE", url=url, repeatable=True), at)

    def host_link(self, vendor_id: str, at: Instant) -> HttpFlow[str | None]:
        """A fresh link that opens the meeting as host and dies after two hours; None where the meeting is gone.

        Redirect to it at once; never store or mail it.
        """
        told = yield from self._look(vendor_id, at)
        if told and not told.get("start_url"):
            raise Unreachable("Zoom showed the meeting without its host's link; try again", vendor=self.name)
        return str(told["start_url"]) if told else None

    def users(self, at: Instant) -> HttpFlow[tuple[VendorUser, ...]]:
        """All active users of the account: a request for each 300."""
        listed = yield from self._calls.pages(self._calls.url("users"), {"status": "active"}, "users", at)
        return tuple(user(told) for told in listed)

    def me(self, at: Instant) -> HttpFlow[VendorUser]:
        """The user whose token it is, and the account: one request."""
        request = HttpRequest.get(self._calls.url("users", "me"), headers={})
        response = yield from self._calls.send(request, at)
        told = response.object()
        if not told.get("id") or not told.get("account_id"):
            raise unreadable(self.name, request, response, lacks="a user and an account")
        return user(told)

    def _look(self, vendor_id: str, at: Instant) -> HttpFlow[dict[str, Any]]:
        """The meeting as Zoom shows it, host's link and all; empty where it is gone."""
        request = HttpRequest.get(self._calls.url("meetings", vendor_id), headers={})
        response = yield from self._calls.of_known(request, at)
        if response is None:
            return {}
        told = response.object()
        if not told.get("id"):
            raise unreadable(self.name, request, response, lacks="a meeting")
        return told


def _alike(told: Mapping[str, Any], order: MeetingOrder) -> bool:
    window = meeting(told).window
    same_start = window is None or window.opens == as_sent(order.window).opens
    return same_start and told.get("topic") == order.topic[:TOPIC]
