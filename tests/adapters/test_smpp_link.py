"""The link to an SMSC over real sockets: bound when it is needed, lost and bound anew; and what nobody can know."""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from links import FIELDS, LONG, failed, linked, until
from servicekit.adapters.texts.smpp import link as link_module
from servicekit.errors import OutcomeUnknown, OutsideError, Rejected, Unreachable
from servicekit.ports.texts import refuses_account
from smsc import Answer, Smsc


@pytest.fixture
def smsc() -> Iterator[Smsc]:
    """An SMSC on a port of its own."""
    with Smsc() as smsc:
        yield smsc


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


def test_a_link_that_held_is_bound_anew_at_once(smsc: Smsc) -> None:
    """Without the pause that follows a failure."""
    with linked(smsc, pauses=(0.001, 3600.0)) as link:
        for number in range(1, 4):
            assert link.submit(FIELDS, LONG)[0] == 0
            time.sleep(0.01)
            smsc.cut()
            until(lambda number=number: len(smsc.binds) == number + 1)  # type: ignore[misc]


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
