"""Delivery reports on parts, under other spellings and our own reference, before and after the carrier's answer."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from attrs import define, field, frozen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carriers import Pigeons
from servicekit import Kit, Principal
from servicekit.codec import dumps, loads
from servicekit.errors import Conflict, OutcomeUnknown, Throttled
from servicekit.groups import FoundOrganisation, Settings
from servicekit.ids import MessageId
from servicekit.messages import Message, SearchLog, SendText, Status
from servicekit.moments import Instant
from servicekit.outbox.effects import EffectState, ListEffects, RetryEffect
from servicekit.outbox.facts import TextReported, TextStatus
from servicekit.ports.texts import OutgoingText, TextHook, TextReceipt
from world import MINUTE, OPERATOR, World, opened

MOBILE = "+46701740605"
LONG = "x" * 400  # three parts


@define
class Geese(Pigeons):
    """Each part flies by itself. ``early`` are reports that come before the answer to the hand-over."""

    names: tuple[str, ...] = ("a1", "a2", "a3")
    early: tuple[TextReported, ...] = ()
    error: Exception | None = None
    world: World | None = field(default=None, repr=False)

    def send(self, text: OutgoingText) -> TextReceipt:  # type: ignore[override]
        """Blocks until the geese are off."""
        self.sent.append(text)
        for fact in self.early:
            assert self.world is not None
            self.world.kit.receive("pigeons", {}, dumps(fact).encode())
        if self.error is not None:
            raise self.error
        return TextReceipt(vendor_id=self.names[0], status=TextStatus.SENT, parts=len(self.names), part_ids=self.names)

    def read(self, headers: Mapping[str, str], body: bytes, at: Instant) -> TextHook:
        """The very fact."""
        del headers, at
        return TextHook(facts=(loads(body, TextReported),))


_events = itertools.count()


def about(vendor_id: str, status: TextStatus | str, **more: object) -> TextReported:
    """A report of its own."""
    event = f"event {next(_events)}"
    return TextReported(vendor="pigeons", event_id=event, vendor_id=vendor_id, status=TextStatus(status), **more)  # type: ignore[arg-type]


def tell(world: World, *facts: TextReported) -> None:
    """The carrier calls, once for each."""
    for fact in facts:
        world.kit.receive("pigeons", {}, dumps(fact).encode())


@frozen
class Flight:
    """A world whose carrier is geese."""

    world: World
    geese: Geese

    def send(self, text: str = LONG, to: str = MOBILE) -> MessageId:
        """A text of Anna's, not delivered yet."""
        message = self.world.kit.perform(SendText(user=self.world.admin.id, to=to, text=text), by=self.world.anna)
        self.geese.world = self.world
        found: MessageId = message.id
        return found

    def logged(self) -> Message:
        """The newest message in the log."""
        message: Message = self.world.ask(SearchLog(group=self.world.root.id)).messages[0]
        return message

    def stands(self) -> Status:
        """Its status."""
        return self.logged().status


@pytest.fixture
def flight(tmp_path: Path) -> Iterator[Flight]:
    """A world with geese."""
    geese = Geese()
    with opened(tmp_path, texts=geese) as world:
        yield Flight(world, geese)


# Parts


@pytest.mark.spec("M-17")
def test_a_message_is_delivered_when_all_its_parts_are(flight: Flight) -> None:
    """Before the last of them it is SENT, or BUFFERED where one is held; the same part twice counts once."""
    flight.send()
    flight.world.kit.deliver()
    seen = []
    for fact in (about("a2", "DELIVERED"), about("a2", "DELIVERED"), about("a1", "BUFFERED"), about("a1", "DELIVERED")):
        tell(flight.world, fact)
        seen.append(flight.stands().value)
    tell(flight.world, about("a3", "DELIVERED"))

    assert seen == ["SENT", "SENT", "BUFFERED", "BUFFERED"]
    assert flight.stands() is Status.DELIVERED
    assert flight.logged().segments == 3


@pytest.mark.spec("M-17")
def test_one_part_that_failed_fails_the_message_and_it_costs(flight: Flight) -> None:
    """Also where the others arrive afterwards; a single part is never sent again."""
    flight.send()
    flight.world.kit.deliver()
    tell(flight.world, about("a1", "DELIVERED"), about("a3", "UNDELIVERED"))
    assert flight.stands() is Status.UNDELIVERED
    tell(flight.world, about("a2", "DELIVERED"), about("a3", "DELIVERED"))

    assert (flight.stands(), flight.logged().segments, len(flight.geese.sent)) == (Status.UNDELIVERED, 3, 1)


