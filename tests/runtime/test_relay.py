"""The relay: once, whoever else delivers, wherever it dies, and as patiently as failures ask for."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from attrs import define, evolve, field

import children
from dying import deaths, served_world
from processes import race
from servicekit import Kit
from servicekit.adapters.texts.fortysixelks import FortySixElks
from servicekit.bookings import (
    AddService,
    Booking,
    BookingRules,
    BookSeat,
    Cancel,
    MoveClass,
    Rebook,
    ScheduleClass,
    ScheduledClass,
)
from servicekit.errors import ConfigurationError, StorageBusy
from servicekit.groups import ChangeSettings, Settings
from servicekit.keys import KeyState, ListKeys
from servicekit.messages import HandOver, SearchLog, SendText, Status
from servicekit.moments import Instant
from servicekit.outbox.effects import Effect, EffectKind, EffectState, ListEffects
from servicekit.outbox.retry import RetryPolicy
from servicekit.ports.http import HttpFlow
from servicekit.ports.store import Storage, Transaction
from servicekit.ports.texts import OutgoingText, TextReceipt
from servicekit.runtime.http import AsyncHttpDriver
from servicekit.runtime.relay import Delivered, Relay
from servicekit.testing.clock import ManualClock
from servicekit.testing.simulators import Fault, transport
from world import DAY, EVA_MOBILE, HOUR, MINUTE, NOON, World, elks_adapter, opened

pytest_plugins = ("world_fixtures",)

MOBILE = "+46701740605"
SECOND = timedelta(seconds=1)


def send(world: World, text: str = "Hej", to: str = MOBILE) -> None:
    """A text of Anna's."""
    world.kit.perform(SendText(user=world.admin.id, to=to, text=text), by=world.anna)


def texts(world: World, number: str = MOBILE) -> list[str]:
    """What stands on a phone."""
    return [text.text for text in world.elks.handset(number)]


def waiting(world: World) -> Effect:
    """The one effect that is due at some time."""
    (effect,) = world.effects(EffectState.DUE)
    return effect


# Wiring


@pytest.mark.parametrize(
    ("lease", "longest_call"),
    [(MINUTE, MINUTE), (MINUTE, 2 * MINUTE), (MINUTE, timedelta(0)), (MINUTE, -MINUTE), (timedelta(0), timedelta(0))],
)
def test_a_lease_is_longer_than_a_call_may_take(tmp_path: Path, lease: timedelta, longest_call: timedelta) -> None:
    """Otherwise two relays could do the same at once; the refusal says so."""
    with (
        opened(tmp_path, lease=lease, longest_call=longest_call) as world,
        pytest.raises(ConfigurationError, match="must be longer than the longest call outside"),
    ):
        world.kit.relay()


def test_a_relay_needs_something_in_flight(world: World) -> None:
    """At least one effect; the refusal says so."""
    with pytest.raises(ConfigurationError, match="at least one effect in flight, not 0"):
        evolve(world.kit.relay(), in_flight=0)


def test_a_relay_shows_no_adapter(world: World) -> None:
    """Its repr may stand in a log."""
    assert "secret" not in repr(world.kit.relay()).lower()
    assert repr(world.kit.relay()).startswith("Relay(storage=")


# One after the other


def test_what_is_due_is_delivered_until_nothing_is(world: World) -> None:
    """One step an effect; what a step enqueues is taken along; the counts tell what became of them."""
    relay = world.kit.relay()
    assert relay.step() is None
    assert relay.run_until_idle() == Delivered()
    world.book()
    world.elks.inject(Fault.error("POST", status=401))

    assert relay.run_until_idle() == Delivered(done=3, again=0, dead=1)  # key, meeting, notice; its text was refused
    assert relay.step() is None


