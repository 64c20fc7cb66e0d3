"""PostgreSQL through psycopg 3 (extra ``postgres``): any number of processes on any number of machines.

Rules kept here:

* Writers run side by side (READ COMMITTED). What a decision rests on is held by row locks, and a tree with its limits by an
  advisory lock, each in one order for everybody; so nothing has to be tried again but what an administrator changes at the
  same moment, and that is said by ``StorageBusy``.
* A reading sees one moment's state (REPEATABLE READ, READ ONLY).
* Migrations run under a lock of their own, in one transaction.

Refused: a URL that is none, a server that is not there at the start (``ConfigurationError``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from servicekit.adapters.storage.dialect import POSTGRES
from servicekit.adapters.storage.migrating import migrations
from servicekit.adapters.storage.pool import Pool
from servicekit.adapters.storage.transaction import SqlTransaction
from servicekit.errors import ConfigurationError, MissingExtra, StorageBusy, StorageError

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[tuple[Any, ...]]

__all__ = ["PostgresStorage"]

_MIGRATING = 0x7365_7276_6963_656B  # "servicek": the key of the lock that migrations run under


class PostgresStorage:
    """A database on a server.

    Args:
        url: as libpq takes it: ``postgresql://user:password@host:port/database?sslmode=require``. Never shown or logged.
        patience: seconds to wait for a lock before ``StorageBusy``.

    Raises:
        MissingExtra: psycopg is not installed.
    """

    def __init__(self, url: str, *, patience: float = 10.0) -> None:
        try:
            import psycopg
        except ImportError as error:
            raise MissingExtra("postgres", "A PostgreSQL database") from error
        self._psycopg = psycopg
        self._url = url
        self._patience = patience
        self._pool: Pool[Connection] = Pool(self._opened, self._clean)

    def migrate(self) -> None:
        """Apply what is missing, one after the other if several ask at once."""
        with self._pool.connection() as connection, self._transaction(connection, "BEGIN"):
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [_MIGRATING])
            connection.execute(
                "CREATE TABLE IF NOT EXISTS schema_migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL)"
            )
            done = {row[0] for row in connection.execute("SELECT number FROM schema_migrations")}
            steps = migrations(POSTGRES.spelling)
            newer = done - {step.number for step in steps}
            if newer:
                raise StorageError(
                    f"The database is at migration {max(newer)}, which this version of servicekit does not know: upgrade it.",
                    code="schema_too_new",
                )
            for step in steps:
                if step.number not in done:
                    for statement in step.statements:
                        connection.execute(statement.encode())
                    connection.execute("INSERT INTO schema_migrations VALUES (%s, %s)", [step.number, step.name])

    @contextmanager
    def write(self) -> Iterator[SqlTransaction]:
        """A transaction that may change."""
        with self._pool.connection() as connection, self._transaction(connection, "BEGIN"):
            yield self._over(connection)

    @contextmanager
    def join(self, connection: object) -> Iterator[SqlTransaction]:
        """The transaction that an application has open on its own connection to the same database."""
        psycopg = self._psycopg
        if not isinstance(connection, psycopg.Connection):
            raise ConfigurationError(
                f"within= wants the psycopg.Connection that the transaction is open on, not {type(connection).__name__}:"
                " with SQLAlchemy it is connection.connection.driver_connection, with Django connection.connection."
            )
        if connection.info.transaction_status is not psycopg.pq.TransactionStatus.INTRANS:
            raise ConfigurationError("within= wants a connection with a transaction open on it: begin one first.")
        connection.execute("SAVEPOINT servicekit")
        try:
            yield self._over(connection)
        except BaseException:
            connection.execute("ROLLBACK TO SAVEPOINT servicekit")
            raise
        connection.execute("RELEASE SAVEPOINT servicekit")

    @contextmanager
    def read(self) -> Iterator[SqlTransaction]:
        """A transaction that sees one moment's state."""
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        with self._pool.connection() as connection, self._transaction(connection, begin):
            yield self._over(connection, writes=False)

    def close(self) -> None:
        """Close idle connections; those in use are closed when their transaction ends."""
        self._pool.close()

    def _opened(self) -> Connection:
        psycopg = self._psycopg
        try:
            connection: Connection = psycopg.connect(
                self._url, autocommit=True, connect_timeout=max(2, int(self._patience))
            )
            connection.execute(f"SET lock_timeout = {int(self._patience * 1000)}".encode())
        except psycopg.OperationalError as error:
            raise ConfigurationError(
                "PostgreSQL cannot be reached or refuses the login: check the URL of the kit."
            ) from error
        return connection

    def _clean(self, connection: Connection) -> bool:
        return connection.info.transaction_status is self._psycopg.pq.TransactionStatus.IDLE

    def _over(self, connection: Connection, *, writes: bool = True) -> SqlTransaction:
        def execute(sql: str, values: Sequence[object]) -> psycopg.Cursor[tuple[Any, ...]]:
            with self._translated():
                return connection.execute(_spelt(sql), values)

        return SqlTransaction(execute, POSTGRES, writes=writes)

    @contextmanager
    def _transaction(self, connection: Connection, begin: str) -> Iterator[None]:
        with self._translated():
            connection.execute(begin.encode())
            try:
                yield
                connection.execute("COMMIT")
            except BaseException:
                if not connection.closed:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _translated(self) -> Iterator[None]:
        errors = self._psycopg.errors
        try:
            yield
        except (errors.SerializationFailure, errors.DeadlockDetected, errors.UniqueViolation) as error:
            raise StorageBusy(
                f"Somebody else changed the same at the same moment: {error}. Try the same again.",
                code="storage_conflict",
            ) from error
        except errors.LockNotAvailable as error:
            raise StorageBusy(f"The database was held by others for too long: {error}. Try the same again.") from error
        except self._psycopg.Error as error:
            raise StorageError(f"The database refused: {error}") from error


@lru_cache(maxsize=1024)
def _spelt(sql: str) -> bytes:
    """With psycopg's mark for a parameter. No statement of ours has a percent sign or a question mark of its own."""
    return sql.replace("?", "%s").encode()
