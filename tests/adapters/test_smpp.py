"""SMPP: texts in parts, what each status means, receipts and texts through the kit, and nothing sent twice."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import smpp34
from attrs import evolve

from servicekit.adapters.texts.smpp import Smpp
from servicekit.adapters.texts.smpp import smpp as smpp_module
from servicekit.errors import (
    ConfigurationError,
    Forged,
    Invalid,
    Misshapen,
    OutcomeUnknown,
    OutsideError,
    Rejected,
    Throttled,
    Unreachable,
    Unsupported,
)
from servicekit.messages import Message, SearchLog, SendText, Status
from servicekit.moments import Instant
from servicekit.outbox.effects import EffectState
from servicekit.outbox.facts import TextReceived, TextReported, TextStatus
from servicekit.ports.texts import OutgoingText, Texts, refuses_account
from servicekit.sms import join, read_part
from smsc import Answer, Smsc
from world import MINUTE, World, opened

NOW = Instant.parse("2026-03-02T09:00:00Z")
MOBILE = "+41791234567"
OURS = "+46766861004"
TEXT = OutgoingText(reference="msg_1", sender="Sonnenhof", to=MOBILE, text="See you at nine, Åsa. €")
LONG = evolve(TEXT, text="x" * 400)  # three parts
WAIT = 20.0


def until(true: Callable[[], object]) -> None:
    """Wait for something that comes soon."""
    ends = time.monotonic() + WAIT
    while not true():
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.01)


def account(smsc: Smsc, **more: Any) -> Smpp:
    """An account at the SMSC, that binds anew quickly."""
    mine = {"host": "127.0.0.1", "port": smsc.port, "system_id": smsc.system_id, "password": smsc.password}
    return Smpp(**{**mine, "pauses": (0.05,), **more})


@pytest.fixture
def smsc() -> Iterator[Smsc]:
    """An SMSC on a port of its own."""
    with Smsc() as smsc:
        yield smsc


@pytest.fixture
def carrier(smsc: Smsc) -> Iterator[Smpp]:
    """A carrier at it."""
    with account(smsc) as carrier:
        yield carrier


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts are tried again soon."""
    monkeypatch.setattr(smpp_module, "_PAUSE", 0.05)


def shown_on_the_phone(smsc: Smsc, *, packed: bool = False) -> str:
    """What the submits make together."""
    return join(
        read_part(
            submit.short_message,
            "ucs-2" if submit.data_coding == 8 else "gsm-7",
            has_header=bool(submit.esm_class & 0x40),
            packed=packed,
        )
        for submit in smsc.submits
    )


# Sending


def test_a_text_arrives_in_its_parts(smsc: Smsc, carrier: Smpp) -> None:
    """With a header in each of several, one reference, a receipt asked for; the first id stands for the text."""
    receipt = carrier.send(LONG)

    assert shown_on_the_phone(smsc) == LONG.text
    assert {(one.esm_class, one.data_coding, one.registered_delivery) for one in smsc.submits} == {(0x40, 0, 1)}
    assert len({one.short_message[3] for one in smsc.submits}) == 1
    assert receipt.part_ids == tuple(smsc.ids)
    assert (receipt.vendor_id, receipt.parts, receipt.cost) == (smsc.ids[0], 3, None)
    assert (receipt.status, receipt.detail) == (TextStatus.SENT, "")
    assert receipt.evidence == {"message_ids": smsc.ids}


def test_texts_to_one_phone_have_different_references(smsc: Smsc, carrier: Smpp) -> None:
    """256 of them: else a phone would mix their parts."""
    seen = {next(carrier._references) & 0xFF for _ in range(256)}
    assert len(seen) == 256
    carrier.send(LONG)
    carrier.send(LONG)

    assert len({one.short_message[3] for one in smsc.submits}) == 2


