"""Book a room that is an online meeting too: key, meeting and confirmations follow; then move it, then cancel it.

    python examples/book_a_room.py

exivo, Zoom and 46elks are simulated here. With real accounts, give the adapters your credentials and leave transport out.
"""

from __future__ import annotations

from datetime import timedelta

from servicekit import Instant, Kit, Principal
from servicekit.adapters.doors.exivo import Exivo
from servicekit.adapters.meetings.zoom import Zoom
from servicekit.adapters.texts.fortysixelks import FortySixElks
from servicekit.bookings import (
    AddBranch,
    AddClient,
    AddProvider,
    AddService,
    Book,
    Booking,
    Cancel,
    ProviderKind,
    Rebook,
)
from servicekit.groups import FoundOrganisation, Settings
from servicekit.keys import AtDoor
from servicekit.testing.clock import ManualClock
from servicekit.testing.simulators import (
    COMPONENTS,
    ExivoSimulator,
    FortySixElksSimulator,
    ZoomSimulator,
    transport,
)

MAIN_DOOR, ROOM, OTHER_ROOM = COMPONENTS[0].id, COMPONENTS[2].id, COMPONENTS[3].id
NOON = Instant.parse("2026-11-25T12:00:00+01:00")


def open_kit(clock: ManualClock) -> Kit:
    """A kit whose vendors are simulated, within this process."""
    elks, exivo, zoom = (
        FortySixElksSimulator(clock=clock.now),
        ExivoSimulator(clock=clock.now),
        ZoomSimulator(clock=clock.now),
    )
    return Kit.open(
        "sqlite:///:memory:",
        texts=FortySixElks(elks.api_user, elks.api_password),
        doors=Exivo(exivo.api_key, exivo.api_secret, mobile_app_id="42"),
        meetings=Zoom(zoom.account_id, zoom.client_id, zoom.client_secret),
        base_url="https://salon.example",
        clock=clock,
        transport=transport(elks, exivo, zoom),
    )


def show(kit: Kit, booking: Booking, by: Principal) -> None:
    """What the doors would do."""
    for what, door, minutes in (
        ("main door", MAIN_DOOR, -20),
        ("main door", MAIN_DOOR, -15),
        ("room", ROOM, 5),
        ("other room", OTHER_ROOM, 5),
    ):
        light = kit.ask(AtDoor(booking.id, door, booking.starts + timedelta(minutes=minutes)), by=by)
        print(f"  {what:10} {minutes:+4} min: {light}")


def main() -> None:
    """Set up, book, move, cancel."""
    with open_kit(ManualClock(NOON)) as kit:
        settings = Settings(country_code=41, sender_name="Salon")
        founded = kit.perform(
            FoundOrganisation(name="Salon", zone="Europe/Zurich", admin="anna@salon.example", settings=settings),
            by=Principal.operator("example"),
        )
        anna, organisation = Principal.of(founded.admin.id), founded.root.id
        branch = kit.perform(
            AddBranch(
                organisation=organisation,
                name="Zürich",
                zone="Europe/Zurich",
                country_code=41,
                site=ExivoSimulator.site_id,
                components=(MAIN_DOOR,),
                service_components=(ROOM,),
            ),
            by=anna,
        )
        service = kit.perform(
            AddService(branch=branch.id, name="Advice", length=timedelta(hours=1), components=(ROOM,), online=True),
            by=anna,
        )
        room = kit.perform(AddProvider(organisation=organisation, name="Room 1", kind=ProviderKind.ROOM), by=anna)
        client = kit.perform(
            AddClient(
                organisation=organisation, name="Lea", email="lea@home.example", mobile="079 123 45 67", country_code=41
            ),
            by=anna,
        )
        lea = Principal.of(client.id)
        tomorrow = NOON + timedelta(days=1)

        booking = kit.perform(Book(service=service.id, provider=room.id, client=client.id, starts=tomorrow), by=lea)
        print(booking.state, booking.starts, kit.deliver())
        show(kit, booking, lea)
        booking = kit.perform(Rebook(booking.id, starts=tomorrow + timedelta(days=1)), by=lea)
        print("moved to", booking.starts, kit.deliver())
        show(kit, booking, lea)
        booking = kit.perform(Cancel(booking.id), by=lea)
        print(booking.state, "by", booking.cancelled_by, kit.deliver())
        show(kit, booking, lea)


if __name__ == "__main__":
    main()
