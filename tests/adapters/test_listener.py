"""Mail in over SMTP and LMTP, on real sockets: what is answered, and when."""

from __future__ import annotations

import contextlib
import logging
import smtplib
import socket
import ssl
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from attrs import frozen

from servicekit.adapters.mail.listener import Judge, Listener, tls_of
from servicekit.errors import (
    ConfigurationError,
    Forbidden,
    Invalid,
    MissingExtra,
    StorageBusy,
    StorageError,
    Unreachable,
    UnreadableInput,
    UnreadableMail,
)
from servicekit.mail import Envelope

RAW = b"From: anna@salon.example\r\n\r\n.Hej\r\n"
MARIA, JOHAN = "0701740605@sms.example", "+46701740606@sms.example"


class Box:
    """Takes mail, or fails as it is told."""

    def __init__(self, failure: BaseException | None = None) -> None:
        self.mails: list[tuple[Envelope, bytes]] = []
        self.failure = failure

    def __call__(self, envelope: Envelope, raw: bytes) -> None:
        """Keep the mail, or raise."""
        if self.failure is not None:
            raise self.failure
        self.mails.append((envelope, raw))


@contextlib.contextmanager
def _smtp(listener: Listener) -> Iterator[smtplib.SMTP]:
    with listener, smtplib.SMTP("127.0.0.1", listener.port, timeout=60) as client:
        yield client


@contextlib.contextmanager
def _lmtp(listener: Listener) -> Iterator[smtplib.LMTP]:
    with listener:
        client = smtplib.LMTP("127.0.0.1", listener.port, timeout=60)
        client.ehlo()
        yield client
        client.quit()