@pytest.mark.parametrize(
    ("text", "coding", "octets"),
    [
        ("Hej Åsa €", 0, b"Hej \x0esa \x1b\x65"),
        ("Grüße 😀", 8, "Grüße 😀".encode("utf-16-be")),
        ("", 0, b""),
    ],
)
def test_one_sms_has_no_header(smsc: Smsc, carrier: Smpp, text: str, coding: int, octets: bytes) -> None:
    """A septet an octet, or UCS-2."""
    carrier.send(evolve(TEXT, text=text))

    (one,) = smsc.submits
    assert (one.esm_class, one.data_coding, one.short_message) == (0, coding, octets)


def test_septets_are_packed_where_the_smsc_wants_it(smsc: Smsc) -> None:
    """Eight in seven octets, after the fill bits."""
    with account(smsc, packed=True) as carrier:
        carrier.send(LONG)

    assert shown_on_the_phone(smsc, packed=True) == LONG.text
    assert all(len(one.short_message) <= 140 for one in smsc.submits)


@pytest.mark.parametrize(
    ("sender", "kind", "octets"),
    [
        ("Sonnenhof", (5, 0), b"Sonnenhof"),
        ("Åsa & Co", (5, 0), b"\xc5sa & Co"),
        (OURS, (1, 1), OURS[1:].encode()),
        ("72345", (3, 0), b"72345"),
    ],
)
def test_each_kind_of_sender_has_its_type(
    smsc: Smsc, carrier: Smpp, sender: str, kind: tuple[int, int], octets: bytes
) -> None:
    """Names 5/0, numbers 1/1 without a plus, short codes 3/0; the recipient is 1/1."""
    carrier.send(evolve(TEXT, sender=sender))

    (one,) = smsc.submits
    assert b"\0" + bytes(kind) + octets + b"\0\1\1" + MOBILE[1:].encode() + b"\0" in smsc.octets[0]
    assert (one.source_addr_ton, one.source_addr_npi) == kind


def test_what_cannot_be_written_is_refused_before_anything_is_sent(smsc: Smsc, carrier: Smpp) -> None:
    """A Greek name, half a surrogate pair, a sender that is none."""
    with pytest.raises(Rejected, match="Latin-1") as caught:
        carrier.send(evolve(TEXT, sender="ΔΣΩ"))
    assert not refuses_account(caught.value)
    for broken in (evolve(TEXT, text="a\ud800"), evolve(TEXT, sender="")):
        with pytest.raises(Invalid):
            carrier.send(broken)

    assert smsc.binds == []


def test_it_is_a_carrier_by_the_port(carrier: Smpp) -> None:
    """The adapter has all that the port asks for, and cannot be asked for what it sent."""
    texts: Texts = carrier

    able = texts.capabilities
    assert (able.alphanumeric_sender, able.delivery_reports, able.inbound, able.look_up) == (True, True, True, False)
    assert texts.name == "smpp"
    with pytest.raises(Unsupported):
        texts.find(TEXT, NOW)


@pytest.mark.parametrize(
    "wrong", [{"system_id": "x" * 16}, {"password": "p" * 9}, {"system_type": "t" * 13}, {"password": "lösen"}]
)
def test_what_smpp_has_no_room_for_is_wrong_wiring(wrong: dict[str, str]) -> None:
    """It would be cut off silently; the error shows no password."""
    good = {"host": "127.0.0.1", "port": 2775, "system_id": "sonnenhof", "password": "p8ssw0rd"}
    with pytest.raises(ConfigurationError) as caught:
        Smpp(**{**good, **wrong})  # type: ignore[arg-type]

    assert next(iter(wrong.values())) not in str(caught.value)


def test_an_account_shows_neither_its_password_nor_its_token(smsc: Smsc, carrier: Smpp) -> None:
    """Its repr may stand in any log."""
    assert smsc.password not in repr(carrier)
    assert carrier._receiver.token not in repr(carrier)
    assert "sonnenhof" in repr(carrier)


