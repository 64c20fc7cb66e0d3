"""Several door systems in one kit: each site is in the hands of the account that has it.

So organisations bring credentials of their own, one branch stays with exivo while another is at its successor, and nothing
about it is in the database: secrets are arguments. Everything that the port knows names a site, and goes to the site's own.

Refused: a site that nobody has (``Rejected``: a person has to set it up), as long as there is no ``others``.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from servicekit.errors import Rejected
from servicekit.moments import Instant, Window
from servicekit.ports.doors import (
    Component,
    DoorCapabilities,
    DoorEvent,
    Doors,
    KeyOrder,
    KeyPage,
    SiteInfo,
    VendorKey,
)
from servicekit.ports.http import HttpFlow

__all__ = ["DoorsBySite"]

_NOTHING = DoorCapabilities(phone_keys=False, look_up=False)


@frozen
class DoorsBySite:
    """Door systems by site.

    Args:
        sites: which account has which site, by the vendor's id of the site.
        others: the account of every other site.
        name: as used in the log.
    """

    sites: Mapping[str, Doors] = field(repr=False)
    others: Doors | None = field(default=None, repr=False)
    name: str = "doors"

    def capabilities_at(self, site: str) -> DoorCapabilities:
        """What the site's own system can do; nothing where nobody has the site."""
        doors = self.sites.get(site, self.others)
        return _NOTHING if doors is None else doors.capabilities_at(site)

    def info(self, site: str) -> HttpFlow[SiteInfo]:
        """See :class:`~servicekit.ports.doors.Doors`."""
        return (yield from self._of(site).info(site))

    def components(self, site: str) -> HttpFlow[tuple[Component, ...]]:
        """See :class:`~servicekit.ports.doors.Doors`."""
        return (yield from self._of(site).components(site))

    def create(self, site: str, order: KeyOrder, at: Instant) -> HttpFlow[VendorKey]:
        """See :class:`~servicekit.ports.doors.Doors`."""
        return (yield from self._of(site).create(site, order, at))

    def get(self, site: str, vendor_id: str) -> HttpFlow[VendorKey | None]:
        """See :class:`~servicekit.ports.doors.Doors`."""
        return (yield from self._of(site).get(site, vendor_id))

    def find(self, site: str, marker: str, *, by_pin: bool = False) -> HttpFlow[tuple[VendorKey, ...]]:
        """See :class:`~servicekit.ports.doors.Doors`."""
        return (yield from self._of(site).find(site, marker, by_pin=by_pin))

    def list_keys(self, site: str, cursor: str = "") -> HttpFlow[KeyPage]:
        """See :class:`~servicekit.ports.doors.Doors`."""
        return (yield from self._of(site).list_keys(site, cursor))

    def revoke(self, site: str, vendor_id: str) -> HttpFlow[VendorKey | None]:
        """See :class:`~servicekit.ports.doors.Doors`."""
        return (yield from self._of(site).revoke(site, vendor_id))

    def unlock(self, site: str, component: str, shown: str) -> HttpFlow[None]:
        """See :class:`~servicekit.ports.doors.Doors`."""
        return (yield from self._of(site).unlock(site, component, shown))

    def access_log(self, site: str, window: Window) -> HttpFlow[tuple[DoorEvent, ...]]:
        """See :class:`~servicekit.ports.doors.Doors`."""
        return (yield from self._of(site).access_log(site, window))

    def _of(self, site: str) -> Doors:
        doors = self.sites.get(site, self.others)
        if doors is None:
            raise Rejected(
                f"No door system has the site {site!r}: name its account in DoorsBySite.", vendor=self.name, site=site
            )
        return doors
