"""Holds: who is taken when, kept in step with bookings, classes and absences, whatever is done to these.

Part of ``StorageConformance``.
"""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from servicekit.bookings import Absence, Booking, BookingState, ScheduledClass, holds_of
from servicekit.ids import AbsenceId, BookingId, BranchId, ClassId, ClientId, ProviderId, ServiceId
from servicekit.moments import Instant, Window
from servicekit.ports.store import Storage, Transaction
from servicekit.testing.conformance.tables import OVER_AND_OVER, Undone
from servicekit.testing.conformance.things import HOUR, MINUTE, NOON, ROOT, booking, furnish, nth

__all__ = ["Holding", "absence", "scheduled"]

ONE, TWO = nth(ProviderId, 1), nth(ProviderId, 2)


def scheduled(number: int = 1, /, **more: Any) -> ScheduledClass:
    """A class with provider 1, from noon to one."""
    made = ScheduledClass(
        id=nth(ClassId, number),
        organisation=ROOT,
        branch=nth(BranchId, 1),
        service=nth(ServiceId, 1),
        provider=ONE,
        starts=NOON,
        ends=NOON + HOUR,
        zone="UTC",
        seats=2,
    )
    return evolve(made, **more)


def absence(number: int = 1, /, **more: Any) -> Absence:
    """Provider 1 is away from noon to one."""
    made = Absence(id=nth(AbsenceId, number), organisation=ROOT, provider=ONE, starts=NOON, ends=NOON + HOUR)
    return evolve(made, **more)


_STEP = st.tuples(
    st.sampled_from(["booking", "class", "absence"]),
    st.integers(1, 3),
    st.integers(0, 11),
    st.integers(1, 6),
    st.sampled_from(list(BookingState)),
    st.sampled_from([(ONE, None), (TWO, None), (ONE, TWO)]),
    st.booleans(),
)


def _thing(step: Any) -> Booking | ScheduledClass | Absence:
    kind, number, first, hours, state, (provider, room), over = step
    times = {"starts": NOON + first * HOUR, "ends": NOON + (first + hours) * HOUR, "provider": provider}
    if kind == "absence":
        return absence(number, **times, ended=over)
    around = {"room": room, "before": first * MINUTE, "after": hours * MINUTE}
    if kind == "class":
        return scheduled(number, **times, **around, cancelled=over)
    return booking(number, **times, **around, state=state)


