"""Visibility: what somebody may see, as a value.

The storage turns the same value into a WHERE clause; a property test holds the two equal. The three shapes are all there
are: nothing, everything of an organisation, and what belongs to a customer, perhaps only at some of its facilities.
"""

from __future__ import annotations

from typing import Protocol

from attrs import frozen

from servicekit.ids import CustomerId, FacilityId, GroupId

__all__ = ["Everything", "Nothing", "OfCustomer", "Placed", "Visible", "sees"]


class Placed(Protocol):
    """An object of the portal: whose it is, and where."""

    @property
    def organisation(self) -> GroupId:
        """The organisation that serves the customer."""
        ...

    @property
    def customer(self) -> CustomerId:
        """Whose it is."""
        ...

    @property
    def facility(self) -> FacilityId | None:
        """Where it is; None: assigned to no facility."""
        ...


@frozen
class Nothing:
    """Sees nothing."""


@frozen
class Everything:
    """Sees all that belongs to one organisation."""

    organisation: GroupId


@frozen(kw_only=True)
class OfCustomer:
    """Sees what belongs to one customer.

    Attributes:
        facilities: at these only; None: at all of them.
        unassigned: whether objects that belong to no facility are seen.
    """

    organisation: GroupId
    customer: CustomerId
    facilities: tuple[FacilityId, ...] | None
    unassigned: bool


Visible = Nothing | Everything | OfCustomer


def sees(visible: Visible, thing: Placed) -> bool:
    """Whether ``thing`` is among what is visible."""
    if isinstance(visible, Nothing):
        return False
    if isinstance(visible, Everything):
        return thing.organisation == visible.organisation
    if (thing.organisation, thing.customer) != (visible.organisation, visible.customer):
        return False
    if thing.facility is None:
        return visible.unassigned
    return visible.facilities is None or thing.facility in visible.facilities
