"""Vonage: sending in parts, what its numbers mean, reports on parts, and believing only what it signed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx
import pytest
from attrs import evolve

from peers import answering, nobody
from servicekit.adapters.texts.vonage import Vonage
from servicekit.adapters.texts.vonage.signing import Method, signature
from servicekit.errors import (
    Forged,
    Misshapen,
    OutcomeUnknown,
    OutsideError,
    Rejected,
    Stale,
    Throttled,
    Unreachable,
    Unsupported,
)
from servicekit.messages import Message, SearchLog, SendText, Status
from servicekit.moments import Instant
from servicekit.outbox.effects import EffectState
from servicekit.outbox.facts import TextPart, TextReceived, TextReported, TextStatus
from servicekit.ports.http import HttpRequest, HttpResponse
from servicekit.ports.texts import OutgoingText, Texts, refuses_account
from servicekit.runtime.http import HttpDriver
from servicekit.testing.simulators import Fault, Outcome, Served, VonageSimulator, WebhookFault, serve, transport
from world import MINUTE, World, opened

NOW = Instant.parse("2026-03-02T09:00:00Z")
MOBILE = "+41791234567"
OURS = "+46766861004"
TEXT = OutgoingText(reference="msg_1", sender="Sonnenhof", to=MOBILE, text="See you at nine, Åsa. €")
LONG = evolve(TEXT, text="x" * 400)  # three parts
TAKEN = {"status": "0", "message-id": "0A", "message-price": "0.03330000", "to": MOBILE[1:]}


def account(base_url: str = "https://rest.nexmo.com", **more: Any) -> Vonage:
    """An account as the simulator knows it."""
    signed = {"signature_secret": VonageSimulator.signature_secret, "report_url": "https://app.test/hooks/vonage"}
    mine = {"api_key": VonageSimulator.api_key, "api_secret": VonageSimulator.api_secret, "base_url": base_url}
    return Vonage(**{**mine, **signed, **more})


@pytest.fixture
def vonage() -> Iterator[Served[VonageSimulator]]:
    """Vonage on a socket, its clock stopped."""
    simulator = VonageSimulator(post=nobody)
    simulator.set_clock(NOW)
    with serve(simulator) as served:
        yield served


def parts(*entries: object) -> httpx.Response:
    """An answer with these entries."""
    return httpx.Response(200, json={"message-count": str(len(entries)), "messages": list(entries)})


def sent_form(text: OutgoingText, **more: Any) -> dict[str, str]:
    """What ``send`` puts into its form."""
    request = next(account(**more).send(text))
    assert request.method == "POST"
    assert not request.repeatable
    assert "?" not in request.url
    return dict(parse_qsl(request.body.decode(), keep_blank_values=True))


# Sending


def test_a_text_arrives_and_its_receipt_has_its_parts(vonage: Served[VonageSimulator], driver: HttpDriver) -> None:
    """The first part's id stands for the text; the cost is the sum over the parts."""
    vonage.simulator.set_outcome(MOBILE, Outcome.SILENT)
    receipt = driver.run(account(vonage.url).send(LONG))

    (held,) = vonage.simulator.handset(MOBILE)
    assert (held.sender, held.text, len(held.parts)) == (LONG.sender, LONG.text, 3)
    assert receipt.part_ids == tuple(part["id"] for part in vonage.simulator.state()["sms"][0]["parts"])
    assert receipt.vendor_id == receipt.part_ids[0]
    assert (receipt.status, receipt.parts, receipt.cost) == (TextStatus.SENT, 3, "0.09990000")
    assert receipt.detail == ""
    assert receipt.evidence["message-count"] == "3"


def test_it_is_a_carrier_by_the_port() -> None:
    """The adapter has all that the port asks for, and cannot be asked for what it sent."""
    carrier: Texts = account()

    assert carrier.name == "vonage"
    able = carrier.capabilities
    assert (able.alphanumeric_sender, able.delivery_reports, able.inbound, able.look_up) == (True, True, True, False)
    assert not able.idempotent
    with pytest.raises(Unsupported):
        carrier.find(TEXT, NOW)


@pytest.mark.parametrize(
    ("text", "kind"),
    [("See you, Åsa. [€]", "text"), ("Smörgås 😀", "unicode"), ("tab\there", "unicode"), ("ç", "unicode")],
)
def test_the_alphabet_is_said(text: str, kind: str) -> None:
    """GSM with its extension is ``text``, everything else ``unicode``: Vonage itself would send question marks."""
    assert sent_form(evolve(TEXT, text=text))["type"] == kind


