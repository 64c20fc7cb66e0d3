"""The machine's clock and randomness."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from servicekit.ids import BookingId, UserId
from servicekit.moments import Clock, Instant
from servicekit.runtime.entropy import SystemClock, mint, random_bytes


def test_the_system_clock_tells_the_machines_time() -> None:
    """To the microsecond, and it goes on."""
    clock: Clock = SystemClock()
    before, now, after = datetime.now(UTC), clock.now(), datetime.now(UTC)

    assert Instant.of(before) <= now <= Instant.of(after)
    assert clock.now() >= now


def test_ids_are_of_the_kind_asked_for_and_sort_by_time() -> None:
    """Those made later sort later, whatever their randomness."""
    at = Instant.parse("2026-11-25T12:00:00Z")
    ids = [mint(BookingId, at + timedelta(milliseconds=number)) for number in range(50)]

    assert {type(one) for one in ids} == {BookingId}
    assert ids == sorted(ids)
    assert mint(UserId, at).startswith("usr_")


def test_ids_of_one_moment_differ() -> None:
    """A thousand at once are a thousand."""
    at = Instant.parse("2026-11-25T12:00:00Z")

    assert len({mint(BookingId, at) for _ in range(1000)}) == 1000


def test_secrets_are_as_long_as_asked_and_never_twice_the_same() -> None:
    """From the operating system."""
    assert [len(random_bytes(count)) for count in (0, 1, 32)] == [0, 1, 32]
    assert len({random_bytes(32) for _ in range(100)}) == 100
