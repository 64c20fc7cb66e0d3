"""The pump: as many calls outside at once as it may, none beyond its lease, and nothing lost by whatever fails meanwhile."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from attrs import define, evolve, field

from carriers import Pigeons
from servicekit import AsyncKit, Kit
from servicekit.errors import ConfigurationError, StorageError
from servicekit.mail import OutgoingMail
from servicekit.messages import HandOver, Message, SearchLog, SendText
from servicekit.outbox.effects import EffectKind, EffectState
from servicekit.outbox.facts import TextStatus
from servicekit.ports.mail import MailReceipt
from servicekit.ports.store import Storage, Transaction
from servicekit.ports.texts import OutgoingText, TextReceipt
from servicekit.runtime.relay import Delivered, Relay
from servicekit.testing.simulators import transport
from world import EVA_MOBILE, MINUTE, NOON, World, elks_adapter, opened

pytest_plugins = ("world_fixtures",)

SECOND = timedelta(seconds=1)
PATIENCE = 20.0


def send(world: World, *words: str) -> None:
    """Texts of Anna's."""
    for text in words:
        world.ask(SendText(user=world.admin.id, to=EVA_MOBILE, text=text))


def log(world: World) -> dict[str, Message]:
    """Messages by their text."""
    return {one.text: one for one in world.ask(SearchLog(group=world.root.id)).messages}


@define
class Crowd:
    """Counts who is outside at once; lets them in again when so many are there."""

    wanted: int
    inside: int = 0
    most: int = 0
    lock: threading.Condition = field(factory=threading.Condition)

    def stay(self) -> None:
        """Until as many as wanted are, or have been, outside together."""
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
            self.lock.notify_all()
            assert self.lock.wait_for(lambda: self.most >= self.wanted, PATIENCE), f"only {self.most} at once"
            self.inside -= 1


@define
class Carrier(Pigeons):
    """Sends in a call that blocks; ``act`` happens meanwhile."""

    act: Callable[[OutgoingText], object] = lambda _: None

    def send(self, text: OutgoingText) -> TextReceipt:  # type: ignore[override]
        """Without any flow."""
        self.act(text)
        self.sent.append(text)
        return TextReceipt(vendor_id=f"b-{text.reference}", status=TextStatus.SENT)


@define
class Slow(httpx.BaseTransport):
    """The simulated vendors, at which one stays as long as ``stay`` takes."""

    inner: httpx.BaseTransport
    stay: Callable[[], object] = lambda: None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """As they answer."""
        self.stay()
        return self.inner.handle_request(request)


class Awaited(httpx.AsyncBaseTransport):
    """The same, awaited: as many as wanted have to be there together."""

    def __init__(self, inner: httpx.MockTransport, wanted: int) -> None:
        self.inner, self.wanted = inner, wanted
        self.inside = self.most = 0
        self.together = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """As they answer."""
        self.inside += 1
        self.most = max(self.most, self.inside)
        if self.most >= self.wanted:
            self.together.set()
        async with asyncio.timeout(PATIENCE):
            await self.together.wait()
        self.inside -= 1
        await request.aread()
        return self.inner.handle_request(request)


@contextmanager
def slow_world(tmp_path: Path, stay: Callable[[], object], **options: Any) -> Iterator[tuple[World, Kit]]:
    """A world, and a kit over it whose calls take a while."""
    with opened(tmp_path) as world:
        wiring = world.kit._wiring
        wired: Any = {"texts": wiring.texts, "doors": wiring.doors, "meetings": wiring.meetings, **options}
        slow = Slow(transport(world.elks, world.exivo, world.zoom), stay)
        with Kit.open(f"sqlite:////{world.path}", clock=world.clock, transport=slow, **wired) as slowly:
            yield world, slowly


@define
class Weak:
    """A database of which some writing transactions fail: those whose numbers are in ``failing``."""

    inner: Storage
    failing: set[int]
    writes: int = 0
    failed: threading.Event = field(factory=threading.Event)

    def write(self) -> AbstractContextManager[Transaction]:
        """As the database does, or not."""
        self.writes += 1
        if self.writes in self.failing:
            self.failed.set()
            raise StorageError(f"the server was restarted at {self.writes}")
        return self.inner.write()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def weak(relay: Relay, *failing: int) -> Relay:
    """The same relay over a database that fails now and then."""
    return evolve(relay, storage=cast("Storage", Weak(relay.storage, set(failing))))


