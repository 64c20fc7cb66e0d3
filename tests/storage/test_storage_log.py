"""The log in SQL: how it finds its rows. What it finds is the conformance suite's."""

from __future__ import annotations

from pathlib import Path

import pytest

from samples import group, message, nth
from servicekit.ids import GroupId
from servicekit.messages import SearchLog, Status
from statements import watched


@pytest.mark.spec("M-30")
@pytest.mark.parametrize(
    "status", [Status.UNDELIVERED, Status.BUFFERED, Status.GROUP, Status.ALREADY_SENT, Status.SENT]
)
def test_what_failed_is_found_without_the_rows_that_did_not(tmp_path: Path, status: Status) -> None:
    """Two rows of a status among many lead to a search in an index of such rows alone, but for what is usual."""
    with watched(tmp_path / "salon.db") as it:
        store = it.store
        store.groups.add(group())
        for number in range(100):
            store.messages.add(message(number, status=status if number in {7, 70} else Status.DELIVERED))
        it.ran.clear()

        found = store.messages.search(SearchLog(group=nth(GroupId, 1), status=status.value))

        assert [row.message.id for row in found] == [message(70).id, message(7).id]
        ((sql, values),) = it.ran
        plan = " ".join(it.plan(sql, values))
        assert ("messages_amiss (group=? AND status=?)" in plan) == (status is not Status.SENT)
