"""Things to store, with ids that count up, and threads to store them at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from attrs import evolve

from servicekit.billing import BillingAddress, Line, LineKind, Money, Seller, Statement, VatSum
from servicekit.bookings import Booking, BookingState, Branch, Client, Provider, ProviderKind, Service
from servicekit.groups import Group, User
from servicekit.ids import (
    BookingId,
    BranchId,
    ClientId,
    CustomerId,
    EffectId,
    FacilityId,
    GroupId,
    Id,
    MessageId,
    OrderId,
    ProviderId,
    ServiceId,
    StatementId,
    UserId,
)
from servicekit.messages import Direction, Message, Status
from servicekit.moments import Instant
from servicekit.outbox.effects import Effect, EffectKind
from servicekit.portal import Customer, Facility, Order
from servicekit.ports.store import Transaction

__all__ = [
    "DAY",
    "HOUR",
    "MINUTE",
    "NOON",
    "ROOT",
    "TICK",
    "at_once",
    "booking",
    "customer",
    "effect",
    "facility",
    "furnish",
    "group",
    "message",
    "nth",
    "order",
    "statement",
    "user",
]

I = TypeVar("I", bound=Id)  # noqa: E741 - the usual name of an id's type
R = TypeVar("R")

NOON = Instant.parse("2026-11-25T12:00:00Z")
TICK, MINUTE, HOUR, DAY = timedelta(microseconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def nth(kind: type[I], number: int) -> I:
    """The id of this kind that sorts as its number does."""
    return kind.made(Instant(number * 1000), bytes(10))


ROOT = nth(GroupId, 1)


def group(number: int = 1, /, *, parent: int | None = None, **more: Any) -> Group:
    """A group of the organisation of group 1."""
    above = None if parent is None else nth(GroupId, parent)
    made = Group(id=nth(GroupId, number), organisation=ROOT, parent=above, name=f"Group {number}", zone="UTC")
    return evolve(made, **more)


def user(number: int = 1, /, **more: Any) -> User:
    """A user of group 1."""
    made = User(id=nth(UserId, number), organisation=ROOT, group=ROOT, email=f"user{number}@salon.example")
    return evolve(made, **more)


def message(number: int = 1, /, **more: Any) -> Message:
    """A text of group 1, queued."""
    made = Message(
        id=nth(MessageId, number),
        organisation=ROOT,
        group=ROOT,
        user=None,
        direction=Direction.OUT,
        number="+46701740605",
        sender="Salon",
        text=f"Text {number}",
        segments=1,
        status=Status.QUEUED,
        made_at=NOON + number * timedelta(seconds=1),
        changed_at=NOON,
    )
    return evolve(made, **more)


def effect(number: int = 1, /, **more: Any) -> Effect:
    """An effect for a text, due at noon."""
    made = Effect(
        id=nth(EffectId, number),
        organisation=ROOT,
        kind=EffectKind.TEXT,
        subject=f"msg_{number}",
        made_at=NOON,
        due_at=NOON,
    )
    return evolve(made, **more)


def booking(number: int = 1, /, *, hours: tuple[float, float] = (0, 1), **more: Any) -> Booking:
    """A confirmed booking of provider 1 from so many hours after noon until so many."""
    starts, ends = (NOON + timedelta(hours=hour) for hour in hours)
    made = Booking(
        id=nth(BookingId, number),
        organisation=ROOT,
        branch=nth(BranchId, 1),
        service=nth(ServiceId, 1),
        provider=nth(ProviderId, 1),
        client=nth(ClientId, 1),
        starts=starts,
        ends=ends,
        zone="UTC",
        state=BookingState.CONFIRMED,
    )
    return evolve(made, **more)


def furnish(store: Transaction, *, providers: int = 2) -> None:
    """What bookings refer to."""
    store.groups.add(group())
    store.branches.add(Branch(id=nth(BranchId, 1), organisation=ROOT, name="Zentrum", zone="UTC"))
    store.services.add(
        Service(id=nth(ServiceId, 1), organisation=ROOT, branch=nth(BranchId, 1), name="Cut", length=HOUR)
    )
    store.clients.add(Client(id=nth(ClientId, 1), organisation=ROOT, name="Eva", email="eva@home.example"))
    for number in range(1, providers + 1):
        store.providers.add(
            Provider(id=nth(ProviderId, number), organisation=ROOT, name=f"Room {number}", kind=ProviderKind.ROOM)
        )


def customer(number: int = 1) -> Customer:
    """A customer."""
    return Customer(id=nth(CustomerId, number), organisation=ROOT, name=f"Customer {number}")


def facility(number: int = 1, *, of: int = 1) -> Facility:
    """A facility of a customer."""
    return Facility(
        id=nth(FacilityId, number), organisation=ROOT, customer=nth(CustomerId, of), name=f"Facility {number}"
    )


def order(number: int = 1, /, *, of: int = 1, at: int | None = None, **more: Any) -> Order:
    """An order of a customer, at a facility or at none."""
    made = Order(
        id=nth(OrderId, number),
        organisation=ROOT,
        customer=nth(CustomerId, of),
        facility=None if at is None else nth(FacilityId, at),
        title=f"Order {number}",
        made_at=NOON + number * timedelta(seconds=1),
    )
    return evolve(made, **more)


def statement(number: int = 1, /, **more: Any) -> Statement:
    """What group 1 is invoiced for October: ten segments of its own."""
    ten = Money(Decimal("10.00"), "SEK")
    line = Line(
        kind=LineKind.SEGMENTS,
        group=ROOT,
        group_name="Group 1",
        since=date(2026, 10, 1),
        until=date(2026, 11, 1),
        quantity=10,
        price=Money(Decimal("1.000"), "SEK"),
        vat=Decimal(25),
        amount=Money(Decimal("10.000"), "SEK"),
    )
    made = Statement(
        id=nth(StatementId, number),
        number=number,
        organisation=ROOT,
        payer=ROOT,
        payer_name="Group 1",
        address=BillingAddress(name="Grupp 1 AB", street="Gatan 1", city="Umeå", country="SE"),
        month="2026-10",
        zone="Europe/Stockholm",
        made_at=NOON,
        due_on=date(2026, 12, 25),
        seller=Seller(name="Operatör AB", street="Vägen 2", city="Malmö", country="SE"),
        currency="SEK",
        lines=(line,),
        sums=(VatSum(Decimal(25), ten, Money(Decimal("2.50"), "SEK")),),
        total=Money(Decimal("12.50"), "SEK"),
    )
    return evolve(made, **more)


def at_once(count: int, body: Callable[[int], R]) -> list[R]:
    """What ``body(0)`` to ``body(count - 1)`` return, called in as many threads at the same moment.

    Raises:
        BaseException: the first error that left one of them.
    """
    barrier = threading.Barrier(count)
    results: dict[int, R] = {}
    errors: list[BaseException] = []

    def run(number: int) -> None:
        barrier.wait()
        try:
            results[number] = body(number)
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that asked
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return [results[number] for number in range(count)]
