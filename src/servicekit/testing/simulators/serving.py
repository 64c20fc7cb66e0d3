"""Simulators within reach: on a loopback socket (:func:`serve`) and as a transport for httpx (:func:`transport`).

Rules kept here: sockets bind to 127.0.0.1; each connection carries one request (``Connection: close``), so that a fault
spoils exactly the request it matched; everything started is stopped and joined when the block ends.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from servicekit.ports.http import HttpRequest, HttpResponse
from servicekit.testing.simulators.core import Simulator
from servicekit.testing.simulators.faults import FaultKind, NoResponse
from servicekit.testing.simulators.routing import json_answer

if TYPE_CHECKING:
    import httpx

__all__ = ["Served", "serve", "transport"]

S = TypeVar("S", bound=Simulator)

HOST = "127.0.0.1"
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 s: closing sends RST instead of FIN


class _Server(ThreadingHTTPServer):
    """One listener of a served simulator; closing it waits for the requests under way."""

    daemon_threads = False

    def __init__(self, port: int, served: Served[Any]) -> None:
        self.served = served
        self.reset: set[int] = set()  # file numbers of connections to be reset
        self.under_way = self.waiting = 0  # requests in hand, and those of them that wait for the others
        self.changed = threading.Condition()
        super().__init__((HOST, port), _Handler)

    def server_bind(self) -> None:
        # HTTPServer's own would look the host's name up, which can take seconds and serves nothing here.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = HOST, self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        with self.changed:
            self.under_way += 1
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self.changed:
                self.under_way -= 1
                self.changed.notify_all()

    def settle(self) -> None:
        """Wait until what came before is answered. Called by a request of its own: connections are taken in their order."""
        with self.changed:
            self.waiting += 1
            self.changed.notify_all()
            self.changed.wait_for(lambda: self.under_way <= self.waiting)
            self.waiting -= 1

    def shutdown_request(self, request: Any) -> None:
        if request.fileno() in self.reset:
            self.reset.discard(request.fileno())
            self.close_request(request)  # without the orderly FIN
        else:
            super().shutdown_request(request)


class _Handler(BaseHTTPRequestHandler):
    """Turns a socket's request into a value, and its answer into bytes."""

    protocol_version = "HTTP/1.1"
    timeout: ClassVar[float | None] = 5.0  # seconds for a client to send its request
    server_version, sys_version = "simulator", ""

    def answer(self) -> None:
        assert isinstance(self.server, _Server), "made by it"
        served = self.server.served
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:  # the client died while it spoke: half a request is none
            self.close_connection = True
            return
        request = HttpRequest(
            method=self.command,
            url=served.url + self.path,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
            timeout=float("inf"),  # unknown here: a client that gives up closes its end
        )
        try:
            self._write(served.answer(request))
        except NoResponse as fault:
            if fault.kind is FaultKind.REFUSED:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                self.server.reset.add(self.connection.fileno())
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - http.server asks for these names

    def _write(self, response: HttpResponse) -> None:
        # An answer that says its own time says it once.
        (self.send_response_only if "date" in response.headers else self.send_response)(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.status != 204:
            self.send_header("content-length", str(len(response.body)))
        self.send_header("connection", "close")
        try:
            self.end_headers()
            self.wfile.write(response.body)
        except ConnectionError:
            self.close_connection = True  # the client gave up first, as it may

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Keep quiet: exchanges are recorded by the simulator, without headers."""


class Served(Generic[S]):
    """A simulator on a loopback socket.

    Attributes:
        simulator: the simulator itself, for control within this process.
        url: ``http://127.0.0.1:port``; the vendor's paths follow, as in ``url + "/v1"``.
    """

    def __init__(self, simulator: S, port: int = 0) -> None:
        self.simulator = simulator
        self._server = _Server(port, self)
        self._port = self._server.server_port
        self.url = f"http://{HOST}:{self._port}"
        try:
            simulator.opened()
        except BaseException:
            self._server.server_close()
            raise
        self._start()
        self._pump = threading.Thread(target=simulator.pump_webhooks)
        self._pump.start()
        self._recovery: threading.Thread | None = None

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def answer(self, request: HttpRequest) -> HttpResponse:
        """The simulator's answer; ``/_sim/down`` and ``/_sim/settle`` are the socket's own.

        The latter is answered once whatever was sent before it is done, also for clients that are gone: what a process that was
        killed has sent happens after its end.
        """
        if request.url == f"{self.url}/_sim/settle" and request.method == "POST":
            self._server.settle()
            return json_answer(200, {"settled": True})
        if request.url == f"{self.url}/_sim/down" and request.method == "POST":
            seconds = HttpResponse(status=200, body=request.body).object().get("seconds", 1.0)
            self._close_listener()
            self._recovery = threading.Thread(target=self._recover, args=(float(seconds),))
            self._recovery.start()
            return json_answer(200, {"down": seconds})
        return self.simulator.handle(request)

    def _close_listener(self) -> None:
        self._server.shutdown()
        self._server.socket.close()

    def _recover(self, seconds: float) -> None:
        self.simulator.closing.wait(seconds)
        self._join()
        self._listen_again()

    def _listen_again(self) -> None:
        self._server = _Server(self._port, self)
        self._start()

    def _join(self) -> None:
        self._thread.join()
        self._server.server_close()

    @contextmanager
    def down(self) -> Iterator[None]:
        """Refuse connections within the block: nothing listens on the port."""
        self._close_listener()
        self._join()
        try:
            yield
        finally:
            self._listen_again()

    def close(self) -> None:
        """Stop listening and calling out; wait for what is under way. A slow fault is cut short."""
        self.simulator.closing.set()
        if self._recovery is not None:
            self._recovery.join()
        self._close_listener()
        self._join()
        self._pump.join()
        self.simulator.closed()
        self.simulator.closing.clear()


@contextmanager
def _serving(simulator: S, port: int) -> Iterator[Served[S]]:
    served = Served(simulator, port)
    try:
        yield served
    finally:
        served.close()


def serve(simulator: S, port: int = 0) -> AbstractContextManager[Served[S]]:
    """Serve a simulator on 127.0.0.1 for the length of a ``with`` block.

    Args:
        simulator: any HTTP simulator.
        port: 0 takes a free one.

    >>> from servicekit.testing.simulators import ExivoSimulator
    >>> with serve(ExivoSimulator()) as server:
    ...     server.url.startswith("http://127.0.0.1:")
    True
    """
    return _serving(simulator, port)


def transport(*simulators: Simulator, bases: Mapping[str, Simulator] | None = None) -> httpx.MockTransport:
    """Simulators as an httpx transport, for ``httpx.Client`` and ``httpx.AsyncClient`` alike: no socket is opened.

    Each simulator answers at the vendor's own origin (``https://api.exivo.io``); ``bases`` adds others. Faults become
    httpx's errors: ``ReadTimeout`` for a lost answer, ``ConnectError`` for a refused connection, also for an unknown host.
    A slow fault longer than the client's read time-out raises at once instead of waiting; a shorter one blocks.

    >>> import httpx
    >>> from servicekit.testing.simulators import ExivoSimulator
    >>> exivo = ExivoSimulator()
    >>> with httpx.Client(transport=transport(exivo), auth=(exivo.api_key, exivo.api_secret)) as client:
    ...     client.get(f"https://api.exivo.io/v1/{exivo.site_id}/info").json()["name"]
    'Salon Sonnenhof'
    """
    import httpx

    by_base = {origin: simulator for simulator in simulators for origin in simulator.origins}
    by_base.update({base.rstrip("/"): simulator for base, simulator in (bases or {}).items()})

    def answer(request: httpx.Request) -> httpx.Response:
        base = f"{request.url.scheme}://{request.url.netloc.decode()}"
        if base not in by_base:
            raise httpx.ConnectError(f"no simulator stands at {base}", request=request)
        limit = request.extensions.get("timeout", {}).get("read")
        value = HttpRequest(
            method=request.method,
            url=str(request.url),
            headers={name.lower(): text for name, text in request.headers.items()},
            body=request.content,
            timeout=float("inf") if limit is None else limit,
        )
        try:
            response = by_base[base].handle(value)
        except NoResponse as fault:
            kind = httpx.ConnectError if fault.kind is FaultKind.REFUSED else httpx.ReadTimeout
            raise kind(str(fault), request=request) from fault
        return httpx.Response(response.status, headers=dict(response.headers), content=response.body)

    return httpx.MockTransport(answer)
