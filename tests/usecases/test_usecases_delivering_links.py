"""Links of seats: one meeting for each online class, one link for each client, whatever is lost, limited or gone."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from consents import connect, settle, zoom_app
from servicekit import Instant
from servicekit.bookings import (
    AddClient,
    AddService,
    Booking,
    BookingRules,
    BookSeat,
    Cancel,
    CancelClass,
    Client,
    MoveClass,
    ScheduleClass,
    ScheduledClass,
    Service,
)
from servicekit.errors import NotFound
from servicekit.meetings import (
    DisconnectMeetings,
    FetchClassHostLink,
    FetchHostLink,
    GetMeeting,
    Meeting,
    MeetingState,
    SetMeetingUser,
)
from servicekit.outbox.effects import EffectKind, EffectState, ListEffects, RetryEffect
from servicekit.runtime.relay import Delivered
from servicekit.testing.simulators import USERS, Fault
from world import DAY, EVA_MOBILE, HOUR, World, opened

pytest_plugins = ("world_fixtures",)

LOOKS, ADDS = ("GET", "/registrants"), ("POST", "/registrants$")


def yoga(world: World, **more: Any) -> Service:
    """An online class of an hour at the office."""
    made: Service = world.ask(
        AddService(
            branch=world.advice.branch, name="Yoga", length=HOUR, online=True, rules=BookingRules(seats=20), **more
        )
    )
    return made


def schedule(world: World, starts: Instant | None = None) -> ScheduledClass:
    """One tomorrow, with the chair."""
    made: ScheduledClass = world.ask(
        ScheduleClass(service=yoga(world).id, provider=world.chair.id, starts=starts or world.now + DAY)
    )
    return made


def client(world: World, name: str, email: str = "") -> Client:
    """Another client."""
    made: Client = world.ask(
        AddClient(
            organisation=world.root.id, name=name, email=email or f"{name.split(maxsplit=1)[0].lower()}@home.example"
        )
    )
    return made


def seat(world: World, scheduled: ScheduledClass, who: Client | None = None) -> Booking:
    """A seat for Eva, or for another."""
    made: Booking = world.ask(BookSeat(scheduled=scheduled.id, client=(who or world.eva).id))
    return made


def held(world: World) -> list[tuple[str, str, int]]:
    """Marker, start and minutes of the meetings at Zoom."""
    return [(one.marker, one.starts, one.minutes) for one in world.zoom_meetings()]


def registered(world: World) -> list[str]:
    """The addresses that are registered to Zoom's meetings that nobody has deleted."""
    meetings = [one for one in world.zoom.state()["meetings"] if not one["deleted"]]
    return sorted(registrant["email"] for one in meetings for registrant in one["registrants"])


def link(world: World, booking: Booking) -> str:
    """The seat's own link."""
    meeting: Meeting = world.ask(GetMeeting(booking.id))
    assert meeting.state is MeetingState.MADE
    return meeting.join_url


def additions(world: World) -> int:
    """How often Zoom was asked to add somebody."""
    asked = [exchange.request for exchange in world.zoom.exchanges]
    return sum(one.method == "POST" and one.url.endswith("/registrants") for one in asked)


@pytest.mark.spec("Z-05")
def test_f22_f34_everybody_in_a_class_has_a_link_of_their_own_to_one_meeting(world: World) -> None:
    """F-22, F-34: each link differs and leads to the same meeting; the shared one leads nowhere; nothing is asked twice."""
    scheduled = schedule(world)
    seats = [
        seat(world, scheduled),
        *(seat(world, scheduled, client(world, name)) for name in ("Ida", "Otto Maria Berg")),
    ]
    world.settle()
    (marker, starts, minutes), (meeting,) = held(world)[0], world.zoom_meetings()
    links = [link(world, one) for one in seats]

    assert (marker, starts, minutes) == (f"sk:{scheduled.id}:1", str(scheduled.starts), 60)
    assert len(set(links)) == 3
    assert {world.zoom.open_link(one) for one in links} == {meeting.id}
    assert world.zoom.open_link(meeting.join_url) is None
    assert registered(world) == ["eva@home.example", "ida@home.example", "otto@home.example"]
    assert world.effects(EffectState.DEAD) == []
    asked = world.zoom.state()["requests"]
    assert world.kit.deliver() == Delivered()
    assert world.zoom.state()["requests"] == asked


