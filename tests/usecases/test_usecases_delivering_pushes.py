"""Posting what is new: in order for one message, again after every failure, given up by a person's word only."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

import receivers
from desk import DAY, HOUR, MINUTE, MOBILE, OURS
from processes import race, run
from receivers import Office, office, receiving
from servicekit import Principal
from servicekit.errors import Forged
from servicekit.groups import AddUsers, SetAdmins
from servicekit.messages import Message, SearchLog, SendText, Settled, SettleText
from servicekit.outbox.effects import DiscardEffect, EffectState, ListEffects, RetryEffect
from servicekit.ports.store import transact
from servicekit.push import LANES, GetPush, Push, PushForm, RemovePush, RotatePushSecret, lane_of, verify

SECOND = timedelta(seconds=1)
FIRST_PAUSE = timedelta(seconds=8)  # five seconds, and up to a quarter of it, and up to a second


@pytest.fixture
def it(database_url: str) -> Iterator[Office]:
    """An office that pushes, on either database."""
    with office(database_url) as made:
        made.push()
        yield made


@pytest.fixture
def one() -> Iterator[Office]:
    """The same on SQLite alone."""
    with office() as made:
        made.push()
        yield made


def how(it: Office) -> Push:
    """How the root's target fares."""
    found = it.kit.ask(GetPush(it.root.id), by=it.anna)
    assert found is not None
    return found


def in_lane(it: Office, lane: int) -> Message:
    """A text of Anna's in a stated lane; those of other lanes are sent as well."""
    while True:
        message = it.send()
        if lane_of(message.id) == lane:
            return message


# What comes


@pytest.mark.spec("M-33")
def test_changed_statuses_and_texts_that_come_in_are_posted(it: Office) -> None:
    """Each once, in order, under the field names of the old call, with a proof of its own."""
    message = it.send()
    it.kit.deliver()
    it.hear("p1 BUFFERED")
    it.hear("p1 DELIVERED")
    it.hear(f"in1 {MOBILE} {OURS[0]} På väg & snart där")
    it.kit.deliver()

    of_message = [call.said for call in it.receiver.calls if call.said["id"] == message.id]
    assert of_message == [
        {"id": message.id, "value": value, "phone_number": MOBILE} for value in ("SENT", "BUFFERED", "DELIVERED")
    ]
    (came,) = [call.said for call in it.receiver.calls if call.said["id"] != message.id]
    assert (came["value"], came["phone_number"], came["message"]) == ("INCOMING", MOBILE, "På väg & snart där")
    assert len(set(it.verified())) == 4
    assert how(it).waiting == 0
    assert it.effects(EffectState.DUE) == []


def test_a_report_that_changes_nothing_is_no_event(it: Office) -> None:
    """A late one, one that is told twice, one in a word that nobody knows."""
    it.send()
    it.kit.deliver()
    for line in ("p1 DELIVERED", "p1 SENT", "p1 DELIVERED", "p1 UNKNOWN"):
        it.hear(line)
    it.kit.deliver()

    assert it.receiver.statuses() == ["SENT", "DELIVERED"]


def test_a_text_that_nobody_knows_of_is_told_so_once(one: Office) -> None:
    """And once more when a person has said what became of it."""
    one.pigeons.lost = 1
    message = one.send()
    one.wait(MINUTE)
    one.wait(HOUR)
    assert one.receiver.statuses() == ["UNKNOWN"]

    dead = one.kit.ask(ListEffects(organisation=one.root.id), by=one.anna)
    one.kit.perform(RetryEffect(dead[0].id), by=one.anna)
    one.kit.deliver()
    one.kit.perform(SettleText(message=message.id, outcome=Settled.SEND_AGAIN), by=one.anna)
    one.kit.deliver()
    (line,) = one.kit.ask(SearchLog(group=one.root.id), by=one.anna).messages
    assert one.receiver.statuses() == ["UNKNOWN", "QUEUED", "SENT"]
    assert line.shown == "SENT"


