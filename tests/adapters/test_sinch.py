"""Sinch: sending, finding what was sent, believing only signed calls, and what handsets send that is no text."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from peers import answering, nobody
from servicekit.adapters.texts.sinch import Sinch
from servicekit.errors import (
    ConfigurationError,
    Forged,
    Misshapen,
    OutcomeUnknown,
    Rejected,
    Stale,
    Throttled,
    Unreachable,
)
from servicekit.moments import Instant
from servicekit.outbox.facts import TextPart, TextReceived, TextReported, TextStatus
from servicekit.ports.http import HttpRequest, HttpResponse, basic
from servicekit.ports.texts import OutgoingText, Texts, refuses_account
from servicekit.runtime.http import HttpDriver
from servicekit.testing.simulators import Fault, Outcome, Served, SinchSimulator, WebhookFault, serve
from trials_sinch import proven

NOW = Instant.parse("2026-03-02T09:00:00.250Z")
MOBILE = "+41791234567"
OURS = "+46766861004"
TEXT = OutgoingText(reference="msg_1", sender="Sonnenhof", to=MOBILE, text="See you at nine, Åsa. €")
HOOK = "https://app.test/hooks/sinch"
PLAN, TOKEN, SECRET = SinchSimulator.service_plan_id, SinchSimulator.api_token, SinchSimulator.webhook_secret
API = "https://us.sms.api.sinch.com/xms/v1"


def plan(url: str = "https://us.sms.api.sinch.com", **more: Any) -> Sinch:
    """A service plan as the simulator knows it, its calls signed."""
    return Sinch(PLAN, TOKEN, **{"webhook_secret": SECRET, "base_url": f"{url}/xms/v1", **more})


@pytest.fixture
def sinch() -> Iterator[Served[SinchSimulator]]:
    """Sinch on a socket, its clock stopped."""
    simulator = SinchSimulator(post=nobody)
    simulator.set_clock(NOW)
    with serve(simulator) as served:
        yield served


# Sending


def test_a_sent_text_arrives_and_its_receipt_says_what_sinch_said(
    sinch: Served[SinchSimulator], driver: HttpDriver
) -> None:
    """The text arrives as written; the batch's id comes back, but neither parts nor price, which Sinch does not tell."""
    receipt = driver.run(plan(sinch.url).send(TEXT))

    (held,) = sinch.simulator.handset(MOBILE)
    assert (held.sender, held.text) == (TEXT.sender, TEXT.text)
    assert (receipt.status, receipt.parts, receipt.cost) == (TextStatus.SENT, None, None)
    assert receipt.evidence["id"] == receipt.vendor_id


def test_it_is_a_carrier_by_the_port() -> None:
    """The adapter has all that the port asks for, and says what it can do."""
    carrier: Texts = plan()
    able = carrier.capabilities

    assert carrier.name == "sinch"
    assert (able.alphanumeric_sender, able.delivery_reports, able.inbound, able.look_up) == (True, True, True, True)
    assert (able.scheduled, able.idempotent) == (True, False)


def test_the_request_is_as_sinch_describes_it() -> None:
    """One recipient, our reference, a Bearer token; a report on the recipient only where there is a URL for it."""
    request = next(Sinch("my/plan", "secret", report_url=HOOK).send(TEXT))
    order = {
        "from": "Sonnenhof",
        "to": [MOBILE],
        "body": TEXT.text,
        "type": "mt_text",
        "client_reference": "msg_1",
        "max_number_of_message_parts": 60,
    }
    assert (request.method, request.url) == ("POST", f"{API}/my%2Fplan/batches")
    assert request.headers["authorization"] == "Bearer secret"
    assert not request.repeatable
    assert json.loads(request.body) == {**order, "delivery_report": "per_recipient", "callback_url": HOOK}
    assert json.loads(next(plan().send(TEXT)).body) == order
    assert "max_number_of_message_parts" not in json.loads(next(plan(most_parts=0).send(TEXT)).body)


