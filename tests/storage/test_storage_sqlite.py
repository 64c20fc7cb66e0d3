"""SQLite: one transaction or nothing, writers one after the other, files that are no database, and many processes at once."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import children
from processes import race
from samples import ROOT, group, nth
from servicekit.adapters.storage.migrating import migrations
from servicekit.adapters.storage.sqlite import SqliteStorage
from servicekit.errors import ConfigurationError, StorageBusy, StorageError
from servicekit.ids import GroupId
from servicekit.ports.store import Storage

LAST = migrations({"bytes": "BLOB"})[-1].number


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that is not there yet."""
    return tmp_path / "salon.db"


@pytest.fixture
def storage(path: Path) -> Iterator[SqliteStorage]:
    """A database in a file, its tables up to date."""
    with closing(SqliteStorage(str(path), patience=0.05)) as made:
        made.migrate()
        yield made


def groups(storage: Storage) -> list[str]:
    """The ids of the groups that a fresh reading sees."""
    with storage.read() as store:
        return [one.id for one in store.groups.where()]


# Transactions


@pytest.mark.parametrize("name", ["salon.db", ":memory:"])
def test_what_was_written_is_there(tmp_path: Path, name: str) -> None:
    """On a file and in memory alike, a transaction that ends well is committed."""
    with closing(SqliteStorage(name if name == ":memory:" else str(tmp_path / name))) as storage:
        storage.migrate()
        with storage.write() as store:
            store.groups.add(group())
        assert groups(storage) == [ROOT]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_nothing_behind(storage: SqliteStorage, error: type[BaseException]) -> None:
    """Whatever leaves the transaction undoes it, and goes on to the caller; the next one is not hurt."""

    def half_way() -> None:
        with storage.write() as store:
            store.groups.add(group())
            raise error

    with pytest.raises(error):
        half_way()
    assert groups(storage) == []
    with storage.write() as store:
        store.groups.add(group(2))
    assert groups(storage) == [nth(GroupId, 2)]


def test_a_refused_statement_leaves_nothing_behind(storage: SqliteStorage) -> None:
    """The database's own no is a ``StorageError`` and undoes what came before it in the transaction."""

    def half_way() -> None:
        with storage.write() as store:
            store.groups.add(group())
            store.groups.add(group())

    with pytest.raises(StorageError, match="The database refused: UNIQUE constraint failed") as caught:
        half_way()
    assert not isinstance(caught.value, StorageBusy)
    assert groups(storage) == []


def test_a_reader_sees_one_moment_while_a_writer_goes_on(storage: SqliteStorage) -> None:
    """Neither waits for the other."""
    with storage.read() as before:
        assert before.groups.where() == ()
        with storage.write() as store:
            store.groups.add(group())
        assert before.groups.where() == ()
    assert groups(storage) == [ROOT]


