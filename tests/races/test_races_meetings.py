"""Seats booked and delivered beside each other, on both databases: one meeting a class, one registrant a client."""

from __future__ import annotations

import threading
from contextlib import closing
from datetime import timedelta

from servicekit import Instant, Kit, Principal
from servicekit.adapters.meetings.zoom_app import ZoomApp
from servicekit.adapters.storage import storage_of
from servicekit.bookings import AddBranch, AddClient, AddProvider, AddService, BookingRules, BookSeat, ScheduleClass
from servicekit.groups import FoundOrganisation
from servicekit.ids import ClientId, GroupId
from servicekit.meetings import Connection, ConnectionState
from servicekit.ports.store import transact
from servicekit.testing.clock import ManualClock
from servicekit.testing.simulators import ZoomSimulator, transport

NOON = Instant.parse("2026-11-25T12:00:00Z")
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
SEATS = 8


def connect(url: str, organisation: GroupId, zoom: ZoomSimulator, app: ZoomApp) -> str:
    """Store a consent whose access token has ended; its refresh token."""
    from servicekit.runtime.http import HttpDriver

    code = zoom.tokens.authorize(app.redirect_uri, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
    with HttpDriver(transport(zoom)) as driver:
        pair = driver.run(app.exchange(code, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", NOON))
    connection = Connection(
        organisation=organisation,
        state=ConnectionState.CONNECTED,
        account=zoom.account_id,
        user=zoom.owner.id,
        shared=True,
        since=NOON,
        access=pair.access,
        refresh=pair.refresh,
        renewed_at=NOON - HOUR,
        ends=NOON,
    )
    with closing(storage_of(url)) as storage:
        transact(storage, lambda store: store.connections.add(connection))
    return pair.refresh


def test_f23_f38_who_books_and_delivers_at_once_makes_one_meeting_and_one_refresh(database_url: str) -> None:
    """Eight threads each book a seat and deliver, under a token that has ended: nothing is lost, and nothing doubled."""
    zoom = ZoomSimulator()
    zoom.set_clock(NOON)
    clock = ManualClock(NOON)
    app = ZoomApp(ZoomSimulator.client_id, ZoomSimulator.client_secret, "https://salon.example/back")
    with Kit.open(database_url, meetings=app, clock=clock, transport=transport(zoom)) as kit:
        founded = kit.perform(
            FoundOrganisation(name="Salon", zone="UTC", admin="anna@salon.example"), by=Principal.operator("races")
        )
        anna, root = Principal.of(founded.admin.id), founded.root.id
        branch = kit.perform(AddBranch(organisation=root, name="Zentrum", zone="UTC"), by=anna)
        yoga = kit.perform(
            AddService(branch=branch.id, name="Yoga", length=HOUR, online=True, rules=BookingRules(seats=SEATS)),
            by=anna,
        )
        teacher = kit.perform(AddProvider(organisation=root, name="Bea"), by=anna)
        clients = [
            kit.perform(AddClient(organisation=root, name=f"C{number}", email=f"c{number}@home.example"), by=anna)
            for number in range(SEATS)
        ]
        connect(database_url, root, zoom, app)
        scheduled = kit.perform(ScheduleClass(service=yoga.id, provider=teacher.id, starts=NOON + 48 * HOUR), by=anna)

        def book(client: ClientId) -> None:
            kit.perform(BookSeat(scheduled=scheduled.id, client=client), by=anna)
            kit.deliver()

        threads = [threading.Thread(target=book, args=(one.id,)) for one in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for _ in range(20):
            clock.advance(11 * SECOND)
            kit.deliver()

    (meeting,) = zoom.state()["meetings"]
    assert sorted(one["email"] for one in meeting["registrants"]) == [one.email for one in clients]
    forms = [one.request.body for one in zoom.exchanges if one.request.url.endswith("/oauth/token")]
    assert sum(b"grant_type=refresh_token" in one for one in forms) == 1
