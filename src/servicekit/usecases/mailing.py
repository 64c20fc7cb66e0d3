"""Mail in becomes texts out: each recipient judged on its own, each mail once.

A mail from a machine becomes nothing. One from an address that is no user's is refused. The same mail delivered again
(Message-ID and recipient) changes nothing, so a sending server that missed our answer may simply try again.
"""

from __future__ import annotations

import hashlib

from attrs import frozen

from servicekit.errors import ConfigurationError, Invalid, NotFound
from servicekit.groups import Group, User, effective
from servicekit.mail import Envelope, Mail, read_mail, sms_text
from servicekit.messages import Message
from servicekit.sms import parse_number
from servicekit.usecases.texting import submit
from servicekit.usecases.work import Work

__all__ = ["MailLine", "MailTaken", "is_gateway_recipient", "take_mail"]


@frozen
class MailLine:
    """What became of one recipient.

    Attributes:
        recipient: as the envelope named it.
        message: what stands in the log; None where nothing was written.
        refusal: why not, as a code such as ``not_a_number``; ``seen_before`` for a mail delivered again; empty otherwise.
    """

    recipient: str
    message: Message | None = None
    refusal: str = ""


@frozen
class MailTaken:
    """What became of a mail: a line for each recipient, or why it was ignored altogether."""

    lines: tuple[MailLine, ...] = ()
    ignored: str = ""


def is_gateway_recipient(recipient: str, domain: str) -> bool:
    """Whether an address is at the gateway's domain."""
    return recipient.rpartition("@")[2].lower() == domain.lower()


def take_mail(work: Work, envelope: Envelope, raw: bytes) -> MailTaken:
    """Take in one mail.

    Raises:
        UnreadableMail: no reader can make sense of it, or it is too large.
        NotFound: ``unknown_sender``.
        Invalid: ``empty_text``, or ``no_recipient`` if not one recipient is a number here; nothing was written.
    """
    domain = work.wiring.gateway_domain
    if not domain:
        raise ConfigurationError("Mail needs a domain to be for: open the kit with Kit.open(..., gateway_domain=...).")
    mail = read_mail(raw, most_bytes=work.wiring.most_mail_bytes, envelope=envelope)
    if mail.automatic is not None:
        return MailTaken(ignored=f"{mail.automatic.source}: {mail.automatic.sign}")
    known = work.store.users.where(email=mail.from_address, removed=False)
    if not known:
        raise NotFound(
            f"{mail.from_address} is no user here: an administrator adds it to a group.",
            code="unknown_sender",
            sender=mail.from_address,
        )
    text = sms_text(mail, is_answer=_answers_ours(mail, domain))
    if not text.strip():
        raise Invalid("The mail has no text: write what shall be sent.", code="empty_text")
    sender = work.member(known[0].id)
    lines = tuple(_line(work, sender, recipient, mail, text) for recipient in dict.fromkeys(envelope.recipients))
    if not any(line.message or line.refusal == "seen_before" for line in lines):
        refused = {line.recipient: line.refusal for line in lines}
        raise Invalid(
            f"None of the recipients is a mobile number at {domain}: {refused}.", code="no_recipient", lines=refused
        )
    return MailTaken(lines)


def _line(work: Work, sender: tuple[User, tuple[Group, ...]], recipient: str, mail: Mail, text: str) -> MailLine:
    user, path = sender
    if not is_gateway_recipient(recipient, work.wiring.gateway_domain):
        return MailLine(recipient, refusal="not_our_domain")
    try:
        number = parse_number(recipient.rpartition("@")[0].strip('"'), effective(path, "country_code").value)
    except Invalid as wrong:
        return MailLine(recipient, refusal=wrong.code)
    event = hashlib.sha256(f"{mail.message_id}\0{number}".encode()).hexdigest()
    if not work.store.inbox.first_time("mail", event, work.at):
        return MailLine(recipient, refusal="seen_before")
    return MailLine(recipient, submit(work, path, user, number, text))


def _answers_ours(mail: Mail, domain: str) -> bool:
    """Whether it answers a mail of ours: its thread has an id that only we give."""
    return any(known.lower().endswith(f"@{domain.lower()}>") for known in (mail.in_reply_to, *mail.references))
