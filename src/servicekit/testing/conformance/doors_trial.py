"""A door system's adapter on trial: what its author gives the suite, and how the suite asks for it.

Rules kept here: a trial knows the adapter, something that stands in for the door system, and how to make that one misbehave;
it judges nothing. What a system cannot do, the adapter's capabilities say.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Sequence
from datetime import timedelta
from typing import Generic, TypeVar

from attrs import evolve, frozen

from servicekit.moments import Instant, Window
from servicekit.ports.doors import DoorCapabilities, Doors, KeyOrder, VendorKey
from servicekit.ports.http import HttpFlow
from servicekit.runtime.http import HttpDriver
from servicekit.testing.conformance.texts_trial import Trouble
from servicekit.testing.simulators.core import Simulator
from servicekit.testing.simulators.faults import Fault
from servicekit.testing.simulators.serving import transport

__all__ = ["DoorsTrial", "HeldDoorKey", "SimulatedDoors"]

T = TypeVar("T")
S = TypeVar("S", bound=Simulator)


@frozen
class HeldDoorKey:
    """A key that the door system holds; ``vendor_id`` as the adapter names it."""

    vendor_id: str
    components: frozenset[str]
    opens: Instant
    closes: Instant
    works: bool


class DoorsTrial(ABC):
    """An adapter connected to a simulator or sandbox. One for each test.

    Attributes:
        adapter: what is tried; it has all its secrets.
        secrets: everything that must appear nowhere, as configured.
        site: a site of the account.
        at: the present instant; also by the door system's clock.
        doors: two components of the site that open.
        gateway: one that does not; empty where the system's list does not tell.
        mobile: a phone that keys can be made for (E.164).
        pin: one that is not guessed by accident in what is searched for it.
    """

    adapter: Doors
    secrets: Sequence[str]
    site: str
    at: Instant
    doors: tuple[str, str]
    gateway: str = ""
    mobile: str = "+41791234567"
    pin: str = "730194"

    @abstractmethod
    def run(self, call: Callable[[], HttpFlow[T]]) -> T:
        """Drive the flow that ``call`` makes; its result or its error."""

    @abstractmethod
    def provoke(self, what: str, trouble: Trouble) -> None:
        """Let the next request of ``create``, ``revoke``, ``find``, ``get`` or ``unlock`` meet with this."""

    @abstractmethod
    def held(self) -> Sequence[HeldDoorKey]:
        """The keys that the door system holds, oldest first."""

    @abstractmethod
    def revoke_by_hand(self, vendor_id: str) -> None:
        """Somebody ends a key in the vendor's own app."""

    @abstractmethod
    def stranger(self) -> Doors:
        """The same adapter with wrong credentials."""

    def unlocked(self) -> Sequence[str]:
        """The components that were asked to open, in order."""
        raise NotImplementedError("a system that can unlock tells here which doors were asked")

    def open_with(self, key: VendorKey, component: str) -> None:
        """Somebody opens a door with a key, now."""
        raise NotImplementedError("a system with an access log lets somebody open a door here")

    @property
    def can(self) -> DoorCapabilities:
        """What the adapter says it can do."""
        return self.adapter.capabilities_at(self.site)

    @property
    def window(self) -> Window:
        """From in an hour until in two."""
        return Window(self.at + timedelta(hours=1), self.at + timedelta(hours=2))

    def order(
        self, marker: str = "sk:bkg_1:1", *, by_pin: bool | None = None, window: Window | None = None
    ) -> KeyOrder:
        """A key that the door system makes: for a phone where it can, else with a PIN."""
        pin = self.pin if (not self.can.phone_keys if by_pin is None else by_pin) else ""
        return KeyOrder(marker=marker, components=self.doors, mobile=self.mobile, window=window or self.window, pin=pin)

    def create(self, order: KeyOrder | None = None) -> VendorKey:
        """Make one."""
        wanted = order or self.order()
        return self.run(lambda: self.adapter.create(self.site, wanted, self.at))

    def revoke(self, vendor_id: str) -> VendorKey | None:
        """End one."""
        return self.run(lambda: self.adapter.revoke(self.site, vendor_id))

    def find(self, order: KeyOrder) -> tuple[VendorKey, ...]:
        """Look one up."""
        return self.run(lambda: self.adapter.find(self.site, order.marker, by_pin=bool(order.pin)))

    def doorless(self) -> KeyOrder:
        """A key to nothing."""
        return evolve(self.order(), components=())


class SimulatedDoors(DoorsTrial, Generic[S]):
    """A trial against a :class:`~servicekit.testing.simulators.core.Simulator`: it brings the driver and the faults along.

    Attributes:
        requests: method and path, as regular expressions, of each request that something can happen to.
    """

    requests: dict[str, tuple[str, str]]

    def __init__(self, adapter: Doors, simulator: S, *, site: str, secrets: Sequence[str]) -> None:
        self.adapter = adapter
        self.simulator = simulator
        self.site = site
        self.secrets = secrets
        self.at = Instant(simulator.now().us // 1_000_000 * 1_000_000)
        simulator.set_clock(self.at)

    def run(self, call: Callable[[], HttpFlow[T]]) -> T:
        """Over httpx, without a socket."""
        called = call()
        assert isinstance(called, Generator), "what a door system is asked is a flow"
        with HttpDriver(transport(self.simulator)) as driver:
            return driver.run(called)

    def provoke(self, what: str, trouble: Trouble) -> None:
        """By a fault of the simulator."""
        method, path = self.requests[what]
        faults = {
            Trouble.LOST: Fault.lost_answer(method, path),
            Trouble.UNDONE: Fault.no_answer(method, path),
            Trouble.UNREACHABLE: Fault.refused(method, path),
            Trouble.THROTTLED: Fault.throttled(method, path, retry_after="none"),
            Trouble.FAILED: Fault.error(method, path, done=True),
            Trouble.FAILED_UNDONE: Fault.error(method, path, done=False),
            Trouble.WRONG_TYPE: Fault.wrong_type(method, path),
        }
        self.simulator.inject(faults[trouble])