@pytest.mark.parametrize(
    "words",
    [
        "Pay ${amount} to ${who}, ${amount}!",
        "${a} $b ${} {c} ${d e} $${f}",
        "${x.y-z_1} ${a_name_of_more_than_sixteen}",
    ],
)
def test_what_looks_like_a_parameter_arrives_as_it_was_written(
    sinch: Served[SinchSimulator], driver: HttpDriver, words: str
) -> None:
    """Sinch would abort a text for want of a parameter's value, so each gets itself as value."""
    driver.run(plan(sinch.url).send(OutgoingText(reference="r", sender="S", to=MOBILE, text=words)))

    assert [text.text for text in sinch.simulator.handset(MOBILE)] == [words]


@pytest.mark.parametrize(
    ("told", "status"),
    [({"canceled": True}, TextStatus.UNSENT), ({"canceled": False}, TextStatus.SENT), ({}, TextStatus.SENT)],
)
def test_a_batch_is_sent_unless_it_was_cancelled(told: dict[str, object], status: TextStatus) -> None:
    """That is all that a batch says of itself."""
    with answering(httpx.Response(201, json={"id": "01B", **told})) as driver:
        receipt = driver.run(plan().send(TEXT))

    assert (receipt.vendor_id, receipt.status) == ("01B", status)


def test_a_refusal_is_final_and_keeps_sinchs_word_and_sentence(
    sinch: Served[SinchSimulator], driver: HttpDriver
) -> None:
    """A number that is none is the text's own end; a wrong token is a no to all of us."""
    with pytest.raises(Rejected, match=r"'to\[0\]' is invalid") as caught:
        driver.run(plan(sinch.url).send(OutgoingText(reference="r", sender="S", to="0701740605", text="hi")))
    assert (caught.value.code, caught.value.facts["status"]) == ("sinch_syntax_invalid_parameter_format", 400)
    assert not refuses_account(caught.value)

    with pytest.raises(Rejected) as caught:
        driver.run(Sinch(PLAN, "wrong", base_url=f"{sinch.url}/xms/v1").send(TEXT))
    assert refuses_account(caught.value)
    assert sinch.simulator.handset(MOBILE) == ()


@pytest.mark.parametrize(
    ("status", "body", "code", "all_of_us"),
    [
        (403, {"code": "blocked_account", "text": "Blocked."}, "sinch_blocked_account", True),
        (403, {"code": "illegal_number_type", "text": "Not there."}, "sinch_illegal_number_type", False),
        (400, {"error": {"code": "bad", "message": "No.", "status": "INVALID"}}, "sinch_bad", False),
        (400, {"error": {"code": 400, "message": "No."}}, "rejected", False),
        (404, {"code": "unknown"}, "account_refused", True),
        (405, {}, "account_refused", True),
        (400, {"code": ["x"], "text": 5}, "rejected", False),
        (400, {"text": "x" * 1000}, "rejected", False),
    ],
)
def test_both_forms_of_a_refusal_are_read_and_it_is_told_to_whom_it_is(
    status: int, body: dict[str, object], code: str, *, all_of_us: bool
) -> None:
    """403 mostly is a no to all of us, and so is a plan that does not exist; one word is about the number alone."""
    with answering(httpx.Response(status, json=body)) as driver, pytest.raises(Rejected) as caught:
        driver.run(plan().send(TEXT))

    assert (caught.value.code, refuses_account(caught.value)) == (code, all_of_us)
    assert len(caught.value.message) < 300
    assert caught.value.facts["vendor"] == "sinch"
    assert status in {caught.value.facts.get("status"), caught.value.facts.get("answered")}