def test_json_says_more(one: Office) -> None:
    """In the shape of Standard Webhooks, with the content type that goes with it."""
    one.push(form=PushForm.JSON)
    message = one.send()
    one.kit.deliver()

    (call,) = one.receiver.calls
    assert call.headers["content-type"] == "application/json"
    assert json.loads(call.body) == {
        "type": "message.status",
        "timestamp": str(one.clock.now()),
        "data": {
            "id": message.id,
            "group": one.root.id,
            "user": one.admin.id,
            "direction": "out",
            "phone_number": MOBILE,
            "status": "SENT",
            "segments": 1,
        },
    }
    assert one.verified() == [call.id]


def test_while_a_secret_rotates_either_proves(one: Office) -> None:
    """The old one until the overlap is over, to the moment."""
    old = one.secret
    one.secret = one.kit.perform(RotatePushSecret(group=one.root.id, overlap=HOUR), by=one.anna).secret or ""
    one.send()
    one.wait(HOUR - SECOND)
    (both,) = one.receiver.calls
    for secret in (old, one.secret):
        assert verify(both.headers, both.body, secret, one.clock.now()) == both.id
    one.send()
    one.wait(SECOND)

    new = one.receiver.calls[1]
    assert verify(new.headers, new.body, one.secret, one.clock.now()) == new.id
    with pytest.raises(Forged):
        verify(new.headers, new.body, old, one.clock.now())


# Again


def test_a_lost_answer_is_the_same_event_again(it: Office) -> None:
    """Under the same id and with the same body, signed anew; then it is done with."""
    it.receiver.answers.append("nothing")
    it.send()
    assert it.kit.deliver().again == 1
    it.kit.deliver()
    assert len(it.receiver.calls) == 1
    assert "no whole answer" in how(it).trouble
    it.wait(FIRST_PAUSE)

    first, second = it.receiver.calls
    assert (first.id, first.body) == (second.id, second.body)
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    assert (how(it).waiting, how(it).trouble, how(it).paused_until) == (0, "", None)
    it.wait(DAY)
    assert len(it.receiver.calls) == 2


def test_a_later_status_never_overtakes_an_earlier_one(it: Office) -> None:
    """While the first is tried again and again, those that follow it wait; other messages go on."""
    message = it.send()
    it.receiver.answers.extend([500, 500])
    it.kit.deliver()
    it.hear("p1 BUFFERED")
    it.hear("p1 DELIVERED")
    it.receiver.no_to = message.id
    other = it.send()
    it.kit.deliver()
    it.wait(HOUR)
    it.wait(HOUR)
    assert {call.said["value"] for call in it.receiver.calls if call.said["id"] == message.id} == {"SENT"}
    assert (other.id, "SENT") in it.receiver.taken()
    assert how(it).trouble.endswith("answered 500")

    it.receiver.no_to = ""
    it.wait(4 * HOUR)
    assert [value for key, value in it.receiver.taken() if key == message.id] == ["SENT", "BUFFERED", "DELIVERED"]
    assert how(it).waiting == 0


@pytest.mark.parametrize("answer", [429, 502, 503, 504, "nothing"])
def test_who_does_not_answer_is_left_alone_and_then_tried_by_one(one: Office, answer: int | str) -> None:
    """With twenty events waiting in all lanes it is one call a pause, and the pauses grow; once it is back all come at once."""
    one.receiver.always = answer
    for _ in range(20):
        one.send()
    one.kit.deliver()
    assert len(one.receiver.calls) <= LANES
    for hour in range(1, 7):
        before = len(one.receiver.calls)
        one.wait(HOUR)
        assert len(one.receiver.calls) - before <= 1, hour
    assert how(one).waiting == 20

    one.receiver.always = 204
    one.wait(4 * HOUR)
    assert (how(one).waiting, len(one.receiver.taken())) == (0, 20)


