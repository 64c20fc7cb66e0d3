"""The tables on SQLite: what the conformance suite cannot ask for through the port. The rest is there."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from attrs import evolve

import children
from processes import race
from samples import NOON, ROOT, customer, facility, group, message, nth, order, user
from servicekit.adapters.storage.sqlite import SqliteStorage
from servicekit.adapters.storage.transaction import SqlTransaction
from servicekit.errors import NotFound
from servicekit.ids import CustomerId, FacilityId, MessageId, OrderId
from servicekit.messages import Status
from servicekit.permissions import OfCustomer
from statements import watched


def _customers(store: SqlTransaction) -> None:
    store.groups.add(group())
    store.groups.add(group(2))
    for number in (1, 2):
        store.customers.add(customer(number))
    for number, of in ((1, 1), (2, 1), (3, 2)):
        store.facilities.add(facility(number, of=of))


@pytest.mark.spec("P-11")
def test_a_list_of_many_orders_is_filtered_by_the_database(tmp_path: Path) -> None:
    """Of ten thousand orders the page alone leaves the database, and an index leads to it."""
    with watched(tmp_path / "salon.db") as it:
        store = it.store
        _customers(store)
        for number in range(1, 10_001):
            store.orders.add(order(number, at=1 + number % 2))
        it.ran.clear()
        facilities = (nth(FacilityId, 1),)
        visible = OfCustomer(organisation=ROOT, customer=nth(CustomerId, 1), facilities=facilities, unassigned=False)
        found, count = store.orders.visible(visible, ROOT, 50)

        assert ([one.id for one in found][:2], count) == ([nth(OrderId, 10_000), nth(OrderId, 9_998)], 5_000)
        assert [len(it.connection.execute(sql, values).fetchall()) for sql, values in it.ran] == [50, 1]
        for sql, values in it.ran:
            assert "USING INDEX orders_" in it.plan(sql, values)[0]


def test_eight_processes_pass_the_guard_once(tmp_path: Path) -> None:
    """Each of ten identities passes in exactly one of eight processes that try all of them at the same time."""
    path = str(tmp_path / "salon.db")
    children.migrate(path)
    identities = [f"text {number}" for number in range(10)]

    passed = race(children.pass_guard, path, identities, NOON)

    assert [sum(tries) for tries in zip(*passed, strict=True)] == [1] * 10


def test_of_a_held_message_only_what_changed_is_written(tmp_path: Path) -> None:
    """It reads back as when the whole row is written, held or not, once or twice; and what is held is read once."""
    with closing(SqliteStorage(str(tmp_path / "salon.db"))) as storage:
        storage.migrate()
        with storage.write() as store:
            store.groups.add(group(1))
            store.users.add(user(1))
            for number in (1, 2):
                store.messages.add(message(number))
        with storage.write() as store:
            said: list[str] = []
            store._execute("SELECT 1", []).connection.set_trace_callback(said.append)  # type: ignore[attr-defined]
            held, seen = store.messages.hold(nth(MessageId, 1)), store.messages.get(nth(MessageId, 2))
            for status in (Status.SENT, Status.DELIVERED):
                store.messages.save(evolve(held, status=status, vendor="fake", asked_at=NOON))
                store.messages.save(evolve(seen, status=status, vendor="fake", asked_at=NOON))
            assert store.messages.hold(held.id) == evolve(held, status=Status.DELIVERED, vendor="fake", asked_at=NOON)
            store.messages.save(store.messages.hold(held.id))
            store._execute("SELECT 1", []).connection.set_trace_callback(None)  # type: ignore[attr-defined]
        with storage.read() as store:
            one, two = (store.messages.get(nth(MessageId, number)) for number in (1, 2))

    assert evolve(one, id=two.id, made_at=two.made_at) == evolve(two, text=one.text, user=one.user)
    assert (one.status, one.vendor, one.asked_at) == (Status.DELIVERED, "fake", NOON)
    updates = [statement for statement in said if statement.startswith("UPDATE") and held.id in statement]
    assert [statement.count(" = ") for statement in updates] == [4, 2]
    assert sum(statement.startswith("SELECT") and held.id in statement for statement in said) == 1


def test_messages_that_are_held_at_once_are_read_at_once(tmp_path: Path) -> None:
    """Those that there are, with one statement; each is then held as it stands, and changed as if held by itself."""
    with closing(SqliteStorage(str(tmp_path / "salon.db"))) as storage:
        storage.migrate()
        with storage.write() as store:
            store.groups.add(group(1))
            store.users.add(user(1))
            for number in (1, 2, 3, 4):
                store.messages.add(message(number))
        ids = [nth(MessageId, number) for number in (4, 2, 9, 1, 3)]
        with storage.write() as store:
            said: list[str] = []
            store._execute("SELECT 1", []).connection.set_trace_callback(said.append)  # type: ignore[attr-defined]
            store.messages.hold_all(ids)
            store.messages.hold_all([])
            held = [store.messages.hold(one) for one in ids if one != nth(MessageId, 9)]
            store._execute("SELECT 1", []).connection.set_trace_callback(None)  # type: ignore[attr-defined]
            assert held == [store.messages.get(one.id) for one in held]
            with pytest.raises(NotFound):
                store.messages.hold(nth(MessageId, 9))
            store.messages.save(evolve(held[0], status=Status.SENT))
        with storage.read() as store:
            assert [one.status for one in store.messages.where()] == [Status.QUEUED] * 3 + [Status.SENT]

    assert sum("FROM messages" in statement for statement in said) == 2
