"""A machine that books, moves, cancels and makes keys anew while vendors fail, relays die and others meddle at the vendors.

Relay and reconciler run in between, also within each other's steps. Once it is calm, doors and meetings are as booked.
``nox -s races`` sets ``SERVICEKIT_RACES=long``: many more examples, and longer ones.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from attrs import define, evolve, field
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from servicekit.bookings import (
    AddClient,
    AddProvider,
    AddService,
    Booking,
    BookingRules,
    BookSeat,
    Cancel,
    CancelClass,
    Client,
    MoveClass,
    Rebook,
    ScheduleClass,
    ScheduledClass,
    Service,
)
from servicekit.errors import Conflict
from servicekit.ids import EffectId
from servicekit.keys import KeyState, ReissueKey
from servicekit.moments import Instant
from servicekit.outbox.effects import EffectKind, EffectState, RetryEffect
from servicekit.outbox.reconciled import Outcome
from servicekit.outbox.retry import RetryPolicy
from servicekit.testing.simulators import Fault, transport
from servicekit.testing.simulators.webhook_faults import WebhookFault
from world import DAY, EVA_MOBILE, HOUR, MAIN, MINUTE, NOON, ROOM, World, opened

LONG = os.environ.get("SERVICEKIT_RACES") == "long"
FIRST = NOON + 60 * DAY  # so late that no example gets there
DOORS = frozenset({MAIN, ROOM})
MOST_DISTURBED = 3
"""So often a booking's key is lost or made anew: after five of them it is a person's affair."""
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
class Wire(httpx.BaseTransport):
    """The network, and what else happens just before one of the next requests is answered."""

    inner: httpx.BaseTransport | None = None
    waits: int = 0
    act: Callable[[], object] | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Count down, act once, pass it on."""
        assert self.inner is not None
        self.waits -= 1
        if self.act is not None and self.waits < 0:
            act, self.act = self.act, None
            act()
        return self.inner.handle_request(request)


@define
class Wanted:
    """A booking as the model knows it."""

    service: Service
    room: int
    starts: Instant
    stands: bool = True
    disturbed: int = 0

    def overlaps(self, room: int, starts: Instant) -> bool:
        """Whether another hour in a room would be in its way."""
        return self.stands and self.room == room and abs(self.starts - starts) < HOUR


@define
class Course:
    """A class as the model knows it."""

    scheduled: ScheduledClass
    starts: Instant
    takes_place: bool = True
    seats: dict[str, Booking] = field(factory=dict)
    """By the client's address."""