def _listener(
    receive: Callable[[Envelope, bytes], object],
    *,
    judge: Judge | None = None,
    judge_waits: bool = True,
    lmtp: bool = False,
    most_bytes: int = 10_000_000,
    most_recipients: int = 100,
    xforward: bool = False,
) -> Listener:
    return Listener(
        receive,
        domain="SMS.example",
        judge=judge,
        judge_waits=judge_waits,
        lmtp=lmtp,
        most_bytes=most_bytes,
        most_recipients=most_recipients,
        xforward=xforward,
    )


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A certificate for localhost and its key, made for these tests."""
    folder = tmp_path_factory.mktemp("certificate")
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject]
    subprocess.run([*made, "-keyout", "key.pem", "-out", "cert.pem"], cwd=folder, check=True, capture_output=True)
    return str(folder / "cert.pem"), str(folder / "key.pem")


def test_a_mail_comes_with_its_envelope_and_its_bytes() -> None:
    """All recipients of the envelope in their order, also those that stand in no header; lines with dots unharmed."""
    box = Box()
    with _smtp(_listener(box)) as client:
        assert client.sendmail("anna@salon.example", [MARIA, JOHAN], RAW) == {}
    ((envelope, raw),) = box.mails
    assert (envelope.sender, envelope.recipients, raw) == ("anna@salon.example", (MARIA, JOHAN), RAW)
    assert (envelope.peer, envelope.helo) == ("127.0.0.1", client.local_hostname)


def test_bounces_have_an_empty_sender() -> None:
    """``MAIL FROM:<>`` is an empty string, as everywhere in the mail room."""
    box = Box()
    with _smtp(_listener(box)) as client:
        client.sendmail("", [MARIA], RAW)
    assert box.mails[0][0].sender == ""


def test_the_answer_comes_after_the_mail_is_stored() -> None:
    """No 250 while ``receive`` still works."""
    may_return = threading.Event()
    answers: list[int] = []

    def send(port: int) -> None:
        with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
            client.ehlo()
            client.mail("anna@salon.example")
            client.rcpt(MARIA)
            answers.append(client.data(RAW)[0])

    entered = threading.Event()

    def receive(_envelope: Envelope, _raw: bytes) -> None:
        entered.set()
        assert may_return.wait(5)

    with _listener(receive) as listener:
        sender = threading.Thread(target=send, args=(listener.port,))
        sender.start()
        assert entered.wait(5)
        assert answers == []
        may_return.set()
        sender.join()
    assert answers == [250]


def test_a_sender_who_hangs_up_changes_nothing() -> None:
    """The mail that was handed over is stored all the same; when it comes again, it is known by its id."""
    entered, may_return = threading.Event(), threading.Event()
    stored: list[bytes] = []

    def receive(_envelope: Envelope, raw: bytes) -> None:
        entered.set()
        assert may_return.wait(5)
        stored.append(raw)

    with _listener(receive) as listener:
        with socket.create_connection(("127.0.0.1", listener.port), timeout=60) as line:
            line.recv(100)
            line.sendall(
                b"EHLO a\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<" + MARIA.encode() + b">\r\nDATA\r\nHej\r\n.\r\n"
            )
            assert entered.wait(5)
        may_return.set()
    assert stored == [b"Hej\r\n"]


def test_stopping_answers_the_mail_in_hand() -> None:
    """A mail whose storing has begun gets its answer before the line is closed."""
    entered = threading.Event()
    stopping = threading.Event()

    def receive(_envelope: Envelope, _raw: bytes) -> None:
        entered.set()
        assert stopping.wait(5)

    listener = _listener(receive)
    listener.start()
    client = smtplib.SMTP("127.0.0.1", listener.port, timeout=60)
    client.ehlo()
    client.mail("anna@salon.example")
    client.rcpt(MARIA)
    client.putcmd("DATA")
    assert client.getreply()[0] == 354
    client.send(RAW + b".\r\n")
    assert entered.wait(5)
    stopper = threading.Thread(target=listener.stop)
    stopper.start()
    stopping.set()
    assert client.getreply()[0] == 250
    client.close()
    stopper.join()


@pytest.mark.parametrize(
    ("failure", "code", "words"),
    [
        (Forbidden("Not a member."), 554, b"5.7.1 Not a member."),
        (Invalid("Vad då,\r\n250 ok\x00 åäö?"), 554, b"5.7.1 Vad da, 250 ok aao?"),
        (Invalid("x" * 2000), 554, b"5.7.1 " + b"x" * 400),
        (Unreachable("s3cret"), 451, b"4.7.0 The sender cannot be verified now: send it again later"),
        (
            StorageError("password=s3cret"),
            451,
            b"4.3.0 Something went wrong here, the mail was not taken: send it again later",
        ),
        (StorageBusy("busy"), 451, b"4.3.0 Something went wrong here, the mail was not taken: send it again later"),
        (RuntimeError("s3cret"), 451, b"4.3.0 Something went wrong here, the mail was not taken: send it again later"),
    ],
)
def test_failures_say_whether_to_come_again(
    failure: Exception, code: int, words: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """What can never be taken is refused with its reason on one line; our own trouble is not told, and the mail is kept there."""
    caplog.set_level(logging.WARNING, "servicekit")
    with _smtp(_listener(Box(failure))) as client:
        with pytest.raises(smtplib.SMTPDataError) as refused:
            client.sendmail("anna@salon.example", [MARIA], RAW)
        assert client.noop()[0] == 250
    assert (refused.value.smtp_code, refused.value.smtp_error) == (code, words)
    logged = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(logged) == (1 if code == 451 else 0)


@pytest.mark.parametrize("failure", [UnreadableMail("No sender."), UnreadableInput("Vad?")])
def test_what_proves_no_sender_is_dropped_without_an_answer(
    failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """The server in front would bounce a refusal to whoever the mail claims to be from; our log has the reason."""
    caplog.set_level(logging.WARNING, "servicekit")
    with _smtp(_listener(Box(failure))) as client:
        client.ehlo()
        client.mail("anna@salon.example")
        client.rcpt(MARIA)
        assert client.data(RAW) == (250, b"2.0.0 OK: dropped")
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert str(failure) in caplog.text


@frozen
class Taken:
    """What a kit says of a mail."""

    ignored: str = ""
    refusals: Mapping[str, str] = {}


def test_what_was_ignored_is_dropped_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Taken, since nobody who can be believed has sent it."""
    caplog.set_level(logging.INFO, "servicekit")
    with _smtp(_listener(lambda _envelope, _raw: Taken(ignored="nothing proves it"))) as client:
        client.ehlo()
        client.mail("anna@salon.example")
        client.rcpt(MARIA)
        assert client.data(RAW) == (250, b"2.0.0 OK: dropped")
    assert "nothing proves it" in caplog.text


