"""Readings of keys, meetings and the outbox: at the door, the links, the dead letters and what retrying does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from servicekit import Principal
from servicekit.bookings import Booking, Cancel, Rebook
from servicekit.errors import Conflict, Invalid, NotFound, Unreachable
from servicekit.groups import ChangeSettings, Quota, Settings
from servicekit.ids import EffectId
from servicekit.keys import MOST_ATTEMPTS, AtDoor, Green, KeyState, ListKeys, Red
from servicekit.meetings import FetchHostLink, GetMeeting, MeetingState
from servicekit.messages import HandOver, SearchLog, SendText, Status
from servicekit.outbox.effects import DiscardEffect, Effect, EffectKind, EffectState, ListEffects, RetryEffect
from servicekit.outbox.letters import LetterState
from servicekit.runtime.entropy import mint
from servicekit.testing.simulators import Fault
from world import CLOAKROOM, DAY, EVA_MOBILE, HOUR, MAIN, MINUTE, ROOM, World

pytest_plugins = ("world_fixtures",)

MOBILE = "+46701740605"
QUARTER, TICK = 15 * MINUTE, timedelta(microseconds=1)


def dead(world: World) -> tuple[Effect, ...]:
    """The dead letters."""
    found: tuple[Effect, ...] = world.ask(ListEffects(organisation=world.root.id))
    return found


# At the door


@pytest.mark.spec("K-07")
def test_at_the_door_the_light_is_green_or_red_with_the_reason(world: World) -> None:
    """Valid at that door and time; too early; wrong door; past 15 minutes after the end. The simulated lock agrees."""
    booking = world.book()
    world.settle()
    cases = [
        (MAIN, booking.starts - QUARTER, Green(), "ok"),
        (ROOM, booking.ends, Green(), "ok"),
        (ROOM, booking.ends + QUARTER - TICK, Green(), "ok"),
        (MAIN, booking.starts - QUARTER - TICK, "too early", "too_early"),
        (CLOAKROOM, booking.starts, "wrong door", "wrong_door"),
        (MAIN, booking.ends + QUARTER, "too late", "too_late"),
    ]
    for door, at, light, reason in cases:
        shown = world.ask(AtDoor(booking.id, door, at))
        assert (shown if isinstance(light, Green) else shown.reason) == light
        assert world.exivo.try_door(EVA_MOBILE, door, at).reason == reason
        assert bool(shown) is bool(world.exivo.try_door(EVA_MOBILE, door, at))


@pytest.mark.spec("K-07")
def test_a_revoked_key_is_invalid_at_every_door(world: World) -> None:
    """After the booking was cancelled, at any time."""
    booking = world.book()
    world.settle()
    world.ask(Cancel(booking.id))
    world.settle()

    for door in (MAIN, ROOM, CLOAKROOM):
        assert world.ask(AtDoor(booking.id, door, booking.starts)) == Red("key invalid", "the key is ended")
        assert world.exivo.try_door(EVA_MOBILE, door, booking.starts).reason == "revoked"


def test_a_key_that_is_not_made_yet_says_so(world: World) -> None:
    """And a booking without doors has none."""
    booking = world.book()
    other = world.book(world.haircut, provider=world.chair)

    assert world.ask(AtDoor(booking.id, MAIN, booking.starts)).reason == "not made yet"
    assert world.ask(AtDoor(other.id, MAIN, booking.starts)).reason == "no key"


def test_at_the_door_of_a_moved_booking_the_new_key_counts(world: World) -> None:
    """Its window, not the old one's."""
    booking = world.book()
    world.settle()
    moved: Booking = world.ask(Rebook(booking.id, starts=booking.starts + 3 * HOUR))
    world.settle()

    assert world.ask(AtDoor(booking.id, MAIN, booking.starts)).reason == "too early"
    assert world.ask(AtDoor(booking.id, MAIN, moved.starts)) == Green()


def test_the_keys_of_a_booking_are_listed_oldest_first(world: World) -> None:
    """All it has had, with what became of them; the client may see its own."""
    booking = world.book()
    world.settle()
    for days in (1, 2):
        world.ask(Rebook(booking.id, starts=booking.starts + days * DAY))
        world.settle()

    keys = world.ask(ListKeys(booking.id), Principal.of(world.eva.id))
    assert [(key.revision, key.state) for key in keys] == [
        (1, KeyState.ENDED),
        (2, KeyState.ENDED),
        (3, KeyState.MADE),
    ]
    assert keys[2].opens == booking.starts + 2 * DAY - QUARTER


