"""What is public: every name exists and stands in order, and importing it stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module, metadata
from pathlib import Path

import pytest

import servicekit

ROOT = Path(servicekit.__file__).parent
HEAVY = {
    "aiosmtpd",
    "asyncio",
    "cattrs",
    "click",
    "httpx",
    "pendulum",
    "phonenumbers",
    "psycopg",
    "rich",
    "sqlite3",
    "ssl",
}
"""What nobody pays for by an import alone: dependencies with weight, extras, database drivers."""


def listed() -> list[tuple[str, list[str]]]:
    """Each module that says what is public, and what it says; read from its source, so that no extra is needed."""
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                parts = path.relative_to(ROOT.parent).with_suffix("").parts
                name = ".".join(part for part in parts if part != "__init__")
                found.append((name, ast.literal_eval(node.value)))
    return found


def order(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest, each by letters."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2), name


PUBLIC = listed()
PAGES = {name: names for name, names in PUBLIC if (ROOT.parent / name.replace(".", "/") / "__init__.py").exists()}
ROOMS = [name for name in PAGES if name.count(".") == 1 and not name.endswith((".testing", ".cli", ".web"))]


def loaded_by(statement: str) -> set[str]:
    """Top-level names of what a fresh interpreter has loaded after ``statement``."""
    script = f"import sys\n{statement}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(("module", "names"), PUBLIC, ids=[name for name, _ in PUBLIC])
def test_names_stand_in_order_and_once(module: str, names: list[str]) -> None:
    """``__all__`` is sorted: constants, classes, functions; so a name is found and no merge adds it twice."""
    assert names == sorted(set(names), key=order)


@pytest.mark.parametrize(("module", "names"), PAGES.items(), ids=PAGES.keys())
def test_every_public_name_exists(module: str, names: list[str]) -> None:
    """The front page of the package and of each room has all that it lists."""
    page = import_module(module)
    assert {name: hasattr(page, name) for name in names} == dict.fromkeys(names, True)
    assert names == page.__all__


def test_front_page_lists_what_it_has() -> None:
    """``dir`` shows the public names, a name is found once and then kept, and others are absent."""
    assert dir(servicekit) == sorted(servicekit.__all__)
    assert servicekit.Kit is vars(servicekit)["Kit"]
    assert servicekit.AsyncKit is vars(servicekit)["AsyncKit"]
    assert servicekit.__version__ == metadata.version("servicekit-sdk")
    with pytest.raises(AttributeError, match="module 'servicekit' has no attribute 'Kitt'"):
        servicekit.Kitt  # noqa: B018 - the look-up itself is shown


@pytest.mark.parametrize(
    "statement",
    [
        "import servicekit",
        "from servicekit import Kit",
        "from servicekit.sms import count_segments; count_segments('Hej')",
        *(f"import {room}" for room in ROOMS),
    ],
)
def test_importing_is_light(statement: str) -> None:
    """Neither HTTP, zones and their locales, phone numbers nor a database driver are loaded before they are used."""
    assert loaded_by(statement) & HEAVY == set()


def test_the_package_alone_loads_no_dependency() -> None:
    """``import servicekit`` loads nothing but itself and the standard library."""
    assert loaded_by("import servicekit") & {"attr", "attrs", "typing_extensions"} == set()


def test_the_probe_sees_what_is_loaded() -> None:
    """The look at a fresh interpreter is no blind one: a heavy import is found."""
    assert {"sqlite3", "servicekit"} <= loaded_by("import sqlite3, servicekit")
