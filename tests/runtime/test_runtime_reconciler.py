"""The reconciler: every kind of difference between what bookings want and vendors hold, races and faults, on both databases."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from attrs import define, evolve, field

from servicekit import AsyncKit, Kit, Principal
from servicekit.adapters.meetings.zoom_app import ZoomApp
from servicekit.adapters.storage import storage_of
from servicekit.bookings import AddBranch, AddService, Booking, BookingRules, Cancel, CancelClass, Rebook, ScheduleClass
from servicekit.errors import ConfigurationError
from servicekit.groups import FoundOrganisation, ProvideNumbers
from servicekit.keys import Key, KeyState, ListKeys
from servicekit.meetings import Connection, ConnectionState
from servicekit.moments import Window
from servicekit.outbox.effects import EffectKind, EffectState
from servicekit.outbox.reconciled import Difference, Outcome, Reconciled
from servicekit.ports.doors import KeyOrder
from servicekit.ports.meetings import MeetingOrder
from servicekit.ports.store import Transaction, transact
from servicekit.runtime.reconciler import Reconciler
from servicekit.testing.clock import ManualClock
from servicekit.testing.simulators import ExivoSimulator, Fault, FortySixElksSimulator, ZoomSimulator, transport
from world import (
    DAY,
    EVA_MOBILE,
    HOUR,
    MAIN,
    MINUTE,
    NOON,
    NUMBERS,
    OPERATOR,
    ROOM_2,
    SALON,
    World,
    _furnished,
    elks_adapter,
    exivo_adapter,
    zoom_adapter,
)

KEYS, VISITS, MEETINGS = r"/digitalKeyVisits$", r"/visit$", r"/users/[^/]+/meetings$"


@define
class Wire(httpx.BaseTransport):
    """The simulators, and what somebody else does just before a request arrives."""

    inner: httpx.BaseTransport
    before: list[tuple[str, Callable[[], object]]] = field(factory=list)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Do it once, then pass the request on."""
        for one in [one for one in self.before if f"{request.method} {request.url.path}".endswith(one[0])]:
            self.before.remove(one)
            one[1]()
        return self.inner.handle_request(request)


@define
class Salon(World):
    """A world on any database, whose wire can be listened to."""

    wire: Wire = field(kw_only=True)

    def reconcile(self, **more: Any) -> Reconciled:
        """One pass."""
        return self.kit.reconcile(**more)

    def found(self, **more: Any) -> list[tuple[str, str]]:
        """What one pass found and did."""
        return [(str(one.difference), str(one.outcome)) for one in self.reconcile(**more).findings]

    def make_key(self, marker: str, *, pin: str = "") -> str:
        """Somebody makes a key at exivo."""
        order = KeyOrder(
            marker=marker, components=(MAIN,), mobile=EVA_MOBILE, window=Window(NOON + DAY, NOON + DAY + HOUR), pin=pin
        )
        flow = exivo_adapter().create(ExivoSimulator.site_id, order, self.now)
        return self.kit._http().run(flow).vendor_id

    def make_meeting(self, marker: str) -> str:
        """Somebody makes a meeting at Zoom."""
        window = Window(NOON + DAY, NOON + DAY + HOUR)
        order = MeetingOrder(marker=marker, host="me", topic="?", window=window, zone=self.branch.zone)
        return self.kit._http().run(zoom_adapter().create(order, self.now)).vendor_id

    def keys(self, booking: Booking) -> tuple[Key, ...]:
        """All keys that it has had."""
        return tuple(self.ask(ListKeys(booking.id)))

    def change(self, body: Callable[[Transaction], None]) -> None:
        """A hand in the database."""
        transact(self.kit._storage, body)

    def alter_key(self, booking: Booking, **changes: Any) -> None:
        """Our row of the booking's newest key is made to say something else."""
        self.change(lambda store: store.keys.save(evolve(store.keys.where(booking=booking.id)[-1], **changes)))

    def alter_meeting(self, booking: Booking, **changes: Any) -> None:
        """Our row of its meeting, likewise."""
        self.change(lambda store: store.meetings.save(evolve(store.meetings.where(booking=booking.id)[0], **changes)))


