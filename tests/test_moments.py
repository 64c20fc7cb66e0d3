"""Instants, windows and zones against slow models: calendars counted by hand, zones asked minute by minute."""

from __future__ import annotations

from calendar import timegm
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import cache
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

import pendulum
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from servicekit.errors import Invalid
from servicekit.moments import Instant, Window, as_instant, check_zone, offsets

FIRST = datetime(1, 1, 2, tzinfo=UTC)
LAST = datetime(9999, 12, 30, 23, 59, 59, 999_999, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
ZONES = ["Europe/Zurich", "Europe/Stockholm", "America/New_York", "Australia/Lord_Howe"]
CHOICES: list[Literal["first", "second", "refuse"]] = ["first", "second", "refuse"]


def counted(value: datetime) -> int:
    """Microseconds since 1970, counted over the calendar in UTC."""
    utc = value.astimezone(UTC)
    return timegm(utc.timetuple()) * 1_000_000 + utc.microsecond


INSTANTS = st.integers(counted(FIRST), counted(LAST)).map(Instant)
YEARS = st.integers(counted(datetime(1971, 1, 1, tzinfo=UTC)), counted(datetime(2037, 12, 31, tzinfo=UTC))).map(Instant)
SPANS = st.timedeltas(timedelta(days=-40_000), timedelta(days=40_000))
AWARE = st.datetimes(datetime(1, 1, 4), datetime(9999, 12, 28), timezones=st.timezones())  # noqa: DTZ001 - the bounds are naive by contract


@cache
def changes(zone: str) -> list[datetime]:
    """The minutes in UTC, from 2020 to 2030, from which clocks in ``zone`` differ from UTC by another offset than before."""

    def offset(at: datetime) -> timedelta | None:
        return at.astimezone(ZoneInfo(zone)).utcoffset()

    found = []
    day = datetime(2020, 1, 1, tzinfo=UTC)
    while day.year < 2030:
        if offset(day) != offset(day + timedelta(days=1)):
            found.append(next(at for n in range(1441) if offset(at := day + timedelta(minutes=n)) != offset(day)))
        day += timedelta(days=1)
    return found


@st.composite
def walls(draw: st.DrawFn) -> tuple[datetime, str]:
    """A zone and a wall-clock time within an hour and a half of one of its clock changes, or anywhere."""
    zone = draw(st.sampled_from(ZONES))
    if draw(st.booleans()):
        near = draw(st.sampled_from(changes(zone))).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        return near + draw(st.timedeltas(timedelta(minutes=-90), timedelta(minutes=90))), zone
    return draw(st.datetimes(datetime(1971, 1, 1), datetime(2037, 1, 1))), zone  # noqa: DTZ001 - wall-clock times


def shown(wall: datetime, zone: str) -> list[Instant]:
    """All instants at which clocks in ``zone`` show ``wall``: every offset of the days around is tried."""
    around = [wall.replace(tzinfo=UTC) + timedelta(minutes=30 * n) for n in range(-60, 61)]
    offsets = {at.astimezone(ZoneInfo(zone)).utcoffset() for at in around}
    tried = [wall.replace(tzinfo=UTC) - (offset or timedelta(0)) for offset in offsets]
    return sorted(
        Instant(counted(at)) for at in tried if at.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0) == wall
    )


class Nowhere(tzinfo):
    """A zone that does not know its offset, which the standard allows."""

    def utcoffset(self, _: datetime | None, /) -> None:
        """Unknown."""

    def dst(self, _: datetime | None, /) -> None:
        """Unknown."""

    def tzname(self, _: datetime | None, /) -> None:
        """It has none."""


