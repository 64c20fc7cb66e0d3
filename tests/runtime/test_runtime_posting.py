"""Posts over real sockets: to the very address that was looked at, under the name; once, bounded, with nothing followed."""

from __future__ import annotations

import logging
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from receivers import Receiver, receiving
from servicekit.errors import OutcomeUnknown, OutsideError, Unreachable
from servicekit.ports.http import HttpRequest
from servicekit.push import Reach
from servicekit.runtime.posting import MOST, SafePoster, resolved

LOCAL = Reach.of(["127.0.0.0/8"])
EVERYWHERE = Reach.of(private=True)


def a_post(url: str, body: bytes = b"id=1", timeout: float = 20.0) -> HttpRequest:
    """Something to post."""
    return HttpRequest(method="POST", url=url, headers={"webhook-id": "psh_1"}, body=body, timeout=timeout)


def at(*addresses: str) -> Callable[[str, int], Sequence[str]]:
    """A resolver that says so."""
    return lambda _host, _port: addresses


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """On 127.0.0.1."""
    with receiving() as made:
        yield made


def port_of(receiver: Receiver) -> str:
    """Its port."""
    return receiver.url.rsplit(":", 1)[1].partition("/")[0]


@contextmanager
def talking(answer: Callable[[socket.socket], None], tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server that says to one caller what it is told to; its port."""
    with socket.create_server(("127.0.0.1", 0)) as server, ExitStack() as stack:

        def once() -> None:
            try:
                caller, _ = server.accept()
                if tls is not None:
                    caller = tls.wrap_socket(caller, server_side=True)
                with caller:
                    heard = b""
                    while not heard.endswith(b"id=1"):  # all of it: what is left unread would cut off the answer
                        heard += caller.recv(65_536)
                    answer(caller)
            except OSError:
                pass  # it went away

        thread = threading.Thread(target=once)
        thread.start()
        stack.callback(thread.join)
        stack.callback(lambda: _knock(server.getsockname()))
        yield server.getsockname()[1]


def _knock(address: tuple[str, int]) -> None:
    """So that nobody waits for a caller any more."""
    with suppress(OSError):
        socket.create_connection(address, timeout=1).close()


# What is sent


def test_a_post_arrives_as_it_was_made(receiver: Receiver) -> None:
    """Its headers, its body and the name in Host; the answer has lower-case headers."""
    receiver.answers.append((202, {"Retry-After": "7"}))
    url = f"http://push.example:{port_of(receiver)}/texts?a=b"
    answer = SafePoster(LOCAL, resolve=at("127.0.0.1")).post(a_post(url, "På väg".encode()))

    (call,) = receiver.calls
    assert (answer.status, answer.headers["retry-after"], answer.body) == (202, "7", b"")
    assert (call.path, call.body.decode()) == ("/texts?a=b", "På väg")
    assert call.headers["host"] == f"push.example:{port_of(receiver)}"
    assert (call.headers["webhook-id"], call.headers["user-agent"]) == ("psh_1", "servicekit")


def test_the_log_has_neither_path_nor_query(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    """A key may stand in them; it is not logged at any level, and stands in no error either."""
    caplog.set_level(logging.DEBUG)
    SafePoster(LOCAL).post(a_post(f"{receiver.url}?key=hidden"))
    with pytest.raises(OutsideError) as caught:
        SafePoster(Reach()).post(a_post(f"{receiver.url}?key=hidden"))

    assert "HTTP Request: POST http://127.0.0.1" in caplog.text
    assert "hidden" not in caplog.text
    assert "hidden" not in f"{caught.value} {caught.value.facts}"


def test_neither_proxy_nor_netrc_is_taken_from_the_environment(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """They would lead around the look at the address, or add credentials."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    assert SafePoster(LOCAL).post(a_post(receiver.url)).status == 204
    assert "authorization" not in receiver.calls[0].headers


# Where it goes


@pytest.mark.spec("M-33")
@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "169.254.169.254", "10.0.0.1", "64:ff9b::7f00:1"]
)
def test_a_name_that_leads_to_ourselves_is_not_followed(receiver: Receiver, address: str) -> None:
    """SSRF by DNS, also by a mapped or translated address: nothing is connected to, and the receiver there hears nothing."""
    url = f"https://push.example:{port_of(receiver)}/"
    with pytest.raises(Unreachable, match="no address that pushes may go to") as caught:
        SafePoster(Reach(), resolve=at(address)).post(a_post(url))

    assert (caught.value.code, caught.value.facts["host"]) == ("refused_address", "push.example")
    assert not receiver.began.acquire(blocking=False)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "0x7f.1", "2130706433", "localhost", "0", "[::1]", "[::ffff:127.0.0.1]"]
)
def test_no_way_of_writing_it_leads_to_ourselves(receiver: Receiver, host: str) -> None:
    """With the operating system's own resolver, which knows many."""
    with pytest.raises(Unreachable):
        SafePoster(Reach()).post(a_post(f"https://{host}:{port_of(receiver)}/"))
    assert not receiver.began.acquire(blocking=False)