def test_a_step_gives_the_effect_as_it_was_settled(world: World) -> None:
    """Done, waiting again, or dead."""
    send(world)
    world.elks.inject(Fault.refused("POST"))
    relay = world.kit.relay()
    first = relay.step()
    assert first is not None
    assert (first.state, first.attempts, first.kind) == (EffectState.DUE, 1, EffectKind.TEXT)
    assert "reached nobody" in first.trouble
    world.clock.set(first.due_at)
    second = relay.step()
    assert second is not None
    assert (second.id, second.state, second.trouble) == (first.id, EffectState.DONE, "")


def test_a_relay_stops_between_effects(world: World) -> None:
    """When it is told to; the rest is left for later."""
    send(world)
    stop = threading.Event()
    stop.set()

    assert world.kit.relay().run_until_idle(stop) == Delivered()
    assert world.kit.deliver() == Delivered(done=1)


def test_a_relay_over_asyncio_delivers_the_same(world: World) -> None:
    """Awaited; and called by a coroutine that does not await it, it blocks as any call."""

    async def body() -> list[Delivered]:
        send(world, "One")
        async with AsyncHttpDriver(transport(world.elks)) as driver:
            awaited = await world.kit.relay().deliver(driver)
        send(world, "Two")
        return [awaited, world.kit.relay().run_until_idle()]

    assert asyncio.run(body()) == [Delivered(done=1)] * 2
    assert texts(world) == ["One", "Two"]


# Patience


def test_pauses_double_until_it_is_given_up(tmp_path: Path) -> None:
    """Each is the one before twice, and up to a quarter more; after so many failures a person has to look."""
    policy = RetryPolicy(first=10 * SECOND, longest=MINUTE, attempts=6)
    with opened(tmp_path, retry=policy) as world:
        send(world)
        world.elks.inject(Fault.refused("POST", times=9))
        pauses = []
        for attempt in range(1, 6):
            assert world.kit.deliver() == Delivered(again=1)
            effect = waiting(world)
            assert effect.attempts == attempt
            pauses.append(effect.due_at - world.now)
            assert world.kit.deliver() == Delivered()
            world.clock.set(effect.due_at)
        assert world.kit.deliver() == Delivered(dead=1)

        for pause, least in zip(pauses, (10, 20, 40, 60, 60), strict=True):
            assert least * SECOND <= pause <= least * SECOND * 5 / 4
        (letter,) = world.ask(ListEffects(organisation=world.root.id))
        assert letter.trouble.startswith("given up after 6 tries: POST https://api.46elks.com/a1/sms reached nobody")


def test_a_success_forgets_the_failures_before_it(world: World) -> None:
    """What is settled shows no trouble."""
    send(world)
    world.elks.inject(Fault.refused("POST"))
    world.settle()
    (done,) = world.effects(EffectState.DONE)

    assert (done.trouble, done.state) == ("", EffectState.DONE)


def test_throttled_waits_until_the_time_and_is_not_counted(world: World) -> None:
    """Ten times an hour: not one failure."""
    world.zoom.inject(Fault.throttled("POST", "/meetings$", after=3600, times=10))
    world.book(world.advice)
    for _ in range(10):
        world.kit.deliver()
        (meeting,) = [effect for effect in world.effects(EffectState.DUE) if effect.kind is EffectKind.MEETING]
        assert meeting.attempts == 0
        assert HOUR <= meeting.due_at - world.now <= HOUR + SECOND
        assert "zoom answered 429" in meeting.trouble
        world.clock.set(meeting.due_at)
    world.settle()

    assert len(world.zoom_meetings()) == 1


# What nobody foresaw


class _Broken(FortySixElks):
    """An adapter with a bug."""

    def send(self, text: OutgoingText) -> HttpFlow[TextReceipt]:
        """Fall over."""
        raise ZeroDivisionError(f"sending to {text.to}")
        yield

    def find(self, text: OutgoingText, since: Instant) -> HttpFlow[tuple[TextReceipt, ...]]:
        """Fall over here as well."""
        raise ZeroDivisionError(f"finding {text.to} since {since}")
        yield


