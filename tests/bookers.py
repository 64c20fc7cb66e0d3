"""What the processes of ``tests/races/test_races_bookings.py`` do: want the same slot and the same seat at the same moment."""

from __future__ import annotations

from collections import Counter
from multiprocessing.synchronize import Barrier

from attrs import frozen

from servicekit import Instant, Kit, Principal
from servicekit.bookings import Book, BookSeat
from servicekit.errors import Conflict
from servicekit.ids import ClassId, ClientId, ProviderId, ServiceId

__all__ = ["Contest", "contend"]

_PATIENCE = 120.0


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


def contend(contest: Contest, together: Barrier) -> tuple[list[int], list[int], Counter[str]]:
    """The rounds in which this process won the slot, those in which it won the seat, and why it won no others."""
    mine = contest.clients[together.wait(_PATIENCE)]
    slots, seats, refusals = list[int](), list[int](), Counter[str]()
    with Kit.open(contest.url, migrate=False) as kit:

        def won(command: Book | BookSeat) -> bool:
            together.wait(_PATIENCE)  # whoever has died is not waited for for ever
            try:
                kit.perform(command, by=contest.by, at=contest.at)
            except Conflict as refused:
                refusals[refused.code] += 1
                return False
            return True

        for number, (starts, scheduled) in enumerate(zip(contest.slots, contest.classes, strict=True)):
            if won(Book(service=contest.service, provider=contest.provider, client=mine, starts=starts)):
                slots.append(number)
            if won(BookSeat(scheduled=scheduled, client=mine)):
                seats.append(number)
    return slots, seats, refusals
