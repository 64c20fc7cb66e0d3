"""The numbered migrations: read in order, in a database's spelling, statement by statement."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from servicekit.adapters.storage.migrating import Migration, check_applied, migrations, missing, script
from servicekit.errors import StorageError

SPELLING = {"bytes": "BLOB"}


def test_steps_come_in_the_order_of_their_numbers() -> None:
    """Each number once, from 1 on without a gap; files that are no step are passed over."""
    steps = migrations(SPELLING)

    assert [step.number for step in steps] == list(range(1, len(steps) + 1))
    assert all(step.name.isidentifier() and step.statements for step in steps)


def test_statements_are_whole_and_bare() -> None:
    """No comment, no semicolon at the end, no placeholder left; and SQLite takes each of them."""
    statements = [statement for step in migrations(SPELLING) for statement in step.statements]

    with closing(sqlite3.connect(":memory:")) as connection:
        for statement in statements:
            assert statement == statement.strip(" \n;")
            assert not statement.startswith("--")
            assert "{" not in statement
            connection.execute(statement)
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert {"groups", "bookings", "effects", "inbox_kept"} <= tables


def test_what_databases_spell_differently_is_put_in() -> None:
    """The same steps for another database, with its own word for bytes."""
    found = [" ".join(step.statements) for step in migrations({"bytes": "BYTEA"})]

    assert any("raw BYTEA NOT NULL" in text for text in found)
    assert not any("BLOB" in text for text in found)


def test_what_is_missing_is_what_has_not_been_applied() -> None:
    """In order; a step that nobody here knows is an error, and so is one that is lacking where none may be."""
    steps = [Migration(number, f"step_{number}", ("SELECT 1",)) for number in (1, 2, 3)]
    assert missing(steps, []) == tuple(steps)
    assert missing(steps, [1, 3]) == (steps[1],)
    assert missing(steps, [3, 2, 1]) == ()
    check_applied(steps, [1, 2, 3])
    with pytest.raises(StorageError, match="lacks migration 2") as old:
        check_applied(steps, [1])
    with pytest.raises(StorageError, match="at migration 4") as new:
        check_applied(steps, [1, 2, 3, 4])
    assert (old.value.code, new.value.code) == ("schema_too_old", "schema_too_new")


def test_the_script_is_what_the_steps_do() -> None:
    """Run as it is, it leaves the database that migrating leaves, and its book; after a number there is only the rest."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(script(SPELLING))
        applied = [number for (number,) in connection.execute("SELECT number FROM schema_migrations ORDER BY number")]
    check_applied(migrations(SPELLING), applied)
    last = migrations(SPELLING)[-1].number
    assert script(SPELLING, after=last).strip() == ""
    assert f"-- {last:04d}" in script(SPELLING, after=last - 1)
