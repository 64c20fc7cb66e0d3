"""The page of numbered behaviours and the tests that show them say the same."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROW = re.compile(r"^\| ([A-Z]-\d\d) \| (.+?) \| (done|partly: .+|not yet(?:: .+)?) \|$", re.MULTILINE)


def _rows() -> dict[str, str]:
    page = (ROOT / "docs" / "specification.md").read_text(encoding="utf-8")
    return {number: state for number, _, state in ROW.findall(page)}


def _marked() -> set[str]:
    marked: set[str] = set()
    for file in (ROOT / "tests").rglob("test_*.py"):
        for call in re.findall(r"mark\.spec\(([^)]*)\)", file.read_text(encoding="utf-8")):
            marked.update(re.findall(r"[A-Z]-\d\d", call))
    return marked


def test_every_row_is_readable() -> None:
    """Each of the numbered rows has a behaviour and one of the three states."""
    counts = {letter: sum(row.startswith(letter) for row in _rows()) for letter in "MPKZB"}
    assert counts == {"M": 36, "P": 12, "K": 12, "Z": 10, "B": 5}


def test_what_is_done_has_a_test() -> None:
    """A row called done is named by at least one test."""
    done = {number for number, state in _rows().items() if state == "done"}
    assert done <= _marked(), sorted(done - _marked())


def test_what_has_a_test_is_not_called_absent() -> None:
    """A row that a test names is done, or partly there with the rest named; and it is on the page."""
    absent = {number for number, state in _rows().items() if state.startswith("not yet")}
    assert not absent & _marked()
    assert _marked() <= set(_rows())
