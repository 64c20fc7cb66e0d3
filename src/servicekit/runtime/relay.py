"""The relay: claims what is due, brings it about outside, records what came of it.

Rules kept here:

* Three steps an effect: claim under a lease; prepare, which writes down what may happen; record, together with the effect's
  end. Each is a transaction, which many effects share (:mod:`~servicekit.runtime.ledger`), and nothing outside happens within
  any of them (:mod:`~servicekit.runtime.pump`).
* Effects of one subject are in flight one after the other, in the order of their making, and notices follow deeds. Others
  overtake one another: texts to one phone may arrive in another order than they were sent in, as they may anyway.
* It claims what the kit has an adapter for. Everything else waits, for a relay that has one; a warning says so.
* Nothing is lost by dying anywhere. A database that does not serve is waited for; an error outside is judged by its type.

Refused: a lease that is not longer than a call may take, less than one effect in flight (``ConfigurationError``).
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from datetime import timedelta

from attrs import field, frozen

from servicekit.errors import ConfigurationError
from servicekit.moments import Clock
from servicekit.outbox.effects import Effect, EffectState
from servicekit.outbox.retry import RetryPolicy
from servicekit.ports.store import Storage
from servicekit.runtime.http import AsyncHttpDriver
from servicekit.runtime.pump import AsyncFlowDriver, FlowDriver, Pump
from servicekit.usecases.wiring import Wiring
from servicekit.usecases.work import Mint

__all__ = ["Delivered", "FlowDriver", "Relay"]


@frozen
class Delivered:
    """What a run of the relay did, in effects: brought about, to be tried again, given up."""

    done: int = 0
    again: int = 0
    dead: int = 0


@frozen(kw_only=True)
class Relay:
    """One relay; any number may run beside each other, in threads, processes or machines.

    Attributes:
        driver: drives HTTP flows and blocks meanwhile, in up to ``in_flight`` threads; None: they are awaited over connections
            of its own, in one thread.
        in_flight: how many calls are outside at once, at most; half as many more are claimed and prepared ahead.
        lease: how long a claimed effect is one's own. A relay that dies is made up for after it.
        longest_call: what one step outside may take at most. A flow is cut off then. A call that blocks (SMTP) is given up: its
            outcome counts as unknown, though it may go on until its own time-outs.
        policy: how patient to be with failures.
    """

    storage: Storage
    wiring: Wiring = field(repr=False)
    driver: FlowDriver | None = field(repr=False)
    clock: Clock = field(repr=False)
    mint: Mint = field(repr=False)
    in_flight: int = 16
    lease: timedelta = timedelta(minutes=2)
    longest_call: timedelta = timedelta(seconds=45)
    policy: RetryPolicy = RetryPolicy()

    def __attrs_post_init__(self) -> None:
        if not timedelta(0) < self.longest_call < self.lease:
            raise ConfigurationError(
                f"A lease ({self.lease}) must be longer than the longest call outside ({self.longest_call}): "
                "else two relays could do the same at once."
            )
        if self.in_flight < 1:
            raise ConfigurationError(f"A relay needs at least one effect in flight, not {self.in_flight}.")

    def run_until_idle(self, stop: threading.Event | None = None) -> Delivered:
        """Deliver what is due until nothing is, or until ``stop`` is set and what is in hand is brought to its end.

        Raises:
            StorageError: the database did not serve; what was outside by then is recorded if it serves again.
            ConfigurationError: the kit lacks something that an effect needs; likewise.
        """
        counts = _Counts()
        self._at_work(Pump.deliver, counts, stop=stop)
        return counts.delivered

    def run(self, stop: threading.Event, *, poll: timedelta = timedelta(milliseconds=500)) -> None:
        """Deliver until ``stop`` is set, looking at least every ``poll`` for what others have enqueued.

        A database that does not serve (held by others, restarted) is waited for, with growing pauses.

        Raises:
            ConfigurationError: the kit lacks something that an effect needs.
        """
        self._at_work(lambda pump: pump.run(poll), lambda _: None, stop=stop)

    def step(self) -> Effect | None:
        """Claim one effect and take all its steps; the effect as it was settled, None if nothing was due."""
        settled: list[Effect] = []
        self._at_work(Pump.deliver, settled.append, most=1)
        return settled[0] if settled else None

    async def deliver(self, driver: AsyncFlowDriver) -> Delivered:
        """As :meth:`run_until_idle`, awaited; ``driver`` drives the flows. Cancelled, it waits for what cannot be stopped."""
        counts = _Counts()
        async with Pump(self, driver, counts) as pump:
            await pump.deliver()
        return counts.delivered

    def _at_work(
        self,
        act: Callable[[Pump], Awaitable[None]],
        settled: Callable[[Effect], None],
        *,
        stop: threading.Event | None = None,
        most: int | None = None,
    ) -> None:
        """Let a pump act, in an event loop of its own, and wait for its end."""

        async def whole() -> None:
            async with AsyncExitStack() as stack:
                driver = await stack.enter_async_context(AsyncHttpDriver()) if self.driver is None else None
                await act(await stack.enter_async_context(Pump(self, driver, settled, stop=stop, most=most)))

        def looped() -> None:
            # With a factory, asyncio leaves alone what the application may have set as this thread's loop.
            with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
                runner.run(whole())

        try:
            asyncio.get_running_loop()
        except RuntimeError:
            looped()
        else:  # called by a coroutine, which is blocked meanwhile, as by any other sync call
            with ThreadPoolExecutor(1) as thread:
                thread.submit(looped).result()


class _Counts:
    """Counts effects by the end they came to."""

    def __init__(self) -> None:
        self._states = Counter[EffectState]()

    def __call__(self, effect: Effect) -> None:
        self._states[effect.state] += 1

    @property
    def delivered(self) -> Delivered:
        """The counts so far."""
        states = self._states
        return Delivered(states[EffectState.DONE], states[EffectState.DUE], states[EffectState.DEAD])
