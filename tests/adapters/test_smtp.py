"""Mail out over SMTP: against a real server, and against one that says or does what it is told at each command."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any, Self

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from servicekit.adapters.mail.listener import Listener
from servicekit.adapters.mail.smtp import Smtp
from servicekit.errors import (
    ConfigurationError,
    OutcomeUnknown,
    OutsideError,
    Rejected,
    Throttled,
    Unreachable,
    Unsupported,
)
from servicekit.mail import Envelope, OutgoingMail
from servicekit.ports.mail import Mailer, MailReceipt

MAIL = OutgoingMail(
    message_id="<1@sms.example>",
    envelope_from="+46701740605@sms.example",
    to=("anna@salon.example", "bo@salon.example"),
    raw=b"From: <+46701740605@sms.example>\r\n\r\nHej\r\n.punkt\r\n..\r\n",
)
REPLIES = {
    "connect": "220 mx.salon.example",
    "EHLO": "250 mx.salon.example",
    "MAIL": "250 OK",
    "RCPT": "250 OK",
    "DATA": "354 go",
    ".": "250 taken as 4711",
    "QUIT": "221 bye",
}
HANG_UP = ""


class Scripted:
    """A server on a real socket that gives the answers it is told, and keeps what it was told."""

    def __init__(self, **replies: str) -> None:
        self.replies = REPLIES | {
            {"dot": ".", "connect": "connect"}.get(key, key): value for key, value in replies.items()
        }
        self.heard: list[str] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(5)
        self._listening.close()

    def _serve(self) -> None:
        connection, _ = self._listening.accept()
        with connection, connection.makefile("rwb") as stream, contextlib.suppress(OSError):
            data, reply = False, self.replies["connect"]
            while reply:
                stream.write(reply.encode() + b"\r\n")
                stream.flush()
                line = stream.readline().decode().rstrip("\r\n")
                while data and line != ".":
                    self.heard.append(line)
                    line = stream.readline().decode().rstrip("\r\n")
                self.heard.append(line)
                word = line.partition(" ")[0].upper()
                reply = self.replies.get(line.upper(), self.replies.get(word, HANG_UP)) if line else HANG_UP
                data = word == "DATA" and reply.startswith("354")


def _send(server: Scripted, mail: OutgoingMail = MAIL) -> MailReceipt:
    with server:
        return Smtp("127.0.0.1", server.port, timeout=5.0, name="out").send(mail)


def _failure(**replies: str) -> OutsideError:
    with pytest.raises(OutsideError) as failed:
        _send(Scripted(**replies))
    assert failed.value.facts["vendor"] == "out"
    return failed.value


def test_a_real_server_gets_the_mail_as_it_is() -> None:
    """Envelope and bytes arrive unchanged, lines with dots too; the receipt has the message id and the server's words."""
    got: list[tuple[Envelope, bytes]] = []
    with Listener(lambda envelope, raw: got.append((envelope, raw)), domain="salon.example") as server:
        mailer: Mailer = Smtp("127.0.0.1", server.port)
        receipt = mailer.send(MAIL)
    assert [(came.sender, came.recipients, raw) for came, raw in got] == [(MAIL.envelope_from, MAIL.to, MAIL.raw)]
    assert receipt.vendor_id == "<1@sms.example>"
    assert receipt.evidence == {"reply": "250 2.0.0 OK: stored", "refused": {}}
    assert mailer.name == "smtp"


def test_mail_that_must_not_bounce_has_an_empty_sender() -> None:
    """The return path is empty on the wire."""
    server = Scripted()
    _send(server, OutgoingMail("<2@sms.example>", "", ("anna@salon.example",), b"\r\nHej"))
    assert "MAIL FROM:<>" in [line.upper() for line in server.heard]
    assert server.heard[server.heard.index("Hej") :][:3] == ["Hej", ".", "QUIT"]


@pytest.mark.parametrize("at", ["connect", "EHLO", "MAIL", "RCPT", "DATA", "dot"])
def test_an_answer_says_what_may_be_done(at: str) -> None:
    """4xx: later; 5xx: never, with the server's words in the facts; at whatever command."""
    later = _failure(**{at: "451 4.3.0 greylisted"} | ({"HELO": "451 4.3.0 greylisted"} if at == "EHLO" else {}))
    assert type(later) is Throttled
    assert later.until is None
    never = _failure(**{at: "550 5.7.1 no"} | ({"HELO": "550 5.7.1 no"} if at == "EHLO" else {}))
    assert type(never) is Rejected
    assert (never.facts["status"], never.facts["body"]) == (550, "550 5.7.1 no")


@pytest.mark.parametrize("at", ["connect", "EHLO", "MAIL", "RCPT", "DATA"])
def test_a_connection_lost_before_the_text_leaves_is_harmless(at: str) -> None:
    """Nothing was handed over, so it may be tried again."""
    assert type(_failure(**{at: HANG_UP})) is Unreachable


def test_a_connection_lost_after_the_text_left_leaves_it_open() -> None:
    """The server may have taken it: nobody may send it again blindly."""
    assert type(_failure(dot=HANG_UP)) is OutcomeUnknown


@pytest.mark.parametrize("reply", ["hello?", "354 more", "999 x"])
def test_an_answer_that_is_none(reply: str) -> None:
    """Before the text it is no mail server; after it nobody knows."""
    assert type(_failure(MAIL=reply)) is Unreachable
    assert type(_failure(dot=reply)) is OutcomeUnknown


