"""The rule that a meter never runs backwards, against every order in which readings can be entered."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.errors import Conflict
from servicekit.ids import CustomerId, GroupId, ObjectId, ReadingId
from servicekit.moments import Instant
from servicekit.portal import Reading, check_reading

HOUR = timedelta(hours=1)
ENTRIES = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=7, unique_by=lambda entry: entry[0])


def reading(day: int, hours: int) -> Reading:
    """What the meter showed on a day."""
    return Reading(
        id=ReadingId(f"rdg_{day}"),
        organisation=GroupId("grp_1"),
        customer=CustomerId("cus_1"),
        facility=None,
        object=ObjectId("obj_1"),
        operated=hours * HOUR,
        read_at=Instant(day),
        reason="",
        by="usr_1",
        made_at=Instant(day),
    )


@given(ENTRIES)
def test_whatever_order_they_come_in_the_kept_ones_never_fall(entries: list[tuple[int, int]]) -> None:
    """A reading is kept exactly when all that are kept, sorted by time, do not fall with it; a reason always keeps it."""
    kept = dict[int, int]()
    for day, hours in entries:
        together = [value for _, value in sorted({**kept, day: hours}.items())]
        known = [reading(*one) for one in kept.items()]
        check_reading(known, hours * HOUR, Instant(day), Instant(9), "a new meter")
        if together == sorted(together):
            check_reading(known, hours * HOUR, Instant(day), Instant(9), " ")
            kept[day] = hours
        else:
            with pytest.raises(Conflict, match="The meter showed"):
                check_reading(known, hours * HOUR, Instant(day), Instant(9), "")
