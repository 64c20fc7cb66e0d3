"""Whether a machine wrote a mail, which kind of machine, and the sign that showed it (M-09).

Rules kept here:

* What answers by itself (vacation notes, bounces, receipts), what a list sends, and our own mail coming back never becomes
  an SMS: :attr:`AutomaticKind.ANSWERING`.
* What a machine writes of its own accord (alarms) may, from addresses that the organisation has listed:
  :attr:`AutomaticKind.MACHINE_MADE`. Whether the address is listed is not known here.
* No automatic mail of either kind ever gets an automatic answer.
* A sign of the first kind outweighs any of the second. A machine's mail that answers another one (In-Reply-To) is of the
  first kind, whatever it calls itself: Exchange marks its vacation notes ``auto-generated``.

Signs: RFC 3834 (Auto-Submitted), RFC 5321 (empty return path), RFC 3464 and 8098 (reports), RFC 2369 and 2919 (lists), and
what vendors do. A vacation note without any sign looks like a person's mail: the loop guard and the quotas are behind this.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from email.message import Message

from attrs import frozen

from servicekit.mail.headers import fields
from servicekit.mail.values import Envelope

__all__ = ["LOOP_HEADER", "LOOP_MARK", "Automatic", "AutomaticKind", "automatic"]

LOOP_HEADER = "X-Loop"
LOOP_MARK = "servicekit"
"""What every mail from us carries, so that we know it when it comes back."""


class AutomaticKind(enum.Enum):
    """What may be done with the mail."""

    ANSWERING = "answering"
    """It never becomes an SMS."""
    MACHINE_MADE = "machine_made"
    """It becomes one only if the organisation has listed its sender."""


@frozen
class Automatic:
    """Why a mail is taken for a machine's.

    Attributes:
        kind: what may be done with it.
        source: ``answering machine``, ``bounce``, ``receipt``, ``report``, ``list``, ``loop`` or ``machine``.
        sign: what showed it, for people and logs: ``Auto-Submitted: auto-replied``.
    """

    kind: AutomaticKind
    source: str
    sign: str


def automatic(message: Message, *, from_address: str, subject: str, envelope: Envelope | None) -> Automatic | None:
    """The strongest sign that a machine wrote the mail, or None: a person did, as far as anybody can tell."""
    found = [
        *_by_type(message),
        *_by_fields(message),
        *_by_subject(subject),
        *_by_sender(from_address, envelope),
        *_by_envelope(message, envelope),
    ]
    return next((one for one in found if one.kind is AutomaticKind.ANSWERING), next(iter(found), None))


def _answering(source: str, sign: str) -> Automatic:
    return Automatic(AutomaticKind.ANSWERING, source, sign)


def _machine(sign: str) -> Automatic:
    return Automatic(AutomaticKind.MACHINE_MADE, "machine", sign)


def _by_envelope(message: Message, envelope: Envelope | None) -> Iterator[Automatic]:
    if envelope is not None and not envelope.sender:
        yield _answering("bounce", "empty envelope sender")
    if "<>" in fields(message, "return-path"):
        yield _answering("bounce", "Return-Path: <>")


_REPORTS = {"delivery-status": "bounce", "disposition-notification": "receipt"}


def _by_type(message: Message) -> Iterator[Automatic]:
    kind = message.get_content_type()
    if kind == "multipart/report":
        inside = [part.get_content_type().removeprefix("message/") for part in message.walk()]
        source = next((_REPORTS[one] for one in inside if one in _REPORTS), "report")
        yield _answering(source, "Content-Type: multipart/report")
    elif kind.removeprefix("message/") in _REPORTS and kind != kind.removeprefix("message/"):
        yield _answering(_REPORTS[kind.removeprefix("message/")], f"Content-Type: {kind}")


def _by_fields(message: Message) -> Iterator[Automatic]:
    if LOOP_MARK in _words(message, LOOP_HEADER):
        yield _answering("loop", f"{LOOP_HEADER}: {LOOP_MARK}")
    # A machine that answers a mail is an answering machine, whatever it calls itself.
    answers = any("<" in value for value in fields(message, "in-reply-to"))
    for value in _words(message, "auto-submitted"):
        if value != "no":
            sign = f"Auto-Submitted: {value}"
            yield _answering("answering machine", sign) if answers or value == "auto-replied" else _machine(sign)
    for value in _words(message, "precedence"):
        if value in {"auto_reply", "list", "bulk", "junk"}:
            yield _by_precedence(value, answers=answers)
    for name in sorted({key.lower() for key in message}):
        if name.startswith("list-"):
            yield _answering("list", name)
        elif name in _VENDORS_FIELDS:
            yield _VENDORS_FIELDS[name]


def _by_precedence(value: str, *, answers: bool) -> Automatic:
    sign = f"Precedence: {value}"
    if value == "list":
        return _answering("list", sign)
    return _answering("answering machine", sign) if answers or value == "auto_reply" else _machine(sign)


_VENDORS_FIELDS = {
    **{name: _machine(name) for name in ("x-autogenerated", "x-auto-response-suppress")},
    **{
        name: _answering("answering machine", name)
        for name in ("x-autoreply", "x-autoreply-from", "x-auto-reply-from", "x-autorespond", "x-autoresponder")
    },
}


def _words(message: Message, name: str) -> Iterator[str]:
    """The first word of each such field; what follows a semicolon are parameters (RFC 3834, 5.1)."""
    for value in fields(message, name):
        word = re.match(r"[\w./-]*", value.strip().lower())
        yield word.group() if word else ""


_AUTOMATIC_SUBJECT = re.compile(
    r"(?:auto(?:matic|matisk[at]?)?[ -]?(?:reply|response|svar|antwort)|automatiskt svar|automatische antwort"
    r"|out of (?:the )?office|frånvaromeddelande|frånvarande|abwesenheits(?:notiz|nachricht)|abwesend|réponse automatique"
    r"|respuesta automática|automatisch antwoord|automaattinen vastaus)(?: \w{2,12})?\s*[:(\[-]",
    re.IGNORECASE,
)


def _by_subject(subject: str) -> Iterator[Automatic]:
    # Only with a colon or the like behind it: "Out of office on Friday" is what a person writes.
    found = _AUTOMATIC_SUBJECT.match(subject)
    if found:
        yield _answering("answering machine", f"Subject: {found.group()}")


_NAMES = (
    (re.compile(r"mailer-daemon|postmaster"), "bounce"),
    (
        re.compile(
            r"(?:do-?not-?|no-?)reply(?:[+._-].*)?|bounces?(?:[+._=-].*)?|owner-.*|.*-(?:request|bounces|owner)"
        ),
        "",
    ),
)


def _by_sender(from_address: str, envelope: Envelope | None) -> Iterator[Automatic]:
    for address in (from_address, envelope.sender.lower() if envelope else ""):
        for pattern, source in _NAMES:
            if pattern.fullmatch(address.rpartition("@")[0]):
                sign = f"sender {ascii(address)[1:-1]}"
                yield _answering(source, sign) if source else _machine(sign)
