"""The demo as people run it: all its expectations hold, also with its relay killed again and again, in the same table."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest


def _demo(*options: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "servicekit.cli", "demo", "--json", *options],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert (done.returncode == 0) is told["held"]
    return told


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, Any]:
    """One run of the demo."""
    return _demo()


def test_every_expectation_holds(undisturbed: dict[str, Any]) -> None:
    """What was expected was found, in every line, and there are lines of every act."""
    assert [line for line in undisturbed["lines"] if line["expected"] != line["found"]] == []
    assert len({line["act"] for line in undisturbed["lines"]}) >= 8
    assert undisturbed["held"]


def test_a_killed_relay_ends_in_the_same_table(undisturbed: dict[str, Any]) -> None:
    """SIGKILL in the middle, six times, and a new relay each time: the same lines with the same outcomes."""
    assert _demo("--kill-relay") == undisturbed
