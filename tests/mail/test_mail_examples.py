"""The mails in examples/mails give what their README says."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from attrs import frozen

from servicekit.errors import UnreadableMail
from servicekit.mail import AutomaticKind, Envelope, read_mail, sms_text

FOLDER = Path(__file__).parents[2] / "examples" / "mails"


@frozen
class Row:
    """A row of the table in the README."""

    file: str
    envelope: Envelope
    text: str
    reason: str


def _rows() -> list[Row]:
    found = []
    for line in (FOLDER / "README.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if (link := re.fullmatch(r"\[(.+\.eml)\]\(\1\)", cells[0])) is not None:
            sender = "" if cells[1] == "(empty)" else cells[1]
            reason = cells[4].removeprefix("none: ") if cells[4].startswith("none: ") else ""
            text = "" if reason else re.sub(" ?⏎ ?", "\n", cells[4])
            found.append(Row(link.group(1), Envelope(sender, tuple(cells[2].split(", "))), text, reason))
    return found


ROWS = _rows()


def test_every_mail_stands_in_the_table() -> None:
    """No file is left out, none is missing."""
    assert sorted(row.file for row in ROWS) == sorted(path.name for path in FOLDER.glob("*.eml"))


@pytest.mark.spec("M-10")
@pytest.mark.parametrize("row", [row for row in ROWS if not row.reason], ids=lambda row: row.file)
def test_people_and_alarms_give_the_text_that_was_typed(row: Row) -> None:
    """Whatever the program, charset and encoding; an answer to our mail goes out without our subject."""
    mail = read_mail((FOLDER / row.file).read_bytes(), envelope=row.envelope)
    is_answer = any(one.endswith("@sms.example>") for one in mail.references)
    assert sms_text(mail, is_answer=is_answer) == row.text
    assert mail.from_address == row.envelope.sender
    assert mail.automatic is None or mail.automatic.kind is AutomaticKind.MACHINE_MADE


@pytest.mark.spec("M-09")
@pytest.mark.parametrize("row", [row for row in ROWS if row.reason], ids=lambda row: row.file)
def test_the_others_say_why_they_give_none(row: Row) -> None:
    """Unreadable, or an answering machine's by the source that the table names."""
    raw = (FOLDER / row.file).read_bytes()
    if row.reason == "no_single_sender":
        with pytest.raises(UnreadableMail) as refused:
            read_mail(raw, envelope=row.envelope)
        assert refused.value.code == row.reason
        return
    automatic = read_mail(raw, envelope=row.envelope).automatic
    assert automatic is not None
    assert (automatic.kind, automatic.source) == (AutomaticKind.ANSWERING, row.reason)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.file)
def test_recipients_are_those_of_the_mail(row: Row) -> None:
    """To and Cc together; the gateway's domain, with an id to know it again."""
    message = message_from_bytes((FOLDER / row.file).read_bytes(), policy=default)
    assert isinstance(message, EmailMessage)
    shown = [address.addr_spec for name in ("To", "Cc") if message[name] for address in message[name].addresses]
    assert tuple(shown) == row.envelope.recipients
    assert all(one.endswith("@sms.example") for one in shown)
    assert message["Message-ID"].startswith("<")