@contextmanager
def opened(url: str, path: Path, **options: Any) -> Iterator[Salon]:
    """A salon on a migrated database."""
    clock = ManualClock(NOON)
    elks = FortySixElksSimulator(clock=clock.now, numbers=dict.fromkeys(NUMBERS, ""))
    exivo, zoom = ExivoSimulator(clock=clock.now), ZoomSimulator(clock=clock.now)
    wire = Wire(transport(elks, exivo, zoom))
    wired: dict[str, Any] = {
        "texts": elks_adapter(),
        "doors": exivo_adapter(),
        "meetings": zoom_adapter(),
        "base_url": "https://salon.example",
        "transport": wire,
        "clock": clock,
        "in_flight": 1,
    }
    with Kit.open(url, **{**wired, **options}) as kit, closing(storage_of(url)) as storage:
        new = FoundOrganisation(name="Salon", zone="Europe/Zurich", admin="anna@salon.example", settings=SALON)
        founded = kit.perform(new, by=OPERATOR)
        kit.perform(ProvideNumbers(numbers=NUMBERS), by=OPERATOR)
        yield _furnished(
            Salon,
            kit,
            founded.root,
            founded.admin,
            path=path,
            clock=clock,
            elks=elks,
            exivo=exivo,
            zoom=zoom,
            mailbox=None,
            storage=storage,
            mails_before=0,
            wire=wire,
        )  # type: ignore[misc]  # it gives the class that it is given


@pytest.fixture
def salon(database_url: str, tmp_path: Path) -> Iterator[Salon]:
    """One on either database."""
    with opened(database_url, tmp_path) as made:
        yield made


def booked(salon: Salon) -> Booking:
    """A booking with its key and its meeting there."""
    booking = salon.book()
    salon.settle()
    return booking


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


@pytest.mark.spec("K-11")
@pytest.mark.parametrize("how", ["forgotten", "revoked by hand"])
def test_a_key_that_is_missing_is_made_anew(salon: Salon, how: str) -> None:
    """Whether the vendor has lost it or somebody has revoked it there: the booking has one key that works again."""
    booking = booked(salon)
    (key,) = salon.keys(booking)
    (salon.exivo.forget if how == "forgotten" else salon.exivo.revoke_by_hand)(key.vendor_id)
    assert salon.exivo_keys() == []

    assert salon.found() == [("missing", "healing")]
    assert salon.found() == []  # in flight
    salon.settle()
    (held,) = salon.exivo_keys()
    assert held.marker == f"sk:{booking.id}:1:2"
    assert [one.state for one in salon.keys(booking)] == [KeyState.ENDED, KeyState.MADE]
    assert salon.reconcile().even


def test_a_key_that_goes_missing_again_and_again_is_a_person_s_affair(salon: Salon) -> None:
    """After five it is only said."""
    booking = booked(salon)
    for _ in range(4):
        salon.exivo.forget(salon.keys(booking)[-1].vendor_id)
        assert salon.found() == [("missing", "healing")]
        salon.settle()
    salon.exivo.forget(salon.keys(booking)[-1].vendor_id)

    assert salon.found() == salon.found() == [("missing", "given up")]
    assert len(salon.keys(booking)) == 5


def test_a_missing_key_that_nobody_wants_is_noted_and_not_made(salon: Salon) -> None:
    """Its effect was discarded, and the vendor has lost it: it is ended here as well."""
    booking = booked(salon)
    salon.exivo.forget(salon.keys(booking)[0].vendor_id)
    salon.ask(Cancel(booking.id))
    salon.change(lambda store: discard(store, EffectKind.KEY, booking))

    assert salon.found() == [("unwanted", "healing")]
    salon.settle()
    assert [key.state for key in salon.keys(booking)] == [KeyState.ENDED]
    assert salon.exivo_keys() == []
    assert salon.reconcile().even


def discard(store: Transaction, kind: EffectKind, booking: Booking) -> None:
    """The effect is put away undone."""
    (effect,) = store.effects.where(kind=kind, subject=booking.id, state=EffectState.DUE)
    store.effects.save(evolve(effect, state=EffectState.DISCARDED))


@pytest.mark.spec("K-11")
def test_a_key_that_should_be_gone_is_revoked(salon: Salon) -> None:
    """Whatever became of the effect that was to end it."""
    booking = booked(salon)
    salon.ask(Cancel(booking.id))
    salon.change(lambda store: discard(store, EffectKind.KEY, booking))
    salon.settle()
    assert len(salon.exivo_keys()) == 1

    assert salon.found() == [("unwanted", "healing")]
    salon.settle()
    assert salon.exivo_keys() == []
    assert salon.reconcile().even


