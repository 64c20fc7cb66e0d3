"""Users and meetings of the simulated Zoom."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from sim_helpers import NOON, Caller, noon, zoom_caller

from servicekit.ports.http import HttpRequest, basic
from servicekit.testing.simulators import USERS, Fault, ZoomSimulator, ZoomUser
from servicekit.testing.simulators.faults import RetryAfter
from servicekit.testing.simulators.zoom_meetings import ZoomMeetings

LATER = "2026-11-25T13:00:00Z"


@pytest.fixture
def zoom() -> ZoomSimulator:
    """An account whose clock stands at noon."""
    return ZoomSimulator(clock=noon)


@pytest.fixture
def call(zoom: ZoomSimulator) -> Caller:
    """A caller with a token."""
    return zoom_caller(zoom)


def made(call: Caller, **asked: Any) -> dict[str, Any]:
    """A meeting of the owner's at 13:00."""
    answer = call.send("POST", "/users/me/meetings", {"topic": "Yoga", "start_time": LATER, **asked})
    assert answer.status == 201, answer.body
    return answer.object()


def test_without_a_token_it_is_124(zoom: ZoomSimulator) -> None:
    """401, but 400 in the list of users, as is documented."""
    call = Caller(zoom, "https://api.zoom.us/v2", {})
    for path, status in (("/users/me", 401), ("/users", 400)):
        answer = call.get(path)
        assert (answer.status, answer.object()["code"]) == (status, 124)


def test_a_revoked_token_is_dead(zoom: ZoomSimulator, call: Caller) -> None:
    """Through the endpoint beside the one that gave it."""
    token = call.headers["authorization"].removeprefix("Bearer ")
    desk = Caller(zoom, "https://zoom.us/oauth", basic(zoom.client_id, zoom.client_secret))
    assert desk.form("/revoke", token=token).object() == {"status": "success"}
    assert call.get("/users/me").status == 401


def test_users_are_listed_by_status_and_paged(call: Caller) -> None:
    """Active ones unless asked; pages by a token that lives 15 minutes and is empty at the end."""
    first = call.get("/users", page_size=2).object()
    second = call.get("/users", page_size=2, next_page_token=first["next_page_token"]).object()
    emails = [user["email"] for user in first["users"] + second["users"]]
    assert emails == [user.email for user in USERS if user.status == "active"]
    assert (first["total_records"], first["page_count"], second["next_page_token"]) == (3, 2, "")
    assert [user["email"] for user in call.get("/users", status="pending").object()["users"]] == [USERS[3].email]
    call.simulator.set_clock(NOON, offset=timedelta(minutes=15))
    late = call.get("/users", next_page_token=first["next_page_token"])
    assert (late.status, late.object()["code"]) == (400, 300)


@pytest.mark.parametrize("size", ["0", "2001", "all"])
def test_page_sizes_have_bounds(call: Caller, size: str) -> None:
    """1 to 2000."""
    assert call.get("/users", page_size=size).object()["code"] == 300


def test_a_user_is_found_by_id_address_or_as_me(call: Caller) -> None:
    """Unknown and pending ones are 404 with code 1001."""
    for name in (USERS[0].id, USERS[0].email, "me"):
        assert call.get(f"/users/{name}").object()["email"] == USERS[0].email
    for name in ("nobody", USERS[3].email):
        answer = call.get(f"/users/{name}")
        assert (answer.status, answer.object()["code"]) == (404, 1001)


def test_a_meeting_is_made_read_and_listed(call: Caller) -> None:
    """With an id past 32 bits of eleven digits, links and a passcode; the list has it too, with the agenda."""
    meeting = made(call, agenda="sk:booking-1", duration=45)
    assert (len(str(meeting["id"])), meeting["id"] > 2**31) == (11, True)
    assert (meeting["start_time"], meeting["duration"], meeting["host_email"]) == (LATER, 45, USERS[0].email)
    again = call.get(f"/meetings/{meeting['id']}").object()
    assert {**again, "start_url": ""} == {**meeting, "start_url": ""}
    assert again["start_url"] != meeting["start_url"]
    (listed,) = call.get("/users/me/meetings").object()["meetings"]
    assert (listed["id"], listed["agenda"]) == (meeting["id"], "sk:booking-1")


def test_a_uuid_is_found_when_encoded_twice(zoom: ZoomSimulator, call: Caller) -> None:
    """As the documents ask for those with slashes."""
    uuids = [made(call)["uuid"] for _ in range(30)]
    slashed = next(uuid for uuid in uuids if "/" in uuid)
    assert call.get("/meetings/" + quote(quote(slashed, safe=""), safe="")).object()["uuid"] == slashed


@pytest.mark.parametrize("asked", [{}, {"start_time": "2026-11-25T11:00:00Z"}])
def test_a_missing_or_past_start_is_silently_now(call: Caller, asked: dict[str, str]) -> None:
    """201 all the same."""
    answer = call.send("POST", "/users/me/meetings", asked)
    assert (answer.status, answer.object()["start_time"]) == (201, NOON.iso())


def test_a_local_start_is_of_the_zone(call: Caller) -> None:
    """The host's zone where none is given."""
    assert made(call, start_time="2026-11-25T14:00:00")["start_time"] == LATER
    assert made(call, start_time="2026-11-25T22:00:00", timezone="Asia/Tokyo")["start_time"] == LATER


