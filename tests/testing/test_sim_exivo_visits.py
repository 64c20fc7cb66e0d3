"""The simulated exivo's visits: a link to the phone, a PIN that it does not send."""

from __future__ import annotations

from typing import Any

import pytest
from sim_helpers import exivo_caller, noon

from servicekit.moments import Instant
from servicekit.testing.simulators import COMPONENTS, ExivoSimulator
from servicekit.testing.simulators.exivo_site import visit_problem

DOOR, OTHER, GATEWAY = COMPONENTS[0].id, COMPONENTS[1].id, COMPONENTS[5].id
ONE, TWO = "2026-11-25T13:00:00Z", "2026-11-25T14:00:00Z"
KNOWN = frozenset(component.id for component in COMPONENTS)


def wish(**changed: Any) -> dict[str, Any]:
    """A visit from one until two."""
    plain = {"code": "1234", "validFrom": ONE, "validTo": TWO, "components": [DOOR], "smsNr": "+41791234567"}
    return {**plain, "name": "sk:1:1", **changed}


@pytest.fixture
def exivo() -> ExivoSimulator:
    """A site whose clock stands at noon."""
    return ExivoSimulator(clock=noon)


def test_a_visit_opens_with_link_and_pin(exivo: ExivoSimulator) -> None:
    """Within its window, for its doors, until it is revoked; every try is in the log."""
    made = exivo_caller(exivo).send("POST", "/visit", wish()).object()
    at = Instant.parse(ONE)
    assert exivo.open_link(made["link"], "1234", DOOR, at)
    assert exivo.open_link(made["link"], "4321", DOOR, at).reason == "no_key"
    assert exivo.open_link("elsewhere", "1234", DOOR, at).reason == "no_key"
    assert exivo.open_link(made["link"], "1234", OTHER, at).reason == "wrong_door"
    assert exivo.open_link(made["link"], "1234", DOOR).reason == "too_early"
    assert exivo_caller(exivo).send("POST", f"/visit/{made['id']}/revoke", {}).status == 204
    assert exivo.open_link(made["link"], "1234", DOOR, at).reason == "revoked"
    assert exivo_caller(exivo).send("POST", f"/visit/{made['id']}/revoke", {}).status == 400
    log = exivo_caller(exivo).get("/accesslog/component").json()
    assert [line["name"] for line in log].count("accessPermitted") == 1
    assert log[0]["data"]["visit"] == {"name": "sk:1:1"}


def test_visits_are_listed_read_and_ended_by_hand(exivo: ExivoSimulator) -> None:
    """Apart from digital keys; an unknown one is an empty 404, and its revoke 400."""
    made = exivo_caller(exivo).send("POST", "/visit", wish()).object()
    call = exivo_caller(exivo)
    assert [one["id"] for one in call.get("/visit").json()] == [made["id"]]
    assert call.get("/digitalKeyVisits").json() == []
    assert call.get(f"/visit/{made['id']}").object()["revoked"] is False
    exivo.revoke_by_hand(made["id"])
    assert call.get(f"/visit/{made['id']}").object()["revoked"] is True
    exivo.forget(made["id"])
    answer = call.get(f"/visit/{made['id']}")
    assert (answer.status, answer.body) == (404, b"")
    assert call.send("POST", "/visit/none/revoke", {}).status == 400


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({}, ""),
        ({"code": "123"}, "code must be"),
        ({"code": 1234}, "code is required"),
        ({"components": ["nowhere"]}, "Component not found"),
        ({"components": []}, "Component not found"),
        ({"smsNr": ""}, "smsNr or email"),
        ({"smsNr": "", "email": "eva@home.example"}, ""),
        ({"smsNr": "079"}, "smsNr must be"),
    ],
)
def test_what_a_visit_needs(changed: dict[str, Any], problem: str) -> None:
    """By the description's prose."""
    found = visit_problem(wish(**changed), KNOWN)
    assert found.startswith(problem)
    assert bool(found) is bool(problem)


def test_a_visit_that_makes_no_sense_is_400(exivo: ExivoSimulator) -> None:
    """With a message; nothing is made."""
    for changed in ({"code": "x"}, {"validTo": "2026-11-25T11:00:00Z"}, {"validTo": ONE}):
        answer = exivo_caller(exivo).send("POST", "/visit", wish(**changed))
        assert (answer.status, set(answer.object())) == (400, {"message"})
    assert exivo.state()["visits"] == []
