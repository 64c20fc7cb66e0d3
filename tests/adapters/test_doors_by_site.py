"""Several door systems in one kit: each site goes to its own account."""

from __future__ import annotations

import pytest

from servicekit.adapters.doors.by_site import DoorsBySite
from servicekit.adapters.doors.exivo import Exivo
from servicekit.adapters.doors.resivo import Resivo
from servicekit.errors import Rejected
from servicekit.ports.doors import DoorCapabilities

EXIVO, RESIVO = Exivo("key-1", "secret-1", "1", base_url="http://one.test"), Resivo("key-2", "secret-2")


@pytest.mark.spec("K-01")
def test_each_site_is_asked_of_its_own_account() -> None:
    """Organisations bring credentials of their own; others may share one."""
    doors = DoorsBySite({"a": EXIVO}, others=Exivo("key-3", "secret-3", "3", base_url="http://three.test"))
    assert next(doors.info("a")).url == "http://one.test/a/info"
    assert next(doors.info("b")).url == "http://three.test/b/info"
    assert next(doors.info("a")).headers != next(doors.info("b")).headers


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
