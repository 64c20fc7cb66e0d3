"""resivo: what is not in the suite that every door system passes."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from attrs import evolve

from servicekit.adapters.doors.resivo import Resivo
from servicekit.errors import Invalid, OutcomeUnknown, OutsideError, Rejected, Unreachable, Unsupported
from servicekit.moments import Window
from servicekit.ports.http import HttpFlow
from servicekit.runtime.http import HttpDriver
from trials_doors import NOON, ResivoTrial

HOUR = timedelta(hours=1)
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


def test_what_nobody_has_seen_it_do_is_unsupported() -> None:
    """Said before any call, with what would be needed; an order without a PIN, too."""
    trial = ResivoTrial.open()
    asked: list[HttpFlow[object]] = [
        RESIVO.find("site", "sk:bkg_7:1"),
        RESIVO.list_keys("site"),
        RESIVO.unlock("site", "door", "Eva"),
        RESIVO.access_log("site", trial.window),
        RESIVO.create("site", evolve(trial.order(), pin=""), trial.at),
    ]
    for flow in asked:
        with pytest.raises(Unsupported, match="resivo is not known to have"):
            next(flow)


def test_the_site_is_shown_with_its_name() -> None:
    """Its zone is not told; a wrong secret, and an answer that is no site, are errors."""
    trial = ResivoTrial.open()
    told = trial.run(lambda: trial.adapter.info(trial.site))
    assert (told.id, bool(told.name), told.zone) == (trial.site, True, None)
    with pytest.raises(Rejected):
        trial.run(lambda: trial.stranger().info(trial.site))
    with answering(httpx.Response(200, json={})) as driver, pytest.raises(Unreachable, match="a site"):
        driver.run(RESIVO.info("site"))


def test_a_key_is_made_read_and_ended() -> None:
    """Whoever does not know it any more has none; ending it twice is success."""
    trial = ResivoTrial.open()
    made = trial.create(trial.order())
    key = trial.run(lambda: trial.adapter.get(trial.site, made.vendor_id))
    assert key is not None
    assert key.works
    for _ in range(2):
        ended = trial.run(lambda: trial.adapter.revoke(trial.site, made.vendor_id))
        assert ended is None or not ended.works
    assert trial.run(lambda: trial.adapter.get(trial.site, "nobody's")) is None
    assert trial.run(lambda: trial.adapter.revoke(trial.site, "nobody's")) is None


def test_a_key_that_could_open_nothing_is_refused_before_any_call() -> None:
    """No door, or a window that is over by now; one that has begun begins now, up to the second."""
    trial = ResivoTrial.open()
    past = Window(NOON - 2 * HOUR, NOON)
    for order, code in (
        (evolve(trial.order(), components=()), "no_components"),
        (trial.order(window=past), "window_over"),
    ):
        with pytest.raises(Invalid) as caught:
            next(RESIVO.create("site", order, NOON))
        assert caught.value.code == code
    late = trial.create(trial.order(window=Window(NOON - HOUR, NOON + HOUR)))
    assert late.window == Window(NOON, NOON + HOUR)


def test_a_page_that_is_no_key_is_never_taken_for_one_that_has_ended() -> None:
    """A proxy's 200 without a status would end nothing."""
    with answering(httpx.Response(200, json={"credentials": []})) as driver, pytest.raises(Unreachable, match="status"):
        driver.run(RESIVO.get("site", "k1"))


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
