"""What the processes of ``tests/races/test_races_bookings.py`` do: want the same slot and the same seat at the same moment."""

from __future__ import annotations

from multiprocessing.synchronize import Barrier

from attrs import frozen

from servicekit import Instant, Kit, Principal
from servicekit.bookings import Book, BookSeat
from servicekit.errors import Conflict
from servicekit.ids import ClassId, ClientId, ProviderId, ServiceId

__all__ = ["Contest", "contend"]


@frozen
class Contest:
    """Rounds: in each, one slot and one seat, and a client for each process."""

    url: str
    at: Instant
    by: Principal
    service: ServiceId
    provider: ProviderId
    clients: tuple[ClientId, ...]
    slots: tuple[Instant, ...]
    classes: tuple[ClassId, ...]


def contend(contest: Contest, together: Barrier) -> list[tuple[str, str]]:
    """What became of this process's slot and seat, round by round."""
    mine = contest.clients[together.wait()]
    outcomes = []
    with Kit.open(contest.url, migrate=False) as kit:

        def asked(command: Book | BookSeat) -> str:
            together.wait()
            try:
                kit.perform(command, by=contest.by, at=contest.at)
            except Conflict as refused:
                return refused.code
            return "won"

        for starts, scheduled in zip(contest.slots, contest.classes, strict=True):
            slot = Book(service=contest.service, provider=contest.provider, client=mine, starts=starts)
            outcomes.append((asked(slot), asked(BookSeat(scheduled=scheduled, client=mine))))
    return outcomes
