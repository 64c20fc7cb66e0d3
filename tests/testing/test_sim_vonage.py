"""The simulated Vonage: its HTTP interface, its reports on parts, its signatures and the handsets."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest
from sim_helpers import NOON, PHONE, Caller, Hooks, noon

from servicekit.ports.http import HttpRequest, HttpResponse
from servicekit.testing.simulators import Fault, Outcome, VonageSimulator, WebhookFault
from servicekit.testing.simulators.vonage_values import signed

OURS = "+46766860001"
HOOK = "https://gateway.example/vonage"


@pytest.fixture
def hooks() -> Hooks:
    """Our application."""
    return Hooks()


@pytest.fixture
def vonage(hooks: Hooks) -> VonageSimulator:
    """A carrier whose clock stands at noon and that calls ``hooks``."""
    return VonageSimulator(numbers={OURS: HOOK}, report_url=HOOK, clock=noon, post=hooks)


def answered(vonage: VonageSimulator, text: str = "hello", **more: str) -> HttpResponse:
    """What the carrier answers to a text; a hyphen in a name is written as an underscore."""
    call = Caller(vonage, "https://rest.nexmo.com", {})
    form = {"api_key": vonage.api_key, "api_secret": vonage.api_secret, "from": "Salon", "to": PHONE[1:], "text": text}
    extra = {name.rstrip("_").replace("_", "-"): value for name, value in more.items() if not name.startswith("api")}
    login = {name: value for name, value in more.items() if name.startswith("api")}
    return call.form("/sms/json", **{**form, **extra, **login})


def send(vonage: VonageSimulator, text: str = "hello", **more: str) -> list[dict[str, Any]]:
    """Send a text; its parts as the carrier answered."""
    answer = answered(vonage, text, **more)
    assert answer.status == 200
    entries: list[dict[str, Any]] = answer.object()["messages"]
    assert answer.object()["message-count"] == str(len(entries))
    return entries


def form(request: HttpRequest) -> dict[str, str]:
    """The fields of a call."""
    return dict(parse_qsl(request.body.decode(), keep_blank_values=True))


def test_a_text_is_answered_part_by_part_and_arrives(vonage: VonageSimulator) -> None:
    """Each part has an id and a price of its own."""
    parts = send(vonage, "a" * 200, client_ref="r1")

    assert parts[0] == {
        "to": PHONE[1:],
        "message-id": parts[0]["message-id"],
        "status": "0",
        "remaining-balance": "100.00000000",
        "message-price": "0.03330000",
        "network": "22801",
        "client-ref": "r1",
    }
    assert len({part["message-id"] for part in parts}) == 2
    (text,) = vonage.handset(PHONE)
    assert (text.sender, text.text, [len(part) for part in text.parts]) == ("Salon", "a" * 200, [153, 47])


def test_the_alphabet_is_what_is_said(vonage: VonageSimulator) -> None:
    """Unsaid, what is not GSM arrives as a question mark."""
    send(vonage, "Grüße 😀ç")
    send(vonage, "Grüße 😀ç", type="unicode")

    assert [text.text for text in vonage.handset(PHONE)] == ["Grüße ??", "Grüße 😀ç"]


@pytest.mark.parametrize(
    ("changed", "status", "said"),
    [
        ({"api_key": "wrong"}, "4", "Bad Credentials"),
        ({"api_secret": "wrong"}, "4", "Bad Credentials"),
        ({"from_": ""}, "2", "Missing from param"),
        ({"to": ""}, "2", "Missing to param"),
        ({"text_": ""}, "2", "Missing text param"),
        ({"to": PHONE}, "3", "Invalid to param"),
        ({"type": "teleport"}, "3", "Invalid type param"),
        ({"callback": "gopher://app.test"}, "23", "Invalid Callback Url"),
    ],
)
def test_refusals_are_numbers_in_an_answer_200(
    vonage: VonageSimulator, changed: dict[str, str], status: str, said: str
) -> None:
    """And nothing is sent."""
    assert send(vonage, **changed) == [{"status": status, "error-text": said}]
    assert (vonage.handset(PHONE), vonage.state()["sms"]) == ((), [])


def test_what_is_no_form_lacks_everything(vonage: VonageSimulator) -> None:
    """Credentials first; errors before the interface have a title."""
    call = Caller(vonage, "https://rest.nexmo.com", {})
    assert call.send("POST", "/sms/json", {"api_key": vonage.api_key}).object()["messages"][0]["status"] == "4"
    assert call.get("/sms/json").object() == {"title": "Not found"}
    vonage.inject(Fault.throttled("POST"))
    assert answered(vonage).status == 429


def test_parts_can_be_refused_one_by_one(vonage: VonageSimulator) -> None:
    """The last number counts for all further parts; a text that lacks a part never arrives; the next one is whole."""
    vonage.answer_with("0", "1")
    vonage.answer_with("77")

    assert [part["status"] for part in send(vonage, "a" * 400)] == ["0", "1", "1"]
    assert send(vonage) == [{"status": "77", "error-text": "Unknown Error"}]
    assert send(vonage)[0]["status"] == "0"
    assert [text.text for text in vonage.handset(PHONE)] == ["hello"]
    assert [part["status"] for part in vonage.state()["sms"][0]["parts"]] == ["delivered", "refused", "refused"]


def test_the_balance_runs_out() -> None:
    """For all parts of a text or none."""
    vonage = VonageSimulator(balance=Decimal("0.07"), clock=noon)
    assert send(vonage)[0]["remaining-balance"] == "0.03670000"
    assert [part["status"] for part in send(vonage, "a" * 161)] == ["9", "9"]
    assert send(vonage)[0]["status"] == "0"


@pytest.mark.parametrize(
    ("outcome", "arrives", "words"),
    [
        (Outcome.DELIVERED, True, ["delivered"] * 2),
        (Outcome.FAILED, False, ["failed"] * 2),
        (Outcome.SILENT, True, []),
        (Outcome.HELD, False, ["buffered"] * 2),
    ],
)
def test_a_number_has_an_outcome(
    vonage: VonageSimulator, hooks: Hooks, outcome: Outcome, *, arrives: bool, words: list[str]
) -> None:
    """Handset and reports agree, a report for each part."""
    vonage.set_outcome(PHONE, outcome)
    parts = send(vonage, "a" * 200, client_ref="r1")
    vonage.deliver_webhooks()

    reports = [form(call) for call in hooks.calls]
    assert [report["status"] for report in reports] == words
    assert bool(vonage.handset(PHONE)) is arrives
    if reports:
        assert [report["messageId"] for report in reports] == [part["message-id"] for part in parts]
        told = {"msisdn": PHONE[1:], "to": "Salon", "client-ref": "r1", "scts": "2611251200", "api-key": vonage.api_key}
        assert told.items() <= reports[0].items()
        assert reports[0]["err-code"] == ("1" if outcome is Outcome.FAILED else "0")


def test_a_held_text_arrives_once_when_its_last_part_does(vonage: VonageSimulator) -> None:
    """And not before; a part that there is none of is a KeyError."""
    vonage.set_outcome(PHONE, "held")
    first, second = (part["message-id"] for part in send(vonage, "a" * 200))
    vonage.report(first, "delivered")
    assert vonage.handset(PHONE) == ()
    vonage.report(second, "delivered")
    vonage.report(second, "delivered")
    assert len(vonage.handset(PHONE)) == 1
    with pytest.raises(KeyError):
        vonage.report("none", "delivered")


def test_reports_go_where_the_text_says(vonage: VonageSimulator, hooks: Hooks) -> None:
    """To its callback, or the account's URL, or nowhere."""
    send(vonage)
    send(vonage, callback="https://app.test/other")
    send(vonage, status_report_req="false")
    vonage.report_url = ""
    send(vonage)
    vonage.deliver_webhooks()

    assert [call.url for call in hooks.calls] == [HOOK, "https://app.test/other"]
    assert "client-ref" not in form(hooks.calls[0])


