"""Mail in over SMTP and LMTP, on real sockets: what is answered, and when."""

from __future__ import annotations

import contextlib
import logging
import smtplib
import socket
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from servicekit.adapters.mail.listener import Judge, Listener
from servicekit.errors import (
    ConfigurationError,
    Forbidden,
    MissingExtra,
    StorageBusy,
    StorageError,
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
    with listener, smtplib.SMTP("127.0.0.1", listener.port, timeout=5) as client:
        yield client


@contextlib.contextmanager
def _lmtp(listener: Listener) -> Iterator[smtplib.LMTP]:
    with listener:
        client = smtplib.LMTP("127.0.0.1", listener.port, timeout=5)
        client.ehlo()
        yield client
        client.quit()


def _listener(
    receive: Callable[[Envelope, bytes], object],
    *,
    judge: Judge | None = None,
    lmtp: bool = False,
    most_bytes: int = 10_000_000,
    most_recipients: int = 100,
) -> Listener:
    return Listener(
        receive, domain="SMS.example", judge=judge, lmtp=lmtp, most_bytes=most_bytes, most_recipients=most_recipients
    )


def test_a_mail_comes_with_its_envelope_and_its_bytes() -> None:
    """All recipients of the envelope in their order, also those that stand in no header; lines with dots unharmed."""
    box = Box()
    with _smtp(_listener(box)) as client:
        assert client.sendmail("anna@salon.example", [MARIA, JOHAN], RAW) == {}
    assert box.mails == [(Envelope("anna@salon.example", (MARIA, JOHAN)), RAW)]


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
        with smtplib.SMTP("127.0.0.1", port, timeout=5) as client:
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
        with socket.create_connection(("127.0.0.1", listener.port), timeout=5) as line:
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
    client = smtplib.SMTP("127.0.0.1", listener.port, timeout=5)
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
        (UnreadableMail("The mail is empty: send it again."), 554, b"5.6.0 The mail is empty: send it again."),
        (UnreadableInput("Vad då,\r\n250 ok\x00 åäö?"), 554, b"5.6.0 Vad da, 250 ok aao?"),
        (UnreadableMail("x" * 2000), 554, b"5.6.0 " + b"x" * 400),
        (Forbidden("Not a member."), 554, b"5.7.1 Not a member."),
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
    logged = [record for record in caplog.records if record.exc_info and record.exc_info[1] is failure]
    assert len(logged) == (1 if code == 451 else 0)


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

    def test_a_judge_refuses_one_without_hurting_the_others(self) -> None:
        """Its sentence goes to the sender on one line; the others get the mail."""
        box = Box()

        def judge(recipient: str) -> str | None:
            return None if recipient[0] in "0+" else "Inget\r\nnummer"

        with _smtp(_listener(box, judge=judge)) as client:
            refused = client.sendmail("anna@salon.example", [MARIA, "kalle@sms.example"], RAW)
        assert refused == {"kalle@sms.example": (550, b"5.1.1 Inget nummer")}
        assert box.mails[0][0].recipients == (MARIA,)

    def test_a_judge_that_fails_asks_to_come_again(self, caplog: pytest.LogCaptureFixture) -> None:
        """Nothing is known about the recipient; the reason is in our log, not in the answer."""

        def judge(recipient: str) -> str | None:
            raise StorageError(f"s3cret {recipient}")

        with _smtp(_listener(Box(), judge=judge)) as client:
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

    @pytest.mark.parametrize(
        ("failure", "code"), [(None, 250), (UnreadableMail("No."), 554), (StorageError("s3cret"), 451)]
    )
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

    def test_no_recipient_no_data(self) -> None:
        """DATA without a recipient gets one answer."""
        with _lmtp(_listener(Box(), lmtp=True)) as client:
            client.mail("anna@salon.example")
            assert client.docmd("DATA")[0] == 503
            assert client.noop()[0] == 250

    def test_says_what_it_can_and_answers_in_codes(self) -> None:
        """Pipelining and enhanced status codes, which section 5 demands; no code on the greeting and on LHLO."""
        with _listener(Box(), lmtp=True) as listener, socket.create_connection(("127.0.0.1", listener.port), 5) as line:
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
        with socket.create_connection(("127.0.0.1", listener.port), 5) as line:
            assert line.recv(100)
            listener.stop()
            assert line.recv(100) == b""

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
