"""Commits that many threads share: all together where that goes well, each alone where one of them spoils it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from servicekit.adapters.storage import storage_of
from servicekit.errors import Invalid, StorageBusy
from servicekit.moments import Instant
from servicekit.ports.store import Storage, Transaction
from servicekit.runtime.sharing import SharedCommits

NOON = Instant.parse("2026-11-25T12:00:00Z")
WAIT = 60.0


def write(event: str) -> Callable[[Transaction], str]:
    """A piece of work that leaves a row, and says its name."""

    def body(store: Transaction) -> str:
        return event if store.inbox.first_time("test", event, NOON) else f"{event} again"

    return body


def refused(store: Transaction) -> str:
    """A piece of work that always fails, after it has written."""
    write("refused")(store)
    raise Invalid("No.", code="no")


class Crowd:
    """Threads that wait for their turn, so that all of their work is carried out at once."""

    def __init__(self, shared: SharedCommits, threads: ThreadPoolExecutor) -> None:
        self._shared, self._threads = shared, threads

    def add(self, body: Callable[[Transaction], str]) -> Future[str]:
        """One more; it waits when this returns."""
        before = len(self._shared._waiting)
        future = self._threads.submit(self._shared.transact, body)
        pause = threading.Event()
        while len(self._shared._waiting) == before:
            pause.wait(0.001)
        return future


@contextmanager
def crowd(storage: Storage) -> Iterator[Crowd]:
    """A crowd over a storage, which begins when this ends."""
    shared = SharedCommits(storage)
    with ThreadPoolExecutor(8) as pool, shared._turn:
        yield Crowd(shared, pool)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database is."""
    return tmp_path / "salon.db"


@pytest.fixture
def storage(path: Path) -> Iterator[Storage]:
    """A database with one writer at a time."""
    with closing(storage_of(f"sqlite:////{path}?synchronous=normal")) as made:
        made.migrate()
        yield made


def stored(path: Path) -> list[str]:
    """What is committed, as any other program sees it."""
    with closing(sqlite3.connect(path)) as connection:
        return [event for (event,) in connection.execute("SELECT event FROM inbox ORDER BY event")]


def test_one_alone_has_its_result(storage: Storage, path: Path) -> None:
    """Committed when it returns."""
    assert SharedCommits(storage).transact(write("a")) == "a"
    assert stored(path) == ["a"]


def test_one_alone_has_its_error(storage: Storage, path: Path) -> None:
    """It is run once, and nothing of it is stored."""
    runs: list[Transaction] = []

    def body(store: Transaction) -> str:
        runs.append(store)
        return refused(store)

    with pytest.raises(Invalid, match="No"):
        SharedCommits(storage).transact(body)
    assert len(runs) == 1
    assert stored(path) == []


def test_those_who_wait_share_a_transaction(storage: Storage, path: Path) -> None:
    """In the order in which they came; each has its own result."""
    seen: list[tuple[str, Transaction]] = []

    def noted(event: str) -> Callable[[Transaction], str]:
        def body(store: Transaction) -> str:
            seen.append((event, store))
            return write(event)(store)

        return body

    with crowd(storage) as it:
        futures = [it.add(noted(event)) for event in ("a", "b", "a", "c")]
    assert [future.result(WAIT) for future in futures] == ["a", "b", "a again", "c"]
    assert [event for event, _ in seen] == ["a", "b", "a", "c"]
    assert all(store is seen[0][1] for _, store in seen)
    assert stored(path) == ["a", "b", "c"]


def test_nobody_is_answered_before_the_commit(storage: Storage, path: Path) -> None:
    """While the last of them still runs, the first has no answer, and nobody else sees its row."""
    at_last, go_on = threading.Event(), threading.Event()

    def last(_: Transaction) -> str:
        at_last.set()
        assert go_on.wait(WAIT)
        return "last"

    shared = SharedCommits(storage)
    with ThreadPoolExecutor(2) as threads:
        with shared._turn:
            first, second = (Crowd(shared, threads).add(body) for body in (write("a"), last))
        assert at_last.wait(WAIT)
        assert not first.done()
        assert stored(path) == []
        go_on.set()
        assert (first.result(WAIT), second.result(WAIT)) == ("a", "last")
    assert stored(path) == ["a"]


def test_who_spoils_it_takes_nobody_along(storage: Storage, path: Path) -> None:
    """All but the bad ones are stored, each once; a bad one has its own error and leaves nothing."""
    with crowd(storage) as it:
        futures = [it.add(body) for body in (write("a"), refused, write("b"), refused)]
    assert [futures[0].result(WAIT), futures[2].result(WAIT)] == ["a", "b"]
    errors = [futures[1].exception(WAIT), futures[3].exception(WAIT)]
    assert all(isinstance(error, Invalid) for error in errors)
    assert errors[0] is not errors[1]
    assert stored(path) == ["a", "b"]