def test_a_report_on_a_part_that_never_was(vonage: VonageSimulator, hooks: Hooks) -> None:
    """To the account's URL, or another; nobody's phone shows anything."""
    vonage.report_unknown()
    vonage.report_unknown("https://app.test/other")
    vonage.deliver_webhooks()

    assert [call.url for call in hooks.calls] == [HOOK, "https://app.test/other"]
    assert vonage.handset("+41790000000") == ()


@pytest.mark.parametrize("method", ["md5hash", "sha512", None])
@pytest.mark.parametrize("posts", ["form", "json"])
def test_calls_are_signed_when_they_are_made(hooks: Hooks, method: Any, posts: Any) -> None:
    """As the account says, or not at all; as a form or as JSON."""
    vonage = VonageSimulator(numbers={OURS: HOOK}, method=method, posts=posts, clock=noon, post=hooks)
    vonage.answer_from_mobile(PHONE, OURS, "Ja & nein = 😀")
    vonage.set_clock(NOON, offset=timedelta(minutes=7))
    vonage.deliver_webhooks()

    (call,) = hooks.calls
    told = json.loads(call.body) if posts == "json" else form(call)
    assert call.headers["content-type"] == (
        "application/json" if posts == "json" else "application/x-www-form-urlencoded"
    )
    if method is None:
        assert not {"sig", "timestamp"} & set(told)
        return
    assert told["timestamp"] == str(NOON.us // 1_000_000 + 420)
    bare = {name: value for name, value in told.items() if name != "sig"}
    assert signed(bare, vonage.signature_secret, method) == told


def test_forged_and_stale_calls(vonage: VonageSimulator, hooks: Hooks) -> None:
    """Another secret; the right one an hour ago."""
    vonage.inject(WebhookFault(webhook="forged"), WebhookFault(webhook="stale"))
    send(vonage, "a" * 200)
    vonage.deliver_webhooks()

    forged, stale = (form(call) for call in hooks.calls)
    assert signed({**forged, "sig": ""}, vonage.signature_secret, "sha256")["sig"] != forged["sig"]
    assert stale["timestamp"] == str(NOON.us // 1_000_000 - 3600)
    bare = {name: value for name, value in stale.items() if name != "sig"}
    assert signed(bare, vonage.signature_secret, "sha256") == stale


def test_a_call_is_repeated_for_a_day(vonage: VonageSimulator, hooks: Hooks) -> None:
    """Until it is answered 2xx."""
    hooks.answers = [None, HttpResponse(status=500), HttpResponse(status=404), HttpResponse(status=204)]
    send(vonage)
    for hours in range(25):
        vonage.set_clock(NOON, offset=timedelta(hours=hours))
        vonage.deliver_webhooks()

    assert [one.status for one in vonage.deliveries] == [None, 500, 404, 204]
    assert sum(vonage.retries, timedelta()) > timedelta(hours=20)


def test_a_persons_text_is_posted_in_its_parts(vonage: VonageSimulator, hooks: Hooks) -> None:
    """With a reference that the next text does not have; a short one says nothing of parts."""
    first = vonage.answer_from_mobile(PHONE, OURS, "stop it")
    vonage.answer_from_mobile(PHONE, OURS, "å" * 200)
    vonage.answer_from_mobile(PHONE, OURS, "ç" * 100)
    vonage.deliver_webhooks()

    calls = [form(call) for call in hooks.calls]
    assert calls[0]["messageId"] == first
    assert (calls[0]["text"], calls[0]["keyword"], calls[0]["type"], "concat" in calls[0]) == (
        "stop it",
        "STOP",
        "text",
        False,
    )
    assert [(one["concat-part"], one["concat-total"], one["type"]) for one in calls[1:]] == [
        ("1", "2", "text"),
        ("2", "2", "text"),
        ("1", "2", "unicode"),
        ("2", "2", "unicode"),
    ]
    assert len({one["concat-ref"] for one in calls[1:]}) == 2
    with pytest.raises(KeyError):
        vonage.answer_from_mobile(PHONE, "+46700000000", "hello")


def test_an_empty_text_and_a_number_without_a_url(vonage: VonageSimulator, hooks: Hooks) -> None:
    """The one has an empty keyword, the other posts nothing."""
    vonage.answer_from_mobile(PHONE, OURS, "")
    vonage.numbers[OURS] = ""
    vonage.answer_from_mobile(PHONE, OURS, "hello")
    vonage.deliver_webhooks()

    (call,) = hooks.calls
    assert (form(call)["text"], form(call)["keyword"]) == ("", "")


def test_a_binary_message_is_posted_in_hexadecimal_digits(vonage: VonageSimulator, hooks: Hooks) -> None:
    """Data and header."""
    made = vonage.answer_in_binary(PHONE, OURS, b"\x00\xff", b"\x06")
    vonage.deliver_webhooks()

    told = form(hooks.calls[0])
    assert (told["messageId"], told["type"], told["data"], told["udh"]) == (made, "binary", "00ff", "06")


def test_it_can_be_steered_over_http(vonage: VonageSimulator) -> None:
    """Answers to the next texts, and what every carrier has."""
    call = Caller(vonage, "http://127.0.0.1/_sim", {})
    assert call.send("POST", "/answers", {"statuses": ["0", 5]}).status == 204
    assert [part["status"] for part in send(vonage, "a" * 200)] == ["0", "5"]
    state = call.get("/state").object()
    assert (state["sms"][0]["to"], state["numbers"]) == (PHONE, {OURS: HOOK})
