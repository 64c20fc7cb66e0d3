"""The link to an SMSC over real sockets: bound, lost and bound anew; what is answered, and what nobody can know."""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from attrs import define, evolve, field

from servicekit.adapters.texts.smpp import link as link_module
from servicekit.adapters.texts.smpp import session as session_module
from servicekit.adapters.texts.smpp.link import Address, Link
from servicekit.errors import OutcomeUnknown, OutsideError, Rejected, Unreachable
from servicekit.ports.texts import refuses_account
from smsc import Answer, Smsc

LONG = 20.0
FIELDS: dict[str, object] = {"source_addr": "Salon", "destination_addr": "41791234567", "short_message": b"hi"}


def until(true: Callable[[], object]) -> None:
    """Wait for something that comes soon."""
    ends = time.monotonic() + LONG
    while not true():
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.01)


@define
class Taker:
    """Takes what is pushed."""

    status: int = 0
    error: Exception | None = None
    wait: threading.Event | None = None
    taken: list[bytes] = field(factory=list)
    well: list[bytes] = field(factory=list)
    losses: int = 0

    def deliver(self, pdu: Any, tlvs: dict[str, str]) -> int:
        """Take one."""
        del tlvs
        self.taken.append(pdu.short_message)
        if self.wait is not None:
            self.wait.wait(LONG)
        if self.error is not None:
            raise self.error
        return self.status

    def settled(self, pdu: Any, tlvs: dict[str, str]) -> None:
        """It was answered."""
        del tlvs
        self.well.append(pdu.short_message)

    def lost(self) -> None:
        """The link was lost."""
        self.losses += 1


@pytest.fixture
def smsc() -> Iterator[Smsc]:
    """An SMSC on a port of its own."""
    with Smsc() as smsc:
        yield smsc


@contextmanager
def linked(smsc: Smsc, taker: Taker | None = None, **more: Any) -> Iterator[Link]:
    """A link that binds anew quickly."""
    address = Address(
        vendor="smpp",
        host="127.0.0.1",
        port=smsc.port,
        system_id=smsc.system_id,
        password=smsc.password,
        pauses=(0.05, 0.1),
    )
    one = taker or Taker()
    link = Link(evolve(address, **more), one)
    try:
        yield link
    finally:
        link.close()


def failed(link: Link, seconds: float = LONG) -> OutsideError:
    """The error that a submit ends in."""
    with pytest.raises(OutsideError) as caught:
        link.submit(FIELDS, seconds)
    return caught.value


# Submitting


def test_it_binds_when_it_is_needed_and_submits(smsc: Smsc) -> None:
    """As a transceiver, once; each submit is answered with an id."""
    with linked(smsc) as link:
        assert smsc.binds == []
        ids = [link.submit(FIELDS, LONG) for _ in range(3)]

    assert smsc.binds == [(smsc.system_id, smsc.password)]
    assert ids == [(0, one) for one in smsc.ids]
    assert [submit.short_message for submit in smsc.submits] == [b"hi"] * 3
    assert smsc.unbinds == 1


def test_many_threads_submit_at_once_and_each_gets_its_own_answer(smsc: Smsc) -> None:
    """Within the window; answers are told apart by their number."""
    with linked(smsc, window=4) as link, ThreadPoolExecutor(16) as pool:
        sent = [{**FIELDS, "short_message": str(number).encode()} for number in range(100)]
        answers = list(pool.map(lambda fields: link.submit(fields, LONG), sent))

    by_id = dict(zip(smsc.ids, (submit.short_message for submit in smsc.submits), strict=True))
    assert [by_id[message_id] for _, message_id in answers] == [fields["short_message"] for fields in sent]


