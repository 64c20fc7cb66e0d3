"""When reminders are due, against slow models that go through every moment."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from servicekit.moments import Instant, Zone
from servicekit.notices import (
    NO_QUIET,
    Due,
    QuietHours,
    Reminder,
    Shift,
    Way,
    due_reminders,
    next_reminder,
    timetable,
)

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
START = Instant.parse("2026-11-26T12:00:00Z")
ZURICH = Zone("Europe/Zurich")
LONG_AGO = START - timedelta(days=400)
BOTH, MAIL, TEXT = (Way.MAIL, Way.TEXT), (Way.MAIL,), (Way.TEXT,)
REMINDERS = st.lists(
    st.builds(
        Reminder,
        st.integers(1, 12).map(lambda ten: 10 * ten * MINUTE),
        st.sets(st.sampled_from(Way), min_size=1).map(tuple),
    ),
    max_size=5,
)


def table(reminders: list[Reminder]) -> tuple[Due, ...]:
    """Their moments where nobody sleeps."""
    return timetable(START, reminders, NO_QUIET, ZURICH, LONG_AGO)


@given(REMINDERS, st.integers(-5, 130))
def test_the_next_reminder_is_the_first_after_now(reminders: list[Reminder], minutes: int) -> None:
    """What lies at this very moment or before it is left out."""
    now = START - minutes * MINUTE
    later = sorted(START - one.before for one in reminders if START - one.before > now)
    assert next_reminder(table(reminders), now) == (later[0] if later else None)


@given(REMINDERS, st.integers(-5, 130), st.integers(0, 60))
def test_what_is_due_is_the_latest_and_nothing_once_it_has_begun(
    reminders: list[Reminder], minutes: int, back: int
) -> None:
    """Those of one time together; what was overtaken while no relay ran is left out, and what lies before the effect's time."""
    now = START - minutes * MINUTE
    since = now - back * MINUTE
    times = [START - one.before for one in reminders if since <= START - one.before <= now]
    due = due_reminders(table(reminders), START, since, now)
    if minutes <= 0 or not times:
        assert due == ()
    else:
        assert [one.reminder for one in due] == [one for one in reminders if START - one.before == max(times)]
        assert {one.ways for one in due} == {BOTH}


@given(REMINDERS, st.integers(0, 130), st.lists(st.integers(1, 40), max_size=20))
def test_no_reminder_is_due_twice(reminders: list[Reminder], made: int, pauses: list[int]) -> None:
    """However late each is looked at, going on to the next one later than now never comes back to one that was sent."""
    now, sent = START - made * MINUTE, []
    for pause in [0, *pauses]:
        due_at = next_reminder(table(reminders), now)
        if due_at is None:
            break
        now = due_at + pause * MINUTE
        sent += [one.reminder.before for one in due_reminders(table(reminders), START, due_at, now)[:1]]
    assert sent == sorted(set(sent), reverse=True)


@given(
    st.integers(0, 47),
    st.lists(st.integers(1, 60).map(lambda halves: Reminder(halves * HOUR / 2)), max_size=4),
    st.sampled_from(Shift),
    st.integers(1, 100),
)
def test_no_text_is_due_in_the_night_and_every_mail_at_its_time(
    starts: int, reminders: list[Reminder], shift: Shift, made: int
) -> None:
    """Whenever the booking starts and was made: texts lie on the clock from 8 until 21, after it was made, before it starts."""
    start = START + starts * HOUR / 2
    since = start - made * HOUR / 2
    times = timetable(start, reminders, QuietHours(shift=shift), ZURICH, since)
    for one in times:
        if Way.TEXT in one.ways and one.at > since:
            local = one.at.local(ZURICH)
            assert 8 <= local.hour + local.minute / 60 <= 21
            assert one.at < start
    mails = [(one.at, one.reminder) for one in times if Way.MAIL in one.ways]
    assert mails == [(start - one.before, one) for one in reminders]


def test_one_in_the_night_has_a_moment_for_mails_and_one_for_texts() -> None:
    """Three hours before eight in the morning is five; a text goes the evening before."""
    start = Instant.parse("2026-11-26T09:00:00Z")  # 10:00 in Zürich
    one = Reminder(8 * HOUR, BOTH)  # at two
    assert timetable(start, [one], QuietHours(shift=Shift.BEFORE), ZURICH, LONG_AGO) == (
        Due(start - 8 * HOUR, one, MAIL),
        Due(start - 13 * HOUR, one, TEXT),
    )
    assert timetable(start, [one], QuietHours(shift=Shift.BEFORE), ZURICH, start - 12 * HOUR)[1].at == start - 2 * HOUR


def test_one_that_had_passed_when_the_booking_was_made_is_not_moved_behind_that() -> None:
    """It is overtaken by the booking itself."""
    start = Instant.parse("2026-11-26T09:00:00Z")
    one = Reminder(8 * HOUR, BOTH)
    times = timetable(start, [one], QuietHours(), ZURICH, start - 8 * HOUR)
    assert next_reminder(times, start - 8 * HOUR) is None


def test_where_both_ends_of_the_night_are_out_of_reach_there_is_no_text() -> None:
    """Made at night for early in the morning: only the mail goes."""
    start = Instant.parse("2026-11-26T06:00:00Z")  # 7:00 in Zürich
    one = Reminder(2 * HOUR, BOTH)
    assert timetable(start, [one], QuietHours(), ZURICH, start - 8 * HOUR) == (Due(start - 2 * HOUR, one, MAIL),)
