"""Every carrier, with everything that can go wrong, over a whole kit: at least once where it can be asked, never twice by us.

Rules kept here: what the carrier has taken is asked of its stand-in, never of our tables; a text is known by its words. Where
a carrier can be asked (a list, or idempotent sending) every accepted text is there exactly once in the end. Where it cannot,
a text whose answer was lost is ``UNKNOWN`` until a report says more; nothing is guessed, and nothing is sent again.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servicekit import Kit, Principal
from servicekit.commands import Command, Query
from servicekit.groups import FoundOrganisation, Settings
from servicekit.messages import HandOver, Message, SearchLog, SendText, Status
from servicekit.outbox.effects import Effect, EffectState, ListEffects
from servicekit.outbox.facts import TextStatus
from servicekit.ports.texts import TextReceipt
from servicekit.runtime.relay import Delivered
from servicekit.testing.clock import ManualClock
from servicekit.testing.conformance import Fate, HookCall, SimulatedTexts, TextsTrial, Trouble
from servicekit.testing.simulators import transport
from smsc import Smsc
from trials import ElksTrial
from trials_sinch import SinchTrial
from trials_twilio import TwilioTrial

sys.path += [str(Path(__file__).parents[1] / "adapters"), str(Path(__file__).parents[2] / "examples" / "carrier")]

from test_pigeonpost import PigeonPostTrial
from test_smpp_conformance import SmppTrial
from test_vonage_conformance import VonageTrial


def over_smpp(exits: ExitStack) -> SmppTrial:
    """An SMSC on a socket."""
    trial = SmppTrial(exits.enter_context(Smsc()))
    exits.callback(trial.close)
    return trial


CARRIERS: dict[str, Callable[[ExitStack], TextsTrial]] = {
    "46elks": lambda _: ElksTrial.open(),
    "twilio": lambda _: TwilioTrial.open(),
    "sinch": lambda _: SinchTrial.open(),
    "vonage": lambda _: VonageTrial.open(),
    "pigeonpost": lambda _: PigeonPostTrial.open(),
    "smpp": over_smpp,
}
FINAL = {Status.DELIVERED, Status.UNDELIVERED, Status.UNSENT}
MOST = settings.default.max_examples // 5 if settings.default else 20

SENDS = st.lists(st.sampled_from(sorted(Trouble)), max_size=3)
FINDS = st.lists(st.sampled_from(sorted(set(Trouble) - {Trouble.STRANGE_WORD, Trouble.UNDONE})), max_size=2)
SCHEDULES = st.lists(st.tuples(SENDS, FINDS), min_size=1, max_size=4)


class Scene:
    """An organisation over one carrier, and what the carrier tells, in whatever order."""

    def __init__(self, carrier: str, chance: Random, exits: ExitStack) -> None:
        self.trial = trial = CARRIERS[carrier](exits)
        self.simulator = trial.simulator if isinstance(trial, SimulatedTexts) else None
        self.chance = chance
        self.clock = ManualClock(trial.at)
        network = transport(self.simulator) if self.simulator is not None else None
        self.kit = exits.enter_context(
            Kit.open("sqlite:///:memory:", texts=trial.adapter, transport=network, clock=self.clock)
        )
        own = Settings(sender_name=trial.sender, country_code=int(trial.mobile[1:3]))
        founded = self.kit.perform(
            FoundOrganisation(name="Salon", zone="UTC", admin="anna@salon.example", settings=own),
            by=Principal.operator("tests"),
        )
        self.root, self.admin = founded.root, founded.admin
        self.waiting: list[HookCall] = []
        self.finals: dict[str, Status] = {}

    def ask(self, request: Command[Any] | Query[Any]) -> Any:
        """As the administrator."""
        by = Principal.of(self.admin.id)
        return self.kit.perform(request, by=by) if isinstance(request, Command) else self.kit.ask(request, by=by)

    def send(self, words: str, sends: Sequence[Trouble], finds: Sequence[Trouble]) -> None:
        """A text, and what it will meet with."""
        for trouble in sends:
            if trouble in self.trial.troubles:
                self.trial.provoke(trouble)
        for trouble in finds if self.trial.adapter.capabilities.look_up else ():
            self.trial.provoke(trouble, finding=True)
        self.ask(SendText(user=self.admin.id, to=self.trial.mobile, text=words))

    def deliver(self) -> Delivered:
        """What is due; and the carrier's calls about it begin to wait."""
        done = self.kit.deliver()
        self.waiting += self.told()
        return done

    def told(self) -> Sequence[HookCall]:
        """What the carrier calls out by itself."""
        if isinstance(self.trial, SimulatedTexts):
            return self.trial.told()
        assert isinstance(self.trial, SmppTrial)
        return self.trial.taken()

    def hear(self, calls: Sequence[HookCall]) -> None:
        """Some calls, in any order, some of them twice; no message that was final becomes anything else."""
        told = [call for call in calls for _ in range(self.chance.choice((1, 1, 2)))]
        self.chance.shuffle(told)
        for call in told:
            again = self.trial.again(call)
            self.kit.receive(self.trial.adapter.name, again.headers, again.body)
            self.watch()

    def watch(self) -> None:
        """Final is final."""
        for message in self.log():
            known = self.finals.get(message.id)
            assert known in {None, message.status}, f"{known} became {message.status}"
            if message.status in FINAL:
                self.finals[message.id] = message.status

    def log(self) -> Sequence[Message]:
        """All messages."""
        found: Sequence[Message] = self.ask(SearchLog(group=self.root.id)).messages
        return found

    def effects(self, state: EffectState) -> Sequence[Effect]:
        """All effects in a state."""
        found: Sequence[Effect] = self.ask(ListEffects(organisation=self.root.id, state=state))
        return found

    def settle(self) -> None:
        """Deliver until nothing waits; now and then a part of the calls comes in."""
        for _ in range(80):
            self.deliver()
            if self.chance.random() < 0.4:
                heard = [call for call in self.waiting if self.chance.random() < 0.5]
                self.waiting = [call for call in self.waiting if call not in heard]
                self.hear(heard)
            due = [effect.due_at for effect in self.effects(EffectState.DUE)]
            if not due:
                return
            self.go_to(max(min(due), self.clock.now()))
        raise AssertionError(f"still waiting: {self.effects(EffectState.DUE)}")

    def go_to(self, at: Any) -> None:
        """The time of all: ours, the carrier's, and that of proofs."""
        self.clock.set(at)
        if self.simulator is not None:
            self.simulator.set_clock(at)
        self.trial.at = at

    def taken(self) -> Counter[str]:
        """How often the carrier has taken each text."""
        return Counter(held.text for held in self.trial.held())


