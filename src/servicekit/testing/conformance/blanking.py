"""Words that go: run after run against a list of what is there. Part of ``StorageConformance``."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from servicekit.ids import GroupId, MailId, UserId
from servicekit.messages import ERASED, Direction, HandOver, Message
from servicekit.outbox.letters import Letter, LetterState
from servicekit.ports.store import Storage
from servicekit.testing.conformance.tables import OVER_AND_OVER, Undone
from servicekit.testing.conformance.things import MINUTE, NOON, ROOT, group, message, nth, user

__all__ = ["Blanking"]

GROUPS = (ROOT, nth(GroupId, 2))
NUMBERS = ("+46701740605", "+46701740606")
_WAITING = {HandOver.PLANNED, HandOver.ASKED}
_ROWS: st.SearchStrategy[list[dict[str, Any]]] = st.lists(
    st.builds(
        dict,
        group=st.sampled_from(GROUPS),
        number=st.sampled_from(NUMBERS),
        user=st.sampled_from([nth(UserId, 1), nth(UserId, 2), None]),
        direction=st.sampled_from(Direction),
        hand_over=st.sampled_from(HandOver),
        made_at=st.integers(0, 6).map(lambda minutes: NOON + minutes * MINUTE),
    ),
    max_size=10,
)
_RUNS = st.lists(st.tuples(st.sampled_from(GROUPS), st.integers(0, 7), st.integers(0, 4), st.booleans()), max_size=8)


class Blanking:
    """What is promised of words that are kept no longer."""

    @OVER_AND_OVER
    @given(made=_ROWS, runs=_RUNS)
    def test_old_words_go_oldest_first(
        self, storage: Storage, made: list[dict[str, Any]], runs: list[tuple[GroupId, int, int, bool]]
    ) -> None:
        """Of exactly the group, before the moment, at most so many; what waits keeps them until it has left; rows stay."""
        rows = {one.id: one for one in (message(number, **more) for number, more in enumerate(made, 1))}

        def look() -> None:
            with storage.write() as store:
                store.groups.add(group())
                store.groups.add(group(2, parent=1))
                for one in rows.values():
                    store.messages.add(one)
                for of, minutes, most, leaves in runs:
                    before = NOON + minutes * MINUTE
                    old = [one for one in rows.values() if one.group == of and one.made_at < before and one.text]
                    ready = sorted((one for one in old if one.hand_over not in _WAITING), key=lambda one: one.made_at)
                    assert store.blanking.texts(of, before, most) == min(most, len(ready))
                    for key, one in rows.items():  # which of those of one instant is left to the database
                        now = store.messages.get(key)
                        assert now in (one, evolve(one, text=""))
                        rows[key] = now
                    left = [one for one in old if rows[one.id].text and one.hand_over not in _WAITING]
                    gone = [one for one in old if not rows[one.id].text]
                    assert all(one.made_at <= other.made_at for one in gone for other in left)
                    if leaves:
                        for key, one in rows.items():
                            rows[key] = evolve(one, hand_over=HandOver.DONE)
                            store.messages.save(rows[key])
                raise Undone

        with pytest.raises(Undone):
            look()

    def test_copies_of_mails_go_too(self, storage: Storage) -> None:
        """But those that no server has taken yet."""
        letters = [
            Letter(
                id=nth(MailId, number),
                organisation=nth(GroupId, 1 + number // 4),
                message_id=f"<{number}>",
                envelope_from="",
                recipient="anna@salon.example",
                raw=b"Hej",
                state=LetterState.QUEUED if number == 2 else LetterState.SENT,
                made_at=NOON + number * MINUTE,
            )
            for number in range(1, 5)
        ]
        with storage.write() as store:
            for letter in letters:
                store.letters.add(letter)
            assert store.blanking.letters(ROOT, NOON + 3 * MINUTE, 9) == 1
            assert store.blanking.letters(ROOT, NOON + 9 * MINUTE, 9) == 1
            assert [letter.raw for letter in store.letters.where()] == [b"", b"Hej", b"", b"Hej"]

    @OVER_AND_OVER
    @given(made=_ROWS)
    def test_a_number_is_taken_out(self, storage: Storage, made: list[dict[str, Any]]) -> None:
        """Of every message that waits no more, as the other side or the sender, with its words; and of threads at last."""
        rows = [message(number, **{"sender": more["number"], **more}) for number, more in enumerate(made, 1)]

        def without(one: Message) -> Message:
            if one.number != NUMBERS[0] or one.hand_over in _WAITING:
                return one
            sender = ERASED if one.direction is Direction.IN else one.sender
            return evolve(one, number=ERASED, sender=sender, text="")

        def look() -> None:
            with storage.write() as store:
                store.groups.add(group())
                store.groups.add(group(2, parent=1))
                for number in (1, 2):
                    store.users.add(user(number))
                for one in rows:
                    store.messages.add(one)
                    if one.user is not None:
                        store.threads.touch(one.user, one.number, one.made_at)
                expected = [without(one) for one in rows]
                waiting = sum(one.number == NUMBERS[0] for one in expected)
                changed = sum(one.number == ERASED for one in expected)
                assert store.blanking.number(ROOT, NUMBERS[0]) == (changed, waiting)
                assert store.messages.where() == tuple(expected)
                for one in rows:
                    if one.user is not None:
                        stays = one.number != NUMBERS[0] or waiting
                        assert (store.threads.of(one.user, one.number) is not None) == bool(stays)
                assert store.blanking.number(nth(GroupId, 9), NUMBERS[1]) == (0, 0)
                raise Undone

        with pytest.raises(Undone):
            look()
