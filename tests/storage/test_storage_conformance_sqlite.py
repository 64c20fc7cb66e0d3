"""SQLite keeps every promise of the port."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from servicekit.adapters.storage.sqlite import SqliteStorage
from servicekit.testing.conformance import StorageConformance


class TestSqlite(StorageConformance):
    """A file."""

    @pytest.fixture
    def opened(self, tmp_path: Path) -> Callable[[], SqliteStorage]:
        """One file."""
        return lambda: SqliteStorage(str(tmp_path / "salon.db"), synchronous="normal")

    @pytest.fixture
    def connected(self, tmp_path: Path) -> Callable[[], sqlite3.Connection]:
        """The application's own."""
        return lambda: sqlite3.connect(tmp_path / "salon.db", isolation_level=None)
