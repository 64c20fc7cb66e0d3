"""Texts handed over exactly once, whatever becomes of the answers; and whose no it was."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from carriers import Pigeons
from portals import Portal, portal
from servicekit.ids import EffectId
from servicekit.messages import HandOver, Message, SearchLog, SendText, Status
from servicekit.notices import Channel, Occasion, SaveTemplate
from servicekit.outbox.effects import Effect, EffectKind, EffectState, ListEffects, RetryEffect
from servicekit.outbox.facts import TextStatus
from servicekit.portal import AssignTechnician, ChooseNotices, FaultReport, FileFaultReport, GetFaultReport, Way
from servicekit.runtime.entropy import mint
from servicekit.runtime.relay import Delivered
from servicekit.testing.simulators import Fault
from world import DAY, EVA_MOBILE, MINUTE, World, elks_adapter, opened

pytest_plugins = ("world_fixtures",)

MOBILE = "+46701740605"


def send(world: World, text: str = "Hej") -> Message:
    """A text of Anna's."""
    return world.kit.perform(SendText(user=world.admin.id, to=MOBILE, text=text), by=world.anna)


def logged(world: World) -> Message:
    """The one message in the log."""
    (message,) = world.ask(SearchLog(group=world.root.id)).messages
    assert isinstance(message, Message)
    return message


def texts(world: World, number: str = MOBILE) -> list[str]:
    """What stands on a phone."""
    return [text.text for text in world.elks.handset(number)]


def posts(world: World) -> int:
    """How often the carrier was asked to send."""
    return sum(exchange.request.method == "POST" for exchange in world.elks.exchanges)


@pytest.mark.spec("M-17")
def test_a_text_is_handed_over_once(world: World) -> None:
    """With the carrier's id, so that reports find it; delivering again does nothing more."""
    send(world)

    assert world.kit.deliver() == Delivered(done=1)
    assert world.kit.deliver() == Delivered()
    message = logged(world)
    assert (message.hand_over, message.status, message.vendor) == (HandOver.DONE, Status.SENT, "46elks")
    assert message.vendor_id == world.elks.state()["sms"][0]["id"]
    assert texts(world) == ["Hej"]


@pytest.mark.parametrize(
    "fault",
    [
        Fault.lost_answer("POST"),
        Fault.no_answer("POST"),
        Fault.error("POST", status=500, done=True),
        Fault.error("POST", status=500),
        Fault.bad_gateway("POST", done=True),
        Fault.wrong_type("POST"),
        Fault.altered("POST", removed=["id"]),
        Fault.refused("POST"),
        Fault.throttled("POST"),
    ],
    ids=lambda fault: f"{fault.kind}-{'done' if fault.done else 'not done'}",
)
@pytest.mark.parametrize("times", [1, 3])
def test_whatever_becomes_of_an_answer_the_text_arrives_once(world: World, fault: Fault, times: int) -> None:
    """Done or not, lost once or thrice: it is looked up, adopted if it is there, and sent if it is not."""
    world.elks.inject(*[fault] * times)
    send(world)
    first = world.kit.deliver()
    assert (first.done, first.again, first.dead) == (0, 1, 0)
    world.settle()

    assert texts(world) == ["Hej"]
    assert logged(world).status is (Status.DELIVERED if fault.done else Status.SENT)
    assert world.effects(EffectState.DEAD) == []
    world.elks.deliver_webhooks()
    assert logged(world).status is Status.DELIVERED


def test_a_lost_answer_is_looked_up_before_anything_is_sent_again(world: World) -> None:
    """However often the looking up fails."""
    world.elks.inject(Fault.lost_answer("POST"), Fault.error("GET", times=4))
    send(world)
    world.settle()

    assert posts(world) == 1
    assert texts(world) == ["Hej"]


def test_of_two_equal_texts_each_finds_its_own(world: World) -> None:
    """Confirmations may read alike: what is another message's is not adopted."""
    world.ask(
        SaveTemplate(organisation=world.root.id, occasion=Occasion.BOOKED, channel=Channel.CLIENT_TEXT, text="Welcome!")
    )
    world.book(world.haircut)
    world.settle()
    for fault in (Fault.lost_answer("POST"), Fault.no_answer("POST")):
        world.clock.advance(MINUTE)
        world.elks.inject(fault)
        world.book(world.haircut, starts=world.now + 3 * DAY)
        world.settle()
        world.clock.advance(DAY)

    assert texts(world, EVA_MOBILE) == ["Welcome!"] * 3
    messages = world.ask(SearchLog(group=world.root.id)).messages
    assert len({message.vendor_id for message in messages}) == 3


