"""What the log's files have in common: times on the wall, and what is looked up once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from servicekit.adapters.exports.columns import Remembered, WallClock, heading
from servicekit.moments import Instant


def test_the_heading_names_the_zone() -> None:
    """For nothing else in the file does; the words have a column where they are asked for."""
    assert heading("Europe/Stockholm", texts=False)[0] == "Time (Europe/Stockholm)"
    assert heading("UTC", texts=True)[-1] == "Text"
    assert heading("UTC", texts=True)[:-1] == heading("UTC", texts=False)


@given(st.integers(Instant.parse("1975-01-01T00:00:00Z").us, Instant.parse("2037-01-01T00:00:00Z").us))
def test_the_clock_on_the_wall_is_pendulum_s(us: int) -> None:
    """At every instant, in zones with quarters of an hour and changes at night."""
    for zone in ("Europe/Stockholm", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns"):
        assert WallClock(zone).text(us) == Instant(us).local(zone).strftime("%Y-%m-%d %H:%M:%S")


def test_memory_is_bounded_and_forgets() -> None:
    """Of many values the last ones are kept; one that was forgotten is found again."""
    found = list[int]()

    def find(key: int) -> int:
        found.append(key)
        return -key

    remembered = Remembered(find)
    assert [remembered[1], remembered[1]] == [-1, -1]
    assert found == [1]
    for key in range(70_000):
        assert remembered[key] == -key
    assert len(remembered) < 66_000
    assert remembered[1] == -1