class TestInstant:
    """A point on the UTC line."""

    @given(AWARE)
    def test_is_the_datetimes_own(self, value: datetime) -> None:
        """Any datetime with a zone, in a repeated hour too, is the instant that a count over the calendar gives."""
        assert Instant.of(value).us == counted(value)
        assert as_instant(value) == Instant.of(value)

    @given(YEARS, st.sampled_from(ZONES))
    def test_pendulums_is_the_same(self, at: Instant, zone: str) -> None:
        """The datetimes of pendulum name the same instant as the standard's."""
        assert Instant.of(pendulum.instance(at.utc).in_timezone(zone)) == at

    @given(INSTANTS)
    def test_of_an_instant_is_itself(self, at: Instant) -> None:
        """What is an instant already stays the same object."""
        assert Instant.of(at) is at
        assert as_instant(at) is at

    @pytest.mark.parametrize("value", [datetime(2026, 3, 1), datetime(2026, 3, 1, tzinfo=Nowhere())])  # noqa: DTZ001 - refused
    def test_without_a_zone_is_refused(self, value: datetime) -> None:
        """Nobody knows which instant a naive datetime means."""
        with pytest.raises(Invalid) as caught:
            Instant.of(value)
        assert caught.value.code == "naive_datetime"

    @pytest.mark.parametrize("value", [date(2026, 3, 1), "2026-03-01T00:00:00Z", 1_772_323_200, None])
    def test_other_values_are_refused(self, value: object) -> None:
        """Days, texts and numbers are not taken for instants."""
        with pytest.raises(Invalid) as caught:
            Instant.of(value)  # type: ignore[arg-type]
        assert caught.value.code == "not_an_instant"

    @given(INSTANTS)
    def test_text_reads_back(self, at: Instant) -> None:
        """``iso``, ``str`` and ``repr`` show the instant whole: parsed, it is the same."""
        assert Instant.parse(at.iso()) == at
        assert str(at) == at.iso() == at.utc.isoformat().replace("+00:00", "Z")
        assert at.iso() in repr(at)
        assert eval(repr(at)) == at  # noqa: S307 - repr is Python of ours

    @given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001 - gets its zone below
    def test_offsets_are_counted_in(self, wall: datetime, minutes: int) -> None:
        """RFC 3339 text with any offset is the wall time less the offset."""
        value = wall.replace(tzinfo=timezone(timedelta(minutes=minutes)))
        assert Instant.parse(f" {value.isoformat()}\n") == Instant.parse(f"{wall.isoformat()}Z") - timedelta(
            minutes=minutes
        )

    @given(st.text() | st.from_regex(r"\d{4}-\d\d-\d\d(T\d\d:\d\d)?([+-]\d\d:\d\d|Z)?", fullmatch=True))
    @example("0001-01-01T00:00:00+14:00")
    @example("9999-12-31T23:59:59-14:00")
    def test_other_text_is_refused(self, text: str) -> None:
        """Whatever is typed gives an instant that can be shown, or a refusal that says why."""
        try:
            at = Instant.parse(text)
        except Invalid as error:
            assert error.code in {"not_iso_8601", "naive_datetime", "out_of_range"}  # noqa: PT017 - most texts are refused, not all
        else:
            assert Instant.parse(at.iso()) == at

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("", "not_iso_8601"),
            ("25.11.2026", "not_iso_8601"),
            ("2026-11-25", "naive_datetime"),
            ("2026-11-25T14:00", "naive_datetime"),
        ],
    )
    def test_refusals_of_text_name_their_reason(self, text: str, code: str) -> None:
        """What is no ISO 8601 time and what lacks an offset are told apart, and shown."""
        with pytest.raises(Invalid) as caught:
            Instant.parse(text)
        assert caught.value.code == code
        assert caught.value.facts["value"] in {text, f"{text}:00", f"{text}T00:00:00"}

    def test_first_and_last_can_be_shown_everywhere(self) -> None:
        """The outermost instants have a day in every zone's calendar; beyond them there is none."""
        for edge in (FIRST, LAST):
            for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC"):
                assert Instant.of(Instant.of(edge).local(zone)) == Instant.of(edge)
        for us in (counted(FIRST) - 1, counted(LAST) + 1, 10**30, -(10**30)):
            with pytest.raises(Invalid) as caught:
                Instant(us)
            assert caught.value.code == "out_of_range"
            assert caught.value.facts == {"us": us}

    @pytest.mark.parametrize("hours", [-14, 0, 14])
    def test_datetimes_at_the_edge_are_refused(self, hours: int) -> None:
        """A datetime whose UTC lies outside the calendar is refused, as any instant outside is."""
        zone = timezone(timedelta(hours=hours))
        for value in (datetime.max.replace(tzinfo=zone), datetime.min.replace(tzinfo=zone)):
            with pytest.raises(Invalid) as caught:
                Instant.of(value)
            assert caught.value.code == "out_of_range"

    @given(YEARS, YEARS, SPANS)
    def test_arithmetic_is_on_the_line(self, one: Instant, other: Instant, span: timedelta) -> None:
        """Spans are added and taken as microseconds; the difference of two instants is what leads from one to the other."""
        assert (one + span).us == one.us + span // MICROSECOND
        assert (one - span).us == one.us - span // MICROSECOND
        assert other + (one - other) == one
        assert (one < other) == (one.us < other.us)

    @given(YEARS, st.timezones())
    def test_local_shows_what_clocks_there_show(self, at: Instant, zone: tzinfo) -> None:
        """A local time has the wall time and the offset of its zone, also in a repeated hour."""
        name = str(zone)
        assume(name in available_timezones() - {"localtime"})
        here = at.local(name)
        there = at.utc.astimezone(ZoneInfo(name))
        assert here.replace(tzinfo=None) == there.replace(tzinfo=None)
        assert here.utcoffset() == there.utcoffset()
        assert Instant.of(here) == at


