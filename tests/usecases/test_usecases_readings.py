"""Readings that never run backwards without a reason, and self-inspections."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portals import DAY, HOUR, NOON, Portal
from servicekit import Principal
from servicekit.errors import Conflict, Invalid, NotFound
from servicekit.portal import (
    EnterReading,
    ListInspections,
    ListReadings,
    MakeInspection,
    Outcome,
    Point,
    Reading,
    ServiceObject,
)

pytest_plugins = ("portal_fixtures",)


def enter(it: Portal, thing: ServiceObject, hours: float, days_ago: float = 0, reason: str = "") -> Reading:
    """A reading that was made so many days before now."""
    read_at = it.clock.now() - days_ago * DAY
    return it.tell(EnterReading(object=thing.id, operated=hours * HOUR, read_at=read_at, reason=reason))


@pytest.mark.spec("P-04")
def test_readings_are_entered_and_listed_by_when_they_were_read(stored: Portal) -> None:
    """Also those that come late; the same value twice is no running backwards."""
    it = stored
    saw, hans = it.object(), Principal.of(it.user().id)
    it.clock.advance(9 * DAY)
    last = enter(it, saw, 120.5)
    first = enter(it, saw, 100, days_ago=7)
    between = enter(it, saw, 120.5, days_ago=3)
    now = it.tell(EnterReading(object=saw.id, operated=121 * HOUR), hans)

    assert it.ask(ListReadings(saw.id), hans) == (first, between, last, now)
    assert (now.read_at, now.by) == (it.clock.now(), hans.id)


def test_a_meter_runs_backwards_only_with_a_reason(stored: Portal) -> None:
    """Against the one before and the one after; a new meter is a reason, and from there it runs on."""
    it = stored
    saw = it.object()
    it.clock.advance(9 * DAY)
    old = enter(it, saw, 100, days_ago=5)
    for hours, days_ago in ((99, 0), (101, 7)):
        command = EnterReading(object=saw.id, operated=hours * HOUR, read_at=it.clock.now() - days_ago * DAY)
        refused = it.refused(command)
        assert (type(refused), refused.code) == (Conflict, "runs_backwards")
        assert refused.facts == {"reading": old.id, "hours": 100.0}
        assert "100 h" in refused.message
    fresh = enter(it, saw, 2, days_ago=3, reason=" new meter ")
    assert fresh.reason == "new meter"
    assert enter(it, saw, 104, days_ago=4).operated == 104 * HOUR, "before the new meter, whose reason stands"
    enter(it, saw, 3)
    assert it.refused(EnterReading(object=saw.id, operated=HOUR)).code == "runs_backwards"


def test_what_no_meter_shows_is_refused(it: Portal) -> None:
    """Less than nothing, what is yet to come, a reason too long; and an object that is not there."""
    saw = it.object()
    for more, code in (
        ({"operated": -timedelta(microseconds=1)}, "negative_reading"),
        ({"read_at": NOON + DAY}, "reading_in_future"),
        ({"reason": "x" * 1001}, "long_text"),
    ):
        refused = it.refused(EnterReading(**{"object": saw.id, "operated": HOUR, **more}))  # type: ignore[arg-type]
        assert (type(refused), refused.code) == (Invalid, code)
    eva = Principal.of(it.user(facilities=(it.mill.id,), unassigned=False).id)
    refused = it.refused(EnterReading(object=saw.id, operated=HOUR), eva)
    assert (type(refused), refused.facts) == (NotFound, {"kind": "ServiceObject", "id": saw.id})


@pytest.mark.spec("P-04")
def test_self_inspections_of_orders_and_objects(stored: Portal) -> None:
    """With their points as they were found, newest first."""
    it = stored
    saw, order, hans = it.object(), it.order(), Principal.of(it.user().id)
    points = (
        Point(" Blade ", Outcome.GOOD),
        Point("Guard", Outcome.FAULT, "bent\nand loose"),
        Point("Laser", Outcome.NOT_APPLICABLE),
    )
    first = it.tell(MakeInspection(about=saw.id, title="Safety", points=points), hans)
    it.clock.advance(HOUR)
    second = it.tell(MakeInspection(about=saw.id, title="Safety", points=points[1:]))
    third = it.tell(MakeInspection(about=order.id, title="Hand-over", points=points[:1]))

    assert first.points == (Point("Blade", Outcome.GOOD), *points[1:])
    assert it.ask(ListInspections(saw.id), hans) == (second, first)
    assert it.ask(ListInspections(order.id), hans) == (third,)


def test_what_is_no_inspection_is_refused(it: Portal) -> None:
    """Without title, without points or with too many, a point without a name, a remark too long."""
    order = it.order()
    good = (Point("Blade", Outcome.GOOD),)
    for more, code in (
        ({"title": ""}, "nameless"),
        ({"points": ()}, "no_points"),
        ({"points": good * 201}, "no_points"),
        ({"points": (Point("", Outcome.GOOD),)}, "nameless"),
        ({"points": (Point("Blade", Outcome.GOOD, "x" * 10_001),)}, "long_text"),
    ):
        command = MakeInspection(**{"about": order.id, "title": "Safety", "points": good, **more})  # type: ignore[arg-type]
        refused = it.refused(command)
        assert (type(refused), refused.code) == (Invalid, code)
