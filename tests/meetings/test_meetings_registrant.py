"""Links of seats: what is next, for everything that can be known of link and meeting."""

from __future__ import annotations

from itertools import product

import pytest
from attrs import evolve

from servicekit.ids import BookingId, ClassId, ClientId, MeetingId, RegistrantId
from servicekit.meetings import (
    Await,
    Forget,
    Meeting,
    MeetingState,
    Register,
    Registrant,
    Settled,
    Stuck,
    Unregister,
    added_today,
    address_in,
    count_addition,
    next_registration,
)
from servicekit.moments import Instant

S = MeetingState
NOON = Instant.parse("2026-11-25T12:00:00Z")
MEETING = Meeting(
    id=MeetingId("mtg_1"),
    in_class=ClassId("cls_1"),
    host="me",
    topic="Yoga",
    zone="Europe/Zurich",
    opens=Instant(1),
    closes=Instant(2),
    state=S.MADE,
    vendor_id="Z1",
    made_opens=Instant(1),
    made_closes=Instant(2),
)
PERSON = Registrant(
    id=RegistrantId("rgs_1"),
    meeting=MEETING.id,
    booking=BookingId("bkg_1"),
    email="eva@home.example",
    name="Eva",
)
HERE = evolve(PERSON, state=S.MADE, at_meeting="Z1", for_opens=Instant(1))


@pytest.mark.parametrize(
    ("registrant", "meeting", "expected"),
    [
        (PERSON, MEETING, Register),
        (evolve(HERE, state=S.ASKED), MEETING, Register),
        (HERE, MEETING, Settled),
        (evolve(HERE, for_opens=Instant(0)), MEETING, Register),
        (evolve(HERE, at_meeting="Z0"), MEETING, Register),
        (evolve(HERE, state=S.FAILED), MEETING, Stuck),
        (evolve(HERE, state=S.FAILED, at_meeting="Z0"), MEETING, Register),
        (HERE, evolve(MEETING, opens=Instant(5), closes=Instant(6)), Await),
        (PERSON, evolve(MEETING, state=S.PLANNED), Await),
        (PERSON, evolve(MEETING, state=S.ASKED), Await),
        (PERSON, evolve(MEETING, state=S.FAILED), Stuck),
    ],
)
def test_what_a_wanted_link_needs_next(registrant: Registrant, meeting: Meeting, expected: type) -> None:
    """The meeting first, in its place; then a look, where the link was not seen for this meeting at this start."""
    assert isinstance(next_registration(registrant, meeting, wanted=True, held=True), expected)


@pytest.mark.parametrize(
    ("registrant", "held", "expected"),
    [
        (PERSON, True, Forget(PERSON, S.DROPPED)),
        (HERE, True, Unregister(HERE)),
        (evolve(HERE, state=S.ASKED), True, Unregister(evolve(HERE, state=S.ASKED))),
        (HERE, False, Forget(HERE, S.REMOVED)),
        (evolve(HERE, at_meeting="Z0"), True, Forget(evolve(HERE, at_meeting="Z0"), S.REMOVED)),
        (evolve(PERSON, state=S.REMOVED), True, Settled()),
        (evolve(PERSON, state=S.DROPPED), True, Settled()),
        (evolve(PERSON, state=S.FAILED), True, Settled()),
    ],
)
def test_what_a_link_that_is_not_wanted_needs_next(registrant: Registrant, expected: object, *, held: bool) -> None:
    """Taken away where it may be there; where the class is cancelled it goes with the meeting."""
    assert next_registration(registrant, MEETING, wanted=False, held=held) == expected


def test_every_case_has_a_step_and_no_step_calls_for_what_is_not_there() -> None:
    """Over all states of both: only a meeting that is made is ever asked about its people."""
    for one, other, wanted, held, here in product(S, S, (True, False), (True, False), ("Z1", "Z0", "")):
        meeting = evolve(MEETING, state=other)
        step = next_registration(evolve(HERE, state=one, at_meeting=here), meeting, wanted=wanted, held=held)
        if isinstance(step, Register | Unregister):
            assert other is S.MADE
            assert isinstance(step, Register) == wanted


def test_an_address_that_another_has_is_tagged() -> None:
    """Compared as clients' addresses are stored, in lower case."""
    ida = ClientId("cli_2")

    assert address_in("eva@home.example", ida, []) == "eva@home.example"
    assert address_in("eva@home.example", ida, ["eva@home.example"]) == "eva+cli_2@home.example"


def test_additions_are_counted_by_day_over_all_bookings_of_a_person() -> None:
    """What was counted yesterday does not count today; nothing falls below zero."""
    once = count_addition(PERSON, NOON)
    twice = count_addition(once, NOON)
    tomorrow = Instant(NOON.us + 86_400_000_000)

    assert added_today([twice, once], NOON) == 3
    assert added_today([twice, once], tomorrow) == 0
    assert added_today([count_addition(twice, tomorrow)], tomorrow) == 1
    assert added_today([count_addition(count_addition(once, NOON, by=-1), NOON, by=-1)], NOON) == 0


def test_a_link_is_in_no_repr() -> None:
    """Whoever has it is let in."""
    assert "secret" not in repr(evolve(HERE, join_url="https://zoom.us/w/1?tk=secret"))
