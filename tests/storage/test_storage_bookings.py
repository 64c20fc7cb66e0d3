"""Which bookings have a meeting, by their own rows or by a seat's link, on both databases."""

from __future__ import annotations

from contextlib import closing

from attrs import evolve

from samples import HOUR, NOON, ROOT, booking, furnish, nth
from servicekit.adapters.storage import storage_of
from servicekit.bookings import BookingState
from servicekit.ids import BookingId, MeetingId, ProviderId
from servicekit.meetings import Meeting, MeetingState
from servicekit.moments import Window

MADE, PLANNED = MeetingState.MADE, MeetingState.PLANNED


def meeting(number: int, state: MeetingState) -> Meeting:
    """The meeting of a booking."""
    return Meeting(
        id=nth(MeetingId, number),
        booking=nth(BookingId, number),
        host="me",
        topic="Cut",
        zone="UTC",
        opens=NOON,
        closes=NOON + HOUR,
        state=state,
    )


def test_bookings_with_a_meeting_are_found_by_start_in_pages_and_counted(database_url: str) -> None:
    """Those that start in the window, by start and then by id; of one provider, after a mark, and counted by states."""
    with closing(storage_of(database_url)) as storage, storage.write() as store:
        furnish(store)
        for number, hours in enumerate([(3, 4), (1, 2), (2, 3), (9, 10), (5, 6)], start=1):
            provider = nth(ProviderId, 2 if number == 3 else 1)
            state = BookingState.CANCELLED if number == 3 else BookingState.CONFIRMED
            store.bookings.add(evolve(booking(number, hours=hours), provider=provider, state=state))
        for number, known in ((1, MADE), (2, PLANNED), (3, MADE), (4, MADE)):
            store.meetings.add(meeting(number, known))
        window = Window(NOON + HOUR, NOON + 9 * HOUR)

        def found(*, provider: int | None = None, most: int = 9, after: int | None = None) -> list[str]:
            last = None if after is None else store.bookings.get(nth(BookingId, after))
            return [
                one.id
                for one in store.bookings.online(
                    ROOT,
                    window,
                    None if provider is None else nth(ProviderId, provider),
                    None if last is None else (last.starts, last.id),
                    most,
                )
            ]

        numbered = [nth(BookingId, number) for number in range(6)]
        assert found() == [numbered[2], numbered[3], numbered[1]]
        assert found(most=2) == [numbered[2], numbered[3]]
        assert found(after=3) == [numbered[1]]
        assert found(provider=1) == [numbered[2], numbered[1]]
        assert store.bookings.count_online(ROOT, window, None) == (
            (BookingState.CANCELLED, MADE, 1),
            (BookingState.CONFIRMED, MADE, 1),
            (BookingState.CONFIRMED, PLANNED, 1),
        )
        assert store.bookings.count_online(nth(type(ROOT), 9), window, None) == ()
        assert store.effects.next_due(NOON) is None
