"""One transaction: a table for each kind of thing. What each does is in the conformance suite."""

from __future__ import annotations

from samples import booking, empty_store, furnish
from servicekit.adapters.storage.dialect import SQLITE
from servicekit.adapters.storage.transaction import SqlTransaction
from servicekit.ports import store as ports


def test_it_is_a_transaction_by_the_port() -> None:
    """Every table that the port names is there; those of things can be asked, and are empty."""
    with empty_store() as made:
        store: ports.Transaction = made
        tables = {name: getattr(store, name) for name in ports.Transaction.__annotations__}
        things = {name for name, table in tables.items() if hasattr(table, "where") and table.where() == ()}

    assert tables.keys() - things == {"blanking", "guards", "holds", "inbox", "paces", "quotas", "tallies"}


def test_two_transactions_over_one_connection_see_the_same() -> None:
    """A transaction keeps nothing of its own: what one wrote, another over the same connection reads."""
    with empty_store() as store:
        furnish(store)
        store.bookings.add(booking())

        assert SqlTransaction(store._execute, SQLITE).bookings.get(booking().id) == booking()