class TestWallTime:
    """From what a clock on the wall shows to the instant."""

    @given(walls())
    def test_is_what_a_search_finds(self, wall_and_zone: tuple[datetime, str]) -> None:
        """Shown once: that instant. Shown twice: the one chosen, or a refusal. Never shown: refused."""
        wall, zone = wall_and_zone
        found = shown(wall, zone)
        for choice in CHOICES:
            if len(found) == 1:
                assert Instant.at_wall(wall, zone, repeated=choice) == found[0]
            elif found and choice != "refuse":
                assert Instant.at_wall(wall, zone, repeated=choice) == found[CHOICES.index(choice)]
            else:
                with pytest.raises(Invalid) as caught:
                    Instant.at_wall(wall, zone, repeated=choice)
                assert caught.value.code == ("repeated_wall_time" if found else "skipped_wall_time")
                assert caught.value.facts == {"wall": wall.isoformat(), "zone": zone}

    @pytest.mark.parametrize("zone", ZONES)
    def test_both_kinds_of_changes_are_met(self, zone: str) -> None:
        """The search above sees both: ten years have twenty changes, and each skips or repeats an hour or half of one."""
        around = [at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for at in changes(zone)]
        assert len(around) == 20
        ways = {len(shown(near + timedelta(minutes=n), zone)) for near in around for n in (-15, 15)}
        assert ways == {0, 1, 2}

    def test_a_skipped_day_is_refused(self) -> None:
        """Samoa had no 30 December 2011."""
        with pytest.raises(Invalid) as caught:
            Instant.at_wall(datetime(2011, 12, 30, 12), "Pacific/Apia")  # noqa: DTZ001 - a wall-clock time
        assert caught.value.code == "skipped_wall_time"

    def test_a_wall_time_with_a_zone_is_refused(self) -> None:
        """Two zones would say two things."""
        with pytest.raises(Invalid) as caught:
            Instant.at_wall(datetime(2026, 1, 1, tzinfo=UTC), "Europe/Zurich")
        assert caught.value.code == "aware_wall_time"

    def test_an_unknown_zone_is_refused(self) -> None:
        """Neither wall times nor displays guess a zone."""
        for use in (lambda: Instant.at_wall(datetime(2026, 1, 1), "Zurich"), lambda: Instant(0).local("Zurich")):  # noqa: DTZ001 - a wall-clock time
            with pytest.raises(Invalid) as caught:
                use()
            assert caught.value.code == "unknown_zone"
            assert caught.value.facts == {"zone": "Zurich"}


class TestZone:
    """Names of the IANA database."""

    def test_every_name_is_known(self) -> None:
        """All names of the database pass and can be used, but for the machine's own alias."""
        for name in available_timezones() - {"localtime"}:
            assert check_zone(name) == name
            assert Instant.of(Instant(0).local(name)) == Instant(0)

    @pytest.mark.parametrize(
        "name",
        [
            "",
            "utc",
            "localtime",
            "Local",
            "europe/zurich",
            "+01:00",
            "CEST",
            "..",
            "../UTC",
            "/etc/passwd",
            "right/UTC",
            "a\0b",
            "\ud800",
        ],
    )
    def test_other_names_are_refused(self, name: str) -> None:
        """Offsets, abbreviations, paths and other cases are no zones, and the machine's own is another elsewhere."""
        with pytest.raises(Invalid) as caught:
            check_zone(name)
        assert caught.value.code == "unknown_zone"