class TestWhoSent:
    """Whom the mail came from before it came here."""

    def test_the_server_in_front_says_it(self) -> None:
        """In XFORWARD's words, for one mail; what it does not know is empty. Without a word nobody is known."""
        box = Box()
        with _smtp(_listener(box, xforward=True)) as client:
            client.ehlo()
            assert client.has_extn("xforward")
            assert client.docmd("XFORWARD", "NAME=[UNAVAILABLE] ADDR=192.0.2.7")[0] == 250
            assert client.docmd("XFORWARD", "HELO=mx+2Eelse.example PROTO=ESMTP")[0] == 250
            client.sendmail("anna@salon.example", [MARIA], RAW)
            client.docmd("XFORWARD", "ADDR=IPV6:2001:db8::7 HELO=[UNAVAILABLE]")
            client.sendmail("anna@salon.example", [MARIA], RAW)
            client.sendmail("anna@salon.example", [MARIA], RAW)
        said = [(envelope.peer, envelope.helo) for envelope, _ in box.mails]
        assert said == [("192.0.2.7", "mx.else.example"), ("2001:db8::7", ""), ("", "")]

    def test_a_reset_forgets_it(self) -> None:
        """What was said of one mail is not said of the next."""
        box = Box()
        with _smtp(_listener(box, xforward=True)) as client:
            client.ehlo()
            client.docmd("XFORWARD", "ADDR=192.0.2.7")
            client.rset()
            client.sendmail("anna@salon.example", [MARIA], RAW)
        assert box.mails[0][0].peer == ""

    def test_nobody_is_believed_unasked(self) -> None:
        """It is neither offered nor taken, and the envelope has the peer that is connected."""
        box = Box()
        with _smtp(_listener(box)) as client:
            client.ehlo()
            assert not client.has_extn("xforward")
            assert client.docmd("XFORWARD", "ADDR=192.0.2.7")[0] == 502
            client.sendmail("anna@salon.example", [MARIA], RAW)
        assert box.mails[0][0].peer == "127.0.0.1"

    @pytest.mark.parametrize(
        "words", ["", "ADDR", "ADDR=", "COLOUR=red", "ADDR=192.0.2.7 RED", "ADDR=+00", "HELO=a+0Ab"]
    )
    def test_bad_words_are_refused(self, words: str) -> None:
        """And nothing of them is kept."""
        box = Box()
        with _smtp(_listener(box, xforward=True)) as client:
            client.ehlo()
            assert client.docmd("XFORWARD", words)[0] == 501
            client.sendmail("anna@salon.example", [MARIA], RAW)
        assert box.mails[0][0].peer == ""

    def test_not_in_the_middle_of_a_mail(self) -> None:
        """It is said before."""
        with _smtp(_listener(Box(), xforward=True)) as client:
            client.ehlo()
            client.mail("anna@salon.example")
            assert client.docmd("XFORWARD", "ADDR=192.0.2.7")[0] == 503


