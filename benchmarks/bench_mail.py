"""Mail accepted over SMTP: read, judged, and committed as message and effect, beside a listener that only writes it to a file.

``python -m benchmarks.bench_mail`` prints how many mails a second each takes from the same client over the same number of
connections, in the same run. Ours is the whole way (``Listener`` and ``kit.receive("mail", ...)``) in one process, on SQLite on
disk with a write-ahead log and ``synchronous=FULL``: 250 is said after the commit. The bare one is aiosmtpd with a handler that
writes each mail to a file of its own, and says 250 after ``fsync``.

``python -m benchmarks.bench_mail MAILS CONNECTIONS`` changes how many (2,000 over 8). The client is another process on the same
machine. Several short rounds of both in turn; a ratio is the median of the rounds' ratios, as a shared machine's processor can
be half as fast for some seconds. Where it is busy, mails a second say little, and the processor's time says more: both are told.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

from attrs import frozen
from benchmarks._mailing import DOMAIN, SENDER
from benchmarks._measure import table

GOAL = 0.5
"""Of what the bare listener accepts."""
ROUNDS = 5

Server = Callable[[str], AbstractContextManager[int]]


@frozen
class Round:
    """Mails a second, and seconds of the server's processor time for one."""

    rate: float
    processor: float


def main(mails: int = 2_000, connections: int = 8) -> None:
    """Print the table."""
    servers: dict[str, Server] = {"servicekit: read, committed": ours, "aiosmtpd: a file, fsync": bare}
    rounds: dict[str, list[Round]] = {name: [] for name in servers}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(ROUNDS):
            for name, server in servers.items():
                place = Path(folder, f"{number}{len(rounds[name])}{len(name)}")
                place.mkdir()
                rounds[name].append(_round(server, str(place), mails, connections))
    rows = [
        [
            name,
            f"{median(one.rate for one in found):,.0f}",
            f"{median(one.processor for one in found) * 1e6:,.0f}",
            ", ".join(f"{one.rate:,.0f}" for one in found),
        ]
        for name, found in rounds.items()
    ]
    print(f"{os.cpu_count()} processors; {mails:,} mails over {connections} connections, {ROUNDS} rounds\n")
    print(table(["", "mails a second", "µs of processor a mail", "rounds"], rows))
    pairs = list(zip(*rounds.values(), strict=True))
    reached = median(mine.rate / theirs.rate for mine, theirs in pairs)
    print(f"\nRatio {reached:.2f}, goal {GOAL}: {'met' if reached >= GOAL else 'MISSED'}")
    print(f"By the processor's time alone: {median(theirs.processor / mine.processor for mine, theirs in pairs):.2f}")


def _round(server: Server, folder: str, mails: int, connections: int) -> Round:
    """A server in a process of its own, and the client in another."""
    here, there = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_serve, args=(server.__name__, folder, there))
    process.start()
    there.close()  # so that a server that fails ends this, too
    port = here.recv()
    _client(port, connections, connections)  # what is loaded at the first mail
    here.send("begin")
    here.recv()
    seconds = _client(port, mails, connections)
    here.send("end")
    processor = here.recv()
    process.join()
    return Round(mails / seconds, processor / mails)


def _client(port: int, mails: int, connections: int) -> float:
    command = [sys.executable, "-m", "benchmarks._mailing", str(port), str(mails), str(connections)]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own
    return float(told.stdout)


def _serve(name: str, folder: str, parent: Connection) -> None:
    with {"ours": ours, "bare": bare}[name](folder) as port:
        parent.send(port)
        parent.recv()
        before = time.process_time()
        parent.send("begun")
        parent.recv()
        parent.send(time.process_time() - before)


@contextmanager
def ours(folder: str) -> Iterator[int]:
    """The gateway, with one organisation; its port."""
    from servicekit import Kit, Principal
    from servicekit.adapters.mail.listener import Listener
    from servicekit.adapters.texts.fortysixelks import FortySixElks
    from servicekit.groups import FoundOrganisation, Settings
    from servicekit.mail import VerifiedInFront

    with Kit.open(
        f"sqlite:///{folder}/gateway.db",
        texts=FortySixElks("user", "password"),
        gateway_domain=DOMAIN,
        senders=VerifiedInFront(),
    ) as kit:
        kit.perform(
            FoundOrganisation(
                name="Salon",
                zone="Europe/Stockholm",
                admin=SENDER,
                settings=Settings(country_code=46, sender_name="Salon"),
            ),
            by=Principal.operator("benchmark"),
        )
        listener = Listener(
            lambda envelope, raw: kit.receive("mail", envelope, raw),
            domain=DOMAIN,
            judge=kit.hopeless,
            judge_waits=False,
        )
        with listener:
            yield listener.port


@contextmanager
def bare(folder: str) -> Iterator[int]:
    """aiosmtpd and nothing else; its port."""
    from aiosmtpd.smtp import SMTP

    class Keeps:
        """Writes a mail to a file of its own."""

        def __init__(self) -> None:
            self.count = 0

        async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
            """Say 250 after the disk has it."""
            self.count += 1
            _write(Path(folder, f"{self.count}.eml"), envelope.original_content)
            return "250 OK"

    loop, keeps = asyncio.new_event_loop(), Keeps()
    server = loop.run_until_complete(
        loop.create_server(lambda: SMTP(keeps, hostname="bare", loop=loop), "127.0.0.1", 0)  # type: ignore[no-untyped-call]
    )
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def _write(file: Path, content: bytes) -> None:
    with file.open("wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
