"""PostgreSQL keeps every promise of the port."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from servicekit.adapters.storage.postgres import PostgresStorage
from servicekit.testing.conformance import StorageConformance


class TestPostgres(StorageConformance):
    """A database of its own for each test."""

    @pytest.fixture
    def opened(self, empty_postgres: str) -> Callable[[], PostgresStorage]:
        """One database."""
        return lambda: PostgresStorage(empty_postgres)

    @pytest.fixture
    def connected(self, empty_postgres: str) -> Callable[[], psycopg.Connection[Any]]:
        """The application's own."""
        return lambda: psycopg.connect(empty_postgres, autocommit=True)
