"""The links of a class's seats, compared with those that Zoom has: each ends with the link that its booking wants."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

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
)
from servicekit.meetings import GetMeeting, MeetingState
from servicekit.outbox.effects import EffectKind, EffectState
from servicekit.outbox.reconciled import Finding, Outcome
from servicekit.ports.meetings import Person, VendorRegistrant
from servicekit.testing.simulators import Fault
from world import DAY, EVA_MOBILE, HOUR, World, zoom_adapter

pytest_plugins = ("world_fixtures",)

EVA = "eva@home.example"


def schedule(world: World) -> ScheduledClass:
    """An online class tomorrow."""
    rules = BookingRules(seats=20)
    yoga = world.ask(AddService(branch=world.advice.branch, name="Yoga", length=HOUR, online=True, rules=rules))
    made: ScheduledClass = world.ask(ScheduleClass(service=yoga.id, provider=world.chair.id, starts=world.now + DAY))
    return made


def seat(world: World, scheduled: ScheduledClass, name: str = "") -> Booking:
    """A seat for Eva, or for somebody of this name."""
    who = world.eva.id
    if name:
        added: Client = world.ask(
            AddClient(organisation=world.root.id, name=name, email=f"{name.lower()}@home.example")
        )
        who = added.id
    made: Booking = world.ask(BookSeat(scheduled=scheduled.id, client=who))
    return made


def found(world: World) -> list[tuple[str, str]]:
    """What one pass finds and does."""
    return [(str(one.difference), str(one.outcome)) for one in findings(world)]


def findings(world: World) -> tuple[Finding, ...]:
    """The same, whole."""
    found: tuple[Finding, ...] = world.kit.reconcile().findings
    return found


def link(world: World, booking: Booking) -> str:
    """The seat's own link, as we have it."""
    url: str = world.ask(GetMeeting(booking.id)).join_url
    return url


def take_out(world: World, email: str = EVA) -> None:
    """Somebody takes a person out of the class at Zoom."""
    (meeting,) = world.zoom_meetings()
    world.kit._http().run(zoom_adapter().unregister(meeting.id, email, "", world.now))


def put_in(world: World, email: str = EVA) -> VendorRegistrant:
    """Somebody puts a person into the class at Zoom."""
    (meeting,) = world.zoom_meetings()
    person = Person(email=email, name="Eva")
    there: VendorRegistrant = world.kit._http().run(zoom_adapter().register(meeting.id, person, world.now))
    return there


def people(world: World) -> list[str]:
    """Whose links open the class's meeting."""
    (meeting,) = world.zoom_meetings()
    listed = world.kit._http().run(zoom_adapter().registrants(meeting.id, world.now)).people
    return sorted(one.email for one in listed)


def discard(world: World, subject: str) -> None:
    """The effect that waits to see to a meeting or link is put away undone."""
    with world.look() as store:
        for effect in store.effects.where(kind=EffectKind.MEETING, subject=subject, state=EffectState.DUE):
            store.effects.save(evolve(effect, state=EffectState.DISCARDED))


def alter(world: World, booking: Booking, **changes: Any) -> None:
    """Our row of a seat's link is made to say something else."""
    with world.look() as store:
        store.registrants.save(evolve(store.registrants.where(booking=booking.id)[0], **changes))


def texts(world: World) -> list[str]:
    """What came to Eva's mobile."""
    return [one.text for one in world.elks.handset(EVA_MOBILE)]


def test_links_that_are_as_wanted_are_left_alone(world: World) -> None:
    """Also those that others have registered, who are nobody's business; one request for each class with seats."""
    scheduled = schedule(world)
    seat(world, scheduled)
    seat(world, scheduled, "Ida")
    world.settle()
    world.ask(ScheduleClass(service=scheduled.service, provider=world.room.id, starts=world.now + DAY))
    put_in_first = world.zoom_meetings()[0].id
    world.kit._http().run(
        zoom_adapter().register(put_in_first, Person(email="guest@else.example", name="G"), world.now)
    )
    world.settle()
    asked = world.zoom.state()["requests"]
    report = world.kit.reconcile()

    assert report.even
    assert report.findings == ()
    assert report.listed == 2 + 2  # two meetings, two links
    assert world.zoom.state()["requests"] == asked + 2  # the host's meetings, and one class: the other has no seats


