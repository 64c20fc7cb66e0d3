"""Composing mail: an SMS that came in, as a mail that can be answered; and notices.

Rules kept here:

* An SMS comes from ``<number>@<gateway>``, so that a plain answer goes to the number (M-05). Its subject and its thread id
  stay the same for a number, or mail programs would split the conversation.
* Machines stay silent: every mail carries ``Auto-Submitted: auto-generated`` (RFC 3834, 5), what Exchange looks for, and our
  loop mark. A person's answer carries none of them and passes.
* Nothing that somebody typed reaches a header but names and subjects, and those lose their line breaks and control
  characters. Addresses and ids are checked, never repaired.
* What stood in the thread before is quoted below a divider that :mod:`servicekit.mail.quotes` knows, so it never comes back.

Time and ids come from the caller: the same arguments give the same bytes, and sending again sends the same mail.
"""

from __future__ import annotations

import hashlib
import re
from email.headerregistry import Address, HeaderRegistry, MessageIDHeader
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from servicekit.errors import Invalid
from servicekit.mail.automatic import LOOP_HEADER, LOOP_MARK
from servicekit.mail.headers import one_address
from servicekit.mail.values import CalendarPart, OutgoingMail
from servicekit.moments import Instant

__all__ = ["answer_mail", "plain_mail"]

_HEADERS = HeaderRegistry()
for _name in ("in-reply-to", "references"):
    # Else a long id is folded into encoded words, and the thread is lost.
    _HEADERS.map_to_type(_name, MessageIDHeader)  # type: ignore[arg-type]  # typeshed wants a base class it has not
_POLICY = SMTP.clone(cte_type="7bit", header_factory=_HEADERS)
_DIVIDER = "-----Original message-----"
_LONGEST_NAME = 100
_LONGEST_SUBJECT = 200
_NUMBER = re.compile(r"\+?[0-9]{3,15}")
_ID = re.compile(r"<[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,120}@[A-Za-z0-9.-]{1,100}>")
_THREAD = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")


def answer_mail(
    *,
    text: str,
    number: str,
    to: str,
    gateway: str,
    thread: str,
    message_id: str,
    at: Instant,
    display_name: str = "",
    previous: str = "",
) -> OutgoingMail:
    """The mail for an SMS that came in.

    Args:
        text: the SMS.
        number: who sent it, in E.164 or as a short code. A sender of letters cannot be answered: the mail comes from
            ``noreply@`` then.
        to: the user's address.
        gateway: our mail domain.
        thread: an id of the conversation of this user and this number: letters, digits, ``_``, ``.``, ``-``.
        message_id: fresh, with angle brackets.
        at: when the SMS came.
        display_name: the user's name for the number, shown instead of it.
        previous: the text that the SMS answers, quoted below it.

    Raises:
        Invalid: ``bad_address``, ``bad_message_id`` or ``bad_thread``.

    >>> at = Instant.parse("2026-08-03T08:05:00Z")
    >>> mail = answer_mail(text="Passar bra!", number="+46701740605", to="anna@salon.example", gateway="sms.example",
    ...     thread="t1", message_id="<m1@sms.example>", at=at, display_name="Maria")
    >>> mail.raw.splitlines()[0]
    b'From: Maria <+46701740605@sms.example>'
    """
    if not _THREAD.fullmatch(thread):
        raise Invalid(
            f"{thread!r} is no thread id: use letters, digits, '_', '.' and '-', at most 100.",
            code="bad_thread",
            value=thread,
        )
    answerable = _NUMBER.fullmatch(number) is not None
    sender = _address(f"{number if answerable else 'noreply'}@{gateway}", name=display_name or number)
    below = "".join(f"\n> {line}" for line in previous.splitlines())
    root = f"<thread.{thread}@{sender.domain}>"
    return _composed(
        sender,
        to,
        {"Subject": f"SMS {number}", "Reply-To": sender, "In-Reply-To": root, "References": root},
        f"{text}\n\n{_DIVIDER}{below}" if below else text,
        message_id=message_id,
        envelope_from=sender.addr_spec,
        at=at,
    )


