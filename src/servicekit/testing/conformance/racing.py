"""What counts once, also where many come at once. Part of ``StorageConformance``."""

from __future__ import annotations

from servicekit.ports.store import Storage, Transaction, transact
from servicekit.testing.conformance.things import NOON, at_once, group, message

__all__ = ["Racing"]


class Racing:
    """What tables promise to many."""

    def test_of_many_who_pass_the_guard_at_once_one_passes(self, storage: Storage) -> None:
        """Each of ten identities, in exactly one of eight transactions."""
        passed = at_once(
            8,
            lambda _: [
                transact(storage, lambda store, n=number: store.guards.pass_once(f"text {n}", NOON))  # type: ignore[misc]
                for number in range(10)
            ],
        )
        assert [sum(tries) for tries in zip(*passed, strict=True)] == [1] * 10

    def test_an_event_that_comes_many_times_at_once_is_new_once(self, storage: Storage) -> None:
        """As where a vendor repeats a call that we were slow to answer."""
        seen = at_once(8, lambda _: transact(storage, lambda store: store.inbox.first_time("zoom", "e1", NOON)))
        assert sorted(seen) == [False] * 7 + [True]

    def test_no_fact_is_lost_between_keeping_and_looking(self, storage: Storage) -> None:
        """One finds nothing and keeps a fact, another makes the thing and looks what was kept: held, one of them sees it."""
        transact(storage, lambda store: store.groups.add(group()))
        for number in range(1, 21):
            about = f"s{number}"

            def act(writer: int, number: int = number, about: str = about) -> bool:
                def body(store: Transaction) -> bool:
                    store.inbox.hold("46elks", about)
                    if writer:
                        store.messages.add(message(number, vendor="46elks", vendor_id=about))
                        return bool(store.inbox.kept("46elks", about))
                    if store.messages.where(vendor="46elks", vendor_id=about):
                        return True
                    store.inbox.keep("46elks", about, "delivered", NOON)
                    return False

                return transact(storage, body)

            assert sorted(at_once(2, act)) == [False, True]
