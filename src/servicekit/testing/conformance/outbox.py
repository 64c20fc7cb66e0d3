"""The outbox: what is claimed when and by whom, which effects give way, whose outcome counts. Part of ``StorageConformance``."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from servicekit.ids import EffectId, GroupId
from servicekit.outbox.effects import Effect, EffectKind, EffectState, Stage
from servicekit.ports.store import Storage, Transaction, transact
from servicekit.testing.conformance.things import MINUTE, NOON, ROOT, TICK, at_once, effect, nth

__all__ = ["Outbox"]

BOOKED = {"subject": "bkg_1", "about": "bkg_1"}


def claimed(store: Transaction, at: timedelta = timedelta()) -> Effect:
    """What is claimed so long after noon, for a minute."""
    found = store.effects.claim(NOON + at, NOON + at + MINUTE)
    assert len(found) == 1, "nothing was claimed"
    return found[0]


def state(store: Transaction, number: int) -> EffectState:
    """How an effect stands."""
    return store.effects.get(nth(EffectId, number)).state


def key(number: int, **more: object) -> Effect:
    """An effect for the keys of booking 1."""
    return effect(number, kind=EffectKind.KEY, **BOOKED, **more)


def notice(number: int, **more: object) -> Effect:
    """An effect for a notice of booking 1."""
    return effect(number, kind=EffectKind.NOTICE, stage=Stage.NOTICE, **BOOKED, **more)


class Outbox:
    """What the outbox promises."""

    def test_what_is_due_first_is_claimed_first_and_only_once(self, store: Transaction) -> None:
        """By due time, then by id; what is not due yet is left; a claim leases the effect under a new fence."""
        for number, minutes in ((1, 2), (2, 0), (3, 0), (4, -1)):
            store.effects.enqueue(effect(number, due_at=NOON + minutes * MINUTE))

        first = claimed(store)
        assert (first.id, first.state, first.leased_until, first.fence) == (
            nth(EffectId, 4),
            EffectState.LEASED,
            NOON + MINUTE,
            1,
        )
        assert [claimed(store).id for _ in range(2)] == [nth(EffectId, 2), nth(EffectId, 3)]
        assert store.effects.claim(NOON, NOON + MINUTE) == ()
        assert claimed(store, 2 * MINUTE).id in {nth(EffectId, 1), nth(EffectId, 4)}

    def test_several_are_claimed_in_the_same_order(self, store: Transaction) -> None:
        """As many as asked for, and as there are; a subject's second effect is not among them."""
        for number, minutes in ((1, 2), (2, 0), (3, 0), (4, -1)):
            store.effects.enqueue(effect(number, due_at=NOON + minutes * MINUTE))
        store.effects.add(effect(5, subject="msg_4", state=EffectState.LEASED, leased_until=NOON + 9 * MINUTE))

        first = store.effects.claim(NOON, NOON + MINUTE, most=1)
        assert [one.id for one in first] == [nth(EffectId, 2)]
        rest = store.effects.claim(NOON + 2 * MINUTE, NOON + 3 * MINUTE, most=9)
        assert [(one.id, one.fence) for one in rest] == [
            (nth(EffectId, 2), 2),
            (nth(EffectId, 3), 1),
            (nth(EffectId, 1), 1),
        ]
        assert store.effects.claim(NOON + 2 * MINUTE, NOON + 3 * MINUTE, most=9) == ()

    def test_only_the_kinds_asked_for_are_claimed_and_due(self, store: Transaction) -> None:
        """What there is no adapter for waits for a relay that has one."""
        store.effects.enqueue(key(1))
        store.effects.enqueue(effect(2, due_at=NOON + MINUTE))

        assert store.effects.claim(NOON, NOON + MINUTE, kinds=[EffectKind.TEXT], most=9) == ()
        assert store.effects.next_due(NOON, kinds=[EffectKind.TEXT]) == NOON + MINUTE
        assert store.effects.next_due(NOON, kinds=[EffectKind.MEETING, EffectKind.LETTER]) is None
        (claimed_key,) = store.effects.claim(NOON, NOON + MINUTE, kinds=[EffectKind.KEY, EffectKind.MEETING], most=9)
        assert claimed_key.id == nth(EffectId, 1)

    def test_a_lease_is_held_by_who_claimed_last(self, store: Transaction) -> None:
        """Until it is settled, and no longer than nobody else has claimed it; time alone takes nothing away."""
        store.effects.enqueue(effect(1))
        first = claimed(store)
        assert store.effects.hold_leases([first])
        second = claimed(store, 2 * MINUTE)

        assert not store.effects.hold_leases([first])
        assert store.effects.hold_leases([second])
        store.effects.settle(evolve(second, state=EffectState.DONE))
        assert not store.effects.hold_leases([second])

    def test_leases_are_held_together_or_not_at_all_ours(self, store: Transaction) -> None:
        """One that somebody else has claimed since makes the answer no, for holding as for settling; none asked is no no."""
        for number in (1, 2, 3):
            store.effects.enqueue(effect(number))
        mine = store.effects.claim(NOON, NOON + MINUTE, most=3)
        stale = [evolve(mine[0], fence=mine[0].fence - 1), *mine[1:]]

        assert store.effects.hold_leases(mine)
        assert store.effects.hold_leases([])
        assert not store.effects.hold_leases(stale)
        assert store.effects.settle_done([])
        assert store.effects.settle_done(mine[:2])
        assert [state(store, number) for number in (1, 2, 3)] == [
            EffectState.DONE,
            EffectState.DONE,
            EffectState.LEASED,
        ]
        assert not store.effects.settle_done(mine[1:])
        assert not store.effects.hold_leases(mine)

    def test_settling_many_as_done_is_settling_each(self, store: Transaction) -> None:
        """The same columns as one by one, trouble forgotten; and a stale fence is found out."""
        for number in (1, 2, 3):
            store.effects.enqueue(effect(number, trouble="why"))
        one, two, three = store.effects.claim(NOON, NOON + MINUTE, most=3)

        assert store.effects.settle(evolve(one, state=EffectState.DONE, trouble=""))
        assert store.effects.settle_done([two])
        assert evolve(store.effects.get(two.id), id=one.id, subject=one.subject) == store.effects.get(one.id)
        assert not store.effects.settle_done([evolve(three, fence=three.fence - 1)])

    def test_an_effect_is_due_at_its_very_time(self, store: Transaction) -> None:
        """Not a microsecond before."""
        store.effects.enqueue(effect(1))

        assert store.effects.claim(NOON - TICK, NOON + MINUTE) == ()
        assert claimed(store).id == nth(EffectId, 1)

    @pytest.mark.parametrize("settled", [EffectState.DONE, EffectState.DEAD])
    def test_what_is_settled_is_not_claimed_again(self, store: Transaction, settled: EffectState) -> None:
        """Neither what was brought about nor what was given up."""
        store.effects.enqueue(effect(1))
        assert store.effects.settle(evolve(claimed(store), state=settled, trouble="why"))

        assert store.effects.claim(NOON + 9 * MINUTE, NOON + 10 * MINUTE) == ()
        after = store.effects.get(nth(EffectId, 1))
        assert (after.state, after.leased_until, after.trouble, after.fence) == (settled, None, "why", 1)

    def test_an_expired_lease_is_claimed_under_a_new_fence(self, store: Transaction) -> None:
        """From its very end on; and then the first holder records nothing any more."""
        store.effects.enqueue(effect(1))
        first = claimed(store)

        assert store.effects.claim(NOON + MINUTE - TICK, NOON + 2 * MINUTE) == ()
        second = claimed(store, MINUTE)
        assert (second.id, second.fence) == (first.id, 2)
        assert not store.effects.settle(evolve(first, state=EffectState.DONE))
        assert state(store, 1) is EffectState.LEASED
        assert store.effects.settle(evolve(second, state=EffectState.DONE))
        assert not store.effects.settle(evolve(second, state=EffectState.DEAD))
        assert state(store, 1) is EffectState.DONE

    def test_one_effect_of_a_subject_is_in_flight(self, store: Transaction) -> None:
        """A second one of the same kind and subject waits for the first; another kind, or subject, does not."""
        store.effects.enqueue(key(1))
        claimed(store)
        store.effects.enqueue(key(2, revision=2))
        store.effects.enqueue(effect(3, kind=EffectKind.MEETING, **BOOKED))
        store.effects.enqueue(effect(4, kind=EffectKind.KEY, subject="bkg_2"))

        assert {claimed(store).id, claimed(store).id} == {nth(EffectId, 3), nth(EffectId, 4)}
        assert store.effects.claim(NOON, NOON + MINUTE) == ()

    def test_an_expired_lease_comes_before_what_waits_for_its_subject(self, store: Transaction) -> None:
        """Its holder may still be at work: the fence moves on before anything else of the subject is begun."""
        store.effects.enqueue(key(2, due_at=NOON - MINUTE))
        first = claimed(store)
        store.effects.enqueue(key(1, revision=2, due_at=NOON - 2 * MINUTE))

        again = claimed(store, MINUTE)
        assert (again.id, again.fence) == (first.id, first.fence + 1)
        assert store.effects.claim(NOON + MINUTE, NOON + 2 * MINUTE) == ()

    @pytest.mark.parametrize("outstanding", [EffectState.DUE, EffectState.LEASED, EffectState.DEAD])
    def test_a_notice_waits_while_a_deed_of_its_booking_is_outstanding(
        self, store: Transaction, outstanding: EffectState
    ) -> None:
        """It states facts: neither what is to be done, nor what is being done, nor what was given up is one."""
        store.effects.add(key(1, state=outstanding, due_at=NOON + MINUTE, leased_until=NOON + 9 * MINUTE))
        store.effects.enqueue(notice(2))

        assert store.effects.claim(NOON, NOON + MINUTE) == ()

    @pytest.mark.parametrize("settled", [EffectState.DONE, EffectState.REPLACED])
    def test_a_notice_goes_out_once_the_deeds_are_settled(self, store: Transaction, settled: EffectState) -> None:
        """Done, or not wanted any more; deeds of other bookings have nothing to do with it."""
        store.effects.add(key(1, state=settled))
        store.effects.add(effect(3, kind=EffectKind.KEY, subject="bkg_2", about="bkg_2", due_at=NOON + MINUTE))
        store.effects.enqueue(notice(2))

        assert claimed(store).id == nth(EffectId, 2)

    def test_a_deed_waits_for_no_notice(self, store: Transaction) -> None:
        """Stages order one way."""
        store.effects.enqueue(notice(1))
        store.effects.enqueue(key(2))

        assert claimed(store).id == nth(EffectId, 2)

    @pytest.mark.parametrize("waiting", [EffectState.DUE, EffectState.DEAD])
    def test_a_newer_effect_replaces_what_waits(self, store: Transaction, waiting: EffectState) -> None:
        """Also what was given up: what is wanted now is another matter."""
        store.effects.add(key(1, state=waiting))
        store.effects.enqueue(key(2, revision=2))

        assert (state(store, 1), state(store, 2)) == (EffectState.REPLACED, EffectState.DUE)

    @pytest.mark.parametrize("kept", [EffectState.LEASED, EffectState.DONE, EffectState.REPLACED])
    def test_a_newer_effect_leaves_what_is_in_flight_or_settled(self, store: Transaction, kept: EffectState) -> None:
        """And what is of another kind or subject."""
        store.effects.add(key(1, state=kept))
        store.effects.add(effect(3, kind=EffectKind.MEETING, **BOOKED))
        store.effects.add(effect(4, kind=EffectKind.KEY, subject="bkg_2"))
        store.effects.enqueue(key(2, revision=2))

        assert state(store, 1) is kept
        assert (state(store, 3), state(store, 4)) == (EffectState.DUE, EffectState.DUE)

    @pytest.mark.parametrize("outcome", [EffectState.DUE, EffectState.DEAD])
    def test_what_failed_gives_way_to_what_came_meanwhile(self, store: Transaction, outcome: EffectState) -> None:
        """Neither tried again nor a dead letter that would hold back the notices of the newer revision."""
        store.effects.enqueue(key(1))
        failed = evolve(claimed(store), state=outcome, due_at=NOON + MINUTE, attempts=1)
        store.effects.enqueue(key(2, revision=2))

        assert store.effects.settle(failed)
        assert state(store, 1) is EffectState.REPLACED
        assert claimed(store).id == nth(EffectId, 2)

    def test_what_failed_is_due_again_where_nothing_newer_waits(self, store: Transaction) -> None:
        """At the time said, with its attempts and its trouble."""
        store.effects.enqueue(key(1))
        failed = evolve(
            claimed(store), state=EffectState.DUE, due_at=NOON + 5 * MINUTE, attempts=3, trouble="no answer"
        )
        assert store.effects.settle(failed)

        after = store.effects.get(nth(EffectId, 1))
        assert after == evolve(failed, leased_until=None)
        assert store.effects.claim(NOON + 5 * MINUTE - TICK, NOON + 9 * MINUTE) == ()
        assert claimed(store, 5 * MINUTE).fence == 2

    def test_the_next_due_time_is_the_earliest_of_dues_and_ends_of_leases(self, store: Transaction) -> None:
        """Never before now; None where nothing waits."""
        assert store.effects.next_due(NOON) is None
        store.effects.add(effect(1, state=EffectState.DONE))
        store.effects.enqueue(effect(2, due_at=NOON + 3 * MINUTE))
        assert store.effects.next_due(NOON) == NOON + 3 * MINUTE
        store.effects.enqueue(effect(3))
        assert store.effects.next_due(NOON + TICK) == NOON + TICK
        claimed(store)
        assert store.effects.next_due(NOON) == NOON + MINUTE

    def test_what_waits_for_another_has_no_due_time_of_its_own(self, store: Transaction) -> None:
        """A notice behind a dead deed, or a second effect behind one in flight, must not keep a relay spinning."""
        store.effects.add(key(1, state=EffectState.DEAD))
        store.effects.enqueue(notice(2))
        assert store.effects.next_due(NOON) is None

        store.effects.enqueue(effect(3, subject="msg_1"))
        claimed(store)
        store.effects.enqueue(effect(4, subject="msg_1"))
        assert store.effects.next_due(NOON) == NOON + MINUTE

    def test_effects_in_a_state_are_listed_oldest_first(self, store: Transaction) -> None:
        """Those of one organisation, at most as many as asked for."""
        for number in (3, 1, 2):
            store.effects.add(effect(number, state=EffectState.DEAD))
        store.effects.add(effect(4))
        store.effects.add(effect(5, state=EffectState.DEAD, organisation=nth(GroupId, 2)))

        dead = store.effects.in_state(ROOT, EffectState.DEAD, 2)
        assert [one.id for one in dead] == [nth(EffectId, 1), nth(EffectId, 2)]

    def test_an_effect_is_outstanding_while_due_or_in_flight(self, store: Transaction) -> None:
        """Another of the same kind and subject; itself does not count."""
        store.effects.add(key(1))

        assert store.effects.outstanding(nth(EffectId, 2), EffectKind.KEY, "bkg_1")
        assert not store.effects.outstanding(nth(EffectId, 1), EffectKind.KEY, "bkg_1")
        assert not store.effects.outstanding(nth(EffectId, 2), EffectKind.MEETING, "bkg_1")
        store.effects.settle(evolve(claimed(store), state=EffectState.DONE))
        assert not store.effects.outstanding(nth(EffectId, 2), EffectKind.KEY, "bkg_1")

    # At once

    def test_many_claim_each_effect_once(self, storage: Storage) -> None:
        """Forty effects, eight claimers at the same moment: each effect has one holder and one fence."""

        def fill(store: Transaction) -> None:
            for number in range(1, 41):
                store.effects.enqueue(effect(number))

        def claim(_: int) -> list[tuple[str, int]]:
            mine = []
            while found := transact(storage, lambda store: store.effects.claim(NOON, NOON + MINUTE, most=3)):
                mine += [(str(one.id), one.fence) for one in found]
            return mine

        transact(storage, fill)
        taken = at_once(8, claim)
        # One that was passed over because somebody held it at that moment is claimed by that somebody.
        assert sorted(one for mine in taken for one in mine) == [(nth(EffectId, number), 1) for number in range(1, 41)]

    def test_of_effects_enqueued_at_once_one_waits(self, storage: Storage) -> None:
        """Eight writers enqueue for one subject: the others were replaced, and none is an error."""
        at_once(
            8, lambda number: transact(storage, lambda store: store.effects.enqueue(key(1 + number, revision=number)))
        )
        with storage.read() as store:
            states = [one.state for one in store.effects.where(subject="bkg_1")]
        assert sorted(states) == [EffectState.DUE] + [EffectState.REPLACED] * 7

    @pytest.mark.parametrize("outcome", [EffectState.DUE, EffectState.DEAD])
    def test_an_outcome_and_a_newer_effect_at_once_see_one_another(
        self, storage: Storage, outcome: EffectState
    ) -> None:
        """Whichever is first, what failed does not stay beside the newer one: ten times over."""
        for round_ in range(10):
            first, newer = 2 * round_ + 1, 2 * round_ + 2
            transact(storage, lambda store, n=first: store.effects.enqueue(effect(n, subject=f"s{n}")))  # type: ignore[misc]
            (held,) = transact(storage, lambda store: store.effects.claim(NOON, NOON + MINUTE))

            def act(number: int, held: Effect = held, newer: int = newer) -> None:
                if number:
                    transact(storage, lambda store: store.effects.enqueue(effect(newer, subject=held.subject)))
                else:
                    transact(storage, lambda store: store.effects.settle(evolve(held, state=outcome, due_at=NOON)))

            at_once(2, act)
            with storage.read() as store:
                assert store.effects.get(held.id).state is EffectState.REPLACED
                assert store.effects.get(nth(EffectId, newer)).state is EffectState.DUE
            transact(storage, lambda store, n=newer: _finish(store, n))  # type: ignore[misc]


def _finish(store: Transaction, number: int) -> None:
    """The effect is done, so that the next one is claimed."""
    store.effects.save(evolve(store.effects.hold(nth(EffectId, number)), state=EffectState.DONE))