@pytest.mark.parametrize("order", ["before its meeting", "after it", "after a move", "after another left"])
def test_f22_later_seats_have_a_link_too(world: World, order: str) -> None:
    """F-22: whatever the order of events, every confirmed seat ends with a link, and the client hears of it."""
    scheduled = schedule(world)
    first = seat(world, scheduled, client(world, "Ida"))
    if order != "before its meeting":
        world.settle()
    if order == "after a move":
        world.ask(MoveClass(scheduled=scheduled.id, starts=scheduled.starts + DAY))
    if order == "after another left":
        world.ask(Cancel(first.id))
    later = seat(world, scheduled)
    world.settle()

    assert world.zoom.open_link(link(world, later)) == world.zoom_meetings()[0].id
    assert link(world, later) in world.elks.handset(EVA_MOBILE)[-1].text


def test_an_online_class_has_its_meeting_before_anybody_books(world: World) -> None:
    """So its provider can open it; without a seat nobody is registered."""
    scheduled = schedule(world)
    world.settle()

    assert [marker for marker, _, _ in held(world)] == [f"sk:{scheduled.id}:1"]
    assert registered(world) == []


@pytest.mark.spec("Z-03")
def test_a_class_that_is_not_online_has_no_meeting(world: World) -> None:
    """Off is the default."""
    service = world.ask(
        AddService(branch=world.advice.branch, name="Pilates", length=HOUR, rules=BookingRules(seats=3))
    )
    scheduled = world.ask(ScheduleClass(service=service.id, provider=world.chair.id, starts=world.now + DAY))
    booking = seat(world, scheduled)
    world.settle()

    assert held(world) == []
    assert isinstance(_refused(world, GetMeeting(booking.id)), NotFound)
    assert _refused(world, FetchClassHostLink(scheduled.id)).code == "no_meeting"


def _refused(world: World, query: Any) -> NotFound:
    with pytest.raises(NotFound) as caught:
        world.ask(query)
    return caught.value


@pytest.mark.spec("Z-07")
def test_f20_f21_leaving_takes_away_ones_own_link_only(world: World) -> None:
    """F-20, F-21: the meeting and the others' links are as they were, also when the last one leaves."""
    scheduled = schedule(world)
    eva, ida = seat(world, scheduled), seat(world, scheduled, client(world, "Ida"))
    world.settle()
    gone, stays = link(world, eva), link(world, ida)
    world.ask(Cancel(eva.id))
    world.settle()

    assert (world.zoom.open_link(gone), world.zoom.open_link(stays)) == (None, world.zoom_meetings()[0].id)
    assert (registered(world), link(world, ida)) == (["ida@home.example"], stays)
    assert world.ask(GetMeeting(eva.id)).state is MeetingState.REMOVED
    world.ask(Cancel(ida.id))
    world.settle()
    assert (registered(world), len(held(world))) == ([], 1)


def test_who_books_again_after_leaving_has_one_link(world: World) -> None:
    """One registrant a client, another booking or not."""
    scheduled = schedule(world)
    world.ask(Cancel(seat(world, scheduled).id))
    world.settle()
    again = seat(world, scheduled)
    world.settle()

    assert registered(world) == ["eva@home.example"]
    assert world.zoom.open_link(link(world, again)) is not None


def test_two_clients_with_one_address_have_a_link_each(world: World) -> None:
    """Zoom knows people by their address, so the second is registered under a tagged one; neither loses theirs."""
    scheduled = schedule(world)
    son = client(world, "Nils", "eva@home.example")
    seats = [seat(world, scheduled), seat(world, scheduled, son)]
    world.settle()

    assert registered(world) == [f"eva+{son.id}@home.example", "eva@home.example"]
    assert len({link(world, one) for one in seats}) == 2


