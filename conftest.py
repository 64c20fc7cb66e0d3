"""README and docs as tests: every Python block of a page is run, in the page's order, and what it shows is compared.

Rules kept here:

* A page is one program: its blocks share a namespace, and a working directory of their own that is gone afterwards.
* A block that begins with ``>>>`` is compared with the output that it shows (``...`` stands for anything); any other runs,
  and its assertions hold.
* What several blocks of a page need open stands in an ``ExitStack``; it is closed at the page's end, also where a block failed.
* Blocks in other languages (``bash``, ``console``, ``text``, ``ini``) are for people and are not run.
"""

from __future__ import annotations

from contextlib import ExitStack, chdir
from doctest import ELLIPSIS
from tempfile import TemporaryDirectory
from typing import Any

from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser


def _enter(namespace: dict[str, Any]) -> None:
    """Begin a page, in a folder of its own, so that it can make ``salon.db``."""
    namespace["_page"] = page = ExitStack()
    folder = page.enter_context(TemporaryDirectory(prefix="servicekit-docs-"))
    page.enter_context(chdir(folder))


def _leave(namespace: dict[str, Any]) -> None:
    """End it: what it has opened last is closed first, its folder at the very end."""
    for opened in reversed(namespace.values()):
        if isinstance(opened, ExitStack):
            opened.close()


pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser(doctest_optionflags=ELLIPSIS)],
    patterns=["README.md", "docs/*.md", "docs/*/*.md"],
    setup=_enter,
    teardown=_leave,
).pytest()