def test_letters_outside_gsm_arrive(vonage: Served[VonageSimulator], driver: HttpDriver) -> None:
    """As they were written."""
    driver.run(account(vonage.url).send(evolve(TEXT, text="Grüße 😀 ç")))

    assert vonage.simulator.handset(MOBILE)[0].text == "Grüße 😀 ç"


def test_numbers_lose_their_plus_and_names_stay() -> None:
    """``from`` and ``to`` are digits there."""
    form = sent_form(evolve(TEXT, sender=OURS))
    assert (form["from"], form["to"], form["client-ref"]) == (OURS[1:], MOBILE[1:], "msg_1")
    assert sent_form(TEXT)["from"] == "Sonnenhof"


def test_reports_go_to_the_report_url_or_to_the_accounts() -> None:
    """Without one the account's setting counts, and nothing is said about reports."""
    assert sent_form(TEXT)["callback"] == "https://app.test/hooks/vonage"
    assert not {"callback", "status-report-req"} & set(sent_form(TEXT, report_url=""))


@pytest.mark.parametrize(
    ("status", "error", "of_account"),
    [
        ("1", Throttled, False),
        ("10", Throttled, False),
        ("5", Unreachable, False),
        *((status, Rejected, True) for status in ("4", "8", "9", "11", "14", "23", "29", "32", "33")),
        *((status, Rejected, False) for status in ("2", "3", "6", "7", "12", "15", "22", "99")),
    ],
)
def test_each_number_says_what_may_be_done(
    vonage: Served[VonageSimulator], driver: HttpDriver, status: str, error: type[OutsideError], *, of_account: bool
) -> None:
    """1, 5 and 10: nothing was sent, try again. Credentials, credit and settings are no to all of us; the rest to this text."""
    vonage.simulator.answer_with(status)
    with pytest.raises(OutsideError) as caught:
        driver.run(account(vonage.url).send(LONG))

    assert type(caught.value) is error
    assert (caught.value.facts["vendor"], caught.value.facts["status"]) == ("vonage", status)
    assert f"(status {status})" in str(caught.value.facts["body"])
    if isinstance(caught.value, Rejected):
        assert refuses_account(caught.value) is of_account
    assert vonage.simulator.handset(MOBILE) == ()


@pytest.mark.parametrize(
    ("statuses", "error"),
    [(("1", "5", "1"), Unreachable), (("1", "3", "5"), Rejected), (("3", "9", "1"), Rejected)],
)
def test_of_several_noes_the_most_final_counts(statuses: tuple[str, ...], error: type[OutsideError]) -> None:
    """No part was taken: what is said about the others need not be tried again."""
    answer = parts(*({"status": one, "error-text": f"e{one}"} for one in statuses))
    with answering(answer) as driver, pytest.raises(OutsideError) as caught:
        driver.run(account().send(LONG))

    assert type(caught.value) is error
    for one in statuses:
        assert f"e{one} (status {one})" in str(caught.value.facts["body"])


def test_a_text_of_which_some_parts_were_taken_is_never_sent_again(
    vonage: Served[VonageSimulator], driver: HttpDriver
) -> None:
    """It can't arrive whole, and repeating it would send the taken parts twice: UNDELIVERED, with a detail, and it costs."""
    vonage.simulator.answer_with("0", "1", "0")
    receipt = driver.run(account(vonage.url).send(LONG))

    assert (receipt.status, receipt.parts, receipt.cost) == (TextStatus.UNDELIVERED, 3, "0.06660000")
    assert len(receipt.part_ids) == 2
    assert receipt.detail.startswith("2 of 3 parts were taken; the others: Throughput Rate Exceeded")
    assert vonage.simulator.handset(MOBILE) == ()


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, html="<html>log in</html>"),
        httpx.Response(204),
        httpx.Response(200, json={"messages": []}),
        httpx.Response(200, json={"messages": "none"}),
        parts("0"),
        parts({"status": 0, "message-id": "0A"}),
        parts({"message-id": "0A"}),
        parts({"status": ""}),
        parts({"status": "0"}),
        parts({"status": "0", "message-id": 7}),
        parts(TAKEN, {"status": "0", "message-id": ""}),
        httpx.Response(502, html="<html></html>"),
    ],
)
def test_an_answer_that_is_none_leaves_the_outcome_unknown(answer: httpx.Response) -> None:
    """It may have been sent."""
    with answering(answer) as driver, pytest.raises(OutcomeUnknown):
        driver.run(account().send(TEXT))


