"""Rolls that a reconciliation reads, of what the vendors should have: what a storage promises of them.

Part of ``StorageConformance``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import pytest
from attrs import evolve

from servicekit.bookings import Branch
from servicekit.ids import BookingId, BranchId, ClassId, GroupId, KeyId, MeetingId, ProviderId
from servicekit.keys import Key, KeyState
from servicekit.meetings import Meeting, MeetingState
from servicekit.moments import Instant
from servicekit.ports.store import Transaction
from servicekit.testing.conformance.holding import scheduled
from servicekit.testing.conformance.things import HOUR, NOON, ROOT, TICK, booking, furnish, group, nth

__all__ = ["Rolls"]

T = TypeVar("T")
OTHER = nth(GroupId, 2)


def _key(number: int, hours: float, **more: Any) -> Key:
    """A key of booking 1 that is made and closes so many hours after noon."""
    made = Key(
        id=nth(KeyId, number),
        booking=nth(BookingId, 1),
        revision=number,
        site="site",
        components=("main",),
        mobile="+41791234567",
        opens=NOON - HOUR,
        closes=NOON + hours * HOUR,
        state=KeyState.MADE,
        vendor_id=f"v{number}",
    )
    return evolve(made, **more)


def _meeting(number: int, hours: float, **more: Any) -> Meeting:
    """The meeting of a booking, made with a host, that closes so many hours after noon."""
    made = Meeting(
        id=nth(MeetingId, number),
        booking=nth(BookingId, number),
        host="anna",
        topic="Coaching",
        zone="UTC",
        opens=NOON - HOUR,
        closes=NOON + hours * HOUR,
        state=MeetingState.MADE,
        vendor_id=f"v{number}",
    )
    return evolve(made, **more)


def _paged(page: Callable[[T | None, int], Sequence[T]], most: int) -> list[T]:
    """All pages, one after the other."""
    found = list[T]()
    while part := page(found[-1] if found else None, most):
        assert len(part) <= most
        found += part
    return found


class Rolls:
    """What they promise."""

    @pytest.mark.parametrize("most", [1, 2, 3, 10])
    def test_keys_that_a_site_should_have_come_in_pages(self, store: Transaction, most: int) -> None:
        """Those that are made and still close, by closing and then by id, each once, also where two close at once."""
        furnish(store)
        store.bookings.add(booking(1))
        keys = [_key(1, 3), _key(2, 1), _key(3, 1), _key(4, 2)]
        others = [
            _key(5, 2, site="other"),
            _key(6, 0),
            _key(7, 2, state=KeyState.ASKED),
            _key(8, 2, state=KeyState.ENDED),
        ]
        for key in (*keys, *others):
            store.keys.add(key)

        def ids(since: Instant) -> list[str]:
            return [key.id for key in _paged(lambda after, most: store.keys.made("site", since, after, most), most)]

        first, second, third, fourth = (key.id for key in keys)
        assert ids(NOON) == [second, third, fourth, first]
        assert ids(NOON + HOUR) == [fourth, first]
        assert ids(NOON + 3 * HOUR - TICK) == [first]
        assert ids(NOON + 3 * HOUR) == []

    def test_sites_are_those_of_keys_and_of_branches(self, store: Transaction) -> None:
        """Each once, in order; also that of keys whose branch has moved, and of a branch that has had no key yet."""
        assert store.keys.sites() == ()
        furnish(store)
        store.bookings.add(booking(1))
        assert store.keys.sites() == ()
        for number, site in enumerate(("b", "d", "b"), start=2):
            store.branches.add(Branch(id=nth(BranchId, number), organisation=ROOT, name="B", zone="UTC", site=site))
        for number, site in enumerate(("c", "a", "c", "b"), start=1):
            store.keys.add(_key(number, 1, site=site))
        assert store.keys.sites() == ("a", "b", "c", "d")

    @pytest.mark.parametrize("most", [1, 2, 10])
    def test_meetings_that_a_host_should_have_come_in_pages(self, store: Transaction, most: int) -> None:
        """As keys do: of bookings and of classes; of one organisation, or of all that share an account."""
        self._meetings(store)

        def ids(organisation: GroupId | None, host: str = "anna") -> list[str]:
            def page(after: Meeting | None, most: int) -> tuple[Meeting, ...]:
                return store.meetings.made(organisation, host, NOON, after, most)

            return [meeting.vendor_id for meeting in _paged(page, most)]

        assert ids(None) == ["v2", "v7", "v1", "v8"]
        assert ids(ROOT) == ["v2", "v7", "v1"]
        assert ids(OTHER) == ["v8"]
        assert ids(None, "bea") == ["v3"]
        assert ids(None, "nobody") == []

    def test_hosts_are_those_of_coming_meetings_and_of_providers(self, store: Transaction) -> None:
        """Each once with its organisation, in order, whatever became of the meeting; not of what is over."""
        self._meetings(store)
        who = store.providers.get(nth(ProviderId, 2))
        store.providers.save(evolve(who, meeting_user="carl"))  # the other one hosts by the account's own name
        anna, bea, carl, me = ((ROOT, host) for host in ("anna", "bea", "carl", "me"))
        theirs = (OTHER, "anna")
        assert store.meetings.hosts(NOON) == (anna, bea, carl, me, theirs)
        assert store.meetings.hosts(NOON + 2 * HOUR) == (anna, carl, me, theirs)
        assert store.meetings.hosts(NOON + 9 * HOUR) == (carl, me)

    @staticmethod
    def _meetings(store: Transaction) -> None:
        furnish(store)
        store.groups.add(group(2, organisation=OTHER))
        store.classes.add(scheduled(1))
        for number in range(1, 7):
            store.bookings.add(booking(number))
        store.bookings.add(booking(8, organisation=OTHER))
        for meeting in (
            _meeting(1, 3),
            _meeting(2, 1),
            _meeting(3, 2, host="bea"),
            _meeting(4, 0),
            _meeting(5, 2, state=MeetingState.ASKED),
            _meeting(6, 2, state=MeetingState.REMOVED),
            _meeting(7, 1, booking=None, in_class=nth(ClassId, 1)),
            _meeting(8, 4),
        ):
            store.meetings.add(meeting)
