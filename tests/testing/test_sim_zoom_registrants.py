"""Registrants of the simulated Zoom."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sim_helpers import NOON, Caller, noon, zoom_caller

from servicekit.testing.simulators import USERS, ZoomSimulator


@pytest.fixture
def call() -> Caller:
    """A caller of an account whose clock stands at noon."""
    return zoom_caller(ZoomSimulator(clock=noon))


def meeting(call: Caller, approval: int = 0, host: str = "me") -> str:
    """The path of a new meeting's registrants."""
    made = call.send("POST", f"/users/{host}/meetings", {"settings": {"approval_type": approval}})
    return f"/meetings/{made.object()['id']}/registrants"


def register(call: Caller, path: str, email: str = "kim@example.org", **more: Any) -> dict[str, Any]:
    """Register somebody."""
    answer = call.send("POST", path, {"email": email, "first_name": "Kim", **more})
    assert answer.status == 201, answer.body
    return answer.object()


def emails(call: Caller, path: str, **query: object) -> list[str]:
    """The addresses in a list."""
    return [one["email"] for one in call.get(path, **query).object()["registrants"]]


def test_each_registrant_has_a_link_of_their_own(call: Caller) -> None:
    """The same address again is the same registrant."""
    path = meeting(call)
    kim, lou = register(call, path), register(call, path, "lou@example.org", last_name="Roth")
    assert kim["join_url"] != lou["join_url"]
    assert register(call, path)["registrant_id"] == kim["registrant_id"]
    assert emails(call, path) == ["kim@example.org", "lou@example.org"]
    assert call.get(f"{path}/{lou['registrant_id']}").object()["last_name"] == "Roth"


def test_with_manual_approval_one_waits(call: Caller) -> None:
    """No link and not in the default list, until approved; ``auto_approve`` skips that."""
    path = meeting(call, approval=1)
    assert "join_url" not in register(call, path)
    assert "join_url" in register(call, path, "lou@example.org", auto_approve=True)
    assert (emails(call, path), emails(call, path, status="pending")) == (["lou@example.org"], ["kim@example.org"])
    for action, listed in (("approve", 2), ("deny", 1), ("approve", 2), ("cancel", 1)):
        told = {"action": action, "registrants": [{"email": "kim@example.org"}]}
        assert call.send("PUT", path + "/status", told).status == 204
        assert len(emails(call, path)) == listed
    assert call.send("PUT", path + "/status", {"action": "forget"}).object()["code"] == 300


def test_a_status_names_registrants_by_id_first(call: Caller) -> None:
    """An unknown id changes nobody, whatever the address."""
    path = meeting(call)
    kim = register(call, path)
    for named, left in (({"id": "other", "email": "kim@example.org"}, 1), ({"id": kim["registrant_id"]}, 0)):
        call.send("PUT", path + "/status", {"action": "cancel", "registrants": [named]})
        assert len(emails(call, path)) == left


def test_a_deleted_registrant_is_gone(call: Caller) -> None:
    """Others stay; an unknown one is code 300."""
    path = meeting(call)
    kim = register(call, path)["registrant_id"]
    register(call, path, "lou@example.org")
    assert call.send("DELETE", f"{path}/{kim}").status == 204
    assert emails(call, path) == ["lou@example.org"]
    assert call.send("DELETE", f"{path}/{kim}").object()["code"] == 300


@pytest.mark.parametrize(
    "asked",
    [
        {"email": "kim", "first_name": "Kim"},
        {"email": "k" * 120 + "@example.org", "first_name": "Kim"},
        {"first_name": "Kim"},
        {"email": "kim@example.org"},
        {"email": "kim@example.org", "first_name": "K" * 65},
    ],
)
def test_fields_out_of_bounds_are_code_300(call: Caller, asked: dict[str, str]) -> None:
    """Address up to 128, first name 1 to 64 characters."""
    answer = call.send("POST", meeting(call), asked)
    assert (answer.status, answer.object()["code"]) == (400, 300)


def test_registration_needs_a_licensed_host_and_to_be_on(call: Caller) -> None:
    """A basic host and a meeting without registration are refused; a missing meeting is 1001 here."""
    kim = {"email": "kim@example.org", "first_name": "Kim"}
    assert call.send("POST", meeting(call, host=USERS[2].id), kim).object()["code"] == 200
    assert call.send("POST", meeting(call, approval=2), kim).object()["code"] == 3000
    missing = call.send("POST", "/meetings/1/registrants", kim)
    assert (missing.status, missing.object()["code"]) == (404, 1001)
    assert call.get("/meetings/1/registrants").object()["code"] == 3001


def test_an_address_is_added_at_most_three_times_a_day(call: Caller) -> None:
    """The fourth is 429; the next UTC day counts anew."""
    path = meeting(call)
    for _ in range(3):
        register(call, path)
    again = {"email": "kim@example.org", "first_name": "Kim"}
    assert call.send("POST", path, again).status == 429
    register(call, path, "lou@example.org")
    assert isinstance(call.simulator, ZoomSimulator)
    call.simulator.set_clock(NOON, offset=timedelta(hours=12))
    register(zoom_caller(call.simulator), path)