@pytest.mark.parametrize("price", [None, "", "free", "NaN", "1E+999999", [], "1000000"])
def test_a_cost_that_is_none_is_not_told(price: object) -> None:
    """The text was sent all the same."""
    with answering(parts(TAKEN, {**TAKEN, "message-id": "0B", "message-price": price})) as driver:
        receipt = driver.run(account().send(TEXT))

    assert (receipt.cost, receipt.status, receipt.part_ids) == (None, TextStatus.SENT, ("0A", "0B"))


def test_throttling_by_http_waits(vonage: Served[VonageSimulator], driver: HttpDriver) -> None:
    """What stands before the interface has its own 429 and its own noes."""
    vonage.simulator.inject(Fault.throttled("POST"), Fault.error("POST", status=401))
    with pytest.raises(Throttled):
        driver.run(account(vonage.url).send(TEXT))
    with pytest.raises(Rejected) as caught:
        driver.run(account(vonage.url).send(TEXT))
    assert refuses_account(caught.value)


def test_our_secret_reaches_no_error_and_no_evidence() -> None:
    """Whatever an answer repeats of the form, however it is written; an empty secret hides nothing."""
    secret = 's"3/c r€t'
    carrier = account(api_secret=secret)
    said = f"{secret} and {'s%223%2Fc%20r%E2%82%ACt'} and s%223%2Fc+r%E2%82%ACt"
    with answering(parts({"status": "3", "error-text": said}), parts({**TAKEN, "echo": said})) as driver:
        with pytest.raises(Rejected) as caught:
            driver.run(carrier.send(TEXT))
        receipt = driver.run(carrier.send(TEXT))

    assert caught.value.facts["body"] == "*** and *** and *** (status 3)"
    assert "r€t" not in str(receipt.evidence)
    assert "r€t" not in repr(carrier)
    with answering(parts(TAKEN)) as driver:
        assert driver.run(account(api_secret="").send(TEXT)).vendor_id == "0A"


# Reading


def call(fields: Mapping[str, str], *, age: timedelta = timedelta(), method: Method = "sha256") -> bytes:
    """A signed body as Vonage posts it."""
    told = {**fields, "timestamp": str((NOW - age).us // 1_000_000), "nonce": "n"}
    return urlencode({**told, "sig": signature(told, VonageSimulator.signature_secret, method)}).encode()


REPORT = {
    "msisdn": MOBILE[1:],
    "to": "Sonnenhof",
    "messageId": "0A",
    "err-code": "0",
    "client-ref": "msg_1",
    "api-key": VonageSimulator.api_key,
}
INBOUND = {"msisdn": MOBILE[1:], "to": OURS[1:], "messageId": "0B", "type": "text", "keyword": "JA"}


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("accepted", "SENT"),
        ("buffered", "BUFFERED"),
        ("delivered", "DELIVERED"),
        ("expired", "UNDELIVERED"),
        ("failed", "UNDELIVERED"),
        ("rejected", "UNDELIVERED"),
        ("unknown", "UNDELIVERED"),
        ("teleported", "UNKNOWN"),
    ],
)
def test_vonages_words_become_ours(word: str, status: str) -> None:
    """With our reference and the recipient, by which the message is found; without the signature in the evidence."""
    hook = account().read({}, call({**REPORT, "status": word}), NOW)

    (fact,) = hook.facts
    assert isinstance(fact, TextReported)
    assert (fact.vendor_id, fact.status.value, fact.reference, fact.number) == ("0A", status, "msg_1", MOBILE[1:])
    assert fact.event_id == f"0A:{word}:0"
    assert (fact.evidence["status"], "sig" in fact.evidence, "api-key" in fact.evidence) == (word, False, False)
    assert (hook.answer.status, hook.answer.body) == (204, b"")


def test_an_inbound_text_is_read() -> None:
    """Both numbers in E.164; a short code and a name stay what they are."""
    (fact,) = account().read({}, call({**INBOUND, "text": "Ja, tack! 😀"}), NOW).facts
    assert isinstance(fact, TextReceived)
    assert (fact.sender, fact.to, fact.text, fact.part) == (MOBILE, OURS, "Ja, tack! 😀", None)
    assert (fact.event_id, fact.vendor_id, fact.media) == ("0B", "0B", ())

    (fact,) = account().read({}, call({**INBOUND, "msisdn": "Post", "to": "72345", "text": ""}), NOW).facts
    assert isinstance(fact, TextReceived)
    assert (fact.sender, fact.to, fact.text) == ("Post", "72345", "")


