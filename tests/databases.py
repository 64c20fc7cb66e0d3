"""Fixtures over :mod:`postgres_server`; every test file can ask for them (``conftest.py`` takes them in)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import postgres_server


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The folder of this run of pytest, which its workers share."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture(scope="session")
def postgres_url(run_folder: Path) -> Iterator[str]:
    """A PostgreSQL server; beware, all tests share it: ask for ``postgres_database`` to have one's own."""
    with postgres_server.served(run_folder) as url:
        yield url
        postgres_server.drop_template(url)


@pytest.fixture(scope="session")
def stoppable_postgres(run_folder: Path) -> Iterator[postgres_server.Stoppable]:
    """A PostgreSQL server that a test may stop; it starts it again."""
    with postgres_server.stoppable(run_folder) as server:
        yield server


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[str]:
    """The URL of a migrated PostgreSQL database of one's own."""
    with postgres_server.fresh(postgres_url) as url:
        yield url


@pytest.fixture
def empty_postgres(postgres_url: str) -> Iterator[str]:
    """The URL of an empty PostgreSQL database of one's own."""
    with postgres_server.fresh(postgres_url, migrated=False) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a migrated database of one's own, of either kind."""
    if request.param == "postgres":
        found: str = request.getfixturevalue("postgres_database")
        return found
    from contextlib import closing

    from servicekit.adapters.storage.sqlite import SqliteStorage

    path = tmp_path / "salon.db"
    with closing(SqliteStorage(str(path), synchronous="normal")) as storage:
        storage.migrate()
    return f"sqlite:////{path}?synchronous=normal"
