"""What a simulated Zoom account holds: users, meetings with registrants, and the checks of their fields.

Rules kept here: meeting ids have eleven digits (more than 32 bits); a missing or past start is silently "now" on create and
ignored on update; links to a meeting carry secrets of their own; times go out in UTC.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from attrs import define, field, frozen

from servicekit.errors import Invalid
from servicekit.moments import Instant
from servicekit.testing.simulators.routing import Answered, json_answer

__all__ = [
    "START_URL_LIFE",
    "USERS",
    "Meeting",
    "Registrant",
    "ZoomUser",
    "checked",
    "defaults",
    "second",
    "start_of",
    "zoom_error",
]

START_URL_LIFE = timedelta(hours=2)
_START = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z?)")
_LENGTHS = {"topic": 200, "agenda": 2000, "password": 10}
_TYPES = (1, 2, 3, 8, 10)
_SETTINGS = {
    "host_video": False,
    "participant_video": False,
    "join_before_host": False,
    "jbh_time": 0,
    "mute_upon_entry": False,
    "waiting_room": False,
    "approval_type": 2,
    "registration_type": 1,
    "audio": "both",
    "auto_recording": "none",
    "registrants_confirmation_email": True,
    "registrants_email_notification": True,
    "email_notification": True,
    "use_pmi": False,
}


@frozen(kw_only=True)
class ZoomUser:
    """A user of the account. ``type`` is 1 (Basic) or 2 (Licensed); a pending one is shown without id."""

    id: str
    email: str
    first_name: str
    last_name: str
    type: int = 2
    status: str = "active"
    timezone: str = "Europe/Zurich"

    def to_json(self) -> dict[str, Any]:
        """As the vendor shows it."""
        shown = {
            "id": self.id,
            "email": self.email,
            "first_name": self.first_name,
            "last_name": self.last_name,
            "display_name": f"{self.first_name} {self.last_name}",
            "type": self.type,
            "status": self.status,
            "timezone": self.timezone,
            "verified": 1,
        }
        if self.status == "pending":
            del shown["id"]
        return shown


USERS = (
    ZoomUser(id="ZAnna000000000000000aa", email="anna@example.org", first_name="Anna", last_name="Keller"),
    ZoomUser(id="ZBeat000000000000000bb", email="beat@example.org", first_name="Beat", last_name="Frei"),
    ZoomUser(id="ZCora000000000000000cc", email="cora@example.org", first_name="Cora", last_name="Roth", type=1),
    ZoomUser(
        id="ZDora000000000000000dd", email="dora@example.org", first_name="Dora", last_name="Vogt", status="pending"
    ),
)
"""The account's users unless others are given: two licensed, one basic, one who has not accepted yet. Anna is the owner."""


@define(kw_only=True)
class Registrant:
    """Somebody registered to a meeting, with a link of their own."""

    id: str
    email: str
    first_name: str
    last_name: str
    token: str
    created: Instant
    status: str = "approved"

    def link(self, meeting_id: int) -> str:
        """The personal link."""
        return f"https://zoom.us/w/{meeting_id}?tk={self.token}"

    def link_shown(self, meeting_id: int) -> dict[str, str]:
        """The link's member in an answer, missing until the registrant is approved."""
        return {"join_url": self.link(meeting_id)} if self.status == "approved" else {}

    def to_json(self, meeting_id: int) -> dict[str, Any]:
        """As a list shows it."""
        return {
            "id": self.id,
            "email": self.email,
            "first_name": self.first_name,
            "last_name": self.last_name,
            "status": self.status,
            "create_time": second(self.created),
            **self.link_shown(meeting_id),
        }


