"""The port to door systems: keys that open stated doors for a mobile phone within a window.

A key cannot be changed at most vendors: another time is another key. A revoke is final and counts only once it is read back.
The marker stands in the key at the vendor, so that a key whose answer was lost can be found and adopted. Whatever a system
cannot do, its capabilities say; asked for all the same, it is ``Unsupported``, before any call.
"""

from __future__ import annotations

from typing import Protocol

from attrs import field, frozen

from servicekit.keys import Component, DoorEvent
from servicekit.moments import Instant, Window
from servicekit.outbox.facts import Evidence
from servicekit.ports.http import HttpFlow

__all__ = ["Component", "DoorCapabilities", "DoorEvent", "Doors", "KeyOrder", "KeyPage", "SiteInfo", "VendorKey"]


@frozen(kw_only=True)
class DoorCapabilities:
    """What a door system can do, as data.

    Attributes:
        phone_keys: keys that an app on a phone holds.
        look_up: whether keys can be listed, and so found by their marker. Without it a lost answer is a person's affair.
        access_log: whether it tells what happened at its doors.
        unlock: whether a door can be asked to open now.
        pin_keys: keys that are a link or a keypad with a PIN, for people without the app.
        verified: whether the adapter follows the vendor's published description; False where it rests on others' code.
    """

    phone_keys: bool
    look_up: bool
    access_log: bool = False
    unlock: bool = False
    pin_keys: bool = False
    verified: bool = True


@frozen(kw_only=True)
class KeyOrder:
    """The key that is wanted.

    Attributes:
        marker: ours and unique, stored with the key at the vendor.
        components: the vendor's ids of the doors, at least one.
        mobile: E.164, the phone that will hold the key.
        window: when it opens; the adapter clamps the start to "now" where the vendor refuses the past.
        message: for the person, where the vendor passes one on.
        pin: 4 to 6 digits that open instead of an app; empty for a phone key. We tell the person, the vendor never does.
    """

    marker: str
    components: tuple[str, ...]
    mobile: str
    window: Window
    message: str = ""
    pin: str = field(default="", repr=False)


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
class KeyPage:
    """Some of a site's keys; ``next`` asks for more, and is empty at the end."""

    keys: tuple[VendorKey, ...]
    next: str = ""


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

    def capabilities_at(self, site: str) -> DoorCapabilities:
        """What the system of this site can do."""
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

    def find(self, site: str, marker: str, *, by_pin: bool = False) -> HttpFlow[tuple[VendorKey, ...]]:
        """All keys whose marker is this one, revoked ones included; with ``by_pin`` among those with a PIN."""
        ...

    def list_keys(self, site: str, cursor: str = "") -> HttpFlow[KeyPage]:
        """Keys of the site, of every kind, ours and others', ended ones included, page by page; one request a page.

        Start with no cursor and go on with ``next`` until it is empty. Where keys are made meanwhile one may come twice, so
        whoever reads on takes each by its id.
        """
        ...

    def revoke(self, site: str, vendor_id: str) -> HttpFlow[VendorKey | None]:
        """End a key for good and read it back; None where the vendor does not know it (any more). Repeatable.

        Raises:
            Rejected: the vendor says no and the key still works.
        """
        ...

    def unlock(self, site: str, component: str, shown: str) -> HttpFlow[None]:
        """Ask a door to open now; that it was asked does not prove that it opened. Not repeatable.

        Args:
            site: the vendor's id of the place.
            component: the door.
            shown: who stands before it, for the vendor's own log.
        """
        ...

    def access_log(self, site: str, window: Window) -> HttpFlow[tuple[DoorEvent, ...]]:
        """What happened at the site's doors in the window, oldest first, each once."""
        ...