class Stop(threading.Event):
    """A stop that notes how long a relay wants to wait, and comes after so many waits."""

    def __init__(self, waits: int) -> None:
        super().__init__()
        self.waits: list[float] = []
        self._left = waits

    def wait(self, timeout: float | None = None) -> bool:
        """Not at all."""
        assert timeout is not None
        self.waits.append(timeout)
        if len(self.waits) == self._left:
            self.set()
        return self.is_set()


# How many at once


def test_as_many_are_outside_at_once_as_may_be_and_no_more(tmp_path: Path) -> None:
    """Five of twelve; each call waits until five are out together, and never are there six."""
    crowd = Crowd(5)
    with slow_world(tmp_path, crowd.stay, in_flight=5) as (world, kit):
        send(world, *(f"Text {number}" for number in range(12)))

        assert kit.deliver() == Delivered(done=12)
        assert sorted(text.text for text in world.elks.handset(EVA_MOBILE)) == sorted(log(world))
    assert crowd.most == 5


def test_awaited_as_many_are_outside_at_once_as_may_be(world: World) -> None:
    """The same for an application on asyncio."""
    send(world, *(f"Text {number}" for number in range(12)))
    slow = Awaited(transport(world.elks), 5)

    async def body() -> Delivered:
        url = f"sqlite:////{world.path}"
        async with AsyncKit.open(url, texts=elks_adapter(), clock=world.clock, transport=slow, in_flight=5) as kit:
            return await kit.deliver()

    assert asyncio.run(body()) == Delivered(done=12)
    assert slow.most == 5
    assert len(world.elks.handset(EVA_MOBILE)) == 12


def test_over_connections_of_its_own_as_well(world: World) -> None:
    """Without any transport of the test's: real sockets, driven by one thread."""
    from servicekit.testing.simulators import FortySixElksSimulator, serve

    with (
        serve(FortySixElksSimulator()) as served,
        Kit.open(
            f"sqlite:////{world.path}",
            texts=elks_adapter(f"{served.url}/a1", report_url=""),
            clock=world.clock,
            in_flight=5,
        ) as kit,
    ):
        send(world, *(f"Text {number}" for number in range(12)))

        assert kit.deliver() == Delivered(done=12)
        assert len(served.simulator.handset(EVA_MOBILE)) == 12


def test_one_subject_is_outside_once_however_many_may_be(tmp_path: Path) -> None:
    """A key and a meeting of one booking go side by side; its notice waits for both, and its text for the notice."""
    order: list[str] = []
    crowd = Crowd(2)

    def stay() -> None:
        if len(order) < 2:
            crowd.stay()
        order.append("call")

    with slow_world(tmp_path, stay, in_flight=8) as (world, kit):
        booking = world.book()
        delivered = kit.deliver()
        assert (delivered.again, delivered.dead) == (0, 0)
        assert len(world.exivo_keys()) == len(world.zoom_meetings()) == 1
        (text,) = world.elks.handset(EVA_MOBILE)
        assert "Booked" in text.text
        assert booking.obeyed
    assert crowd.most == 2


def test_what_others_enqueue_is_seen_while_a_call_is_out(tmp_path: Path) -> None:
    """A vendor that is slow holds up nobody else: the second text goes out while the first is still on its way."""
    second_came = threading.Event()
    carrier = Carrier()
    with opened(tmp_path, texts=carrier, in_flight=2) as world:
        send(world, "First")

        def act(text: OutgoingText) -> None:
            if text.text == "First":
                send(world, "Second")
                assert second_came.wait(PATIENCE)
            else:
                second_came.set()

        carrier.act = act
        assert world.kit.deliver() == Delivered(done=2)
    assert [text.text for text in carrier.sent] == ["Second", "First"]


def test_a_step_takes_one_effect_however_many_may_be_in_flight(tmp_path: Path) -> None:
    """The others are not even claimed."""
    with opened(tmp_path, in_flight=8) as world:
        send(world, "One", "Two", "Three")

        assert world.kit.relay().step() is not None
        assert len(world.effects(EffectState.DUE)) == 2


def test_a_relay_that_is_stopped_brings_to_an_end_what_it_has_in_hand(tmp_path: Path) -> None:
    """Four were claimed when the stop came, one of them ahead; the fifth is left."""
    stop = threading.Event()
    carrier = Carrier(act=lambda _: stop.set())
    with opened(tmp_path, texts=carrier, in_flight=3) as world:
        send(world, *(f"Text {number}" for number in range(5)))

        assert world.kit.relay().run_until_idle(stop) == Delivered(done=4)
        assert len(world.effects(EffectState.DUE)) == 1
        assert world.effects(EffectState.LEASED) == []


def test_called_by_a_coroutine_it_blocks_as_any_call(world: World) -> None:
    """The loop that is running in this thread is left alone."""
    send(world, "One")

    async def body() -> Delivered:
        return world.kit.deliver()

    assert asyncio.run(body()) == Delivered(done=1)