@pytest.mark.spec("Z-07")
def test_a_class_that_moves_keeps_its_meeting_and_everybodys_link(world: World) -> None:
    """The links are looked at again; nobody is added a second time."""
    scheduled = schedule(world)
    booking = seat(world, scheduled)
    world.settle()
    before = link(world, booking)
    world.ask(MoveClass(scheduled=scheduled.id, starts=scheduled.starts + DAY))
    world.settle()

    assert held(world) == [(f"sk:{scheduled.id}:1", str(scheduled.starts + DAY), 60)]
    assert (link(world, booking), additions(world)) == (before, 1)


def test_a_link_that_did_not_survive_the_move_is_replaced(world: World) -> None:
    """Zoom does not say whether registrants stay when a meeting moves."""
    scheduled = schedule(world)
    booking = seat(world, scheduled)
    world.settle()
    before = link(world, booking)
    (meeting,) = world.zoom._meetings.values()
    meeting.registrants.clear()
    world.ask(MoveClass(scheduled=scheduled.id, starts=scheduled.starts + DAY))
    world.settle()

    assert link(world, booking) != before
    assert world.zoom.open_link(link(world, booking)) == str(meeting.id)


@pytest.mark.spec("Z-07")
def test_a_class_that_is_cancelled_removes_its_meeting_and_no_link_one_by_one(world: World) -> None:
    """They go with it."""
    scheduled = schedule(world)
    bookings = [seat(world, scheduled), seat(world, scheduled, client(world, "Ida"))]
    world.settle()
    world.ask(CancelClass(scheduled.id))
    world.settle()

    assert held(world) == []
    assert {world.ask(GetMeeting(one.id)).state for one in bookings} == {MeetingState.REMOVED}
    deleted = [one.request.url for one in world.zoom.exchanges if one.request.method == "DELETE"]
    assert ["/registrants" in url for url in deleted] == [False]
    assert world.effects(EffectState.DEAD) == []


# Faults


@pytest.mark.spec("Z-10")
@pytest.mark.parametrize(
    "fault",
    [
        Fault.lost_answer(path="/v2/"),
        Fault.no_answer(path="/v2/"),
        Fault.error(path="/v2/", status=500),
        Fault.error(path="/v2/", status=502, done=True),
        Fault.wrong_type(path="/v2/"),
        Fault.refused(path="/v2/"),
        Fault.throttled(path="/v2/", after=90),
    ],
    ids=lambda fault: f"{fault.kind}-{'done' if fault.done else fault.status}",
)
@pytest.mark.parametrize("skip", range(4))
def test_whatever_becomes_of_answers_everybody_has_one_link(world: World, fault: Fault, skip: int) -> None:
    """Scheduled, joined, moved and left, with a fault at each in turn: one meeting, one registrant a client."""
    scheduled = schedule(world)
    world.zoom.inject(*[fault] * (skip == 0))
    eva = seat(world, scheduled)
    world.zoom.inject(*[fault] * (skip == 1))
    ida = seat(world, scheduled, client(world, "Ida"))
    world.settle()
    world.zoom.inject(*[fault] * (skip == 2))
    world.ask(MoveClass(scheduled=scheduled.id, starts=scheduled.starts + 9 * DAY))
    world.settle()
    assert held(world) == [(f"sk:{scheduled.id}:1", str(scheduled.starts + 9 * DAY), 60)]
    assert registered(world) == ["eva@home.example", "ida@home.example"]
    world.zoom.inject(*[fault] * (skip == 3))
    world.ask(Cancel(eva.id))
    world.settle()

    assert registered(world) == ["ida@home.example"]
    assert world.zoom.open_link(link(world, ida)) is not None
    assert len(world.zoom.state()["meetings"]) == 1
    assert world.effects(EffectState.DEAD) == []


@pytest.mark.parametrize("lost", [ADDS, LOOKS], ids=["added", "looked"])
def test_a_registration_whose_answers_are_lost_is_adopted_before_it_is_repeated(
    world: World, lost: tuple[str, str]
) -> None:
    """Looking comes first, so that Zoom's three additions a day are never used up by our own doubt."""
    scheduled = schedule(world)
    world.settle()
    world.zoom.inject(*[Fault.lost_answer(*lost)] * 5)
    booking = seat(world, scheduled)
    world.settle()

    assert additions(world) == 1
    assert world.zoom.open_link(link(world, booking)) is not None


