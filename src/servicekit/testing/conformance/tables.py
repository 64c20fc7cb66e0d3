"""The tables: rows by key and by field, what somebody sees, what counts once.

Part of ``StorageConformance``.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from servicekit.errors import NotFound, StorageError
from servicekit.groups import Group, Quota, Settings
from servicekit.ids import BookingId, CustomerId, FacilityId, GroupId, ProviderId, UserId
from servicekit.notices import Channel, Occasion, Template
from servicekit.permissions import Everything, Nothing, OfCustomer, Visible, sees
from servicekit.ports.store import Storage, Transaction, transact
from servicekit.testing.conformance.things import (
    HOUR,
    NOON,
    ROOT,
    booking,
    customer,
    facility,
    furnish,
    group,
    nth,
    order,
    user,
)

__all__ = ["OVER_AND_OVER", "Tables", "Undone"]

GUARD = timedelta(hours=24)

OVER_AND_OVER = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors, HealthCheck.too_slow],
)
"""For a property over one database: each example undoes what it wrote."""

_ORDERS = st.lists(
    st.tuples(st.sampled_from([1, 2]), st.sampled_from([None, 1, 2, 3]), st.sampled_from([1, 2])), max_size=12
)
_VISIBLE: st.SearchStrategy[Visible] = st.one_of(
    st.just(Nothing()),
    st.sampled_from([1, 2]).map(lambda number: Everything(nth(GroupId, number))),
    st.builds(
        OfCustomer,
        organisation=st.sampled_from([1, 2]).map(lambda number: nth(GroupId, number)),
        customer=st.sampled_from([1, 2]).map(lambda number: nth(CustomerId, number)),
        facilities=st.none()
        | st.lists(st.sampled_from([1, 2, 3]).map(lambda number: nth(FacilityId, number)), unique=True).map(tuple),
        unassigned=st.booleans(),
    ),
)


class Undone(Exception):
    """Leaves a transaction of which nothing shall stay."""


class Tables:
    """What tables promise."""

    def test_what_was_added_is_found_by_its_id(self, store: Transaction) -> None:
        """``find`` gives it or None, ``get`` gives it or an error that names what is missing."""
        store.groups.add(group())

        assert store.groups.find(ROOT) == group() == store.groups.get(ROOT)
        assert store.groups.find(nth(GroupId, 2)) is None
        with pytest.raises(NotFound, match=f"There is no Group {nth(GroupId, 2)}, or you may not see it") as caught:
            store.groups.get(nth(GroupId, 2))
        assert (caught.value.code, caught.value.facts) == ("not_found", {"kind": "Group", "id": nth(GroupId, 2)})

    def test_saving_changes_one_row(self, store: Transaction) -> None:
        """The row with that id is the changed thing, and no other is touched."""
        for number in (1, 2):
            store.groups.add(group(number))
        changed = evolve(group(2), name="Renamed", parent=ROOT)
        store.groups.save(changed)

        assert store.groups.where() == (group(), changed)

    def test_where_compares_fields_and_none_is_null(self, store: Transaction) -> None:
        """All fields named must be equal; things come in order of making."""
        store.groups.add(group())
        users = [user(3, number="+46766861001"), user(1), user(2)]
        for one in users:
            store.users.add(one)

        assert [one.email for one in store.users.where()] == [f"user{n}@salon.example" for n in (1, 2, 3)]
        assert store.users.where(number=None) == (users[1], users[2])
        assert store.users.where(number=None, email="user2@salon.example") == (users[2],)
        assert store.users.where(number="+46766861001", email="user2@salon.example") == ()

    def test_a_table_may_have_a_key_of_several_columns(self, store: Transaction) -> None:
        """Saving finds the row by all of them."""
        store.groups.add(group())
        pages = [
            Template(organisation=ROOT, occasion=occasion, channel=Channel.CLIENT_MAIL, subject="", text=occasion.value)
            for occasion in Occasion
        ]
        for page in pages:
            store.templates.add(page)
        store.templates.save(evolve(pages[0], text="new"))

        assert {page.text for page in store.templates.where()} == {"new", *(page.text for page in pages[1:])}
        with pytest.raises(StorageError, match="no row of templates"):
            store.templates.save(evolve(pages[0], channel=Channel.CLIENT_TEXT))

    def test_an_identity_passes_once_in_24_hours(self, store: Transaction) -> None:
        """To the microsecond: a moment before 24 hours it is held, at 24 hours it passes, and then the day begins anew."""
        tick = timedelta(microseconds=1)

        assert store.guards.pass_once("a", NOON)
        assert not store.guards.pass_once("a", NOON)
        assert store.guards.pass_once("b", NOON)
        assert not store.guards.pass_once("a", NOON + GUARD - tick)
        assert store.guards.pass_once("a", NOON + GUARD)
        assert not store.guards.pass_once("a", NOON + 2 * GUARD - tick)

    def test_a_held_try_does_not_begin_the_day_anew(self, store: Transaction) -> None:
        """24 hours count from what was sent, not from what was held."""
        store.guards.pass_once("a", NOON)
        store.guards.pass_once("a", NOON + 23 * HOUR)

        assert store.guards.pass_once("a", NOON + GUARD)

    def test_what_is_forgotten_passes_again(self, store: Transaction) -> None:
        """As for a text that never left."""
        store.guards.pass_once("a", NOON)
        store.guards.forget("a")

        assert store.guards.pass_once("a", NOON)

    def test_identities_are_purged_so_many_at_once(self, store: Transaction) -> None:
        """Those that passed by then, and no others; what is purged passes again."""
        for number, name in enumerate("abcd"):
            store.guards.pass_once(name, NOON + number * HOUR)

        assert store.guards.purge(NOON + 2 * HOUR, 2) == 2
        assert store.guards.purge(NOON + 2 * HOUR, 2) == 1
        assert store.guards.purge(NOON + 2 * HOUR, 2) == 0
        assert [store.guards.pass_once(name, NOON + 3 * HOUR) for name in "abcd"] == [True, True, True, False]

    def test_an_event_is_new_once_for_each_source(self, store: Transaction) -> None:
        """What comes twice is done once; two vendors may use the same id."""
        assert store.inbox.first_time("46elks", "s1:delivered", NOON)
        assert not store.inbox.first_time("46elks", "s1:delivered", NOON + GUARD)
        assert store.inbox.first_time("zoom", "s1:delivered", NOON)

    def test_kept_facts_are_given_out_once_oldest_first(self, store: Transaction) -> None:
        """Only those about what is asked for, and then they are kept no more."""
        store.inbox.keep("46elks", "s1", "later", NOON + HOUR)
        store.inbox.keep("46elks", "s1", "first", NOON)
        store.inbox.keep("46elks", "s2", "another", NOON)

        assert store.inbox.kept("46elks", "s1") == ("first", "later")
        assert store.inbox.kept("46elks", "s1") == ()
        assert store.inbox.kept("zoom", "s2") == ()
        assert store.inbox.kept("46elks", "s2") == ("another",)

    def test_ids_read_from_the_database_are_typed(self, store: Transaction) -> None:
        """So that a principal can be made of what was loaded."""
        furnish(store)
        store.bookings.add(booking())
        (found,) = store.bookings.where(id=nth(BookingId, 1))

        assert type(found.id) is BookingId
        assert type(found.provider) is ProviderId

    def test_saving_what_is_not_there_is_an_error(self, store: Transaction) -> None:
        """Never silent."""
        with pytest.raises(StorageError) as caught:
            store.groups.save(group(2))
        assert caught.value.facts == {"table": "groups", "key": [nth(GroupId, 2)]}

    def test_adding_twice_is_an_error(self, storage: Storage) -> None:
        """Never silent, and nothing changes."""

        def add() -> None:
            with storage.write() as store:
                store.groups.add(group(name="another"))

        transact(storage, lambda store: store.groups.add(group()))
        with pytest.raises(StorageError):
            add()
        with storage.read() as store:
            assert store.groups.where() == (group(),)

    # The tree

    def test_a_path_runs_from_the_group_to_the_root(self, store: Transaction) -> None:
        """With the groups' settings; a root's path is itself; a group that is not there is an error."""
        limited = Settings(signature="/Salon", user_quota=Quota(5, days=30))
        tree = [group(1), group(2, parent=1, settings=limited), group(3, parent=2), group(4, parent=1)]
        for one in tree:
            store.groups.add(one)

        assert store.path(nth(GroupId, 3)) == (tree[2], tree[1], tree[0])
        assert store.path(ROOT) == (tree[0],)
        with pytest.raises(NotFound) as caught:
            store.path(nth(GroupId, 9))
        assert caught.value.facts == {"kind": "Group", "id": nth(GroupId, 9)}
        assert store.below(nth(GroupId, 9)) == ()

    def test_a_member_is_the_user(self, store: Transaction) -> None:
        """Or an error, as for ``get``."""
        store.groups.add(group())
        store.users.add(user())
        assert store.member(nth(UserId, 1)) == user()
        with pytest.raises(NotFound):
            store.member(nth(UserId, 2))

    @OVER_AND_OVER
    @given(picks=st.lists(st.integers(0), min_size=1, max_size=12))
    def test_below_is_the_group_and_everything_that_leads_to_it(self, storage: Storage, picks: list[int]) -> None:
        """Held against the parents: a group is below those on its way up, and below no other."""
        tree = [group(1)]
        for number, pick in enumerate(picks, 2):
            tree.append(group(number, parent=1 + pick % (number - 1)))

        def look() -> None:
            with storage.write() as store:
                for one in tree:
                    store.groups.add(one)
                for one in tree:
                    expected = sorted(other.id for other in tree if one in _way_up(tree, other))
                    assert sorted(store.below(one.id)) == expected
                    assert list(store.path(one.id)) == _way_up(tree, one)
                raise Undone

        with pytest.raises(Undone):
            look()

    # What somebody sees

    @OVER_AND_OVER
    @given(orders=_ORDERS, visible=_VISIBLE, most=st.integers(1, 12))
    def test_list_and_check_agree(
        self, storage: Storage, orders: list[tuple[int, int | None, int]], visible: Visible, most: int
    ) -> None:
        """The rows that the database gives are those that ``sees`` says yes to: the newest of them, and the count of all."""
        made = [
            order(number, of=of, at=at, organisation=nth(GroupId, organisation))
            for number, (of, at, organisation) in enumerate(orders, 1)
        ]
        expected = [one for one in reversed(made) if one.organisation == ROOT and sees(visible, one)]

        def look() -> None:
            with storage.write() as store:
                _customers(store)
                for one in made:
                    store.orders.add(one)
                found, count = store.orders.visible(visible, ROOT, most)
                assert list(found) == expected[:most]
                assert count == len(expected)
                raise Undone

        with pytest.raises(Undone):
            look()


def _way_up(tree: list[Group], one: Group) -> list[Group]:
    by_id = {other.id: other for other in tree}
    path = [one]
    while (parent := path[-1].parent) is not None:
        path.append(by_id[parent])
    return path


def _customers(store: Transaction) -> None:
    store.groups.add(group())
    store.groups.add(group(2))
    for number in (1, 2):
        store.customers.add(customer(number))
    for number, of in ((1, 1), (2, 1), (3, 2)):
        store.facilities.add(facility(number, of=of))
