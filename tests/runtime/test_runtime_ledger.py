"""A relay's transactions: shared by many effects, and none spoils the others' work."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, cast

import pytest
from attrs import define, evolve, field

from carriers import Pigeons
from servicekit import Kit
from servicekit.errors import Invalid, Rejected, StorageBusy, StorageError, Throttled, Unreachable
from servicekit.groups import ChangeSettings, Settings
from servicekit.messages import HandOver, Message, SearchLog, SendText
from servicekit.outbox.effects import Effect, EffectKind, EffectState
from servicekit.outbox.facts import TextStatus
from servicekit.ports.store import Storage, Transaction
from servicekit.ports.texts import TextReceipt
from servicekit.runtime.ledger import ADAPTERS, Came, Ledger, Prepared, deliverable
from servicekit.runtime.relay import Relay
from servicekit.usecases.wiring import Wiring
from world import DAY, EVA_MOBILE, HOUR, MINUTE, NOON, World, elks_adapter, opened

pytest_plugins = ("world_fixtures",)


@define
class _Counting:
    """A database that counts its writing transactions, and before some of which something happens."""

    inner: Storage
    acts: dict[int, Callable[[], object]] = field(factory=dict)
    writes: int = 0

    def write(self) -> AbstractContextManager[Transaction]:
        """As the database does."""
        self.writes += 1
        if self.writes in self.acts:
            self.acts[self.writes]()
        return self.inner.write()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


@define
class Books:
    """A ledger over a world, and what it told."""

    world: World
    settled: list[Effect] = field(factory=list)
    storage: _Counting = field(init=False)
    ledger: Ledger = field(init=False)

    def __attrs_post_init__(self) -> None:
        relay = self.world.kit.relay()
        self.storage = _Counting(relay.storage)
        mine = evolve(relay, storage=cast("Storage", self.storage))
        self.ledger = Ledger(mine, self.settled.append)

    @property
    def relay(self) -> Relay:
        """Another relay's settings, over the same world."""
        return self.world.kit.relay()

    def send(self, *words: str) -> None:
        """Texts of Anna's."""
        for text in words:
            self.world.ask(SendText(user=self.world.admin.id, to=EVA_MOBILE, text=text))

    def claimed(self, most: int = 9) -> list[Prepared]:
        """What is claimed now, prepared."""
        self.ledger.record([], most)
        return self.ledger.prepare()

    def log(self) -> dict[str, Message]:
        """Messages by their text."""
        return {one.text: one for one in self.world.ask(SearchLog(group=self.world.root.id)).messages}


def sent(prepared: Prepared, number: int) -> Came:
    """The carrier has taken it."""
    return Came(prepared.effect, prepared.step, TextReceipt(vendor_id=f"p{number}", status=TextStatus.SENT))


@pytest.fixture
def books(world: World) -> Books:
    """A ledger over a salon with three texts to send."""
    made = Books(world)
    made.send("One", "Two", "Three")
    made.storage.writes = 0
    return made


def _away() -> None:
    raise StorageError("the server restarts")


def test_many_effects_share_three_steps_in_two_transactions_each_turn(books: Books) -> None:
    """Claim; prepare; record, and claim again with it."""
    ready = books.claimed()
    assert [prepared.effect.kind for prepared in ready] == [EffectKind.TEXT] * 3
    assert books.storage.writes == 2
    assert {one.hand_over for one in books.log().values()} == {HandOver.ASKED}
    books.send("Four")
    books.storage.writes = 0
    assert books.ledger.record([sent(one, number) for number, one in enumerate(ready)], 9) == 1
    assert books.storage.writes == 1

    assert [effect.state for effect in books.settled] == [EffectState.DONE] * 3
    assert books.ledger.in_hand == 1
    assert {text: one.hand_over for text, one in books.log().items()} == {
        "One": HandOver.DONE,
        "Two": HandOver.DONE,
        "Three": HandOver.DONE,
        "Four": HandOver.PLANNED,
    }


def test_with_nothing_to_record_and_nothing_to_claim_there_is_no_transaction(books: Books) -> None:
    """A relay that was stopped leaves the database alone."""
    assert books.ledger.record([], 0) == 0
    assert books.ledger.prepare() == []
    assert books.storage.writes == 0


def test_no_more_than_asked_for_is_claimed(books: Books) -> None:
    """The rest is left to others, the first due first."""
    assert books.ledger.record([], 2) == 2
    assert books.ledger.in_hand == 2
    assert len(books.world.effects(EffectState.DUE)) == 1


def test_what_one_effect_is_refused_for_spoils_no_other(books: Books) -> None:
    """An unforeseen error in recording the second: it is written down with that one, and the others are done."""
    first, second, third = books.claimed()
    broken = Came(second.effect, second.step, result="no receipt at all")
    books.ledger.record([sent(first, 1), broken, sent(third, 3)], 0)

    assert [effect.state for effect in books.settled] == [EffectState.DONE, EffectState.DUE, EffectState.DONE]
    assert "unforeseen: AttributeError" in books.settled[1].trouble
    assert books.settled[1].attempts == 1