class BookingMachine(RuleBasedStateMachine):
    """One salon, its door system and its meeting service; the model is the list of what was booked."""

    def __init__(self) -> None:
        super().__init__()
        self.exits = ExitStack()
        folder = self.exits.enter_context(tempfile.TemporaryDirectory())
        patient = RetryPolicy(first=MINUTE, longest=HOUR, attempts=1000)
        self.wire = Wire()
        self.world: World = self.exits.enter_context(
            opened(Path(folder), texts=None, retry=patient, transport=self.wire)
        )
        world = self.world
        self.wire.inner = transport(world.elks, world.exivo, world.zoom)
        self.services = (world.coaching, world.massage, world.advice, world.haircut)
        self.rooms = (world.room, world.chair)
        self.wanted: dict[str, Wanted] = {}
        self.bookings: dict[str, Booking] = {}
        self.courses: list[Course] = []
        root = world.root.id
        self.yoga: Service = world.ask(
            AddService(branch=world.advice.branch, name="Yoga", length=HOUR, online=True, rules=BookingRules(seats=2))
        )
        self.teacher = world.ask(AddProvider(organisation=root, name="Bea"))
        self.clients: list[Client] = [
            world.ask(AddClient(organisation=root, name=name, email=f"{name}@home.example")) for name in ("ida", "ole")
        ]

    def teardown(self) -> None:
        """Whatever happened, it ends well."""
        with self.exits:
            self.calm_down()

    # What people do

    @initialize(trouble=TROUBLE)
    def begin(self, trouble: Trouble) -> None:
        """There is something to move and to cancel."""
        self.schedule()
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
            one.starts, one.room = starts, room
        else:
            with pytest.raises(Conflict, match="The provider is taken"):
                self.world.ask(command)
        self._meets(trouble)

    @precondition(_somebody_stands)
    @rule(number=st.integers(0, 9), trouble=TROUBLE)
    def end(self, number: int, trouble: Trouble) -> None:
        """Cancelled."""
        self._end(number)
        self._meets(trouble)

    def _end(self, number: int) -> None:
        known, one = self._pick(number)
        self.world.ask(Cancel(self.bookings[known].id))
        one.stands = False

    @precondition(_somebody_stands)
    @rule(number=st.integers(0, 9), trouble=TROUBLE)
    def reissue(self, number: int, trouble: Trouble) -> None:
        """A key made anew, where there is one."""
        known, one = self._pick(number)
        command = ReissueKey(self.bookings[known].id)
        if one.service in (self.world.advice, self.world.haircut):
            with pytest.raises(Conflict, match="has no key that could be made anew"):
                self.world.ask(command)
        elif one.disturbed < MOST_DISTURBED:
            one.disturbed += 1
            self.world.ask(command)
        self._meets(trouble)

    # Classes

    @precondition(lambda self: len(self.courses) < 2)
    @rule()
    def schedule(self) -> None:
        """Yoga, on a day of its own."""
        starts = FIRST + (10 + 10 * len(self.courses)) * DAY
        scheduled = self.world.ask(ScheduleClass(service=self.yoga.id, provider=self.teacher.id, starts=starts))
        self.courses.append(Course(scheduled, starts))

    @rule(course=st.integers(0, 1), client=st.integers(0, 1), trouble=TROUBLE)
    def come_and_go(self, course: int, client: int, trouble: Trouble) -> None:
        """Who has a seat gives it back, who has none takes one; of a class that is cancelled none is to be had."""
        one, who = self.courses[course % len(self.courses)], self.clients[client]
        if not one.takes_place:
            with pytest.raises(Conflict, match="cancelled"):
                self.world.ask(BookSeat(scheduled=one.scheduled.id, client=who.id))
        elif who.email in one.seats:
            self.world.ask(Cancel(one.seats.pop(who.email).id))
        else:
            one.seats[who.email] = self.world.ask(BookSeat(scheduled=one.scheduled.id, client=who.id))
        self._meets(trouble)

    @precondition(lambda self: any(one.takes_place for one in self.courses))
    @rule(days=st.integers(0, 8), cancelled=st.sampled_from([False, False, True]), trouble=TROUBLE)
    def change_class(self, days: int, trouble: Trouble, *, cancelled: bool) -> None:
        """Moved with all its seats, or cancelled with them."""
        number, one = next((number, one) for number, one in enumerate(self.courses) if one.takes_place)
        if cancelled:
            self.world.ask(CancelClass(one.scheduled.id))
            one.takes_place = False
            one.seats.clear()
        else:
            one.starts = FIRST + (10 + 10 * number + days) * DAY
            self.world.ask(MoveClass(scheduled=one.scheduled.id, starts=one.starts))
        self._meets(trouble)

    # What happens

    @rule(minutes=st.integers(0, 90))
    def deliver(self, minutes: int) -> None:
        """Time goes on, and a relay runs until nothing is due."""
        self.world.clock.advance(minutes * MINUTE)
        self.world.kit.deliver()

    @rule(
        waits=st.integers(0, 6),
        meanwhile=st.sampled_from(["nothing", "deliver", "reconcile", "end"]),
        number=st.integers(0, 9),
        trouble=TROUBLE,
    )
    def reconcile(self, waits: int, meanwhile: str, number: int, trouble: Trouble) -> None:
        """A pass, while vendors fail and others act between two of its requests. Nothing that it finds is nobody's."""
        doors, meetings, _ = trouble
        self._meets((doors, meetings, False))
        acts: dict[str, Callable[[], object]] = {
            "deliver": self.world.kit.deliver,
            "reconcile": self.world.kit.reconcile,
            "end": lambda: self._end(number) if self._somebody_stands() else None,
        }
        self.wire.waits, self.wire.act = waits, acts.get(meanwhile)
        assert self.world.kit.reconcile(remove_strays=True).strays == ()
        self.wire.act = None

    @rule(fault=st.sampled_from(sorted(FAULTS)))
    def die(self, fault: str) -> None:
        """A relay claims an effect and is never heard of again; access tokens die as well, and their next renewal fails."""
        with self.world.look() as store:
            store.effects.claim(self.world.now, self.world.now + 2 * MINUTE)
        self.world.zoom.tokens.expire()
        self.world.zoom.inject(evolve(FAULTS[fault], path="/oauth/"))

    @rule(number=st.integers(0, 9), told=st.sampled_from(["now", "later", "never"]))
    def delete_at_zoom(self, number: int, told: str) -> None:
        """Somebody deletes a meeting there; Zoom tells it now, later or never."""
        held = self.world.zoom_meetings()
        if held:
            if told == "never":
                self.world.zoom.inject(WebhookFault(webhook="dropped", event="meeting.deleted"))
            self.world.zoom.delete_meeting(held[number % len(held)].id)
        if told == "now":
            self.world.zoom.deliver_webhooks()

    @rule(number=st.integers(0, 9), how=st.sampled_from(["forgotten", "revoked", "cut short"]))
    def lose_key(self, number: int, how: str) -> None:
        """The door system loses a key, or somebody ends it there, whether we know of it or an answer was lost."""
        exivo = self.world.exivo
        held = [key for key in exivo.state()["keys"] if not key["revoked"] and not key["expired"]]
        if held:
            key = held[number % len(held)]["id"]
            one = self.wanted[held[number % len(held)]["name"].split(":")[1]]
            if one.disturbed < MOST_DISTURBED:
                one.disturbed += 1
                ends: dict[str, Callable[[], object]] = {
                    "forgotten": lambda: exivo.forget(key),
                    "revoked": lambda: exivo.revoke_by_hand(key),
                    "cut short": lambda: exivo.cut_short(key, self.world.now),
                }
                ends[how]()

    # What holds

    @invariant()
    def nothing_is_doubled(self) -> None:
        """At no moment are there two keys under one marker, two meetings for a booking or class, or two links for a client."""
        keys = Counter(key.marker for key in self.world.exivo_keys())
        meetings = [one for one in self.world.zoom.state()["meetings"] if not one["deleted"]]
        subjects = Counter(one["agenda"].split(":")[1] for one in meetings)
        people = Counter((one["id"], person["email"]) for one in meetings for person in one["registrants"])
        assert max([*keys.values(), *subjects.values(), *people.values(), 1]) == 1

    @invariant()
    def no_key_opens_once_its_end_was_acknowledged(self) -> None:
        """Neither one that our rows call ended, nor any of a cancelled booking to whose keys nobody sees any more."""
        held = self.world.exivo.state()["keys"]
        working = {key["id"]: key["name"] for key in held if not key["revoked"] and not key["expired"]}
        with self.world.kit._storage.read() as store:
            ended = store.keys.where(state=KeyState.ENDED)
            assert [key for key in ended if key.vendor_id in working] == []
            for known, one in self.wanted.items():
                if not one.stands and not store.effects.outstanding(EffectId("eff_"), EffectKind.KEY, known):
                    assert [name for name in working.values() if name.split(":")[1] == known] == []

    @rule()
    def calm_down(self) -> None:
        """The vendors are back: after a relay and a reconciler have run they hold exactly what is wanted.

        Where a "no such thing" came as somebody else's page, nobody could tell whose it was: such a letter a person retries.
        """
        world = self.world
        world.exivo.clear_faults()
        world.zoom.clear_faults()
        for _ in range(6):
            world.zoom.deliver_webhooks(everything=True)
            world.settle(rounds=200)
            for letter in world.effects(EffectState.DEAD):
                assert "answered 404" in letter.trouble
                world.ask(RetryEffect(letter.id))
            world.settle(rounds=200)
            report = world.kit.reconcile(remove_strays=True)
            assert (report.strays, report.troubles) == ((), ())
            if not report.findings:
                break
            assert {one.outcome for one in report.findings} <= {Outcome.HEALING, Outcome.PASSED}
        assert report.even
        self._check()
        for state in (EffectState.DEAD, EffectState.DUE, EffectState.LEASED):
            assert world.effects(state) == []

    def _check(self) -> None:
        world = self.world
        standing = {known: one for known, one in self.wanted.items() if one.stands}
        assert sorted(
            (key.marker.split(":")[1], key.phone, key.doors, key.opens, key.closes) for key in world.exivo_keys()
        ) == sorted(
            (known, EVA_MOBILE, DOORS, str(one.starts - 15 * MINUTE), str(one.starts + HOUR + 15 * MINUTE))
            for known, one in standing.items()
            if one.service in (world.coaching, world.massage)
        )
        online = {known: one.starts for known, one in standing.items() if one.service in (world.coaching, world.advice)}
        online |= {one.scheduled.id: one.starts for one in self.courses if one.takes_place}
        assert sorted(
            (held.marker.split(":")[1], held.starts, held.minutes) for held in world.zoom_meetings()
        ) == sorted((known, str(starts), 60) for known, starts in online.items())
        people = {
            one["agenda"].split(":")[1]: sorted(_untagged(person["email"]) for person in one["registrants"])
            for one in world.zoom.state()["meetings"]
            if not one["deleted"]
        }
        for course in self.courses:
            assert people.get(course.scheduled.id, []) == sorted(course.seats)


def _untagged(address: str) -> str:
    """The client's own; who comes back while the old link is still to be taken away is registered under a tag beside it."""
    return re.sub(r"\+cli_[^@]*", "", address)


BookingMachine.TestCase.settings = settings(
    max_examples=1000 if LONG else 40, stateful_step_count=50 if LONG else 25, deadline=None
)
TestBookings = BookingMachine.TestCase
