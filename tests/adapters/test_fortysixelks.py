"""46elks: sending, finding what was sent, and believing only calls that show our credentials."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peers import answering, nobody
from servicekit.adapters.texts.fortysixelks import FortySixElks
from servicekit.errors import (
    ConfigurationError,
    Forged,
    Misshapen,
    OutcomeUnknown,
    Rejected,
    Throttled,
    Unreachable,
)
from servicekit.moments import Instant
from servicekit.outbox.facts import TextReceived, TextReported, TextStatus
from servicekit.ports.http import HttpRequest, HttpResponse, basic
from servicekit.ports.texts import OutgoingText, Texts
from servicekit.runtime.http import HttpDriver
from servicekit.testing.simulators import Fault, FortySixElksSimulator, Outcome, Served, WebhookFault, serve

NOW = Instant.parse("2026-03-02T09:00:00Z")
MOBILE = "+41791234567"
OURS = "+46766861004"
TEXT = OutgoingText(reference="sk:1:1", sender="Sonnenhof", to=MOBILE, text="See you at nine, Åsa. €")
HOOK = basic("elks", "p@ss:w/rd")


def account(base_url: str = "https://api.46elks.com/a1", **more: Any) -> FortySixElks:
    """An account as the simulator knows it."""
    return FortySixElks(FortySixElksSimulator.api_user, FortySixElksSimulator.api_password, base_url=base_url, **more)


def reporting(base_url: str = "https://api.46elks.com/a1") -> FortySixElks:
    """The same, with reports that show credentials."""
    return account(
        base_url, report_url="https://app.test/hooks/46elks?k=1", hook_user="elks", hook_password="p@ss:w/rd"
    )


@pytest.fixture
def elks() -> Iterator[Served[FortySixElksSimulator]]:
    """46elks on a socket, its clock stopped."""
    simulator = FortySixElksSimulator(post=nobody)
    simulator.set_clock(NOW)
    with serve(simulator) as served:
        yield served


# Sending


def test_a_sent_text_arrives_and_its_receipt_says_what_46elks_said(
    elks: Served[FortySixElksSimulator], driver: HttpDriver
) -> None:
    """The text, its sender and its letters arrive as written; id, status, parts and price come back, evidence beside them."""
    elks.simulator.set_outcome(MOBILE, Outcome.SILENT)
    receipt = driver.run(account(elks.url + "/a1").send(TEXT))

    (held,) = elks.simulator.handset(MOBILE)
    assert (held.sender, held.text) == (TEXT.sender, TEXT.text)
    assert receipt.status is TextStatus.SENT
    assert receipt.parts == 1
    assert receipt.cost == "3500"
    assert receipt.evidence["id"] == receipt.vendor_id
    assert receipt.evidence["message"] == TEXT.text


def test_it_is_a_carrier_by_the_port() -> None:
    """The adapter has all that the port asks for, and says what it can do."""
    carrier: Texts = account()

    assert carrier.name == "46elks"
    assert carrier.capabilities.look_up
    assert carrier.capabilities.inbound
    assert carrier.capabilities.delivery_reports
    assert carrier.capabilities.alphanumeric_sender


def sent_form(carrier: FortySixElks) -> dict[str, str]:
    """What ``send`` puts into its form."""
    request = next(carrier.send(TEXT))
    assert request.method == "POST"
    assert not request.repeatable
    return dict(parse_qsl(request.body.decode(), keep_blank_values=True))


def test_reports_are_asked_for_only_with_a_report_url() -> None:
    """Without it the form has the three fields that 46elks requires and no more."""
    assert sent_form(account()) == {"from": TEXT.sender, "to": TEXT.to, "message": TEXT.text}


def test_the_report_url_carries_the_hooks_credentials() -> None:
    """They stand percent-encoded before the host; path and query stay; without a password the URL stays as it is."""
    assert sent_form(reporting())["whendelivered"] == "https://elks:p%40ss%3Aw%2Frd@app.test/hooks/46elks?k=1"
    bare = account(report_url="https://app.test:8443/hook")
    assert sent_form(bare)["whendelivered"] == "https://app.test:8443/hook"


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("created", TextStatus.SENT),
        ("sent", TextStatus.SENT),
        ("delivered", TextStatus.DELIVERED),
        ("failed", TextStatus.UNDELIVERED),
        ("teleported", TextStatus.UNKNOWN),
        (None, TextStatus.UNKNOWN),
    ],
)
def test_46elks_words_become_ours(word: str | None, status: TextStatus) -> None:
    """Each documented word has its place; any other is UNKNOWN, with the answer kept as evidence."""
    body = {"id": "s1", "status": word, "parts": "two"}
    with answering(httpx.Response(200, json=body)) as driver:
        receipt = driver.run(account().send(TEXT))

    assert receipt.status is status
    assert receipt.evidence == body
    assert (receipt.parts, receipt.cost) == (None, None)


def test_a_refusal_is_final_and_keeps_46elks_sentence(elks: Served[FortySixElksSimulator], driver: HttpDriver) -> None:
    """Too little credit, wrong credentials, a misshapen number: Rejected, with status and sentence in the facts."""
    elks.simulator.balance = 0
    with pytest.raises(Rejected) as caught:
        driver.run(account(elks.url + "/a1").send(TEXT))
    assert caught.value.facts["status"] == 403
    assert caught.value.facts["body"] == "Not enough credits to send this SMS"

    with pytest.raises(Rejected) as caught:
        driver.run(FortySixElks("nobody", "wrong", base_url=elks.url + "/a1").send(TEXT))
    assert caught.value.facts["status"] == 401
    assert elks.simulator.handset(MOBILE) == ()


def test_our_hook_password_reaches_no_error(elks: Served[FortySixElksSimulator], driver: HttpDriver) -> None:
    """46elks' sentence about a bad report URL repeats the URL; the credentials in it are masked."""
    carrier = account(elks.url + "/a1", report_url="gopher://app.test/", hook_user="elks", hook_password="p@ss")
    with pytest.raises(Rejected) as caught:
        driver.run(carrier.send(TEXT))

    assert caught.value.facts["body"] == 'Invalid whendelivered, not a URL: "gopher://***@app.test/"'
    assert "p@ss" not in repr(carrier)
    assert FortySixElksSimulator.api_password not in repr(carrier)


