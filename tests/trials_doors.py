"""Door systems on trial against the simulators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from servicekit.adapters.doors.exivo import Exivo
from servicekit.adapters.doors.resivo import Resivo
from servicekit.moments import Instant
from servicekit.ports.doors import Doors, VendorKey
from servicekit.testing.conformance import HeldDoorKey, SimulatedDoors
from servicekit.testing.simulators import COMPONENTS, ExivoSimulator, ResivoSimulator

NOON = Instant.parse("2026-11-25T12:00:00Z")
DOORS = (COMPONENTS[0].id, COMPONENTS[2].id)


class ExivoTrial(SimulatedDoors[ExivoSimulator]):
    """exivo; a key's or a visit's requests are told apart by their path."""

    doors = DOORS
    gateway = COMPONENTS[5].id
    requests = {  # noqa: RUF012 - nobody writes to it
        "create": ("POST", "/(digitalKeyVisits|visit)$"),
        "revoke": ("POST", "/revoke$"),
        "find": ("GET", "/(digitalKeyVisits|visit)$"),
        "get": ("GET", "/(digitalKeyVisit|visit)/"),
        "unlock": ("POST", "/unlock$"),
    }

    @classmethod
    def open(cls) -> Self:
        """A fresh site."""
        simulator = ExivoSimulator()
        simulator.set_clock(NOON)
        secrets = (simulator.api_key, simulator.api_secret)
        return cls(Exivo(*secrets, "4711"), simulator, site=simulator.site_id, secrets=secrets)

    def held(self) -> Sequence[HeldDoorKey]:
        """Keys and visits."""
        state = self.simulator.state()
        return [_held(key, "") for key in state["keys"]] + [_held(key, "visit:") for key in state["visits"]]

    def revoke_by_hand(self, vendor_id: str) -> None:
        """In the app."""
        self.simulator.revoke_by_hand(vendor_id.removeprefix("visit:"))

    def stranger(self) -> Doors:
        """Another secret."""
        return Exivo(self.simulator.api_key, "another-secret", "4711")

    def unlocked(self) -> Sequence[str]:
        """By the log."""
        log = self.simulator.state()["log"]
        return [one["data"]["component"]["id"] for one in log if one["name"] == "componentUnlocked"]

    def open_with(self, key: VendorKey, component: str) -> None:
        """With the phone."""
        assert self.simulator.try_door(key.mobile or "", component)


def _held(key: dict[str, object], kind: str) -> HeldDoorKey:
    return HeldDoorKey(
        vendor_id=f"{kind}{key['id']}",
        components=frozenset(key["components"]),  # type: ignore[call-overload] # JSON
        opens=Instant.parse(str(key["validFrom"])),
        closes=Instant.parse(str(key["validTo"])),
        works=not (key["revoked"] or key["expired"]),
    )


class ResivoTrial(SimulatedDoors[ResivoSimulator]):
    """resivo."""

    doors = DOORS
    requests = {  # noqa: RUF012 - nobody writes to it
        "create": ("POST", "/pin-access$"),
        "revoke": ("DELETE", "/revoke$"),
        "find": ("GET", "/authorizations$"),
        "get": ("GET", "/authorizations/"),
        "unlock": ("POST", "/unlock$"),
    }

    @classmethod
    def open(cls) -> Self:
        """A fresh site."""
        simulator = ResivoSimulator()
        simulator.set_clock(NOON)
        secrets = (simulator.client_id, simulator.client_secret)
        return cls(Resivo(*secrets), simulator, site=simulator.site_id, secrets=secrets)

    def held(self) -> Sequence[HeldDoorKey]:
        """Authorizations."""
        return [_held({**key, **key["restrictions"]}, "") for key in self.simulator.state()["keys"]]

    def revoke_by_hand(self, vendor_id: str) -> None:
        """In resivo."""
        self.simulator.revoke_by_hand(vendor_id)

    def stranger(self) -> Doors:
        """Another secret."""
        return Resivo(self.simulator.client_id, "another-secret")
