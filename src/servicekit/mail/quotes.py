"""Telling what a person typed now from what stood there before: quotes, reply lines, forwarded headers, signatures.

Each line is given a part (:class:`Part`), and only the typed ones are kept. Rules kept here:

* Quoted is what the format marks so, and everything below an Outlook header block, a divider ("-----Original Message-----")
  or a reply line with date and time. A reply line without them counts only right above marked quotes.
* Answers written below or between marked quotes are kept.
* The signature is what follows the line ``-- `` (RFC 3676, 4.3) up to the next quote, what HTML marks as one, and the
  lines that telephones add ("Skickat från min iPhone"). A greeting is no signature: a person typed it.
* Never cut so much that nothing is left: a forwarded mail has its content *in* the quote, and is then unwrapped level by
  level. Only an answer to which nobody typed anything is empty.

The wordings stand in :mod:`servicekit.mail.wordings`: Outlook, Gmail, Apple Mail, Thunderbird and telephones in Swedish,
English, German, French, Spanish, and some neighbours' languages. The time is linear in the number of lines.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence

from attrs import evolve, frozen

from servicekit.mail import wordings
from servicekit.mail.lines import Line

__all__ = ["Part", "parts_of", "typed_lines"]

_MOST_LEVELS = 10
_MOST_WRAPS = 4  # lines over which a reply line is broken
_MOST_BLOCK = 15  # lines of a header block


class Part(enum.Enum):
    """What a line is."""

    TYPED = "typed"
    QUOTE = "quote"
    """Quoted by the format's own marks."""
    BELOW = "below"
    """Unmarked, below an intro that says that another mail follows."""
    INTRO = "intro"
    """A reply line, a divider, or a header block: a mail program wrote it about the quote."""
    SIGNATURE = "signature"
    DEVICE = "device"
    """What a telephone or a mail program adds about itself."""


def typed_lines(lines: Sequence[Line], *, is_answer: bool, alone: bool) -> list[str]:
    """The text of the lines that the sender typed.

    Args:
        lines: the body's lines.
        is_answer: the mail answers another one: then quotes with nothing typed are an empty answer, else its content.
        alone: the mail says nothing elsewhere (no subject), so that a signature is better than nothing.
    """
    for _ in range(_MOST_LEVELS):
        parts = parts_of(lines)
        typed = _of(lines, parts, Part.TYPED)
        if typed or is_answer:
            return typed
        inside = _unwrapped(lines, parts)
        if not inside:
            signature = _of(lines, parts, Part.SIGNATURE) if alone else []
            return [text for text in signature if not _by_program(text)]
        lines = inside
    return [line.text for line in lines]


def _of(lines: Sequence[Line], parts: Sequence[Part], wanted: Part) -> list[str]:
    """The text of the lines of one part; none if they say nothing."""
    found = [line.text for line, part in zip(lines, parts, strict=True) if part is wanted]
    return found if any(text.strip() for text in found) else []


def _by_program(text: str) -> bool:
    return wordings.is_signature_start(text) or wordings.is_device_line(text.strip())


def _unwrapped(lines: Sequence[Line], parts: Sequence[Part]) -> list[Line]:
    """The quoted lines as their own sender wrote them; none if they say nothing."""
    found: list[Line] = []
    for line, part in zip(lines, parts, strict=True):
        if part is Part.QUOTE:
            found.append(evolve(line, depth=line.depth - 1))
        elif part is Part.BELOW:
            found.append(line)
    return found if any(line.text.strip() for line in found) else []


def parts_of(lines: Sequence[Line]) -> list[Part]:
    """The part that each line is, in their order."""
    page = _Page.of(lines)
    parts: list[Part] = []
    signing = False
    while len(parts) < len(lines):
        at = len(parts)
        line = lines[at]
        intro, sure = (0, False) if line.depth else page.intro(at)
        quoted = intro > 0 and page.is_quoted_next(at + intro)
        if line.depth:
            signing = False
            parts.append(Part.QUOTE)
        elif quoted or (intro and sure):
            parts += [Part.INTRO] * intro
            if not quoted:
                parts += [Part.BELOW] * (len(lines) - len(parts))
        else:
            signing = signing or wordings.is_signature_start(line.text)
            parts.append(Part.SIGNATURE if signing or line.signs else Part.TYPED)
    return _without_devices(lines, parts)