def test_three_additions_a_day_are_kept_by_counting(world: World) -> None:
    """Joining and leaving all day: what would be the fourth addition waits until 00:00 UTC, and Zoom never had to refuse."""
    scheduled = schedule(world, world.now + 3 * DAY)
    for _ in range(3):
        world.ask(Cancel(_settled(world, scheduled).id))
        world.kit.deliver()
    booking = seat(world, scheduled)
    world.kit.deliver()
    world.clock.advance(HOUR)
    world.kit.deliver()
    (waiting,) = [one for one in world.effects(EffectState.DUE) if one.kind is EffectKind.MEETING]

    assert additions(world) == 3
    assert Instant.parse("2026-11-26T00:00:00Z") <= waiting.due_at <= Instant.parse("2026-11-26T00:00:01Z")
    world.settle()
    assert world.zoom.open_link(link(world, booking)) is not None
    assert all(exchange.response is None or exchange.response.status != 429 for exchange in world.zoom.exchanges)


def _settled(world: World, scheduled: ScheduledClass) -> Booking:
    booking = seat(world, scheduled)
    for _ in range(4):
        world.kit.deliver()
        world.clock.advance(timedelta(seconds=3))
    assert world.ask(GetMeeting(booking.id)).state is MeetingState.MADE
    return booking


def test_f31_a_meeting_of_a_class_that_is_deleted_at_zoom_comes_again_with_everybodys_links(world: World) -> None:
    """F-31: told by a webhook; everybody is registered to the new one."""
    scheduled = schedule(world)
    seats = [seat(world, scheduled), seat(world, scheduled, client(world, "Ida"))]
    world.settle()
    before = {link(world, one) for one in seats}
    world.zoom.delete_meeting(world.zoom_meetings()[0].id)
    world.zoom.deliver_webhooks()
    assert {world.ask(GetMeeting(one.id)).join_url for one in seats} == {""}
    world.settle()

    assert [marker for marker, _, _ in held(world)] == [f"sk:{scheduled.id}:2"]
    after = {link(world, one) for one in seats}
    assert len(after) == 2
    assert not after & before
    assert link(world, seats[0]) in world.elks.handset(EVA_MOBILE)[-1].text
    assert {world.zoom.open_link(one) for one in after} == {world.zoom_meetings()[0].id}


def test_f31_who_was_refused_at_a_meeting_that_was_gone_has_a_link_to_the_one_made_anew(world: World) -> None:
    """F-31: another's page stood in for "no such meeting", so the seat was given up; the new meeting is asked for all the same."""
    scheduled = schedule(world)
    eva = seat(world, scheduled)
    world.settle()
    world.zoom.webhook_url = ""
    world.zoom.delete_meeting(world.zoom_meetings()[0].id)
    ida = seat(world, scheduled, client(world, "Ida"))
    world.zoom.inject(Fault.wrong_type("GET", "/registrants"))
    world.settle()
    (letter,) = world.effects(EffectState.DEAD)
    assert (letter.subject, "answered 404" in letter.trouble) == (ida.id, True)

    world.kit.reconcile()
    world.settle()
    assert [marker for marker, _, _ in held(world)] == [f"sk:{scheduled.id}:2"]
    assert {world.zoom.open_link(link(world, one)) for one in (eva, ida)} == {world.zoom_meetings()[0].id}


def test_a_meeting_that_vanished_unheard_is_made_anew_when_somebody_joins(world: World) -> None:
    """Nobody told us; the next registration finds it gone, and everybody gets a link to the new one."""
    scheduled = schedule(world)
    eva = seat(world, scheduled)
    world.settle()
    world.zoom.webhook_url = ""
    world.zoom.delete_meeting(world.zoom_meetings()[0].id)
    ida = seat(world, scheduled, client(world, "Ida"))
    world.settle()

    assert [marker for marker, _, _ in held(world)] == [f"sk:{scheduled.id}:2"]
    assert {world.zoom.open_link(link(world, one)) for one in (eva, ida)} == {world.zoom_meetings()[0].id}
    assert world.effects(EffectState.DEAD) == []