# Meetings


def test_a_booking_without_a_meeting_has_none(world: World) -> None:
    """For whoever asks, host or guest."""
    booking = world.book(world.haircut)
    for query in (GetMeeting(booking.id), FetchHostLink(booking.id)):
        refused = world.refused(query)
        assert (type(refused), refused.code, refused.facts) == (NotFound, "no_meeting", {"booking": booking.id})
        assert "has no online meeting" in refused.message


def test_the_hosts_link_is_fetched_at_the_click(world: World) -> None:
    """By the provider, or whoever has the right: a fresh one each time, which leads into the meeting; none is stored."""
    booking = world.book(world.advice)
    world.settle()
    before = world.tables()
    links = [world.ask(FetchHostLink(booking.id), by) for by in (world.anna, Principal.of(world.room.id), world.anna)]

    assert len(set(links)) == 3
    assert {world.zoom.open_link(link) for link in links} == {world.zoom_meetings()[0].id}
    assert world.tables() == before
    assert not any("zak=" in repr(row) for rows in before.values() for row in rows)
    assert type(world.refused(FetchHostLink(booking.id), Principal.of(world.eva.id))) is NotFound


def test_a_meeting_that_is_not_there_has_no_hosts_link(world: World) -> None:
    """Not made yet; gone at the vendor; the vendor out of reach: each says so."""
    booking = world.book(world.advice)
    refused = world.refused(FetchHostLink(booking.id))
    assert (type(refused), refused.code) == (NotFound, "meeting_gone")
    assert "is planned" in refused.message

    world.settle()
    world.zoom.inject(Fault.error("GET", "/meetings/", status=500))
    with pytest.raises(Unreachable):
        world.ask(FetchHostLink(booking.id))
    world.zoom.delete_meeting(world.zoom_meetings()[0].id)
    refused = world.refused(FetchHostLink(booking.id))
    assert (type(refused), refused.code) == (NotFound, "meeting_gone")
    assert "is gone at zoom" in refused.message


# The outbox


def test_dead_letters_are_listed_with_what_was_wrong(world: World) -> None:
    """And effects in other states, if asked for; a page has 1 to 1000."""
    world.elks.inject(Fault.error("POST", "/sms$", status=401))
    world.kit.perform(SendText(user=world.admin.id, to=MOBILE, text="Hej"), by=world.anna)
    world.kit.deliver()

    (letter,) = dead(world)
    assert (letter.kind, letter.state) == (EffectKind.TEXT, EffectState.DEAD)
    assert letter.trouble.startswith("46elks answered 401")
    assert world.ask(ListEffects(organisation=world.root.id, state=EffectState.DONE)) == ()
    for most in (0, 1001):
        refused = world.refused(ListEffects(organisation=world.root.id, most=most))
        assert (type(refused), refused.code) == (Invalid, "page_size")
        assert "1 to 1000 rows" in refused.message


def test_a_retried_text_is_sent(world: World) -> None:
    """Once what was wrong has been mended; its attempts are forgotten."""
    world.elks.inject(Fault.error("POST", "/sms$", status=402))
    world.kit.perform(SendText(user=world.admin.id, to=MOBILE, text="Hej"), by=world.anna)
    world.kit.deliver()
    (letter,) = dead(world)
    world.clock.advance(DAY)
    again = world.ask(RetryEffect(letter.id))

    assert (again.state, again.due_at, again.attempts, again.trouble) == (EffectState.DUE, world.now, 0, "")
    world.kit.deliver()
    assert [text.text for text in world.elks.handset(MOBILE)] == ["Hej"]
    assert dead(world) == ()


