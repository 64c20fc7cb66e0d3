"""Composed mail: what it says to people, to machines, and to our own reader when it comes back."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servicekit.errors import Invalid
from servicekit.mail import AutomaticKind, CalendarPart, OutgoingMail, answer_mail, plain_mail, read_mail, sms_text
from servicekit.moments import Instant

AT = Instant.parse("2026-08-03T08:05:00Z")


def _answer(**changed: Any) -> OutgoingMail:
    said: dict[str, Any] = {
        "text": "Passar bra!",
        "number": "+46701740605",
        "to": "anna@salon.example",
        "gateway": "sms.example",
        "thread": "anna-46701740605",
        "message_id": "<sms-1@sms.example>",
        "at": AT,
    }
    return answer_mail(**said | changed)


def _plain(**changed: Any) -> OutgoingMail:
    said: dict[str, Any] = {
        "to": "maria@home.example",
        "from_address": "bokning@salon.example",
        "subject": "Din tid",
        "text": "Välkommen på torsdag kl 14:30.",
        "message_id": "<n-1@salon.example>",
        "at": AT,
    }
    return plain_mail(**said | changed)


def _parsed(mail: OutgoingMail) -> EmailMessage:
    found = message_from_bytes(mail.raw, policy=SMTP)
    assert isinstance(found, EmailMessage)
    return found


class TestAnswerMail:
    """An incoming SMS as a mail."""

    def test_a_plain_answer_goes_to_the_number(self) -> None:
        """It comes from the number at the gateway, shows the user's name for it, and bounces come back there."""
        mail = _answer(display_name="Maria (slingor)")
        parsed = _parsed(mail)
        assert parsed["From"].addresses[0].addr_spec == "+46701740605@sms.example"
        assert parsed["From"].addresses[0].display_name == "Maria (slingor)"
        assert parsed["Reply-To"] == parsed["From"]
        assert parsed["To"] == "anna@salon.example"
        assert (mail.envelope_from, mail.to) == ("+46701740605@sms.example", ("anna@salon.example",))
        assert parsed.get_content().strip() == "Passar bra!"

    def test_the_number_stands_where_there_is_no_name(self) -> None:
        """A number that nobody named shows itself."""
        assert _parsed(_answer())["From"].addresses[0].display_name == "+46701740605"

    def test_a_conversation_stays_together(self) -> None:
        """Subject and thread id are the same for every mail of a number; the message id and the date are the caller's."""
        first, second = (
            _parsed(_answer()),
            _parsed(_answer(text="Och imorgon?", message_id="<sms-2@sms.example>", display_name="Maria")),
        )
        assert first["Subject"] == second["Subject"] == "SMS +46701740605"
        assert (
            first["References"]
            == second["References"]
            == second["In-Reply-To"]
            == "<thread.anna-46701740605@sms.example>"
        )
        assert second["Message-ID"] == "<sms-2@sms.example>"
        assert second["Date"].datetime == AT.utc

    def test_the_same_arguments_give_the_same_bytes(self) -> None:
        """Sending again after a lost answer sends the same mail."""
        assert _answer() == _answer()

    def test_long_ids_stay_whole(self) -> None:
        """Folded into encoded words, no program would know the thread."""
        mail = _answer(thread="t" * 100, message_id=f"<{'m' * 120}@sms.example>")
        assert read_mail(mail.raw).references == (f"<thread.{'t' * 100}@sms.example>",)
        assert read_mail(mail.raw).message_id == mail.message_id

    def test_machines_stay_silent_and_we_know_our_own(self) -> None:
        """It says that a machine made it, in the words of RFC 3834 and of Exchange; coming back it is a loop."""
        mail = _answer()
        parsed = _parsed(mail)
        assert (parsed["Auto-Submitted"], parsed["X-Auto-Response-Suppress"]) == ("auto-generated", "All")
        back = read_mail(mail.raw).automatic
        assert back is not None
        assert (back.kind, back.source) == (AutomaticKind.ANSWERING, "loop")

    def test_what_went_before_is_shown_and_does_not_come_back(self) -> None:
        """The user sees the context; the reader cuts it, also quoted once more by a program that marks nothing."""
        mail = _answer(previous="Hej Maria!\nFunkar torsdag?")
        assert _parsed(mail).get_content().replace("\r\n", "\n") == (
            "Passar bra!\n\n-----Original message-----\n> Hej Maria!\n> Funkar torsdag?\n"
        )
        assert read_mail(mail.raw).text == "Passar bra!"

    @pytest.mark.parametrize(("sender", "address"), [("72999", "72999@sms.example"), ("Banken", "noreply@sms.example")])
    def test_senders_that_are_no_numbers_are_shown(self, sender: str, address: str) -> None:
        """A short code can be answered, a name cannot."""
        found = _parsed(_answer(number=sender))["From"].addresses[0]
        assert (found.addr_spec, found.display_name) == (address, sender)

    @pytest.mark.parametrize(
        ("changed", "code"),
        [
            ({"thread": "a b"}, "bad_thread"),
            ({"thread": ""}, "bad_thread"),
            ({"thread": "t" * 101}, "bad_thread"),
            ({"to": "anna"}, "bad_address"),
            ({"to": "Anna <anna@salon.example>"}, "bad_address"),
            ({"to": "anna@salon.example\r\nBcc: x@y.example"}, "bad_address"),
            ({"gateway": "sms example"}, "bad_address"),
            ({"message_id": "sms-1@sms.example"}, "bad_message_id"),
            ({"message_id": "<sms-1@sms.example>\r\nX: y"}, "bad_message_id"),
        ],
    )
    def test_what_would_break_a_header_is_refused(self, changed: dict[str, str], code: str) -> None:
        """Addresses and ids are checked, not repaired."""
        with pytest.raises(Invalid) as refused:
            _answer(**changed)
        assert refused.value.code == code