# What a status means


@pytest.mark.parametrize(
    ("status", "error", "of_account"),
    [
        (0x58, Throttled, False),
        (0x14, Throttled, False),
        (0x08, Unreachable, False),
        (0x64, Unreachable, False),
        *((status, Rejected, True) for status in (0x03, 0x04, 0x0D, 0x0E, 0x0F)),
        *((status, Rejected, False) for status in (0x0A, 0x0B, 0x01, 0x45, 0x61, 0x65, 0x401)),
    ],
)
@pytest.mark.parametrize("text", [TEXT, LONG], ids=["one", "three"])
def test_where_the_first_part_is_refused_nothing_was_sent(
    smsc: Smsc, carrier: Smpp, status: int, error: type[OutsideError], text: OutgoingText, *, of_account: bool
) -> None:
    """Busy waits, failed is tried again, the rest is final: for all of us or for this text."""
    smsc.answers.append(Answer(status=status))
    with pytest.raises(OutsideError) as caught:
        carrier.send(text)

    assert type(caught.value) is error
    assert caught.value.facts["vendor"] == "smpp"
    assert caught.value.facts["status"] == f"0x{status:08x}"
    assert caught.value.facts["body"]
    if isinstance(caught.value, Rejected):
        assert refuses_account(caught.value) is of_account
    assert (len(smsc.asked), smsc.submits) == (1, [])


@pytest.mark.parametrize("status", [0x58, 0x14, 0x08])
def test_a_later_part_that_was_surely_not_taken_is_tried_again(smsc: Smsc, carrier: Smpp, status: int) -> None:
    """Alone: those before it are not submitted once more."""
    smsc.answers += [Answer(), Answer(status=status), Answer(status=status)]
    receipt = carrier.send(LONG)

    assert shown_on_the_phone(smsc) == LONG.text
    assert (receipt.status, len(smsc.asked), len(smsc.submits)) == (TextStatus.SENT, 5, 3)


def test_a_later_part_is_tried_for_so_long_and_no_longer(smsc: Smsc) -> None:
    """Then the text is UNDELIVERED, with what was taken and what was said."""
    smsc.answers += [Answer(), *[Answer(status=0x58)] * 1000]
    with account(smsc, longest_send=0.4) as carrier:
        receipt = carrier.send(LONG)

    assert (receipt.status, receipt.parts, receipt.part_ids) == (TextStatus.UNDELIVERED, 3, tuple(smsc.ids))
    assert receipt.detail.startswith("1 of 3 parts were taken; then: smpp asks to wait: Throttling error")
    assert len(smsc.submits) == 1
    assert len(smsc.asked) > 2


def test_a_later_part_that_is_refused_for_good_fails_the_text(smsc: Smsc, carrier: Smpp) -> None:
    """At once; nothing is submitted after it."""
    smsc.answers += [Answer(), Answer(status=0x45)]
    receipt = carrier.send(LONG)

    assert (receipt.status, receipt.part_ids) == (TextStatus.UNDELIVERED, tuple(smsc.ids))
    assert "1 of 3 parts were taken; then: smpp refuses" in receipt.detail
    assert receipt.evidence["status"] == "0x00000045"
    assert len(smsc.asked) == 2


def test_a_link_that_is_lost_within_one_sms_leaves_it_unknown(smsc: Smsc, carrier: Smpp) -> None:
    """There are no parts to speak of."""
    smsc.answers.append(Answer(lose="link", taken=True))
    with pytest.raises(OutcomeUnknown) as caught:
        carrier.send(TEXT)

    assert "parts" not in str(caught.value)
    assert len(smsc.asked) == 1


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (0, "Of 3 parts 0 were taken, 1 may have been, 2 were not submitted"),
        (1, "Of 3 parts 1 were taken, 1 may have been, 1 were not submitted"),
        (2, "Of 3 parts 2 were taken, 1 may have been, 0 were not submitted"),
    ],
)
@pytest.mark.parametrize("taken", [True, False])
def test_a_link_that_is_lost_within_a_text_leaves_it_unknown(
    smsc: Smsc, carrier: Smpp, before: int, said: str, *, taken: bool
) -> None:
    """No part is submitted twice; the error says how far it came, and the facts which parts were taken."""
    smsc.answers += [*[Answer()] * before, Answer(lose="link", taken=taken)]
    with pytest.raises(OutcomeUnknown, match=said) as caught:
        carrier.send(LONG)

    assert caught.value.facts["taken"] == smsc.ids[:before]
    assert len(smsc.asked) == before + 1


