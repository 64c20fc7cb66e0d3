"""What all HTTP simulators share."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sim_helpers import NOON, Caller, Hooks, exivo_caller, key_order, noon, zoom_caller

from servicekit.moments import Instant
from servicekit.ports.http import HttpRequest, HttpResponse
from servicekit.testing.simulators import ExivoSimulator, Fault, NoResponse, Simulator, WebhookFault, ZoomSimulator
from servicekit.testing.simulators.core import system_time
from servicekit.testing.simulators.routing import Answered, Call, json_answer, route
from servicekit.testing.simulators.webhooks import Webhook


class Bell(Simulator):
    """A vendor with one call, which rings our application."""

    name = "bell"
    origins = ("https://bell.example",)
    retries = (timedelta(minutes=1),)

    @route("POST", "/busy")
    def _busy(self, _: Call) -> HttpResponse:
        raise Answered(self.error(409, "Busy"))

    @route("POST", "/ring")
    def _ring(self, _: Call) -> HttpResponse:
        self.call_out(Webhook(event="rang", request=HttpRequest.form("POST", "https://us.example/", {}, headers={})))
        return json_answer(200, {"id": self.new_uuid()})


def caller(bell: Simulator, base: str = "https://bell.example") -> Caller:
    """A caller without credentials."""
    return Caller(bell, base, {})


def control(simulator: Simulator) -> Caller:
    """A caller of the control calls."""
    return caller(simulator, "https://bell.example/_sim")


def test_ids_come_from_the_seed() -> None:
    """Equal seeds give equal ids, others others; hexadecimal digits are as many as asked for."""
    one, same, other = Bell(), Bell(), Bell(seed=1)
    assert one.new_uuid() == same.new_uuid() != other.new_uuid()
    assert one.new_hex(7) == same.new_hex(7)
    assert len(one.new_hex(7)) == 7


def test_the_clock_runs_stands_and_is_shifted() -> None:
    """The given clock, a fixed instant, an offset to either; and back."""
    bell = Bell(clock=noon)
    hour = timedelta(hours=1)
    bell.set_clock(offset=hour)
    assert bell.now() == NOON + hour
    bell.set_clock(Instant(0), offset=hour)
    assert bell.now() == Instant(0) + hour
    bell.set_clock()
    assert bell.now() == NOON


def test_without_a_clock_the_machine_s_is_used() -> None:
    """Time passes, or at least does not run backwards."""
    before = system_time()
    assert before <= Bell().now() <= system_time()


def test_an_unknown_path_is_the_vendor_s_error() -> None:
    """404 in the vendor's form."""
    answer = caller(Bell()).get("/nothing")
    assert (answer.status, answer.object()) == (404, {"message": "Not found"})


def test_a_route_may_answer_by_raising() -> None:
    """The raised response is the answer."""
    assert caller(Bell()).send("POST", "/busy").object() == {"message": "Busy"}


def test_webhooks_are_pumped_until_it_closes() -> None:
    """The call blocks; ``serve`` runs it in a thread."""
    bell = Bell(post=lambda _: bell.closing.set())
    caller(bell).send("POST", "/ring")
    bell.pump_webhooks()
    assert [one.status for one in bell.deliveries] == [None]


def test_parallel_requests_are_judged_one_by_one() -> None:
    """Eight threads against a daily cap of ten: ten meetings, each with its own id."""
    zoom = ZoomSimulator(clock=noon, daily_cap=10)
    call = zoom_caller(zoom)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: call.send("POST", "/users/me/meetings", {}), range(40)))
    made = [answer.object()["id"] for answer in answers if answer.status == 201]
    assert (len(made), len(set(made)), len(zoom.exchanges)) == (10, 10, 41)