def test_throttling_waits_and_a_gateways_page_leaves_it_open(
    elks: Served[FortySixElksSimulator], driver: HttpDriver
) -> None:
    """429 is Throttled; an HTML 502 to a send may have happened; the same 502 to a list may be asked again."""
    carrier = account(elks.url + "/a1")
    elks.simulator.inject(Fault.throttled("POST"), Fault.bad_gateway("POST"), Fault.bad_gateway("GET"))

    with pytest.raises(Throttled):
        driver.run(carrier.send(TEXT))
    with pytest.raises(OutcomeUnknown):
        driver.run(carrier.send(TEXT))
    with pytest.raises(Unreachable):
        driver.run(carrier.find(TEXT, NOW))


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, html="<html>log in</html>"),
        httpx.Response(200),
        httpx.Response(204),
        httpx.Response(200, json=["s1"]),
        httpx.Response(200, json={"status": "created"}),
    ],
)
def test_a_2xx_without_an_id_leaves_the_outcome_unknown(answer: httpx.Response) -> None:
    """An answer that does not name the text is no proof of anything."""
    with answering(answer) as driver, pytest.raises(OutcomeUnknown):
        driver.run(account().send(TEXT))


# Finding


def test_a_text_whose_answer_was_lost_is_found_and_not_sent_again(
    elks: Served[FortySixElksSimulator], driver: HttpDriver
) -> None:
    """A time-out after the deed is OutcomeUnknown; the text is in the list, with the id under which reports will come."""
    carrier = account(elks.url + "/a1")
    elks.simulator.inject(Fault.lost_answer("POST", "/sms$"))
    with pytest.raises(OutcomeUnknown):
        driver.run(carrier.send(TEXT))

    (found,) = driver.run(carrier.find(TEXT, NOW))
    (held,) = elks.simulator.state()["sms"]
    assert found.vendor_id == held["id"]
    assert found.status is TextStatus.DELIVERED