def test_an_adapters_bug_is_written_down_and_counts_as_a_failure(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """With its traceback in the log; other effects are not held up, and at last a person has to look."""
    with opened(tmp_path, texts=_Broken("u", "p"), retry=RetryPolicy(attempts=2)) as world:
        send(world)
        world.book(world.massage)
        world.kit.deliver()
        effects = [one for one in world.effects(EffectState.DUE) if one.kind is EffectKind.TEXT]
        assert {one.trouble for one in effects} == {
            f"unforeseen: ZeroDivisionError: sending to {number}" for number in (MOBILE, EVA_MOBILE)
        }
        assert {one.attempts for one in effects} == {1}
        assert len(world.exivo_keys()) == 1
        assert any(record.exc_info for record in caplog.records if record.name == "servicekit.relay")
        world.settle()

        letters = world.ask(ListEffects(organisation=world.root.id))
        assert len(letters) == 2
        for letter in letters:
            assert letter.trouble.startswith("given up after 2 tries: unforeseen: ZeroDivisionError: finding")


def test_a_rule_that_says_no_makes_a_dead_letter(world: World) -> None:
    """What was enqueued does not fit the rules any more: a person mends it."""
    world.book(world.haircut)
    world.ask(ChangeSettings(group=world.root.id, change=Settings(sender_name="")))

    assert world.kit.deliver() == Delivered(done=1, dead=1)  # the notice is done, its text waits
    (letter,) = world.ask(ListEffects(organisation=world.root.id))
    assert "have no sender: set a sender name" in letter.trouble


def test_wrong_wiring_is_raised_and_loses_nothing(tmp_path: Path) -> None:
    """A base URL that is none: the error says what to check; once it is mended, the text goes out once."""
    with opened(tmp_path) as world:
        send(world)
        wrong = Kit.open(f"sqlite:////{world.path}", texts=elks_adapter("api.46elks.com/a1"), clock=world.clock)
        with wrong, pytest.raises(ConfigurationError, match="is no URL to send a request to: check the base URL"):
            wrong.deliver()
        assert world.kit.deliver() == Delivered()
        world.clock.advance(2 * MINUTE)
        assert world.kit.deliver() == Delivered(done=1)
        assert texts(world) == ["Hej"]


def test_a_vendor_at_a_wrong_host_is_waited_for(tmp_path: Path) -> None:
    """Nothing leaves; the trouble names the URL without its query."""
    with opened(tmp_path, texts=elks_adapter("https://wrong.example/a1")) as world:
        send(world)
        world.kit.deliver()

        assert waiting(world).trouble.startswith("POST https://wrong.example/a1/sms reached nobody")


# Leases


@define
class _During(httpx.BaseTransport):
    """The network, and what happens elsewhere while a call is out."""

    inner: httpx.BaseTransport
    acts: list[Callable[[], object]] = field(factory=list)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self.inner.handle_request(request)
        if self.acts:
            self.acts.pop(0)()
        return response


@contextmanager
def slow_world(tmp_path: Path) -> Iterator[tuple[World, _During, Kit]]:
    """A world whose calls take as long as the test says, and another kit over the same database."""
    with opened(tmp_path) as world, ExitStack() as kits:
        other, wiring = world.kit, world.kit._wiring
        during = _During(transport(world.elks, world.exivo, world.zoom))
        world.kit = kits.enter_context(
            Kit.open(
                f"sqlite:////{world.path}",
                texts=wiring.texts,
                doors=wiring.doors,
                meetings=wiring.meetings,
                clock=world.clock,
                transport=during,
                in_flight=1,
            )
        )
        yield world, during, other


def overtaken(world: World, other: Kit) -> Callable[[], object]:
    """So slow that the lease runs out, and another relay does the work meanwhile."""

    def act() -> object:
        world.clock.advance(3 * MINUTE)
        return other.deliver()

    return act


@pytest.mark.parametrize(
    ("faults", "booked"),
    [
        ([], False),
        ([Fault.error("POST", "/sms$", status=401)], False),
        ([], True),
        ([Fault.error("POST", "/digitalKeyVisits$", status=400)], True),
    ],
    ids=["a text", "a text refused", "a key", "a key refused"],
)
def test_who_lost_its_lease_records_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, faults: list[Fault], *, booked: bool
) -> None:
    """The other relay has looked up what was done and has settled it; whatever ours heard changes nothing any more."""
    with slow_world(tmp_path) as (world, during, other):
        if booked:
            world.exivo.inject(*faults)
            booking = world.book(world.massage)
        else:
            world.elks.inject(*faults)
            send(world)
        during.acts.append(overtaken(world, other))
        relay = world.kit.relay()
        effect = relay.step()
        after = world.tables()

        assert effect is not None
        assert effect.state is EffectState.REPLACED
        assert "was lost; another relay has it" in caplog.text
        assert relay.step() is None
        assert world.tables() == after
        if booked:
            assert [key.marker for key in world.exivo_keys()] == [f"sk:{booking.id}:1"]
        else:
            assert texts(world) == ["Hej"]
        assert world.effects(EffectState.DEAD) == []


