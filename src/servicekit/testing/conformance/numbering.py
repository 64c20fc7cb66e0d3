"""The pool of numbers: who gets which, who keeps it, and who gets it after. Part of ``StorageConformance``."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from servicekit.errors import NotFound
from servicekit.groups import KEPT, NOTED, RESTS, Number, NumberState, PoolCount, withdrawn
from servicekit.ids import GroupId, UserId
from servicekit.moments import Instant
from servicekit.ports.store import Storage, Transaction, transact
from servicekit.testing.conformance.tables import OVER_AND_OVER, Undone
from servicekit.testing.conformance.things import DAY, NOON, ROOT, TICK, at_once, group, nth, user

__all__ = ["Numbering"]

ANNA, BO, CIA, DAN = (nth(UserId, number) for number in (1, 2, 3, 4))
ONE, TWO = "+46766861001", "+46766861002"

_USER = st.sampled_from([ANNA, BO, CIA, DAN])
_DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("take"), _USER, st.sampled_from([46, 41])),
        st.tuples(st.sampled_from(["use", "give back"]), _USER),
        st.tuples(st.just("wait"), st.sampled_from([NOTED, RESTS - DAY, RESTS, KEPT - DAY, KEPT])),
        st.tuples(st.just("withdraw"), st.integers(0, 2)),
    ),
    max_size=25,
)


def leased(number: str = ONE, country: int = 46) -> Number:
    """A number of the pool's, not yet anybody's."""
    return Number(number=number, country=country)


def _peopled(store: Transaction) -> None:
    store.groups.add(group())
    for number in (1, 2, 3, 4):
        store.users.add(user(number))


class Numbering:
    """What the pool promises."""

    def test_each_user_takes_a_number_of_its_own_until_none_is_left(self, store: Transaction) -> None:
        """The lowest free one; numbers provided twice are there once; who asks again gets the same."""
        _peopled(store)

        assert store.numbers.provide([leased(TWO), leased(ONE)]) == 2
        assert store.numbers.provide([leased(ONE)]) == 0
        assert [store.numbers.take(who, 46, NOON) for who in (ANNA, BO, CIA, ANNA)] == [ONE, TWO, None, ONE]
        assert store.numbers.find(ONE) == Number(number=ONE, country=46, user=ANNA, used_at=NOON)
        assert store.numbers.find("+46766861009") is None

    def test_a_number_of_the_country_comes_before_all_others(self, store: Transaction) -> None:
        """Of another one where the country has none; and the user's own one once more before both."""
        _peopled(store)
        swiss = "+41791234567"
        store.numbers.provide([leased(ONE), leased(swiss, 41)])

        assert store.numbers.take(ANNA, 46, NOON) == ONE
        assert store.numbers.take(BO, 46, NOON) == swiss
        store.numbers.give_back([BO], NOON)
        store.numbers.provide([leased(TWO)])
        assert store.numbers.take(BO, 46, NOON) == swiss

    def test_a_use_is_noted_once_a_day_and_only_the_owners(self, store: Transaction) -> None:
        """So a busy number costs one more write a day."""
        _peopled(store)
        store.numbers.provide([leased()])
        store.numbers.take(ANNA, 46, NOON)

        def used(at: Instant) -> Instant | None:
            assert store.numbers.use(ONE, ANNA, at)
            return store.numbers.hold(ONE).used_at

        assert not store.numbers.use(ONE, BO, NOON + DAY)
        assert not store.numbers.use(TWO, ANNA, NOON + DAY)
        assert used(NOON + NOTED - TICK) == NOON
        assert used(NOON + NOTED) == NOON + NOTED

    def test_what_was_given_back_rests_before_somebody_else_gets_it(self, store: Transaction) -> None:
        """To the microsecond; its last owner gets it back meanwhile."""
        _peopled(store)
        store.numbers.provide([leased()])
        store.numbers.take(ANNA, 46, NOON)
        store.numbers.give_back([ANNA, BO], NOON)
        store.numbers.give_back([], NOON + DAY)

        assert store.numbers.take(BO, 46, NOON + RESTS - TICK) is None
        assert store.numbers.take(ANNA, 46, NOON + RESTS - TICK) == ONE
        store.numbers.give_back([ANNA], NOON)
        assert store.numbers.take(BO, 46, NOON + RESTS) == ONE

    def test_a_lapsed_lease_is_its_owners_until_another_takes_the_number(self, store: Transaction) -> None:
        """Which takes a rest after the lapse; then the owner's copy of it is gone as well."""
        _peopled(store)
        store.numbers.provide([leased()])
        store.numbers.take(ANNA, 46, NOON)
        store.users.save(user(1, number=ONE))
        over = NOON + KEPT + RESTS

        assert store.numbers.take(BO, 46, over - TICK) is None
        assert store.numbers.use(ONE, ANNA, over - TICK)
        assert store.numbers.take(BO, 46, over) is None
        assert store.numbers.take(BO, 46, over + KEPT + RESTS) == ONE
        assert not store.numbers.use(ONE, ANNA, over)
        assert store.users.get(ANNA).number is None

    def test_an_organisations_own_number_is_leased_to_nobody(self, store: Transaction) -> None:
        """It is found by country; a withdrawn or resting one is not; what was withdrawn comes back when it is provided."""
        _peopled(store)
        store.groups.add(group(2))
        swiss = "+41791234567"
        store.numbers.provide([evolve(leased(one, code), organisation=ROOT) for one, code in ((ONE, 46), (swiss, 41))])

        assert store.numbers.take(ANNA, 46, NOON) is None
        assert [store.numbers.of_organisation(ROOT, country, NOON) for country in (46, 41, 49)] == [ONE, swiss, swiss]
        assert store.numbers.of_organisation(nth(GroupId, 2), 46, NOON) is None
        store.numbers.save(withdrawn(store.numbers.hold(ONE), NOON))
        assert store.numbers.of_organisation(ROOT, 46, NOON) == swiss
        assert store.numbers.provide([leased(ONE)]) == 1
        assert store.numbers.take(ANNA, 46, NOON) == ONE
        store.numbers.save(withdrawn(store.numbers.hold(ONE), NOON))
        assert store.numbers.provide([evolve(leased(ONE), organisation=ROOT)]) == 1
        assert store.numbers.of_organisation(ROOT, 46, NOON + RESTS - TICK) == swiss
        assert store.numbers.of_organisation(ROOT, 46, NOON + RESTS) == ONE

    def test_numbers_are_listed_in_order_from_the_one_after(self, store: Transaction) -> None:
        """Page by page; a number that was never provided cannot be held."""
        store.numbers.provide([leased(TWO), leased(ONE)])

        assert [one.number for one in store.numbers.listed("", 1)] == [ONE]
        assert [one.number for one in store.numbers.listed(ONE, 5)] == [TWO]
        with pytest.raises(NotFound):
            store.numbers.hold("+46766861009")

    @OVER_AND_OVER
    @given(deeds=_DEEDS)
    def test_the_pool_does_what_a_look_at_every_number_says(
        self, storage: Storage, deeds: list[tuple[str, ...]]
    ) -> None:
        """Taking, using, giving back, withdrawing and waiting, held against the states of all numbers."""

        def look() -> None:
            with storage.write() as store:
                _peopled(store)
                numbers = [leased(ONE), leased(TWO), leased("+41791234567", 41)]
                store.numbers.provide(numbers)
                _Model({one.number: one for one in numbers}).follow(store, deeds)
                raise Undone

        with pytest.raises(Undone):
            look()

    def test_racing_users_never_get_the_same_number(self, storage: Storage) -> None:
        """Sixteen users, ten numbers, of which three are those of lapsed leases: ten have one each."""
        last = NOON - KEPT - RESTS

        def fill(store: Transaction) -> None:
            store.groups.add(group())
            for number in range(1, 20):
                store.users.add(user(number))
            store.numbers.provide([leased(f"+4676686{number:04d}") for number in range(10)])
            for number in (17, 18, 19):
                store.users.save(user(number, number=store.numbers.take(nth(UserId, number), 46, last)))

        def take(writer: int) -> list[str | None]:
            mine = (nth(UserId, 2 * writer + one) for one in (1, 2))
            return [transact(storage, lambda store, who=one: store.numbers.take(who, 46, NOON)) for one in mine]  # type: ignore[misc]

        transact(storage, fill)
        taken = [number for numbers in at_once(8, take) for number in numbers if number is not None]
        assert sorted(taken) == [f"+4676686{number:04d}" for number in range(10)]


