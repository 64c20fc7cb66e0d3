"""Twilio: sending, finding what was sent, and believing only what Twilio has signed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
import pytest

from peers import answering, nobody
from servicekit.adapters.texts.twilio import Twilio
from servicekit.errors import Forged, Misshapen, OutcomeUnknown, Rejected, Throttled, Unreachable
from servicekit.moments import Instant
from servicekit.outbox.facts import TextReceived, TextReported, TextStatus
from servicekit.ports.http import HttpRequest, HttpResponse, basic
from servicekit.ports.texts import OutgoingText, Texts, refuses_account
from servicekit.runtime.http import HttpDriver
from servicekit.testing.simulators import Fault, Outcome, Served, TwilioSimulator, WebhookFault, serve
from trials_twilio import FORM, signature

NOW = Instant.parse("2026-03-02T09:00:00Z")
MOBILE = "+41791234567"
OURS = "+46766861004"
TEXT = OutgoingText(reference="msg_1", sender="Sonnenhof", to=MOBILE, text="See you at nine, Åsa. €")
HOOK = "https://app.test/hooks/twilio?k=1"
SID, TOKEN = TwilioSimulator.account_sid, TwilioSimulator.auth_token
API = "https://api.twilio.com/2010-04-01"


def account(url: str = "https://api.twilio.com", **more: str) -> Twilio:
    """An account as the simulator knows it."""
    return Twilio(SID, TOKEN, base_url=f"{url}/2010-04-01", **more)


@pytest.fixture
def twilio() -> Iterator[Served[TwilioSimulator]]:
    """Twilio on a socket, its clock stopped."""
    simulator = TwilioSimulator(post=nobody)
    simulator.set_clock(NOW)
    with serve(simulator) as served:
        yield served


# Sending


def test_a_sent_text_arrives_and_its_receipt_says_what_twilio_said(
    twilio: Served[TwilioSimulator], driver: HttpDriver
) -> None:
    """The text arrives as written; id, status and parts come back, the price not yet; evidence beside them."""
    twilio.simulator.set_outcome(MOBILE, Outcome.SILENT)
    receipt = driver.run(account(twilio.url).send(TEXT))

    (held,) = twilio.simulator.handset(MOBILE)
    assert (held.sender, held.text) == (TEXT.sender, TEXT.text)
    assert (receipt.status, receipt.parts, receipt.cost) == (TextStatus.SENT, 1, None)
    assert receipt.evidence["sid"] == receipt.vendor_id


def test_the_price_is_there_when_it_is_looked_up_later(twilio: Served[TwilioSimulator], driver: HttpDriver) -> None:
    """Twilio fills it in once the text was sent: a positive amount for all parts, with its currency."""
    carrier, long = account(twilio.url), OutgoingText(reference="msg_2", sender="S", to=MOBILE, text="a" * 200)
    driver.run(carrier.send(long))

    (found,) = driver.run(carrier.find(long, NOW))
    assert (found.status, found.parts, found.cost) == (TextStatus.DELIVERED, 2, "0.01500 USD")


def test_it_is_a_carrier_by_the_port() -> None:
    """The adapter has all that the port asks for, and says what it can do; without a messaging service it plans nothing."""
    carrier: Texts = account()
    able = carrier.capabilities

    assert carrier.name == "twilio"
    assert (able.alphanumeric_sender, able.delivery_reports, able.inbound, able.look_up) == (True, True, True, True)
    assert (able.scheduled, able.idempotent) == (False, False)


def test_the_request_is_as_twilio_describes_it() -> None:
    """The account in the path, HTTP Basic, a form; a callback only where there is a URL for it."""
    request = next(Twilio("AC/1", "secret", report_url=HOOK).send(TEXT))
    assert (request.method, request.url) == ("POST", f"{API}/Accounts/AC%2F1/Messages.json")
    assert request.headers["authorization"] == basic("AC/1", "secret")["authorization"]
    assert not request.repeatable
    form = {"To": MOBILE, "From": TEXT.sender, "Body": TEXT.text}
    assert dict(parse_qsl(request.body.decode())) == {**form, "StatusCallback": HOOK}
    assert dict(parse_qsl(next(account().send(TEXT)).body.decode())) == form


def test_an_api_key_is_shown_in_place_of_the_auth_token(twilio: Served[TwilioSimulator], driver: HttpDriver) -> None:
    """The auth token then only proves Twilio's calls."""
    key, secret = twilio.simulator.api_key, twilio.simulator.api_secret
    carrier = account(twilio.url, api_key=key, api_secret=secret)
    assert driver.run(carrier.send(TEXT)).vendor_id.startswith("SM")
    sent = twilio.simulator.exchanges[-1].request.headers["authorization"]
    assert sent == basic(key, secret)["authorization"]