@define(kw_only=True)
class Meeting:
    """A meeting; ``shown`` is what was asked for, checked and completed."""

    id: int
    uuid: str
    host: ZoomUser
    created: Instant
    starts: Instant
    shown: dict[str, Any]
    settings: dict[str, Any]
    registrants: dict[str, Registrant] = field(factory=dict)
    deleted: bool = False

    @property
    def join_url(self) -> str:
        """The link that all share."""
        coded = base64.urlsafe_b64encode(str(self.shown["password"]).encode()).rstrip(b"=").decode()
        return f"https://zoom.us/j/{self.id}?pwd={coded}"

    @property
    def registration(self) -> bool:
        """Whether people register, and so get links of their own."""
        return self.settings["approval_type"] in (0, 1)

    def listed(self) -> dict[str, Any]:
        """As a list shows it."""
        agenda = {"agenda": self.shown["agenda"][:250]} if "agenda" in self.shown else {}
        return {
            "uuid": self.uuid,
            "id": self.id,
            "host_id": self.host.id,
            "topic": self.shown["topic"],
            **agenda,
            "type": self.shown["type"],
            "start_time": second(self.starts),
            "duration": self.shown["duration"],
            "timezone": self.shown["timezone"],
            "created_at": second(self.created),
            "join_url": self.join_url,
        }

    def full(self, start_url: str) -> dict[str, Any]:
        """As create and get show it, with a fresh host link."""
        registration = {"registration_url": f"https://zoom.us/meeting/register/{self.id}"} if self.registration else {}
        return {
            **self.listed(),
            **registration,
            "agenda": self.shown.get("agenda", ""),
            "host_email": self.host.email,
            "status": "waiting",
            "start_url": start_url,
            "password": self.shown["password"],
            "encrypted_password": self.join_url.partition("pwd=")[2],
            "settings": self.settings,
            "creation_source": "open_api",
        }

    def event_object(self) -> dict[str, Any]:
        """As an event shows it."""
        names = ("uuid", "id", "host_id", "topic", "type", "start_time", "duration", "timezone")
        return {name: value for name, value in self.listed().items() if name in names}


def second(at: Instant) -> str:
    """UTC to the second with ``Z``."""
    return at.utc.strftime("%Y-%m-%dT%H:%M:%SZ")


def zoom_error(status: int, code: int, message: str, *fields: tuple[str, str]) -> Answered:
    """An error in Zoom's form, to be raised."""
    errors = {"errors": [{"field": name, "message": text} for name, text in fields]} if fields else {}
    return Answered(json_answer(status, {"code": code, "message": message, **errors}))


def _wrong(name: str, text: str) -> Answered:
    return zoom_error(400, 300, "Validation Failed.", (name, text))


def checked(asked: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields of a meeting and its settings, as far as they were asked for.

    Raises:
        Answered: 400 with code 300, a field is not allowed so.
    """
    fields = {
        name: asked[name] for name in ("topic", "agenda", "type", "duration", "timezone", "password") if name in asked
    }
    for name, limit in _LENGTHS.items():
        if not isinstance(fields.get(name, ""), str) or len(fields.get(name, "")) > limit:
            raise _wrong(name, f"{name} must be a string of at most {limit} characters.")
    duration = fields.get("duration", 60)
    if not isinstance(duration, int) or not 1 <= duration <= 1440:
        raise _wrong("duration", "duration must be 1 to 1440.")
    if fields.get("type", 2) not in _TYPES:
        raise _wrong("type", "Invalid meeting type.")
    settings = asked.get("settings", {})
    if not isinstance(settings, dict):
        raise _wrong("settings", "settings must be an object.")
    if settings.get("approval_type", 2) not in (0, 1, 2):
        raise _wrong("settings.approval_type", "approval_type must be 0, 1 or 2.")
    return fields, settings


def start_of(asked: Mapping[str, Any], zone: str) -> Instant | None:
    """The start that was asked for, or None where none was.

    Raises:
        Answered: 400 with code 300, it is no time of Zoom's form, or the zone is none.
    """
    text = asked.get("start_time")
    if text is None:
        return None
    form = _START.fullmatch(str(text))
    if form is None:
        raise _wrong("start_time", "start_time must be yyyy-MM-ddTHH:mm:ssZ or yyyy-MM-ddTHH:mm:ss.")
    try:
        if form[1]:
            return Instant.parse(str(text))
        return Instant.at_wall(datetime.fromisoformat(str(text)), zone, repeated="first")
    except Invalid as error:
        raise _wrong("start_time", str(error)) from error


def defaults() -> dict[str, Any]:
    """A meeting's settings before anything is asked for."""
    return dict(_SETTINGS)
