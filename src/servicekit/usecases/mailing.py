"""Mail in becomes texts out: each recipient judged on its own, each mail once, and only of senders that are proven.

Rules kept here:

* Of a mail that nothing proves, and of an answering machine's, becomes nothing: no text, no account, no answer. It is counted, so
  that administrators see it (:class:`servicekit.mail.ListIgnoredMails`). A machine's own mail becomes a text only from an
  address that the sender's group lists in ``alarm_senders``.
* A sender that cannot be proven *now* is to come again; it is not counted as either.
* The same mail delivered again (Message-ID and recipient) changes nothing, so a sending server that missed our answer may simply
  try again.
* The first mail of a proven address that is no user's makes an account (:mod:`servicekit.usecases.newcomers`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from attrs import frozen

from servicekit.errors import ConfigurationError, Invalid, Unreachable, UnreadableMail
from servicekit.groups import Group, User, domain_of, effective, is_relay
from servicekit.mail import (
    AutomaticKind,
    Envelope,
    IgnoredMails,
    ListIgnoredMails,
    Mail,
    Proven,
    Undecided,
    Verdict,
    WhyIgnored,
    read_mail,
    sms_text,
)
from servicekit.messages import Message
from servicekit.sms import read_destination
from servicekit.usecases.newcomers import newcomer
from servicekit.usecases.texting import check_way, submit
from servicekit.usecases.wiring import Wiring
from servicekit.usecases.work import Work

__all__ = [
    "MailLine",
    "MailTaken",
    "count_unreadable",
    "is_gateway_recipient",
    "list_ignored",
    "mail_of",
    "take_mail",
    "why_hopeless",
    "worth_proving",
]

_DAY = 86_400_000_000
_MOST_ROWS = 1000
_LONGEST_DETAIL = 300
_FEWEST_DIGITS, _MOST_DIGITS = 3, 15

Sender = tuple[User, tuple[Group, ...]]


@frozen
class MailLine:
    """What became of one recipient.

    Attributes:
        recipient: as the envelope named it.
        message: what stands in the log; None where nothing was written.
        refusal: why not, as a code such as ``not_a_number``; ``seen_before`` for a mail delivered again; empty otherwise.
        reason: the same as a sentence.
    """

    recipient: str
    message: Message | None = None
    refusal: str = ""
    reason: str = ""


@frozen
class MailTaken:
    """What became of a mail: a line for each recipient, or why it became nothing altogether.

    Attributes:
        why: None where it was not ignored.
        ignored: what showed it.
        left_out: the names of attachments that no text carries, where texts came of the mail.
    """

    lines: tuple[MailLine, ...] = ()
    ignored: str = ""
    why: WhyIgnored | None = None
    left_out: tuple[str, ...] = ()

    @property
    def refusals(self) -> Mapping[str, str]:
        """A sentence for each recipient that gets no text and never will."""
        return {line.recipient: line.reason for line in self.lines if line.reason}


def is_gateway_recipient(recipient: str, domain: str) -> bool:
    """Whether an address is at the gateway's domain."""
    return recipient.rpartition("@")[2].lower() == domain.lower()


def why_hopeless(recipient: str) -> str | None:
    """Why no group can send to the number before the ``@``, in a sentence; None where one perhaps can.

    A number without a country is read by each group in its own, so only its form is judged.

    >>> why_hopeless("0701740605@sms.example"), why_hopeless("+46701740605@sms.example")
    (None, None)
    >>> str(why_hopeless("+4618123456@sms.example"))
    "'+4618123456' is a fixed line, which cannot take an SMS: use a mobile number."
    """
    number = _number(recipient)
    if number.isascii() and number.isdigit() and _FEWEST_DIGITS <= len(number) <= _MOST_DIGITS:
        return None  # nearly every recipient; the long way comes to the same
    digits = sum(character.isdigit() for character in number)
    try:
        read_destination(number)
    except Invalid as wrong:
        form = wrong.code == "not_a_number" or not _FEWEST_DIGITS <= digits <= _MOST_DIGITS
        return wrong.message if form or number.startswith("+") else None
    return None


def mail_of(wiring: Wiring, envelope: Envelope, raw: bytes) -> Mail:
    """The mail, read.

    Raises:
        UnreadableMail: no reader can make sense of it, or it is too large.
        ConfigurationError: the kit takes no mail.
    """
    if not wiring.gateway_domain:
        raise ConfigurationError("Mail needs a domain to be for: open the kit with Kit.open(..., gateway_domain=...).")
    return read_mail(raw, most_bytes=wiring.most_mail_bytes, envelope=envelope)


def worth_proving(mail: Mail) -> bool:
    """Whether it matters who sent it: an answering machine's becomes nothing anyhow."""
    return mail.automatic is None or mail.automatic.kind is not AutomaticKind.ANSWERING


