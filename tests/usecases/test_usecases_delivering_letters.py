"""Letters handed over to a mail server: once where it answers, under the same Message-ID where it does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from servicekit import Kit
from servicekit.adapters.mail.smtp import Smtp
from servicekit.bookings import AddClient
from servicekit.ids import EffectId
from servicekit.outbox.effects import Effect, EffectKind, ListEffects, RetryEffect
from servicekit.outbox.letters import Letter, LetterState
from servicekit.runtime.entropy import mint
from servicekit.runtime.relay import Delivered
from servicekit.testing.simulators import KeptMail, MailboxSimulator, serve
from world import World, opened

pytest_plugins = ("world_fixtures",)

IDA = "ida@home.example"


@pytest.fixture
def telling(tmp_path: Path, postbox: MailboxSimulator) -> Iterator[World]:
    """A salon that tells by mail alone, with one notice to Ida under way."""
    with opened(tmp_path, mailbox=postbox, texts=None) as world:
        ida = world.ask(AddClient(organisation=world.root.id, name="Ida", email=IDA))
        world.book(world.haircut, client=ida, provider=world.chair)
        yield world


def letter(world: World) -> Letter:
    """The one letter."""
    with world.look() as store:
        (found,) = store.letters.where()
    return found


def kept(world: World) -> KeptMail:
    """The one mail in Ida's box."""
    (mail,) = world.mails(IDA)
    return mail


def test_a_letter_is_handed_over_once(telling: World) -> None:
    """As it was written, to its recipient; delivering again does nothing more."""
    assert telling.kit.deliver() == Delivered(done=2)
    assert telling.kit.deliver() == Delivered()

    assert (letter(telling).state, kept(telling).deliveries) == (LetterState.SENT, 1)
    assert kept(telling).message_id == letter(telling).message_id
    assert kept(telling).mail_from == "salon@salon.example"
    assert kept(telling).raw.replace(b"\r\n", b"\n") == letter(telling).raw.replace(b"\r\n", b"\n")


def test_after_a_lost_answer_the_same_letter_goes_out_again(telling: World) -> None:
    """Under the same Message-ID, by which mailboxes tell repeats apart: the person reads it once."""
    assert telling.mailbox is not None
    telling.mailbox.drop(2)
    telling.settle()

    assert (letter(telling).state, letter(telling).detail) == (LetterState.SENT, "")
    assert kept(telling).deliveries == 3


def test_a_server_that_asks_to_come_again_is_obeyed(telling: World) -> None:
    """Nothing is kept there meanwhile; the letter waits, with what the server said."""
    assert telling.mailbox is not None
    telling.mailbox.defer(1)
    assert telling.kit.deliver() == Delivered(done=1, again=1)
    assert letter(telling).state is LetterState.QUEUED
    assert "Try again later" in letter(telling).detail
    telling.settle()

    assert kept(telling).deliveries == 1


def test_a_server_that_is_away_is_waited_for(tmp_path: Path, postbox: MailboxSimulator) -> None:
    """Nothing was handed over: it is tried again until somebody listens."""
    with serve(MailboxSimulator()) as served:
        port = served.simulator.smtp_port
    with opened(tmp_path, mailbox=postbox, mail=Smtp("127.0.0.1", port, timeout=2.0), texts=None) as world:
        world.book(world.haircut, provider=world.chair)
        assert world.kit.deliver() == Delivered(done=1, again=1)
        with serve(MailboxSimulator(smtp_port=port)) as back:
            world.settle()

            assert [mail.deliveries for mail in back.simulator.mails()] == [1]


def test_a_recipient_that_does_not_exist_makes_a_dead_letter(telling: World) -> None:
    """FAILED, with the server's words; once the mailbox is there, a retry brings the letter."""
    assert telling.mailbox is not None
    telling.mailbox.refuse(IDA)
    telling.settle()
    (dead,) = telling.ask(ListEffects(organisation=telling.root.id))
    assert "No such mailbox" in dead.trouble
    assert letter(telling).state is LetterState.FAILED

    telling.mailbox.accept(IDA)
    telling.ask(RetryEffect(dead.id))
    telling.settle()
    assert (letter(telling).state, kept(telling).deliveries) == (LetterState.SENT, 1)


def test_a_letter_that_was_sent_is_not_sent_again(telling: World) -> None:
    """Whatever has enqueued it once more."""
    telling.settle()
    again = Effect(
        id=mint(EffectId, telling.now),
        organisation=telling.root.id,
        kind=EffectKind.LETTER,
        subject=letter(telling).id,
        made_at=telling.now,
        due_at=telling.now,
    )
    with telling.look() as store:
        store.effects.enqueue(again)

    assert telling.kit.deliver() == Delivered(done=1)
    assert kept(telling).deliveries == 1


def test_a_kit_without_a_mail_server_says_what_is_missing(telling: World, caplog: pytest.LogCaptureFixture) -> None:
    """The letter stays where it is, for a relay that has one."""
    telling.kit.relay().step()
    with Kit.open(f"sqlite:////{telling.path}", clock=telling.clock) as other:
        assert other.deliver() == Delivered()
    assert "what is due of the kind letter waits for a kit with Kit.open(..., mail=...)" in caplog.text
    assert letter(telling).state is LetterState.QUEUED
    telling.settle()
    assert kept(telling).deliveries == 1
