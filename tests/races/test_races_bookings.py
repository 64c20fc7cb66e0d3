"""Many processes want the last slot and the last seat at the same moment, on both databases: exactly one wins each.

The short profile runs with all other tests. ``nox -s races`` sets ``SERVICEKIT_RACES=long``: 16 processes, 1,000 rounds.
"""

from __future__ import annotations

import os
from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest

import bookers
import processes
from servicekit import Instant, Kit, Principal
from servicekit.adapters.storage import storage_of
from servicekit.bookings import (
    AddBranch,
    AddClient,
    AddProvider,
    AddService,
    BookingRules,
    BookSeat,
    ListClasses,
    ProviderKind,
    ScheduleClass,
)
from servicekit.groups import FoundOrganisation
from servicekit.ids import ProviderId, ServiceId

LONG = os.environ.get("SERVICEKIT_RACES") == "long"
PROCESSES, ROUNDS = (16, 1000) if LONG else (6, 20)
NOON = Instant.parse("2026-11-25T12:00:00Z")
HALF = timedelta(minutes=30)


def planted(url: str) -> bookers.Contest:
    """A service that needs one of two rooms, and a class in each round whose last seat is left."""
    with Kit.open(url) as kit:
        founded = kit.perform(
            FoundOrganisation(name="Salon", zone="UTC", admin="anna@salon.example"),
            by=Principal.operator("races"),
            at=NOON,
        )
        anna, root = Principal.of(founded.admin.id), founded.root.id

        def provider(name: str, kind: ProviderKind = ProviderKind.PERSON) -> ProviderId:
            return kit.perform(AddProvider(organisation=root, name=name, kind=kind), by=anna, at=NOON).id

        rooms = provider("Room 1", ProviderKind.ROOM), provider("Room 2", ProviderKind.ROOM)
        branch = kit.perform(AddBranch(organisation=root, name="Zentrum", zone="UTC"), by=anna, at=NOON)

        def service(name: str, rules: BookingRules) -> ServiceId:
            asked = AddService(branch=branch.id, name=name, length=HALF, rules=rules)
            return kit.perform(asked, by=anna, at=NOON).id

        yoga, teacher = service("Yoga", BookingRules(seats=2)), provider("Bea")
        clients = [
            kit.perform(AddClient(organisation=root, name=f"C{n}", email=f"c{n}@home.example"), by=anna, at=NOON).id
            for n in range(PROCESSES + 1)
        ]
        slots = tuple(NOON + timedelta(days=1) + number * HALF for number in range(ROUNDS))
        classes = []
        for starts in slots:
            scheduled = kit.perform(ScheduleClass(service=yoga, provider=teacher, starts=starts), by=anna, at=NOON)
            kit.perform(BookSeat(scheduled=scheduled.id, client=clients[-1]), by=anna, at=NOON)
            classes.append(scheduled.id)
        return bookers.Contest(
            url=url,
            at=NOON,
            by=anna,
            service=service("Cut", BookingRules(rooms=rooms)),
            provider=provider("Anna"),
            clients=tuple(clients[:-1]),
            slots=slots,
            classes=tuple(classes),
        )


@pytest.mark.spec("B-02")
def test_f01_f11_f24_one_of_many_processes_gets_the_last_slot_and_the_last_seat(database_url: str) -> None:
    """F-01, F-11, F-24: in every round one process has the slot and one the seat; the others are told why not."""
    contest = planted(database_url)
    together = processes.barrier(PROCESSES)
    outcomes = processes.race(bookers.contend, contest, together, count=PROCESSES)

    slots, seats, refusals = zip(*outcomes, strict=True)
    assert sorted(number for won in slots for number in won) == list(range(ROUNDS))
    assert sorted(number for won in seats for number in won) == list(range(ROUNDS))
    others = ROUNDS * (PROCESSES - 1)
    assert sum(refusals, Counter()) == {"taken": others, "class_full": others}
    storage = storage_of(database_url)
    with storage.read() as store:
        booked = store.bookings.where(service=contest.service)
        assert len(booked) == ROUNDS
        for who in {contest.provider, *(booking.room for booking in booked)}:
            assert who is not None
            holds = store.holds.of(who, booked[0].window.widened(timedelta(9), timedelta(9 * ROUNDS)))
            assert all(before.ends <= after.starts for before, after in pairwise(holds))
    storage.close()
    with Kit.open(database_url, migrate=False) as kit:
        since, until = contest.slots[0], contest.slots[-1] + HALF
        listing = ListClasses(branch=booked[0].branch, since=since, until=until)
        assert {places.free for places in kit.ask(listing, by=contest.by, at=NOON)} == {0}
