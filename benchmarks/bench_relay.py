"""The relay's throughput with a carrier that answers after 50 ms, beside what one might write by hand, in the same run.

``python -m benchmarks.bench_relay`` prints rates against the ideal (in flight / 50 ms), processor time a text, and how the memory
of the relay's process grew. SQLite on disk, write-ahead log, ``synchronous=FULL``: every outcome is on the disk before the next one
is claimed. The carrier is another process on the same machine; everything runs on its processors, so say how many there are.

``python -m benchmarks.bench_relay TEXTS [IN_FLIGHT]`` changes how many texts our relay delivers (10,000; the goal for the memory
speaks of 100,000) and how many are in flight (64).
"""

from __future__ import annotations

import os
import resource
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from attrs import frozen
from benchmarks._carrier import carrier
from benchmarks._measure import table

ANSWER = 0.05
"""Seconds that the carrier takes."""
GOAL = 0.9
"""Of the ideal."""

R = TypeVar("R")


@frozen
class Run:
    """What one contender did.

    Attributes:
        texts: how many.
        seconds: how long it took.
        processor: seconds of processor time of its process.
        memory: megabytes resident, sampled ten times over the run; the first sample after the first tenth.
    """

    texts: int
    seconds: float
    processor: float
    memory: tuple[float, ...] = ()


def main(texts: int = 10_000, in_flight: int = 64) -> None:
    """Print the table."""
    ideal = in_flight / ANSWER
    with carrier(ANSWER) as url, tempfile.TemporaryDirectory() as folder:
        runs = {
            f"servicekit, {in_flight} in flight": _ours(folder, url, texts, in_flight),
            f"servicekit, two processes, {in_flight // 2} each": _ours(
                folder, url, min(texts, 10_000), in_flight // 2, 2
            ),
            f"a pool of {in_flight} threads": _apart(_pool, folder, url, min(texts, 5_000), in_flight),
            "one after the other": _apart(_loop, folder, url, 100),
        }
    rows = [
        [
            name,
            f"{run.texts:,}",
            f"{_rate(run):,.0f}",
            f"{_rate(run) / ideal:.0%}",
            f"{run.processor / run.texts * 1e6:,.0f}",
        ]
        for name, run in runs.items()
    ]
    print(
        f"{os.cpu_count()} processors; a carrier that answers after {ANSWER * 1000:.0f} ms; ideal {ideal:,.0f} texts a second\n"
    )
    print(table(["", "texts", "a second", "of the ideal", "µs of processor a text"], rows), end="\n\n")
    one = next(iter(runs.values()))
    print(f"one relay: goal {GOAL:.0%} of the ideal: {'met' if _rate(one) >= GOAL * ideal else 'MISSED'}")
    print(f"its memory over its run, MB: {', '.join(f'{sample:.1f}' for sample in one.memory)}")


def _rate(run: Run) -> float:
    return run.texts / run.seconds


