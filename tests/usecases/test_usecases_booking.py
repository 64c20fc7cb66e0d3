"""Bookings: what can be booked, the whole table of transitions, and whose bookings somebody may touch."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import children
from processes import race
from servicekit import Instant, Principal
from servicekit.bookings import (
    AddClient,
    AddProvider,
    AddService,
    Book,
    Booking,
    BookingRules,
    BookingState,
    BookSeat,
    Cancel,
    CheckIn,
    Client,
    Complete,
    Confirm,
    GetBooking,
    MarkNoShow,
    Party,
    Provider,
    Rebook,
    ScheduleClass,
    Service,
)
from servicekit.commands import Command
from servicekit.errors import Conflict, Invalid, NotFound
from servicekit.ids import BookingId, ClientId, ProviderId
from servicekit.outbox.effects import EffectKind, EffectState
from servicekit.runtime.entropy import mint
from world import DAY, HOUR, MINUTE, World, foreign

pytest_plugins = ("world_fixtures",)

TICK = timedelta(microseconds=1)
S = BookingState


def add_client(world: World, name: str = "Ida", mobile: str = "") -> Client:
    """Another client."""
    client: Client = world.ask(
        AddClient(organisation=world.root.id, name=name, email=f"{name.lower()}@home.example", mobile=mobile)
    )
    return client


def approved(world: World) -> Service:
    """A service whose bookings are requests first."""
    service: Service = world.ask(
        AddService(branch=world.branch.id, name="Colour", length=HOUR, needs_approval=True, online=True)
    )
    return service


def book(world: World, **changed: Any) -> Book:
    """The command for Eva's haircut on the chair, tomorrow; or as said."""
    usual = {
        "service": world.haircut.id,
        "provider": world.chair.id,
        "client": world.eva.id,
        "starts": world.now + DAY,
    }
    return Book(**{**usual, **changed})


# Booking


@pytest.mark.spec("B-01")
def test_a_booking_has_what_was_booked_in_the_zone_of_its_branch(world: World) -> None:
    """Service, branch, provider, client, start, end after the service's length, and the state CONFIRMED."""
    booking: Booking = world.ask(book(world))

    assert (booking.service, booking.provider, booking.client) == (world.haircut.id, world.chair.id, world.eva.id)
    assert (booking.branch, booking.zone, booking.organisation) == (
        world.haircut.branch,
        "Europe/Stockholm",
        world.root.id,
    )
    assert (booking.starts, booking.ends) == (world.now + DAY, world.now + DAY + HOUR)
    assert (booking.state, booking.revision, booking.cancelled_by) == (S.CONFIRMED, 1, None)
    assert world.ask(GetBooking(booking.id)) == booking


def test_a_start_may_be_a_datetime_with_a_zone_and_an_end_may_be_said(world: World) -> None:
    """The instant is what counts."""
    starts = datetime.fromisoformat("2026-12-01T10:00:00+01:00")
    booking: Booking = world.ask(book(world, starts=starts, ends=starts + timedelta(minutes=20)))

    assert booking.window.length == timedelta(minutes=20)
    assert booking.starts == Instant.parse("2026-12-01T09:00:00Z")


@pytest.mark.parametrize(
    ("changed", "code", "told"),
    [
        ({"starts": timedelta(0) - TICK}, "booking_in_the_past", "Choose a later start"),
        ({"starts": DAY, "ends": DAY - MINUTE}, "empty_window", "must end after it starts"),
        ({"starts": DAY, "ends": DAY}, "empty_window", "must end after it starts"),
    ],
)
@pytest.mark.parametrize("moving", [False, True], ids=["booking", "moving"])
def test_a_time_that_cannot_be_is_refused(
    world: World, changed: dict[str, timedelta], code: str, told: str, *, moving: bool
) -> None:
    """In the past, or ending before it starts; for a booking and for a move alike."""
    times: dict[str, Any] = {name: world.now + span for name, span in changed.items()}
    booking: Booking = world.ask(book(world, starts=world.now + 5 * DAY))
    refused = world.refused(Rebook(booking.id, **times) if moving else book(world, **times))

    assert (type(refused), refused.code) == (Invalid, code)
    assert told in refused.message


def test_a_start_may_be_now(world: World) -> None:
    """Somebody who walks in."""
    assert world.ask(book(world, starts=world.now)).starts == world.now


