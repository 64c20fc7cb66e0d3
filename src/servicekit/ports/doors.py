"""The port to door systems: keys that open stated doors for a mobile phone within a window.

A key cannot be changed at most vendors: another time is another key. A revoke is final and counts only once it is read back.
The marker stands in the key at the vendor, so that a key whose answer was lost can be found and adopted.
"""

from __future__ import annotations

from typing import Protocol

from attrs import field, frozen

from servicekit.moments import Instant, Window
from servicekit.outbox.facts import Evidence
from servicekit.ports.http import HttpFlow

__all__ = ["Component", "DoorCapabilities", "Doors", "KeyOrder", "SiteInfo", "VendorKey"]


@frozen(kw_only=True)
class DoorCapabilities:
    """What a door system can do, as data."""

    phone_keys: bool
    look_up: bool
    access_log: bool = False
    unlock: bool = False


@frozen(kw_only=True)
class KeyOrder:
    """The key that is wanted.

    Attributes:
        marker: ours and unique, stored with the key at the vendor.
        components: the vendor's ids of the doors, at least one.
        mobile: E.164, the phone that will hold the key.
        window: when it opens; the adapter clamps the start to "now" where the vendor refuses the past.
        message: for the person, where the vendor passes one on.
    """

    marker: str
    components: tuple[str, ...]
    mobile: str
    window: Window
    message: str = ""


@frozen(kw_only=True)
class VendorKey:
    """A key as the vendor reports it; what the vendor left out is None."""

    vendor_id: str
    marker: str
    components: tuple[str, ...]
    mobile: str | None
    window: Window | None
    revoked: bool
    expired: bool
    evidence: Evidence = field(factory=dict, repr=False)

    @property
    def works(self) -> bool:
        """Whether the vendor still honours it within its window."""
        return not (self.revoked or self.expired)


@frozen(kw_only=True)
class Component:
    """A door or another device of a site. A gateway never opens: no key may name it."""

    id: str
    name: str
    gateway: bool
    alarm: bool = False
    ready: bool | None = None
    evidence: Evidence = field(factory=dict, repr=False)


@frozen(kw_only=True)
class SiteInfo:
    """A site, for checking credentials and comparing its zone with the branch's."""

    id: str
    name: str
    zone: str | None


class Doors(Protocol):
    """A door system. ``site`` is the vendor's id of the place."""

    @property
    def name(self) -> str:
        """The vendor's name."""
        ...

    @property
    def capabilities(self) -> DoorCapabilities:
        """What this system can do."""
        ...

    def info(self, site: str) -> HttpFlow[SiteInfo]:
        """The site, which also proves the credentials."""
        ...

    def components(self, site: str) -> HttpFlow[tuple[Component, ...]]:
        """All devices of the site, gateways marked."""
        ...

    def create(self, site: str, order: KeyOrder, at: Instant) -> HttpFlow[VendorKey]:
        """Make a key. Not repeatable: a lost answer is ``OutcomeUnknown``; then ``find`` the marker."""
        ...

    def get(self, site: str, vendor_id: str) -> HttpFlow[VendorKey | None]:
        """The key as it is now, or None where the vendor does not know it."""
        ...

    def find(self, site: str, marker: str) -> HttpFlow[tuple[VendorKey, ...]]:
        """All keys whose marker is this one, revoked ones included."""
        ...

    def revoke(self, site: str, vendor_id: str) -> HttpFlow[VendorKey | None]:
        """End a key for good and read it back; None where the vendor does not know it (any more). Repeatable.

        Raises:
            Rejected: the vendor says no and the key still works.
        """
        ...
