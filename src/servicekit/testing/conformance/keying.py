"""What a storage promises of keys and of doors that were asked to open; part of :class:`StorageConformance`."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from servicekit.errors import StorageError
from servicekit.ids import BranchId, KeyId, UnlockId
from servicekit.keys import Key, KeyState, Unlock
from servicekit.moments import Window
from servicekit.ports.store import Storage, Transaction
from servicekit.testing.conformance.things import HOUR, NOON, ROOT, booking, furnish, nth

__all__ = ["Keying"]


def _key(number: int, hour: int, *, site: str = "site", attempt: int = 1) -> Key:
    """The key of a booking, from an hour after noon on, for one hour."""
    return Key(
        id=nth(KeyId, number),
        booking=booking(1).id,
        revision=number,
        site=site,
        components=("main", "room"),
        mobile="+41791234567",
        opens=NOON + hour * HOUR,
        closes=NOON + (hour + 1) * HOUR,
        attempt=attempt,
        pin="730194",
    )


class Keying:
    """What keys promise."""

    def test_keys_of_a_site_whose_time_overlaps_are_found(self, store: Transaction) -> None:
        """Half-open windows, whatever became of the key, by opening; those of other sites are not."""
        furnish(store)
        store.bookings.add(booking(1))
        keys = [_key(1, 2), _key(2, 0), evolve(_key(3, 1), state=KeyState.ENDED), _key(4, 1, site="other")]
        for key in keys:
            store.keys.add(key)
        tick = timedelta(microseconds=1)
        for opens, closes, found in (
            (NOON, NOON + 9 * HOUR, [2, 3, 1]),
            (NOON + HOUR, NOON + 2 * HOUR, [3]),
            (NOON + HOUR - tick, NOON + 2 * HOUR + tick, [2, 3, 1]),
            (NOON - HOUR, NOON, []),
            (NOON + 3 * HOUR, NOON + 4 * HOUR, []),
        ):
            assert [key.revision for key in store.keys.working("site", Window(opens, closes))] == found
        assert store.keys.get(keys[0].id) == keys[0]

    def test_a_key_is_made_anew_once_at_a_time(self, storage: Storage) -> None:
        """Of one revision's attempts each is there once."""
        with storage.write() as store:
            furnish(store)
            store.bookings.add(booking(1))
            store.keys.add(_key(1, 0))
            store.keys.add(evolve(_key(2, 0, attempt=2), revision=1))
        with pytest.raises(StorageError), storage.write() as store:
            store.keys.add(evolve(_key(3, 0, attempt=2), revision=1))
        with storage.write() as store:
            assert [key.attempt for key in store.keys.where(booking=booking(1).id)] == [1, 2]

    def test_doors_that_were_asked_are_listed_newest_first(self, store: Transaction) -> None:
        """So many of one branch; with a booking or without."""
        furnish(store)
        store.branches.add(evolve(store.branches.get(nth(BranchId, 1)), id=nth(BranchId, 2)))
        store.bookings.add(booking(1))
        made = [
            Unlock(
                id=nth(UnlockId, number),
                organisation=ROOT,
                branch=nth(BranchId, branch),
                site="site",
                component="main",
                booking=booking(1).id if number == 1 else None,
                by="user:usr_1",
                shown="Anna",
                made_at=NOON + minute * timedelta(minutes=1),
            )
            for number, branch, minute in ((1, 1, 5), (2, 1, 9), (3, 2, 7), (4, 1, 1))
        ]
        for unlock in made:
            store.unlocks.add(unlock)
        assert store.unlocks.newest(nth(BranchId, 1), 9) == (made[1], made[0], made[3])
        assert store.unlocks.newest(nth(BranchId, 1), 2) == (made[1], made[0])
        assert store.unlocks.newest(nth(BranchId, 2), 9) == (made[2],)