@pytest.mark.parametrize(
    "make", [lambda world, at: book(world, starts=at), lambda _, at: Rebook(BookingId("bkg_1"), starts=at)]
)
def test_a_datetime_without_a_zone_names_no_instant(
    world: World, make: Callable[[World, datetime], Command[Booking]]
) -> None:
    """Nobody knows which one is meant: refused before anything is asked."""
    naive = datetime.fromisoformat("2026-12-01T10:00:00")
    with pytest.raises(Invalid, match="has no time zone, so it names no instant: attach one") as caught:
        make(world, naive)
    assert caught.value.code == "naive_datetime"


@pytest.mark.parametrize(("what", "kind"), [("provider", ProviderId), ("client", ClientId)])
def test_what_does_not_exist_cannot_be_booked(world: World, what: str, kind: type[ProviderId | ClientId]) -> None:
    """An unknown room or client is not found."""
    missing = mint(kind, world.now)
    refused = world.refused(book(world, **{what: missing}))

    assert (type(refused), refused.facts["id"]) == (NotFound, missing)
    assert f"There is no {what.capitalize()} {missing}" in refused.message


def test_what_belongs_to_another_organisation_cannot_be_booked(world: World) -> None:
    """Neither its provider nor its client is there."""
    root, rolf = foreign(world)
    chair = world.ask(AddProvider(organisation=root.id, name="Chair"), rolf)
    otto = world.ask(AddClient(organisation=root.id, name="Otto", email="otto@home.example"), rolf)

    for changed in ({"provider": chair.id}, {"client": otto.id}):
        assert type(world.refused(book(world, **changed))) is NotFound
    assert type(world.refused(book(world, client=otto.id), Principal.of(otto.id))) is NotFound


# No double booking


def test_a_taken_time_is_refused_with_what_is_there(world: World) -> None:
    """Whoever overlaps by a microsecond; who only touches does not."""
    first: Booking = world.ask(book(world))
    refused = world.refused(book(world, starts=first.ends - TICK))

    assert (type(refused), refused.code) == (Conflict, "taken")
    assert refused.facts == {"provider": world.chair.id, "starts": str(first.starts), "ends": str(first.ends)}
    assert "choose another time" in refused.message
    assert world.refused(book(world, starts=first.starts - HOUR + TICK)).code == "taken"
    world.ask(book(world, starts=first.ends))
    world.ask(book(world, starts=first.starts - HOUR))
    world.ask(book(world, provider=world.room.id))


def test_a_request_holds_its_place_and_a_cancelled_booking_gives_it_back(world: World) -> None:
    """Every state that holds the place counts; what was never to be, or is over, does not."""
    service = approved(world)
    request: Booking = world.ask(book(world, service=service.id))
    assert world.refused(book(world)).code == "taken"
    world.ask(Cancel(request.id))
    booking: Booking = world.ask(book(world))
    world.clock.set(booking.starts)
    world.ask(MarkNoShow(booking.id))
    again: Booking = world.ask(book(world, starts=booking.starts))
    world.ask(CheckIn(again.id))
    assert world.refused(book(world, starts=booking.starts)).code == "taken"
    world.ask(Complete(again.id))
    world.ask(book(world, starts=booking.starts))


def test_a_booking_may_move_into_its_own_time_but_into_no_others(world: World) -> None:
    """Half an hour later overlaps what it leaves."""
    booking: Booking = world.ask(book(world))
    other: Booking = world.ask(book(world, starts=booking.ends + HOUR))

    assert world.ask(Rebook(booking.id, starts=booking.starts + HOUR / 2)).revision == 2
    refused = world.refused(Rebook(booking.id, starts=other.starts - HOUR / 2))
    assert (refused.code, refused.facts["starts"]) == ("taken", str(other.starts))


def test_eight_processes_book_one_chair_once(world: World) -> None:
    """Of eight who want each of five hours at the same moment, one gets it; bookings never overlap."""
    wishes = [book(world, starts=world.now + DAY + hours * HOUR / 2) for hours in range(10)]
    outcomes = race(children.perform, str(world.path), wishes, world.anna, world.now)

    assert sorted({outcome for mine in outcomes for outcome in mine}) == ["done", "taken"]
    with world.look() as store:
        booked = sorted((one.starts, one.ends) for one in store.bookings.where())
    assert sum(mine.count("done") for mine in outcomes) == len(booked) == 5
    assert all(ends <= starts for (_, ends), (starts, _) in pairwise(booked))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 6), st.booleans()), min_size=1, max_size=8))
