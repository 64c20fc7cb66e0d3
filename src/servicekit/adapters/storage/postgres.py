"""PostgreSQL through psycopg 3 (extra ``postgres``): any number of processes on any number of machines.

Rules kept here:

* Writers run side by side (READ COMMITTED). What a decision rests on is held by row locks, and a tree with its limits by an
  advisory lock, each in one order for everybody: the tree, a booking, what belongs to it, counters, effects. Where two come
  into each other's way all the same, the server undoes one of them, and ``StorageBusy`` says so.
* A reading sees one moment's state (REPEATABLE READ, READ ONLY).
* Migrations run under a lock of their own, in one transaction. Where nothing is missing they change nothing, so that the
  application's role needs no right to make tables.
* A connection that the server has closed since is replaced once, at the beginning of a transaction and never later.

Refused: a URL that is none, a server that is not there at the start (``ConfigurationError``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from servicekit.adapters.storage.dialect import POSTGRES
from servicekit.adapters.storage.migrating import BOOK, check_applied, migrations, missing
from servicekit.adapters.storage.pool import Pool
from servicekit.adapters.storage.transaction import SqlTransaction
from servicekit.errors import ConfigurationError, MissingExtra, StorageBusy, StorageError

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[tuple[Any, ...]]

__all__ = ["PostgresStorage"]

_MIGRATING = 0x7365_7276_6963_656B  # "servicek": the key of the lock that migrations run under
_WRITING = b"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
_READING = b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class PostgresStorage:
    """A database on a server.

    Args:
        url: as libpq takes it: ``postgresql://user:password@host:port/database?sslmode=require``. Never shown or logged.
        patience: seconds to wait for a lock before ``StorageBusy``; to the millisecond, at least one.

    Raises:
        MissingExtra: psycopg is not installed.
    """

    one_writer = False

    def __init__(self, url: str, *, patience: float = 10.0) -> None:
        try:
            import psycopg
            from psycopg.rows import tuple_row
        except ImportError as error:
            raise MissingExtra("postgres", "A PostgreSQL database") from error
        self._psycopg = psycopg
        self._tuple_row = tuple_row
        self._url = url
        self._patience = patience
        self._reached = False
        self._pool: Pool[Connection] = Pool(self._opened, self._clean)

    def migrate(self) -> None:
        """Apply what is missing, one after the other if several ask at once; the second waits however long it takes."""
        steps = migrations(POSTGRES.spelling)
        with self._begun(_READING) as connection:
            if not missing(steps, self._applied(connection)):
                return
        with self._begun(_WRITING) as connection, self._translated():
            connection.execute("SET LOCAL lock_timeout = 0")
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [_MIGRATING])
            connection.execute(f"SET LOCAL lock_timeout = {self._milliseconds}".encode())
            connection.execute(BOOK.encode())
            for step in missing(steps, self._applied(connection)):
                for statement in step.statements:
                    connection.execute(statement.encode())
                connection.execute("INSERT INTO schema_migrations VALUES (%s, %s)", [step.number, step.name])

    def check(self) -> None:
        """See that no migration is missing."""
        with self._begun(_READING) as connection:
            check_applied(migrations(POSTGRES.spelling), self._applied(connection))

    def _applied(self, connection: Connection) -> set[int]:
        with self._translated():
            there = connection.execute("SELECT to_regclass('schema_migrations')").fetchone()
            if there is None or there[0] is None:
                return set()
            return {number for (number,) in connection.execute("SELECT number FROM schema_migrations")}

    @contextmanager
    def write(self) -> Iterator[SqlTransaction]:
        """A transaction that may change."""
        with self._begun(_WRITING) as connection:
            yield self._over(connection)

    @contextmanager
    def join(self, connection: object) -> Iterator[SqlTransaction]:
        """The transaction that an application has open on its own connection to the same database, READ COMMITTED."""
        psycopg = self._psycopg
        if not isinstance(connection, psycopg.Connection):
            raise ConfigurationError(
                f"within= wants the psycopg.Connection that the transaction is open on, not {type(connection).__name__}:"
                " with SQLAlchemy it is connection.connection.driver_connection, with Django connection.connection."
            )
        status = connection.info.transaction_status
        begins_by_itself = status is psycopg.pq.TransactionStatus.IDLE and not connection.autocommit
        if status is not psycopg.pq.TransactionStatus.INTRANS and not begins_by_itself:
            raise ConfigurationError("within= wants a connection with a sound transaction open on it: begin one first.")
        store = self._over(connection)
        (isolation,) = store._execute("SHOW transaction_isolation", []).fetchone()  # noqa: SLF001 - our own transaction
        if isolation != "read committed":
            # A snapshot that is older than a lock would not have what others spent before the lock was given.
            raise ConfigurationError(
                f"within= wants a transaction at READ COMMITTED, as it is by default, not {isolation.upper()}."
            )
        with self._translated():
            connection.execute("SAVEPOINT servicekit")
        try:
            yield store
        except BaseException:
            if not connection.closed:
                connection.execute("ROLLBACK TO SAVEPOINT servicekit")
                connection.execute("RELEASE SAVEPOINT servicekit")
            raise
        with self._translated():
            connection.execute("RELEASE SAVEPOINT servicekit")

    @contextmanager
    def read(self) -> Iterator[SqlTransaction]:
        """A transaction that sees one moment's state."""
        with self._begun(_READING) as connection:
            yield self._over(connection, writes=False)

    def close(self) -> None:
        """Close idle connections; those in use are closed when their transaction ends."""
        self._pool.close()

    @property
    def _milliseconds(self) -> int:
        return max(1, int(self._patience * 1000))  # 0 would be for ever

    def _opened(self) -> Connection:
        psycopg = self._psycopg
        try:
            connection: Connection = psycopg.connect(
                self._url,
                autocommit=True,
                connect_timeout=max(2, int(self._patience)),
                client_encoding="utf8",
                fallback_application_name="servicekit",
            )
            connection.execute(f"SET lock_timeout = {self._milliseconds}".encode())
            # Plans are kept as long as connections. One that was made while a table was small, and goes through all of it,
            # would be kept when it has grown; whatever is asked often has an index.
            connection.execute(b"SET enable_seqscan = off")
        except psycopg.OperationalError as error:
            if self._reached:
                raise StorageError(f"PostgreSQL is not there any more: {error}", code="storage_unreachable") from error
            raise ConfigurationError(
                "PostgreSQL cannot be reached or refuses the login: check the URL of the kit."
            ) from error
        except psycopg.ProgrammingError:
            # Its message may show the URL, and with it the password.
            raise ConfigurationError(
                "The URL of the kit is none that PostgreSQL takes: write postgresql://user:password@host/database."
            ) from None
        self._reached = True
        return connection

    def _clean(self, connection: Connection) -> bool:
        return connection.info.transaction_status is self._psycopg.pq.TransactionStatus.IDLE

    def _over(self, connection: Connection, *, writes: bool = True) -> SqlTransaction:
        refused = self._psycopg.Error

        def execute(sql: str, values: Sequence[object]) -> psycopg.Cursor[tuple[Any, ...]]:
            try:  # as _translated, which takes a tenth of a statement's time
                # The application's connection may make other rows of its own.
                return connection.cursor(row_factory=self._tuple_row).execute(_spelt(sql), values)
            except refused as error:
                raise self._ours(error) from error

        return SqlTransaction(execute, POSTGRES, writes=writes)

    @contextmanager
    def _begun(self, begin: bytes) -> Iterator[Connection]:
        """A connection in a transaction, which is committed at the end, or undone."""
        with ExitStack() as stack:
            connection = stack.enter_context(self._pool.connection())
            try:
                self._say(connection, begin)
            except self._psycopg.OperationalError:
                # Closed by the server since it was last used, as the other idle ones will be.
                stack.close()
                self._pool.drop_idle()
                connection = stack.enter_context(self._pool.connection())
                with self._translated():
                    self._say(connection, begin)
            try:
                yield connection
                self._commit(connection)
            except BaseException:
                if not connection.closed:
                    self._say(connection, b"ROLLBACK")
                raise

    def _commit(self, connection: Connection) -> None:
        if connection.info.transaction_status is self._psycopg.pq.TransactionStatus.INERROR:
            # PostgreSQL would answer this COMMIT with a ROLLBACK, and no error.
            raise StorageError("The database refused a statement of this transaction, so nothing of it is stored.")
        with self._translated():
            self._say(connection, b"COMMIT")

    def _say(self, connection: Connection, command: bytes) -> None:
        """Begin or end a transaction; straight to libpq, which takes a third of the time that a cursor would."""
        result = connection.pgconn.exec_(command)
        if result.status != self._psycopg.pq.ExecStatus.COMMAND_OK:
            code = result.error_field(self._psycopg.pq.DiagnosticField.SQLSTATE)
            kind = self._psycopg.errors.lookup(code.decode()) if code else self._psycopg.OperationalError
            raise kind(connection.pgconn.error_message.decode(errors="replace").strip())

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except self._psycopg.Error as error:
            raise self._ours(error) from error

    def _ours(self, error: psycopg.Error) -> StorageError:
        errors = self._psycopg.errors
        if isinstance(error, (errors.SerializationFailure, errors.DeadlockDetected, errors.UniqueViolation)):
            return StorageBusy(
                f"Somebody else changed the same at the same moment: {error}. Try the same again.",
                code="storage_conflict",
            )
        if isinstance(error, errors.LockNotAvailable):
            return StorageBusy(f"The database was held by others for too long: {error}. Try the same again.")
        return StorageError(f"The database refused: {error}")


@lru_cache(maxsize=1024)
def _spelt(sql: str) -> bytes:
    """With psycopg's mark for a parameter. No statement of ours has a percent sign or a question mark of its own."""
    return sql.replace("?", "%s").encode()
