"""Free slots against a model that looks at every minute and every hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from servicekit.bookings import (
    BookingRules,
    Branch,
    Day,
    Hours,
    OpeningHours,
    Provider,
    ProviderKind,
    Service,
    SlotSearch,
    free_slots,
)
from servicekit.bookings.availability import check_hours, check_notice, free, within_hours
from servicekit.errors import Conflict
from servicekit.ids import BranchId, GroupId, ProviderId, ServiceId
from servicekit.moments import Instant, Window

MINUTE = timedelta(minutes=1)
HOUR, DAY = 60 * MINUTE, 1440 * MINUTE
MINUTE_US = 60_000_000
SALON = GroupId("grp_1")
CHANGES = {
    "Europe/Zurich": ("2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"),
    "Europe/Stockholm": ("2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"),
    "America/New_York": ("2026-03-08T07:00:00Z", "2026-11-01T06:00:00Z"),
    "Australia/Lord_Howe": ("2026-04-04T15:00:00Z", "2026-10-03T15:30:00Z"),
}
ALL_DAY = OpeningHours.every_day(Hours(0, 1440))
Held = tuple[int, int, int]
"""From, until, and whether the whole is taken."""


def branch(zone: str, opening: OpeningHours | None = None) -> Branch:
    """A branch in a zone."""
    return Branch(id=BranchId("brn_1"), organisation=SALON, name="Zentrum", zone=zone, opening=opening)


def service(length: timedelta = HOUR, **rules: object) -> Service:
    """A service of it."""
    return Service(
        id=ServiceId("srv_1"),
        organisation=SALON,
        branch=BranchId("brn_1"),
        name="Cut",
        length=length,
        rules=BookingRules(**rules),  # type: ignore[arg-type]
    )


def provider(name: str, works: OpeningHours | None = None, capacity: int = 1) -> Provider:
    """Somebody who can be booked."""
    kind = ProviderKind.ROOM if name.startswith("r") else ProviderKind.PERSON
    return Provider(
        id=ProviderId(f"prv_{name}"), organisation=SALON, name=name, kind=kind, works=works, capacity=capacity
    )


def looking_up(holds: Mapping[ProviderId, Sequence[Held]]) -> object:
    """What a storage answers: starts and ends of the holds that overlap the window, of the whole once for each place."""

    def taken(places: Mapping[ProviderId, int], window: Window) -> dict[ProviderId, tuple[list[int], list[int]]]:
        answer = {}
        for key, capacity in places.items():
            mine = [one for one in holds.get(key, ()) if one[0] < window.closes.us and one[1] > window.opens.us]
            answer[key] = bare(mine, capacity)
        return answer

    return taken


def bare(held: Sequence[Held], capacity: int) -> tuple[list[int], list[int]]:
    """All starts and all ends, each in order."""
    each = [one for one in held for _ in range(capacity if one[2] else 1)]
    return sorted(one[0] for one in each), sorted(one[1] for one in each)


def found(search: SlotSearch, holds: Mapping[ProviderId, Sequence[Held]] | None = None) -> list[tuple[str, str]]:
    """The slots: when and with whom."""
    slots = free_slots(search, looking_up(holds or {}))  # type: ignore[arg-type]
    return [(str(slot.starts), slot.provider[4:]) for slot in slots]


# The model


@st.composite
def hours_of_a_week(draw: st.DrawFn, near: date) -> OpeningHours | None:
    """None, or hours that begin anywhere, in quarters; past midnight, too."""
    if draw(st.booleans()):
        return None

    def one_day() -> tuple[Hours, ...]:
        first = draw(st.integers(0, 70))
        second = draw(st.integers(first + 2, 90))
        last = draw(st.integers(second + 1, min(120, second + 96)))
        morning, evening = Hours(first * 15, (first + 1) * 15), Hours(second * 15, last * 15)
        return draw(st.sampled_from([(), (morning, evening), (evening,), (Hours(first * 15, first * 15 + 1440),)]))

    usual = one_day()
    return OpeningHours.every_day(*usual, days=(Day(near, one_day()),))


def open_minutes(opening: OpeningHours | None, zone: str, since: int, minutes: int) -> list[bool]:
    """For each minute, whether the clock on the wall shows a time within the hours."""
    found = []
    for minute in range(minutes):
        shown = datetime.fromtimestamp(since // 1_000_000 + minute * 60, ZoneInfo(zone))
        of_day = shown.hour * 60 + shown.minute
        found.append(
            opening is None
            or any(
                hours.opens <= of_day + back * 1440 < hours.closes
                for back in (0, 1)
                for hours in opening.beginning_on(shown.date() - timedelta(days=back))
            )
        )
    return found


def may_begin(opening: OpeningHours | None, zone: str, us: int, every: int) -> bool:
    """Whether the clock shows a whole number of steps since hours began."""
    shown = datetime.fromtimestamp(us // 1_000_000, ZoneInfo(zone))
    of_day = shown.hour * 60 + shown.minute
    if opening is None:
        return of_day % every == 0
    return any(
        hours.opens <= of_day + back * 1440 < hours.closes and (of_day + back * 1440 - hours.opens) % every == 0
        for back in (0, 1)
        for hours in opening.beginning_on(shown.date() - timedelta(days=back))
    )


def modelled(search: SlotSearch, holds: Mapping[ProviderId, Sequence[Held]]) -> Iterator[tuple[str, str]]:
    """Every minute is tried as a start with everybody; each minute that a slot would take is looked at."""
    rules, zone = search.service.rules, search.branch.zone
    length, before, after, every = (
        span // MINUTE for span in (search.service.length, rules.before, rules.after, rules.every)
    )
    margin = 200
    since = search.window.opens.us - margin * MINUTE_US
    count = (search.window.closes.us - search.window.opens.us) // MINUTE_US + 2 * margin
    branch_open = open_minutes(search.branch.opening, zone, since, count)
    everybody = [*search.providers, *search.rooms]
    works = {one.id: open_minutes(one.works, zone, since, count) for one in everybody}

    def places(one: Provider, minute: int) -> int:
        begins, ends = since + minute * MINUTE_US, since + (minute + 1) * MINUTE_US
        here = [whole for first, last, whole in holds.get(one.id, ()) if first < ends and last > begins]
        return 0 if any(here) else one.capacity - len(here)

    free = {one.id: [places(one, minute) > 0 for minute in range(count)] for one in everybody}

    def fits(one: Provider, minute: int) -> bool:
        return all(works[one.id][minute : minute + length]) and all(
            free[one.id][minute - before : minute + length + after]
        )

    for minute in range(margin, count - margin):
        at = Instant(since + minute * MINUTE_US)
        if not search.at + rules.lead <= at or (rules.horizon is not None and at > search.at + rules.horizon):
            continue
        if not may_begin(search.branch.opening, zone, at.us, every) or not all(branch_open[minute : minute + length]):
            continue
        if search.rooms and not any(fits(room, minute) for room in search.rooms):
            continue
        yield from ((str(at), one.id[4:]) for one in search.providers if fits(one, minute))


@st.composite
def searches(draw: st.DrawFn) -> tuple[SlotSearch, dict[ProviderId, list[Held]]]:
    """A search around a clock change, with whatever can be set, and holds in quarters of an hour."""
    zone = draw(st.sampled_from(sorted(CHANGES)))
    change = Instant.parse(draw(st.sampled_from(CHANGES[zone])))
    near = change.utc.date()
    since = change - draw(st.integers(0, 24)) * HOUR
    people = [
        provider(name, draw(hours_of_a_week(near)), draw(st.integers(1, 2)))
        for name in draw(st.lists(st.sampled_from(["a", "b"]), min_size=1, unique=True))
    ]
    rooms = [provider(name, None, draw(st.integers(1, 2))) for name in draw(st.sampled_from([(), ("r",), ("r", "s")]))]

    def hold() -> Held:
        first = change.us + draw(st.integers(-96, 96)) * 15 * MINUTE_US
        return (first, first + draw(st.integers(1, 12)) * 15 * MINUTE_US, draw(st.sampled_from([0, 0, 0, 1])))

    holds = {one.id: [hold() for _ in range(draw(st.integers(0, 4)))] for one in (*people, *rooms)}
    asked = SlotSearch(
        service=service(
            draw(st.integers(1, 8)) * 15 * MINUTE,
            before=draw(st.integers(0, 3)) * 10 * MINUTE,
            after=draw(st.integers(0, 3)) * 10 * MINUTE,
            lead=draw(st.sampled_from([0, 90])) * MINUTE,
            horizon=draw(st.sampled_from([None, 20 * HOUR])),
            every=draw(st.sampled_from([15, 20, 45, 60])) * MINUTE,
        ),
        branch=branch(zone, draw(hours_of_a_week(near))),
        providers=tuple(people),
        rooms=tuple(rooms),
        window=Window(since, since + draw(st.integers(1, 40)) * HOUR),
        at=change - draw(st.integers(-10, 40)) * HOUR,
    )
    return asked, holds


@pytest.mark.spec("B-04")
@given(searches())
def test_slots_are_what_a_look_at_every_minute_finds(drawn: tuple[SlotSearch, dict[ProviderId, list[Held]]]) -> None:
    """Hours, buffers, lead time, horizon, rooms, capacity and clock changes, all at once: the same slots in the same order."""
    search, holds = drawn
    assert found(search, holds) == list(modelled(search, holds))


# What each is


def search(offered: Service, *people: Provider, **changed: object) -> SlotSearch:
    """A search over Wednesday, 25 November 2026, in Zürich, asked at midnight before."""
    since = Instant.parse("2026-11-24T23:00:00Z")
    asked = SlotSearch(
        service=offered,
        branch=branch("Europe/Zurich", OpeningHours.weekdays(Hours(540, 720), Hours(780, 1020))),
        providers=people or (provider("a"),),
        window=Window(since, since + DAY),
        at=since,
    )
    return evolve(asked, **changed)  # type: ignore[arg-type]


def test_a_break_holds_no_slot() -> None:
    """An hour in nine to twelve and one to five, each hour: the last before the break begins at eleven."""
    assert [when[11:16] for when, _ in found(search(service(every=HOUR)))] == [
        "08:00",
        "09:00",
        "10:00",
        "12:00",
        "13:00",
        "14:00",
        "15:00",
    ]


def test_slots_are_counted_from_opening_on() -> None:
    """45 minutes from half past eight are half past eight, a quarter past nine, ten."""
    opening = OpeningHours.every_day(Hours(510, 660))
    asked = search(service(30 * MINUTE, every=45 * MINUTE), branch=branch("Europe/Zurich", opening))
    assert [when[11:16] for when, _ in found(asked)] == ["07:30", "08:15", "09:00"]


def test_holds_may_lie_within_others() -> None:
    """An absence over the whole morning, with a booking in it: the morning is taken, the afternoon is free."""
    asked = search(service(every=HOUR))
    morning = Instant.parse("2026-11-25T07:00:00Z")
    holds = [
        (morning.us, (morning + 5 * HOUR).us, 1),
        ((morning + HOUR).us, (morning + 2 * HOUR).us, 0),
    ]
    assert [when[11:16] for when, _ in found(asked, {ProviderId("prv_a"): holds})] == [
        "12:00",
        "13:00",
        "14:00",
        "15:00",
    ]


def test_f06_a_slot_whose_start_has_passed_is_never_offered() -> None:
    """F-06: whatever became free, nothing before now is offered; what starts now is."""
    asked = search(service(every=HOUR))
    now = Instant.parse("2026-11-25T09:00:00Z")
    assert found(evolve(asked, at=now))[0][0] == str(now)
    later = found(evolve(asked, at=now + timedelta(microseconds=1)))
    assert later[0][0] == "2026-11-25T10:00:00Z"


def test_f04_noon_and_midnight_are_never_taken_for_one_another() -> None:
    """F-04: no time passes through a text of twelve hours; a quarter past midnight and past noon are twelve hours apart."""
    opening = OpeningHours.every_day(Hours(15, 45), Hours(735, 765))
    asked = search(service(30 * MINUTE), branch=branch("Europe/Zurich", opening))
    assert [when for when, _ in found(asked)] == ["2026-11-24T23:15:00Z", "2026-11-25T11:15:00Z"]


@given(st.sampled_from(sorted(CHANGES)), st.integers(-600, 600), st.integers(0, 600))
def test_f05_notice_periods_compare_instants_in_every_zone(zone: str, minutes: int, lead: int) -> None:
    """F-05: no sign of an offset comes into it; the first slot is the first on the grid at now plus the lead time or later."""
    now = Instant.parse("2026-06-15T12:00:00Z") + minutes * MINUTE
    asked = search(
        service(15 * MINUTE, lead=lead * MINUTE),
        branch=branch(zone),
        window=Window(now - DAY, now + 2 * DAY),
        at=now,
    )
    first = Instant.parse(found(asked)[0][0])
    assert timedelta(0) <= first - (now + lead * MINUTE) < 15 * MINUTE
    check_notice(asked.service, first, now)
    with pytest.raises(Conflict) as caught:
        check_notice(asked.service, now + lead * MINUTE - timedelta(microseconds=1), now)
    assert caught.value.code == "too_soon"


def test_a_horizon_ends_what_is_offered() -> None:
    """To the microsecond: what starts at the horizon is offered and may be booked, what starts after it may not."""
    asked = search(service(every=HOUR, horizon=10 * HOUR))
    edge = asked.at + 10 * HOUR
    assert found(asked)[-1][0] == str(edge)
    check_notice(asked.service, edge, asked.at)
    with pytest.raises(Conflict) as caught:
        check_notice(asked.service, edge + timedelta(microseconds=1), asked.at)
    assert (caught.value.code, caught.value.facts["latest"]) == ("too_far", str(edge))


def test_f03_no_slot_in_a_gap_and_a_repeated_hour_is_told_apart() -> None:
    """F-03: in spring nothing begins between two and three; in autumn what reads half past two comes twice, an hour apart."""
    night = branch("Europe/Zurich", OpeningHours.every_day(Hours(60, 240)))
    asked = search(service(30 * MINUTE, every=30 * MINUTE), branch=night)

    def shown(since: str) -> list[str]:
        start = Instant.parse(since)
        slots = free_slots(evolve(asked, window=Window(start, start + 8 * HOUR), at=start), looking_up({}))  # type: ignore[arg-type]
        return [slot.starts.local("Europe/Zurich").strftime("%H:%M%z") for slot in slots]

    assert shown("2026-03-28T23:00:00Z") == ["01:00+0100", "01:30+0100", "03:00+0200", "03:30+0200"]
    assert shown("2026-10-24T22:00:00Z")[2:6] == ["02:00+0200", "02:30+0200", "02:00+0100", "02:30+0100"]


def test_slots_are_found_as_far_as_they_are_asked_for() -> None:
    """Ten years are searched no further than the first slot needs; what is taken is looked up by the day first."""
    asked_for: list[Window] = []

    def taken(places: Mapping[ProviderId, int], window: Window) -> dict[ProviderId, tuple[list[int], list[int]]]:
        asked_for.append(window)
        return {key: ([], []) for key in places}

    asked = search(service(every=HOUR))
    slots = free_slots(evolve(asked, window=Window(asked.at, asked.at + 3650 * DAY)), taken)
    first = list(islice(slots, 7))
    assert [slot.window.length for slot in first] == [HOUR] * 7
    assert [window.length for window in asked_for] == [DAY + HOUR]
    next(slots)
    assert len(asked_for) == 2


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(1, 6), st.integers(0, 1)), max_size=6),
    st.integers(1, 3),
    st.integers(1, 5),
)
def test_a_place_is_free_where_nothing_takes_it_at_any_tick(
    drawn: list[tuple[int, int, int]], capacity: int, least: int
) -> None:
    """Against a count of every tick; an absence takes all places. Whatever fits in lies within one of the times that are given."""
    held = [(first, first + length, whole) for first, length, whole in drawn]

    def left(tick: int) -> bool:
        return sum(capacity if whole else 1 for first, last, whole in held if first <= tick < last) < capacity

    times = free(bare(held, capacity), capacity, least)
    assert list(times) == sorted(times)
    assert all(before[1] < after[0] for before, after in pairwise(times))
    for tick in range(-least, 20):
        fits = all(left(each) for each in range(tick, tick + least))
        assert fits == any(since <= tick and tick + least <= until for since, until in times)


def test_a_window_lies_within_hours_as_a_whole() -> None:
    """Across midnight where both days are open; not across a break, nor a microsecond past closing."""
    opening = OpeningHours.weekdays(Hours(540, 720), Hours(780, 1020))
    nine = Instant.parse("2026-11-25T08:00:00Z")
    assert within_hours(opening, "Europe/Zurich", Window(nine, nine + 3 * HOUR))
    assert not within_hours(opening, "Europe/Zurich", Window(nine, nine + 3 * HOUR + timedelta(microseconds=1)))
    assert not within_hours(opening, "Europe/Zurich", Window(nine + 2 * HOUR, nine + 5 * HOUR))
    assert within_hours(ALL_DAY, "Europe/Zurich", Window(nine, nine + 3 * DAY))
    assert within_hours(None, "Europe/Zurich", Window(nine, nine + 3 * DAY))
    check_hours(opening, "Europe/Zurich", Window(nine, nine + HOUR), who="Zentrum", code="closed")
    with pytest.raises(Conflict, match="Zentrum is not open from 2026-11-25T07:00:00Z") as caught:
        check_hours(opening, "Europe/Zurich", Window(nine - HOUR, nine), who="Zentrum", code="closed")
    assert caught.value.code == "closed"


def test_hours_within_hours_of_the_day_before_add_nothing() -> None:
    """Open from one at night to one the next, and half an hour within that: it is open all the same, and counted from both."""
    opening = OpeningHours(wednesday=(Hours(60, 1500),), thursday=(Hours(10, 30),))
    midnight = Instant.parse("2026-11-25T23:00:00Z")
    assert within_hours(opening, "Europe/Zurich", Window(midnight - HOUR, midnight + HOUR))
    asked = search(
        service(15 * MINUTE, every=30 * MINUTE),
        branch=branch("Europe/Zurich", opening),
        window=Window(midnight, midnight + DAY),
    )
    assert [when[11:16] for when, _ in found(asked)] == ["23:00", "23:10", "23:30"]


def test_times_of_long_ago_and_nobody_at_all() -> None:
    """A search that is over gives nothing, and neither does one with nobody."""
    asked = search(service())
    assert found(evolve(asked, at=asked.window.closes)) == []
    assert found(evolve(asked, providers=())) == []
