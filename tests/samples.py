"""Things for the storage's tests, with ids that count up, and a database in memory to put them into."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from servicekit.adapters.storage.sqlite import SqliteStorage
from servicekit.adapters.storage.transaction import SqlTransaction
from servicekit.testing.conformance.things import (
    HOUR,
    NOON,
    ROOT,
    booking,
    customer,
    effect,
    facility,
    furnish,
    group,
    message,
    nth,
    order,
    user,
)

__all__ = [
    "HOUR",
    "NOON",
    "ROOT",
    "booking",
    "customer",
    "effect",
    "empty_store",
    "facility",
    "furnish",
    "group",
    "message",
    "nth",
    "order",
    "user",
]


@contextmanager
def empty_store() -> Iterator[SqlTransaction]:
    """A transaction over an empty database in memory."""
    with closing(SqliteStorage(":memory:")) as storage:
        storage.migrate()
        with storage.write() as store:
            yield store