@pytest.mark.parametrize(
    ("word", "status"),
    [
        *((word, TextStatus.SENT) for word in ("accepted", "scheduled", "queued", "sending", "sent")),
        *((word, TextStatus.DELIVERED) for word in ("delivered", "read")),
        ("undelivered", TextStatus.UNDELIVERED),
        *((word, TextStatus.UNSENT) for word in ("failed", "canceled")),
        *((word, TextStatus.UNKNOWN) for word in ("partially_delivered", "teleported", None)),
    ],
)
def test_twilios_words_become_ours(word: str | None, status: TextStatus) -> None:
    """Each documented word has its place; any other is UNKNOWN, with the answer kept as evidence."""
    body = {"sid": "SM1", "status": word}
    with answering(httpx.Response(201, json=body)) as driver:
        receipt = driver.run(account().send(TEXT))

    assert (receipt.status, receipt.evidence) == (status, body)


@pytest.mark.parametrize(
    ("told", "parts", "cost"),
    [
        ({"num_segments": "0"}, None, None),  # not counted yet
        ({"num_segments": "12", "price": "-0.09", "price_unit": "usd"}, 12, "0.09 USD"),
        ({"num_segments": 3, "price": 0.5, "price_unit": None}, 3, "0.5"),
        ({"num_segments": "many", "price": "dear", "price_unit": "USD"}, None, None),
        ({"num_segments": "99999", "price": None, "price_unit": "USD"}, None, None),
        ({"num_segments": "²", "price": "1", "price_unit": "US dollars"}, None, "1"),
    ],
)
def test_parts_and_price_are_taken_where_they_are_numbers(
    told: dict[str, object], parts: int | None, cost: str | None
) -> None:
    """Twilio writes both as texts; what is no number is nothing."""
    with answering(httpx.Response(201, json={"sid": "SM1", "status": "queued", **told})) as driver:
        receipt = driver.run(account().send(TEXT))

    assert (receipt.parts, receipt.cost) == (parts, cost)


def test_a_refusal_is_final_and_keeps_twilios_number_and_sentence(
    twilio: Served[TwilioSimulator], driver: HttpDriver
) -> None:
    """A number that is none is the text's own end; a wrong token is a no to all of us."""
    with pytest.raises(Rejected, match="not a valid phone number") as caught:
        driver.run(account(twilio.url).send(OutgoingText(reference="r", sender="S", to="0701740605", text="hi")))
    assert (caught.value.code, caught.value.facts["status"]) == ("twilio_21211", 400)
    assert not refuses_account(caught.value)

    with pytest.raises(Rejected) as caught:
        driver.run(Twilio(SID, "wrong", base_url=f"{twilio.url}/2010-04-01").send(TEXT))
    assert (caught.value.code, refuses_account(caught.value)) == ("twilio_20003", True)
    assert twilio.simulator.handset(MOBILE) == ()


@pytest.mark.parametrize("status", [404, 405])
def test_a_wrong_address_is_a_no_to_all_of_us(status: int) -> None:
    """There is no such account, or the base URL leads elsewhere: no text is thrown away for it."""
    with answering(httpx.Response(status, html="Not here")) as driver, pytest.raises(Rejected) as caught:
        driver.run(account().send(TEXT))

    assert refuses_account(caught.value)


