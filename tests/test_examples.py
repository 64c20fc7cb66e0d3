"""The examples: each runs as it stands, in a process of its own, and shows what its reader is promised."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
SHOWN = {
    "book_a_room.py": [
        r"confirmed 2026-11-26T11:00:00Z Delivered\(done=\d+, again=0, dead=0\)",
        r"  main door   -20 min: Red\(reason='too early'",
        r"  main door   -15 min: Green\(\)",
        r"  room         \+5 min: Green\(\)",
        r"  other room   \+5 min: Red\(reason='wrong door'",
        r"moved to 2026-11-27T11:00:00Z Delivered\(done=\d+, again=0, dead=0\)",
        r"  main door   -15 min: Green\(\)",
        r"cancelled by client Delivered\(done=\d+, again=0, dead=0\)",
        r"  main door   -15 min: Red\(reason='key invalid'",
        r"  room         \+5 min: Red\(reason='key invalid'",
    ],
    "count_segments.py": [
        r"UCS-2: 143 16-bit units in 3 SMS; 58 more fit in the last\.$",
        r"UCS-2 because of:$",
        r"  U\+2013 EN DASH at 40, 55: '-' can stand for it$",
        r"Transliterating saves 2 SMS: 3 before, 1 after\.$",
        r"Truncated to 1 SMS:$",
        r"05 00 03 07 03 01     67 ucs-2 'Hi Anna!",
        r"05 00 03 07 03 03      9 ucs-2 ",
    ],
    "old_api_client.py": [r"Call it with the URL, the key, a number and a text\.$"],
    "quickstart.py": [
        r"1 segment$",
        r"Delivered\(done=1, again=0, dead=0\)$",
        r"Your colour has come in\.$",
    ],
    "send_text.py": [
        r"QUEUED: 1 segments to \+46701740605$",
        r"SENT by 46elks$",
    ],
}
"""Lines that appear in this order, as patterns of their beginnings."""


def run(name: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run an example in ``folder``, without a carrier's credentials in the environment, so that nothing real is sent."""
    command = [sys.executable, str(EXAMPLES / name), *arguments]
    bare = {key: value for key, value in os.environ.items() if not key.startswith("ELKS_")} | {"PYTHONUTF8": "1"}
    return subprocess.run(command, cwd=folder, env=bare, capture_output=True, encoding="utf-8", check=False)


def test_every_example_is_shown() -> None:
    """No example lies about untested."""
    assert sorted(SHOWN) == sorted(file.name for file in EXAMPLES.glob("*.py"))


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_example_runs_and_shows(name: str, tmp_path: Path) -> None:
    """An example ends well, warns of nothing, leaves no file behind, and prints its lines in their order."""
    done = run(name, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = iter(done.stdout.splitlines())
    for pattern in SHOWN[name]:
        assert any(re.match(pattern, line) for line in lines), f"{pattern} is missing in:\n{done.stdout}"
    assert list(tmp_path.iterdir()) == []


def test_text_to_what_is_no_number_is_refused(tmp_path: Path) -> None:
    """``send_text.py`` shows a refusal as a sentence and ends with status 1."""
    done = run("send_text.py", tmp_path, "nonsense", "Hello")
    assert (done.returncode, done.stderr) == (1, "")
    assert "nonsense" in done.stdout
    assert "Traceback" not in done.stdout


def test_readme_begins_with_the_quickstart() -> None:
    """README's first Python block is ``quickstart.py`` after its docstring, to the letter."""
    block = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    source = (EXAMPLES / "quickstart.py").read_text(encoding="utf-8")
    first = ast.parse(source).body[0]
    assert isinstance(first, ast.Expr)
    after = "".join(source.splitlines(keepends=True)[first.end_lineno :])
    assert block[1] == after.lstrip("\n")