class TestPlainMail:
    """Notices."""

    def test_says_what_it_was_told_to(self) -> None:
        """Sender with name, recipient, subject, text; bounces go to the sender."""
        mail = _plain(from_name="Salong Saxen")
        parsed = _parsed(mail)
        assert parsed["From"] == "Salong Saxen <bokning@salon.example>"
        assert (parsed["To"], parsed["Subject"]) == ("maria@home.example", "Din tid")
        assert parsed.get_content().strip() == "Välkommen på torsdag kl 14:30."
        assert parsed["In-Reply-To"] is None
        assert (mail.message_id, mail.envelope_from) == ("<n-1@salon.example>", "bokning@salon.example")
        assert parsed["Auto-Submitted"] == "auto-generated"

    def test_an_automatic_answer_never_bounces(self) -> None:
        """It names the mail it is about, and an empty return path (RFC 3834)."""
        mail = _plain(envelope_from="", in_reply_to="<1@home.example>")
        assert mail.envelope_from == ""
        assert _parsed(mail)["In-Reply-To"] == _parsed(mail)["References"] == "<1@home.example>"

    def test_bounces_may_go_elsewhere(self) -> None:
        """To an address that is checked like any other."""
        assert _plain(envelope_from="Bounces@salon.example").envelope_from == "bounces@salon.example"
        with pytest.raises(Invalid):
            _plain(envelope_from="nobody")

    def test_an_id_that_is_none_is_refused(self) -> None:
        """Also of the mail that it is about."""
        with pytest.raises(Invalid):
            _plain(in_reply_to="1@home.example")


HOSTILE = st.text(
    st.sampled_from(list('ab åß😀\ud800\x00\x07\u2028\x85\r\n\t:;,<>@"\\()=?_-')) | st.characters(), max_size=120
)


@settings(deadline=None)
@given(HOSTILE, HOSTILE, HOSTILE)
def test_nothing_typed_adds_a_header(name: str, text: str, subject: str) -> None:
    """Names, subjects and texts of any characters: the same fields as ever, one sender, and the text comes through."""
    calm = _parsed(_plain(from_name="Salong"))
    mail = _plain(from_name=name, text=text, subject=subject)
    parsed = _parsed(mail)
    assert parsed.keys() == calm.keys()
    assert mail.raw.isascii()
    assert b"\n" not in mail.raw.replace(b"\r\n", b"")
    assert max(map(len, mail.raw.split(b"\r\n"))) <= 998
    assert read_mail(mail.raw).from_address == "bokning@salon.example"
    encodable = text.encode("utf-8", "replace").decode("utf-8")
    assert _letters(parsed.get_content()) == _letters(encodable)


def _letters(text: str) -> str:
    """What is left without white space and without what nobody sees."""
    return "".join(char for char in text if char.isprintable() and not char.isspace())


@settings(deadline=None)
@given(HOSTILE)
def test_a_name_is_only_a_name(name: str) -> None:
    """Whatever a user calls a number, answering goes to the number."""
    assert read_mail(_answer(display_name=name).raw).from_address == "+46701740605@sms.example"


def test_a_persons_answer_to_it_passes() -> None:
    """A mail program copies neither our marks nor our words: what was typed becomes the SMS, without our subject."""
    ours = _answer(previous="Funkar torsdag?")
    quoted = "".join(f"> {line}\n" for line in _parsed(ours).get_content().splitlines())
    raw = (
        "From: Anna Ek <anna@salon.example>\nSubject: Re: SMS +46701740605\nIn-Reply-To: <sms-1@sms.example>\n"
        "Content-Type: text/plain; charset=utf-8\n\nVi ses!\n\n"
        f"Den mån 3 aug. 2026 kl 10:05 skrev Maria <+46701740605@sms.example>:\n{quoted}"
    )
    mail = read_mail(raw.encode())
    assert mail.automatic is None
    assert sms_text(mail, is_answer=True) == "Vi ses!"


@settings(deadline=None)
@given(HOSTILE, st.sampled_from(["REQUEST", "CANCEL", ""]))
def test_a_calendar_file_goes_with_the_text_and_comes_through_whole(text: str, method: str) -> None:
    """As another way of saying the same (RFC 6047, 2.4), byte for byte, and the same arguments give the same mail."""
    content = f"BEGIN:VCALENDAR\r\nSUMMARY:F\u00f6ning {'x' * 60}\r\n =_\r\nEND:VCALENDAR\r\n".encode()
    part = CalendarPart(method, content)
    mail = _plain(text=text, calendar=part)
    plain, calendar = _parsed(mail).iter_parts()

    assert mail == _plain(text=text, calendar=part)
    assert mail.raw.isascii()
    assert _letters(plain.get_content()) == _letters(text.encode("utf-8", "replace").decode("utf-8"))
    assert (calendar.get_content_type(), calendar.get_param("method", "")) == ("text/calendar", method)
    assert calendar.get_payload(decode=True) == content
    assert "SUMMARY" not in repr(part)
    assert _parsed(mail)["Auto-Submitted"] == "auto-generated"