def test_throttling_says_until_when_and_a_gateways_page_leaves_it_open(
    sinch: Served[SinchSimulator], driver: HttpDriver
) -> None:
    """429 with and without Retry-After; an HTML 502 to a send may have happened; the same to a list may be asked again."""
    carrier = plan(sinch.url)
    sinch.simulator.inject(
        Fault.throttled("POST", after=30, retry_after="date"),
        Fault.throttled("POST", retry_after="none"),
        Fault.bad_gateway("POST"),
        Fault.bad_gateway("GET"),
    )

    with pytest.raises(Throttled, match="Too many requests") as caught:
        driver.run(carrier.send(TEXT))
    assert caught.value.until == Instant.parse("2026-03-02T09:00:30Z")
    with pytest.raises(Throttled) as caught:
        driver.run(carrier.send(TEXT))
    assert caught.value.until is None
    with pytest.raises(OutcomeUnknown):
        driver.run(carrier.send(TEXT))
    with pytest.raises(Unreachable):
        driver.run(carrier.find(TEXT, NOW))


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, html="<html>log in</html>"),
        httpx.Response(201),
        httpx.Response(204),
        httpx.Response(201, json=["01B"]),
        httpx.Response(201, json={"type": "mt_text"}),
        httpx.Response(201, json={"id": 5}),
        httpx.Response(201, json={"id": "01\u0000"}),
    ],
)
def test_a_2xx_without_an_id_leaves_the_outcome_unknown(answer: httpx.Response) -> None:
    """An answer that does not name the batch is no proof of anything."""
    with answering(answer) as driver, pytest.raises(OutcomeUnknown):
        driver.run(plan().send(TEXT))


# Finding


def test_a_text_whose_answer_was_lost_is_found_by_our_reference(
    sinch: Served[SinchSimulator], driver: HttpDriver
) -> None:
    """Exactly it, among equal texts of other references; Sinch is asked for no more than that."""
    carrier, simulator = plan(sinch.url), sinch.simulator
    for reference in ("msg_0", "msg_2"):
        driver.run(carrier.send(OutgoingText(reference=reference, sender="Sonnenhof", to=MOBILE, text=TEXT.text)))
    simulator.inject(Fault.lost_answer("POST"))
    with pytest.raises(OutcomeUnknown):
        driver.run(carrier.send(TEXT))

    (found,) = driver.run(carrier.find(TEXT, NOW))
    assert (found.vendor_id, found.status) == (simulator.state()["batches"][-1]["id"], TextStatus.SENT)
    query = parse_qs(urlsplit(simulator.exchanges[-1].request.url).query)
    start = ["2026-03-02T09:00:00.250Z"]
    assert query == {"client_reference": ["msg_1"], "start_date": start, "page_size": ["100"], "page": ["0"]}


def test_a_text_that_never_arrived_there_is_not_found(sinch: Served[SinchSimulator], driver: HttpDriver) -> None:
    """A time-out before the deed looks the same to the sender, and the list tells the difference."""
    carrier = plan(sinch.url)
    sinch.simulator.inject(Fault.no_answer("POST"))
    with pytest.raises(OutcomeUnknown):
        driver.run(carrier.send(TEXT))

    assert driver.run(carrier.find(TEXT, NOW)) == ()


def test_find_takes_what_is_new_enough_oldest_first(sinch: Served[SinchSimulator], driver: HttpDriver) -> None:
    """By Sinch's clock, which tells milliseconds; also those that were made within the same one."""
    carrier, simulator = plan(sinch.url), sinch.simulator

    def sent(at: Instant) -> str:
        simulator.set_clock(at)
        return driver.run(carrier.send(TEXT)).vendor_id

    sent(NOW - timedelta(milliseconds=1))
    expected = [sent(NOW), sent(NOW), sent(NOW + timedelta(seconds=5))]

    found = driver.run(carrier.find(TEXT, NOW + timedelta(microseconds=999)))
    assert [receipt.vendor_id for receipt in found] == expected


def batch(number: int, **changed: object) -> dict[str, object]:
    """A batch of the list, made so many seconds after nine."""
    made = f"2026-03-02T09:00:{number % 60:02}.500Z"
    return {"id": f"01B{number}", "client_reference": "msg_1", "created_at": made, **changed}


def listed(*batches: object) -> httpx.Response:
    """A page of Sinch's list."""
    return httpx.Response(200, json={"count": 1, "batches": batches})


def test_full_pages_are_followed_by_others_and_each_batch_counts_once() -> None:
    """A batch made meanwhile pushes one to the next page; a Sinch that knew no filter would list others' batches too."""
    others = [batch(number, client_reference="another") for number in range(100, 199)]
    older = batch(4, created_at="2026-03-02T08:59:59Z")
    pages = [listed(batch(1), *others), listed(batch(1), *others[:98], batch(2)), listed(batch(3), older)]
    with answering(*pages) as driver:
        found = driver.run(plan().find(TEXT, NOW))

    assert [receipt.vendor_id for receipt in found] == ["01B1", "01B2", "01B3"]