def test_a_part_of_a_long_text_says_which_it_is() -> None:
    """Each part is an event of its own, also where all of them have one id."""
    concat = {"concat": "true", "concat-ref": "42", "concat-total": "3", "concat-part": "2"}
    (fact,) = account().read({}, call({**INBOUND, "text": "b", **concat}), NOW).facts

    assert isinstance(fact, TextReceived)
    assert fact.part == TextPart(reference="42", number=2, total=3)
    assert fact.event_id == "0B:2"


@pytest.mark.parametrize(
    ("number", "total"), [("0", "3"), ("4", "3"), ("", "3"), ("x", "3"), ("1", "256"), ("²", "3"), ("1", "9999")]
)
def test_a_part_that_contradicts_itself_is_a_text_of_its_own(number: str, total: str) -> None:
    """Better shown alone than never."""
    concat = {"concat": "true", "concat-ref": "42", "concat-total": total, "concat-part": number}
    (fact,) = account().read({}, call({**INBOUND, "text": "b", **concat}), NOW).facts

    assert isinstance(fact, TextReceived)
    assert fact.part is None


def test_a_binary_message_is_named() -> None:
    """What a telephone sends that is no text is not lost without a word."""
    body = call({**INBOUND, "type": "binary", "data": "00ff10", "udh": "0605040b8423f0"})
    (fact,) = account().read({}, body, NOW).facts

    assert isinstance(fact, TextReceived)
    assert (fact.text, fact.media) == ("", ("binary, 3 bytes",))
    assert fact.evidence["data"] == "00ff10"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"messageId": "0A"},
        {"messageId": "", "status": "delivered"},
        {"messageId": "0A", "status": ""},
        {**INBOUND},
        {**INBOUND, "text": "a", "msisdn": ""},
        {**INBOUND, "text": "a", "to": ""},
    ],
)
def test_a_proven_call_that_lacks_something_is_misshapen(fields: dict[str, str]) -> None:
    """Neither a report nor a text."""
    with pytest.raises(Misshapen):
        account().read({}, call(fields), NOW)


def test_the_accounts_method_and_age_count() -> None:
    """A weaker signature than agreed is forged; the age may be set for an account whose repeats keep their time."""
    body = call({**REPORT, "status": "delivered"}, method="md5hash")
    with pytest.raises(Forged):
        account().read({}, body, NOW)
    assert account(signature_method="md5hash").read({}, body, NOW).facts

    old = call({**REPORT, "status": "delivered"}, age=timedelta(hours=20))
    with pytest.raises(Stale):
        account().read({}, old, NOW)
    assert account(longest_age=timedelta(days=1)).read({}, old, NOW).facts


