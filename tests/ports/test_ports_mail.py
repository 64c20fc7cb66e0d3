"""The port to mail servers."""

from __future__ import annotations

from servicekit.mail import OutgoingMail
from servicekit.ports.mail import Mailer, MailReceipt


class Outbox:
    """A mailer as an application may write one: a list."""

    name = "outbox"

    def __init__(self) -> None:
        self.mails: list[OutgoingMail] = []

    def send(self, mail: OutgoingMail) -> MailReceipt:
        """Keep it."""
        self.mails.append(mail)
        return MailReceipt(vendor_id=mail.message_id, evidence={"reply": "250 <anna@salon.example> OK"})


def test_a_mailer_is_written_in_a_few_lines() -> None:
    """Anything with a name and a ``send`` that returns a receipt is one."""
    mailer: Mailer = Outbox()
    receipt = mailer.send(OutgoingMail("<1@sms.example>", "", ("anna@salon.example",), b"\r\n"))
    assert (mailer.name, receipt.vendor_id) == ("outbox", "<1@sms.example>")


def test_what_the_server_said_stands_in_no_repr() -> None:
    """Its words may name people."""
    assert "anna" not in repr(Outbox().send(OutgoingMail("<1@sms.example>", "", ("anna@salon.example",), b"\r\n")))
