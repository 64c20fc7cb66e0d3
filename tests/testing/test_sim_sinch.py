"""The simulated Sinch: its HTTP interface, its reports and the handsets."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from sim_helpers import NOON, PHONE, Caller, Hooks, noon

from servicekit.ports.http import HttpRequest, HttpResponse
from servicekit.testing.simulators import Fault, Outcome, SinchSimulator, WebhookFault

OURS = "+46766860001"
HOOK = "https://gateway.example/sinch?k=1"
REPORTS = {"delivery_report": "per_recipient", "callback_url": HOOK}


@pytest.fixture
def hooks() -> Hooks:
    """Our application."""
    return Hooks()


@pytest.fixture
def sinch(hooks: Hooks) -> SinchSimulator:
    """A carrier whose clock stands at noon and that calls ``hooks``."""
    return SinchSimulator(numbers={OURS: HOOK}, clock=noon, post=hooks)


def caller(sinch: SinchSimulator, token: str = SinchSimulator.api_token) -> Caller:
    """A caller with the right token, or this one."""
    base = f"https://eu.sms.api.sinch.com/xms/v1/{sinch.service_plan_id}"
    return Caller(sinch, base, {"authorization": f"Bearer {token}"})


def order(**changed: object) -> dict[str, object]:
    """A batch that Sinch takes; what is None is left out."""
    whole = {"from": "Salon", "to": [PHONE], "body": "hello", **changed}
    return {name: value for name, value in whole.items() if value is not None}


def send(sinch: SinchSimulator, **changed: object) -> dict[str, Any]:
    """Send a text; gives what the carrier answered."""
    answer = caller(sinch).send("POST", "/batches", order(**changed))
    assert answer.status == 201, answer.body
    return answer.object()


def told(call: HttpRequest) -> dict[str, Any]:
    """What a call to us says."""
    return HttpResponse(status=200, body=call.body).object()


def test_a_batch_is_shown_as_sinch_shows_it_and_arrives(sinch: SinchSimulator) -> None:
    """Numbers without plus signs, times to the millisecond, what was asked for repeated."""
    made = send(sinch, client_reference="r1", max_number_of_message_parts=3)
    noon_there = "2026-11-25T12:00:00.000Z"
    assert made == {
        "id": made["id"],
        "type": "mt_text",
        "delivery_report": "none",
        "from": "Salon",
        "to": ["41791234567"],
        "body": "hello",
        "client_reference": "r1",
        "max_number_of_message_parts": 3,
        "created_at": noon_there,
        "modified_at": noon_there,
        "canceled": False,
    }
    assert caller(sinch).get(f"/batches/{made['id']}").object() == made
    assert caller(sinch).get("/batches/none").status == 404
    assert [(text.sender, text.text) for text in sinch.handset(PHONE)] == [("Salon", "hello")]
    assert sinch.body(made["id"]) == "hello"


def test_a_stranger_is_not_let_in(sinch: SinchSimulator) -> None:
    """Another token, and another plan under the right one."""
    assert caller(sinch, "wrong").get("/batches").status == 401
    call = caller(sinch)
    call.base = "https://eu.sms.api.sinch.com/xms/v1/another"
    assert call.get("/batches").status == 401


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"to": None}, 400, "syntax_constraint_violation"),
        ({"to": []}, 400, "syntax_constraint_violation"),
        ({"body": ""}, 400, "syntax_constraint_violation"),
        ({"body": "a" * 2001}, 400, "syntax_constraint_violation"),
        ({"from": None}, 400, "syntax_constraint_violation"),
        ({"from": "A name too long"}, 400, "syntax_constraint_violation"),
        ({"to": [PHONE, "+1"]}, 400, "syntax_invalid_parameter_format"),
        ({"to": [5]}, 400, "syntax_invalid_parameter_format"),
        ({"delivery_report": "often", "callback_url": HOOK}, 400, "syntax_constraint_violation"),
        ({"delivery_report": "full"}, 403, "missing_callback_url"),
    ],
)
def test_misshapen_batches_are_refused(
    sinch: SinchSimulator, changed: dict[str, object], status: int, code: str
) -> None:
    """Each with Sinch's word and a sentence, and nothing is sent."""
    answer = caller(sinch).send("POST", "/batches", order(**changed))
    assert (answer.status, answer.object().get("code", "")) == (status, code)
    assert sinch.handset(PHONE) == ()


def test_what_is_no_json_is_refused(sinch: SinchSimulator) -> None:
    """With a word of its own."""
    answer = caller(sinch).form("/batches", body="hello")
    assert (answer.status, answer.object()["code"]) == (400, "syntax_invalid_json")


def test_a_gateways_refusal_has_another_form(sinch: SinchSimulator) -> None:
    """A 429 comes from before the API."""
    sinch.inject(Fault.throttled())
    answer = caller(sinch).get("/batches")
    assert (answer.status, answer.object()["error"]["code"], answer.headers["retry-after"]) == (429, 429, "1")


