"""The mails in corpus/, of the shapes that real programs produce, each give what the text file beside it says.

They were written for these tests, after what Outlook, Gmail, Apple Mail, Thunderbird, telephones, ticket systems, scanners,
alarms, lists, calendars and mail servers send. A file of what is expected has fields, an empty line, and the text that a person
typed::

    Shows: what the mail is an example of
    Envelope: its sender there, or <>; left out: as in the From field
    Subject: decoded
    Automatic: no, or which kind of machine wrote it
    Attachment: a name; a line for each
    SMS: the text alone      (where the subject must not be said twice; else the SMS is the subject and the text)

or only ``Refused:`` with the code.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import field, frozen

from servicekit.errors import UnreadableMail
from servicekit.mail import Envelope, Mail, read_mail, sms_text

FOLDER = Path(__file__).parent / "corpus"
NAMES = sorted(path.stem for path in FOLDER.glob("*.eml"))


@frozen
class Expected:
    """What a mail must give."""

    text: str
    fields: dict[str, str]
    attachments: tuple[str, ...] = field(default=())

    @classmethod
    def of(cls, name: str) -> Expected:
        """As its file says."""
        head, _, text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").partition("\n\n")
        pairs = [(key, value.strip()) for key, _, value in (line.partition(":") for line in head.splitlines())]
        names = tuple(value for key, value in pairs if key == "Attachment")
        return cls(text.removesuffix("\n"), dict(pairs), names)


def _read(name: str, expected: Expected) -> Mail:
    sender = expected.fields.get("Envelope", "somebody@salon.example").replace("<>", "")
    return read_mail((FOLDER / f"{name}.eml").read_bytes(), envelope=Envelope(sender, ("0701740621@sms.example",)))


def test_every_mail_says_what_it_must_give() -> None:
    """At least sixty, none without the other; and a reader of the folder learns what each shows."""
    assert sorted(path.stem for path in FOLDER.glob("*.txt")) == NAMES
    assert len(NAMES) >= 60
    assert all(Expected.of(name).fields.get("Shows") for name in NAMES)


@pytest.mark.spec("M-10")
@pytest.mark.parametrize("name", NAMES)
def test_it_gives_what_a_person_typed(name: str) -> None:
    """Text, subject, whether a machine wrote it, what hangs on it, and the SMS; or the refusal."""
    expected = Expected.of(name)
    if "Refused" in expected.fields:
        with pytest.raises(UnreadableMail) as refused:
            _read(name, expected)
        assert refused.value.code == expected.fields["Refused"]
        return
    mail = _read(name, expected)
    assert mail.text == expected.text
    assert mail.subject == expected.fields["Subject"]
    assert (mail.automatic.source if mail.automatic else "no") == expected.fields["Automatic"]
    assert mail.attachments == expected.attachments
    if "SMS" in expected.fields:
        assert sms_text(mail, is_answer=False) == expected.text
