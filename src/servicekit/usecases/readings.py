"""Operating-time readings and self-inspections."""

from __future__ import annotations

from servicekit.errors import Invalid
from servicekit.ids import InspectionId, ObjectId, ReadingId
from servicekit.permissions import Everything
from servicekit.portal import (
    EnterReading,
    Inspection,
    ListInspections,
    ListReadings,
    MakeInspection,
    Order,
    Point,
    Reading,
    ServiceObject,
    check_reading,
)
from servicekit.usecases.activity import note
from servicekit.usecases.seeing import reached, written
from servicekit.usecases.work import Work, named

__all__ = ["enter_reading", "list_inspections", "list_readings", "make_inspection"]

_MOST_OF_REASON = 1000
_MOST_POINTS = 200
_ALL = 1_000_000


def enter_reading(work: Work, command: EnterReading) -> Reading:
    """What a meter shows, once it fits what it showed before and after."""
    thing = work.store.objects.get(command.object)
    customer = work.store.customers.hold(thing.customer)
    reached(work, "readings:write", thing)
    reason = written(command.reason, most=_MOST_OF_REASON, needed=False)
    read_at = command.read_at or work.at
    check_reading(work.store.readings.where(object=thing.id), command.operated, read_at, work.at, reason)
    reading = Reading(
        id=work.new(ReadingId),
        organisation=thing.organisation,
        customer=thing.customer,
        facility=thing.facility,
        object=thing.id,
        operated=command.operated,
        read_at=read_at,
        reason=reason,
        by=work.by.id,
        made_at=work.at,
    )
    work.store.readings.add(reading)
    note(work, customer, "reading entered", reading.id, facility=thing.facility, detail=f"of {thing.id}")
    return reading


def list_readings(work: Work, query: ListReadings) -> tuple[Reading, ...]:
    """Those of one object."""
    thing = reached(work, "readings:read", work.store.objects.get(query.object))
    return tuple(
        sorted(work.store.readings.where(object=thing.id), key=lambda one: (one.read_at, one.made_at, one.operated))
    )


def make_inspection(work: Work, command: MakeInspection) -> Inspection:
    """What was looked at and found."""
    on = _thing(work, command.about)
    customer = work.store.customers.hold(on.customer)
    reached(work, "inspections:write", on)
    if not 1 <= len(command.points) <= _MOST_POINTS:
        raise Invalid(
            f"An inspection has 1 to {_MOST_POINTS} points, not {len(command.points)}.",
            code="no_points",
            points=len(command.points),
        )
    inspection = Inspection(
        id=work.new(InspectionId),
        organisation=on.organisation,
        customer=on.customer,
        facility=on.facility,
        about=on.id,
        title=named(command.title),
        points=tuple(
            Point(named(point.what), point.outcome, written(point.remark, needed=False)) for point in command.points
        ),
        by=work.by.id,
        made_at=work.at,
    )
    work.store.inspections.add(inspection)
    note(work, customer, "inspection made", inspection.id, facility=on.facility, detail=f"of {on.id}")
    return inspection


def list_inspections(work: Work, query: ListInspections) -> tuple[Inspection, ...]:
    """Those of one order or object."""
    on = reached(work, "inspections:read", _thing(work, query.about))
    found, _ = work.store.inspections.seen(Everything(on.organisation), most=_ALL, about=on.id)
    return found


def _thing(work: Work, about: str) -> Order | ServiceObject:
    if about.partition("_")[0] == ObjectId.prefix:
        return work.store.objects.get(about)
    return work.store.orders.get(about)