class TestRecipients:
    """Judged when they are named."""

    def test_other_domains_are_refused(self) -> None:
        """This is no relay: neither for subdomains nor for what only ends alike, nor for nobody's domain."""
        with _smtp(_listener(Box())) as client:
            client.ehlo()
            client.mail("anna@salon.example")
            for other in ("maria@home.example", "1@evilsms.example", "1@a.sms.example", "postmaster"):
                code, words = client.rcpt(other)
                assert (code, words[:6]) == (550, b"5.7.1 ")
            assert client.rcpt("0701740605@Sms.Example")[0] == 250

    @pytest.mark.parametrize("waits", [True, False])
    def test_a_judge_refuses_one_without_hurting_the_others(self, waits: bool) -> None:
        """Its sentence goes to the sender on one line; the others get the mail."""
        box = Box()

        def judge(recipient: str) -> str | None:
            return None if recipient[0] in "0+" else "Inget\r\nnummer"

        with _smtp(_listener(box, judge=judge, judge_waits=waits)) as client:
            refused = client.sendmail("anna@salon.example", [MARIA, "kalle@sms.example"], RAW)
        assert refused == {"kalle@sms.example": (550, b"5.1.1 Inget nummer")}
        assert box.mails[0][0].recipients == (MARIA,)

    def test_a_judge_that_waits_keeps_nobody_else(self) -> None:
        """It is asked in a thread of its own; one that only computes is asked at once, where the lines are read."""
        threads: list[str] = []

        def judge(_: str) -> None:
            threads.append(threading.current_thread().name)

        for waits in (True, False):
            with _smtp(_listener(Box(), judge=judge, judge_waits=waits)) as client:
                client.sendmail("anna@salon.example", [MARIA], RAW)
        assert threads[0].startswith("servicekit-judge_")
        assert threads[1].startswith("servicekit-mail-127.0.0.1")

    @pytest.mark.parametrize("waits", [True, False])
    def test_a_judge_that_fails_asks_to_come_again(self, waits: bool, caplog: pytest.LogCaptureFixture) -> None:
        """Nothing is known about the recipient; the reason is in our log, not in the answer."""

        def judge(recipient: str) -> str | None:
            raise StorageError(f"s3cret {recipient}")

        with _smtp(_listener(Box(), judge=judge, judge_waits=waits)) as client:
            client.ehlo()
            client.mail("anna@salon.example")
            code, words = client.rcpt(MARIA)
        assert code == 451
        assert b"s3cret" not in words
        assert "s3cret" in caplog.text

    def test_too_many_are_asked_to_come_in_another_mail(self) -> None:
        """The bound is exact, and the answer is one that servers know (RFC 5321, 4.5.3.1.10)."""
        with _smtp(_listener(Box(), most_recipients=2)) as client:
            client.ehlo()
            client.mail("anna@salon.example")
            codes = [client.rcpt(f"{number}@sms.example")[0] for number in range(3)]
        assert codes == [250, 250, 452]


class TestSizes:
    """Bounds of what comes in."""

    def test_a_mail_over_the_bound_is_refused(self) -> None:
        """At once where its size was told, after it where not; the bound is told to the client."""
        box = Box()
        with _smtp(_listener(box, most_bytes=100)) as client:
            client.ehlo()
            assert client.esmtp_features["size"] == "100"
            assert client.docmd("MAIL", "FROM:<anna@salon.example> SIZE=101")[0] == 552
            client.mail("anna@salon.example")
            client.rcpt(MARIA)
            assert client.data(b"x" * 97 + b"\r\n\r\n")[0] == 552
            client.mail("anna@salon.example")
            client.rcpt(MARIA)
            assert client.data(b"x" * 98 + b"\r\n")[0] == 250
        assert len(box.mails) == 1

    def test_long_lines_are_taken(self) -> None:
        """Programs that send alarms write a paragraph on one line."""
        box = Box()
        with _smtp(_listener(box)) as client:
            client.sendmail("anna@salon.example", [MARIA], b"x" * 50_000 + b"\r\n")
        assert len(box.mails[0][1]) == 50_002


