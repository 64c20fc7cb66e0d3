"""What every storage promises (see :mod:`servicekit.ports.store`), as one class of tests over the port alone.

Rules kept here: nothing is asked but through the port; every test has a database of its own, or leaves it as it was; what is
said of writers at the same time is shown by threads, each with a transaction of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from servicekit.ports.store import Storage, Transaction
from servicekit.testing.conformance.billing import Billing
from servicekit.testing.conformance.blanking import Blanking
from servicekit.testing.conformance.conversing import Conversing
from servicekit.testing.conformance.holding import Holding
from servicekit.testing.conformance.joining import Joining
from servicekit.testing.conformance.keying import Keying
from servicekit.testing.conformance.log import Log
from servicekit.testing.conformance.numbering import Numbering
from servicekit.testing.conformance.outbox import Outbox
from servicekit.testing.conformance.quotas import Quotas
from servicekit.testing.conformance.racing import Racing
from servicekit.testing.conformance.rolls import Rolls
from servicekit.testing.conformance.tables import Tables
from servicekit.testing.conformance.tallying import Tallying
from servicekit.testing.conformance.writing import Writing

__all__ = ["StorageConformance"]


class StorageConformance(
    Billing,
    Writing,
    Tables,
    Holding,
    Racing,
    Outbox,
    Quotas,
    Joining,
    Numbering,
    Conversing,
    Log,
    Blanking,
    Keying,
    Rolls,
    Tallying,
):
    """Subclass it, and say in the fixture ``opened`` how your storage is opened; ``connected`` is for what joins.

    ::

        class TestMyStorage(StorageConformance):
            @pytest.fixture
            def opened(self, tmp_path):
                return lambda: MyStorage(tmp_path / "salon.db")
    """

    @pytest.fixture
    def opened(self) -> Callable[[], Storage]:
        """A function that opens a storage, each time on the same database: empty at the beginning, and the test's own."""
        raise NotImplementedError("a storage's test says here how the storage is opened")

    @pytest.fixture
    def connected(self) -> Callable[[], object]:
        """A function that opens an application's connection to that database (DB-API, ``execute("BEGIN")`` begins).

        A storage that joins no transaction skips here.
        """
        pytest.skip("this storage joins no transaction of an application")

    @pytest.fixture
    def storage(self, opened: Callable[[], Storage]) -> Iterator[Storage]:
        """A migrated storage."""
        made = opened()
        made.migrate()
        yield made
        made.close()

    @pytest.fixture
    def store(self, storage: Storage) -> Iterator[Transaction]:
        """A writing transaction over an empty database."""
        with ExitStack() as stack:
            yield stack.enter_context(storage.write())