def test_nobody_there() -> None:
    """A port that nobody listens on, and a name that is none."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Unreachable):
        Smtp("127.0.0.1", port).send(MAIL)
    with pytest.raises(Unreachable):
        Smtp("no-such-host.invalid", 25).send(MAIL)


def test_silence_counts_as_a_broken_connection() -> None:
    """A server that never greets is given up after the time-out."""
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Unreachable):
        Smtp("127.0.0.1", silent.getsockname()[1], timeout=0.2).send(MAIL)


def test_some_recipients_refused() -> None:
    """The mail is on its way to the others; the receipt keeps who did not get it, and why."""
    receipt = _send(Scripted(**{"RCPT TO:<BO@SALON.EXAMPLE>": "550 5.1.1 unknown"}))
    assert receipt.evidence["refused"] == {"bo@salon.example": "550 5.1.1 unknown"}
    assert receipt.evidence["reply"] == "250 taken as 4711"


def test_all_recipients_refused_some_of_them_for_now() -> None:
    """Nothing was handed over, and a second try may reach somebody."""
    assert type(_failure(RCPT="550 no", **{"RCPT TO:<BO@SALON.EXAMPLE>": "450 busy"})) is Throttled


def test_a_broken_line_after_the_answer_hides_nothing() -> None:
    """The mail was taken, whatever becomes of QUIT."""
    server = Scripted(QUIT=HANG_UP)
    assert _send(server).vendor_id == "<1@sms.example>"


# --- encryption and login


def _anonymous(protocol: int) -> ssl.SSLContext:
    """TLS without certificates (anonymous Diffie-Hellman): a test needs no key file for it."""
    context = ssl.SSLContext(protocol)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AECDH-AES256-SHA:@SECLEVEL=0")
    return context


class _Keeps:
    """A handler of aiosmtpd that keeps what it gets."""

    def __init__(self) -> None:
        self.mails: list[tuple[bool, Any]] = []

    async def handle_DATA(self, _server: SMTP, session: Any, _envelope: Any) -> str:  # noqa: N802  # aiosmtpd's name
        self.mails.append((session.ssl is not None, session.auth_data))
        return "250 OK"


@contextlib.contextmanager
def _serving(make: Callable[[asyncio.AbstractEventLoop], SMTP]) -> Iterator[int]:
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(lambda: make(loop), "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.run_until_complete(_end_all())
        loop.close()


async def _end_all() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.contextmanager
def _secure_server(keeps: _Keeps) -> Iterator[int]:
    def check(_server: SMTP, _session: Any, _envelope: Any, _mechanism: str, data: LoginPassword) -> AuthResult:
        return AuthResult(success=data.password == b"s3cret", auth_data=data.login, handled=False)

    context = _anonymous(ssl.PROTOCOL_TLS_SERVER)
    with _serving(
        lambda loop: SMTP(
            keeps,
            tls_context=context,
            require_starttls=True,
            auth_required=True,
            authenticator=check,
            loop=loop,
            hostname="mx",
        )
    ) as port:
        yield port


def _login(port: int, password: str, tls: ssl.SSLContext | None) -> Smtp:
    return Smtp("127.0.0.1", port, username="anna", password=password, starttls="required", tls=tls)


def test_encrypts_and_logs_in() -> None:
    """The server sees the login, and the mail, only on an encrypted line."""
    keeps = _Keeps()
    with _secure_server(keeps) as port:
        _login(port, "s3cret", _anonymous(ssl.PROTOCOL_TLS_CLIENT)).send(MAIL)
    assert keeps.mails == [(True, b"anna")]


def test_a_wrong_password_is_for_a_person_to_mend() -> None:
    """Rejected, with the server's words and without ours."""
    with _secure_server(_Keeps()) as port, pytest.raises(Rejected) as refused:
        _login(port, "wr0ng", _anonymous(ssl.PROTOCOL_TLS_CLIENT)).send(MAIL)
    assert refused.value.facts["status"] == 535
    assert "wr0ng" not in repr((refused.value, refused.value.facts))


def test_a_server_without_a_certificate_gets_nothing() -> None:
    """The system's trust is the default; the password does not leave."""
    keeps = _Keeps()
    with _secure_server(keeps) as port, pytest.raises(Unreachable):
        _login(port, "s3cret", None).send(MAIL)
    assert keeps.mails == []


def test_a_server_that_cannot_encrypt_gets_nothing() -> None:
    """It is no fault of the mail: the wiring is wrong, and nobody sends in the clear instead."""
    with Scripted() as server, pytest.raises(Unsupported):
        Smtp("127.0.0.1", server.port, starttls="required").send(MAIL)
    assert not any(line.lower().startswith(("auth", "mail")) for line in server.heard)


def test_a_server_that_refuses_to_encrypt() -> None:
    """It offers and then declines: later."""
    with Scripted(EHLO="250-mx\r\n250 STARTTLS", STARTTLS="454 not now") as server, pytest.raises(Throttled):
        Smtp("127.0.0.1", server.port, starttls="required").send(MAIL)


@pytest.mark.parametrize(
    "wiring",
    [
        {"username": "anna"},
        {"password": "s3cret"},
        {"username": "anna", "password": "s3cret"},
        {"username": "anna", "password": "hemligtå", "starttls": "required"},
    ],
)
def test_wiring_that_would_leak_or_fail_is_refused_at_once(wiring: dict[str, Any]) -> None:
    """Half a login, a login in the clear, a password that SMTP cannot carry; the message shows none of it."""
    with pytest.raises(ConfigurationError) as refused:
        Smtp("mail.salon.example", **wiring)
    assert wiring.get("password", "-no-") not in str(refused.value)


def test_the_password_stands_in_no_repr() -> None:
    """What is logged shows the way, not the key."""
    assert "s3cret" not in repr(_login(587, "s3cret", None))