def test_no_second_resolution_comes_between(receiver: Receiver) -> None:
    """DNS rebinding: what was judged is what is connected to, though the name means something else by then."""
    asked: list[str] = []

    def rebinding(host: str, _: int) -> Sequence[str]:
        asked.append(host)
        return ("127.0.0.1",) if len(asked) > 1 else ("127.0.0.7",)

    poster = SafePoster(Reach.of(["127.0.0.7/32"]), resolve=rebinding)
    url = f"http://push.example:{port_of(receiver)}/"
    with pytest.raises(Unreachable, match="ConnectError"):  # nobody listens at the address that was judged
        poster.post(a_post(url))
    assert asked == ["push.example"]
    with pytest.raises(Unreachable, match="no address that pushes may go to"):
        poster.post(a_post(url))
    assert receiver.calls == []


def test_of_several_addresses_those_that_may_be_are_tried_in_turn(receiver: Receiver) -> None:
    """One that is refused is left out, one that nobody listens at is passed over."""
    with socket.create_server(("127.0.0.9", int(port_of(receiver)))) as silent:
        silent.close()
        poster = SafePoster(LOCAL, resolve=at("10.0.0.1", "127.0.0.9", "127.0.0.1"))
        assert poster.post(a_post(f"http://push.example:{port_of(receiver)}/")).status == 204


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_like_any_other(receiver: Receiver, status: int) -> None:
    """It is not followed: nobody has looked at where it leads."""
    with receiving() as inside:
        receiver.answers.append((status, {"location": inside.url}))
        assert SafePoster(LOCAL).post(a_post(receiver.url)).status == status
        assert inside.calls == []


# TLS


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate of push.example, in one file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make a certificate with")
    path = tmp_path_factory.mktemp("tls") / "push.pem"
    made = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    named = ["-subj", "/CN=push.example", "-addext", "subjectAltName=DNS:push.example"]
    subprocess.run([*made, *named, "-keyout", str(path), "-out", str(path) + ".crt"], check=True, capture_output=True)
    path.write_text(path.read_text() + Path(str(path) + ".crt").read_text())
    return path


def test_under_tls_the_name_stays_the_name(certificate: Path) -> None:
    """In SNI and in the certificate; another name at the same address is not believed, nor an unknown authority."""
    seen: list[str | None] = []
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate)
    serving.sni_callback = lambda _socket, name, _context: seen.append(name)
    trusting = ssl.create_default_context(cafile=str(certificate) + ".crt")
    answer = b"HTTP/1.1 204 No Content\r\n\r\n"

    with talking(lambda caller: caller.sendall(answer), serving) as port:
        poster = SafePoster(LOCAL, resolve=at("127.0.0.1"), tls=trusting)
        assert poster.post(a_post(f"https://push.example:{port}/")).status == 204
    assert seen == ["push.example"]
    for name, tls in (("other.example", trusting), ("push.example", None)):
        with talking(lambda caller: caller.sendall(answer), serving) as port:
            poster = SafePoster(LOCAL, resolve=at("127.0.0.1"), tls=tls)
            with pytest.raises(Unreachable, match="ConnectError"):
                poster.post(a_post(f"https://{name}:{port}/"))