def test_leaving_a_meeting_that_vanished_is_no_trouble(world: World) -> None:
    """There is nothing left to leave."""
    scheduled = schedule(world)
    booking = seat(world, scheduled)
    world.settle()
    world.zoom.webhook_url = ""
    world.zoom.delete_meeting(world.zoom_meetings()[0].id)
    world.ask(Cancel(booking.id))
    world.settle()

    assert world.ask(GetMeeting(booking.id)).state is MeetingState.REMOVED
    assert world.effects(EffectState.DEAD) == []


def test_a_deletion_after_the_class_makes_nothing_anew(world: World) -> None:
    """Somebody has tidied up."""
    scheduled = schedule(world)
    seat(world, scheduled)
    world.settle()
    world.clock.set(scheduled.ends)
    world.zoom.delete_meeting(world.zoom_meetings()[0].id)
    world.zoom.deliver_webhooks()
    world.settle()

    assert held(world) == []


def test_a_class_whose_meeting_is_refused_gives_up_its_seats_until_it_is_retried(world: World) -> None:
    """One dead letter says why; retried, everybody has a link, and only then is anybody told."""
    world.zoom.inject(Fault.error("POST", "/meetings$", status=400))
    scheduled = schedule(world)
    booking = seat(world, scheduled)
    world.settle()
    letters = world.ask(ListEffects(organisation=world.root.id))
    (of_class,) = [one for one in letters if one.subject == scheduled.id]

    assert sorted(one.subject for one in letters) == sorted([scheduled.id, booking.id])
    assert {one.trouble for one in letters if one is not of_class} == {
        f"the meeting of the class was given up: {of_class.trouble}"
    }
    world.ask(RetryEffect(of_class.id))
    world.settle()
    assert world.zoom.open_link(link(world, booking)) is not None
    assert world.effects(EffectState.DEAD) == []


def test_a_host_without_a_licence_is_a_dead_letter_that_can_be_retried(world: World) -> None:
    """Zoom registers people only to licensed hosts' meetings."""
    world.ask(SetMeetingUser(provider=world.chair.id, user=USERS[2].email))
    booking = seat(world, schedule(world))
    world.settle()
    (letter,) = world.ask(ListEffects(organisation=world.root.id))

    assert "Only available for paid users" in letter.trouble
    assert world.ask(GetMeeting(booking.id)).state is MeetingState.FAILED
    world.ask(RetryEffect(letter.id))
    world.settle()
    assert [one.trouble for one in world.effects(EffectState.DEAD)] == [letter.trouble]


def test_links_of_a_class_that_is_over_are_not_made(world: World) -> None:
    """Nobody delivered before; nobody is bothered."""
    scheduled = schedule(world)
    booking = seat(world, scheduled)
    world.clock.set(scheduled.ends)
    world.settle()

    assert (held(world), world.effects(EffectState.DEAD)) == ([], [])
    assert world.ask(GetMeeting(booking.id)).state is MeetingState.DROPPED


def test_a_seat_taken_and_left_before_anybody_delivered_asks_nothing(world: World) -> None:
    """No registration that is not wanted any more."""
    scheduled = schedule(world)
    world.ask(Cancel(seat(world, scheduled).id))
    world.settle()

    assert additions(world) == 0


def test_f31_a_class_whose_meeting_vanished_unheard_is_moved_to_a_new_one(world: World) -> None:
    """F-31: found at the move; who has left, or waits for approval, is not registered to it."""
    scheduled = schedule(world)
    eva, ida = seat(world, scheduled), seat(world, scheduled, client(world, "Ida"))
    world.settle()
    world.ask(Cancel(ida.id))
    world.settle()
    world.zoom.webhook_url = ""
    world.zoom.delete_meeting(world.zoom_meetings()[0].id)
    world.ask(MoveClass(scheduled=scheduled.id, starts=scheduled.starts + DAY))
    world.settle()

    assert held(world) == [(f"sk:{scheduled.id}:2", str(scheduled.starts + DAY), 60)]
    assert registered(world) == ["eva@home.example"]
    assert world.zoom.open_link(link(world, eva)) is not None