def take_mail(work: Work, envelope: Envelope, mail: Mail, verdict: Verdict) -> MailTaken:
    """Take in one mail.

    Args:
        work: the transaction.
        envelope: what the sending server said.
        mail: from :func:`mail_of`.
        verdict: whether it is from the domain in From.

    Raises:
        Unreachable: ``sender_undecided``: that cannot be told now; the mail is to come again.
        NotFound: ``unknown_sender``: proven, and no group takes it.
        Invalid: ``empty_text``, or ``no_recipient`` if not one recipient is a number here; nothing was written.
    """
    sender = _known(work, mail.from_address)
    sign = _automatic(work, mail)
    if sign:
        return _ignored(work, sender, envelope, WhyIgnored.AUTOMATIC, sign)
    if not isinstance(verdict, Proven) and not _relayed(sender, envelope):
        if isinstance(verdict, Undecided):
            raise Unreachable(
                f"Whether the mail is from {domain_of(mail.from_address)} cannot be told now ({verdict.why}): send it later.",
                code="sender_undecided",
            )
        return _ignored(work, sender, envelope, WhyIgnored.UNPROVEN, verdict.why)
    if mail.automatic is not None and not _listed(sender, mail):
        return _ignored(work, sender, envelope, WhyIgnored.UNLISTED_MACHINE, mail.automatic.sign)
    text = sms_text(mail, is_answer=_answers_ours(mail, work.wiring.gateway_domain))
    if not text.strip():
        raise Invalid("The mail has no text: write what shall be sent.", code="empty_text")
    return _sent(work, sender or newcomer(work, mail.from_address), envelope, mail, text)


def _known(work: Work, address: str) -> Sender | None:
    known = work.store.users.where(email=address, removed=False)
    return work.member(known[0].id) if known else None


def _automatic(work: Work, mail: Mail) -> str:
    """Why the mail never becomes a text, whoever sent it; empty where it may."""
    if mail.automatic is not None and mail.automatic.kind is AutomaticKind.ANSWERING:
        return f"{mail.automatic.source}: {mail.automatic.sign}"
    ours = is_gateway_recipient(mail.from_address, work.wiring.gateway_domain)
    return "loop: from an address of ours" if ours or mail.from_address == work.wiring.mail_from.lower() else ""


def _relayed(sender: Sender | None, envelope: Envelope) -> bool:
    return sender is not None and is_relay(effective(sender[1], "trusted_relays").value, envelope.peer)


def _listed(sender: Sender | None, mail: Mail) -> bool:
    return sender is not None and mail.from_address in effective(sender[1], "alarm_senders").value


def _sent(work: Work, sender: Sender, envelope: Envelope, mail: Mail, text: str) -> MailTaken:
    lines = tuple(_line(work, sender, recipient, mail, text) for recipient in dict.fromkeys(envelope.recipients))
    if not any(line.message or line.refusal == "seen_before" for line in lines):
        refused = {line.recipient: line.refusal for line in lines}
        domain = work.wiring.gateway_domain
        raise Invalid(
            f"None of the recipients is a mobile number at {domain}: {refused}.", code="no_recipient", lines=refused
        )
    return MailTaken(lines, left_out=mail.attachments)


def _line(work: Work, sender: Sender, recipient: str, mail: Mail, text: str) -> MailLine:
    user, path = sender
    if not is_gateway_recipient(recipient, work.wiring.gateway_domain):
        return MailLine(recipient, refusal="not_our_domain", reason=f"{recipient} is not ours.")
    code, listed = effective(path, "country_code").value, effective(path, "costly_numbers").value
    written = _number(recipient)
    try:
        destination = read_destination(written, code, listed=listed)
        check_way(work, path, destination)
    except Invalid as wrong:
        return MailLine(recipient, refusal=wrong.code, reason=wrong.message)
    event = hashlib.sha256(f"{mail.message_id}\0{destination.number}".encode()).hexdigest()
    if not work.store.inbox.first_time("mail", event, work.at):
        return MailLine(recipient, refusal="seen_before")
    return MailLine(recipient, submit(work, path, user, written, text))


def _number(recipient: str) -> str:
    return recipient.rpartition("@")[0].strip('"')


def _answers_ours(mail: Mail, domain: str) -> bool:
    """Whether it answers a mail of ours: its thread has an id that only we give."""
    return any(known.lower().endswith(f"@{domain.lower()}>") for known in (mail.in_reply_to, *mail.references))


# --- mails that become nothing


def _ignored(work: Work, sender: Sender | None, envelope: Envelope, why: WhyIgnored, detail: str) -> MailTaken:
    group, address = (sender[0].group, sender[0].email) if sender is not None else ("", "")
    work.store.ignored_mails.count(
        IgnoredMails(
            group=group,
            sender=address,
            why=why,
            day=work.at.us // _DAY,
            mails=1,
            detail=detail[:_LONGEST_DETAIL],
            peer=envelope.peer,
            last_at=work.at,
        )
    )
    return MailTaken(ignored=detail, why=why)


def count_unreadable(work: Work, envelope: Envelope, error: UnreadableMail) -> None:
    """Count a mail that no reader can make sense of; nobody knows whose it is."""
    _ignored(work, None, envelope, WhyIgnored.UNREADABLE, error.code)


def list_ignored(work: Work, query: ListIgnoredMails) -> tuple[IgnoredMails, ...]:
    """Those of a group and all below it, or those of nobody."""
    if query.group is None:
        work.operator()
    else:
        work.allow("log:read", query.group, removed=True)
    if not 1 <= query.most <= _MOST_ROWS:
        raise Invalid(f"A page has 1 to {_MOST_ROWS} rows, not {query.most}.", code="page_size", most=query.most)
    groups = [""] if query.group is None else list(work.store.below(query.group))
    return work.store.ignored_mails.of(groups, query.most)
