"""Several door systems in one kit: each site goes to its own account."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from servicekit.adapters.doors.by_site import DoorsBySite
from servicekit.adapters.doors.exivo import Exivo
from servicekit.adapters.doors.resivo import Resivo
from servicekit.errors import Rejected
from servicekit.moments import Instant, Window
from servicekit.ports.doors import DoorCapabilities, Doors, KeyOrder
from servicekit.runtime.http import HttpDriver
from servicekit.testing.simulators import COMPONENTS, ExivoSimulator, transport

NOON, HOUR, DOOR = Instant.parse("2026-11-25T12:00:00Z"), timedelta(hours=1), COMPONENTS[0].id
EXIVO, RESIVO = Exivo("key-1", "secret-1", "1", base_url="http://one.test"), Resivo("key-2", "secret-2")


@pytest.mark.spec("K-01")
def test_each_site_is_asked_of_its_own_account() -> None:
    """Organisations bring credentials of their own; others may share one."""
    doors = DoorsBySite({"a": EXIVO}, others=Exivo("key-3", "secret-3", "3", base_url="http://three.test"))
    assert next(doors.info("a")).url == "http://one.test/a/info"
    assert next(doors.info("b")).url == "http://three.test/b/info"
    assert next(doors.info("a")).headers != next(doors.info("b")).headers


def test_a_whole_keys_life_goes_to_its_sites_account() -> None:
    """Whatever is asked of a site reaches its account with everything it was asked with, and the answer comes back."""
    one, other = ExivoSimulator(), ExivoSimulator()
    other.site_id, other.api_key = "51e00000-0000-4000-8000-000000000002", "a9100000-0000-4000-8000-000000000002"
    site, window = one.site_id, Window(NOON + HOUR, NOON + 2 * HOUR)
    for simulator in (one, other):
        simulator.set_clock(NOON)
    doors: Doors = DoorsBySite(
        {site: Exivo(one.api_key, one.api_secret, "42"), other.site_id: Exivo(other.api_key, other.api_secret, "42")}
    )
    order = KeyOrder(marker="sk:bkg_7:1", components=(DOOR,), mobile="+41791234567", window=window)
    with HttpDriver(transport(one)) as driver:
        assert driver.run(doors.info(site)).id == site
        assert DOOR in {component.id for component in driver.run(doors.components(site))}
        made = driver.run(doors.create(site, order, NOON))
        pin = driver.run(doors.create(site, evolve(order, pin="4711"), NOON))
        assert driver.run(doors.get(site, made.vendor_id)) == made
        assert driver.run(doors.find(site, order.marker)) == (made,)
        assert driver.run(doors.find(site, order.marker, by_pin=True)) == (pin,)
        page = driver.run(doors.list_keys(site))
        assert page.keys == (made,)
        assert driver.run(doors.list_keys(site, page.next)).keys == (pin,)
        driver.run(doors.unlock(site, DOOR, "Eva"))
        one.try_door("+41791234567", DOOR, window.opens)
        log = driver.run(doors.access_log(site, Window(NOON, NOON + 3 * HOUR)))
        assert [event.word for event in log] == ["componentUnlocked", "accessPermitted"]
        revoked = driver.run(doors.revoke(site, made.vendor_id))
        assert revoked is not None
        assert revoked.revoked
        asked = len(one.exchanges)
        with pytest.raises(Rejected, match="401"):  # with the other account, which is not known there
            driver.run(doors.info(other.site_id))
        assert len(one.exchanges) == asked + 1


def test_what_can_be_done_depends_on_the_site() -> None:
    """Nothing, where nobody has it."""
    doors = DoorsBySite({"a": EXIVO, "b": RESIVO})
    assert doors.capabilities_at("a") == EXIVO.capabilities_at("a")
    assert doors.capabilities_at("b") == RESIVO.capabilities_at("b")
    nobody = doors.capabilities_at("c")
    assert nobody == DoorCapabilities(phone_keys=False, look_up=False)


def test_a_site_that_nobody_has_is_refused_by_name() -> None:
    """A person has to name its account."""
    with pytest.raises(Rejected, match="No door system has the site 'c'") as caught:
        next(DoorsBySite({"a": EXIVO}).info("c"))
    assert caught.value.facts == {"vendor": "doors", "site": "c"}


@pytest.mark.spec("K-01")
def test_secrets_stand_in_no_repr() -> None:
    """Neither an account's nor those of all accounts."""
    shown = repr((EXIVO, RESIVO, DoorsBySite({"a": EXIVO}, others=RESIVO)))
    assert not any(secret in shown for secret in ("key-1", "secret-1", "key-2", "secret-2"))
