"""A deadline over a flow: what time is left goes to each request, and none leaves without any."""

from __future__ import annotations

from datetime import timedelta

import pytest

from servicekit.errors import OutcomeUnknown, OutsideError, Unreachable
from servicekit.ports.http import HttpFlow, HttpRequest, HttpResponse
from servicekit.runtime.deadline import bounded

FIRST = HttpRequest.get("https://vendor.test/first", headers={}, query={"secret": "no"})
SECOND = HttpRequest(method="POST", url="https://vendor.test/second", timeout=0.25)
HOUR, NOTHING = timedelta(hours=1), timedelta(0)


def two(closed: list[str]) -> HttpFlow[list[int]]:
    """Asks twice and returns the statuses."""
    try:
        first = yield FIRST
        second = yield SECOND
        return [first.status, second.status]
    finally:
        closed.append("closed")


def answer(status: int = 200) -> HttpResponse:
    """An answer."""
    return HttpResponse(status=status)


def test_a_flow_with_time_enough_runs_as_it_is() -> None:
    """Its requests come out with their own limits, answers go in, its value comes back, and it is closed."""
    closed: list[str] = []
    flow = bounded(two(closed), HOUR)

    assert next(flow) == FIRST
    assert flow.send(answer(201)) == SECOND
    with pytest.raises(StopIteration) as ended:
        flow.send(answer(204))
    assert ended.value.value == [201, 204]
    assert closed == ["closed"]


def test_requests_share_the_time_that_is_left() -> None:
    """None may take longer than what is left of the whole; one that is shorter by itself stays so."""
    flow = bounded(two([]), timedelta(seconds=5))
    first = next(flow)
    second = flow.send(answer())

    assert (first.method, first.url) == (FIRST.method, FIRST.url)
    assert 0 < first.timeout <= 5 < FIRST.timeout
    assert second.timeout == SECOND.timeout
    flow.close()


def test_without_time_left_nothing_leaves() -> None:
    """The flow is told that nothing was sent; the error names the request without its query."""
    closed: list[str] = []
    flow = bounded(two(closed), NOTHING)

    with pytest.raises(Unreachable, match=r"no time was left for GET https://vendor.test/first$"):
        next(flow)
    assert closed == ["closed"]


def test_a_flow_may_make_something_of_the_missing_time() -> None:
    """It is thrown in where the flow waits, like any fault of a transport."""

    def careful() -> HttpFlow[str]:
        try:
            yield FIRST
        except Unreachable as error:
            return f"gave way: {error.message}"
        return "answered"

    with pytest.raises(StopIteration) as ended:
        next(bounded(careful(), NOTHING))
    assert ended.value.value == "gave way: no time was left for GET https://vendor.test/first"


def test_a_transports_fault_reaches_the_flow() -> None:
    """And what the flow asks next comes out again."""
    heard: list[OutsideError] = []

    def stubborn() -> HttpFlow[int]:
        try:
            yield FIRST
        except OutcomeUnknown as error:
            heard.append(error)
        return (yield SECOND).status

    flow = bounded(stubborn(), HOUR)
    next(flow)
    fault = OutcomeUnknown("lost")

    assert flow.throw(fault) == SECOND
    assert heard == [fault]
    with pytest.raises(StopIteration) as ended:
        flow.send(answer(202))
    assert ended.value.value == 202


def test_a_fault_that_the_flow_does_not_handle_goes_through() -> None:
    """The flow is closed."""
    closed: list[str] = []
    flow = bounded(two(closed), HOUR)
    next(flow)

    with pytest.raises(OutcomeUnknown, match="lost"):
        flow.throw(OutcomeUnknown("lost"))
    assert closed == ["closed"]


def test_giving_a_flow_up_closes_it() -> None:
    """Whoever drives it may stop at any request."""
    closed: list[str] = []
    flow = bounded(two(closed), HOUR)
    next(flow)
    flow.close()

    assert closed == ["closed"]


def test_a_flow_without_requests_just_returns() -> None:
    """However little time there is."""

    def silent() -> HttpFlow[str]:
        return "done"
        yield

    with pytest.raises(StopIteration) as ended:
        next(bounded(silent(), NOTHING))
    assert ended.value.value == "done"