def test_a_link_that_is_lost_between_two_parts_is_bound_anew_for_the_next(smsc: Smsc, carrier: Smpp) -> None:
    """The next one was surely not submitted, so it is, over the new link."""
    gate = threading.Event()
    smsc.answers += [Answer(), Answer(status=0x58, after=gate)]
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(carrier.send, LONG)
        until(lambda: len(smsc.asked) == 2)
        gate.set()
        receipt = sending.result()

    assert receipt.status is TextStatus.SENT
    assert shown_on_the_phone(smsc) == LONG.text


def test_many_texts_at_once_share_the_link(smsc: Smsc, carrier: Smpp) -> None:
    """64 in flight over one bind, each with ids of its own."""
    with ThreadPoolExecutor(64) as pool:
        receipts = list(pool.map(lambda number: carrier.send(evolve(TEXT, text=f"{number}")), range(200)))

    assert len({receipt.vendor_id for receipt in receipts}) == 200
    assert sorted(int(one.short_message) for one in smsc.submits) == list(range(200))
    assert len(smsc.binds) == 1


def test_another_implementation_of_smpp_takes_our_texts_and_its_pushes_are_taken() -> None:
    """The server of the wheel ``smpp34``, with a session of its own making."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    pushed: list[bytes] = []
    seen: list[Any] = []

    async def serve(carrier: Smpp) -> Any:
        server = smpp34.Server("127.0.0.1", port)
        await server.start()
        sending = asyncio.get_running_loop().run_in_executor(None, carrier.send, LONG)
        esme: Any = None
        while len(seen) < 3:
            event = await server.next()
            if isinstance(event, smpp34.Esme):
                esme = event
            elif isinstance(event, smpp34.SubmitSmEvent):
                seen.append(event)
                event.accept(message_id=f"{len(seen):08X}")
        receipt = await sending
        answer = await esme.deliver_sm(
            source_addr=MOBILE[1:], destination_addr="Sonnenhof", esm_class=4, short_message=b"id:1 stat:DELIVRD"
        )
        await server.stop()
        return receipt, answer

    with Smpp("127.0.0.1", port, "sonnenhof", "p8ssw0rd", pauses=(0.05,)) as carrier:
        carrier._receiver.receive = lambda *call: pushed.append(call[2])
        receipt, answer = asyncio.run(serve(carrier))

    assert receipt.part_ids == ("1", "2", "3")
    assert join(read_part(one.short_message, "gsm-7", has_header=True, packed=False) for one in seen) == LONG.text
    assert answer.is_success
    assert json.loads(pushed[0])["source"] == MOBILE[1:]


# Being pushed to


class Ears:
    """Stands for the kit: reads what the adapter hands over."""

    def __init__(self, carrier: Smpp) -> None:
        self.carrier = carrier
        self.facts: list[TextReported | TextReceived] = []
        self.error: Exception | None = None

    def __call__(self, name: str, headers: Mapping[str, str], body: bytes) -> None:
        """As ``kit.receive``."""
        assert name == "smpp"
        self.facts += self.carrier.read(headers, body, NOW).facts
        if self.error is not None:
            raise self.error


@pytest.fixture
def ears(carrier: Smpp) -> Ears:
    """Started."""
    ears = Ears(carrier)
    carrier.start(ears)
    return ears


def test_a_push_is_answered_when_it_is_taken_in(smsc: Smsc, ears: Ears) -> None:
    """Receipts and texts, in their order."""
    assert smsc.receipt("00A1") == [0x80000005, 0]
    assert smsc.deliver(short_message=b"Ja!") == [0x80000005, 0]

    report, text = ears.facts
    assert isinstance(report, TextReported)
    assert (report.vendor_id, report.status, report.number) == ("a1", TextStatus.DELIVERED, MOBILE[1:])
    assert isinstance(text, TextReceived)
    assert (text.sender, text.to, text.text) == (MOBILE, OURS, "Ja!")


def test_a_push_before_anybody_listens_must_come_later(smsc: Smsc, carrier: Smpp) -> None:
    """The SMSC keeps it."""
    carrier.send(TEXT)
    assert smsc.deliver(short_message=b"Ja!") == [0x80000005, 0x64]
    ears = Ears(carrier)
    carrier.start(ears)
    assert smsc.deliver(short_message=b"Ja!") == [0x80000005, 0]
    assert len(ears.facts) == 1


def test_what_cannot_be_stored_now_is_kept_by_the_smsc_and_is_then_the_same_event(
    smsc: Smsc, ears: Ears, caplog: pytest.LogCaptureFixture
) -> None:
    """A temporary error; the error is logged, without what was pushed."""
    ears.error = RuntimeError("the database is down")
    assert smsc.deliver(short_message=b"my secret") == [0x80000005, 0x64]
    ears.error = None
    assert smsc.deliver(short_message=b"my secret") == [0x80000005, 0]
    first, second = ears.facts
    assert first.event_id == second.event_id
    assert "the database is down" in caplog.text
    assert b"my secret".hex() not in caplog.text

    assert smsc.deliver(short_message=b"my secret") == [0x80000005, 0]
    assert ears.facts[2].event_id != first.event_id


def test_a_push_whose_answer_was_lost_with_the_link_is_the_same_event(smsc: Smsc, carrier: Smpp) -> None:
    """It was taken in while the link went; the SMSC pushes it once more over the next one."""
    inside, gate = threading.Event(), threading.Event()
    ears = Ears(carrier)

    def receive(name: str, headers: Mapping[str, str], body: bytes) -> None:
        inside.set()
        gate.wait(WAIT)
        ears(name, headers, body)

    carrier.start(receive)
    with ThreadPoolExecutor(1) as pool:
        lost = pool.submit(smsc.deliver, short_message=b"Ja!")
        assert inside.wait(WAIT)
        smsc.cut()
        assert lost.result() == []
        gate.set()
        assert smsc.deliver(short_message=b"Ja!") == [0x80000005, 0]

    assert len({fact.event_id for fact in ears.facts}) == 1
    assert len(ears.facts) == 2


def test_what_is_refused_for_good_is_not_pushed_again(smsc: Smsc, ears: Ears, caplog: pytest.LogCaptureFixture) -> None:
    """A receipt that names no message: a permanent error, and a line in the log."""
    assert smsc.deliver(esm_class=4, short_message=b"Delivered!") == [0x80000005, 0x65]
    assert ears.facts == []
    assert "refused for good" in caplog.text


@pytest.mark.parametrize("headers", [{}, {"x-smpp-token": ""}, {"x-smpp-token": "guess"}, {"x-smpp-token": "\ud800é"}])
def test_a_call_from_outside_can_forge_nothing(carrier: Smpp, headers: dict[str, str]) -> None:
    """Whoever reaches ``/hooks/smpp`` does not know the token of this process."""
    with pytest.raises(Forged):
        carrier.read(headers, b'{"event": "e1"}', NOW)


@pytest.mark.parametrize("body", [b"", b"null", b"{}", b'{"event": ""}', b"\xff"])
def test_a_proven_call_that_is_no_deliver_sm_is_misshapen(carrier: Smpp, body: bytes) -> None:
    """It would be a bug of ours."""
    with pytest.raises(Misshapen):
        carrier.read({"X-SMPP-Token": carrier._receiver.token}, body, NOW)


def test_octets_that_are_none_are_misshapen(carrier: Smpp) -> None:
    """Half a hexadecimal digit; and an event without a name."""
    told = {"event": "e", "source": "", "destination": "", "esm_class": 0, "data_coding": 0, "message": "f", "tlvs": {}}
    for wrong in (told, {**told, "message": "", "event": ""}):
        with pytest.raises(Misshapen):
            carrier.read({"x-smpp-token": carrier._receiver.token}, json.dumps(wrong).encode(), NOW)


# In the kit


class SmppWorld:
    """A salon that sends by SMPP."""

    def __init__(self, world: World, smsc: Smsc) -> None:
        self.world = world
        self.smsc = smsc

    def send(self, text: str = LONG.text) -> None:
        """A text of Anna's, handed over."""
        self.world.kit.perform(SendText(user=self.world.admin.id, to=MOBILE, text=text), by=self.world.anna)
        self.world.settle()

    def logged(self) -> Message:
        """The newest message."""
        message: Message = self.world.ask(SearchLog(group=self.world.root.id)).messages[0]
        return message

    def stands(self) -> Status:
        """Its status."""
        return self.logged().status


