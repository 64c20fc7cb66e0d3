"""Lines of a mail's text, with what the format itself says about them: how deep they are quoted, or that they sign it.

Both forms of a body end here, so that quotes and signatures are judged once: plain text by :func:`plain_lines`
(``>`` marks, RFC 3676 format=flowed), HTML by :mod:`servicekit.mail.html`. :func:`tidy` makes text of what is left,
with the white space that a person would have typed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from attrs import field, frozen

__all__ = ["MOST_DEPTH", "Line", "plain_lines", "tidy"]

MOST_DEPTH = 9
"""Deeper quotes count as this deep: nobody reads them, and every level costs a pass."""


_NOTHING = re.compile("[\u00ad\u200b\u2060\ufeff]|[\x00-\x08\x0e-\x1f\x7f-\x9f]")


def _visible(text: str) -> str:
    return _NOTHING.sub("", text)


@frozen
class Line:
    """One line.

    Attributes:
        text: without its quote marks, a line break, and what nobody sees: control and zero-width characters.
        depth: how many times it is quoted; 0 for the sender's own.
        signs: the mail's own mark-up says that it belongs to a signature.
    """

    text: str = field(converter=_visible)
    depth: int = 0
    signs: bool = False


_MARKS = re.compile(r"^ ?(?:> ?)*>")
_BREAK = re.compile("\r\n|[\r\n\u0085\u2028\u2029]")
_GROUPWISE = re.compile(r">>> \S.{0,300} >>>\s*")


def plain_lines(text: str, *, flowed: bool = False, delsp: bool = False) -> list[Line]:
    """The lines of a plain text body. Linear in its length.

    Args:
        text: the decoded body, with any line breaks.
        flowed: ``format=flowed``: lines ending in a space go on in the next one of the same depth.
        delsp: ``delsp=yes``: that space is no part of the text (RFC 3676, 4.1).
    """
    found = _BREAK.split(text)
    return list(_joined(found, delsp=delsp)) if flowed else [_unmarked(line) for line in found]


def _unmarked(line: str) -> Line:
    marks = _MARKS.match(line)
    if marks is None or _GROUPWISE.fullmatch(line):  # a divider, not a quote
        return Line(line)
    return Line(line[marks.end() :].removeprefix(" "), depth=min(marks.group().count(">"), MOST_DEPTH))


def _joined(lines: Iterable[str], *, delsp: bool) -> Iterator[Line]:
    pieces: list[str] = []  # of a line that goes on
    open_depth = 0
    for line in lines:
        rest = line.lstrip(">")  # flowed text has its marks at the very start, without spaces between (4.5)
        depth = min(len(line) - len(rest), MOST_DEPTH)
        rest = rest.removeprefix(" ")  # space-stuffing (4.4)
        if pieces and (open_depth != depth or rest == "-- "):
            yield Line("".join(pieces), open_depth)
            pieces = []
        goes_on = rest.endswith(" ") and rest != "-- "
        pieces.append(rest[:-1] if goes_on and delsp else rest)
        open_depth = depth
        if not goes_on:
            yield Line("".join(pieces), depth)
            pieces = []
    if pieces:
        yield Line("".join(pieces), open_depth)


_MOST_MARKS = 30  # on one letter (UAX 15, 13: Stream-Safe Text); composing sorts them, in quadratic time
_MAY_BE_MARKS = re.compile("[\u0300-\U0010ffff]{31,}")


def _composed(text: str) -> str:
    """NFC. Of more marks on one letter than any script has, those beyond the thirtieth go."""
    return unicodedata.normalize("NFC", _MAY_BE_MARKS.sub(_with_fewer_marks, text))


def _with_fewer_marks(run: re.Match[str]) -> str:
    kept, marks = [], 0
    for char in run.group():
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks <= _MOST_MARKS:
            kept.append(char)
    return "".join(kept)


_SPACES = re.compile(r"[^\S\n]+")
_GAPS = re.compile(r"\n{3,}")


def tidy(lines: Iterable[str]) -> str:
    r"""Text of lines: composed characters (NFC), single spaces, at most one empty line together, none at the ends.

    No-break spaces and tabs become spaces; control, zero-width and soft-hyphen characters go (the joiner inside an emoji
    stays). Linear in the length.

    >>> tidy(["  Hej\u00a0  Maria, ", "", "", "tiden \tär flyttad. "])
    'Hej Maria,\n\ntiden är flyttad.'
    """
    whole = _composed(_visible("\n".join(lines)))
    trimmed = "\n".join(_SPACES.sub(" ", line).strip() for line in _BREAK.split(whole))
    return _GAPS.sub("\n\n", trimmed).strip()