def test_what_is_booked_never_overlaps(world: World, wishes: list[tuple[int, int, bool]]) -> None:
    """Against a look at every booking: a wish is granted exactly where nothing is in its way."""
    world.clock.advance(2 * DAY)
    granted: list[tuple[Provider, Instant, Instant]] = []
    for starts, hours, other in wishes:
        provider = world.room if other else world.chair
        opens, closes = (world.now + DAY + hour * HOUR for hour in (starts, starts + hours))
        free = all(provider != theirs or closes <= begins or ends <= opens for theirs, begins, ends in granted)
        command = book(world, provider=provider.id, starts=opens, ends=closes)
        if free:
            world.ask(command)
            granted.append((provider, opens, closes))
        else:
            assert world.refused(command).code == "taken"


# The table of transitions

ACTIONS: dict[str, Callable[[Booking], Command[Booking]]] = {
    "confirm": lambda booking: Confirm(booking.id),
    "rebook": lambda booking: Rebook(booking.id, starts=booking.starts + 30 * DAY),
    "extend": lambda booking: Rebook(booking.id, starts=booking.starts, ends=booking.ends + HOUR),
    "cancel": lambda booking: Cancel(booking.id),
    "check in": lambda booking: CheckIn(booking.id),
    "complete": lambda booking: Complete(booking.id),
    "mark as no-show": lambda booking: MarkNoShow(booking.id),
}
TABLE: dict[tuple[BookingState, str], BookingState] = {
    (S.REQUESTED, "confirm"): S.CONFIRMED,
    (S.REQUESTED, "rebook"): S.REQUESTED,
    (S.REQUESTED, "extend"): S.REQUESTED,
    (S.REQUESTED, "cancel"): S.CANCELLED,
    (S.CONFIRMED, "rebook"): S.CONFIRMED,
    (S.CONFIRMED, "extend"): S.CONFIRMED,
    (S.CONFIRMED, "cancel"): S.CANCELLED,
    (S.CONFIRMED, "check in"): S.CHECKED_IN,
    (S.CONFIRMED, "mark as no-show"): S.NO_SHOW,
    (S.CHECKED_IN, "extend"): S.CHECKED_IN,
    (S.CHECKED_IN, "complete"): S.COMPLETED,
}
REPEATED = {
    (S.CONFIRMED, "confirm"),
    (S.CANCELLED, "cancel"),
    (S.CHECKED_IN, "check in"),
    (S.COMPLETED, "complete"),
    (S.NO_SHOW, "mark as no-show"),
}
WAYS: dict[BookingState, tuple[str, ...]] = {
    S.REQUESTED: (),
    S.CONFIRMED: ("confirm",),
    S.CHECKED_IN: ("confirm", "check in"),
    S.COMPLETED: ("confirm", "check in", "complete"),
    S.CANCELLED: ("cancel",),
    S.NO_SHOW: ("confirm", "mark as no-show"),
}


@pytest.mark.spec("B-01")
@pytest.mark.parametrize("state", BookingState)
def test_every_pair_of_state_and_action_leads_where_the_table_says(world: World, state: BookingState) -> None:
    """Or is refused with what is possible; doing again what has led here changes nothing and answers the same."""
    service = approved(world)
    for number, (name, action) in enumerate(ACTIONS.items()):
        booking: Booking = world.ask(book(world, service=service.id, starts=world.now + (number + 1) * DAY))
        if "mark as no-show" in (name, *WAYS[state]):
            world.clock.set(booking.starts)  # nobody is missed before
        for step in WAYS[state]:
            booking = world.ask(ACTIONS[step](booking))
        assert booking.state is state
        command = action(booking)
        if (state, name) in TABLE:
            after: Booking = world.ask(command)
            assert after.state is TABLE[state, name]
            assert world.ask(GetBooking(booking.id)) == after
        elif (state, name) in REPEATED:
            before = world.tables()
            assert world.ask(command) == booking
            assert world.tables() == before
        else:
            refused = world.refused(command)
            assert (type(refused), refused.code) == (Conflict, "transition_refused")
            assert refused.facts["state"] == state.value
            possible = [other for (where, other) in TABLE if where is state]
            assert sorted(refused.facts["possible"]) == sorted(possible)  # type: ignore[call-overload]
            assert all(other in refused.message for other in possible or ["nothing"])