class Holding:
    """What holds promise."""

    @OVER_AND_OVER
    @given(steps=st.lists(_STEP, max_size=12), first=st.integers(-2, 14), minutes=st.integers(1, 400))
    def test_who_is_taken_is_what_a_look_at_everything_finds(
        self, storage: Storage, steps: list[Any], first: int, minutes: int
    ) -> None:
        """Whatever was added and saved: half-open windows with their buffers, of the provider that is asked for, by start.

        As bare numbers, the whole is taken as often as there are places.
        """
        window = Window(NOON + first * HOUR, NOON + first * HOUR + minutes * MINUTE)
        there: dict[str, Booking | ScheduledClass | Absence] = {}

        def look() -> None:
            with storage.write() as store:
                furnish(store)
                for thing in map(_thing, steps):
                    _put(store, thing, known=thing.id in there)
                    there[thing.id] = thing
                holds = [hold for thing in there.values() for hold in holds_of(thing) if hold.window.overlaps(window)]
                places = {ONE: 1, TWO: 3}
                spans = store.holds.spans(places, window)
                for who, capacity in places.items():
                    mine = [hold for hold in holds if hold.provider == who]
                    assert sorted(mine, key=lambda hold: (hold.starts, hold.owner)) == list(store.holds.of(who, window))
                    each = [hold for hold in mine for _ in range(capacity if hold.whole else 1)]
                    starts, ends = spans[who]
                    assert list(starts) == sorted(hold.starts.us for hold in each)
                    assert list(ends) == sorted(hold.ends.us for hold in each)
                    owners = {hold.owner for hold in mine}
                    taken = [one for key, one in there.items() if key in owners and isinstance(one, Booking)]
                    found = store.bookings.overlapping(who, window)
                    assert list(found) == sorted(taken, key=lambda one: (one.starts, one.id))
                raise Undone

        with pytest.raises(Undone):
            look()

    def test_one_long_hold_hides_no_short_one(self, store: Transaction) -> None:
        """A month's absence and a booking of an hour are both found, at any hour of the month; nobody is asked for nothing."""
        furnish(store)
        store.absences.add(absence(ends=NOON + 31 * 24 * HOUR))
        store.bookings.add(booking(hours=(700, 701)))
        late = Window(NOON + 700.5 * HOUR, NOON + 700.6 * HOUR)
        assert [hold.owner for hold in store.holds.of(ONE, late)] == [absence().id, booking().id]
        starts, ends = store.holds.spans({ONE: 1}, late)[ONE]
        assert (len(starts), len(ends)) == (2, 2)
        assert [list(each) for each in store.holds.spans({TWO: 1}, late)[TWO]] == [[], []]
        assert dict(store.holds.spans({}, late)) == {}
        assert store.holds.of(ONE, Window(NOON - HOUR, NOON)) == ()

    def test_holds_before_1970_are_held_all_the_same(self, store: Transaction) -> None:
        """An instant may be a negative number."""
        furnish(store)
        then = Window(Instant.parse("1969-12-31T23:00:00Z"), Instant.parse("1970-01-01T01:00:00Z"))
        store.absences.add(absence(starts=then.opens, ends=then.closes))
        assert [list(each) for each in store.holds.spans({ONE: 1}, then)[ONE]] == [[then.opens.us], [then.closes.us]]

    def test_seats_that_are_taken_are_counted(self, store: Transaction) -> None:
        """Those of this class, in every state that holds the place."""
        furnish(store)
        for number in (1, 2):
            store.classes.add(scheduled(number, provider=nth(ProviderId, number)))
        for number, state in enumerate(BookingState, 1):
            store.bookings.add(booking(number, in_class=nth(ClassId, 1), state=state))
        assert store.bookings.seats_taken(nth(ClassId, 1)) == 3
        assert store.bookings.seats_taken(nth(ClassId, 2)) == 0

    def test_a_request_key_finds_one_booking_of_its_client(self, store: Transaction) -> None:
        """No key finds nothing; another client's key neither."""
        furnish(store)
        store.bookings.add(booking(1, request_key="k"))
        store.bookings.add(booking(2))
        assert store.bookings.asked(nth(ClientId, 1), "k") == booking(1, request_key="k")
        assert store.bookings.asked(nth(ClientId, 2), "k") is None
        assert store.bookings.asked(nth(ClientId, 1), "") is None
        assert store.bookings.asked(nth(ClientId, 1), "other") is None

    def test_coming_classes_are_those_that_start_in_the_window(self, store: Transaction) -> None:
        """Of the branch, not cancelled, by start; the start of the window is inside, its end is not."""
        furnish(store)
        starts = {1: 2, 2: 0, 3: 4, 4: 1}
        for number, hour in starts.items():
            begins = NOON + hour * HOUR
            store.classes.add(scheduled(number, starts=begins, ends=begins + HOUR, cancelled=number == 4))
        found = store.classes.coming(nth(BranchId, 1), Window(NOON, NOON + 4 * HOUR))
        assert [one.id for one in found] == [nth(ClassId, 2), nth(ClassId, 1)]
        assert store.classes.coming(nth(BranchId, 2), Window(NOON, NOON + 4 * HOUR)) == ()
        assert store.bookings.find(nth(BookingId, 1)) is None


def _put(store: Transaction, thing: Booking | ScheduledClass | Absence, *, known: bool) -> None:
    if isinstance(thing, Booking):
        (store.bookings.save if known else store.bookings.add)(thing)
    elif isinstance(thing, ScheduledClass):
        (store.classes.save if known else store.classes.add)(thing)
    else:
        (store.absences.save if known else store.absences.add)(thing)
