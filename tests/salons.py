"""A salon on either database whose vendors can be meddled with: the world of the tests of reconciling."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
from attrs import define, evolve, field

from servicekit import Kit
from servicekit.adapters.storage import storage_of
from servicekit.bookings import Booking
from servicekit.groups import FoundOrganisation, ProvideNumbers
from servicekit.keys import Key, ListKeys
from servicekit.moments import Window
from servicekit.outbox.effects import EffectKind, EffectState
from servicekit.outbox.reconciled import Reconciled
from servicekit.ports.doors import KeyOrder
from servicekit.ports.meetings import MeetingOrder
from servicekit.ports.store import Transaction, transact
from servicekit.testing.clock import ManualClock
from servicekit.testing.simulators import ExivoSimulator, FortySixElksSimulator, ZoomSimulator, transport
from world import (
    DAY,
    EVA_MOBILE,
    HOUR,
    MAIN,
    NOON,
    NUMBERS,
    OPERATOR,
    SALON,
    World,
    _furnished,
    elks_adapter,
    exivo_adapter,
    zoom_adapter,
)

KEYS, VISITS, MEETINGS = r"/digitalKeyVisits$", r"/visit$", r"/users/[^/]+/meetings$"


@define
class Wire(httpx.BaseTransport):
    """The simulators, and what somebody else does just before a request arrives."""

    inner: httpx.BaseTransport
    before: list[tuple[str, Callable[[], object]]] = field(factory=list)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Do it once, then pass the request on."""
        for one in [one for one in self.before if f"{request.method} {request.url.path}".endswith(one[0])]:
            self.before.remove(one)
            one[1]()
        return self.inner.handle_request(request)


@define
class Salon(World):
    """A world on any database, whose wire can be listened to."""

    wire: Wire = field(kw_only=True)

    def reconcile(self, **more: Any) -> Reconciled:
        """One pass."""
        return self.kit.reconcile(**more)

    def found(self, **more: Any) -> list[tuple[str, str]]:
        """What one pass found and did."""
        return [(str(one.difference), str(one.outcome)) for one in self.reconcile(**more).findings]

    def make_key(self, marker: str, *, pin: str = "") -> str:
        """Somebody makes a key at exivo."""
        order = KeyOrder(
            marker=marker, components=(MAIN,), mobile=EVA_MOBILE, window=Window(NOON + DAY, NOON + DAY + HOUR), pin=pin
        )
        flow = exivo_adapter().create(ExivoSimulator.site_id, order, self.now)
        return self.kit._http().run(flow).vendor_id

    def make_meeting(self, marker: str) -> str:
        """Somebody makes a meeting at Zoom."""
        window = Window(NOON + DAY, NOON + DAY + HOUR)
        order = MeetingOrder(marker=marker, host="me", topic="?", window=window, zone=self.branch.zone)
        return self.kit._http().run(zoom_adapter().create(order, self.now)).vendor_id

    def keys(self, booking: Booking) -> tuple[Key, ...]:
        """All keys that it has had."""
        return tuple(self.ask(ListKeys(booking.id)))

    def change(self, body: Callable[[Transaction], None]) -> None:
        """A hand in the database."""
        transact(self.kit._storage, body)

    def alter_key(self, booking: Booking, **changes: Any) -> None:
        """Our row of the booking's newest key is made to say something else."""
        self.change(lambda store: store.keys.save(evolve(store.keys.where(booking=booking.id)[-1], **changes)))

    def alter_meeting(self, booking: Booking, **changes: Any) -> None:
        """Our row of its meeting, likewise."""
        self.change(lambda store: store.meetings.save(evolve(store.meetings.where(booking=booking.id)[0], **changes)))


@contextmanager
def opened(url: str, path: Path, **options: Any) -> Iterator[Salon]:
    """A salon on a migrated database."""
    clock = ManualClock(NOON)
    elks = FortySixElksSimulator(clock=clock.now, numbers=dict.fromkeys(NUMBERS, ""))
    exivo, zoom = ExivoSimulator(clock=clock.now), ZoomSimulator(clock=clock.now)
    wire = Wire(transport(elks, exivo, zoom))
    wired: dict[str, Any] = {
        "texts": elks_adapter(),
        "doors": exivo_adapter(),
        "meetings": zoom_adapter(),
        "base_url": "https://salon.example",
        "transport": wire,
        "clock": clock,
        "in_flight": 1,
    }
    with Kit.open(url, **{**wired, **options}) as kit, closing(storage_of(url)) as storage:
        new = FoundOrganisation(name="Salon", zone="Europe/Zurich", admin="anna@salon.example", settings=SALON)
        founded = kit.perform(new, by=OPERATOR)
        kit.perform(ProvideNumbers(numbers=NUMBERS), by=OPERATOR)
        yield _furnished(
            Salon,
            kit,
            founded.root,
            founded.admin,
            path=path,
            clock=clock,
            elks=elks,
            exivo=exivo,
            zoom=zoom,
            mailbox=None,
            storage=storage,
            mails_before=0,
            wire=wire,
        )  # type: ignore[misc]  # it gives the class that it is given


def booked(salon: Salon) -> Booking:
    """A booking with its key and its meeting there."""
    booking = salon.book()
    salon.settle()
    return booking


def discard(store: Transaction, kind: EffectKind, booking: Booking) -> None:
    """The effect is put away undone."""
    (effect,) = store.effects.where(kind=kind, subject=booking.id, state=EffectState.DUE)
    store.effects.save(evolve(effect, state=EffectState.DISCARDED))
