"""Values of the simulated Zoom, and the checks of a meeting's fields."""

from __future__ import annotations

from typing import Any

import pytest
from sim_helpers import NOON

from servicekit.moments import Instant
from servicekit.testing.simulators import USERS
from servicekit.testing.simulators.routing import Answered
from servicekit.testing.simulators.zoom_values import Meeting, Registrant, checked, defaults, second, start_of


def meeting(**changed: Any) -> Meeting:
    """A meeting of Anna's at noon."""
    shown = {"topic": "Yoga", "type": 2, "duration": 60, "timezone": "UTC", "password": "abc"}
    fields = {"id": 81_234_567_890, "uuid": "u", "host": USERS[0], "created": NOON, "starts": NOON}
    return Meeting(**{**fields, "shown": shown, "settings": defaults(), **changed})


def test_a_pending_user_has_no_id() -> None:
    """Shown so by the vendor."""
    assert ["id" in user.to_json() for user in USERS] == [True, True, True, False]


def test_a_registrant_waiting_for_approval_has_no_link() -> None:
    """Only an approved one has."""
    one = Registrant(id="r", email="a@b", first_name="A", last_name="", token="t", created=NOON)
    assert one.to_json(5)["join_url"] == "https://zoom.us/w/5?tk=t"
    one.status = "pending"
    assert "join_url" not in one.to_json(5)


def test_a_list_cuts_the_agenda_and_leaves_out_secrets() -> None:
    """250 characters of it; a list has no host link and no passcode; an event neither link at all."""
    long = meeting(shown={**meeting().shown, "agenda": "a" * 300})
    assert len(long.listed()["agenda"]) == 250
    assert len(long.full("s")["agenda"]) == 300
    assert not {"start_url", "password"} & set(long.listed())
    assert set(long.event_object()) == {
        "uuid",
        "id",
        "host_id",
        "topic",
        "type",
        "start_time",
        "duration",
        "timezone",
    }


def test_registration_is_shown_where_it_is_on() -> None:
    """With automatic or manual approval."""
    urls = []
    for approval in (0, 1, 2):
        one = meeting(settings={**defaults(), "approval_type": approval})
        urls.append("registration_url" in one.full("s"))
    assert urls == [True, True, False]


@pytest.mark.parametrize(
    "asked",
    [
        {"topic": "a" * 201},
        {"topic": 5},
        {"agenda": "a" * 2001},
        {"password": "12345678901"},
        {"duration": 0},
        {"duration": 1441},
        {"duration": "60"},
        {"type": 7},
        {"settings": []},
        {"settings": {"approval_type": 3}},
    ],
)
def test_fields_out_of_bounds_are_code_300(asked: dict[str, Any]) -> None:
    """With the field's name."""
    with pytest.raises(Answered) as caught:
        checked(asked)
    shown = caught.value.response.object()
    assert (caught.value.response.status, shown["code"]) == (400, 300)
    assert shown["errors"][0]["field"].partition(".")[0] in asked


def test_only_what_was_asked_for_is_taken() -> None:
    """Unknown fields are passed over, as the vendor does."""
    assert checked({"topic": "a", "colour": "red", "settings": {"waiting_room": True}}) == (
        {"topic": "a"},
        {"waiting_room": True},
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-25T13:00:00Z", "2026-11-25T13:00:00Z"),
        ("2026-11-25T13:00:00", "2026-11-25T12:00:00Z"),
        ("2026-10-25T02:30:00", "2026-10-25T00:30:00Z"),
    ],
)
def test_a_start_is_utc_with_z_or_local(text: str, expected: str) -> None:
    """Local time is of the zone; of a repeated hour the first is meant."""
    start = start_of({"start_time": text}, "Europe/Zurich")
    assert start is not None
    assert second(start) == expected
    assert start_of({}, "Europe/Zurich") is None


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("2026-11-25T13:00:00+01:00", "UTC"),
        ("2026-11-25T13:00", "UTC"),
        ("2026-02-30T13:00:00Z", "UTC"),
        ("2026-11-25T13:00:00", "Mars/Base"),
        ("2026-03-29T02:30:00", "Europe/Zurich"),
        (5, "UTC"),
    ],
)
def test_other_starts_are_code_300(text: object, zone: str) -> None:
    """Offsets, missing seconds, impossible days, unknown zones, skipped hours."""
    with pytest.raises(Answered) as caught:
        start_of({"start_time": text}, zone)
    assert caught.value.response.object()["code"] == 300


def test_times_go_out_to_the_second() -> None:
    """Fractions are cut."""
    assert second(Instant(1_500_000)) == "1970-01-01T00:00:01Z"
