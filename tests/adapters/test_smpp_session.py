"""One connection to an SMSC over real sockets: answers by number, pushes in order, and what keeps it alive."""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from links import FIELDS, LONG, Taker, failed, linked, until
from servicekit.adapters.texts.smpp import session as session_module
from servicekit.errors import OutcomeUnknown
from smsc import Answer, Smsc


@pytest.fixture
def smsc() -> Iterator[Smsc]:
    """An SMSC on a port of its own."""
    with Smsc() as smsc:
        yield smsc


# Keeping alive


def test_a_silent_link_is_tested_and_a_deaf_smsc_is_left(smsc: Smsc) -> None:
    """enquire_link after silence; without its answer the link is bound anew, and what was unanswered is unknown."""
    with linked(smsc, enquiring=0.1) as link:
        assert link.submit(FIELDS, LONG)[0] == 0
        until(lambda: smsc.enquiries > 2)
        assert len(smsc.binds) == 1
        smsc.deaf = True
        assert type(failed(link)) is OutcomeUnknown
        smsc.deaf = False
        until(lambda: len(smsc.binds) > 1)
        assert link.submit(FIELDS, LONG)[0] == 0


def test_what_the_smsc_asks_is_answered(smsc: Smsc) -> None:
    """Its enquire_link; a command that there is none of, or none for us; responses to nothing are not."""
    with linked(smsc) as link:
        link.start()
        for command, number in ((0x15, 5), (0x1234, 6), (0x103, 7), (0x80000004, 8), (0x80000000, 9)):
            smsc.push(struct.pack(">LLLL", 16, command, 0, number))
        until(lambda: len(smsc.heard) == 3)
        assert link.submit(FIELDS, LONG)[0] == 0

    assert smsc.heard == [(0x80000015, 0, 5), (0x80000000, 3, 6), (0x80000000, 3, 7)]


def test_an_smsc_that_unbinds_is_bound_anew(smsc: Smsc) -> None:
    """After its unbind was answered."""
    with linked(smsc) as link:
        link.start()
        smsc.unbind()
        until(lambda: len(smsc.binds) == 2)
        assert link.submit(FIELDS, LONG)[0] == 0

    assert (0x80000006, 0, 77) in smsc.heard


# Being pushed to


def test_a_push_is_answered_with_what_it_was_taken_with(smsc: Smsc) -> None:
    """Only what is well is settled."""
    taker = Taker()
    with linked(smsc, taker) as link:
        link.start()
        assert smsc.deliver(short_message=b"one") == [0x80000005, 0]
        taker.status = 0x64
        assert smsc.deliver(short_message=b"two") == [0x80000005, 0x64]

    assert (taker.taken, taker.well, taker.losses) == ([b"one", b"two"], [b"one"], 1)


def test_a_push_that_waits_holds_up_no_answer_to_a_submit(smsc: Smsc) -> None:
    """Pushes are taken one after the other, in their order, beside everything else; too many are asked to come later."""
    taker = Taker(wait=threading.Event())
    with linked(smsc, taker) as link, ThreadPoolExecutor(3) as pool:
        link.start()
        first = pool.submit(smsc.deliver, short_message=b"1")
        until(lambda: taker.taken)
        assert link.submit(FIELDS, LONG)[0] == 0
        second = pool.submit(smsc.deliver, short_message=b"2")
        assert taker.taken == [b"1"]
        assert taker.wait is not None
        taker.wait.set()
        assert (first.result(), second.result()) == ([0x80000005, 0], [0x80000005, 0])

    assert taker.well == [b"1", b"2"]


def test_too_many_pushes_are_asked_to_come_later(smsc: Smsc, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that memory stays bounded."""
    monkeypatch.setattr(session_module, "MOST_WAITING", 1)
    taker = Taker(wait=threading.Event())
    with linked(smsc, taker) as link, ThreadPoolExecutor(3) as pool:
        link.start()
        first = pool.submit(smsc.deliver, short_message=b"1")
        until(lambda: taker.taken)
        rest = [pool.submit(smsc.deliver, short_message=b"2") for _ in range(2)]
        until(lambda: any(one.done() for one in rest))
        assert taker.wait is not None
        taker.wait.set()
        statuses = sorted(one.result()[1] for one in (first, *rest))

    assert statuses == [0, 0, 0x58]


def test_a_push_that_cannot_be_read_is_answered_so(smsc: Smsc) -> None:
    """Once and for all: it will not be better the next time."""
    taker = Taker()
    body = b"\0\1"
    with linked(smsc, taker) as link:
        link.start()
        smsc.push(struct.pack(">LLLL", 16 + len(body), 0x05, 0, 44) + body)
        until(lambda: smsc.heard)
        assert smsc.deliver(short_message=b"next") == [0x80000005, 0]

    assert smsc.heard == [(0x80000005, 2, 44)]
    assert taker.taken == [b"next"]


def test_an_unforeseen_error_ends_the_link_and_not_the_thread(smsc: Smsc, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, and the SMSC pushes once more."""
    taker = Taker(error=RuntimeError("a bug"))
    with linked(smsc, taker) as link:
        link.start()
        assert smsc.deliver(short_message=b"one") == []
        taker.error = None
        until(lambda: len(smsc.binds) == 2)
        assert smsc.deliver(short_message=b"one") == [0x80000005, 0]

    assert "a bug" in caplog.text


# Answers


def test_an_answer_that_comes_too_late_leaves_it_unknown(smsc: Smsc) -> None:
    """And disturbs nobody when it comes; the link stays up."""
    gate = threading.Event()
    smsc.answers.append(Answer(after=gate))
    with linked(smsc) as link:
        assert type(failed(link, 0.2)) is OutcomeUnknown
        gate.set()
        assert link.submit(FIELDS, LONG) == (0, smsc.ids[1])

    assert len(smsc.binds) == 1


@pytest.mark.parametrize("octets", [b"HTTP/1.1 400 Bad Request\r\n\r\n", struct.pack(">LLLL", 3, 5, 0, 1)])
def test_what_is_no_smpp_ends_the_link(smsc: Smsc, octets: bytes) -> None:
    """It is bound anew."""
    with linked(smsc) as link:
        assert link.submit(FIELDS, LONG)[0] == 0
        smsc.push(octets)
        until(lambda: len(smsc.binds) == 2)
        assert link.submit(FIELDS, LONG)[0] == 0
