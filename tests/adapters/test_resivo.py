"""resivo: what is not in the suite that every door system passes."""

from __future__ import annotations

import httpx
import pytest
from attrs import evolve

from servicekit.adapters.doors.resivo import Resivo
from servicekit.errors import Invalid, OutcomeUnknown, OutsideError, Rejected, Unreachable
from servicekit.moments import Window
from servicekit.runtime.http import HttpDriver
from trials_doors import NOON, ResivoTrial

TOKEN = httpx.Response(200, json={"access_token": "t-1"})
RESIVO = Resivo("client", "secret", base_url="http://v.test")


def answering(*answers: httpx.Response) -> HttpDriver:
    """A driver whose peer gives a token, then these answers in turn."""
    left = iter([TOKEN, *answers])
    return HttpDriver(httpx.MockTransport(lambda _: next(left)))


def test_it_says_that_it_is_not_verified() -> None:
    """Whoever opens a kit with it can see so."""
    can = RESIVO.capabilities_at("site")
    assert (can.verified, can.phone_keys, can.pin_keys, can.look_up) == (False, False, True, False)


def test_gateways_are_named_by_hand() -> None:
    """The list has ids and names only; what has no id is passed over."""
    listed = [{"id": "a", "displayName": "Door"}, {"id": "b"}, {"displayName": "nobody"}, None]
    doors = evolve(RESIVO, gateways=frozenset({"b"}))
    with answering(httpx.Response(200, json=listed)) as driver:
        first, second = driver.run(doors.components("site"))
    assert (first.name, first.gateway, second.name, second.gateway) == ("Door", False, "b", True)


@pytest.mark.parametrize(("status", "body", "kind"), [(403, "no", Rejected), (200, "{}", Unreachable)])
def test_a_list_that_is_none_is_an_error(status: int, body: str, kind: type[OutsideError]) -> None:
    """Never an empty house."""
    with answering(httpx.Response(status, text=body)) as driver, pytest.raises(kind):
        driver.run(RESIVO.components("site"))


@pytest.mark.parametrize("pin", ["123", "1234567", "12a4"])
def test_a_pin_has_four_to_six_digits(pin: str) -> None:
    """Refused before any call."""
    trial = ResivoTrial.open()
    with pytest.raises(Invalid) as caught:
        trial.create(evolve(trial.order(), pin=pin))
    assert caught.value.code == "bad_pin"
    assert len(trial.simulator.exchanges) == 0


def test_a_message_goes_along() -> None:
    """And times in UTC with Z, to the second, outwards."""
    trial = ResivoTrial.open()
    window = Window(trial.window.opens + (NOON - NOON), trial.window.closes)
    trial.create(evolve(trial.order(window=window), message="Welcome"))
    (held,) = trial.simulator.state()["keys"]
    assert held["accessRequestMessage"] == "Welcome"
    assert held["restrictions"] == {"validFrom": "2026-11-25T13:00:00Z", "validTo": "2026-11-25T14:00:00Z"}


@pytest.mark.parametrize("body", ["", "<html>", "[]", "{}", '{"id": 7}'])
def test_a_2xx_without_an_id_leaves_the_outcome_unknown(body: str) -> None:
    """It may have been made."""
    trial = ResivoTrial.open()
    with answering(httpx.Response(200, text=body)) as driver, pytest.raises(OutcomeUnknown):
        driver.run(RESIVO.create("site", trial.order(), trial.at))


@pytest.mark.parametrize(
    ("told", "works"),
    [
        ({"status": "ACTIVE"}, True),
        ({"status": "someword", "credentials": "none"}, True),
        ({"status": "Revoked"}, False),
        ({"status": "ACTIVE", "credentials": [{"isExpired": True}, {"isExpired": False}]}, True),
        ({"status": "ACTIVE", "credentials": [{"isExpired": True}, 7]}, False),
    ],
)
def test_a_key_works_unless_it_is_told_that_it_does_not(told: dict[str, object], works: bool) -> None:
    """A word that nobody knows ends no key: a revoke is asked for again."""
    with answering(httpx.Response(200, json=told)) as driver:
        key = driver.run(RESIVO.get("site", "k1"))
    assert key is not None
    assert key.works is works


@pytest.mark.parametrize("answer", [httpx.Response(400), httpx.Response(204)], ids=["refused", "taken"])
def test_a_revoke_counts_once_it_is_read_back(answer: httpx.Response) -> None:
    """A no is told as one; a yes that was not done is tried again."""
    active = httpx.Response(200, json={"status": "ACTIVE"})
    kind = Rejected if answer.status_code == 400 else Unreachable
    with answering(answer, active) as driver, pytest.raises(kind):
        driver.run(RESIVO.revoke("site", "k1"))


def test_a_key_that_may_not_be_read_is_an_error() -> None:
    """Not one that is not there."""
    with answering(httpx.Response(403)) as driver, pytest.raises(Rejected):
        driver.run(RESIVO.get("site", "k1"))


@pytest.mark.parametrize("told", [{}, {"access_token": None}])
def test_without_a_token_nothing_is_asked(told: dict[str, object]) -> None:
    """And it may be tried again."""
    with (
        HttpDriver(httpx.MockTransport(lambda _: httpx.Response(200, json=told))) as driver,
        pytest.raises(Unreachable, match="a token"),
    ):
        driver.run(RESIVO.get("site", "k1"))
