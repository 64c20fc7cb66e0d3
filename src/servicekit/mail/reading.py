"""Reading a mail as a person would: who sent it, and what they typed.

Rules kept here:

* The bytes are judged before they are parsed: nothing is taken apart that is over the bounds below, and nothing is
  ever cut off in silence.
* Exactly one From field with exactly one address. Several are an attack: one reader checks the first, another believes the
  last. Whether the address is *true* is not known here (SPF, DKIM and DMARC are another matter).
* A mail that is encrypted is refused: its subject alone is not what the sender meant to send.
* Whatever the bytes are, the outcome is a :class:`Mail` or :class:`~servicekit.errors.UnreadableMail`.

Not done here: deciding whether the mail may become an SMS; ``Mail.automatic`` says what is known for that.
Reading takes a time in proportion to the size: about a millisecond for a common mail, seconds for the worst that is allowed.
"""

from __future__ import annotations

import hashlib
import re
from email.message import Message

from attrs import field, frozen

from servicekit.errors import UnreadableMail
from servicekit.mail.automatic import Automatic, automatic
from servicekit.mail.forms import Form, best_of
from servicekit.mail.headers import decoded, fields, message_ids, one_address
from servicekit.mail.lines import tidy
from servicekit.mail.mime import parsed
from servicekit.mail.parts import AsTheyStand, Part, attachment_names, bodies, depth_of, sealed, text_size
from servicekit.mail.quotes import typed_lines
from servicekit.mail.subjects import bare_subject, is_forward, is_reply
from servicekit.mail.values import Envelope

__all__ = ["Mail", "read_mail"]

_MOST_LINES = 250_000  # ten megabytes of base64 have 137,000
_MOST_TEXT = 1_000_000  # characters with mark-up; an SMS has some hundred
_MOST_DASHES = 5_000  # lines that begin with "--" and so may begin a part
_MOST_CONTAINERS = 100
_MOST_DEPTH = 20
_MOST_WORK = 4_000_000  # lines times parts that hold parts: the parser asks every open part about every line
_MOST_HEADER = 10_000  # bytes of one field that is read here
_MOST_MIME = 4_000  # characters of a Content-* field, which is taken apart many times
_MOST_PARAMETERS = 60  # of one


@frozen
class Mail:
    """A mail that was read.

    Attributes:
        message_id: with angle brackets. A mail that has none gets one made of its date, its addresses and its body, so that
            the same mail delivered twice still has the same.
        from_address: ``local@domain`` in lower case, the domain in IDNA form. A claim, until it has been verified.
        subject: decoded, on one line; empty if there is none.
        text: what the sender typed, without quotes and signature; lines end in a line feed; may be empty. Not in the repr.
        attachments: the names of what hangs on it and is left out of every SMS.
        automatic: why a machine is taken to have written it; None for a person.
        in_reply_to: the message id that it answers; empty if it says none.
        references: the message ids of its thread, oldest first.
    """

    message_id: str
    from_address: str
    subject: str
    text: str = field(repr=False)
    attachments: tuple[str, ...] = ()
    automatic: Automatic | None = None
    in_reply_to: str = ""
    references: tuple[str, ...] = ()


def read_mail(raw: bytes, *, most_bytes: int = 10_000_000, envelope: Envelope | None = None) -> Mail:
    """The mail in these bytes.

    Args:
        raw: the mail as it came over the wire, header and body.
        most_bytes: the largest size that is read, in bytes.
        envelope: what the sending server said; its sender tells bounces and lists apart from people.

    Raises:
        UnreadableMail: ``empty_mail``, ``mail_too_large``, ``mail_too_complex``, ``mail_malformed``, ``mail_sealed`` or
            ``no_single_sender``.
    """
    _check_size(raw, most_bytes)
    message = _parsed(raw)
    whole = Part.of(message)
    if depth_of(whole) > _MOST_DEPTH:
        raise _too_complex("its parts are nested too deep")
    if text_size(whole) > _MOST_TEXT:
        raise _too_complex(f"its text has more than {_MOST_TEXT} characters")
    sender = _sender(message)
    if sealed(whole):
        raise UnreadableMail(
            "The mail's text is encrypted or sealed in a signature, nobody here can read it: send it as plain text.",
            code="mail_sealed",
        )
    subject = _subject(message)
    in_reply_to = message_ids(_short(message, "in-reply-to"))
    references = message_ids(_short(message, "references"))
    answers = (bool(in_reply_to or references) or is_reply(subject)) and not is_forward(subject)
    return Mail(
        message_id=next(iter(message_ids(_short(message, "message-id"))), "") or _made_id(message, raw),
        from_address=sender,
        subject=subject,
        text=_typed(whole, is_answer=answers, alone=not bare_subject(subject)),
        attachments=attachment_names(whole),
        automatic=automatic(message, from_address=sender, subject=subject, envelope=envelope),
        in_reply_to=next(iter(in_reply_to), ""),
        references=references,
    )


