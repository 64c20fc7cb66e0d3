"""The simulated Twilio: its HTTP interface, its reports and the handsets."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any
from urllib.parse import parse_qsl

import pytest
from sim_helpers import NOON, PHONE, Caller, Hooks, noon

from servicekit.ports.http import HttpRequest, HttpResponse, basic
from servicekit.testing.simulators import Outcome, TwilioSimulator, WebhookFault

OURS = "+46766860001"
HOOK = "https://gateway.example/twilio?k=1"


@pytest.fixture
def hooks() -> Hooks:
    """Our application."""
    return Hooks()


@pytest.fixture
def twilio(hooks: Hooks) -> TwilioSimulator:
    """A carrier whose clock stands at noon and that calls ``hooks``."""
    return TwilioSimulator(numbers={OURS: HOOK}, clock=noon, post=hooks)


def caller(twilio: TwilioSimulator, login: tuple[str, str] | None = None) -> Caller:
    """A caller with the right credentials, or these."""
    account = f"https://api.twilio.com/2010-04-01/Accounts/{twilio.account_sid}"
    return Caller(twilio, account, basic(*(login or (twilio.account_sid, twilio.auth_token))))


def send(twilio: TwilioSimulator, text: str = "hello", to: str = PHONE, **more: str) -> dict[str, Any]:
    """Send a text; gives what the carrier answered."""
    answer = caller(twilio).form("/Messages.json", From="Salon", To=to, Body=text, **more)
    assert answer.status == 201, answer.body
    return answer.object()


def shown(twilio: TwilioSimulator, message: dict[str, Any]) -> dict[str, Any]:
    """A message as the carrier shows it now."""
    return caller(twilio).get(f"/Messages/{message['sid']}.json").object()


def told(call: HttpRequest) -> dict[str, str]:
    """The fields of a call to us."""
    return dict(parse_qsl(call.body.decode(), keep_blank_values=True))


def test_a_text_is_counted_and_arrives_and_is_priced_when_it_was_sent(twilio: TwilioSimulator) -> None:
    """The answer has the documented members, its price and its date of sending still empty."""
    made = send(twilio, "a" * 200)
    path = f"/2010-04-01/Accounts/{twilio.account_sid}/Messages/{made['sid']}"
    noon_there = "Wed, 25 Nov 2026 12:00:00 +0000"
    assert made == {
        "account_sid": twilio.account_sid,
        "api_version": "2010-04-01",
        "body": "a" * 200,
        "date_created": noon_there,
        "date_sent": None,
        "date_updated": noon_there,
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": "Salon",
        "messaging_service_sid": None,
        "num_media": "0",
        "num_segments": "2",
        "price": None,
        "price_unit": "USD",
        "sid": made["sid"],
        "status": "queued",
        "subresource_uris": {"media": f"{path}/Media.json"},
        "to": PHONE,
        "uri": f"{path}.json",
    }
    after = {"status": "delivered", "date_sent": noon_there, "price": "-0.01500"}
    assert shown(twilio, made) == {**made, **after}
    assert [text.text for text in twilio.handset(PHONE)] == ["a" * 200]


def test_an_api_key_is_let_in_and_a_stranger_is_not(twilio: TwilioSimulator) -> None:
    """Account and token, key and secret; an account that is not the caller's is like a wrong token."""
    assert caller(twilio, (twilio.api_key, twilio.api_secret)).get("/Messages.json").status == 200
    answer = caller(twilio, (twilio.account_sid, "wrong")).get("/Messages.json")
    assert (answer.status, answer.object()["code"]) == (401, 20003)
    call = caller(twilio)
    call.base = "https://api.twilio.com/2010-04-01/Accounts/AC1"
    for answer in (call.get("/Messages.json"), call.get("/Messages/SM1.json"), call.form("/Messages.json")):
        assert answer.status == 401


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"To": ""}, 21604),
        ({"From": ""}, 21603),
        ({"Body": ""}, 21602),
        ({"To": "0701234567"}, 21211),
        ({"From": "TwelveLetter"}, 21212),
        ({"From": "1234"}, 21212),
        ({"Body": "a" * 1601}, 21617),
        ({"StatusCallback": "gateway.example"}, 21609),
    ],
)
def test_misshapen_parameters_are_refused(twilio: TwilioSimulator, changed: dict[str, str], code: int) -> None:
    """Each with Twilio's number, a sentence and a link, and nothing is sent."""
    answer = caller(twilio).form("/Messages.json", **{"From": "Salon", "To": PHONE, "Body": "hi", **changed})
    said = answer.object()
    assert (answer.status, said["code"], said["status"]) == (400, code, 400)
    assert said["more_info"].endswith(str(code))
    assert twilio.handset(PHONE) == ()