# The database does not serve


@pytest.mark.parametrize("failing", [1, 2, 3, 4])
def test_a_running_relay_outlives_a_database_that_fails(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, failing: int
) -> None:
    """At a claim, a preparation or a recording, together and alone: each text is sent once, and none is looked up."""
    with opened(tmp_path, texts=Pigeons(), in_flight=4) as world:
        send(world, "One", "Two")
        weak(world.kit.relay(), failing, failing + 1, failing + 2).run(Stop(4), poll=SECOND)

        assert {text: one.hand_over for text, one in log(world).items()} == dict.fromkeys(("One", "Two"), HandOver.DONE)
        assert {effect.fence for effect in world.effects(EffectState.DONE)} == {1}
        assert "the database did not serve (the server was restarted" in caplog.text


def test_a_running_relay_waits_longer_each_time_and_not_for_ever(world: World) -> None:
    """Twice as long as before, at most half a minute; and as at first once the database serves again."""
    stop = Stop(9)
    weak(world.kit.relay(), *range(1, 15)).run(stop, poll=SECOND)  # each time it tries twice

    assert stop.waits == [1, 2, 4, 8, 16, 30, 30, 1, 1]


def test_asked_to_deliver_once_it_records_what_came_and_tells(tmp_path: Path) -> None:
    """The recording failed twice, together and alone; then it went well, and the error is the caller's all the same."""
    carrier = Pigeons()
    with opened(tmp_path, texts=carrier, in_flight=4) as world:
        send(world, "One")
        with pytest.raises(StorageError, match="restarted at 4"):
            weak(world.kit.relay(), 3, 4).run_until_idle()

        assert log(world)["One"].hand_over is HandOver.DONE


def test_asked_to_deliver_once_it_waits_for_what_is_still_out(tmp_path: Path) -> None:
    """The first text could not be recorded while the second was on its way: both are in the end, and the error is told."""
    carrier = Carrier()
    with opened(tmp_path, texts=carrier, in_flight=4) as world:
        send(world, "One", "Two")
        relay = weak(world.kit.relay(), 3, 4)
        storage = cast("Weak", relay.storage)
        carrier.act = lambda text: carrier.sent and storage.failed.wait(PATIENCE) and text
        first_sent = carrier.sent
        with pytest.raises(StorageError, match="restarted at 4"):
            relay.run_until_idle()

        assert len(first_sent) == 2
        assert {one.hand_over for one in log(world).values()} == {HandOver.DONE}


