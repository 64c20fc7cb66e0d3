"""SQLite through the standard library: one file, any number of processes on one machine.

Rules kept here:

* Write-ahead log, so that readers never wait for the writer; every write begins ``IMMEDIATE``, so that what it reads cannot
  change before it writes and "database is locked" can only come at its start.
* ``synchronous=FULL``: what was committed survives a loss of power. ``?synchronous=normal`` in the URL trades the last
  transactions before such a loss for speed; a killed process loses nothing either way.
* A connection serves one transaction at a time and is then kept for the next.
* Writers wait for one another in short steps of our own: SQLite's get as long as 100 ms, while a transaction takes less than
  one, and would leave the lock unused and some processes without their turn.

Refused: files that are no database, folders that do not exist, settings that are unknown (``ConfigurationError``).
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from urllib.parse import parse_qs, unquote, urlsplit

from servicekit.adapters.storage.dialect import SQLITE
from servicekit.adapters.storage.migrating import BOOK, check_applied, migrations, missing
from servicekit.adapters.storage.pool import Pool
from servicekit.adapters.storage.transaction import SqlTransaction
from servicekit.errors import ConfigurationError, StorageBusy, StorageError

__all__ = ["SqliteStorage"]

_SYNCHRONOUS = frozenset({"full", "normal"})
_LONGEST_PATIENCE = 86_400.0
_LARGEST_LOG = 64 << 20  # bytes that the write-ahead log keeps on disk once it has been larger
# Pages of that log after which they go to where they belong. While one process moves them another takes its turn to write, and
# then has to move pages again at once, for what came meanwhile: four times as seldom as by default, that no longer shows.
_MOVED_AFTER = 4000
_PAUSE = 0.01  # seconds between tries where SQLite does not wait by itself
# Seconds that a writer sleeps between tries, each time so many times as long: longer than most transactions take and few, so
# that those who wait don't disturb the one that writes, and the lock changes hands seldom; who takes it reads all pages anew.
_FIRST_STEP, _LONGER, _LONGEST_STEP = 0.001, 4, 0.05


class SqliteStorage:
    """A database in a file.

    Args:
        path: the file; made if absent, but its folder must exist.
        synchronous: ``full`` or ``normal``.
        patience: seconds to wait for other writers before ``StorageBusy``, at most a day.

    Raises:
        ConfigurationError: a setting is unknown; at the first use, the folder does not exist, or the file is no database.
    """

    one_writer = True

    def __init__(self, path: str, *, synchronous: str = "full", patience: float = 10.0) -> None:
        if synchronous not in _SYNCHRONOUS:
            raise ConfigurationError(f"synchronous is 'full' or 'normal', not {synchronous!r}")
        if not 0 <= patience <= _LONGEST_PATIENCE:
            raise ConfigurationError(
                f"patience is a number of seconds from 0 to {_LONGEST_PATIENCE:.0f}, not {patience}"
            )
        self.path = path
        self._synchronous = synchronous
        self._patience = patience
        # In a transaction still: something went so wrong that not even a rollback was possible.
        self._pool = Pool(self._opened, lambda connection: not connection.in_transaction)
        # Those of writers fail at once where the lock is taken.
        self._writers = Pool(self._opened_hasty, lambda connection: not connection.in_transaction)
        # A database in memory lives as long as its one connection, which then serves one transaction after the other.
        self._only_one = threading.Lock() if path == ":memory:" else None
        if self._only_one:
            self._writers = self._pool

    @classmethod
    def from_url(cls, url: str) -> SqliteStorage:
        """From ``sqlite:///relative.db`` or ``sqlite:////absolute.db``, with ``synchronous`` and ``patience`` as query."""
        parts = urlsplit(url)
        path = unquote(parts.path.removeprefix("/"))
        if parts.netloc or not path:
            raise ConfigurationError(f"{url!r} names no file: write sqlite:///salon.db, or sqlite:////var/lib/salon.db")
        asked = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        unknown = asked.keys() - {"synchronous", "patience"}
        if unknown:
            raise ConfigurationError(f"{url!r} sets {', '.join(sorted(unknown))}, known are synchronous and patience")
        try:
            patience = float(asked.get("patience", "10"))
        except ValueError as error:
            raise ConfigurationError(f"{url!r}: patience is a number of seconds") from error
        return cls(path, synchronous=asked.get("synchronous", "full"), patience=patience)

    def migrate(self) -> None:
        """Apply what is missing, under the write lock, so that two at once apply each step once."""
        with self._connection(self._pool) as connection:
            self._use_write_ahead_log(connection)
            self._wait_for_turn(connection)
            with _transaction(connection), _translated():
                connection.execute(BOOK)
                for step in missing(migrations(SQLITE.spelling), _applied(connection)):
                    for statement in step.statements:
                        connection.execute(statement)
                    connection.execute("INSERT INTO schema_migrations VALUES (?, ?)", (step.number, step.name))

    def check(self) -> None:
        """See that no migration is missing."""
        with self._connection(self._pool) as connection, _translated():
            there = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'schema_migrations'").fetchone()
            check_applied(migrations(SQLITE.spelling), _applied(connection) if there else ())

    def _use_write_ahead_log(self, connection: sqlite3.Connection) -> None:
        """Switching needs the file for itself for a moment, and SQLite does not wait for that by itself."""
        ends = time.monotonic() + self._patience
        while True:
            try:
                with _translated():
                    connection.execute("PRAGMA journal_mode=WAL")
            except StorageBusy:
                if time.monotonic() >= ends:
                    raise
                time.sleep(_PAUSE)
            else:
                return

    @contextmanager
    def write(self) -> Iterator[SqlTransaction]:
        """A transaction that holds the write lock from its beginning."""
        with self._connection(self._writers) as connection:
            self._wait_for_turn(connection)
            with _transaction(connection):
                yield _over(connection)

    def _wait_for_turn(self, connection: sqlite3.Connection) -> None:
        ends, step = None, _FIRST_STEP
        while True:
            try:
                with _translated():
                    connection.execute("BEGIN IMMEDIATE")
            except StorageBusy:
                now = time.monotonic()
                ends = now + self._patience if ends is None else ends
                if now >= ends:
                    raise
                time.sleep(min(step, ends - now))
                step = min(step * _LONGER, _LONGEST_STEP)
            else:
                return

    @contextmanager
    def join(self, connection: object) -> Iterator[SqlTransaction]:
        """The transaction that an application has open on its own connection to the same file."""
        if not isinstance(connection, sqlite3.Connection):
            raise ConfigurationError(
                f"within= wants the sqlite3.Connection that the transaction is open on, not {type(connection).__name__}:"
                " with SQLAlchemy it is connection.connection.driver_connection, with Django connection.connection."
            )
        if not connection.in_transaction:
            raise ConfigurationError("within= wants a connection with a transaction open on it: begin one first.")
        with _savepoint(connection):
            yield _over_anothers(connection)

    @contextmanager
    def read(self) -> Iterator[SqlTransaction]:
        """A transaction that sees one moment's state and never waits for a writer."""
        with self._connection(self._pool) as connection:
            with _translated():
                connection.execute("BEGIN DEFERRED")
            with _transaction(connection):
                yield _over(connection)

    def close(self) -> None:
        """Close idle connections; those in use are closed when their transaction ends."""
        self._pool.close()
        self._writers.close()

    @contextmanager
    def _connection(self, pool: Pool[sqlite3.Connection]) -> Iterator[sqlite3.Connection]:
        with self._only_one or nullcontext(), pool.connection() as connection:
            yield connection

    def _opened_hasty(self) -> sqlite3.Connection:
        connection = self._opened()
        connection.execute("PRAGMA busy_timeout=0")
        return connection

    def _opened(self) -> sqlite3.Connection:
        try:
            connection = sqlite3.connect(
                self.path, timeout=self._patience, isolation_level=None, check_same_thread=False, cached_statements=512
            )
        except sqlite3.OperationalError as error:
            raise ConfigurationError(
                f"The database {self.path!r} cannot be opened: {error}. Does its folder exist?"
            ) from error
        try:
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute(f"PRAGMA synchronous={self._synchronous}")
            connection.execute(f"PRAGMA journal_size_limit={_LARGEST_LOG}")
            connection.execute(f"PRAGMA wal_autocheckpoint={_MOVED_AFTER}")
        except sqlite3.DatabaseError as error:
            connection.close()
            if _is_busy(error):
                raise _busy(error) from error
            raise ConfigurationError(
                f"The database {self.path!r} cannot be read: {error}. Name another file in the URL."
            ) from error
        return connection


