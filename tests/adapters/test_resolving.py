"""The DNS as texts, asked over real packets."""

from __future__ import annotations

import sys

import pytest

from nameserver import FAILS, served_zone
from servicekit.adapters.mail.resolving import Budget, dns_lookup
from servicekit.errors import MissingExtra, Unreachable


def test_records_come_as_texts() -> None:
    """The strings of a TXT record joined; nothing where there is no such name, or no such record of it."""
    zone = {
        ("salon.example", "TXT"): ['"v=spf1 " "-all"', '"other"'],
        ("salon.example", "MX"): ["10 mx.salon.example."],
        ("mx.salon.example", "A"): ["192.0.2.7"],
    }
    with served_zone(zone) as port:
        look_up = dns_lookup(["127.0.0.1"], port=port)
        assert sorted(look_up("salon.example", "TXT")) == ["other", "v=spf1 -all"]
        assert list(look_up("salon.example", "MX")) == ["10 mx.salon.example."]
        assert list(look_up("mx.salon.example", "A")) == ["192.0.2.7"]
        assert list(look_up("mx.salon.example", "AAAA")) == []
        assert list(look_up("elsewhere.example", "TXT")) == []


@pytest.mark.parametrize("name", ["a..example", "x" * 64 + ".example", ".".join(["x" * 60] * 5)])
def test_a_name_that_cannot_exist_has_no_records(name: str) -> None:
    """It is not asked for; the port is closed."""
    assert list(dns_lookup(["127.0.0.1"], port=1)(name, "TXT")) == []


def test_a_server_that_fails_or_is_silent_says_nothing() -> None:
    """That is not the same as no record."""
    with served_zone({("salon.example", "TXT"): FAILS}) as port, pytest.raises(Unreachable) as caught:
        dns_lookup(["127.0.0.1"], port=port, timeout=0.5)("salon.example", "TXT")
    assert caught.value.code == "dns_failed"
    with pytest.raises(Unreachable, match="does not say"):
        dns_lookup(["127.0.0.1"], port=1, timeout=0.3)("salon.example", "TXT")


def test_without_servers_those_of_the_machine_are_asked() -> None:
    """It is made from the machine's settings, and asks nothing yet."""
    assert callable(dns_lookup())


def test_a_budget_asks_once_and_not_for_ever() -> None:
    """The same name and type once, whatever its capitals; then as many as are left, for as long as it may take."""
    asked: list[tuple[str, str]] = []

    def look_up(name: str, kind: str) -> list[str]:
        asked.append((name, kind))
        return [name]

    budget = Budget(look_up, left=2, seconds=60)
    assert [budget("A.example.", "TXT"), budget("a.example", "TXT"), budget("a.example", "A")] == [["a.example"]] * 3
    assert asked == [("a.example", "TXT"), ("a.example", "A")]
    with pytest.raises(Unreachable, match="more of the DNS"):
        budget("b.example", "A")
    assert budget("a.example", "A") == ["a.example"]
    with pytest.raises(Unreachable):
        Budget(look_up, left=2, seconds=-1)("a.example", "A")


def test_without_the_extra_the_pip_line_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """When it is made, not when the first mail comes."""
    monkeypatch.setitem(sys.modules, "dns", None)
    monkeypatch.setitem(sys.modules, "dns.resolver", None)
    with pytest.raises(MissingExtra, match="gateway"):
        dns_lookup()
