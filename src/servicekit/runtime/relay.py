"""The relay: claims what is due, brings it about outside, records what came of it.

Rules kept here:

* Three transactions an effect and nothing outside within any of them: claim under a lease; prepare, which writes down what
  may happen; record, together with the effect's end.
* A call outside only begins while it will end within the lease, so two relays never do the same at once. Who lost its lease
  begins nothing and records nothing: the fence has moved on, and whoever has it now looks up what was done.
* The relay itself is a generator of deeds (a transaction, a call outside): :meth:`Relay.step` does them one after the other,
  ``AsyncKit`` awaits them. Neither knows more than how.
* Nothing is lost by dying anywhere. An error outside is judged by its type; one that nobody foresaw is written down with the
  effect, logged, and counts as a failure like any other.

Refused: a lease that is not longer than a call may take (``ConfigurationError``).
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from datetime import timedelta
from typing import Any, Protocol, TypeVar

from attrs import evolve, field, frozen

from servicekit.commands import Principal
from servicekit.errors import (
    ConfigurationError,
    OutsideError,
    Refused,
    ServicekitError,
    StorageBusy,
    Throttled,
    Unreachable,
)
from servicekit.moments import Clock
from servicekit.outbox.effects import Effect, EffectState
from servicekit.outbox.retry import Again, RetryPolicy, judge_failure
from servicekit.ports.http import HttpFlow
from servicekit.ports.store import Storage, Transaction, transact
from servicekit.runtime.deadline import bounded
from servicekit.usecases.delivering import Done, Failed, GivenUp, Next, Outside, Step, Verdict, preparations
from servicekit.usecases.work import Mint, Wiring, Work

__all__ = ["Calling", "Deeds", "Delivered", "FlowDriver", "InTransaction", "LeaseLost", "Relay", "delivered"]

T = TypeVar("T")
_log = logging.getLogger("servicekit.relay")

_BY = Principal.operator("relay")


class FlowDriver(Protocol):
    """Drives HTTP flows; ``runtime.http.HttpDriver`` is one."""

    def run(self, flow: HttpFlow[T]) -> T:
        """Drive a flow to its end."""
        ...


@frozen
class InTransaction:
    """A deed: a transaction of its own, whose result is sent back."""

    body: Callable[[Transaction], Any]


@frozen
class Calling:
    """A deed: a call outside that takes ``span`` at most. A flow to be driven, or what blocks; errors are thrown back."""

    call: Callable[[], HttpFlow[Any] | object]
    span: timedelta


Deeds = Generator[InTransaction | Calling, Any, Effect | None]
"""What it takes to deliver one effect; returns it as it was settled, or None if nothing was due."""


@frozen
class Delivered:
    """What a run of the relay did, in effects: brought about, to be tried again, given up."""

    done: int = 0
    again: int = 0
    dead: int = 0


def delivered(settled: Iterable[Effect]) -> Delivered:
    """How many effects came to what end."""
    counts = Counter(effect.state for effect in settled)
    return Delivered(counts[EffectState.DONE], counts[EffectState.DUE], counts[EffectState.DEAD])


class LeaseLost(ServicekitError):
    """Somebody else has claimed the effect since; what came of ours is looked up there."""

    default_code = "lease_lost"


@frozen(kw_only=True)
class Relay:
    """One relay; any number may run beside each other, in threads, processes or machines.

    Attributes:
        lease: how long a claimed effect is one's own. A relay that dies is made up for after it.
        longest_call: what one step outside may take at most; it is cut off then.
        policy: how patient to be with failures.
    """

    storage: Storage
    wiring: Wiring = field(repr=False)
    driver: FlowDriver = field(repr=False)
    clock: Clock = field(repr=False)
    mint: Mint = field(repr=False)
    lease: timedelta = timedelta(minutes=2)
    longest_call: timedelta = timedelta(seconds=45)
    policy: RetryPolicy = RetryPolicy()

    def __attrs_post_init__(self) -> None:
        if not timedelta(0) < self.longest_call < self.lease:
            raise ConfigurationError(
                f"A lease ({self.lease}) must be longer than the longest call outside ({self.longest_call}): "
                "else two relays could do the same at once."
            )

    def run_until_idle(self, stop: threading.Event | None = None) -> Delivered:
        """Deliver what is due until nothing is, or until ``stop`` is set."""

        def settled() -> Iterator[Effect]:
            while not (stop and stop.is_set()) and (effect := self.step()) is not None:
                yield effect

        return delivered(settled())

    def run(self, stop: threading.Event, *, poll: timedelta = timedelta(milliseconds=500)) -> None:
        """Deliver until ``stop`` is set, looking at least every ``poll`` for what others have enqueued."""
        while not stop.is_set():
            try:
                self.run_until_idle(stop)
                with self.storage.read() as store:
                    due = store.effects.next_due(self.clock.now())
            except StorageBusy:
                _log.warning("the database was busy; the relay looks again")
                due = None
            wait = poll if due is None else min(poll, max(due - self.clock.now(), timedelta(milliseconds=20)))
            stop.wait(wait.total_seconds())

    def step(self) -> Effect | None:
        """Claim one effect and take all its steps; the effect as it was settled, None if nothing was due."""
        deeds = self.deeds()
        heard: Any = None
        failed: Exception | None = None
        try:
            while True:
                deed = deeds.send(heard) if failed is None else deeds.throw(failed)
                heard, failed = None, None
                try:
                    heard = self._do(deed)
                except Exception as error:  # noqa: BLE001 - thrown in where it is waited for, and judged there
                    failed = error
        except StopIteration as end:
            settled: Effect | None = end.value
            return settled
        finally:
            deeds.close()

    def _do(self, deed: InTransaction | Calling) -> Any:
        if isinstance(deed, InTransaction):
            return transact(self.storage, deed.body)
        called = deed.call()
        return self.driver.run(bounded(called, deed.span)) if isinstance(called, Generator) else called

    def deeds(self) -> Deeds:
        """What :meth:`step` does, to be done by somebody else."""
        at = self.clock.now()
        effect: Effect | None = yield InTransaction(lambda store: store.effects.claim(at, at + self.lease))
        if effect is None:
            return None
        try:
            return (yield from self._deliver(effect))
        except LeaseLost:
            _log.warning("the lease of %s %s was lost; another relay has it", effect.kind, effect.subject)
            return evolve(effect, state=EffectState.REPLACED)

    def _deliver(self, effect: Effect) -> Deeds:
        while True:
            try:
                settled = yield from self._advance(effect)
            except Refused as refused:
                # A rule said no to what was enqueued (a group without a sender): a person mends it and retries.
                settled = yield self._settling(effect, GivenUp(refused.message))
            except (ServicekitError, ConfigurationError):
                raise  # the storage's, or the wiring's: the lease runs out and it is taken up again
            except Exception as error:  # noqa: BLE001 - written down with the effect, logged, and tried again
                _log.exception("the delivery of %s %s failed in an unforeseen way", effect.kind, effect.subject)
                settled = yield self._settling(
                    effect, Failed(Unreachable(f"unforeseen: {type(error).__name__}: {error}"))
                )
            if settled is not None:
                return settled

    def _advance(self, effect: Effect) -> Deeds:
        """Take one step; the settled effect, or None if there is another step."""
        began = self.clock.now()
        step = yield InTransaction(lambda store: self._prepared(store, effect))
        if not isinstance(step, Outside):
            return step  # type: ignore[no-any-return]
        result, error = None, None
        try:
            # What the transaction itself has taken is gone from the lease as well.
            result = yield Calling(step.call, self.longest_call - (self.clock.now() - began))
        except OutsideError as raised:
            error = raised

        def record(store: Transaction) -> Effect | None:
            work = self._work(store)
            verdict = step.failed(work, error) if error is not None else step.record(work, result)
            return self._settled(store, effect, verdict)

        return (yield InTransaction(record))  # type: ignore[no-any-return]

    def _prepared(self, store: Transaction, effect: Effect) -> Outside | Effect | None:
        """What to do outside; or the settled effect, or None, where there is nothing to do there.

        The effect itself is held last, as by whoever changes a booking and then enqueues.
        """
        work = self._work(store)
        if effect.leased_until is None or work.at + self.longest_call > effect.leased_until:
            return self._stored(store, evolve(effect, state=EffectState.DUE, due_at=work.at))
        step: Step = preparations()[effect.kind](work, effect)
        if not isinstance(step, Outside):
            return self._settled(store, effect, step)
        self._check_lease(store, effect)
        return step

    def _settling(self, effect: Effect, verdict: GivenUp | Failed) -> InTransaction:
        return InTransaction(lambda store: self._ended(store, effect, verdict))

    def _check_lease(self, store: Transaction, effect: Effect) -> None:
        if store.effects.hold(effect.id).fence != effect.fence:
            raise LeaseLost(f"{effect.id} was claimed by another relay", effect=effect.id)

    def _settled(self, store: Transaction, effect: Effect, verdict: Verdict) -> Effect | None:
        """Store what the verdict makes of the effect; None where it goes on at once."""
        if isinstance(verdict, Next):
            self._check_lease(store, effect)
            return None
        return self._ended(store, effect, verdict)

    def _ended(self, store: Transaction, effect: Effect, verdict: Done | GivenUp | Failed) -> Effect:
        match verdict:
            case Done():
                return self._stored(store, evolve(effect, state=EffectState.DONE, trouble=""))
            case GivenUp(reason):
                _log.error("%s %s was given up: %s", effect.kind, effect.subject, reason)
                return self._stored(store, evolve(effect, state=EffectState.DEAD, trouble=reason))
        _log.warning("%s %s failed: %s", effect.kind, effect.subject, verdict.error.message)
        return self._stored(store, self._failed(effect, verdict.error, stubborn=verdict.stubborn))

    def _failed(self, effect: Effect, error: OutsideError, *, stubborn: bool) -> Effect:
        attempts, judged = effect.attempts, error
        if stubborn:  # as a failure that never comes to its end
            attempts = min(attempts, self.policy.attempts - 2)
            judged = error if isinstance(error, Throttled) else Unreachable(error.message)
        again = judge_failure(judged, attempts=attempts, at=self.clock.now(), salt=effect.id, policy=self.policy)
        if not isinstance(again, Again):
            _log.error("%s %s was given up: %s", effect.kind, effect.subject, again.reason)
            return evolve(effect, state=EffectState.DEAD, trouble=again.reason)
        counted = effect.attempts + int(again.counted)
        return evolve(effect, state=EffectState.DUE, due_at=again.at, attempts=counted, trouble=error.message)

    def _stored(self, store: Transaction, effect: Effect) -> Effect:
        if not store.effects.settle(effect):
            raise LeaseLost(f"{effect.id} was claimed by another relay", effect=effect.id)
        return effect

    def _work(self, store: Transaction) -> Work:
        return Work(store, self.clock.now(), _BY, self.wiring, self.mint)
