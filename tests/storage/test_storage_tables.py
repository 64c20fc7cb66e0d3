"""The tables: rows by key and by field, the log's search, who is taken when, what somebody sees, and what counts once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

import children
from processes import race
from samples import (
    HOUR,
    NOON,
    ROOT,
    booking,
    customer,
    empty_store,
    facility,
    furnish,
    group,
    message,
    nth,
    order,
    user,
)
from servicekit.adapters.storage.transaction import SqlTransaction
from servicekit.bookings import HOLDING, BookingState
from servicekit.errors import NotFound, StorageError
from servicekit.ids import BookingId, CustomerId, FacilityId, GroupId, OrderId, ProviderId, UserId
from servicekit.messages import Direction, SearchLog, Status
from servicekit.moments import Window
from servicekit.notices import Channel, Occasion, Template
from servicekit.permissions import Everything, Nothing, OfCustomer, Visible, sees

GUARD = timedelta(hours=24)


@pytest.fixture
def store() -> Iterator[SqlTransaction]:
    """A transaction over an empty database in memory."""
    with empty_store() as made:
        yield made


# One table


def test_what_was_added_is_found_by_its_id(store: SqlTransaction) -> None:
    """``find`` gives it or None, ``get`` gives it or an error that names what is missing."""
    store.groups.add(group())

    assert store.groups.find(ROOT) == group() == store.groups.get(ROOT)
    assert store.groups.find(nth(GroupId, 2)) is None
    with pytest.raises(NotFound, match=f"There is no Group {nth(GroupId, 2)}, or you may not see it") as caught:
        store.groups.get(nth(GroupId, 2))
    assert (caught.value.code, caught.value.facts) == ("not_found", {"kind": "Group", "id": nth(GroupId, 2)})


def test_adding_twice_and_saving_what_is_not_there_are_errors(store: SqlTransaction) -> None:
    """Neither is ever silent."""
    store.groups.add(group())

    with pytest.raises(StorageError, match="UNIQUE"):
        store.groups.add(group())
    with pytest.raises(StorageError, match="no row of groups") as caught:
        store.groups.save(group(2))
    assert caught.value.facts == {"table": "groups", "key": [nth(GroupId, 2)]}


def test_what_refers_to_nothing_is_refused(store: SqlTransaction) -> None:
    """Foreign keys are on."""
    with pytest.raises(StorageError, match="FOREIGN KEY"):
        store.users.add(user())


def test_saving_changes_one_row(store: SqlTransaction) -> None:
    """The row with that id is the changed thing, and no other is touched."""
    for number in (1, 2):
        store.groups.add(group(number))
    changed = evolve(group(2), name="Renamed", parent=ROOT)
    store.groups.save(changed)

    assert store.groups.where() == (group(), changed)


def test_where_compares_fields_and_none_is_null(store: SqlTransaction) -> None:
    """All fields named must be equal; things come in order of making."""
    store.groups.add(group())
    users = [user(3, number="+46766861001"), user(1), user(2)]
    for one in users:
        store.users.add(one)

    assert [one.email for one in store.users.where()] == [f"user{n}@salon.example" for n in (1, 2, 3)]
    assert store.users.where(number=None) == (users[1], users[2])
    assert store.users.where(number=None, email="user2@salon.example") == (users[2],)
    assert store.users.where(number="+46766861001", email="user2@salon.example") == ()


def test_a_table_may_have_a_key_of_several_columns(store: SqlTransaction) -> None:
    """Saving finds the row by all of them."""
    store.groups.add(group())
    pages = [
        Template(organisation=ROOT, occasion=occasion, channel=Channel.CLIENT_MAIL, subject="", text=occasion.value)
        for occasion in Occasion
    ]
    for page in pages:
        store.templates.add(page)
    store.templates.save(evolve(pages[0], text="new"))

    assert {page.text for page in store.templates.where()} == {"new", "moved", "cancelled"}
    with pytest.raises(StorageError, match="no row of templates"):
        store.templates.save(evolve(pages[0], channel=Channel.CLIENT_TEXT))


# The log


def test_the_log_shows_the_newest_first_and_no_more_than_asked(store: SqlTransaction) -> None:
    """Newest by time of making; the page is cut after ``most``."""
    store.groups.add(group())
    for number in (2, 1, 3):
        store.messages.add(message(number))

    found = store.messages.search(SearchLog(group=ROOT, most=2), [ROOT])
    assert [one.text for one in found] == ["Text 3", "Text 2"]


def test_the_log_is_narrowed_by_every_field_and_by_time(store: SqlTransaction) -> None:
    """Since is inclusive, until is not; several conditions must all hold; only the groups named are searched."""
    store.groups.add(group())
    store.groups.add(group(2, parent=1))
    anna, other = nth(UserId, 1), "+46701740606"
    rows = [
        message(1, user=anna),
        message(2, number=other),
        message(3, direction=Direction.IN, status=Status.INCOMING),
        message(4, group=nth(GroupId, 2)),
    ]
    for row in rows:
        store.messages.add(row)

    def texts(*groups: GroupId, **narrowed: Any) -> set[str]:
        query = evolve(SearchLog(group=ROOT), **narrowed)
        return {one.text[5:] for one in store.messages.search(query, groups or [ROOT])}

    assert texts() == {"1", "2", "3"}
    assert texts(ROOT, nth(GroupId, 2)) == {"1", "2", "3", "4"}
    assert texts(user=anna) == {"1"}
    assert texts(number=other) == {"2"}
    assert texts(direction=Direction.IN) == texts(status=Status.INCOMING) == {"3"}
    assert texts(since=rows[1].made_at) == {"2", "3"}
    assert texts(until=rows[1].made_at) == {"1"}
    assert texts(since=rows[1].made_at, number=other, until=rows[2].made_at) == {"2"}
    assert texts(user=anna, direction=Direction.IN) == set()


# Who is taken when


@given(
    st.lists(
        st.tuples(st.integers(0, 11), st.integers(1, 6), st.sampled_from(list(BookingState)), st.sampled_from([1, 2])),
        max_size=12,
    ),
    st.integers(0, 11),
    st.integers(1, 6),
)
def test_overlapping_is_what_a_look_at_every_booking_finds(
    booked: list[tuple[int, int, BookingState, int]], starts: int, length: int
) -> None:
    """Half-open windows, the states that hold their place, the provider asked for, and nothing else."""
    bookings = [
        booking(number, hours=(first, first + hours), state=state, provider=nth(ProviderId, room))
        for number, (first, hours, state, room) in enumerate(booked, 1)
    ]
    window = Window(NOON + starts * HOUR, NOON + (starts + length) * HOUR)
    with empty_store() as store:
        furnish(store)
        for one in bookings:
            store.bookings.add(one)
        found = store.bookings.overlapping(nth(ProviderId, 1), window)

    expected = [
        one
        for one in bookings
        if one.provider == nth(ProviderId, 1) and one.state in HOLDING and one.window.overlaps(window)
    ]
    assert list(found) == sorted(expected, key=lambda one: (one.starts, one.id))


# What somebody sees

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


@pytest.mark.spec("P-11")
@given(_ORDERS, _VISIBLE, st.integers(1, 12))
def test_list_and_check_agree(orders: list[tuple[int, int | None, int]], visible: Visible, most: int) -> None:
    """The rows that the database gives are those that ``sees`` says yes to: the newest of them, and the count of all."""
    made = [
        order(number, of=of, at=at, organisation=nth(GroupId, organisation))
        for number, (of, at, organisation) in enumerate(orders, 1)
    ]
    with empty_store() as store:
        _customers(store)
        for one in made:
            store.orders.add(one)
        found, count = store.orders.visible(visible, ROOT, most)

    expected = [one for one in reversed(made) if one.organisation == ROOT and sees(visible, one)]
    assert list(found) == expected[:most]
    assert count == len(expected)


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
    path = tmp_path / "salon.db"
    children.migrate(str(path))
    with closing(sqlite3.connect(path)) as connection:
        ran: list[tuple[str, Sequence[object]]] = []

        def execute(sql: str, values: Sequence[object]) -> sqlite3.Cursor:
            ran.append((sql, values))
            return connection.execute(sql, values)

        store = SqlTransaction(execute)
        _customers(store)
        for number in range(1, 10_001):
            store.orders.add(order(number, at=1 + number % 2))
        ran.clear()
        facilities = (nth(FacilityId, 1),)
        visible = OfCustomer(organisation=ROOT, customer=nth(CustomerId, 1), facilities=facilities, unassigned=False)
        found, count = store.orders.visible(visible, ROOT, 50)

        assert ([one.id for one in found][:2], count) == ([nth(OrderId, 10_000), nth(OrderId, 9_998)], 5_000)
        assert [len(connection.execute(sql, values).fetchall()) for sql, values in ran] == [50, 1]
        for sql, values in ran:
            (plan, *_) = connection.execute(f"EXPLAIN QUERY PLAN {sql}", values).fetchall()
            assert "USING INDEX orders_" in plan[-1]


# What counts once


def test_an_identity_passes_once_in_24_hours(store: SqlTransaction) -> None:
    """To the microsecond: a moment before 24 hours it is held, at 24 hours it passes, and then the day begins anew."""
    tick = timedelta(microseconds=1)

    assert store.guards.pass_once("a", NOON)
    assert not store.guards.pass_once("a", NOON)
    assert store.guards.pass_once("b", NOON)
    assert not store.guards.pass_once("a", NOON + GUARD - tick)
    assert store.guards.pass_once("a", NOON + GUARD)
    assert not store.guards.pass_once("a", NOON + 2 * GUARD - tick)


def test_a_held_try_does_not_begin_the_day_anew(store: SqlTransaction) -> None:
    """24 hours count from what was sent, not from what was held."""
    store.guards.pass_once("a", NOON)
    store.guards.pass_once("a", NOON + 23 * HOUR)

    assert store.guards.pass_once("a", NOON + GUARD)


def test_what_is_forgotten_passes_again(store: SqlTransaction) -> None:
    """As for a text that never left."""
    store.guards.pass_once("a", NOON)
    store.guards.forget("a")

    assert store.guards.pass_once("a", NOON)


def test_eight_processes_pass_the_guard_once(tmp_path: Path) -> None:
    """Each of ten identities passes in exactly one of eight processes that try all of them at the same time."""
    path = str(tmp_path / "salon.db")
    children.migrate(path)
    identities = [f"text {number}" for number in range(10)]

    passed = race(children.pass_guard, path, identities, NOON)

    assert [sum(tries) for tries in zip(*passed, strict=True)] == [1] * 10


def test_an_event_is_new_once_for_each_source(store: SqlTransaction) -> None:
    """What comes twice is done once; two vendors may use the same id."""
    assert store.inbox.first_time("46elks", "s1:delivered", NOON)
    assert not store.inbox.first_time("46elks", "s1:delivered", NOON + GUARD)
    assert store.inbox.first_time("zoom", "s1:delivered", NOON)


def test_kept_facts_are_given_out_once_oldest_first(store: SqlTransaction) -> None:
    """Only those about what is asked for, and then they are kept no more."""
    store.inbox.keep("46elks", "s1", "later", NOON + HOUR)
    store.inbox.keep("46elks", "s1", "first", NOON)
    store.inbox.keep("46elks", "s2", "another", NOON)

    assert store.inbox.kept("46elks", "s1") == ("first", "later")
    assert store.inbox.kept("46elks", "s1") == ()
    assert store.inbox.kept("zoom", "s2") == ()
    assert store.inbox.kept("46elks", "s2") == ("another",)


def test_each_user_takes_a_number_of_its_own_until_none_is_left(store: SqlTransaction) -> None:
    """The lowest free one; numbers provided twice are there once."""
    store.groups.add(group())
    for number in (1, 2, 3):
        store.users.add(user(number))

    assert store.numbers.provide(["+46766861002", "+46766861001"]) == 2
    assert store.numbers.provide(["+46766861001"]) == 0
    assert [store.numbers.take(nth(UserId, number)) for number in (1, 2, 3)] == ["+46766861001", "+46766861002", None]


def test_ids_read_from_the_database_are_typed(store: SqlTransaction) -> None:
    """So that a principal can be made of what was loaded."""
    furnish(store)
    store.bookings.add(booking())
    (found,) = store.bookings.where(id=nth(BookingId, 1))

    assert type(found.id) is BookingId
    assert type(found.provider) is ProviderId
