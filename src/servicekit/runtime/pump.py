"""The pump: keeps as many effects in flight as it may, over asyncio; the ledger's transactions run in a thread beside it.

Rules kept here:

* Nothing outside happens within a transaction. While one runs, the calls go on; whatever has ended by the time that it is over
  is recorded together in the next one.
* A call only begins while it will end within the lease, so two relays never do the same at once. One that blocks and cannot be
  stopped is given up after the same time, and its outcome is unknown.
* Half as many more as may be in flight are prepared ahead, so that no call waits for a commit. Nothing else is claimed: the
  rest of the queue is left to other relays, and a slow vendor fills no memory.
* Cancelled, it waits for the transaction that runs and for calls that block; calls that are awaited are cut off, and looked up
  once their leases have run out, as after a crash.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar, cast

from servicekit.errors import (
    ConfigurationError,
    OutcomeUnknown,
    OutsideError,
    Refused,
    ServicekitError,
    StorageError,
    Unreachable,
)
from servicekit.outbox.effects import Effect
from servicekit.runtime.deadline import bounded
from servicekit.runtime.hop import NeverBegun, hop
from servicekit.runtime.ledger import ADAPTERS, Came, Ledger, Prepared
from servicekit.usecases.delivering import Outside

if TYPE_CHECKING:
    from servicekit.ports.http import HttpFlow
    from servicekit.runtime.relay import Relay

__all__ = ["AsyncFlowDriver", "FlowDriver", "Pump"]

T = TypeVar("T")
_log = logging.getLogger("servicekit.relay")

_LONGEST_PAUSE = timedelta(seconds=30)  # between tries while the database is away
_BREATH = timedelta(milliseconds=20)


class FlowDriver(Protocol):
    """Drives HTTP flows and blocks meanwhile; safe for many threads. ``runtime.http.HttpDriver`` is one."""

    def run(self, flow: HttpFlow[T]) -> T:
        """Drive a flow to its end."""
        ...


class AsyncFlowDriver(Protocol):
    """Drives HTTP flows, awaited. ``runtime.http.AsyncHttpDriver`` is one."""

    async def run(self, flow: HttpFlow[T]) -> T:
        """Drive a flow to its end."""
        ...


class Pump:
    """One relay at work in the running event loop; to be used in an ``async with``.

    Args:
        relay: its settings.
        driver: drives the flows; None: the relay's own does, which blocks, in threads.
        settled: hears of each effect that came to an end, or to a pause; in a thread of the pump's.
        stop: once it is set, nothing more is claimed, and what is in hand is brought to its end.
        most: how many effects to claim in all; None: whatever is due.
    """

    def __init__(
        self,
        relay: Relay,
        driver: AsyncFlowDriver | None,
        settled: Callable[[Effect], None],
        *,
        stop: threading.Event | None = None,
        most: int | None = None,
    ) -> None:
        self._relay = relay
        self._driver = driver
        self._ledger = Ledger(relay, settled)
        self._stop = stop or threading.Event()
        self._left = most
        self._most_in_hand = relay.in_flight + relay.in_flight // 2
        self._slots = asyncio.Semaphore(relay.in_flight)
        self._calls = set[asyncio.Task[None]]()
        self._came = deque[Came]()
        self._something_came = asyncio.Event()
        self._trouble: Exception | None = None
        self._looked_for_stranded = False
        self._book = ThreadPoolExecutor(1, thread_name_prefix="servicekit-relay-book")
        self._threads = ThreadPoolExecutor(relay.in_flight, thread_name_prefix="servicekit-relay-call")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)
        # Every hop has ended by now, but for calls that were given up: those go on by themselves.
        self._book.shutdown(wait=False)
        self._threads.shutdown(wait=False)

    async def until_idle(self) -> None:
        """Deliver what is due until nothing is.

        Raises:
            StorageError, ConfigurationError: what is in hand stays in hand; calls that are out go on.
        """
        while True:
            self._something_came.clear()
            moved = await self._turn()
            if self._calls:
                await self._wait_for_something()
            elif not moved and not self._came:
                if self._trouble is not None:
                    raise self._trouble
                return await self._warn()

    async def deliver(self) -> None:
        """As :meth:`until_idle`; on an error, what is out is waited for and recorded first.

        Raises:
            StorageError, ConfigurationError: as there.
        """
        try:
            await self.until_idle()
        except (StorageError, ConfigurationError):
            await self._finish()
            raise

    async def run(self, poll: timedelta) -> None:
        """Deliver until ``stop`` is set, looking at least every ``poll`` for what others have enqueued.

        Raises:
            ConfigurationError: the kit lacks something that an effect needs.
        """
        pause = poll
        while not self._stop.is_set():
            try:
                await self.until_idle()
                due = await hop(self._book, self._ledger.next_due)
            except StorageError as error:
                _log.warning("the database did not serve (%s); the relay looks again", error.message)
                wait, pause = pause, min(2 * pause, max(poll, _LONGEST_PAUSE))
            except ConfigurationError:
                await self._finish()
                raise
            else:
                pause = poll
                wait = poll if due is None else min(poll, max(due - self._relay.clock.now(), _BREATH))
            await hop(self._book, partial(self._stop.wait, wait.total_seconds()))
        await self._finish()

    async def _finish(self) -> None:
        """Claim no more, wait for what is out, and store what can be stored of it."""
        self._left = 0
        if self._calls:
            await asyncio.wait(self._calls)
        try:
            await hop(self._book, lambda: self._ledger.record(self._taken(), 0))
        except (StorageError, ConfigurationError) as error:
            _log.warning("what came last is looked up once its lease has run out: %s", error)

    async def _warn(self) -> None:
        """Say, once, what waits for another relay."""
        if not self._looked_for_stranded:
            self._looked_for_stranded = True
            for kind in await hop(self._book, self._ledger.stranded):
                _log.warning(
                    "what is due of the kind %s waits for a kit with Kit.open(..., %s=...)", kind, ADAPTERS[kind]
                )

    async def _turn(self) -> int:
        """Record what came, claim as much as there is room for, and begin; how many that were, recorded or claimed."""
        most = self._room()

        def turn() -> tuple[int, int, list[Prepared]]:
            came = self._taken()
            return len(came), self._ledger.record(came, most), self._ledger.prepare()

        recorded, claimed, ready = await hop(self._book, turn)
        if self._left is not None:
            self._left -= claimed
        for prepared in ready:
            self._calls.add(asyncio.create_task(self._call(prepared)))
        return recorded + claimed

    def _taken(self) -> list[Came]:
        """What came until now; it is the ledger's from here on."""
        return [self._came.popleft() for _ in range(len(self._came))]

    def _room(self) -> int:
        if self._stop.is_set() or self._trouble is not None:
            return 0
        room = self._most_in_hand - len(self._calls) - self._ledger.in_hand  # what came is recorded before
        return room if self._left is None else min(room, self._left)

    async def _wait_for_something(self) -> None:
        """Until a call has ended; but look now and then what others have enqueued."""
        try:
            async with asyncio.timeout(0.5):
                await self._something_came.wait()
        except TimeoutError:
            pass

    async def _call(self, prepared: Prepared) -> None:
        async with self._slots:
            came = await self._came_of(prepared)
        if came is not None:
            self._came.append(came)
        self._calls.remove(cast("asyncio.Task[None]", asyncio.current_task()))
        self._something_came.set()

    async def _came_of(self, prepared: Prepared) -> Came | None:
        effect, step = prepared.effect, prepared.step
        try:
            return Came(effect, step, result=await self._outside(effect, step))
        except (OutsideError, Refused) as error:
            return Came(effect, step, error=error)
        except (ServicekitError, ConfigurationError) as trouble:
            self._trouble = trouble  # the wiring's: the lease runs out, and it is taken up again
            return None
        except Exception as error:  # noqa: BLE001 - written down with the effect, and tried again
            return Came(effect, step, error=error)

    async def _outside(self, effect: Effect, step: Outside) -> Any:
        span = self._relay.longest_call
        if effect.leased_until is None or self._relay.clock.now() + span > effect.leased_until:
            raise Unreachable("no time was left within the lease, so the call was not begun")
        called = step.call() if step.flows else await self._in_thread(step.call, span)
        return await self._driven(bounded(called, span)) if isinstance(called, Generator) else called

    async def _in_thread(self, call: Callable[[], object], span: timedelta) -> object:
        try:
            return await hop(self._threads, call, within=span)
        except NeverBegun:
            raise Unreachable("no thread was free in time, so the call was not begun") from None
        except TimeoutError:
            raise OutcomeUnknown(f"no answer came within {span}; it may have happened, look it up first") from None

    async def _driven(self, flow: HttpFlow[Any]) -> Any:
        if self._driver is not None:
            return await self._driver.run(flow)
        assert self._relay.driver is not None, "one of them drives"
        return await hop(self._threads, partial(self._relay.driver.run, flow))