def test_ctrl_c_ends_only_whom_it_meets(storage: Storage, path: Path) -> None:
    """It meets the thread that carries out everybody's work: it ends, the others carry out their own."""
    interrupted: list[str] = []

    def interrupt(_: Transaction) -> str:
        if not interrupted:
            interrupted.append("once")
            raise KeyboardInterrupt
        return "later"

    with crowd(storage) as it:
        futures = [it.add(body) for body in (write("a"), interrupt, write("b"))]
    ends = [future.exception(WAIT) or future.result() for future in futures]
    met = [place for place, end in enumerate(ends) if isinstance(end, KeyboardInterrupt)]
    assert len(met) == 1
    assert [end for end in ends if isinstance(end, str)] == [
        name for place, name in enumerate(("a", "later", "b")) if place not in met
    ]
    assert stored(path) == sorted(end for end in ends if end in {"a", "b"})


def test_more_than_go_into_one_transaction(storage: Storage, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound on one transaction leaves nobody behind."""
    monkeypatch.setattr("servicekit.runtime.sharing._MOST", 2)
    stores: list[Transaction] = []

    def counted(event: str) -> Callable[[Transaction], str]:
        def body(store: Transaction) -> str:
            stores.append(store)
            return write(event)(store)

        return body

    with crowd(storage) as it:
        futures = [it.add(counted(event)) for event in "abcde"]
    assert [future.result(WAIT) for future in futures] == list("abcde")
    assert len(stores) == 5
    assert len({id(store) for store in stores}) == 3
    assert stored(path) == list("abcde")


def test_who_comes_alone_is_not_kept_waiting(storage: Storage) -> None:
    """However often: each commit before had only one."""
    pauses: list[float] = []
    shared = SharedCommits(storage, pauses.append)
    assert [shared.transact(write(event)) for event in "abc"] == ["a", "b", "c"]
    assert pauses == []


def test_after_several_the_next_waits_while_more_come(storage: Storage, path: Path) -> None:
    """Those who come in the moments after the first share its transaction; the first moment in which nobody came is the last."""
    stores: dict[str, Transaction] = {}

    def kept(event: str) -> Callable[[Transaction], str]:
        def body(store: Transaction) -> str:
            stores[event] = store
            return write(event)(store)

        return body

    late, moments = list("de"), 0
    with ThreadPoolExecutor(8) as threads:

        def pause(_: float) -> None:
            nonlocal moments
            moments += 1
            if late:
                futures.append(crowd.add(kept(late.pop(0))))

        shared = SharedCommits(storage, pause)
        crowd = Crowd(shared, threads)
        with shared._turn:
            futures = [crowd.add(kept(event)) for event in "ab"]
        assert [future.result(WAIT) for future in futures] == ["a", "b"]
        assert moments == 0
        assert shared.transact(kept("c")) == "c"
        assert [future.result(WAIT) for future in futures] == ["a", "b", "d", "e"]
    assert moments == 3
    assert stores["c"] is stores["d"] is stores["e"] is not stores["a"]
    assert stored(path) == list("abcde")


def test_more_and_more_do_not_keep_the_first_for_ever(storage: Storage) -> None:
    """It waits eight moments, although one comes in each."""
    moments: list[float] = []
    with ThreadPoolExecutor(16) as threads:

        def pause(seconds: float) -> None:
            moments.append(seconds)
            futures.append(crowd.add(write(f"late {len(moments)}")))

        shared = SharedCommits(storage, pause)
        crowd = Crowd(shared, threads)
        with shared._turn:
            futures = [crowd.add(write(event)) for event in "ab"]
        assert [future.result(WAIT) for future in futures] == ["a", "b"]
        assert shared.transact(write("first")) == "first"
        assert len(moments) == 8
        assert sum(moments) < 0.01
        assert [future.result(WAIT) for future in futures[2:]] == [f"late {number}" for number in range(1, 9)]


def test_a_busy_database_is_everybodys_error(path: Path) -> None:
    """Each is told so, as it would be alone; whoever comes afterwards is served."""
    hasty = storage_of(f"sqlite:////{path}?synchronous=normal&patience=0")
    with closing(hasty) as storage, closing(sqlite3.connect(path, isolation_level=None)) as other:
        storage.migrate()
        other.execute("BEGIN IMMEDIATE")
        with crowd(storage) as it:
            futures = [it.add(write(event)) for event in "ab"]
        assert all(isinstance(future.exception(WAIT), StorageBusy) for future in futures)
        other.execute("ROLLBACK")
        assert SharedCommits(storage).transact(write("a")) == "a"
    assert stored(path) == ["a"]


def test_where_many_may_write_each_has_its_own(postgres_database: str) -> None:
    """On PostgreSQL nobody waits for another's transaction."""
    inside, go_on = threading.Barrier(2), threading.Event()

    def body(store: Transaction) -> int:
        inside.wait(WAIT)  # both are in their transactions at the same time
        go_on.set()
        return id(store)

    with closing(storage_of(postgres_database)) as storage, ThreadPoolExecutor(2) as threads:
        shared = SharedCommits(storage)
        one, other = threads.submit(shared.transact, body), threads.submit(shared.transact, body)
        assert one.result(WAIT)
        assert other.result(WAIT)
        assert go_on.is_set()
