"""PostgreSQL: connections that break, locks that are waited for, errors told apart, migrations by others, no secret shown."""

from __future__ import annotations

import builtins
import os
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest

import children
from processes import race
from samples import NOON, ROOT, booking, furnish, group, message, nth
from servicekit import Principal
from servicekit.adapters.storage import postgres
from servicekit.adapters.storage.migrating import migrations
from servicekit.adapters.storage.postgres import PostgresStorage
from servicekit.bookings import Book
from servicekit.errors import ConfigurationError, MissingExtra, StorageBusy, StorageError
from servicekit.ids import ClientId, GroupId, ProviderId, ServiceId
from servicekit.moments import Instant
from servicekit.ports.store import transact
from servicekit.testing.conformance.things import at_once
from world import DAY


@pytest.fixture
def storage(postgres_database: str) -> Iterator[PostgresStorage]:
    """A migrated database; one waits a tenth of a second."""
    with closing(PostgresStorage(postgres_database, patience=0.1)) as made:
        yield made


def groups(storage: PostgresStorage) -> list[str]:
    """The ids of the groups that a fresh reading sees."""
    with storage.read() as store:
        return [one.id for one in store.groups.where()]


def kick_out(url: str) -> None:
    """What a restart of the server does to everybody who is connected."""
    with psycopg.connect(url, autocommit=True) as connection:
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        sql = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}".encode()  # noqa: S608 - ours
        connection.execute(sql)
        while connection.execute(sql).fetchall():
            time.sleep(0.01)


# Connections


def test_connections_that_the_server_has_closed_are_replaced(storage: PostgresStorage, postgres_database: str) -> None:
    """All idle ones at once, and nobody notices, neither who reads nor who writes."""
    with storage.read(), storage.read(), storage.read():
        pass
    kick_out(postgres_database)
    with storage.write() as store:
        store.groups.add(group())
    kick_out(postgres_database)
    assert groups(storage) == [ROOT]


def test_a_connection_that_breaks_in_the_middle_is_an_error_and_nothing_is_stored(
    storage: PostgresStorage, postgres_database: str
) -> None:
    """It is never begun anew by itself; the next transaction is on another connection."""

    def broken() -> None:
        with storage.write() as store:
            store.groups.add(group())
            kick_out(postgres_database)
            store.groups.add(group(2))

    with pytest.raises(StorageError) as caught:
        broken()
    assert not isinstance(caught.value, StorageBusy)
    assert groups(storage) == []


def test_a_server_that_is_not_there_is_wrong_wiring_at_first_and_an_error_later(
    storage: PostgresStorage, postgres_database: str
) -> None:
    """No message shows the password."""
    url = "postgresql://anna:wonderland@127.0.0.1:1/salon"
    with closing(PostgresStorage(url)) as nowhere, pytest.raises(ConfigurationError, match="check the URL") as caught:
        nowhere.migrate()
    assert "wonderland" not in f"{caught.value} {caught.value.__cause__}"

    groups(storage)
    storage._url = url
    kick_out(postgres_database)
    with pytest.raises(StorageError, match="not there any more") as later:
        groups(storage)
    assert later.value.code == "storage_unreachable"
    assert "wonderland" not in str(later.value)


def test_a_url_that_is_none_is_refused_without_being_shown() -> None:
    """It may hold a password."""
    with (
        closing(PostgresStorage("postgresql://anna:wonderland@localhost/salon?colour=red")) as storage,
        pytest.raises(ConfigurationError, match="none that PostgreSQL takes") as caught,
    ):
        storage.migrate()
    assert caught.value.__cause__ is None
    assert "wonderland" not in str(caught.value)