class _Model:
    """Every number as it stands; slow and plain."""

    def __init__(self, numbers: dict[str, Number]) -> None:
        self.numbers = numbers
        self.now = NOON

    def follow(self, store: Transaction, deeds: list[tuple[str, ...]]) -> None:
        """Do the same to both."""
        for deed, *facts in deeds:
            match deed, *facts:
                case "take", who, country:
                    assert store.numbers.take(who, country, self.now) == self.take(who, country)  # type: ignore[arg-type]
                case "use", who:
                    mine = next((one for one in self.numbers.values() if one.user == who), None)
                    assert store.numbers.use(mine.number if mine else ONE, UserId(who), self.now) == (mine is not None)
                    if mine is not None and mine.used_at is not None and self.now - mine.used_at >= NOTED:
                        self.numbers[mine.number] = evolve(mine, used_at=self.now)
                case "give back", who:
                    store.numbers.give_back([UserId(who)], self.now)
                    for one in [one for one in self.numbers.values() if one.user == who]:
                        given = evolve(one, user=None, last_user=one.user, rests_until=self.now + RESTS)
                        self.numbers[one.number] = given
                case "withdraw", index:
                    chosen = sorted(self.numbers)[int(index)]
                    self.numbers[chosen] = withdrawn(self.numbers[chosen], self.now)
                    store.numbers.save(withdrawn(store.numbers.hold(chosen), self.now))
                case _, span:
                    assert isinstance(span, timedelta)
                    self.now += span
            assert store.numbers.listed("", 5) == tuple(self.numbers[key] for key in sorted(self.numbers))
            assert store.numbers.counted(self.now) == self.counts()

    def take(self, who: UserId, country: int) -> str | None:
        """Its own, else its last one, else the best of the free ones."""
        there = [one for one in self.numbers.values() if not one.withdrawn]
        mine = [one for one in there if one.user == who]
        if mine:
            return mine[0].number
        last = [one for one in there if one.user is None and one.last_user == who]
        free = [one for one in there if one.state(self.now) is NumberState.FREE]
        chosen = max(last, key=lambda one: (_us(one.used_at), -int(one.number)), default=None) or min(
            free,
            key=lambda one: (
                one.country != country,
                one.user is not None,
                one.country,
                _us(one.used_at) if one.user else _us(one.rests_until),
                one.number,
            ),
            default=None,
        )
        if chosen is None:
            return None
        taken = evolve(chosen, user=who, last_user=None, used_at=self.now, rests_until=None)
        self.numbers[chosen.number] = taken
        return taken.number

    def counts(self) -> tuple[PoolCount, ...]:
        """By country."""
        there = [one for one in self.numbers.values() if not one.withdrawn]
        states = Counter((one.country, one.state(self.now).value) for one in there)
        return tuple(
            PoolCount(country=country, **{state: count for (of, state), count in states.items() if of == country})
            for country in sorted({one.country for one in there})
        )


def _us(at: Instant | None) -> int:
    return 0 if at is None else at.us