def test_what_can_be_recorded_nowhere_is_left_to_the_next_relay(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The database stays away: the relay says so and ends; after the lease somebody looks the text up."""
    with opened(tmp_path, in_flight=4) as world:
        send(world, "One")
        with pytest.raises(StorageError, match="restarted at 4"):
            weak(world.kit.relay(), *range(3, 20)).run_until_idle()
        assert "what came last is looked up once its lease has run out" in caplog.text
        assert log(world)["One"].hand_over is HandOver.ASKED
        world.clock.advance(3 * MINUTE)

        assert world.kit.deliver() == Delivered(done=1)
        assert len(world.elks.handset(EVA_MOBILE)) == 1


# Wrong wiring


@pytest.mark.parametrize("how", ["once", "running"])
def test_wrong_wiring_ends_a_relay_after_what_it_has_in_hand(tmp_path: Path, how: str) -> None:
    """A base URL that is none: the key is made all the same; the text is left to its lease."""

    def act(_: OutgoingText) -> None:
        raise ConfigurationError("check the base URL")

    with opened(tmp_path, texts=Carrier(act=act), in_flight=4) as world:
        send(world, "One")
        world.book(world.massage)
        relay = world.kit.relay()
        acts: dict[str, Callable[[], object]] = {
            "once": relay.run_until_idle,
            "running": lambda: relay.run(Stop(3), poll=SECOND),
        }
        with pytest.raises(ConfigurationError, match="check the base URL"):
            acts[how]()

        assert len(world.exivo_keys()) == 1
        assert [effect.kind for effect in world.effects(EffectState.LEASED)] == [EffectKind.TEXT]


def test_a_relay_says_once_what_waits_for_another(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """However often it looks."""
    world.book(world.massage)
    with Kit.open(f"sqlite:////{world.path}", clock=world.clock) as other:
        other.relay().run(Stop(3), poll=SECOND)

    assert [one.message for one in caplog.records] == [
        "what is due of the kind key waits for a kit with Kit.open(..., doors=...)"
    ]


# Leases


def test_what_waited_too_long_for_its_turn_is_not_begun(tmp_path: Path) -> None:
    """One more than may be out is prepared ahead; by the time that it may go, its lease is too short, and so it is later."""
    carrier = Carrier()
    crowd = Crowd(4)
    with opened(tmp_path, texts=carrier, in_flight=4) as world:

        def act(_: OutgoingText) -> None:
            crowd.stay()
            with crowd.lock:
                world.clock.set(world.clock.now() if world.now > NOON else world.now + 80 * SECOND)

        carrier.act = act
        send(world, *(f"Text {number}" for number in range(5)))

        assert world.kit.deliver() == Delivered(done=4, again=1)
        (later,) = world.effects(EffectState.DUE)
        assert later.trouble == "no time was left within the lease, so the call was not begun"
    assert len(carrier.sent) == 4


# Calls that block


def test_a_call_that_blocks_too_long_is_given_up(tmp_path: Path) -> None:
    """Its outcome is unknown, since it may still come to its end; the one that no thread was free for was not begun."""
    go_on = threading.Event()
    begun: list[str] = []

    def act(text: OutgoingText) -> None:
        begun.append(text.reference)
        go_on.wait(PATIENCE)

    quick: dict[str, Any] = {"lease": 2 * SECOND, "longest_call": timedelta(milliseconds=200)}
    with opened(tmp_path, texts=Carrier(act=act), in_flight=1, **quick) as world:
        send(world, "One", "Two")
        try:
            assert world.kit.deliver() == Delivered(again=2)
        finally:
            go_on.set()
        troubles = {one.subject: one.trouble for one in world.effects(EffectState.DUE)}
        ((first, asked), (second, planned)) = sorted(
            ((one.id, one.hand_over) for one in log(world).values()), key=lambda one: one[0] not in begun
        )

    assert troubles[first].startswith("no answer came within 0:00:00.200000; it may have happened")
    assert troubles[second] == "no thread was free in time, so the call was not begun"
    assert (asked, planned) == (HandOver.ASKED, HandOver.PLANNED)


@define
class Mailer:
    """A mail server that is asked by a call that blocks."""

    crowd: Crowd
    name: str = "mailer"

    def send(self, mail: OutgoingMail) -> MailReceipt:
        """When enough are there."""
        self.crowd.stay()
        return MailReceipt(vendor_id=mail.message_id)


def test_calls_that_block_are_made_side_by_side(tmp_path: Path) -> None:
    """The mails to the client and to the room's owner go out together."""
    crowd = Crowd(2)
    mail: dict[str, Any] = {"mail": Mailer(crowd), "mail_from": "salon@salon.example", "texts": None}
    with opened(tmp_path, in_flight=4, **mail) as world:
        world.book(world.haircut)

        assert world.kit.deliver().done == 3
    assert crowd.most == 2


def test_an_adapters_bug_is_no_reason_to_stop(tmp_path: Path) -> None:
    """In a call that blocks, too: it is written down with the effect, and the other text is sent."""

    def act(text: OutgoingText) -> None:
        if text.text == "One":
            raise ZeroDivisionError(text.to)

    with opened(tmp_path, texts=Carrier(act=act), in_flight=2) as world:
        send(world, "One", "Two")

        assert world.kit.deliver() == Delivered(done=1, again=1)
        assert world.effects(EffectState.DUE)[0].trouble == f"unforeseen: ZeroDivisionError: {EVA_MOBILE}"


# Cancelling


def test_cancelled_it_waits_for_what_blocks_and_cuts_off_what_is_awaited(world: World) -> None:
    """Nothing is half done: what was on its way is looked up after its lease, and each text arrives once."""
    send(world, *(f"Text {number}" for number in range(6)))
    asked = asyncio.Event()

    class Silent(httpx.AsyncBaseTransport):
        """The request arrives; the answer does not."""

        def __init__(self) -> None:
            self.seen = 0

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await request.aread()
            transport(world.elks).handle_request(request)
            self.seen += 1
            if self.seen == 4:
                asked.set()
            await asyncio.sleep(60)
            raise AssertionError("nobody waited so long")

    async def body() -> None:
        url = f"sqlite:////{world.path}"
        async with AsyncKit.open(url, texts=elks_adapter(), clock=world.clock, transport=Silent(), in_flight=4) as kit:
            task = asyncio.create_task(kit.deliver())
            await asked.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(body())
    assert len(world.effects(EffectState.LEASED)) == 6
    world.clock.advance(3 * MINUTE)

    assert world.kit.deliver() == Delivered(done=6)
    assert sorted(text.text for text in world.elks.handset(EVA_MOBILE)) == sorted(log(world))
