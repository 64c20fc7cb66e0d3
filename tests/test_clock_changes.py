"""Bookings around clock changes, made before and used after; and zones whose rules change between booking and use.

What is stored is the instant and the zone's name. So doors and meetings never move; what a clock shows follows the rules that
hold when it is looked at.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from servicekit import Instant
from servicekit.bookings import (
    AddBranch,
    AddService,
    Book,
    Booking,
    BookingRules,
    BookSeries,
    FreeSlots,
    Frequency,
    Hours,
    OpeningHours,
    Rebook,
    Recurrence,
    SeriesBooked,
    SlotPage,
)
from servicekit.keys import AtDoor, Green, Red
from servicekit.testing.simulators import ExivoSimulator
from world import DAY, EVA_MOBILE, HOUR, MAIN, MINUTE, World

pytest_plugins = ("world_fixtures",)

CHANGES = {
    "Europe/Zurich": ("2027-03-28T01:00:00Z", "2027-10-31T01:00:00Z"),
    "Europe/Stockholm": ("2027-03-28T01:00:00Z", "2027-10-31T01:00:00Z"),
    "America/New_York": ("2027-03-14T07:00:00Z", "2027-11-07T06:00:00Z"),
    "Australia/Lord_Howe": ("2027-04-03T15:00:00Z", "2027-10-02T15:30:00Z"),
}
NIGHTS = [(zone, change) for zone, changes in CHANGES.items() for change in changes]
HALVES = range(-6, 7)


def gym(world: World, zone: str, *, online: bool = False) -> Any:
    """A service of an hour at a place that never closes, with the branch's main door."""
    branch = world.ask(
        AddBranch(
            organisation=world.root.id,
            name="Gym",
            zone=zone,
            site=ExivoSimulator.site_id,
            components=(MAIN,),
            opening=OpeningHours.every_day(Hours(0, 1440)),
        )
    )
    return world.ask(
        AddService(branch=branch.id, name="Gym", length=HOUR, online=online, rules=BookingRules(every=HOUR / 2))
    )


@pytest.mark.spec("K-12")
@pytest.mark.parametrize(("zone", "change"), NIGHTS)
@pytest.mark.parametrize("half", HALVES)
def test_f60_a_key_made_before_the_change_opens_for_the_booking_after_it(
    world: World, zone: str, change: str, half: int
) -> None:
    """F-60: 15 minutes before the start and after the end as instants, whatever clocks do in between; 90 minutes stay 90."""
    starts = Instant.parse(change) + half * HOUR / 2
    booking: Booking = world.ask(
        Book(
            service=gym(world, zone).id,
            provider=world.room.id,
            client=world.eva.id,
            starts=starts,
            ends=starts + 1.5 * HOUR,
        )
    )
    world.settle()
    (key,) = world.exivo_keys()
    assert (key.opens, key.closes) == (str(starts - 15 * MINUTE), str(starts + 105 * MINUTE))
    assert key.phone == EVA_MOBILE
    tick = timedelta(microseconds=1)
    lights = [
        world.ask(AtDoor(booking.id, MAIN, starts + at))
        for at in (-15 * MINUTE - tick, -15 * MINUTE, 105 * MINUTE - tick, 105 * MINUTE)
    ]
    assert [type(light) for light in lights] == [Red, Green, Green, Red]


@pytest.mark.parametrize(("zone", "change"), NIGHTS)
def test_f03_a_booking_from_a_slot_is_at_the_time_that_the_slot_showed(world: World, zone: str, change: str) -> None:
    """F-03: each slot of the night is booked in turn; its instant and its wall-clock time are those that were offered."""
    service = gym(world, zone)
    night = Instant.parse(change)
    page: SlotPage = world.ask(
        FreeSlots(service=service.id, provider=world.room.id, since=night - 3 * HOUR, until=night + 3 * HOUR, most=1000)
    )
    shown = [slot.starts.local(zone).isoformat() for slot in page.slots]
    assert len(set(shown)) == len(shown) >= 11  # in Lord Howe, half an hour is skipped
    utc = [Instant.parse(text) for text in shown]
    assert utc == [slot.starts for slot in page.slots]
    assert all(slot.starts.local(zone).minute % 30 == 0 for slot in page.slots)
    tried: Booking | None = None
    for slot in page.slots:
        if tried is None:
            tried = world.ask(Book(service=service.id, provider=world.room.id, client=world.eva.id, starts=slot.starts))
        else:
            tried = world.ask(Rebook(tried.id, starts=slot.starts))
        assert tried is not None
        assert (tried.starts, tried.window.length) == (slot.starts, HOUR)


