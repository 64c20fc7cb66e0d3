"""The rules of a service's bookings: what can be set, and that nothing set leaves everything open."""

from __future__ import annotations

from datetime import timedelta

import pytest

from servicekit.bookings import BookingRules
from servicekit.errors import Invalid

MINUTE = timedelta(minutes=1)
TICK = timedelta(microseconds=1)


def test_nothing_is_set_unless_said() -> None:
    """Everybody, at once and for ever, one client at a time, slots each quarter of an hour."""
    rules = BookingRules()
    assert (rules.providers, rules.rooms, rules.seats, rules.horizon) == ((), (), None, None)
    assert rules.before == rules.after == rules.lead == timedelta(0)
    assert rules.every == 15 * MINUTE


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ({"before": -TICK}, {"before": timedelta(days=31)}),
        ({"after": timedelta(days=31) + TICK}, {"after": TICK}),
        ({"lead": -TICK}, {"lead": TICK}),
        ({"horizon": timedelta(0)}, {"horizon": TICK}),
        ({"lead": MINUTE, "horizon": MINUTE}, {"lead": MINUTE, "horizon": MINUTE + TICK}),
        ({"seats": 0}, {"seats": 1}),
        ({"every": timedelta(0)}, {"every": MINUTE}),
        ({"every": MINUTE + TICK}, {"every": 1440 * MINUTE}),
        ({"every": 1441 * MINUTE}, {"every": 7 * MINUTE}),
    ],
)
def test_rules_that_cannot_be(wrong: dict[str, object], right: dict[str, object]) -> None:
    """Negative spans, a horizon before the lead time, no seats, slots between minutes; what is just within is taken."""
    with pytest.raises(Invalid) as caught:
        BookingRules(**wrong)  # type: ignore[arg-type]
    assert caught.value.code == "bad_rules"
    made = BookingRules(**right)  # type: ignore[arg-type]
    assert {name: getattr(made, name) for name in right} == right
