"""HTML to lines of text, as a mail program would show them, with quotes and signatures marked as such.

Rules kept here:

* What a reader does not see gives no text: scripts, styles, comments, hidden elements, pictures (but for emoji that a
  mail program drew as pictures). Nothing is ever fetched.
* ``br``, blocks, list items and table rows break lines; paragraphs stand apart, unless they are styled without margin,
  as Outlook's are.
* A link is its text; its address follows only where the text is no address itself.
* Quotes are ``blockquote type=cite``, the wrappers of some mail programs, and everything after the dividers of Outlook;
  signatures are those that mail programs mark (:mod:`servicekit.mail.markup`).

Broken mark-up gives what a tolerant reader makes of it; nothing raises. The time is linear in the length of the page.
"""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser

from attrs import define, field

from servicekit.mail.lines import MOST_DEPTH, Line
from servicekit.mail.markup import PARAGRAPHS, Meaning, address_to_tell, meaning_of, parsable, starts_below

__all__ = ["html_lines"]

_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
)
_LISTS = frozenset({"ol", "ul"})
_BLOCKS = (
    PARAGRAPHS
    | _LISTS
    | {
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "center",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figure",
        "footer",
    }
    | {"form", "header", "html", "li", "main", "nav", "pre", "section", "table", "tbody", "tr"}
)
_CLOSED_BY_NEXT = frozenset({"li", "td", "th", "tr"})


def html_lines(html: str) -> list[Line]:
    """The lines of an HTML body, in reading order.

    >>> [line.text for line in html_lines("<p>Hej <b>Maria</b>!</p><p>Tiden &auml;r flyttad.</p>")]
    ['Hej Maria!', '', 'Tiden är flyttad.']
    """
    page = _Page()
    page.feed(parsable(html))
    page.close()
    page.sheet.end_line()
    return page.sheet.lines


_SPACE = re.compile(r"[ \t\r\n\f]+")
_BREAK = re.compile(r"\r\n|\r|\n")


@define
class _Sheet:
    """The lines so far, and the one that is being written."""

    lines: list[Line] = field(factory=list)
    depth: int = 0
    signs: int = 0
    gap: bool = False
    bullet: str = ""
    _written: list[str] = field(factory=list)

    def write(self, text: str) -> None:
        self._written.append(_SPACE.sub(" ", text))

    def write_as_is(self, text: str) -> None:
        first, *others = _BREAK.split(text)
        self._written.append(first)
        for line in others:
            self.end_line(even_empty=True)
            self._written.append(line)

    def end_line(self, *, even_empty: bool = False) -> None:
        text = "".join(self._written).strip(" ")
        self._written.clear()
        if not (text or even_empty):
            return
        depth = min(self.depth, MOST_DEPTH)
        if self.gap and self.lines:
            self.lines.append(Line("", depth))
        self.lines.append(Line(self.bullet + text, depth, signs=self.signs > 0))
        self.gap, self.bullet = False, ""


class _Page(HTMLParser):
    """Walks the page.

    Only elements that break lines or mean something are kept on the stack, so that an inline tag closed in the wrong order
    closes nothing else.
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.sheet = _Sheet()
        self._stack: list[tuple[str, Meaning]] = []
        self._open: Counter[str] = Counter()
        self._unseen = 0
        self._below = False
        self._numbers: list[int | None] = []
        self._link: tuple[str, list[str]] | None = None

    def handle_data(self, data: str) -> None:
        if self._unseen:
            return
        if self._open["pre"]:
            self.sheet.write_as_is(data)
        else:
            self.sheet.write(data)
        if self._link is not None:
            self._link[1].append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag in _VOID:
            self._show(tag, attributes)
            return
        self._close_left_open(tag)
        if tag in _BLOCKS:
            self.sheet.end_line()
        if starts_below(attributes) and not self._below:
            self._below = True
            self.sheet.depth += 1
        meaning = meaning_of(tag, attributes)
        if tag in _BLOCKS or tag in _CLOSED_BY_NEXT or meaning.marks or self._open[tag]:
            self._push(tag, meaning)
        self._begin(tag, attributes)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._end_link()
        if not self._open[tag]:
            return
        while self._pop() != tag:
            pass

    # --- elements

    def _show(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "br" and not self._unseen:
            self.sheet.end_line(even_empty=True)
        elif tag == "hr":
            self.sheet.end_line()
        elif tag == "img":
            picture = attributes.get("alt", "")
            # An emoji drawn as a picture: it says something no letter does.
            if picture and not picture.isascii() and not any(char.isalnum() for char in picture):
                self.handle_data(picture)

    def _close_left_open(self, tag: str) -> None:
        """Closes what HTML lets people leave open: a paragraph before a block, an item or a cell before the next."""
        if self._stack:
            last = self._stack[-1][0]
            if (last in PARAGRAPHS and tag in _BLOCKS) or (last == tag and tag in _CLOSED_BY_NEXT):
                self._pop()

    def _begin(self, tag: str, attributes: dict[str, str]) -> None:
        if tag in _LISTS:
            self._numbers.append(0 if tag == "ol" else None)
        elif tag == "li":
            self.sheet.bullet = self._next_bullet()
        elif tag in {"td", "th"}:
            self.sheet.write(" ")
        elif tag == "a":
            self._end_link()
            self._link = (attributes.get("href", ""), [])

    def _next_bullet(self) -> str:
        number = self._numbers[-1] if self._numbers else None
        if number is None:
            return "- "
        self._numbers[-1] = number + 1
        return f"{number + 1}. "

    def _end_link(self) -> None:
        if self._link is not None:
            href, texts = self._link
            self._link = None
            address = address_to_tell(href, "".join(texts).strip())
            if address:
                self.sheet.write(f" {address}")

    # --- the stack

    def _push(self, tag: str, meaning: Meaning) -> None:
        self._mean(meaning, 1)
        self.sheet.gap |= meaning.apart
        self._stack.append((tag, meaning))
        self._open[tag] += 1

    def _pop(self) -> str:
        tag, meaning = self._stack.pop()
        self._open[tag] -= 1
        if tag in _BLOCKS:
            self.sheet.end_line()
        self._mean(meaning, -1)
        self.sheet.gap |= meaning.apart
        if tag in _LISTS:
            self._numbers.pop()
        return tag

    def _mean(self, meaning: Meaning, step: int) -> None:
        if meaning.quotes or meaning.signs:
            self.sheet.end_line()  # what stands before or after is another kind of line
        self._unseen += step * meaning.unseen
        self.sheet.depth += step * meaning.quotes
        self.sheet.signs += step * meaning.signs