def windows(most: int) -> st.SearchStrategy[Window]:
    """Windows of whole microseconds between 0 and ``most``."""
    return st.tuples(st.integers(0, most - 1), st.integers(1, most)).map(
        lambda drawn: Window(Instant(drawn[0]), Instant(max(drawn[1], drawn[0] + 1)))
    )


class TestWindow:
    """Half-open times, against a set of microseconds."""

    @given(windows(12))
    def test_holds_opening_and_not_closing(self, window: Window) -> None:
        """What is inside is the range from opening up to, and without, closing."""
        inside = range(window.opens.us, window.closes.us)
        assert [us for us in range(-1, 14) if Instant(us) in window] == list(inside)
        assert window.length == len(inside) * MICROSECOND

    @given(windows(12), windows(12))
    def test_overlap_is_a_common_instant(self, one: Window, other: Window) -> None:
        """Two windows overlap when some instant is in both; touching is not overlapping."""
        common = {us for us in range(13) if Instant(us) in one} & {us for us in range(13) if Instant(us) in other}
        assert one.overlaps(other) == bool(common)

    @given(YEARS, st.integers(-5, 0))
    def test_must_end_after_it_starts(self, opens: Instant, us: int) -> None:
        """An empty or backward window is refused, with both its ends named."""
        closes = opens + us * MICROSECOND
        with pytest.raises(Invalid) as caught:
            Window(opens, closes)
        assert caught.value.code == "empty_window"
        assert caught.value.facts == {"opens": str(opens), "closes": str(closes)}

    @given(windows(12), st.integers(-12, 12), st.integers(-12, 12))
    def test_margins_move_its_ends(self, window: Window, before: int, after: int) -> None:
        """Margins are added as absolute time; negative ones narrow it, until nothing would be left."""
        opens, closes = window.opens.us - before, window.closes.us + after
        if opens < closes:
            assert window.widened(before * MICROSECOND, after * MICROSECOND) == Window(Instant(opens), Instant(closes))
        else:
            with pytest.raises(Invalid):
                window.widened(before * MICROSECOND, after * MICROSECOND)

    def test_takes_datetimes_with_a_zone(self) -> None:
        """Its ends may be given as datetimes; they are instants afterwards."""
        start = datetime(2026, 11, 25, 14, tzinfo=ZoneInfo("Europe/Zurich"))
        window = Window(start, start + timedelta(hours=1))
        assert (str(window.opens), str(window.closes)) == ("2026-11-25T13:00:00Z", "2026-11-25T14:00:00Z")


CHANGING = ("Europe/Zurich", "Europe/Stockholm", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "UTC")


class TestOffsets:
    """Stretches of one offset, against the zone asked for every quarter of an hour and around every change."""

    @given(st.sampled_from(CHANGING), st.integers(0, 364 * 86_400), st.integers(1, 40 * 86_400_000_000))
    def test_stretches_cover_the_time_and_say_its_offset(self, zone: str, second: int, length: int) -> None:
        """They follow one another without a hole, and within each every clock has the offset that is said."""
        since = Instant.parse("2026-01-01T00:00:00Z").us + second * 1_000_000 + 7
        found = list(offsets(zone, since, since + length))
        assert [begins for begins, _, _ in found] == [since, *(ends for _, ends, _ in found[:-1])]
        assert found[-1][1] == since + length
        for begins, ends, offset in found:
            for us in {*range(begins, ends, 86_400_000_000), begins, ends - 1}:
                assert Instant(us).local(zone).utcoffset() == offset * MICROSECOND
        assert all(one[2] != other[2] for one, other in pairwise(found))

    def test_a_change_at_the_very_end_is_no_stretch(self) -> None:
        """The stretch that is asked for may end at a change, or just after it."""
        change = Instant.parse("2026-03-29T01:00:00Z").us
        assert len(list(offsets("Europe/Zurich", change - 1, change))) == 1
        assert list(offsets("Europe/Zurich", change - 1, change + 1)) == [
            (change - 1, change, 3_600_000_000),
            (change, change + 1, 7_200_000_000),
        ]

    def test_nothing_of_no_time(self) -> None:
        """An empty time has no stretch; a zone that is none is refused."""
        assert list(offsets("UTC", 5, 5)) == []
        with pytest.raises(Invalid):
            list(offsets("Mars/Olympus", 0, 1))
