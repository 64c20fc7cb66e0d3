"""Zoom's words and ours: meetings, times, and how long a 429 asks to wait."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servicekit.adapters.meetings.zoom_words import LONGEST, as_sent, meeting, moment, schedule, user, wait, word
from servicekit.errors import Invalid
from servicekit.moments import Instant, Window

NOW = Instant.parse("2026-03-02T22:30:00Z")
MINUTE = timedelta(minutes=1)


def test_a_schedule_is_in_utc_whole_minutes_and_the_bookings_zone() -> None:
    """09:00 in Zurich goes out as 08:00Z, with the zone beside it for display."""
    starts = Instant.parse("2026-03-03T09:00:00+01:00")

    assert schedule(Window(starts, starts + 45 * MINUTE), "Europe/Zurich") == {
        "start_time": "2026-03-03T08:00:00Z",
        "duration": 45,
        "timezone": "Europe/Zurich",
    }


@settings(deadline=None)
@given(st.integers(0, 10**15), st.integers(1, int(LONGEST.total_seconds()) * 10**6 - 60 * 10**6))
def test_what_is_sent_holds_what_is_wanted(start: int, length: int) -> None:
    """The start goes down to the second, the length up to the minute, each by less than one."""
    wanted = Window(Instant(start), Instant(start + length))
    sent = as_sent(wanted)

    assert wanted.opens - timedelta(seconds=1) < sent.opens <= wanted.opens
    assert wanted.closes <= sent.closes < wanted.closes + MINUTE
    told = schedule(wanted, "UTC")
    assert told["duration"] == sent.length // MINUTE
    assert Instant.parse(str(told["start_time"])) == sent.opens
    assert as_sent(sent) == sent


def test_more_than_a_day_is_refused() -> None:
    """24 hours go, a second more does not."""
    assert schedule(Window(NOW, NOW + LONGEST), "UTC")["duration"] == 1440
    with pytest.raises(Invalid) as caught:
        schedule(Window(NOW, NOW + LONGEST + timedelta(seconds=1)), "UTC")

    assert caught.value.code == "meeting_too_long"


def test_a_meeting_is_read_without_what_makes_one_host() -> None:
    """Ids become texts; the host's link and key stay out of the evidence, the rest stays."""
    told = {
        "id": 81234567890,
        "host_id": "ZAnna",
        "join_url": "https://zoom.us/j/81234567890",
        "start_url": "https://zoom.us/s/81234567890?zak=secret",
        "dynamic_host_key": "secret",
        "start_time": "2026-03-03T08:00:00Z",
        "duration": 45,
        "topic": "Yoga",
    }
    read = meeting(told)
    starts = Instant.parse("2026-03-03T08:00:00Z")

    assert (read.vendor_id, read.host, read.join_url) == ("81234567890", "ZAnna", told["join_url"])
    assert read.window == Window(starts, starts + 45 * MINUTE)
    assert set(read.evidence) == set(told) - {"start_url", "dynamic_host_key"}
    assert "secret" not in repr(read) + repr(read.evidence)


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"start_time": "2026-03-03T08:00:00Z"},
        {"start_time": "soon", "duration": 45},
        {"start_time": None, "duration": 45},
        {"start_time": "2026-03-03T08:00:00Z", "duration": 0},
        {"start_time": "2026-03-03T08:00:00Z", "duration": 10**9},
        {"start_time": "2026-03-03T08:00:00Z", "duration": "45"},
    ],
)
def test_a_meeting_without_a_time_has_no_window(told: dict[str, object]) -> None:
    """Instant and recurring meetings have none, and nonsense is none."""
    read = meeting({"id": "1", "host_id": None, "join_url": None, **told})

    assert read.window is None
    assert (read.host, read.join_url) == ("", "")


def test_users_have_a_name_and_a_licence() -> None:
    """The display name, else first and last; type 2 is licensed."""
    anna = user({"id": "a", "email": "anna@example.org", "display_name": "Anna K.", "first_name": "Anna", "type": 2})
    beat = user({"id": "b", "first_name": "Beat", "last_name": "Frei", "type": 1})

    assert (anna.id, anna.email, anna.name, anna.licensed) == ("a", "anna@example.org", "Anna K.", True)
    assert (beat.id, beat.email, beat.name, beat.licensed) == ("b", "", "Beat Frei", False)


@pytest.mark.parametrize(
    ("headers", "until"),
    [
        ({}, None),
        ({"retry-after": "90"}, "2026-03-02T22:31:30Z"),
        ({"retry-after": " 0 "}, "2026-03-02T22:30:00Z"),
        ({"retry-after": "Tue, 03 Mar 2026 00:00:00 GMT"}, "2026-03-03T00:00:00Z"),
        ({"retry-after": "2026-03-03T00:00:00Z"}, "2026-03-03T00:00:00Z"),
        ({"retry-after": "2026-03-03T00:00:00"}, "2026-03-03T00:00:00Z"),
        ({"retry-after": "2026-03-02T16:00:00-08:00"}, "2026-03-03T00:00:00Z"),
        ({"retry-after": "2026-03-03T00:00:00Z", "x-ratelimit-type": "Daily-limit"}, "2026-03-03T00:00:00Z"),
        ({"x-ratelimit-type": "Daily-limit"}, "2026-03-03T00:00:00Z"),
        ({"x-ratelimit-type": "daily-LIMIT", "x-ratelimit-reset": "1772490601"}, "2026-03-03T00:00:00Z"),
        ({"x-ratelimit-type": "QPS", "x-ratelimit-reset": "1772490601"}, "2026-03-02T22:30:01Z"),
        ({"x-ratelimit-type": "QPS"}, None),
        ({"retry-after": "later", "x-ratelimit-reset": "soon"}, None),
        ({"retry-after": "Mon, 99 Foo 2026", "x-ratelimit-type": "Daily-limit"}, "2026-03-03T00:00:00Z"),
        ({"retry-after": "9" * 30, "x-ratelimit-reset": "9" * 30}, None),
        ({"retry-after": "٣"}, None),
        ({"retry-after": "9999-12-31T23:59:59-05:00"}, None),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 -0500"}, None),
    ],
)
def test_every_form_of_waiting_is_understood(headers: dict[str, str], until: str | None) -> None:
    """Seconds, HTTP date, ISO 8601, Unix seconds, the next midnight of a daily limit; nonsense says nothing."""
    asked = wait(headers, NOW)

    assert asked == (None if until is None else Instant.parse(until))


def test_a_daily_limit_at_midnight_ends_at_the_next_one() -> None:
    """The instant at which the day begins belongs to the new day."""
    midnight = Instant.parse("2026-03-03T00:00:00Z")

    assert wait({"x-ratelimit-type": "Daily-limit"}, midnight) == midnight + timedelta(days=1)


@settings(deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_a_wait_or_none(text: str) -> None:
    """No header raises."""
    assert isinstance(wait({"retry-after": text, "x-ratelimit-reset": text}, NOW), Instant | None)


def test_words_and_moments_of_other_types_are_empty() -> None:
    """Numbers and texts are words; all else is none."""
    values: list[object] = [7, "a", None, [], {}, 1.5]
    assert [word(value) for value in values] == ["7", "a", "", "", "", ""]
    assert moment("") is None
