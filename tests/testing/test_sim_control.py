"""The Python clients of the control calls."""

from __future__ import annotations

import base64
import hashlib
import smtplib
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from sim_helpers import NOON, PHONE, Caller, exivo_caller, key_order, zoom_caller

from servicekit.ports.http import basic
from servicekit.testing.simulators import (
    COMPONENTS,
    ExivoControl,
    ExivoSimulator,
    Fault,
    FortySixElksControl,
    FortySixElksSimulator,
    Light,
    MailboxControl,
    MailboxSimulator,
    SimulatorControl,
    WebhookFault,
    ZoomControl,
    ZoomSimulator,
    serve,
)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A served exivo's URL."""
    with serve(ExivoSimulator()) as server:
        yield server.url


def test_faults_clock_state_and_exchanges(url: str) -> None:
    """What all simulators can be told, a line each."""
    control = SimulatorControl(url + "/")
    control.inject(Fault.error(), WebhookFault(webhook="doubled"))
    assert len(control.faults()) == 2
    control.clear_faults()
    assert control.faults() == []
    assert control.set_clock(NOON, offset=timedelta(hours=1)) == NOON + timedelta(hours=1)
    assert control.state()["now"] == "2026-11-25T13:00:00Z"
    control.set_clock()
    assert control.exchanges() == []


def test_a_refused_control_is_a_value_error(url: str) -> None:
    """With the simulator's words."""
    with pytest.raises(ValueError, match="no control"):
        SimulatorControl(url).call("GET", "nothing")


def test_down_refuses_connections_at_once() -> None:
    """It returns when nothing listens any more."""
    with serve(ExivoSimulator()) as server:
        control = SimulatorControl(server.url)
        control.down(3600)
        with pytest.raises(httpx.ConnectError):
            control.state()


def test_exivo_s_door_and_app(url: str) -> None:
    """Try a door, revoke by hand, forget."""
    with serve(ExivoSimulator(past_start_refused=False)) as server:
        control = ExivoControl(server.url)
        at = control.set_clock(NOON + timedelta(hours=1))
        key = exivo_caller(server.simulator).send("POST", "/digitalKeyVisits", key_order()).object()["id"]
        assert control.try_door(PHONE, COMPONENTS[0].id) == Light(green=True, reason="ok")
        assert control.try_door(PHONE, COMPONENTS[0].id, at - timedelta(hours=1)).reason == "too_early"
        control.revoke_by_hand(key)
        assert control.try_door(PHONE, COMPONENTS[0].id).reason == "revoked"
        control.forget(key)
        assert control.state()["keys"] == []


def test_46elks_handsets_and_webhooks() -> None:
    """Numbers, outcomes, reports, answers from a mobile, and webhooks that wait or were sent."""
    with serve(FortySixElksSimulator()) as server:
        control = FortySixElksControl(server.url)
        control.set_number("+46766860001", server.url + "/nowhere")
        control.set_outcome(PHONE, "held")
        elks = server.simulator
        call = Caller(elks, server.url + "/a1", basic(elks.api_user, elks.api_password))
        sms = call.form("/sms", from_="Salon", to=PHONE, message="hello").object()["id"]
        control.report(sms, "delivered")
        assert control.handset(PHONE) == elks.handset(PHONE) != ()
        assert control.answer_from_mobile(PHONE, "+46766860001", "hi").startswith("s")
        control.deliver_webhooks(everything=True)
        assert {one["event"] for one in control.webhooks()["sent"]} == {"inbound"}


def test_zoom_s_meetings_links_and_tokens() -> None:
    """Delete by hand, open links, consent, expiry, validation, removal of the app."""
    with serve(ZoomSimulator()) as server:
        control = ZoomControl(server.url)
        call = zoom_caller(server.simulator)
        meeting = call.send("POST", "/users/me/meetings", {"topic": "Yoga"}).object()
        assert control.open_link(meeting["join_url"]) == str(meeting["id"])
        control.delete_meeting(meeting["id"])
        assert control.open_link(meeting["join_url"]) is None
        challenge = base64.urlsafe_b64encode(hashlib.sha256(b"v").digest()).rstrip(b"=").decode()
        assert control.authorize("https://us.example/", challenge)
        control.expire_tokens()
        assert call.get("/users/me").object()["code"] == 124
        control.set_webhook(server.url + "/nowhere")
        control.validate_url()
        control.deauthorize()
        assert {one["event"] for one in control.deliver_webhooks(everything=True)} <= {
            "endpoint.url_validation",
            "app_deauthorized",
        }
        assert control.state()["url_validated"] is None


def test_mailboxes() -> None:
    """Mails of an address or of all, and faults of SMTP."""
    with serve(MailboxSimulator()) as server:
        control = MailboxControl(server.url)

        def send(to: str) -> None:
            with smtplib.SMTP("127.0.0.1", server.simulator.smtp_port) as client:
                client.sendmail("a@example.org", [to], "Subject: Hello\n\nhi")

        control.refuse("b@example.org")
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            send("b@example.org")
        control.accept("b@example.org")
        control.defer()
        with pytest.raises(smtplib.SMTPDataError):
            send("b@example.org")
        send("b@example.org")
        send("c@example.org")
        control.drop()
        with pytest.raises(smtplib.SMTPServerDisconnected):
            send("c@example.org")
        assert [len(control.mails(to)) for to in ("b@example.org", "c@example.org", "")] == [1, 2, 3]