def test_a_receiver_may_say_when_to_come_again(one: Office) -> None:
    """It is not tried before; but no longer than the longest pause is obeyed."""
    date = "Wed, 25 Nov 2026 12:00:00 GMT"
    one.receiver.answers.append((429, {"retry-after": "1800", "date": date}))
    one.send()
    one.kit.deliver()
    one.wait(1799 * SECOND)
    assert len(one.receiver.calls) == 1
    one.receiver.answers.append((503, {"retry-after": "Fri, 25 Nov 2033 12:00:00 GMT"}))
    one.wait(2 * SECOND)
    assert len(one.receiver.calls) == 2
    one.wait(4 * HOUR + SECOND)
    assert len(one.receiver.calls) == 3
    assert how(one).waiting == 0


@pytest.mark.parametrize("status", [301, 307, 308])
def test_redirects_are_not_followed(one: Office, status: int) -> None:
    """They are a no: what is new goes to the address that was named, and to no other."""
    with receiving() as elsewhere:
        one.receiver.always = (status, {"location": elsewhere.url})
        one.send()
        one.kit.deliver()
        one.wait(HOUR)

        assert len(one.receiver.calls) == 2
        assert elsewhere.calls == []
        assert how(one).trouble.endswith(f"answered {status}")


def test_a_slow_receiver_holds_up_nobody_else(one: Office) -> None:
    """It has one push in flight for each lane; another group's go past it meanwhile."""
    other = one.group("Other")
    with receiving() as fast:
        one.receiver.gate = threading.Event()
        for lane in range(LANES):
            in_lane(one, lane)
        relay = threading.Thread(target=one.kit.deliver)
        relay.start()
        for _ in range(LANES):
            assert one.receiver.began.acquire(timeout=60)
        one.push(other, url=fast.url)
        (added,) = one.kit.perform(AddUsers(group=other.id, addresses=("max@desk.example",)), by=one.anna)
        assert added.user is not None
        one.kit.perform(SendText(user=added.user, to=MOBILE, text="Hej"), by=Principal.of(added.user))
        assert fast.began.acquire(timeout=60)
        assert len(one.receiver.calls) == LANES
        one.receiver.gate.set()
        relay.join()

    assert fast.statuses() == ["SENT"]
    assert how(one).waiting == 0


@pytest.mark.parametrize("before", [True, False], ids=["before it leaves", "after it is answered"])
def test_a_relay_that_is_killed_loses_nothing(it: Office, database_url: str, *, before: bool) -> None:
    """Another relay posts the event once the lease is over, under the same id; at least once, and nothing after it."""
    it.send()
    assert it.kit.relay().step() is not None  # the text itself
    assert run(receivers.deliver_and_die, database_url, it.clock.now(), before) == -signal.SIGKILL
    it.kit.deliver()
    assert len(it.receiver.calls) == (0 if before else 1)
    it.wait(2 * MINUTE)

    assert len(it.receiver.calls) == (1 if before else 2)
    assert len({(call.id, call.body) for call in it.receiver.calls}) == 1
    it.wait(DAY)
    assert len(it.receiver.calls) == (1 if before else 2)


def test_relays_beside_each_other_keep_the_order(it: Office, database_url: str) -> None:
    """Four processes on the same events: each message's come in order, and each once."""
    messages = [it.send().id for _ in range(8)]
    it.receiver.always = 503
    it.kit.deliver()
    for number in range(1, 9):
        for status in ("BUFFERED", "DELIVERED"):
            it.hear(f"p{number} {status}")
    it.receiver.always = 204
    it.clock.advance(HOUR)
    it.kit.relay().step()
    race(receivers.deliver_once, database_url, it.clock.now(), count=4)
    it.kit.deliver()

    assert how(it).waiting == 0
    for message in messages:
        assert [value for key, value in it.receiver.taken() if key == message] == ["SENT", "BUFFERED", "DELIVERED"]


# Given up


def days(it: Office, count: int = 5) -> None:
    """So many days go by, in which whatever is due is delivered in time."""
    it.wait_through(count * DAY)


def dead(it: Office) -> list[str]:
    """What the dead letters are about."""
    return sorted(one.subject for one in it.kit.ask(ListEffects(organisation=it.root.id), by=it.anna))