def test_the_list_is_paged_newest_first(twilio: TwilioSimulator) -> None:
    """50 a page unless asked; the link to the next page has the query and a token; recipient and sender narrow it."""
    sent = [send(twilio, str(number))["sid"] for number in range(53)]
    call = caller(twilio)
    first = call.get("/Messages.json", To=PHONE).object()
    assert (first["page_size"], first["previous_page_uri"]) == (50, None)
    assert first["next_page_uri"].startswith(f"/2010-04-01/Accounts/{twilio.account_sid}/Messages.json?To=%2B4179")
    following = dict(parse_qsl(first["next_page_uri"].partition("?")[2]))
    second = call.get("/Messages.json", **following).object()
    assert [one["sid"] for one in first["messages"] + second["messages"]] == sent[::-1]
    assert (second["page"], second["next_page_uri"]) == (1, None)
    assert call.get("/Messages.json", To=OURS).object()["messages"] == []
    assert call.get("/Messages.json", From="Other").object()["messages"] == []
    assert len(call.get("/Messages.json", From="Salon", PageSize=1000).object()["messages"]) == 53
    answer = call.get("/Messages/SM0.json")
    assert (answer.status, answer.object()["code"]) == (404, 20404)


def test_the_day_of_sending_narrows_the_list_and_hides_what_is_still_queued(twilio: TwilioSimulator) -> None:
    """A text that was not sent has no ``DateSent``."""
    send(twilio)
    queued = twilio.state()["messages"]
    call = caller(twilio)
    days = {"DateSent": "2026-11-25", "DateSent>": "2026-11-25", "DateSent<": "2026-11-25"}
    assert [len(call.get("/Messages.json", **{name: day}).object()["messages"]) for name, day in days.items()] == [
        1
    ] * 3
    others = {"DateSent": "2026-11-24", "DateSent>": "2026-11-26", "DateSent<": "2026-11-24"}
    assert [len(call.get("/Messages.json", **{name: day}).object()["messages"]) for name, day in others.items()] == [
        0
    ] * 3

    twilio.answer_from_mobile(PHONE, OURS, "never sent by us")
    assert len(queued) == 1
    assert len(call.get("/Messages.json").object()["messages"]) == 2
    assert len(call.get("/Messages.json", **{"DateSent>": "2000-01-01"}).object()["messages"]) == 1


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome.DELIVERED, ("delivered", True, ["delivered"])),
        (Outcome.FAILED, ("undelivered", False, ["undelivered"])),
        (Outcome.SILENT, ("sent", True, [])),
        (Outcome.HELD, ("sent", False, [])),
    ],
)
def test_a_number_has_an_outcome(
    twilio: TwilioSimulator, hooks: Hooks, outcome: Outcome, expected: tuple[str, bool, list[str]]
) -> None:
    """Delivered, failed, silent, held: status, handset and reports agree."""
    twilio.set_outcome(PHONE, outcome)
    made = send(twilio, StatusCallback=HOOK)
    twilio.deliver_webhooks()
    reports = [told(call)["MessageStatus"] for call in hooks.calls]
    assert (shown(twilio, made)["status"], bool(twilio.handset(PHONE)), reports) == expected


def test_a_report_is_a_form_signed_for_the_url_that_is_called(twilio: TwilioSimulator, hooks: Hooks) -> None:
    """Ids, ends and statuses, an error where there is one; the signature is over URL and sorted fields."""
    twilio.set_outcome(PHONE, Outcome.FAILED)
    sid = send(twilio, StatusCallback=HOOK)["sid"]
    twilio.deliver_webhooks()
    (call,) = hooks.calls
    assert told(call) == {
        "MessageSid": sid,
        "SmsSid": sid,
        "AccountSid": twilio.account_sid,
        "From": "Salon",
        "To": PHONE,
        "ApiVersion": "2010-04-01",
        "MessageStatus": "undelivered",
        "SmsStatus": "undelivered",
        "ErrorCode": "30003",
    }
    words = HOOK + "".join(name + value for name, value in sorted(told(call).items()))
    signed = hmac.new(twilio.auth_token.encode(), words.encode(), hashlib.sha1).digest()
    assert call.headers["x-twilio-signature"] == base64.b64encode(signed).decode()
    assert shown(twilio, {"sid": sid})["error_code"] == 30003


