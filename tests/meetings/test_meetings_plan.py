"""The plan, carried out against a slow model of a meeting service that loses answers and meetings."""

from __future__ import annotations

import pytest
from attrs import Factory, define, evolve
from hypothesis import given
from hypothesis import strategies as st

from servicekit.ids import BookingId, MeetingId
from servicekit.meetings import (
    Create,
    Drop,
    LookUp,
    Meeting,
    MeetingState,
    Move,
    Remove,
    RemoveFormer,
    Replace,
    Settled,
    Stuck,
    next_step,
)
from servicekit.moments import Instant

PLANNED, ASKED, MADE = MeetingState.PLANNED, MeetingState.ASKED, MeetingState.MADE
REMOVED, DROPPED, FAILED = MeetingState.REMOVED, MeetingState.DROPPED, MeetingState.FAILED


def meeting(state: MeetingState = PLANNED) -> Meeting:
    """A meeting that is wanted from the first to the second microsecond."""
    return Meeting(
        id=MeetingId("mtg_1"),
        booking=BookingId("bkg_1"),
        host="me",
        topic="Coaching",
        zone="Europe/Zurich",
        opens=Instant(1),
        closes=Instant(2),
        state=state,
    )


IN_PLACE = evolve(meeting(MADE), made_opens=Instant(1), made_closes=Instant(2))


def passed_on(state: MeetingState, *, former: str = "") -> Meeting:
    """One that shall be with another host, perhaps in place of another one."""
    return evolve(meeting(state), next_host="ida" if not former else "", former=former)


@pytest.mark.parametrize(
    ("known", "wanted", "unwanted"),
    [
        (meeting(PLANNED), Create, Drop),
        (meeting(ASKED), LookUp, LookUp),
        (meeting(MADE), Move, Remove),
        (IN_PLACE, Settled, Remove),
        (meeting(REMOVED), Stuck, Settled),
        (meeting(DROPPED), Stuck, Settled),
        (meeting(FAILED), Stuck, Settled),
        (passed_on(PLANNED), Create, Drop),
        (passed_on(ASKED), LookUp, LookUp),
        (passed_on(MADE), Replace, Remove),
        (passed_on(FAILED), Replace, Settled),
        (passed_on(PLANNED, former="v"), Create, RemoveFormer),
        (passed_on(ASKED, former="v"), LookUp, LookUp),
        (passed_on(MADE, former="v"), RemoveFormer, RemoveFormer),
        (passed_on(FAILED, former="v"), Stuck, RemoveFormer),
        (passed_on(REMOVED, former="v"), Stuck, RemoveFormer),
        (passed_on(DROPPED, former="v"), Stuck, RemoveFormer),
    ],
)
def test_what_is_next(known: Meeting, wanted: type, unwanted: type) -> None:
    """For each state, in place or not: the one next step where the booking wants a meeting, and where it does not."""
    for is_wanted, expected in ((True, wanted), (False, unwanted)):
        assert next_step(known, wanted=is_wanted) == (expected() if expected is Settled else expected(known))


@define
class Vendor:
    """A meeting service: the start of each meeting that it holds, by marker."""

    holds: dict[str, Instant] = Factory(dict)
    hosts: dict[str, str] = Factory(dict)

    def create(self, marker: str, opens: Instant) -> None:
        """Make a meeting; a second under the same marker is the fault that must not happen."""
        assert marker not in self.holds, f"{marker} was made twice"
        self.holds[marker] = opens


