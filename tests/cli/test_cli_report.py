"""The demo's table: what is compared, what is shown, and that one wrong line makes all of it fail."""

from __future__ import annotations

import json

import pytest

from servicekit.cli.demo.report import Report


def test_a_line_that_does_not_hold_fails_the_report(capsys: pytest.CaptureFixture[str]) -> None:
    """The table shows what was found and what was expected instead."""
    report = Report()
    report.begin("An act")
    report.expect("a right thing", [1, "two"], [1, "two"])
    assert report.held
    report.expect("a wrong thing", "green", "red")
    report.took(1.0, 2)
    assert not report.held
    report.show(as_json=False)
    shown = capsys.readouterr().out
    assert "expected: green" in shown
    assert "1 did NOT hold" in shown
    assert "killed 2 times" in shown


def test_nothing_expected_is_no_success() -> None:
    """A demo that looked at nothing has not held."""
    assert not Report().held


def test_json_has_every_line(capsys: pytest.CaptureFixture[str]) -> None:
    """For programs: acts, expectations and findings as text, without times."""
    report = Report()
    report.begin("An act")
    report.expect("nothing", [], [])
    report.expect("a truth", expected=True, found=True)
    report.show(as_json=True)
    assert json.loads(capsys.readouterr().out) == {
        "held": True,
        "lines": [
            {"act": "An act", "what": "nothing", "expected": "nothing", "found": "nothing"},
            {"act": "An act", "what": "a truth", "expected": "yes", "found": "yes"},
        ],
    }