def test_a_full_queue_is_waited_for() -> None:
    """21611: ten hours of texts wait for this sender, and nothing was handed over."""
    body = {"code": 21611, "message": "This 'From' number has exceeded the maximum number of queued messages"}
    with answering(httpx.Response(400, json=body)) as driver, pytest.raises(Throttled) as caught:
        driver.run(account().send(TEXT))

    assert (caught.value.until, caught.value.facts["status"]) == (None, 400)


def test_a_refusal_without_a_number_or_a_sentence_is_one_still() -> None:
    """A page of HTML; numbers and sentences that are none; a sentence without end."""
    for body in (b"<html>", b'{"code": true, "message": 5}', json.dumps({"message": "x" * 1000}).encode()):
        with answering(httpx.Response(400, content=body)) as driver, pytest.raises(Rejected) as caught:
            driver.run(account().send(TEXT))
        assert caught.value.code == "rejected"
        assert len(caught.value.message) < 300


def test_throttling_says_until_when_and_a_gateways_page_leaves_it_open(
    twilio: Served[TwilioSimulator], driver: HttpDriver
) -> None:
    """429 with and without Retry-After; an HTML 502 to a send may have happened; the same to a list may be asked again."""
    carrier = account(twilio.url)
    twilio.simulator.inject(
        Fault.throttled("POST", after=30),
        Fault.throttled("POST", retry_after="none"),
        Fault.bad_gateway("POST"),
        Fault.bad_gateway("GET"),
    )

    with pytest.raises(Throttled) as caught:
        driver.run(carrier.send(TEXT))
    assert caught.value.until == NOW + timedelta(seconds=30)
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
        httpx.Response(201, json=["SM1"]),
        httpx.Response(201, json={"status": "queued"}),
        httpx.Response(201, json={"sid": 5}),
        httpx.Response(201, json={"sid": "SM\u0000"}),
    ],
)
def test_a_2xx_without_a_sid_leaves_the_outcome_unknown(answer: httpx.Response) -> None:
    """An answer that does not name the text is no proof of anything."""
    with answering(answer) as driver, pytest.raises(OutcomeUnknown):
        driver.run(account().send(TEXT))


# Finding


def test_a_text_whose_answer_was_lost_is_found_while_it_is_still_queued(
    twilio: Served[TwilioSimulator], driver: HttpDriver
) -> None:
    """A text that was not sent yet has no DateSent, so the list is not narrowed by it."""
    carrier = account(twilio.url)
    simulator = twilio.simulator
    simulator.set_outcome(MOBILE, Outcome.HELD)
    simulator.inject(Fault.lost_answer("POST"))
    with pytest.raises(OutcomeUnknown):
        driver.run(carrier.send(TEXT))
    queued = simulator.state()["messages"][0]
    queued |= {"status": "queued", "date_sent": None}

    (found,) = driver.run(carrier.find(TEXT, NOW))
    assert (found.vendor_id, found.status) == (queued["sid"], TextStatus.SENT)
    query = parse_qs(urlsplit(simulator.exchanges[-1].request.url).query)
    assert query == {"To": [MOBILE], "PageSize": ["1000"]}


def test_a_text_that_never_arrived_there_is_not_found(twilio: Served[TwilioSimulator], driver: HttpDriver) -> None:
    """A time-out before the deed looks the same to the sender, and the list tells the difference."""
    carrier = account(twilio.url)
    twilio.simulator.inject(Fault.no_answer("POST"))
    with pytest.raises(OutcomeUnknown):
        driver.run(carrier.send(TEXT))

    assert driver.run(carrier.find(TEXT, NOW)) == ()


