"""Whatever comes over the wire: no exception escapes, memory stays bounded, and every mail is accounted for or refused.

Some hundred mutated mails here; ``python -m nox -s fuzz`` sends 100,000 (``SERVICEKIT_FUZZ`` says how many).
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from mail_fuzz import run

from servicekit.adapters.mail.listener import Listener
from servicekit.mail import Envelope

MAILS = int(os.environ.get("SERVICEKIT_FUZZ", "300"))
_MOST_GROWTH = 64  # megabytes between the second tenth and the end; a mail of ten is read meanwhile


@pytest.mark.filterwarnings("default::ResourceWarning")
def test_every_mail_is_taken_and_accounted_for_or_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Through the listener into a kit on SQLite: texts and counted mails are those that the senders were told of."""

    def told(text: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"{text}\n")

    figures = run(MAILS, tmp_path, told=told if MAILS > 300 else lambda _: None)
    if MAILS > 300:
        told(str(figures))
    assert figures.failures == []
    assert figures.answers.total() == MAILS
    assert figures.became["NOTHING"] == 0
    # Of all that can become of a mail, enough was seen for the run to mean something.
    assert {"text: QUEUED", "ignored: automatic", "refused: no_single_sender"} < set(figures.became)
    assert figures.resident[-1] - figures.resident[1] < _MOST_GROWTH


# --- framing


@contextlib.contextmanager
def _conversation(*, most_bytes: int = 1_000_000) -> Iterator[tuple[socket.socket, list[bytes]]]:
    """A line to a listener, greeted, and the mails that it takes."""
    taken: list[bytes] = []

    def receive(_envelope: Envelope, raw: bytes) -> None:
        taken.append(raw)

    with (
        Listener(receive, domain="sms.example", most_bytes=most_bytes) as listener,
        socket.create_connection(("127.0.0.1", listener.port), timeout=30) as line,
    ):
        yield line, taken


def _told(line: socket.socket, sent: bytes) -> list[bytes]:
    """What is answered to a mail of these bytes, to its end on."""
    opening = b"EHLO a\r\nMAIL FROM:<anna@salon.example>\r\nRCPT TO:<0701740605@sms.example>\r\nDATA\r\n"
    line.sendall(opening + sent + b"QUIT\r\n")
    with line.makefile("rb") as stream:
        answers = stream.readlines()
    return answers[[answer[:3] for answer in answers].index(b"354") + 1 :]


@pytest.mark.parametrize("end", [b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\n", b"\r\n.\r", b"\r\n\x00.\r\n"])
def test_only_the_end_ends_a_mail(end: bytes) -> None:
    """What other servers take for one smuggles no second mail in (RFC 5321, 4.1.1.4)."""
    smuggled = b"MAIL FROM:<bank@bank.example>\r\nRCPT TO:<0701740606@sms.example>\r\nDATA\r\nPay\r\n"
    with _conversation() as (line, taken):
        answers = _told(line, b"Hej" + end + smuggled + b".\r\n")
    assert [answer[:3] for answer in answers] == [b"250", b"221"]
    assert taken == [(b"Hej" + end + smuggled).replace(b"\r\n.", b"\r\n")]  # a line's first dot goes (4.5.2)


@pytest.mark.parametrize(
    "raw",
    [
        b".\r\n..\r\n.a\r\n",
        b"\x00\r\n\xff\xfe\r\n",
        b"a\nb\rc\r\n",
        b"\r\n\r\n",
        b"x" * 99_000 + b"\r\n",
        b"X: y\r\n" * 20_000 + b"\r\n",
    ],
)
def test_what_is_framed_right_comes_as_it_is(raw: bytes) -> None:
    """Leading dots, NUL, eight bits, bare line feeds, long lines, headers without end."""
    with _conversation() as (line, taken):
        answers = _told(
            line, b"".join(b"." * one.startswith(b".") + one for one in raw.splitlines(keepends=True)) + b".\r\n"
        )
    assert [answer[:3] for answer in answers] == [b"250", b"221"]
    assert taken == [raw]


@pytest.mark.parametrize(("raw", "code"), [(b"x" * 200_000 + b"\r\n", b"500"), (b"xy\r\n" * 300_000, b"552")])
def test_what_is_beyond_the_bounds_is_refused_and_the_conversation_goes_on(raw: bytes, code: bytes) -> None:
    """A line without end, a mail without end: neither is kept."""
    with _conversation() as (line, taken):
        answers = _told(line, raw + b".\r\nNOOP\r\n")
    assert [answer[:3] for answer in answers] == [code, b"250", b"221"]
    assert taken == []


def test_what_was_not_understood_comes_back_harmless() -> None:
    """A reply repeats a command; it is one line of printable ASCII all the same."""
    with _conversation() as (line, _):
        answers = _told(line, b"Hej\r\n.\r\n\x00\x1b\x07X\n250 2.0.0 forged\r\n\xff\xfe\r\nMAIL FROM:<\x00\n>\r\n")
    assert len(answers) >= 4
    for answer in answers:
        assert answer.endswith(b"\r\n")
        assert answer[:-2].isascii()
        assert answer[:-2].decode().isprintable()
        assert not answer.startswith(b"250 2.0.0 forged")
