"""The simulated 46elks: its HTTP interface, its reports and the handsets."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sim_helpers import NOON, PHONE, Hooks, elks_caller, noon

from servicekit.ports.http import HttpRequest, HttpResponse, basic
from servicekit.testing.simulators import FortySixElksSimulator, Outcome, WebhookFault

OURS = "+46766860001"
HOOK = "https://hook:pa%73s@gateway.example/46elks?key=k"


@pytest.fixture
def hooks() -> Hooks:
    """Our application."""
    return Hooks()


@pytest.fixture
def elks(hooks: Hooks) -> FortySixElksSimulator:
    """A carrier whose clock stands at noon and that calls ``hooks``."""
    return FortySixElksSimulator(numbers={OURS: HOOK}, clock=noon, post=hooks)


def send(elks: FortySixElksSimulator, text: str = "hello", to: str = PHONE, **more: str) -> dict[str, Any]:
    """Send a text; gives what the carrier answered."""
    answer = elks_caller(elks).form("/sms", from_="Salon", to=to, message=text, **more)
    assert answer.status == 200, answer.body
    return answer.object()


def status(elks: FortySixElksSimulator, sms: dict[str, Any]) -> str:
    """The status of an SMS as the carrier shows it now."""
    return str(elks_caller(elks).get(f"/sms/{sms['id']}").object()["status"])


def test_a_text_is_counted_priced_and_arrives(elks: FortySixElksSimulator) -> None:
    """The answer has the documented members; the handset gets the text in its parts."""
    sms = send(elks, "a" * 200)
    assert sms == {
        "id": sms["id"],
        "direction": "outgoing",
        "from": "Salon",
        "to": PHONE,
        "message": "a" * 200,
        "created": "2026-11-25T12:00:00.000000",
        "status": "created",
        "parts": 2,
        "cost": 7000,
    }
    (text,) = elks.handset(PHONE)
    assert (text.sender, text.text, [len(part) for part in text.parts]) == ("Salon", "a" * 200, [153, 47])
    assert elks.handset(OURS) == ()


def test_a_dry_run_estimates_and_sends_nothing(elks: FortySixElksSimulator) -> None:
    """``estimated_cost`` in place of ``cost``, no id, no SMS."""
    answer = send(elks, dryrun="yes")
    assert answer["estimated_cost"] == 3500
    assert not {"id", "cost"} & set(answer)
    assert (elks.handset(PHONE), elks_caller(elks).get("/sms").object()["data"]) == ((), [])


def test_flash_and_dontlog_are_kept(elks: FortySixElksSimulator) -> None:
    """A flash text says so on the handset; an unlogged one is shown without its message, yet arrives."""
    assert "message" not in send(elks, "secret", dontlog="message", flashsms="yes")
    (text,) = elks.handset(PHONE)
    assert (text.text, text.flash) == ("secret", True)


def test_wrong_credentials_are_a_plain_401(elks: FortySixElksSimulator) -> None:
    """Errors are a sentence, not JSON."""
    call = elks_caller(elks)
    call.headers = basic("u", "wrong")
    answer = call.get("/sms")
    assert (answer.status, answer.headers["content-type"]) == (401, "text/plain; charset=utf-8")
    assert answer.json() is None


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"from_": ""}, "Missing key from"),
        ({"to": ""}, "Missing key to"),
        ({"message": ""}, "Missing key message"),
        ({"to": "0701234567"}, "Invalid to number"),
        ({"from_": "TwelveLetter"}, "Invalid from"),
        ({"from_": "+12"}, "Invalid from"),
        ({"whendelivered": "gateway.example"}, "Invalid whendelivered"),
    ],
)
def test_misshapen_parameters_are_refused(elks: FortySixElksSimulator, changed: dict[str, str], said: str) -> None:
    """Each with a sentence, and nothing is sent."""
    answer = elks_caller(elks).form("/sms", **{"from_": "Salon", "to": PHONE, "message": "hi", **changed})
    assert (answer.status, answer.body.decode().startswith(said)) == (400, True)
    assert elks.handset(PHONE) == ()


def test_a_json_body_is_not_understood(elks: FortySixElksSimulator) -> None:
    """The interface is form-encoded."""
    assert elks_caller(elks).send("POST", "/sms", {"from": "Salon"}).body == b"Missing key from"


def test_the_balance_runs_out() -> None:
    """403 once the cost is over what is left."""
    elks = FortySixElksSimulator(balance=7000, clock=noon)
    send(elks, "a" * 161)
    answer = elks_caller(elks).form("/sms", from_="Salon", to=PHONE, message="one more")
    assert (answer.status, elks.balance) == (403, 0)


def test_the_history_is_paged_newest_first(elks: FortySixElksSimulator) -> None:
    """At most 100 a page, ``next`` is the ``start`` of the following one; ``end``, ``to`` and ``limit`` narrow it."""
    sent = [send(elks, str(number))["id"] for number in range(103)]
    call = elks_caller(elks)
    first = call.get("/sms").object()
    second = call.get("/sms", start=first["next"]).object()
    assert [one["id"] for one in first["data"] + second["data"]] == sent[::-1]
    assert "next" not in second
    newest = first["data"][0]
    assert call.get("/sms", end=first["data"][1]["created"]).object() == {"data": [newest]}
    assert [one["id"] for one in call.get("/sms", limit=2).object()["data"]] == sent[:-3:-1]
    assert call.get("/sms", to=OURS).object() == {"data": []}
    assert call.get("/sms/none").status == 404


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome.DELIVERED, ("delivered", True, ["delivered"])),
        (Outcome.FAILED, ("failed", False, ["failed"])),
        (Outcome.SILENT, ("sent", True, [])),
        (Outcome.HELD, ("sent", False, [])),
    ],
)
def test_a_number_has_an_outcome(
    elks: FortySixElksSimulator, hooks: Hooks, outcome: Outcome, expected: tuple[str, bool, list[str]]
) -> None:
    """Delivered, failed, silent, held: status, handset and reports agree."""
    elks.set_outcome(PHONE, outcome)
    sms = send(elks, whendelivered=HOOK)
    elks.deliver_webhooks()
    reports = [dict(form(call))["status"] for call in hooks.calls]
    assert (status(elks, sms), bool(elks.handset(PHONE)), reports) == expected


def form(request: HttpRequest) -> list[tuple[str, str]]:
    """The fields of a form-encoded request."""
    from urllib.parse import parse_qsl

    return parse_qsl(request.body.decode())


def test_a_report_is_a_form_with_the_url_s_credentials_as_basic(elks: FortySixElksSimulator, hooks: Hooks) -> None:
    """``id``, ``status`` and, when delivered, the time; user and password leave the URL."""
    sms = send(elks, whendelivered=HOOK)
    elks.deliver_webhooks()
    (call,) = hooks.calls
    assert call.url == "https://gateway.example/46elks?key=k"
    assert call.headers["authorization"] == basic("hook", "pass")["authorization"]
    assert form(call) == [("id", sms["id"]), ("status", "delivered"), ("delivered", "2026-11-25T12:00:00.000000")]


def test_a_held_text_ends_when_the_operator_says_so(hooks: Hooks) -> None:
    """With ``report_sent`` a first report says ``sent``; delivering twice reports twice but arrives once."""
    elks = FortySixElksSimulator(report_sent=True, clock=noon, post=hooks)
    elks.set_outcome(PHONE, "held")
    sms = send(elks, whendelivered=HOOK)
    elks.report(sms["id"], "delivered")
    elks.report(sms["id"], "delivered")
    elks.deliver_webhooks()
    assert [dict(form(call))["status"] for call in hooks.calls] == ["sent", "delivered", "delivered"]
    assert len(elks.handset(PHONE)) == 1


def test_a_report_is_repeated_until_it_is_answered_200_to_204(elks: FortySixElksSimulator, hooks: Hooks) -> None:
    """No answer, 500 and 205 are repeated at least five times over six hours and more; then it stops."""
    hooks.answers = [None, HttpResponse(status=500), HttpResponse(status=205), HttpResponse(status=200)]
    send(elks, whendelivered=HOOK)
    for hours in range(9):
        elks.set_clock(NOON, offset=timedelta(hours=hours))
        elks.deliver_webhooks()
    assert [one.status for one in elks.deliveries] == [None, 500, 205, 200]
    assert len(elks.retries) >= 5
    assert sum(elks.retries, timedelta()) >= timedelta(hours=6)


def test_a_forged_report_has_the_wrong_credentials_and_no_key(elks: FortySixElksSimulator, hooks: Hooks) -> None:
    """There is no signature: a forger does not know what stands in the URL."""
    elks.inject(WebhookFault(webhook="forged", event="delivery"))
    send(elks, whendelivered=HOOK)
    elks.deliver_webhooks()
    assert hooks.calls[0].url == "https://gateway.example/46elks"
    assert hooks.calls[0].headers["authorization"] != basic("hook", "pass")["authorization"]


def test_an_answer_from_a_mobile_is_posted_and_our_body_goes_back(elks: FortySixElksSimulator, hooks: Hooks) -> None:
    """What our application answers is sent to the person as an SMS; an empty body sends nothing, a JSON object is an action."""
    hooks.answers = [HttpResponse(status=200, body=b"thanks"), HttpResponse(status=200, body=b'{"forward": "+46"}')]
    inbound = elks.answer_from_mobile(PHONE, OURS, "hello")
    elks.answer_from_mobile(PHONE, OURS, "again")
    elks.answer_from_mobile(PHONE, OURS, "and again")
    elks.deliver_webhooks()
    expected = {"id": inbound, "direction": "incoming", "from": PHONE, "to": OURS, "message": "hello"}
    assert dict(form(hooks.calls[0])) == {**expected, "created": "2026-11-25T12:00:00.000000"}
    assert [(text.sender, text.text) for text in elks.handset(PHONE)] == [(OURS, "thanks")]
    directions = [one["direction"] for one in elks_caller(elks).get("/sms").object()["data"]]
    assert directions == ["outgoing-reply", "incoming", "incoming", "incoming"]


def test_a_number_without_a_url_keeps_its_sms(elks: FortySixElksSimulator, hooks: Hooks) -> None:
    """Nothing is posted; a number that is not ours is a KeyError."""
    elks.numbers[OURS] = ""
    elks.answer_from_mobile(PHONE, OURS, "hello")
    assert elks.deliver_webhooks() == []
    with pytest.raises(KeyError):
        elks.answer_from_mobile(PHONE, "+46700000000", "hello")


def test_it_can_be_steered_over_http(elks: FortySixElksSimulator) -> None:
    """Numbers, outcomes, answers, reports, handsets and the state, without the URL's credentials."""
    call = elks_caller(elks)
    call.base = "http://127.0.0.1/_sim"
    assert call.send("POST", "/numbers", {"number": "+46766860002", "sms_url": HOOK}).status == 204
    assert call.send("POST", "/outcome", {"number": PHONE, "outcome": "held"}).status == 204
    assert call.send("POST", "/outcome", {"number": PHONE, "outcome": "lost"}).status == 400
    sms = send(elks)
    assert call.send("POST", "/report", {"id": sms["id"], "status": "delivered"}).status == 204
    assert call.get("/handset", number=PHONE).json()[0]["text"] == "hello"
    answered = {"sender": PHONE, "to": "+46766860002", "text": "hi"}
    assert call.send("POST", "/answer", answered).object()["id"].startswith("s")
    state = call.get("/state").object()
    assert [one["direction"] for one in state["sms"]] == ["outgoing", "incoming"]
    assert "pa%73s" not in str(state)
