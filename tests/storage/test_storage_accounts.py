"""Sessions, kept answers and paces in real databases of both kinds; also with many who spend at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest

from samples import group
from samples import user as anybody
from servicekit.accounts import SESSION_BYTES, ApiKey, KeptAnswer, Pace, Password, SessionEnd, session_for
from servicekit.adapters.storage import storage_of
from servicekit.errors import StorageError
from servicekit.ids import ApiKeyId, SessionId, UserId
from servicekit.moments import Instant
from servicekit.ports.store import Storage, transact

NOW = Instant.parse("2026-11-25T12:00:00Z")
MINUTE = timedelta(minutes=1)
PACE = Pace(burst=3, pause=MINUTE)


@pytest.fixture
def storage(database_url: str) -> Iterator[Storage]:
    """A migrated database of either kind."""
    with closing(storage_of(database_url)) as made:
        yield made


def test_a_pace_in_the_database_is_the_pace_of_the_rules(storage: Storage) -> None:
    """The statement decides as :meth:`Pace.spent` does, at every step."""
    until: Instant | None = None
    at = NOW
    for gap in (0, 0, 0, 0, 30, 29, 1, 600, 0, 0, 0, 60):
        at += timedelta(seconds=gap)
        after = PACE.spent(until, at)
        with storage.write() as store:
            assert store.paces.spend("a", PACE, at) == (after is not None)
            until = after or until
            assert store.paces.until("a") == until


def test_what_is_given_back_or_forgotten_may_be_spent_again(storage: Storage) -> None:
    """Each subject for itself."""
    with storage.write() as store:
        for subject in ("a", "b"):
            assert [store.paces.spend(subject, PACE, NOW) for _ in range(4)] == [True, True, True, False]
        store.paces.give_back("a", PACE)
        assert [store.paces.spend("a", PACE, NOW) for _ in range(2)] == [True, False]
        store.paces.forget("a")
        assert store.paces.until("a") is None
        assert not store.paces.spend("b", PACE, NOW)


def test_sweeping_takes_only_what_says_nothing_any_more(storage: Storage) -> None:
    """What is spent still counts."""
    with storage.write() as store:
        store.paces.spend("old", PACE, NOW - MINUTE)
        store.paces.spend("new", PACE, NOW)
        store.paces.sweep(NOW)
        assert (store.paces.until("old"), store.paces.until("new")) == (None, NOW + MINUTE)


def test_many_who_spend_at_once_spend_no_more_than_there_is(storage: Storage) -> None:
    """Two subjects each, in one order, given back where the second has none left: the second's burst passes, no more."""
    passed: list[bool] = []
    wide = Pace(burst=100, pause=MINUTE)

    def spend(number: int) -> None:
        def body(store: object) -> bool:
            paces = store.paces  # type: ignore[attr-defined]
            own = f"own {number % 4}"
            if not paces.spend(own, wide, NOW):
                return False
            if paces.spend("shared", PACE, NOW):
                return True
            paces.give_back(own, wide)
            paces.sweep(NOW)
            return False

        passed.append(transact(storage, body))

    threads = [threading.Thread(target=spend, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(passed) == [False] * 9 + [True] * 3
    with storage.read() as store:
        spent = [store.paces.until(f"own {number}") or NOW for number in range(4)]
        assert sum((until - NOW) // MINUTE for until in spent) == 3


def test_a_session_is_what_it_was(storage: Storage) -> None:
    """Found by its selector; long over ones of one person are forgotten, nobody else's."""
    made = [
        session_for(SessionId(f"ses_{number}"), user, bytes([number]) * SESSION_BYTES, at, keep=False, label="Lynx")[0]
        for number, (user, at) in enumerate((("usr_1", NOW), ("usr_1", NOW - timedelta(days=9)), ("cuu_1", NOW)))
    ]
    with storage.write() as store:
        for session in made:
            store.sessions.add(session)
    with storage.write() as store:
        assert store.sessions.where(selector=made[0].selector) == (made[0],)
        store.sessions.forget("usr_1", NOW)
        assert store.sessions.where(end=SessionEnd.NOT_YET) == (made[0], made[2])
    with pytest.raises(StorageError), storage.write() as store:
        store.sessions.add(made[0])


def test_passwords_are_kept_by_user(storage: Storage) -> None:
    """And saved over."""
    first, second = (Password(user="usr_1", hash=made, set_at=NOW) for made in ("one", "two"))
    with storage.write() as store:
        store.passwords.add(first)
        store.passwords.save(second)
        assert (store.passwords.get("usr_1"), store.passwords.find("usr_2")) == (second, None)


def test_answers_are_kept_by_caller_and_request(storage: Storage) -> None:
    """And forgotten by age, one caller's alone."""
    answers = [
        KeptAnswer(caller=caller, request=request, fingerprint="f", answer="{}", made_at=at)
        for caller, request, at in (("a", "1", NOW), ("a", "2", NOW + MINUTE), ("b", "1", NOW))
    ]
    with storage.write() as store:
        for answer in answers:
            store.api_answers.add(answer)
        store.api_answers.forget("a", NOW)
        assert store.api_answers.where() == (answers[1], answers[2])


def test_a_key_is_found_by_either_digest(storage: Storage) -> None:
    """The present one is one key's alone."""
    with storage.write() as store:
        store.groups.add(group(1, zone="UTC"))
        store.users.add(user := anybody(1))
        key = ApiKey(
            id=ApiKeyId("apk_1"),
            organisation=user.organisation,
            group=user.group,
            user=UserId(user.id),
            name="Till",
            digest="new",
            old_digest="old",
            old_until=NOW,
            made_at=NOW,
            made_by=user.id,
        )
        store.api_keys.add(key)
        assert store.api_keys.where(digest="new") == store.api_keys.where(old_digest="old") == (key,)