def test_an_older_equal_text_is_not_taken_for_it(world: World) -> None:
    """Somebody sent the same from the same account an hour ago, by hand: ours is still sent."""
    send(world, "Larm!")
    world.kit.deliver()
    with world.look() as store:
        (message,) = store.messages.where()
        store.messages.save(evolve(message, vendor_id="another's"))
    world.clock.advance(DAY)
    world.elks.inject(Fault.no_answer("POST"))
    send(world, "Larm!")
    world.settle()

    assert texts(world) == ["Larm!", "Larm!"]


# Noes


@pytest.mark.parametrize("status", [400, 404, 422])
def test_a_no_to_this_text_is_the_texts_own_end(world: World, status: int) -> None:
    """UNSENT, with what the carrier said; it costs nothing, and nobody has to look."""
    world.elks.inject(Fault.error("POST", status=status))
    send(world)

    assert world.kit.deliver() == Delivered(done=1)
    message = logged(world)
    assert (message.status, message.hand_over, message.segments) == (Status.UNSENT, HandOver.FAILED, 0)
    assert f"46elks answered {status}" in message.detail


@pytest.mark.parametrize("status", [401, 402, 403, 407])
def test_a_no_to_all_of_us_leaves_the_text_queued(world: World, status: int) -> None:
    """It is nobody's fault who writes texts: a dead letter names it, and once it is mended the text goes out."""
    world.elks.inject(Fault.error("POST", status=status))
    send(world)

    assert world.kit.deliver() == Delivered(dead=1)
    message = logged(world)
    assert (message.status, message.hand_over, message.segments) == (Status.QUEUED, HandOver.PLANNED, 1)
    (letter,) = world.ask(ListEffects(organisation=world.root.id))
    assert letter.trouble.startswith(f"46elks answered {status}")
    world.ask(RetryEffect(letter.id))
    world.kit.deliver()
    assert texts(world) == ["Hej"]


def test_a_wrong_password_makes_a_dead_letter_that_names_it(tmp_path: Path) -> None:
    """The carrier's own 401; no secret stands in the letter."""
    with opened(tmp_path, texts=elks_adapter(password="wrong-password")) as world:
        send(world)
        assert world.kit.deliver() == Delivered(dead=1)
        (letter,) = world.ask(ListEffects(organisation=world.root.id))

        assert letter.trouble == "46elks answered 401; trying again will not help"
        assert logged(world).status is Status.QUEUED
        assert not any("wrong-password" in repr(row) for rows in world.tables().values() for row in rows)


