"""Mails of several connections at once: they share a commit, and each has its own answer and its own fate."""

from __future__ import annotations

import smtplib
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from servicekit.adapters.mail.listener import Listener
from servicekit.mail import Envelope, ListIgnoredMails, WhyIgnored
from servicekit.messages import SearchLog
from world import GATEWAY, OPERATOR, World, mail, opened

ANNA = "anna@salon.example"
TO = f"0701740605@{GATEWAY}"
GOOD = [mail(f"text {number}", number=number) for number in range(6)]
AGAIN, EMPTY = GOOD[3], mail("  ", number=7)
STRANGERS = mail("Hej", sender="mallory@elsewhere.example", number=8)
UNREADABLE = b"From: a@b.example\r\nFrom: c@d.example\r\n\r\nHej"


def answer(port: int, raw: bytes) -> int:
    """What is said of a mail, over a connection of its own."""
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        try:
            client.sendmail(ANNA, [TO], raw)
        except smtplib.SMTPResponseException as refused:
            return refused.smtp_code
        return 250


def all_at_once(world: World, mails: list[bytes]) -> list[int]:
    """The answers to mails that wait for one commit; each comes in while a transaction of somebody else's runs."""
    shared = world.kit._intake._commits
    came, everybody = threading.Semaphore(0), len(mails)

    def receive(envelope: Envelope, raw: bytes) -> object:
        came.release()
        return world.kit.receive("mail", envelope, raw)

    with (
        Listener(receive, domain=GATEWAY, judge=world.kit.hopeless, judge_waits=False) as listener,
        ThreadPoolExecutor(everybody) as clients,
    ):
        with shared._turn:
            answers = [clients.submit(answer, listener.port, raw) for raw in mails]
            for _ in mails:
                assert came.acquire(timeout=60)
            pause = threading.Event()
            while len(shared._waiting) < everybody:
                pause.wait(0.01)
            assert not any(one.done() for one in answers)
        return [one.result(60) for one in answers]


def texts(world: World) -> list[str]:
    """What is in the log."""
    return sorted(message.text for message in world.ask(SearchLog(group=world.root.id)).messages)


def test_good_mails_share_a_commit(tmp_path: Path) -> None:
    """Each is in the log once, also the one that comes twice at the same moment."""
    with opened(tmp_path) as world:
        assert all_at_once(world, [*GOOD, AGAIN]) == [250] * 7
        assert texts(world) == [f"text {number}" for number in range(6)]
        assert world.kit.deliver().done == 6


def test_a_bad_mail_takes_nobody_along(tmp_path: Path) -> None:
    """What is refused has its own answer and leaves nothing; what is dropped is counted; all others are stored once."""
    with opened(tmp_path) as world:
        codes = all_at_once(world, [*GOOD[:3], EMPTY, STRANGERS, UNREADABLE, *GOOD[3:], AGAIN])
        assert codes == [250] * 3 + [554, 554, 250] + [250] * 4
        assert texts(world) == [f"text {number}" for number in range(6)]
        (ignored,) = world.kit.ask(ListIgnoredMails(group=None), by=OPERATOR)
        assert (ignored.why, ignored.mails) == (WhyIgnored.UNREADABLE, 1)