def test_who_lost_one_lease_keeps_the_others(books: Books) -> None:
    """The second was claimed by somebody else meanwhile; what became of the first and the third is recorded."""
    first, second, third = books.claimed()
    with books.world.look() as store:
        store.effects.save(evolve(second.effect, fence=second.effect.fence + 1))
    books.ledger.record([sent(one, number) for number, one in enumerate((first, second, third))], 0)

    assert [effect.state for effect in books.settled] == [EffectState.DONE, EffectState.REPLACED, EffectState.DONE]
    with books.world.look() as store:
        assert store.effects.get(second.effect.id).state is EffectState.LEASED


def test_who_lost_a_lease_records_no_failure_either(books: Books) -> None:
    """Whoever has it now finds it as it was."""
    first, *_ = books.claimed()
    with books.world.look() as store:
        store.effects.save(evolve(first.effect, fence=first.effect.fence + 1))
    books.ledger.record([Came(first.effect, first.step, error=Unreachable("down"))], 0)

    assert [effect.state for effect in books.settled] == [EffectState.REPLACED]
    with books.world.look() as store:
        found = store.effects.get(first.effect.id)
        assert (found.state, found.trouble, found.attempts) == (EffectState.LEASED, "", 0)


def test_who_lost_one_lease_before_the_call_begins_the_others(books: Books) -> None:
    """Nothing is written down for the one that is not ours any more."""
    books.ledger.record([], 9)
    with books.world.look() as store:
        taken = store.effects.where(state=EffectState.LEASED)[1]
        store.effects.save(evolve(taken, fence=taken.fence + 1))
    ready = books.ledger.prepare()

    assert len(ready) == 2
    assert taken.id not in {one.effect.id for one in ready}
    assert sorted(one.hand_over for one in books.log().values()) == [HandOver.ASKED, HandOver.ASKED, HandOver.PLANNED]


def test_what_the_database_refuses_for_one_effect_is_tried_until_its_lease_is_over(books: Books) -> None:
    """The others are recorded; that one is kept, tried in each turn, and at last left to who looks it up."""
    first, second, third = books.claimed()
    unfit: Any = TextReceipt(vendor_id="p2", status=TextStatus.SENT, cost=cast("str", object()))
    came = [sent(first, 1), Came(second.effect, second.step, result=unfit), sent(third, 3)]
    with pytest.raises(StorageError):
        books.ledger.record(came, 0)
    with pytest.raises(StorageError):
        books.ledger.record([], 0)
    assert [effect.state for effect in books.settled] == [EffectState.DONE] * 2
    assert books.ledger.in_hand == 1
    books.world.clock.advance(2 * MINUTE)
    with pytest.raises(StorageError):
        books.ledger.record([], 0)

    assert books.ledger.in_hand == 0
    assert books.ledger.record([], 9) == 1


@pytest.mark.parametrize("trouble", ["away", "conflict"])
def test_what_could_not_be_recorded_is_recorded_the_next_time(books: Books, trouble: str) -> None:
    """The server restarts, or somebody was always first: what came is kept, and the carrier is not asked again."""
    first, *_ = books.claimed(1)
    busy = StorageBusy("somebody else was first", code="storage_conflict")

    def act() -> None:
        raise StorageError("the server restarts") if trouble == "away" else busy

    books.storage.acts = {books.storage.writes + number: act for number in range(1, 41)}
    with pytest.raises(StorageError):
        books.ledger.record([sent(first, 1)], 0)
    assert books.settled == []
    assert books.ledger.in_hand == 1
    books.storage.acts = {}
    books.ledger.record([], 0)

    assert [(effect.state, effect.fence) for effect in books.settled] == [(EffectState.DONE, 1)]


def test_a_database_that_others_hold_is_not_tried_for_each_effect(books: Books) -> None:
    """Each try takes the whole patience; so one is enough, and all is kept."""
    ready = books.claimed()
    books.storage.writes = 0

    def busy() -> None:
        raise StorageBusy("held for too long")

    books.storage.acts = {1: busy}
    with pytest.raises(StorageBusy):
        books.ledger.record([sent(one, number) for number, one in enumerate(ready)], 0)

    assert books.storage.writes == 1
    assert books.ledger.in_hand == 3


def test_what_could_not_be_prepared_is_prepared_the_next_time(books: Books) -> None:
    """It stays in hand under its lease."""
    books.ledger.record([], 9)
    books.storage.acts = {books.storage.writes + number: _away for number in (1, 2)}
    with pytest.raises(StorageError):
        books.ledger.prepare()
    assert books.ledger.in_hand == 3
    assert len(books.ledger.prepare()) == 3