def test_a_seat_taken_late_whose_class_is_over_is_not_registered(world: World) -> None:
    """The meeting was there; nobody delivered before its end."""
    scheduled = schedule(world)
    world.settle()
    booking = seat(world, scheduled)
    world.clock.set(scheduled.ends)
    world.settle()

    assert (registered(world), world.ask(GetMeeting(booking.id)).state) == ([], MeetingState.DROPPED)


def test_a_refused_link_is_tried_again_when_the_class_moves(world: World) -> None:
    """A move is another occasion."""
    scheduled = schedule(world)
    world.settle()
    world.zoom.inject(Fault.error(*ADDS, status=400))
    booking = seat(world, scheduled)
    world.settle()
    assert world.ask(GetMeeting(booking.id)).detail == "zoom answered 400; trying again will not help"
    world.ask(MoveClass(scheduled=scheduled.id, starts=scheduled.starts + DAY))
    world.settle()

    assert world.zoom.open_link(link(world, booking)) is not None


def test_a_class_that_is_older_than_its_being_online_gets_its_meeting_with_the_next_seat(world: World) -> None:
    """Whoever has switched the service on."""
    service = yoga(world)
    with world.look() as store:
        store.services.save(evolve(service, online=False))
    scheduled = world.ask(ScheduleClass(service=service.id, provider=world.chair.id, starts=world.now + DAY))
    with world.look() as store:
        store.services.save(service)
    booking = seat(world, scheduled)
    world.settle()

    assert world.zoom.open_link(link(world, booking)) == world.zoom_meetings()[0].id


def test_a_class_whose_effect_was_put_away_is_seen_to_for_the_sake_of_its_seats(world: World) -> None:
    """A seat that waits for nobody has somebody see to the meeting."""
    scheduled = schedule(world)
    with world.look() as store:
        store._execute("DELETE FROM effects WHERE subject = ?", [scheduled.id])
    booking = seat(world, scheduled)
    world.settle()

    assert world.zoom.open_link(link(world, booking)) is not None


# Hosts


def test_the_provider_of_a_class_fetches_the_hosts_link_with_and_without_seats(world: World) -> None:
    """Through a seat's link and through the class; it opens the meeting."""
    scheduled = schedule(world)
    booking = seat(world, scheduled)
    world.settle()

    for query in (FetchHostLink(booking.id), FetchClassHostLink(scheduled.id)):
        assert world.zoom.open_link(world.ask(query)) == world.zoom_meetings()[0].id


# At once


def test_without_an_account_a_seats_link_waits_for_somebody_to_connect_one(tmp_path: Path) -> None:
    """The class has its meeting; who books after the account was disconnected has a link once one is connected again."""
    with opened(tmp_path, meetings=zoom_app()) as world:
        connect(world)
        scheduled = schedule(world)
        settle(world)
        world.ask(DisconnectMeetings(world.root.id))
        settle(world)
        booking = seat(world, scheduled)
        settle(world)
        assert [one.trouble for one in world.ask(ListEffects(organisation=world.root.id))] == [
            "no account is connected at zoom: an administrator has to connect one"
        ]
        connect(world)
        settle(world)

        assert world.zoom.open_link(link(world, booking)) == world.zoom_meetings()[0].id
        assert world.effects(EffectState.DEAD) == []


def test_f23_eight_who_book_at_once_have_a_link_each_to_one_meeting(world: World) -> None:
    """F-23: also with relays beside each other."""
    scheduled = schedule(world)
    people = [client(world, f"Person{number}") for number in range(8)]
    for one in people:
        seat(world, scheduled, one)
    threads = [threading.Thread(target=world.kit.relay().run_until_idle) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    world.settle()

    assert len(world.zoom.state()["meetings"]) == 1
    assert registered(world) == sorted(one.email for one in people)