def test_who_lost_its_lease_brings_nothing_back(tmp_path: Path) -> None:
    """The booking was cancelled and its key ended by another relay before our answer came: it stays ended."""
    with slow_world(tmp_path) as (world, during, other):
        booking = world.book(world.massage)
        after: list[object] = []

        def act() -> None:
            world.ask(Cancel(booking.id))
            overtaken(world, other)()
            after.append(world.tables())

        during.acts.append(act)
        assert world.kit.relay().step() is not None

        assert after == [world.tables()]
        assert [key.state for key in world.ask(ListKeys(booking.id))] == [KeyState.ENDED]
        assert world.exivo_keys() == []


def test_who_lost_its_lease_to_an_unforeseen_error_records_nothing(tmp_path: Path) -> None:
    """The error is logged, and the other relay's outcome stands."""
    with slow_world(tmp_path) as (world, during, other):
        send(world)

        def act() -> object:
            overtaken(world, other)()
            raise ZeroDivisionError

        during.acts.append(act)
        effect = world.kit.relay().step()

        assert effect is not None
        assert effect.state is EffectState.REPLACED
        assert texts(world) == ["Hej"]
        (message,) = world.ask(SearchLog(group=world.root.id)).messages
        assert message.hand_over is HandOver.DONE


def test_nothing_is_begun_that_might_outlast_the_lease(tmp_path: Path) -> None:
    """With too little of it left after a slow call, the effect is given back and claimed anew before the next."""
    with slow_world(tmp_path) as (world, during, _):
        booking = world.book(world.massage)
        world.settle()
        world.ask(Rebook(booking.id, starts=booking.starts + DAY))
        during.acts.append(lambda: world.clock.advance(80 * SECOND))
        relay = world.kit.relay()
        given_back = relay.step()
        assert given_back is not None
        assert (given_back.state, given_back.attempts, given_back.due_at) == (EffectState.DUE, 0, world.now)
        assert len(world.exivo_keys()) == 2
        settled = relay.step()
        assert settled is not None
        assert (settled.id, settled.fence, settled.state) == (given_back.id, given_back.fence + 1, EffectState.DONE)

        assert len(world.exivo_keys()) == 1


@define
class _Sleepy:
    """A clock on a machine that falls asleep between two looks at it."""

    clock: ManualClock
    looks: int

    def now(self) -> Instant:
        """Later, from one look on."""
        self.looks -= 1
        if self.looks == 0:
            self.clock.advance(80 * SECOND)
        return self.clock.now()


