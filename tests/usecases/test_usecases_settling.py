"""Texts whose hand-over nobody knows: shown, listed, and settled by a person; quotas and effects follow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import evolve

from carriers import Pigeons, Scripted
from servicekit.errors import Conflict, Forbidden, NotFound, OutcomeUnknown
from servicekit.groups import ChangeSettings, Quota, Settings, SmsLeft
from servicekit.ids import MessageId
from servicekit.messages import HandOver, Message, SearchLog, SendText, Settled, SettleText, Status
from servicekit.outbox.effects import EffectState, ListEffects
from servicekit.runtime.relay import Delivered
from world import World, foreign, opened

MOBILE = "+46701740605"


@pytest.fixture
def carrier() -> Scripted:
    """One that cannot be asked, and loses its first answer."""
    return Scripted("pigeons", answers=[OutcomeUnknown("the pigeon came back without a note")], look_up=False)


@pytest.fixture
def world(tmp_path: Path, carrier: Scripted) -> Iterator[World]:
    """A salon with ten segments a month, one of which has gone to a text that nobody knows of."""
    with opened(tmp_path, texts=carrier) as world:
        world.ask(ChangeSettings(group=world.root.id, change=Settings(user_quota=Quota(10, 30))))
        world.ask(SendText(user=world.admin.id, to=MOBILE, text="Hej"))
        world.settle()
        yield world


def uncertain(world: World) -> Message:
    """The text in the list of uncertain ones."""
    (message,) = world.ask(SearchLog(group=world.root.id, status=Status.UNKNOWN)).messages
    assert isinstance(message, Message)
    return message


def after(world: World) -> Message:
    """The text as the log has it."""
    (message,) = world.ask(SearchLog(group=world.root.id)).messages
    assert isinstance(message, Message)
    return message


def left(world: World) -> int | None:
    """How many segments Anna may still send."""
    found: int | None = world.ask(SmsLeft(world.admin.id)).segments
    return found


def test_an_uncertain_text_is_listed_with_its_reason(world: World) -> None:
    """By its status in the log, charged; and as a dead letter."""
    message = uncertain(world)
    assert (message.hand_over, message.vendor, message.segments) == (HandOver.ASKED, "pigeons", 1)
    assert message.detail == "the pigeon came back without a note"
    assert len(world.ask(ListEffects(organisation=world.root.id))) == 1
    assert left(world) == 9


def test_settled_as_sent_it_stays_charged(world: World, carrier: Scripted) -> None:
    """The dead letter is closed; nothing goes out; the log says who said so."""
    made = world.ask(SettleText(message=uncertain(world).id, outcome=Settled.SENT))

    assert made == after(world)
    assert (made.status, made.hand_over, made.segments) == (Status.SENT, HandOver.DONE, 1)
    assert made.detail.endswith(f"; settled as sent by user {world.admin.id} at {world.now}")
    assert world.ask(ListEffects(organisation=world.root.id)) == ()
    assert world.kit.deliver() == Delivered()
    assert len(carrier.asked) == 1
    assert left(world) == 9


def test_settled_as_not_sent_it_gives_back_its_quota(world: World, carrier: Scripted) -> None:
    """UNSENT, once; the same text passes the loop guard again."""
    made = world.ask(SettleText(message=uncertain(world).id, outcome=Settled.NOT_SENT))

    assert (made.status, made.hand_over, made.segments) == (Status.UNSENT, HandOver.FAILED, 0)
    assert world.ask(ListEffects(organisation=world.root.id)) == ()
    assert world.kit.deliver() == Delivered()
    assert left(world) == 10
    again = world.ask(SendText(user=world.admin.id, to=MOBILE, text="Hej"))
    assert again.status is Status.QUEUED
    assert len(carrier.asked) == 1


def test_settled_to_be_sent_again_it_goes_out_for_what_it_has_cost(world: World, carrier: Scripted) -> None:
    """A second time at the carrier, by a person's word; not a second time from the quota."""
    message = uncertain(world)
    world.ask(SettleText(message=message.id, outcome=Settled.SEND_AGAIN))
    assert world.kit.deliver() == Delivered(done=1)

    assert carrier.taken == [message.id]
    assert (after(world).status, left(world)) == (Status.SENT, 9)
    assert world.ask(ListEffects(organisation=world.root.id)) == ()


def test_a_second_loss_is_settled_as_the_first_was(world: World, carrier: Scripted) -> None:
    """What was replaced stays replaced; what was given up last is closed."""
    message = uncertain(world)
    carrier.answers = [OutcomeUnknown("lost again")]
    world.ask(SettleText(message=message.id, outcome=Settled.SEND_AGAIN))
    world.settle()
    assert uncertain(world).detail.endswith("lost again")
    world.ask(SettleText(message=message.id, outcome=Settled.SENT))

    assert [len(world.effects(state)) for state in (EffectState.DEAD, EffectState.REPLACED)] == [0, 1]


@pytest.mark.parametrize("outcome", Settled)
def test_it_is_settled_once(world: World, outcome: Settled) -> None:
    """The second word finds nothing uncertain."""
    message = uncertain(world)
    world.ask(SettleText(message=message.id, outcome=outcome))

    for second in Settled:
        refused = world.refused(SettleText(message=message.id, outcome=second))
        assert isinstance(refused, Conflict)
        assert refused.code == "not_uncertain"


def test_while_a_relay_finds_out_nobody_decides(tmp_path: Path) -> None:
    """Neither before it is due nor while it is in flight."""
    carrier = Pigeons(lost=1)
    with opened(tmp_path, texts=carrier) as world:
        message = world.ask(SendText(user=world.admin.id, to=MOBILE, text="Hej"))
        world.kit.deliver()
        command = SettleText(message=message.id, outcome=Settled.SENT)
        assert world.refused(command).code == "still_looked_up"
        (effect,) = world.effects(EffectState.DUE)
        with world.look() as store:
            store.effects.save(evolve(effect, state=EffectState.LEASED))
        assert world.refused(command).code == "still_looked_up"


def test_only_who_may_write_messages_settles_them(world: World) -> None:
    """A reader of the log may not; a stranger learns nothing; a message that is none does not exist."""
    message = uncertain(world)
    command = SettleText(message=message.id, outcome=Settled.SENT)
    reader = world.book().client
    world.grant(reader, "log:read", group=world.root)
    from servicekit import Principal

    assert isinstance(world.refused(command, by=Principal.of(reader)), Forbidden)
    assert isinstance(world.refused(command, by=foreign(world)[1]), NotFound)
    nobody = SettleText(message=MessageId.made(world.now, bytes(10)), outcome=Settled.SENT)
    assert isinstance(world.refused(nobody), NotFound)
