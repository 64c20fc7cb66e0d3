"""Simulators on sockets and as an httpx transport."""

from __future__ import annotations

import asyncio
import socket
import threading
from urllib.parse import urlsplit

import httpx
import pytest
from sim_helpers import noon

from servicekit.ports.http import basic
from servicekit.testing.simulators import (
    ExivoSimulator,
    Fault,
    FortySixElksSimulator,
    Served,
    Simulator,
    ZoomSimulator,
    serve,
    transport,
)

INFO = f"/v1/{ExivoSimulator.site_id}/info"
LOGIN = (ExivoSimulator.api_key, ExivoSimulator.api_secret)


def get(url: str, timeout: httpx.Timeout | float = 30) -> httpx.Response:
    """GET with exivo's credentials, past any proxy."""
    with httpx.Client(auth=LOGIN, trust_env=False, timeout=timeout) as client:
        return client.get(url)


def test_each_simulator_answers_on_a_real_socket() -> None:
    """Three vendors at once, each at its own URL below 127.0.0.1, each on its documented paths."""
    elks, zoom = FortySixElksSimulator(), ZoomSimulator()
    with serve(elks) as one, serve(ExivoSimulator()) as two, serve(zoom) as three:
        text = {"from": "Salon", "to": "+41791234567", "message": "grüezi"}
        sent = httpx.post(one.url + "/a1/sms", data=text, auth=(elks.api_user, elks.api_password), trust_env=False)
        assert (sent.status_code, sent.json()["message"]) == (200, "grüezi")
        assert get(two.url + INFO).json()["id"] == ExivoSimulator.site_id
        grant = {"grant_type": "account_credentials", "account_id": zoom.account_id}
        client = (zoom.client_id, zoom.client_secret)
        token = httpx.post(three.url + "/oauth/token", data=grant, auth=client, trust_env=False)
        assert token.json()["expires_in"] == 3600
        assert len({one.url, two.url, three.url}) == 3


def test_an_answer_without_a_body_has_none_and_methods_pass() -> None:
    """204 carries no content length; PATCH, PUT and DELETE reach the simulator."""
    with serve(ExivoSimulator()) as server, httpx.Client(auth=LOGIN, trust_env=False) as client:
        door = next(iter(server.simulator.components))
        answer = client.post(f"{server.url}/v1/{ExivoSimulator.site_id}/component/{door}/unlock", json={})
        assert (answer.status_code, answer.content, answer.headers.get("content-length")) == (204, b"", None)
        for method in ("PATCH", "PUT", "DELETE"):
            assert client.request(method, server.url + INFO).status_code == 404


@pytest.fixture
def served() -> object:
    """A served exivo."""
    with serve(ExivoSimulator()) as server:
        yield server


@pytest.mark.parametrize("fault", [Fault.lost_answer(), Fault.no_answer()])
def test_a_lost_answer_closes_the_socket(served: Served[ExivoSimulator], fault: Fault) -> None:
    """Not a byte comes; the next request is well again."""
    served.simulator.inject(fault)
    with pytest.raises(httpx.RemoteProtocolError):
        get(served.url + INFO)
    assert get(served.url + INFO).status_code == 200


def test_a_refused_request_resets_the_socket(served: Served[ExivoSimulator]) -> None:
    """The connection breaks before anything is done."""
    served.simulator.inject(Fault.refused())
    with pytest.raises(httpx.ReadError):
        get(served.url + INFO)
    assert get(served.url + INFO).status_code == 200


def test_a_slow_answer_lets_an_impatient_client_go(served: Served[ExivoSimulator]) -> None:
    """The client's own limit strikes; leaving the block does not wait for the rest."""
    served.simulator.inject(Fault.slow(3600))
    with pytest.raises(httpx.ReadTimeout):
        get(served.url + INFO, timeout=httpx.Timeout(30, read=0.05))
    assert get(served.url + INFO).status_code == 200


def test_while_down_connections_are_refused(served: Served[ExivoSimulator]) -> None:
    """Within the block nobody listens; afterwards the same port answers again."""
    with served.down(), pytest.raises(httpx.ConnectError):
        get(served.url + INFO)
    assert get(served.url + INFO).status_code == 200


def test_down_can_be_told_over_http() -> None:
    """Once it is answered, connections are refused; ending the service does not wait for the time to pass."""
    with serve(ExivoSimulator()) as server:
        answer = httpx.post(server.url + "/_sim/down", json={"seconds": 3600}, trust_env=False)
        assert answer.json() == {"down": 3600}
        with pytest.raises(httpx.ConnectError):
            get(server.url + INFO)
    with serve(ExivoSimulator()) as server:
        httpx.post(server.url + "/_sim/down", json={"seconds": 0.01}, trust_env=False)
        retrying = httpx.HTTPTransport(retries=10)
        with httpx.Client(transport=retrying, auth=LOGIN) as client:
            assert client.get(server.url + INFO).status_code == 200
        assert httpx.get(server.url + "/_sim/down", trust_env=False).status_code == 404