def test_a_machine_that_slept_before_its_call_does_not_make_it(world: World) -> None:
    """The time is gone from the lease: nothing leaves, and it is tried again."""
    send(world)
    kit = world.kit.relay()
    # Looks: at the claim, in the transaction that prepares, and before the call.
    relay = Relay(
        storage=kit.storage, wiring=kit.wiring, driver=kit.driver, clock=_Sleepy(world.clock, 3), mint=kit.mint
    )
    effect = relay.step()
    assert effect is not None
    assert "no time was left within the lease" in effect.trouble
    assert texts(world) == []
    world.settle()

    assert texts(world) == ["Hej"]


@define
class _Between:
    """A database; before its transactions in turn, something happens elsewhere."""

    inner: Storage
    acts: list[Callable[[], object]]

    def write(self) -> AbstractContextManager[Transaction]:
        """As the database does."""
        if self.acts:
            self.acts.pop(0)()
        return self.inner.write()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def test_a_relay_whose_clock_is_behind_begins_nothing_that_another_has_claimed(world: World) -> None:
    """By its own clock the lease still runs; the fence has moved on, so nothing leaves and nothing is written."""
    send(world)

    def claimed_by_a_clock_ahead() -> None:
        with world.look() as store:
            assert store.effects.claim(world.now + 3 * MINUTE, world.now + 5 * MINUTE) is not None
        before.append(world.tables())

    before: list[object] = []
    kit = world.kit.relay()
    storage = cast("Storage", _Between(kit.storage, [lambda: None, claimed_by_a_clock_ahead]))
    relay = Relay(storage=storage, wiring=kit.wiring, driver=kit.driver, clock=kit.clock, mint=kit.mint)
    effect = relay.step()

    assert effect is not None
    assert effect.state is EffectState.REPLACED
    assert before == [world.tables()]
    assert texts(world) == []
    world.settle()
    assert texts(world) == ["Hej"]


def test_what_was_enqueued_during_a_call_is_seen_to_by_the_same_effect(tmp_path: Path) -> None:
    """After each call the rows are read again: a booking cancelled meanwhile keeps no key, and the client hears the last."""
    with slow_world(tmp_path) as (world, during, _):
        booking = world.book(world.massage)
        during.acts.append(lambda: world.ask(Cancel(booking.id)))
        world.settle()

        assert world.exivo_keys() == []
        assert [text.split(":")[0] for text in texts(world, EVA_MOBILE)] == ["Cancelled"]
        assert world.effects(EffectState.DEAD) == []


# Running on


class _Stop(threading.Event):
    """A stop that notes how long a relay wants to wait, and comes after so many waits."""

    def __init__(self, waits: int, *acts: Callable[[], object]) -> None:
        super().__init__()
        self.waits: list[float] = []
        self._left = waits
        self._acts = list(acts)

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.waits.append(timeout)
        if self._acts:
            self._acts.pop(0)()
        if len(self.waits) == self._left:
            self.set()
        return self.is_set()


def test_a_running_relay_delivers_what_comes_until_it_is_stopped(world: World) -> None:
    """It looks at least every poll for what others have enqueued."""
    send(world, "One")
    stop = _Stop(3, lambda: send(world, "Two"))
    world.kit.relay().run(stop, poll=7 * SECOND)

    assert texts(world) == ["One", "Two"]
    assert stop.waits == [7.0, 7.0, 7.0]
    world.kit.relay().run(stop)
    assert len(stop.waits) == 3


def test_a_running_relay_wakes_for_what_falls_due_before_its_next_look(world: World) -> None:
    """Not later than that, and never without a breath."""
    send(world)
    world.elks.inject(Fault.refused("POST", times=2))
    world.kit.deliver()
    due = waiting(world).due_at
    world.clock.set(due - 3 * SECOND)
    stop = _Stop(2, lambda: world.clock.set(due - timedelta(microseconds=1)))
    world.kit.relay().run(stop, poll=7 * SECOND)

    assert stop.waits == [3.0, 0.02]