def test_a_list_that_repeats_itself_ends() -> None:
    """A full page that brings nothing new is the last one."""
    page = listed(*map(batch, range(100)))
    with answering(page, page) as driver:
        assert len(driver.run(plan().find(TEXT, NOW))) == 100


@pytest.mark.parametrize("date", [None, "yesterday", "2026-03-02T09:00:00", "0001-01-01T00:00:00+23:59"])
def test_a_batch_of_ours_without_a_date_is_not_passed_over(date: str | None) -> None:
    """Nobody knows whether it is new enough; others without a date do not matter."""
    with answering(listed(batch(1, created_at=date))) as driver, pytest.raises(Unreachable):
        driver.run(plan().find(TEXT, NOW))
    with answering(listed(None, "01B", batch(1, id=None), batch(2, client_reference=None, created_at=date))) as driver:
        assert driver.run(plan().find(TEXT, NOW)) == ()


@pytest.mark.parametrize("body", ["<html></html>", "[]", '{"batches": null}', ""])
def test_an_unreadable_list_is_never_taken_for_an_empty_one(body: str) -> None:
    """Not to be found leads to a second send, so a page that is none is an error that may be tried again."""
    with answering(httpx.Response(200, text=body)) as driver, pytest.raises(Unreachable) as caught:
        driver.run(plan().find(TEXT, NOW))

    assert caught.value.code == "unreadable_answer"


def test_find_raises_sinchs_refusal(sinch: Served[SinchSimulator], driver: HttpDriver) -> None:
    """Wrong credentials are told, not taken for an empty list."""
    with pytest.raises(Rejected):
        driver.run(Sinch(PLAN, "wrong", base_url=f"{sinch.url}/xms/v1").find(TEXT, NOW))


# Reading

REPORT = {
    "type": "recipient_delivery_report_sms",
    "batch_id": "01B",
    "client_reference": "msg_1",
    "recipient": "41791234567",
    "status": "Delivered",
    "code": 0,
    "number_of_message_parts": 2,
}
INBOUND = {"type": "mo_text", "id": "01M", "from": "41791234567", "to": "46766861004", "body": "Ja, tack! 😀"}


def heard(told: object, carrier: Sinch | None = None) -> TextReported | TextReceived:
    """The one fact in a signed call."""
    body = json.dumps(told).encode()
    hook = (carrier or plan()).read(proven(body, NOW), body, NOW)
    assert (hook.answer.status, hook.answer.body) == (204, b"")
    (fact,) = hook.facts
    return fact


def received(told: object) -> TextReceived:
    """The one inbound text in a signed call."""
    fact = heard(told)
    assert isinstance(fact, TextReceived)
    return fact


def test_a_report_on_the_recipient_is_read() -> None:
    """Id and status become a fact with a stable event id; the parts that Sinch counted, and our reference, beside them."""
    assert heard(REPORT) == TextReported(
        vendor="sinch",
        event_id="01B:Delivered",
        vendor_id="01B",
        status=TextStatus.DELIVERED,
        reference="msg_1",
        number="41791234567",
        parts=2,
        evidence=REPORT,
    )


@pytest.mark.parametrize("parts", [None, 0, True, "2"])
def test_a_report_that_counts_nothing_is_known_by_its_batch_alone(parts: object) -> None:
    """Our reference stands for the whole text, and it is the count that says a report is about the whole."""
    fact = heard({**REPORT, "number_of_message_parts": parts})

    assert isinstance(fact, TextReported)
    assert (fact.vendor_id, fact.reference, fact.parts) == ("01B", "", None)