def plain_mail(
    *,
    to: str,
    from_address: str,
    subject: str,
    text: str,
    message_id: str,
    at: Instant,
    from_name: str = "",
    envelope_from: str | None = None,
    in_reply_to: str = "",
    calendar: CalendarPart | None = None,
) -> OutgoingMail:
    """A notice in plain text: a confirmation, a reminder, a welcome.

    Args:
        to: the recipient's address.
        from_address: the sender's address.
        subject: on one line; a longer one than 200 characters is cut.
        text: with line feeds as line breaks.
        message_id: fresh, with angle brackets.
        at: when it was written.
        from_name: shown beside the sender's address.
        envelope_from: where bounces go; None: to ``from_address``; empty: nowhere, as for every mail that answers one
            by itself (RFC 3834, 3.3).
        in_reply_to: the message id of the mail that it is about.
        calendar: a calendar file, which calendars take for another way of saying the same (RFC 6047, 2.4).

    Raises:
        Invalid: ``bad_address`` or ``bad_message_id``.
    """
    sender = _address(from_address, name=from_name)
    headers: dict[str, str | Address] = {"Subject": subject}
    if in_reply_to:
        headers |= {"In-Reply-To": _checked_id(in_reply_to), "References": in_reply_to}
    bounces = sender.addr_spec if envelope_from is None else envelope_from and _address(envelope_from).addr_spec
    return _composed(sender, to, headers, text, message_id=message_id, envelope_from=bounces, at=at, calendar=calendar)


def _composed(
    sender: Address,
    to: str,
    headers: dict[str, str | Address],
    text: str,
    *,
    message_id: str,
    envelope_from: str,
    at: Instant,
    calendar: CalendarPart | None = None,
) -> OutgoingMail:
    recipient = _address(to)
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = sender
    mail["To"] = recipient
    mail["Date"] = format_datetime(at.utc)
    mail["Message-ID"] = _checked_id(message_id)
    for name, value in headers.items():
        mail[name] = _one_line(value, _LONGEST_SUBJECT) if name == "Subject" else value
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail[LOOP_HEADER] = LOOP_MARK
    mail.set_content(_UNSEEN.sub(" ", _encodable(text)), charset="utf-8")
    if calendar is not None:
        _add_calendar(mail, calendar, message_id)
    return OutgoingMail(
        message_id=message_id, envelope_from=envelope_from, to=(recipient.addr_spec,), raw=mail.as_bytes(policy=_POLICY)
    )


def _add_calendar(mail: EmailMessage, calendar: CalendarPart, message_id: str) -> None:
    method = {"method": calendar.method} if calendar.method else {}
    # In base64, so that no server that repairs line ends touches a folded line.
    mail.add_alternative(
        calendar.content.decode("utf-8"), subtype="calendar", charset="utf-8", cte="base64", params=method
    )
    # Left alone, the boundary would be chance; "=_" occurs in no part (RFC 2045, 6.7).
    mail.set_boundary("=_" + hashlib.sha256(message_id.encode()).hexdigest()[:32])


def _address(value: str, *, name: str = "") -> Address:
    normal = None if set(value) & set('<>()" \t\r\n') else one_address(value)
    if normal is None:
        raise Invalid(
            f"{value!r} is no mail address: it must be like anna@salon.example, without a name or brackets.",
            code="bad_address",
            value=value,
        )
    local, _, domain = normal.rpartition("@")
    return Address(_one_line(name, _LONGEST_NAME), local, domain)


def _checked_id(value: str) -> str:
    if not _ID.fullmatch(value):
        raise Invalid(
            f"{value!r} is no message id: it must be like <7f3a@sms.example>, with its angle brackets.",
            code="bad_message_id",
            value=value,
        )
    return value


def _one_line(value: str | Address, most: int) -> str:
    return " ".join(_UNSEEN.sub(" ", _encodable(str(value))).split())[:most]


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