def test_a_refusal_is_a_status_and_a_nack_too(smsc: Smsc) -> None:
    """Also one of the SMSC's own; the link stays up."""
    smsc.answers += [Answer(status=0x0B), Answer(status=0x401), Answer(nack=True, status=0x02), Answer(nack=True)]
    with linked(smsc) as link:
        assert [link.submit(FIELDS, LONG)[0] for _ in range(5)] == [0x0B, 0x401, 0x02, 0x08, 0]

    assert len(smsc.binds) == 1


def test_what_a_lost_link_left_unanswered_is_unknown(smsc: Smsc) -> None:
    """All of it; and the next submit goes over a new link."""
    gate = threading.Event()
    smsc.answers += [Answer(lose="answer", taken=True)] * 3 + [Answer(lose="link", taken=True, after=gate)]
    with linked(smsc) as link, ThreadPoolExecutor(4) as pool:
        errors = [pool.submit(failed, link) for _ in range(4)]
        until(lambda: len(smsc.asked) == 4)
        gate.set()
        assert {type(error.result()) for error in errors} == {OutcomeUnknown}
        assert link.submit(FIELDS, LONG)[0] == 0

    assert len(smsc.binds) == 2
    assert len(smsc.submits) == 5


def test_an_answer_that_comes_too_late_leaves_it_unknown(smsc: Smsc) -> None:
    """And disturbs nobody when it comes; the link stays up."""
    gate = threading.Event()
    smsc.answers.append(Answer(after=gate))
    with linked(smsc) as link:
        assert type(failed(link, 0.2)) is OutcomeUnknown
        gate.set()
        assert link.submit(FIELDS, LONG) == (0, smsc.ids[1])

    assert len(smsc.binds) == 1


@pytest.mark.parametrize("message_id", [" ", "\0"])
def test_a_submit_that_was_taken_without_an_id_is_unknown(smsc: Smsc, message_id: str) -> None:
    """No receipt could ever be about it."""
    smsc.answers.append(Answer(message_id=message_id))
    with linked(smsc) as link:
        error = failed(link)

    assert (type(error), error.code) == (OutcomeUnknown, "unreadable_answer")


def test_an_answer_that_is_cut_off_is_unknown(smsc: Smsc) -> None:
    """It was taken, under an id that nobody can read."""
    body = b"a1\0\x04"
    smsc.answers.append(Answer(lose="answer", taken=True))
    with linked(smsc) as link, ThreadPoolExecutor(1) as pool:
        error = pool.submit(failed, link)
        until(lambda: smsc.asked)
        number = smsc.asked[0].sequence_number
        smsc.push(struct.pack(">LLLL", 16 + len(body), 0x80000004, 0, number) + body)

        assert error.result().code == "unreadable_answer"


def test_a_full_window_is_waited_for_and_then_nothing_was_sent(smsc: Smsc) -> None:
    """``Unreachable``: it may be tried again."""
    gate = threading.Event()
    smsc.answers.append(Answer(after=gate))
    with linked(smsc, window=1) as link, ThreadPoolExecutor(1) as pool:
        first = pool.submit(link.submit, FIELDS, LONG)
        until(lambda: smsc.asked)
        assert type(failed(link, 0.1)) is Unreachable
        gate.set()
        assert first.result()[0] == 0

    assert len(smsc.asked) == 1


# Binding


def test_where_nobody_listens_nothing_was_sent(smsc: Smsc) -> None:
    """It is said at once, also between the tries; when somebody listens again, it goes."""
    smsc.down()
    with linked(smsc, pauses=(0.2,)) as link:
        assert {type(failed(link)) for _ in range(3)} == {Unreachable}
        smsc.up()
        until(smsc.bound.is_set)
        assert link.submit(FIELDS, LONG)[0] == 0