@pytest.fixture
def salon(tmp_path: Path, smsc: Smsc) -> Iterator[SmppWorld]:
    """A world whose carrier is an SMSC that gives its ids in hexadecimal digits."""
    smsc.hexadecimal = True
    with account(smsc) as carrier, opened(tmp_path, texts=carrier) as world:
        carrier.start(world.kit.receive)
        yield SmppWorld(world, smsc)
        carrier.close()


@pytest.mark.spec("M-17")
def test_receipts_late_doubled_out_of_order_and_in_decimal_deliver_the_text(salon: SmppWorld) -> None:
    """Ids in hexadecimal digits at the hand-over, in decimal ones in receipts; those of unknown ids move nothing."""
    salon.send()
    decimal = [str(int(one, 16)) for one in salon.smsc.ids]
    assert salon.smsc.receipt("999999999") == [0x80000005, 0]
    for message_id in (decimal[2], decimal[0], decimal[2], salon.smsc.ids[0]):
        assert salon.smsc.receipt(message_id) == [0x80000005, 0]
    assert salon.stands() is Status.SENT
    salon.smsc.receipt(decimal[1], "ENROUTE", esm_class=0x20)
    assert salon.stands() is Status.BUFFERED
    salon.smsc.receipt(salon.smsc.ids[1].lower(), "2", tlvs=True)
    assert salon.stands() is Status.DELIVERED
    salon.smsc.receipt(decimal[1], "EXPIRED")

    assert (salon.stands(), salon.logged().segments) == (Status.DELIVERED, 3)