def test_find_takes_only_what_may_be_the_text(twilio: Served[TwilioSimulator], driver: HttpDriver) -> None:
    """Another sender, recipient, wording, direction or an older date is another text; twins come oldest first."""
    carrier, simulator = account(twilio.url), twilio.simulator
    simulator.numbers[OURS] = ""

    def sent(at: Instant, sender: str = "Sonnenhof", to: str = MOBILE, text: str = TEXT.text) -> str:
        simulator.set_clock(at)
        return driver.run(carrier.send(OutgoingText(reference="r", sender=sender, to=to, text=text))).vendor_id

    sent(NOW - timedelta(seconds=1))
    first = sent(NOW)
    second = sent(NOW)  # within the same second, which is all that Twilio tells
    sent(NOW, sender="Mondhof")
    sent(NOW, to="+41790000000")
    sent(NOW, text=TEXT.text + " ")
    simulator.answer_from_mobile(MOBILE, OURS, TEXT.text)
    third = sent(NOW + timedelta(seconds=5))

    found = driver.run(carrier.find(TEXT, NOW + timedelta(milliseconds=250)))
    assert [receipt.vendor_id for receipt in found] == [first, second, third]


def test_find_reads_every_page_under_our_own_url(twilio: Served[TwilioSimulator], driver: HttpDriver) -> None:
    """With 2,001 texts to one recipient the one wanted is on the third page; the links' queries are followed, no more."""
    carrier, simulator = account(twilio.url), twilio.simulator
    wanted = driver.run(carrier.send(TEXT)).vendor_id
    form = {"From": "Sonnenhof", "To": MOBILE, "Body": "Another"}
    other = HttpRequest.form("POST", f"{API}/Accounts/{SID}/Messages.json", form, headers=basic(SID, TOKEN))
    for _ in range(2000):
        simulator.handle(other)
    before = len(simulator.exchanges)

    assert [receipt.vendor_id for receipt in driver.run(carrier.find(TEXT, NOW))] == [wanted]
    asked = [exchange.request.url for exchange in list(simulator.exchanges)[before:]]
    assert len(asked) == 3
    assert all(url.startswith(f"{twilio.url}/2010-04-01/Accounts/{SID}/Messages.json?To=%2B4179") for url in asked)


def listed(*messages: object, following: object = None) -> httpx.Response:
    """A page of Twilio's list."""
    return httpx.Response(200, json={"messages": list(messages), "next_page_uri": following})


OURS_LISTED = {
    "sid": "SM1",
    "direction": "outbound-api",
    "from": TEXT.sender,
    "to": TEXT.to,
    "body": TEXT.text,
    "date_created": "Mon, 02 Mar 2026 09:00:00 +0000",
}


