"""The log: its pages, in every order, held against a sorted list; the values to narrow by; all of it in a stream.

Part of ``StorageConformance``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from attrs import evolve, frozen
from hypothesis import given
from hypothesis import strategies as st

from servicekit.ids import GroupId, UserId
from servicekit.messages import (
    MOST_CHOICES,
    Direction,
    LogColumn,
    LogGroup,
    LogRow,
    Message,
    SearchLog,
    Status,
    cursor_after,
)
from servicekit.ports.store import Storage, Transaction, transact
from servicekit.testing.conformance.tables import OVER_AND_OVER, Undone
from servicekit.testing.conformance.things import MINUTE, NOON, ROOT, group, message, nth, user

__all__ = ["Log"]

ANNA, BO = nth(UserId, 1), nth(UserId, 2)
GROUPS = tuple(nth(GroupId, number) for number in (1, 2, 3))
NAMES = ("Stylists", "stylists", "Åsa", "Zoë", "")
NUMBERS = ("+46701740605", "+46701740606", "Bank", "bank")
_ROWS: st.SearchStrategy[list[dict[str, Any]]] = st.lists(
    st.builds(
        dict,
        group=st.sampled_from(GROUPS),
        group_name=st.sampled_from(NAMES),
        user=st.sampled_from([ANNA, BO, None]),
        number=st.sampled_from(NUMBERS),
        direction=st.sampled_from(Direction),
        status=st.sampled_from([Status.SENT, Status.DELIVERED, Status.GROUP, Status.ALREADY_SENT]),
        struck=st.sampled_from(["", "Stylists", "A:b"]),
        segments=st.integers(0, 3),
        made_at=st.integers(0, 3).map(lambda minutes: NOON + minutes * MINUTE),
    ),
    max_size=14,
)
_QUERIES = st.builds(
    SearchLog,
    group=st.just(ROOT),
    since=st.none() | st.just(NOON + MINUTE),
    until=st.none() | st.just(NOON + 3 * MINUTE),
    user=st.none() | st.sampled_from([ANNA, BO]),
    email=st.none() | st.sampled_from(["user1@salon.example", "USER2@salon.example", "nobody@salon.example"]),
    number=st.none() | st.sampled_from(NUMBERS),
    direction=st.none() | st.sampled_from(Direction),
    status=st.none() | st.sampled_from(["SENT", "Group", "Group:Stylists", "Group:A:b", "Group:"]),
    order=st.sampled_from(LogColumn),
    descending=st.booleans(),
    most=st.integers(1, 5),
)


@frozen
class _Asked:
    """A query among groups, and the rows that it is about."""

    query: SearchLog
    groups: Sequence[GroupId]

    def expected(self, rows: Sequence[Message]) -> list[LogRow]:
        """The plain way: look at each, then sort."""
        found = [row for row in map(_shown, rows) if row.message.group in self.groups and _fits(self.query, row)]
        return sorted(
            found, key=lambda row: (_value(self.query.order, row), row.message.id), reverse=self.query.descending
        )


def _shown(one: Message) -> LogRow:
    emails = {ANNA: "user1@salon.example", BO: "user2@salon.example", None: ""}
    return LogRow(one, emails[one.user])


def _value(column: LogColumn, row: LogRow) -> Any:
    if column is LogColumn.EMAIL:
        return row.email
    names = {LogColumn.GROUP: "group_name", LogColumn.STATUS: "shown"}
    return getattr(row.message, names.get(column, column.value))


def _fits(query: SearchLog, row: LogRow) -> bool:
    one = row.message
    status, _, struck = (query.status or "").partition(":")
    return all(
        (
            query.since is None or one.made_at >= query.since,
            query.until is None or one.made_at < query.until,
            query.user is None or one.user == query.user,
            query.email is None or (row.email != "" and row.email == query.email.lower()),
            query.number is None or one.number == query.number,
            query.direction is None or one.direction is query.direction,
            query.status is None or one.status.value == status,
            ":" not in (query.status or "") or one.struck == struck,
        )
    )


def _messages(made: Sequence[dict[str, Any]]) -> list[Message]:
    return [message(number, **more) for number, more in enumerate(made, 1)]


def _peopled(store: Transaction) -> None:
    store.groups.add(group())
    for number in (2, 3):
        store.groups.add(group(number, parent=1))
    for number in (1, 2):
        store.users.add(user(number))


def _paged(store: Transaction, asked: _Asked) -> list[LogRow]:
    """Page after page, each from behind the last row of the one before."""
    query, rows = asked.query, list[LogRow]()
    while page := store.messages.search(query, asked.groups):
        assert len(page) <= query.most
        rows += page
        query = evolve(query, after=cursor_after(query, page[-1]))
    return rows


class Log:
    """What the log promises."""

    @OVER_AND_OVER
    @given(made=_ROWS, query=_QUERIES, groups=st.lists(st.sampled_from(GROUPS), min_size=1, unique=True))
    def test_its_pages_are_a_sorted_list_cut_into_pieces(
        self, storage: Storage, made: list[dict[str, Any]], query: SearchLog, groups: list[GroupId]
    ) -> None:
        """However it is narrowed and sorted: the pages one after another are the list, and so are count and stream."""
        asked = _Asked(query, groups)
        rows = _messages(made)
        expected = asked.expected(rows)

        def look() -> None:
            with storage.write() as store:
                _peopled(store)
                for one in rows:
                    store.messages.add(one)
                assert _paged(store, asked) == expected
                assert store.messages.count(query, groups) == len(expected)
                lines = [line for chunk in store.messages.lines(query, groups) for line in chunk]
                assert [tuple(line) for line in lines] == [_line(row) for row in expected]
                _held_against(store, asked, expected)
                raise Undone

        with pytest.raises(Undone):
            look()

    def test_without_groups_it_is_of_all_below_the_one_that_is_asked_about(self, storage: Storage) -> None:
        """Page, count, stream and values alike; whichever order, narrowed or not."""
        places = (1, 2, 3, 4)

        def write(store: Transaction) -> None:
            _peopled(store)
            store.groups.add(group(4, parent=2))
            for number in places:
                store.messages.add(message(number, group=nth(GroupId, number), user=nth(UserId, 1)))

        transact(storage, write)
        with storage.read() as store:
            for top, below in ((1, [1, 2, 3, 4]), (2, [2, 4]), (4, [4])):
                for order in LogColumn:
                    for user in (None, nth(UserId, 1)):
                        query = SearchLog(group=nth(GroupId, top), user=user, order=order, descending=False)
                        expected = [nth(GroupId, number) for number in below]
                        assert [row.message.group for row in store.messages.search(query)] == expected
                        assert store.messages.count(query) == len(below)
                        assert len([line for chunk in store.messages.lines(query) for line in chunk]) == len(below)
                        assert len(store.messages.choices(query).statuses) == 1

    def test_a_list_of_values_is_cut_off_and_says_so(self, storage: Storage) -> None:
        """The first in order are given, and the column is named."""
        numbers = [f"+4670{number:07d}" for number in range(MOST_CHOICES + 1)]

        def write(store: Transaction) -> None:
            _peopled(store)
            for place, number in enumerate(numbers):
                store.messages.add(message(place, number=number))

        transact(storage, write)
        with storage.read() as store:
            choices = store.messages.choices(SearchLog(group=ROOT), GROUPS)
            assert choices.numbers == tuple(numbers[:-1])
            assert choices.cut_off == (LogColumn.NUMBER,)

    def test_a_long_log_is_streamed_in_chunks(self, storage: Storage) -> None:
        """Every row once, in order, although they are not read at once; and again in the same transaction."""

        def write(store: Transaction) -> None:
            _peopled(store)
            for number in range(1, 4502):
                store.messages.add(message(number))

        transact(storage, write)
        with storage.read() as store:
            for _ in range(2):
                chunks = list(store.messages.lines(SearchLog(group=ROOT, descending=False), GROUPS))
                assert [line[-1] for chunk in chunks for line in chunk] == [f"Text {n}" for n in range(1, 4502)]
                assert len(chunks) > 1


def _line(row: LogRow) -> tuple[object, ...]:
    one = row.message
    made_at = one.made_at.us
    return made_at, one.group_name, row.email, one.number, one.direction, one.shown, one.segments, one.text


def _held_against(store: Transaction, asked: _Asked, expected: list[LogRow]) -> None:
    choices = store.messages.choices(asked.query, asked.groups)
    messages = [row.message for row in expected]
    assert [(one.name, one.id) for one in choices.groups] == sorted({(one.group_name, one.group) for one in messages})
    assert all(type(one) is LogGroup and type(one.id) is GroupId for one in choices.groups)
    assert list(choices.emails) == sorted({row.email for row in expected} - {""})
    assert list(choices.numbers) == sorted({one.number for one in messages})
    assert list(choices.directions) == sorted({one.direction for one in messages})
    assert list(choices.statuses) == sorted({one.shown for one in messages})
    assert choices.cut_off == ()