def test_a_move_is_a_new_revision_and_keeps_the_length(world: World) -> None:
    """Unless an end is said; the same window again changes nothing."""
    booking: Booking = world.ask(book(world, ends=world.now + DAY + 2 * HOUR))
    moved: Booking = world.ask(Rebook(booking.id, starts=booking.starts + DAY))
    assert (moved.starts, moved.window.length, moved.revision) == (booking.starts + DAY, 2 * HOUR, 2)

    before = world.tables()
    assert world.ask(Rebook(booking.id, starts=moved.starts)) == moved
    assert world.tables() == before
    shorter: Booking = world.ask(Rebook(booking.id, starts=moved.starts, ends=moved.starts + HOUR))
    assert (shorter.window.length, shorter.revision) == (HOUR, 3)


def test_a_request_gives_its_effects_when_it_is_confirmed(world: World) -> None:
    """Not before, whatever is done to it, people are only told of it; a request cancelled leaves nothing to do."""
    service = approved(world)
    request: Booking = world.ask(book(world, service=service.id))
    world.ask(Rebook(request.id, starts=request.starts + DAY))
    other: Booking = world.ask(book(world, service=service.id))
    world.ask(Cancel(other.id))
    assert {effect.kind for effect in world.effects(EffectState.DUE)} == {EffectKind.NOTICE}
    world.settle()
    assert world.zoom_meetings() == []
    world.ask(Confirm(request.id))
    world.settle()

    assert [meeting.starts for meeting in world.zoom_meetings()] == [str(request.starts + DAY)]


def test_checking_in_and_completing_end_nothing(world: World) -> None:
    """Nobody is shut in: the key runs out by itself."""
    booking = world.book(world.massage)
    world.settle()
    world.ask(CheckIn(booking.id))
    world.ask(Complete(booking.id))
    world.settle()

    assert [key.marker for key in world.exivo_keys()] == [f"sk:{booking.id}:1"]


def test_a_no_show_ends_key_and_meeting(world: World) -> None:
    """The place is free again, and nobody is told."""
    booking = world.book()
    world.settle()
    assert world.refused(MarkNoShow(booking.id)).code == "not_begun"
    world.clock.set(booking.starts)
    world.ask(MarkNoShow(booking.id))
    texts = len(world.elks.handset(world.eva.mobile))
    world.settle()

    assert world.exivo_keys() == []
    assert world.zoom_meetings() == []
    assert len(world.elks.handset(world.eva.mobile)) == texts


# Whose


def test_a_client_books_moves_and_cancels_for_itself(world: World) -> None:
    """That it was the client who cancelled stands in the booking."""
    eva = Principal.of(world.eva.id)
    booking: Booking = world.ask(book(world), eva)
    moved: Booking = world.ask(Rebook(booking.id, starts=booking.starts + DAY), eva)
    assert world.ask(GetBooking(booking.id), eva) == moved

    assert world.ask(Cancel(booking.id), eva).cancelled_by is Party.CLIENT
    assert world.ask(Cancel(world.ask(book(world)).id)).cancelled_by is Party.BUSINESS


def test_a_client_touches_no_booking_but_its_own(world: World) -> None:
    """Another's is not there for it; nor may it book for another, or confirm its own."""
    ida = Principal.of(add_client(world).id)
    booking: Booking = world.ask(book(world))
    for command in (Rebook(booking.id, starts=booking.starts + DAY), Cancel(booking.id), book(world)):
        assert type(world.refused(command, ida)) is NotFound
    assert type(world.refused(GetBooking(booking.id), ida)) is NotFound

    request: Booking = world.ask(book(world, service=approved(world).id, starts=world.now + 9 * DAY))
    assert type(world.refused(Confirm(request.id), Principal.of(world.eva.id))) is NotFound


def test_a_provider_sees_its_bookings_and_moves_none(world: World) -> None:
    """Its own, and no others; it neither cancels nor confirms."""
    booking: Booking = world.ask(book(world))
    chair, room = Principal.of(world.chair.id), Principal.of(world.room.id)

    assert world.ask(GetBooking(booking.id), chair) == booking
    assert type(world.refused(GetBooking(booking.id), room)) is NotFound
    assert type(world.refused(Cancel(booking.id), chair)) is NotFound
    request: Booking = world.ask(book(world, service=approved(world).id, starts=world.now + 9 * DAY))
    assert type(world.refused(Confirm(request.id), chair)) is NotFound