def test_a_kit_without_a_carrier_says_what_is_missing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The text stays where it is, for a relay that has one."""
    with opened(tmp_path, texts=None) as world:
        send(world)
        assert world.kit.deliver() == Delivered()
        assert "what is due of the kind text waits for a kit with Kit.open(..., texts=...)" in caplog.text
        assert logged(world).hand_over is HandOver.PLANNED


# Other carriers


def test_what_the_carrier_counted_otherwise_is_noted(tmp_path: Path) -> None:
    """Our count stays what it costs; the log says the difference."""
    with opened(tmp_path, texts=Pigeons(parts=3)) as world:
        send(world)
        world.kit.deliver()

        assert (logged(world).segments, logged(world).detail) == (1, "pigeons counted 3 segments")


@pytest.mark.parametrize(
    ("receipt", "status"),
    [
        (TextStatus.UNKNOWN, Status.SENT),
        (TextStatus.BUFFERED, Status.BUFFERED),
        (TextStatus.DELIVERED, Status.DELIVERED),
        (TextStatus.UNSENT, Status.UNSENT),
    ],
)
def test_a_receipt_may_say_more_than_that_it_was_sent(tmp_path: Path, receipt: TextStatus, status: Status) -> None:
    """It counts as a report; what never left gives back its quota."""
    with opened(tmp_path, texts=Pigeons(receipt=receipt, parts=1)) as world:
        send(world)
        world.kit.deliver()

        assert logged(world).status is status
        assert logged(world).segments == (0 if status is Status.UNSENT else 1)


def test_reports_that_were_faster_than_the_answer_count(tmp_path: Path) -> None:
    """In the order in which they came, once the text is known."""
    with opened(tmp_path, texts=Pigeons()) as world:
        send(world)
        for report in ("p1 BUFFERED", "p1 DELIVERED", "p2 UNDELIVERED"):
            world.kit.receive("pigeons", {}, report.encode())
        assert logged(world).status is Status.QUEUED
        world.kit.deliver()

        assert logged(world).status is Status.DELIVERED


def test_a_lost_answer_of_a_carrier_that_cannot_be_asked_is_never_guessed(tmp_path: Path) -> None:
    """UNKNOWN, charged, and a person has to look; it is not sent a second time, also when retried."""
    carrier = Pigeons(lost=1)
    with opened(tmp_path, texts=carrier) as world:
        send(world)
        world.settle()
        message = logged(world)
        assert (message.status, message.hand_over, message.segments) == (Status.UNKNOWN, HandOver.ASKED, 1)
        (letter,) = world.ask(ListEffects(organisation=world.root.id))
        assert letter.trouble == "perhaps sent: the answer was lost, and pigeons cannot be asked"
        world.ask(RetryEffect(letter.id))
        world.settle()

        assert len(carrier.sent) == 1
        assert len(world.effects(EffectState.DEAD)) == 1


def test_an_effect_of_a_text_that_is_over_does_nothing(world: World) -> None:
    """Whatever has enqueued it once more."""
    message = send(world)
    world.kit.deliver()
    again = Effect(
        id=mint(EffectId, world.now),
        organisation=world.root.id,
        kind=EffectKind.TEXT,
        subject=message.id,
        made_at=world.now,
        due_at=world.now,
    )
    with world.look() as store:
        store.effects.enqueue(again)

    assert world.kit.deliver() == Delivered(done=1)
    assert texts(world) == ["Hej"]


def test_a_throttled_text_is_tried_again(world: World) -> None:
    """46elks does not say when: after a pause, counted as a failure."""
    world.elks.inject(Fault.throttled("POST", after=600, retry_after="none"))
    send(world)
    world.kit.deliver()
    (waiting,) = world.effects(EffectState.DUE)

    assert waiting.attempts == 1
    assert waiting.due_at <= world.now + timedelta(seconds=10)
    world.settle()
    assert texts(world) == ["Hej"]


def report_fault(it: Portal) -> FaultReport:
    """One that its technician is told of by SMS."""
    tom = it.staff("tom", "fault_reports:read")
    it.tell(ChooseNotices(user=tom, way=Way.SMS, mobile=MOBILE))
    it.tell(AssignTechnician(customer=it.holz.id, technician=tom))
    return it.tell(FileFaultReport(customer=it.holz.id, text="The saw smokes"))


def told(it: Portal, report: FaultReport) -> Message:
    """The SMS of a report, as it stands."""
    (one,) = it.ask(GetFaultReport(report=report.id)).told
    (message,) = it.ask(SearchLog(group=it.root)).messages
    assert isinstance(message, Message)
    assert message.id == one.message
    return message


@pytest.mark.parametrize("mails", [True, False])
def test_a_text_of_the_portal_ends_with_its_dead_letter(*, mails: bool) -> None:
    """A mail has followed it, so a retry sends nothing; where there is no mail it stays queued, and a retry sends it."""
    without: dict[str, Any] = {"mail": None, "invitation_url": ""}
    with portal(**({} if mails else without)) as it:
        report = report_fault(it)
        it.elks.inject(Fault.error("POST", "/sms$", status=403))
        assert it.kit.deliver().dead == 1
        after = (Status.UNSENT, HandOver.FAILED, 0) if mails else (Status.QUEUED, HandOver.PLANNED, 1)
        message = told(it, report)
        assert (message.status, message.hand_over, message.segments) == after
        (dead,) = it.ask(ListEffects(organisation=it.root))
        it.tell(RetryEffect(dead.id))
        it.kit.deliver()
        assert len(it.elks.handset(MOBILE)) == int(not mails)


def test_a_text_of_the_portal_that_perhaps_went_out_does_not_end(tmp_path: Path) -> None:
    """It is no more than given up: a person has to say what became of it."""
    with portal(f"sqlite:///{tmp_path / 'portal.db'}", texts=Pigeons(lost=1)) as it:
        report = report_fault(it)
        it.kit.deliver()
        it.clock.advance(DAY)
        assert it.kit.deliver().dead == 1
        assert told(it, report).status is Status.UNKNOWN
