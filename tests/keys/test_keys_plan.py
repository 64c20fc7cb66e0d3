"""The plan, carried out against a slow model of a door system that loses answers at will."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from attrs import Factory, define, evolve
from hypothesis import given
from hypothesis import strategies as st

from servicekit.ids import BookingId, KeyId
from servicekit.keys import (
    MOST_ATTEMPTS,
    Anew,
    Ask,
    Drop,
    End,
    Key,
    KeyState,
    LookUp,
    Settled,
    Stuck,
    made_anew,
    next_step,
    planned,
)
from servicekit.moments import Instant

PLANNED, ASKED, MADE = KeyState.PLANNED, KeyState.ASKED, KeyState.MADE
ENDED, DROPPED, FAILED = KeyState.ENDED, KeyState.DROPPED, KeyState.FAILED


def key(revision: int, state: KeyState, ident: int = 0) -> Key:
    """The key of one revision."""
    return Key(
        id=KeyId(f"key_{revision}_{ident}"),
        booking=BookingId("bkg_1"),
        revision=revision,
        site="site 1",
        components=("main",),
        mobile="+41791234567",
        opens=Instant(0),
        closes=Instant(1),
        state=state,
    )


KEYS = st.lists(st.tuples(st.integers(1, 4), st.sampled_from(KeyState)), max_size=5).map(
    lambda drawn: [key(revision, state, ident) for ident, (revision, state) in enumerate(drawn)]
)
HISTORIES = st.dictionaries(st.integers(1, 4), st.sampled_from(KeyState), max_size=4).map(
    lambda drawn: [key(revision, state) for revision, state in drawn.items()]
)
"""Rows of a booking as they can be stored: one for each revision that had a key."""


@pytest.mark.parametrize(
    ("state", "wanted", "unwanted"),
    [
        (PLANNED, Ask, Drop),
        (ASKED, LookUp, LookUp),
        (MADE, Settled, End),
        (ENDED, Anew, Settled),
        (DROPPED, Settled, Settled),
        (FAILED, Stuck, Settled),
    ],
)
def test_one_key_alone(state: KeyState, wanted: type, unwanted: type) -> None:
    """What is next about a single key in each state, where it is wanted and where it is not."""
    mine = key(1, state)
    for revision, expected in ((1, wanted), (2, unwanted), (None, unwanted)):
        assert next_step([mine], revision) == (expected() if expected is Settled else expected(mine))


def test_a_key_that_is_ended_every_time_is_a_person_s_affair() -> None:
    """Made anew four times, each under a marker of its own; the fifth that is ended is the last."""
    rows = [key(1, ENDED)]
    while isinstance(step := next_step(rows, 1), Anew):
        another = made_anew(step.key, KeyId(f"key_1_{len(rows)}"))
        assert next_step([*rows, another], 1) == Ask(another)
        rows.append(evolve(another, state=ENDED))
    assert step == Stuck(rows[-1])
    assert len({row.marker for row in rows}) == len(rows) == MOST_ATTEMPTS == 5


def test_another_key_in_its_place_is_wanted_just_as_it_was() -> None:
    """The same doors, phone, time and PIN; nothing is left of what the vendor said."""
    before = evolve(key(1, ENDED), pin="123456", vendor_id="v", detail="revoked")
    again = made_anew(before, KeyId("key_2"))
    assert again == evolve(before, id=KeyId("key_2"), attempt=2, state=PLANNED, vendor_id="", detail="")


def test_no_keys_no_steps() -> None:
    """A booking without doors has no rows, and nothing is to be done."""
    assert next_step([], None) == next_step([], 1) == Settled()


@given(KEYS, st.none() | st.integers(1, 4))
def test_the_order_is_look_up_then_make_then_end(keys: list[Key], wanted: int | None) -> None:
    """For any rows: uncertain keys first, oldest first; then the wanted one is made, or made anew; then all others end or drop."""
    step = next_step(keys, wanted)
    uncertain = [other.revision for other in keys if other.state is ASKED]
    mine = next((other for other in sorted(keys, key=lambda row: row.revision) if other.revision == wanted), None)
    working = [other.revision for other in keys if other is not mine and other.state in {PLANNED, MADE}]
    if uncertain:
        assert isinstance(step, LookUp)
        assert step.key.revision == min(uncertain)
    elif mine is not None and mine.state is PLANNED:
        assert step == Ask(mine)
    elif mine is not None and mine.state is ENDED:
        assert step == Anew(mine)
    elif working:
        assert isinstance(step, (End, Drop))
        assert step.key.revision == min(working)
        assert isinstance(step, End) == (step.key.state is MADE)
    else:
        stuck = mine is not None and mine.state is FAILED
        assert isinstance(step, Stuck if stuck else Settled)


@given(HISTORIES, st.none() | st.integers(1, 4))
def test_the_order_of_rows_does_not_matter(keys: list[Key], wanted: int | None) -> None:
    """The same rows in any order give the same step, and asking twice changes nothing."""
    assert len({next_step(order, wanted) for order in permutations(keys)}) == 1


@given(KEYS, st.none() | st.integers(1, 4))
def test_the_planned_key_is_that_of_the_revision(keys: list[Key], wanted: int | None) -> None:
    """The wanted revision's key, if there is one; of no revision there is none."""
    found = planned(keys, wanted)
    assert found == next(iter([other for other in keys if other.revision == wanted]), None)


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3)), unique=True, max_size=6), st.integers(1, 3))
def test_of_several_attempts_the_last_is_the_wanted_one(drawn: list[tuple[int, int]], wanted: int) -> None:
    """A key that is made anew takes the place of the one before, which ends once the new one is made."""
    keys = [evolve(key(revision, MADE), attempt=attempt) for revision, attempt in drawn]
    mine = planned(keys, wanted)
    attempts = [attempt for revision, attempt in drawn if revision == wanted]
    assert (mine.attempt if mine else None) == max(attempts, default=None)
    step = next_step(keys, wanted)
    assert isinstance(step, End) == any(one is not mine for one in keys)
    if mine is not None and len(attempts) > 1:
        anew = [evolve(one, state=PLANNED) if one is mine else one for one in keys]
        assert next_step(anew, wanted) == Ask(evolve(mine, state=PLANNED))


