"""Mutated mails, over sockets, through the listener, into a kit on SQLite on disk; and what became of all of them.

The children (:func:`run`) are real: nothing is mocked. ``python tests/mail/mail_fuzz.py 100000`` runs it alone, and prints.
"""

from __future__ import annotations

import logging
import re
import socket
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from email import message_from_bytes
from email.utils import parseaddr
from pathlib import Path

from attrs import Factory, define
from mail_mutations import SEEDS, framed, mutated

from servicekit import Kit, Principal
from servicekit.adapters.mail.listener import Listener
from servicekit.adapters.texts.fortysixelks import FortySixElks
from servicekit.errors import Refused, UnreadableMail
from servicekit.groups import AddUsers, FoundOrganisation, Settings
from servicekit.mail import Envelope, VerifiedInFront

__all__ = ["Figures", "run"]

OPERATOR = Principal.operator("fuzz")
_MOBILES = ["0701740621", "+46701740622", "070-174 06 23", "nobody"]
_REPLY = re.compile(rb"\d{3}(?:[ -][ -~\t]*)?\r\n")
_AGREE_EVERY = 1000


@define
class Figures:
    """What became of the mails."""

    mails: int = 0
    answers: Counter[str] = Factory(Counter)
    """How often each code answered the data; ``none`` where the client hung up before its end."""
    became: Counter[str] = Factory(Counter)
    """Texts, and what the others became."""
    failures: list[str] = Factory(list)
    """What must never be: other exceptions, temporary failures, broken answers, mails that nothing accounts for."""
    resident: list[int] = Factory(list)
    """Megabytes of memory in use, at each tenth of the way."""
    seconds: float = 0.0


@define
class _Watched:
    """The kit's way in, and what it said to each mail."""

    kit: Kit
    texts: int = 0
    ignored: int = 0
    became: Counter[str] = Factory(Counter)
    escaped: list[BaseException] = Factory(list)

    def __call__(self, envelope: Envelope, raw: bytes) -> None:
        try:
            taken = self.kit.receive("mail", envelope, raw)
        except UnreadableMail as error:
            self.ignored += 1
            self.became[f"refused: {error.code}"] += 1
            raise
        except Refused as error:
            self.became[f"refused: {error.code}"] += 1
            raise
        except BaseException as error:
            self.escaped.append(error)
            raise
        if taken.why is not None:
            self.ignored += 1
            self.became[f"ignored: {taken.why.value}"] += 1
        for line in taken.lines:
            if line.message is not None:
                self.texts += 1
                self.became[f"text: {line.message.status.value}"] += 1
            else:
                self.became[f"recipient: {line.refusal}"] += 1
        if not taken.lines and taken.why is None:
            self.became["NOTHING"] += 1


