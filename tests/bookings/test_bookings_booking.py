"""Bookings against their table, written out by hand, and as long histories."""

from __future__ import annotations

from datetime import timedelta

import attrs
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from servicekit.bookings import (
    HOLDING,
    TRANSITIONS,
    Action,
    Booking,
    BookingState,
    Party,
    act,
    book,
    check_missed,
    rebook,
)
from servicekit.errors import Conflict, Invalid
from servicekit.ids import BookingId, BranchId, ClientId, GroupId, ProviderId, ServiceId
from servicekit.moments import Instant, Window

NOW = Instant.parse("2026-11-25T13:00:00Z")
HOUR = timedelta(hours=1)
TABLE = """
                confirm     rebook      extend      cancel      check in    complete    mark as no-show
requested       confirmed   requested   requested   cancelled   -           -           -
confirmed       =           confirmed   confirmed   cancelled   checked_in  -           no_show
checked_in      -           -           checked_in  -           =           completed   -
completed       -           -           -           -           -           =           -
cancelled       -           -           -           =           -           -           -
no_show         -           -           -           -           -           -           =
"""
"""For each state (rows) and action (columns): where it leads; ``-`` is refused, ``=`` was done already."""
BOOKING = Booking(
    id=BookingId("bkg_1"),
    organisation=GroupId("grp_1"),
    branch=BranchId("brn_1"),
    service=ServiceId("srv_1"),
    provider=ProviderId("prv_1"),
    client=ClientId("cli_1"),
    starts=NOW + HOUR,
    ends=NOW + 2 * HOUR,
    zone="Europe/Zurich",
    state=BookingState.CONFIRMED,
    revision=4,
)


def cells() -> list[tuple[BookingState, Action, str]]:
    """The table's 42 pairs, and where each leads."""
    actions = [
        Action.CONFIRM,
        Action.REBOOK,
        Action.EXTEND,
        Action.CANCEL,
        Action.CHECK_IN,
        Action.COMPLETE,
        Action.MARK_NO_SHOW,
    ]
    rows = [line.split() for line in TABLE.strip().splitlines()[1:]]
    return [
        (BookingState[name.upper()], action, leads)
        for name, *leading in rows
        for action, leads in zip(actions, leading, strict=True)
    ]


def done(booking: Booking, action: Action) -> Booking:
    """The booking after the action; a move goes to the hour after, and an extension ends an hour later."""
    if action is Action.EXTEND:
        return rebook(booking, Window(booking.starts, booking.ends + HOUR), NOW)
    if action is Action.REBOOK:
        return rebook(booking, Window(booking.starts + HOUR, booking.ends + HOUR), NOW)
    return act(booking, action, by=Party.CLIENT)


@pytest.mark.spec("B-01")
def test_the_table_is_whole() -> None:
    """Every state meets every action, and the public table is this one."""
    assert {(state, action) for state, action, _ in cells()} == {
        (state, action) for state in BookingState for action in Action
    }
    allowed = {(state, action): BookingState[leads.upper()] for state, action, leads in cells() if leads not in "-="}
    assert {(state, action): leads for state, row in TRANSITIONS.items() for action, leads in row.items()} == allowed


@pytest.mark.spec("B-01")
@pytest.mark.parametrize(("state", "action", "leads"), cells())
def test_every_pair_does_what_the_table_says(state: BookingState, action: Action, leads: str) -> None:
    """Each pair leads where it should, or changes nothing, or is refused with what is possible instead."""
    booking = evolve(BOOKING, state=state)
    if leads == "=":
        assert done(booking, action) is booking
    elif leads == "-":
        with pytest.raises(Conflict) as caught:
            done(booking, action)
        assert caught.value.code == "transition_refused"
        assert caught.value.facts == {
            "booking": booking.id,
            "state": state.value,
            "action": action.value,
            "possible": [
                other.value for there, other, elsewhere in cells() if there is state and elsewhere not in "-="
            ],
        }
    else:
        after = done(booking, action)
        assert after.state is BookingState[leads.upper()]
        assert after.revision == booking.revision + (action in {Action.REBOOK, Action.EXTEND, Action.CANCEL})
        assert after.cancelled_by is (Party.CLIENT if action is Action.CANCEL else None)
        moved = HOUR if action is Action.REBOOK else timedelta(0)
        longer = HOUR if action in {Action.REBOOK, Action.EXTEND} else timedelta(0)
        assert after.window == Window(booking.starts + moved, booking.ends + longer)