@pytest.mark.parametrize(
    ("word", "code", "status"),
    [
        ("Queued", 400, TextStatus.SENT),
        ("Dispatched", 401, TextStatus.BUFFERED),
        ("DELIVERED", 0, TextStatus.DELIVERED),
        *((word, 11, TextStatus.UNDELIVERED) for word in ("Failed", "Expired", "Rejected", "Deleted", "Unknown")),
        ("Aborted", 404, TextStatus.UNSENT),
        ("Cancelled", 407, TextStatus.UNSENT),
        ("Teleported", 0, TextStatus.UNKNOWN),
        ("Teleported", 404, TextStatus.UNSENT),
        ("Teleported", 401, TextStatus.BUFFERED),
        ("Teleported", 409, TextStatus.UNKNOWN),
        ("Teleported", True, TextStatus.UNKNOWN),
        ("Teleported", "404", TextStatus.UNKNOWN),
        (None, 418, TextStatus.UNSENT),
    ],
)
def test_sinchs_words_become_ours(word: str | None, code: object, status: TextStatus) -> None:
    """In any case; of a word that is not known, Sinch's own number tells; 404 never left, and may be sent again."""
    fact = heard({**REPORT, "status": word, "code": code})

    assert isinstance(fact, TextReported)
    assert fact.status is status
    assert (fact.event_id, fact.evidence["code"]) == (f"01B:{word or code}", code)


@pytest.mark.parametrize(
    ("statuses", "event_id", "status"),
    [
        ([{"status": "Delivered", "code": 0, "count": 1}], "01B:Delivered", TextStatus.DELIVERED),
        ([{"status": "Failed"}, {"status": "Expired"}, None], "01B:Expired+Failed", TextStatus.UNDELIVERED),
        ([{"status": "Delivered"}, {"status": "Failed"}], "01B:Delivered+Failed", TextStatus.UNKNOWN),
    ],
)
def test_a_summary_is_read_where_it_says_one_thing(statuses: list[object], event_id: str, status: TextStatus) -> None:
    """Where a plan sends summaries: our batches have one recipient, so two fates are no text of ours."""
    told = {"type": "delivery_report_sms", "batch_id": "01B", "total_message_count": 1, "statuses": statuses}
    fact = heard(told)

    assert isinstance(fact, TextReported)
    assert (fact.event_id, fact.status, fact.number, fact.evidence) == (event_id, status, "", told)


def test_an_inbound_text_is_read() -> None:
    """Sender and number get the plus sign that Sinch leaves out; a short code and a name stay as they are."""
    fact = received(INBOUND)
    assert (fact.event_id, fact.vendor_id, fact.sender, fact.to) == ("01M", "01M", MOBILE, OURS)
    assert (fact.text, fact.part, fact.media) == ("Ja, tack! 😀", None, ())

    for shown in ("72244", "MTN", "+41791234567", "\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18"):
        assert received({**INBOUND, "from": shown}).sender == shown


CONCATENATED = "050003070302"  # part 2 of 3


@pytest.mark.parametrize(
    ("told", "media"),
    [
        ({"type": "mo_binary", "body": "no base64!"}, "binary, unreadable"),
        ({"type": "mo_binary", "body": None, "udh": "xyz"}, "binary, unreadable"),
        ({"type": "mo_text", "body": None}, "mo_text, unreadable"),
        ({"type": "mo_media", "body": "words"}, "mo_media, unreadable"),
        ({"type": "mo_hologram", "body": "words"}, "mo_hologram, unreadable"),
    ],
)
def test_a_proven_text_is_not_lost_for_its_content(told: dict[str, object], media: str) -> None:
    """Sinch does not repeat a call that is answered 4xx; that somebody wrote is told, with all that came as evidence."""
    fact = received({**INBOUND, **told})

    assert (fact.text, fact.media, fact.sender) == ("", (media,), MOBILE)
    assert fact.evidence["type"] == told["type"]


def test_parts_and_media_come_with_the_fact() -> None:
    """What the message holds stands in it; all that was told is its evidence."""
    body = base64.b64encode(b"mitt i meningen").decode()
    fact = received({**INBOUND, "type": "mo_binary", "body": body, "udh": CONCATENATED})
    assert (fact.text, fact.part, fact.media) == ("mitt i meningen", TextPart(reference="8:7", number=2, total=3), ())
    assert fact.evidence["udh"] == CONCATENATED

    things = {"message": "Look", "media": [{"content_type": "image/png", "url": "https://media.sinch.test/1"}]}
    fact = received({**INBOUND, "type": "mo_media", "body": things})
    assert (fact.text, fact.media) == ("Look", ("image/png https://media.sinch.test/1",))


