"""The pages' drawn blocks: they say what the code says now, and the check finds the ones that do not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def draw(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run ``docs/draw.py``."""
    command = [sys.executable, str(DOCS / "draw.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_pages_are_as_the_code_has_them() -> None:
    """Every table and diagram in docs is what ``draw.py`` makes of the code; else: run ``python docs/draw.py``."""
    checked = draw("--check")
    assert checked.returncode == 0, checked.stderr


def test_spoilt_block_is_found_and_mended(tmp_path: Path) -> None:
    """A block that differs fails the check by the page's name; drawing mends it and leaves the rest of the page alone."""
    page = tmp_path / "page.md"
    page.write_text(
        "# Before\n\n<!-- made by draw.py: transitions -->\nby hand\n<!-- end -->\n\nAfter\n", encoding="utf-8"
    )
    checked = draw("--check", tmp_path)
    assert (checked.returncode, "by hand" in page.read_text(encoding="utf-8")) == (1, True)
    assert f"{page} differs from the code: run python docs/draw.py" in checked.stderr
    assert draw(tmp_path).returncode == 0
    drawn = page.read_text(encoding="utf-8")
    assert drawn.startswith("# Before\n\n<!-- made by draw.py: transitions -->\n\n```mermaid\nstateDiagram-v2\n")
    assert drawn.endswith("\n```\n\n<!-- end -->\n\nAfter\n")
    assert "by hand" not in drawn
    assert draw("--check", tmp_path).returncode == 0


def test_unknown_and_endless_blocks_are_refused(tmp_path: Path) -> None:
    """A name that nothing draws, and a block without an end, fail with what to do; neither page is touched."""
    unknown, endless = tmp_path / "unknown.md", tmp_path / "endless.md"
    unknown.write_text("<!-- made by draw.py: no-such-thing -->\n<!-- end -->\n", encoding="utf-8")
    endless.write_text("<!-- made by draw.py: transitions -->\n\nText\n", encoding="utf-8")
    before = [page.read_text(encoding="utf-8") for page in (unknown, endless)]
    drawn = draw(tmp_path)
    assert drawn.returncode == 1
    assert f"{unknown}: nothing draws 'no-such-thing'; there are" in drawn.stderr
    assert f"{endless}: a block has no end: write <!-- end --> below it" in drawn.stderr
    assert [page.read_text(encoding="utf-8") for page in (unknown, endless)] == before