def test_the_list_is_paged_newest_first_and_goes_back_a_day(sinch: SinchSimulator) -> None:
    """30 a page unless asked, at most 100; from, reference and dates narrow it."""
    sinch.set_clock(NOON - timedelta(days=2))
    old = send(sinch, client_reference="old")["id"]
    sinch.set_clock(NOON)
    sent = [send(sinch, client_reference=f"r{number}")["id"] for number in range(33)]
    call = caller(sinch)
    pages = [call.get("/batches", page=page).object() for page in range(3)]
    assert [one["id"] for page in pages for one in page["batches"]] == sent[::-1]
    assert [(page["count"], page["page"], page["page_size"]) for page in pages] == [(33, 0, 30), (33, 1, 3), (33, 2, 0)]
    assert len(call.get("/batches", page_size=100).object()["batches"]) == 33
    assert call.get("/batches", page_size=101).status == 400

    def found(**asked: object) -> list[str]:
        return [one["id"] for one in call.get("/batches", **asked).object()["batches"]]

    assert found(client_reference="r7") == [sent[7]]
    assert found(client_reference="old") == []
    assert found(client_reference="old", start_date="2026-11-23T12:00:00.000Z") == [old]
    assert found(start_date="2026-11-23T12:00:00Z", end_date="2026-11-23T12:00:00.001Z") == [old]
    assert found(**{"from": "Other"}) == []


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome.DELIVERED, (True, [("Delivered", 0)])),
        (Outcome.FAILED, (False, [("Failed", 11)])),
        (Outcome.SILENT, (True, [])),
        (Outcome.HELD, (False, [("Dispatched", 401)])),
    ],
)
def test_a_number_has_an_outcome(
    sinch: SinchSimulator, hooks: Hooks, outcome: Outcome, expected: tuple[bool, list[tuple[str, int]]]
) -> None:
    """Delivered, failed, silent, held: handset and reports agree."""
    sinch.set_outcome(PHONE, outcome)
    send(sinch, **REPORTS)
    sinch.deliver_webhooks()
    reports = [(told(call)["status"], told(call)["code"]) for call in hooks.calls]
    assert (bool(sinch.handset(PHONE)), reports) == expected


def test_a_report_on_a_recipient_has_its_documented_members(sinch: SinchSimulator, hooks: Hooks) -> None:
    """Our reference where there was one, and the parts where they were to be counted."""
    made = send(sinch, **REPORTS, client_reference="r1", max_number_of_message_parts=5, body="a" * 161)
    sinch.deliver_webhooks()
    assert told(hooks.calls[0]) == {
        "type": "recipient_delivery_report_sms",
        "batch_id": made["id"],
        "client_reference": "r1",
        "recipient": "41791234567",
        "status": "Delivered",
        "code": 0,
        "at": "2026-11-25T12:00:00.000Z",
        "operator_status_at": "2026-11-25T12:00:00.000Z",
        "number_of_message_parts": 2,
    }


@pytest.mark.parametrize(
    ("kind", "listed"),
    [("summary", {}), ("full", {"recipients": ["41791234567"]})],
)
def test_a_summary_says_only_what_is_final(
    sinch: SinchSimulator, hooks: Hooks, kind: str, listed: dict[str, object]
) -> None:
    """With the recipients only in the full one."""
    sinch.set_outcome(PHONE, "held")
    made = send(sinch, delivery_report=kind, callback_url=HOOK)
    sinch.report(made["id"], "Aborted", 408)
    sinch.deliver_webhooks()
    (call,) = hooks.calls
    one = {"code": 408, "status": "Aborted", "count": 1, **listed}
    expected = {"type": "delivery_report_sms", "batch_id": made["id"], "total_message_count": 1, "statuses": [one]}
    assert told(call) == expected


def test_intermediate_states_are_told_where_they_were_asked_for(hooks: Hooks) -> None:
    """With ``report_sent`` each text is dispatched first; reports on the final state only leave that out."""
    sinch = SinchSimulator(report_sent=True, clock=noon, post=hooks)
    made = send(sinch, **REPORTS)
    send(sinch, **{**REPORTS, "delivery_report": "per_recipient_final"})
    sinch.report(made["id"], "Lost")
    sinch.deliver_webhooks()
    states = [(told(call)["status"], told(call)["code"]) for call in hooks.calls]
    assert states == [("Dispatched", 401), ("Delivered", 0), ("Delivered", 0), ("Lost", 0)]
    with pytest.raises(KeyError):
        sinch.report("none", "Delivered")


