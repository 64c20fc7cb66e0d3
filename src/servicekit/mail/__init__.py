"""Mail: read as a person would read it, and composed so that machines leave it alone.

The rules that this room keeps:

* :func:`read_mail` gives what the sender typed, whatever program, charset, encoding or HTML it came in, without quotes and
  signatures; or it raises :class:`~servicekit.errors.UnreadableMail`. No bytes make it raise anything else.
* :func:`sms_text` joins subject and text as one would have typed them.
* ``Mail.automatic`` tells people from machines, and answering machines (never an SMS) from alarms (only if listed).
* :func:`answer_mail` makes the mail for an incoming SMS; a plain answer to it reaches the number. :func:`plain_mail` makes
  notices. Nothing that somebody typed can add a header to either.

* :func:`judge_sender` says whether a mail is from the domain in From: SPF or DKIM of an aligned domain, or DMARC, proves it.

What it refuses: mails without exactly one sender, over its bounds, or broken beyond reading. It sends and receives nothing,
and reads no clock and no randomness.
"""

from servicekit.mail.answers import answer_mail, plain_mail
from servicekit.mail.authenticity import (
    Check,
    Method,
    Proven,
    Result,
    Undecided,
    Unproven,
    Verdict,
    judge_sender,
)
from servicekit.mail.automatic import Automatic, AutomaticKind
from servicekit.mail.reading import Mail, read_mail
from servicekit.mail.refusals import KEPT_DAYS, IgnoredMails, ListIgnoredMails, WhyIgnored
from servicekit.mail.results import TrustedResults, VerifiedInFront
from servicekit.mail.text import sms_text
from servicekit.mail.values import CalendarPart, Envelope, OutgoingMail

__all__ = [
    "KEPT_DAYS",
    "Automatic",
    "AutomaticKind",
    "CalendarPart",
    "Check",
    "Envelope",
    "IgnoredMails",
    "ListIgnoredMails",
    "Mail",
    "Method",
    "OutgoingMail",
    "Proven",
    "Result",
    "TrustedResults",
    "Undecided",
    "Unproven",
    "Verdict",
    "VerifiedInFront",
    "WhyIgnored",
    "answer_mail",
    "judge_sender",
    "plain_mail",
    "read_mail",
    "sms_text",
]
