"""Who came: the access log read against what was expected."""

from __future__ import annotations

from datetime import timedelta

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from servicekit.ids import BookingId, KeyId
from servicekit.keys import DoorEvent, Expected, Key, KeyState, arrivals, missing
from servicekit.moments import Instant, Window

TEN = Instant.parse("2026-11-25T10:00:00Z")
HOUR, QUARTER, MINUTE = timedelta(hours=1), timedelta(minutes=15), timedelta(minutes=1)
EVA, IDA = "+41791234567", "+41790000002"


def expected(number: int, starts: Instant = TEN, *, mobile: str = EVA, state: KeyState = KeyState.MADE) -> Expected:
    """A booking of an hour, with a quarter of an hour around it."""
    key = Key(
        id=KeyId(f"key_{number}"),
        booking=BookingId(f"bkg_{number}"),
        revision=1,
        site="site",
        components=("main", "room"),
        mobile=mobile,
        opens=starts - QUARTER,
        closes=starts + HOUR + QUARTER,
        state=state,
    )
    return Expected(key, Window(starts, starts + HOUR))


def event(at: Instant, **more: object) -> DoorEvent:
    """Eva's phone opens the main door."""
    told = {"id": f"e{at.us}", "at": at, "word": "accessPermitted", "granted": True, "component": "main", "mobile": EVA}
    return DoorEvent(**{**told, **more})  # type: ignore[arg-type]


def test_the_first_granted_opening_is_the_arrival() -> None:
    """Later ones change nothing, whatever the order of the log; a red light is no arrival."""
    log = [event(TEN + MINUTE), event(TEN - MINUTE, granted=False), event(TEN), event(TEN - QUARTER, granted=None)]
    assert arrivals(log, [expected(1)]) == {"bkg_1": log[2]}


def test_who_it_was_is_told_by_marker_or_by_phone_door_and_time() -> None:
    """The marker alone is enough; without it another phone, another door or another time is somebody else."""
    one = expected(1)
    assert arrivals([event(TEN + 9 * HOUR, marker="sk:bkg_1:1", mobile="", component="")], [one])
    for strange in (
        event(TEN, marker="sk:bkg_2:1"),
        event(TEN, mobile=IDA),
        event(TEN, component="cellar"),
        event(TEN, component=""),
        event(TEN - QUARTER - MINUTE),
        event(TEN + HOUR + QUARTER),
    ):
        assert arrivals([strange], [one]) == {}


@given(st.integers(-15, 134))
def test_adjoining_bookings_of_one_phone_are_told_apart(minute: int) -> None:
    """From ten and from eleven: where both keys open, it is the one that is running, else the one that is nearer."""
    at = TEN + minute * MINUTE
    came = arrivals([event(at)], [expected(2, TEN + HOUR), expected(1)])
    assert list(came) == ["bkg_1" if minute <= 60 else "bkg_2"]


@given(st.lists(st.tuples(st.integers(-60, 200), st.sampled_from([EVA, IDA]), st.booleans()), max_size=8))
def test_arrivals_equal_a_slow_model(drawn: list[tuple[int, str, bool]]) -> None:
    """Two clients at the same time: for each, the first of its phone's granted openings while its key opens."""
    log = [
        event(TEN + minute * MINUTE, id=f"{number:02}", mobile=phone, granted=granted)
        for number, (minute, phone, granted) in enumerate(drawn)
    ]
    everybody = [expected(1), expected(2, mobile=IDA)]
    wanted = {}
    for one in everybody:
        mine = [line for line in log if line.granted and line.mobile == one.key.mobile and line.at in one.key.window]
        if mine:
            wanted[one.key.booking] = min(mine, key=lambda line: (line.at, line.id))
    assert arrivals(log, everybody) == wanted


def test_who_did_not_come_had_a_key_that_worked_and_whose_time_the_log_covers() -> None:
    """Not somebody who came, whose key failed, whose time is not over, or began before the log does."""
    over = TEN + HOUR + QUARTER
    covered = Window(TEN - QUARTER, over)
    assert missing([expected(1)], {}, covered) == ("bkg_1",)
    assert missing([expected(1)], {BookingId("bkg_1"): event(TEN)}, covered) == ()
    for state in set(KeyState) - {KeyState.MADE}:
        assert missing([expected(1, state=state)], {}, covered) == ()
    assert missing([expected(1)], {}, Window(TEN - QUARTER, over - MINUTE)) == ()
    assert missing([expected(1)], {}, Window(TEN - QUARTER + MINUTE, over)) == ()


def test_phones_stand_in_no_repr() -> None:
    """Nor does what the door system said besides."""
    assert EVA not in repr(evolve(event(TEN), evidence={"phone": EVA}))
