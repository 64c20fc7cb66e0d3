"""The adapters' requests held against the vendors' own API descriptions, where those are at hand.

The descriptions are the vendors' and not ours to ship: put them into a folder, under the names below, and name it in
``SERVICEKIT_CONTRACTS``; a folder ``shared/contracts`` beside the checkout is found by itself.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import evolve

from servicekit.adapters.doors.exivo import Exivo
from servicekit.adapters.meetings.zoom import Zoom
from servicekit.moments import Instant, Window
from servicekit.ports.doors import KeyOrder
from servicekit.ports.meetings import MeetingOrder, Person
from servicekit.runtime.http import HttpDriver
from servicekit.testing.contracts import Contract
from servicekit.testing.simulators import COMPONENTS, ExivoSimulator, Simulator, ZoomSimulator, transport

NOW = Instant.parse("2026-03-28T12:00:00Z")
HOUR = timedelta(hours=1)
WINDOW = Window(NOW + HOUR, NOW + 2 * HOUR)
FOLDER = Path(os.environ.get("SERVICEKIT_CONTRACTS") or Path(__file__).parents[3] / "shared" / "contracts")

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(),
    reason=f"the vendors' documents are not here; SERVICEKIT_CONTRACTS may name their folder ({FOLDER.name})",
)


def problems(simulator: Simulator, part: str, description: str) -> tuple[str, ...]:
    """What of the exchanges whose path contains ``part`` does not fit the description; there must be some."""
    contract = Contract.load(FOLDER / description)
    seen = [one for one in simulator.exchanges if part in one.request.url]
    assert seen
    return tuple(problem for one in seen for problem in contract.problems(one.request, one.response))


def test_exivos_requests_are_as_exivo_describes_them() -> None:
    """Site, devices, a key and a visit from their making to their end, a door and the log, by the Swagger description 1.1.0."""
    simulator = ExivoSimulator()
    simulator.set_clock(NOW)
    site = simulator.site_id
    doors = Exivo(simulator.api_key, simulator.api_secret, "4711")
    order = KeyOrder(
        marker="sk:1:1", components=(COMPONENTS[0].id,), mobile="+41791234567", window=WINDOW, message="Welcome"
    )
    with HttpDriver(transport(simulator)) as driver:
        driver.run(doors.info(site))
        driver.run(doors.components(site))
        key = driver.run(doors.create(site, order, NOW))
        driver.run(doors.find(site, order.marker))
        driver.run(doors.revoke(site, key.vendor_id))
        visit = driver.run(doors.create(site, evolve(order, pin="730194"), NOW))
        driver.run(doors.find(site, order.marker, by_pin=True))
        driver.run(doors.list_keys(site))
        driver.run(doors.revoke(site, visit.vendor_id))
        driver.run(doors.unlock(site, COMPONENTS[0].id, "Eva"))
        driver.run(doors.access_log(site, WINDOW))

    assert len(simulator.exchanges) == 13
    assert problems(simulator, "/v1/", "exivo-swagger-1.1.0.json") == ()


def test_zooms_requests_are_as_zoom_describes_them() -> None:
    """Users, a meeting from its making to its end, and its registrants, by the OpenAPI descriptions of both products."""
    simulator = ZoomSimulator()
    simulator.set_clock(NOW)
    service = Zoom(simulator.account_id, simulator.client_id, simulator.client_secret)
    order = MeetingOrder(marker="sk:1:1", host="me", topic="Yoga", window=WINDOW, zone="Europe/Zurich")
    with HttpDriver(transport(simulator)) as driver:
        made = driver.run(service.create(order, NOW))
        driver.run(service.find(order, NOW))
        driver.run(service.move(made.vendor_id, Window(NOW + 3 * HOUR, NOW + 4 * HOUR), "Europe/London", NOW))
        driver.run(service.host_link(made.vendor_id, NOW))
        driver.run(service.remove(made.vendor_id, NOW))
        driver.run(service.users(NOW))
        open_to_all = driver.run(service.create(evolve(order, marker="sk:2:1", registration=True), NOW)).vendor_id
        eva = driver.run(service.register(open_to_all, Person(email="eva@home.example", name="Eva Berg"), NOW))
        driver.run(service.register(open_to_all, Person(email="eva@home.example", name="Eva Berg"), NOW))
        driver.run(service.unregister(open_to_all, eva.email, eva.vendor_id, NOW))
        driver.run(service.ours("me", NOW))
        driver.run(service.me(NOW))

    assert problems(simulator, "/meetings", "zoom-meetings.json") == ()
    assert problems(simulator, "/registrants", "zoom-meetings.json") == ()
    assert problems(simulator, "/v2/users?", "zoom-users.json") == ()