def test_a_text_that_never_arrived_there_is_not_found(elks: Served[FortySixElksSimulator], driver: HttpDriver) -> None:
    """A time-out before the deed looks the same to the sender, and the list tells the difference."""
    carrier = account(elks.url + "/a1")
    elks.simulator.inject(Fault.no_answer("POST", "/sms$"))
    with pytest.raises(OutcomeUnknown):
        driver.run(carrier.send(TEXT))

    assert driver.run(carrier.find(TEXT, NOW)) == ()


def test_find_takes_only_what_may_be_the_text(elks: Served[FortySixElksSimulator], driver: HttpDriver) -> None:
    """Another sender, recipient, wording, direction or an older date is another text; twins come oldest first."""
    carrier = account(elks.url + "/a1")
    elks.simulator.numbers[OURS] = ""

    def sent(at: Instant, sender: str = "Sonnenhof", to: str = MOBILE, text: str = TEXT.text) -> str:
        elks.simulator.set_clock(at)
        return driver.run(carrier.send(OutgoingText(reference="r", sender=sender, to=to, text=text))).vendor_id

    sent(NOW - timedelta(microseconds=1))
    first = sent(NOW)
    sent(NOW, sender="Mondhof")
    sent(NOW, to="+41790000000")
    sent(NOW, text=TEXT.text + " ")
    elks.simulator.answer_from_mobile(MOBILE, OURS, TEXT.text)
    second = sent(NOW + timedelta(seconds=5))

    assert [receipt.vendor_id for receipt in driver.run(carrier.find(TEXT, NOW))] == [first, second]


def test_find_reads_as_many_pages_as_reach_back_to_the_date(
    elks: Served[FortySixElksSimulator], driver: HttpDriver
) -> None:
    """With 250 texts to one recipient the one wanted is found on the last page; nearer dates read fewer pages."""
    carrier = account(elks.url + "/a1")
    wanted = driver.run(carrier.send(TEXT)).vendor_id
    form = {"from": "Sonnenhof", "to": MOBILE, "message": "Another"}
    for second in range(250):
        elks.simulator.set_clock(NOW + timedelta(seconds=second + 1))
        elks.simulator.handle(
            HttpRequest.form(
                "POST",
                elks.url + "/a1/sms",
                form,
                headers=basic(FortySixElksSimulator.api_user, FortySixElksSimulator.api_password),
            )
        )

    def pages(since: Instant) -> tuple[list[str], int]:
        before = len(elks.simulator.exchanges)
        found = driver.run(carrier.find(TEXT, since))
        return [receipt.vendor_id for receipt in found], len(elks.simulator.exchanges) - before

    assert pages(NOW) == ([wanted], 3)
    assert pages(NOW + timedelta(seconds=200)) == ([], 1)


def test_find_survives_odd_entries_and_a_stuck_list() -> None:
    """Entries without id, date or shape are passed over, dates with and without Z are read, a page that repeats ends it."""
    good = {"direction": "outgoing", "from": TEXT.sender, "to": TEXT.to, "message": TEXT.text}
    page = {
        "data": [
            None,
            "s0",
            {**good, "id": "s3", "created": "2026-03-02T09:00:03Z"},
            {**good, "id": "s2", "created": "2026-03-02T09:00:02.5"},
            {**good, "id": "s1"},
            {**good, "id": "s0", "created": "yesterday"},
            {**good, "created": "2026-03-02T09:00:00"},
        ],
        "next": "2026-03-02T09:00:00",
    }
    with answering(httpx.Response(200, json=page), httpx.Response(200, json=page)) as driver:
        found = driver.run(account().find(TEXT, NOW))

    assert [receipt.vendor_id for receipt in found] == ["s2", "s3"]


