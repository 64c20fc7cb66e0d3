"""A relay's transactions: claim what is due, write down what may happen outside, record what came of it.

Rules kept here:

* One transaction serves many effects, so that they share its commit. If one of them spoils it, it is undone and each gets a
  transaction of its own: nobody's error is another's.
* Recording and claiming share one; preparing has another. A claim holds effects first and passes over what others hold; a
  preparation holds them last, as whoever changes a booking does, who then enqueues.
* What the storage did not take stays in hand and is tried again in the next turn, until its lease has run out.
* Who lost its lease begins nothing and records nothing: the fence has moved on, and whoever has it now looks up what was done.
* An error that nobody foresaw is written down with the effect, logged, and counts as a failure like any other.

Everything here blocks, and is called by one thread at a time.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import evolve, frozen

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
from servicekit.moments import Instant
from servicekit.outbox.effects import Effect, EffectKind, EffectState
from servicekit.outbox.retry import Again, judge_failure
from servicekit.ports.store import Transaction, transact
from servicekit.usecases.delivering import (
    Done,
    Failed,
    GivenUp,
    Later,
    Next,
    Outside,
    Step,
    Verdict,
    give_up,
    hold_ahead,
    preparations,
)
from servicekit.usecases.wiring import Wiring
from servicekit.usecases.work import Work

if TYPE_CHECKING:
    from servicekit.runtime.relay import Relay

__all__ = ["ADAPTERS", "Came", "LeaseLost", "Ledger", "Prepared", "deliverable"]

H = TypeVar("H", "Claimed", "Came")
R = TypeVar("R")
_log = logging.getLogger("servicekit.relay")

_BY = Principal.operator("relay")


class LeaseLost(ServicekitError):
    """Somebody else has claimed the effect since; what came of ours is looked up there."""

    default_code = "lease_lost"


ADAPTERS: Mapping[EffectKind, str] = MappingProxyType(
    {
        EffectKind.TEXT: "texts",
        EffectKind.LETTER: "mail",
        EffectKind.KEY: "doors",
        EffectKind.UNLOCK: "doors",
        EffectKind.MEETING: "meetings",
        EffectKind.CONNECTION: "meetings",
    }
)
"""Which adapter, by its name in ``Kit.open``, brings a kind about; the others need none."""


@frozen
class Claimed:
    """An effect that is ours, to be prepared."""

    effect: Effect


@frozen
class Prepared:
    """An effect that is ours, and what is to be done outside for it; that it may happen is written down."""

    effect: Effect
    step: Outside


@frozen
class Came:
    """What came of it outside: the result, or the error."""

    effect: Effect
    step: Outside
    result: Any = None
    error: Exception | None = None


Outcome = Prepared | Effect | None
"""What is to be done outside next; the effect as it was settled; or None where it is prepared again at once."""


def deliverable(wiring: Wiring) -> frozenset[EffectKind]:
    """The kinds that there is an adapter for. Others are left for a relay that has one."""
    return frozenset(kind for kind in EffectKind if kind not in ADAPTERS or getattr(wiring, ADAPTERS[kind]) is not None)


class Ledger:
    """What one relay has in hand, but for what is outside.

    Args:
        relay: its storage and settings.
        settled: hears of each effect that came to an end, or to a pause, once that is stored.
    """

    def __init__(self, relay: Relay, settled: Callable[[Effect], None]) -> None:
        self._relay = relay
        self._settled = settled
        self._kinds = deliverable(relay.wiring)
        self._came = deque[Came]()
        self._claimed = deque[Claimed]()
        self._ready: list[Prepared] = []

    @property
    def in_hand(self) -> int:
        """How many effects wait to be recorded or prepared."""
        return len(self._came) + len(self._claimed) + len(self._ready)

    def record(self, came: Iterable[Came], most: int) -> int:
        """Record what came, and claim ``most`` more at most; how many were claimed.

        Raises:
            StorageError: what could not be recorded is kept for the next time.
        """
        self._came.extend(came)
        if not self._came and not most:
            return 0
        claimed = self._through(self._came, self._recorded, lambda store: self._claim(store, most))
        self._claimed.extend(map(Claimed, claimed))
        return len(claimed)

    def prepare(self) -> list[Prepared]:
        """Write down what may happen for all that is claimed; what is to be done outside now.

        Raises:
            StorageError: what could not be prepared is kept for the next time.
            ConfigurationError: the kit lacks something that this needs.
        """
        while self._claimed:
            self._through(self._claimed, self._prepared, lambda _: None)
        ready, self._ready = self._ready, []
        return ready

    def next_due(self) -> Instant | None:
        """When there may be something to claim again; None if nothing waits."""
        with self._relay.storage.read() as store:
            return store.effects.next_due(self._relay.clock.now(), kinds=self._kinds)

    def stranded(self) -> list[EffectKind]:
        """The kinds of which some wait, and that this relay has no adapter for."""
        others = [kind for kind in EffectKind if kind not in self._kinds]
        if not others:
            return []
        now = self._relay.clock.now()
        with self._relay.storage.read() as store:
            return [kind for kind in others if store.effects.next_due(now, kinds=[kind]) is not None]

    # Together, or one by one

    def _through(self, waiting: deque[H], body: Callable[[Work, H], Outcome], last: Callable[[Transaction], R]) -> R:
        """All that waits in one transaction; where that is spoilt, each in one of its own. ``last`` comes at the end of it."""

        def together(store: Transaction) -> tuple[list[Outcome], R]:
            return self._written(store, waiting, body), last(store)

        try:
            outcomes, result = transact(self._relay.storage, together)
        except Exception as spoilt:
            if isinstance(spoilt, StorageBusy) and spoilt.code == StorageBusy.default_code:
                raise
            self._one_by_one(waiting, body)
            return transact(self._relay.storage, last)
        for outcome in outcomes:
            self._sort(waiting.popleft().effect, outcome)
        return result

    def _one_by_one(self, waiting: deque[H], body: Callable[[Work, H], Outcome]) -> None:
        for _ in range(len(waiting)):
            one = waiting[0]
            try:
                outcome = self._alone(one, body)
            except Exception:
                waiting.rotate(-1)  # the others come first the next time
                if one.effect.leased_until is None or one.effect.leased_until <= self._relay.clock.now():
                    waiting.pop()  # it is looked up by who has it now
                raise
            waiting.popleft()
            self._sort(one.effect, outcome)

    def _alone(self, one: H, body: Callable[[Work, H], Outcome]) -> Outcome:
        effect = one.effect
        verdict: GivenUp | Failed
        try:
            try:
                return self._whole(one, body)
            except Refused as refused:
                # A rule said no to what was enqueued (a group without a sender): a person mends it and retries.
                verdict = GivenUp(refused.message)
            except (ServicekitError, ConfigurationError):
                raise  # the storage's, or the wiring's
            except Exception as error:  # noqa: BLE001 - written down with the effect, logged, and tried again
                verdict = self._unforeseen(effect, error)
            return self._whole(one, lambda _, one: self._ended(one.effect, verdict))
        except LeaseLost:
            _log.warning("the lease of %s %s was lost; another relay has it", effect.kind, effect.subject)
            return evolve(effect, state=EffectState.REPLACED)

    def _whole(self, one: H, body: Callable[[Work, H], Outcome]) -> Outcome:
        (outcome,) = transact(self._relay.storage, lambda store: self._written(store, [one], body))
        return outcome

    def _sort(self, effect: Effect, outcome: Outcome) -> None:
        if isinstance(outcome, Prepared):
            self._ready.append(outcome)
        elif outcome is None:
            self._claimed.append(Claimed(effect))
        else:
            self._settled(outcome)

    # What happens to effects in a transaction

    def _written(self, store: Transaction, ones: Sequence[H], body: Callable[[Work, H], Outcome]) -> list[Outcome]:
        """What comes of each, with its effect stored; effects are held last, as by whoever changes a booking and then enqueues.

        Raises:
            LeaseLost: one of them is not ours any more, so the transaction is to be undone.
        """
        if not ones:
            return []
        work = Work(store, self._relay.clock.now(), _BY, self._relay.wiring, self._relay.mint)
        # What came waits for the inbox first. (mypy looks at either kind of H by itself.)
        hold_ahead(work, [one.effect for one in ones if isinstance(one, Claimed)])  # type: ignore[redundant-expr]
        outcomes = [body(work, one) for one in ones]
        ended = [outcome for outcome in outcomes if isinstance(outcome, Effect)]
        for effect in ended:
            if effect.state is EffectState.DEAD:
                give_up(work, effect)
        done = [effect for effect in ended if effect.state is EffectState.DONE]
        go_on = [one.effect for one, outcome in zip(ones, outcomes, strict=True) if not isinstance(outcome, Effect)]
        if (done and not store.effects.settle_done(done)) or (go_on and not store.effects.hold_leases(go_on)):
            raise LeaseLost(f"one of {len(ones)} effects was claimed by another relay")
        for effect in ended:
            if effect.state is not EffectState.DONE and not store.effects.settle(effect):
                raise LeaseLost(f"{effect.id} was claimed by another relay", effect=effect.id)
        return outcomes

    def _claim(self, store: Transaction, most: int) -> tuple[Effect, ...]:
        if not most:
            return ()
        at = self._relay.clock.now()
        return store.effects.claim(at, at + self._relay.lease, kinds=self._kinds, most=most)

    def _prepared(self, work: Work, one: Claimed) -> Outcome:
        effect = one.effect
        if effect.leased_until is None or work.at + self._relay.longest_call > effect.leased_until:
            return evolve(effect, state=EffectState.DUE, due_at=work.at)
        step: Step = preparations()[effect.kind](work, effect)
        return Prepared(effect, step) if isinstance(step, Outside) else self._concluded(effect, step)

    def _recorded(self, work: Work, one: Came) -> Effect | None:
        verdict: Verdict
        match one.error:
            case None:
                verdict = one.step.record(work, one.result)
            case OutsideError():
                verdict = one.step.failed(work, one.error)
            case Refused():
                verdict = GivenUp(one.error.message)
            case _:
                verdict = self._unforeseen(one.effect, one.error)
        return self._concluded(one.effect, verdict)

    def _unforeseen(self, effect: Effect, error: Exception) -> Failed:
        _log.error("the delivery of %s %s failed in an unforeseen way", effect.kind, effect.subject, exc_info=error)
        return Failed(Unreachable(f"unforeseen: {type(error).__name__}: {error}"))

    def _concluded(self, effect: Effect, verdict: Verdict) -> Effect | None:
        """What the verdict makes of the effect; None where it goes on at once."""
        return None if isinstance(verdict, Next) else self._ended(effect, verdict)

    def _ended(self, effect: Effect, verdict: Done | GivenUp | Failed | Later) -> Effect:
        match verdict:
            case Done():
                return evolve(effect, state=EffectState.DONE, trouble="")
            case Later(until, why):
                return evolve(effect, state=EffectState.DUE, due_at=until, attempts=0, trouble=why)
            case GivenUp(reason):
                _log.error("%s %s was given up: %s", effect.kind, effect.subject, reason)
                return evolve(effect, state=EffectState.DEAD, trouble=reason)
        _log.warning("%s %s failed: %s", effect.kind, effect.subject, verdict.error.message)
        return self._failed(effect, verdict.error, stubborn=verdict.stubborn)

    def _failed(self, effect: Effect, error: OutsideError, *, stubborn: bool) -> Effect:
        policy, attempts, judged = self._relay.policy, effect.attempts, error
        if stubborn:  # as a failure that never comes to its end
            attempts = min(attempts, policy.attempts - 2)
            judged = error if isinstance(error, Throttled) else Unreachable(error.message)
        again = judge_failure(judged, attempts=attempts, at=self._relay.clock.now(), salt=effect.id, policy=policy)
        if not isinstance(again, Again):
            _log.error("%s %s was given up: %s", effect.kind, effect.subject, again.reason)
            return evolve(effect, state=EffectState.DEAD, trouble=again.reason)
        counted = effect.attempts + int(again.counted)
        return evolve(effect, state=EffectState.DUE, due_at=again.at, attempts=counted, trouble=error.message)