class TestLmtp:
    """LMTP, RFC 2033."""

    @pytest.mark.parametrize(("failure", "code"), [(None, 250), (Invalid("No."), 554), (StorageError("s3cret"), 451)])
    def test_every_recipient_that_was_taken_gets_an_answer(self, failure: Exception | None, code: int) -> None:
        """One for each after the data, none for those refused before; then the conversation goes on in step."""
        box = Box(failure)
        with _lmtp(_listener(box, lmtp=True)) as client:
            for _ in range(2):
                client.mail("anna@salon.example")
                assert [client.rcpt(one)[0] for one in (MARIA, "x@else.example", JOHAN)] == [250, 550, 250]
                assert [client.data(RAW)[0], client.getreply()[0]] == [code, code]
                assert client.noop()[0] == 250
        assert [envelope.recipients for envelope, _ in box.mails] == [(MARIA, JOHAN)] * (0 if failure else 2)

    def test_also_for_a_mail_that_is_too_large(self) -> None:
        """The library answers this one by itself; each recipient still gets an answer, and the next mail its own."""
        with _lmtp(_listener(Box(), lmtp=True, most_bytes=10)) as client:
            client.mail("anna@salon.example")
            client.rcpt(MARIA)
            client.rcpt(JOHAN)
            assert [client.data(b"x" * 20)[0], client.getreply()[0]] == [552, 552]
            client.mail("anna@salon.example")
            client.rcpt(MARIA)
            assert client.data(b"x")[0] == 250
            assert client.noop()[0] == 250

    def test_recipients_that_get_nothing_are_told_apart(self) -> None:
        """Each has its own answer, in the order in which they were named; the next mail starts afresh."""
        refusals = {JOHAN: "Inget\r\nnummer"}
        with _lmtp(_listener(lambda _envelope, _raw: Taken(refusals=refusals), lmtp=True)) as client:
            client.mail("anna@salon.example")
            client.rcpt(MARIA)
            client.rcpt(JOHAN)
            assert [client.data(RAW), client.getreply()] == [
                (250, b"2.0.0 OK: stored"),
                (550, b"5.1.1 Inget nummer"),
            ]
            client.mail("anna@salon.example")
            client.rcpt(MARIA)
            assert client.data(RAW)[0] == 250
            assert client.noop()[0] == 250

    def test_over_smtp_there_is_one_answer(self) -> None:
        """Those who get their text count."""
        with _smtp(_listener(lambda _envelope, _raw: Taken(refusals={JOHAN: "No."}))) as client:
            client.sendmail("anna@salon.example", [MARIA, JOHAN], RAW)
            assert client.noop()[0] == 250

    def test_no_recipient_no_data(self) -> None:
        """DATA without a recipient gets one answer."""
        with _lmtp(_listener(Box(), lmtp=True)) as client:
            client.mail("anna@salon.example")
            assert client.docmd("DATA")[0] == 503
            assert client.noop()[0] == 250

    def test_says_what_it_can_and_answers_in_codes(self) -> None:
        """Pipelining and enhanced status codes, which section 5 demands; no code on the greeting and on LHLO."""
        with (
            _listener(Box(), lmtp=True) as listener,
            socket.create_connection(("127.0.0.1", listener.port), 60) as line,
        ):
            stream = line.makefile("rwb")
            assert stream.readline() == b"220 SMS.example servicekit\r\n"
            stream.write(b"LHLO a\r\nNOOP\r\nHELO a\r\nNONSENSE\r\nQUIT\r\n")
            stream.flush()
            said = stream.read().split(b"\r\n")
            stream.close()
        assert {b"250-PIPELINING", b"250-ENHANCEDSTATUSCODES", b"250-8BITMIME", b"250-SIZE 10000000"} <= set(said)
        assert said[said.index(b"250 HELP") + 1 :] == [
            b"250 2.0.0 OK",
            b'500 5.0.0 Error: command "HELO" not recognized',
            b'500 5.0.0 Error: command "NONSENSE" not recognized',
            b"221 2.0.0 Bye",
            b"",
        ]

    def test_smtp_promises_no_codes(self) -> None:
        """Over SMTP the library's own answers have none."""
        with _smtp(_listener(Box())) as client:
            client.ehlo()
            assert client.has_extn("pipelining")
            assert not client.has_extn("enhancedstatuscodes")


