"""Fixtures over :mod:`salons`; a test file takes them in by ``pytest_plugins = ("salons_fixtures",)``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from salons import Salon, opened


@pytest.fixture
def salon(database_url: str, tmp_path: Path) -> Iterator[Salon]:
    """One on either database."""
    with opened(database_url, tmp_path) as made:
        yield made