def test_a_client_that_sends_nothing_is_let_go() -> None:
    """Closing waits for open connections, but not for ever."""
    with serve(ExivoSimulator()) as server:
        host, port = server.url.removeprefix("http://").split(":")
        connection = socket.create_connection((host, int(port)))
        connection.close()
        assert get(server.url + INFO).status_code == 200


def test_a_taken_port_is_an_error_and_leaves_nothing_behind() -> None:
    """The system's own error."""
    with serve(ExivoSimulator()) as server, pytest.raises(OSError, match="in use"):
        serve(ExivoSimulator(), port=int(server.url.rpartition(":")[2])).__enter__()


def test_a_simulator_that_does_not_open_is_not_served() -> None:
    """Its own error passes, and the port is free again."""

    class Broken(Simulator):
        name = "broken"
        origins = ()
        port = 0

        def opened(self) -> None:
            raise RuntimeError("no")

    with serve(ExivoSimulator()) as server:
        port = int(server.url.rpartition(":")[2])
    with pytest.raises(RuntimeError, match="no"):
        serve(Broken(), port).__enter__()
    with serve(ExivoSimulator(), port) as server:
        assert get(server.url + INFO).status_code == 200


def test_served_webhooks_go_out_by_themselves() -> None:
    """A report follows the text without being asked for."""
    reported = threading.Event()

    def post(request: object) -> None:
        reported.set()

    elks = FortySixElksSimulator(post=post)
    with serve(elks) as server:
        text = {"from": "Salon", "to": "+41791234567", "message": "hi", "whendelivered": "https://us.example/"}
        httpx.post(server.url + "/a1/sms", data=text, auth=(elks.api_user, elks.api_password), trust_env=False)
        assert reported.wait(30)


def test_the_transport_stands_in_for_the_vendors() -> None:
    """At the vendors' own addresses and at others given; elsewhere nobody is."""
    exivo, zoom = ExivoSimulator(clock=noon), ZoomSimulator()
    with httpx.Client(transport=transport(exivo, zoom, bases={"https://lock.test/": exivo}), auth=LOGIN) as client:
        for base in ("https://api.exivo.io", "https://lock.test"):
            assert client.get(base + INFO).json()["id"] == exivo.site_id
        assert client.post("https://zoom.us/oauth/token").status_code == 401
        assert client.get("https://api.zoom.us/v2/users").status_code == 400
        with pytest.raises(httpx.ConnectError, match=r"other\.example"):
            client.get("https://other.example/")


def test_the_transport_serves_async_clients() -> None:
    """The same transport, the other colour."""

    async def status() -> int:
        async with httpx.AsyncClient(transport=transport(ExivoSimulator()), auth=LOGIN) as client:
            return (await client.get("https://api.exivo.io" + INFO)).status_code

    assert asyncio.run(status()) == 200


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.lost_answer(), httpx.ReadTimeout),
        (Fault.no_answer(), httpx.ReadTimeout),
        (Fault.refused(), httpx.ConnectError),
        (Fault.slow(3600), httpx.ReadTimeout),
    ],
)
def test_the_transport_raises_httpx_s_errors(fault: Fault, error: type[Exception]) -> None:
    """Without waiting, as the client's limits would have it."""
    exivo = ExivoSimulator()
    exivo.inject(fault)
    with httpx.Client(transport=transport(exivo), auth=LOGIN, timeout=5) as client, pytest.raises(error):
        client.get("https://api.exivo.io" + INFO)


def test_a_client_without_a_limit_waits() -> None:
    """As long as it takes."""
    exivo = ExivoSimulator()
    exivo.inject(Fault.slow(0.01))
    with httpx.Client(transport=transport(exivo), auth=LOGIN, timeout=None) as client:  # noqa: S113 - the case in hand
        assert client.get("https://api.exivo.io" + INFO).status_code == 200


def test_half_a_request_is_none() -> None:
    """A client that dies while it speaks has asked for nothing: nothing is made of an empty body in its place."""
    elks = FortySixElksSimulator()
    with serve(elks) as served:
        place = urlsplit(served.url)
        with socket.create_connection((str(place.hostname), place.port or 80)) as client:
            client.sendall(b"POST /a1/sms HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\nfrom=Salon")
            client.shutdown(socket.SHUT_WR)
            assert client.recv(100) == b""
        assert not elks.exchanges


def test_what_a_client_that_is_gone_has_sent_is_done_once_it_has_settled() -> None:
    """So whoever asks afterwards is told all of it; also where it took its time."""
    carrier = FortySixElksSimulator()
    form = b"from=Salon&to=%2B46701740605&message=Hej"
    head = {**basic(carrier.api_user, carrier.api_password), "content-type": "application/x-www-form-urlencoded"}
    carrier.inject(*[Fault.slow(0.3, "POST", "/sms$")] * 5)
    with serve(carrier) as served:
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", int(served.url.rpartition(":")[2]))) as client:
                lines = [f"{name}: {value}" for name, value in {**head, "content-length": str(len(form))}.items()]
                client.sendall("\r\n".join(["POST /a1/sms HTTP/1.1", *lines, "", ""]).encode() + form)
        assert httpx.post(f"{served.url}/_sim/settle", trust_env=False).json() == {"settled": True}
        assert len(carrier.handset("+46701740605")) == 5