class TestStartAndStop:
    """The listener itself."""

    def test_starts_again_on_the_same_port(self) -> None:
        """It keeps the port that it found; stopping twice, or before starting, does nothing."""
        listener = _listener(Box())
        listener.stop()
        with listener:
            port = listener.port
            assert port
        listener.stop()
        with _smtp(listener) as client:
            assert listener.port == port
            assert client.noop()[0] == 250

    def test_stops_while_clients_are_connected(self) -> None:
        """Their lines are closed."""
        listener = _listener(Box())
        listener.start()
        with socket.create_connection(("127.0.0.1", listener.port), 60) as line:
            assert line.recv(100)
            listener.stop()
            assert line.recv(100) == b""

    def test_a_unix_socket_takes_mail(self, tmp_path: Path) -> None:
        """For the owner and the group alone; it is gone after the end, and one that a crash left is replaced."""
        path, box = tmp_path / "gateway.sock", Box()
        for _ in range(2):
            with Listener(box, domain="sms.example", path=str(path), lmtp=True):
                assert stat.S_IMODE(path.stat().st_mode) == 0o660
                with smtplib.LMTP(str(path)) as client:
                    client.sendmail("anna@salon.example", [MARIA], RAW)
            assert not path.exists()
            with contextlib.closing(socket.socket(socket.AF_UNIX)) as dead:
                dead.bind(str(path))
        assert [envelope.peer for envelope, _ in box.mails] == ["", ""]

    def test_a_socket_in_use_is_left_alone(self, tmp_path: Path) -> None:
        """Another listener's mail would be lost."""
        path = str(tmp_path / "gateway.sock")
        with Listener(Box(), domain="sms.example", path=path):
            with pytest.raises(ConfigurationError, match="listens there already"):
                Listener(Box(), domain="sms.example", path=path).start()
            with smtplib.LMTP(path) as client:
                assert client.noop()[0] == 250

    def test_tls_is_demanded_where_there_is_a_certificate(self, certificate: tuple[str, str]) -> None:
        """No mail before STARTTLS, and after it as before."""
        box = Box()
        listener = Listener(box, domain="sms.example", tls=tls_of(*certificate))
        trusted = ssl.create_default_context(cafile=certificate[0])
        with _smtp(listener) as client:
            client.ehlo()
            assert client.mail("anna@salon.example")[0] == 530
            client._host = "localhost"  # type: ignore[attr-defined]  # what the certificate is for
            client.starttls(context=trusted)
            client.sendmail("anna@salon.example", [MARIA], RAW)
        assert len(box.mails) == 1

    def test_what_is_no_certificate_is_refused(self, tmp_path: Path) -> None:
        """With the files' names."""
        (tmp_path / "not.pem").write_text("Hej")
        for file in ("not.pem", "absent.pem"):
            with pytest.raises(ConfigurationError, match=file):
                tls_of(str(tmp_path / file), str(tmp_path / file))

    def test_is_started_once(self) -> None:
        """A second start would lose the first."""
        with _listener(Box()) as listener, pytest.raises(ConfigurationError):
            listener.start()

    def test_a_port_that_is_taken_is_said(self) -> None:
        """With the address in the message."""
        with _listener(Box()) as first:
            second = Listener(Box(), domain="sms.example", port=first.port)
            with pytest.raises(ConfigurationError, match=str(first.port)):
                second.start()

    def test_without_the_extra_the_pip_line_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is refused when it is made, not when the first mail comes."""
        for name in [one for one in sys.modules if one.startswith(("aiosmtpd", "servicekit.adapters.mail._wire"))]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.delattr("servicekit.adapters.mail._wire", raising=False)
        monkeypatch.setitem(sys.modules, "aiosmtpd", None)
        with pytest.raises(MissingExtra, match="gateway"):
            _listener(Box())