def test_an_effect_is_prepared_again_as_long_as_there_is_a_next_step(tmp_path: Path) -> None:
    """The next carrier is asked at once where the first surely did not send; both under one claim."""
    carriers = (elks_adapter(), Pigeons())
    with opened(tmp_path, texts=carriers) as world:
        books = Books(world)
        books.send("One")
        (first,) = books.claimed()
        books.ledger.record([Came(first.effect, first.step, error=Unreachable("nobody there"))], 0)
        (second,) = books.ledger.prepare()

        assert second.effect == first.effect
        assert books.log()["One"].vendor == "pigeons"


def test_what_needs_nothing_outside_is_settled_where_it_is_prepared(world: World) -> None:
    """A notice enqueues its text; a rule that says no to it makes a dead letter."""
    books = Books(world)
    world.book(world.haircut)
    assert books.claimed() == []
    assert [(one.kind, one.state) for one in books.settled] == [(EffectKind.NOTICE, EffectState.DONE)]
    world.book(world.haircut, starts=NOON + 9 * DAY)
    world.ask(ChangeSettings(group=world.root.id, change=Settings(sender_name="")))
    for _ in range(3):  # the notice, and what it enqueues
        books.claimed()

    (dead,) = [one for one in books.settled if one.state is EffectState.DEAD]
    assert "have no sender" in dead.trouble


@pytest.mark.parametrize(
    ("error", "state", "attempts", "trouble"),
    [
        (Unreachable("nobody there"), EffectState.DUE, 1, "nobody there"),
        (Throttled("later", until=NOON + HOUR), EffectState.DUE, 0, "later"),
        (Rejected("no credit", code="account_refused"), EffectState.DEAD, 0, "no credit"),
        (Invalid("not like this"), EffectState.DEAD, 0, "not like this"),
        (ZeroDivisionError("oh"), EffectState.DUE, 1, "unforeseen: ZeroDivisionError: oh"),
    ],
)
def test_an_error_outside_is_judged_by_its_type(
    books: Books, error: Exception, state: EffectState, attempts: int, trouble: str
) -> None:
    """Tried again later, waited for, or given up; a rule's no and an adapter's bug among them."""
    (first,) = books.claimed(1)
    books.ledger.record([Came(first.effect, first.step, error=error)], 0)

    (settled,) = books.settled
    assert (settled.state, settled.attempts, settled.trouble) == (state, attempts, trouble)


@pytest.mark.parametrize("error", [Rejected("never"), Throttled("later")])
def test_what_must_be_done_is_never_given_up(world: World, error: Exception) -> None:
    """Whether a key was made is asked until there is an answer, however final the vendor's no sounds."""
    books = Books(world)
    world.book(world.massage)
    books.claimed()
    world.clock.advance(3 * MINUTE)
    (looked_up,) = books.claimed()
    books.ledger.record([Came(looked_up.effect, looked_up.step, error=error)], 0)

    assert [one.state for one in books.settled] == [EffectState.DUE]


def test_a_text_that_nobody_can_be_asked_about_is_given_up(tmp_path: Path) -> None:
    """Perhaps it was sent; a person has to look."""
    with opened(tmp_path, texts=Pigeons()) as world:
        books = Books(world)
        books.send("One")
        books.claimed()
        world.clock.advance(3 * MINUTE)
        assert books.claimed() == []

    assert [one.state for one in books.settled] == [EffectState.DEAD]


def test_only_what_there_is_an_adapter_for_is_delivered() -> None:
    """What needs none is delivered by everybody."""
    nothing = deliverable(Wiring())
    assert nothing == set(EffectKind) - ADAPTERS.keys()
    assert {EffectKind.TEXT, EffectKind.LETTER, EffectKind.KEY, EffectKind.MEETING} <= ADAPTERS.keys()
    assert deliverable(Wiring(mail=cast("Any", object()), mail_from="salon@example.com")) - nothing == {
        EffectKind.LETTER
    }


def test_what_is_stranded_is_named(world: World) -> None:
    """The kinds that wait and that this kit cannot deliver; for it they are neither due nor to be claimed."""
    with Kit.open(f"sqlite:////{world.path}", clock=world.clock) as other:
        ledger = Ledger(other.relay(), print)
        assert ledger.stranded() == []
        world.book(world.massage)

        assert ledger.stranded() == [EffectKind.KEY]
        assert ledger.next_due() is None
        assert ledger.record([], 9) == 0
        assert Books(world).ledger.next_due() == world.now


def test_a_relay_with_every_adapter_has_nothing_stranded(mailed: World) -> None:
    """It does not even look."""
    mailed.book(mailed.massage)
    assert Books(mailed).ledger.stranded() == []


def test_what_has_too_little_of_its_lease_left_is_given_back(books: Books) -> None:
    """Before anything is written down for it; it is due again at once, and no failure is counted."""
    books.ledger.record([], 1)
    books.world.clock.advance(2 * MINUTE)
    assert books.ledger.prepare() == []

    (given_back,) = books.settled
    assert (given_back.state, given_back.attempts, given_back.due_at) == (EffectState.DUE, 0, books.world.now)
