"""What was read can be stored: on both databases, whatever characters the mail had."""

from __future__ import annotations

import pytest

from servicekit import Kit, Principal
from servicekit.errors import Invalid
from servicekit.groups import FoundOrganisation, Settings
from servicekit.mail import Envelope, VerifiedInFront
from servicekit.messages import SearchLog, SendText

OPERATOR = Principal.operator("tests")
HEAD = b"From: Anna <anna@salon.example>\r\nMessage-ID: <%d@salon.example>\r\n"
TO = ("0701740605@sms.example",)

pytestmark = pytest.mark.filterwarnings("error")


def _texts(kit: Kit, *mails: bytes, sender: str = "anna@salon.example") -> list[str]:
    """What stands in the log after these mails, the oldest first."""
    made = kit.perform(
        FoundOrganisation(
            name="Salon",
            zone="Europe/Stockholm",
            admin="anna@salon.example",
            settings=Settings(country_code=46, sender_name="Salon"),
        ),
        by=OPERATOR,
    )
    for number, mail in enumerate(mails):
        kit.receive("mail", Envelope(sender, TO), HEAD % number + mail)
    log = kit.ask(SearchLog(group=made.root.id), by=Principal.of(made.admin.id))
    return sorted(message.text for message in log.messages)


def _open(url: str) -> Kit:
    return Kit.open(url, gateway_domain="sms.example", senders=VerifiedInFront())


def test_control_characters_go_when_a_mail_is_read(database_url: str) -> None:
    """NUL, which PostgreSQL refuses and SQLite would store, and its like: in subject, text, HTML and encoded words."""
    with _open(database_url) as kit:
        assert _texts(
            kit,
            b"Subject: a\x00b\x07\r\n\r\n1\x00\x01\x02\r\n2\x1b\x7f\r\n",
            b"Subject: =?utf-8?q?c=00d=07?=\r\nContent-Type: text/html\r\n\r\n<p>3\x00&#0;&#1;</p><p title='\x00'>4</p>",
            b"Content-Type: text/plain; charset=utf-16\r\nContent-Transfer-Encoding: base64\r\n\r\nAAA1AAAA\r\n",
            b"Content-Type: text/plain; charset=utf-8\r\n\r\n6\xed\xa0\x80\r\n",
        ) == ["5", "6í €", "ab\n1\n2", "cd\n3\ufffd\n\n4"]


def test_what_is_said_of_mails_that_become_nothing_is_stored(database_url: str) -> None:
    """Also of an envelope with characters that no address has."""
    with _open(database_url) as kit:
        mail = b"Auto-Submitted: \x00\xff\r\nPrecedence: bulk\x00\r\n\r\nHej"
        assert _texts(kit, mail, sender="x\x00\ud800-request@salon.example") == []


def test_a_text_that_cannot_be_stored_is_refused_on_both(database_url: str) -> None:
    """By the same error, before any database sees it."""
    with _open(database_url) as kit:
        assert _texts(kit) == []
        with kit._storage.read() as store:
            (anna,) = store.users.where(email="anna@salon.example", removed=False)
        with pytest.raises(Invalid) as refused:
            kit.perform(SendText(user=anna.id, to="0701740605", text="a\x00b"), by=Principal.of(anna.id))
        assert refused.value.code == "control_character"