def test_a_writer_waits_for_another_and_then_says_that_it_is_busy(storage: SqliteStorage, path: Path) -> None:
    """At its beginning and nowhere else; the error says that the same may be tried again."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageBusy, match="Try the same again") as caught, storage.write():
            raise AssertionError("two writers at once")
        assert caught.value.code == "storage_busy"
        other.execute("ROLLBACK")
    with storage.write() as store:
        store.groups.add(group())
    assert groups(storage) == [ROOT]


def writer(storage: SqliteStorage) -> sqlite3.Connection:
    """The idle connection that the next writing transaction will use."""
    with storage.write():
        pass
    (connection,) = storage._writers._idle
    return connection


def test_a_failed_commit_leaves_nothing_behind(storage: SqliteStorage) -> None:
    """A commit that SQLite refuses is rolled back, and the connection serves on."""

    def allow(action: int, operation: str | None, *_: object) -> int:
        refused = action == sqlite3.SQLITE_TRANSACTION and operation == "COMMIT"
        return sqlite3.SQLITE_DENY if refused else sqlite3.SQLITE_OK

    connection = writer(storage)
    connection.set_authorizer(allow)
    with pytest.raises(StorageError, match="not authorized"), storage.write() as store:
        store.groups.add(group())
    connection.set_authorizer(None)

    assert groups(storage) == []
    assert storage._writers._idle == [connection]


def test_a_connection_that_cannot_even_roll_back_is_closed(storage: SqliteStorage) -> None:
    """It is not kept for anybody else, whom it would hand a transaction half done."""

    def allow(action: int, operation: str | None, *_: object) -> int:
        refused = action == sqlite3.SQLITE_TRANSACTION and operation in {"COMMIT", "ROLLBACK"}
        return sqlite3.SQLITE_DENY if refused else sqlite3.SQLITE_OK

    connection = writer(storage)
    connection.set_authorizer(allow)
    with pytest.raises(sqlite3.DatabaseError, match="not authorized"), storage.write() as store:
        store.groups.add(group())

    assert storage._writers._idle == []
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")
    assert groups(storage) == []


def test_a_transaction_that_sqlite_has_undone_itself_ends_as_any_other(storage: SqliteStorage) -> None:
    """As it does where a disk is full: the error is told, and there is nothing left to roll back."""

    def half_way() -> None:
        with storage.write() as store:
            store.groups.add(group())
            store._execute("INSERT OR ROLLBACK INTO groups SELECT * FROM groups", [])

    with pytest.raises(StorageError, match="UNIQUE constraint failed"):
        half_way()
    assert groups(storage) == []


def test_threads_write_one_after_the_other(path: Path) -> None:
    """On a file and in memory, eight threads with a transaction each lose nothing."""
    for name in (str(path), ":memory:"):
        with closing(SqliteStorage(name, synchronous="normal")) as storage:
            storage.migrate()
            threads = [threading.Thread(target=_add_groups, args=(storage, first)) for first in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert len(groups(storage)) == 40


def _add_groups(storage: SqliteStorage, first: int) -> None:
    for number in range(5):
        with storage.write() as store:
            store.groups.add(group(1 + 5 * first + number))


# Closing


def test_idle_connections_are_closed_and_those_in_use_when_they_end(storage: SqliteStorage) -> None:
    """After ``close`` nothing is kept open that no transaction uses."""
    idle = writer(storage)
    with storage.write() as store:
        store.groups.add(group())
        storage.close()
        assert store.groups.get(ROOT) == group()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        idle.execute("SELECT 1")
    assert storage._writers._idle == []
    assert groups(storage) == [ROOT]
    assert storage._pool._idle == []


# Migrating


def test_migrating_again_changes_nothing(storage: SqliteStorage, path: Path) -> None:
    """Each step is applied once, whoever asks again."""
    with storage.write() as store:
        store.groups.add(group())
    storage.migrate()

    with closing(sqlite3.connect(path)) as connection:
        steps = connection.execute("SELECT number FROM schema_migrations").fetchall()
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert steps == [(number,) for number in range(1, LAST + 1)]
    assert groups(storage) == [ROOT]


def test_eight_processes_migrate_a_new_file_at_once(tmp_path: Path) -> None:
    """All of them succeed, three times over: switching to the write-ahead log waits as well."""
    for attempt in range(3):
        path = tmp_path / f"{attempt}.db"
        assert race(children.migrate, str(path)) == ["done"] * 8
        with closing(sqlite3.connect(path)) as connection:
            steps = connection.execute("SELECT count(*) FROM schema_migrations").fetchone()
        assert steps == (LAST,)


def test_a_database_of_a_newer_version_is_refused(storage: SqliteStorage, path: Path) -> None:
    """Nothing in it is touched, and the error says what to do."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO schema_migrations VALUES (9000, 'from_the_future')")

    with pytest.raises(StorageError, match=r"at migration 9000, which this .* does not know: upgrade it") as caught:
        storage.migrate()
    assert caught.value.code == "schema_too_new"


