"""The numbered migrations: read in order, in a database's spelling, statement by statement."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from servicekit.adapters.storage.migrating import migrations

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