def test_a_notice_held_back_by_a_dead_letter_keeps_no_relay_busy(world: World) -> None:
    """It waits for a person, so the relay looks no oftener than it would without it."""
    world.exivo.inject(Fault.error("POST", "/digitalKeyVisits$", status=400))
    world.book(world.massage)
    stop = _Stop(2)
    world.kit.relay().run(stop, poll=7 * SECOND)

    assert stop.waits == [7.0, 7.0]
    assert waiting(world).kind is EffectKind.NOTICE


def test_a_running_relay_outlives_a_busy_database(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It says so and looks again; asked to deliver once, it tells the caller."""
    with opened(tmp_path) as world, ExitStack() as held:
        send(world)
        impatient = Kit.open(
            f"sqlite:////{world.path}?patience=0",
            texts=world.kit._wiring.texts,
            clock=world.clock,
            transport=transport(world.elks),
        )
        with impatient:
            held.enter_context(world.look())
            with pytest.raises(StorageBusy):
                impatient.deliver()
            stop = _Stop(2, held.close)
            impatient.relay().run(stop, poll=7 * SECOND)
        assert "the database did not serve (The database was held by others for too long" in caplog.text
        assert caplog.records[-1].levelno == logging.WARNING
        assert texts(world) == ["Hej"]


# Beside each other


def test_eight_threads_deliver_each_text_once(world: World) -> None:
    """Over one kit."""
    for number in range(40):
        send(world, f"Text {number}")
    threads = [threading.Thread(target=world.kit.deliver) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(texts(world)) == sorted(f"Text {number}" for number in range(40))


def test_eight_processes_deliver_two_hundred_texts_once_each(tmp_path: Path) -> None:
    """To a served carrier, all at the same time: each is done by one of them, and arrives once."""
    with served_world(tmp_path) as (world, outside):
        for number in range(200):
            send(world, f"Text {number}")
        done = race(children.deliver, str(world.path), outside, world.now)

        assert sum(done) == 200
        assert sorted(texts(world)) == sorted(f"Text {number}" for number in range(200))


# Dying


LOST = {"nothing is lost": False, "answers are lost as well": True}


@pytest.mark.parametrize("at_once", [1, 5])
@pytest.mark.parametrize("lost", LOST.values(), ids=LOST)
def test_a_relay_that_dies_anywhere_loses_and_doubles_no_text(tmp_path: Path, at_once: int, *, lost: bool) -> None:
    """Before and after each commit and each exchange, with one in flight or five: each text arrives once in the end."""
    with served_world(tmp_path) as (world, outside):
        sent: list[str] = []
        for step in deaths(world, outside):
            assert sorted(texts(world)) == sorted(sent)
            if lost:
                world.elks.inject(Fault.lost_answer("POST", "/sms$"))
            for number in range(at_once):
                sent.append(f"Text {step}.{number}")
                send(world, sent[-1])

        assert sorted(texts(world)) == sorted(sent)
        assert len(sent) >= 8 * at_once
        logged = world.ask(SearchLog(group=world.root.id)).messages
        assert {message.status for message in logged} <= {Status.SENT, Status.DELIVERED}


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST)
@pytest.mark.parametrize("change", ["booked", "moved", "cancelled"])
def test_a_relay_that_dies_anywhere_leaves_keys_and_meetings_as_booked(
    tmp_path: Path, change: str, *, lost: bool
) -> None:
    """For a booking made, moved or cancelled: the vendors hold exactly what is wanted, and the client was told once."""
    with served_world(tmp_path) as (world, outside):
        bookings: list[Booking] = []
        for step in deaths(world, outside):
            _check(world, bookings)
            booking = world.book(starts=NOON + (30 + 2 * step) * DAY)
            if change != "booked":
                world.settle()
            told = len(texts(world, EVA_MOBILE))
            if lost:
                world.exivo.inject(Fault.lost_answer("POST"))
                world.zoom.inject(Fault.lost_answer(path="/v2/"))
                world.elks.inject(Fault.lost_answer("POST"))
            if change == "moved":
                booking = world.ask(Rebook(booking.id, starts=booking.starts + DAY))
            elif change == "cancelled":
                booking = world.ask(Cancel(booking.id))
            bookings.append(booking)
        _check(world, bookings)

        assert len(texts(world, EVA_MOBILE)) == told + 1
        assert len(bookings) >= 15


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST)
@pytest.mark.parametrize("change", ["joined", "moved", "left"])
def test_a_relay_that_dies_anywhere_leaves_one_link_for_each_seat(tmp_path: Path, change: str, *, lost: bool) -> None:
    """For a class that is joined, moved or left: one meeting, one registrant a client, and the client was told once."""
    with served_world(tmp_path) as (world, outside):
        yoga = world.ask(
            AddService(branch=world.advice.branch, name="Yoga", length=HOUR, online=True, rules=BookingRules(seats=3))
        )
        classes: list[tuple[ScheduledClass, bool]] = []
        for step in deaths(world, outside):
            _check_classes(world, classes)
            scheduled = world.ask(
                ScheduleClass(service=yoga.id, provider=world.chair.id, starts=NOON + (30 + 2 * step) * DAY)
            )
            if change == "left":
                world.settle()  # else the seat is gone before anything was asked for it
            booking = world.ask(BookSeat(scheduled=scheduled.id, client=world.eva.id))
            if change != "joined":
                world.settle()
            told = len(texts(world, EVA_MOBILE))
            if lost:
                world.zoom.inject(Fault.lost_answer(path="/v2/"), Fault.lost_answer("POST", "/registrants"))
                world.elks.inject(Fault.lost_answer("POST"))
            if change == "moved":
                scheduled = world.ask(MoveClass(scheduled=scheduled.id, starts=scheduled.starts + DAY))
            elif change == "left":
                world.ask(Cancel(booking.id))
            classes.append((scheduled, change != "left"))
        _check_classes(world, classes)
        world.zoom.clear_faults()

        assert len(texts(world, EVA_MOBILE)) == told + 1
        assert len(classes) >= 10


def _check_classes(world: World, classes: list[tuple[ScheduledClass, bool]]) -> None:
    assert [(one.marker, one.starts) for one in world.zoom_meetings()] == sorted(
        (f"sk:{one.id}:1", str(one.starts)) for one, _ in classes
    )
    people = {
        meeting["agenda"]: [one["email"] for one in meeting["registrants"]]
        for meeting in world.zoom.state()["meetings"]
    }
    assert people == {f"sk:{one.id}:1": [world.eva.email] * taken for one, taken in classes}


def _check(world: World, bookings: list[Booking]) -> None:
    wanted = [booking for booking in bookings if booking.obeyed]
    assert {(key.marker, key.opens, key.closes) for key in world.exivo_keys()} == {
        (f"sk:{one.id}:{one.revision}", str(one.starts - 15 * MINUTE), str(one.ends + 15 * MINUTE)) for one in wanted
    }
    assert {(meeting.marker, meeting.starts) for meeting in world.zoom_meetings()} == {
        (f"sk:{one.id}:1", str(one.starts)) for one in wanted
    }
    assert len(world.exivo_keys()) == len(world.zoom_meetings()) == len(wanted)
    occasions = [text.split(":")[0] for text in texts(world, EVA_MOBILE)]
    told = {"Booked": len(bookings), "Moved": 0, "Cancelled": 0}
    for one in bookings:
        told["Moved"] += one.obeyed and one.revision > 1
        told["Cancelled"] += not one.obeyed
    assert {occasion: occasions.count(occasion) for occasion in told} == told
    for one in bookings:
        assert len(world.ask(ListKeys(one.id))) == (1 if not one.obeyed else one.revision)