def test_a_step_that_fails_leaves_the_database_as_it_was(path: Path) -> None:
    """A table that is in the way is an error; nothing of the step stays."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE orders (mine TEXT)")
    with closing(SqliteStorage(str(path))) as storage, pytest.raises(StorageError, match="orders already exists"):
        storage.migrate()
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master").fetchall()
    assert names == [("orders",)]


def test_switching_to_the_write_ahead_log_waits_for_the_file(path: Path) -> None:
    """Whoever writes to the file is waited for, though SQLite itself does not; for too long is ``StorageBusy``."""
    with (
        closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other,
        closing(SqliteStorage(str(path), patience=0.2)) as storage,
    ):
        other.execute("CREATE TABLE mine (one TEXT)")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageBusy, match="locked"):
            storage.migrate()
        release = threading.Timer(0.05, other.execute, ["ROLLBACK"])
        release.start()
        storage.migrate()
        release.join()
        assert groups(storage) == []


# What is no database


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    """At the first use."""
    with (
        closing(SqliteStorage(str(tmp_path / "absent" / "salon.db"))) as storage,
        pytest.raises(ConfigurationError, match=r"absent/salon.db' cannot be opened: .* Does its folder exist"),
    ):
        storage.migrate()


def test_a_file_that_is_no_database_is_named(path: Path) -> None:
    """It is left as it was."""
    path.write_text("Dear diary, " * 500)
    with (
        closing(SqliteStorage(str(path))) as storage,
        pytest.raises(ConfigurationError, match=r"salon.db' cannot be read: file is not a database"),
    ):
        storage.migrate()
    assert path.read_text() == "Dear diary, " * 500


def test_a_database_that_somebody_holds_whole_is_busy(path: Path) -> None:
    """Also when it is only opened; that is no fault of the URL."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("CREATE TABLE mine (one TEXT)")
        other.execute("BEGIN EXCLUSIVE")
        with closing(SqliteStorage(str(path), patience=0.0)) as storage, pytest.raises(StorageBusy, match="locked"):
            storage.migrate()


# URLs and settings


def test_a_url_names_a_relative_or_an_absolute_file() -> None:
    """Three slashes and four; percent-encoded characters are decoded."""
    assert SqliteStorage.from_url("sqlite:///salon.db").path == "salon.db"
    assert SqliteStorage.from_url("sqlite:////var/lib/my%20salon.db").path == "/var/lib/my salon.db"
    assert SqliteStorage.from_url("sqlite:///:memory:").path == ":memory:"


def test_a_url_may_set_synchronous_and_patience(tmp_path: Path) -> None:
    """``full`` is what holds unless said otherwise."""
    for query, level in (("", 2), ("?synchronous=normal&patience=0.5", 1), ("?synchronous=full", 2)):
        with closing(SqliteStorage.from_url(f"sqlite:////{tmp_path}/salon.db{query}")) as storage:
            storage.migrate()
            (connection,) = storage._pool._idle
            assert connection.execute("PRAGMA synchronous").fetchone() == (level,)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("sqlite:///", "names no file: write sqlite:///salon.db"),
        ("sqlite://salon.db", "names no file: write sqlite:///salon.db"),
        ("sqlite:///salon.db?timeout=5", "sets timeout, known are synchronous and patience"),
        ("sqlite:///salon.db?synchronous=off", "synchronous is 'full' or 'normal', not 'off'"),
        ("sqlite:///salon.db?patience=long", "patience is a number of seconds"),
        ("sqlite:///salon.db?patience=-1", "patience is a number of seconds from 0 to 86400, not -1"),
        ("sqlite:///salon.db?patience=nan", "patience is a number of seconds from 0 to 86400, not nan"),
    ],
)
def test_a_url_that_makes_no_sense_is_refused(url: str, told: str) -> None:
    """With what to write instead."""
    with pytest.raises(ConfigurationError) as caught:
        SqliteStorage.from_url(url)
    assert told in str(caught.value)
