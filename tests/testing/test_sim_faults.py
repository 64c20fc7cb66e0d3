"""Faults of a vendor's HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from sim_helpers import NOON, exivo_caller, noon

from servicekit.moments import Instant
from servicekit.testing.simulators import ExivoSimulator, Fault, FaultKind, NoResponse
from servicekit.testing.simulators.faults import FaultQueue, RetryAfter, retry_after


@pytest.fixture
def exivo() -> ExivoSimulator:
    """A vendor to spoil."""
    return ExivoSimulator(clock=noon)


def test_a_fault_matches_method_and_path() -> None:
    """Both are searched as regular expressions; left out they match all."""
    fault = Fault.error("POST|PUT", "/digitalKeyVisits$")
    assert fault.matches("POST", "/v1/site/digitalKeyVisits")
    assert not fault.matches("GET", "/v1/site/digitalKeyVisits")
    assert not fault.matches("POST", "/v1/site/digitalKeyVisits/1")
    assert Fault.error().matches("GET", "/")


def test_the_first_fault_that_matches_is_spent() -> None:
    """As often as ``times`` says, then the next one."""
    queue: FaultQueue[Fault] = FaultQueue()
    for fault in (Fault.error("POST", times=2), Fault.bad_gateway()):
        queue.add(fault)
    taken = [queue.take(method, "/") for method in ("POST", "GET", "POST", "GET")]
    assert [one and one.kind for one in taken] == ["error", "bad_gateway", "error", None]
    queue.add(Fault.refused())
    queue.clear()
    assert queue.waiting() == ()


@pytest.mark.parametrize(
    ("fault", "status", "html"),
    [
        (Fault.error(), 500, False),
        (Fault.error(status=503), 503, False),
        (Fault.bad_gateway(), 502, True),
        (Fault.wrong_type(), 200, True),
    ],
)
def test_spoilt_answers(exivo: ExivoSimulator, fault: Fault, status: int, html: bool) -> None:
    """Bare errors, an HTML page, and the right status with a page in place of JSON; afterwards all is well."""
    exivo.inject(fault)
    answer = exivo_caller(exivo).get("/info")
    assert (answer.status, answer.headers.get("content-type") == "text/html") == (status, html)
    assert answer.json() is None
    assert exivo_caller(exivo).get("/info").object()["type"] == "exivo"


@pytest.mark.parametrize(
    ("fault", "done"), [(Fault.lost_answer(), True), (Fault.no_answer(), False), (Fault.refused(), False)]
)
def test_some_faults_have_no_answer(exivo: ExivoSimulator, fault: Fault, done: bool) -> None:
    """They say in their words, and as a value, whether the deed was done."""
    exivo.inject(fault)
    with pytest.raises(NoResponse, match="after" if done else "before") as caught:
        exivo_caller(exivo).get("/info")
    assert (caught.value.kind, caught.value.done) == (fault.kind, done)


@pytest.mark.parametrize("fault", [Fault.bad_gateway("POST", done=True), Fault.error("POST", done=True)])
def test_an_error_may_come_after_the_deed(exivo: ExivoSimulator, fault: Fault) -> None:
    """A gateway's error says nothing about what was done behind it."""
    exivo.inject(fault)
    door = next(iter(exivo.components))
    assert exivo_caller(exivo).send("POST", f"/component/{door}/mode", {"mode": "open"}).status >= 500
    assert exivo_caller(exivo).get(f"/component/{door}").object()["mode"] == "open"


@pytest.mark.parametrize(
    ("form", "header"),
    [
        ("seconds", "90"),
        ("date", "Wed, 25 Nov 2026 12:01:30 GMT"),
        ("iso", "2026-11-25T12:01:30Z"),
        ("none", None),
    ],
)
def test_a_429_asks_to_wait_in_four_forms(exivo: ExivoSimulator, form: RetryAfter, header: str | None) -> None:
    """Seconds, HTTP date, ISO 8601, or nothing; in the vendor's own error form."""
    exivo.inject(Fault.throttled(after=90, retry_after=form))
    answer = exivo_caller(exivo).get("/info")
    assert (answer.status, answer.headers.get("retry-after")) == (429, header)
    assert set(answer.object()) == {"message"}


def test_a_time_gone_by_is_no_negative_wait() -> None:
    """Seconds start at zero."""
    assert retry_after("seconds", Instant(0), NOON) == {"retry-after": "0"}


def test_an_altered_answer_drifts_from_the_description(exivo: ExivoSimulator) -> None:
    """Members are replaced or removed at any depth; what is no JSON object or list stays."""
    fault = Fault.altered("GET", "/component$", replaced={"mode": "ajar"}, removed=["labelling"])
    exivo.inject(fault)
    first = exivo_caller(exivo).get("/component").json()[0]
    assert (first["mode"], "labelling" in first, first["identifier"]) == ("ajar", False, "Main door")


def test_a_slow_answer_is_the_right_one(exivo: ExivoSimulator) -> None:
    """Only late."""
    exivo.inject(Fault.slow(0.001))
    assert exivo_caller(exivo).get("/info").ok


@pytest.mark.parametrize(
    "fault",
    [
        Fault.lost_answer("POST", "/x", times=3, seconds=2),
        Fault.refused(),
        Fault.throttled(after=7, retry_after="iso"),
        Fault.altered(replaced={"a": 1}, removed=["b"]),
    ],
)
def test_faults_travel_as_json(fault: Fault) -> None:
    """There and back they are the same."""
    assert Fault.from_json(fault.to_json()) == fault


def test_json_may_leave_out_what_is_usual() -> None:
    """A time-out is after the deed unless said otherwise, an error before it."""
    assert Fault.from_json({"kind": "timeout"}) == Fault.lost_answer()
    assert Fault.from_json({"kind": "slow", "seconds": 1}) == Fault.slow(1)
    assert Fault.from_json({"kind": "error"}) == Fault.error()


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "flood"},
        {"kind": "error", "times": 0},
        {"kind": "slow", "seconds": -1},
        {"kind": "slow", "done": False},
        {"kind": "throttled", "retry_after": "soon"},
    ],
)
def test_impossible_faults_are_refused(wrong: dict[str, Any]) -> None:
    """Unknown kinds and forms, no times, negative waits, an answer spoilt that is not there."""
    with pytest.raises(ValueError, match=r"."):
        Fault.from_json(wrong)


def test_kinds_are_their_words() -> None:
    """So they can stand in JSON and logs."""
    assert str(FaultKind.BAD_GATEWAY) == "bad_gateway"