@pytest.mark.spec("Z-05", "Z-10")
def test_who_was_taken_out_at_the_vendor_is_added_again_and_told(world: World) -> None:
    """A new link that works; the others keep theirs."""
    scheduled = schedule(world)
    eva, ida = seat(world, scheduled), seat(world, scheduled, "Ida")
    world.settle()
    old, others = link(world, eva), link(world, ida)
    take_out(world)
    assert world.zoom.open_link(old) is None

    (finding,) = findings(world)
    assert (finding.difference, finding.outcome, finding.subject) == ("missing", "healing", eva.id)
    assert (finding.vendor, finding.place) == ("zoom", world.zoom_meetings()[0].id)
    assert finding.marker == f"sk:{scheduled.id}:1"
    assert EVA not in repr(finding)
    world.settle()
    assert world.zoom.open_link(link(world, eva)) == world.zoom_meetings()[0].id
    assert link(world, eva) in texts(world)[-1]
    assert link(world, ida) == others
    assert world.kit.reconcile().even


def test_who_was_put_in_anew_at_the_vendor_has_the_newer_link(world: World) -> None:
    """The one that we have told is dead: the one that is listed is taken, and the client told of it."""
    booking = seat(world, schedule(world))
    world.settle()
    take_out(world)
    there = put_in(world)

    assert found(world) == [("changed", "healing")]
    world.settle()
    assert link(world, booking) == there.join_url
    assert there.join_url in texts(world)[-1]
    assert people(world) == [EVA]
    assert world.kit.reconcile().even


def test_a_link_that_only_reads_otherwise_is_taken_and_nobody_is_told(world: World) -> None:
    """It is the same registration, and what was told may well lead there still."""
    booking = seat(world, schedule(world))
    world.settle()
    real, told = link(world, booking), texts(world)
    alter(world, booking, join_url="https://zoom.example/as-it-was")

    assert found(world) == [("changed", "healing")]
    world.settle()
    assert link(world, booking) == real
    assert texts(world) == told
    assert world.kit.reconcile().even


@pytest.mark.spec("Z-10")
def test_a_link_that_a_lost_answer_left_behind_is_adopted(world: World) -> None:
    """Its effect was put away: the seat has its link, and nobody is added twice."""
    scheduled = schedule(world)
    world.settle()
    booking = seat(world, scheduled)
    discard(world, booking.id)
    there = put_in(world)

    assert found(world) == [("left behind", "healing")]
    world.settle()
    assert link(world, booking) == there.join_url
    assert people(world) == [EVA]
    assert world.kit.reconcile().even


@pytest.mark.spec("Z-07")
@pytest.mark.parametrize("known", [True, False], ids=["known", "left behind"])
def test_a_link_of_who_has_left_is_taken_away(world: World, *, known: bool) -> None:
    """Whatever became of the effect that was to do it; the others' stay."""
    scheduled = schedule(world)
    eva = seat(world, scheduled)
    seat(world, scheduled, "Ida")
    world.settle()
    world.ask(Cancel(eva.id))
    discard(world, eva.id)
    if not known:
        alter(world, eva, state=MeetingState.REMOVED, vendor_id="")
    world.settle()
    assert people(world) == [EVA, "ida@home.example"]

    assert found(world) == [("unwanted", "healing")]
    world.settle()
    assert people(world) == ["ida@home.example"]
    assert world.kit.reconcile().even


def test_a_link_that_nobody_wants_and_nobody_has_is_noted(world: World) -> None:
    """Its effect was put away, and somebody has taken the person out."""
    booking = seat(world, schedule(world))
    world.settle()
    world.ask(Cancel(booking.id))
    discard(world, booking.id)
    take_out(world)

    assert found(world) == [("unwanted", "healing")]
    world.settle()
    with world.look() as store:
        assert store.registrants.where(booking=booking.id)[0].state is MeetingState.REMOVED
    assert world.kit.reconcile().even


def test_who_has_left_and_come_back_keeps_the_link(world: World) -> None:
    """Two bookings under one address: the one that holds decides."""
    scheduled = schedule(world)
    first = seat(world, scheduled)
    world.settle()
    world.ask(Cancel(first.id))
    world.settle()
    again = seat(world, scheduled)
    world.settle()

    assert world.kit.reconcile().even
    take_out(world)
    (finding,) = findings(world)
    assert (finding.subject, finding.difference) == (again.id, "missing")
    world.settle()
    assert people(world) == [EVA]


# Meanwhile


def meanwhile(world: World, monkeypatch: pytest.MonkeyPatch, page: int, act: Any, *, after: bool = False) -> None:
    """Do something right before, or after, Zoom reads the so-and-so-many-th page of registrants from now on."""
    inner, seen = world.zoom.handle, iter(range(1, 100))

    def handle(request: Any) -> Any:
        now = request.method == "GET" and "/registrants" in request.url and next(seen) == page
        if now and not after:
            act()
        answer = inner(request)
        if now and after:
            act()
        return answer

    monkeypatch.setattr(world.zoom, "handle", handle)