@pytest.mark.parametrize(
    ("status", "error"),
    [(0x0E, Rejected), (0x0D, Rejected), (0x0F, Rejected), (0x53, Rejected), (0x08, Unreachable), (-1, Unreachable)],
)
def test_a_refused_bind_says_whose_no_it_is(smsc: Smsc, status: int, error: type[OutsideError]) -> None:
    """Password and names are no to all of us; a busy SMSC is merely out of reach. It is tried again with pauses."""
    smsc.bind_status = status
    with linked(smsc) as link:
        caught = failed(link)
        assert type(caught) is error
        assert isinstance(caught, Rejected) is (isinstance(caught, Rejected) and refuses_account(caught))
        assert str(caught.facts["status"]).startswith("0x")
        assert smsc.password not in f"{caught!r} {caught.facts}"
        until(lambda: len(smsc.binds) > 3)
        smsc.bind_status = 0
        until(smsc.bound.is_set)
        assert link.submit(FIELDS, LONG)[0] == 0


def test_a_bind_that_is_not_answered_in_time_is_none(smsc: Smsc) -> None:
    """Who waits for it hears so, at the latest when the time is up; nothing was sent."""
    smsc.bind_status = -2
    with linked(smsc, connecting=0.5) as link:
        assert type(failed(link, 0.1)) is Unreachable
        assert type(failed(link, LONG)) is Unreachable
        until(lambda: len(smsc.binds) > 1)

    assert smsc.asked == []


def test_what_comes_before_the_bind_is_answered_is_passed_over(smsc: Smsc) -> None:
    """Some SMSCs greet."""
    smsc.greeting = struct.pack(">LLLL", 16, 0x15, 0, 1)
    with linked(smsc) as link:
        assert link.submit(FIELDS, LONG)[0] == 0


@pytest.mark.parametrize("octets", [b"HTTP/1.1 400 Bad Request\r\n\r\n", struct.pack(">LLLL", 3, 5, 0, 1)])
def test_what_is_no_smpp_ends_the_link(smsc: Smsc, octets: bytes) -> None:
    """It is bound anew."""
    with linked(smsc) as link:
        assert link.submit(FIELDS, LONG)[0] == 0
        smsc.push(octets)
        until(lambda: len(smsc.binds) == 2)
        assert link.submit(FIELDS, LONG)[0] == 0


def test_a_link_that_held_is_bound_anew_at_once(smsc: Smsc) -> None:
    """Without the pause that follows a failure."""
    with linked(smsc, pauses=(0.001, 3600.0)) as link:
        for number in range(1, 4):
            assert link.submit(FIELDS, LONG)[0] == 0
            time.sleep(0.01)
            smsc.cut()
            until(lambda number=number: len(smsc.binds) == number + 1)  # type: ignore[misc]


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


# Ending


def test_a_link_that_was_never_needed_ends_at_once(smsc: Smsc) -> None:
    """It may be closed twice, and does nothing any more."""
    with linked(smsc) as link:
        link.close()
        assert type(failed(link)) is Unreachable
        with pytest.raises(Unreachable):
            link.start()

    assert smsc.binds == []


def test_closing_leaves_nobody_waiting(smsc: Smsc) -> None:
    """What is unanswered is unknown; what waits for the window was not sent."""
    smsc.answers.append(Answer(lose="answer", taken=True))
    with linked(smsc, window=1) as link, ThreadPoolExecutor(2) as pool:
        first = pool.submit(failed, link)
        until(lambda: smsc.asked)
        second = pool.submit(failed, link)
        link.close()
        assert type(first.result()) is OutcomeUnknown
        assert type(second.result()) is Unreachable

    assert smsc.unbinds == 1


def test_a_deaf_smsc_and_a_dead_one_do_not_hold_up_the_end(smsc: Smsc, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unbinding is waited for a moment; in the pause between tries there is nothing to wait for."""
    monkeypatch.setattr(link_module, "_LAST_WORDS", 0.1)
    with linked(smsc) as link:
        assert link.submit(FIELDS, LONG)[0] == 0
        smsc.deaf = True
    smsc.down()
    with linked(smsc, pauses=(3600.0,)) as link:
        assert type(failed(link)) is Unreachable

    assert smsc.unbinds == 0
