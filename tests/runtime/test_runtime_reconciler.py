"""The reconciler: lists that break off, races, many differences, and what it may be run beside; on both databases."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from salons import KEYS, MEETINGS, VISITS, Salon, booked
from servicekit import AsyncKit, Kit, Principal
from servicekit.bookings import AddBranch, Cancel, Rebook
from servicekit.errors import ConfigurationError
from servicekit.groups import FoundOrganisation
from servicekit.outbox.effects import EffectState
from servicekit.outbox.reconciled import Difference, Outcome, Reconciled
from servicekit.runtime.reconciler import Reconciler
from servicekit.testing.simulators import ExivoSimulator, Fault, transport
from world import (
    DAY,
    MAIN,
    NOON,
    OPERATOR,
    SALON,
    exivo_adapter,
)

pytest_plugins = ("salons_fixtures",)


def test_what_is_as_wanted_is_left_alone(salon: Salon) -> None:
    """Keys, meetings, moved and cancelled ones: no difference, nothing is asked but the lists, nothing enqueued."""
    moved, cancelled, _ = booked(salon), salon.book(starts=NOON + 3 * DAY), salon.book(starts=NOON + 5 * DAY)
    salon.settle()
    salon.ask(Rebook(moved.id, starts=moved.starts + 30 * DAY))
    salon.ask(Cancel(cancelled.id))
    salon.settle()
    asked = salon.exivo.state()["requests"]
    report = salon.reconcile()

    assert report.even
    assert report.findings == ()
    assert report.troubles == ()
    assert report.listed == 4 + 2  # exivo lists ended keys, too
    assert salon.exivo.state()["requests"] == asked + 2
    assert salon.effects(EffectState.DUE) == [one for one in salon.effects(EffectState.DUE) if one.due_at > salon.now]


def test_a_key_made_while_the_list_is_read_is_not_taken_for_missing(salon: Salon) -> None:
    """It was not there when the pass began, so the list need not have it."""

    def meanwhile() -> None:
        salon.book(salon.massage, starts=NOON + 3 * DAY)
        salon.settle()

    booked(salon)
    salon.wire.before.append((f"GET /v1/{ExivoSimulator.site_id}/visit", meanwhile))  # the other list is read by then
    report = salon.reconcile()

    assert not salon.wire.before
    assert report.even
    assert len(salon.exivo_keys()) == 2


@pytest.mark.spec("K-11")
@pytest.mark.parametrize(
    "fault",
    [Fault.no_answer, Fault.refused, Fault.error, Fault.bad_gateway, Fault.wrong_type, Fault.throttled],
    ids=lambda fault: fault.__name__,
)
def test_a_list_that_breaks_off_changes_nothing(salon: Salon, fault: Any) -> None:
    """On whichever page: nothing is taken for missing, no stray is removed, and it is said which place was not compared."""
    booking = booked(salon)
    salon.exivo.forget(salon.keys(booking)[0].vendor_id)
    for number in range(120):
        salon.make_key(f"sk:bkg_x:{number + 1}")
    before = salon.exivo.state()["keys"]
    for path in (KEYS, VISITS):
        salon.exivo.inject(fault("GET", path))
        report = salon.reconcile(remove_strays=True)
        assert [(one.vendor, one.place) for one in report.troubles] == [("exivo", ExivoSimulator.site_id)]
        assert report.findings == ()
        assert not report.even
        assert salon.exivo.state()["keys"] == before
        assert len(salon.keys(booking)) == 1


def test_a_meeting_list_that_breaks_off_changes_nothing(salon: Salon) -> None:
    """Likewise; the doors are compared all the same."""
    booking = booked(salon)
    salon.zoom.delete_meeting(salon.zoom_meetings()[0].id)
    salon.exivo.forget(salon.keys(booking)[0].vendor_id)
    salon.zoom.inject(Fault.error("GET", MEETINGS))

    report = salon.reconcile()
    assert [one.vendor for one in report.troubles] == ["zoom"]
    assert [(one.vendor, one.outcome) for one in report.findings] == [("exivo", Outcome.HEALING)]
    salon.settle()
    assert salon.found() == [("missing", "healing")]


def test_what_cannot_be_looked_at_again_is_left(salon: Salon) -> None:
    """The vendor is away by then: said, and found again next time."""
    booking = booked(salon)
    salon.exivo.forget(salon.keys(booking)[0].vendor_id)
    salon.exivo.inject(Fault.error("GET", "/digitalKeyVisit/"))

    assert salon.found() == [("missing", "failed")]
    assert salon.found() == [("missing", "healing")]


def test_of_many_differences_the_next_pass_deals_with_the_rest(salon: Salon) -> None:
    """At most so many at once; it says that there are more."""
    for number in range(5):
        salon.make_key(f"sk:bkg_x:{number + 1}")
    reconciler = Reconciler(
        storage=salon.kit._storage,
        wiring=salon.kit._wiring,
        drive=salon.kit._http().run,
        clock=salon.clock,
        mint=salon.kit.relay().mint,
        rows=1,
        most=2,
    )
    first = reconciler.run(remove_strays=True)
    assert (len(first.findings), first.more, first.even) == (2, True, False)
    assert [len(reconciler.run(remove_strays=True).findings) for _ in range(3)] == [2, 1, 0]


def test_relays_and_reconcilers_beside_each_other(salon: Salon) -> None:
    """Bookings are made, moved and cancelled, answers are lost, keys vanish: in the end each has exactly what it wants."""
    stop, lost = threading.Event(), [Fault.lost_answer("POST", KEYS), Fault.lost_answer("POST", MEETINGS)]
    with ThreadPoolExecutor(3) as threads, ExitStack() as ending:
        ending.callback(stop.set)
        relay = threads.submit(salon.kit.relay().run, stop)
        passes = [threads.submit(passing, salon, stop) for _ in range(2)]
        bookings = []
        for number in range(8):
            if number % 4 == 1:
                salon.exivo.inject(lost[0])
                salon.zoom.inject(lost[1])
            bookings.append(salon.book(starts=NOON + (1 + number) * DAY))
            if number % 3 == 1:
                bookings[-1] = salon.ask(Rebook(bookings[-1].id, starts=bookings[-1].starts + 100 * DAY))
            if number % 3 == 2:
                salon.ask(Cancel(bookings.pop().id))
        stop.set()
        assert sum(one.result(120) for one in passes) > 0
        relay.result(120)
    salon.settle()
    salon.reconcile()
    salon.settle()

    assert salon.reconcile().even
    assert sorted(key.marker.split(":")[1] for key in salon.exivo_keys()) == sorted(one.id for one in bookings)
    assert sorted(one.marker.split(":")[1] for one in salon.zoom_meetings()) == sorted(one.id for one in bookings)


def passing(salon: Salon, stop: threading.Event) -> int:
    """Reconcile until told to stop; how often."""
    passes = 0
    while not (stop.is_set() and passes):
        assert not [one for one in salon.reconcile().findings if one.difference is Difference.STRAY]
        passes += 1
        stop.wait(0.05)
    return passes


def test_the_async_kit_does_the_same(database_url: str) -> None:
    """Its calls are awaited on the loop; the rest has a thread."""
    exivo = ExivoSimulator()

    async def body() -> Reconciled:
        async with AsyncKit.open(database_url, doors=exivo_adapter(), transport=transport(exivo)) as kit:
            founded = await kit.perform(
                FoundOrganisation(name="Salon", zone="UTC", admin="anna@salon.example", settings=SALON), by=OPERATOR
            )
            await kit.perform(
                AddBranch(organisation=founded.root.id, name="Z", zone="UTC", site=exivo.site_id, components=(MAIN,)),
                by=Principal.of(founded.admin.id),
            )
            return await kit.reconcile()

    assert asyncio.run(body()) == Reconciled()
    assert exivo.state()["requests"] == 3  # its doors, and two lists


def test_there_must_be_something_to_reconcile() -> None:
    """A kit with neither doors nor meetings is refused."""
    with Kit.open("sqlite:///:memory:") as kit, pytest.raises(ConfigurationError, match="nothing to reconcile"):
        kit.reconcile()