def _typed(mail: Part, *, is_answer: bool, alone: bool) -> str:
    """What was typed, from the form to prefer."""
    return best_of([Form(lines, tidy(typed_lines(lines, is_answer=is_answer, alone=alone))) for lines in bodies(mail)])


# --- before parsing


def _check_size(raw: bytes, most_bytes: int) -> None:
    if not raw.strip():
        raise UnreadableMail(
            "The mail is empty: send it again with a sender, a recipient and a text.", code="empty_mail"
        )
    if len(raw) > most_bytes:
        raise UnreadableMail(
            f"The mail has {len(raw)} bytes, {most_bytes} are allowed: send it without attachments.",
            code="mail_too_large",
            bytes=len(raw),
            most=most_bytes,
        )
    if raw.count(b"\n") > _MOST_LINES:
        raise _too_complex(f"it has more than {_MOST_LINES} lines")
    if raw.count(b"\n--") > _MOST_DASHES:
        raise _too_complex(f"it has more than {_MOST_DASHES} lines that may begin a part")
    lower = raw.lower()
    # Every part that holds parts names such a type: counting them bounds the parser's recursion before it starts.
    containers = lower.count(b"multipart/") + lower.count(b"message/")
    if containers > _MOST_CONTAINERS or containers * raw.count(b"\n") > _MOST_WORK:
        raise _too_complex(f"it has more than {_MOST_CONTAINERS} parts that hold parts")


def _too_complex(why: str) -> UnreadableMail:
    return UnreadableMail(
        f"The mail is too complex, {why}: send the text alone, in a new mail.", code="mail_too_complex"
    )


class _Fields(AsTheyStand):
    """Fields as they stand, and none on which the library would spend too long."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        mime = name[:8].lower() == "content-"
        if mime and (len(value) > _MOST_MIME or value.count(";") > _MOST_PARAMETERS):
            raise _too_complex(f"its field {name[:40]} is too long")
        return name, value


_FIELDS = _Fields()


def _parsed(raw: bytes) -> Message:
    try:
        return parsed(_without_envelope_line(raw), _FIELDS)
    except (ValueError, LookupError, TypeError, AttributeError, AssertionError) as error:
        # What the standard library's parser lets out for broken MIME parameters. The mail would break it again tomorrow.
        raise UnreadableMail(
            "The mail's structure is broken (a MIME field that no reader can take apart): send the text in a new mail.",
            code="mail_malformed",
        ) from error


_ESCAPED = re.compile(rb"^>(?=>*From )", re.MULTILINE)


def _without_envelope_line(raw: bytes) -> bytes:
    """A mail out of an mbox (RFC 4155): its first line is no field, and ``>From`` in its text was ``From``."""
    if not raw.startswith(b"From "):
        return raw
    return _ESCAPED.sub(b"", raw.partition(b"\n")[2])


# --- its header


def _short(message: Message, name: str) -> list[str]:
    return [value for value in fields(message, name) if len(value) <= _MOST_HEADER]


def _sender(message: Message) -> str:
    found = fields(message, "from")
    if len(found) == 1 and len(found[0]) <= _MOST_HEADER:
        address = one_address(found[0])
        if address is not None:
            return address
    raise UnreadableMail(
        "The mail must have exactly one From field with one address in it, such as anna@salon.example: "
        "set the sender in your mail program and send it again.",
        code="no_single_sender",
        senders=len(found),
    )


def _subject(message: Message) -> str:
    found = fields(message, "subject")
    if not found:
        return ""
    if len(found[0]) > _MOST_HEADER:
        raise _too_complex(f"its subject has more than {_MOST_HEADER} characters")
    return " ".join(tidy([decoded(found[0])]).split())


def _made_id(message: Message, raw: bytes) -> str:
    # Not the whole mail: the Received fields differ when a server delivers it again.
    body = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[-1]
    parts = [*fields(message, "date"), *fields(message, "from"), *fields(message, "to"), *fields(message, "subject")]
    known = "\n".join(parts).encode("utf-8", "surrogateescape")
    digest = hashlib.sha256(known + b"\n\n" + body).hexdigest()
    return f"<{digest[:40]}@no-message-id.invalid>"
