"""The registrants of the simulated Zoom: people with a link of their own to one meeting.

Rules kept here: only a licensed host has registrants, only where registration is on; one address is one registrant, added at
most three times a UTC day; who waits for approval has no link and stands in no default list.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from servicekit.ports.http import HttpResponse
from servicekit.testing.simulators.routing import Answered, Call, json_answer, route
from servicekit.testing.simulators.zoom_meetings import ZoomMeetings
from servicekit.testing.simulators.zoom_values import Meeting, Registrant, second, zoom_error

__all__ = ["ZoomRegistrants"]

_REGISTRATIONS_A_DAY = 3  # of one address to one meeting
_ACTIONS = {"approve": "approved", "cancel": "cancelled", "deny": "denied"}


class ZoomRegistrants(ZoomMeetings):
    """Meetings with registrants."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._registrations: Counter[tuple[int, str, str]] = Counter()

    @route("POST", "/v2/meetings/{meeting}/registrants")
    def _register(self, call: Call) -> HttpResponse:
        meeting = self.meeting(call, code=1001)
        asked = self.body(call)
        email, first_name = asked.get("email"), asked.get("first_name")
        if not isinstance(email, str) or "@" not in email or len(email) > 128:
            raise zoom_error(400, 300, "Validation Failed.", ("email", "Invalid field."))
        if not isinstance(first_name, str) or not 0 < len(first_name) <= 64:
            raise zoom_error(400, 300, "Validation Failed.", ("first_name", "Invalid field."))
        if meeting.host.type != 2:
            raise zoom_error(400, 200, "Only available for paid users.")
        if not meeting.registration:
            raise zoom_error(400, 3000, f"Registration has not been enabled for this meeting: {meeting.id}.")
        self._count_registration(meeting, email)
        found = [one for one in meeting.registrants.values() if one.email == email]
        registrant = found[0] if found else self._new_registrant(meeting, asked)
        shown = {
            "id": meeting.id,
            "registrant_id": registrant.id,
            "topic": meeting.shown["topic"],
            "start_time": second(meeting.starts),
        }
        return json_answer(201, {**shown, **registrant.link_shown(meeting.id)})

    def _count_registration(self, meeting: Meeting, email: str) -> None:
        day = str(self.now().utc.date())
        if self._registrations[meeting.id, email, day] >= _REGISTRATIONS_A_DAY:
            raise Answered(self.error(429, "The registrant has been added too many times today."))
        self._registrations[meeting.id, email, day] += 1

    def _new_registrant(self, meeting: Meeting, asked: Mapping[str, Any]) -> Registrant:
        approved = meeting.settings["approval_type"] == 0 or asked.get("auto_approve") is True
        registrant = Registrant(
            id=self.new_hex(22),
            email=asked["email"],
            first_name=asked["first_name"],
            last_name=asked.get("last_name", ""),
            token=self.new_hex(48),
            created=self.now(),
            status="approved" if approved else "pending",
        )
        meeting.registrants[registrant.id] = registrant
        return registrant

    @route("GET", "/v2/meetings/{meeting}/registrants")
    def _list_registrants(self, call: Call) -> HttpResponse:
        meeting = self.meeting(call)
        status = call.query.get("status", "approved")
        found = [one for one in meeting.registrants.values() if one.status == status]
        return self.page(call, "registrants", [one.to_json(meeting.id) for one in found], most=300)

    @route("GET", "/v2/meetings/{meeting}/registrants/{registrant}")
    def _get_registrant(self, call: Call) -> HttpResponse:
        meeting, registrant = self._registrant(call)
        return json_answer(200, registrant.to_json(meeting.id))

    @route("DELETE", "/v2/meetings/{meeting}/registrants/{registrant}")
    def _delete_registrant(self, call: Call) -> HttpResponse:
        meeting, registrant = self._registrant(call)
        del meeting.registrants[registrant.id]
        return HttpResponse(status=204)

    @route("PUT", "/v2/meetings/{meeting}/registrants/status")
    def _set_registrants(self, call: Call) -> HttpResponse:
        meeting = self.meeting(call)
        asked = self.body(call)
        if asked.get("action") not in _ACTIONS:
            raise zoom_error(400, 300, "Validation Failed.", ("action", "Invalid field."))
        for named in asked.get("registrants", []):
            for registrant in meeting.registrants.values():
                if named.get("id") == registrant.id or ("id" not in named and named.get("email") == registrant.email):
                    registrant.status = _ACTIONS[asked["action"]]
        return HttpResponse(status=204)

    def _registrant(self, call: Call) -> tuple[Meeting, Registrant]:
        meeting = self.meeting(call)
        registrant = meeting.registrants.get(call.params["registrant"])
        if registrant is None:
            raise zoom_error(400, 300, f"Registrant does not exist: {call.params['registrant']}.")
        return meeting, registrant
