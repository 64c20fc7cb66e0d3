"""Meetings compared with what hosts have: every kind of difference ends as booking or class wants, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from salons import Salon, booked, discard, opened
from servicekit.adapters.meetings.zoom_app import ZoomApp
from servicekit.bookings import AddService, BookingRules, Cancel, CancelClass, ScheduleClass
from servicekit.meetings import Connection, ConnectionState, MeetingState
from servicekit.outbox.effects import EffectKind, EffectState
from servicekit.testing.simulators import ZoomSimulator
from world import (
    DAY,
    HOUR,
    NOON,
)

pytest_plugins = ("salons_fixtures",)


def test_a_meeting_that_is_gone_is_made_anew(salon: Salon) -> None:
    """As if Zoom had told of it: another one at the wanted time."""
    booking = booked(salon)
    salon.zoom.delete_meeting(salon.zoom_meetings()[0].id)

    assert salon.found() == [("missing", "healing")]
    salon.settle()
    (held,) = salon.zoom_meetings()
    assert (held.marker, held.starts) == (f"sk:{booking.id}:2", str(booking.starts))
    assert salon.reconcile().even


def test_a_meeting_that_is_gone_and_not_wanted_is_noted(salon: Salon) -> None:
    """Its effect was discarded: it is removed here as well, and not made again."""
    booking = booked(salon)
    salon.zoom.delete_meeting(salon.zoom_meetings()[0].id)
    salon.ask(Cancel(booking.id))
    salon.change(lambda store: discard(store, EffectKind.MEETING, booking))
    salon.settle()

    assert [outcome for _, outcome in salon.found()] == ["healing"]
    salon.settle()
    assert salon.zoom_meetings() == []
    assert salon.reconcile().even


def test_a_meeting_that_was_moved_at_the_vendor_is_moved_back(salon: Salon) -> None:
    """To the booking's time."""
    booking = booked(salon)
    salon.alter_meeting(booking, opens=booking.starts + DAY, closes=booking.ends + DAY, made_opens=None)
    salon.alter_meeting(booking, made_opens=booking.starts + DAY, made_closes=booking.ends + DAY)

    assert salon.found() == [("changed", "healing")]
    salon.settle()
    assert [one.starts for one in salon.zoom_meetings()] == [str(booking.starts + DAY)]
    assert salon.reconcile().even


def test_a_meeting_that_should_be_gone_is_removed(salon: Salon) -> None:
    """Whatever became of the effect; also one that was left behind."""
    booking = booked(salon)
    salon.ask(Cancel(booking.id))
    salon.change(lambda store: discard(store, EffectKind.MEETING, booking))
    salon.settle()
    assert salon.found() == [("unwanted", "healing")]
    salon.settle()
    assert salon.zoom_meetings() == []

    salon.make_meeting(f"sk:{booking.id}:1")
    assert salon.found() == [("unwanted", "healing")]
    salon.settle()
    assert salon.zoom_meetings() == []
    assert salon.reconcile().even


def test_a_meeting_that_a_lost_answer_left_behind_is_adopted(salon: Salon) -> None:
    """By its marker, with its link; nothing is made again."""
    booking = salon.book(salon.advice)
    salon.change(lambda store: discard(store, EffectKind.MEETING, booking))
    made = salon.make_meeting(f"sk:{booking.id}:1")

    assert salon.found() == [("left behind", "healing")]
    salon.settle()
    (held,) = salon.zoom_meetings()
    assert held.id == made
    with salon.look() as store:
        (row,) = store.meetings.where(booking=booking.id)
    assert (row.vendor_id, row.join_url) == (made, held.join_url)


def test_stray_meetings_are_reported_and_removed_only_when_told_to(salon: Salon) -> None:
    """Of an unknown booking, of an unknown class, and a second one beside a booking's own."""
    booking = booked(salon)
    made = {salon.make_meeting(marker) for marker in ("sk:bkg_x:1", "sk:cls_x:1", f"sk:{booking.id}:9")}
    salon.make_meeting("sk: skiing")

    assert {one.vendor_id for one in salon.reconcile().strays} == made
    assert len(salon.zoom_meetings()) == 5
    assert salon.found(remove_strays=True) == [("stray", "removed")] * 3
    assert [one.marker for one in salon.zoom_meetings()] == ["sk: skiing", f"sk:{booking.id}:1"]