def test_each_recipient_gets_its_own_text(sinch: SinchSimulator, hooks: Hooks) -> None:
    """Parameters are filled in; whose value is missing gets nothing, and the report says why."""
    other = "+41790000000"
    names = {"name": {"41791234567": "Lea"}}
    made = send(sinch, **REPORTS, to=[PHONE, other], body="Hi ${name}", parameters=names)
    sinch.report(made["id"], "Delivered")
    sinch.deliver_webhooks()
    assert [text.text for text in sinch.handset(PHONE)] == ["Hi Lea"]
    assert sinch.handset(other) == ()
    states = [(told(call)["recipient"], told(call)["status"], told(call)["code"]) for call in hooks.calls]
    assert ("41790000000", "Aborted", 405) in states
    assert sinch.body(made["id"]) == "Hi Lea"
    assert sinch.body(send(sinch, body="${x}")["id"]) == ""


def test_a_call_is_signed_with_nonce_and_time(sinch: SinchSimulator, hooks: Hooks) -> None:
    """Over body, nonce and timestamp; a forged one under another secret, a stale one a day ago."""
    sinch.inject(WebhookFault(webhook="forged", event="inbound"), WebhookFault(webhook="stale", event="inbound"))
    for words in ("forged", "stale", "right"):
        sinch.answer_from_mobile(PHONE, OURS, words)
    sinch.deliver_webhooks()
    seconds, right = [], []
    for call in hooks.calls:
        name = "x-sinch-webhook-signature"
        nonce, stamp = (call.headers[f"{name}-{one}"] for one in ("nonce", "timestamp"))
        signed = hmac.new(sinch.webhook_secret.encode(), call.body + f".{nonce}.{stamp}".encode(), hashlib.sha256)
        right.append(call.headers[name] == base64.b64encode(signed.digest()).decode())
        seconds.append(int(stamp))
    assert right == [False, True, True]
    noon_there = NOON.us // 1_000_000
    assert seconds == [noon_there, noon_there - 86_400, noon_there]


@pytest.mark.parametrize(("status", "repeated"), [(500, True), (429, True), (400, False), (401, False), (204, False)])
def test_a_call_is_repeated_for_5xx_and_429_only(
    sinch: SinchSimulator, hooks: Hooks, status: int, *, repeated: bool
) -> None:
    """After 5 seconds, then doubling, for almost a day; any other answer ends it."""
    hooks.answers = [HttpResponse(status=status)]
    send(sinch, **REPORTS)
    sinch.deliver_webhooks()
    sinch.set_clock(NOON, offset=timedelta(seconds=5))
    sinch.deliver_webhooks()
    assert len(hooks.calls) == 1 + repeated
    assert [pause.total_seconds() for pause in sinch.retries[:3]] == [5, 10, 20]
    assert (len(sinch.retries), sinch.retries[-1]) == (15, timedelta(seconds=81_920))


def test_an_inbound_text_has_its_documented_members(sinch: SinchSimulator, hooks: Hooks) -> None:
    """Numbers without plus signs; a number that is not ours is a KeyError."""
    inbound = sinch.answer_from_mobile(PHONE, OURS, "hello 😀")
    sinch.deliver_webhooks()
    assert told(hooks.calls[0]) == {
        "type": "mo_text",
        "id": inbound,
        "from": "41791234567",
        "to": "46766860001",
        "body": "hello 😀",
        "received_at": "2026-11-25T12:00:00.000Z",
        "operator_id": "24001",
    }
    assert hooks.calls[0].headers["content-type"] == "application/json"
    sinch.numbers[OURS] = ""
    sinch.answer_from_mobile(PHONE, OURS, "unheard")
    assert sinch.deliver_webhooks() == []
    with pytest.raises(KeyError):
        sinch.answer_from_mobile(PHONE, "+46700000000", "hello")


def test_binary_and_media_come_in_too(sinch: SinchSimulator, hooks: Hooks) -> None:
    """Octets in base64 with their header in hexadecimal; things with type, URL and what became of them."""
    sinch.binary_from_mobile(PHONE, OURS, b"\x00\xff", bytes.fromhex("050003070302"))
    sinch.media_from_mobile(PHONE, OURS, "Look", [("image/png", "https://m.example/0"), ("video/mp4", "")], "Cat")
    sinch.media_from_mobile(PHONE, OURS, "Look", [])
    sinch.deliver_webhooks()
    binary, media, bare = (told(call) for call in hooks.calls)
    assert (binary["type"], binary["body"], binary["udh"]) == ("mo_binary", "AP8=", "050003070302")
    things = [
        {"url": "https://m.example/0", "content_type": "image/png", "status": "Uploaded", "code": 0},
        {"content_type": "video/mp4", "status": "Failed", "code": 400},
    ]
    assert (media["type"], media["body"]) == ("mo_media", {"message": "Look", "media": things, "subject": "Cat"})
    assert bare["body"] == {"message": "Look", "media": []}


def test_its_state_shows_the_batches(sinch: SinchSimulator) -> None:
    """As the interface does."""
    made = send(sinch)
    assert sinch.state()["batches"] == [made]
    json.dumps(sinch.state())