def told(it: Office) -> list[str]:
    """Who has been mailed about pushes."""
    return [mail.to[0] for mail in it.pile.mails if b"Pushes of" in mail.raw]


def test_a_receiver_that_stays_away_is_given_up_and_its_events_are_kept(it: Office) -> None:
    """After three days of pauses; the administrators are mailed once. A person's retry brings all of them, in order."""
    message = it.send()
    it.receiver.always = "nothing"
    it.kit.deliver()
    days(it, 2)
    assert dead(it) == []
    days(it, 3)
    assert dead(it) == [f"{it.root.id}/{lane_of(message.id)}"]
    assert told(it) == ["anna@desk.example"]
    assert b"127.0.0.1" in it.pile.mails[-1].raw
    assert b"/texts" not in it.pile.mails[-1].raw
    calls = len(it.receiver.calls)
    days(it, 3)
    assert len(it.receiver.calls) == calls

    it.receiver.always = 204
    (letter,) = it.kit.ask(ListEffects(organisation=it.root.id), by=it.anna)
    assert "given up after" in letter.trouble
    it.kit.perform(RetryEffect(letter.id), by=it.anna)
    it.kit.deliver()
    assert it.receiver.taken() == [(message.id, "SENT")]
    assert dead(it) == []


def test_what_was_given_up_comes_with_what_is_new(one: Office) -> None:
    """An event in any lane that is taken wakes the others, also those that were given up."""
    one.receiver.always = "nothing"
    for lane in range(LANES):
        in_lane(one, lane)
    one.kit.deliver()
    days(one, 6)
    assert dead(one) != []
    waiting = how(one).waiting
    one.receiver.always = 204
    one.send()
    days(one, 1)

    assert (how(one).waiting, dead(one)) == (0, [])
    assert len(one.receiver.taken()) == waiting + 1


def test_an_event_that_is_never_taken_is_given_up_alone(it: Office) -> None:
    """Its message is the dead letter; others go on. A retry puts it back into its place, before what came later."""
    message = it.send()
    it.receiver.no_to = message.id
    it.kit.deliver()
    it.hear("p1 DELIVERED")
    days(it)
    assert dead(it) == [message.id]
    assert (how(it).waiting, how(it).given_up) == (2, 1)
    assert told(it) == ["anna@desk.example"]
    other = it.send()
    it.kit.deliver()
    assert it.receiver.calls[-1].said["id"] == other.id

    it.receiver.no_to = ""
    (letter,) = it.kit.ask(ListEffects(organisation=it.root.id), by=it.anna)
    it.kit.perform(RetryEffect(letter.id), by=it.anna)
    it.kit.deliver()
    assert it.receiver.statuses()[-2:] == ["SENT", "DELIVERED"]
    assert (how(it).waiting, how(it).given_up, dead(it)) == (0, 0, [])


def test_administrators_are_mailed_once_a_day_at_most(one: Office) -> None:
    """However many messages are given up."""
    one.receiver.always = 500
    for _ in range(6):
        one.send()
    one.kit.deliver()
    one.kit.perform(AddUsers(group=one.root.id, addresses=("max@desk.example",)), by=one.anna)
    one.kit.perform(SetAdmins(group=one.root.id, emails=("anna@desk.example", "max@desk.example")), by=one.anna)
    days(one)

    assert len(dead(one)) == 6
    assert sorted(told(one)) == ["anna@desk.example", "max@desk.example"]


def test_without_mail_it_is_only_a_dead_letter() -> None:
    """And nothing fails for want of a mail server."""
    with office(mailed=False) as it:
        it.push()
        message = it.send()
        it.receiver.always = 400
        it.kit.deliver()
        days(it)
        assert dead(it) == [message.id]