@pytest.mark.parametrize("how", ["its own", "its former one", "asked for"])
def test_a_stray_meeting_that_somebody_owns_by_then_is_kept(salon: Salon, how: str) -> None:
    """It is asked once more whose it is, right before it would be removed."""
    booking = booked(salon)
    (mine,) = salon.zoom_meetings()
    unknown, second = salon.make_meeting("sk:bkg_x:1"), salon.make_meeting(f"sk:{booking.id}:1")
    owned = {
        "its own": {"vendor_id": second},
        "its former one": {"former": second},
        "asked for": {"state": MeetingState.ASKED, "vendor_id": ""},
    }
    salon.wire.before.append((f"DELETE /v2/meetings/{unknown}", lambda: salon.alter_meeting(booking, **owned[how])))

    assert salon.found(remove_strays=True) == [("stray", "removed"), ("stray", "passed")]
    assert {one.id for one in salon.zoom_meetings()} == {mine.id, second}


@pytest.mark.parametrize(("settles", "outcome"), [(False, "in flight"), (True, "passed")])
def test_a_meeting_that_is_being_seen_to_meanwhile_is_left(salon: Salon, *, settles: bool, outcome: str) -> None:
    """Its booking is cancelled between the list and the second look; whether or not the relay has removed it by then."""
    booking = booked(salon)
    (held,) = salon.zoom_meetings()
    salon.zoom.delete_meeting(held.id)

    def meanwhile() -> None:
        salon.ask(Cancel(booking.id))
        if settles:
            salon.settle()

    salon.wire.before.append((f"GET /v2/meetings/{held.id}", meanwhile))
    assert salon.found() == [("missing", outcome)]
    salon.settle()
    assert salon.zoom_meetings() == []
    assert salon.reconcile().even


@pytest.mark.parametrize("cancelled", [False, True])
def test_the_meeting_of_a_class_is_made_anew_while_it_takes_place(salon: Salon, *, cancelled: bool) -> None:
    """With its seats; of one that was cancelled nothing is made."""
    yoga = salon.ask(
        AddService(branch=salon.advice.branch, name="Yoga", length=HOUR, online=True, rules=BookingRules(seats=5)),
        by=salon.anna,
    )
    scheduled = salon.ask(ScheduleClass(service=yoga.id, provider=salon.chair.id, starts=NOON + DAY))
    salon.settle()
    salon.zoom.delete_meeting(salon.zoom_meetings()[0].id)
    if cancelled:
        salon.ask(CancelClass(scheduled.id))
        with salon.look() as store:
            for effect in store.effects.where(kind=EffectKind.MEETING, state=EffectState.DUE):
                store.effects.save(evolve(effect, state=EffectState.DISCARDED))
    salon.settle()

    assert [outcome for _, outcome in salon.found()] == ["healing"]
    salon.settle()
    assert [one.marker for one in salon.zoom_meetings()] == ([] if cancelled else [f"sk:{scheduled.id}:2"])
    assert salon.reconcile().even


def test_organisations_with_accounts_of_their_own(database_url: str, tmp_path: Path) -> None:
    """Who never connected one is left out; who is not connected any more is said."""
    app = ZoomApp(
        client_id=ZoomSimulator.client_id,
        client_secret=ZoomSimulator.client_secret,
        redirect_uri="https://salon.example/zoom",
        webhook_secret=ZoomSimulator.webhook_secret,
    )
    with opened(database_url, tmp_path, meetings=app) as salon:
        assert salon.reconcile().even
        lost = Connection(organisation=salon.root.id, state=ConnectionState.LOST, since=NOON)
        salon.change(lambda store: store.connections.add(lost))
        assert [(one.vendor, one.place) for one in salon.reconcile().troubles] == [("zoom", "me")]