@pytest.mark.spec("M-17")
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(["a1", "a2", "a3"] * 2), st.sampled_from(["DELIVERED", "UNDELIVERED"]), st.integers(0, 6))
def test_reports_of_parts_in_any_order_and_doubled_end_alike(
    tmp_path_factory: pytest.TempPathFactory, order: list[str], last: str, early: int
) -> None:
    """Whether they come before the carrier's answer or after it."""
    facts = [about(name, last if name == "a3" else "DELIVERED") for name in order]
    geese = Geese(early=tuple(facts[:early]))
    with opened(tmp_path_factory.mktemp("parts"), texts=geese) as world:
        flight = Flight(world, geese)
        flight.send()
        world.kit.deliver()
        tell(world, *facts[early:])

        assert flight.stands().value == last
        with world.look() as store:
            assert sorted(part.vendor_id for part in store.parts.where()) == ["a1", "a2", "a3"]


def test_a_carrier_that_counts_one_part_reports_on_the_text(flight: Flight) -> None:
    """Then no parts are kept, and one report is all."""
    flight.geese.names = ("a1",)
    flight.send()
    flight.world.kit.deliver()
    tell(flight.world, about("a1", "DELIVERED"))

    assert flight.stands() is Status.DELIVERED
    assert flight.logged().detail == "pigeons counted 1 segments"
    with flight.world.look() as store:
        assert store.parts.where() == ()


# Our own reference


def test_a_report_with_our_reference_finds_a_text_whose_answer_was_lost(flight: Flight) -> None:
    """It is UNKNOWN for want of a look-up; then the report says that the carrier has it. Nothing is sent again."""
    flight.geese.error = OutcomeUnknown("the line broke", vendor="pigeons")
    reference = flight.send("short")
    flight.world.settle()
    unknown = flight.logged()
    assert (unknown.status, unknown.detail) == (Status.UNKNOWN, "the line broke")

    tell(flight.world, about("a1", "DELIVERED", reference=reference))

    assert (flight.stands(), flight.logged().vendor_id) == (Status.DELIVERED, "a1")
    assert len(flight.geese.sent) == 1


def test_of_a_long_text_whose_answer_was_lost_every_part_must_be_reported(flight: Flight) -> None:
    """As many as we counted; a part beyond that belongs to it too."""
    flight.geese.error = OutcomeUnknown("the line broke", vendor="pigeons")
    reference = flight.send()
    flight.world.settle()
    seen = []
    for name in ("a1", "a2", "a2", "a3"):
        tell(flight.world, about(name, "DELIVERED", reference=reference))
        seen.append(flight.stands().value)
    assert seen == ["SENT", "SENT", "SENT", "DELIVERED"]

    tell(flight.world, about("a4", "DELIVERED", reference=reference))
    with flight.world.look() as store:
        assert [part.vendor_id for part in store.parts.where()] == ["a1", "a2", "a3", "a4"]


@pytest.mark.parametrize("lost", [True, False])
def test_a_report_on_the_whole_of_a_long_text_is_all_that_comes(flight: Flight, *, lost: bool) -> None:
    """A carrier that tells how many parts it counted reports once, also before its answer or in its place; with the price."""
    reference = flight.send()
    flight.geese.names = ("a1",)
    flight.geese.early = (about("a1", "DELIVERED", reference=reference, parts=4, cost="0.0316 USD"),)
    flight.geese.error = OutcomeUnknown("the line broke", vendor="pigeons") if lost else None
    flight.world.settle()

    message = flight.logged()
    assert (message.status, message.vendor_id, message.cost) == (Status.DELIVERED, "a1", "0.0316 USD")
    assert message.vendor_parts == (4 if lost else 1)  # of the answer's count and the report's, the later one
    with flight.world.look() as store:
        assert store.parts.where() == ()


def test_the_carriers_answer_names_the_parts_that_no_report_has_named(flight: Flight) -> None:
    """A report with our reference comes first, with an id of the middle; a carrier that cuts finer has more parts."""
    reference = flight.send()
    flight.geese.names = ("a1", "a2", "a3", "a4")
    flight.geese.early = (about("a2", "DELIVERED", reference=reference),)
    flight.world.kit.deliver()
    assert flight.stands() is Status.SENT
    assert flight.logged().vendor_id == "a1"
    tell(flight.world, *(about(name, "DELIVERED") for name in ("a1", "a3")))
    assert flight.stands() is Status.SENT
    tell(flight.world, about("a4", "DELIVERED"))

    assert flight.stands() is Status.DELIVERED


@pytest.mark.parametrize("error", [OutcomeUnknown("lost"), Throttled("slower")], ids=["lost", "throttled"])
def test_a_report_that_was_faster_than_an_error_says_that_the_carrier_has_it(flight: Flight, error: Exception) -> None:
    """So it is neither asked for nor sent again, whatever the carrier answered then."""
    flight.geese.early = (about("a1", "BUFFERED", reference=flight.send("short")),)
    flight.geese.error = error
    flight.world.settle()

    assert (flight.stands(), len(flight.geese.sent)) == (Status.BUFFERED, 1)
    assert flight.world.effects(EffectState.DEAD) == []