@define
class Vendor:
    """A door system: what it holds under each marker, and whether it still opens doors."""

    works: dict[str, bool] = Factory(dict)

    def create(self, marker: str) -> None:
        """Make a key; a second working one for the same marker is the fault that must not happen."""
        assert not self.works.get(marker), f"{marker} was made twice"
        self.works[marker] = True

    def end(self) -> None:
        """Somebody there ends all keys."""
        self.works = dict.fromkeys(self.works, False)

    def working(self) -> set[str]:
        """The markers of all keys that open doors now."""
        return {marker for marker, works in self.works.items() if works}


@define
class World:
    """A booking's rows, what it wants, and the vendor; carries out one step at a time, as the deliverer does."""

    rows: dict[tuple[int, int], Key]
    """By revision and attempt."""
    wanted: int | None
    vendor: Vendor

    def mark(self, row: Key, state: KeyState) -> None:
        """Store what is known now."""
        self.rows[row.revision, row.attempt] = evolve(row, state=state)

    def move(self) -> None:
        """The booking was moved: another revision, whose key is planned."""
        self.wanted = max((revision for revision, _ in self.rows), default=0) + 1
        self.mark(key(self.wanted, PLANNED), PLANNED)

    def step(self, fate: str) -> bool:
        """Carry out the next step; False where there is none. ``fate`` is what befalls the call to the vendor."""
        mine = planned(list(self.rows.values()), self.wanted)
        match next_step(list(self.rows.values()), self.wanted):
            case Settled() | Stuck():
                return False
            case Drop(row):
                assert not self.vendor.works.get(row.marker), "a key that works was forgotten"
                self.mark(row, DROPPED)
            case LookUp(row) if fate == "answered":
                works = self.vendor.works.get(row.marker)
                self.mark(row, PLANNED if works is None else MADE if works else ENDED)
            case Anew(row):
                self.mark(made_anew(row, row.id), PLANNED)
            case Ask(row):
                self.ask(row, fate)
            case End(row):
                assert mine is None or mine.state not in {PLANNED, ASKED}, (
                    "an old key ended before the new one was made"
                )
                if fate in {"answered", "lost after the deed"}:
                    self.vendor.works[row.marker] = False
                if fate == "answered":
                    self.mark(row, ENDED)
        return True

    def ask(self, row: Key, fate: str) -> None:
        """Have it made: noted before the call, because the process may die in it."""
        if fate in {"answered", "lost after the deed"}:
            self.vendor.create(row.marker)
        after = {"answered": MADE, "refused": FAILED, "unreachable": PLANNED}
        self.mark(row, after.get(fate, ASKED))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Any rows that can be stored, with a vendor that they do not contradict."""
    rows = {(row.revision, row.attempt): row for row in draw(HISTORIES)}
    vendor = Vendor()
    for row in rows.values():
        holds: list[bool | None] = {MADE: [True, False], ASKED: [True, False, None], ENDED: [False]}.get(
            row.state, [None]
        )  # type: ignore[assignment]
        works = draw(st.sampled_from(holds))
        if works is not None:
            vendor.works[row.marker] = works
    return World(rows, draw(st.sampled_from([None, *(revision for revision, _ in rows)])), vendor)


EVENTS = st.lists(
    st.sampled_from(
        [
            *("answered", "lost after the deed", "lost before the deed", "refused", "unreachable"),
            *("moved", "cancelled", "ended there"),
        ]
    )
)


@given(worlds(), EVENTS)
def test_carried_out_it_ends_with_no_key_that_is_not_wanted(world: World, events: list[str]) -> None:
    """From any rows, whatever is lost, moved or cancelled on the way: afterwards only the wanted key works.

    On the way no key is made twice, none that works is forgotten, and no old one ends before the new one is settled.
    """
    cancelled = False
    for event in events:
        if event == "cancelled":
            cancelled, world.wanted = True, None
        elif event == "ended there":
            world.vendor.end()
        elif event != "moved":
            world.step(event)
        elif not cancelled:
            world.move()
    steps = 0
    while world.step("answered"):
        steps += 1
        assert steps <= 4 * len(world.rows), "it does not end"
    ending = next_step(list(world.rows.values()), world.wanted)
    mine = planned(list(world.rows.values()), world.wanted)
    works = world.vendor.working()
    if isinstance(ending, Settled) and mine is not None and mine.state is MADE:
        assert works <= {mine.marker}
    else:
        assert works == set()
    assert isinstance(ending, Stuck) == (mine is not None and mine.state in {FAILED, ENDED})
    if isinstance(ending, Stuck):
        assert ending.key.state is FAILED or ending.key.attempt == MOST_ATTEMPTS


@given(st.integers(1, 4), st.lists(st.sampled_from(["lost after the deed", "lost before the deed", "unreachable"])))
def test_a_new_booking_ends_with_its_key(moves: int, fates: list[str]) -> None:
    """However answers are lost: as long as the vendor does not refuse, the last revision's key works, and it alone."""
    world = World({}, None, Vendor())
    for _ in range(moves):
        world.move()
        for fate in fates:
            world.step(fate)
    while world.step("answered"):
        pass
    assert world.vendor.working() == {f"sk:bkg_1:{moves}"}


@given(
    st.lists(st.sampled_from(["answered", "lost after the deed", "lost before the deed", "unreachable"]), min_size=1)
)
def test_a_move_never_leaves_the_client_outside(fates: list[str]) -> None:
    """While a booking is moved, some key of it works at every moment: the old one until the new one does."""
    world = World({(1, 1): key(1, MADE)}, 1, Vendor({"sk:bkg_1:1": True}))
    world.move()
    for fate in fates:
        world.step(fate)
        assert world.vendor.working()


def test_steps_are_values() -> None:
    """A step names its key and compares by it."""
    steps: list[Any] = [LookUp, Ask, End, Drop, Anew, Stuck]
    mine, other = key(1, MADE), key(2, MADE)
    assert all(kind(mine) == kind(mine) != kind(other) for kind in steps)
