"""The portal of ``examples/portal``, started as its reader starts it; and what a page must be like, by the plain parser.

``Page`` reads HTML into what a person meets: headings, links, forms with their fields. :func:`faults_of` says what keeps
people with screen readers, keyboards or without scripts from using it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

from attrs import define, field, frozen

ROOT = Path(__file__).parents[1]
_VOID = frozenset({"meta", "link", "img", "input", "br", "hr"})
_OPTIONAL_END = frozenset({"option"})


@frozen
class Served:
    """A portal that runs.

    Attributes:
        login: the branded log-in address.
        links: by which people choose their passwords, by address.
        mailbox: where all mails can be read.
    """

    login: str
    links: Mapping[str, str]
    mailbox: str

    @property
    def url(self) -> str:
        """Its front page, without a slash at the end."""
        return self.login.partition("/login")[0]


@contextmanager
def served() -> Iterator[Served]:
    """``python -m examples.portal`` on a free port, until the block ends; it has to end well and to warn of nothing."""
    command = [sys.executable, "-W", "error", "-m", "examples.portal", "--port", "0"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | {"PYTHONUTF8": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        try:
            assert process.stdout is not None
            lines = []
            for line in process.stdout:
                if line.startswith("ready"):
                    break
                lines.append(line.split())
            assert lines, process.communicate()[1]
            yield Served(
                login=next(words[1] for words in lines if words[0] == "portal"),
                links={words[1]: words[2] for words in lines if words[0] == "password"},
                mailbox=next(words[1] for words in lines if words[0] == "mailbox"),
            )
        finally:
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate()
    assert errors == ""


@define
class Form:
    """A form: where it goes, its fields with their values, and the labels of those that people fill in."""

    action: str
    method: str
    fields: dict[str, str] = field(factory=dict)


class Page(HTMLParser):
    """A page as people meet it.

    Attributes:
        text: all of its text, in order.
        headings: their levels and texts.
        links, forms: as they come.
        boxes: those that are ticked or not, by name, with the words beside them.
        faults: what is wrong with it.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.headings: list[tuple[int, str]] = []
        self.links: list[str] = []
        self.forms: list[Form] = []
        self.boxes: dict[str, str] = {}
        self.faults: list[str] = []
        self.landmarks: list[str] = []
        self.title = ""
        self._stack: list[str] = []
        self._ids: set[str] = set()
        self._labelled: set[str] = set()
        self._described: set[str] = set()
        self._asked: list[str] = []
        self._select = ""
        self._label = ""
        self.feed(html)
        self.close()
        self._judge()

    def form(self, action: str) -> Form:
        """The form that goes to an address that ends so."""
        (found,) = (form for form in self.forms if form.action.endswith(action))
        return found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what begins."""
        given = {name: value or "" for name, value in attrs}
        self._look_at(tag, given)
        if tag == "a":
            self.links.append(given["href"])
        elif tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get")))
        elif tag in ("input", "textarea", "select"):
            self._ask(tag, given)
        elif tag == "option" and self.forms and self._select:
            if "selected" in given or self._select not in self.forms[-1].fields:
                self.forms[-1].fields[self._select] = given.get("value", "")
        elif tag == "label":
            self._labelled.add(given.get("for", ""))
            self._label = given.get("for", "")
        elif tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            self.headings.append((int(tag[1]), ""))
        elif tag in ("main", "header", "footer", "nav"):
            self.landmarks.append(tag)
        if tag not in _VOID:
            self._stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Note what ends, in the order of what began."""
        if not self._stack or self._stack.pop() != tag:
            self.faults.append(f"</{tag}> ends what has not begun")

    def handle_data(self, data: str) -> None:
        """Note what is said."""
        if "title" in self._stack:
            self.title += data
        else:
            self.text += data
        if "label" in self._stack and self._label in self.boxes:
            self.boxes[self._label] += data
        if self.headings and any(tag[0] == "h" and tag[1:].isdigit() for tag in self._stack):
            level, said = self.headings[-1]
            self.headings[-1] = (level, said + data)

    def _look_at(self, tag: str, given: Mapping[str, str]) -> None:
        wrong = {
            "a script": tag == "script" or any(name.startswith("on") for name in given),
            "a style of its own": tag == "style" or "style" in given,
            "no language": tag == "html" and not given.get("lang"),
            "an image without alt": tag == "img" and "alt" not in given,
            "a menu without a name": tag == "nav" and "aria-label" not in given,
            "a heading of a table without scope": tag == "th" and "scope" not in given,
            f"a second {given.get('id')}": given.get("id", "") in self._ids,
        }
        self.faults.extend(fault for fault, there in wrong.items() if there)
        self._ids.update(filter(None, [given.get("id")]))
        self._described.update(given.get("aria-describedby", "").split() + given.get("aria-labelledby", "").split())

    def _ask(self, tag: str, given: Mapping[str, str]) -> None:
        if not self.forms:
            self.faults.append("a field outside of forms")
            return
        checkbox = given.get("type") == "checkbox"
        self._select = given["name"] if tag == "select" else ""
        if checkbox:
            self.boxes[given["name"]] = ""
        elif tag != "select":
            self.forms[-1].fields[given["name"]] = given.get("value", "")
        if given.get("type") != "hidden" and "label" not in self._stack:
            self._asked.append(given.get("id", f"{given['name']} without an id"))

    def _judge(self) -> None:
        self.faults += [f"no label for {name}" for name in self._asked if name not in self._labelled]
        self.faults += [f"nothing is {name}" for name in sorted((self._described | self._labelled) - self._ids - {""})]
        self.faults += [f"<{tag}> does not end" for tag in self._stack]
        levels = [level for level, _ in self.headings]
        if levels[:1] != [1] or levels.count(1) != 1:
            self.faults.append(f"one first heading is wanted, there are {levels}")
        self.faults += [f"h{last} is followed by h{next_}" for last, next_ in pairwise(levels) if next_ > last + 1]
        self.faults += [f"an empty h{level}" for level, said in self.headings if not said.strip()]
        self.faults += [
            f"{self.landmarks.count(one)} of <{one}>" for one in ("main", "header") if self.landmarks.count(one) != 1
        ]
        self.faults += ["no title"] if not self.title.strip() else []
        if "#content" not in self.links[:1]:
            self.faults.append("no link to the content at first")
        self.faults += [
            f"{form.action} without a token"
            for form in self.forms
            if form.method == "post" and not form.fields.get("token")
        ]