@pytest.mark.spec("B-01")
def test_a_refusal_where_nothing_is_possible_says_so() -> None:
    """The sentence names state, action and what is possible, or that nothing is."""
    with pytest.raises(Conflict, match=r"that is cancelled cannot be asked to check in; possible now: nothing\."):
        act(evolve(BOOKING, state=BookingState.CANCELLED), Action.CHECK_IN)
    with pytest.raises(
        Conflict, match=r"that is checked in cannot be asked to cancel; possible now: extend, complete\."
    ):
        act(evolve(BOOKING, state=BookingState.CHECKED_IN), Action.CANCEL)


def test_a_new_booking_is_its_first_revision() -> None:
    """Keys and markers at vendors begin with it; nobody has cancelled."""
    kept = attrs.asdict(BOOKING, recurse=False, filter=lambda item, _: item.name not in {"revision", "cancelled_by"})
    new = Booking(**kept)
    assert (new.revision, new.cancelled_by) == (1, None)


def test_who_cancelled_first_stays() -> None:
    """A second cancellation, by the other party, does not change who owes what."""
    cancelled = act(BOOKING, Action.CANCEL, by=Party.CLIENT)
    assert act(cancelled, Action.CANCEL, by=Party.BUSINESS) is cancelled


@pytest.mark.parametrize("action", [Action.REBOOK, Action.EXTEND])
def test_a_move_needs_a_window(action: Action) -> None:
    """``act`` cannot move: it says what can."""
    with pytest.raises(Invalid) as caught:
        act(BOOKING, action)
    assert caught.value.code == "rebook_needs_window"


def test_moving_to_where_it_is_changes_nothing() -> None:
    """The same window again is the same revision, also when that window has begun by now."""
    assert rebook(BOOKING, BOOKING.window, NOW + 9 * HOUR) is BOOKING


def test_a_cancelled_booking_cannot_even_stay() -> None:
    """A move to its own window is refused as well where moving is."""
    with pytest.raises(Conflict):
        rebook(evolve(BOOKING, state=BookingState.CANCELLED), BOOKING.window, NOW)


@given(st.integers(-3, 3), st.integers(1, 3))
def test_no_booking_starts_in_the_past(starts: int, length: int) -> None:
    """It is made and moved to now or later; an earlier start is refused, by whole instants and whatever the zone."""
    window = Window(NOW + timedelta(microseconds=starts), NOW + timedelta(microseconds=starts + length))
    booking = evolve(BOOKING, starts=window.opens, ends=window.closes)
    if starts >= 0:
        assert book(booking, NOW) is booking
        assert rebook(BOOKING, window, NOW).window == window
        return
    with pytest.raises(Invalid) as made:
        book(booking, NOW)
    with pytest.raises(Invalid) as moved:
        rebook(BOOKING, window, NOW)
    assert made.value.code == moved.value.code == "booking_in_the_past"
    assert made.value.facts == moved.value.facts == {"starts": str(window.opens), "at": str(NOW)}


@given(st.integers(-3, 3), st.integers(1, 6))
def test_one_that_has_begun_may_end_at_another_time_to_come(now: int, length: int) -> None:
    """Whoever is inside may stay longer, or go earlier; an end that has passed is refused, and so is another start."""
    running = evolve(BOOKING, starts=NOW, ends=NOW + timedelta(microseconds=2))
    at, window = NOW + timedelta(microseconds=now), Window(NOW, NOW + timedelta(microseconds=length))
    if window == running.window or window.closes > at:
        assert rebook(running, window, at).window == window
    else:
        with pytest.raises(Invalid) as refused:
            rebook(running, window, at)
        assert refused.value.code == "booking_in_the_past"


def test_another_provider_is_another_revision() -> None:
    """At the same time or another; the same provider again changes nothing."""
    other = ProviderId("prv_2")
    assert rebook(BOOKING, BOOKING.window, NOW, BOOKING.provider) is BOOKING
    passed_on = rebook(BOOKING, BOOKING.window, NOW, other)
    assert (passed_on.provider, passed_on.window, passed_on.revision) == (other, BOOKING.window, 5)


