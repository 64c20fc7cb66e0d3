"""Fixtures over :mod:`portals`; a test file takes them in by ``pytest_plugins = ("portal_fixtures",)``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from portals import Portal, portal


@pytest.fixture
def it() -> Iterator[Portal]:
    """A portal on SQLite, in memory."""
    with portal() as made:
        yield made


@pytest.fixture
def stored(database_url: str) -> Iterator[Portal]:
    """A portal on either database."""
    with portal(database_url) as made:
        yield made
