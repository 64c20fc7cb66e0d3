"""A reader of calendar files of our own, after RFC 5545, 3.1 and 3.3.11: unfolds, splits, unescapes. Refuses what is wrong."""

from __future__ import annotations

import re

from attrs import define, field

_NAME = re.compile(r"[A-Za-z0-9-]+")
_CARETS = {"^": "^", "n": "\n", "'": '"'}  # RFC 6868, as icalendar 7 writes parameters
_ESCAPED = {"n": "\n", "N": "\n", "\\": "\\", ";": ";", ",": ","}


@define
class Component:
    """A component: its properties as (name, parameters, value) in order, and those within it."""

    name: str
    properties: list[tuple[str, dict[str, str], str]] = field(factory=list)
    within: list[Component] = field(factory=list)

    def one(self, name: str) -> str:
        """The value of a property that is there once, as it is written."""
        (found,) = [value for other, _, value in self.properties if other == name]
        return found

    def text(self, name: str) -> str:
        """The same as text."""
        return re.sub(r"\\(.)", lambda match: _ESCAPED[match[1]], self.one(name))

    def parameters(self, name: str) -> dict[str, str]:
        """The parameters of a property that is there once."""
        (found,) = [parameters for other, parameters, _ in self.properties if other == name]
        return found

    @property
    def names(self) -> set[str]:
        """Which properties there are."""
        return {name for name, _, _ in self.properties}


def read_calendar(content: bytes) -> Component:
    """The one component of a file."""
    assert content.endswith(b"\r\n"), "the last line has an end"
    lines = content.removesuffix(b"\r\n").split(b"\r\n")
    assert all(len(line) <= 75 for line in lines), "a line has at most 75 octets"
    assert not any(set(line) & {10, 13} for line in lines), "lines end in CRLF and nothing else"
    unfolded = b"\r\n".join(lines).replace(b"\r\n ", b"").decode("utf-8")
    stack = [Component("")]
    for line in unfolded.split("\r\n"):
        name, parameters, value = _split(line)
        if name == "BEGIN":
            stack.append(Component(value))
        elif name == "END":
            ended = stack.pop()
            assert ended.name == value, "components end as they began"
            stack[-1].within.append(ended)
        else:
            stack[-1].properties.append((name, parameters, value))
    (top,) = stack
    (whole,) = top.within
    return whole


def _split(line: str) -> tuple[str, dict[str, str], str]:
    assert not any(one < " " and one != "\t" for one in line), "a content line has no control characters"
    name = _NAME.match(line)
    assert name is not None, line
    rest, parameters = line[name.end() :], dict[str, str]()
    while rest.startswith(";"):
        found = re.match(r';([A-Za-z0-9-]+)=("[^"]*"|[^";:,]*)', rest)
        assert found is not None, line
        parameters[found[1].upper()] = re.sub(r"\^([\^n'])", lambda one: _CARETS[one[1]], found[2].strip('"'))
        rest = rest[found.end() :]
    assert rest.startswith(":"), line
    return name[0].upper(), parameters, rest[1:]