def test_a_retried_key_and_meeting_are_made(world: World) -> None:
    """What the vendors refused is wanted again, since a person says so; the notice waits until then."""
    world.exivo.inject(Fault.error("POST", "/digitalKeyVisits$", status=403))
    world.zoom.inject(Fault.error("POST", "/meetings$", status=400))
    booking = world.book()
    world.settle()
    assert {letter.kind for letter in dead(world)} == {EffectKind.KEY, EffectKind.MEETING}
    assert world.elks.handset(EVA_MOBILE) == ()
    for letter in dead(world):
        world.ask(RetryEffect(letter.id))
    world.settle()

    assert [key.marker for key in world.exivo_keys()] == [f"sk:{booking.id}:1"]
    assert len(world.zoom_meetings()) == 1
    assert len(world.elks.handset(EVA_MOBILE)) == 1


def test_a_key_that_was_ended_by_hand_can_be_made_again(world: World) -> None:
    """Somebody revokes each in the vendor's app while our answer is lost: a dead letter, and a retry makes another."""
    booking = world.book(world.massage)
    for _ in range(MOST_ATTEMPTS):
        world.exivo.inject(Fault.lost_answer("POST", "/digitalKeyVisits$"))
        world.kit.deliver()
        world.exivo.revoke_by_hand(world.exivo.state()["keys"][-1]["id"])
        world.clock.advance(HOUR)
    world.settle()
    (letter,) = dead(world)
    assert "has ended the key" in letter.trouble
    world.ask(RetryEffect(letter.id))
    world.settle()

    assert [key.marker for key in world.exivo_keys()] == [f"sk:{booking.id}:1:5"]
    assert dead(world) == ()


@pytest.mark.parametrize("kind", [EffectKind.KEY, EffectKind.MEETING, EffectKind.LETTER])
@pytest.mark.parametrize("cancelled", [False, True])
def test_retrying_plans_nothing_anew_that_is_there_or_not_wanted(
    world: World, kind: EffectKind, *, cancelled: bool
) -> None:
    """Where the vendors hold what is wanted, a retry finds that and does nothing."""
    booking = world.book()
    world.settle()
    if cancelled:
        world.ask(Cancel(booking.id))
        world.settle()
    before = (world.exivo.state()["keys"], world.zoom.state()["meetings"])
    letter = Effect(
        id=mint(EffectId, world.now),
        organisation=world.root.id,
        kind=kind,
        subject=booking.id,
        state=EffectState.DEAD,
        made_at=world.now,
        due_at=world.now,
    )
    with world.look() as store:
        store.effects.add(letter)
    keys, meeting = world.ask(ListKeys(booking.id)), world.ask(GetMeeting(booking.id))
    assert world.ask(RetryEffect(letter.id)).state is EffectState.DUE

    assert world.ask(ListKeys(booking.id)) == keys
    assert world.ask(GetMeeting(booking.id)) == meeting
    assert keys[0].state is (KeyState.ENDED if cancelled else KeyState.MADE)
    assert meeting.state is (MeetingState.REMOVED if cancelled else MeetingState.MADE)
    if kind is not EffectKind.LETTER:
        world.settle()
        assert (world.exivo.state()["keys"], world.zoom.state()["meetings"]) == before


def test_only_what_was_given_up_can_be_retried(world: World) -> None:
    """What is due, done or replaced is refused, each with its state; nothing is written."""
    booking = world.book(world.massage)
    (key, _) = sorted(world.effects(EffectState.DUE), key=lambda effect: effect.stage)
    refused = world.refused(RetryEffect(key.id))
    assert (type(refused), refused.code, refused.facts) == (
        Conflict,
        "not_dead",
        {"effect": key.id, "state": "due"},
    )
    assert "Only what was given up can be retried; this one is due" in refused.message

    world.ask(Cancel(booking.id))
    assert world.refused(RetryEffect(key.id)).code == "replaced"
    world.settle()
    (done, *_) = world.effects(EffectState.DONE)
    assert world.refused(RetryEffect(done.id)).code == "not_dead"


def test_a_rule_that_says_no_to_what_was_enqueued_makes_a_dead_letter(world: World) -> None:
    """A group without a sender: the letter says what to set, and once it is set a retry tells the client."""
    world.ask(ChangeSettings(group=world.root.id, change=Settings(sender_name="")))
    world.book(world.haircut)
    world.settle()
    (letter,) = dead(world)
    assert letter.kind is EffectKind.NOTICE_TEXT
    assert "have no sender: set a sender name" in letter.trouble

    world.ask(ChangeSettings(group=world.root.id, change=Settings(sender_name="Salon")))
    world.ask(RetryEffect(letter.id))
    world.settle()
    assert len(world.elks.handset(EVA_MOBILE)) == 1


