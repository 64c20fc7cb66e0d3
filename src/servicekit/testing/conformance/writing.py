"""Transactions: all or nothing, one moment's state, what is held, migrations. Part of ``StorageConformance``."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from attrs import evolve

from servicekit.errors import NotFound, StorageBusy, StorageError
from servicekit.groups import Group
from servicekit.ids import GroupId, ProviderId, UserId
from servicekit.ports.store import Storage, Transaction, transact
from servicekit.testing.conformance.things import ROOT, at_once, booking, furnish, group, nth, user

__all__ = ["Writing"]


def groups(storage: Storage) -> list[str]:
    """The ids of the groups that a fresh reading sees."""
    with storage.read() as store:
        return [one.id for one in store.groups.where()]


def counted(one: Group) -> Group:
    """The group, whose name counts one more."""
    return evolve(one, name=str(int(one.name) + 1))


class Writing:
    """What a transaction is."""

    def test_what_was_written_is_there(self, storage: Storage) -> None:
        """A transaction that ends well is committed, for every reader after it."""
        with storage.write() as store:
            store.groups.add(group())
        assert groups(storage) == [ROOT]

    @pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
    def test_an_error_leaves_nothing_behind(self, storage: Storage, error: type[BaseException]) -> None:
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

    def test_a_refused_statement_leaves_nothing_behind(self, storage: Storage) -> None:
        """The database's own no is a ``StorageError`` and undoes what came before it in the transaction."""

        def half_way() -> None:
            with storage.write() as store:
                store.groups.add(group())
                store.users.add(user(group=nth(GroupId, 9)))

        with pytest.raises(StorageError) as caught:
            half_way()
        assert not isinstance(caught.value, StorageBusy)
        assert groups(storage) == []

    def test_a_refused_statement_that_somebody_swallows_is_never_a_success(self, storage: Storage) -> None:
        """Either what came before it is there at the end, or the end is an error; never an end in order and nothing there."""
        try:
            with storage.write() as store:
                store.groups.add(group())
                with pytest.raises(StorageError):
                    store.users.add(user(group=nth(GroupId, 9)))
        except StorageError:
            assert groups(storage) == []
        else:
            assert groups(storage) == [ROOT]

    def test_a_reader_sees_one_moment_while_a_writer_goes_on(self, storage: Storage) -> None:
        """Neither waits for the other."""
        with storage.read() as before:
            assert before.groups.where() == ()
            with storage.write() as store:
                store.groups.add(group())
            assert before.groups.where() == ()
            assert before.groups.find(ROOT) is None
        assert groups(storage) == [ROOT]

    def test_a_reader_sees_nothing_half_done(self, storage: Storage) -> None:
        """What is not committed yet is not there."""
        with storage.write() as store:
            store.groups.add(group())
            assert groups(storage) == []

    def test_writers_at_once_lose_nothing(self, storage: Storage) -> None:
        """Eight writers with five transactions each: forty things."""

        def add(writer: int) -> None:
            for number in range(5):
                transact(storage, lambda store, n=1 + 5 * writer + number: store.groups.add(group(n)))  # type: ignore[misc]

        at_once(8, add)
        assert len(groups(storage)) == 40

    # Holding

    def test_what_is_held_does_not_change_before_the_end(self, storage: Storage) -> None:
        """Eight writers who hold a thing, and save it with one more, ten times each: eighty, and nobody's was lost."""
        transact(storage, lambda store: store.groups.add(group(name="0")))

        def count(_: int) -> None:
            for _again in range(10):
                transact(storage, lambda store: store.groups.save(counted(store.groups.hold(ROOT))))

        at_once(8, count)
        with storage.read() as store:
            assert store.groups.get(ROOT).name == "80"

    def test_holding_what_is_not_there_is_an_error(self, store: Transaction) -> None:
        """As for ``get``."""
        with pytest.raises(NotFound) as caught:
            store.providers.hold(nth(ProviderId, 1))
        assert caught.value.facts == {"kind": "Provider", "id": nth(ProviderId, 1)}

    def test_one_of_many_gets_the_last_place(self, storage: Storage) -> None:
        """Eight writers who hold a provider, look whether it is free, and book: exactly one books."""
        transact(storage, furnish)

        def book(number: int) -> bool:
            wanted = booking(1 + number)

            def body(store: Transaction) -> bool:
                store.providers.hold(wanted.provider)
                if store.bookings.overlapping(wanted.provider, wanted.window):
                    return False
                store.bookings.add(wanted)
                return True

            return transact(storage, body)

        assert sorted(at_once(8, book)) == [False] * 7 + [True]

    def test_a_tree_that_is_held_is_ones_own(self, storage: Storage) -> None:
        """Eight writers who hold the tree, and then change a group that they do not hold by itself: nothing is lost."""
        transact(storage, lambda store: _plant(store, name="0"))

        def count(number: int) -> None:
            def body(store: Transaction) -> None:
                store.hold_tree(nth(GroupId, 1 + number % 3))
                store.groups.save(counted(store.groups.get(ROOT)))

            for _ in range(10):
                transact(storage, body)

        at_once(8, count)
        with storage.read() as store:
            assert store.groups.get(ROOT).name == "80"

    @pytest.mark.parametrize("way", ["path", "member"])
    def test_a_tree_stays_while_somebody_goes_by_it(self, storage: Storage, way: str) -> None:
        """Once a writer has read a path, or a user, who holds the tree to change them waits for its end."""
        transact(storage, lambda store: _plant(store, name="0"))
        read, moved = threading.Event(), threading.Event()

        def go(number: int) -> list[str]:
            return _walk(storage, way, read, moved) if number == 0 else _move(storage, read, moved)

        before, _ = at_once(2, go)
        assert before == [nth(GroupId, 3), nth(GroupId, 3)]
        with storage.read() as store:
            assert [one.id for one in store.path(nth(GroupId, 3))] == [nth(GroupId, 3), ROOT]
            assert store.member(nth(UserId, 1)).group == ROOT

    # Migrating

    def test_migrating_again_changes_nothing(self, storage: Storage) -> None:
        """Each step is applied once, whoever asks again."""
        transact(storage, lambda store: store.groups.add(group()))
        storage.migrate()
        storage.check()
        assert groups(storage) == [ROOT]

    def test_an_empty_database_is_too_old(self, opened: Callable[[], Storage]) -> None:
        """``check`` says so and makes nothing; ``migrate`` mends it."""
        storage = opened()
        for _ in range(2):
            with pytest.raises(StorageError) as caught:
                storage.check()
            assert caught.value.code == "schema_too_old"
        storage.migrate()
        storage.check()
        storage.close()

    def test_many_migrate_an_empty_database_at_once(self, opened: Callable[[], Storage]) -> None:
        """All of them succeed, and each finds the tables there."""

        def migrate(_: int) -> list[str]:
            storage = opened()
            try:
                storage.migrate()
                return groups(storage)
            finally:
                storage.close()

        assert at_once(6, migrate) == [[]] * 6

    def test_a_closed_storage_ends_what_is_under_way(self, storage: Storage) -> None:
        """``close`` lets a transaction end in order."""
        with storage.write() as store:
            store.groups.add(group())
            storage.close()
            assert store.groups.get(ROOT) == group()
        assert groups(storage) == [ROOT]


def _plant(store: Transaction, *, name: str) -> None:
    """Three groups, one below the other, and a user in the lowest."""
    store.groups.add(group(name=name))
    store.groups.add(group(2, parent=1))
    store.groups.add(group(3, parent=2))
    store.users.add(user(group=nth(GroupId, 3)))


def _walk(storage: Storage, way: str, read: threading.Event, moved: threading.Event) -> list[str]:
    """Read, give the other one time, and read again in the same transaction."""

    def look(store: Transaction) -> str:
        return store.path(nth(GroupId, 3))[0].id if way == "path" else store.member(nth(UserId, 1)).group

    with storage.write() as store:
        before = look(store)
        read.set()
        assert not moved.wait(0.3), "the tree was changed under a writer"
        return [before, look(store)]


def _move(storage: Storage, read: threading.Event, moved: threading.Event) -> list[str]:
    """Once it was read, hold the tree and change it."""
    read.wait()
    with storage.write() as store:
        store.hold_tree(ROOT)
        moved.set()
        store.groups.save(evolve(store.groups.get(nth(GroupId, 3)), parent=ROOT))
        store.users.save(evolve(store.users.get(nth(UserId, 1)), group=ROOT))
    return []