def test_a_provider_says_what_happened_on_the_day(world: World) -> None:
    """Who came, when it was done, who did not come: of its own bookings."""
    chair, room = Principal.of(world.chair.id), Principal.of(world.room.id)
    came: Booking = world.ask(book(world))
    stayed: Booking = world.ask(book(world, starts=world.now + 2 * DAY))
    for command in (CheckIn(came.id), MarkNoShow(stayed.id)):
        assert type(world.refused(command, room)) is NotFound
    assert world.refused(MarkNoShow(stayed.id), chair).code == "not_begun"
    assert world.ask(CheckIn(came.id), chair).state is S.CHECKED_IN
    assert world.ask(Complete(came.id), chair).state is S.COMPLETED
    world.clock.set(stayed.starts)
    assert world.ask(MarkNoShow(stayed.id), chair).state is S.NO_SHOW


def test_a_seat_moves_with_its_class(world: World) -> None:
    """It is cancelled like any other booking, and moved with all others."""
    yoga = world.ask(AddService(branch=world.haircut.branch, name="Yoga", length=HOUR, rules=BookingRules(seats=2)))
    scheduled = world.ask(ScheduleClass(service=yoga.id, provider=world.chair.id, starts=world.now + DAY))
    seat: Booking = world.ask(BookSeat(scheduled=scheduled.id, client=world.eva.id))
    refused = world.refused(Rebook(seat.id, starts=seat.starts + DAY))
    assert (type(refused), refused.code, refused.facts) == (Conflict, "in_a_class", {"scheduled": scheduled.id})
    assert world.ask(Cancel(seat.id)).state is S.CANCELLED


# Request keys


def test_f08_a_retry_gives_the_same_booking(world: World) -> None:
    """F-08: the same key, the same answer, also once the time has come; other words under the key are refused."""
    order = book(world, request_key="order 66")
    booking: Booking = world.ask(order)
    before = world.tables()
    assert world.ask(order) == booking
    assert world.ask(book(world, request_key="order 66", ends=world.now + DAY + HOUR)) == booking
    world.clock.advance(3 * DAY)
    assert world.ask(order) == booking
    assert world.tables() == before
    refused = world.refused(book(world, starts=world.now + 5 * DAY, request_key="order 66"))
    assert (type(refused), refused.code) == (Conflict, "request_key_reused")


def test_f08_the_key_is_free_again_once_the_booking_is_cancelled_or_moved(world: World) -> None:
    """F-08: who asks again after that wants a new booking, and gets one."""
    order = book(world, request_key="k")
    first: Booking = world.ask(order)
    world.ask(Rebook(first.id, starts=world.now + 3 * DAY))
    second: Booking = world.ask(order)
    world.ask(Cancel(second.id))
    third: Booking = world.ask(order)
    assert len({first.id, second.id, third.id}) == 3


def test_a_key_is_each_clients_own(world: World) -> None:
    """Nobody learns of another's booking by trying keys; a key is not endless."""
    first: Booking = world.ask(book(world, request_key="k"))
    other = world.ask(book(world, starts=world.now + 2 * DAY, request_key="k", client=add_client(world).id))
    assert other.id != first.id
    refused = world.refused(book(world, request_key="k" * 201))
    assert (type(refused), refused.code) == (Invalid, "long_request_key")
    world.ask(book(world, starts=world.now + 4 * DAY, request_key="k" * 200))


def test_f07_a_double_click_on_cancel_cancels_once(world: World) -> None:
    """F-07: nothing is written the second time, and the answer is the same."""
    booking: Booking = world.ask(book(world))
    cancelled = world.ask(Cancel(booking.id, reason="ill"))
    before = world.tables()
    assert world.ask(Cancel(booking.id, reason="another")) == cancelled
    assert (world.tables(), cancelled.reason) == (before, "ill")


def test_f09_an_id_is_no_permission(world: World) -> None:
    """F-09: who knows a booking's id, or even has a seat elsewhere, cancels and moves nothing of another's."""
    booking: Booking = world.ask(book(world))
    stranger = Principal.of(add_client(world).id)
    for command in (Cancel(booking.id), Rebook(booking.id, starts=world.now + 3 * DAY)):
        assert world.refused(command, stranger).code == "not_found"
