"""Quotas: 1,000 groups of depth 8, 10,000 users, up to 10^6 messages in 30 days, every limit set; all as ratios.

``python -m benchmarks quotas`` takes some twelve minutes, half of them to write the history. PostgreSQL is the one from the wheel
with the settings that it ships with, so that what is committed is on disk, or the one of ``SERVICEKIT_TEST_POSTGRES``.
A decision about a user in the deepest group looks at ten limits: the user's own and those of nine groups.
"""

from __future__ import annotations

import multiprocessing
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks._measure import per_second, race, table
from benchmarks._town import Town, built, limits_on, plain_inserts, rested, sums

from servicekit import Principal
from servicekit.adapters.storage import storage_of
from servicekit.groups import Limit, LimitKind, Tally
from servicekit.messages import SendText, Status
from servicekit.moments import Instant
from servicekit.testing.conformance.things import NOON

SHORT, LONG = 10_000, 1_000_000
SECONDS = 4.0
PROCESSES = 8
HOT_ROUNDS = 7
ACTIVE = 200  # users who send while it is measured


def main() -> None:
    """Print the tables."""
    rows = _memory()
    for name in ("SQLite", "PostgreSQL"):
        with TemporaryDirectory() as folder, _databases(name, Path(folder)) as new:
            rows += _stored(name, new)
    print()
    print(table(["ratio", "reached", "goal", ""], rows))


def _row(what: str, reached: float, goal: float, *, most: bool = False) -> list[str]:
    held = reached <= goal if most else reached >= goal
    return [what, f"{reached:.3g}", f"{'at most' if most else 'at least'} {goal:g}", "" if held else "missed"]


def _stored(name: str, new: Callable[[str], str]) -> list[list[str]]:
    towns = {size: built(new(f"t{size}"), size) for size in (SHORT, LONG)}
    decisions = race({f"{size:,}": _decision(town) for size, town in towns.items()}, rounds=100, seconds=0.05)
    big, reserve = towns[LONG], _reserve(towns[LONG])
    rested(big.url)
    quota = race({"reserve": reserve, **plain_inserts(big)}, rounds=100, seconds=0.05)
    rested(big.url)
    hot = [(_in_processes(big, 1), _in_processes(big, PROCESSES)) for _ in range(HOT_ROUNDS)]
    asked = sums(big)
    rested(big.url)
    summed = race({"reserve": reserve, **asked}, rounds=5, seconds=0.05)
    alone = median(one for one, _ in hot)
    together = alone * median(many / one for one, many in hot)
    print(f"\n{name}, a second")
    lines = [[f"text decided, {size} before", per_second(took)] for size, took in decisions.items()]
    lines += [["quotas alone", per_second(quota["reserve"])], ["plain insert + commit", per_second(quota["plain"])]]
    lines += [["insert in autocommit", per_second(quota["auto"])]]
    lines += [["sum of the root's log", per_second(summed["root"])], ["sums for all limits", per_second(summed["all"])]]
    lines += [["hot root, one process", f"{alone:.0f}"], [f"hot root, {PROCESSES} processes", f"{together:.0f}"]]
    print(table(["", "rate"], lines))
    for town in towns.values():
        town.kit.close()
    most = decisions[f"{LONG:,}"] / decisions[f"{SHORT:,}"]
    return [
        _row(f"{name}: a text after {LONG:,} messages / after {SHORT:,}", most, 1.2, most=True),
        _row(f"{name}: quotas / a SUM for each limit", summed["all"] / summed["reserve"], 200),
        _row(
            f"{name}: quotas / plain insert + commit", quota["plain"] / quota["reserve"], {"SQLite": 0.1}.get(name, 0.5)
        ),
        _row(f"{name}: hot root, {PROCESSES} processes / one", together / alone, 1),
    ]