def test_a_receipt_for_somebody_else_is_not_for_this_text(salon: SmppWorld) -> None:
    """Its decimal id reads as the hexadecimal one of this text: the recipient tells them apart."""
    salon.smsc.answers.append(Answer(message_id="1000"))
    salon.send("short")
    salon.smsc.receipt("1000", source_addr="41790000000")
    assert salon.stands() is Status.SENT
    salon.smsc.receipt("4096", source_addr="0041" + MOBILE[3:])

    assert salon.stands() is Status.DELIVERED


def test_one_part_that_failed_fails_the_text(salon: SmppWorld) -> None:
    """Whatever becomes of the others."""
    salon.send()
    first, second, third = salon.smsc.ids
    for message_id, word in ((first, "DELIVRD"), (third, "UNDELIV"), (second, "DELIVRD")):
        salon.smsc.receipt(message_id, word)

    assert salon.stands() is Status.UNDELIVERED


def _kept(salon: SmppWorld) -> list[object]:
    return [row for row in salon.world.tables()["inbox_kept"] if "DELIVERED" in str(row) and len(str(row[1])) == 8]


def test_receipts_that_are_faster_than_the_answers_are_kept(salon: SmppWorld) -> None:
    """All three, while the last part's answer is still awaited; in decimal digits."""
    gate = threading.Event()
    salon.smsc.answers += [Answer(), Answer(), Answer(after=gate)]
    with ThreadPoolExecutor(4) as pool:
        sending = pool.submit(salon.send)
        until(lambda: len(salon.smsc.submits) == 3)
        pushed = [pool.submit(salon.smsc.receipt, str(int(one, 16))) for one in salon.smsc.ids]
        # The SMSC reads nothing before it has answered, but what it pushed is taken in meanwhile.
        until(lambda: len(_kept(salon)) == 3)
        gate.set()
        sending.result()
        assert [one.result() for one in pushed] == [[0x80000005, 0]] * 3

    assert salon.stands() is Status.DELIVERED