@pytest.mark.parametrize("answer", [500, "nothing"], ids=["a message", "a lane"])
def test_what_is_discarded_is_never_sent(one: Office, answer: int | str) -> None:
    """And holds nothing back any more."""
    message = one.send()
    one.receiver.always = answer
    one.kit.deliver()
    days(one)
    (letter,) = one.kit.ask(ListEffects(organisation=one.root.id), by=one.anna)
    one.kit.perform(DiscardEffect(letter.id), by=one.anna)
    one.receiver.always = 204
    calls = len(one.receiver.calls)
    one.hear("p1 DELIVERED")
    days(one, 1)

    assert [call.said for call in one.receiver.calls[calls:]] == [
        {"id": message.id, "value": "DELIVERED", "phone_number": MOBILE}
    ]
    assert how(one).waiting == 0


# Changed meanwhile


def test_what_waits_goes_to_another_url_at_once(one: Office) -> None:
    """Signed with that one's secret."""
    one.receiver.always = "nothing"
    one.send()
    one.kit.deliver()
    with receiving() as new:
        one.push(url=new.url)
        one.kit.deliver()
        (call,) = new.calls
        assert verify(call.headers, call.body, one.secret, one.clock.now()) == call.id
        assert len(one.receiver.calls) == 1


@pytest.mark.parametrize("answer", [204, 500, "nothing"])
def test_a_target_may_be_removed_while_it_is_called(one: Office, answer: int | str) -> None:
    """Then nothing is left of what waited for it, and nothing more is sent."""
    one.receiver.always = answer
    one.receiver.gate = threading.Event()
    one.send()
    relay = threading.Thread(target=one.kit.deliver)
    relay.start()
    assert one.receiver.began.acquire(timeout=60)
    one.kit.perform(RemovePush(one.root.id), by=one.anna)
    one.receiver.gate.set()
    relay.join()
    one.hear("p1 DELIVERED")
    one.wait(DAY)

    assert len(one.receiver.calls) == 1
    assert dead(one) == []
    with one.kit._storage.read() as store:
        assert (store.push_events.where(), store.push_targets.where()) == ((), ())


def test_a_removed_target_takes_its_lanes_along(one: Office) -> None:
    """What was to be tried again is not."""
    one.receiver.always = 503
    one.send()
    one.kit.deliver()
    one.kit.perform(RemovePush(one.root.id), by=one.anna)
    one.wait(DAY)
    assert len(one.receiver.calls) == 1
    assert dead(one) == []


def test_an_event_may_be_discarded_while_it_is_called(one: Office) -> None:
    """A no that comes then is nobody's concern."""
    one.receiver.always = 500
    one.receiver.gate = threading.Event()
    one.send()
    relay = threading.Thread(target=one.kit.deliver)
    relay.start()
    assert one.receiver.began.acquire(timeout=60)
    transact(one.kit._storage, lambda store: store.push_events.clear(one.root.id))
    one.receiver.gate.set()
    relay.join()
    one.wait(DAY)
    assert len(one.receiver.calls) == 1
    assert dead(one) == []


def test_a_receiver_that_was_mended_meanwhile_is_tried_at_once(one: Office) -> None:
    """What came of the old try says nothing about it any more."""
    one.receiver.always = "nothing"
    one.receiver.gate = threading.Event()
    one.send()
    relay = threading.Thread(target=one.kit.deliver)
    relay.start()
    assert one.receiver.began.acquire(timeout=60)
    with receiving() as new:
        one.push(url=new.url)
        one.receiver.gate.set()
        relay.join()
        one.kit.deliver()
        assert new.statuses() == ["SENT"]
    assert how(one).trouble == ""


def test_a_retry_of_what_has_lost_its_target_is_done(one: Office) -> None:
    """There is nothing to do."""
    message = one.send()
    one.receiver.always = 500
    one.kit.deliver()
    days(one)
    (letter,) = one.kit.ask(ListEffects(organisation=one.root.id), by=one.anna)
    assert letter.subject == message.id
    one.kit.perform(RemovePush(one.root.id), by=one.anna)
    one.kit.perform(RetryEffect(letter.id), by=one.anna)
    calls = len(one.receiver.calls)
    one.kit.deliver()
    assert len(one.receiver.calls) == calls
    assert dead(one) == []