def _without_devices(lines: Sequence[Line], parts: list[Part]) -> list[Part]:
    """Marks device lines where nothing typed follows them before the next quote or the end."""
    at_end = True
    for at in reversed(range(len(lines))):
        if parts[at] is not Part.TYPED:
            at_end = True
        elif lines[at].text.strip():
            at_end = at_end and wordings.is_device_line(lines[at].text.strip())
            if at_end:
                parts[at] = Part.DEVICE
    return parts


@frozen
class _Page:
    """The lines once more, prepared for looking ahead: what each says, and which header field it shows.

    A quoted line says nothing here: no intro goes on in it.
    """

    lines: Sequence[Line]
    said: tuple[str, ...]
    labels: tuple[str | None, ...]

    @classmethod
    def of(cls, lines: Sequence[Line]) -> _Page:
        said = tuple("" if line.depth else line.text.replace("\u00a0", " ").strip() for line in lines)
        # Whoever looks ahead finds an end without asking for it.
        beyond = ("",) * (_MOST_BLOCK + 1)
        return cls(lines, said + beyond, tuple(map(wordings.header_label, said)) + (None,) * len(beyond))

    def is_quoted_next(self, at: int) -> bool:
        """Whether the next line that says something is marked as quoted."""
        following = (self.lines[index] for index in range(at, len(self.lines)))
        return next((line.depth > 0 for line in following if line.text.strip()), False)

    def intro(self, at: int) -> tuple[int, bool]:
        """How many lines from here a mail program wrote about a quote, and whether that is sure without marks on it."""
        if wordings.divides(self.said[at]):
            return 1 + self._gap_and_block(at + 1), True
        if wordings.is_rule(self.said[at]):
            block = self._gap_and_block(at + 1)
            return (1 + block, True) if block else (0, False)
        block = self._block(at)
        return (block, True) if block else self._reply_line(at)

    def _gap_and_block(self, at: int) -> int:
        """The lines of a header block that may stand after one or two empty lines; 0 if there is none."""
        for gap in range(3):
            block = self._block(at + gap)
            if block:
                return gap + block
        return 0

    def _block(self, at: int) -> int:
        """The lines of a header block. It has a sender, a subject and one more: "Från: Lund, Till: Ystad" is a journey."""
        seen: list[str] = []
        for line in range(at, min(at + _MOST_BLOCK, len(self.lines))):
            # A long list of recipients is wrapped: a line without a label, between two that have one.
            wrapped = seen[-1:] == ["to"] and self.said[line] and self.labels[line + 1]
            label = self.labels[line] or ("to" if wrapped else None)
            if label is None:
                break
            seen.append(label)
        return len(seen) if {"from", "subject"} < set(seen) else 0

    def _reply_line(self, at: int) -> tuple[int, bool]:
        """The lines of a reply line that starts here, perhaps wrapped, and whether it names date and time."""
        for count in range(1, _MOST_WRAPS + 1):
            text = self.said[at + count - 1]
            if not text or len(text) > wordings.LONGEST:
                break
            if text.endswith(":"):
                joined = self._joined(at, at + count)
                if not wordings.is_reply_line(joined) or self._starts_later(at, at + count):
                    break
                return count, wordings.names_date_and_time(joined)
        return 0, False

    def _starts_later(self, at: int, end: int) -> bool:
        """Whether a later one of these lines starts the reply line: then what stands before it was typed."""
        starts = (start for start in range(at + 1, end) if not self.said[start].startswith("<"))  # an address goes on
        return any(wordings.is_reply_line(self._joined(start, end)) for start in starts)

    def _joined(self, start: int, end: int) -> str:
        return " ".join(self.said[start:end])