def test_of_who_is_there_only_the_end_can_change() -> None:
    """Neither the start nor the provider; later and earlier ends, as long as they lie ahead."""
    there = evolve(BOOKING, state=BookingState.CHECKED_IN)
    longer = rebook(there, Window(there.starts, there.ends + HOUR), there.starts)
    assert (longer.state, longer.ends, longer.revision) == (BookingState.CHECKED_IN, there.ends + HOUR, 5)
    for window, provider in (
        (Window(there.starts + HOUR, there.ends + HOUR), None),
        (there.window, ProviderId("prv_2")),
    ):
        with pytest.raises(Conflict) as refused:
            rebook(there, window, NOW, provider)
        assert refused.value.facts["possible"] == ["extend", "complete"]
    with pytest.raises(Invalid) as past:
        rebook(there, Window(there.starts, there.ends - HOUR / 2), there.ends)
    assert past.value.code == "booking_in_the_past"


def test_nobody_is_missed_before_the_start() -> None:
    """From the start on they may be."""
    check_missed(BOOKING, BOOKING.starts)
    with pytest.raises(Conflict) as refused:
        check_missed(BOOKING, Instant(BOOKING.starts.us - 1))
    assert refused.value.code == "not_begun"
    assert refused.value.facts["starts"] == str(BOOKING.starts)


def test_a_booking_ends_after_it_starts() -> None:
    """A booking of no length is refused when it is made."""
    with pytest.raises(Invalid) as caught:
        book(evolve(BOOKING, ends=BOOKING.starts), NOW)
    assert caught.value.code == "empty_window"


@pytest.mark.spec("B-01")
@given(st.sampled_from([BookingState.REQUESTED, BookingState.CONFIRMED]), st.lists(st.sampled_from(Action)))
def test_histories_end_where_the_table_leads(state: BookingState, actions: list[Action]) -> None:
    """Any row of actions, refused ones and all: state, revision and window are what a walk over the table gives."""
    table = {(there, action): leads for there, action, leads in cells()}
    booking = evolve(BOOKING, state=state, revision=1)
    here, changes, moves = state, 0, 0
    for action in actions:
        leads = table[here, action]
        before = booking
        if leads == "-":
            with pytest.raises(Conflict):
                done(booking, action)
            continue
        booking = done(booking, action)
        assert (booking is before) == (leads == "=")
        if leads != "=":
            here = BookingState[leads.upper()]
            moves += action is Action.REBOOK
            changes += action in {Action.REBOOK, Action.EXTEND, Action.CANCEL}
    assert (booking.state, booking.revision) == (here, 1 + changes)
    assert booking.starts == BOOKING.starts + moves * HOUR


def test_what_is_held_is_the_booking_with_its_buffers() -> None:
    """Before and after, in absolute time; without any it is the booking itself."""
    assert BOOKING.held == BOOKING.window
    around = evolve(BOOKING, before=HOUR / 4, after=HOUR / 2)
    assert around.held == Window(BOOKING.starts - HOUR / 4, BOOKING.ends + HOUR / 2)


@pytest.mark.parametrize("changed", ["rebook", "cancel"])
def test_f08_a_request_key_is_free_again(changed: str) -> None:
    """F-08: a move and a cancellation let go of the key, and a reason stays with what was cancelled."""
    asked = evolve(BOOKING, request_key="k")
    if changed == "rebook":
        assert rebook(asked, Window(BOOKING.starts + HOUR, BOOKING.ends + HOUR), NOW).request_key == ""
        return
    cancelled = act(asked, Action.CANCEL, by=Party.CLIENT, reason="ill")
    assert (cancelled.request_key, cancelled.reason) == ("", "ill")
    assert act(asked, Action.CHECK_IN).request_key == "k"


def test_what_holds_the_place() -> None:
    """Also a booking that waits for approval holds its place; one that is over, cancelled or missed does not."""
    assert {"requested", "confirmed", "checked in"} == HOLDING


@pytest.mark.parametrize("state", BookingState)
def test_what_doors_and_meetings_follow(state: BookingState) -> None:
    """Keys and meetings are for bookings that stand; not for requests, and no more for cancelled or missed ones."""
    assert evolve(BOOKING, state=state).obeyed == (state in {"confirmed", "checked in", "completed"})


def test_words_that_are_stored() -> None:
    """Databases hold these words: changing one loses what was stored under it."""
    assert set(BookingState) >= {"requested", "confirmed", "checked in", "completed", "cancelled", "no-show"}
    assert set(Party) == {"client", "business"}
