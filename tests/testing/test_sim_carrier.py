"""What the simulated carriers have in common, shown on the simulated Twilio."""

from __future__ import annotations

import pytest
from sim_helpers import NOON, PHONE, Caller, Hooks, noon

from servicekit.ports.http import basic
from servicekit.testing.simulators import CarrierControl, Outcome, TwilioSimulator, serve
from servicekit.testing.simulators.carrier import CarrierSimulator

OURS = "+46766860001"
HOOK = "https://hook:pa%73s@gateway.example/sms?key=k"


def send(carrier: TwilioSimulator, to: str = PHONE) -> str:
    """Send a text; gives its id."""
    call = Caller(carrier, "https://api.twilio.com/2010-04-01", basic(carrier.account_sid, carrier.auth_token))
    answer = call.form(f"/Accounts/{carrier.account_sid}/Messages.json", From="Salon", To=to, Body="hello")
    return str(answer.object()["sid"])


@pytest.fixture
def carrier() -> TwilioSimulator:
    """A carrier whose clock stands at noon and whose calls are taken."""
    return TwilioSimulator(numbers={OURS: HOOK}, clock=noon, post=Hooks())


def test_a_handset_holds_what_arrived(carrier: TwilioSimulator) -> None:
    """With its time and the single SMS it came in; another number's is empty."""
    send(carrier)

    (text,) = carrier.handset(PHONE)
    assert (text.at, text.sender, text.text, text.parts) == (NOON, "Salon", "hello", ("hello",))
    assert carrier.handset(OURS) == ()


def test_what_becomes_of_texts_to_a_number_is_said_beforehand(carrier: TwilioSimulator) -> None:
    """They arrive where nothing was said; no other outcomes than those are known."""
    carrier.set_outcome(PHONE, "held")
    send(carrier)

    assert (carrier.outcome(PHONE), carrier.outcome(OURS)) == (Outcome.HELD, Outcome.DELIVERED)
    assert carrier.handset(PHONE) == ()
    with pytest.raises(ValueError, match="lost"):
        carrier.set_outcome(PHONE, "lost")


def test_its_state_shows_no_credentials(carrier: TwilioSimulator) -> None:
    """The handsets and our numbers, with the URLs that they are posted to."""
    send(carrier)

    state = carrier.state()
    assert state["numbers"] == {OURS: "https://gateway.example/sms?key=k"}
    assert [text["text"] for text in state["handsets"][PHONE]] == ["hello"]


def test_one_client_steers_them_all() -> None:
    """Numbers, outcomes, reports, answers and handsets over HTTP."""
    with serve(TwilioSimulator()) as server:
        control = CarrierControl(server.url)
        control.set_number(OURS, "")
        control.set_outcome(PHONE, Outcome.HELD)
        text = send(server.simulator)
        control.report(text, "delivered")
        assert [one.text for one in control.handset(PHONE)] == ["hello"]
        assert control.answer_from_mobile(PHONE, OURS, "hi").startswith("SM")
        with pytest.raises(ValueError, match="KeyError"):
            control.answer_from_mobile(PHONE, "+46700000000", "hi")
        assert server.simulator.numbers == {OURS: ""}


def test_each_carrier_says_how_it_reports_and_passes_on() -> None:
    """The base has no vendor's way of its own."""

    class Bare(CarrierSimulator):
        """A carrier that says nothing of itself."""

    bare = Bare()
    with pytest.raises(NotImplementedError):
        bare.report("1", "delivered")
    with pytest.raises(NotImplementedError):
        bare.answer_from_mobile(PHONE, OURS, "hi")
