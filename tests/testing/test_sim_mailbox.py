"""The simulated mailboxes: SMTP, duplicates, faults."""

from __future__ import annotations

import smtplib
import socket
import sys
from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from sim_helpers import Caller, noon

from servicekit.errors import MissingExtra
from servicekit.testing.simulators import MailboxSimulator, serve

ANNA = "anna@example.org"


@pytest.fixture
def mailbox() -> Iterator[MailboxSimulator]:
    """A served mailbox."""
    with serve(MailboxSimulator(clock=noon)) as server:
        yield server.simulator


def mail(to: str = ANNA, message_id: str | None = "<1@salon.example>", **headers: str) -> EmailMessage:
    """A mail with one plain part."""
    message = EmailMessage()
    named = {"From": "salon@example.org", "To": to, "Subject": "Grüezi", "Message-ID": message_id, **headers}
    for name, value in named.items():
        if value is not None:
            message[name] = value
    message.set_content("See you at nine, or later.\n")
    return message


def send(mailbox: MailboxSimulator, message: EmailMessage, *, login: tuple[str, str] | None = None) -> None:
    """Send over SMTP."""
    with smtplib.SMTP("127.0.0.1", mailbox.smtp_port) as client:
        if login is not None:
            client.login(*login)
        client.send_message(message)


def test_a_mail_is_kept_for_each_recipient(mailbox: MailboxSimulator) -> None:
    """With its envelope, its headers and its text; addresses are compared without case."""
    send(mailbox, mail(to="Anna@Example.org, beat@example.org"))
    (kept,) = mailbox.mails(ANNA)
    assert (kept.mail_from, kept.rcpt_to, kept.text) == ("salon@example.org", ANNA, "See you at nine, or later.\n")
    assert kept.message["subject"] == "Grüezi"
    assert len(mailbox.mails()) == 2
    assert mailbox.mails("cora@example.org") == ()


def test_a_message_id_is_kept_once_and_counted(mailbox: MailboxSimulator) -> None:
    """The same mail again is a delivery, not a mail; without Message-ID every one is kept."""
    for _ in range(3):
        send(mailbox, mail())
    assert [one.deliveries for one in mailbox.mails(ANNA)] == [3]
    for _ in range(2):
        send(mailbox, mail(to="beat@example.org", message_id=None))
    assert [one.deliveries for one in mailbox.mails("beat@example.org")] == [1, 1]
    assert mailbox.state()["mailboxes"] == {
        ANNA: {"mails": 1, "deliveries": 3},
        "beat@example.org": {"mails": 2, "deliveries": 2},
    }


def test_a_mail_without_text_has_an_empty_one(mailbox: MailboxSimulator) -> None:
    """Only a picture, for instance."""
    message = EmailMessage()
    message["To"], message["From"] = ANNA, ANNA
    message.set_content(b"\x89PNG", maintype="image", subtype="png")
    send(mailbox, message)
    assert mailbox.mails(ANNA)[0].text == ""


def test_a_deferred_mail_is_not_kept(mailbox: MailboxSimulator) -> None:
    """451 as often as told, then it is taken."""
    mailbox.defer(2)
    for _ in range(2):
        with pytest.raises(smtplib.SMTPDataError) as caught:
            send(mailbox, mail())
        assert caught.value.smtp_code == 451
    assert mailbox.mails() == ()
    send(mailbox, mail())
    assert len(mailbox.mails()) == 1


def test_a_refused_address_has_no_mailbox(mailbox: MailboxSimulator) -> None:
    """550 for this recipient only, until it is accepted again."""
    mailbox.refuse("Anna@example.org")
    with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
        send(mailbox, mail())
    assert caught.value.recipients[ANNA][0] == 550
    send(mailbox, mail(to="beat@example.org"))
    mailbox.accept(ANNA)
    send(mailbox, mail())
    assert len(mailbox.mails()) == 2


def test_a_dropped_connection_leaves_the_mail_taken(mailbox: MailboxSimulator) -> None:
    """The sender can not know; a second try is the same mail."""
    mailbox.drop()
    with pytest.raises(smtplib.SMTPServerDisconnected):
        send(mailbox, mail())
    assert [one.deliveries for one in mailbox.mails(ANNA)] == [1]
    send(mailbox, mail())
    assert [one.deliveries for one in mailbox.mails(ANNA)] == [2]


def test_logging_in_is_possible(mailbox: MailboxSimulator) -> None:
    """With the simulator's own credentials, and with no others."""
    send(mailbox, mail(), login=(mailbox.user, mailbox.password))
    with pytest.raises(smtplib.SMTPAuthenticationError):
        send(mailbox, mail(), login=(mailbox.user, "wrong"))


def test_mails_are_listed_over_http(mailbox: MailboxSimulator) -> None:
    """Of one address or of all; faults are told the same way."""
    send(mailbox, mail())
    call = Caller(mailbox, "http://127.0.0.1/_sim", {})
    (shown,) = call.get("/mails", to=ANNA).json()
    assert (shown["subject"], shown["message_id"], shown["deliveries"]) == ("Grüezi", "<1@salon.example>", 1)
    assert call.get("/state").object()["smtp"] == mailbox.smtp_url
    for path, told in (
        ("/defer", {"times": 0}),
        ("/drop", {"times": 0}),
        ("/refuse", {"address": "x"}),
        ("/accept", {"address": "x"}),
    ):
        assert call.send("POST", path, told).status == 204
    assert call.send("POST", "/defer", {}).status == 400


def test_a_client_still_connected_does_not_keep_it_open() -> None:
    """Ending the service closes its connections."""
    with serve(MailboxSimulator()) as server:
        connection = socket.create_connection(("127.0.0.1", server.simulator.smtp_port))
        greeting = connection.recv(100)
    with connection:
        assert greeting.startswith(b"220")
        assert connection.recv(100) in (b"", b"421 mailbox.invalid closing\r\n")


def test_a_taken_port_is_an_error(mailbox: MailboxSimulator) -> None:
    """The system's own."""
    with pytest.raises(OSError, match="in use"):
        serve(MailboxSimulator(smtp_port=mailbox.smtp_port)).__enter__()


def test_without_aiosmtpd_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error tells what to install."""
    monkeypatch.setitem(sys.modules, "aiosmtpd.smtp", None)
    with pytest.raises(MissingExtra, match=r"servicekit-sdk\[testing\]"):
        serve(MailboxSimulator()).__enter__()
