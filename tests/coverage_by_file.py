"""Measure every source file by its own test file alone: ``nox -s coverage``.

The test file of ``src/servicekit/<folder>/<name>.py`` is ``tests/<folder>/test_<folder>_<name>.py``, or the same without the
folder in its name. Prints the files that fall short of every line and branch, and those without a test file of their own;
exits 1 if there are any that ``EXCUSED`` does not name.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCE, TESTS = ROOT / "src" / "servicekit", ROOT / "tests"
EXCUSED = {
    "adapters/storage": "shown on both databases by the conformance suite: all of tests/storage together",
    "cli": "run as a command, in processes of their own, by tests/cli",
    "adapters/billing/sheet.py": "drawn by pdf.py: tests/adapters/test_billing_pdf.py",
    "adapters/mail/_wire.py": "the listener's other half: tests/adapters/test_listener.py",
    "adapters/meetings/zoom_account.py": "what every Zoom app can do: tests/adapters/test_zoom.py",
    "bookings/doors.py": "two commands without a rule: tests/usecases/test_usecases_doors.py",
    "testing/simulators/__main__.py": "run as a command by tests/testing/test_sim_main.py",
    "ports": "protocols, but for http.py",
    "usecases/delivering.py": "values and a table, used by the files beside it",
}
ELSEWHERE = {
    "adapters/billing": "adapters",
    "adapters/exports": "adapters",
    "adapters/texts": "adapters",
    "adapters/texts/smpp": "adapters",
    "adapters/texts/vonage": "adapters",
    "adapters/doors": "adapters",
    "adapters/doors/exivo": "adapters",
    "adapters/meetings": "adapters",
    "adapters/mail": "adapters",
}
ELSEWHERE |= {"adapters/storage": "storage", "testing/simulators": "testing"}


def own_test(file: Path) -> Path | None:
    """The test file of a source file; None if there is none."""
    relative = file.relative_to(SOURCE)
    folder = relative.parent.as_posix()
    at = TESTS / ELSEWHERE.get(folder, folder)
    parts = [
        relative.stem,
        f"{Path(folder).name}_{relative.stem}",
        f"sim_{relative.stem}",
        f"http_{relative.stem.removeprefix('http')}driver",
    ]
    return next((test for part in parts if (test := at / f"test_{part}.py").is_file()), None)


def missing(file: Path, test: Path) -> list[str]:
    """Lines and branches of ``file`` that ``test`` alone does not reach, or that it fails."""
    with tempfile.TemporaryDirectory() as folder:
        data, report = Path(folder) / "data", Path(folder) / "report.json"
        run = [sys.executable, "-m", "coverage", "run", "--branch", f"--data-file={data}"]
        ended = subprocess.run(
            [*run, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(test)],
            cwd=ROOT,
            check=False,
            stdout=subprocess.DEVNULL,
        )
        if ended.returncode:
            return [f"{test.name} fails"]
        export = [
            sys.executable,
            "-m",
            "coverage",
            "json",
            f"--data-file={data}",
            f"--include={file}",
            "-o",
            str(report),
            "-q",
        ]
        if subprocess.run(export, cwd=ROOT, check=False).returncode:
            return ["all of it"]
        (found,) = json.loads(report.read_text())["files"].values()
    return [*map(str, found["missing_lines"]), *(f"{a}->{b}" for a, b in found["missing_branches"])]


def main(wanted: list[str]) -> int:
    """Measure the files whose path contains one of ``wanted``, or all."""
    short = 0
    for file in sorted(SOURCE.rglob("*.py")):
        name = file.relative_to(SOURCE).as_posix()
        if file.name == "__init__.py" or (wanted and not any(part in name for part in wanted)):
            continue
        excuse = next((why for start, why in EXCUSED.items() if name.startswith(start)), "")
        test = own_test(file)
        if test is None:
            print(f"{name}: no test file of its own{f' ({excuse})' if excuse else ''}")
            short += not excuse
        elif left := missing(file, test):
            print(f"{name}: {', '.join(left)}{f' ({excuse})' if excuse else ''}")
            short += not excuse
    print(f"{short} files fall short" if short else "every file is covered by its own test file")
    return min(short, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