def test_without_psycopg_it_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the line that installs it."""
    real = builtins.__import__

    def absent(name: str, *rest: Any, **more: Any) -> Any:
        if name == "psycopg":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(MissingExtra, match=r"servicekit-sdk\[postgres\]"):
        PostgresStorage("postgresql://localhost/salon")


# Waiting


def test_who_waits_too_long_is_told_that_it_is_busy(storage: PostgresStorage) -> None:
    """The same may be tried again, and nothing of the first try is there."""

    def second() -> None:
        with storage.write() as other:
            other.groups.add(group(2))
            other.groups.hold(ROOT)

    transact(storage, lambda store: store.groups.add(group()))
    with storage.write() as store:
        store.groups.hold(ROOT)
        with pytest.raises(StorageBusy, match="Try the same again") as caught:
            second()
    assert caught.value.code == "storage_busy"
    assert groups(storage) == [ROOT]


def test_no_patience_is_a_millisecond(postgres_database: str) -> None:
    """Where PostgreSQL itself would take nought for ever."""
    with closing(PostgresStorage(postgres_database, patience=0)) as storage, storage.write() as store:
        assert store._execute("SHOW lock_timeout", []).fetchone() == ("1ms",)


def test_a_deadlock_is_run_again(postgres_database: str) -> None:
    """Two who hold in opposite orders: the server undoes one of them, which then comes after the other."""
    met = threading.Barrier(2)
    tries: list[int] = []
    with closing(PostgresStorage(postgres_database)) as storage:
        for number in (1, 2):
            transact(storage, lambda store, n=number: store.groups.add(group(n)))  # type: ignore[misc]

        def cross(turn: int) -> None:
            first, second = ((1, 2), (2, 1))[turn]

            def body(store: Any) -> None:
                tries.append(first)
                store.groups.hold(nth(GroupId, first))
                if len(tries) <= 2:
                    met.wait()
                store.groups.hold(nth(GroupId, second))

            transact(storage, body)

        at_once(2, cross)
    assert len(tries) >= 3
    assert {*tries} == {1, 2}


def test_what_refers_to_a_held_row_is_stored_meanwhile(storage: PostgresStorage) -> None:
    """A group that somebody holds takes messages all the same: ids do not change."""
    transact(storage, lambda store: store.groups.add(group()))
    with storage.write() as store:
        store.groups.hold(ROOT)
        transact(storage, lambda other: other.messages.add(message(1)))


# Migrating


def test_a_database_of_a_newer_version_is_refused(storage: PostgresStorage, postgres_database: str) -> None:
    """By whoever asks, and nothing in it is touched."""
    with psycopg.connect(postgres_database) as connection:
        connection.execute("INSERT INTO schema_migrations VALUES (9000, 'from_the_future')")
    for ask in (storage.migrate, storage.check):
        with pytest.raises(StorageError, match="at migration 9000") as caught:
            ask()
        assert caught.value.code == "schema_too_new"


def test_a_step_that_fails_leaves_the_database_as_it_was(empty_postgres: str) -> None:
    """A table that is in the way is an error; nothing of the step stays."""
    with psycopg.connect(empty_postgres) as connection:
        connection.execute("CREATE TABLE orders (mine TEXT)")
    with closing(PostgresStorage(empty_postgres)) as storage, pytest.raises(StorageError, match="already exists"):
        storage.migrate()
    with psycopg.connect(empty_postgres) as connection:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert found == [("orders",)]


def test_eight_processes_migrate_an_empty_database_at_once(empty_postgres: str) -> None:
    """All succeed, and each step is there once."""
    assert race(children.migrate_at, empty_postgres) == ["done"] * 8
    with psycopg.connect(empty_postgres) as connection:
        steps = connection.execute("SELECT number FROM schema_migrations ORDER BY number").fetchall()
    assert steps == [(step.number,) for step in migrations({})]


def test_a_role_that_may_make_no_tables_opens_what_is_up_to_date(postgres_database: str) -> None:
    """Where nothing is missing, migrating is a mere look."""
    role = f"reader_{os.getpid()}"
    with psycopg.connect(postgres_database, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN".encode())
        connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}".encode())
    try:
        url = psycopg.conninfo.make_conninfo(postgres_database, user=role)
        with closing(PostgresStorage(url)) as storage:
            storage.migrate()
            assert groups(storage) == []
    finally:
        with psycopg.connect(postgres_database, autocommit=True) as connection:
            connection.execute(f"DROP OWNED BY {role}".encode())
            connection.execute(f"DROP ROLE {role}".encode())


def test_no_statement_has_a_mark_of_its_own() -> None:
    """Every question mark is a parameter."""
    assert postgres._spelt("SELECT ? WHERE a = ?") == b"SELECT %s WHERE a = %s"


# Double booking


@pytest.mark.spec("B-02")
def test_eight_processes_book_one_time_once(postgres_database: str) -> None:
    """Exactly one gets it; the seven others are told that it is taken."""
    client = nth(ClientId, 1)
    with closing(PostgresStorage(postgres_database)) as storage:
        transact(storage, furnish)
    starts = [NOON + number * DAY for number in range(1, 6)]
    books = [Book(service=nth(ServiceId, 1), provider=nth(ProviderId, 1), client=client, starts=one) for one in starts]
    outcomes = race(children.perform, postgres_database, books, Principal.of(client), Instant(NOON.us))
    for tries in zip(*outcomes, strict=True):
        assert sorted(tries) == ["done"] + ["taken"] * 7
    with closing(PostgresStorage(postgres_database)) as storage, storage.read() as store:
        assert sorted(one.starts for one in store.bookings.where()) == starts
    assert booking().provider == nth(ProviderId, 1)
