"""Numbers as values: what may become of one, when."""

from __future__ import annotations

import pytest
from attrs import evolve

from samples import NOON, ROOT, nth
from servicekit.groups import KEPT, RESTS, CountNumbers, ListNumbers, Number, NumberState, withdrawn
from servicekit.ids import UserId
from servicekit.moments import Instant
from servicekit.testing.conformance.things import TICK

ANNA = nth(UserId, 1)
FREE = Number(number="+46766861001", country=46)
LEASED = evolve(FREE, user=ANNA, used_at=NOON)
RESTING = evolve(FREE, last_user=ANNA, used_at=NOON, rests_until=NOON + RESTS)


@pytest.mark.parametrize(
    ("number", "at", "state"),
    [
        (FREE, NOON, NumberState.FREE),
        (LEASED, NOON + KEPT - TICK, NumberState.LEASED),
        (LEASED, NOON + KEPT, NumberState.RESTING),
        (LEASED, NOON + KEPT + RESTS - TICK, NumberState.RESTING),
        (LEASED, NOON + KEPT + RESTS, NumberState.FREE),
        (RESTING, NOON + RESTS - TICK, NumberState.RESTING),
        (RESTING, NOON + RESTS, NumberState.FREE),
        (evolve(FREE, organisation=ROOT), NOON, NumberState.OWNED),
        (evolve(RESTING, organisation=ROOT), NOON, NumberState.RESTING),
        (evolve(LEASED, withdrawn=True), NOON, NumberState.WITHDRAWN),
    ],
)
def test_the_state_of_a_number(number: Number, at: Instant, state: NumberState) -> None:
    """A lease lapses a year after its last use, and the number rests for half a year, to the microsecond."""
    assert number.state(at) is state


def test_a_number_that_is_withdrawn_rests_like_one_that_was_given_back() -> None:
    """So that answers to its last owner reach nobody if it comes back; one of nobody's need not rest."""
    gone = withdrawn(LEASED, NOON)
    assert (gone.user, gone.last_user, gone.rests_until, gone.withdrawn) == (None, ANNA, NOON + RESTS, True)
    assert withdrawn(FREE, NOON) == evolve(FREE, withdrawn=True)


def test_pages_have_a_hundred_rows_unless_said() -> None:
    """From the beginning."""
    assert (ListNumbers().after, ListNumbers().most) == ("", 100)
    assert CountNumbers() == CountNumbers()
