"""The drivers of HTTP flows, over real sockets: what a flow hears, and what a fault means."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

import httpx
import pytest

from servicekit.errors import ConfigurationError, OutcomeUnknown, OutsideError, Rejected, Unreachable
from servicekit.ports.http import HttpFlow, HttpRequest, HttpResponse
from servicekit.runtime.http import LARGEST_BODY, AsyncHttpDriver, HttpDriver

T = TypeVar("T")
Handler = Callable[[BaseHTTPRequestHandler], None]


def answer(
    call: BaseHTTPRequestHandler, status: int = 200, body: bytes = b"", headers: dict[str, str] | None = None
) -> None:
    """One whole response."""
    call.send_response(status)
    for name, value in (headers or {}).items():
        call.send_header(name, value)
    call.send_header("content-length", str(len(body)))
    call.end_headers()
    call.wfile.write(body)


@contextmanager
def server(handler: Handler) -> Iterator[str]:
    """A server on a free port of the loopback; gives its base URL."""

    class Serve(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except OSError:
                self.close_connection = True

        def _serve(self) -> None:
            handler(self)

        do_GET = do_POST = do_PATCH = _serve  # noqa: N815 - the base class asks for these names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Serve)
    running.daemon_threads = True
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_port}"
    finally:
        running.shutdown()
        running.server_close()
        thread.join()


def ask(request: HttpRequest) -> HttpFlow[HttpResponse]:
    """The smallest flow: one request."""
    return (yield request)


def get(url: str, timeout: float = 5.0) -> HttpRequest:
    """A repeatable request."""
    return HttpRequest(method="GET", url=url, repeatable=True, timeout=timeout)


def post(url: str, timeout: float = 5.0) -> HttpRequest:
    """A request that must not be done twice."""
    return HttpRequest(method="POST", url=url, body=b"a=1", timeout=timeout)


def run_sync(flow: HttpFlow[T], transport: httpx.MockTransport | None = None) -> T:
    """Drive with the sync driver."""
    with HttpDriver(transport) as driver:
        return driver.run(flow)


def run_async(flow: HttpFlow[T], transport: httpx.MockTransport | None = None) -> T:
    """Drive with the async driver."""

    async def go() -> T:
        async with AsyncHttpDriver(transport) as driver:
            return await driver.run(flow)

    return asyncio.run(go())


class Runner:
    """Either driver, called alike."""

    def __init__(self, run: Callable[..., Any]) -> None:
        self._run = run

    def __call__(self, flow: HttpFlow[T], transport: httpx.MockTransport | None = None) -> T:
        """Drive ``flow``."""
        result: T = self._run(flow, transport)
        return result


@pytest.fixture(params=[run_sync, run_async], ids=["sync", "async"])
def run(request: pytest.FixtureRequest) -> Runner:
    """Both drivers in turn."""
    return Runner(request.param)


def test_a_flow_is_sent_each_response_and_its_result_comes_back(run: Runner) -> None:
    """Requests go out as written; status, lower-case headers and body come in; the return value is the result."""
    seen: list[tuple[str, str, str | None, bytes]] = []

    def handler(call: BaseHTTPRequestHandler) -> None:
        body = call.rfile.read(int(call.headers.get("content-length", 0)))
        seen.append((call.command, call.path, call.headers.get("X-Mine"), body))
        answer(call, 201, b"answer %d" % len(seen), {"X-Vendor": "Yes"})

    def flow(base: str) -> HttpFlow[list[HttpResponse]]:
        first = yield HttpRequest(method="POST", url=f"{base}/a", headers={"X-Mine": "1"}, body="å".encode())
        second = yield HttpRequest.get(f"{base}/b", headers={}, query={"q": "x y", "none": None})
        return [first, second]

    with server(handler) as base:
        answers = run(flow(base))

    assert seen == [("POST", "/a", "1", "å".encode()), ("GET", "/b?q=x+y", None, b"")]
    assert [(one.status, one.headers["x-vendor"], one.body) for one in answers] == [
        (201, "Yes", b"answer 1"),
        (201, "Yes", b"answer 2"),
    ]


def test_connections_are_pooled_for_many_threads() -> None:
    """One driver serves many threads at once, and one thread's requests go over one connection."""
    ports: list[int] = []

    def handler(call: BaseHTTPRequestHandler) -> None:
        ports.append(call.client_address[1])
        answer(call)

    def flow(base: str) -> HttpFlow[int]:
        first = yield get(f"{base}/1")
        second = yield get(f"{base}/2")
        return first.status + second.status

    with server(handler) as base, HttpDriver() as driver:
        assert driver.run(flow(base)) == 400
        assert len(set(ports)) == 1
        sums: list[int] = []
        threads = [threading.Thread(target=lambda: sums.append(driver.run(flow(base)))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sums == [400] * 8


def refused_port() -> str:
    """A URL at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


def test_nobody_at_the_address_is_unreachable_even_for_a_create(run: Runner) -> None:
    """A refused connection left nothing behind, so a create may be repeated; the error names method and URL without query."""
    url = f"{refused_port()}/a1/sms"
    with pytest.raises(Unreachable) as caught:
        run(ask(post(f"{url}?token=hidden")))

    assert caught.value.facts == {"method": "POST", "url": url, "fault": "ConnectError"}
    assert "hidden" not in str(caught.value)
    assert isinstance(caught.value.__cause__, httpx.ConnectError)


@pytest.mark.parametrize("fault", [httpx.ConnectTimeout, httpx.PoolTimeout])
def test_time_out_before_sending_is_unreachable(run: Runner, fault: type[httpx.TransportError]) -> None:
    """Waiting in vain for a connection, the peer's or the pool's, is a fault before the deed."""

    def raising(request: httpx.Request) -> httpx.Response:
        raise fault("nobody")

    with pytest.raises(Unreachable) as caught:
        run(ask(post("http://vendor.test/x")), httpx.MockTransport(raising))

    assert caught.value.facts["fault"] == fault.__name__


@pytest.mark.parametrize("fault", [httpx.WriteTimeout, httpx.WriteError, httpx.DecodingError])
def test_faults_while_sending_or_reading_leave_the_outcome_unknown(
    run: Runner, fault: type[httpx.RequestError]
) -> None:
    """Once sending began, a create may have happened; a repeatable request may simply be tried again."""

    def raising(request: httpx.Request) -> httpx.Response:
        raise fault("broken")

    with pytest.raises(OutcomeUnknown):
        run(ask(post("http://vendor.test/x")), httpx.MockTransport(raising))
    with pytest.raises(Unreachable):
        run(ask(get("http://vendor.test/x")), httpx.MockTransport(raising))


@pytest.mark.parametrize(("request_of", "kind"), [(post, OutcomeUnknown), (get, Unreachable)])
def test_a_silent_peer_is_given_up_after_the_time_limit(
    run: Runner, request_of: Callable[[str, float], HttpRequest], kind: type[OutsideError]
) -> None:
    """A request that arrived and is not answered within its limit may have happened."""
    arrived = threading.Event()
    over = threading.Event()

    def handler(call: BaseHTTPRequestHandler) -> None:
        arrived.set()
        over.wait(10)

    with server(handler) as base:
        try:
            with pytest.raises(kind) as caught:
                run(ask(request_of(f"{base}/slow", 0.3)))
        finally:
            over.set()

    assert arrived.is_set()
    assert type(caught.value) is kind


@pytest.mark.parametrize(("request_of", "kind"), [(post, OutcomeUnknown), (get, Unreachable)])
def test_a_trickling_answer_is_given_up_too(
    run: Runner, request_of: Callable[[str, float], HttpRequest], kind: type[OutsideError]
) -> None:
    """Bytes that keep coming do not prolong the exchange for ever."""
    stop = threading.Event()

    def handler(call: BaseHTTPRequestHandler) -> None:
        call.send_response(200)
        call.send_header("content-length", "100000")
        call.end_headers()
        while not stop.wait(0.02):
            call.wfile.write(b" ")

    with server(handler) as base:
        try:
            with pytest.raises(kind) as caught:
                run(ask(request_of(f"{base}/drip", 0.3)))
        finally:
            stop.set()

    assert caught.value.facts["fault"] == "TimeoutError"


def test_a_connection_lost_after_sending_leaves_the_outcome_unknown(run: Runner) -> None:
    """The peer hangs up without a word, or in the middle of its answer."""

    def silent(call: BaseHTTPRequestHandler) -> None:
        call.close_connection = True

    def halved(call: BaseHTTPRequestHandler) -> None:
        call.send_response(200)
        call.send_header("content-length", "10")
        call.end_headers()
        call.wfile.write(b"half")
        call.close_connection = True

    for handler in (silent, halved):
        with server(handler) as base:
            with pytest.raises(OutcomeUnknown):
                run(ask(post(f"{base}/x")))
            with pytest.raises(Unreachable):
                run(ask(get(f"{base}/x")))


def test_a_fault_is_thrown_into_the_flow_which_may_go_on(run: Runner) -> None:
    """The flow decides: one that handles the fault continues with other requests."""

    def flow(base: str) -> HttpFlow[str]:
        try:
            yield post(f"{refused_port()}/gone")
        except Unreachable:
            answered = yield get(f"{base}/other")
            return f"then {answered.status}"
        return "no fault"

    with server(answer) as base:
        assert run(flow(base)) == "then 200"


def test_the_flow_is_closed_whatever_happens(run: Runner) -> None:
    """``finally`` in a flow runs at once after a result, an error of its own, and an error that nobody foresaw."""
    closed: list[str] = []

    def flow(name: str, base: str, then: BaseException | None) -> HttpFlow[str]:
        try:
            yield get(base)
            if then:
                raise then
            return name
        finally:
            closed.append(name)

    with server(answer) as base:
        assert run(flow("result", base, None)) == "result"
        with pytest.raises(KeyError):
            run(flow("own", base, KeyError("own")))
        with pytest.raises(ConfigurationError):
            run(flow("url", "vendor.test/without-scheme", None))

    assert closed == ["result", "own", "url"]


def test_a_stop_iteration_inside_a_flow_is_no_result(run: Runner) -> None:
    """A flow's own stray ``StopIteration`` comes out as an error, never as "returned None"."""

    def flow(base: str) -> HttpFlow[None]:
        yield get(base)
        next(iter(()))

    with server(answer) as base, pytest.raises(RuntimeError, match="StopIteration"):
        run(flow(base))


@pytest.mark.parametrize("url", ["api.vendor.test/v1", "ftp://vendor.test/v1", "http://vendor.test:port/v1", "http://"])
def test_a_url_that_is_none_is_wrong_wiring(run: Runner, url: str) -> None:
    """A base URL without scheme stands outside the error tree, so that no relay retries it."""
    with pytest.raises(ConfigurationError, match="base URL"):
        run(ask(get(f"{url}?secret=1")))


def test_redirects_are_not_followed(run: Runner) -> None:
    """A redirect is an answer like another: the credentials stay with whom they were meant for."""
    paths: list[str] = []

    def handler(call: BaseHTTPRequestHandler) -> None:
        paths.append(call.path)
        answer(call, 302, b"", {"location": "/elsewhere"})

    with server(handler) as base:
        assert run(ask(get(f"{base}/here"))).status == 302

    assert paths == ["/here"]


def test_cookies_are_not_kept(run: Runner) -> None:
    """What a vendor sets for one account is not sent with another's request over the same pool."""
    cookies: list[str | None] = []

    def handler(call: BaseHTTPRequestHandler) -> None:
        cookies.append(call.headers.get("cookie"))
        answer(call, 200, b"", {"set-cookie": "session=anna; Path=/"})

    def flow(base: str) -> HttpFlow[None]:
        yield get(base)
        yield get(base)

    with server(handler) as base:
        run(flow(base))

    assert cookies == [None, None]


def test_the_environments_proxies_are_not_trusted(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment does not come between us and a vendor."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, refused_port())

    with server(answer) as base:
        assert run(ask(get(base))).status == 200


def test_the_largest_body_is_taken_in_whole_and_a_byte_more_is_not(run: Runner) -> None:
    """A body of 5 MB arrives; a longer one is refused, for a create as an unknown outcome since it was answered."""
    size = LARGEST_BODY

    def handler(call: BaseHTTPRequestHandler) -> None:
        answer(call, 200, b" " * size)

    with server(handler) as base:
        assert len(run(ask(get(base))).body) == LARGEST_BODY
        size += 1
        with pytest.raises(Rejected) as caught:
            run(ask(get(f"{base}/?page=2")))
        with pytest.raises(OutcomeUnknown):
            run(ask(post(base)))

    assert caught.value.code == "answer_too_large"
    assert caught.value.facts == {"method": "GET", "url": f"{base}/", "largest": LARGEST_BODY}


def test_another_transport_is_bounded_alike(run: Runner) -> None:
    """A proxy's, or a company's own: whole bodies come in, and too large ones do not."""

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"x-path": request.url.path}, content=b" " * int(request.url.query))

    transport = httpx.MockTransport(answer)
    whole = run(ask(get("http://vendor.test/a?3")), transport)
    assert (whole.status, whole.headers["x-path"], whole.body) == (200, "/a", b"   ")
    with pytest.raises(Rejected, match="more than"):
        run(ask(get(f"http://vendor.test/a?{LARGEST_BODY + 1}")), transport)


def test_another_async_transport_gets_no_url_that_is_none() -> None:
    """It is wrong wiring before anything asks it."""
    with pytest.raises(ConfigurationError, match="base URL"):
        run_async(ask(get("vendor.test/a")), httpx.MockTransport(lambda _: httpx.Response(200)))


def test_neither_errors_nor_logs_show_headers_or_bodies(run: Runner, caplog: pytest.LogCaptureFixture) -> None:
    """With every logger at its loudest, the credentials and the text of a request appear nowhere."""
    caplog.set_level(logging.DEBUG)
    secret = {"authorization": "Basic c2VjcmV0", "content-type": "text/plain"}

    def flow(base: str) -> HttpFlow[None]:
        yield HttpRequest(method="POST", url=base, headers=secret, body=b"private text")
        yield HttpRequest(method="POST", url=f"{refused_port()}/", headers=secret, body=b"private text")

    with server(answer) as base, pytest.raises(Unreachable) as caught:
        run(flow(base))

    told = caplog.text + str(caught.value) + repr(caught.value.facts) + repr(caught.value.__cause__)
    assert "HTTP Request: POST" in told
    assert "c2VjcmV0" not in told
    assert "private text" not in told


def test_a_cancelled_async_call_closes_its_flow() -> None:
    """Whoever gives up on an awaited flow leaves nothing open behind."""
    closed: list[bool] = []
    over = threading.Event()
    arrived = threading.Event()

    def handler(call: BaseHTTPRequestHandler) -> None:
        arrived.set()
        over.wait(10)

    def flow(base: str) -> HttpFlow[None]:
        try:
            yield get(base)
        finally:
            closed.append(True)

    async def go(base: str) -> None:
        async with AsyncHttpDriver() as driver:
            task = asyncio.create_task(driver.run(flow(base)))
            await asyncio.to_thread(arrived.wait, 10)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    with server(handler) as base:
        try:
            asyncio.run(go(base))
        finally:
            over.set()

    assert closed == [True]
    gc.collect()


def test_importing_the_driver_does_not_import_httpx() -> None:
    """The library is loaded when a driver is made, so that importing stays cheap."""
    code = "import sys, servicekit.runtime.http; print('httpx' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "False"