def test_a_report_that_ends_a_doubt_closes_its_dead_letter(flight: Flight) -> None:
    """It is listed no more, says what resolved it, and whoever retries it all the same is told that it is over."""
    flight.geese.error = OutcomeUnknown("the line broke")
    one, other = flight.send("one"), flight.send("other")
    flight.world.settle()
    dead = {effect.subject: effect for effect in flight.world.ask(ListEffects(organisation=flight.world.root.id))}
    assert dead.keys() == {one, other}
    tell(flight.world, about("a1", "DELIVERED", reference=one))

    (left,) = flight.world.ask(ListEffects(organisation=flight.world.root.id))
    assert left.subject == other
    closed = flight.world.ask(ListEffects(organisation=flight.world.root.id, state=EffectState.DONE))
    assert {effect.subject: effect.trouble for effect in closed}[one] == (
        "resolved by a report: pigeons says DELIVERED of a1"
    )
    with pytest.raises(Conflict, match="this one is done"):
        flight.world.ask(RetryEffect(dead[one].id))


def test_a_dead_letter_that_was_retried_ends_by_itself(flight: Flight) -> None:
    """The report comes before the relay: it finds the text handed over, and asks nobody."""
    flight.geese.error = OutcomeUnknown("the line broke")
    reference = flight.send("short")
    flight.world.settle()
    (dead,) = flight.world.ask(ListEffects(organisation=flight.world.root.id))
    flight.world.ask(RetryEffect(dead.id))
    tell(flight.world, about("a1", "DELIVERED", reference=reference))

    assert flight.world.kit.deliver().done == 1
    assert len(flight.geese.sent) == 1
    assert flight.stands() is Status.DELIVERED


def test_a_reference_to_what_was_never_asked_for_moves_nothing(flight: Flight) -> None:
    """Neither a text that the carrier has not seen, nor another carrier's, nor one that there is not."""
    reference = flight.send("short")
    tell(flight.world, about("b1", "DELIVERED", reference=reference), about("b2", "DELIVERED", reference="msg_none"))
    assert flight.stands() is Status.QUEUED
    flight.geese.names = ("a1",)
    flight.world.kit.deliver()
    with flight.world.look() as store:
        store.messages.save(_of_another_carrier(store.messages.get(reference)))
    tell(flight.world, about("b3", "DELIVERED", reference=reference))

    assert flight.stands() is Status.SENT


def _of_another_carrier(message: Message) -> Message:
    from attrs import evolve

    return evolve(message, vendor="another")


# Other spellings, and the recipient


def test_an_id_written_in_another_way_is_found_where_the_recipient_agrees(flight: Flight) -> None:
    """Hexadecimal at the hand-over, decimal in the report, the number with another prefix."""
    flight.geese.names = ("ff",)
    flight.send("short")
    flight.world.kit.deliver()
    tell(flight.world, about("255", "DELIVERED", also=("ff",), number="0046701740605"))

    assert flight.stands() is Status.DELIVERED


def test_a_report_about_somebody_else_is_not_about_this_message(flight: Flight) -> None:
    """Its id is another text's in the other spelling: it is kept, and found when that one is handed over."""
    flight.geese.names = ("255",)
    flight.send("one")
    flight.world.kit.deliver()
    tell(flight.world, about("255", "DELIVERED", also=("ff",), number="46709999999"))
    assert flight.stands() is Status.SENT

    flight.world.clock.advance(MINUTE)
    flight.geese.names = ("ff",)
    flight.send("two")
    flight.world.kit.deliver()
    assert flight.stands() is Status.SENT

    flight.world.clock.advance(MINUTE)
    flight.geese.names = ("0xff", "ff")
    flight.send("y" * 161, to="+46709999999")
    flight.world.kit.deliver()
    tell(flight.world, about("0xff", "DELIVERED"))
    assert flight.stands() is Status.DELIVERED


# All at once


def test_reports_on_parts_that_come_at_once_and_beside_the_answer_are_all_counted(database_url: str) -> None:
    """Each told twice, by many threads, while the carrier's answer is being stored: on both databases."""
    geese = Geese()
    with Kit.open(database_url, texts=geese) as kit:
        founded = kit.perform(
            FoundOrganisation(
                name="Salon",
                zone="Europe/Zurich",
                admin="anna@salon.example",
                settings=Settings(country_code=46, sender_name="Salon"),
            ),
            by=OPERATOR,
        )
        anna = Principal.of(founded.admin.id)
        for number in range(4):
            geese.names = tuple(f"{number}:{part}" for part in range(3))
            kit.perform(SendText(user=founded.admin.id, to=MOBILE, text=f"{number}{LONG}"), by=anna)
            facts = [about(name, "DELIVERED") for name in geese.names]
            with ThreadPoolExecutor(4) as pool:
                delivering = pool.submit(kit.deliver)
                told = [pool.submit(kit.receive, "pigeons", {}, dumps(fact).encode()) for fact in facts * 2]
                assert delivering.result().done == 1
                assert [one.result().status for one in told] == [204] * 6
        log = kit.ask(SearchLog(group=founded.root.id), by=anna).messages

    assert [message.status for message in log] == [Status.DELIVERED] * 4