def test_a_text_whose_link_was_lost_is_unknown_and_shown_so(salon: SmppWorld) -> None:
    """With how far it came; it is charged, never sent again, and waits for a person."""
    salon.smsc.answers += [Answer(), Answer(lose="link", taken=True)]
    salon.send()

    message = salon.logged()
    assert (message.status, message.segments) == (Status.UNKNOWN, 3)
    assert "Of 3 parts 1 were taken, 1 may have been, 1 were not submitted" in message.detail
    assert len(salon.smsc.asked) == 2
    assert len(salon.world.effects(EffectState.DEAD)) == 1


def test_a_text_that_was_partly_taken_is_undelivered_and_shown_so(salon: SmppWorld) -> None:
    """With what was said."""
    salon.smsc.answers += [Answer(), Answer(status=0x45)]
    salon.send()

    message = salon.logged()
    assert (message.status, message.segments) == (Status.UNDELIVERED, 3)
    assert message.detail.startswith("1 of 3 parts were taken; then: smpp refuses")
    assert salon.world.effects(EffectState.DEAD) == []


@pytest.mark.parametrize("status", [0x58, 0x14, 0x08])
def test_what_surely_was_not_sent_is_sent_later(salon: SmppWorld, status: int) -> None:
    """Once."""
    salon.smsc.answers += [Answer(status=status), Answer(status=status)]
    salon.send()

    assert salon.stands() is Status.SENT
    assert shown_on_the_phone(salon.smsc) == LONG.text


def test_a_bad_number_is_the_texts_end_and_a_refused_bind_waits_for_a_person(salon: SmppWorld) -> None:
    """The one is UNSENT and costs nothing; the other stays queued."""
    salon.smsc.answers.append(Answer(status=0x0B))
    salon.send("one")
    assert (salon.stands(), salon.logged().segments) == (Status.UNSENT, 0)
    salon.smsc.bind_status = 0x0E
    salon.smsc.cut()
    until(lambda: len(salon.smsc.binds) > 2)
    salon.world.clock.advance(MINUTE)
    salon.send("two")

    assert salon.stands() is Status.QUEUED
    (dead,) = salon.world.effects(EffectState.DEAD)
    assert "does not let us bind" in dead.trouble


def test_a_stopped_database_loses_nothing_that_is_pushed(salon: SmppWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SMSC keeps it until the transaction is committed."""
    salon.send("short")

    def down(*_: object) -> None:
        raise RuntimeError("the database is down")

    with monkeypatch.context() as patched:
        patched.setattr(salon.world.kit._intake, "_work", down)
        assert salon.smsc.receipt(salon.smsc.ids[0]) == [0x80000005, 0x64]
    assert salon.stands() is Status.SENT
    assert salon.smsc.receipt(salon.smsc.ids[0]) == [0x80000005, 0]
    assert salon.stands() is Status.DELIVERED
