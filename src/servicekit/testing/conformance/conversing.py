"""Threads and their pages, and what the inbox keeps. Part of ``StorageConformance``."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.ids import GroupId, UserId
from servicekit.messages import Message, Thread, ThreadMark
from servicekit.ports.store import Storage, Transaction, transact
from servicekit.testing.conformance.tables import OVER_AND_OVER, Undone
from servicekit.testing.conformance.things import HOUR, MINUTE, NOON, at_once, group, message, nth, user

__all__ = ["Conversing"]

ANNA, BO = nth(UserId, 1), nth(UserId, 2)
NUMBERS = tuple(f"+4670174060{digit}" for digit in range(5))
_SENT = st.lists(
    st.tuples(st.sampled_from([ANNA, BO]), st.sampled_from(NUMBERS), st.integers(0, 4), st.sampled_from([1, 2])),
    max_size=20,
)


def _peopled(store: Transaction) -> None:
    store.groups.add(group())
    store.groups.add(group(2, parent=1))
    for number in (1, 2):
        store.users.add(user(number))


class Conversing:
    """What threads promise."""

    def test_a_thread_is_made_with_its_first_message_and_only_moves_forward(self, store: Transaction) -> None:
        """One for each user and number; its name stays."""
        _peopled(store)
        assert store.threads.of(ANNA, NUMBERS[0]) is None
        assert store.threads.rename(ANNA, NUMBERS[0], "Eva") is None

        store.threads.touch(ANNA, NUMBERS[0], NOON)
        store.threads.touch(BO, NUMBERS[0], NOON)
        named = Thread(user=ANNA, number=NUMBERS[0], name="Eva", last_at=NOON)
        assert store.threads.rename(ANNA, NUMBERS[0], "Eva") == named
        store.threads.touch(ANNA, NUMBERS[0], NOON + HOUR)
        store.threads.touch(ANNA, NUMBERS[0], NOON)

        assert store.threads.of(ANNA, NUMBERS[0]) == Thread(
            user=ANNA, number=NUMBERS[0], name="Eva", last_at=NOON + HOUR
        )
        assert store.threads.of(BO, NUMBERS[0]) == Thread(user=BO, number=NUMBERS[0], last_at=NOON)

    def test_a_thread_that_two_make_at_once_is_one(self, storage: Storage) -> None:
        """Eight first messages to one number at the same moment."""
        transact(storage, _peopled)
        at_once(8, lambda n: transact(storage, lambda store: store.threads.touch(ANNA, NUMBERS[0], NOON + n * MINUTE)))
        with storage.read() as store:
            assert store.threads.listed(ANNA, None, None, 9) == (
                Thread(user=ANNA, number=NUMBERS[0], last_at=NOON + 7 * MINUTE),
            )

    @OVER_AND_OVER
    @given(sent=_SENT, most=st.integers(1, 4), narrowed=st.booleans())
    def test_pages_together_are_what_a_look_at_every_message_finds(
        self, storage: Storage, sent: list[tuple[UserId, str, int, int]], most: int, *, narrowed: bool
    ) -> None:
        """All of one user's threads, the latest first, and all messages of each, each once; in the groups asked for."""
        rows = [
            message(number, user=who, number=to, made_at=NOON + minutes * MINUTE, group=nth(GroupId, of))
            for number, (who, to, minutes, of) in enumerate(sent, 1)
        ]
        groups = (nth(GroupId, 2),) if narrowed else None
        seen = [row for row in rows if row.user == ANNA and (not narrowed or row.group in (groups or ()))]
        last = {
            to: max(row.made_at for row in rows if (row.user, row.number) == (ANNA, to))
            for to in {row.number for row in seen}
        }

        def look() -> None:
            with storage.write() as store:
                _peopled(store)
                for row in rows:
                    store.messages.add(row)
                    assert row.user is not None
                    store.threads.touch(row.user, row.number, row.made_at)
                found, mark = list[Thread](), None
                while page := store.threads.listed(ANNA, groups, mark, most):
                    found += page
                    mark = ThreadMark(page[-1].last_at, page[-1].number)
                assert [(one.last_at, one.number) for one in found] == sorted(
                    ((at, to) for to, at in last.items()), reverse=True
                )
                for to in NUMBERS:
                    read, before = list[Message](), None
                    while page_ := store.threads.messages(ANNA, to, groups, before, most):
                        read += page_
                        before = page_[-1]
                    mine = [row for row in seen if row.number == to]
                    assert read == sorted(mine, key=lambda row: (row.made_at, row.id), reverse=True)
                raise Undone

        with pytest.raises(Undone):
            look()

    def test_what_is_kept_of_a_source_is_listed_oldest_first_and_stays(self, store: Transaction) -> None:
        """From an instant on, and no more than asked."""
        store.inbox.keep("strays", "to 2", "second", NOON + HOUR)
        store.inbox.keep("strays", "to 1", "first", NOON)
        store.inbox.keep("46elks", "s1", "another", NOON)

        assert store.inbox.listed("strays", None, 5) == ((NOON, "first"), (NOON + HOUR, "second"))
        assert store.inbox.listed("strays", NOON + HOUR, 5) == ((NOON + HOUR, "second"),)
        assert store.inbox.listed("strays", None, 1) == ((NOON, "first"),)
        assert store.inbox.kept("strays", "to 1") == ("first",)
