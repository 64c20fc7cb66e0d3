"""The examples in docstrings run, in every module."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

import servicekit

ROOT = Path(servicekit.__file__).parent
MODULES = [
    ".".join(part for part in path.relative_to(ROOT.parent).with_suffix("").parts if part != "__init__")
    for path in sorted(ROOT.rglob("*.py"))
]
EXTRAS = {
    "aiosmtpd": "gateway",
    "anyascii": "transliteration",
    "argon2": "passwords",
    "authheaders": "gateway",
    "celery": "celery",
    "click": "cli",
    "django": "django",
    "fpdf": "pdf",
    "hypothesis": "testing",
    "icalendar": "calendar",
    "procrastinate": "procrastinate",
    "psycopg": "postgres",
    "pytest": "testing",
    "rich": "cli",
    "smpplib": "smpp",
    "starlette": "asgi",
    "xlsxwriter": "xlsx",
}
"""Modules that only an extra brings, and that extra."""


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name: str) -> None:
    """Each example gives what its docstring shows; a module whose extra is not installed is passed over."""
    try:
        module = import_module(name)
    except ModuleNotFoundError as error:
        absent = (error.name or "").partition(".")[0]
        if absent not in EXTRAS:
            raise
        pytest.skip(f"{absent} is not installed: servicekit-sdk[{EXTRAS[absent]}]")
    failed = doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed
    assert failed == 0


def test_there_are_examples() -> None:
    """The runner above finds examples: the kit's own, which opens one, is among them."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    assert [test for test in finder.find(import_module("servicekit.kit")) if test.examples]