@pytest.mark.parametrize("page", [1, 2], ids=["while it is listed", "before it is looked at again"])
@pytest.mark.parametrize("what", ["seat", "class"])
def test_what_is_being_seen_to_is_left_to_its_effect(
    world: World, monkeypatch: pytest.MonkeyPatch, page: int, what: str
) -> None:
    """The seat or the class is cancelled meanwhile: nothing is added for it."""
    scheduled = schedule(world)
    booking = seat(world, scheduled)
    world.settle()
    take_out(world)
    cancel = Cancel(booking.id) if what == "seat" else CancelClass(scheduled.id)
    meanwhile(world, monkeypatch, page, lambda: world.ask(cancel))

    assert found(world) == [("missing", "in flight")]
    monkeypatch.undo()
    world.settle()
    assert [meeting for meeting in world.zoom_meetings() if people(world)] == []
    assert world.kit.reconcile().even


def test_what_differs_while_it_is_seen_to_is_not_even_reported(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The class is moved, or the seat cancelled, right before the list is read."""
    scheduled = schedule(world)
    eva = seat(world, scheduled)
    world.settle()
    take_out(world)
    put_in(world)  # changed
    meanwhile(world, monkeypatch, 1, lambda: world.ask(MoveClass(scheduled.id, starts=scheduled.starts + DAY)))
    assert found(world) == []
    monkeypatch.undo()
    world.settle()
    meanwhile(world, monkeypatch, 1, lambda: world.ask(Cancel(eva.id)))
    assert found(world) == []


def test_what_is_as_wanted_at_the_second_look_is_passed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody has put the very same link back, as far as we can see."""
    booking = seat(world, schedule(world))
    world.settle()
    take_out(world)

    def back() -> None:
        there = put_in(world)
        alter(world, booking, vendor_id=there.vendor_id, join_url=there.join_url)

    meanwhile(world, monkeypatch, 2, back)
    assert found(world) == [("missing", "passed")]


def test_an_address_that_another_booking_has_by_then_is_passed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who had left comes back between the list and the second look: the link is theirs again, and stays."""
    scheduled = schedule(world)
    first = seat(world, scheduled)
    world.settle()
    world.ask(Cancel(first.id))
    world.settle()
    put_in(world)

    def back() -> None:
        seat(world, scheduled)
        world.settle()

    meanwhile(world, monkeypatch, 2, back)
    assert found(world) == [("unwanted", "passed")]
    monkeypatch.undo()
    assert people(world) == [EVA]
    assert world.kit.reconcile().even


@pytest.mark.parametrize(("page", "after"), [(1, False), (1, True), (2, False), (2, True)])
def test_a_class_whose_meeting_is_made_anew_meanwhile_is_left(
    world: World, monkeypatch: pytest.MonkeyPatch, page: int, *, after: bool
) -> None:
    """The links that were listed, or looked for, lead nowhere any more; the seat has one to the new meeting."""
    booking = seat(world, schedule(world))
    world.settle()
    take_out(world)
    put_in(world)

    def remake() -> None:
        world.zoom.delete_meeting(world.zoom_meetings()[0].id)
        world.zoom.deliver_webhooks()
        world.settle()

    with monkeypatch.context() as patched:
        meanwhile(world, patched, page, remake, after=after)
        report = world.kit.reconcile()
    assert not [one for one in report.findings if one.outcome is Outcome.HEALING]
    assert bool(report.troubles) == (page == 1 and not after)  # it was gone when its list was asked for
    assert [one.id for one in world.zoom_meetings()] == [world.zoom.open_link(link(world, booking))]
    assert world.kit.reconcile().even


def test_a_list_of_links_that_breaks_off_changes_nothing(world: World) -> None:
    """The meeting is named as one that was not compared; its host's meetings were."""
    seat(world, schedule(world))
    world.settle()
    take_out(world)
    world.zoom.inject(Fault.error("GET", "/registrants"))
    report = world.kit.reconcile()

    assert [(one.vendor, one.place) for one in report.troubles] == [("zoom", world.zoom_meetings()[0].id)]
    assert report.findings == ()
    assert found(world) == [("missing", "healing")]


def test_where_the_hosts_meetings_cannot_be_listed_no_links_are(world: World) -> None:
    """One that is away is not asked once for every class."""
    seat(world, schedule(world))
    world.settle()
    world.zoom.inject(Fault.error("GET", "/users/[^/]+/meetings$"))
    asked = world.zoom.state()["requests"]
    report = world.kit.reconcile()

    assert len(report.troubles) == 1
    assert world.zoom.state()["requests"] == asked + 1