def test_our_credentials_follow_no_link_to_elsewhere() -> None:
    """Of a link only the query is taken; it goes to the URL that was configured."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return listed(OURS_LISTED, following=None if len(asked) > 1 else "https://evil.test/steal?Page=1&PageToken=PA1")

    with answering(answer, answer) as driver:
        (found,) = driver.run(account().find(TEXT, NOW))
    assert found.vendor_id == "SM1"
    assert asked[1] == f"{API}/Accounts/{SID}/Messages.json?Page=1&PageToken=PA1"


@pytest.mark.parametrize(
    "following",
    ["", "?To=%2B41791234567&PageSize=1000", 5, "?Page=\u00e5", "?Page=\n1", {"uri": "x"}],
)
def test_a_list_that_leads_nowhere_or_in_a_circle_is_no_whole_list(following: object) -> None:
    """What is not found may be sent again, so a list that may be cut short is an error that may be tried again."""
    page = listed(OURS_LISTED, following=following)
    with answering(page, page) as driver, pytest.raises(Unreachable) as caught:
        driver.run(account().find(TEXT, NOW))

    assert caught.value.code == "unreadable_answer"


@pytest.mark.parametrize("date", [None, "yesterday", "", "Mon, 99 Mar 2026 09:00:00 +0000"])
def test_a_text_that_may_be_ours_and_has_no_date_is_not_passed_over(date: str | None) -> None:
    """Nobody knows whether it is new enough; others without a date do not matter."""
    strange = {**OURS_LISTED, "date_created": date}
    with answering(listed(strange)) as driver, pytest.raises(Unreachable):
        driver.run(account().find(TEXT, NOW))
    with answering(listed({**strange, "body": "Other"}, None, "SM1", {**strange, "sid": None})) as driver:
        assert driver.run(account().find(TEXT, NOW)) == ()


@pytest.mark.parametrize("body", ["<html></html>", "[]", '{"messages": null}', ""])
def test_an_unreadable_list_is_never_taken_for_an_empty_one(body: str) -> None:
    """Not to be found leads to a second send, so a page that is none is an error that may be tried again."""
    with answering(httpx.Response(200, text=body)) as driver, pytest.raises(Unreachable) as caught:
        driver.run(account().find(TEXT, NOW))

    assert caught.value.code == "unreadable_answer"


def test_find_raises_twilios_refusal(twilio: Served[TwilioSimulator], driver: HttpDriver) -> None:
    """Wrong credentials are told, not taken for an empty list."""
    with pytest.raises(Rejected):
        driver.run(Twilio(SID, "wrong", base_url=f"{twilio.url}/2010-04-01").find(TEXT, NOW))


# Reading

REPORT = {"MessageSid": "SM1", "SmsSid": "SM1", "MessageStatus": "delivered", "To": MOBILE, "From": OURS}
INBOUND = {"MessageSid": "SM9", "SmsStatus": "received", "From": MOBILE, "To": OURS, "Body": "Ja, tack! 😀"}


def form(**fields: str) -> bytes:
    """A body as Twilio posts it."""
    return urlencode(fields).encode()


def signed(body: bytes, url: str = HOOK) -> dict[str, str]:
    """The headers that Twilio posts it under."""
    return {"Content-Type": f"{FORM}; charset=UTF-8", "X-Twilio-Signature": signature(url, body)}


def test_a_status_callback_is_read() -> None:
    """Id and status become a fact with a stable event id; the answer is empty."""
    body = form(**REPORT)
    hook = account(report_url=HOOK).read(signed(body), body, NOW)

    assert hook.facts == (
        TextReported(
            vendor="twilio",
            event_id="SM1:delivered",
            vendor_id="SM1",
            status=TextStatus.DELIVERED,
            number=MOBILE,
            evidence=REPORT,
        ),
    )
    assert (hook.answer.status, hook.answer.body) == (204, b"")


def test_either_of_our_urls_may_have_been_called() -> None:
    """One URL for all, or one for reports and another for texts; a third is nobody's."""
    body, other = form(**REPORT), "https://app.test/other"
    assert account(report_url=other, inbound_url=HOOK).read(signed(body), body, NOW).facts
    assert account(report_url=HOOK, inbound_url=other).read(signed(body), body, NOW).facts
    with pytest.raises(Forged):
        account(report_url=other, inbound_url=other).read(signed(body), body, NOW)


def test_an_unknown_status_is_recorded_as_unknown_with_its_error() -> None:
    """A new word of Twilio moves nothing and is kept, and so is the number of the error."""
    body = form(SmsSid="SM1", SmsStatus="teleported", ErrorCode="30042")
    (fact,) = account(report_url=HOOK).read(signed(body), body, NOW).facts

    assert isinstance(fact, TextReported)
    assert (fact.status, fact.vendor_id, fact.number) == (TextStatus.UNKNOWN, "SM1", "")
    assert fact.evidence["ErrorCode"] == "30042"


def test_an_inbound_text_is_answered_with_twiml_that_says_nothing() -> None:
    """Sender, number and words are taken in; the answer asks Twilio for no reply."""
    body = form(**INBOUND)
    hook = account(inbound_url=HOOK).read(signed(body), body, NOW)

    (fact,) = hook.facts
    assert isinstance(fact, TextReceived)
    assert (fact.event_id, fact.vendor_id, fact.sender, fact.to) == ("SM9", "SM9", MOBILE, OURS)
    assert (fact.text, fact.part, fact.media) == ("Ja, tack! 😀", None, ())
    assert (hook.answer.status, hook.answer.headers["content-type"]) == (200, "text/xml")
    assert hook.answer.body == b"<Response></Response>"


def test_a_text_without_a_status_is_known_by_its_body() -> None:
    """Some ways in at Twilio leave the status out."""
    body = form(MessageSid="SM9", From=MOBILE, To=OURS, Body="")
    (fact,) = account(inbound_url=HOOK).read(signed(body), body, NOW).facts

    assert isinstance(fact, TextReceived)
    assert fact.text == ""