@pytest.mark.parametrize(
    "changed",
    [
        {"opens": NOON + DAY - 20 * MINUTE},
        {"closes": NOON + DAY + 3 * HOUR},
        {"components": (MAIN, ROOM_2)},
        {"mobile": "+41790000000"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_key_that_differs_is_replaced(salon: Salon, changed: dict[str, Any]) -> None:
    """Another window, other doors, another phone than the row says: the new one first, then the old one ended."""
    booking = booked(salon)
    salon.alter_key(booking, **changed)

    assert salon.found() == [("changed", "healing")]
    salon.settle()
    (held,) = salon.exivo_keys()
    latest = salon.keys(booking)[-1]
    assert held.marker == latest.marker == f"sk:{booking.id}:1:2"
    assert (held.opens, held.closes) == (str(latest.opens), str(latest.closes))
    assert (held.phone, held.doors) == (latest.mobile, frozenset(latest.components))
    assert salon.reconcile().even


def test_a_key_that_was_ordered_late_is_no_difference(salon: Salon) -> None:
    """exivo was told "from now on", because it takes no start in the past."""
    salon.clock.set(NOON + 55 * MINUTE)
    salon.book(starts=NOON + HOUR)
    salon.settle()

    assert salon.reconcile().even


@pytest.mark.spec("K-11")
@pytest.mark.parametrize("pin", ["", "123456"])
def test_a_key_that_a_lost_answer_left_behind_is_adopted(salon: Salon, pin: str) -> None:
    """By its marker, whatever we took for true: nothing is made again."""
    booking = salon.book(salon.massage)
    salon.change(lambda store: discard(store, EffectKind.KEY, booking))
    salon.alter_key(booking, state=KeyState.FAILED, pin=pin, components=(MAIN,))
    made = salon.make_key(f"sk:{booking.id}:1", pin=pin)

    assert salon.found() == [("left behind", "healing")]
    salon.settle()
    (key,) = salon.keys(booking)
    assert (key.state, key.vendor_id) == (KeyState.MADE, made)
    assert len(salon.exivo.state()["keys"]) + len(salon.exivo.state()["visits"]) == 1


@pytest.mark.spec("K-11")
def test_a_key_left_behind_of_a_cancelled_booking_is_revoked(salon: Salon) -> None:
    """Also one whose id we never heard: its marker names the booking, whose rows say that none is wanted."""
    booking = booked(salon)
    salon.ask(Cancel(booking.id))
    salon.settle()
    salon.make_key(f"sk:{booking.id}:1")
    assert len(salon.exivo_keys()) == 1

    assert salon.found() == [("unwanted", "healing")]
    salon.settle()
    assert salon.exivo_keys() == []
    assert salon.reconcile().even


@pytest.mark.spec("K-11")
def test_strays_are_reported_and_removed_only_when_told_to(salon: Salon) -> None:
    """One of an unknown booking, and a second one beside a booking's own. What has no marker of ours is nobody's business."""
    booking = booked(salon)
    unknown = salon.make_key("sk:bkg_unknown:1")
    second = salon.make_key(f"sk:{booking.id}:1")
    others = {salon.make_key("Eva's flat"), salon.make_key(""), salon.make_key("sk: the janitor's")}

    report = salon.reconcile()
    assert {one.vendor_id for one in report.strays} == {unknown, second}
    assert {one.outcome for one in report.findings} == {Outcome.REPORTED}
    assert not report.even
    assert len(salon.exivo_keys()) == 6

    report = salon.reconcile(remove_strays=True)
    assert {one.outcome for one in report.strays} == {Outcome.REMOVED}
    assert report.even
    working = {key["id"] for key in salon.exivo.state()["keys"] if not key["revoked"]}
    assert working == others | {salon.keys(booking)[0].vendor_id}
    assert salon.reconcile().findings == ()


def test_a_stray_that_cannot_be_removed_is_said(salon: Salon) -> None:
    """With the vendor's words; the others go."""
    salon.make_key("sk:bkg_unknown:1")
    salon.make_key("sk:bkg_unknown:2")
    salon.exivo.inject(Fault.error("POST", "/revoke$", times=1))
    salon.exivo.inject(Fault.error("GET", "/digitalKeyVisit/", times=1))

    assert sorted(salon.found(remove_strays=True)) == [("stray", "failed"), ("stray", "removed")]
    assert len(salon.exivo_keys()) == 1


# Meetings


def test_a_meeting_that_is_gone_is_made_anew(salon: Salon) -> None:
    """As if Zoom had told of it: another one at the wanted time."""
    booking = booked(salon)
    salon.zoom.delete_meeting(salon.zoom_meetings()[0].id)

    assert salon.found() == [("missing", "healing")]
    salon.settle()
    (held,) = salon.zoom_meetings()
    assert (held.marker, held.starts) == (f"sk:{booking.id}:2", str(booking.starts))
    assert salon.reconcile().even


def test_a_meeting_that_is_gone_and_not_wanted_is_noted(salon: Salon) -> None:
    """Its effect was discarded: it is removed here as well, and not made again."""
    booking = booked(salon)
    salon.zoom.delete_meeting(salon.zoom_meetings()[0].id)
    salon.ask(Cancel(booking.id))
    salon.change(lambda store: discard(store, EffectKind.MEETING, booking))
    salon.settle()

    assert [outcome for _, outcome in salon.found()] == ["healing"]
    salon.settle()
    assert salon.zoom_meetings() == []
    assert salon.reconcile().even


def test_a_meeting_that_was_moved_at_the_vendor_is_moved_back(salon: Salon) -> None:
    """To the booking's time."""
    booking = booked(salon)
    salon.alter_meeting(booking, opens=booking.starts + DAY, closes=booking.ends + DAY, made_opens=None)
    salon.alter_meeting(booking, made_opens=booking.starts + DAY, made_closes=booking.ends + DAY)

    assert salon.found() == [("changed", "healing")]
    salon.settle()
    assert [one.starts for one in salon.zoom_meetings()] == [str(booking.starts + DAY)]
    assert salon.reconcile().even


def test_a_meeting_that_should_be_gone_is_removed(salon: Salon) -> None:
    """Whatever became of the effect; also one that was left behind."""
    booking = booked(salon)
    salon.ask(Cancel(booking.id))
    salon.change(lambda store: discard(store, EffectKind.MEETING, booking))
    salon.settle()
    assert salon.found() == [("unwanted", "healing")]
    salon.settle()
    assert salon.zoom_meetings() == []

    salon.make_meeting(f"sk:{booking.id}:1")
    assert salon.found() == [("unwanted", "healing")]
    salon.settle()
    assert salon.zoom_meetings() == []
    assert salon.reconcile().even


def test_a_meeting_that_a_lost_answer_left_behind_is_adopted(salon: Salon) -> None:
    """By its marker, with its link; nothing is made again."""
    booking = salon.book(salon.advice)
    salon.change(lambda store: discard(store, EffectKind.MEETING, booking))
    made = salon.make_meeting(f"sk:{booking.id}:1")

    assert salon.found() == [("left behind", "healing")]
    salon.settle()
    (held,) = salon.zoom_meetings()
    assert held.id == made
    with salon.look() as store:
        (row,) = store.meetings.where(booking=booking.id)
    assert (row.vendor_id, row.join_url) == (made, held.join_url)


def test_stray_meetings_are_reported_and_removed_only_when_told_to(salon: Salon) -> None:
    """Of an unknown booking, of an unknown class, and a second one beside a booking's own."""
    booking = booked(salon)
    made = {salon.make_meeting(marker) for marker in ("sk:bkg_x:1", "sk:cls_x:1", f"sk:{booking.id}:9")}
    salon.make_meeting("sk: skiing")

    assert {one.vendor_id for one in salon.reconcile().strays} == made
    assert len(salon.zoom_meetings()) == 5
    assert salon.found(remove_strays=True) == [("stray", "removed")] * 3
    assert [one.marker for one in salon.zoom_meetings()] == ["sk: skiing", f"sk:{booking.id}:1"]


# Races and faults


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


@pytest.mark.parametrize("when", ["while it is listed", "before it is looked at again"])
def test_a_booking_that_changes_meanwhile_is_left_to_its_effect(salon: Salon, when: str) -> None:
    """Cancelled while the list is read, or between the list and the second look: nothing is made for it."""
    booking = booked(salon)
    (key,) = salon.keys(booking)
    salon.exivo.forget(key.vendor_id)
    path = "/visit" if when == "while it is listed" else f"/digitalKeyVisit/{key.vendor_id}"
    salon.wire.before.append((path, lambda: salon.ask(Cancel(booking.id))))

    assert salon.found()[0] == ("missing", "in flight")
    assert not salon.wire.before
    salon.settle()
    assert salon.exivo_keys() == []
    assert [one.state for one in salon.keys(booking)] == [KeyState.ENDED]


def test_what_is_as_wanted_at_the_second_look_is_passed(salon: Salon) -> None:
    """The relay has seen to it in between."""
    booking = booked(salon)
    salon.exivo.revoke_by_hand(salon.keys(booking)[0].vendor_id)
    again = f"/digitalKeyVisit/{salon.keys(booking)[0].vendor_id}"

    def meanwhile() -> None:
        salon.ask(Rebook(booking.id, starts=booking.starts + DAY))
        salon.settle()

    salon.wire.before.append((again, meanwhile))
    assert salon.found()[0] == ("missing", "passed")
    assert [one.marker for one in salon.exivo_keys()] == [f"sk:{booking.id}:2"]


@pytest.mark.parametrize(("settles", "outcome"), [(False, "in flight"), (True, "passed")])
def test_a_meeting_that_is_being_seen_to_meanwhile_is_left(salon: Salon, *, settles: bool, outcome: str) -> None:
    """Its booking is cancelled between the list and the second look; whether or not the relay has removed it by then."""
    booking = booked(salon)
    (held,) = salon.zoom_meetings()
    salon.zoom.delete_meeting(held.id)

    def meanwhile() -> None:
        salon.ask(Cancel(booking.id))
        if settles:
            salon.settle()

    salon.wire.before.append((f"GET /v2/meetings/{held.id}", meanwhile))
    assert salon.found() == [("missing", outcome)]
    salon.settle()
    assert salon.zoom_meetings() == []
    assert salon.reconcile().even


def test_a_stray_that_somebody_owns_by_then_is_kept(salon: Salon) -> None:
    """It is asked once more whose it is, right before it would be ended."""
    booking = booked(salon)
    unknown, second = salon.make_key("sk:bkg_unknown:1"), salon.make_key(f"sk:{booking.id}:1")
    salon.wire.before.append((f"{unknown}/revoke", lambda: salon.alter_key(booking, vendor_id=second)))

    assert salon.found(remove_strays=True) == [("stray", "removed"), ("stray", "passed")]
    assert second in {key["id"] for key in salon.exivo.state()["keys"] if not key["revoked"]}


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


# Classes, accounts, wiring


@pytest.mark.parametrize("cancelled", [False, True])
def test_the_meeting_of_a_class_is_made_anew_while_it_takes_place(salon: Salon, *, cancelled: bool) -> None:
    """With its seats; of one that was cancelled nothing is made."""
    yoga = salon.ask(
        AddService(branch=salon.advice.branch, name="Yoga", length=HOUR, online=True, rules=BookingRules(seats=5)),
        by=salon.anna,
    )
    scheduled = salon.ask(ScheduleClass(service=yoga.id, provider=salon.chair.id, starts=NOON + DAY))
    salon.settle()
    salon.zoom.delete_meeting(salon.zoom_meetings()[0].id)
    if cancelled:
        salon.ask(CancelClass(scheduled.id))
        with salon.look() as store:
            for effect in store.effects.where(kind=EffectKind.MEETING, state=EffectState.DUE):
                store.effects.save(evolve(effect, state=EffectState.DISCARDED))
    salon.settle()

    assert [outcome for _, outcome in salon.found()] == ["healing"]
    salon.settle()
    assert [one.marker for one in salon.zoom_meetings()] == ([] if cancelled else [f"sk:{scheduled.id}:2"])
    assert salon.reconcile().even


def test_organisations_with_accounts_of_their_own(database_url: str, tmp_path: Path) -> None:
    """Who never connected one is left out; who is not connected any more is said."""
    app = ZoomApp(
        client_id=ZoomSimulator.client_id,
        client_secret=ZoomSimulator.client_secret,
        redirect_uri="https://salon.example/zoom",
        webhook_secret=ZoomSimulator.webhook_secret,
    )
    with opened(database_url, tmp_path, meetings=app) as salon:
        assert salon.reconcile().even
        lost = Connection(organisation=salon.root.id, state=ConnectionState.LOST, since=NOON)
        salon.change(lambda store: store.connections.add(lost))
        assert [(one.vendor, one.place) for one in salon.reconcile().troubles] == [("zoom", "me")]


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