def test_a_discarded_text_is_unsent_and_gives_back_its_quota(world: World) -> None:
    """Nobody wants it any more: the log says that it never left; discarding again changes nothing, retrying is refused."""
    world.ask(ChangeSettings(group=world.root.id, change=Settings(group_quota=Quota(1, 30))))
    world.elks.inject(Fault.error("POST", "/sms$", status=402))
    sent = world.ask(SendText(user=world.admin.id, to=MOBILE, text="Hej"))
    world.kit.deliver()
    (letter,) = dead(world)
    discarded = world.ask(DiscardEffect(letter.id))

    assert (discarded.state, discarded.trouble) == (EffectState.DISCARDED, letter.trouble)
    (logged,) = world.ask(SearchLog(group=world.root.id)).messages
    assert (logged.id, logged.status, logged.detail) == (sent.id, Status.UNSENT, letter.trouble)
    assert world.ask(SendText(user=world.admin.id, to=MOBILE, text="Hej")).status is Status.QUEUED
    assert dead(world) == ()
    before = world.tables()
    assert world.ask(DiscardEffect(letter.id)) == discarded
    assert world.tables() == before
    assert world.refused(RetryEffect(letter.id)).code == "not_dead"


def test_a_text_that_a_carrier_perhaps_has_is_not_discarded(world: World) -> None:
    """Whether it was sent is a person's to say; once it is said, there is nothing left to discard."""
    sent = world.ask(SendText(user=world.admin.id, to=MOBILE, text="Hej"))
    with world.look() as store:
        (effect,) = store.effects.where(subject=sent.id)
        store.effects.save(evolve(effect, state=EffectState.DEAD))
        store.messages.save(evolve(sent, hand_over=HandOver.ASKED, vendor="46elks"))
    refused = world.refused(DiscardEffect(effect.id))

    assert (type(refused), refused.code) == (Conflict, "perhaps_sent")
    assert "46elks perhaps has" in refused.message
    with world.look() as store:
        store.messages.save(evolve(sent, hand_over=HandOver.DONE, vendor="46elks", status=Status.SENT))
    assert world.ask(DiscardEffect(effect.id)).state is EffectState.DISCARDED
    assert world.ask(SearchLog(group=world.root.id)).messages[0].status is Status.SENT


def test_a_discarded_mail_counts_as_failed(mailed: World) -> None:
    """A mail server that refuses for good; what it said stays with the mail."""
    world = mailed
    world.book(world.haircut)
    world.kit.deliver()
    with world.look() as store:
        letter, *_ = store.letters.where()
        (effect,) = store.effects.where(subject=letter.id)
        store.letters.save(evolve(letter, state=LetterState.QUEUED))
        store.effects.save(evolve(effect, state=EffectState.DEAD, trouble="554 no such user"))
    world.ask(DiscardEffect(effect.id))

    with world.look() as store:
        assert (store.letters.get(letter.id).state, store.letters.get(letter.id).detail) == (
            LetterState.FAILED,
            "554 no such user",
        )


def test_a_discarded_key_holds_no_notice_back(world: World) -> None:
    """The client is told of the booking, and of no door; doors and meeting of another one are untouched."""
    world.exivo.inject(Fault.error("POST", "/digitalKeyVisits$", status=403))
    world.book(world.massage)
    world.settle()
    assert world.elks.handset(EVA_MOBILE) == ()
    (letter,) = dead(world)
    assert world.ask(DiscardEffect(letter.id)).kind is EffectKind.KEY
    world.settle()

    assert [text.text for text in world.elks.handset(EVA_MOBILE)] == ["Booked: Massage, Zentrum, 2026-11-26 13:00"]


def test_only_what_was_given_up_can_be_discarded(world: World) -> None:
    """What is due is refused with its state: cancel what enqueued it."""
    world.book(world.haircut)
    (notice,) = world.effects(EffectState.DUE)
    refused = world.refused(DiscardEffect(notice.id))

    assert (type(refused), refused.code) == (Conflict, "not_dead")
    assert "can be discarded; this one is due" in refused.message