def _apart(contender: Callable[..., R], *arguments: object) -> R:
    """In a process of its own, so that its memory and its processor time are its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(contender, *arguments).result()


def _measured(deliver: Callable[[], int]) -> Run:
    """Measure what delivers texts, and says how many."""
    samples: list[float] = []
    over = threading.Event()

    def sample() -> None:
        while not over.wait(0.05):
            samples.append(_resident())

    sampler = threading.Thread(target=sample)
    sampler.start()
    processor, start = time.process_time(), time.perf_counter()
    texts = deliver()
    seconds, processor = time.perf_counter() - start, time.process_time() - processor
    over.set()
    sampler.join()
    tenths = tuple(samples[len(samples) * part // 10] for part in range(1, 10)) if samples else ()
    return Run(texts, seconds, processor, (*tenths, _resident()))


def _resident() -> float:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:  # elsewhere than on Linux: the most so far, which cannot shrink
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return pages * resource.getpagesize() / 2**20


# Ours


def _ours(folder: str, url: str, texts: int, in_flight: int, processes: int = 1) -> Run:
    """So many relays, each in a process of its own, beginning together."""
    database = f"sqlite:///{folder}/ours{processes}.db"
    _apart(_fill, database, texts)
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        begin = time.time() + 2 * processes
        relays = [pool.submit(_relay, database, url, in_flight, begin) for _ in range(processes)]
        runs = [relay.result() for relay in relays]
    done = sum(run.texts for run in runs)
    if done != texts:
        raise AssertionError(f"{done} of {texts} texts were delivered")
    return Run(texts, max(run.seconds for run in runs), sum(run.processor for run in runs), runs[0].memory)


def _relay(database: str, url: str, in_flight: int, begin: float) -> Run:
    import servicekit.runtime.wire  # noqa: F401 - and HTTP, which the first text would load
    from servicekit import Kit
    from servicekit.adapters.texts.fortysixelks import FortySixElks

    with Kit.open(database, texts=FortySixElks("user", "password", base_url=f"{url}/a1"), in_flight=in_flight) as kit:
        relay = kit.relay()
        time.sleep(max(0.0, begin - time.time()))
        return _measured(lambda: relay.run_until_idle().done)


def _fill(database: str, texts: int) -> None:
    """Enqueue texts of one user, many in a transaction."""
    from servicekit import Kit, Principal
    from servicekit.adapters.texts.fortysixelks import FortySixElks
    from servicekit.groups import FoundOrganisation, Settings
    from servicekit.messages import SendText

    with (
        Kit.open(database, texts=FortySixElks("user", "password")) as kit,
        closing(sqlite3.connect(database.removeprefix("sqlite:///"), isolation_level=None)) as connection,
    ):
        founded = kit.perform(
            FoundOrganisation(
                name="Salon",
                zone="Europe/Stockholm",
                admin="anna@salon.example",
                settings=Settings(country_code=46, sender_name="Salon"),
            ),
            by=Principal.operator("benchmark"),
        )
        anna = founded.admin.id
        for start in range(0, texts, 1000):
            connection.execute("BEGIN IMMEDIATE")
            for number in range(start, min(start + 1000, texts)):
                text = SendText(user=anna, to="+46701740605", text=f"Your time is tomorrow at nine. Number {number}")
                kit.perform(text, by=Principal.of(anna), within=connection)
            connection.execute("COMMIT")


# By hand


def _table(folder: str, texts: int) -> sqlite3.Connection:
    """A queue as many write one: a row for a text, sent or not."""
    connection = sqlite3.connect(f"{folder}/by_hand.db", isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("DROP TABLE IF EXISTS queue")
    connection.execute("CREATE TABLE queue (id INTEGER PRIMARY KEY, number TEXT, text TEXT, vendor_id TEXT)")
    connection.execute("BEGIN")
    rows = (("+46701740605", f"Your time is tomorrow at nine. Number {number}") for number in range(texts))
    connection.executemany("INSERT INTO queue (number, text) VALUES (?, ?)", rows)
    connection.execute("COMMIT")
    return connection


def _sender(url: str, most: int, connection: sqlite3.Connection) -> Callable[[tuple[int, str, str]], None]:
    import httpx

    client = httpx.Client(limits=httpx.Limits(max_connections=most, max_keepalive_connections=most))
    lock = threading.Lock()

    def send(row: tuple[int, str, str]) -> None:
        number, to, text = row
        fields = {"from": "Salon", "to": to, "message": text}
        answer = client.post(f"{url}/a1/sms", data=fields, auth=("user", "password"))
        with lock:
            connection.execute("UPDATE queue SET vendor_id = ? WHERE id = ?", (answer.json()["id"], number))

    return send


def _loop(folder: str, url: str, texts: int) -> Run:
    connection = _table(folder, texts)
    send = _sender(url, 1, connection)
    rows = connection.execute("SELECT id, number, text FROM queue ORDER BY id").fetchall()
    return _measured(lambda: _count(map(send, rows)))


def _pool(folder: str, url: str, texts: int, in_flight: int) -> Run:
    connection = _table(folder, texts)
    send = _sender(url, in_flight, connection)
    rows = connection.execute("SELECT id, number, text FROM queue ORDER BY id").fetchall()
    with ThreadPoolExecutor(in_flight) as pool:
        return _measured(lambda: _count(pool.map(send, rows)))


def _count(results: Iterable[object]) -> int:
    return sum(1 for _ in results)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