@pytest.mark.spec("B-05")
@pytest.mark.parametrize(("zone", "change"), NIGHTS)
def test_a_series_made_before_the_change_is_used_at_the_same_time_after_it(
    world: World, zone: str, change: str
) -> None:
    """Daily at ten by the clock on the wall, three days before and after; the doors open at the quarter before, each day."""
    first = datetime.fromisoformat(change).astimezone(ZoneInfo(zone)).replace(hour=10, minute=0) - timedelta(days=3)
    made: SeriesBooked = world.ask(
        BookSeries(
            service=gym(world, zone).id,
            provider=world.room.id,
            client=world.eva.id,
            starts=first,
            recurrence=Recurrence(every=Frequency.DAILY, count=7),
        )
    )
    assert [booking.starts.local(zone).strftime("%H:%M") for booking in made.bookings] == ["10:00"] * 7
    assert made.bookings[-1].starts - made.bookings[0].starts != 6 * DAY
    world.settle()
    assert sorted(key.opens for key in world.exivo_keys()) == [
        str(booking.starts - 15 * MINUTE) for booking in made.bookings
    ]


# Rules that change


def compiled(hours: int) -> bytes:
    """A zone file (RFC 8536) without changes: always so many hours ahead of UTC."""
    header = struct.pack(">4sc15x6l", b"TZif", b"2", 0, 0, 0, 0, 1, 4)
    data = struct.pack(">lbb4s", hours * 3600, 0, 0, b"LAW\0")
    return header + data + header + data + f"\n<+{hours:02d}>{-hours}\n".encode()


LOOK = """
import sys
from datetime import timedelta
from servicekit import Instant, Kit, Principal
from servicekit.bookings import FreeSlots, GetBooking
from servicekit.ids import BookingId, UserId
from servicekit.keys import AtDoor
from servicekit.testing.clock import ManualClock

url, booking, who, door = sys.argv[1:]
anna = Principal.of(UserId(who))
with Kit.open(url) as kit:
    found = kit.ask(GetBooking(BookingId(booking)), by=anna)
    print(found.starts, found.zone, found.starts.local(found.zone).isoformat())
    print(bool(kit.ask(AtDoor(found.id, door, found.starts), by=anna)))
    day = found.starts - timedelta(hours=14)
    page = kit.ask(FreeSlots(service=found.service, since=day, until=day + timedelta(days=1)), by=anna, at=day)
    print(page.slots[0].starts)
"""


@pytest.mark.spec("K-12")
def test_rules_of_a_zone_that_change_between_booking_and_use(world: World, tmp_path: Path) -> None:
    """Switzerland stays on winter time: the booking and its key keep their instant, clocks show it an hour earlier.

    What is offered from then on follows the new rules: nine o'clock is an hour later in UTC than it was.
    """
    branch = world.ask(
        AddBranch(
            organisation=world.root.id,
            name="Shop",
            zone="Europe/Zurich",
            site=ExivoSimulator.site_id,
            components=(MAIN,),
            opening=OpeningHours.every_day(Hours(540, 1020)),
        )
    )
    service = world.ask(AddService(branch=branch.id, name="Cut", length=HOUR))
    starts = Instant.parse("2027-07-01T14:00:00+02:00")
    booking: Booking = world.ask(Book(service=service.id, provider=world.chair.id, client=world.eva.id, starts=starts))
    world.settle()
    assert booking.starts.local(booking.zone).isoformat() == "2027-07-01T14:00:00+02:00"

    def look(**environment: str) -> list[str]:
        ran = subprocess.run(
            [sys.executable, "-c", LOOK, f"sqlite:////{world.path}", booking.id, world.admin.id, MAIN],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, **environment},
        )
        return ran.stdout.splitlines()

    zones = tmp_path / "zones" / "Europe"
    zones.mkdir(parents=True)
    (zones / "Zurich").write_bytes(compiled(1))
    assert look() == ["2027-07-01T12:00:00Z Europe/Zurich 2027-07-01T14:00:00+02:00", "True", "2027-07-01T07:00:00Z"]
    assert look(PYTHONTZPATH=str(zones.parent)) == [
        "2027-07-01T12:00:00Z Europe/Zurich 2027-07-01T13:00:00+01:00",
        "True",
        "2027-07-01T08:00:00Z",
    ]
