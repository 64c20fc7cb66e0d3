"""The relay: claims what is due, brings it about outside, records what came of it.

Rules kept here:

* Three transactions an effect and nothing outside within any of them: claim under a lease; prepare, which writes down what
  may happen; record, together with the effect's end.
* A call outside only begins while it will end within the lease, so two relays never do the same at once. Who lost its lease
  begins nothing and records nothing: the fence has moved on, and whoever has it now looks up what was done.
* Nothing is lost by dying anywhere. An error outside is judged by its type; one that nobody foresaw is written down with the
  effect, logged, and counts as a failure like any other.

Refused: a lease that is not longer than a call may take (``ConfigurationError``).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Generator
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

__all__ = ["Delivered", "FlowDriver", "LeaseLost", "Relay"]

T = TypeVar("T")
_log = logging.getLogger("servicekit.relay")

_BY = Principal.operator("relay")


class FlowDriver(Protocol):
    """Drives HTTP flows; ``runtime.http.HttpDriver`` is one."""

    def run(self, flow: HttpFlow[T]) -> T:
        """Drive a flow to its end."""
        ...


@frozen
class Delivered:
    """What a run of the relay did, in effects: brought about, to be tried again, given up."""

    done: int = 0
    again: int = 0
    dead: int = 0


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

    def run_until_idle(self, *, most: int = 1_000_000) -> Delivered:
        """Deliver what is due until nothing is, or ``most`` steps are done."""
        counts = dict.fromkeys(EffectState, 0)
        for _ in range(most):
            effect = self.step()
            if effect is None:
                break
            counts[effect.state] += 1
        return Delivered(counts[EffectState.DONE], counts[EffectState.DUE], counts[EffectState.DEAD])

    def run(self, stop: threading.Event, *, poll: timedelta = timedelta(milliseconds=500)) -> None:
        """Deliver until ``stop`` is set, looking at least every ``poll`` for what others have enqueued."""
        while not stop.is_set():
            try:
                self.run_until_idle()
                with self.storage.read() as store:
                    due = store.effects.next_due(self.clock.now())
            except StorageBusy:
                _log.warning("the database was busy; the relay looks again")
                due = None
            wait = poll if due is None else min(poll, max(due - self.clock.now(), timedelta(milliseconds=20)))
            stop.wait(wait.total_seconds())

    def step(self) -> Effect | None:
        """Claim one effect and take all its steps; the effect as it was settled, None if nothing was due."""
        at = self.clock.now()
        effect = transact(self.storage, lambda store: store.effects.claim(at, at + self.lease))
        if effect is None:
            return None
        try:
            return self._deliver(effect)
        except LeaseLost:
            _log.warning("the lease of %s %s was lost; another relay has it", effect.kind, effect.subject)
            return evolve(effect, state=EffectState.REPLACED)

    def _deliver(self, effect: Effect) -> Effect:
        while True:
            try:
                settled = self._advance(effect)
            except Refused as refused:
                # A rule said no to what was enqueued (a group without a sender): a person mends it and retries.
                settled = self._settle_alone(effect, GivenUp(refused.message))
            except (ServicekitError, ConfigurationError):
                raise  # the storage's, or the wiring's: the lease runs out and it is taken up again
            except Exception as error:  # noqa: BLE001 - written down with the effect, logged, and tried again
                _log.exception("the delivery of %s %s failed in an unforeseen way", effect.kind, effect.subject)
                settled = self._settle_alone(
                    effect, Failed(Unreachable(f"unforeseen: {type(error).__name__}: {error}"))
                )
            if settled is not None:
                return settled

    def _advance(self, effect: Effect) -> Effect | None:
        """Take one step; the settled effect, or None if there is another step."""
        began = self.clock.now()
        step = transact(self.storage, lambda store: self._prepared(store, effect))
        if not isinstance(step, Outside):
            return step
        try:
            # What the transaction itself has taken is gone from the lease as well.
            result, error = self._call(step, self.longest_call - (self.clock.now() - began)), None
        except OutsideError as raised:
            result, error = None, raised

        def record(store: Transaction) -> Effect | None:
            work = self._work(store)
            verdict = step.failed(work, error) if error is not None else step.record(work, result)
            return self._settled(store, effect, verdict)

        return transact(self.storage, record)

    def _prepared(self, store: Transaction, effect: Effect) -> Outside | Effect | None:
        """What to do outside; or the settled effect, or None, where there is nothing to do there."""
        work = self._work(store)
        self._check_lease(store, effect)
        if effect.leased_until is None or work.at + self.longest_call > effect.leased_until:
            return self._stored(store, evolve(effect, state=EffectState.DUE, due_at=work.at))
        step: Step = preparations()[effect.kind](work, effect)
        return step if isinstance(step, Outside) else self._settled(store, effect, step)

    def _call(self, step: Outside, span: timedelta) -> Any:
        called = step.call()
        return self.driver.run(bounded(called, span)) if isinstance(called, Generator) else called

    def _settle_alone(self, effect: Effect, verdict: GivenUp | Failed) -> Effect:
        return transact(self.storage, lambda store: self._ended(store, effect, verdict))

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
            return evolve(effect, state=EffectState.DEAD, trouble=again.reason)
        counted = effect.attempts + int(again.counted)
        return evolve(effect, state=EffectState.DUE, due_at=again.at, attempts=counted, trouble=error.message)

    def _stored(self, store: Transaction, effect: Effect) -> Effect:
        if not store.effects.settle(effect):
            raise LeaseLost(f"{effect.id} was claimed by another relay", effect=effect.id)
        return effect

    def _work(self, store: Transaction) -> Work:
        return Work(store, self.clock.now(), _BY, self.wiring, self.mint)
