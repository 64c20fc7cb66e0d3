"""``python -m benchmarks [NAME ...]``: every benchmark, or those named (``sms`` for bench_sms), one after the other."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).parent


def main(wanted: list[str]) -> None:
    """Run them; each prints its own tables."""
    there = {file.stem.removeprefix("bench_"): file.stem for file in sorted(HERE.glob("bench_*.py"))}
    unknown = set(wanted) - there.keys()
    if unknown:
        sys.exit(f"There is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(there)}.")
    for name in wanted or there:
        print(f"== {name}\n")
        import_module(f"benchmarks.{there[name]}").main()


if __name__ == "__main__":
    main(sys.argv[1:])
