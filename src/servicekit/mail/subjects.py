"""Subjects: which of them answer or forward something, and what is left without the prefixes that mail programs add.

The prefixes are those of mail programs in English, Swedish, German, French, Spanish and their neighbours. Only a prefix
before a colon counts: "Re tiden imorgon" is what somebody typed, and so is
"Ref: 4711", which some programs add and many people write.
"""

from __future__ import annotations

import re

__all__ = ["bare_subject", "is_forward", "is_reply"]

_REPLY = r"re|sv|aw|antw|vs|rép|odp"
_FORWARD = r"fwd?|vb|wg|tr|rv|vl|doorst"
_COUNT = r"(?:\s*[\[(]?\d{1,3}[\])]?)?"  # Re[2]:
_REPLIES = re.compile(rf"\s*(?:{_REPLY}){_COUNT}\s*:", re.IGNORECASE)
_FORWARDS = re.compile(rf"\s*(?:(?:{_REPLY}){_COUNT}\s*:\s*)*(?:{_FORWARD}){_COUNT}\s*:", re.IGNORECASE)
_CHAIN = re.compile(rf"(?:\s*(?:{_REPLY}|{_FORWARD}){_COUNT}\s*:)+", re.IGNORECASE)


def is_reply(subject: str) -> bool:
    """Whether a mail program marked it as an answer."""
    return _REPLIES.match(subject) is not None


def is_forward(subject: str) -> bool:
    """Whether a mail program marked it as handed on, also where it is an answer to such a mail."""
    return _FORWARDS.match(subject) is not None


def bare_subject(subject: str) -> str:
    """The subject without any chain of such prefixes.

    >>> bare_subject("SV: Re: VB: Tiden på torsdag")
    'Tiden på torsdag'
    """
    chain = _CHAIN.match(subject)
    return subject[chain.end() if chain else 0 :].strip()
