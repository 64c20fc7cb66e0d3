"""10,000 keys reconciled with one listing pass, beside reading the list alone, and the memory that it takes.

``python -m benchmarks.bench_reconcile`` makes two databases, of 1,000 and of 10,000 keys that are as wanted, and a stand-in
that writes each page of their list when it is asked for. It prints how many requests a pass took, its time as a ratio of that
for reading the same list alone, and the most memory that either held at once (``tracemalloc``).
"""

from __future__ import annotations

import json
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
from attrs import define, evolve, field
from benchmarks._measure import table

from servicekit import Kit, Principal
from servicekit.adapters.doors.exivo import Exivo
from servicekit.bookings import AddBranch, AddClient, AddProvider, AddService, Book, Booking
from servicekit.groups import FoundOrganisation
from servicekit.ids import BookingId, KeyId
from servicekit.keys import Key, KeyState
from servicekit.moments import Instant
from servicekit.outbox.effects import EffectKind, EffectState
from servicekit.ports.store import Transaction, transact
from servicekit.runtime.entropy import mint
from servicekit.testing.clock import ManualClock
from servicekit.testing.simulators import COMPONENTS

NOON, HOUR = Instant.parse("2026-11-25T12:00:00Z"), timedelta(hours=1)
MAIN, SITE = COMPONENTS[0].id, "site"


@define
class Lists:
    """A site that does nothing but list its keys; each is made from its marker and number."""

    markers: list[str] = field(factory=list)
    requests: int = 0

    def answer(self, request: httpx.Request) -> httpx.Response:
        """A page of keys, of the site's doors, or none."""
        self.requests += 1
        if request.url.path.endswith("/component"):
            doors = [one.to_json() for one in COMPONENTS]
            return httpx.Response(200, json=doors if request.url.params.get("skip", "0") == "0" else [])
        if not request.url.path.endswith("/digitalKeyVisits"):
            return httpx.Response(200, json=[])
        skip, limit = (int(request.url.params[name]) for name in ("skip", "limit"))
        page = [self._key(number) for number in range(skip, min(skip + limit, len(self.markers)))]
        return httpx.Response(200, content=json.dumps(page).encode(), headers={"content-type": "application/json"})

    def _key(self, number: int) -> dict[str, object]:
        opens = NOON + (number + 1) * HOUR - HOUR / 4
        return {
            "id": f"key-{number}",
            "name": self.markers[number],
            "components": [MAIN],
            "publicRegistrationId": "+41791234567",
            "formFactor": "ma-phone",
            "validFrom": opens.iso(),
            "validTo": (opens + HOUR + HOUR / 2).iso(),
            "revoked": False,
            "expired": False,
        }


def filled(path: Path, many: int) -> tuple[Kit, Lists, Exivo]:
    """A kit with so many bookings whose keys are made, and the site that has them."""
    lists = Lists()
    doors = Exivo("key", "secret", mobile_app_id="42")
    url = f"sqlite:////{path}?synchronous=normal"
    kit = Kit.open(url, doors=doors, transport=httpx.MockTransport(lists.answer), clock=ManualClock(NOON))
    new = FoundOrganisation(name="Salon", zone="Europe/Zurich", admin="anna@salon.example")
    found = kit.perform(new, by=Principal.operator("bench"))
    salon, anna = found.root.id, Principal.of(found.admin.id)
    branch = kit.perform(AddBranch(organisation=salon, name="Z", zone="UTC", site=SITE, components=(MAIN,)), by=anna)
    service = kit.perform(AddService(branch=branch.id, name="Massage", length=HOUR), by=anna)
    room = kit.perform(AddProvider(organisation=salon, name="Room"), by=anna)
    client = AddClient(organisation=salon, name="Eva", email="e@home.example", mobile="+41791234567")
    eva = kit.perform(client, by=anna)
    first = kit.perform(Book(service=service.id, provider=room.id, client=eva.id, starts=NOON + HOUR), by=anna)

    def fill(store: Transaction) -> None:
        (key,) = store.keys.where(booking=first.id)
        (effect,) = store.effects.where(kind=EffectKind.KEY, subject=first.id)
        store.effects.save(evolve(effect, state=EffectState.DONE))
        store.keys.save(_made(key, first, 0))
        lists.markers.append(key.marker)
        for number in range(1, many):
            later = number * HOUR
            booking = evolve(first, id=mint(BookingId, NOON), starts=first.starts + later, ends=first.ends + later)
            store.bookings.add(booking)
            row = evolve(key, id=mint(KeyId, NOON), opens=key.opens + later, closes=key.closes + later)
            store.keys.add(_made(row, booking, number))
            lists.markers.append(evolve(row, booking=booking.id).marker)

    transact(kit._storage, fill)  # noqa: SLF001 - rows are made by hand, which is faster
    return kit, lists, doors


def _made(key: Key, booking: Booking, number: int) -> Key:
    return evolve(key, booking=booking.id, state=KeyState.MADE, vendor_id=f"key-{number}")


def peak(run: Callable[[], object]) -> float:
    """The most megabytes that it held at once."""
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def seconds(run: Callable[[], object]) -> float:
    """The shorter of two."""
    taken = []
    for _ in range(2):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return min(taken)


def main() -> None:
    """Print the table."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for many in (1_000, 10_000):
            kit, lists, doors = filled(Path(folder) / f"{many}.db", many)

            def listing(kit: Kit = kit, doors: Exivo = doors) -> None:
                cursor = ""
                while True:
                    cursor = kit._http().run(doors.list_keys(SITE, cursor)).next  # noqa: SLF001 - the list alone
                    if not cursor:
                        return

            lists.requests = 0
            report = kit.reconcile()
            requests = lists.requests
            if not report.even or report.listed != many:
                raise SystemExit(f"The keys are not as wanted: {report.findings[:3]} {report.troubles}")
            alone, whole = seconds(listing), seconds(kit.reconcile)
            rows.append(
                [
                    f"{many:,} keys",
                    str(requests),
                    f"{whole:.2f} s",
                    f"{whole / alone:.1f}",
                    f"{peak(listing):.2f} MB",
                    f"{peak(kit.reconcile):.2f} MB",
                ]
            )
            kit.close()
    print(table(["", "requests", "a pass", "times the list alone", "memory of the list", "memory of a pass"], rows))


if __name__ == "__main__":
    main()