def test_importing_the_simulators_imports_no_heavy_library() -> None:
    """In a process of its own: neither httpx nor aiosmtpd, jsonschema, pendulum or pytest."""
    heavy = {"httpx", "aiosmtpd", "jsonschema", "pendulum", "pytest", "phonenumbers"}
    program = (
        f"import sys, servicekit.testing.simulators, servicekit.testing.contracts; print({heavy} & set(sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout == "set()\n"


def test_exchanges_are_recorded_with_their_faults() -> None:
    """Requests with their responses, or none; control calls are not among them, nor are headers shown."""
    bell = Bell(clock=noon)
    bell.inject(Fault.lost_answer(), Fault.error(status=503))
    with pytest.raises(NoResponse):
        caller(bell).send("POST", "/ring", {"tone": "a"})
    caller(bell).send("POST", "/ring")
    caller(bell).send("POST", "/ring")
    shown = control(bell).get("/exchanges").json()
    assert [(one["status"], one["fault"]) for one in shown] == [(None, "timeout"), (503, "error"), (200, None)]
    assert shown[0] == {
        "at": "2026-11-25T12:00:00Z",
        "method": "POST",
        "path": "/ring",
        "body": '{"tone": "a"}',
        "status": None,
        "answer": None,
        "fault": "timeout",
    }


def test_a_lost_answer_does_the_deed_and_no_answer_does_not() -> None:
    """The exception tells a transport which of both it was."""
    exivo = ExivoSimulator(clock=noon)
    call = exivo_caller(exivo)
    for fault, keys in ((Fault.no_answer("POST", "/digitalKeyVisits$"), 0), (Fault.lost_answer("POST"), 1)):
        exivo.inject(fault)
        with pytest.raises(NoResponse) as caught:
            call.send("POST", "/digitalKeyVisits", key_order())
        assert caught.value.done == bool(keys)
        assert len(call.get("/digitalKeyVisits").json()) == keys


def test_a_slow_answer_past_the_caller_s_patience_is_none_at_once() -> None:
    """With the request's own time limit shorter than the fault, nothing is waited for."""
    bell = Bell()
    bell.inject(Fault.slow(3600))
    with pytest.raises(NoResponse):
        bell.handle(HttpRequest(method="POST", url="https://bell.example/ring", timeout=5))


def test_a_slow_answer_comes_in_the_end() -> None:
    """Closing the simulator cuts the waiting short."""
    bell = Bell()
    bell.inject(Fault.slow(3600))
    threading.Timer(0.01, bell.closing.set).start()
    slow = HttpRequest(method="POST", url="https://bell.example/ring", timeout=float("inf"))
    assert bell.handle(slow).status == 200


def test_faults_are_steered_over_http() -> None:
    """Injected, listed, cleared; an unknown one is 400 with words."""
    bell = Bell()
    call = control(bell)
    assert call.send("POST", "/faults", Fault.throttled(path="/ring").to_json()).status == 204
    assert call.send("POST", "/faults", {"webhook": "doubled"}).status == 204
    assert call.send("POST", "/faults", {"kind": "flood"}).status == 400
    assert call.send("POST", "/faults", {"kind": "error", "speed": 3}).status == 400
    kinds = [one.get("kind") or one["webhook"] for one in call.get("/faults").json()]
    assert kinds == ["throttled", "doubled"]
    assert caller(bell).send("POST", "/ring").status == 429
    assert call.send("DELETE", "/faults").status == 204
    assert call.get("/faults").json() == []


def test_the_clock_is_steered_over_http() -> None:
    """An instant, an offset in seconds, or neither; nonsense is 400."""
    bell = Bell(clock=noon)
    call = control(bell)
    told = {"at": "1970-01-01T00:00:00Z", "offset": 60}
    assert call.send("POST", "/clock", told).object() == {"now": "1970-01-01T00:01:00Z"}
    assert call.send("POST", "/clock", {}).object() == {"now": NOON.iso()}
    assert call.send("POST", "/clock", {"at": "noon"}).status == 400
    assert call.send("POST", "/clock", {"offset": "an hour"}).status == 400


def test_state_and_unknown_controls() -> None:
    """Every simulator tells its name, time and requests; an unknown control is a 404 with words."""
    bell = Bell(clock=noon)
    assert control(bell).get("/state").object() == {"name": "bell", "now": NOON.iso(), "requests": 0}
    assert control(bell).get("/nothing").object() == {"error": "no control /_sim/nothing"}


def test_webhooks_wait_until_they_are_delivered() -> None:
    """Not served, nothing leaves before it is asked for; what failed is repeated when due, or at once if pushed."""
    hooks = Hooks([None])
    bell = Bell(clock=noon, post=hooks)
    caller(bell).send("POST", "/ring")
    call = control(bell)
    assert [one["event"] for one in call.get("/webhooks").object()["waiting"]] == ["rang"]
    assert hooks.calls == []
    assert [one["status"] for one in call.send("POST", "/webhooks", {}).json()] == [None]
    assert call.send("POST", "/webhooks", {}).json() == []
    assert [one["status"] for one in call.send("POST", "/webhooks", {"everything": True}).json()] == [204]
    shown = call.get("/webhooks").object()
    assert (shown["waiting"], [one["attempt"] for one in shown["sent"]]) == ([], [1, 2])
    assert [one.status for one in bell.deliveries] == [None, 204]


def test_faults_of_webhooks_are_cleared_too() -> None:
    """Also in this process."""
    hooks = Hooks()
    bell = Bell(post=hooks)
    bell.inject(WebhookFault(webhook="dropped"))
    bell.clear_faults()
    caller(bell).send("POST", "/ring")
    bell.deliver_webhooks()
    assert len(hooks.calls) == 1