@pytest.mark.parametrize("body", ["<html></html>", "[]", '{"data": null}', ""])
def test_an_unreadable_list_is_never_taken_for_an_empty_one(body: str) -> None:
    """Not to be found leads to a second send, so a page that is none is an error that may be tried again."""
    with answering(httpx.Response(200, text=body)) as driver, pytest.raises(Unreachable) as caught:
        driver.run(account().find(TEXT, NOW))

    assert caught.value.code == "unreadable_answer"


def test_find_raises_46elks_refusal(elks: Served[FortySixElksSimulator], driver: HttpDriver) -> None:
    """Wrong credentials are told, not taken for an empty list."""
    with pytest.raises(Rejected):
        driver.run(FortySixElks("nobody", "wrong", base_url=elks.url + "/a1").find(TEXT, NOW))


# Reading


def form(**fields: str) -> bytes:
    """A body as 46elks posts it."""
    return urlencode(fields).encode()


def test_a_delivery_report_is_read() -> None:
    """Id and status become a fact with a stable event id; the answer is empty."""
    hook = reporting().read(HOOK, form(id="s1", status="delivered", delivered="2026-03-02T09:00:04"), NOW)

    assert hook.facts == (
        TextReported(
            vendor="46elks",
            event_id="s1:delivered",
            vendor_id="s1",
            status=TextStatus.DELIVERED,
            evidence={"id": "s1", "status": "delivered", "delivered": "2026-03-02T09:00:04"},
        ),
    )
    assert (hook.answer.status, hook.answer.body) == (204, b"")


def test_an_unknown_status_is_recorded_as_unknown() -> None:
    """A new word of 46elks moves nothing and is kept."""
    (fact,) = reporting().read(HOOK, form(id="s1", status="expired"), NOW).facts

    assert isinstance(fact, TextReported)
    assert fact.status is TextStatus.UNKNOWN
    assert fact.evidence["status"] == "expired"


def test_an_inbound_text_is_read_and_answered_with_nothing() -> None:
    """Sender, number and words are taken in; the body of the answer is empty, or it would be sent back as an SMS."""
    body = form(id="s9", direction="incoming", **{"from": MOBILE}, to=OURS, message="Ja, tack! 😀")
    hook = reporting().read({"Authorization": HOOK["authorization"]}, body, NOW)

    (fact,) = hook.facts
    assert isinstance(fact, TextReceived)
    assert (fact.event_id, fact.vendor_id, fact.sender, fact.to) == ("s9", "s9", MOBILE, OURS)
    assert fact.text == "Ja, tack! 😀"
    assert hook.answer.body == b""


def test_an_empty_inbound_text_is_a_text() -> None:
    """People send empty texts; nothing in them is no reason to lose them."""
    body = form(id="s9", direction="incoming", **{"from": MOBILE}, to=OURS)
    (fact,) = reporting().read(HOOK, body, NOW).facts

    assert isinstance(fact, TextReceived)
    assert fact.text == ""


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": ""},
        {"authorization": "Basic"},
        {"authorization": HOOK["authorization"].replace("Basic", "Bearer")},
        basic("elks", "guess"),
        basic("other", "p@ss:w/rd"),
        {"authorization": "Basic å" + HOOK["authorization"][7:]},
    ],
)
def test_a_call_without_our_credentials_is_forged(headers: dict[str, str]) -> None:
    """Nothing of it is read, however well-formed it is."""
    with pytest.raises(Forged):
        reporting().read(headers, form(id="s1", status="delivered"), NOW)


def test_the_schemes_case_and_spaces_do_not_matter() -> None:
    """``basic`` is ``Basic`` (RFC 9110 11.1)."""
    shown = {"AUTHORIZATION": "  basic  " + HOOK["authorization"].removeprefix("Basic ")}

    assert reporting().read(shown, form(id="s1", status="sent"), NOW).facts


