"""What can be asked about time: datetimes are taken, nothing but names what is what."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from servicekit.bookings import (
    AddAbsence,
    BookSeat,
    BookSeries,
    CancelClass,
    CancelSeries,
    FreeSlots,
    Frequency,
    ListClasses,
    MoveClass,
    MoveSeries,
    Recurrence,
    ScheduleClass,
    Which,
)
from servicekit.errors import Invalid
from servicekit.ids import BookingId, BranchId, ClassId, ClientId, ProviderId, ServiceId
from servicekit.moments import Instant

LOCAL = datetime(2026, 11, 25, 14, tzinfo=ZoneInfo("Europe/Zurich"))
AT = Instant.parse("2026-11-25T13:00:00Z")
HOUR = timedelta(hours=1)
WHO: dict[str, Any] = {"service": ServiceId("srv_1"), "provider": ProviderId("prv_1")}
RULE = Recurrence(every=Frequency.DAILY, count=2)
ASKED: dict[str, Any] = {
    "absence": lambda starts, ends: AddAbsence(provider=WHO["provider"], starts=starts, ends=ends),
    "slots": lambda starts, ends: FreeSlots(service=WHO["service"], since=starts, until=ends),
    "classes": lambda starts, ends: ListClasses(branch=BranchId("brn_1"), since=starts, until=ends),
    "class": lambda starts, ends: ScheduleClass(**WHO, starts=starts, ends=ends),
    "move class": lambda starts, ends: MoveClass(ClassId("cls_1"), starts=starts, ends=ends),
}


@pytest.mark.parametrize("kind", ASKED)
def test_times_may_be_given_as_datetimes(kind: str) -> None:
    """With a zone; the instant is what counts. Without one they are refused."""
    assert ASKED[kind](LOCAL, LOCAL + HOUR) == ASKED[kind](AT, AT + HOUR)
    with pytest.raises(Invalid) as caught:
        ASKED[kind](LOCAL.replace(tzinfo=None), LOCAL)
    assert caught.value.code == "naive_datetime"


def test_what_is_not_said() -> None:
    """Classes take the service's length, seats and first free room; a series is all or none; nothing is overridden."""
    scheduled = ScheduleClass(**WHO, starts=AT)
    assert (scheduled.ends, scheduled.seats, scheduled.room, scheduled.override) == (None, None, None, False)
    assert MoveClass(ClassId("cls_1"), starts=LOCAL).ends is None
    assert not BookSeat(scheduled=ClassId("cls_1"), client=ClientId("cli_1")).override
    series = BookSeries(**WHO, client=ClientId("cli_1"), starts=LOCAL, recurrence=RULE)
    assert (series.starts, series.skip_conflicts, series.override) == (AT, False, False)
    assert MoveSeries(BookingId("bkg_1"), starts=LOCAL).which is CancelSeries(BookingId("bkg_1")).which is Which.ALL
    assert CancelClass(ClassId("cls_1")).reason == CancelSeries(BookingId("bkg_1")).reason == ""
    assert (FreeSlots(service=WHO["service"], since=AT, until=AT).most, AddAbsence(**_away()).reason) == (100, "")


def _away() -> dict[str, Any]:
    return {"provider": WHO["provider"], "starts": AT, "ends": AT + HOUR}