def test_an_event_of_another_kind_says_nothing() -> None:
    """Sinch may tell of more one day; it is answered and passed over."""
    body = b'{"type": "batch_was_painted_blue"}'
    assert plan().read(proven(body, NOW), body, NOW).facts == ()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"{}",
        b'{"type": 5}',
        b'{"type": "recipient_delivery_report_sms", "status": "Delivered"}',
        b'{"type": "recipient_delivery_report_sms", "batch_id": "01B"}',
        b'{"type": "delivery_report_sms", "batch_id": "01B", "statuses": []}',
        b'{"type": "mo_text", "id": "01M", "from": "4179", "body": "x"}',
        b'{"type": "mo_text", "id": "01M", "to": "4179", "body": "x"}',
        b'{"type": "mo_text", "from": "4179", "to": "4676", "body": "x"}',
        b'{"type": "mo_text", "id": "01\\u0000", "from": "4179", "to": "4676", "body": "x"}',
    ],
)
def test_what_is_no_call_of_sinch_is_misshapen(body: bytes) -> None:
    """Proven, and still not to be understood."""
    with pytest.raises(Misshapen):
        plan().read(proven(body, NOW), body, NOW)


# Proof of origin


@pytest.mark.parametrize("off", [timedelta(minutes=5), timedelta(minutes=-5), timedelta()])
def test_a_call_is_believed_for_five_minutes(off: timedelta) -> None:
    """Whichever clock goes wrong; a second more is stale, both ways."""
    body = json.dumps(REPORT).encode()
    at = Instant.parse("2026-03-02T09:00:00Z")
    assert plan().read(proven(body, at + off), body, at).facts
    beyond = timedelta(minutes=5, seconds=1)
    for more in (beyond, -beyond):
        with pytest.raises(Stale):
            plan().read(proven(body, at + more), body, at)


@pytest.mark.parametrize("name", ["", "-nonce", "-timestamp"])
@pytest.mark.parametrize("value", [None, "", "1", "å", "2026-03-02T09:00:00Z"])
def test_without_sinchs_signature_over_all_of_it_a_call_is_forged(name: str, value: str | None) -> None:
    """Signature, nonce and timestamp belong together; nothing is read however well-formed it is."""
    body = json.dumps(REPORT).encode()
    headers = proven(body, NOW)
    if value is None:
        del headers[f"x-sinch-webhook-signature{name}"]
    else:
        headers[f"x-sinch-webhook-signature{name}"] = value
    with pytest.raises(Forged):
        plan().read(headers, body, NOW)


@pytest.mark.parametrize("stamp", ["", "soon", "\uff11\uff17\uff17\uff12", "177244200000"])
def test_a_signed_timestamp_that_is_none_is_misshapen(stamp: str) -> None:
    """Whether it is fresh cannot be judged."""
    import hashlib
    import hmac

    body = json.dumps(REPORT).encode()
    signed = hmac.new(SECRET.encode(), body + f".n0.{stamp}".encode(), hashlib.sha256).digest()
    headers = {
        "x-sinch-webhook-signature": base64.b64encode(signed).decode(),
        "x-sinch-webhook-signature-nonce": "n0",
        "x-sinch-webhook-signature-timestamp": stamp,
    }
    with pytest.raises(Misshapen, match="timestamp"):
        plan().read(headers, body, NOW)


def test_a_plan_that_does_not_sign_may_show_credentials() -> None:
    """HTTP Basic in place of the signature; where there is a secret, credentials are not enough."""
    body = json.dumps(REPORT).encode()
    carrier = plan(webhook_secret="", hook_user="sinch", hook_password="p@ss")
    shown = basic("sinch", "p@ss")
    assert carrier.read({"Authorization": shown["authorization"].replace("Basic", "basic ")}, body, NOW).facts
    for headers in ({}, basic("sinch", "guess"), {"authorization": shown["authorization"].replace("Basic", "Bearer")}):
        with pytest.raises(Forged):
            carrier.read(headers, body, NOW)
    with pytest.raises(Forged):
        plan(hook_user="sinch", hook_password="p@ss").read(shown, body, NOW)