def test_without_a_configured_password_no_call_is_believed() -> None:
    """An unproven call is wrong wiring, not a fact."""
    with pytest.raises(ConfigurationError, match="hook_password"):
        account().read(basic("", ""), form(id="s1", status="delivered"), NOW)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"id=s1&status=%FF",
        b'{"id": "s1", "status": "delivered"}',
        form(id="s1"),
        form(status="delivered"),
        form(id="", status="delivered"),
        form(id="s1", direction="incoming", to=OURS, message="x"),
        form(id="s1", direction="incoming", **{"from": MOBILE}, message="x"),
        b"a=1&" * 60 + form(id="s1", status="sent"),
    ],
)
def test_what_is_no_call_of_46elks_is_misshapen(body: bytes) -> None:
    """Proven, and still not to be understood."""
    with pytest.raises(Misshapen):
        reporting().read(HOOK, body, NOW)


WORDS = st.one_of(st.text(max_size=5), st.sampled_from(["s1", "incoming", "delivered", MOBILE, ""]))
FORMS = st.dictionaries(st.sampled_from(["id", "status", "direction", "from", "to", "message"]), WORDS)


@settings(deadline=None)
@given(st.one_of(st.binary(max_size=200), FORMS.map(lambda fields: urlencode(fields, errors="ignore").encode())))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    """No body of a proven call ends in anything but facts or Misshapen."""
    try:
        hook = reporting().read(HOOK, body, NOW)
    except Misshapen:
        return
    assert len(hook.facts) == 1


# The whole way


def test_reports_and_answers_come_back_through_the_urls_we_gave(driver: HttpDriver) -> None:
    """46elks shows the credentials from the report URL; a doubled report has one event id; a forged one is refused."""
    reported: list[TextReported | TextReceived] = []
    refused: list[type[Exception]] = []

    def application(request: HttpRequest) -> HttpResponse:
        try:
            hook = carrier.read(request.headers, request.body, NOW)
        except Forged as error:
            refused.append(type(error))
            return HttpResponse(status=401)
        reported.extend(hook.facts)
        return HttpResponse(status=hook.answer.status, body=hook.answer.body)

    inbound_url = "https://elks:p%40ss%3Aw%2Frd@app.test/hooks/46elks"
    simulator = FortySixElksSimulator(post=application, numbers={OURS: inbound_url})
    simulator.set_clock(NOW)
    with serve(simulator) as served:
        carrier = reporting(served.url + "/a1")
        simulator.inject(WebhookFault(webhook="doubled", event="delivery"))
        sent = driver.run(carrier.send(TEXT))
        simulator.deliver_webhooks()
        simulator.inject(WebhookFault(webhook="forged", event="inbound"))
        simulator.answer_from_mobile(MOBILE, OURS, "Forged?")
        asked = simulator.answer_from_mobile(MOBILE, OURS, "Yes")
        simulator.deliver_webhooks()

    assert [(fact.event_id, fact.vendor_id) for fact in reported] == [
        (f"{sent.vendor_id}:delivered", sent.vendor_id),
        (f"{sent.vendor_id}:delivered", sent.vendor_id),
        (asked, asked),
    ]
    assert refused == [Forged]
    assert [text.text for text in simulator.handset(MOBILE)] == [TEXT.text]


def test_the_list_is_asked_for_this_recipient_only(elks: Served[FortySixElksSimulator], driver: HttpDriver) -> None:
    """The plus sign of the number reaches 46elks as one, and the page size is its largest."""
    driver.run(account(elks.url + "/a1").find(TEXT, NOW))

    query = parse_qs(urlsplit(elks.simulator.exchanges[-1].request.url).query)
    assert query == {"limit": ["100"], "to": [MOBILE]}
    assert json.loads((elks.simulator.exchanges[-1].response or HttpResponse(status=0)).body) == {"data": []}


def test_how_far_its_list_may_be_behind_is_said_in_its_capabilities() -> None:
    """A minute, unless the account is a stand-in that is never behind."""
    assert account().capabilities.listed_within == timedelta(minutes=1)
    assert account(listed_within=timedelta(0)).capabilities.listed_within == timedelta(0)