@define
class World:
    """A booking's meeting, whether it is wanted, and the vendor; carries out one step at a time, as the deliverer does."""

    row: Meeting
    vendor: Vendor
    wanted: bool = True

    def known(self, state: MeetingState, opens: Instant | None = None) -> None:
        """Store what is known now; with ``opens``, where the meeting is."""
        closes = None if opens is None else Instant(opens.us + 1)
        self.row = evolve(self.row, state=state, made_opens=opens, made_closes=closes)

    def step(self, fate: str) -> bool:
        """Carry out the next step; False where there is none. ``fate`` is what befalls the call to the vendor."""
        row, holds = self.row, self.vendor.holds
        does, answers = fate in {"answered", "lost after the deed"}, fate == "answered"
        match next_step(row, wanted=self.wanted):
            case Settled() | Stuck():
                return False
            case Replace():
                self.replace()
            case RemoveFormer() if does:
                holds.pop(row.former, None)
                self.row = evolve(row, former="" if answers else row.former)
            case Drop():
                assert row.marker not in holds, "a meeting was forgotten"
                self.known(DROPPED)
            case LookUp() if answers:
                found = holds.get(row.marker)
                self.known(PLANNED if found is None else MADE, found)
            case Create():
                if does:
                    self.vendor.create(row.marker, row.opens)
                    self.vendor.hosts[row.marker] = row.next_host or row.host
                self.row = evolve(row, host=row.next_host or row.host, next_host="")
                fates = {"answered": MADE, "refused": FAILED, "unreachable": PLANNED}
                self.known(fates.get(fate, ASKED), row.opens if answers else None)
            case Move() if does:
                self.move(answers=answers)
            case Remove() if does:
                holds.pop(row.marker, None)
                self.known(REMOVED if answers else MADE, row.made_opens)
        return True

    def replace(self) -> None:
        """Another is planned with the next host, under another marker; this one, if it was made, goes after that."""
        row = self.row
        former = row.marker if row.state is MADE else row.former
        self.row = evolve(row, host=row.next_host, next_host="", former=former, attempt=row.attempt + 1)
        self.known(PLANNED)

    def move(self, *, answers: bool) -> None:
        """Move it there; one that is gone is made anew, under another marker."""
        gone = self.row.marker not in self.vendor.holds
        if not gone:
            self.vendor.holds[self.row.marker] = self.row.opens
        if gone and answers:
            self.row = evolve(self.row, attempt=self.row.attempt + 1)
            self.known(PLANNED)
        elif answers:
            self.known(MADE, self.row.opens)


EVENTS = st.lists(
    st.sampled_from(
        [
            "answered",
            "lost after the deed",
            "lost before the deed",
            "refused",
            "unreachable",
            "moved",
            "cancelled",
            "vanished",
            "passed on",
        ]
    )
)


@given(EVENTS)
def test_carried_out_it_ends_with_the_meeting_that_is_wanted(events: list[str]) -> None:
    """Whatever is lost, moved, passed on, cancelled or deleted on the way: afterwards there is the wanted meeting, or none.

    It is at its time and with its host.

    On the way no meeting is made twice under one marker and none that exists is forgotten.
    """
    world, host = World(meeting(), Vendor()), "me"
    for event in events:
        if event == "moved":
            opens = Instant(world.row.opens.us + 10)
            world.row = evolve(world.row, opens=opens, closes=Instant(opens.us + 1))
        elif event == "cancelled":
            world.wanted = False
        elif event == "passed on":
            host = "ida" if host == "me" else "me"
            if world.row.state in {ASKED, MADE}:
                world.row = evolve(world.row, next_host="" if host == world.row.host else host)
            else:
                world.row = evolve(world.row, host=host, next_host="")
        elif event == "vanished":
            world.vendor.holds.clear()
        else:
            world.step(event)
    if world.row.state is MADE:  # the notice of a deletion reaches us in the end, or a move finds it
        world.row = evolve(world.row, made_opens=None)
    steps = 0
    while world.step("answered"):
        steps += 1
        assert steps <= 10, "it does not end"
    failed = world.row.state is FAILED
    assert isinstance(next_step(world.row, wanted=world.wanted), Stuck) == (failed and world.wanted)
    expected = {world.row.marker: world.row.opens} if world.wanted and not failed else {}
    if failed and world.wanted:
        expected = {marker: opens for marker, opens in world.vendor.holds.items() if marker == world.row.former}
    assert world.vendor.holds == expected
    assert [world.vendor.hosts[marker] for marker in expected] == ([] if failed else [host] * len(expected))
