"""Operating-time readings of service objects, and self-inspections.

Rules kept here: a meter never runs backwards without a reason, whichever order readings are entered in; a reading or an
inspection that was made stays as it is, and a wrong one is followed by a right one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum

from attrs import frozen

from servicekit.commands import Command, Query
from servicekit.errors import Conflict, Invalid
from servicekit.ids import CustomerId, FacilityId, GroupId, InspectionId, ObjectId, OrderId, ReadingId
from servicekit.moments import Instant

__all__ = [
    "EnterReading",
    "Inspection",
    "ListInspections",
    "ListReadings",
    "MakeInspection",
    "Outcome",
    "Point",
    "Reading",
    "check_reading",
]


@frozen(kw_only=True)
class Reading:
    """What a meter showed: ``operated`` in all, at ``read_at``; ``reason`` why it is less than before, or more than after."""

    id: ReadingId
    organisation: GroupId
    customer: CustomerId
    facility: FacilityId | None
    object: ObjectId
    operated: timedelta
    read_at: Instant
    reason: str
    by: str
    made_at: Instant


def check_reading(known: Iterable[Reading], operated: timedelta, read_at: Instant, at: Instant, reason: str) -> None:
    """Demand that a new reading fits those before and after it, or has a reason.

    Args:
        known: all readings of the object.
        operated, read_at: the new one.
        at: now.
        reason: why it may run backwards; empty: it may not.

    Raises:
        Invalid: ``negative_reading``, ``reading_in_future``.
        Conflict: ``runs_backwards``, with what it contradicts.
    """
    if operated < timedelta(0):
        raise Invalid("An operating time is 0 or more.", code="negative_reading")
    if read_at > at:
        raise Invalid(f"{read_at} is yet to come: say when the meter was read.", code="reading_in_future")
    if reason.strip():
        return
    ordered = sorted(known, key=lambda one: (one.read_at, one.made_at, one.operated))
    before = [one for one in ordered if one.read_at <= read_at][-1:]
    after = [one for one in ordered if one.read_at > read_at][:1]
    wrong = [
        *(one for one in before if one.operated > operated),
        *(one for one in after if one.operated < operated and not one.reason),
    ]
    if wrong:
        raise Conflict(
            f"The meter showed {_hours(wrong[0].operated)} at {wrong[0].read_at}: check the reading, or say why it runs "
            "backwards (a new meter, a slip before).",
            code="runs_backwards",
            reading=wrong[0].id,
            hours=wrong[0].operated / timedelta(hours=1),
        )


def _hours(span: timedelta) -> str:
    return f"{span / timedelta(hours=1):g} h"


@frozen(kw_only=True)
class EnterReading(Command[Reading]):
    """Enter what an object's operating-time meter shows. Needs ``readings:write``.

    Args:
        object: whose meter.
        operated: all that it shows, 0 or more.
        read_at: when it was read; None: now.
        reason: why it runs backwards; else empty.

    Raises:
        Invalid: ``negative_reading``, ``reading_in_future``, ``long_text``.
        Conflict: ``runs_backwards``.
    """

    object: ObjectId
    operated: timedelta
    read_at: Instant | None = None
    reason: str = ""


@frozen
class ListReadings(Query[tuple[Reading, ...]]):
    """The readings of an object, by when they were read. Needs ``readings:read``."""

    object: ObjectId


class Outcome(StrEnum):
    """What was found at one point of an inspection."""

    GOOD = "good"
    FAULT = "fault"
    NOT_APPLICABLE = "not applicable"


@frozen
class Point:
    """One point of an inspection: what was looked at, what was found, and perhaps more about it."""

    what: str
    outcome: Outcome
    remark: str = ""


@frozen(kw_only=True)
class Inspection:
    """A self-inspection of an order or an object (``about``)."""

    id: InspectionId
    organisation: GroupId
    customer: CustomerId
    facility: FacilityId | None
    about: str
    title: str
    points: tuple[Point, ...]
    by: str
    made_at: Instant


@frozen(kw_only=True)
class MakeInspection(Command[Inspection]):
    """Store a self-inspection of an order or an object. Needs ``inspections:write``.

    Raises:
        Invalid: ``nameless`` without a title or a point's name, ``no_points`` unless it has 1 to 200 points, ``long_text``.
    """

    about: OrderId | ObjectId
    title: str
    points: tuple[Point, ...]


@frozen
class ListInspections(Query[tuple[Inspection, ...]]):
    """The self-inspections of an order or an object, newest first. Needs ``inspections:read``."""

    about: OrderId | ObjectId