def test_an_update_changes_what_is_sent_and_no_more(call: Caller) -> None:
    """204 without a body; the passcode and other settings stay."""
    meeting = made(call, settings={"mute_upon_entry": True})
    path = f"/meetings/{meeting['id']}"
    told = {"start_time": "2026-11-25T15:00:00Z", "settings": {"host_video": True}}
    answer = call.send("PATCH", path, told)
    assert (answer.status, answer.body) == (204, b"")
    now = call.get(path).object()
    assert (now["start_time"], now["password"], now["topic"]) == ("2026-11-25T15:00:00Z", meeting["password"], "Yoga")
    assert (now["settings"]["mute_upon_entry"], now["settings"]["host_video"]) == (True, True)


def test_a_past_start_is_ignored_on_update(call: Caller) -> None:
    """204, and the old time stays."""
    meeting = made(call)
    path = f"/meetings/{meeting['id']}"
    assert call.send("PATCH", path, {"start_time": "2026-11-25T11:00:00Z", "topic": "Pilates"}).status == 204
    assert (call.get(path).object()["start_time"], call.get(path).object()["topic"]) == (LATER, "Pilates")


def test_a_waiting_room_disables_joining_before_the_host(call: Caller) -> None:
    """As documented."""
    settings = {"waiting_room": True, "join_before_host": True}
    assert made(call, settings=settings)["settings"]["join_before_host"] is False


def test_a_deleted_meeting_is_404_with_3001(call: Caller) -> None:
    """For reading, changing and deleting alike, and it is not listed."""
    path = f"/meetings/{made(call)['id']}"
    assert call.send("DELETE", path).status == 204
    for method, body in (("GET", None), ("PATCH", {"topic": "x"}), ("DELETE", None)):
        answer = call.send(method, path, body)
        assert (answer.status, answer.object()["code"]) == (404, 3001)
    assert call.get("/users/me/meetings").object()["meetings"] == []


def test_the_list_has_the_host_s_coming_meetings_in_order(call: Caller) -> None:
    """Not another host's; past ones only as previous; no live ones; pages of at most 300."""
    late, early = made(call, start_time="2026-11-26T13:00:00Z")["id"], made(call)["id"]
    call.send("POST", f"/users/{USERS[1].id}/meetings", {})
    assert [one["id"] for one in call.get("/users/me/meetings").object()["meetings"]] == [early, late]
    call.simulator.set_clock(NOON, offset=timedelta(hours=2))
    assert isinstance(call.simulator, ZoomSimulator)
    fresh = zoom_caller(call.simulator)  # tokens live an hour
    for kind, expected in (("scheduled", [late]), ("previous_meetings", [early]), ("live", [])):
        listed = fresh.get("/users/me/meetings", type=kind).object()["meetings"]
        assert [one["id"] for one in listed] == expected
    assert fresh.get("/users/me/meetings", page_size=301).object()["code"] == 300


def test_a_body_that_is_no_object_is_code_300(zoom: ZoomSimulator, call: Caller) -> None:
    """For create and update."""
    url = call.base + "/users/me/meetings"
    assert zoom.handle(HttpRequest(method="POST", url=url, headers=call.headers, body=b"[]")).object()["code"] == 300


@pytest.mark.parametrize(
    ("form", "header"),
    [("iso", "2026-11-26T00:00:00Z"), ("seconds", "43200"), ("date", "Thu, 26 Nov 2026 00:00:00 GMT"), ("none", None)],
)
def test_the_daily_cap_is_per_host_and_utc_day(form: RetryAfter, header: str | None) -> None:
    """Creations and updates together; 429 tells its kind and, in the chosen form, when the day ends."""
    zoom = ZoomSimulator(clock=noon, daily_cap=2, daily_retry_after=form)
    call = zoom_caller(zoom)
    meeting = made(call)
    assert call.send("PATCH", f"/meetings/{meeting['id']}", {}).status == 204
    capped = call.send("POST", "/users/me/meetings", {})
    assert (capped.status, capped.object()["code"]) == (429, 429)
    assert (capped.headers["x-ratelimit-type"], capped.headers.get("retry-after")) == ("Daily-limit", header)
    assert call.send("POST", f"/users/{USERS[1].id}/meetings", {}).status == 201
    zoom.set_clock(NOON, offset=timedelta(hours=12))
    made(zoom_caller(zoom), start_time="2026-11-27T13:00:00Z")


def test_a_429_by_fault_is_about_calls_a_second(call: Caller) -> None:
    """The headers tell it from the daily cap."""
    call.simulator.inject(Fault.throttled())
    answer = call.get("/users/me")
    assert (answer.headers["x-ratelimit-type"], answer.object()["code"]) == ("QPS", 429)


def test_the_cap_is_100_unless_told() -> None:
    """Zoom's own figure."""
    assert ZoomSimulator().daily_cap == 100


def test_users_can_be_given() -> None:
    """The first one owns the account."""
    only = ZoomUser(id="u", email="u@example.org", first_name="U", last_name="V")
    assert zoom_caller(ZoomSimulator(users=[only])).get("/users/me").object()["id"] == "u"


def test_the_half_alone_does_not_delete(zoom: ZoomSimulator, call: Caller) -> None:
    """What follows on a deletion is the whole simulator's part."""
    number = made(call)["id"]
    with pytest.raises(NotImplementedError):
        ZoomMeetings.deleted(zoom, zoom._meetings[number], "")
