"""What the SMSC pushes: what each end is answered with, and which pushes are one event."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import SimpleNamespace

import pytest
from attrs import define, field

from servicekit.adapters.texts.smpp import receiving
from servicekit.adapters.texts.smpp.receiving import HEADER, OK, PERMANENT, TEMPORARY, Receiver
from servicekit.errors import Misshapen


@define
class Application:
    """Notes what it is handed, and fails on demand. ``now`` is the receiver's clock."""

    error: Exception | None = None
    events: list[str] = field(factory=list)
    calls: list[tuple[str, Mapping[str, str], bytes]] = field(factory=list)
    now: float = 0.0

    def __call__(self, name: str, headers: Mapping[str, str], body: bytes) -> None:
        """As ``kit.receive``."""
        self.calls.append((name, headers, body))
        self.events.append(json.loads(body)["event"])
        if self.error is not None:
            raise self.error


@pytest.fixture
def application() -> Application:
    """At the beginning of time."""
    return Application()


@pytest.fixture
def receiver(application: Application) -> Receiver:
    """In front of it."""
    receiver = Receiver("smpp", clock=lambda: application.now)
    receiver.receive = application
    return receiver


def pushed(text: bytes | None = b"Ja", **more: object) -> SimpleNamespace:
    """A deliver_sm as the codec reads it."""
    fields = {"source_addr": b"41791234567", "destination_addr": None, "esm_class": 0, "data_coding": 0}
    return SimpleNamespace(**{**fields, "short_message": text, **more})


def push(receiver: Receiver, text: bytes = b"Ja", tlvs: dict[str, str] | None = None) -> int:
    """One push, answered and settled as a link does."""
    status = receiver.deliver(pushed(text), tlvs or {})
    if status == OK:
        receiver.settled(pushed(text), tlvs or {})
    return status


def test_the_application_is_handed_the_fields_and_the_proof(receiver: Receiver, application: Application) -> None:
    """Octets as hexadecimal digits; an address or a text that is absent is empty."""
    assert receiver.deliver(pushed(None), {"0427": "02"}) == OK

    ((name, headers, body),) = application.calls
    assert (name, headers) == ("smpp", {HEADER: receiver.token})
    told = json.loads(body)
    assert told.pop("event")
    assert told == {
        "source": "41791234567",
        "destination": "",
        "esm_class": 0,
        "data_coding": 0,
        "message": "",
        "tlvs": {"0427": "02"},
    }


def test_each_end_has_its_answer(receiver: Receiver, application: Application) -> None:
    """Well, come later, never; and come later where nobody listens."""
    assert push(receiver) == OK
    application.error = RuntimeError("down")
    assert push(receiver) == TEMPORARY
    application.error = Misshapen("no id")
    assert push(receiver) == PERMANENT
    receiver.receive = None
    assert push(receiver) == TEMPORARY
    assert len(application.calls) == 3


def test_equal_texts_that_were_answered_well_are_two(receiver: Receiver, application: Application) -> None:
    """People repeat themselves."""
    push(receiver)
    push(receiver)

    assert len(set(application.events)) == 2


def test_what_was_not_answered_well_is_the_same_event_when_it_comes_again(
    receiver: Receiver, application: Application
) -> None:
    """However often, and however late; other words, or other TLVs, are other texts."""
    application.error = RuntimeError("down")
    push(receiver)
    push(receiver, b"Nej")
    push(receiver, tlvs={"020e": "02"})
    application.error, application.now = None, 1e6
    push(receiver)
    push(receiver)

    first, another, part, again, new = application.events
    assert first == again
    assert len({first, another, part, new}) == 4


@pytest.mark.parametrize(
    ("before", "after", "same"), [(0.0, 0.0, True), (30.0, 600.0, True), (30.1, 0.0, False), (0.0, 600.1, False)]
)
def test_an_answer_just_before_a_lost_link_may_not_have_arrived(
    receiver: Receiver, application: Application, before: float, after: float, *, same: bool
) -> None:
    """So an equal push soon after is the same event, once; an older answer has arrived, and later it is a new text."""
    push(receiver)
    application.now += before
    receiver.lost()
    application.now += after
    push(receiver)
    push(receiver)

    first, second, third = application.events
    assert (first == second) is same
    assert third not in {first, second}


def test_memory_stays_bounded(receiver: Receiver, application: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest are forgotten: at worst a text is shown twice."""
    monkeypatch.setattr(receiving, "_REMEMBERED", 2)
    for number in range(5):
        push(receiver, b"%d" % number)
    receiver.lost()
    for number in range(5):
        push(receiver, b"%d" % number)
    assert [first == second for first, second in zip(application.events[:5], application.events[5:], strict=True)] == [
        False,
        False,
        False,
        True,
        True,
    ]

    application.error = RuntimeError("down")
    for number in range(5, 10):
        push(receiver, b"%d" % number)
    del application.events[:]
    push(receiver, b"5")
    push(receiver, b"5")
    assert len(set(application.events)) == 1
