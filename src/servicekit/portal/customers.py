"""Customers, facilities, customer users and orders: the small ready store for applications that have none."""

from __future__ import annotations

from attrs import frozen

from servicekit.ids import CustomerId, CustomerUserId, FacilityId, GroupId, OrderId
from servicekit.moments import Instant

__all__ = ["Customer", "CustomerUser", "Facility", "Order"]


@frozen(kw_only=True)
class Customer:
    """A customer of an organisation."""

    id: CustomerId
    organisation: GroupId
    name: str


@frozen(kw_only=True)
class Facility:
    """A place of a customer where work is done."""

    id: FacilityId
    organisation: GroupId
    customer: CustomerId
    name: str


@frozen(kw_only=True)
class CustomerUser:
    """A person who logs in for a customer.

    Attributes:
        email: the user name, in lower case.
        facilities: sees objects at these only; None: at all.
        unassigned: sees objects that belong to no facility.
    """

    id: CustomerUserId
    organisation: GroupId
    customer: CustomerId
    email: str
    facilities: tuple[FacilityId, ...] | None = None
    unassigned: bool = True


@frozen(kw_only=True)
class Order:
    """A service or work order."""

    id: OrderId
    organisation: GroupId
    customer: CustomerId
    facility: FacilityId | None
    title: str
    made_at: Instant