# What comes back


def test_only_the_beginning_of_a_body_is_read() -> None:
    """However long it is said to be, and whatever it is encoded as; then the connection is closed."""

    def endless(caller: socket.socket) -> None:
        caller.sendall(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 99999999999\r\n\r\n")
        while True:
            caller.sendall(65_536 * b"x")

    with talking(endless) as port:
        answer = SafePoster(LOCAL).post(a_post(f"http://127.0.0.1:{port}/"))
    assert (answer.status, answer.body) == (200, MOST * b"x")


@pytest.mark.parametrize("said", [b"HTTP/1.1 200 OK\r\nx: ", b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n"])
def test_who_answers_byte_by_byte_is_cut_off(said: bytes) -> None:
    """In the head as in the body: the whole exchange ends in its time, and may have been taken."""

    def drip(caller: socket.socket) -> None:
        caller.sendall(said)
        while True:
            caller.sendall(b"x")
            time.sleep(0.02)

    with talking(drip) as port, pytest.raises(OutcomeUnknown, match="ReadTimeout"):
        SafePoster(LOCAL).post(a_post(f"http://127.0.0.1:{port}/", timeout=0.5))


def test_who_reads_nothing_is_cut_off() -> None:
    """Also while we still write."""
    with socket.create_server(("127.0.0.1", 0)) as deaf, pytest.raises(OutcomeUnknown, match="Timeout"):
        SafePoster(LOCAL).post(a_post(f"http://127.0.0.1:{deaf.getsockname()[1]}/", 50_000_000 * b"x", timeout=0.5))


@pytest.mark.parametrize(
    "said", [b"", b"HTTP/1.1 20", b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx"]
)
def test_half_an_answer_is_none(said: bytes) -> None:
    """It may have been taken, so the event goes out again."""
    with talking(lambda caller: caller.sendall(said)) as port, pytest.raises(OutcomeUnknown, match="may have taken it"):
        SafePoster(LOCAL).post(a_post(f"http://127.0.0.1:{port}/"))


def test_nobody_there_is_unreachable() -> None:
    """Nothing left this machine: no listener, no such name."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Unreachable, match="ConnectError"):
        SafePoster(LOCAL).post(a_post(f"http://127.0.0.1:{port}/"))

    def unknown(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, f"{host}:{port}")

    with pytest.raises(Unreachable, match="ConnectError"):
        SafePoster(EVERYWHERE, resolve=unknown).post(a_post("https://nobody.example/"))


def test_a_name_that_is_too_long_for_the_dns_is_unreachable() -> None:
    """The resolver refuses to encode it."""
    with pytest.raises(Unreachable, match="ConnectError"):
        SafePoster(EVERYWHERE).post(a_post(f"https://{64 * 'a'}.example/"))


def test_a_transport_stands_in_for_the_network() -> None:
    """As everywhere in a kit; nothing is resolved then."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(204)

    def never(host: str, port: int) -> Sequence[str]:
        raise AssertionError(f"{host}:{port} was resolved")

    poster = SafePoster(Reach(), resolve=never, transport=httpx.MockTransport(answer))
    assert poster.post(a_post("https://push.example/")).status == 204
    assert asked[0].content == b"id=1"


def test_a_name_is_resolved_by_the_operating_system() -> None:
    """Each address once."""
    assert resolved("127.0.0.1", 80) == ("127.0.0.1",)
    assert set(resolved("localhost", 80)) <= {"127.0.0.1", "::1"}
