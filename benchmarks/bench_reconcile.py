"""10,000 keys reconciled with one listing pass, beside reading the list alone, and the memory that it takes.

``python -m benchmarks.bench_reconcile`` makes two databases, of 1,000 and of 10,000 keys that are as wanted, and prints how
many requests a pass took, its time as a ratio of that for reading the same list alone, and the most memory that it held at
once (``tracemalloc``; the simulator's pages are made in the same process and counted in both columns).
"""

from __future__ import annotations

import tempfile
import time
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from attrs import evolve
from benchmarks._measure import table

from servicekit import Kit, Principal
from servicekit.adapters.doors.exivo import Exivo
from servicekit.bookings import AddBranch, AddClient, AddProvider, AddService, Book
from servicekit.groups import FoundOrganisation
from servicekit.ids import BookingId, KeyId
from servicekit.keys import KeyState
from servicekit.moments import Instant
from servicekit.ports.doors import KeyOrder
from servicekit.ports.store import transact
from servicekit.runtime.entropy import mint
from servicekit.testing.clock import ManualClock
from servicekit.testing.simulators import COMPONENTS, ExivoSimulator, transport

NOON, HOUR = Instant.parse("2026-11-25T12:00:00Z"), timedelta(hours=1)
MAIN = COMPONENTS[0].id


def filled(path: Path, many: int) -> tuple[Kit, ExivoSimulator, Exivo]:
    """A kit with so many bookings whose keys are made, and the site that has them."""
    exivo = ExivoSimulator(clock=lambda: NOON)
    doors = Exivo(exivo.api_key, exivo.api_secret, mobile_app_id="42")
    kit = Kit.open(
        f"sqlite:////{path}?synchronous=normal", doors=doors, transport=transport(exivo), clock=ManualClock(NOON)
    )
    found = kit.perform(
        FoundOrganisation(name="Salon", zone="Europe/Zurich", admin="anna@salon.example"),
        by=Principal.operator("bench"),
    )
    anna = Principal.of(found.admin.id)
    branch = kit.perform(
        AddBranch(organisation=found.root.id, name="Z", zone="UTC", site=exivo.site_id, components=(MAIN,)), by=anna
    )
    service = kit.perform(AddService(branch=branch.id, name="Massage", length=HOUR), by=anna)
    provider = kit.perform(AddProvider(organisation=found.root.id, name="Room"), by=anna)
    eva = kit.perform(
        AddClient(organisation=found.root.id, name="Eva", email="e@home.example", mobile="+41791234567"), by=anna
    )
    first = kit.perform(Book(service=service.id, provider=provider.id, client=eva.id, starts=NOON + HOUR), by=anna)
    kit.deliver()
    with kit._storage.read() as store:  # noqa: SLF001 - rows are made by hand, which is faster
        (key,) = store.keys.where(booking=first.id)
    for start in range(1, many, 1000):
        made = []
        for number in range(start, min(many, start + 1000)):
            booking = evolve(
                first,
                id=mint(BookingId, NOON),
                starts=first.starts + number * HOUR,
                ends=first.ends + number * HOUR,
            )
            row = evolve(
                key,
                id=mint(KeyId, NOON),
                booking=booking.id,
                opens=key.opens + number * HOUR,
                closes=key.closes + number * HOUR,
            )
            order = KeyOrder(marker=row.marker, components=row.components, mobile=row.mobile, window=row.window)
            held = kit._http().run(doors.create(exivo.site_id, order, NOON))  # noqa: SLF001 - likewise
            made.append((booking, evolve(row, state=KeyState.MADE, vendor_id=held.vendor_id)))

        def write(store: object, made: list[object] = made) -> None:
            for booking, row in made:  # type: ignore[attr-defined]
                store.bookings.add(booking)  # type: ignore[attr-defined]
                store.keys.add(row)  # type: ignore[attr-defined]

        transact(kit._storage, write)  # noqa: SLF001 - likewise
    exivo.exchanges.clear()
    return kit, exivo, doors


def peak(run: Callable[[], object]) -> int:
    """The most bytes that it held at once."""
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def seconds(run: Callable[[], object]) -> float:
    """The shortest of three."""
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return best


def main() -> None:
    """Print the table."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for many in (1_000, 10_000):
            kit, exivo, doors = filled(Path(folder) / f"{many}.db", many)

            def listing(kit: Kit = kit, doors: Exivo = doors) -> None:
                cursor = ""
                while True:
                    page = kit._http().run(doors.list_keys(ExivoSimulator.site_id, cursor))  # noqa: SLF001 - likewise
                    cursor = page.next
                    if not cursor:
                        return

            before = exivo.state()["requests"]
            report = kit.reconcile()
            requests = exivo.state()["requests"] - before
            assert report.even
            assert report.listed == many
            exivo.exchanges.clear()
            alone, whole = seconds(listing), seconds(kit.reconcile)
            exivo.exchanges.clear()
            held_alone = peak(listing)
            exivo.exchanges.clear()
            held = peak(kit.reconcile)
            rows.append(
                [
                    f"{many:,} keys",
                    str(requests),
                    f"{whole:.2f} s",
                    f"{whole / alone:.1f}",
                    f"{held_alone / 1e6:.1f} MB",
                    f"{held / 1e6:.1f} MB",
                ]
            )
            kit.close()
    print(table(["", "requests", "a pass", "times the list alone", "memory of the list", "memory of a pass"], rows))


if __name__ == "__main__":
    main()
