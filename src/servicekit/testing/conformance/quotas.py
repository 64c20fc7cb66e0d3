"""Quotas: never over a limit, at most a bucket stricter, held against the whole log added up each time.

Part of ``StorageConformance``. The hazards that each have a test here: a decision on what was read before the lock; expiry
of a bucket that is partly within its window; a refund to another bucket than was charged; a refund while a counter is made;
a sum that is older than the lock.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import given

from servicekit.groups import Limit, LimitKind, Struck, Usage
from servicekit.ports.store import Storage, Transaction, transact
from servicekit.testing.conformance.quota_model import G1, G2, G3, G4, STEPS, U1, Model, of_group, plant, send, unsend
from servicekit.testing.conformance.tables import OVER_AND_OVER, Undone
from servicekit.testing.conformance.things import DAY, MINUTE, NOON, ROOT, TICK, at_once, message

__all__ = ["Quotas"]

_FIRST = NOON + timedelta(seconds=1)  # when message 1 is made


class Quotas:
    """What quotas promise."""

    @OVER_AND_OVER
    @given(steps=STEPS)
    def test_counters_say_what_the_log_says(self, storage: Storage, steps: list[tuple[str, int, int]]) -> None:
        """Through sending, refunds, time, moves and other limits: never over, at most a bucket stricter."""

        def play() -> None:
            with storage.write() as store:
                plant(store)
                model = Model(store)
                for step in steps:
                    model.do(step)
                raise Undone

        with pytest.raises(Undone):
            play()

    def test_a_limit_holds_to_the_segment(self, store: Transaction) -> None:
        """Exactly as many as it says, and none at all of a message that would pass it; a smaller one still fits."""
        plant(store)
        ten = of_group(G1, 10)
        assert send(store, 1, [ten], segments=8) is None
        assert send(store, 2, [ten], segments=3) == Struck(ten, 8, 3)
        assert send(store, 3, [ten], segments=2) is None
        assert send(store, 4, [ten], made_at=NOON + 9999 * DAY) == Struck(ten, 10, 1)
        assert store.quotas.reserve([], 100, NOON) is None

    def test_any_name_of_a_subject_is_its_own(self, store: Transaction) -> None:
        """Whatever is written in it: quotation marks, braces, backslashes, commas."""
        plant(store)
        names = ('a"b', "a\\b", "a,b", "{a}", "a b", "NULL", 'a\\"b', "'")
        limits = [Limit(LimitKind.PERSONAL, name, "Team", number, None) for number, name in enumerate(names, start=3)]
        for _ in range(3):
            assert store.quotas.reserve(limits, 1, NOON) is None
        assert store.quotas.reserve(limits, 1, NOON) == Struck(limits[0], 3, 1)
        assert {store.quotas.usage(limit, NOON).used for limit in limits} == {3}

    def test_a_window_slides_with_the_clock(self, store: Transaction) -> None:
        """What was spent counts for the days of the window to the microsecond, and for less than a bucket longer."""
        plant(store)
        ten = of_group(G1, 10, 1)
        at = NOON + 30 * TICK
        send(store, 1, [ten], segments=10, made_at=at)

        back = NOON + DAY + MINUTE + TICK
        assert store.quotas.usage(ten, NOON + DAY) == Usage(ten, 10, back)
        for moment in (at + DAY, NOON + DAY + MINUTE):
            assert store.quotas.reserve([ten], 1, moment) == Struck(ten, 10, 1)
        assert store.quotas.reserve([ten], 10, back) is None

    def test_all_limits_are_spent_under_or_none(self, store: Transaction) -> None:
        """The first that strikes is named, in the order given; what a refused message would have cost is not counted."""
        plant(store)
        tight, wide = Limit(LimitKind.PERSONAL, U1, "Team", 2, 30), of_group(G1, 3)
        send(store, 1, [tight, wide], segments=2, user=U1)

        assert store.quotas.reserve([wide, tight], 2, NOON) == Struck(wide, 2, 2)
        assert store.quotas.reserve([tight, wide], 1, NOON) == Struck(tight, 2, 1)
        assert store.quotas.usage(wide, NOON).used == 2

    def test_a_refund_goes_to_the_bucket_that_was_charged(self, store: Transaction) -> None:
        """It lowers the usage now, and not once more when the bucket expires; after that there is nothing to give back."""
        plant(store)
        ten = of_group(G1, 10, 1)
        first = message(1, segments=4, made_at=NOON)
        send(store, 1, [ten], segments=4, made_at=NOON)
        send(store, 2, [ten], segments=5, made_at=NOON + 2 * MINUTE)
        unsend(store, first, G1)

        assert store.quotas.reserve([ten], 6, NOON + 2 * MINUTE) == Struck(ten, 5, 6)
        assert store.quotas.reserve([ten], 6, NOON + DAY + MINUTE + TICK) == Struck(ten, 5, 6)
        late = NOON + DAY + 3 * MINUTE + TICK
        assert store.quotas.reserve([ten], 11, late) == Struck(ten, 0, 11)
        unsend(store, message(2, segments=5, made_at=NOON + 2 * MINUTE), G1)
        assert store.quotas.reserve([ten], 11, late) == Struck(ten, 0, 11)

    def test_a_limit_that_is_set_late_counts_what_was_before(self, store: Transaction) -> None:
        """As if it had always been there: outgoing texts of the group and all below it, within the window."""
        plant(store)
        for number, where in enumerate((G1, G2, G3, G4), 1):
            send(store, number, [], group=where, segments=number, made_at=NOON)
        for subject, used in ((G1, 10), (G2, 5), (G3, 3), (G4, 4)):
            assert store.quotas.usage(of_group(subject, 99, 1), NOON).used == used
            assert store.quotas.reserve([of_group(subject, used, 1)], 1, NOON) == Struck(
                of_group(subject, used, 1), used, 1
            )
            assert store.quotas.usage(of_group(subject, 99, 1), NOON).used == used
            assert store.quotas.usage(of_group(subject, 99, 30), NOON + 2 * DAY).used == used
            assert store.quotas.usage(of_group(subject, 99, 1), NOON + 2 * DAY) == Usage(
                of_group(subject, 99, 1), 0, None
            )

    # What goes wrong elsewhere

    def test_a_clock_that_jumps_back_frees_nothing(self, store: Transaction) -> None:
        """What was spent "later" still counts."""
        plant(store)
        ten = of_group(G1, 10, 1)
        send(store, 1, [ten], segments=10, made_at=NOON)
        assert store.quotas.reserve([ten], 1, NOON - 3 * DAY) == Struck(ten, 10, 1)

    def test_a_window_that_is_changed_and_changed_back_counts_all_that_was_sent(self, store: Transaction) -> None:
        """From 30 days to 1 and back: what was sent under the other one counts as well."""
        plant(store)
        wide, narrow = of_group(G1, 20, 30), of_group(G1, 20, 1)
        send(store, 1, [wide], segments=10, made_at=NOON)
        store.quotas.forget([G1])
        assert store.quotas.usage(narrow, NOON + 2 * DAY).used == 0
        assert send(store, 2, [narrow], segments=3, made_at=NOON + 2 * DAY) is None
        store.quotas.forget([G1])
        assert store.quotas.reserve([wide], 8, NOON + 2 * DAY) == Struck(wide, 13, 8)

    def test_a_group_that_is_moved_brings_its_usage(self, store: Transaction) -> None:
        """Above its new place it counts, above its old one no more."""
        plant(store)
        old, new = of_group(G2, 6, 30), of_group(G4, 6, 30)
        send(store, 1, [old], group=G3, segments=5, made_at=NOON)
        send(store, 2, [new], group=G4, segments=1, made_at=NOON)
        store.groups.save(evolve(store.groups.get(G3), parent=G4))
        store.quotas.forget([G1, G2, G3, G4])
        assert store.quotas.reserve([new], 1, NOON) == Struck(new, 6, 1)
        assert store.quotas.reserve([old], 7, NOON) == Struck(old, 0, 7)

    # At once

    @pytest.mark.parametrize("tight", [U1, G2, ROOT])
    def test_many_at_once_never_overspend(self, storage: Storage, tight: str) -> None:
        """Whatever level the limit is at, and though nobody has made its counter: 80 are wanted, exactly 23 are granted."""
        transact(storage, plant)
        whole = [
            Limit(
                LimitKind.GROUP if one in {G2, ROOT} else LimitKind.PERSONAL, one, "", 23 if one == tight else 999, 30
            )
            for one in (U1, G2, ROOT)
        ]

        def spend(writer: int) -> int:
            granted = 0
            for number in range(10):
                mine = 1 + 10 * writer + number
                more = {"user": U1, "group": G3, "made_at": NOON}
                granted += transact(storage, lambda store, n=mine, m=more: send(store, n, whole, **m)) is None  # type: ignore[misc]
            return granted

        assert sum(at_once(8, spend)) == 23
        with storage.read() as store:
            assert [store.quotas.usage(one, NOON).used for one in whole] == [23] * 3

    def test_a_decision_waits_for_the_one_before_it(self, storage: Storage) -> None:
        """Ten of twenty are spent but not committed: who wants fifteen sees ten used, not none."""
        twenty = of_group(G1, 20, 1)

        def first(store: Transaction) -> None:
            assert send(store, 1, [twenty], segments=10) is None

        def second(store: Transaction) -> Struck | None:
            return send(store, 2, [twenty], segments=15)

        transact(storage, plant)
        transact(storage, lambda store: store.quotas.reserve([twenty], 0, NOON))
        assert in_turn(storage, first, second) == Struck(twenty, 10, 15)

    @pytest.mark.parametrize("refund_first", [True, False])
    def test_a_refund_while_a_counter_is_made_is_not_lost(self, storage: Storage, *, refund_first: bool) -> None:
        """Neither of the two commits before the other begins: the counter has what the log has."""
        twenty = of_group(G1, 20, 1)
        made = message(1, segments=7, made_at=_FIRST)

        def fill(store: Transaction) -> None:
            plant(store)
            store.messages.add(made)

        def refund(store: Transaction) -> None:
            unsend(store, made, G1)

        def make(store: Transaction) -> None:
            assert send(store, 2, [twenty], segments=5) is None

        transact(storage, fill)
        in_turn(storage, *((refund, make) if refund_first else (make, refund)))
        assert transact(storage, lambda store: store.quotas.reserve([twenty], 16, _FIRST)) == Struck(twenty, 5, 16)

    def test_counters_made_and_refunded_at_once_say_what_the_log_says(self, storage: Storage) -> None:
        """Eight writers, four of whom give back what four others' counters are being made of; five times over."""
        windows = (1, 2, 30, 60, 90)
        rounds = [[message(100 * index + n, segments=3, made_at=NOON) for n in range(1, 5)] for index in range(5)]

        def fill(store: Transaction) -> None:
            plant(store)
            for made in rounds:
                for one in made:
                    store.messages.add(one)

        transact(storage, fill)
        for index, days in enumerate(windows):
            limits = [of_group(G1, 999, days)]

            def act(writer: int, index: int = index, limits: list[Limit] = limits) -> None:
                if writer < 4:
                    transact(storage, lambda store: unsend(store, rounds[index][writer], G1))
                else:
                    transact(storage, lambda store: send(store, 100 * index + 10 + writer, limits, made_at=NOON))

            at_once(8, act)
            left = 3 * 4 * (len(windows) - index - 1) + 4 * (index + 1)
            counted = transact(storage, lambda store, one=limits: store.quotas.reserve(one, 1000, NOON))  # type: ignore[misc]
            assert counted == Struck(limits[0], left, 1000)


def in_turn(
    storage: Storage, first: Callable[[Transaction], object], second: Callable[[Transaction], object]
) -> object:
    """What ``second`` gives, which begins when ``first`` has done its work but has not committed, and has time to go wrong."""
    done = threading.Event()

    def act(number: int) -> object:
        if number:
            done.wait()
            return transact(storage, second)
        with storage.write() as store:
            first(store)
            done.set()
            threading.Event().wait(0.2)
        return None

    return at_once(2, act)[1]