@pytest.mark.parametrize(
    ("told", "media"),
    [
        ({"NumMedia": "0"}, ()),
        (
            {
                "NumMedia": "2",
                "MediaContentType0": "image/jpeg",
                "MediaUrl0": "https://api.twilio.com/m/0",
                "MediaUrl1": "https://api.twilio.com/m/1",
            },
            ("image/jpeg https://api.twilio.com/m/0", "media https://api.twilio.com/m/1"),
        ),
        ({"NumMedia": "1"}, ("media",)),
        ({"NumMedia": "many"}, ()),
        ({"NumMedia": "9999"}, ("media",) * 100),
    ],
)
def test_what_came_with_an_mms_is_named(told: dict[str, str], media: tuple[str, ...]) -> None:
    """Type and URL of each thing; one that is counted and not described is named all the same."""
    body = form(**INBOUND, **told)
    (fact,) = account(inbound_url=HOOK).read(signed(body), body, NOW).facts

    assert isinstance(fact, TextReceived)
    assert fact.media == media


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"MessageSid=%FF&MessageStatus=sent",
        form(MessageSid="SM1"),
        form(MessageStatus="sent"),
        form(MessageSid="SM\n1", MessageStatus="sent"),
        form(MessageSid="SM1", SmsStatus="received", From=MOBILE, Body="x"),
        form(MessageSid="SM1", SmsStatus="received", To=OURS, Body="x"),
    ],
)
def test_what_is_no_call_of_twilio_is_misshapen(body: bytes) -> None:
    """Proven, and still not to be understood."""
    with pytest.raises(Misshapen):
        account(report_url=HOOK).read(signed(body), body, NOW)


# The whole way


@pytest.mark.spec("M-17")
def test_reports_late_doubled_and_out_of_order_and_answers_come_back_signed(driver: HttpDriver) -> None:
    """Over sockets: each report is one event however often and whenever it comes; a forged one is refused."""
    reported: list[tuple[str, TextStatus]] = []
    received: list[TextReceived] = []
    refused: list[type[Exception]] = []

    def application(request: HttpRequest) -> HttpResponse:
        try:
            hook = carrier.read(request.headers, request.body, NOW)
        except Forged as error:
            refused.append(type(error))
            return HttpResponse(status=401)
        for fact in hook.facts:
            if isinstance(fact, TextReported):
                reported.append((fact.event_id, fact.status))
            else:
                received.append(fact)
        return HttpResponse(status=hook.answer.status, headers=hook.answer.headers, body=hook.answer.body)

    simulator = TwilioSimulator(post=application, numbers={OURS: HOOK}, report_sent=True)
    simulator.set_clock(NOW)
    simulator.inject(
        WebhookFault(webhook="reordered", event="delivery"),
        WebhookFault(webhook="doubled", event="delivery"),
        WebhookFault(webhook="forged", event="inbound"),
    )
    with serve(simulator) as served:
        carrier = account(served.url, report_url=HOOK)
        sent = driver.run(carrier.send(TEXT)).vendor_id
        simulator.deliver_webhooks()
        simulator.answer_from_mobile(MOBILE, OURS, "Forged?")
        asked = simulator.answer_from_mobile(MOBILE, OURS, "Look", [("image/jpeg", "https://api.twilio.com/m/0")])
        simulator.deliver_webhooks()

    delivered = (f"{sent}:delivered", TextStatus.DELIVERED)
    assert sorted(reported) == sorted([delivered, delivered, (f"{sent}:sent", TextStatus.SENT)])
    assert [(fact.event_id, fact.text, fact.media) for fact in received] == [
        (asked, "Look", ("image/jpeg https://api.twilio.com/m/0",))
    ]
    assert refused == [Forged]
    assert [text.text for text in simulator.handset(MOBILE)] == [TEXT.text]


def test_secrets_are_in_no_repr() -> None:
    """The adapter may stand in any log."""
    shown = repr(Twilio("AC1", "my auth token", api_key="SK1", api_secret="my api secret"))
    assert "AC1" in shown
    assert "my auth token" not in shown
    assert "my api secret" not in shown