def test_without_secret_or_password_no_call_is_believed() -> None:
    """An unproven call is wrong wiring, not a fact."""
    body = json.dumps(REPORT).encode()
    with pytest.raises(ConfigurationError, match="webhook_secret"):
        plan(webhook_secret="").read(proven(body, NOW, secret=""), body, NOW)


# The whole way


@pytest.mark.spec("M-17")
def test_reports_late_doubled_and_out_of_order_and_answers_come_back_signed(driver: HttpDriver) -> None:
    """Over sockets: each report is one event however often and whenever it comes; forged and stale ones are refused."""
    reported: list[tuple[str, TextStatus]] = []
    taken: list[TextReceived] = []
    refused: list[type[Exception]] = []

    def application(request: HttpRequest) -> HttpResponse:
        try:
            hook = carrier.read(request.headers, request.body, NOW)
        except (Forged, Stale) as error:
            refused.append(type(error))
            return HttpResponse(status=401)
        for fact in hook.facts:
            if isinstance(fact, TextReported):
                reported.append((fact.event_id, fact.status))
            else:
                taken.append(fact)
        return HttpResponse(status=hook.answer.status, body=hook.answer.body)

    simulator = SinchSimulator(post=application, numbers={OURS: HOOK}, report_sent=True)
    simulator.set_clock(NOW)
    simulator.inject(
        WebhookFault(webhook="reordered", event="delivery"),
        WebhookFault(webhook="doubled", event="delivery"),
        WebhookFault(webhook="forged", event="inbound"),
        WebhookFault(webhook="stale", event="inbound"),
    )
    with serve(simulator) as served:
        carrier = plan(served.url, report_url=HOOK)
        sent = driver.run(carrier.send(TEXT)).vendor_id
        simulator.deliver_webhooks()
        simulator.answer_from_mobile(MOBILE, OURS, "Forged?")
        simulator.answer_from_mobile(MOBILE, OURS, "Stale?")
        asked = simulator.media_from_mobile(MOBILE, OURS, "Look", [("image/jpeg", "https://media.sinch.test/1")])
        part = simulator.binary_from_mobile(MOBILE, OURS, b"half a", bytes.fromhex(CONCATENATED))
        simulator.deliver_webhooks()

    delivered = (f"{sent}:Delivered", TextStatus.DELIVERED)
    assert sorted(reported) == sorted([delivered, delivered, (f"{sent}:Dispatched", TextStatus.BUFFERED)])
    assert [(fact.event_id, fact.text, fact.media) for fact in taken] == [
        (asked, "Look", ("image/jpeg https://media.sinch.test/1",)),
        (part, "half a", ()),
    ]
    assert refused == [Forged, Stale]
    assert [text.text for text in simulator.handset(MOBILE)] == [TEXT.text]


def test_a_text_that_is_held_is_buffered_and_then_fails(driver: HttpDriver) -> None:
    """The operator still tries, then gives up; the parts that Sinch counted come with its reports."""
    calls: list[HttpRequest] = []

    def application(request: HttpRequest) -> HttpResponse:
        calls.append(request)
        return HttpResponse(status=204)

    simulator = SinchSimulator(post=application)
    simulator.set_clock(NOW)
    simulator.set_outcome(MOBILE, Outcome.HELD)
    with serve(simulator) as served:
        carrier = plan(served.url, report_url=HOOK)
        long = OutgoingText(reference="r", sender="S", to=MOBILE, text="a" * 161)
        sent = driver.run(carrier.send(long)).vendor_id
        simulator.report(sent, "Failed")
        simulator.deliver_webhooks()

    facts = [fact for call in calls for fact in carrier.read(call.headers, call.body, NOW).facts]
    assert [fact.status for fact in facts if isinstance(fact, TextReported)] == [
        TextStatus.BUFFERED,
        TextStatus.UNDELIVERED,
    ]
    assert {fact.parts for fact in facts if isinstance(fact, TextReported)} == {2}


def test_secrets_are_in_no_repr() -> None:
    """The adapter may stand in any log."""
    shown = repr(Sinch("plan", "my token", webhook_secret="my secret", hook_user="u", hook_password="my password"))
    assert "plan" in shown
    assert not [one for one in ("my token", "my secret", "my password") if one in shown]
