"""The text of the SMS that a mail asks for: its subject and the rest, joined as a person would have typed them (M-01).

Rules kept here: the subject comes first, on a line of its own; it is not said twice where the text begins with it; prefixes
that mail programs add (Re:, Sv:, Fwd:) are nobody's words; in an answer to one of our own mails the subject is ours and
stays away. Nothing is cut: whether the text fits is the sms room's question.
"""

from __future__ import annotations

import re

from servicekit.mail.reading import Mail
from servicekit.mail.subjects import bare_subject

__all__ = ["sms_text"]

_ELLIPSIS = re.compile(r"\s*(?:\.{3}|…)$")


def sms_text(mail: Mail, *, is_answer: bool) -> str:
    r"""What to send. Empty if the sender wrote nothing: refuse that, never send an empty SMS.

    Args:
        mail: from :func:`servicekit.mail.read_mail`.
        is_answer: the mail answers one that we sent for an SMS, so that its subject is ours.

    >>> from servicekit.mail import Mail
    >>> sms_text(Mail("<1@x.example>", "anna@salon.example", "Tiden på torsdag", "Den är flyttad till 14."), is_answer=False)
    'Tiden på torsdag\nDen är flyttad till 14.'
    """
    subject = "" if is_answer else bare_subject(mail.subject)
    if not subject or _begins_with(mail.text, subject):
        return mail.text
    return f"{subject}\n{mail.text}" if mail.text else subject


def _begins_with(text: str, subject: str) -> bool:
    """Whether the text opens with the subject, whatever the line breaks and capitals; at the end of a word."""
    # Telephones fill an empty subject with the first words of the text and three dots.
    said = _ELLIPSIS.sub("", subject)
    cut = said != subject
    flat = " ".join(text.split()).casefold()
    wanted = " ".join(said.split()).casefold()
    rest = flat[len(wanted) :]
    return bool(wanted) and flat.startswith(wanted) and (cut or not rest[:1].isalnum())
