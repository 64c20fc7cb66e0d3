"""Targets of pushes and their events, as rows of both databases, held against an obvious model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from samples import NOON, group
from servicekit.adapters.storage import storage_of
from servicekit.errors import NotFound
from servicekit.ids import GroupId, MessageId, PushId
from servicekit.ports.store import Storage, transact
from servicekit.push import LANES, PushEvent, PushForm, PushTarget

MINUTE = timedelta(minutes=1)
TARGETS = [GroupId("grp_1"), GroupId("grp_2")]


@pytest.fixture
def storage(database_url: str) -> Iterator[Storage]:
    """A database of either kind."""
    with closing(storage_of(database_url)) as opened:
        yield opened


def event(number: int, target: int, message: int, minutes: int, held: int) -> PushEvent:
    """One, in its place: messages stay in their lanes."""
    return PushEvent(
        id=PushId(f"psh_{number:03}"),
        organisation=TARGETS[0],
        target=TARGETS[target],
        lane=message % LANES,
        message=MessageId(f"msg_{message}"),
        number=number,
        status="SENT",
        made_at=NOON,
        due_at=NOON + minutes * MINUTE,
        attempts=number,
        held=held == 0,
        trouble="",
    )


class Undone(Exception):
    """Leaves nothing behind."""


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 5), st.integers(-2, 2), st.integers(0, 4)), max_size=15))
def test_the_first_of_each_message_comes_first(storage: Storage, rows: list[tuple[int, int, int, int]]) -> None:
    """Due before others that are due; never one behind another of its message, nor one that is held."""
    events = [event(number, *row) for number, row in enumerate(rows)]
    with suppress(Undone), storage.write() as store:
        for one in events:
            store.push_events.add(one)
        for target in TARGETS:
            mine = [one for one in events if one.target == target]
            assert store.push_events.counted(target) == (len(mine), sum(one.held for one in mine))
            for lane in range(LANES):
                firsts: dict[MessageId, PushEvent] = {}
                for one in (one for one in mine if one.lane == lane):
                    firsts.setdefault(one.message, one)
                free = [one for one in firsts.values() if not one.held]
                due = sorted((one for one in free if one.due_at <= NOON), key=lambda one: (one.due_at.us, one.id))
                assert store.push_events.next_of(target, lane, NOON) == (due[0] if due else None)
                assert store.push_events.next_due(target, lane) == min((one.due_at for one in free), default=None)
        raise Undone


def test_events_are_forgotten_one_by_one_by_lane_or_all(storage: Storage) -> None:
    """A lane's but for those that are held; nobody else's."""
    rows = [(0, 0, 0, 1), (0, 0, 0, 0), (0, 1, 0, 1), (0, 4, 0, 1), (1, 0, 0, 1)]

    with storage.write() as store:
        for number, row in enumerate(rows):
            store.push_events.add(event(number, *row))
        store.push_events.remove("psh_003")
    with storage.write() as store:
        store.push_events.clear(TARGETS[0], 0)
        assert [one.id for one in store.push_events.where()] == ["psh_001", "psh_002", "psh_004"]
        store.push_events.clear(TARGETS[0])
    with storage.read() as store:
        assert [one.id for one in store.push_events.where()] == ["psh_004"]


def test_a_target_reads_back_and_is_forgotten_with_its_secret(storage: Storage) -> None:
    """With every field; another group's stays."""
    roots = [group(), evolve(group(), id=TARGETS[1], organisation=TARGETS[1])]
    whole = PushTarget(
        owner=roots[0].id,
        organisation=roots[0].id,
        url="https://example.com/",
        form=PushForm.JSON,
        secret="whsec_a",
        old_secret="whsec_b",
        old_until=NOON,
        failures=3,
        paused_until=NOON + MINUTE,
        trouble="away",
        told_at=NOON - MINUTE,
    )
    bare = PushTarget(owner=roots[1].id, organisation=roots[1].id, url="https://example.com/", secret="whsec_c")

    with storage.write() as store:
        for root, target in zip(roots, (whole, bare), strict=True):
            store.groups.add(root)
            store.push_targets.add(target)
    transact(storage, lambda store: store.push_targets.save(evolve(whole, failures=4)))
    with storage.read() as store:
        assert store.push_targets.get(whole.owner) == evolve(whole, failures=4)
        assert store.push_targets.where(organisation=bare.organisation) == (bare,)
    transact(storage, lambda store: store.push_targets.remove(whole.owner))
    with storage.write() as store:
        assert store.push_targets.where() == (bare,)
        with pytest.raises(NotFound):
            store.push_targets.hold(whole.owner)


def test_whether_anybody_of_an_organisation_is_told_is_looked_up_once(storage: Storage) -> None:
    """A target that is set later in the same transaction counts; so does one that was there before."""
    with storage.write() as store:
        roots = [GroupId("grp_8"), GroupId("grp_9")]
        store.groups.add(evolve(group(8), id=roots[0], organisation=roots[0]))
        said: list[bool] = [store.push_targets.wanted(root) for root in roots * 2]
        store.push_targets.add(
            PushTarget(
                owner=roots[0], organisation=roots[0], url="https://a.example", form=PushForm.JSON, secret="word"
            )
        )
        said += [store.push_targets.wanted(root) for root in roots]
    with storage.write() as store:
        said.append(store.push_targets.wanted(roots[0]))

    assert said == [False] * 4 + [True, False, True]
