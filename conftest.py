"""README and docs as tests: every Python block of a page is run, in the page's order, and what it shows is compared.

Rules kept here:

* A page is one program: its blocks share a namespace, and a working directory of their own that is gone afterwards.
* A block that begins with ``>>>`` is compared with the output that it shows; any other runs, and its assertions hold.
* Blocks in other languages (``bash``, ``console``, ``text``, ``ini``) are for people and are not run.
"""

from __future__ import annotations

from contextlib import ExitStack, chdir
from tempfile import TemporaryDirectory
from typing import Any

from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

_PAGE = "_page"


def _enter(namespace: dict[str, Any]) -> None:
    """Begin a page, in a folder of its own, so that it can make ``salon.db``."""
    namespace[_PAGE] = page = ExitStack()
    folder = page.enter_context(TemporaryDirectory(prefix="servicekit-docs-"))
    page.enter_context(chdir(folder))


def _leave(namespace: dict[str, Any]) -> None:
    """End it."""
    namespace.pop(_PAGE).close()


pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser()],
    patterns=["README.md", "docs/*.md", "docs/*/*.md"],
    setup=_enter,
    teardown=_leave,
).pytest()