def _over(connection: sqlite3.Connection) -> SqlTransaction:
    def execute(sql: str, values: Sequence[object]) -> sqlite3.Cursor:
        try:  # as _translated, which takes a tenth of a statement's time
            return connection.execute(sql, values)
        except sqlite3.Error as error:
            raise _ours(error) from error

    return SqlTransaction(execute, SQLITE)


def _over_anothers(connection: sqlite3.Connection) -> SqlTransaction:
    """The same over an application's connection, which may make other rows of its own."""

    def execute(sql: str, values: Sequence[object]) -> sqlite3.Cursor:
        cursor = connection.cursor()
        cursor.row_factory = None
        with _translated():
            return cursor.execute(sql, values)

    return SqlTransaction(execute, SQLITE)


def _applied(connection: sqlite3.Connection) -> set[int]:
    return {number for (number,) in connection.execute("SELECT number FROM schema_migrations")}


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """End what has begun: committed, or undone if an exception leaves it."""
    try:
        yield
        with _translated():
            connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def _savepoint(connection: sqlite3.Connection) -> Iterator[None]:
    """So that an error undoes what is ours and leaves the application's own work as it is."""
    with _translated():
        connection.execute("SAVEPOINT servicekit")
    try:
        yield
    except BaseException:
        if connection.in_transaction:  # SQLite itself ends a transaction that it cannot go on with
            connection.execute("ROLLBACK TO servicekit")
            connection.execute("RELEASE servicekit")
        raise
    with _translated():
        connection.execute("RELEASE servicekit")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise _ours(error) from error


def _ours(error: sqlite3.Error) -> StorageError:
    return _busy(error) if _is_busy(error) else StorageError(f"The database refused: {error}")


def _is_busy(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", 0)  # which the module's own errors lack
    return code & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def _busy(error: sqlite3.Error) -> StorageBusy:
    return StorageBusy(f"The database was held by others for too long: {error}. Try the same again.")
