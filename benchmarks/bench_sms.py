"""Counting and splitting SMS texts, beside smsutil 1.1.3 and libGammu (where it is installed), in the same run.

``python -m benchmarks.bench_sms`` prints what we reach as a ratio of what they do, with the goals that the project has set.
Whoever is missing is left out: ``python -m pip install smsutil==1.1.3 python-gammu``.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import ModuleType

from benchmarks._measure import per_second, race, table

from servicekit.sms import count_segments, split

ASCII = "Hello, this is a reminder of your appointment on Tuesday at nine; call us if you cannot come. Thanks!"[:100]
SWEDISH = "Hej! Påminnelse om din tid på tisdag klockan nio; ring oss om du får förhinder. Hälsningar, Kliniken Ö"[:100]
EXTENSION = ("abcdefgh[" * 112)[:1000]  # 111 characters of two septets
EMOJI = ("Välkommen på tisdag 😀 klockan nio 🎉 " * 9)[:300]

TEXTS = {
    "100 ASCII": ASCII,
    "100 Swedish": SWEDISH,
    "1,000 with 111 extension": EXTENSION,
    "300 with emoji": EMOJI,
}
COUNT_GOALS = {"100 ASCII": 45, "1,000 with 111 extension": 18, "300 with emoji": 13}
"""Times smsutil, for `count_segments` with its result."""
SPLIT_GOAL = 10
"""Times smsutil, for `split`; and faster than libGammu."""


def main() -> None:
    """Print the tables."""
    smsutil, gammu = _peer("smsutil"), _peer("gammu")
    found = {name: race(_runners(text, smsutil, gammu)) for name, text in TEXTS.items()}
    print(
        table(
            ["calls a second", *next(iter(found.values()))],
            [[n, *map(per_second, f.values())] for n, f in found.items()],
        )
    )
    print()
    rows = [row for name, figures in found.items() for row in _ratios(name, figures)]
    print(table(["ratio", "reached", "goal", ""], rows))
    swedish = found["100 Swedish"]["count"] / found["100 ASCII"]["count"]
    print(f"\nSwedish text takes {swedish:.2f} times as long as ASCII (goal: at most 2).\n")
    print(
        table(
            ["nanoseconds a character", "10,000", "100,000", "1,000,000"], [_growth(*one) for one in _GROWING.items()]
        )
    )


def _peer(name: str) -> ModuleType | None:
    try:
        return import_module(name)
    except ImportError:
        print(f"({name} is not installed)")
        return None


def _runners(text: str, smsutil: ModuleType | None, gammu: ModuleType | None) -> dict[str, Callable[[], object]]:
    runners: dict[str, Callable[[], object]] = {
        "count": lambda: count_segments(text),
        "split": lambda: split(text, 1),
        "split, all read": lambda: [(part.text, part.udh, part.payload) for part in split(text, 1)],
    }
    if smsutil is not None:
        runners["smsutil"] = lambda: smsutil.split(text)
    if gammu is not None:
        ucs = count_segments(text).encoding == "ucs-2"
        coding = "Unicode_No_Compression" if ucs else "Default_No_Compression"
        message = {"Class": -1, "Unicode": ucs, "Entries": [{"ID": "ConcatenatedTextLong", "Buffer": text}]}
        runners["libGammu counts"] = lambda: gammu.SMSCounter(text, "NoUDH", coding)
        runners["libGammu splits"] = lambda: gammu.EncodeSMS(message)
    return runners


def _ratios(name: str, figures: dict[str, float]) -> list[list[str]]:
    goals = [
        ("count", "smsutil", COUNT_GOALS.get(name, 0)),
        ("split", "smsutil", SPLIT_GOAL),
        ("split", "libGammu counts", 1),
        ("split", "libGammu splits", 1),
        ("split, all read", "smsutil", 0),
    ]
    rows = []
    for ours, theirs, goal in goals:
        if theirs in figures:
            ratio = figures[theirs] / figures[ours]
            verdict = "" if not goal else "met" if ratio >= goal else "MISSED"
            rows.append([f"{name}: {ours} / {theirs}", f"{ratio:.1f}", str(goal or ""), verdict])
    return rows


_GROWING = {
    "ASCII": "x",
    "Swedish": "på ",
    "extension": "€[x",
    "UCS-2": "çx",
    "emoji": "😀ç",
    "lone surrogates": "\ud800x\udc00",
}


def _growth(name: str, pattern: str) -> list[str]:
    """Time for each character of ever longer texts: level where counting is linear."""
    cells = [name]
    for size in (10_000, 100_000, 1_000_000):
        text = (pattern * size)[:size]
        seconds = race({name: lambda text=text: count_segments(text)}, rounds=5)[name]  # type: ignore[misc]
        cells.append(f"{seconds / size * 1e9:.2f}")
    return cells


if __name__ == "__main__":
    main()
