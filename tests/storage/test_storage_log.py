"""The log in SQL: how it finds its rows. What it finds is the conformance suite's."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

import children
from samples import group, message, nth
from servicekit.adapters.storage.dialect import SQLITE
from servicekit.adapters.storage.transaction import SqlTransaction
from servicekit.ids import GroupId
from servicekit.messages import SearchLog, Status


@pytest.mark.spec("M-30")
@pytest.mark.parametrize(
    "status", [Status.UNDELIVERED, Status.BUFFERED, Status.GROUP, Status.ALREADY_SENT, Status.SENT]
)
def test_what_failed_is_found_without_the_rows_that_did_not(tmp_path: Path, status: Status) -> None:
    """Two rows of a status among many lead to a search in an index of such rows alone, but for what is usual."""
    path = tmp_path / "salon.db"
    children.migrate(str(path))
    with closing(sqlite3.connect(path)) as connection:
        ran: list[tuple[str, Sequence[object]]] = []

        def execute(sql: str, values: Sequence[object]) -> sqlite3.Cursor:
            ran.append((sql, values))
            return connection.execute(sql, values)

        store = SqlTransaction(execute, SQLITE)
        store.groups.add(group())
        for number in range(100):
            store.messages.add(message(number, status=status if number in {7, 70} else Status.DELIVERED))
        ran.clear()

        found = store.messages.search(SearchLog(group=nth(GroupId, 1), status=status.value))

        assert [row.message.id for row in found] == [message(70).id, message(7).id]
        ((sql, values),) = ran
        plan = " ".join(row[-1] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values))
        assert ("messages_amiss (group=? AND status=?)" in plan) == (status is not Status.SENT)