def test_halves_of_surrogate_pairs_do_not_get_in() -> None:
    """JSON can hold what no database can store."""
    told = {"msisdn": "41791234567", "to": OURS[1:], "messageId": "0B", "text": "a\ud800b"}
    told |= {"timestamp": str(NOW.us // 1_000_000)}
    told["sig"] = signature(told, VonageSimulator.signature_secret, "sha256")
    (fact,) = account().read({}, json.dumps(told).encode(), NOW).facts

    assert isinstance(fact, TextReceived)
    assert fact.text == "a\ufffdb"


# In the kit


class VonageWorld:
    """A salon that sends by Vonage."""

    def __init__(self, world: World, vonage: VonageSimulator) -> None:
        self.world = world
        self.vonage = vonage

    def send(self, text: str = "x" * 400) -> None:
        """A text of Anna's, handed over."""
        self.world.kit.perform(SendText(user=self.world.admin.id, to=MOBILE, text=text), by=self.world.anna)
        self.world.settle()

    def logged(self) -> Message:
        """The newest message."""
        message: Message = self.world.ask(SearchLog(group=self.world.root.id)).messages[0]
        return message

    def reports(self) -> None:
        """Vonage calls, with all that is late."""
        for _ in range(3):
            self.vonage.deliver_webhooks(everything=True)
            self.world.clock.advance(MINUTE)


@pytest.fixture
def salon(tmp_path: Path) -> Iterator[VonageWorld]:
    """A world whose carrier is Vonage."""
    simulator: VonageSimulator

    def post(request: HttpRequest) -> HttpResponse:
        answer = world.kit.receive("vonage", request.headers, request.body)
        return HttpResponse(status=answer.status)

    simulator = VonageSimulator(post=post)
    with opened(tmp_path, texts=account(), transport=transport(simulator)) as world:
        simulator._clock = world.clock.now
        simulator.numbers[OURS] = "https://app.test/hooks/vonage"
        yield VonageWorld(world, simulator)


@pytest.mark.spec("M-17")
def test_reports_on_parts_late_doubled_and_out_of_order_deliver_the_text(salon: VonageWorld) -> None:
    """And one on a part that never was moves nothing."""
    for fault in ("reordered", "doubled", "late"):
        salon.vonage.inject(WebhookFault(webhook=fault, event="delivery"))
    salon.send()
    assert salon.logged().status is Status.SENT
    salon.vonage.report_unknown("https://app.test/hooks/vonage")
    salon.reports()

    assert (salon.logged().status, salon.logged().segments) == (Status.DELIVERED, 3)
    assert all(delivery.accepted for delivery in salon.vonage.deliveries)
    assert len(salon.vonage.handset(MOBILE)) == 1


def test_one_part_that_failed_fails_the_text(salon: VonageWorld) -> None:
    """Whatever becomes of the others."""
    salon.vonage.set_outcome(MOBILE, Outcome.HELD)
    salon.send()
    salon.reports()
    assert salon.logged().status is Status.BUFFERED
    first, second, third = (part["id"] for part in salon.vonage.state()["sms"][0]["parts"])
    for part, word in ((first, "delivered"), (third, "failed"), (second, "delivered")):
        salon.vonage.report(part, word)
    salon.reports()

    assert salon.logged().status is Status.UNDELIVERED


def test_a_text_of_which_some_parts_were_taken_is_shown_as_such(salon: VonageWorld) -> None:
    """UNDELIVERED, with the detail; reports on its parts change nothing, and it is not sent again."""
    salon.vonage.answer_with("0", "9")
    salon.send()
    salon.reports()

    message = salon.logged()
    assert (message.status, message.segments) == (Status.UNDELIVERED, 3)
    assert message.detail.startswith("1 of 3 parts were taken; the others: Partner quota violation")
    assert len(salon.vonage.state()["sms"]) == 1


@pytest.mark.parametrize("text", ["short", "x" * 400])
def test_a_lost_answer_is_made_up_for_by_reports_with_our_reference(salon: VonageWorld, text: str) -> None:
    """UNKNOWN until they come; never sent twice."""
    salon.vonage.inject(Fault.lost_answer("POST"))
    salon.send(text)
    assert salon.logged().status is Status.UNKNOWN
    salon.reports()

    assert salon.logged().status is Status.DELIVERED
    assert len(salon.vonage.handset(MOBILE)) == 1


def test_a_lost_answer_without_reports_stays_unknown(salon: VonageWorld) -> None:
    """It is shown as such and charged, and waits for a person."""
    salon.vonage.set_outcome(MOBILE, Outcome.SILENT)
    salon.vonage.inject(Fault.no_answer("POST"))
    salon.send()
    salon.reports()

    message = salon.logged()
    assert (message.status, message.segments) == (Status.UNKNOWN, 3)
    assert len(salon.world.effects(EffectState.DEAD)) == 1


@pytest.mark.parametrize("status", ["1", "5", "10"])
def test_what_surely_was_not_sent_is_sent_later(salon: VonageWorld, status: str) -> None:
    """Once."""
    salon.vonage.answer_with(status)
    salon.vonage.answer_with(status)
    salon.send()
    salon.reports()

    assert salon.logged().status is Status.DELIVERED
    assert len(salon.vonage.handset(MOBILE)) == 1


def test_no_credit_waits_for_a_person_and_a_bad_number_is_the_texts_end(salon: VonageWorld) -> None:
    """The one stays queued, the other is UNSENT and costs nothing."""
    salon.vonage.answer_with("3")
    salon.send("one")
    assert (salon.logged().status, salon.logged().segments) == (Status.UNSENT, 0)
    salon.world.clock.advance(MINUTE)
    salon.vonage.answer_with("9")
    salon.send("two")
    assert salon.logged().status is Status.QUEUED
    (dead,) = salon.world.effects(EffectState.DEAD)
    assert "Partner quota violation" in dead.trouble