def _decision(town: Town) -> Callable[[], object]:
    """The whole of it: the message's own row and its effect are written, too."""
    numbers = count()

    def decide() -> None:
        number = next(numbers)
        user = town.users[number * 7919 % len(town.users) % ACTIVE]
        text = SendText(user=user, to="+46701740605", text=f"Your code is {number}")
        message = town.kit.perform(text, by=Principal.of(user), at=town.later())
        assert message.status is Status.QUEUED, message.shown

    for _ in range(2 * ACTIVE):  # a user's first text makes its counter from the log, which no later one does
        decide()
    return decide


def _reserve(town: Town) -> Callable[[], object]:
    numbers = count()
    storage = storage_of(town.url)

    def reserve() -> None:
        number = next(numbers)
        with storage.write() as store:
            assert store.quotas.reserve(limits_on(number % ACTIVE), 1, town.later()) is None

    for _ in range(ACTIVE):
        reserve()
    return reserve


def _in_processes(town: Town, many: int) -> float:
    """Reservations a second under one root by so many processes, from when all are there.

    Each goes through the same users, and begins with another: users differ in how many pages their limits' counters lie on.
    """
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(many), context.SimpleQueue()
    children = [
        context.Process(target=_hot, args=(town.url, number, town.later(), barrier, results)) for number in range(many)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join()
    return sum(results.get() for _ in children) / SECONDS


def _hot(url: str, number: int, at: Instant, barrier: Any, results: Any) -> None:
    storage = storage_of(url)
    limits = [limits_on((number + turn) % PROCESSES) for turn in range(PROCESSES)]
    for one in limits:
        with storage.write() as store:
            store.quotas.reserve(one, 1, at)
    barrier.wait()
    ends, done = time.monotonic() + SECONDS, 0
    while time.monotonic() < ends:
        with storage.write() as store:
            assert store.quotas.reserve(limits[done % PROCESSES], 1, at) is None
        done += 1
    results.put(done)
    storage.close()


def _memory() -> list[list[str]]:
    """Eleven limits in memory, beside `limits` and `pyrate-limiter` with eleven hits, which are neither atomic nor a tree."""
    eleven = tuple(Limit(LimitKind.GROUP, f"grp_{number}", "", 10**9, 30) for number in range(11))
    runners: dict[str, Callable[[], object]] = {
        "servicekit": partial(Tally(threading.Lock()).account(eleven).reserve, 1, NOON)
    }
    try:
        from limits import RateLimitItemPerDay
        from limits.storage import MemoryStorage
        from limits.strategies import MovingWindowRateLimiter

        limiter, item = MovingWindowRateLimiter(MemoryStorage()), RateLimitItemPerDay(10**9, 30)
        runners["limits"] = lambda: [limiter.hit(item, limit.subject) for limit in eleven]
    except ImportError:
        print("(limits is not installed)")
    try:
        from pyrate_limiter import Duration, InMemoryBucket, Limiter, Rate

        pools = [Limiter(InMemoryBucket([Rate(10**9, Duration.DAY * 30)])) for _ in eleven]
        runners["pyrate-limiter"] = lambda: [
            pool.try_acquire(limit.subject, blocking=False) for pool, limit in zip(pools, eleven, strict=True)
        ]
    except ImportError:
        print("(pyrate-limiter is not installed)")
    found = race(runners)
    print(
        table(["eleven limits in memory", "decisions a second"], [[n, per_second(took)] for n, took in found.items()])
    )
    return [
        _row(f"memory: ours / {peer}", took / found["servicekit"], {"limits": 20}.get(peer, 1))
        for peer, took in found.items()
        if peer != "servicekit"
    ]


@contextmanager
def _databases(name: str, folder: Path) -> Iterator[Callable[[str], str]]:
    """A function that makes databases, by name."""
    if name == "SQLite":
        yield lambda database: f"sqlite:///{folder}/{database}.db?synchronous=normal"
        return
    sys.path.append(str(Path(__file__).parent.parent / "tests"))  # the server of the tests
    from postgres_server import drop_template, fresh, served

    with ExitStack() as stack:
        server = stack.enter_context(served(folder, lasting=True))
        stack.callback(drop_template, server)
        yield lambda _: stack.enter_context(fresh(server))


if __name__ == "__main__":
    main()
