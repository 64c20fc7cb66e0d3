"""Which form of a text to take where a mail has it as plain text and as HTML.

Rules kept here:

* Plain text comes first, but programs break it at some column, put signs around what is bold (``*so*``) and do not mark
  where the signature begins. HTML knows all three.
* So where the HTML says the same words, its text is taken. Where it says only the first of them, and goes on with the rest
  in what it marks as signature or quote, too: then the rest was cut from it, and is missing from nothing.
* Where it says anything else, the plain text is what the sender's program stands for.

Linear in the length of the forms.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from attrs import frozen

from servicekit.mail.lines import Line, tidy

__all__ = ["Form", "best_of"]

_EMPHASIS = re.compile(r"[*_/]+")
_BESIDE = re.compile(
    r"\[[^\[\]\n]{0,200}\]|https?:\S+|[<>()]"
)  # pictures' texts and links, which forms show differently


@frozen
class Form:
    """One form: its lines, and what was typed of them."""

    lines: Sequence[Line]
    typed: str


def best_of(forms: Sequence[Form]) -> str:
    """The text that was typed; forms in the order of preference."""
    if len(forms) < 2:  # noqa: PLR2004  # nothing to choose from
        return forms[0].typed if forms else ""
    wanted = _words(forms[0].typed)
    for form in reversed(forms[1:]):
        if _tells(form, wanted):
            return form.typed
    return forms[0].typed


def _tells(form: Form, wanted: list[str]) -> bool:
    words = _words(form.typed)
    if words == wanted:
        return True
    # The page begins with all that was wanted: what it did not count as typed it marked as something else.
    whole = _words(tidy(line.text for line in form.lines))
    return bool(words) and wanted[: len(words)] == words and whole[: len(wanted)] == wanted


def _words(text: str) -> list[str]:
    return _EMPHASIS.sub("", _BESIDE.sub(" ", text)).split()