def play(carrier: str, schedule: Sequence[tuple[Sequence[Trouble], Sequence[Trouble]]], chance: Random) -> Scene:
    """One organisation's day, to its end: all calls of the carrier have come in."""
    with ExitStack() as exits:
        scene = Scene(carrier, chance, exits)
        for number, (sends, finds) in enumerate(schedule):
            scene.send(f"Text {number}", sends, finds)
            if chance.random() < 0.5:
                scene.deliver()
        scene.settle()
        scene.hear(scene.waiting)
        judge(scene)
        report_everything(scene)
        return scene


def judge(scene: Scene) -> None:
    """What the carrier has is what our log says."""
    able = scene.trial.adapter.capabilities
    can_be_asked = able.look_up or able.idempotent
    taken = scene.taken()
    assert max(taken.values(), default=0) <= 1, f"sent twice: {taken}"
    uncertain = 0
    for message in scene.log():
        if message.status is Status.UNKNOWN:
            uncertain += 1
            assert not can_be_asked, f"{message} could have been looked up"
            assert message.hand_over is HandOver.ASKED
            assert message.segments == 1
        else:
            assert taken[message.text] == 1, f"{message.shown}, and the carrier has {taken}"
            assert message.status in {Status.SENT, Status.BUFFERED, *FINAL}
            assert message.vendor_id
            assert message.vendor == scene.trial.adapter.name
    assert len(scene.effects(EffectState.DEAD)) == uncertain


def report_everything(scene: Scene) -> None:
    """The carrier reports on all that it has, then on something that is none of ours: every text that it has has arrived."""
    held = list(scene.trial.held())
    if isinstance(scene.trial, SmppTrial):
        scene.trial.smsc.answers.clear()
    elif scene.simulator is not None:
        scene.simulator.clear_faults()
    foreign = scene.trial.send(scene.trial.text("Not ours", "somebody-else's"))  # also brings a lost link back
    ours = [TextReceipt(vendor_id=one.vendor_id, status=TextStatus.SENT) for one in held]
    calls = [call for receipt in ours for call in scene.trial.report(receipt, Fate.DELIVERED)]
    calls += scene.trial.report(foreign, Fate.UNDELIVERED)
    before = len(scene.log())
    scene.hear(calls)

    taken = scene.taken()
    assert len(scene.log()) == before
    for message in scene.log():
        if message.status is not Status.UNKNOWN:
            assert (message.status, taken[message.text]) == (Status.DELIVERED, 1)


@pytest.mark.spec("M-17")
@pytest.mark.parametrize("carrier", CARRIERS)
def test_every_text_is_sent_and_none_twice(carrier: str) -> None:
    """Under every schedule of faults: lost answers, pauses, failures, wrong types; reports doubled, late, out of order."""

    @settings(max_examples=MOST)
    @given(SCHEDULES, st.integers(0, 2**32))
    def any_day(schedule: list[tuple[list[Trouble], list[Trouble]]], seed: int) -> None:
        play(carrier, schedule, Random(seed))  # noqa: S311 - how often it is asked depends on ids, which differ

    any_day()


@pytest.mark.parametrize("trouble", Trouble)
@pytest.mark.parametrize("carrier", CARRIERS)
def test_each_trouble_twice_ends_well(carrier: str, trouble: Trouble) -> None:
    """One by one, so that a failure names the fault; the carrier that can be asked always ends with the text."""
    scene = play(carrier, [((trouble, trouble), ()), ((), ())], Random(0))  # noqa: S311 - any order will do

    able = scene.trial.adapter.capabilities
    if able.look_up or able.idempotent:
        assert sorted(scene.taken()) == ["Not ours", "Text 0", "Text 1"]


@pytest.mark.parametrize("carrier", ["vonage", "smpp"])
def test_a_lost_answer_of_a_carrier_without_a_list_is_shown(carrier: str) -> None:
    """UNKNOWN in the log, and a dead letter that names the carrier; the text went out once, or not at all."""
    for trouble, sent in ((Trouble.LOST, 1), (Trouble.UNDONE, 0)):
        with ExitStack() as exits:
            scene = Scene(carrier, Random(0), exits)  # noqa: S311 - any order will do
            scene.send("Text 0", [trouble], [])
            scene.settle()

            (message,) = scene.log()
            (letter,) = scene.effects(EffectState.DEAD)
            assert message.status is Status.UNKNOWN
            assert letter.trouble == f"perhaps sent: the answer was lost, and {carrier} cannot be asked"
            assert scene.taken()["Text 0"] == sent