def test_a_held_text_ends_when_the_operator_says_so(hooks: Hooks) -> None:
    """With ``report_sent`` a first report says ``sent``; delivering twice reports twice but arrives once."""
    twilio = TwilioSimulator(report_sent=True, clock=noon, post=hooks)
    twilio.set_outcome(PHONE, "held")
    sid = send(twilio, StatusCallback=HOOK)["sid"]
    twilio.report(sid, "delivered")
    twilio.report(sid, "delivered")
    twilio.deliver_webhooks()
    assert [told(call)["MessageStatus"] for call in hooks.calls] == ["sent", "delivered", "delivered"]
    assert len(twilio.handset(PHONE)) == 1
    with pytest.raises(KeyError):
        twilio.report("SM0", "delivered")


def test_a_call_that_is_not_taken_is_not_repeated(twilio: TwilioSimulator, hooks: Hooks) -> None:
    """Twilio calls once."""
    hooks.answers = [HttpResponse(status=500)]
    send(twilio, StatusCallback=HOOK)
    twilio.deliver_webhooks()
    twilio.set_clock(NOON)
    assert twilio.deliver_webhooks(everything=True) == []
    assert [one.status for one in twilio.deliveries] == [500]


def test_a_forged_report_is_signed_with_another_token(twilio: TwilioSimulator, hooks: Hooks) -> None:
    """Whoever forges does not know the token."""
    twilio.inject(WebhookFault(webhook="forged", event="delivery"), WebhookFault(webhook="stale", event="delivery"))
    send(twilio, StatusCallback=HOOK)
    sid = send(twilio, StatusCallback=HOOK)["sid"]
    twilio.deliver_webhooks()
    forged, stale = (call.headers["x-twilio-signature"] for call in hooks.calls)
    assert forged != stale
    twilio.report(sid, "delivered")
    twilio.deliver_webhooks()
    assert hooks.calls[-1].headers["x-twilio-signature"] == stale  # which knows no time


@pytest.mark.parametrize(
    ("answer", "replies"),
    [
        (HttpResponse(status=204), []),
        (HttpResponse(status=200, headers={"content-type": "text/xml"}, body=b"<Response></Response>"), []),
        (
            HttpResponse(
                status=200,
                headers={"content-type": "text/xml"},
                body=b"<Response><Message>one</Message><Message to='+1'>two</Message></Response>",
            ),
            ["one", "two"],
        ),
        (HttpResponse(status=200, headers={"content-type": "text/plain"}, body=b"thanks"), ["thanks"]),
        (HttpResponse(status=200, headers={"content-type": "text/plain"}), []),
    ],
)
def test_what_we_answer_to_an_inbound_text_goes_back(
    twilio: TwilioSimulator, hooks: Hooks, answer: HttpResponse, replies: list[str]
) -> None:
    """Words in TwiML, or a plain text; an empty response says nothing."""
    hooks.answers = [answer]
    twilio.answer_from_mobile(PHONE, OURS, "hello")
    twilio.deliver_webhooks()
    assert [(text.sender, text.text) for text in twilio.handset(PHONE)] == [(OURS, reply) for reply in replies]


def test_an_mms_is_posted_with_its_media(twilio: TwilioSimulator, hooks: Hooks) -> None:
    """Each thing with type and URL, counted; its id begins with MM."""
    sid = twilio.answer_from_mobile(PHONE, OURS, "Look", [("image/jpeg", "https://m.example/0"), ("text/vcard", "v")])
    twilio.deliver_webhooks()
    fields = told(hooks.calls[0])
    assert sid.startswith("MM")
    assert (fields["NumMedia"], fields["SmsStatus"], fields["Body"]) == ("2", "received", "Look")
    assert (fields["MediaContentType0"], fields["MediaUrl0"]) == ("image/jpeg", "https://m.example/0")
    assert (fields["MediaContentType1"], fields["MediaUrl1"]) == ("text/vcard", "v")


def test_a_number_without_a_url_keeps_its_texts(twilio: TwilioSimulator) -> None:
    """Nothing is posted; a number that is not ours is a KeyError."""
    twilio.numbers[OURS] = ""
    twilio.answer_from_mobile(PHONE, OURS, "hello")
    assert twilio.deliver_webhooks() == []
    assert [one["direction"] for one in twilio.state()["messages"]] == ["inbound"]
    with pytest.raises(KeyError):
        twilio.answer_from_mobile(PHONE, "+46700000000", "hello")


def test_an_unknown_path_is_refused_in_twilios_way(twilio: TwilioSimulator) -> None:
    """With Twilio's number for the status."""
    answer = caller(twilio).get("/Nothing.json")
    assert (answer.status, answer.object()["code"]) == (404, 20404)
