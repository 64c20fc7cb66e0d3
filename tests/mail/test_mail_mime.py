"""Mails taken apart: the short way comes to what the standard library finds, and most real mails go it."""

from __future__ import annotations

from email.message import Message
from email.parser import BytesParser
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mail_mutations import SEEDS, mutated

from servicekit.mail import mime
from servicekit.mail.parts import AsTheyStand

POLICY = AsTheyStand()
ALTERNATIVE = b"""\
From: anna@salon.example
Subject: two
 lines
Content-Type: multipart/alternative;
\tboundary="=_1"

--=_1
Content-Type: text/plain; charset=utf-8

Hej
--
Anna

--=_1

no fields
--=_1--
"""


def found(message: Message) -> tuple[Any, ...]:
    """All that is told of a mail and of its parts."""
    inside = message.get_payload()
    parts = [found(one) for one in inside if isinstance(one, Message)] if isinstance(inside, list) else inside
    return list(message.raw_items()), message.get_content_type(), message.is_multipart(), parts


def outcome(read: Any, raw: bytes) -> tuple[Any, ...]:
    """The parts, or what is raised."""
    try:
        return found(read(raw))
    except (ValueError, LookupError, TypeError, AttributeError, AssertionError) as error:
        return (type(error),)


def both(raw: bytes) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """As it is read here, and by the library."""
    ours = outcome(lambda raw: mime.parsed(raw, POLICY), raw)
    return ours, outcome(BytesParser(policy=POLICY).parsebytes, raw)


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_every_mail_of_the_corpus_has_the_parts_that_the_library_finds(end: bytes) -> None:
    """With either kind of line end."""
    for raw in SEEDS:
        ours, theirs = both(raw.replace(b"\r\n", b"\n").replace(b"\n", end))
        assert ours == theirs, raw


def test_broken_mails_have_the_parts_that_the_library_finds() -> None:
    """The corpus, hit several times."""
    for number in range(1500):
        raw = mutated(number)
        ours, theirs = both(raw)
        assert ours == theirs, raw


WORDS = [
    b"",
    b"Hej",
    b"--",
    b"--b",
    b"--b--",
    b"--b2",
    b"--b2--",
    b"--b ",
    b"--b-- ",
    b"--bb",
    b" goes on",
    b"\x0b\x0c\x1c\x85",
    b"From: anna@salon.example",
    b"From anna",
    b": no name",
    b"Content-Type: multipart/mixed; boundary=b",
    b'Content-Type: multipart/alternative; boundary="b2"; type="text/html";',
    b"Content-Type: multipart/digest; boundary=b",
    b'Content-Type: multipart/mixed; boundary="b',
    b"Content-Type: multipart/mixed; boundary=b; boundary=b2",
    b"Content-Type: multipart/mixed; boundary*=b",
    b"Content-Type: multipart/mixed;",
    b' boundary="b2"',
    b"Content-Type: message/rfc822",
    b"Content-Type: text/plain; boundary=b",
    b"Content-Type: \xe5",
    b"bare\rreturn",
]


@settings(max_examples=400)
@given(
    st.lists(st.sampled_from(WORDS), max_size=25),
    st.sampled_from([b"\n", b"\r\n"]),
    st.sampled_from([b"", b"\n", b"\r\n"]),
)
@example([b"Content-Type: multipart/mixed; boundary=b", b"", b"--b", b"", b"Hej", b"--b--"], b"\r\n", b"")
@example([b"Content-Type: multipart/mixed; boundary=b", b"", b"--b", b"A: b", b"--b--"], b"\r\n", b"\r\n")
@example([b"Content-Type: multipart/mixed; boundary=b", b"", b"--b", b"--b", b"", b"--b--"], b"\n", b"\n")
def test_whatever_lines_stand_there_the_library_finds_the_same(lines: list[bytes], end: bytes, last: bytes) -> None:
    """Boundaries inside boundaries, unclosed ones, fields that are none."""
    ours, theirs = both(end.join(lines) + last)
    assert ours == theirs


def test_common_mails_go_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library is not asked about them, nor about three quarters of the corpus."""
    asked: list[bytes] = []
    library = BytesParser.parsebytes

    def noted(self: Any, raw: Any, *rest: Any) -> Message:
        asked.append(raw)
        return library(self, raw, *rest)

    monkeypatch.setattr(BytesParser, "parsebytes", noted)
    assert len(found(mime.parsed(ALTERNATIVE, POLICY))[3]) == 2
    assert not asked
    for raw in SEEDS:
        mime.parsed(raw, POLICY)
    assert len(asked) <= len(SEEDS) / 4
