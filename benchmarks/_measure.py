"""Timing that compares: everybody runs in the same rounds, so that a busy machine slows all of them alike.

Figures of different runs are not comparable; ratios within one run are. A shared machine's processor can be half as fast for
some seconds, and one runner's luckiest round then says more about the machine than about him: so a ratio is the median of
the rounds' ratios, each of calls that came right after one another.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median


def race(runners: Mapping[str, Callable[[], object]], *, rounds: int = 40, seconds: float = 0.004) -> dict[str, float]:
    """Seconds for one call of each runner, over so many rounds, each of about so many seconds.

    The first has the median of its rounds; of the others, the median of their ratios to the first is told in seconds of it.
    """
    repeats = {name: max(1, int(seconds / _timed(run, 3))) for name, run in runners.items()}
    times = [{name: _timed(run, repeats[name]) for name, run in runners.items()} for _ in range(rounds)]
    first = next(iter(runners))
    usual = median(each[first] for each in times)
    return {name: usual * median(each[name] / each[first] for each in times) for name in runners}


def _timed(run: Callable[[], object], repeats: int) -> float:
    calls = range(repeats)
    start = time.perf_counter()
    for _ in calls:
        run()
    return (time.perf_counter() - start) / repeats


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows as aligned text: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [head, ["-" * width for width in widths], *rows]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if first == 0 else cell.rjust(width)
            for first, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )


def per_second(seconds: float) -> str:
    """Calls a second, short: ``2.41 M``, ``44.6 k``."""
    rate = 1 / seconds
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if rate >= size:
            return f"{rate / size:.3g} {unit}"
    return f"{rate:.3g}"
