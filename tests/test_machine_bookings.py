"""A machine that books, moves and cancels while vendors fail and relays die; afterwards doors and meetings are as booked."""

from __future__ import annotations

import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest
from attrs import define, evolve
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from servicekit.bookings import Booking, Cancel, MarkNoShow, Rebook, Service
from servicekit.errors import Conflict
from servicekit.moments import Instant
from servicekit.outbox.effects import EffectState
from servicekit.outbox.retry import RetryPolicy
from servicekit.testing.simulators import Fault
from world import DAY, EVA_MOBILE, HOUR, MAIN, MINUTE, NOON, ROOM, HeldKey, World, opened

FIRST = NOON + 60 * DAY  # so late that no example gets there
DOORS = frozenset({MAIN, ROOM})
FAULTS = {
    "lost answer": Fault.lost_answer(),
    "no answer": Fault.no_answer(),
    "500": Fault.error(status=500),
    "500, done": Fault.error(status=500, done=True),
    "bad gateway": Fault.bad_gateway(),
    "another page": Fault.wrong_type(),
    "refused": Fault.refused(),
    "throttled": Fault.throttled(after=600),
    "throttled without a word": Fault.throttled(retry_after="none"),
}
_LISTS = st.lists(st.sampled_from(sorted(FAULTS)), max_size=2)
TROUBLE = st.tuples(_LISTS, _LISTS, st.booleans())
"""What the next exchanges with doors and with meetings run into, and whether a relay runs at once."""

Trouble = tuple[list[str], list[str], bool]


@define
class Wanted:
    """A booking as the model knows it."""

    service: Service
    room: int
    starts: Instant
    revision: int = 1
    stands: bool = True

    def overlaps(self, room: int, starts: Instant) -> bool:
        """Whether another hour in a room would be in its way."""
        return self.stands and self.room == room and abs(self.starts - starts) < HOUR