def run(mails: int, folder: Path, *, first: int = 0, told: Callable[[str], object] = lambda _: None) -> Figures:
    """Send so many mails, one connection each."""
    figures = Figures()
    database = folder / "fuzz.db"
    began = time.perf_counter()
    with Kit.open(
        f"sqlite:////{database}?synchronous=normal",
        texts=FortySixElks("u", "p"),
        gateway_domain="sms.example",
        senders=VerifiedInFront(),
    ) as kit:
        _people(kit)
        watched = _Watched(kit)
        with Listener(watched, domain="sms.example") as listener:
            for number in range(first, first + mails):
                _one(number, listener.port, figures)
                done = number - first + 1
                if done % _AGREE_EVERY == 0 or done == mails:
                    _agree(watched, database, figures, number)
                if done % max(mails // 10, 1) == 0:
                    figures.resident.append(_resident())
                    told(f"{done} mails, {figures.resident[-1]} MB, {time.perf_counter() - began:.0f} s")
        figures.failures += [f"escaped: {error!r}" for error in watched.escaped]
        figures.became = watched.became
    figures.mails, figures.seconds = mails, time.perf_counter() - began
    return figures


def _people(kit: Kit) -> None:
    """Everybody in whose name the mails come is a user, so that they become texts."""
    settings = Settings(country_code=46, sender_name="Salon")
    founded = kit.perform(
        FoundOrganisation(name="Salon", zone="Europe/Stockholm", admin="chief@salon.example", settings=settings),
        by=OPERATOR,
    )
    addresses = {parseaddr(str(message_from_bytes(raw).get("from", "")))[1].lower() for raw in SEEDS}
    known = tuple(sorted(one for one in addresses if "@" in one and one.isascii()))
    kit.perform(AddUsers(group=founded.root.id, addresses=known), by=Principal.of(founded.admin.id))


def _one(number: int, port: int, figures: Figures) -> None:
    raw = mutated(number)
    sender = ["anna@salon.example", "bo@salon.example", "", "lisa@salon.example"][number % 4 if number % 3 == 0 else 0]
    recipients = [_MOBILES[number % 2], *([_MOBILES[2 + number % 2]] if number % 7 == 0 else [])]
    with socket.create_connection(("127.0.0.1", port), timeout=120) as line:
        stream = line.makefile("rb")
        opening = [
            f"EHLO fuzz\r\nMAIL FROM:<{sender}>\r\n",
            *(f'RCPT TO:<"{one}"@sms.example>\r\n' for one in recipients),
        ]
        line.sendall("".join([*opening, "DATA\r\n"]).encode())
        for answer in stream:
            if answer.startswith(b"354"):
                break
            _judge(answer, number, figures)
        data, ended = framed(number, raw)
        try:
            line.sendall(data + (b"QUIT\r\n" if ended else b""))
            answers = stream.readlines() if ended else []
        except ConnectionError:  # the other side may hang up on what is no SMTP
            answers = []
        for answer in answers:
            _judge(answer, number, figures)
        figures.answers[answers[0][:3].decode("latin-1") if answers else "none"] += 1
        if ended and not answers:
            figures.failures.append(f"mail {number}: no answer")


def _judge(answer: bytes, number: int, figures: Figures) -> None:
    if not _REPLY.fullmatch(answer) or len(answer) > 512:  # RFC 5321, 4.5.3.1.5
        figures.failures.append(f"mail {number}: a reply of {len(answer)} bytes: {answer[:80]!r}")
    elif answer.startswith((b"451", b"421 4.3", b"554 5.3")):
        figures.failures.append(f"mail {number}: {answer!r}")


def _agree(watched: _Watched, database: Path, figures: Figures, number: int) -> None:
    """Whether the tables hold what was said to the senders."""
    with sqlite3.connect(database) as store:
        texts = store.execute("SELECT count(*) FROM messages").fetchone()[0]
        ignored = store.execute("SELECT coalesce(sum(mails), 0) FROM ignored_mails").fetchone()[0]
    store.close()
    if (texts, ignored) != (watched.texts, watched.ignored):
        figures.failures.append(
            f"by mail {number}: {texts} texts and {ignored} ignored, {watched.texts} and {watched.ignored} were told"
        )


def _resident() -> int:
    """Megabytes in use; 0 where the system does not tell."""
    status = Path("/proc/self/status")
    found = re.search(r"VmRSS:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return int(found.group(1)) // 1024 if found else 0


def _main() -> None:
    logging.disable(logging.CRITICAL)  # refusals are logged; failures are counted here
    mails = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as folder:
        figures = run(mails, Path(folder), told=lambda text: print(text, flush=True))  # noqa: T201
    print(f"{figures.mails} mails in {figures.seconds:.0f} s, {figures.mails / figures.seconds:.0f} a second")  # noqa: T201
    print(f"memory at each tenth, MB: {figures.resident}")  # noqa: T201
    for title, counted in (("answers", figures.answers), ("became", figures.became)):
        print(title, *(f"  {name}: {many}" for name, many in counted.most_common()), sep="\n")  # noqa: T201
    print(f"failures: {len(figures.failures)}", *figures.failures[:50], sep="\n")  # noqa: T201


if __name__ == "__main__":
    _main()
