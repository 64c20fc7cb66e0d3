"""The carrier of ``examples/carrier``: it passes the suite for carriers, and the page about it shows its very files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "carrier"
PAGE = ROOT / "docs" / "how-to" / "write-a-carrier-adapter.md"


def test_it_passes_the_suite_as_its_author_would_run_it() -> None:
    """By pytest, in its own folder, alone."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_pigeonpost.py"]
    done = subprocess.run(command, cwd=EXAMPLE, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout
    assert "failed" not in done.stdout


@pytest.mark.parametrize("name", ["pigeonpost.py", "pigeonpost_simulator.py", "test_pigeonpost.py"])
def test_the_page_shows_the_file(name: str) -> None:
    """To the letter, under its name."""
    source = (EXAMPLE / name).read_text(encoding="utf-8")
    page = PAGE.read_text(encoding="utf-8")
    assert any(f"`{name}`:\n\n```{language}\n{source}```" in page for language in ("python", "py"))


def test_the_page_leaves_no_file_out() -> None:
    """What stands in the folder stands on the page."""
    assert sorted(file.name for file in EXAMPLE.glob("*.py")) == [
        "pigeonpost.py",
        "pigeonpost_simulator.py",
        "test_pigeonpost.py",
    ]