class BookingMachine(RuleBasedStateMachine):
    """One salon, its door system and its meeting service; the model is the list of what was booked."""

    def __init__(self) -> None:
        super().__init__()
        self.exits = ExitStack()
        folder = self.exits.enter_context(tempfile.TemporaryDirectory())
        patient = RetryPolicy(first=MINUTE, longest=HOUR, attempts=1000)
        self.world: World = self.exits.enter_context(opened(Path(folder), texts=None, retry=patient))
        self.services = (self.world.coaching, self.world.massage, self.world.advice, self.world.haircut)
        self.rooms = (self.world.room, self.world.chair)
        self.wanted: dict[str, Wanted] = {}
        self.bookings: dict[str, Booking] = {}

    def teardown(self) -> None:
        """Whatever happened, it ends well."""
        with self.exits:
            self.calm_down()

    # What people do

    @initialize(trouble=TROUBLE)
    def begin(self, trouble: Trouble) -> None:
        """There is something to move and to cancel."""
        self.book(0, 0, 0, trouble)

    def _meets(self, trouble: Trouble) -> None:
        """The vendors fail, and perhaps a relay runs into it."""
        doors, meetings, delivered = trouble
        self.world.exivo.inject(*(FAULTS[fault] for fault in doors))
        self.world.zoom.inject(*(evolve(FAULTS[fault], path="/v2/") for fault in meetings))
        if delivered:
            self.world.kit.deliver()

    @rule(service=st.integers(0, 3), room=st.integers(0, 1), half_hours=st.integers(0, 12), trouble=TROUBLE)
    def book(self, service: int, room: int, half_hours: int, trouble: Trouble) -> None:
        """An hour in a room, if it is free."""
        starts = FIRST + half_hours * HOUR / 2
        if self._free(room, starts):
            booking = self.world.book(self.services[service], starts=starts, provider=self.rooms[room])
            self.wanted[booking.id] = Wanted(self.services[service], room, starts)
            self.bookings[booking.id] = booking
        else:
            with pytest.raises(Conflict, match="The provider is taken"):
                self.world.book(starts=starts, provider=self.rooms[room])
        self._meets(trouble)

    def _free(self, room: int, starts: Instant, besides: str = "") -> bool:
        return not any(one.overlaps(room, starts) for known, one in self.wanted.items() if known != besides)

    def _pick(self, number: int) -> tuple[str, Wanted]:
        standing = [(known, one) for known, one in self.wanted.items() if one.stands]
        return standing[number % len(standing)]

    def _somebody_stands(self) -> bool:
        return any(one.stands for one in self.wanted.values())

    @precondition(_somebody_stands)
    @rule(number=st.integers(0, 9), half_hours=st.integers(0, 12), elsewhere=st.booleans(), trouble=TROUBLE)
    def move(self, number: int, half_hours: int, trouble: Trouble, *, elsewhere: bool) -> None:
        """To another time or room, if it is free; to the same is nothing."""
        known, one = self._pick(number)
        starts = FIRST + half_hours * HOUR / 2
        room = (one.room + elsewhere) % len(self.rooms)
        command = Rebook(self.bookings[known].id, starts=starts, provider=self.rooms[room].id)
        if self._free(room, starts, besides=known):
            self.world.ask(command)
            one.revision += (starts, room) != (one.starts, one.room)
            one.starts, one.room = starts, room
        else:
            with pytest.raises(Conflict, match="The provider is taken"):
                self.world.ask(command)
        self._meets(trouble)

    @precondition(_somebody_stands)
    @rule(number=st.integers(0, 9), absent=st.booleans(), trouble=TROUBLE)
    def end(self, number: int, trouble: Trouble, *, absent: bool) -> None:
        """Cancelled, or the client did not come; nobody is missed before the start."""
        known, one = self._pick(number)
        booking = self.bookings[known].id
        absent = absent and self.world.now >= one.starts
        self.world.ask(MarkNoShow(booking) if absent else Cancel(booking))
        one.stands = False
        self._meets(trouble)

    # What happens

    @rule(minutes=st.integers(0, 90))
    def deliver(self, minutes: int) -> None:
        """Time goes on, and a relay runs until nothing is due."""
        self.world.clock.advance(minutes * MINUTE)
        self.world.kit.deliver()

    @rule(fault=st.sampled_from(sorted(FAULTS)))
    def die(self, fault: str) -> None:
        """A relay claims an effect and is never heard of again; access tokens die as well, and their next renewal fails."""
        with self.world.look() as store:
            store.effects.claim(self.world.now, self.world.now + 2 * MINUTE)
        self.world.zoom.tokens.expire()
        self.world.zoom.inject(evolve(FAULTS[fault], path="/oauth/"))

    @rule(number=st.integers(0, 9), told=st.booleans())
    def delete_at_zoom(self, number: int, *, told: bool) -> None:
        """Somebody deletes a meeting there; Zoom tells it now or later."""
        held = self.world.zoom_meetings()
        if held:
            self.world.zoom.delete_meeting(held[number % len(held)].id)
        if told:
            self.world.zoom.deliver_webhooks()

    # What holds

    @invariant()
    def nothing_is_doubled(self) -> None:
        """At no moment do two keys, or two meetings, stand under one marker."""
        keys = Counter(key.marker for key in self.world.exivo_keys())
        meetings = Counter(meeting.marker for meeting in self.world.zoom_meetings())
        assert max([*keys.values(), *meetings.values(), 1]) == 1

    @rule()
    def calm_down(self) -> None:
        """The vendors are back: they hold exactly what is wanted, and nobody has to look."""
        world = self.world
        world.exivo.clear_faults()
        world.zoom.clear_faults()
        world.zoom.deliver_webhooks(everything=True)
        world.settle(rounds=200)
        world.zoom.deliver_webhooks(everything=True)
        standing = {known: one for known, one in self.wanted.items() if one.stands}

        assert world.exivo_keys() == sorted(
            (
                HeldKey(
                    marker=f"sk:{known}:{one.revision}",
                    phone=EVA_MOBILE,
                    doors=DOORS,
                    opens=str(one.starts - 15 * MINUTE),
                    closes=str(one.starts + HOUR + 15 * MINUTE),
                )
                for known, one in standing.items()
                if one.service in (world.coaching, world.massage)
            ),
            key=lambda key: key.marker,
        )
        assert sorted(
            (held.marker.split(":")[1], held.starts, held.minutes) for held in world.zoom_meetings()
        ) == sorted(
            (known, str(one.starts), 60)
            for known, one in standing.items()
            if one.service in (world.coaching, world.advice)
        )
        for state in (EffectState.DEAD, EffectState.DUE, EffectState.LEASED):
            assert world.effects(state) == []


BookingMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestBookings = BookingMachine.TestCase
